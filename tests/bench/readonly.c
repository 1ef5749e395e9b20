/* SPDX-License-Identifier: ISC */
/* readonly.c - a page that reads a session and changes nothing, as most pages do. */
#include <sesskit.h>

#include <fastcgi.h>
#include <fcgiapp.h>

#include <stdio.h>
#include <unistd.h>

static const char page[] =
	"Content-Type: text/html; charset=utf-8\r\n%s\r\n"
	"<!doctype html>\n"
	"<html lang=\"en\">\n"
	"<head>\n"
	"<meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width\">\n"
	"<title>Visit %lld</title>\n"
	"<link rel=\"stylesheet\" href=\"/style.css\">\n"
	"</head>\n"
	"<body>\n"
	"<main>\n"
	"<h1>Your visits</h1>\n"
	"<p class=\"count\">%lld</p>\n"
	"<p><a class=\"button\" href=\"?\">Count again</a></p>\n"
	"<p><a href=\"/\">All samples</a></p>\n"
	"</main>\n"
	"</body>\n"
	"</html>\n";

static int
serve(sess_kit *kit, FCGX_Request *request)
{
	char text[2048];
	long long count;
	int rc;
	sess *s;

	rc = sess_begin(kit, request->envp, &s);
	if (rc != SESS_OK)
		return rc;
	count = sess_get_int(s, "count", 0);
	rc = sess_commit(s);
	if (rc == SESS_OK)
		FCGX_PutStr(text, snprintf(text, sizeof(text), page, sess_headers(s), count, count),
			request->out);
	sess_end(s);
	return rc;
}

int
main(void)
{
	sess_config config = SESS_CONFIG_INIT;
	FCGX_Request request;
	sess_error error;
	sess_kit *kit;

	if (sess_config_env(&config, environ, &error) != SESS_OK ||
		sess_kit_open(&kit, &config, &error) != SESS_OK) {
		fprintf(stderr, "readonly: %s\n", error.text);
		return 1;
	}
	if (FCGX_Init() != 0 || FCGX_InitRequest(&request, FCGI_LISTENSOCK_FILENO, 0) != 0)
		return 1;
	while (FCGX_Accept_r(&request) == 0) {
		if (serve(kit, &request) != SESS_OK)
			fprintf(stderr, "readonly: %s\n", sess_kit_error(kit));
		FCGX_Finish_r(&request);
		if (sess_idle(kit) != SESS_OK)
			fprintf(stderr, "readonly: %s\n", sess_kit_error(kit));
	}
	sess_kit_close(kit);
	return 0;
}
