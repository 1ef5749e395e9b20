# SPDX-License-Identifier: ISC
# mysql.sh - MariaDB servers: one, or a Galera cluster.

. "${top_srcdir:=.}/tests/servers/servers.sh"
serve_as mysql
mysql_log=16M

# mysql_install NAME: an empty server; root needs no password, but comes by the socket only.
mysql_install()
{
	make_folder "$1"
	make_folder "$1/data"
	TMPDIR=$dir/$1 $as_user mariadb-install-db --no-defaults --datadir="$dir/$1/data" \
		--skip-name-resolve --auth-root-authentication-method=normal --skip-test-db \
		>"$dir/install" 2>&1 ||
		bail "no database: $(tail -n 20 "$dir/install")"
}

# mysql_start NAME PORT [OPTION]...: at that port and at $dir/NAME/socket; await mysql_answers NAME.
mysql_start()
{
	mysql_name=$1 mysql_port=$2
	shift 2
	make_folder "$mysql_name"
	make_folder "$mysql_name/data"
	start "$mysql_name" mariadbd --no-defaults --datadir="$dir/$mysql_name/data" \
		--socket="$dir/$mysql_name/socket" --pid-file="$dir/$mysql_name/pid" \
		--port="$mysql_port" --bind-address=127.0.0.1 --skip-name-resolve --skip-log-bin \
		--innodb-buffer-pool-size=64M --innodb-log-file-size=$mysql_log \
		--innodb-use-native-aio=0 --performance-schema=0 --max-connections=200 "$@"
}

# mysql_ask NAME STATEMENT...: as root; rows as text.
mysql_ask()
{
	mysql_asked=$dir/$1/socket
	shift
	mariadb --no-defaults --user=root --socket="$mysql_asked" --batch --skip-column-names \
		--execute="$*"
}

mysql_answers()
{
	[ "$(mysql_ask "$1" select 1)" = 1 ]
}

# mysql_user NAME: the database and its user, with the rights that the manual gives it, and the
# password in $dir/password.
mysql_user()
{
	echo open-sesame >"$dir/password"
	mysql_ask "$1" "create database sessions;
		create user web@localhost identified by 'open-sesame';
		create user web@127.0.0.1 identified by 'open-sesame';
		$(mysql_rights localhost); $(mysql_rights 127.0.0.1)" || bail "no user"
}

# What sql/mysql.sql has for the user of the programs, and that it may make its tables.
mysql_rights()
{
	rights=$(sed -n 's/^--[[:blank:]]*GRANT \(.*\) ON .*/\1/p' "$top_srcdir/sql/mysql.sql")
	echo "grant $rights, create on sessions.* to web@$1"
}

# galera_start NODE [OPTION]...: n1, n2 or n3, until it is part of the cluster. A node that is gone
# is noticed after about a second.
galera_start()
{
	node=$1
	shift
	eval "set -- \$ports_$node \"\$@\""
	node_port=$1 node_group=$2 node_copy=$3 node_rest=$4
	shift 4
	mysql_start "$node" "$node_port" --binlog-format=ROW --innodb-autoinc-lock-mode=2 \
		--wsrep-on=ON --wsrep-provider=/usr/lib/galera/libgalera_smm.so \
		--wsrep-node-name="$node" --wsrep-node-address=127.0.0.1 \
		--wsrep-cluster-address="gcomm://$group" --wsrep-sst-method=rsync \
		--wsrep-sst-receive-address="127.0.0.1:$node_copy" \
		--wsrep-provider-options="gmcast.listen_addr=tcp://127.0.0.1:$node_group;\
ist.recv_addr=127.0.0.1:$node_rest;gcache.size=8M;gcache.page_size=8M;\
evs.keepalive_period=PT0.2S;evs.inactive_check_period=PT0.2S;evs.suspect_timeout=PT1S;\
evs.inactive_timeout=PT2S;evs.install_timeout=PT2S" "$@"
	await galera_ready "$node"
}

galera_ready()
{
	[ "$(mysql_ask "$1" "show status like 'wsrep_ready'" | cut -f 2)" = ON ]
}

# galera_has NODE SIZE: as many nodes as this one sees.
galera_has()
{
	[ "$(mysql_ask "$1" "show status like 'wsrep_cluster_size'" | cut -f 2)" = "$2" ]
}

# galera: three nodes, with the user; sets n1, n2 and n3 to their processes, and hosts.
galera()
{
	free_ports 12
	set -- $ports
	group=127.0.0.1:$2,127.0.0.1:$6,127.0.0.1:${10}
	hosts=127.0.0.1:$1,127.0.0.1:$5,127.0.0.1:$9
	ports_n1="$1 $2 $3 $4" ports_n2="$5 $6 $7 $8" ports_n3="$9 ${10} ${11} ${12}"
	mysql_install n1
	galera_start n1 --wsrep-new-cluster
	n1=$started
	mysql_user n1
	galera_start n2
	n2=$started
	galera_start n3
	n3=$started
	await galera_has n1 3
}
