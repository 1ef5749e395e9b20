# SPDX-License-Identifier: ISC
# apache.sh - the table of checks for Apache httpd: FastCGI programs of their own, FastCGI programs
# that Apache starts, and CGI.

. "${top_srcdir:=.}/tests/e2e/server.sh"
connects_after_413=1    # Apache keeps no connection after this status

# mod_fcgid tells its programs to end, and kills those that have not after a moment: there it is
# enough that the one without a request has gone.
restart_server()
{
	restarts=$(generations)
	[ $way != fcgid ] || get idle /counter >"$dir/nothing"
	idle=$(running counter)
	kill -USR1 "$server"
	if [ $way = fcgid ]; then
		[ -n "$idle" ] && await is_gone "$idle"
	else
		await is_restarted
	fi
}

# How often Apache has come up.
generations()
{
	grep -c 'resuming normal operations' "$dir/run/apache.log"
}

is_restarted()
{
	[ "$(generations)" -gt "$restarts" ]
}

prepare $all_programs
for way in proxy_fcgi fcgid cgid; do
	configure $way
	kind=fcgi
	case $way in
		proxy_fcgi) start_programs ;;
		cgid) kind=cgi ;;
	esac
	start_server apache2 -D FOREGROUND -f "$dir/conf/apache.conf"
	table "Apache, mod_$way" $kind cache
	stop_all
done
empty "no process is left" "$(leftovers)"
done_testing
