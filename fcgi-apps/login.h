/* SPDX-License-Identifier: ISC */
/* login.h - the pages of login.c, a file for each subject. */
#ifndef SESSKIT_LOGIN_H
#define SESSKIT_LOGIN_H

#include "app.h"

/* -- login.c ----------------------------------------------------------------------------------- */

/* End this session, and go to a page that says so. */
void login_leave(app_request *);

/* -- login_password.c -------------------------------------------------------------------------- */

/* Check the field "password" for this user. If it is not right, the answer to give: its status and
 * an error to show beside the field. */
bool login_password_is_right(app_request *, const char *user, const char **status,
	const char **error);
/* That field with its label, and the error (may be NULL) tied to it. */
void login_password_field(app_request *, const char *error);
/* Read a password from standard input and print the line for the file of users. */
int login_hash(const char *user);

/* -- login_devices.c, login_confirm.c: for those who are signed in ----------------------------- */

app_page login_devices, login_end_device, login_end_others, login_end_all;
app_page login_name, login_set_name, login_confirm, login_confirmed;

/* -- login_agent.c ----------------------------------------------------------------------------- */

/* A browser's name for itself in words, "Firefox" and "Linux"; agent may be NULL. Static. */
void login_agent(const char *agent, const char **browser, const char **system);

#endif
