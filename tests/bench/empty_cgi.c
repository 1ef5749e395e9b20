/* SPDX-License-Identifier: ISC */
/* empty_cgi.c - the least that a plain CGI program can do, linked statically; others are measured
 * against it. */
#include <unistd.h>

int
main(void)
{
	static const char page[] = "Content-Type: text/plain\r\n\r\nhello\n";

	return write(STDOUT_FILENO, page, sizeof(page) - 1) != sizeof(page) - 1;
}
