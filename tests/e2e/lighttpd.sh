# SPDX-License-Identifier: ISC
# lighttpd.sh - the demo's server with the counter as FastCGI and as CGI, visited with curl.

. "${top_srcdir:=.}/tests/e2e/site.sh"

# processes [WORD]: those whose command line names this test's directory, and the word.
processes()
{
	for process in /proc/[0-9]*; do
		{ tr '\0' ' ' <"$process/cmdline"; } 2>/dev/null | grep -q "$dir/.*$1" &&
			echo "${process#/proc/}"
	done
}

# The counter processes that lighttpd keeps.
counters()
{
	processes '/programs/counter '
}

begin_is_right()
{
	first=$(visit one /counter)
	lines=$(echo "$first" | cookie_lines)
	is "a first visit is answered" "$(echo "$first" | status)" "HTTP/1.1 200 OK"
	is "it counts 1" "$(echo "$first" | count)" 1
	is "it gets one cookie" "$(echo "$lines" | wc -l)" 1
	is "the cookie is a token for this host, hidden from scripts and other sites" \
		"$(echo "$lines" | sed 's/=[A-Za-z0-9_-]\{43\};/=TOKEN;/')" \
		"Set-Cookie: sid=TOKEN; Path=/; HttpOnly; SameSite=Lax"
	is "no cache may keep the page" \
		"$(echo "$first" | header Cache-Control)" "Cache-Control: no-store"
}

returning_counts()
{
	second=$(visit one /counter)
	is "a second visit counts 2" "$(echo "$second" | count)" 2
	is "and gets no cookie" "$(echo "$second" | cookie_lines)" ""
	is "another browser counts on its own" "$(visit two /counter | count)" 1
	head=$(visit one /counter -I)
	is "HEAD is answered without a page" "$(echo "$head" | sed -n '1p; /</p')" "HTTP/1.1 200 OK"
	is "the CGI program goes on from there" "$(visit one /counter.cgi | count)" 4
	is "POST counts too" "$(visit one /counter -d x=y | count)" 5
	is "PUT is refused" "$(visit one /counter -X PUT -d x=y | status)" \
		"HTTP/1.1 405 Method Not Allowed"
	is "a forged cookie begins anew" "$(curl -s -m 20 -b sid=forged "$url/counter" | count)" 1
}

# parallel PATH: 16 connections make 160 visits with the cookie of jar "one".
parallel()
{
	before=$(visit one /counter | count)
	seq 160 | xargs -P 16 -I '{}' curl -s -m 60 -o /dev/null -w '%{http_code}\n' \
		-b "$dir/one.jar" "$url$1" | sort | uniq -c | sed 's/^ *//' >"$dir/codes"
	after=$(visit one /counter | count)
	is "160 visits over 16 connections to $1 are answered" "$(cat "$dir/codes")" "160 200"
	is "and all of them count" "$((after - before))" 161
}

killed_worker()
{
	before=$(visit one /counter | count)
	kill -KILL $(counters)
	until after=$(visit one /counter | count) && [ -n "$after" ]; do
		kill -0 "$demo" || bail "the server is gone"
		sleep 0.1
	done
	is "the count outlives killed programs" "$after" "$((before + 1))"
}

stored_safely()
{
	token=$(cookie one sid)
	is "the files of the store are private" \
		"$(find "$dir/data" -name 'sessions.db*' ! -perm 600)" ""
	is "the cookie is in none of them" \
		"$(grep -l -e "${token:-none}" "$dir"/data/* 2>&1)" ""
	is "and there is a cookie to look for" "${#token}" 43
}

# What runs in this test's directory, and where.
left()
{
	processes
	ls -d "$dir"/sesskit-demo-* 2>/dev/null
}

# refuses NAME WORDS [NAME=VALUE]...: the demo does not start, says so, and leaves nothing behind.
refuses()
{
	what=$1 words=$2 before=$(left)
	shift 2
	env DEMO_PROGRAMS="$top_builddir/fcgi-apps" DEMO_DATA="$dir/data" TMPDIR="$dir" "$@" \
		timeout 60 sh "$top_srcdir/fcgi-apps/demo.sh" >"$dir/demo.out" 2>&1
	is "$what: the demo does not start" "$?" 1
	says "and says why" "$(cat "$dir/demo.out")" "$words"
	is "and nothing is left of it" "$(left)" "$before"
}

# lighttpd starts its programs one by one, and here gives up at the second.
failed_starts()
{
	start_demo
	refuses "a port that is taken" "port ${url##*:} is taken" PORT="${url##*:}"
	stop_demo
	refuses "a port that is no number" 'PORT is "http"' PORT=http
	mkdir "$dir/broken"
	cp "$top_builddir/fcgi-apps/counter" "$top_builddir/fcgi-apps/login" "$dir/broken"
	refuses "programs that are missing" "lighttpd did not start" DEMO_PROGRAMS="$dir/broken"
}

start_demo
begin_is_right
returning_counts
parallel /counter
parallel /counter.cgi
killed_worker
stored_safely
before=$(visit one /counter | count)
stop_demo
is "SIGTERM ends the demo cleanly" "$?" 0
empty "and leaves no process" "$(processes)"

start_demo FCGI_WORKERS=2 FCGI_THREADS=4
is "another start goes on from the same count" "$(visit one /counter | count)" "$((before + 1))"
is "forked workers with threads are there" "$(counters | wc -l)" 4
parallel /counter
stop_demo
is "SIGTERM ends processes and threads" "$?" 0
empty "and leaves none" "$(processes)"
failed_starts
done_testing
