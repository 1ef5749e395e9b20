/* SPDX-License-Identifier: ISC */
/* hijack.h - the two parts of the hijack sample. */
#ifndef SESSKIT_HIJACK_H
#define SESSKIT_HIJACK_H

#include "app.h"

/* What a client hears whose request got a session in this state; secret: with the owner's data. */
const char *hijack_verdict(sess_status, bool secret);
/* Play and print all scenes. */
void hijack_scenes(app_request *);

#endif
