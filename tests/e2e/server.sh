# SPDX-License-Identifier: ISC
# server.sh - for scripts that start real web servers from the samples in fcgi-apps/conf: a folder
# of their own, free ports, programs behind sockets, and the end of all that they started.

: "${top_srcdir:=.}" "${top_builddir:=.}"
. "$top_srcdir/tests/tap.sh"
. "$top_srcdir/tests/processes.sh"
. "$top_srcdir/tests/e2e/checks.sh"
. "$top_srcdir/tests/e2e/programs.sh"
PATH=$PATH:/usr/sbin:/sbin
umask 077

dir=$(mktemp -d "${TMPDIR:-/tmp}/sesskit-test-XXXXXX") || bail "cannot make a directory"
trap 'stop_all; stop_orphans; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM HUP

# Apache refuses to serve as root, and no server should; root runs all as the user of web servers.
as_user=
[ "$(id -u)" != 0 ] || as_user='setpriv --reuid=www-data --regid=www-data --clear-groups'

# await COMMAND...: until it succeeds, for about 15 seconds.
await()
{
	await_end=$(($(date +%s) + 15))
	until "$@" 2>/dev/null; do
		[ "$(date +%s)" -lt $await_end ] || { echo "waited in vain for: $*"; return 1; }
		sleep 0.05
	done
}

# A port of this machine that nobody listens on.
free_port()
{
	while
		port=$((20000 + $(od -An -N2 -tu2 /dev/urandom) % 12000))
		curl -s -o "$dir/nothing" "http://127.0.0.1:$port/"
		[ $? != 7 ]
	do
		:
	done
	echo "$port"
}

choose_ports()
{
	port=$(free_port) tls_port=$(free_port)
	http=http://127.0.0.1:$port https=https://127.0.0.1:$tls_port
}

# The folder in which a server and its programs run: PROGRAM... are there, and the probe.
prepare()
{
	programs=$*
	mkdir "$dir/conf" "$dir/programs" "$dir/data" "$dir/run" "$dir/run/apache-cache" &&
		cp -R "$top_srcdir/fcgi-apps/html" "$dir/html" || bail "cannot fill $dir"
	for program; do
		cp "$top_builddir/fcgi-apps/$program" "$dir/programs/" || bail "no $program"
	done
	cp "$top_builddir/tests/e2e/probe" "$dir/programs/" || bail "no probe"
	password=open-sesame
	[ ! -x "$dir/programs/login" ] ||
		echo "$password" | "$dir/programs/login" --hash guest >"$dir/data/users" ||
		bail "no password file"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
		-keyout "$dir/key.pem" -out "$dir/cert.pem" -subj /CN=localhost \
		-addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' 2>"$dir/openssl.log" ||
		bail "no certificate: $(cat "$dir/openssl.log")"
	choose_ports
	[ -z "$as_user" ] || chown -R www-data:www-data "$dir"
}

# configure [WAY]: fill in the words of every sample, as its comment asks for; forget all cookies.
# backend is the port of a server behind this one.
backend=
configure()
{
	escaped=$(printf '%s' "$dir" | sed 's/[&|\\]/\\&/g')
	rm -f "$dir"/*.jar
	for sample in "$top_srcdir"/fcgi-apps/conf/*; do
		sed -e "s|@BACKEND@|127.0.0.1:$backend|g" -e "s|@WAY@|$1|g" \
			-e "s|@PORT@|$port|g" -e "s|@TLSPORT@|$tls_port|g" \
			-e "s|@CERT@|$escaped/cert.pem|g" -e "s|@KEY@|$escaped/key.pem|g" \
			-e "s|@HTML@|$escaped/html|g" -e "s|@PROGRAMS@|$escaped/programs|g" \
			-e "s|@DATA@|$escaped/data|g" -e "s|@RUN@|$escaped/run|g" \
			-e "s|@CONF@|$escaped/conf|g" "$sample" >"$dir/conf/${sample##*/}"
	done
	[ -z "$as_user" ] || chown -R www-data:www-data "$dir/conf" "$dir/run"
}

# start COMMAND...: in the background, to be ended later; sets started to its process.
start()
{
	env HOME="$dir/run" SESSKIT_STORE="sqlite:$dir/data/sessions.db" \
		LOGIN_USERS="$dir/data/users" $as_user "$@" >>"$dir/run/output" 2>&1 </dev/null &
	started=$!
	processes="$processes $started"
}

# The settings of a program that differ from what all others have, as in lighttpd.conf.
own_settings()
{
	case $1 in
		lifetime) echo SESSKIT_COOKIE_NAME=lifetime ;;
		links) echo "SESSKIT_STORE=sqlite:$dir/data/links.db SESSKIT_QUERY=sid" \
			SESSKIT_COOKIE_NAME=links SESSKIT_COOKIE_EMIT=no ;;
	esac
}

# start_programs: two processes of each behind a socket; a process that dies is replaced.
start_programs()
{
	for program in probe $programs; do
		start env $(own_settings "$program") \
			spawn-fcgi -n -s "$dir/run/$program.socket" -- \
			/usr/bin/multiwatch -f 2 -- "$dir/programs/$program"
	done
}

# The last words of everything that was started.
logs()
{
	tail -n 20 "$dir/run/output" "$dir"/*/*.log
}

is_up()
{
	kill -0 "$server" || bail "the server ended: $(logs)"
	curl -s -f -o "$dir/nothing" -m 5 "$http/style.css" &&
		curl -s -f -o "$dir/nothing" -m 5 --cacert "$dir/cert.pem" "$https/probe$suffix"
}

# start_server COMMAND...: until it serves; sets server to its process.
start_server()
{
	start "$@"
	server=$started
	await is_up || bail "no answer: $(logs)"
}

# Programs of a server that failed outlive it.
stop_orphans()
{
	for process in /proc/[0-9]*; do
		case $(readlink "$process/exe") in
			"$dir/programs/"*) kill "${process#/proc/}" ;;
		esac
	done
}

# The processes of a program.
running()
{
	for process in /proc/[0-9]*; do
		[ "$(readlink "$process/exe")" != "$dir/programs/$1" ] || echo "${process#/proc/}"
	done
}

# The processes that the server has started itself.
children()
{
	xargs <"/proc/$server/task/$server/children"
}

is_gone()
{
	! kill -0 "$1"
}

# What is still running from the folder of this script.
leftovers()
{
	for process in /proc/[0-9]*; do
		{ tr '\0' ' ' <"$process/cmdline"; } 2>/dev/null | grep -q "$dir/" &&
			tr '\0' ' ' <"$process/cmdline"
	done
}
