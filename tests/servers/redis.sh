# SPDX-License-Identifier: ISC
# redis.sh - Redis servers: one, with replicas and sentinels, or a cluster. Valkey takes their place
# when its commands are first in PATH under the names of Redis.

. "${top_srcdir:=.}/tests/servers/servers.sh"
serve_as redis

# redis_start NAME PORT [OPTION]...: at that port (0: none) and at $dir/NAME/socket. Each write goes
# to its log before it is answered, and is there after a kill.
redis_start()
{
	redis_name=$1 redis_port=$2
	shift 2
	make_folder "$redis_name"
	start "$redis_name" redis-server --bind 127.0.0.1 --port "$redis_port" \
		--dir "$dir/$redis_name" --unixsocket "$dir/$redis_name/socket" \
		--unixsocketperm 777 --save '' --appendonly yes --daemonize no \
		--maxmemory-policy noeviction --repl-diskless-sync-delay 0 "$@"
	await redis_answers "$redis_name"
}

# redis_ask NAME COMMAND...
redis_ask()
{
	redis_asked=$dir/$1/socket
	shift
	redis-cli -s "$redis_asked" "$@"
}

redis_answers()
{
	[ "$(redis_ask "$1" ping)" = PONG ]
}

# redis_says TEXT NAME COMMAND...: the answer has the text.
redis_says()
{
	redis_text=$1
	shift
	redis_ask "$@" | tr -d '\r' | grep -q "$redis_text"
}

cluster_timeout=2000
# cluster_member NAME PORT BUS
cluster_member()
{
	redis_start "$1" "$2" --cluster-enabled yes --cluster-port "$3" \
		--cluster-node-timeout $cluster_timeout --cluster-config-file nodes.conf
}

# redis_cluster: three masters named m1, m2 and m3; sets seeds for the URL.
redis_cluster()
{
	free_ports 6
	set -- $ports
	seeds=127.0.0.1:$1,127.0.0.1:$2
	nodes="127.0.0.1:$1 127.0.0.1:$2 127.0.0.1:$3"
	m2_port=$2 m2_bus=$5
	cluster_member m1 "$1" "$4"
	cluster_member m2 "$2" "$5"
	m2=$started
	cluster_member m3 "$3" "$6"
	redis-cli --cluster create $nodes --cluster-yes >"$dir/create" 2>&1 ||
		bail "no cluster: $(cat "$dir/create")"
	for name in m1 m2 m3; do
		await redis_says cluster_state:ok $name cluster info
	done
}

# redis_cluster_pairs: three masters, m1 to m3, and a replica of each, m4 to m6; sets seeds for the
# URL, and m1 to its process.
redis_cluster_pairs()
{
	cluster_timeout=1000
	free_ports 12
	set -- $ports
	seeds= nodes=
	for name in m1 m2 m3 m4 m5 m6; do
		nodes="$nodes 127.0.0.1:$1" seeds=$seeds${seeds:+,}127.0.0.1:$1
		cluster_member $name "$1" "$2"
		[ $name != m1 ] || m1=$started
		shift 2
	done
	redis-cli --cluster create $nodes --cluster-replicas 1 --cluster-yes >"$dir/create" 2>&1 ||
		bail "no cluster: $(cat "$dir/create")"
	for name in m1 m2 m3 m4 m5 m6; do
		await redis_says cluster_state:ok $name cluster info
		await cluster_has 3 slave $name
	done
	for name in m4 m5 m6; do
		await redis_says master_link_status:up $name info replication
	done
}

# cluster_has NUMBER WHAT NAME: so many nodes are that, as this one sees it.
cluster_has()
{
	[ "$(redis_ask "$3" cluster nodes | awk '{ print $3 }' | grep -c "$2")" = "$1" ]
}

# redis_sentinels REPLICA...: a master, replicas of these names, and three sentinels; sets hosts for
# the URL, master to the process of the master, and each name to that of the replica.
redis_sentinels()
{
	replicas=$# hosts=
	free_ports 1
	master_port=${ports# }
	redis_start master "$master_port"
	master=$started
	for name; do
		free_ports 1
		redis_start "$name" "${ports# }" --replicaof 127.0.0.1 "$master_port"
		eval "$name=\$started"
		await redis_says master_link_status:up "$name" info replication
	done
	for name in s1 s2 s3; do
		free_ports 1
		redis_sentinel $name "${ports# }" "$master_port"
		hosts=$hosts${hosts:+,}127.0.0.1:${ports# }
	done
	for name in s1 s2 s3; do
		await sentinel_knows_all $name
	done
}

# redis_sentinel NAME PORT MASTER_PORT
redis_sentinel()
{
	make_folder "$1"
	cat >"$dir/$1/conf" <<END
port $2
bind 127.0.0.1
dir $dir/$1
unixsocket $dir/$1/socket
unixsocketperm 777
sentinel monitor sessions 127.0.0.1 $3 2
sentinel down-after-milliseconds sessions 1000
sentinel failover-timeout sessions 5000
END
	chown "$owner" "$dir/$1/conf"
	start "$1" redis-sentinel "$dir/$1/conf"
	await redis_answers "$1"
}

# It knows the two others and the replicas, without which no failover comes about.
sentinel_knows_all()
{
	redis_ask "$1" sentinel master sessions | xargs |
		grep -q "num-slaves $replicas num-other-sentinels 2 "
}
