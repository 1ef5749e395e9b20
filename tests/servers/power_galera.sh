# SPDX-License-Identifier: ISC
# power_galera.sh - all three nodes of a Galera cluster lose power at once. Started again in the way
# that the manual gives, it has all that was answered.

. "${top_srcdir:=.}/tests/servers/mysql.sh"
. "$top_srcdir/tests/servers/power.sh"

# start_node NODE [OPTION]...: as by default, but for what would write past the library that watches.
start_node()
{
	watched "$1" galera_start "$@" --innodb-flush-log-at-trx-commit=1 \
		--innodb-flush-method=fsync \
		--loose-skip-innodb-log-file-mmap
	eval "$1=\$started"
}

# recover NODE: ask it how far it came; sets recovered.
recover()
{
	watched "$1" mysql_start "$1" 0 --wsrep-on=ON --binlog-format=ROW \
		--wsrep-provider=/usr/lib/galera/libgalera_smm.so \
		--wsrep-cluster-address="gcomm://$group" --wsrep-recover
	wait "$started" || bail "$1 does not recover: $(logs)"
	forget "$started"
	recovered=$(sed -n 's/.*WSREP: Recovered position: *//p' "$dir/$1/log" | tail -n 1)
}

# The node that came furthest begins the cluster; sets first, and the others in rest.
start_first()
{
	first= furthest=-2
	for name in n1 n2 n3; do
		recover $name
		if [ "${recovered##*:}" -gt "$furthest" ]; then
			first=$name furthest=${recovered##*:} position=$recovered
		fi
	done
	rest=$(echo n1 n2 n3 | sed "s/$first//")
	sed -i 's/safe_to_bootstrap: 0/safe_to_bootstrap: 1/' "$dir/$first/data/grastate.dat"
	start_node $first --wsrep-new-cluster --wsrep-start-position="$position"
}

# The first one, which programs were on, keeps no more than was synced.
cut_all()
{
	for name in n1 n2 n3; do
		eval "kill_server \$$name"
	done
	power_watch n1 0
	power_watch n2 $seed
	power_watch n3 $seed
	start_first
}

mysql_log=4M
power_library
galera
url=mysql://web@$hosts/sessions
load 1 0 : store="$url" password_file="$dir/password"
# All there is by now is on disk.
for name in n3 n2 n1; do
	eval "stop_server \$$name"
	power_watch $name
done
start_node n1 --wsrep-new-cluster
start_node n2
start_node n3
seed=$$
load 4 0 cut_all store="$url" password_file="$dir/password"
loses_nothing "Galera, power cut of seed $seed"
for name in $rest; do
	start_node $name
done
await galera_has $first 3
load 1 0 : store="$url" password_file="$dir/password"
is "Galera, power cut: the others join, and no call fails" "$(fact failed)" 0
done_testing
