# SPDX-License-Identifier: ISC
# galera.sh - the contract, the races, programs that are killed, and nodes that die or are cut off
# under load, on a Galera cluster of three.

. "${top_srcdir:=.}/tests/servers/mysql.sh"

galera
url=mysql://web@$hosts/sessions
SESSKIT_STORE_PASSWORD=open-sesame
export SESSKIT_STORE_PASSWORD
suite "Galera" contract_url "$url?prefix=contract"
suite "Galera" races_url "$url?prefix=races"
unset SESSKIT_STORE_PASSWORD

kill_first()
{
	kill_server "$n1"
}

# It answers, but is not part of the cluster.
cut_off_first()
{
	mysql_ask n1 "set global wsrep_provider_options = 'gmcast.isolate=1'"
}

stop_first()
{
	kill -STOP "$n1"
}

# In one of many runs a node dropped the connection of another program, whose call failed as it should.
may_fail=5
kill_rounds 3 "Galera" store="$url" password_file="$dir/password"
load 8 0 kill_first store="$url" password_file="$dir/password"
loses_nothing "Galera, a node killed"
galera_start n1
n1=$started
await galera_has n1 3
load 8 0 stop_first store="$url" password_file="$dir/password"
loses_nothing "Galera, a node that hangs"
kill -CONT "$n1"
await galera_has n1 3
load 8 0 cut_off_first store="$url" password_file="$dir/password"
loses_nothing "Galera, a node cut off"
done_testing
