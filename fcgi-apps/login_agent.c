/* SPDX-License-Identifier: ISC */
/* login_agent.c - browsers' names for themselves, in words. They all claim to be each other, so the
 * order counts; and anybody can send any, so it is a help for the eye and no proof. */
#include "login.h"

#include <string.h>

typedef struct sign {
	const char *part, *word;
} sign;

static const sign browsers[] = {
	{ "Edg", "Edge" },
	{ "OPR/", "Opera" },
	{ "SamsungBrowser/", "Samsung Internet" },
	{ "Firefox/", "Firefox" },
	{ "FxiOS/", "Firefox" },
	{ "HeadlessChrome/", "Chrome without a screen" },
	{ "CriOS/", "Chrome" },
	{ "Chrome/", "Chrome" },
	{ "Safari/", "Safari" },
	{ "curl/", "curl" },
	{ "Wget/", "Wget" },
	{ "Python", "a Python program" },
	{ NULL, "an unknown browser" }
};

static const sign systems[] = {
	{ "iPhone", "an iPhone" },
	{ "iPad", "an iPad" },
	{ "Android", "Android" },
	{ "CrOS", "ChromeOS" },
	{ "Windows", "Windows" },
	{ "Mac OS X", "macOS" },
	{ "Linux", "Linux" },
	{ "BSD", "BSD" },
	{ NULL, "an unknown system" }
};

static const char *
word_for(const sign *list, const char *agent)
{
	while (list->part && !(agent && strstr(agent, list->part)))
		list++;
	return list->word;
}

void
login_agent(const char *agent, const char **browser, const char **system)
{
	*browser = word_for(browsers, agent);
	*system = word_for(systems, agent);
}
