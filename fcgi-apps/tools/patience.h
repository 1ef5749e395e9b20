/* SPDX-License-Identifier: ISC */
/* patience.h - work that can wait does not keep the processor from programs that serve requests. */
#ifndef SESSKIT_PATIENCE_H
#define SESSKIT_PATIENCE_H

/* For the rest of this thread's life. Where the system cannot do it, nothing changes. */
void be_patient(void);

#endif
