# SPDX-License-Identifier: ISC
# processes.sh - the end of what a script has started, for scripts that read it with ".": each adds
# to processes what it has to wait for.

processes=

# End what this script started, and wait for it, but not for ever. What sleeps wakes up for that.
stop_all()
{
	[ -n "$processes" ] || return 0
	kill $processes 2>/dev/null
	kill -CONT $processes 2>/dev/null
	{ sleep 20 && kill -KILL $processes; } >/dev/null 2>&1 &
	impatience=$!
	for process in $processes; do
		wait "$process" 2>/dev/null
	done
	# Not by a signal that is trapped: as young as it may be, it would clean up in our place.
	kill -KILL "$impatience"
	{ wait "$impatience"; } 2>/dev/null
	processes=
}
