# SPDX-License-Identifier: ISC
# redis_store.sh - what is the Redis store's own, on a Redis of its own.

. "${top_srcdir:=.}/tests/servers/redis.sh"

redis_start one 0
suite "Redis" test_store_redis "$dir/one/socket" "$dir/proxy"
done_testing
