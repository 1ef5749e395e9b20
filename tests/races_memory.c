/* SPDX-License-Identifier: ISC */
/* races_memory.c - races between threads, for memory: */
#include "store_races.h"

extern const sess_provider sess_provider_memory;

int main(void)
{
	return store_races_main(&sess_provider_memory, "races");
}
