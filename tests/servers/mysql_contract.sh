# SPDX-License-Identifier: ISC
# mysql_contract.sh - the contract, the races and a kill of the server, on a MariaDB of its own.

. "${top_srcdir:=.}/tests/servers/mysql.sh"

free_ports 1
mysql_port=${ports# }

start_one()
{
	mysql_start one "$mysql_port"
	await mysql_answers one
	one=$started
}

restart_one()
{
	kill_server "$one"
	start_one
}

mysql_install one
start_one
mysql_user one
SESSKIT_STORE_PASSWORD=open-sesame
export SESSKIT_STORE_PASSWORD
socket=mysql+unix://web@$dir/one/socket/sessions
suite "MariaDB, socket" contract_url "$socket?prefix=contract"
suite "MariaDB, socket" races_url "$socket?prefix=races"
host=mysql://web@127.0.0.1:$mysql_port/sessions
suite "MariaDB, port" contract_url "$host?prefix=hosted"
suite "MariaDB, port" races_url "$host?prefix=raced"
unset SESSKIT_STORE_PASSWORD
load 8 0 restart_one store="$host" password_file="$dir/password"
loses_nothing "MariaDB killed and started again"
kill_rounds 3 "MariaDB" store="$host" password_file="$dir/password"
done_testing
