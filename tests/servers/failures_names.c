/* SPDX-License-Identifier: ISC */
/* failures_names.c - a name server that can die: it stands between the store and getaddrinfo. */
#include "../tap.h"
#include "failures_url.h"

#include <netdb.h>
#include <pthread.h>
#include <sys/socket.h>

#define DESCRIPTORS 256

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t change = PTHREAD_COND_INITIALIZER;
static bool is_dead;
static int asked;

int __real_getaddrinfo(const char *, const char *, const struct addrinfo *, struct addrinfo **);
int __wrap_getaddrinfo(const char *, const char *, const struct addrinfo *, struct addrinfo **);

/* Every name is this machine. Who asks the dead is left to wait. */
int
__wrap_getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
	struct addrinfo **out)
{
	(void)name;
	pthread_mutex_lock(&lock);
	asked++;
	while (is_dead)
		pthread_cond_wait(&change, &lock);
	pthread_mutex_unlock(&lock);
	return __real_getaddrinfo("127.0.0.1", service, hints, out);
}

int
name_server(bool dead)
{
	int times;

	pthread_mutex_lock(&lock);
	is_dead = dead;
	times = asked;
	asked = 0;
	pthread_cond_broadcast(&change);
	pthread_mutex_unlock(&lock);
	return times;
}

/* Whatever client library has them. */
void
cut_connections(void)
{
	int cut = 0;

	for (int fd = 0; fd < DESCRIPTORS; fd++) {
		struct sockaddr_storage peer;
		socklen_t size = sizeof(peer);

		if (getpeername(fd, (struct sockaddr *)&peer, &size) == 0 && peer.ss_family == AF_INET)
			cut += shutdown(fd, SHUT_RDWR) == 0;
	}
	if (cut == 0)
		bail("there is no connection to cut");
}
