#!/bin/sh
# SPDX-License-Identifier: ISC
# bench_http.sh - the counter behind lighttpd, against the same page without a session, and against
# PHP-FPM. Everything listens on Unix sockets or on this machine's loopback only.
#
#   bench_http.sh PROGRAMS [ROUNDS [SECONDS]]
#
# PROGRAMS is a folder with counter, page and readonly. Each round loads every page for so many
# seconds over 16 connections; medians of the rounds are shown. wrk, lighttpd and php-fpm must be
# installed.

here=$(cd "$(dirname "$0")" && pwd) || exit 1
LC_ALL=C
export LC_ALL
programs=$(cd "${1:?usage: bench_http.sh PROGRAMS [ROUNDS [SECONDS]]}" && pwd) || exit 1
rounds=${2:-5} seconds=${3:-2}
PATH=$PATH:/usr/sbin

die()
{
	echo "bench_http.sh: $*" >&2
	exit 1
}

fpm=$(command -v php-fpm || ls /usr/sbin/php-fpm[0-9]* 2>/dev/null | tail -n 1)
for tool in wrk lighttpd curl "${fpm:-php-fpm}"; do
	command -v "$tool" >/dev/null || die "$tool is not installed"
done

# End what this script started, and nothing else.
stop()
{
	trap '' INT TERM HUP
	for process in $server $php; do
		kill "$process" && wait "$process"
	done 2>/dev/null
	rm -rf "$dir"
}

server= php=
dir=$(mktemp -d "${TMPDIR:-/tmp}/sesskit-bench-XXXXXX") || exit 1
trap stop EXIT
trap 'exit 1' INT TERM HUP

# A port that nobody listens on; state 0A is LISTEN.
free_port()
{
	cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk '
		$4 == "0A" { used[substr($2, length($2) - 3)] = 1 }
		END { for (port = 18080; sprintf("%04X", port) in used; port++); print port }'
}

write_configuration()
{
	cat >"$dir/lighttpd.conf" <<-END
		server.modules = ("mod_alias", "mod_setenv", "mod_cgi", "mod_fastcgi")
		server.bind = "127.0.0.1"
		server.port = $port
		server.document-root = "$dir/html"
		server.errorlog = "$dir/error.log"
		server.breakagelog = "$dir/programs.log"
		server.max-keep-alive-requests = 1000000
		fastcgi.server = (
		$(fastcgi page) $(fastcgi counter) $(fastcgi readonly)
		"/php" => (("socket" => "$dir/php.socket", "check-local" => "disable")))
		\$HTTP["url"] == "/cgi" {
			fastcgi.server = ()
			alias.url = ("/cgi" => "$dir/bin/counter")
			cgi.assign = ("" => "")
			setenv.set-environment = ("SESSKIT_STORE" => "sqlite:$dir/data/cgi.db")
		}
	END
	cat >"$dir/php.conf" <<-END
		[global]
		error_log = $dir/php.log
		daemonize = no
		[counter]
		listen = $dir/php.socket
		$([ "$(id -u)" != 0 ] || printf 'user = root\ngroup = root')
		pm = static
		pm.max_children = 2
		security.limit_extensions =
		php_admin_value[session.save_handler] = files
		php_admin_value[session.save_path] = $dir/php
		php_admin_value[auto_prepend_file] = none
	END
}

# Two processes of a program.
fastcgi()
{
	cat <<-END
		"/$1" => (("bin-path" => "$dir/bin/$1", "socket" => "$dir/$1.socket",
			"min-procs" => 2, "max-procs" => 2, "check-local" => "disable",
			"bin-environment" => ("SESSKIT_STORE" => "sqlite:$dir/data/sessions.db"))),
	END
}

# One answer must come from each page, within some seconds, before anything is measured.
start()
{
	mkdir -m 700 "$dir/bin" "$dir/html" "$dir/data" "$dir/php" || exit
	cp "$programs/counter" "$programs/page" "$programs/readonly" "$dir/bin" || exit
	cp "$here/counter.php" "$dir/html/php" || exit
	port=$(free_port)
	write_configuration
	root=
	[ "$(id -u)" != 0 ] || root=-R
	"$fpm" $root -F -y "$dir/php.conf" >/dev/null 2>&1 &
	php=$!
	lighttpd -D -f "$dir/lighttpd.conf" </dev/null 2>"$dir/lighttpd.log" &
	server=$!
	tries=0
	for page in page counter readonly cgi php; do
		until curl -sf -m 20 -o /dev/null "http://127.0.0.1:$port/$page"; do
			tries=$((tries + 1))
			[ $tries -lt 100 ] && kill -0 $server 2>/dev/null && kill -0 $php 2>/dev/null ||
				die "/$page does not answer: $(tail -n 5 "$dir"/*.log)"
			sleep 0.1
		done
	done
}

# visitors NUMBER PATH...: cookies of new sessions, one visitor per line.
visitors()
{
	number=$1
	shift
	for visitor in $(seq "$number"); do
		line=
		for path; do
			cookie=$(curl -s -o /dev/null -D - "http://127.0.0.1:$port$path" | tr -d '\r' |
				sed -n 's/^[Ss]et-[Cc]ookie: \([^;]*\).*/\1/p')
			line="$line${line:+; }$cookie"
		done
		echo "$line"
	done
}

# load PATH COOKIES: "answers microseconds failures".
load()
{
	COOKIES=$dir/$2 wrk -t 1 -c 16 -d "$seconds" -s "$here/bench_http.lua" \
		"http://127.0.0.1:$port$1" | sed -n 's/^RESULT //p'
}

# Processes of a page: those that run the program, or the children of the PHP master.
processes()
{
	if [ "$1" = php ]; then
		cat "/proc/$php/task/$php/children"
		return
	fi
	for process in /proc/[0-9]*; do
		[ "$(readlink "$process/exe")" = "$dir/bin/$1" ] && echo "${process#/proc/}"
	done 2>/dev/null
}

# Clock ticks that they used.
ticks()
{
	for process; do
		sed 's/.*) //' "/proc/$process/stat"
	done 2>/dev/null | awk '{ sum += $12 + $13 } END { print sum + 0 }'
}

# One line of $dir/results: PAGE REQUESTS-PER-SECOND CPU-MICROSECONDS FAILURES
measure()
{
	name=$1
	set -- $(processes "$name")
	before=$(ticks "$@")
	result=$(load "/$name" cookies)
	after=$(ticks "$@")
	echo "$name $result $((after - before)) $(getconf CLK_TCK)" | awk '{
		print $1, $2 / $3 * 1e6, ($2 > 0 ? $5 / $6 / $2 * 1e6 : 0), $4 }' >>"$dir/results"
}

# Medians over the rounds; ratios are taken round by round.
show_results()
{
	awk '
	function median(list, n,   i, j, swap) {
		for (i = 2; i <= n; i++)
			for (j = i; j > 1 && list[j - 1] > list[j]; j--) {
				swap = list[j]; list[j] = list[j - 1]; list[j - 1] = swap
			}
		return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
	}
	function show(name, what, against, least,   i, n, rate, used, ratio) {
		n = rounds[name]
		for (i = 1; i <= n; i++) {
			rate[i] = rates[name, i]; used[i] = cpu[name, i]
			ratio[i] = rates[name, i] / rates[against, i]
		}
		printf "%-34s %9.0f %9.1f %9.2f  %-8s %s\n", what, median(rate, n), median(used, n),
			median(ratio, n), against, least
	}
	{
		rounds[$1]++; rates[$1, rounds[$1]] = $2; cpu[$1, rounds[$1]] = $3; failures += $4
	}
	END {
		printf "%-34s %9s %9s %9s  %-8s %s\n", "16 connections", "per sec", "CPU us", "ratio", "to",
			"at least"
		show("page", "page without a session", "page", "")
		show("readonly", "page that reads its session", "page", "0.90")
		show("counter", "counter", "page", "0.80")
		show("counter", "counter", "php", "1.00")
		show("php", "counter in PHP, on files", "page", "")
		show("cgi", "counter as plain CGI", "page", "")
		print "failed requests: " failures + 0
	}' "$dir/results"
}

# kept PATH WHAT: all 16 connections count with one cookie.
kept()
{
	visitors 1 "$1" >"$dir/one"
	set -- $(load "$1" one) "$@"
	final=$(curl -s -b "$(cat "$dir/one")" "http://127.0.0.1:$port$4" |
		sed -n 's/.*class="count">\([0-9]*\)<.*/\1/p')
	# Not counted: the visit that began the session and the one that asked. wrk leaves up to 16
	# requests unanswered at its end, which count as well.
	echo "$5: $(($1 - $3)) answers, $((final - 2)) counted, of one cookie over 16 connections;" \
		"lost: $(($1 - $3 > final - 2 ? $1 - $3 - final + 2 : 0))"
}

start
visitors 64 /counter /php >"$dir/cookies"
for round in $(seq "$rounds"); do
	for page in page readonly counter php cgi; do
		measure "$page"
	done
done
show_results
kept /counter "counter"
kept /php "counter in PHP"
for process in $(processes counter); do
	sed -n 's/^VmRSS: */resident memory of a counter process (at most 6144 kB): /p' \
		"/proc/$process/status"
done
echo "largest log of the store: $(stat -c %s "$dir/data/sessions.db-wal") bytes"
