#!/bin/sh
# SPDX-License-Identifier: ISC
# demo.sh - install what is missing, build, and serve the sample programs with lighttpd on an
# address of this machine only, until Ctrl-C. Sessions are kept in build/demo from run to run.
#
#   PORT=n            listen there; otherwise on the first free port from 8080 up
#   DEMO_PROGRAMS=dir use the programs there; neither install nor build anything
#   DEMO_DATA=dir     keep sessions there
#   DEMO_STORE=url    keep them in this store, such as cookie:sqlite:/tmp/ended.db

top=$(cd "$(dirname "$0")/.." && pwd) || exit 1
. "$top/tests/setup.sh"

die()
{
	echo "demo.sh: $*" >&2
	exit 1
}

# The sockets, as numbers, that listen on a port; state 0A is LISTEN.
listeners()
{
	cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
		awk -v port="$(printf ':%04X' "$1")" '
			$4 == "0A" && substr($2, length($2) - 4) == port { print $10 }'
}

# Whether the server has the port, and not somebody who was faster.
is_serving()
{
	for socket in $(listeners "$port"); do
		ls -l "/proc/$server/fd" 2>/dev/null | grep -q "socket:\[$socket\]" && return
	done
	return 1
}

build_programs()
{
	install_packages $packages_build $packages_server || die "cannot go on without these"
	mkdir -p "$build" || exit
	echo "Building in $build"
	(bootstrap && configure_build && make -j"$(processors)") >"$build/demo.log" 2>&1 || {
		tail -n 30 "$build/demo.log" >&2
		die "the build failed; $build/demo.log has all of it"
	}
}

# put WORDS TEXT: what sed is to do for words of the template; a text may have any character but a
# line end.
put()
{
	printf '/^[^#]/ s|%s|%s|g\n' "$1" "$(printf '%s' "$2" | sed 's/[&|\\]/\\&/g')"
}

configuration()
{
	{
		# Not for "links", whose addresses carry the session.
		[ -z "$DEMO_STORE" ] || put sqlite:@DATA@/sessions.db "$DEMO_STORE"
		put @PORT@ "$port"
		put @HTML@ "$top/fcgi-apps/html"
		put @DATA@ "$data"
		put @RUN@ "$run"
		put @PROGRAMS@ "$run/programs"
	} | sed -f - "$top/fcgi-apps/conf/lighttpd.conf"
}

# A new password for the user of "login" at each start; other users in that file stay.
make_guest()
{
	password=$(od -An -N9 -tx1 /dev/urandom | tr -d ' \n')
	(
		umask 077
		{
			grep -v '^guest:' "$data/users" 2>/dev/null
			printf '%s\n' "$password" | "$run/programs/login" --hash guest
		} >"$run/users" && mv "$run/users" "$data/users"
	) || die "cannot write $data/users"
}

# The processes of the server's session that run one of the programs: also those that it left
# behind when it could not start.
running()
{
	for process in /proc/[0-9]*; do
		case $(readlink "$process/exe") in "$programs"/*) ;; *) continue ;; esac
		# Behind the name, which is in brackets and may have any character: state, parent,
		# group, session.
		set -- $(sed 's/.*) //' "$process/stat" 2>/dev/null)
		[ "$4" != "$session" ] || echo "${process#/proc/}"
	done
}

# Each finishes the request under way.
stop_programs()
{
	kill $(running) 2>/dev/null
	while [ -n "$(running)" ]; do
		sleep 0.1
	done
}

# End what this script started, and nothing else.
stop()
{
	trap '' INT TERM HUP
	[ -z "$server" ] || { kill "$server" 2>/dev/null && wait "$server" 2>/dev/null; }
	[ -z "$session" ] || stop_programs
	rm -rf "$run"
}

choose_port()
{
	while [ -n "$(listeners "$port")" ]; do
		[ -z "$PORT" ] ||
			die "port $PORT is taken; set PORT to another, or leave it unset"
		port=$((port + 1))
	done
}

# False if the server ended instead. It is in a session of its own: Ctrl-C would end the programs
# first, and the server start them anew.
start_server()
{
	configuration >"$run/lighttpd.conf"
	setsid lighttpd -D -f "$run/lighttpd.conf" </dev/null &
	server=$! session=$!
	until is_serving; do
		kill -0 "$server" 2>/dev/null || return
		sleep 0.1
	done
}

[ -n "$DEMO_PROGRAMS" ] || build_programs
command -v lighttpd >/dev/null || PATH=$PATH:/usr/sbin
data=${DEMO_DATA:-$build/demo}
(umask 077 && mkdir -p "$data") && chmod 700 "$data" || die "cannot make $data"
data=$(cd "$data" && pwd) || exit
case $PORT in *[!0-9]*) die "PORT is \"$PORT\"; give a number" ;; esac
port=${PORT:-8080}
choose_port

# lighttpd cuts the name of a program at blanks, and names of sockets must be short.
server= session=
run=$(mktemp -d "${TMPDIR:-/tmp}/sesskit-demo-XXXXXX") || exit
trap stop EXIT
trap 'exit 0' INT TERM HUP
programs=$(cd "${DEMO_PROGRAMS:-$build/fcgi-apps}" && pwd -P) &&
	ln -s "$programs" "$run/programs" || exit
make_guest
until start_server; do
	server=
	stop_programs
	# Somebody may have been faster with that port.
	[ -z "$PORT" ] && [ -n "$(listeners "$port")" ] ||
		die "lighttpd did not start; $data/error.log may tell why"
	choose_port
done
echo "Signing in at /login: user guest, password $password"
echo "Serving on http://127.0.0.1:$port/ - Ctrl-C stops. Sessions are in $data"
wait "$server"
server=
die "lighttpd ended; $data/error.log may tell why"
