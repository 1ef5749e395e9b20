/* SPDX-License-Identifier: ISC */
/* doctor.h - what the files of the verb doctor share. */
#ifndef SESSKIT_DOCTOR_H
#define SESSKIT_DOCTOR_H

#include "tool.h"

typedef struct doctor {
	tool *t;
	sess_config whole;              /* settings with their defaults */
	store store;                    /* found, not opened */
	char key_path[TOOL_PATH_MAX];   /* "": this store has none */
	size_t warnings, faults;
} doctor;

/* Print a finding. The remedy is "" where there is none. */
void doctor_say(doctor *, int level, const char *remedy, const char *text, ...)
	__attribute__((format(printf, 4, 5)));
/* A failure of the library as a fault. Its text mostly ends with the remedy; else it is otherwise. */
void doctor_say_error(doctor *, const char *otherwise, const sess_error *);

/* doctor_config.c: settings that are risky, alone or together */
void doctor_config(doctor *);
/* doctor_live.c: what only the open store tells: the clock, and who deletes what has expired */
void doctor_live(doctor *);

#endif
