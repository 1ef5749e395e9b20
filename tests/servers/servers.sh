# SPDX-License-Identifier: ISC
# servers.sh - for scripts that start database servers of their own: a folder, free ports, and the
# end of all that they started. redis.sh and mysql.sh go on from here.

# Once for both of them.
[ -z "${taken_ports+set}" ] || return 0
: "${top_srcdir:=.}" "${top_builddir:=.}"
. "$top_srcdir/tests/tap.sh"
. "$top_srcdir/tests/processes.sh"
PATH=$PATH:/usr/sbin:/sbin
servers=$top_builddir/tests/servers
umask 077
LC_ALL=C
export LC_ALL

dir=$(mktemp -d "${TMPDIR:-/tmp}/sesskit-test-XXXXXX") || bail "cannot make a directory"
# Servers run as users of their own.
chmod 711 "$dir"
trap 'stop_all; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM HUP

# What serves should not be root; root lets the user of the package do it.
# serve_as NAME: sets as_user, to come before a command, and owner, of the folders.
serve_as()
{
	as_user= owner=$(id -u)
	if [ "$owner" = 0 ]; then
		as_user="setpriv --reuid=$1 --regid=$1 --clear-groups"
		owner=$1
	fi
}

# await COMMAND...: until it succeeds, for about 30 seconds.
await()
{
	await_end=$(($(date +%s) + 30))
	until "$@" >"$dir/awaited" 2>&1; do
		[ "$(date +%s)" -lt $await_end ] ||
			bail "waited in vain for: $* ($(cat "$dir/awaited")) $(logs)"
		sleep 0.05
	done
}

# The last words of all servers.
logs()
{
	tail -n 5 "$dir"/*/log | cut -c 1-300
}

# free_ports N: sets ports to so many that nobody uses, none of them twice. Those from 32768 on are
# the system's for whoever connects.
taken_ports=
free_ports()
{
	ports=
	while [ "$(echo $ports | wc -w)" -lt "$1" ]; do
		port=$((20000 + $(od -An -N2 -tu2 /dev/urandom) % 12000))
		case " $taken_ports " in *" $port "*) continue ;; esac
		taken_ports="$taken_ports $port"
		is_listened_to "$port" || ports="$ports $port"
	done
}

is_listened_to()
{
	awk -v port="$(printf ':%04X' "$1")" '
		index($2, port) && $4 == "0A" { found = 1 }
		END { exit !found }' /proc/net/tcp /proc/net/tcp6
}

# make_folder NAME: of a server, below dir.
make_folder()
{
	mkdir -p "$dir/$1" && chown "$owner" "$dir/$1" && chmod 755 "$dir/$1" ||
		bail "cannot make $dir/$1"
}

# start NAME COMMAND...: a server that writes to the log in the folder of this name; sets started to
# its process. What it starts itself ends with it.
start()
{
	start_log=$dir/$1/log
	shift
	TMPDIR=${start_log%/log} $as_user "$@" >>"$start_log" 2>&1 </dev/null &
	started=$!
	processes="$processes $started"
}

# kill_server PID: as a failing machine does, without a word.
kill_server()
{
	kill -KILL "$1"
	{ wait "$1"; } 2>"$dir/awaited"
	forget "$1"
}

forget()
{
	processes=$(for process in $processes; do
		[ "$process" = "$1" ] || echo "$process"
	done | xargs)
}

# -- cases -----------------------------------------------------------------------------------------

# suite WORDS PROGRAM [ARGUMENT]...: the cases of a program become one, which shows those that
# failed.
suite()
{
	suite_name=$1 suite_program=$2
	shift 2
	# With all the processes that it has started.
	timeout 150 "$servers/$suite_program" "$@" >"$dir/suite" 2>&1
	suite_status=$?
	cases=$(grep -c '^ok' "$dir/suite")
	ok "$suite_name: $suite_program: $cases cases pass" suite_passed
}

suite_passed()
{
	[ "$suite_status" = 0 ] && [ "$cases" -gt 0 ] && ! grep '^not ok' "$dir/suite" && return
	echo "exit status $suite_status"
	grep -v '^ok' "$dir/suite" | head -n 30
	logs
	return 1
}

# run_load COMMAND SETTING...: in the background; sets loader to its process.
run_load()
{
	load_command=$1
	shift
	[ -e "$dir/key" ] || "$top_builddir/fcgi-apps/tools/sesskit" keygen "$dir/key" >"$dir/made"
	"$servers/load_url" "$load_time" "$load_window" "$load_command" "$@" \
		modules="$top_builddir/lib/.libs" key_file="$dir/key" busy_ms=$busy_ms \
		>"$dir/facts" 2>&1 &
	loader=$!
	processes="$processes $loader"
}

# load SECONDS WINDOW ACTION SETTING...: sessions count, and after a quarter of the time the action
# strikes.
load()
{
	load_time=$1 load_window=$2 load_action=$3
	shift 3
	rm -f "$dir/now" "$dir/done"
	run_load "touch '$dir/now'; until [ -e '$dir/done' ]; do sleep 0.02; done" "$@"
	until [ -e "$dir/now" ]; do
		kill -0 $loader 2>/dev/null || bail "load_url: $(cat "$dir/facts")"
		sleep 0.05
	done
	$load_action
	touch "$dir/done"
	wait $loader || bail "load_url: $(cat "$dir/facts") $(logs)"
	forget $loader
	grep '^# a failure' "$dir/facts" | sort -u
}
busy_ms=1000

# kill_rounds SECONDS WORDS SETTING...: programs are killed in the middle of their work. Of the calls
# of others so many may fail.
may_fail=0
kill_rounds()
{
	kill_words=$2
	load_time=$1 load_window=0
	shift 2
	run_load KILL "$@"
	wait $loader || bail "load_url: $(cat "$dir/facts") $(logs)"
	forget $loader
	ok "$kill_words, programs are killed, $(fact killed) times" at_least killed 50
	loses_nothing "$kill_words, programs are killed"
	ok "$kill_words, programs are killed: no more than $may_fail calls of the others fail" \
		at_most failed $may_fail
}

fact()
{
	sed -n "s/^$1 //p" "$dir/facts"
}

# at_most NAME MOST, at_least NAME LEAST: of what load told.
at_most()
{
	[ "$(fact "$1")" -le "$2" ] || { sort -u "$dir/facts" | tail -n 40; return 1; }
}

at_least()
{
	[ "$(fact "$1")" -ge "$2" ] || { sort -u "$dir/facts" | tail -n 40; return 1; }
}

# stays_true WORDS: what load must find however its servers fail.
stays_true()
{
	ok "$1: the store answers afterwards" at_most silent 0
	ok "$1: there was work, $(fact answered) calls" at_least answered 200
	ok "$1: sessions were ended, $(fact ended)" at_least ended 3
	ok "$1: nothing answered before is lost" at_most lost 0
	ok "$1: nothing ended before comes back" at_most revived 0
	ok "$1: no session is another's" at_most foreign 0
	ok "$1: nothing is counted twice" at_most extra 0
	ok "$1: failures ($(fact failed)) are SESS_STORE or SESS_BUSY" at_most odd 0
	ok "$1: every call ends in time ($(fact longest) ms)" at_most longest $((busy_ms + 400))
	ok "$1: every worker goes on by itself (after $(fact gap) ms)" at_least recovered 4
}

# loses_nothing WORDS: not even what was answered in the last moment.
loses_nothing()
{
	stays_true "$1"
	ok "$1: nothing old is shown as fresh" at_most stale 0
	ok "$1: nothing answered at the last moment is lost" at_most lost_late 0
	ok "$1: nothing ended at the last moment comes back" at_most revived_late 0
}
