# SPDX-License-Identifier: ISC
# redis_failover.sh - a replica takes the place of a master under load: in a Redis Cluster, and with
# sentinels when logouts wait for a replica.

. "${top_srcdir:=.}/tests/servers/redis.sh"

redis_cluster_pairs

kill_m1()
{
	kill_server "$m1"
}

# Replicas follow a moment behind: what the master answered in its last second may be lost.
load 10 1000 kill_m1 store="redis+cluster://$seeds"
ok "Redis Cluster: a replica is the master now" cluster_has 4 master m2
stays_true "Redis Cluster, a replica takes over"
stop_all

redis_sentinels near far
# What sentinels know of replicas is seconds old, or of this very moment: the test is not about that.
for sentinel in s1 s2 s3; do
	redis_says OK $sentinel sentinel debug info-period 100 ||
		bail "the sentinels cannot be told to look often"
done

# cut_off PROCESS...: these replicas stand still, and the master writes on, to those that are left.
cut_off()
{
	kill -STOP "$@"
	# What is in the buffers of the connections is lost as well.
	redis_ask master client kill type replica >"$dir/awaited"
	await redis_says "connected_slaves:$((2 - $#))" master info replication
	written=$(written)
	await has_written $((written + 200000))
}

written()
{
	redis_ask master info replication | tr -d '\r' | sed -n 's/^master_repl_offset://p'
}

has_written()
{
	[ "$(written)" -ge "$1" ]
}

# First one replica misses what is answered, then both; then the master dies, and they go on.
lag_and_kill()
{
	cut_off "$far"
	cut_off "$near" "$far"
	kill_server "$master"
	kill -CONT "$near" "$far"
}

load 12 1000 lag_and_kill store="redis+sentinel://$hosts/sessions?wait=1"
stays_true "failover, wait=1"
ok "failover, wait=1: nothing ended at the last moment comes back" at_most revived_late 0
done_testing
