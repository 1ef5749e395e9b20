# SPDX-License-Identifier: ISC
# redis_cluster.sh - the contract, the races, programs that are killed and a kill of a master, on a
# Redis Cluster of three.

. "${top_srcdir:=.}/tests/servers/redis.sh"

redis_cluster
url=redis+cluster://$seeds
suite "Redis Cluster" contract_url "$url?prefix=contract:"
suite "Redis Cluster" races_url "$url?prefix=races:"

restart_m2()
{
	kill_server "$m2"
	cluster_member m2 "$m2_port" "$m2_bus"
	await redis_says cluster_state:ok m2 cluster info
}

# set_slots NAME WORDS: three hundred of the first master's slots.
set_slots()
{
	seq 0 299 | sed "s/.*/cluster setslot & $2/" | redis_ask "$1" >"$dir/slots"
	[ "$(sort -u "$dir/slots")" = OK ] || bail "no slots move: $(sort -u "$dir/slots")"
}

# Slots move from the first master to the second: for a while new keys are at the one, old ones at
# the other.
move_slots()
{
	set_slots m2 "importing $(redis_ask m1 cluster myid)"
	set_slots m1 "migrating $(redis_ask m2 cluster myid)"
	await redis_says errorstat_ASK m1 info errorstats
	redis-cli --cluster fix "${seeds%%,*}" --cluster-yes >"$dir/fix" 2>&1 ||
		bail "slots do not move: $(tail -n 3 "$dir/fix")"
	await redis_says errorstat_MOVED m1 info errorstats
}

kill_rounds 3 "Redis Cluster" store="$url"
load 8 0 move_slots store="$url"
loses_nothing "Redis Cluster, slots that move"
ok "Redis Cluster: the slots are the second master's now" \
	[ "$(redis_ask m1 cluster countkeysinslot 7)" = 0 -a -z "$(redis_ask m1 cluster nodes |
		grep -e '->-' -e '-<-')" ]
load 8 0 restart_m2 store="$url"
loses_nothing "Redis Cluster, a master killed and started again"
done_testing
