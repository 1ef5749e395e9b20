# SPDX-License-Identifier: ISC
# tool_gc.sh - "sesskit gc": what it deletes and says, when it steps back, and how it is stopped.

: "${top_srcdir:=.}"
. "$top_srcdir/tests/tool.sh"

gc()
{
	"$sesskit" gc --store "$store" "$@" </dev/null
}

# begin LIVE EXPIRED: another store; what is expired has been for 30 days.
begin()
{
	rm -f "$dir"/sessions.db*
	refs "$1" expired="$2" >"$dir/refs"
}

left()
{
	sql 'SELECT count(*) FROM session'
}

# A number that the programs share, set as no hand may set it.
set_mark()
{
	sqlite3 "$dir/sessions.db" '.dbconfig enable_trigger off' \
		"INSERT OR REPLACE INTO mark (name, value) VALUES ('$1', $2)" >"$dir/mark.out"
}

mark()
{
	sql "SELECT value FROM mark WHERE name = '$1'"
}

# check_status CODE FILE TEXT COMMAND...: its exit code, and the one line in FILE, out or err.
check_status()
{
	status_code=$1 status_file=$dir/fails.$2 status_text=$3
	shift 3
	"$@" >"$dir/fails.out" 2>"$dir/fails.err" </dev/null
	same $? "$status_code" && same "$(wc -l <"$status_file")" 1 &&
		grep -q -e "$status_text" "$status_file" || { cat "$status_file"; return 1; }
}

begin 3 0
fails "a word too many" 64 "one word too many" gc --store "$store" now
fails "no rows at all" 64 "must be more than 0" gc --store "$store" --rows 0
fails "a time that is none" 64 "expected a time" gc --store "$store" --time soon
fails "a dry run that is to change something" 64 "changes nothing" gc --store "$store" --dry-run \
	--checkpoint

begin 3 700
is "a dry run says what would go" "$(gc --dry-run)" "700 expired sessions would be deleted"
is "and deletes nothing" "$(left)" 703
is "--rows is kept to" "$(gc --rows 100 | sed 's/ in .*s, /, /')" \
	"deleted 100 expired records, 600 are left"
is "to the row" "$(left)" 603
is "with --quiet it says nothing" "$(gc --quiet 2>&1)" ""
is "and leaves what lives" "$(left)" 3
is "those that live are the first" "$(sed -n 1,3p "$dir/refs" | sort)" \
	"$("$sesskit" list --json --store "$store" | sed 's/.*"ref":"\([^"]*\)".*/\1/' | sort)"
is "it leaves word of the last run" "$(($(date +%s) - $(mark gc) < 60))" 1
is "and of all that it deleted" "$(mark gc_deleted)" 700
is "another run finds nothing" "$(gc | sed 's/ in .*//')" "deleted 0 expired records"

begin 1 20
gc --json >"$dir/json.out"
empty "--json prints JSON" "$(json_faults <"$dir/json.out")"
is "on one line, with the numbers" "$(sed 's/"seconds":[0-9.]*,//' "$dir/json.out")" \
	'{"deleted":20,"waiting":0,"freed":0,"dry_run":false,"stopped":false,"exit":0}'

# -- metrics -------------------------------------------------------------------------------------

metric()
{
	sed -n "s/^sesskit_$1 //p" "$dir/metrics.prom"
}

# Lines that are neither a sample nor one of the two comments that belong to the next sample.
metric_faults()
{
	$AWK '/^# HELP sesskit_[a-z_]+ [A-Z].*\.$/ { help = $3; next }
		/^# TYPE sesskit_[a-z_]+ (gauge|counter)$/ && $3 == help { type = $3; next }
		/^sesskit_[a-z_]+ [0-9]+(\.[0-9]+)?$/ && $1 == type { next }
		{ print }' "$1"
}

metrics()
{
	begin 1 30
	echo old >"$dir/metrics.prom"
	chmod 600 "$dir/metrics.prom"
	gc --quiet --rows 10 --metrics "$dir/metrics.prom"
	is "metrics have the last run" "$(metric gc_last_deleted) $(metric gc_waiting)" "10 20"
	empty "every line is a metric" "$(metric_faults "$dir/metrics.prom")"
	is "everybody may read them" "$(stat -c %a "$dir/metrics.prom")" 644
	gc --quiet --metrics "$dir/metrics.prom"
	is "the total goes on" "$(metric gc_deleted_total) $(metric gc_last_deleted)" "30 20"
	is "success is 0" "$(metric gc_last_exit_code)" 0
	set_mark clock "unixepoch() - 3 * 86400"
	gc --quiet --metrics "$dir/metrics.prom" 2>"$dir/err"
	is "a failure has its code" "$(metric gc_last_exit_code)" 75
	fails "a folder that is not there" 73 "the metrics cannot be written" gc --quiet --force \
		--store "$store" --metrics "$dir/missing/metrics.prom"
	ok "a store that is not there" check_status 66 err "no such store" "$sesskit" gc \
		--store "sqlite:$dir/missing.db" --metrics "$dir/metrics.prom"
	is "is in the metrics, too" "$(metric gc_last_exit_code) $(metric gc_deleted_total)" "66 "
}

# No file can be written, as on a full disk. What it says, and its exit code, are in $dir/limited.
limited()
{
	{
		(trap '' XFSZ; ulimit -f 0; exec "$sesskit" gc "$@" 2>&1 </dev/null)
		echo $?
	} | cat >"$dir/limited"
}

full_disk()
{
	begin 2 300
	gc --quiet --rows 1 --metrics "$dir/metrics.prom"
	cp "$dir/metrics.prom" "$dir/metrics.old"
	limited --store "$store"
	is "a full disk has an exit code" "$(tail -n 1 "$dir/limited")" 69
	is "and one line" "$(wc -l <"$dir/limited")" 2
	ok "that names the file and what to do" grep -q 'sessions.db.*: .*; ' "$dir/limited"
	is "and nothing is lost" "$(left) $(sql 'PRAGMA integrity_check')" "301 ok"
	limited --quiet --store "$store" --metrics "$dir/metrics.prom"
	ok "the old metrics stay" cmp "$dir/metrics.prom" "$dir/metrics.old"
	is "without a file beside them" "$(ls "$dir" | grep -c '^metrics\.prom')" 1
	is "with room again, it goes on" "$(gc | sed 's/ in .*//')" "deleted 299 expired records"
}

# -- stepping back -------------------------------------------------------------------------------

stepping_back()
{
	begin 1 5
	set_mark collector "unixepoch() + 2"
	is "a program that collects is waited for" "$(gc | sed 's/ in .*//')" \
		"deleted 5 expired records"
	set_mark collector "unixepoch() + 60"
	fails "but not for long" 75 "another process is collecting" gc --store "$store"
	set_mark collector 0
	begin 1 5
	set_mark clock "unixepoch() - 3 * 86400"
	fails "a clock that jumped" 75 "the clock jumped ahead" gc --store "$store"
	is "deletes nothing" "$(left)" 6
	is "unless forced" "$(gc --force | sed 's/ in .*//')" "deleted 5 expired records"
}

# -- being stopped -------------------------------------------------------------------------------

# A shell that holds the database until it is told to let go.
hold()
{
	mkfifo "$dir/hold"
	sqlite3 "$dir/sessions.db" <"$dir/hold" >"$dir/held" &
	holder=$!
	exec 5>"$dir/hold"
	echo "BEGIN IMMEDIATE; SELECT 'held';" >&5
	until grep -q held "$dir/held"; do
		kill -0 $holder || bail "sqlite3 ended"
		sleep 0.05
	done
}

let_go()
{
	echo 'COMMIT;' >&5
	exec 5>&-
	wait $holder
	rm "$dir/hold"
}

# stop SIGNAL: a gc that waits for the database gets it; then it may go on. Sets stopped.
stop()
{
	hold
	"$sesskit" gc --store "$store" >"$dir/stop.out" 2>"$dir/stop.err" </dev/null 5>&- &
	process=$!
	until ls -l "/proc/$process/fd" 2>/dev/null | grep -q 'sessions.db-shm'; do
		kill -0 $process 2>/dev/null || bail "gc ended: $(cat "$dir/stop.err")"
		sleep 0.05
	done
	kill "-$1" $process
	let_go
	wait $process
	stopped=$?
}

being_stopped()
{
	begin 2 6000
	stop INT
	is "Ctrl-C stops it" "$stopped" 130
	is "and it says what was done" \
		"$(sed 's/[0-9][0-9]* expired/N expired/' "$dir/stop.err")" \
		"sesskit gc: stopped: N expired records were deleted, and the next run goes on from there"
	done_first=$(sed 's/[^0-9]*\([0-9]*\).*/\1/' "$dir/stop.err")
	is "which is true" "$(left)" $((6002 - done_first))
	ok "and not all of it" [ "$done_first" -lt 6000 ]
	stop TERM
	is "SIGTERM does the same" "$stopped" 143
	done_first=$((done_first + $(sed 's/[^0-9]*\([0-9]*\).*/\1/' "$dir/stop.err")))
	is "another run does the rest" "$(gc | sed 's/ in .*//')" \
		"deleted $((6000 - done_first)) expired records"
	is "and none is counted twice" "$(mark gc_deleted)" 6000
}

# -- on a terminal, and tidying ------------------------------------------------------------------

on_a_terminal()
{
	begin 1 2000
	script -qec "'$sesskit' gc --store '$store'" "$dir/typescript" >"$dir/terminal" </dev/null
	ok "a terminal gets a bar" grep -q 'deleting \[' "$dir/terminal"
	ok "and the line at the end" grep -q 'deleted 2000 expired records' "$dir/terminal"
	script -qec "'$sesskit' gc --quiet --store '$store'" "$dir/typescript" >"$dir/terminal" \
		</dev/null
	is "but with --quiet neither" "$(cat "$dir/terminal")" ""
}

tidying()
{
	begin 1 3
	gc --quiet
	ok "a short log stays" [ "$(stat -c %s "$dir/sessions.db-wal")" != 0 ]
	gc --quiet --checkpoint
	is "--checkpoint empties the log" "$(stat -c %s "$dir/sessions.db-wal")" 0
	sql "UPDATE mark SET value = value"
	fails "--shrink says what a store needs for it" 69 "PRAGMA auto_vacuum" gc --store "$store" \
		--shrink --checkpoint
	is "which keeps --checkpoint from nothing" "$(stat -c %s "$dir/sessions.db-wal")" 0
	begin 1 3000
	sql 'PRAGMA auto_vacuum = INCREMENTAL; VACUUM'
	before=$(stat -c %s "$dir/sessions.db")
	gc --shrink --checkpoint >"$dir/out"
	ok "with that, it makes the store smaller" \
		[ "$(stat -c %s "$dir/sessions.db")" -lt $((before / 2)) ]
	ok "and says by how much" grep -q 'gave .* back' "$dir/out"
	is "what lives is still there" "$(left) $(sql 'PRAGMA integrity_check')" "1 ok"
}

metrics
full_disk
stepping_back
being_stopped
on_a_terminal
tidying
done_testing
