# SPDX-License-Identifier: ISC
# failures.sh - servers that are dead, hang, are slow, come and go, or answer nonsense.

. "${top_srcdir:=.}/tests/servers/redis.sh"
. "$top_srcdir/tests/servers/mysql.sh"

serve_as redis
redis_start redis 0
suite "Redis" failures_url "$dir/redis/socket" "redis+unix://PROXY?prefix=failures:"

serve_as mysql
mysql_install mysql
mysql_start mysql 0 --skip-networking
await mysql_answers mysql
mysql_user mysql
SESSKIT_STORE_PASSWORD=open-sesame
export SESSKIT_STORE_PASSWORD
suite "MariaDB" failures_url "$dir/mysql/socket" "mysql+unix://web@PROXY/sessions?prefix=failures"
done_testing
