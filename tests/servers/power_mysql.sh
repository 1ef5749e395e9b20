# SPDX-License-Identifier: ISC
# power_mysql.sh - power cuts under a MariaDB that syncs its log at each commit: nothing that was
# answered is lost.

. "${top_srcdir:=.}/tests/servers/mysql.sh"
. "$top_srcdir/tests/servers/power.sh"

mysql_log=4M
free_ports 1
mysql_port=${ports# }

# As it is by default, but for what would write past the library that watches.
start_one()
{
	mysql_start one "$mysql_port" --innodb-flush-log-at-trx-commit=1 \
		--innodb-flush-method=fsync --loose-skip-innodb-log-file-mmap
	await mysql_answers one
	one=$started
}

cut_one()
{
	kill_server "$one"
	power_watch one "$seed"
	watched one start_one
}

mysql_load()
{
	load 3 0 cut_one store="mysql+unix://web@$dir/one/socket/sessions" \
		password_file="$dir/password"
}

power_library
mysql_install one
start_one
mysql_user one
# So that the tables are there before power can fail.
load 1 0 : store="mysql+unix://web@$dir/one/socket/sessions" password_file="$dir/password"
kill_server "$one"
power_watch one
watched one start_one
for seed in 0 $$ 1$$ 2$$; do
	mysql_load
	loses_nothing "MariaDB, power cut of seed $seed"
done

# What this test would say if syncs were none.
kill_server "$one"
power_watch one
POWER_FORGETS=1
export POWER_FORGETS
watched one start_one
unset POWER_FORGETS
seed=0
mysql_load
ok "MariaDB that does not sync: it is seen that sessions are lost" at_least lost 1
done_testing
