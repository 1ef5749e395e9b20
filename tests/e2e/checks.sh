# SPDX-License-Identifier: ISC
# checks.sh - what every web server must get right: the rows of the table whose columns are the
# servers. Read by server.sh, which sets dir, http, https and
# server. suffix is what the server wants behind the name of a program.

suffix=

# get JAR PATH [CURL OPTION]...: the answer with its headers, line ends as in text; by HTTP, unless
# PATH is a whole URL.
get()
{
	get_jar=$dir/$1.jar get_url=$2
	shift 2
	case $get_url in /*) get_url=$http$get_url ;; esac
	curl -s -S -i -m 30 --cacert "$dir/cert.pem" -b "$get_jar" -c "$get_jar" "$@" "$get_url" |
		tr -d '\r'
}

status()
{
	sed -n '1s/^HTTP[^ ]* \([0-9]*\).*/\1/p'
}

# fact NAME: the value on that line of the probe's answer.
fact()
{
	sed -n "s/^$1 //p"
}

cookie_lines()
{
	sed -n 's/^[Ss]et-[Cc]ookie: *//p' | sed 's/=[A-Za-z0-9_-]\{43\};/=TOKEN;/'
}

check_cookie()
{
	first=$(get cookie "/probe$suffix")
	same "$(echo "$first" | status)" 200 &&
		same "$(echo "$first" | cookie_lines)" \
			"sid=TOKEN; Path=/; HttpOnly; SameSite=Lax" &&
		same "$(echo "$first" | grep -i '^cache-control:')" "Cache-Control: no-store" &&
		second=$(get cookie "/probe$suffix") &&
		same "$(echo "$second" | fact count)" 2 &&
		same "$(echo "$second" | cookie_lines)" "" &&
		same "$(get other "/probe$suffix" | fact count)" 1
}

check_two_cookies()
{
	both=$(get both "/probe$suffix/form")
	same "$(echo "$both" | cookie_lines | cut -d= -f1 | sort | xargs)" "sid sid-form" &&
		same "$(get both "/probe$suffix" | fact count)" 2 &&
		same "$(cut -f6 "$dir/both.jar" | grep '^sid' | sort | xargs)" "sid sid-form"
}

check_names()
{
	answer=$(get names "/probe$suffix/some/where?a=b&c=%20d")
	same "$(echo "$answer" | fact script)" /probe$suffix &&
		same "$(echo "$answer" | fact path)" /some/where &&
		same "$(echo "$answer" | fact query)" 'a=b&c=%20d'
}

check_head()
{
	get head "/probe$suffix" >"$dir/get" || return
	curl -s -i -m 20 -I -b "$dir/head.jar" "$http/probe$suffix" "$http/style.css" |
		tr -d '\r' >"$dir/head"
	same "$(grep -c '^HTTP/1.1 200' "$dir/head")" 2 &&
		same "$(grep -ci '^cache-control: no-store' "$dir/head")" 1 &&
		same "$(get head "/probe$suffix" | fact count)" 3
}

# Both ways, as much as a session that the browser keeps may take.
check_full_head()
{
	long=$(printf '%04000d' 0)
	curl -s -i -m 20 -b "other=$long" "$http/probe$suffix/full" | tr -d '\r' >"$dir/full"
	same "$(status <"$dir/full")" 200 &&
		same "$(sed -n 's/^[Xx]-[Ff]ull: //p' "$dir/full" | tr -d '\n' | wc -c)" 5000 &&
		same "$(fact count <"$dir/full")" 1
}

# Every byte of a form comes through, also of one larger than the buffers of server and library.
check_post()
{
	printf 'name=J%%C3%%BCrgen+%%26+S\303\266hne&empty=&text=%%25+%%2B%%0D%%0A' >"$dir/form"
	curl -s -m 20 --data-binary "@$dir/form" "$http/probe$suffix/body" >"$dir/echo" &&
		cmp "$dir/form" "$dir/echo"
}

make_large_body()
{
	[ -f "$dir/large" ] || seq -f 'line%060.0f' 156000 | head -c 10485760 >"$dir/large"
}

check_large_post()
{
	make_large_body
	curl -s -m 60 --data-binary "@$dir/large" "$http/probe$suffix/body" >"$dir/echo" &&
		cmp "$dir/large" "$dir/echo"
}

# A sample does not want 10 MB, and says so; the next request needs no new connection, unless the
# server ends it on principle (connects_after_413 is 1 then).
connects_after_413=0
check_too_large()
{
	make_large_body
	get greedy "/start$suffix" >"$dir/nothing"
	curl -s -m 60 -H 'Expect:' -o "$dir/answer" -o "$dir/answer" -b "$dir/greedy.jar" \
		-w '%{http_code} ' --data-binary "@$dir/large" "$http/start$suffix" \
		--next -s -m 20 -o "$dir/answer" -w '%{http_code} %{num_connects}\n' \
		"$http/probe$suffix" >"$dir/codes"
	same "$(cat "$dir/codes")" "413 200 $connects_after_413"
}

# The client goes away in the middle of its form: nothing is counted, and nothing is lost.
check_cut_request()
{
	get cut "/probe$suffix" >"$dir/nothing"
	token=$(awk '$6 == "sid" { print $7 }' "$dir/cut.jar")
	{
		printf 'POST /probe%s HTTP/1.1\r\nHost: localhost\r\n' "$suffix"
		printf 'Cookie: sid=%s\r\n' "$token"
		printf 'Content-Type: application/x-www-form-urlencoded\r\n'
		printf 'Content-Length: 100000\r\n\r\nhalf=of&'
	} | curl -s -m 5 "telnet://127.0.0.1:$port" >"$dir/nothing"
	same "$(get cut "/probe$suffix" | fact count)" 2
}

# It goes away in the middle of the answer: the request counts, and the next one is answered.
check_cut_answer()
{
	get gone "/probe$suffix" >"$dir/nothing"
	start=$(curl -s -m 20 -b "$dir/gone.jar" "$http/probe$suffix/large" | head -n 1)
	same "$start" "count 2" &&
		same "$(get gone "/probe$suffix" | fact count)" 3
}

check_keep_alive()
{
	curl -s -m 20 -o "$dir/nothing" -o "$dir/nothing" -o "$dir/nothing" \
		-w '%{http_code} %{num_connects}\n' "$http/probe$suffix" "$http/style.css" \
		"$http/probe$suffix" >"$dir/codes"
	same "$(cat "$dir/codes" | xargs)" "200 1 200 0 200 0"
}

check_https()
{
	secure=$(get secure "$https/probe$suffix")
	same "$(echo "$secure" | cookie_lines)" \
		"__Host-sid=TOKEN; Path=/; Secure; HttpOnly; SameSite=Lax" &&
		same "$(get secure "$https/probe$suffix" | fact count)" 2
}

# What a client says of proxies is not believed, nor is what a strange one says; what a trusted one
# says is.
check_forwarded()
{
	forged=$(get forged "/probe$suffix" \
		-H 'X-Forwarded-For: 192.0.2.7' -H 'X-Forwarded-Proto: https')
	same "$(echo "$forged" | fact address)" 127.0.0.1 &&
		same "$(echo "$forged" | cookie_lines | cut -d= -f1)" sid || return
	stranger=$(get stranger "/probe$suffix/trusting" --interface 127.0.0.2 \
		-H 'X-Forwarded-For: 192.0.2.7' -H 'X-Forwarded-Proto: https')
	same "$(echo "$stranger" | fact address)" 127.0.0.2 &&
		same "$(echo "$stranger" | cookie_lines | cut -d= -f1)" sid || return
	chain=$(get proxied "/probe$suffix/trusting" -H 'X-Forwarded-Proto: https' \
		-H 'X-Forwarded-For: 203.0.113.9, 192.0.2.7, 127.0.0.1')
	same "$(echo "$chain" | fact address)" 192.0.2.7 &&
		same "$(echo "$chain" | cookie_lines | cut -d= -f1)" __Host-sid
}

check_cache()
{
	for client in one two one; do
		get "cache-$client" "/probe$suffix" | fact count
	done >"$dir/counts"
	same "$(xargs <"$dir/counts")" "1 1 2" &&
		same "$(curl -s -m 20 "$http/probe$suffix" | fact count)" 1 &&
		same "$(curl -s -m 20 "$http/probe$suffix" | fact count)" 1
}

# check_cache_works: there is a cache indeed, which keeps what is for everybody.
check_cache_works()
{
	stamp=$(curl -s -m 20 "$http/probe$suffix/public" | fact stamp)
	[ -n "$stamp" ] && same "$(curl -s -m 20 "$http/probe$suffix/public" | fact stamp)" "$stamp"
}

# -- requests that are held half-way --------------------------------------------------------------

# hold JAR: send a request that stops before its commit; sets client, and held to the program.
hold()
{
	$as_user touch "$dir/programs/hold"
	get "$1" "/probe$suffix/hold" >"$dir/held-answer" 2>&1 &
	client=$!
	await is_held || return
	held=${held_file##*.}
}

is_held()
{
	for held_file in "$dir"/programs/held.*; do
		[ -f "$held_file" ]
	done
}

# Let it go on, and wait for its answer.
release()
{
	rm -f "$held_file"
	wait "$client"
}

counts_from()
{
	await answers "$1" && count=$(get "$1" "/probe$suffix" | fact count)
}

answers()
{
	[ "$(get probing "/probe$suffix" | status)" = 200 ]
}

check_killed()
{
	get killed "/probe$suffix" >"$dir/nothing"
	hold killed || return
	kill -KILL "$held"
	release
	# A server that repeats the request with another program is right, too.
	counts_from killed
	case $count in 2 | 3) ;; *) echo "the session counts $count"; return 1 ;; esac
}

# SIGTERM lets a FastCGI program finish what it is at.
check_program_end()
{
	get ended "/probe$suffix" >"$dir/nothing"
	hold ended || return
	kill -TERM "$held"
	release
	same "$(status <"$dir/held-answer")" 200 &&
		counts_from ended && same "$count" 3
}

# Each script has restart_server, its server's own way to begin anew without losing a request, which
# comes back when that is under way, and is_restarted, which tells whether it has happened.
check_restart()
{
	get restart "/probe$suffix" >"$dir/nothing"
	hold restart || return
	restart_server || return
	release
	same "$(status <"$dir/held-answer")" 200 && await is_restarted &&
		counts_from restart && same "$count" 3 && kill -0 "$server"
}

# table NAME fcgi|cgi [CACHE]: every row for this server.
table()
{
	ok "$1: a cookie is set and comes back" check_cookie
	ok "$1: two Set-Cookie lines arrive as two" check_two_cookies
	ok "$1: a program learns its name and the rest of the address" check_names
	ok "$1: HEAD" check_head
	ok "$1: a request and an answer with 4 and 5 KB of header lines" check_full_head
	ok "$1: POST with a form" check_post
	ok "$1: POST with 10 MB" check_large_post
	ok "$1: a sample refuses 10 MB" check_too_large
	ok "$1: a request cut off half-way" check_cut_request
	ok "$1: an answer cut off half-way" check_cut_answer
	ok "$1: keep-alive" check_keep_alive
	ok "$1: HTTPS is seen as such" check_https
	ok "$1: forwarded addresses" check_forwarded
	ok "$1: no cache gives away a session's page" check_cache
	[ -z "$3" ] || ok "$1: its cache works" check_cache_works
	ok "$1: a program killed in a request" check_killed
	[ "$2" = cgi ] || ok "$1: a program told to end in a request" check_program_end
	ok "$1: a graceful restart in a request" check_restart
	samples "$1"
}

# samples NAME: that part of the table which has the sample programs.
samples()
{
	for program in $programs; do
		ok "$1: sample $program" "check_$program"
	done
}
