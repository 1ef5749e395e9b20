# SPDX-License-Identifier: ISC
# copy.sh - "sesskit copy" takes sessions from one kind of store to the next, until they are back
# where they began; and once more, when some of them changed meanwhile.

. "${top_srcdir:=.}/tests/servers/redis.sh"
. "$top_srcdir/tests/servers/mysql.sh"
fill=$top_builddir/tests/tool_fill sesskit=$top_builddir/tests/tool_modules
SESSKIT_TEST_MODULES=$top_builddir/lib/.libs
export SESSKIT_TEST_MODULES

# contents NAME: all that a database of sessions holds, as a checksum.
contents()
{
	sqlite3 "$dir/$1.db" '.mode quote' 'SELECT * FROM session ORDER BY id' \
		'SELECT * FROM trace ORDER BY id' | sha256sum
}

# copy FROM TO: what it says.
copy()
{
	"$sesskit" copy --json --set "key_file=$dir/here.db.key" \
		--set "password_file=$dir/password" "$1" "$2" 2>&1
}

# round WORDS WHAT: through all of them; WHAT is what each step must say that it took over.
round()
{
	from=sqlite:$dir/here.db
	for to in "redis+unix://$dir/redis/socket" "mysql+unix://web@$dir/sql/socket/sessions?prefix=copied_" \
		"file:$dir/files" "sqlite:$dir/back.db"; do
		is "$1, from ${from%%:*} to ${to%%:*}" "$(copy "$from" "$to" |
			sed 's/,"changed_meanwhile":0,"refused":0,"left_out":0.*//')" "$2"
		from=$to
	done
	is "$1: all is back as it was" "$(contents back)" "$(contents here)"
}

redis_start redis 0
redis_ask redis config set requirepass open-sesame >"$dir/answer"
mysql_install sql
mysql_start sql 0 --skip-networking
await mysql_answers sql
mysql_user sql
"$fill" "sqlite:$dir/here.db" 300 >"$dir/anonymous"
"$fill" "sqlite:$dir/here.db" 100 user=alice >"$dir/filled"
"$sesskit" end --quiet --store "sqlite:$dir/here.db" "$(sed -n '1s/ .*//p' "$dir/filled")"
round "copied" '{"sessions":399,"ids_ended":1'
sed -n '2,11s/.* //p' "$dir/filled" >"$dir/tokens"
while read -r token; do
	"$fill" "sqlite:$dir/here.db" 0 user=bob "resume=$token" >"$dir/answer"
done <"$dir/tokens"
round "copied again" '{"sessions":10,"ids_ended":10'
done_testing
