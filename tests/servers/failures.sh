# SPDX-License-Identifier: ISC
# failures.sh - servers that are dead, hang, are slow, come and go, or answer nonsense, and a name
# server that is dead.

. "${top_srcdir:=.}/tests/servers/redis.sh"
. "$top_srcdir/tests/servers/mysql.sh"

free_ports 2
set -- $ports

serve_as redis
redis_start redis "$1"
suite "Redis" failures_url "$dir/redis/socket" "redis+unix://PROXY?prefix=failures:" \
	"redis://name.test:$1?prefix=names:"

serve_as mysql
mysql_install mysql
mysql_start mysql "$2"
await mysql_answers mysql
mysql_user mysql
SESSKIT_STORE_PASSWORD=open-sesame
export SESSKIT_STORE_PASSWORD
suite "MariaDB" failures_url "$dir/mysql/socket" "mysql+unix://web@PROXY/sessions?prefix=failures" \
	"mysql://web@name.test:$2/sessions?prefix=names"
done_testing
