# SPDX-License-Identifier: ISC
# proxy.sh - a server that speaks HTTPS in front of another one, with programs that trust it: nginx
# before Apache, and Apache before nginx.

. "${top_srcdir:=.}/tests/e2e/server.sh"

# start_kind nginx|apache WAY: with the ports as chosen; on $2 depends what it does.
start_kind()
{
	configure "$2"
	case $1 in
		nginx) start_server nginx -e "$dir/run/nginx.log" -c "$dir/conf/nginx.conf" ;;
		apache) start_server apache2 -D FOREGROUND -f "$dir/conf/apache.conf" ;;
	esac
}

cookie_name()
{
	cookie_lines | cut -d= -f1
}

# The visitor is 127.0.0.2, so that 127.0.0.1 can be the proxy alone.
check_proxied()
{
	first=$(get visitor "$https/probe" --interface 127.0.0.2 -H 'X-Forwarded-For: 192.0.2.7')
	same "$(echo "$first" | fact address)" 127.0.0.2 &&
		same "$(echo "$first" | cookie_name)" __Host-sid &&
		same "$(get visitor "$https/probe" --interface 127.0.0.2 | fact count)" 2
}

# The proxy says whether it was asked by HTTPS, whatever the visitor says.
check_plain()
{
	plain=$(get plain /probe --interface 127.0.0.2 -H 'X-Forwarded-Proto: https')
	same "$(echo "$plain" | cookie_name)" sid
}

# Who comes past the proxy is not believed.
check_past()
{
	past=$(get past "http://127.0.0.1:$backend/probe" --interface 127.0.0.2 \
		-H 'X-Forwarded-For: 192.0.2.7' -H 'X-Forwarded-Proto: https')
	same "$(echo "$past" | fact address)" 127.0.0.2 &&
		same "$(echo "$past" | cookie_name)" sid
}

prepare
SESSKIT_TRUSTED_PROXIES=127.0.0.1
export SESSKIT_TRUSTED_PROXIES
for pair in 'nginx apache proxy_fcgi' 'apache nginx fastcgi'; do
	set -- $pair
	start_programs
	choose_ports
	start_kind "$2" "$3"
	backend=$port
	choose_ports
	start_kind "$1" proxy
	ok "$1 before $2: HTTPS and the visitor's address come through" check_proxied
	ok "$1 before $2: plain HTTP is seen as such" check_plain
	ok "$1 before $2: visitors past the proxy are not believed" check_past
	stop_all
	backend=
done
empty "no process is left" "$(leftovers)"
done_testing
