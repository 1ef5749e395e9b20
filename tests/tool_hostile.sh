# SPDX-License-Identifier: ISC
# tool_hostile.sh - a database as bad as a stranger, or a damaged disk, can make it: no verb lets
# its texts reach the terminal or trips over its numbers, and all that is JSON is valid.

: "${top_srcdir:=.}"
. "$top_srcdir/tests/tool.sh"

"$fill" "$store" 6 expired=2 user=alice >"$dir/filled" || bail "no store"

# Every column of text holds this, but each row another one: escapes of a terminal, a line end, no
# UTF-8, a mark that turns the direction, quotes, none at all, very much.
sqlite3 "$dir/sessions.db" '.dbconfig enable_trigger off' "
	CREATE TEMP TABLE bad AS SELECT row_number() OVER () AS n, CAST(column1 AS TEXT) AS text FROM (
		VALUES (x'1b5d303b6576696c07'), (x'610a620d63'), (x'c3ff28ed0a'), (x'e280ae6578'),
		('\"\\,}'), (''), (CAST(zeroblob(3) AS TEXT)), (printf('%.*c', 100000, 'x')));
	UPDATE session SET (user, address, agent, data) = (SELECT text, text, text,
		iif(n % 2, text, json_object(text, text)) FROM bad
		WHERE n = 1 + (SELECT count(*) FROM session AS s WHERE s.id < session.id))" \
	>"$dir/nowhere" || bail "cannot spoil the store"
is "every text is spoiled" "$(sql "SELECT count(DISTINCT user) FROM session")" 8

# obeyed VERB: lines with what a terminal would obey. An export has values as they are stored, in
# which a mark of direction is a character like others.
obeyed()
{
	mark=$(printf '\342\200\256')
	[ "$1" != export ] || mark='^$'
	grep -a -c -e "$(printf '[\001-\010\013-\037\177]')" -e "$mark" "$dir/out"
}

# What is damaged is left out of an export, and found by doctor; all else knows how to show it.
check()
{
	"$@" >"$dir/out" 2>&1 </dev/null
	case $2.$? in
	*.0 | export.65 | doctor.1) same "$(obeyed "$2")" 0 ;;
	*) cat "$dir/out"; return 1 ;;
	esac
}

# look NAME: every verb that only reads, on the store as it is.
look()
{
	for call in list "list --state all --sort user" "list --state all --sort bytes --limit 2" \
		"list --table" "list --idle-since 1m" stats "watch --count 1" "gc --dry-run" "doctor --deep" \
		export; do
		ok "$1, $call: nothing that a terminal obeys" check "$sesskit" $call --store "$store"
		case $call in
		list* | export) ;;
		*) check "$sesskit" $call --json --store "$store" >"$dir/nowhere" ;;
		esac
		empty "$1, $call: valid JSON" "$(grep '^{' "$dir/out" | json_faults)"
	done
	"$sesskit" stats --quiet --metrics "$dir/metrics" --store "$store" >"$dir/nowhere" 2>&1
	empty "$1: valid metrics" "$(grep -v -E -e '^# (HELP|TYPE) sesskit_[a-z_]+ ' \
		-e '^sesskit_[a-z_]+ [0-9.]+$' "$dir/metrics")"
	sql 'SELECT lower(hex(id)) FROM session' >"$dir/ids"
	while read -r id; do
		ok "$1, show $id: nothing that a terminal obeys" check "$sesskit" show "$id" --store "$store"
		ok "--json: nothing either" check "$sesskit" show "$id" --json --store "$store"
		empty "and valid JSON" "$(grep '^{' "$dir/out" | json_faults)"
	done <"$dir/ids"
}
look "bad texts"

# Numbers that no program wrote, and sums of them that go beyond all bounds.
for number in -9223372036854775808 -1 0 9223372036854775807; do
	sqlite3 "$dir/sessions.db" '.dbconfig enable_trigger off' "
		UPDATE session SET revision = max(1, $number), created = $number, seen = $number,
			absolute = $number, idle = $number, renew = $number, offered = $number, login = $number,
			persist = $number, level = $number, expires = iif(n % 2, 9223372036854775807, $number)
			FROM (SELECT id AS i, row_number() OVER () AS n FROM session) WHERE id = i;
		INSERT OR REPLACE INTO mark SELECT column1, $number
			FROM (VALUES ('clock'), ('clock_doubt'), ('gc'), ('gc_deleted'), ('collector'));
		DELETE FROM tally;
		INSERT INTO tally SELECT unixepoch() / 60 - value, $number, $number, $number, $number, 0, 0
			FROM generate_series(0, 300, 30)" >"$dir/nowhere" || bail "cannot spoil the store"
	look "numbers $number"
done
done_testing
