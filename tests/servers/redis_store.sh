# SPDX-License-Identifier: ISC
# redis_store.sh - what is the Redis store's own, on a Redis of its own.

. "${top_srcdir:=.}/tests/servers/redis.sh"

redis_start one 0
suite "Redis" test_store_redis "$dir/one/socket" "$dir/proxy"
# The suite switches the log off and on. A server that writes its first one refuses to end.
await redis_says aof_rewrite_in_progress:0 one info persistence
done_testing
