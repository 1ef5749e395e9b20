# SPDX-License-Identifier: ISC
# lighttpd_table.sh - the table of checks for lighttpd: FastCGI programs that it starts, and CGI.

. "${top_srcdir:=.}/tests/e2e/server.sh"

restart_server()
{
	restarts=$(generations)
	kill -USR1 "$server"
	await is_ending
}

# How often lighttpd has come up.
generations()
{
	grep -c 'server started' "$dir/data/error.log"
}

# It waits for the requests under way, and then begins anew.
is_ending()
{
	[ "$(grep -c 'graceful shutdown started' "$dir/data/error.log")" = "$restarts" ]
}

is_restarted()
{
	[ "$(generations)" -gt "$restarts" ]
}

# The sample as it is, HTTPS, and the probe, as FastCGI and as CGI.
with_probe()
{
	cat <<END
include "lighttpd.conf"
include "lighttpd-tls.conf"
fastcgi.server += ("/probe" => (("bin-path" => "$dir/programs/probe",
	"socket" => "$dir/run/probe.socket", "max-procs" => 2, "check-local" => "disable",
	"bin-environment" => var.shared)))
\$HTTP["url"] =~ "^/probe\.cgi(/|$)" {
	fastcgi.server = ()
	cgi.assign = ("" => "")
	alias.url = ("/probe.cgi" => "$dir/programs/probe")
	setenv.set-environment = var.shared
}
END
}

# How many processes and threads run a program.
shape()
{
	set -- $(running "$1")
	echo "$# $(for process; do ls "/proc/$process/task"; done | wc -l)"
}

has_shape()
{
	[ "$(shape "$1")" = "$2" ]
}

# shaped WORDS VARIABLE SHAPE: all samples once more, of which each is so many processes and threads.
shaped()
{
	rm -f "$dir"/*.jar "$dir/data/users.guesses"
	start_server env "$2" lighttpd -D -f "$dir/conf/all.conf"
	ok "lighttpd, $1: so a program has them" await has_shape start "$3"
	samples "lighttpd, $1"
	stop_all
}

prepare $all_programs
configure
with_probe >"$dir/conf/all.conf"
chmod 644 "$dir/conf/all.conf"
start_server lighttpd -D -f "$dir/conf/all.conf"
table "lighttpd, mod_fastcgi" fcgi
rm -f "$dir"/*.jar
suffix=.cgi
table "lighttpd, mod_cgi" cgi
stop_all
suffix=
shaped "three processes" FCGI_WORKERS=3 "3 3"
shaped "three threads" FCGI_THREADS=3 "1 3"
is "the table has all programs" "$(echo $all_programs | tr ' ' '\n' | sort | xargs)" \
	"$(sed -n 's/^%C%_\([a-z]*\)_LDADD.*/\1/p' "$top_srcdir/fcgi-apps/local.mk" |
		sort | xargs)"
empty "no process is left" "$(leftovers)"
done_testing
