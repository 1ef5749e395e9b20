# SPDX-License-Identifier: ISC
# mysql_store.sh - what is peculiar to the MySQL store: its tables, its connections, and TLS.

. "${top_srcdir:=.}/tests/servers/mysql.sh"

free_ports 2
set -- $ports
plain_port=$1 tls_port=$2
SESSKIT_STORE_PASSWORD=open-sesame
export SESSKIT_STORE_PASSWORD

mysql_install plain
mysql_start plain "$plain_port"
await mysql_answers plain
mysql_user plain
suite "MariaDB" test_store_mysql "$dir/plain/socket"
suite "MariaDB" test_store_mysql_lost "$dir/plain/socket" "$plain_port"

# certificate NAME SUBJECT [OPTION]...: with its key, below dir.
certificate()
{
	certificate_name=$1 subject=$2
	shift 2
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 \
		-subj "/CN=$subject" -keyout "$dir/$certificate_name.key" \
		-out "$dir/$certificate_name.pem" "$@" 2>"$dir/awaited" ||
		bail "no certificate: $(cat "$dir/awaited")"
	chown "$owner" "$dir/$certificate_name.key" "$dir/$certificate_name.pem"
}

# refused URL WORDS: the store cannot be opened, and says these words.
refused()
{
	"$servers/contract_url" "$1" >"$dir/refused" 2>&1
	grep '^Bail out! cannot open' "$dir/refused" | grep -- "$2" && return
	cat "$dir/refused"
	return 1
}

certificate other authority
certificate authority authority
certificate server 127.0.0.1 -CA "$dir/authority.pem" -CAkey "$dir/authority.key" \
	-addext subjectAltName=IP:127.0.0.1
certificate elsewhere elsewhere -CA "$dir/authority.pem" -CAkey "$dir/authority.key" \
	-addext subjectAltName=DNS:elsewhere

# tls_server CERTIFICATE: with this one.
tls_server()
{
	mysql_start tls "$tls_port" --ssl-ca="$dir/authority.pem" --ssl-cert="$dir/$1.pem" \
		--ssl-key="$dir/$1.key"
	await mysql_answers tls
}

mysql_install tls
tls_server server
mysql_user tls
mysql_ask tls 'alter user web@127.0.0.1 require ssl'
at_port=mysql://web@127.0.0.1:$tls_port/sessions
with_ca="$at_port?tls=verify&ca=$dir/authority.pem"
ok "a server that wants TLS refuses who comes without" refused "$at_port?prefix=no" 1045
suite "MariaDB, TLS" contract_url "$at_port?tls=yes&prefix=any"
suite "MariaDB, TLS, verified" contract_url "$with_ca&prefix=known"
ok "a server of another authority is refused" \
	refused "$at_port?tls=verify&ca=$dir/other.pem&prefix=no" certificate
ok "a server without TLS is refused" \
	refused "mysql://web@127.0.0.1:$plain_port/sessions?tls=yes&prefix=no" "does not encrypt"
kill_server "$started"
tls_server elsewhere
ok "a server of another name is refused" refused "$with_ca&prefix=no" certificate
done_testing
