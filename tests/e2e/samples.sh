# SPDX-License-Identifier: ISC
# samples.sh - the small sample programs and the frame they share, visited with curl as FastCGI and
# as CGI.

. "${top_srcdir:=.}/tests/e2e/site.sh"

# cell ROW COLUMN: of the table of what browser and store hold; 2 is the first one with values.
cell()
{
	grep "<th scope=\"row\">$1</th>" | sed 's/<[/]*[a-z][^>]*>/|/g; s/||*/|/g' |
		cut -d '|' -f "$(($2 + 1))"
}

record='Store: name of the record'

# The three verbs, on one session. suffix is "" or ".cgi".
verbs()
{
	first=$(visit verbs$suffix /start$suffix)
	says "start$suffix: at first nothing is stored" "$first" "You have none"
	is "the only cookie is that of the form" \
		"$(echo "$first" | cookie_lines | sed 's/=.*//')" "Set-Cookie: sid-form"
	started=$(post verbs$suffix /start$suffix)
	is "the button begins a session" "$(echo "$started" | status)" "HTTP/1.1 200 OK"
	is "there was no record before" "$(echo "$started" | cell "$record" 2)" nothing
	is "there is one after" "$(echo "$started" | cell "$record" 3 | wc -c)" 44
	sid=$(cookie verbs$suffix sid)
	is "the browser got a cookie" "${#sid}" 43
	says "its beginning is shown" "$(echo "$started" | cell 'Browser: cookies' 3)" \
		"sid=$(echo "$sid" | cut -c 1-6)…"
	empty "but never all of it" "$(echo "$started" | page | grep -F -e "$sid")"

	copy_jar verbs$suffix thief
	rotated=$(post verbs$suffix /rotate$suffix)
	is "rotate$suffix: the record had this name" "$(echo "$rotated" | cell "$record" 2)" \
		"$(echo "$started" | cell "$record" 3)"
	ok "and has another one" [ "$(echo "$rotated" | cell "$record" 2)" != \
		"$(echo "$rotated" | cell "$record" 3)" ]
	ok "so has the cookie" [ "$(cookie verbs$suffix sid)" != "$sid" ]
	is "it is still the session begun then" "$(echo "$rotated" | cell "Store: begun" 3)" \
		"$(echo "$started" | cell "Store: begun" 3)"
	says "the old cookie is worth nothing" "$(visit thief /start$suffix)" "You have none"
	says "the new one works" "$(visit verbs$suffix /start$suffix)" "You have one already"

	copy_jar verbs$suffix thief
	destroyed=$(post verbs$suffix /destroy$suffix)
	is "destroy$suffix: no record is left" "$(echo "$destroyed" | cell "$record" 3)" nothing
	is "the browser is told to forget its cookie" \
		"$(echo "$destroyed" | cookie_lines | sed 's/ Expires=[^;]*;//')" \
		"Set-Cookie: sid=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
	is "and does" "$(cookie verbs$suffix sid)" ""
	says "a copy of it is worth nothing" "$(visit thief /start$suffix)" "You have none"
}

note()
{
	sed -n 's/.*<q class="note">\(.*\)<\/q>.*/\1/p'
}

values()
{
	is "setget$suffix: nothing is set at first" "$(visit set$suffix /setget$suffix | note)" ""
	set=$(post set$suffix /setget$suffix --data-urlencode 'note=<b>"Grüße" & 100 %</b>')
	is "a form that was taken leads to a page" "$(echo "$set" | status)" \
		"HTTP/1.1 303 See Other"
	is "this one" "$(echo "$set" | header Location)" "Location: /setget$suffix"
	is "what was set comes back, and is no markup" "$(visit set$suffix /setget$suffix | note)" \
		'&lt;b&gt;&quot;Grüße&quot; &amp; 100 %&lt;/b&gt;'
	is "nobody else gets it" "$(visit other$suffix /setget$suffix | note)" ""
	bad=$(post set$suffix /setget$suffix -d 'note=%ff')
	is "what is no text is refused" "$(echo "$bad" | status | cut -d ' ' -f 2)" 422
	says "at the field" "$bad" 'aria-invalid="true"'
	says "and nothing changed" "$(visit set$suffix /setget$suffix)" 'Grüße'

	copy_jar set$suffix thief
	moved=$(post set$suffix /migrate$suffix)
	says "migrate$suffix: the old id is tried, and dead" "$moved" "The old id is dead"
	is "the values came along" "$(visit set$suffix /setget$suffix | note)" \
		'&lt;b&gt;&quot;Grüße&quot; &amp; 100 %&lt;/b&gt;'
	is "and left nothing behind" "$(visit thief /setget$suffix | note)" ""
	ok "the two cookies differ" [ "$(cookie set$suffix sid)" != "$(cookie thief sid)" ]
}

# link PAGE N: the address of the Nth room.
link()
{
	echo "$1" | sed -n 's/.*<a href="\(?[^"]*\)">Room.*/\1/p' | sed -n "$2p" |
		sed 's/&amp;/\&/g'
}

links()
{
	entry=$(visit none$suffix /links$suffix)
	empty "links$suffix: sets no cookie" "$(echo "$entry" | cookie_lines)"
	is "links are not told to other sites" "$(echo "$entry" | header Referrer-Policy)" \
		"Referrer-Policy: no-referrer"
	second=$(visit none$suffix "/links$suffix$(link "$entry" 1)")
	is "a link leads back to the same session" "$(echo "$second" | count)" 2
	is "and goes on" "$(visit none$suffix "/links$suffix$(link "$second" 1)" | count)" 3
	is "rooms are counted one by one" \
		"$(visit none$suffix "/links$suffix$(link "$second" 3)" | count)" 1
	is "without the link it begins anew" "$(visit none$suffix /links$suffix | count)" 1
	says "the warning is there" "$entry" "Beware"
	sid=$(link "$entry" 1 | sed 's/.*sid=//')
	is "its id is none for the other programs" \
		"$(curl -s -m 20 -b "sid=$sid" "$url/start$suffix" | cell "$record" 2)" nothing
}

# -- the frame: setget stands for all of them ----------------------------------------------------

# refused NAME STATUS PATH [CURL OPTION]...: that is the answer, and the value stays as it was.
refused()
{
	what=$1 want=$2 path=$3
	shift 3
	is "$what" "$(visit set$suffix "$path" -o "$dir/answer" -w '%{http_code}' "$@")" "$want"
	says "and changes nothing" "$(visit set$suffix /setget$suffix)" 'Grüße'
}

bodies()
{
	for n in 65 10240 40960; do
		head -c ${n}K /dev/zero | tr '\0' x >"$dir/$n.body"
	done
	refused "setget$suffix: a form of 65 KiB is too large" 413 /setget$suffix \
		--data-binary @"$dir/65.body"
	refused "one of 10 MiB too" 413 /setget$suffix --data-binary @"$dir/10240.body"
	refused "and one that is not even read" 413 /setget$suffix --data-binary @"$dir/40960.body"
	token=$(visit set$suffix /setget$suffix | form_token)
	{
		printf 'token=%s&note=Gr%%C3%%BC%%C3%%9Fe&fill=' "$token"
		head -c 65536 /dev/zero | tr '\0' x
	} | head -c 65536 >"$dir/64.body"
	is "64 KiB are read" "$(visit set$suffix /setget$suffix --data-binary @"$dir/64.body" |
		status)" "HTTP/1.1 303 See Other"
	refused "multipart is not read" 415 /setget$suffix -F "token=$token" -F note=no
	refused "nor is JSON" 415 /setget$suffix -H 'Content-Type: application/json' \
		-d '{"note":"no"}'
}

requests()
{
	refused "setget$suffix: a form without its token" 403 /setget$suffix -d note=no
	refused "one with a wrong token" 403 /setget$suffix -d note=no -d token=AAAA
	refused "one with the token of somebody else" 403 /setget$suffix -d note=no \
		-d "token=$(visit other$suffix /setget$suffix | form_token)"
	refused "one with its token in the address" 403 \
		"/setget$suffix?token=$(visit set$suffix /setget$suffix | form_token)" -d note=no
	refused "one from another site" 403 /setget$suffix -d note=no \
		-H 'Sec-Fetch-Site: cross-site' \
		-d "token=$(visit set$suffix /setget$suffix | form_token)"
	refused "PUT" 405 /setget$suffix -X PUT -d note=no
	is "with what is allowed" "$(visit set$suffix /setget$suffix -X DELETE | header Allow)" \
		"Allow: GET, HEAD, POST"
	head=$(visit set$suffix /setget$suffix -I)
	is "HEAD is answered" "$(echo "$head" | status)" "HTTP/1.1 200 OK"
	empty "without a page" "$(echo "$head" | page)"
	strict=$(visit set$suffix /setget$suffix | header Content-Security-Policy)
	says "no page may load from elsewhere" "$strict" "default-src 'none'; style-src 'self'"
	empty "nor run a script" "$(echo "$strict" | grep -e script -e unsafe)"
	is "nor be guessed at" \
		"$(visit set$suffix /setget$suffix | header X-Content-Type-Options)" \
		"X-Content-Type-Options: nosniff"
}

# -- what no web server does: the program on its own ---------------------------------------------

# cgi PROGRAM [NAME=VALUE]...: as CGI, with these variables and what comes by standard input.
cgi()
{
	program=$1
	shift
	env -i SESSKIT_STORE="sqlite:$dir/data/sessions.db" "$@" \
		"$top_builddir/fcgi-apps/$program" 2>"$dir/cgi.log" | tr -d '\r'
}

# promised LENGTH: the answer to a good form whose length was said to be that.
promised()
{
	printf 'note=in+part&token=%s' "$token" | cgi setget REQUEST_METHOD=POST \
		CONTENT_TYPE='Application/X-WWW-Form-URLencoded; charset=utf-8' \
		CONTENT_LENGTH="$1" HTTP_COOKIE="sid=$(cookie set sid)" SCRIPT_NAME="$2" | status
}

broken_requests()
{
	token=$(visit set /setget | form_token)
	is "a form that comes only in part is refused" "$(promised 200 /setget)" \
		"Status: 400 Bad Request"
	is "so is one of a length that is no number" "$(promised 1x /setget)" \
		"Status: 400 Bad Request"
	is "or a negative one" "$(promised -1 /setget)" "Status: 400 Bad Request"
	is "or one beyond all bounds" "$(promised 99999999999999999999 /setget)" \
		"Status: 400 Bad Request"
	says "and nothing changed" "$(visit set /setget)" 'Grüße'
	is "the whole one is taken" "$(promised "$((19 + ${#token}))" /setget)" \
		"Status: 303 See Other"
	says "and does" "$(visit set /setget)" 'in part'
	is "a program at a strange place leads home" "$(printf 'note=x&token=%s' "$token" |
		cgi setget REQUEST_METHOD=POST CONTENT_TYPE=application/x-www-form-urlencoded \
			CONTENT_LENGTH="$((13 + ${#token}))" HTTP_COOKIE="sid=$(cookie set sid)" \
			SCRIPT_NAME=//elsewhere/setget | header Location)" "Location: /"
}

# Somebody writes to the database, and goes on for longer than the program may wait.
busy_store()
{
	mkfifo "$dir/orders"
	sqlite3 "$dir/data/sessions.db" <"$dir/orders" >"$dir/held" 2>&1 &
	shell=$!
	exec 3>"$dir/orders"
	echo "BEGIN IMMEDIATE; SELECT 'held';" >&3
	until grep -q . "$dir/held"; do
		kill -0 "$shell" 2>/dev/null || bail "no database shell: $(cat "$dir/held")"
	done
	busy=$(cgi lifetime REQUEST_METHOD=GET SESSKIT_BUSY_MS=20)
	echo 'ROLLBACK;' >&3
	exec 3>&-
	wait "$shell"
	is "a store that stays busy is told" "$(echo "$busy" | status)" \
		"Status: 503 Service Unavailable"
	is "and when to come back" "$(echo "$busy" | header Retry-After)" "Retry-After: 5"
	empty "without a cookie" "$(echo "$busy" | cookie_lines)"
	says "the log names program and reason" "$(cat "$dir/cgi.log")" "lifetime: "
}

wrong_settings()
{
	cgi lifetime REQUEST_METHOD=GET LIFETIME=soon >"$dir/answer"
	empty "a wrong lifetime is no page" "$(cat "$dir/answer")"
	says "but a message" "$(cat "$dir/cgi.log")" 'LIFETIME is "soon"'
	plain=$(cgi lifetime REQUEST_METHOD=GET SESSKIT_COOKIE_PREFIX=host)
	is "a cookie for HTTPS only is not given by HTTP" "$(echo "$plain" | status)" \
		"Status: 403 Forbidden"
	says "which is told" "$plain" "This page needs HTTPS"
}

# It starts anew by itself: visited until then, which takes its two seconds.
lifetime()
{
	is "lifetime: counts" "$(visit life /lifetime | count)" 1
	is "and counts on" "$(visit life /lifetime | count)" 2
	copy_jar life thief
	visits=0
	until [ "$(visit life /lifetime | count)" = 1 ] || [ $visits = 200 ]; do
		visits=$((visits + 1))
		sleep 0.05
	done
	ok "in the end it starts anew, however often it is visited" [ $visits -lt 200 ]
	ok "under a new id" [ "$(cookie life lifetime)" != "$(cookie thief lifetime)" ]
	is "a copy of the old one begins anew too" "$(visit thief /lifetime | count)" 1
	is "the CGI program counts as well" "$(visit cgi /lifetime.cgi | count) $(
		visit cgi /lifetime.cgi | count)" "1 2"
	empty "the cookie is its own" "$(cookie life sid)"
}

all_of_it()
{
	for suffix in '' .cgi; do
		verbs
		values
		bodies
		requests
		links
	done
}

start_demo LIFETIME=2
all_of_it
lifetime
broken_requests
busy_store
wrong_settings
stop_demo
is "SIGTERM ends the demo cleanly" "$?" 0

start_demo LIFETIME=2 FCGI_WORKERS=2 FCGI_THREADS=3
suffix=
rm -f "$dir"/*.jar
verbs
values
requests
links
lifetime
stop_demo
is "SIGTERM ends processes and threads" "$?" 0
empty "no page went out unfinished" "$(grep -i fault "$dir/data/programs.log")"
done_testing
