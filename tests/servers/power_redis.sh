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

power_library
make_folder one
make_folder one/data
# The log is there before power can fail.
start_one
cut_rounds Redis store="redis+unix://$dir/one/socket"
done_testing
