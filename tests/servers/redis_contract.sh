# SPDX-License-Identifier: ISC
# redis_contract.sh - the contract, the races and a kill of the server, on a Redis of its own.

. "${top_srcdir:=.}/tests/servers/redis.sh"

free_ports 1
redis_port=${ports# }

start_one()
{
	redis_start one "$redis_port"
	one=$started
}

# Killed, and started again; what was answered is in its log.
restart_one()
{
	kill_server "$one"
	start_one
}

# The rights that the manual gives to the user of the programs, with our names and password.
manual_rule()
{
	sed -n 's/^ACL SETUSER //p' "$top_srcdir/lib/man/sesskit-redis.7" | head -n 1 |
		sed -e "s/^[^ ]*/web/" -e "s/>[^ ]*/>open-sesame/"
}

start_one
socket=redis+unix://$dir/one/socket
suite "Redis, socket" contract_url "$socket?prefix=contract:"
suite "Redis, socket" races_url "$socket?prefix=races:"
load 6 0 restart_one store="$socket"
loses_nothing "Redis killed and started again"
kill_rounds 3 "Redis" store="$socket"

ok "the manual has a rule for the user" redis_says OK one acl setuser $(manual_rule)
echo open-sesame >"$dir/password"
host=redis://web@127.0.0.1:$redis_port
SESSKIT_STORE_PASSWORD=open-sesame
export SESSKIT_STORE_PASSWORD
suite "Redis, port, the user of the manual" contract_url "$host/1?prefix=sess:contract"
suite "Redis, port, the user of the manual" races_url "$host/1?prefix=sess:races"
unset SESSKIT_STORE_PASSWORD
load 2 0 : store="$host" password_file="$dir/password"
loses_nothing "Redis, password in a file"
is "Redis, password in a file: no call fails" "$(fact failed)" 0
done_testing
