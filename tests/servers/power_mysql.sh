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

power_library
mysql_install one
start_one
mysql_user one
# So that the tables are there before power can fail.
set -- store="mysql+unix://web@$dir/one/socket/sessions" password_file="$dir/password"
load 1 0 : "$@"
cut_rounds MariaDB "$@"
done_testing
