#!/bin/sh
# SPDX-License-Identifier: ISC
# run.sh - all benchmarks, as tables of ratios; "make bench" builds the programs and runs this. What
# they need and is not there is installed.
#
#   SESSIONS=100000 ROUNDS=101 SECONDS_EACH=3 LIVE=4000000 EXPIRED=1000000 STORE_ROUNDS=25 FILL=100000 sh tests/bench/run.sh BUILD-DIRECTORY

here=$(cd "$(dirname "$0")" && pwd) && top=$(cd "$here/../.." && pwd) || exit 1
. "$top/tests/setup.sh"
install_packages $packages_bench || exit 1
build=$(cd "${1:-.}" && pwd) && bench=$build/tests/bench || exit 1
umask 077
dir=$(mktemp -d "${TMPDIR:-/tmp}/sesskit-bench-XXXXXX") || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM HUP

title()
{
	printf '\n== %s\n\n' "$*"
}

# Programs as they are after an installation: a copied file is mapped in fewer pieces than one that
# a linker wrote, which saves 0.1 ms per start.
mkdir "$dir/bin" "$dir/store" "$dir/cgi" &&
	cp "$build/fcgi-apps/counter" "$bench/page" "$bench/readonly" "$bench/empty_cgi" "$dir/bin" ||
	exit

title "one process, ${SESSIONS:=100000} sessions"
"$bench/bench_session" make "$dir/store" "$SESSIONS" &&
	"$bench/bench_session" time "$dir/store" "${ROUNDS:-101}" &&
	"$bench/bench_session" memory "$dir/store" || exit

if command -v callgrind_annotate >/dev/null; then
	title "instructions"
	(top_srcdir=$here/../.. && top_builddir=$build && . "$here/guard.sh") | sed -n 's/^# //p'
fi

title "writers at once, ${SECONDS_EACH:=3} seconds each"
"$bench/bench_writers" "$dir/store" "$SECONDS_EACH" || exit

if [ -x "$bench/bench_stores" ]; then
	title "every store, beside the client library alone"
	install_packages $packages_stores || exit 1
	(top_srcdir=$top top_builddir=$build; . "$here/stores.sh") || exit
fi

# Takes a quarter of an hour, and 8 GB in TMPDIR.
title "collecting ${EXPIRED:=1000000} sessions among ${LIVE:=4000000}"
mkdir "$dir/gc" && "$bench/bench_gc" "$dir/gc" "$LIVE" "$EXPIRED" 30 && rm -r "$dir/gc" || exit

title "plain CGI; at most 300 over the empty program"
SESSKIT_STORE=sqlite:$dir/cgi/sessions.db REQUEST_METHOD=GET REMOTE_ADDR=127.0.0.1
export SESSKIT_STORE REQUEST_METHOD REMOTE_ADDR
HTTP_COOKIE=$("$dir/bin/counter" | tr -d '\r' | sed -n 's/^Set-Cookie: \([^;]*\).*/\1/p')
export HTTP_COOKIE
files=$(ls -i "$dir/cgi")
"$bench/bench_cgi" 40 "$dir/bin/empty_cgi" "$dir/bin/counter" || exit
[ "$files" = "$(ls -i "$dir/cgi")" ] && echo "no file of the store was made or removed" ||
	echo "files of the store were made or removed"
unset SESSKIT_STORE REQUEST_METHOD REMOTE_ADDR HTTP_COOKIE

title "behind lighttpd"
sh "$here/bench_http.sh" "$dir/bin" 5 "$SECONDS_EACH"
