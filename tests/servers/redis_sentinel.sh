# SPDX-License-Identifier: ISC
# redis_sentinel.sh - the contract, the races, programs that are killed and a failover under load, on
# a Redis with a replica and three sentinels.

. "${top_srcdir:=.}/tests/servers/redis.sh"

redis_sentinels replica
url=redis+sentinel://$hosts/sessions
suite "Redis Sentinel" contract_url "$url?prefix=contract:"
suite "Redis Sentinel" races_url "$url?prefix=races:"
kill_rounds 3 "Redis Sentinel" store="$url"

kill_master()
{
	kill_server "$master"
}

# Replicas follow a moment behind their master: what it answered in its last second may be lost.
load 14 1000 kill_master store="$url"
stays_true "failover"

# Now there is no replica any more.
load 2 0 : store="$url?prefix=wait:&wait=1"
is "no logout counts that a replica should have and has not" "$(fact ended)" 0
ok "it fails" at_least failed 1
is "it fails as it should" "$(fact odd)" 0
done_testing
