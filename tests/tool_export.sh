# SPDX-License-Identifier: ISC
# tool_export.sh - "sesskit export" and "sesskit import": what comes out goes in again byte for byte,
# whatever interrupts them; and what was damaged on the way is noticed. With SESS_SLOW set, with a
# million sessions.

: "${top_srcdir:=.}"
. "$top_srcdir/tests/tool.sh"
. "$top_srcdir/tests/tool_many.sh"
sessions=20000

export_a()
{
	"$sesskit" export --store "$store" "$@"
}
import_into()
{
	name=$1
	shift
	"$sesskit" import --store "sqlite:$dir/$name.db" "$@"
}
lines()
{
	wc -l | tr -d ' '
}

# -- a few sessions of real visitors -------------------------------------------------------------

"$fill" "$store" 3 user=alice expired=1 >"$dir/filled"
"$fill" "$store" 1 >>"$dir/filled"
"$fill" "$store" 1 sealed user=eve value=secret >"$dir/sealed"
token=$(sed -n '1s/.* //p' "$dir/filled") ref=$(sed -n '1s/ .*//p' "$dir/filled")
gone=$(sed -n '2s/ .*//p' "$dir/filled") gone_token=$(sed -n '2s/.* //p' "$dir/filled")
"$sesskit" end --quiet --store "$store" "$gone"
is "an export tells what it wrote" \
	"$(export_a --output "$dir/a" | sed 's/, [0-9].*//')" \
	"exported 5 sessions and 1 ended ids to $dir/a"
is "for its owner only" "$(stat -c %a "$dir/a")" 600
ok "and leaves nothing else" [ ! -e "$dir/a.part" ]
empty "each line is JSON" "$(json_faults <"$dir/a")"
is "to standard output goes the same" "$(export_a | items /dev/stdin)" "$(items "$dir/a")"
empty "--quiet says nothing" "$(export_a --quiet --output "$dir/again")"
is "--json" "$(export_a --json --output "$dir/again" | sed 's/,"bytes".*//')" \
	'{"sessions":5,"ids_ended":1,"left_out":0'
ok "no cookie is in it" sh -c "! grep -q -F -e '$token' '$dir/a'"
ok "nor a key" sh -c "! grep -q -F -e '$(sed -n 's/^1 //p' "$dir/sessions.db.key")' '$dir/a'"
ok "values that are not sealed can be read" grep -q '"data":{.*"value":"hello"' "$dir/a"
ok "sealed ones cannot" sh -c "! grep -q '\"value\":\"secret\"' '$dir/a'"

fails "another store lacks the keys" 66 "b.db.key is missing" \
	import --store "sqlite:$dir/b.db" "$dir/a"
"$sesskit" keygen "$dir/b.db.key" >/dev/null
fails "or has others" 78 "lacks a key" import --store "sqlite:$dir/b.db" "$dir/a"
ok "and is not made" [ ! -e "$dir/b.db" ]
is "--dry-run counts" "$(import_into b --dry-run "$dir/a" | sed 's/ in [0-9].*//')" \
	"would import 5 sessions and 1 ended ids"
ok "and makes nothing either" [ ! -e "$dir/b.db" ]
is "--any-keys imports" "$(import_into b --any-keys --quiet "$dir/a"; contents "$dir/b.db")" \
	"$(contents "$dir/sessions.db")"
fresh b
is "with the keys it goes without" "$(import_into b "$dir/a" | sed 's/ in [0-9].*,/,/')" \
	"imported 5 sessions and 1 ended ids, 0 were there already"
is "all is there" "$(contents "$dir/b.db")" "$(contents "$dir/sessions.db")"
is "the visitor is there" "$("$fill" "sqlite:$dir/b.db" 0 "resume=$token")" "live alice"
is "who was logged out is not" "$("$fill" "sqlite:$dir/b.db" 0 "resume=$gone_token")" "revoked -"
is "once more" "$(import_into b --json - <"$dir/a" | sed 's/,"seconds".*//')" \
	'{"sessions":0,"ids_ended":0,"there_already":6,"bad_lines":0,"dry_run":false'
is "the totals are right" "$(totals "$dir/b.db")" "1|1"

"$sesskit" end --quiet --store "sqlite:$dir/b.db" "$ref"
import_into b --quiet "$dir/a"
is "what ended there stays ended" "$("$fill" "sqlite:$dir/b.db" 0 "resume=$token")" "revoked -"
fresh b
import_into b --quiet "$dir/a"
"$sesskit" end --quiet --store "$store" "$ref"
export_a --quiet --output "$dir/later"
import_into b --quiet "$dir/later"
is "and what ended since ends there" "$("$fill" "sqlite:$dir/b.db" 0 "resume=$token")" "revoked -"
is "the totals are right still" "$(totals "$dir/b.db")" "1|1"

# -- damaged files -------------------------------------------------------------------------------

# bad NAME TEXT: the file $dir/bad is refused, naming the line.
bad()
{
	fresh c
	fails_code=65 fails_text=$2
	ok "$1" check_bad
}
check_bad()
{
	import_into c --quiet "$dir/bad" >"$dir/fails.out" 2>"$dir/fails.err"
	check_report $?
}
items_c()
{
	sqlite3 "$dir/c.db" 'SELECT (SELECT count(*) FROM session) + (SELECT count(*) FROM trace)'
}

sed '3s/"revision":1/"revision":9/' "$dir/a" >"$dir/bad"
bad "a line that was edited" "bad:3: its checksum is not that of the line"
is "what came before it is imported" "$(items_c)" 1
is "--skip-bad goes on" "$(import_into c --skip-bad "$dir/bad" 2>"$dir/err" | sed 's/ in [0-9].*,/,/')" \
	"imported 3 sessions and 1 ended ids, 1 were there already"
is "and says what it skipped" "$(cat "$dir/err")" \
	"sesskit import: $dir/bad:3: its checksum is not that of the line, which was damaged or changed; skipped"
ok "with a bad exit code" sh -c "\"$sesskit\" import --quiet --skip-bad --store 'sqlite:$dir/c.db' \
	'$dir/bad' 2>/dev/null; [ \$? = 65 ]"
sed 3d "$dir/a" >"$dir/bad"
bad "a line that is missing" "lines before this one are missing, or were changed"
$AWK 'NR == 2 { kept = $0; next } { print } NR == 3 { print kept }' "$dir/a" >"$dir/bad"
bad "two that were swapped" "lines before this one are missing, or were changed"
sed '$d' "$dir/a" >"$dir/bad"
bad "the last line is missing" "the file is cut off here"
is "the rest is imported" "$(items_c)" 6
head -c 1500 "$dir/a" >"$dir/bad"
bad "a file that ends in a line" "the file ends in the middle of this line"
sed 1d "$dir/a" >"$dir/bad"
bad "the first line is missing" "bad:1: this is not the first line of an export"
ok "then no store is made" [ ! -e "$dir/c.db" ]
cat "$dir/a" "$dir/a" >"$dir/bad"
bad "two files in one" "a second export begins here"
: >"$dir/bad"
bad "an empty file" "bad:1: this is not the first line of an export"
{ sed -n 1p "$dir/a"; head -c 2000000 /dev/zero | tr '\0' x; echo; } >"$dir/bad"
bad "a line without end" "bad:2: this line is longer than max_bytes allows"
head -c 100000 /dev/urandom >"$dir/bad"
bad "any bytes" "bad:1: "

fails "no file" 64 "expected one file" import --store "sqlite:$dir/c.db"
fails "a file that is not there" 66 "cannot open $dir/none" import --store "sqlite:$dir/c.db" \
	"$dir/none"
fails "a folder" 74 "cannot read $dir" import --store "sqlite:$dir/c.db" "$dir"
fails "--resume without a file" 64 "--resume needs --output" export --store "$store" --resume
fails "import: another program's database" 69 "database of another program" import --any-keys \
	--store "sqlite:$(sqlite3 "$dir/foreign.db" 'CREATE TABLE t (x)'; chmod 600 "$dir/foreign.db"
	echo "$dir/foreign.db")" "$dir/a"
fails "import: a folder that is not there" 66 "No such file" import --any-keys \
	--store "sqlite:$dir/missing/sessions.db" "$dir/a"

# What a file says of a session that is another one there.
"$fill" "sqlite:$dir/d.db" 1 >/dev/null
sqlite3 "$dir/d.db" '.dbconfig enable_trigger off' "ATTACH '$dir/sessions.db' AS a" \
	"UPDATE session SET id = (SELECT min(id) FROM a.session)" >/dev/null
# What comes before it in the file is put there, which may be an ended id.
standing()
{
	sqlite3 "$dir/d.db" '.mode quote' "ATTACH '$dir/sessions.db' AS a" \
		"SELECT * FROM main.session WHERE id = (SELECT min(id) FROM a.session)"
}
before=$(standing)
fails "an id that belongs to another session there" 65 "belongs to another session there" import \
	--quiet --any-keys --store "sqlite:$dir/d.db" "$dir/a"
is "leaves that alone" "$(standing)" "${before:-a session}"

# -- damaged sessions ----------------------------------------------------------------------------

cp "$dir/sessions.db" "$dir/e.db" && cp "$dir/sessions.db.key" "$dir/e.db.key"
sqlite3 "$dir/e.db" '.dbconfig enable_trigger off' 'UPDATE session SET revision = 0
	WHERE id IN (SELECT id FROM session ORDER BY id LIMIT 2)' >/dev/null
"$sesskit" export --store "sqlite:$dir/e.db" --output "$dir/e" >"$dir/out" 2>"$dir/err"
is "damaged sessions count in the exit code" $? 65
is "each is named" "$(grep -c 'is damaged in revision' "$dir/err")" 2
is "the others are exported" "$(sed 's/ to .*//' "$dir/out")" "exported 2 sessions and 2 ended ids"
is "and the file says how many are not in it" "$(tail -n 1 "$dir/e" | sed 's/.*"left_out":\([0-9]*\).*/\1/')" 2

# -- very many, and interrupted ------------------------------------------------------------------

# rate ITEMS STARTED: how many a second since then.
rate()
{
	echo $(($1 * 1000 / (($(date +%s%N) - $2) / 1000000 + 1)))
}
# round_trip COUNT: all of $store to $dir/whole and into b, and out of it again.
round_trip()
{
	started=$(date +%s%N)
	export_a --quiet --output "$dir/whole"
	diag "export: $(rate "$1" "$started") sessions a second"
	items "$dir/whole" >"$dir/whole.items"
	is "all of $1 sessions are exported" "$(grep -c '^{"id"' "$dir/whole.items")" \
		"$(sql 'SELECT count(*) FROM session')"
	fresh b
	started=$(date +%s%N)
	import_into b --quiet "$dir/whole"
	diag "import: $(rate "$1" "$started") sessions a second"
	is "and are the same in another store" "$(contents "$dir/b.db")" "$(contents "$dir/sessions.db")"
	is "the totals are right" "$(totals "$dir/b.db")" "1|1"
	"$sesskit" export --quiet --store "sqlite:$dir/b.db" --output "$dir/b"
	items "$dir/b" >"$dir/b.items"
	ok "exported from there, they are the same lines" cmp "$dir/b.items" "$dir/whole.items"
	rm -f "$dir/b" "$dir/b.items"
}
many "$dir/sessions.db" $sessions
round_trip $sessions

# A kill leaves any part of the file. What goes on from there is the same file, to the last byte.
size=$(wc -c <"$dir/whole")
wrong=
for share in 0 1 100 999 3000 5001 7777 9999 10000; do
	head -c $((size * share / 10000)) "$dir/whole" >"$dir/cut.part"
	# The first line tells when it was made, which differs if nothing was left of it.
	[ $share != 0 ] || sed -n 1p "$dir/whole" >"$dir/cut.part"
	export_a --quiet --resume --output "$dir/cut" && cmp "$dir/cut" "$dir/whole" || wrong="$wrong $share"
done
empty "cut off anywhere, an export is resumed" "$wrong"
head -c 3000000 "$dir/whole" | sed '2000s/"at"/"ta"/' >"$dir/cut.part"
export_a --quiet --resume --output "$dir/cut"
ok "damaged in the middle, too" cmp "$dir/cut" "$dir/whole"
"$sesskit" export --quiet --store "sqlite:$dir/b.db" --output "$dir/other"
head -n 1500 "$dir/other" >"$dir/cut.part"
fails "what was begun from another store" 65 "was begun from sqlite:" export --store "$store" \
	--resume --output "$dir/cut"
rm -f "$dir/cut.part" "$dir/cut" "$dir/other"

# killed SECONDS VERB [ARGUMENT]...: true if it was killed before it came to an end.
killed()
{
	timeout --foreground -s KILL "$@" >/dev/null 2>&1
	[ $? = 137 ]
}
moment=0 kills=0
while killed 0.0$((moment % 90 + 10)) "$sesskit" export --quiet --store "$store" --resume \
	--output "$dir/killed"; do
	moment=$((moment + 37)) kills=$((kills + 1))
	[ $kills -lt 200 ] || break
done 2>/dev/null
export_a --quiet --resume --output "$dir/killed"
items "$dir/killed" >"$dir/killed.items"
ok "an export killed $kills times has the same lines" cmp "$dir/killed.items" "$dir/whole.items"
ok "and is whole" import_into none --dry-run "$dir/killed"
fresh b
moment=0 kills=0
while killed 0.$((moment % 50 + 10)) "$sesskit" import --quiet --store "sqlite:$dir/b.db" "$dir/whole"; do
	moment=$((moment + 7)) kills=$((kills + 1))
	[ $kills -lt 200 ] || break
done 2>/dev/null
import_into b --quiet "$dir/whole"
is "an import killed $kills times has put the same there" "$(contents "$dir/b.db")" \
	"$(contents "$dir/sessions.db")"
is "the totals are right after that" "$(totals "$dir/b.db")" "1|1"

# -- no room, no permission ----------------------------------------------------------------------

# check_limit BLOCKS VERB [ARGUMENT]...: with files of at most so many blocks of 512 bytes.
check_limit()
{
	limit=$1
	shift
	(ulimit -f "$limit" && exec "$sesskit" "$@") >"$dir/fails.out" 2>"$dir/fails.err"
	check_report $?
}

echo old >"$dir/file"
fails_code=74 fails_text="cannot write $dir/file.part: File too large"
ok "export: no room for the file" check_limit 2000 export --store "$store" --output "$dir/file"
is "the old file is untouched" "$(cat "$dir/file")" old
ok "with room it goes on" export_a --quiet --resume --output "$dir/file"
items "$dir/file" >"$dir/file.items"
ok "to the same lines" cmp "$dir/file.items" "$dir/whole.items"

fresh f
fails_code=69 fails_text="f.db"
ok "import: no room for the store" check_limit 2000 import --quiet --store "sqlite:$dir/f.db" \
	"$dir/whole"
ok "with room it goes on" import_into f --quiet "$dir/whole"
is "to the same sessions" "$(contents "$dir/f.db")" "$(contents "$dir/sessions.db")"

if [ -n "$SESS_SLOW" ]; then
	rm -f "$dir"/file* "$dir"/killed* "$dir"/f.db*
	many "$dir/sessions.db" 1000000
	round_trip $((sessions + 1000000))
fi

fails "export: a folder that is not there" 73 "No such file" export --store "$store" \
	--output "$dir/none/file"
mkdir "$dir/taken.part"
fails "export: a folder of that name" 73 "taken.part: " export --store "$store" --output "$dir/taken"
ln -s "$dir/a" "$dir/link.part"
fails "export: a link of that name" 73 "link.part: " export --store "$store" --output "$dir/link"
ok "which is not followed" items "$dir/a"
mkdir "$dir/closed"
chmod 500 "$dir/closed"
if [ "$(id -u)" = 0 ]; then
	# Root may do anything; so the store belongs to somebody else, as whom it is read.
	chmod 711 "$dir"
	chown nobody "$dir"/sessions.db*
fi
fails "export: a folder that is not ours" 77 "Permission denied" export --store "$store" \
	--output "$dir/closed/file"
done_testing
