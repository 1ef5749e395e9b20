# SPDX-License-Identifier: ISC
# stores.sh - what a session costs on each store: time, beside what the client library alone needs,
# work of the server, and room. run.sh runs it; it starts the servers.
#
# In the build directory:
#
#   STORE_ROUNDS=25 STORE_SESSIONS=1000 PAGES=20000 FILL=100000 top_srcdir=.. sh ../tests/bench/stores.sh

. "${top_srcdir:=.}/tests/servers/redis.sh"
. "$top_srcdir/tests/servers/mysql.sh"
bench=$top_builddir/tests/bench/bench_stores
modules=$top_builddir/lib/.libs
SESSKIT_KEY_FILE=$dir/key SESSKIT_PASSWORD_FILE=$dir/password
export SESSKIT_KEY_FILE SESSKIT_PASSWORD_FILE
"$top_builddir/fcgi-apps/tools/sesskit" keygen "$dir/key" >"$dir/made" || bail "no key"

# The user of the programs, as on the other servers.
redis_user()
{
	redis_ask "$1" acl setuser web on '>open-sesame' '~*' '+@all' >"$dir/made"
}

mkdir "$dir/sqlite"
serve_as redis
redis_start one 0
one=$started
redis_start synced 0 --appendfsync always
redis_cluster
for name in one synced m1 m2 m3; do
	redis_user $name
done
serve_as mysql
mysql_install maria
mysql_start maria 0 --skip-networking
maria=$started
await mysql_answers maria
mysql_user maria
galera

"$bench" time "$modules" "${STORE_ROUNDS:=25}" "${STORE_SESSIONS:=1000}" \
	SQLite "sqlite:$dir/sqlite/library.db" "$dir/sqlite" \
	memory memory: '' \
	files "file:$dir/files" "$dir/bare" \
	"cookies, ends in SQLite" "cookie:sqlite:$dir/sqlite/ended.db" '' \
	"cookies, ends in Redis" "cookie:redis+unix://web@$dir/one/socket" '' \
	Redis "redis+unix://web@$dir/one/socket" "$dir/one/socket" \
	"Redis, fsync always" "redis+unix://web@$dir/synced/socket" "$dir/synced/socket" \
	"Redis Cluster of 3" "redis+cluster://web@$seeds" '' \
	MariaDB "mysql+unix://web@$dir/maria/socket/sessions" "$dir/maria/socket" \
	"Galera of 3" "mysql://web@$hosts/sessions" "$(set -- $ports_n1; echo "$1")" || exit

# What is on disk when it is answered was timed above; here it would only take its time.
mysql_ask maria 'set global innodb_flush_log_at_trx_commit = 0'

# -- work ------------------------------------------------------------------------------------------

# Hundredths of a second that a process has computed.
worked()
{
	read -r _ _ _ _ _ _ _ _ _ _ _ _ _ user system _ <"/proc/$1/stat"
	echo $((user + system))
}

# pages WORDS PROCESS BYTES URL: BYTES tells how many have gone over the wire.
pages()
{
	before=$(worked "$2") wire=$("$3")
	"$bench" pages "$modules" "$PAGES" "$4" || exit
	printf '%-24s %12d %12d\n' "$1" $((($(worked "$2") - before) * 10000 / PAGES)) \
		$((($("$3") - wire) / PAGES))
}

redis_wire()
{
	redis_ask one info stats | tr -d '\r' | awk -F : '
		$1 == "total_net_input_bytes" || $1 == "total_net_output_bytes" { sum += $2 }
		END { print sum }'
}

maria_wire()
{
	mysql_ask maria "show global status
		where variable_name in ('Bytes_received', 'Bytes_sent')" |
		awk '{ sum += $2 } END { print sum }'
}

printf '\n%-24s %12s %12s\n' "a page, of ${PAGES:=20000}" "server, us" "wire, bytes"
pages Redis "$one" redis_wire "redis+unix://web@$dir/one/socket"
pages MariaDB "$maria" maria_wire "mysql+unix://web@$dir/maria/socket/sessions"

# -- room ------------------------------------------------------------------------------------------

# room WORDS SESSIONS BYTES_BEFORE BYTES_AFTER
room()
{
	printf '%-24s %6d\n' "$1" $((($4 - $3) / $2))
}

# fill SESSIONS URL
fill()
{
	"$bench" fill "$modules" "$1" "$2" || exit
}

redis_bytes()
{
	redis_ask "$1" info memory | tr -d '\r' | sed -n 's/^used_memory://p'
}

# What the tables take in their files.
maria_bytes()
{
	du -cB1 "$dir/maria/data/sessions"/sess_*.ibd | tail -n 1 | cut -f 1
}

: "${FILL:=100000}"
# Files are slow to make, and no smaller for being many.
few=$(((FILL + 4) / 5))
printf '\nbytes for each of %d sessions\n' "$FILL"
mkdir "$dir/large"
fill "$FILL" "sqlite:$dir/large/sessions.db"
room SQLite "$FILL" 0 "$(stat -c %s "$dir/large/sessions.db")"
before=$(redis_bytes one)
fill "$FILL" "redis+unix://web@$dir/one/socket?prefix=fill:"
room Redis "$FILL" "$before" "$(redis_bytes one)"
fill $few "file:$dir/large/files"
room files $few 0 "$(du -sB1 "$dir/large/files" | cut -f 1)"
before=$(maria_bytes)
fill "$FILL" "mysql+unix://web@$dir/maria/socket/sessions"
room MariaDB "$FILL" "$before" "$(maria_bytes)"
