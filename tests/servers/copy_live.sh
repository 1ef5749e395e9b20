# SPDX-License-Identifier: ISC
# copy_live.sh - a site moves from SQLite to Redis, from there to MariaDB and back, under load; each
# time the command is killed on the way, and goes on.

. "${top_srcdir:=.}/tests/servers/redis.sh"
. "$top_srcdir/tests/servers/mysql.sh"
fill=$top_builddir/tests/tool_fill sesskit=$top_builddir/tests/tool_modules

# live PROGRAM [ARGUMENT...]: the command, started by that program.
live()
{
	SESSKIT_TEST_MODULES=$top_builddir/lib/.libs "$@" "$sesskit" copy --live --json \
		--set "key_file=$dir/key" --set "password_file=$dir/password" "$from" "$to"
}

move()
{
	for moment in 03 07 15; do
		live timeout -s KILL "0.$moment"
		[ $? = 137 ] && echo killed
	done >"$dir/killed" 2>/dev/null
	live env >"$dir/moved" 2>&1
}

# site FROM TO
site()
{
	from=$1 to=$2 words="from ${1%%[:+]*} to ${2%%[:+]*}"
	load 4 0 move store="move:$from $to" password_file="$dir/password" renew=1s grace=2s \
		logins=yes
	loses_nothing "$words"
	is "$words: no call fails" "$(fact failed)" 0
	ok "$words: the command was killed, $(grep -c killed "$dir/killed") times" \
		grep -q killed "$dir/killed"
	ok "$words: it finishes" grep '^{"sessions":' "$dir/moved"
	is "$words: no session is left behind" "$(live env | sed 's/,.*//')" '{"sessions":0'
}

redis_start redis 0
redis_ask redis config set requirepass open-sesame >"$dir/answer"
mysql_install sql
mysql_start sql 0 --skip-networking
await mysql_answers sql
mysql_user sql
busy_ms=5000
"$fill" "sqlite:$dir/here.db" 1000 >"$dir/filled"
cp "$dir/here.db.key" "$dir/key"
cp "$dir/here.db.key" "$dir/back.db.key"
redis=redis+unix://$dir/redis/socket mysql=mysql+unix://web@$dir/sql/socket/sessions
site "sqlite:$dir/here.db" "$redis"
site "$redis" "$mysql"
site "$mysql" "sqlite:$dir/back.db"
is "who was there before all that still is" "$("$fill" "sqlite:$dir/back.db" 0 \
	"resume=$(sed -n '5s/.* //p' "$dir/filled")")" "live -"
done_testing
