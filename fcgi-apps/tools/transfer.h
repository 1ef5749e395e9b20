/* SPDX-License-Identifier: ISC */
/* transfer.h - what import and copy have in common: keys, and the end of the work. */
#ifndef SESSKIT_TRANSFER_H
#define SESSKIT_TRANSFER_H

#include "lines.h"
#include "tool.h"

/* True if the ring has all keys of these fingerprints. */
bool transfer_has_keys(const keyring *, const char *fingerprints);
/* Make the key file to as a copy of from; leave it alone if it is there. EX_OK, or an exit code with
 * a message. */
int transfer_keys(const tool *, const char *from, const char *to);
/* Have all that was put into a store on disk. EX_OK, or an exit code with a message. */
int transfer_settle(const tool *, const sess_kit *);

#endif
