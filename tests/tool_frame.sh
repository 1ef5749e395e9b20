# SPDX-License-Identifier: ISC
# tool_frame.sh - the command line, the settings, the terminal and the owner of the store: what all
# verbs have in common.

: "${top_srcdir:=.}"
. "$top_srcdir/tests/tool.sh"

# -- verbs and options ---------------------------------------------------------------------------

fails "no verb" 64 "sesskit: expected a verb"
fails "a verb that there is not" 64 "frobnicate: no such verb; sesskit help lists them" frobnicate
fails "a verb with a slip" 64 "lsit: no such verb; did you mean list?" lsit
fails "an option before the verb" 64 "--json: options go behind the verb" --json list
fails "an option with a slip" 64 "--stor: no such option; did you mean --store?" list --stor x
fails "an option with a slip and a value" 64 "--usr: no such option; did you mean --user?" \
	list --usr=alice
fails "an option of one dash" 64 "-l: no such option; options begin with two dashes" list -l
fails "an option that lacks its value" 64 "--store: expected URL behind it" list --store
fails "an empty value" 64 "--user: expected NAME behind it" list --user ''
fails "an empty value behind the sign" 64 "--user: expected NAME behind it" list --user=
fails "a switch with a value" 64 "--json: takes no value" list --json=yes
fails "an operand where there is none" 64 '"alice" is one word too many' list alice
fails "a number that is none" 64 '--limit: expected a whole number, got "ten"' list --limit ten
fails "a time that is none" 64 '--idle-since: expected a time such as 30m, got "soon"' \
	list --idle-since soon
fails "more settings than there is room for" 64 "--set: more than" list $(for i in 1 2 3 4 5; do
	echo "--set idle=1m --set idle=2m --set idle=3m --set idle=4m --set idle=5m"; done)
is "the version" "$("$sesskit" --version)" "sesskit $(sed -n \
	's/^#define SESS_VERSION "\([^"]*\)".*/\1/p' "$top_srcdir/lib/sesskit.h")"
is "--help is help" "$("$sesskit" --help)" "$("$sesskit" help)"
is "--help of a verb is help of the verb" "$("$sesskit" list --help)" "$("$sesskit" help list)"
is "even among other options" "$("$sesskit" list --user alice --help)" "$("$sesskit" help list)"
fails "help of a verb that there is not" 64 "did you mean show?" help shw
fails "help of two verbs" 64 "one verb at a time" help list show
common_outputs help
common_outputs --version

# A control character in what was typed must not reach the terminal.
fails "a message is clean" 64 'a?[31mb?c: no such verb' "$(printf 'a\033[31mb\tc')"

# -- settings ------------------------------------------------------------------------------------

refs 3 >/dev/null
count()
{
	"$sesskit" list "$@" | wc -l
}
is "the store comes from --store" "$(count --store "$store")" 3
is "and with a sign" "$(count "--store=$store")" 3
is "from --set" "$(count --set "store=$store")" 3
is "from the environment" "$(SESSKIT_STORE=$store count)" 3
echo "store = $store" >"$dir/settings"
is "from --config" "$(count --config "$dir/settings")" 3
is "from the file that the environment names" "$(SESSKIT_CONFIG=$dir/settings count)" 3
is "the default is a file in this folder" "$(cd "$dir" && count)" 3
echo "store = sqlite:$dir/elsewhere.db" >"$dir/other"
is "the command line comes after the file" "$(count --config "$dir/other" --store "$store")" 3
is "and after the environment" "$(SESSKIT_STORE=sqlite:/nowhere/x count --store "$store")" 3
is "the environment comes after the file" "$(SESSKIT_STORE=$store count --config "$dir/other")" 3
is "--config replaces the file of the environment" \
	"$(SESSKIT_CONFIG=/nowhere count --config "$dir/settings")" 3
is "of several the last one counts" "$(count --store sqlite:/nowhere/x --store "$store")" 3
fails "a setting that there is not" 64 "idel: no such setting; did you mean idle?" \
	list --set idel=1m
fails "a setting without a value" 64 '--set: expected NAME=VALUE, got "idle"' list --set idle
fails "a setting of the wrong kind" 64 "idle: expected a time such as 30m" list --set idle=soon
echo 'idle == 3' >"$dir/bad"
fails "a faulty file" 78 "$dir/bad:1:" list --config "$dir/bad"
fails "a file that is not there" 78 "/nowhere: cannot open" list --config /nowhere
ok "a faulty environment" env SESSKIT_IDEL=3 sh -c "\"$sesskit\" list 2>&1 | grep -q 'did you mean'"
fails "a store of no known kind" 78 "is no kind of store" list --store redis-but-wrong:x
fails "a store inside of one program" 64 "lives inside of one program" list --store memory:
fails "a store without a name" 69 "name a file" list --store "sqlite:$dir/"
mv "$dir/sessions.db.key" "$dir/kept.key"
fails "a key file that is gone" 78 "there is no key file; make it with sesskit keygen" \
	list --store "$store"
ok "which is not made" [ ! -e "$dir/sessions.db.key" ]
mv "$dir/kept.key" "$dir/sessions.db.key"

# -- streams and signals -------------------------------------------------------------------------

ok "a closed standard output is an error" sh -c "\"$sesskit\" list --store '$store' >&-
	[ \$? = 74 ]"
ok "closed standard streams do no harm" sh -c "\"$sesskit\" list --store '$store' <&- >&- 2>&-
	[ \$? = 74 ]"
is "the store is whole after that" "$(sql 'PRAGMA integrity_check')" ok

# -- the owner -----------------------------------------------------------------------------------

# as_other COMMAND [ARGUMENT]...: as a user who is not root, in a copy that this user can reach.
cp "$sesskit" "$dir/sesskit"
as_other()
{
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
	else
		"$@"
	fi
}
chmod 711 "$dir"
fails_code=77 fails_text="belongs to user root, and this is"
ok "a store of another owner is refused" check_failure as_other "$dir/sesskit" list \
	--store sqlite:/etc/passwd
fails_text="run sudo -u root sesskit list"
ok "with the remedy" check_failure as_other "$dir/sesskit" list --store sqlite:/etc/passwd
fails_text="/etc/passwd belongs to user root"
ok "so is a key file" check_failure as_other "$dir/sesskit" key list --set key_file=/etc/passwd

# owners FOLDER: of all files in it, each once.
owners()
{
	stat -c %u "$1"/* | sort -u
}

# As root, the command does all as the owner would; others have none to switch from, and no
# privilege to give up: for them the store is their own.
owner=$(id -u)
if [ "$owner" = 0 ]; then
	owner=65534
fi
mkdir -m 700 "$dir/site"
cp "$fill" "$dir/fill"
if [ "$(id -u)" = 0 ]; then
	chown 65534:65534 "$dir/site"
fi
(umask 022 && as_other "$dir/fill" "sqlite:$dir/site/s.db" 2 user=alice >"$dir/site.refs")
is "the store belongs to its programs" "$(owners "$dir/site")" "$owner"
as_other sqlite3 "$dir/site/s.db" "PRAGMA wal_checkpoint(TRUNCATE)" >"$dir/checkpoint"
rm -f "$dir/site/s.db-shm" "$dir/site/s.db-wal" "$dir/site/s.db-gate"
is "the command reads it" "$(count --store "sqlite:$dir/site/s.db")" 2
is "and ends a session in it" "$("$sesskit" end --user alice --store "sqlite:$dir/site/s.db")" \
	"2 sessions ended"
ok "which makes files anew" [ -e "$dir/site/s.db-shm" ] && [ -e "$dir/site/s.db-gate" ]
ok "a rotation of the keys writes one" "$sesskit" key rotate --store "sqlite:$dir/site/s.db"
is "all of which belong to the owner" "$(owners "$dir/site")" "$owner"
ok "so its programs can go on" as_other "$dir/fill" "sqlite:$dir/site/s.db" 1

if [ "$(id -u)" = 0 ]; then
	chown 0:0 "$dir/site/s.db"
	fails "a store of root in somebody's folder" 77 "belongs to root, but its folder to user" \
		list --store "sqlite:$dir/site/s.db"
	chown 65534:65534 "$dir/site/s.db"
fi
chmod 700 "$dir"
mkdir -m 700 "$dir/shut" && chmod 0 "$dir/shut"
fails_code=77 fails_text="Permission denied"
chmod 711 "$dir"
ok "a folder that may not be entered" check_failure as_other "$dir/sesskit" list \
	--store "sqlite:$dir/shut/s.db"
done_testing
