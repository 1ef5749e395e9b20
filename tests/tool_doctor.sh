# SPDX-License-Identifier: ISC
# tool_doctor.sh - "sesskit doctor": each fault that it knows is found and has a remedy, a sound
# store has none, and nothing is changed.

: "${top_srcdir:=.}"
. "$top_srcdir/tests/tool.sh"

home=$dir/store
db=$home/sessions.db
store=sqlite:$db

# A store that belongs to root would be a finding: there, it is another user's.
if [ "$(id -u)" = 0 ]; then
	chmod 711 "$dir"
	owner=nobody
else
	owner=$(id -un)
fi

give_away()
{
	[ "$owner" = "$(id -un)" ] || chown -Rh "$owner" "$home"
}

# begin [ARGUMENT]...: a sound store with 20 sessions, which gc has just seen to.
begin()
{
	rm -rf "$home"
	mkdir -m 700 "$home"
	"$fill" "$store" 20 "$@" >"$dir/fill.out" || bail "no store"
	give_away
	"$sesskit" gc --quiet --rows 1 --store "$store" || bail "no gc"
}

doctor()
{
	"$sesskit" doctor --store "$store" "$@" </dev/null
}

# What the operator's shell does with the database, as its owner would.
by_hand()
{
	sqlite3 "$db" '.dbconfig enable_trigger off' '.dbconfig defensive off' \
		'.dbconfig no_ckpt_on_close on' '.filectrl persist_wal 1' "$@" >"$dir/hand.out" || bail "sqlite3: $*"
	give_away
}

# All that is in the folder, but the index of the log, which readers mark.
contents()
{
	ls -lnA --time-style=full-iso "$home" | grep -v -e '-shm$' -e '^total'
	find "$home" -type f ! -name '*-shm' -exec cksum {} + | sort
}

# finds CODE TEXT NAME [ARGUMENT]...: the exit code is that, one finding of that weight has the text,
# the next line has its remedy, and nothing was changed.
finds()
{
	find_code=$1 find_text=$2
	ok "$3" check_finding "$@"
}

check_finding()
{
	shift 3
	before=$(contents)
	doctor "$@" >"$dir/findings" 2>"$dir/err"
	same $? "$find_code" && is_empty "$(cat "$dir/err")" || { cat "$dir/findings"; return 1; }
	[ "$find_code" = 1 ] && label=warning || label=FAULT
	grep -F -A 1 -e "$find_text" "$dir/findings" >"$dir/found"
	sed -n 1p "$dir/found" | grep -q "^$label " || { cat "$dir/findings"; return 1; }
	sed -n 2p "$dir/found" | grep -q '^  *-> ..' || { cat "$dir/findings"; return 1; }
	[ "$find_code" = 1 ] || same "$(contents)" "$before"
}

# -- all is well ---------------------------------------------------------------------------------

begin user=alice
doctor >"$dir/findings" 2>&1
is "a sound store is sound" "$?" 0
is "as the last line says" "$(tail -n 1 "$dir/findings")" "0 faults, 0 warnings"
empty "all is ok" "$(sed '$d' "$dir/findings" | grep -v '^ok  ')"
is "and --quiet leaves that out" "$(doctor --quiet 2>&1)" ""
doctor --deep >"$dir/findings" 2>&1
is "--deep finds nothing either" "$?" 0
ok "but looks at more" grep -q 'no damage found by the full check' "$dir/findings"
ok "the programs' user is the owner" doctor --user "$owner"
empty "--json prints JSON" "$(doctor --json | tee "$dir/doctor.json" | json_faults)"
is "one object each" "$(grep -vc '^{"level":"fine","text":".*","remedy":null}$' "$dir/doctor.json")" 0
fails_code=74 fails_text="cannot write to standard output: No space left"
ok "a full disk" check_full doctor --store "$store"
fails_text="cannot write to standard output: Broken pipe"
ok "a reader that went away" check_pipe doctor --store "$store"
fails "an option that there is not" 64 "--nonsense: no such option" doctor --nonsense
fails "a user that there is not" 67 "no user" doctor --store "$store" --user no-such-user
fails "a store that is in another program's memory" 64 "memory:" doctor --store memory:
finds 2 "but the programs run as daemon" "another user than the owner" --user daemon
begin sealed
doctor >"$dir/findings"
ok "sealed sessions are counted" grep -q '20 are sealed' "$dir/findings"
rm "$db-wal" "$db-shm"
ok "a store that nobody uses is sound" doctor

# -- settings ------------------------------------------------------------------------------------

# risky NAME=VALUE...: each alone is a warning that names it.
risky()
{
	for setting; do
		finds 1 "${setting%%=*} = " "$setting" --set "$setting"
	done
}

begin
risky cookie_secure=no cookie_httponly=no cookie_samesite=cross_site cookie_domain=example.org \
	query=sid absolute=never renew=never idle=30d grace=1h busy_ms=50
finds 2 "trusted_proxies: a network of /0" "everybody is a proxy" \
	--set trusted_proxies=127.0.0.1,0.0.0.0/0
finds 2 "trusted_proxies: \"nobody\" is neither" "proxies without address" \
	--set trusted_proxies=nobody
fails "a setting that there is not" 64 "no such setting" doctor --store "$store" --set idel=1

# -- folder and files ----------------------------------------------------------------------------

chmod g+w "$home"
finds 2 "other users may write in this folder" "an open folder"
chmod 700 "$home"
for file in "" -wal -shm -gate; do
	begin
	chmod 644 "$db$file"
	finds 2 "sessions.db$file is open to other users" "an open sessions.db$file"
	mv "$db$file" "$dir/away"
	ln -s "$dir/away" "$db$file"
	give_away
	finds 2 "sessions.db$file is not a plain file" "a link sessions.db$file"
	rm "$dir/away"
done
begin
chmod 400 "$db"
finds 2 "may not be read and written by its owner" "a database that is read-only"
begin
: >"$db-new-abcdef"
give_away
ok "a database that is being made" doctor
touch -d '2 hours ago' "$db-new-abcdef"
finds 1 "sessions.db-new-abcdef was left behind" "one that was left behind"
mv "$db-new-abcdef" "$db-gate-new-abcdef"
finds 1 "sessions.db-gate-new-abcdef was left behind" "an unfinished gate"
rm "$db-gate-new-abcdef"
rm "$db-shm"
by_hand 'UPDATE mark SET value = value' && rm "$db-shm"
finds 1 "sessions.db-shm is missing" "a log without its index"
begin
rm "$db"
finds 2 "sessions.db-wal is left over" "a log without its database"
rm "$db-wal"
finds 2 "there is no such file" "no database"
: >"$db"
chmod 600 "$db"
give_away
finds 2 "sessions.db is empty" "an empty file"
rm -r "$home"
mkdir "$dir/elsewhere"
mv "$dir/elsewhere" "$home"
store=sqlite:$dir/missing/sessions.db
finds 2 "cannot be used: No such file" "no folder"
store=sqlite:$db

# -- keys ----------------------------------------------------------------------------------------

begin
mv "$db.key" "$dir/key"
finds 2 "the key file is gone" "no key file"
rm "$db-wal" "$db-shm"
finds 2 "the key file is gone" "nor log, which is not made either"
echo nonsense >"$db.key"
chmod 600 "$db.key"
give_away
finds 2 "sessions.db.key:1:" "a damaged key file" --quiet
begin
chmod 644 "$db.key"
finds 2 "sessions.db.key: has mode 0644" "an open key file" --quiet
begin
: >"$db.key.abcdefghijkl"
touch -d '2 hours ago' "$db.key.abcdefghijkl"
finds 1 "sessions.db.key.abcdefghijkl was left" "left-over keys"

# -- the database --------------------------------------------------------------------------------

begin
by_hand 'PRAGMA application_id = 7'
finds 2 "is the database of another program" "another program's"
begin
by_hand 'PRAGMA user_version = 999'
finds 2 "was made by a newer sesskit (schema 999" "a schema of the future"
begin
by_hand 'DROP INDEX session_by_user'
finds 2 'the index "session_by_user" is missing' "an index that is missing"
by_hand 'CREATE INDEX session_by_user ON session (user)'
finds 2 'the index "session_by_user" is not as it should be' "one that was changed"
begin
by_hand 'CREATE TABLE mine (x)'
finds 1 'the table "mine" is not one of ours' "a table too many"
begin
sqlite3 "$db" 'PRAGMA journal_mode = DELETE' >"$dir/hand.out"
finds 1 "was taken out of WAL mode" "a database without a log"
begin
by_hand 'PRAGMA wal_checkpoint(TRUNCATE)'
# garbage PAGE COUNT: in the place of so many pages.
garbage()
{
	head -c $(($2 * 4096)) /dev/zero | tr '\0' '\252' |
		dd of="$db" bs=4096 seek=$(($1 - 1)) conv=notrunc status=none
}

garbage "$(sqlite3 "file:$db?immutable=1" \
	"SELECT rootpage FROM sqlite_schema WHERE name = 'session_by_expiry'")" 1
finds 2 "is damaged" "a page of garbage"
garbage 2 $(($(stat -c %s "$db") / 4096 - 1))
finds 2 "database disk image is malformed" "nothing but garbage"
begin
by_hand "PRAGMA writable_schema = ON;
	CREATE TEMP TABLE kept AS SELECT * FROM sqlite_schema WHERE name = 'session_by_expiry';
	DELETE FROM sqlite_schema WHERE name = 'session_by_expiry';" 'PRAGMA writable_schema = RESET' \
	'DELETE FROM session WHERE id IN (SELECT id FROM session LIMIT 3)' \
	'PRAGMA writable_schema = ON' 'INSERT INTO sqlite_schema SELECT * FROM kept'
ok "an index that disagrees with its table takes more than a quick check" doctor
finds 2 "wrong # of entries in index session_by_expiry" "it is found by --deep" --deep
begin
head -c 50000 /dev/zero | tr '\0' 'x' >"$db"
finds 2 "file is not a database" "a file of garbage"
begin
by_hand "UPDATE session SET data = 'no JSON'"
finds 1 "the values of 20 sessions are no JSON" "values that are none" --deep
begin
by_hand 'UPDATE tally SET signed_in = signed_in + 1 WHERE minute = 0'
finds 1 "tally is wrong about how many sessions there are" "numbers edited by hand" --deep
ok "are no trouble after a recount" sh -c "sqlite3 '$db' <'$top_srcdir/sql/queries/recount.sql' &&
	! '$sesskit' doctor --deep --quiet --store '$store' | grep tally"

# -- time ----------------------------------------------------------------------------------------

set_mark()
{
	by_hand "INSERT OR REPLACE INTO mark (name, value) VALUES ('$1', $2)"
}

begin expired=3
finds 1 "2 expired sessions are still there, the oldest for 29d 23h; sesskit gc ran" \
	"expired sessions that nobody deletes"
begin
set_mark gc 'unixepoch() - 10000'
finds 1 "sesskit gc ran 2h 46m ago" "a gc that runs no more"
set_mark gc 0
ok "one that never ran, where the programs do" doctor
finds 1 "nobody deletes what has expired" "one that never ran, where they do not" \
	--set collect=never
set_mark clock 'unixepoch() + 86400'
finds 1 "the clock was set back" "a clock that was set back"
set_mark clock 'unixepoch()'
set_mark clock_doubt 'unixepoch() - 60'
finds 1 "the clock jumped ahead" "a clock that jumped"
set_mark clock_doubt 0
set_mark collector 'unixepoch() + 86400'
finds 1 "ends in the far future" "a lease of the future"
set_mark collector 'unixepoch() - 86400'
finds 1 "a collector died hours ago" "a lease of the past"

# -- a folder of files ---------------------------------------------------------------------------

home=$dir/files
store=file:$home

# begin_files [ARGUMENT]...: a sound store with three sessions of alice.
begin_files()
{
	rm -rf "$home" "$home.key"
	"$fill" "$store" 3 user=alice "$@" >"$dir/fill.out" || bail "no store"
	give_away
	chown -h "$owner" "$home.key" || bail "no key file"
	"$sesskit" gc --quiet --rows 1 --store "$store" || bail "no gc"
}

# path PATTERN: the first file below the store that this fits.
path()
{
	find "$home" -type f -path "$home/$1" | sort | sed -n 1p
}

begin_files
doctor --deep >"$dir/findings" 2>&1
is "a sound folder is sound" "$?" 0
empty "all is ok" "$(sed '$d' "$dir/findings" | grep -v '^ok  ')"
ok "and read" grep -q ': 3 sessions read' "$dir/findings"
chmod 750 "$home"
finds 2 "$home is open to other users" "a folder open to a group"
chmod 700 "$home"
chmod 644 "$home/lock"
finds 2 "$home/lock is open to other users" "an open lock"
rm "$home/lock"
finds 2 "$home/lock is missing" "no lock"
ln -s "$dir/away" "$home/lock"
finds 2 "$home/lock is not a plain file" "a link in its place"
begin_files
chmod 755 "$home/users"
finds 1 "$home/users is open to other users" "a folder below that is open"
if [ "$(id -u)" = 0 ]; then
	chown root "$home/data"
	finds 2 "$home/data belongs to another user" "one of another user"
fi
begin_files
: >"$home/notes"
ln -s "$dir" "$home/data/ab"
give_away
finds 1 "is not of this store" "a stranger's file"
finds 1 ", and 1 more" "and a link, deeper" --deep
begin_files
half=$(path 'data/*').new
: >"$half"
chmod 600 "$half"
give_away
ok "a value that is being made" doctor --deep
touch -d '2 hours ago' "$half"
finds 1 "was left behind by a program that was killed" "one that was left behind" --deep
"$sesskit" gc --quiet --shrink --store "$store" || bail "no gc"
ok "is gone after the remedy" doctor --deep
truncate -s 20 "$(path 'data/*')"
finds 2 "is damaged" "half a session" --deep
ok "which is not looked for else" doctor
begin_files
rm "$(path 'due/*a*')" "$(path 'users/*')"
finds 2 "is a session without a mark" "sessions that nobody would collect" --deep
begin_files
value=$(path 'data/*')
mv "$value" "$value.new"
ok "a mark that was just made may lead nowhere yet" doctor --deep
find "$home" -type f -exec touch -d '2 hours ago' {} +
finds 1 "is a mark that leads nowhere, and 1 more" "but not an old one" --deep
ok "to look removes nothing" test -e "$value.new"
rm -r "$home"
finds 2 "$home cannot be opened: No such file" "no folder"
is "none is made" "$(ls -d "$home" 2>&1 | grep -c 'No such file')" 1
: >"$home"
finds 2 "$home cannot be opened: Not a directory" "a file in its place"
done_testing
