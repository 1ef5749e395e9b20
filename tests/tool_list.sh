# SPDX-License-Identifier: ISC
# tool_list.sh - "sesskit list" and "sesskit show": which sessions, in which order and form, and
# that nothing a visitor wrote gets to the terminal or into JSON as it is.

: "${top_srcdir:=.}"
. "$top_srcdir/tests/tool.sh"
command -v script >/dev/null || bail "there is no script(1), which gives a program a terminal"

"$fill" "$store" 5 user=user% step=60 expired=2 >"$dir/filled"
"$fill" "$store" 2 step=600 "value=$(printf %0200d 1)" >>"$dir/filled"
cut -d ' ' -f 1 <"$dir/filled" >"$dir/refs"
list()
{
	"$sesskit" list --store "$store" "$@"
}

# field NAME: its values, as they come, in one line.
field()
{
	sed -n "s/.*\"$1\":\"\{0,1\}\([^,\"]*\).*/\1/p" | tr '\n' ' '
}

# -- which ---------------------------------------------------------------------------------------

is "live ones by default" "$(list | wc -l)" 7
is "last seen first" "$(list | field seen)" "$(list | field seen | tr ' ' '\n' | sort -rn |
	grep . | tr '\n' ' ')"
is "the refs are those of the sessions" "$(list --state all | sed 's/.*"ref":"\([^"]*\).*/\1/' | sort)" \
	"$(sort "$dir/refs")"
is "of a user" "$(list --user user3 | field user)" "user3 "
is "of a user that there is not" "$(list --user nobody)" ""
is "of nobody" "$(list --anonymous | field user)" "null null "
is "expired ones" "$(list --state expired | field user)" "user5 user6 "
is "which say so" "$(list --state expired | field state)" "expired expired "
is "all" "$(list --state all | wc -l)" 9
is "all of a user" "$(list --state all --user user5 | field user)" "user5 "
is "those not seen for a while" "$(list --idle-since 90s --user user2 | wc -l)" 1
is "others are left out" "$(list --idle-since 90s --user user1 | wc -l)" 0
is "those seen lately" "$(list --active-within 90s --sort user | field user)" "user0 user1 null "
is "of an address" "$(list --address 192.0.2.7 | wc -l)" 7
is "of an address that nobody has" "$(list --address 192.0.2.8 | wc -l)" 0
is "at most so many" "$(list --limit 3 | wc -l)" 3
is "which are the first" "$(list --limit 3)" "$(list | head -n 3)"
is "all of them with 0" "$(list --limit 0 --state all | wc -l)" 9
fails "--anonymous and --user" 64 "exclude each other" list --anonymous --user x
fails "a state that there is not" 64 '--state: expected one of live|expired|all, got "dead"' \
	list --state dead
fails "an order that there is not" 64 "expected one of seen|created|expires|user|bytes" \
	list --sort age

# -- in which order ------------------------------------------------------------------------------

all_users="user0 user1 user2 user3 user4 user5 user6 null null "
is "by user, nobody last" "$(list --state all --sort user | field user)" "$all_users"
is "the limit keeps the first" "$(list --state all --sort user --limit 4 | field user)" \
	"user0 user1 user2 user3 "
sorted()
{
	list --state all --sort "$1" --limit "$2" | field "$3" | tr ' ' '\n' | grep . >"$dir/sorted"
	sort "$4" "$dir/sorted" | diff - "$dir/sorted"
}
ok "by creation, newest first" sorted created 0 created -rn
ok "by expiry, next first" sorted expires 0 expires -n
ok "by size, largest first" sorted bytes 0 bytes -rn
list --state all --sort expires --limit 0 >"$dir/whole"
for limit in 1 5 8 9 10; do
	is "the first $limit of a sorted list" "$(list --state all --sort expires --limit $limit)" \
		"$(head -n $limit "$dir/whole")"
done

# Many, which the walk meets in no order at all.
few=$store
store=sqlite:$dir/many.db
refs 200 >"$dir/many"
for limit in 1 10 64 150 199 200; do
	is "the newest $limit of many" "$(list --state all --sort created --limit $limit |
		sed 's/.*"ref":"\([^"]*\).*/\1/')" "$(head -n $limit "$dir/many")"
done
store=$few

# -- in which form -------------------------------------------------------------------------------

empty "each line is JSON" "$(list --state all | json_faults)"
is "a table has a heading" "$(list --table | head -n 1 | tr -s ' ')" "REF USER SEEN LEFT"
is "and a line for each" "$(list --table 2>/dev/null | wc -l)" 8
is "--quiet leaves the heading out" "$(list --table --quiet | wc -l)" 7
is "more room, more columns" "$(COLUMNS=140 list --table | head -n 1 | tr -s ' ')" \
	"REF USER SEEN LEFT BYTES ADDRESS AGENT"
is "it says when there are more" "$(list --table --limit 6 2>&1 >"$dir/table")" \
	"There are more; --limit 0 lists all."
is "and only then" "$(list --table --limit 7 2>&1 >"$dir/table")" ""
wider()
{
	COLUMNS=$1 list --table --state all | awk -v most="$1" 'length > most'
}
for width in 80 90 100 120 200; do
	empty "no line is wider than $width columns" "$(wider $width)"
done

# on_terminal COLUMNS COMMAND: what it shows there.
on_terminal()
{
	script -qec "stty cols $1; $2" "$dir/typescript" </dev/null | tr -d '\r'
}
is "on a terminal it is a table of its width" \
	"$(on_terminal 110 "$sesskit list --store $store" | head -n 1 | tr -s ' ')" \
	"REF USER SEEN LEFT BYTES ADDRESS"
is "--json is JSON there as well" \
	"$(on_terminal 80 "$sesskit list --store $store --json" | json_faults)" ""

# -- hostile content -----------------------------------------------------------------------------

rm -f "$dir"/sessions.db*
evil=$(printf 'A\033]0;x\007\033[2J\302\233\342\200\256"\\<e\303\251\377\200')
ref=$(refs 1 user=mallory "agent=$evil" "value=$evil")
# The library takes no such names, and the triggers of the schema none from the shell.
sqlite3 "$dir/sessions.db" ".dbconfig enable_trigger off" "UPDATE session
	SET user = char(27) || '[31mred' || char(10) || 'line', address = char(155) || char(8238)" \
	>"$dir/edit" || bail "cannot edit the database"
# controls: bytes that a terminal would obey, and what is not UTF-8.
controls()
{
	tr -d '\n' | grep -c -a -P '[\x00-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8e\x8f\xa8-\xae]'
}
is "a table has no controls" "$(COLUMNS=200 list --table | controls)" 0
is "JSON has none" "$(list | controls)" 0
empty "and is valid" "$(list | json_faults)"
ok "it has one line" [ "$(list | wc -l)" = 1 ]
is "show has none" "$("$sesskit" show "$ref" --store "$store" | controls)" 0
is "nor has its JSON" "$("$sesskit" show "$ref" --json --store "$store" | controls)" 0
empty "which is valid" "$("$sesskit" show "$ref" --json --store "$store" | json_faults)"
letters=$(COLUMNS=200 LC_ALL=C.UTF-8 list --table)
is "nor where the terminal knows all letters" "$(printf '%s' "$letters" | controls)" 0
ok "which are shown there" [ "${letters#*$(printf 'e\303\251')}" != "$letters" ]

# -- show ----------------------------------------------------------------------------------------

rm -f "$dir"/sessions.db*
"$fill" "$store" 1 user=alice >"$dir/filled"
read -r ref token <"$dir/filled"
hex=$(sql "SELECT hex(id) FROM session")
show()
{
	"$sesskit" show --store "$store" "$@"
}
# line NAME: what stands behind it.
line()
{
	sed -n "s/^$1  *//p"
}
is "show gives the ref" "$(show "$ref" | line ref)" "$ref"
is "the state" "$(show "$ref" | line state)" live
is "the user" "$(show "$ref" | line user)" alice
is "a number with its type" "$(show "$ref" | line '  number')" "(integer) 0"
is "a text with its type" "$(show "$ref" | line '  value')" '(text) "hello"'
is "the same by its hexadecimal name" "$(show "$hex")" "$(show "$ref")"
is "and in small letters" "$(show "$(echo "$hex" | tr A-F a-f)" | line ref)" "$ref"
# Asked for before: beside a program that closes the store, sqlite3 may find it locked.
secret=$(sql 'SELECT hex(secret) FROM session')
is "no secret is shown" "$({ show "$ref"; show "$ref" --json; } |
	grep -c -i -e "$token" -e "${secret:-all}")" 0
empty "its JSON is valid" "$(show "$ref" --json | json_faults)"
is "and has the values" "$(show "$ref" --json | sed 's/.*"values"://')" \
	'{"number":0,"value":"hello"}}'
fails "a ref that is none" 64 "names no session" show --store "$store" alice
fails "no ref" 64 "expected one session" show --store "$store"
fails "a cookie is no ref" 66 "there is no such session" show --store "$store" "$token"
"$sesskit" end --quiet "$ref" --store "$store"
is "an ended one says why" "$(show "$ref" | line reason)" "ended from elsewhere"
ok "and when" sh -c "\"$sesskit\" show '$ref' --store '$store' | grep -q '^ended .*ago)'"
is "JSON says it as well" "$(show "$ref" --json | field reason)" "ended from elsewhere "
ref=$(refs 1 user=bob)
sqlite3 "$dir/sessions.db" ".dbconfig enable_trigger off" \
	"UPDATE session SET data = '{\"a\":[1]}'" >"$dir/edit" || bail "cannot edit the database"
is "damaged values say so" "$(show "$ref" | line values | cut -d : -f 1)" "9 B, damaged"
is "in JSON too" "$(show "$ref" --json | field damaged)" "true "
rm -f "$dir"/sessions.db*
ref=$(refs 1 sealed)
is "sealed values say so" "$(show --set seal=yes "$ref" | line values | cut -d , -f 2)" \
	" sealed: only the cookie opens them"
is "sealed JSON has no values" "$(show --set seal=yes "$ref" --json | grep -c '"values"')" 0
# A name may begin with a dash.
sqlite3 "$dir/sessions.db" '.dbconfig enable_trigger off' "UPDATE session
	SET id = x'fb$(printf '%062d' 0)' WHERE id = (SELECT max(id) FROM session)" >"$dir/dashed"
ref=-w$(printf '%041d' 0 | tr 0 A)
is "a ref that begins with a dash is a ref" "$(show "$ref" | line ref)" "$ref"
is "and behind two dashes" "$(show -- "$ref" | line ref)" "$ref"

common_outputs list --store "$store" --sort user
done_testing
