# SPDX-License-Identifier: ISC
# tap.sh - the Test Anything Protocol for shell scripts, which read it with ".".

tap_cases=0
tap_failures=0

diag()
{
	printf '%s\n' "$@" | sed 's/^/# /'
}

# ok NAME COMMAND [ARGUMENT]...: the case passes if the command succeeds; what it printed shows why
# it did not.
ok()
{
	tap_name=$1
	shift
	tap_cases=$((tap_cases + 1))
	if tap_output=$("$@" 2>&1); then
		echo "ok $tap_cases - $tap_name"
	else
		tap_failures=$((tap_failures + 1))
		echo "not ok $tap_cases - $tap_name"
		diag "$tap_output"
	fi
}

# is NAME GOT WANT
is()
{
	ok "$1" same "$2" "$3"
}

same()
{
	[ "$1" = "$2" ] || { printf 'got:  %s\nwant: %s\n' "$1" "$2"; return 1; }
}

# empty NAME TEXT: the case passes if there is no text, which otherwise lists the faults.
empty()
{
	ok "$1" is_empty "$2"
}

is_empty()
{
	[ -z "$1" ] || { printf '%s\n' "$1"; return 1; }
}

bail()
{
	echo "Bail out! $*"
	exit 255
}

# The plan; the result is that of the script.
done_testing()
{
	echo "1..$tap_cases"
	[ "$tap_failures" = 0 ] && [ "$tap_cases" != 0 ]
}
