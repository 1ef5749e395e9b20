# SPDX-License-Identifier: ISC
# tool.sh - what the tests of the command share; they read it with ".". Sets dir, a private folder
# that goes away at the end, sesskit and fill, the programs, and store, the URL of a store to fill.

: "${top_srcdir:=.}" "${top_builddir:=.}" "${AWK:=awk}"
. "$top_srcdir/tests/tap.sh"
LC_ALL=C
export LC_ALL
top_srcdir=$(cd "$top_srcdir" && pwd) && top_builddir=$(cd "$top_builddir" && pwd) || bail "no tree"
# Settings of whoever runs the tests must not count.
for variable in $(env | sed -n 's/^\(SESSKIT_[A-Z_]*\)=.*/\1/p'); do
	unset "$variable"
done

dir=$(mktemp -d "${TMPDIR:-/tmp}/sesskit-test-XXXXXX") || bail "cannot make a directory"
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
sesskit=$top_builddir/fcgi-apps/tools/sesskit
fill=$top_builddir/tests/tool_fill
store=sqlite:$dir/sessions.db
[ -x "$sesskit" ] && [ -x "$fill" ] || bail "$sesskit or $fill is not built"

# refs COUNT [NAME=VALUE]...: make sessions in $store; one ref per line.
refs()
{
	"$fill" "$store" "$@" | cut -d ' ' -f 1
}

# fails NAME CODE TEXT VERB [ARGUMENT]...: the case passes if the command ends with that exit code,
# one line on standard error, which contains TEXT, and nothing on standard output.
fails()
{
	fails_name=$1 fails_code=$2 fails_text=$3
	shift 3
	ok "$fails_name" check_failure "$sesskit" "$@"
}

check_failure()
{
	"$@" >"$dir/fails.out" 2>"$dir/fails.err" </dev/null
	check_report $? && is_empty "$(cat "$dir/fails.out")"
}

# check_report STATUS: what $dir/fails.err says is what fails was told to expect.
check_report()
{
	same "$1" "$fails_code" || { cat "$dir/fails.err"; return 1; }
	same "$(wc -l <"$dir/fails.err")" 1 || { cat "$dir/fails.err"; return 1; }
	grep -q -F -e "$fails_text" "$dir/fails.err" || { cat "$dir/fails.err"; return 1; }
}

# json_faults: lines of standard input that are not JSON.
json_faults()
{
	while IFS= read -r line; do
		printf '%s' "$line" >"$dir/json"
		[ "$(sqlite3 :memory: "SELECT json_valid(CAST(readfile('$dir/json') AS TEXT))")" = 1 ] ||
			printf '%s\n' "$line"
	done
}

# sql STATEMENT: ask the database itself.
sql()
{
	sqlite3 "$dir/sessions.db" "$1"
}

# common_outputs VERB [ARGUMENT]...: what every verb that prints says when it cannot.
common_outputs()
{
	fails_code=74 fails_text="cannot write to standard output: No space left"
	ok "$1: a full disk" check_full "$@"
	fails_text="cannot write to standard output: Broken pipe"
	ok "$1: a reader that went away" check_pipe "$@"
}

check_full()
{
	"$sesskit" "$@" >/dev/full 2>"$dir/fails.err" </dev/null
	check_report $?
}

# The reader is gone before the first byte is written.
check_pipe()
{
	rm -f "$dir/pipe" "$dir/status"
	mkfifo "$dir/pipe"
	{
		# Opened for writing only when the reader has closed its end.
		exec 3<>"$dir/pipe" 4>"$dir/pipe" 3<&-
		"$sesskit" "$@" >&4 2>"$dir/fails.err" </dev/null
		echo $? >"$dir/status"
	}
	exec 4>&-
	check_report "$(cat "$dir/status")"
}

# full COMMAND [ARGUMENT]...: where no file may grow, as on a full disk. All that it says is on
# standard error; it goes there through a pipe, which may grow.
full()
{
	said=$(ulimit -f 0; exec "$@" 2>&1)
	full_status=$?
	[ -z "$said" ] || printf '%s\n' "$said" >&2
	return $full_status
}
