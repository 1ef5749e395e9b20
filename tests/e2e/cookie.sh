# SPDX-License-Identifier: ISC
# cookie.sh - the demo with sessions that the browsers keep, visited with curl as FastCGI and as CGI:
# what was ended stays ended, whatever copy of a cookie comes.

. "${top_srcdir:=.}/tests/e2e/site.sh"

# send JAR PAGE TO [CURL OPTION]...: get a page of the login program, and send its form to another.
send()
{
	token=$(visit "$1" "/login$suffix$2" | form_token)
	send_jar=$1 send_to=/login$suffix$3
	shift 3
	visit "$send_jar" "$send_to" --data-urlencode "token=$token" "$@"
}

sign_in()
{
	send "$1" '' '' -d name=guest --data-urlencode "password=$password"
}

# is_in WHAT JAR, is_out WHAT JAR: signed in or not.
is_in()
{
	says "$1" "$(visit "$2" "/login$suffix")" "<strong>guest</strong>"
}

is_out()
{
	says "$1" "$(visit "$2" "/login$suffix")" 'name="password"'
}

# What the session would be found by in a file.
in_store()
{
	grep -rlaF "$1" "$dir/data" | grep -cv 'users$'
}

counting()
{
	first=$(visit one$suffix "/counter$suffix")
	is "counter$suffix: a first visit counts 1" "$(echo "$first" | count)" 1
	is "and sets one cookie" "$(echo "$first" | cookie_lines | sed 's/=[A-Za-z0-9_-]*;/=OPAQUE;/' |
		sed 's/=[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*;/=TOKEN.SEALED;/')" \
		"Set-Cookie: sid=TOKEN.SEALED; Path=/; HttpOnly; SameSite=Lax"
	is "the next one counts 2" "$(visit one$suffix "/counter$suffix" | count)" 2
	is "another browser counts on its own" "$(visit two$suffix "/counter$suffix" | count)" 1
	is "CGI and FastCGI go on from each other" "$(visit one$suffix /counter.cgi | count)" 3
	is "back as well" "$(visit one$suffix /counter | count)" 4
	is "what is forged begins anew" "$(curl -s -m 20 -b "sid=$(cookie one$suffix sid)x" \
		"$url/counter$suffix" | count)" 1
}

signing_in_and_out()
{
	post one$suffix "/setget$suffix" -d note=ultramarine >"$dir/answer"
	copy_jar one$suffix thief
	sign_in one$suffix >"$dir/answer"
	is_in "login$suffix: the right password signs in" one$suffix
	says "the values stay" "$(visit one$suffix "/setget$suffix")" ultramarine
	is "but not in the store" "$(in_store ultramarine)" 0
	says "a copy of the cookie from before is nobody's" "$(visit thief "/login$suffix")" \
		"went on under a new id"
	copy_jar one$suffix thief
	is_in "a copy from after is somebody's" thief
	copy_jar one$suffix thief
	send one$suffix '' /out >"$dir/answer"
	is_out "whoever signs out is out" one$suffix
	says "and so is the copy" "$(visit thief "/login$suffix")" "You have signed out."
	is_out "for good" thief
}

everywhere()
{
	for jar in one$suffix two$suffix three$suffix; do
		sign_in "$jar" >"$dir/answer"
	done
	send bob$suffix '' '' -d name=bob -d password=builder >"$dir/answer"
	says "login$suffix: the devices are in no list" "$(visit one$suffix "/login$suffix/devices")" \
		"keeps sessions in the browsers"
	send one$suffix /devices /others >"$dir/answer"
	is_in "all others are signed out: this one is not" one$suffix
	is_out "the second is" two$suffix
	is_out "and the third" three$suffix
	says "another user is not" "$(visit bob$suffix "/login$suffix")" "<strong>bob</strong>"
	sign_in two$suffix >"$dir/answer"
	is "sesskit ends them from outside" \
		"$("$sesskit" end --user guest --store "$store" 2>&1)" "ended, in whichever browsers they are"
	is_out "the first" one$suffix
	is_out "and the second" two$suffix
	says "but not bob" "$(visit bob$suffix "/login$suffix")" "<strong>bob</strong>"
	is "nobody counts who is online" "$(visit bob$suffix "/online$suffix" | status)" "HTTP/1.1 200 OK"
}

sesskit=$(cd "$top_builddir" && pwd)/fcgi-apps/tools/sesskit
(umask 077 && mkdir "$dir/data" && echo builder | "$top_builddir/fcgi-apps/login" --hash bob \
	>"$dir/data/users") || bail "cannot make a user"
store=cookie:sqlite:$dir/data/ended.db
start_demo FCGI_WORKERS=2 DEMO_STORE="$store"
password=$(sed -n 's/.*user guest, password \(.*\)/\1/p' "$dir/demo.out")
for suffix in '' .cgi; do
	counting
	signing_in_and_out
	everywhere
done
stop_demo
is "SIGTERM ends the demo cleanly" "$?" 0
done_testing
