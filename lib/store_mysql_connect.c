/* SPDX-License-Identifier: ISC */
/* store_mysql_connect.c - the connection of the MySQL store. libmariadb counts whole seconds only; so
 * its calls that never wait are used, and the waiting is done here, to the millisecond. */
#include "store_mysql.h"

#include "mysql_sql.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PACKET_ROOM ((unsigned long)32 << 20)   /* a MEDIUMBLOB and what goes with it */
/* Nothing but what sends a hash of the password, to a server that may be anybody's. */
#define WAYS_TO_SIGN_IN "mysql_native_password,client_ed25519,caching_sha2_password"

/* -- errors ------------------------------------------------------------------------------------ */

int
maria_meaning(unsigned code)
{
	switch (code) {
	case 0:
		return MARIA_FINE;
	case ER_DUP_ENTRY:
		return MARIA_THERE;
	/* Undone by the server: two met at a row, on one node or, with Galera, on two. */
	case ER_LOCK_DEADLOCK:
	case ER_CHECKREAD:
		return MARIA_AGAIN;
	/* Undone as well: somebody keeps a row, or a node of Galera waits for others in vain. */
	case ER_LOCK_WAIT_TIMEOUT:
	case ER_STATEMENT_TIMEOUT:
		return MARIA_SLOW;
	/* A node of Galera that is not, or not yet, in the cluster; or a copy that only reads. */
	case ER_UNKNOWN_COM_ERROR:
	case ER_OPTION_PREVENTS_STATEMENT:
	case ER_READ_ONLY_MODE:
		return MARIA_UNREADY;
	case ER_CON_COUNT_ERROR:
	case ER_SERVER_SHUTDOWN:
	case ER_NORMAL_SHUTDOWN:
	case ER_CONNECTION_KILLED:
	case ER_QUERY_INTERRUPTED:
	case ER_ERROR_DURING_COMMIT:
	case CR_ERR_NET_READ:
	case CR_ERR_NET_WRITE:
		return MARIA_AWAY;
	case CR_OUT_OF_MEMORY:
	case CR_NET_PACKET_TOO_LARGE:
	case CR_AUTH_PLUGIN_CANNOT_LOAD:
		return MARIA_REFUSED;
	default:
		return code >= CR_MIN_ERROR && code <= CR_MAX_ERROR ? MARIA_AWAY : MARIA_REFUSED;
	}
}

static const char *
remedy(unsigned code)
{
	switch (code) {
	case ER_ACCESS_DENIED_ERROR:
	case ER_ACCESS_DENIED_NO_PASSWORD_ERROR:
		return "; check the user in the URL and the file that password_file names";
	case ER_BAD_DB_ERROR:
	case ER_DBACCESS_DENIED_ERROR:
		return "; make the database, and grant the user its rights there (see sql/mysql.sql)";
	case ER_NO_SUCH_TABLE:
	case ER_TABLEACCESS_DENIED_ERROR:
		return "; run sql/mysql.sql as administrator, with the GRANT in it";
	case ER_BAD_FIELD_ERROR:
		return "; this table is not ours: use another prefix";
	case ER_DATA_TOO_LONG:
	case ER_NET_PACKET_TOO_LARGE:
	case CR_NET_PACKET_TOO_LARGE:
		return "; raise max_allowed_packet of the server, or lower max_bytes";
	case CR_SSL_CONNECTION_ERROR:
		return "; check the server's certificate, and tls and ca in the URL";
	case CR_PLUGIN_NOT_ALLOWED:
	case CR_AUTH_PLUGIN_CANNOT_LOAD:
		return "; let the user sign in by mysql_native_password or ed25519";
	default:
		return maria_meaning(code) == MARIA_AWAY ? "; see that the server runs" : "";
	}
}

int
maria_failed(maria_store *s, unsigned code, const char *text, sess_error *err)
{
	const remote_host *host = s->remote.hosts ? &s->remote.host[s->remote.at] : NULL;
	/* What failed has failed, whatever the server calls it. */
	int is = maria_meaning(code = code ? code : CR_UNKNOWN_ERROR);
	int rc = code == CR_OUT_OF_MEMORY ? SESS_NOMEM : is == MARIA_AGAIN || is == MARIA_SLOW ?
		SESS_BUSY : SESS_STORE;

	s->code = code;
	if (is != MARIA_THERE)
		(void)sess_fail(err, rc, "store \"%s\": %s%s%s (%u)%s", s->address.url,
			host ? host->name : "", host ? ": " : "", *text ? text : "failed", code, remedy(code));
	return is;
}

/* -- waiting ----------------------------------------------------------------------------------- */

int
maria_await(const maria_store *s, MYSQL *db, int events)
{
	struct pollfd at = { .fd = mysql_get_socket(db),
		.events = (short)((events & MYSQL_WAIT_READ ? POLLIN : 0) |
			(events & MYSQL_WAIT_WRITE ? POLLOUT : 0) |
			(events & MYSQL_WAIT_EXCEPT ? POLLPRI : 0)) };
	int64_t left;
	int n;

	do {
		left = s->until - s->remote.clock();
		n = poll(&at, 1, left > 0 ? (int)left : 0);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return MYSQL_WAIT_TIMEOUT;
	/* Who waits finds out what is wrong with a socket by using it. */
	if (at.revents & (POLLERR | POLLHUP | POLLNVAL))
		return events & (MYSQL_WAIT_READ | MYSQL_WAIT_WRITE | MYSQL_WAIT_EXCEPT);
	return (at.revents & POLLIN ? MYSQL_WAIT_READ : 0) |
		(at.revents & POLLOUT ? MYSQL_WAIT_WRITE : 0) |
		(at.revents & POLLPRI ? MYSQL_WAIT_EXCEPT : 0);
}

int
maria_query(maria_store *s, const char *text, sess_error *err)
{
	int failed = 0, wait = mysql_real_query_start(&failed, s->db, text, (unsigned long)strlen(text));

	while (wait)
		wait = mysql_real_query_cont(&failed, s->db, maria_await(s, s->db, wait));
	return failed ? maria_failed(s, mysql_errno(s->db), mysql_error(s->db), err) : MARIA_FINE;
}

/* -- connections ------------------------------------------------------------------------------- */

/* The library makes tables of its own at the first call, which two threads must not do at once. */
static void
begin_library(void)
{
	(void)mysql_server_init(0, NULL, NULL);
}

/* Sessions of the server that nobody waits for any more end by themselves, and never keep a row from
 * others for long. Option files are not read. */
static void
set_options(const maria_store *s, MYSQL *db, const char *setup)
{
	const unsigned protocol = s->remote.hosts ? MYSQL_PROTOCOL_TCP : MYSQL_PROTOCOL_SOCKET;
	const unsigned long most = PACKET_ROOM;
	const unsigned off = 0;
	const my_bool on = 1;

	mysql_options(db, MYSQL_OPT_NONBLOCK, NULL);
	mysql_options(db, MYSQL_OPT_PROTOCOL, &protocol);
	mysql_options(db, MYSQL_OPT_LOCAL_INFILE, &off);
	mysql_options(db, MYSQL_OPT_MAX_ALLOWED_PACKET, &most);
	mysql_options(db, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	mysql_options(db, MYSQL_INIT_COMMAND, setup);
	mysql_options(db, MARIADB_OPT_RESTRICTED_AUTH, WAYS_TO_SIGN_IN);
	if (strcmp(s->tls, "no") == 0)
		return;
	mysql_options(db, MYSQL_OPT_SSL_ENFORCE, &on);
	if (s->ca[0])
		mysql_options(db, MYSQL_OPT_SSL_CA, s->ca);
	if (strcmp(s->tls, "verify") == 0)
		mysql_options(db, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &on);
}

/* What the client library is told to connect to, for it looks up names without a deadline. It gets
 * the name, soon after its look-up has worked, if it compares that with a certificate, or if it has
 * several addresses to try. */
static int
find_host(maria_store *s, const remote_host *host, remote_address *at, const char **name,
	sess_error *err)
{
	int64_t left = s->until - s->remote.clock();

	if (remote_look_up(&s->remote, host->name, left > 0 ? (int)left : 0, at, err) != SESS_OK) {
		s->code = CR_UNKNOWN_HOST;
		return MARIA_AWAY;
	}
	*name = at->others || strcmp(s->tls, "verify") == 0 ? host->name : at->text;
	return MARIA_FINE;
}

/* With Galera what another node has stored must not be missed; other servers may lack the setting. */
static int
wait_for_others(maria_store *s, sess_error *err)
{
	int is = maria_query(s, "SET SESSION wsrep_sync_wait = 1", err);

	return is == MARIA_REFUSED && s->code == ER_UNKNOWN_SYSTEM_VARIABLE ? MARIA_FINE : is;
}

int
maria_connect(maria_store *s, sess_error *err)
{
	static pthread_once_t begun = PTHREAD_ONCE_INIT;
	const remote_host *host = s->remote.hosts ? &s->remote.host[s->remote.at] : NULL;
	const char *name = NULL;
	remote_address at;
	MYSQL *done = NULL;
	char setup[256];
	int is = host ? find_host(s, host, &at, &name, err) : MARIA_FINE, wait;

	if (is != MARIA_FINE)
		return is;
	(void)pthread_once(&begun, begin_library);
	s->db = mysql_init(NULL);
	if (!s->db)
		return maria_failed(s, CR_OUT_OF_MEMORY, "out of memory", err);
	snprintf(setup, sizeof(setup), "SET SESSION autocommit = 1, sql_mode = 'STRICT_ALL_TABLES', "
		"tx_isolation = 'READ-COMMITTED', innodb_lock_wait_timeout = 1, "
		"max_statement_time = %d.%03d", s->statement_ms / 1000, s->statement_ms % 1000);
	set_options(s, s->db, setup);
	wait = mysql_real_connect_start(&done, s->db, name, s->address.user,
		s->address.password, s->base, host ? (unsigned)host->port : 0,
		host ? NULL : s->socket, 0);
	while (wait)
		wait = mysql_real_connect_cont(&done, s->db, maria_await(s, s->db, wait));
	if (!done)
		is = maria_failed(s, mysql_errno(s->db), mysql_error(s->db), err);
	else if (strcmp(s->tls, "no") != 0 && !mysql_get_ssl_cipher(s->db))
		is = maria_failed(s, CR_SSL_CONNECTION_ERROR, "the server does not encrypt", err);
	else
		is = wait_for_others(s, err);
	if (is != MARIA_FINE)
		maria_disconnect(s, true);
	return is;
}

/* To close a connection says good-bye to the server, which would end it for the parent as well, or
 * wait for a server that is gone. Now it is said to another socket, where nobody listens; *end is
 * for the caller to close afterwards. False: what cannot be closed so, is not to be closed. */
static bool
silence(MYSQL *db, int *end)
{
	int fd = mysql_get_socket(db), pair[2];

	if (fd < 0)
		return true;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return false;
	(void)shutdown(pair[1], SHUT_WR);
	(void)dup3(pair[0], fd, O_CLOEXEC);
	close(pair[0]);
	*end = pair[1];
	return true;
}

void
maria_disconnect(maria_store *s, bool silent)
{
	int end = -1;

	if (s->db && (!silent || silence(s->db, &end)))
		mysql_close(s->db);
	if (end >= 0)
		close(end);
	s->db = NULL;
	for (int i = 0; i < MARIA_STATEMENTS; i++) {
		if (s->prepared[i])
			mysql_stmt_close(s->prepared[i]);
		s->prepared[i] = NULL;
	}
}

/* -- tables ------------------------------------------------------------------------------------ */

bool
maria_expand(const maria_store *s, const char *from, char *to, size_t room)
{
	static const char written[] = "sess_";
	size_t len = strlen(s->prefix), n = 0;

	while (*from && n + len + 1 < room) {
		if (strncmp(from, written, sizeof(written) - 1) != 0) {
			to[n++] = *from++;
			continue;
		}
		memcpy(to + n, s->prefix, len);
		n += len;
		from += sizeof(written) - 1;
	}
	to[n] = '\0';
	return *from == '\0';
}

int
maria_make_tables(maria_store *s, sess_error *err)
{
	const char *at = mysql_sql;
	char text[1024], full[2048];
	int is = MARIA_FINE;

	while (is == MARIA_FINE && (at = strstr(at, "\nCREATE TABLE ")) != NULL) {
		size_t len = strcspn(++at, ";");

		if (len >= sizeof(text))
			return maria_failed(s, CR_UNKNOWN_ERROR, "a table of sql/mysql.sql is too long", err);
		memcpy(text, at, len);
		text[len] = '\0';
		if (!maria_expand(s, text, full, sizeof(full)))
			return maria_failed(s, CR_UNKNOWN_ERROR, "a table of sql/mysql.sql is too long", err);
		is = maria_query(s, full, err);
	}
	return is;
}
