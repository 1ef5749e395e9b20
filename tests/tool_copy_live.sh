# SPDX-License-Identifier: ISC
# tool_copy_live.sh - "sesskit copy --live": a site moves to another store while it runs.

: "${top_srcdir:=.}"
. "$top_srcdir/tests/tool.sh"
load=$top_builddir/tests/servers/load_url
to=file:$dir/files
move="move:$store $to"

copy()
{
	"$sesskit" copy "$@"
}
# visitor STORE_URL TOKEN: how the cookie of a visitor is taken there.
visitor()
{
	"$fill" "$1" 0 "resume=$2"
}
# token FILE LINE: of what fill wrote.
token()
{
	sed -n "$2s/.* //p" "$dir/$1"
}

# number NAME: how far the move from that database is; empty if none ever began.
number()
{
	sqlite3 "$dir/$1.db" "SELECT value FROM mark WHERE name = 'sesskit: moved to another store'"
}
# set_number NAME VALUE
set_number()
{
	sqlite3 "$dir/$1.db" "INSERT OR REPLACE INTO mark (name, value)
		VALUES ('sesskit: moved to another store', $2)"
}
# refused STORE_URL TOKEN TEXT: a program fails, and says so.
refused()
{
	! visitor "$1" "$2" >"$dir/answer" 2>&1 && grep -q -F -e "$3" "$dir/answer"
}

# -- a site at rest ------------------------------------------------------------------------------

"$fill" "$store" 3 user=alice >"$dir/filled"
"$sesskit" end --quiet --store "$store" "$(sed -n '2s/ .*//p' "$dir/filled")"
"$fill" "$move" 1 user=bob >"$dir/filled_move"
is "before the move, a visitor goes on" "$(visitor "$move" "$(token filled 1)")" "live alice"
is "what begins is in the old store" "$(visitor "$store" "$(token filled_move 1)")" "live bob"
is "a move tells what it did" "$(copy --live "$store" "$to")" "moved 3 sessions and 1 ended ids; 3 \
live sessions there; now set store = $to and restart the programs"
is "a visitor goes on" "$(visitor "$move" "$(token filled 1)")" "live alice"
is "also with the new store alone" "$(visitor "$to" "$(token filled 3)")" "live alice"
is "who was logged out is not back" "$(visitor "$move" "$(token filled 2)")" "revoked -"
is "the old store has no session" "$("$sesskit" list --store "$store" --quiet)" ""
is "once more, nothing is left to do" "$(copy --live --json "$store" "$to")" \
	'{"sessions":0,"ids_ended":1,"live_to":3}'
fails "a copy of what has moved" 69 "finish that with --live" copy "$store" "sqlite:$dir/other.db"

# Sessions come back to where they were, later states of what is left there.
"$fill" "$move" 0 user=carol "resume=$(token filled 1)" >"$dir/answer"
is "the way back" "$(copy --live --quiet "$to" "$store" && copy --live --json "$to" "$store" |
	sed 's/,"ids_ended.*"live/,"live/')" '{"sessions":0,"live_to":3}'
is "with what happened since" "$(visitor "$store" "$(token filled 3)")" "live alice"
is "under one id" "$(visitor "$store" "$(token filled 1)")" "other -"

# Not by a plain copy: who still uses move: from there would take that for where the sessions are.
"$fill" "sqlite:$dir/d.db" 3 >"$dir/filled"
copy --live --quiet "sqlite:$dir/d.db" "sqlite:$dir/e.db"
phase=$(number d)
fails "a copy into what has moved" 69 "move back with --live" copy "sqlite:$dir/e.db" \
	"sqlite:$dir/d.db"
is "leaves it as it is" "$(number d)" "$phase"
is "a visitor goes on" "$(visitor "move:sqlite:$dir/d.db sqlite:$dir/e.db" \
	"$(token filled 2)")" "live -"
fails "an export of what has moved" 69 "export that store, or move:FROM TO" export \
	--store "sqlite:$dir/d.db"
is "of both it is whole" "$("$sesskit" export --json --output "$dir/both" \
	--store "move:sqlite:$dir/d.db sqlite:$dir/e.db" | sed 's/,"ids.*//')" '{"sessions":3'

# The two of a move are the same from its beginning to its end.
fails "on to another store" 78 "name the one that this began with" copy --live "sqlite:$dir/d.db" \
	"sqlite:$dir/f.db"
cp "$dir/d.db.key" "$dir/f.db.key"
ok "programs do not go on there" refused "move:sqlite:$dir/d.db sqlite:$dir/f.db" \
	"$(token filled 2)" "moves to another store than sqlite:$dir/f.db"
fails "one store under two names" 64 "are one store" copy --live "sqlite:$dir/e.db" \
	"sqlite:$dir/./e.db"
is "does not move" "$(number e)" ""

# A store whose own move is under way takes no other sessions.
"$fill" "sqlite:$dir/g.db" 2 >"$dir/filled"
cp "$dir/g.db.key" "$dir/h.db.key"
"$fill" "sqlite:$dir/h.db" 0
set_number h 21
fails "a move into it" 69 "finish that first" copy --live "sqlite:$dir/g.db" "sqlite:$dir/h.db"
fails "a copy into it" 69 "move to another store" copy "sqlite:$dir/g.db" "sqlite:$dir/h.db"
is "leave it on its way" "$(number h)" 21
# Nor does one that has moved, and has sessions again.
"$fill" "sqlite:$dir/h.db" 1 >"$dir/filled"
set_number h 22
fails "a move into what has sessions again" 69 "has 1 sessions of its own" copy --live \
	"sqlite:$dir/g.db" "sqlite:$dir/h.db"
is "leaves it, too" "$(number h)" 22

# What is collected in FROM between two steps because it has expired is not missed.
"$fill" "sqlite:$dir/k.db" 1500 >"$dir/filled"
sqlite3 "$dir/k.db" "UPDATE session SET expires = unixepoch() + 1 + abs(random()) % 3"
while [ ! -e "$dir/copied" ]; do
	"$sesskit" gc --quiet --store "sqlite:$dir/k.db"
done &
ok "what expires meanwhile is not missed" copy --live --quiet "sqlite:$dir/k.db" "file:$dir/l"
: >"$dir/copied"
wait $!

# A copy of before would be taken for the present state.
"$fill" "sqlite:$dir/a.db" 2 >"$dir/filled"
copy --quiet "sqlite:$dir/a.db" "sqlite:$dir/b.db"
fails "into a store that has sessions" 69 "has 2 sessions of its own" copy --live \
	"sqlite:$dir/a.db" "sqlite:$dir/b.db"
is "leaves the site where it is" "$(copy --json "sqlite:$dir/a.db" "sqlite:$dir/b.db" |
	sed 's/,"ids.*//')" '{"sessions":0'
fails "a store on stores" 64 "name the two stores themselves" copy --live "$move" "sqlite:$dir/c.db"
fails "into itself" 64 "cannot be copied into itself" copy --live "$store" "$store"

# -- a site at work ------------------------------------------------------------------------------

# moving FROM TO: starts the move, kills it at some moment, three times, and lets it finish.
cat >"$dir/moving" <<'END'
for moment in 02 05 11; do
	timeout -s KILL "0.$moment" "$1" copy --live --quiet "$2" "$3"
	[ $? = 137 ] && echo killed >>"$4"
done 2>/dev/null
exec "$1" copy --live --json "$2" "$3" >>"$4"
END

# under_traffic FROM TO: what is left of all that visitors were answered meanwhile.
under_traffic()
{
	"$fill" "$1" 3000 >"$dir/filled"
	printf '%s\n' "$1 to $2" >"$dir/moved"
	"$load" 4 0 "sh $dir/moving '$sesskit' '$1' '$2' $dir/moved" "store=move:$1 $2" renew=1s grace=2s \
		logins=yes >"$dir/result" 2>"$dir/err" || cat "$dir/err"
	diag "$(tr '\n' ' ' <"$dir/result")"
	diag "$(tr '\n' ' ' <"$dir/moved")"
}
result()
{
	sed -n "s/^$1 //p" "$dir/result"
}
# judge WHAT
judge()
{
	for value in failed odd lost lost_late revived revived_late foreign extra stale silent; do
		is "$1: $value" "$(result $value)" 0
	done
	ok "$1: sessions ended meanwhile" [ "$(result ended)" -gt 10 ]
	ok "$1: it was killed on the way" grep -q killed "$dir/moved"
	ok "$1: and finished" grep -q '"sessions"' "$dir/moved"
}

under_traffic "sqlite:$dir/one.db" "file:$dir/two"
judge "from SQLite to files"
is "the others are there, too" "$(visitor "file:$dir/two" "$(token filled 1000)")" "live -"
under_traffic "file:$dir/three" "sqlite:$dir/four.db"
judge "from files to SQLite"
is "the others are there, too" "$(visitor "sqlite:$dir/four.db" "$(token filled 1000)")" "live -"
done_testing
