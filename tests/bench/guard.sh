# SPDX-License-Identifier: ISC
# guard.sh - no change may make a session much dearer: instructions as callgrind counts them, which
# are the same on any machine however busy, against the same work by hand-written SQL.

: "${top_srcdir:=.}" "${top_builddir:=.}"
. "$top_srcdir/tests/tap.sh"

bench=$top_builddir/tests/bench/bench_session
[ -x "$bench" ] || bail "$bench is not there; \"make bench\" builds it"
command -v callgrind_annotate >/dev/null || bail "valgrind is not installed"
umask 077
dir=$(mktemp -d "${TMPDIR:-/tmp}/sesskit-test-XXXXXX") || bail "cannot make a directory"
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM HUP

"$bench" make "$dir" 20000 && memory=$("$bench" memory "$dir") || bail "cannot prepare the store"
valgrind --tool=callgrind --collect-atstart=no --toggle-collect=measured \
	--callgrind-out-file="$dir/counts" "$bench" count "$dir" 300 >"$dir/log" 2>&1 ||
	bail "callgrind failed: $(tail -n 3 "$dir/log")"
callgrind_annotate --inclusive=yes --threshold=100 "$dir/counts" >"$dir/table" ||
	bail "callgrind_annotate failed"

# instructions FUNCTION: one call of it, everything below it included.
instructions()
{
	awk -v name=":$1 " '
		index($0, name) && !seen++ { gsub(/,/, "", $1); print int($1 / calls) }' \
		calls="$2" "$dir/table"
}

# at_most NAME OURS RAW LIMIT
at_most()
{
	diag "$1: $2 instructions, by hand-written SQL $3"
	ok "$1: at most $4 times those of hand-written SQL" \
		awk -v ours="$2" -v raw="$3" -v limit="$4" \
		'BEGIN { print ours / raw; exit !(raw > 0 && ours > 0 && ours / raw <= limit) }'
}

# What the kernel does is not counted: nearly half the time of a read, and the same on both sides.
# These limits so belong to 1.35 and 1.25 of the time. The reading operation runs twice per round.
at_most "resume and read five values" "$(instructions op_read 600)" \
	"$(instructions raw_op_read 300)" 2.10
at_most "resume, change one, commit" "$(instructions op_change 300)" \
	"$(instructions raw_op_change 300)" 1.55
ok "no allocation per value read" expr "$memory" : '.*per value read: 0\.0 '
done_testing
