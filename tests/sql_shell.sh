# SPDX-License-Identifier: ISC
# sql_shell.sh - the sqlite3 shell on a database that the library made, while a program has it open:
# views, ready reports, the upgrade of older files, the loadable functions.

: "${top_srcdir:=.}" "${top_builddir:=.}" "${CC:=cc}"
. "$top_srcdir/tests/tap.sh"
LC_ALL=C
export LC_ALL
top_srcdir=$(cd "$top_srcdir" && pwd) && top_builddir=$(cd "$top_builddir" && pwd) || bail "no tree"
sql=$top_srcdir/sql
command -v sqlite3 >/dev/null || bail "sqlite3 is not installed"

umask 077
dir=$(mktemp -d "${TMPDIR:-/tmp}/sesskit-test-XXXXXX") || bail "cannot make a directory"
visitors=
trap '[ -z "$visitors" ] || kill "$visitors" 2>/dev/null; rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
cd "$dir" || exit

# Makes a session for each argument, a user or "-", prints the values of the cookies, and waits with
# the database open until its input ends.
cat >visitors.c <<'C'
#include <sesskit.h>
#include <stdio.h>
#include <string.h>

static void
visit(sess_kit *kit, const char *user)
{
	char *env[] = { "HTTPS=on", "HTTP_HOST=www.example.org", "REMOTE_ADDR=192.0.2.1",
		"HTTP_USER_AGENT=Browser/1.0", NULL };
	const char *cookie, *value;
	sess *s;

	if (sess_begin(kit, env, &s) != SESS_OK)
		return;
	if (strcmp(user, "-") != 0)
		sess_login(s, user);
	sess_set_str(s, "greeting", "hello");
	sess_set_int(s, "visits", 3);
	if (sess_commit(s) == SESS_OK && (cookie = sess_cookie(s)) != NULL) {
		value = strchr(cookie, '=') != NULL ? strchr(cookie, '=') + 1 : cookie;
		printf("%.*s\n", (int)strcspn(value, ";"), value);
	}
	sess_end(s);
}

int
main(int argc, char **argv)
{
	sess_config config = SESS_CONFIG_INIT;
	sess_error error;
	sess_kit *kit;

	if (sess_config_set(&config, "store", argv[1], &error) != SESS_OK ||
		sess_kit_open(&kit, &config, &error) != SESS_OK) {
		fprintf(stderr, "%s\n", error.text);
		return 1;
	}
	for (int i = 2; i < argc; i++)
		visit(kit, argv[i]);
	puts("ready");
	fflush(stdout);
	while (getchar() != EOF)
		continue;
	sess_kit_close(kit);
	return 0;
}
C
$CC -std=gnu11 -I"$top_srcdir/lib" -o visitors visitors.c "-L$top_builddir/lib/.libs" \
	"-Wl,-rpath,$top_builddir/lib/.libs" -lsesskit || bail "cannot build a program"
mkfifo input
./visitors sqlite:sessions.db ann ben ann - - kim <input >tokens 2>visitors.err &
visitors=$!
exec 9>input
tries=0
until grep -q ready tokens 2>/dev/null; do
	kill -0 "$visitors" 2>/dev/null || bail "the program ended: $(cat visitors.err)"
	tries=$((tries + 1))
	[ "$tries" -lt 3000 ] || bail "the program is not ready"
	sleep 0.01
done
sed -i '/ready/d' tokens
is "six sessions are there, each with its cookie" "$(sort -u tokens | wc -l)" 6

# shell ARGUMENT...: sqlite3 on the database; what it says about errors is part of its output.
shell()
{
	sqlite3 -batch "$@" 2>&1
}

# -- reports and views ---------------------------------------------------------------------------

# clean COMMAND...: it succeeds and says nothing of an error.
clean()
{
	"$@" >said 2>&1 && ! grep -iE 'error|no such|near line' said || { cat said; return 1; }
	cat said >>everything
}

read_report()
{
	sqlite3 -batch -readonly sessions.db <"$1"
}
write_report()
{
	sqlite3 -batch -cmd ".parameter set @user \"'$2'\"" sessions.db <"$1"
}
view()
{
	sqlite3 -batch -readonly -box -cmd ".read $sql/views.sql" sessions.db "SELECT * FROM $1"
}

: >everything
for report in "$sql"/queries/*.sql; do
	case ${report##*/} in
	end-user.sql | extend-user.sql | forget-addresses.sql | recount.sql)
		ok "${report##*/} refuses a database that is open for reading" \
			sh -c '! sqlite3 -batch -bail -readonly sessions.db <"$1" 2>said' - "$report"
		;;
	*)
		ok "${report##*/} runs" clean read_report "$report"
		ok "and says something, or nothing is due" [ -s said -o "${report##*/}" = expiring.sql ]
		;;
	esac
done
views=$(sed -n 's/^CREATE TEMP VIEW \([a-z_]*\) AS.*/\1/p' "$sql/views.sql")
for name in $views; do
	ok "view $name" clean view "$name"
done
row()
{
	sqlite3 -batch -readonly -cmd ".read $sql/views.sql" sessions.db "$1"
}
is "live sessions in words" \
	"$(row "SELECT count(*), sum(age GLOB '0:00:0?'), sum(stored = 'readable') FROM live")" "6|6|6"
is "users" "$(row "SELECT user, sessions FROM users ORDER BY user")" "ann|2
ben|1
kim|1"
is "values" "$(row "SELECT count(*), sum(value) FROM session_values WHERE key = 'visits'")" "6|18"
is "this hour" "$(row "SELECT sum(started), sum(logins) FROM activity")" "6|4"
is "who is online" "$(row "SELECT count(*) FROM online")" 6
is "the totals" "$(read_report "$sql/queries/totals.sql" | tail -n 1 | tr -s ' ')" "6 4 0 "

# -- changes -------------------------------------------------------------------------------------

is "extend a user" "$(write_report "$sql/queries/extend-user.sql" kim)" "1 sessions extended"
is "whose session then lives for a day" \
	"$(shell sessions.db "SELECT expires - unixepoch() BETWEEN 86300 AND 86400, idle FROM session
		WHERE user = 'kim'")" "1|86400"
is "end a user" "$(write_report "$sql/queries/end-user.sql" ann)" "2 sessions ended"
is "nobody of that name" "$(write_report "$sql/queries/end-user.sql" nobody)" "0 sessions ended"
is "no name at all" "$(sqlite3 -batch sessions.db <"$sql/queries/end-user.sql")" "0 sessions ended"
is "the ended ones say why" "$(row "SELECT DISTINCT reason FROM ended WHERE reason LIKE '%else%'")" \
	"ended from elsewhere"
is "forget addresses of those away" "$(write_report "$sql/queries/forget-addresses.sql" -)" \
	"0 sessions changed"
numbers="SELECT sum(anonymous), sum(signed_in) FROM tally"
is "the numbers after all that" "$(shell sessions.db "$numbers")" "2|2"
shell sessions.db "UPDATE tally SET anonymous = 70, signed_in = 80"
is "count anew" "$(write_report "$sql/queries/recount.sql" -)" "2|2"
is "it is kept" "$(shell sessions.db "$numbers")" "2|2"
is "wrong use changed nothing else" "$(shell sessions.db "PRAGMA integrity_check")" ok

# -- functions -----------------------------------------------------------------------------------

extension=$top_builddir/lib/.libs/sesskit_sqlite
call()
{
	shell -cmd ".load $extension" sessions.db "$1"
}
is "the functions load" "$(call "SELECT 1")" 1
is "a ref has 43 characters, and leads back" \
	"$(call "SELECT DISTINCT length(sess_ref(id)), sess_id(sess_ref(id)) = id FROM session")" "43|1"
is "so does the hexadecimal form" \
	"$(call "SELECT DISTINCT sess_id(lower(hex(id))) = id FROM session")" 1
is "values, one per line" "$(call "SELECT sess_json(data) FROM session WHERE user = 'ben'")" '{
  "greeting":"hello",
  "visits":3
}'
is "a state" "$(call "SELECT sess_state(8)")" "ended from elsewhere"
is "each state has its words" \
	"$(call "SELECT count(sess_state(value)) FROM generate_series(-3, 30)")" 12
is "a view uses the same words" "$(sed -n "s/^ *WHEN \([0-9]*\) THEN '\(.*\)'/\1|\2/p" \
	"$top_srcdir/sql/views.sql")" \
	"$(call "SELECT value, sess_state(value) FROM generate_series(5, 11)")"
is "a time" "$(call "SELECT sess_time(1700000000)")" "2023-11-14 22:13:20"
is "an age" "$(call "SELECT sess_age(unixepoch() - 200)")" "3m 20s"
is "a time to come" "$(call "SELECT sess_age(unixepoch() + 180300)")" "in 2d 2h"
is "what is no such thing gives NULL" "$(call "SELECT count(*) FROM (SELECT 1 WHERE coalesce(
	sess_ref(NULL), sess_ref('x'), sess_ref(x'00'), sess_ref(zeroblob(33)), sess_ref(32),
	sess_id(NULL), sess_id(''), sess_id('x'), sess_id(zeroblob(43)), sess_id(printf('%.43c', '=')),
	sess_id(printf('%.64c', 'g')), sess_id(printf('%.200000c', 'A')),
	sess_json(NULL), sess_json(x'7b7d'), sess_json(5), sess_json('{'), sess_json('[]'),
	sess_json('{\"a\":[1]}'), sess_json('{\"a\":1}' || char(0)), sess_json(printf('%.99999c', '[')),
	sess_state(NULL), sess_state(-1), sess_state(12), sess_state(1 << 40), sess_state('8'),
	sess_time(NULL), sess_time(0), sess_time('now'), sess_time(9223372036854775807),
	sess_time(-9223372036854775807 - 1), sess_time(1.5),
	sess_age(0), sess_age(9223372036854775807), sess_age(-9223372036854775807 - 1)) IS NOT NULL)")" 0
ok "a wrong number of arguments is an error" \
	sh -c "call() { sqlite3 -batch -cmd '.load $extension' :memory: \"\$1\" 2>&1; }
	call 'SELECT sess_ref()' | grep -q 'wrong number'"

# -- nothing that is shown is a cookie -----------------------------------------------------------

shell sessions.db .dump >>everything
call "SELECT sess_ref(id), sess_json(data) FROM session" >>everything
ok "the dump is there to be searched" grep -q "INSERT INTO session" everything
ok "no report, view or dump shows a cookie" sh -c '! grep -F -f tokens everything'
ok "a dump makes a database again" \
	sh -c 'sqlite3 sessions.db .dump | sqlite3 -bail copy.db'
is "with the same sessions" "$(shell copy.db "SELECT count(*) FROM session")" 4

# -- versions ------------------------------------------------------------------------------------

catalogue()
{
	shell "$1" "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name;
		PRAGMA user_version"
}
sqlite3 new.db <"$sql/schema.sql"
is "the library makes what schema.sql says" "$(catalogue sessions.db)" "$(catalogue new.db)"
ok "the schema is not empty" sh -c 'sqlite3 new.db .schema | grep -q "CREATE TABLE session"'

# What version 1 had: it is frozen, and so is this.
version_1()
{
	sed -e '/^CREATE TRIGGER/,$d' -e '/^CREATE TABLE tally/,/^) STRICT/d' -e '/^INSERT INTO/d' \
		-e '/session_by_seen/d' -e 's/user_version = 2/user_version = 1/' \
		-e 's/session_by_expiry ON session (expires, user)/session_by_expiry ON session (expires, seen)/' \
		"$sql/schema.sql"
}
version_1 | sqlite3 old.db
is "a file of version 1 has two indexes on sessions and no trigger" "$(shell old.db \
	"SELECT count(*) FILTER (WHERE type = 'index' AND name LIKE 'session_by%'),
	count(*) FILTER (WHERE type = 'trigger'), count(*) FILTER (WHERE name = 'tally')
	FROM sqlite_schema")" "2|0|0"
sqlite3 old.db "ATTACH 'sessions.db' AS now; INSERT INTO session SELECT * FROM now.session;
	INSERT INTO trace SELECT * FROM now.trace; PRAGMA journal_mode = WAL" >/dev/null
cp sessions.db.key old.db.key
./visitors sqlite:old.db eve </dev/null >said 2>&1 9>&- ||
	bail "the program cannot open the old file: $(cat said)"
exec 9>&-
is "the library upgrades it to the very same schema" \
	"$(catalogue old.db)" "$(catalogue new.db)"
is "no session is lost, and one is new" "$(shell old.db "SELECT count(*) FROM session")" 5
is "the numbers start from what was there" "$(shell old.db "$numbers")" "2|3"
wait "$visitors"
is "the program that had it open ended well" $? 0
visitors=
done_testing
