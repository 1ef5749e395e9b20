# SPDX-License-Identifier: ISC
# hosts.sh - two hosts of programs behind one web server share sessions through Redis and through
# Galera, and either of them may die.

. "${top_srcdir:=.}/tests/servers/redis.sh"
. "$top_srcdir/tests/servers/mysql.sh"

# The hosts have nothing in common but the store, and a key of which each has a copy.
prepare()
{
	mkdir "$dir/programs" "$dir/modules" && cp "$servers/counter" "$dir/programs/" &&
		cp "$top_builddir"/lib/.libs/sesskit_redis.so "$top_builddir"/lib/.libs/sesskit_mysql.so \
			"$dir/modules/" && chmod -R a+rX "$dir/programs" "$dir/modules" || bail "no programs"
	"$top_builddir/fcgi-apps/tools/sesskit" keygen --quiet "$dir/key" || bail "no key"
	free_ports 1
	http=http://127.0.0.1:$((ports))
	make_folder web
	cat >"$dir/web/conf" <<END
server.port = $((ports))
server.bind = "127.0.0.1"
server.document-root = "$dir/web"
server.modules = ("mod_fastcgi")
fastcgi.balance = "round-robin"
fastcgi.server = ("/counter" => (
	("socket" => "$dir/a/socket", "check-local" => "disable", "disable-time" => 1),
	("socket" => "$dir/b/socket", "check-local" => "disable", "disable-time" => 1)))
END
	chown "$owner" "$dir/web/conf"
	start web lighttpd -D -f "$dir/web/conf"
	await curl -s -o "$dir/answer" "$http/"
}

# start_host NAME: one process, so that its end is that of the host.
start_host()
{
	make_folder "$1"
	rm -f "$dir/$1/socket"
	cp "$dir/key" "$dir/password" "$dir/$1/"
	chown "$owner" "$dir/$1/key" "$dir/$1/password"
	start "$1" env SESSKIT_TEST_MODULES="$dir/modules" SESSKIT_STORE="$url" \
		SESSKIT_KEY_FILE="$dir/$1/key" SESSKIT_PASSWORD_FILE="$dir/$1/password" \
		spawn-fcgi -n -s "$dir/$1/socket" -- "$dir/programs/counter"
	await answers_itself "$1"
}

# answers_itself NAME: without the web server, so that its start is over.
answers_itself()
{
	REQUEST_METHOD=GET SCRIPT_NAME=/counter cgi-fcgi -bind -connect "$dir/$1/socket" |
		grep -q 'class="count"'
}

# One page: it is answered, and counts further than all before it, or it fails.
visit()
{
	tried=$((tried + 1))
	code=$(curl -s -m 10 -b "$dir/jar" -c "$dir/jar" -o "$dir/answer" -w '%{http_code}' \
		"$http/counter")
	if [ "$code" != 200 ]; then
		failed=$((failed + 1))
		return
	fi
	answered=$((answered + 1)) before=$last
	last=$(sed -n 's/.*class="count">\([0-9]*\)<.*/\1/p' "$dir/answer")
	[ "${last:-0}" -gt "$before" ] || backwards=$((backwards + 1))
}

# visits N
visits()
{
	visits_end=$((tried + $1))
	while [ $tried -lt $visits_end ]; do
		visit
	done
}

# How often a process waited for a request.
waits()
{
	sed -n 's/^voluntary_ctxt_switches:[[:blank:]]*//p' "/proc/$1/status"
}

# serves PID: the web server, which leaves a host alone for a second, asks it again.
serves()
{
	await is_idle "$1"
	served=$(waits "$1")
	visits 2
	[ "$(waits "$1")" -gt "$served" ]
}

# is_idle PID: what it does after an answer is over, too.
is_idle()
{
	idle=$(waits "$1")
	sleep 0.1
	[ "$(waits "$1")" = "$idle" ]
}

# strikes PID: it is killed while it may have a request in hand.
strikes()
{
	kill -KILL "$1" &
	visits 15
	{ wait "$1"; } 2>"$dir/awaited"
	forget "$1"
}

# share WORDS: through the store at $url.
share()
{
	start_host a
	a=$started
	start_host b
	b=$started
	tried=0 answered=0 failed=0 backwards=0 last=0
	await serves $a
	await serves $b
	rm -f "$dir/jar"
	tried=0 answered=0 failed=0 backwards=0 last=0
	a_before=$(waits $a) b_before=$(waits $b)
	visits 20
	is "$1: every page is answered" $answered 20
	is "$1: each of them counts" $last 20
	ok "$1: by the one host" [ "$(waits $a)" -ge $((a_before + 5)) ]
	ok "$1: and by the other" [ "$(waits $b)" -ge $((b_before + 5)) ]
	strikes $a
	start_host a
	a=$started
	await serves $a
	strikes $b
	visits 10
	ok "$1: killing either host costs no more than what it had in hand ($failed)" [ $failed -le 2 ]
	is "$1: no page counts back" $backwards 0
	ok "$1: every page that was answered counts, and none twice: $last of $answered" \
		[ $last -ge $answered -a $last -le $tried ]
	kill_server $a
}

echo open-sesame >"$dir/password"
prepare
free_ports 1
redis_start shared $((ports))
redis_ask shared config set requirepass open-sesame >"$dir/answer"
url=redis://127.0.0.1:$((ports))
share Redis
url=cookie:$url
share "cookies, whose ends are in Redis"
galera
url=mysql://web@$hosts/sessions
share Galera
done_testing
