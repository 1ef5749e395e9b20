# SPDX-License-Identifier: ISC
# nginx.sh - the table of checks for nginx: FastCGI programs of their own, and CGI by fcgiwrap.

. "${top_srcdir:=.}/tests/e2e/server.sh"

restart_server()
{
	old_worker=$(children)
	kill -HUP "$server"
	await is_restarted
}

is_restarted()
{
	[ "$(children)" != "$old_worker" ]
}

prepare $all_programs
for way in fastcgi fcgiwrap; do
	configure $way
	if [ $way = fastcgi ]; then
		start_programs
	else
		start fcgiwrap -s "unix:$dir/run/fcgiwrap.socket"
	fi
	start_server nginx -e "$dir/run/nginx.log" -c "$dir/conf/nginx.conf"
	if [ $way = fastcgi ]; then
		table "nginx, fastcgi_pass" fcgi cache
	else
		table "nginx, fcgiwrap" cgi cache
	fi
	stop_all
done
empty "no process is left" "$(leftovers)"
done_testing
