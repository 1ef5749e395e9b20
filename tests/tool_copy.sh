# SPDX-License-Identifier: ISC
# tool_copy.sh - "sesskit copy": all of a store in another one, with its keys; also when both are in
# use, and when it is killed on the way.

: "${top_srcdir:=.}"
. "$top_srcdir/tests/tool.sh"
. "$top_srcdir/tests/tool_many.sh"
other=sqlite:$dir/other.db

copy()
{
	"$sesskit" copy "$@"
}
# visitor STORE_URL TOKEN: how the cookie of a visitor is taken there.
visitor()
{
	"$fill" "$1" 0 "resume=$2"
}

"$fill" "$store" 3 user=alice >"$dir/filled"
token=$(sed -n '1s/.* //p' "$dir/filled") ref=$(sed -n '1s/ .*//p' "$dir/filled")
token2=$(sed -n '2s/.* //p' "$dir/filled") ref2=$(sed -n '2s/ .*//p' "$dir/filled")
"$sesskit" end --quiet --store "$store" "$ref2"

is "a copy tells what it did" "$(copy "$store" "$other")" \
	"copied 2 sessions and 1 ended ids, then 0 that changed meanwhile; 2 live sessions there, 2 here"
is "all is there" "$(contents "$dir/other.db")" "$(contents "$dir/sessions.db")"
is "the totals are right" "$(totals "$dir/other.db")" "1|1"
ok "with its keys" cmp "$dir/sessions.db.key" "$dir/other.db.key"
is "for its owner only" "$(stat -c %a "$dir/other.db.key")" 600
is "a visitor is there" "$(visitor "$other" "$token")" "live alice"
is "who was logged out is not" "$(visitor "$other" "$token2")" "revoked -"
is "once more" "$(copy "$store" "$other" --json)" \
	'{"sessions":0,"ids_ended":0,"changed_meanwhile":0,"refused":0,"left_out":0,"live_from":2,"live_to":2}'
empty "--quiet says nothing" "$(copy --quiet "$store" "$other")"

# What happened since goes over with the next copy, and nothing back.
"$fill" "$store" 0 user=bob "resume=$token" >"$dir/filled"
"$fill" "$store" 1 >>"$dir/filled"
is "what is new, changed and ended" "$(copy --json "$store" "$other" | sed 's/,"refused".*//')" \
	'{"sessions":2,"ids_ended":1,"changed_meanwhile":0'
is "is there" "$(contents "$dir/other.db")" "$(contents "$dir/sessions.db")"
"$sesskit" end --quiet --store "$other" --all --yes
before=$(contents "$dir/other.db")
copy --quiet "$store" "$other" 2>"$dir/err"
is "what ended there stays ended, which is said" "$(cat "$dir/err")" \
	"sesskit copy: 3 live sessions are not there: they ended there, or came since; run it again"
is "and nothing changed" "$(contents "$dir/other.db")" "$before"

fails "one store" 64 "expected two stores" copy "$store"
fails "three stores" 64 "expected two stores" copy "$store" "$other" "$other"
fails "into itself" 64 "cannot be copied into itself" copy "$store" "$store"
fails "into memory" 64 "memory:" copy "$store" memory:
fails "a kind of store that there is not" 78 "no kind of store" copy "$store" nonsense:x
fails "from nothing" 66 "there is no such store" copy "sqlite:$dir/none.db" "$other"
ok "which makes nothing" [ ! -e "$dir/none.db" ]
fails "into a folder that is not there" 73 "none/new.db.key" copy "$store" "sqlite:$dir/none/new.db"
"$sesskit" keygen "$dir/keys.db.key" >/dev/null
fails "into a store with other keys" 78 "lacks keys" copy "$store" "sqlite:$dir/keys.db"
sqlite3 "$dir/foreign.db" 'CREATE TABLE t (x)'
chmod 600 "$dir/foreign.db"
fails "into another program's database" 69 "database of another program" copy "$store" \
	"sqlite:$dir/foreign.db"
"$sesskit" keygen "$dir/common.key" >/dev/null
"$fill" "sqlite:$dir/k.db" 1 >/dev/null
ok "with one key file for both" copy --quiet "sqlite:$dir/k.db" "sqlite:$dir/k2.db" \
	--set "key_file=$dir/k.db.key"
ok "no other is made" [ ! -e "$dir/k2.db.key" ]

# -- very many, and interrupted ------------------------------------------------------------------

rm -f "$dir"/other.db*
many "$dir/sessions.db" 20000
moment=10 kills=0
while timeout --foreground -s KILL "0.$moment" "$sesskit" copy --quiet "$store" "$other" >/dev/null 2>&1
	[ $? = 137 ]; do
	moment=$(((moment + 17) % 90 + 10)) kills=$((kills + 1))
	[ $kills -lt 50 ] || break
done 2>/dev/null
copy --quiet "$store" "$other"
is "a copy killed $kills times is the same" "$(contents "$dir/other.db")" \
	"$(contents "$dir/sessions.db")"
is "the totals are right" "$(totals "$dir/other.db")" "1|1"

# Renewals, logins, changes and ends go on in the first store while it is copied into another one.
fresh busy
"$fill" "$store" 40 user=carol >"$dir/filled"
copy --quiet "$store" "sqlite:$dir/busy.db" &
copying=$!
while read -r ref token; do
	"$fill" "$store" 0 user=dave "resume=$token" >/dev/null
	read -r ref token && "$sesskit" end --quiet --store "$store" "$ref"
done <"$dir/filled"
wait $copying
copy --quiet "$store" "sqlite:$dir/busy.db" 2>"$dir/err"
empty "copied again, nothing is missing" "$(cat "$dir/err")"
is "what was in use is the same" "$(contents "$dir/busy.db")" "$(contents "$dir/sessions.db")"
is "and so are the totals" "$(totals "$dir/busy.db")" "1|1"

# -- no room -------------------------------------------------------------------------------------

fresh full
fails_code=69 fails_text="full.db"
check_limit()
{
	(ulimit -f 2000 && exec "$sesskit" copy --quiet "$store" "sqlite:$dir/full.db") \
		>"$dir/fails.out" 2>"$dir/fails.err"
	check_report $?
}
ok "no room" check_limit
ok "with room it goes on" copy --quiet "$store" "sqlite:$dir/full.db"
is "to the same sessions" "$(contents "$dir/full.db")" "$(contents "$dir/sessions.db")"
done_testing
