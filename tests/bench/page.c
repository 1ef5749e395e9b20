/* SPDX-License-Identifier: ISC */
/* page.c - the counter's page without a session: what FastCGI itself costs. */
#include <fastcgi.h>
#include <fcgiapp.h>

#include <stdio.h>

static const char page[] =
	"Content-Type: text/html; charset=utf-8\r\n\r\n"
	"<!doctype html>\n"
	"<html lang=\"en\">\n"
	"<head>\n"
	"<meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width\">\n"
	"<title>Visit %d</title>\n"
	"<link rel=\"stylesheet\" href=\"/style.css\">\n"
	"</head>\n"
	"<body>\n"
	"<main>\n"
	"<h1>Your visits</h1>\n"
	"<p class=\"count\">%d</p>\n"
	"<p><a class=\"button\" href=\"?\">Count again</a></p>\n"
	"<p><a href=\"/\">All samples</a></p>\n"
	"</main>\n"
	"</body>\n"
	"</html>\n";

int
main(void)
{
	FCGX_Request request;
	char text[1024];
	int visit = 0;

	if (FCGX_Init() != 0 || FCGX_InitRequest(&request, FCGI_LISTENSOCK_FILENO, 0) != 0)
		return 1;
	while (FCGX_Accept_r(&request) == 0) {
		visit++;
		FCGX_PutStr(text, snprintf(text, sizeof(text), page, visit, visit), request.out);
		FCGX_Finish_r(&request);
	}
	return 0;
}
