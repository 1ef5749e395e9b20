# SPDX-License-Identifier: ISC
# redis_cluster.sh - the contract, the races and a kill of a master, on a Redis Cluster of three.

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

load 8 0 restart_m2 store="$url"
loses_nothing "Redis Cluster, a master killed and started again"
done_testing
