# SPDX-License-Identifier: ISC
# caddy.sh - the table of checks for Caddy with FastCGI programs of their own.

. "${top_srcdir:=.}/tests/e2e/server.sh"

# caddy reload comes back when the new configuration serves; --force, as it is the old one.
restart_server()
{
	env HOME="$dir/run" $as_user caddy reload --force --adapter caddyfile \
		--config "$dir/conf/Caddyfile" --address "unix/$dir/run/caddy.socket" \
		>>"$dir/run/output" 2>&1
}

is_restarted()
{
	true
}

prepare $all_programs
configure
start_programs
start_server caddy run --adapter caddyfile --config "$dir/conf/Caddyfile"
table Caddy fcgi
stop_all
empty "no process is left" "$(leftovers)"
done_testing
