# SPDX-License-Identifier: ISC
# site.sh - for scripts that start the demo as a user does, and visit its programs with curl.

: "${top_srcdir:=.}" "${top_builddir:=.}"
. "$top_srcdir/tests/tap.sh"

dir=$(mktemp -d "${TMPDIR:-/tmp}/sesskit-test-XXXXXX") || bail "cannot make a directory"
demo=
trap 'stop_demo; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM HUP

# start_demo [NAME=VALUE]...: sets demo, its process, and url; the database stays from run to run.
start_demo()
{
	: >"$dir/demo.out"
	env DEMO_PROGRAMS="$top_builddir/fcgi-apps" DEMO_DATA="$dir/data" TMPDIR="$dir" "$@" \
		sh "$top_srcdir/fcgi-apps/demo.sh" >"$dir/demo.out" 2>&1 &
	demo=$!
	url=
	until [ -n "$url" ]; do
		kill -0 "$demo" 2>/dev/null || bail "no server: $(cat "$dir/demo.out")"
		sleep 0.1
		url=$(sed -n 's/^Serving on \(http[^ ]*\)\/ .*/\1/p' "$dir/demo.out")
	done
}

stop_demo()
{
	[ -z "$demo" ] || { kill "$demo" && wait "$demo"; }
	stopped=$?
	demo=
	return $stopped
}

# visit JAR PATH [CURL OPTION]...: the answer with its headers, line ends as in text.
visit()
{
	jar=$dir/$1.jar path=$2
	shift 2
	curl -s -i -m 20 -b "$jar" -c "$jar" "$@" "$url$path" | tr -d '\r'
}

# The form token of the first form on a page.
form_token()
{
	sed -n 's/.*name="token" value="\([A-Za-z0-9_-]*\)".*/\1/p' | head -n 1
}

# post JAR PATH [CURL OPTION]...: get the page, and send its form.
post()
{
	token=$(visit "$1" "$2" | form_token)
	visit "$@" --data-urlencode "token=$token"
}

# copy_jar FROM TO: all the cookies of a browser, as a thief would take them.
copy_jar()
{
	cp "$dir/$1.jar" "$dir/$2.jar"
}

# Lines of an answer: its first one, the cookies it sets, the header called NAME, the page.
status()
{
	head -n 1
}

cookie_lines()
{
	grep -i '^set-cookie:'
}

header()
{
	sed -n '/^$/q; p' | grep -i "^$1:"
}

page()
{
	sed '1,/^$/d'
}

# The number that a page counts.
count()
{
	sed -n 's/.*class="count">\([0-9]*\)<.*/\1/p'
}

# cookie JAR NAME: the value that a browser holds.
cookie()
{
	awk -v name="$2" '$6 == name { print $7 }' "$dir/$1.jar"
}

# says NAME TEXT WORDS: the case passes if the text has the words.
says()
{
	ok "$1" contains "$2" "$3"
}

contains()
{
	printf '%s\n' "$1" | grep -qF -e "$2" || { printf 'no "%s" in:\n%s\n' "$2" "$1"; return 1; }
}

# lacks NAME TEXT WORDS: the case passes if the text has them not.
lacks()
{
	empty "$1" "$(printf '%s\n' "$2" | grep -F -e "$3")"
}
