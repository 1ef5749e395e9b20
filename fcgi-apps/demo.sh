#!/bin/sh
# SPDX-License-Identifier: ISC
# demo.sh - install what is missing, build, and serve the sample programs with lighttpd on an
# address of this machine only, until Ctrl-C. Sessions are kept in build/demo from run to run.
#
#   PORT=n            listen there; otherwise on the first free port from 8080 up
#   DEMO_PROGRAMS=dir use the programs there; neither install nor build anything
#   DEMO_DATA=dir     keep sessions there

top=$(cd "$(dirname "$0")/.." && pwd) || exit 1
. "$top/tests/setup.sh"

die()
{
	echo "demo.sh: $*" >&2
	exit 1
}

# Whether somebody listens on a port; state 0A is LISTEN.
listening()
{
	cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
		awk -v port="$(printf ':%04X' "$1")" '
			$4 == "0A" && substr($2, length($2) - 4) == port { found = 1 }
			END { exit !found }'
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

# Fill in the template; a word may have any character but a line end.
configuration()
{
	escaped_html=$(printf '%s' "$top/fcgi-apps/html" | sed 's/[&|\\]/\\&/g')
	escaped_data=$(printf '%s' "$data" | sed 's/[&|\\]/\\&/g')
	sed -e "/^[^#]/ s|@PORT@|$port|" -e "/^[^#]/ s|@HTML@|$escaped_html|" \
		-e "/^[^#]/ s|@DATA@|$escaped_data|g" -e "/^[^#]/ s|@RUN@|$run|g" \
		-e "/^[^#]/ s|@PROGRAMS@|$run/programs|g" "$top/fcgi-apps/conf/lighttpd.conf"
}

# End what this script started, and nothing else: the server ends the programs that it started,
# which finish the request under way.
stop()
{
	trap '' INT TERM HUP
	if [ -n "$server" ]; then
		programs=$(cat "/proc/$server/task/$server/children" 2>/dev/null)
		kill "$server" 2>/dev/null
		wait "$server" 2>/dev/null
		for program in $programs; do
			kill "$program" 2>/dev/null
			while kill -0 "$program" 2>/dev/null; do
				sleep 0.1
			done
		done
	fi
	rm -rf "$run"
}

[ -n "$DEMO_PROGRAMS" ] || build_programs
command -v lighttpd >/dev/null || PATH=$PATH:/usr/sbin
data=${DEMO_DATA:-$build/demo}
(umask 077 && mkdir -p "$data") && chmod 700 "$data" || die "cannot make $data"
data=$(cd "$data" && pwd) || exit
port=${PORT:-8080}
while [ -z "$PORT" ] && listening "$port"; do
	port=$((port + 1))
done

# lighttpd cuts the name of a program at blanks, and names of sockets must be short.
server=
run=$(mktemp -d "${TMPDIR:-/tmp}/sesskit-demo-XXXXXX") || exit
trap stop EXIT
trap 'exit 0' INT TERM HUP
programs=$(cd "${DEMO_PROGRAMS:-$build/fcgi-apps}" && pwd) &&
	ln -s "$programs" "$run/programs" || exit
configuration >"$run/lighttpd.conf"

# In a session of its own: Ctrl-C would end the programs first, and the server start them anew.
setsid lighttpd -D -f "$run/lighttpd.conf" </dev/null &
server=$!
until listening "$port"; do
	kill -0 "$server" 2>/dev/null || die "lighttpd did not start; $data/error.log may tell why"
	sleep 0.1
done
echo "Serving on http://127.0.0.1:$port/ - Ctrl-C stops. Sessions are in $data"
wait "$server"
server=
die "lighttpd ended; $data/error.log may tell why"
