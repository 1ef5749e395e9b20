# SPDX-License-Identifier: ISC
# power_redis.sh - power cuts under a Redis that syncs its log at each change: nothing that was
# answered is lost.

. "${top_srcdir:=.}/tests/servers/redis.sh"
. "$top_srcdir/tests/servers/power.sh"

start_one()
{
	redis_start one 0 --dir "$dir/one/data" --appendfsync always
	one=$started
}

# Of this seed.
cut_one()
{
	kill_server "$one"
	power_watch one "$seed"
	watched one start_one
}

power_library
make_folder one
make_folder one/data
# The log is there before power can fail.
start_one
kill_server "$one"
power_watch one
watched one start_one
for seed in 0 $$ 1$$ 2$$; do
	load 3 0 cut_one store="redis+unix://$dir/one/socket"
	loses_nothing "Redis, power cut of seed $seed"
done

# What this test would say if syncs were none.
kill_server "$one"
power_watch one
POWER_FORGETS=1
export POWER_FORGETS
watched one start_one
unset POWER_FORGETS
seed=0
load 3 0 cut_one store="redis+unix://$dir/one/socket"
ok "Redis that does not sync: it is seen that sessions are lost" at_least lost 1
done_testing
