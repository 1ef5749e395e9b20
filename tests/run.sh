#!/bin/sh
# SPDX-License-Identifier: ISC
# run.sh - install what is missing, build everything in build/ and run every test there is. The
# last line is "N passed, N failed, N skipped"; the exit status is 0 if nothing failed.

top=$(cd "$(dirname "$0")/.." && pwd) || exit 1
. "$top/tests/setup.sh"
LC_ALL=C
VERBOSE=yes     # make shows what a failed test said
export LC_ALL VERBOSE

passed=0 failed=0 skipped=0
logs=$build/logs
# No phase takes a quarter of an hour, unless something hangs.
make="timeout --kill-after=30 900 make -j${JOBS:-$(processors)}"

# Set good, bad and left from the .trs files. A program with failed cases also exits with a failure,
# which the driver reports as an error: the same fault is not counted twice.
count_results()
{
	set -- $(find "$build" -name '*.trs' -exec awk '
		FNR == 1 { bad += failures > 0 ? failures : errors; failures = errors = 0 }
		$1 != ":test-result:" { next }
		$2 == "PASS" || $2 == "XFAIL" { good++ }
		$2 == "FAIL" || $2 == "XPASS" { failures++ }
		$2 == "ERROR" { errors++ }
		$2 == "SKIP" { left++ }
		END { print good + 0, bad + (failures > 0 ? failures : errors), left + 0 }' {} +)
	good=${1:-0} bad=${2:-0} left=${3:-0}
}

# phase NAME KIND COMMAND [ARGUMENT]...: run it, then count the cases it ran. Of KIND step it has
# none, and is a case itself; of KIND tests it must have some. A command that fails without a failed
# case counts as one.
phase()
{
	name=$1 kind=$2 started=$(date +%s)
	shift 2
	printf '== %s ... ' "$name"
	find "$build" \( -name '*.trs' -o -path '*/tests/*.log' \) -exec rm -f {} +
	"$@" >"$logs/$name.log" 2>&1
	status=$?
	good=0 bad=0 left=0
	[ $kind = step ] && [ $status = 0 ] && good=1
	[ $kind = tests ] && count_results
	[ $((good + bad + left)) = 0 ] && status=1
	[ $status != 0 ] && [ "$bad" = 0 ] && bad=1
	passed=$((passed + good)) failed=$((failed + bad)) skipped=$((skipped + left))
	echo "$good passed, $bad failed, $left skipped, $(($(date +%s) - started)) s"
	[ "$left" = 0 ] || grep -h '^SKIP' "$logs/$name.log"
	[ "$bad" = 0 ] || show_failures "$logs/$name.log"
	return $status
}

# The cases that failed, or what a compiler said, or else the end of the log.
show_failures()
{
	grep -E -A 2 '^(not ok|ERROR:|Bail out)|^[^ ]*: (fatal )?(error|warning)|: (fatal )?error:' \
		"$1" | head -n 60 | grep . || tail -n 40 "$1"
	echo "   all of it: $1"
}

finish()
{
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ] && [ "$passed" != 0 ]
	exit
}

mkdir -p "$logs" && cd "$build" || exit 1
phase packages step install_packages $packages_build $packages_test || finish
exec </dev/null         # from here on nobody is asked anything
phase bootstrap step bootstrap || finish
phase configure step configure_build --enable-werror --with-fcgi=yes || finish
phase build step $make all || finish
for target in check check-slow check-e2e check-servers check-asan check-tsan check-valgrind; do
	phase $target tests $make $target
done
for target in check-man check-cppcheck check-analyzer check-fuzz distcheck; do
	phase $target step $make $target
done
finish
