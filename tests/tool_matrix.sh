# SPDX-License-Identifier: ISC
# tool_matrix.sh - every verb and all that commonly goes wrong for an operator: one clear line on
# standard error, the right exit code, and nothing lost.

: "${top_srcdir:=.}"
. "$top_srcdir/tests/tool.sh"

verbs=$(sed -n 's/^VERB(\(.*\))$/\1/p' "$top_srcdir/fcgi-apps/tools/verbs.def")
"$fill" "$store" 3 expired=3 user=alice >"$dir/filled" || bail "no store"
ref=$(sed -n '2s/ .*//p' "$dir/filled")
"$sesskit" export --store "$store" --output "$dir/all" || bail "no export"

# calls STORE FILE: a right call of each verb on that store, or with that file.
calls()
{
	cat <<-END
		list --store $1
		show $ref --store $1
		end $ref --store $1
		stats --store $1
		watch --count 1 --store $1
		gc --store $1
		doctor --quiet --store $1
		keygen --store $1
		key list --store $1
		key rotate --store $1
		export --store $1
		import $2 --quiet --store $1
		copy $1 sqlite:$dir/to.db
		help list
	END
}
is "every verb is called" "$(calls s f | sed 's/ .*//' | sort -u)" "$(printf '%s\n' $verbs | sort)"

# column NAME [COMMAND]...: how each call of $dir/calls fails. expected sets code and text for a
# verb, and an empty text where this cannot go wrong.
column()
{
	column=$1
	shift
	while read -r verb rest; do
		expected "$verb"
		[ -z "$text" ] || ok "$column: $verb ${rest%% *}" one_line "$code" "$text" "$@" \
			"$dir/sesskit" "$verb" $rest
	done <"$dir/calls"
}

# What doctor finds is what it was asked for, and stands on standard output.
one_line()
{
	fails_code=$1 fails_text=$2
	shift 2
	check_failure "$@" && return
	[ "$verb $code" = "doctor 2" ] && is_empty "$(cat "$dir/fails.err")" >"$dir/nowhere" &&
		grep -F -e "$text" "$dir/fails.out"
}

# Also for users who are not root, below.
cp "$sesskit" "$dir/sesskit"

# -- what was typed ------------------------------------------------------------------------------

for verb in $verbs; do
	fails "${verb}s: wrong verb" 64 "${verb}s: no such verb; did you mean $verb?" "${verb}s"
	fails "$verb: wrong option" 64 "--nonsense: no such option; sesskit help $verb lists them" \
		"$verb" --nonsense
	fails "$verb: option with a slip" 64 "--confg: no such option; did you mean --config?" \
		"$verb" --confg=x
done

# -- what is not there ---------------------------------------------------------------------------

expected()
{
	code=66 text="there is no such store; name it with --store"
	case $1 in
	doctor) code=2 text="store" ;;
	key) text="missing.db.key: No such file or directory; " ;;
	import) text="missing.db.key is missing: put a copy there" ;;
	help | keygen) text= ;;
	esac
}
calls "sqlite:$dir/missing.db" "$dir/all" >"$dir/calls"
column "missing store"
is "which nobody made" "$(ls "$dir" | grep -e missing -e '^to')" ""
expected()
{
	code=66 text="No such file or directory; "
	case $1 in
	doctor) code=2 text="No such file" ;;
	list | show | end | stats | watch | gc | export | copy) text="there is no such store" ;;
	help) text= ;;
	esac
}
calls "sqlite:$dir/missing/s.db" "$dir/all" >"$dir/calls"
column "missing folder"
expected()
{
	code=66 text="cannot open $dir/missing"
}
echo "import $dir/missing --store $store" >"$dir/calls"
column "missing file"

# -- what cannot be read -------------------------------------------------------------------------

# made NAME: where a store of that name is, with the keys.
made()
{
	cp "$dir/sessions.db.key" "$dir/$1.db.key"
	chmod 600 "$dir/$1.db"
	echo "sqlite:$dir/$1.db"
}
expected()
{
	code=69 text=$wrong
	case $1 in
	doctor) code=2 text=${wrong#no SQLite } ;;
	esac
}
no_keys()
{
	grep -v -e ^key -e ^help
}
sqlite3 "$dir/foreign.db" 'CREATE TABLE t (x)'
wrong="database of another program"
calls "$(made foreign)" "$dir/all" | no_keys >"$dir/calls"
column "wrong schema"
sqlite3 "$dir/sessions.db" "VACUUM INTO '$dir/newer.db'"
sqlite3 "$dir/newer.db" 'PRAGMA user_version = 999'
wrong="made by a newer sesskit"
calls "$(made newer)" "$dir/all" | no_keys >"$dir/calls"
column "newer schema"
yes 'no database' | head -c 4096 >"$dir/text.db"
wrong="no SQLite database"
calls "$(made text)" "$dir/all" | no_keys >"$dir/calls"
column "no database"
for name in foreign newer text; do
	echo "copy $store sqlite:$dir/$name.db"
done >"$dir/calls"
wrong="$dir/"
column "wrong target"
expected()
{
	code=78 text="text.db.key:1:3: expected a blank and a key"
	case $1 in
	doctor) code=2 text="expected a blank and a key" ;;
	help | keygen) text= ;;
	esac
}
cp "$dir/sessions.db" "$dir/text.db"
made text >"$dir/nowhere"
echo 'no' >"$dir/text.db.key"
calls "sqlite:$dir/text.db" "$dir/all" >"$dir/calls"
column "damaged keys"
expected()
{
	code=65 text="text.jsonl:1: "
}
echo 'no export' >"$dir/text.jsonl"
echo "import $dir/text.jsonl --store $store" >"$dir/calls"
column "wrong file"

# -- what is not allowed -------------------------------------------------------------------------

# As nobody in particular; who is not root already, is that.
as_other()
{
	if [ "$(id -u)" = 0 ]; then
		setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
	else
		"$@"
	fi
}
expected()
{
	code=77 text="Permission denied"
	case $1 in
	help) text= ;;
	esac
}
mkdir -m 0 "$dir/shut"
chmod 711 "$dir"
calls "sqlite:$dir/shut/s.db" "$dir/all" >"$dir/calls"
column "no permission" as_other
chmod 700 "$dir"

# -- a disk without room -------------------------------------------------------------------------

# One session is gone without a trace, for import to put back.
sqlite3 "$dir/sessions.db" '.dbconfig enable_trigger off' \
	'DELETE FROM session WHERE seen = (SELECT max(seen) FROM session)' \
	'UPDATE tally SET signed_in = signed_in - 1 WHERE minute = 0' >"$dir/nowhere"
# -shm and the gate are there as long as somebody else has the store open.
mkfifo "$dir/open"
sqlite3 "$dir/sessions.db" <"$dir/open" >"$dir/opened" &
opener=$!
exec 5>"$dir/open"
echo "SELECT count(*) FROM session;" >&5
until [ -s "$dir/opened" ]; do
	kill -0 $opener || bail "sqlite3 ended"
	sleep 0.05
done
"$sesskit" list --store "$store" >"$dir/listed"
before=$(sql 'SELECT quote(id), data FROM session' | sort)
key=$(cat "$dir/sessions.db.key")
expected()
{
	code=69 text="check the disk, its room"
	case $1 in
	list | show | stats | watch | doctor | help) text= ;;
	key) code=78 text="cannot write the key file: File too large" ;;
	keygen) code=73 text="cannot make the key file: File too large" ;;
	copy) code=73 text="to.db.key, a copy of $dir/sessions.db.key: File too large" ;;
	export) code=74 text="cannot write $dir/file.part: File too large" ;;
	esac
}
calls "$store" "$dir/all" | grep -v 'key list' | sed "s,^keygen .*,keygen $dir/new.key,
	s,^export,& --output $dir/file," >"$dir/calls"
column "full disk" full
for reader in list "show $ref" stats "watch --count 1"; do
	ok "${reader%% *}: reading goes on" full "$dir/sesskit" $reader --store "$store"
done
expected()
{
	code=74 text="the metrics cannot be written: File too large"
}
echo "stats --quiet --metrics $dir/metrics --store $store" >"$dir/calls"
column "full disk for metrics" full
is "sessions are as they were" "$(sql 'SELECT quote(id), data FROM session' | sort)" "$before"
is "so are the keys" "$(cat "$dir/sessions.db.key")" "$key"
exec 5>&-
wait $opener
is "the store is whole" "$(sql 'PRAGMA integrity_check')" ok

# -- an output that nobody reads -----------------------------------------------------------------

calls "$store" "$dir/all" | sed "s,^keygen .*,keygen $dir/new.key,; s,--quiet,," >"$dir/calls"
fails_code=74
while read -r call; do
	rm -f "$dir/new.key" "$dir"/to.db*
	fails_text="cannot write to standard output: No space left"
	ok "full output: $call" check_full $call
	rm -f "$dir/new.key"
	fails_text="cannot write to standard output: Broken pipe"
	ok "broken pipe: $call" check_pipe $call
done <"$dir/calls"
is "what could not be reported was done" \
	"$("$sesskit" list --store "$store" | grep -c -e "$ref")" 0

# -- root ----------------------------------------------------------------------------------------

# On a store of the site, with the files gone that SQLite makes beside it. Who is not root is the
# owner of all anyway.
site=$dir/site
mkdir -m 700 "$site"
cp "$dir/sessions.db" "$site/s.db"
cp "$dir/sessions.db.key" "$site/s.db.key"
cp "$dir/all" "$site/all"
owner=$(id -u)
if [ "$owner" = 0 ]; then
	owner=65534
	chmod 711 "$dir"
	chown -R 65534:65534 "$site"
fi
calls "sqlite:$site/s.db" "$site/all" | sed "s,^stats,& --metrics $site/stats,
	s,^gc,& --checkpoint --metrics $site/gc,; s,^export,& --output $site/out,
	s,sqlite:$dir/to,sqlite:$site/to,; s,^keygen .*,keygen $site/new.key," >"$dir/calls"
while read -r call; do
	rm -f "$site"/s.db-*
	ok "by the owner, or root: $call" "$sesskit" $call
	is "which leaves no file to root" "$(stat -c %u "$site"/* | sort -u)" "$owner"
done <"$dir/calls"
is "and made some" "$(cd "$site" && ls gc new.key out stats to.db-gate | wc -l)" 5
done_testing
