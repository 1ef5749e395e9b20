/* SPDX-License-Identifier: ISC */
/* help.c - "sesskit help": the verbs, or one verb with its options. */
#include "tool.h"

#include <string.h>

static void
print_options(const tool_option *o)
{
	char name[64];

	for (; o != NULL && o->name != NULL; o++) {
		snprintf(name, sizeof(name), "--%s%s%s", o->name, o->value != NULL ? " " : "",
			o->value != NULL ? o->value : "");
		printf("  %-22s  %s\n", name, o->help);
	}
}

static void
print_overview(void)
{
	puts("usage: sesskit VERB [OPTION]... [OPERAND]...\n\nLooks into a store of sessions, and keeps "
		"it in order.\n");
	for (size_t i = 0; verbs[i] != NULL; i++)
		printf("  %-8s  %s\n", verbs[i]->name, verbs[i]->summary);
	puts("\nEvery verb takes these:");
	print_options(common_options);
	puts("\n\"sesskit help VERB\" explains a verb, sesskit(1) all of them.");
}

static void
print_verb(const verb *v)
{
	bool operands = v->operands != NULL;

	printf("usage: sesskit %s [OPTION]...%s%s\n\n%s\n", v->name, operands ? " " : "",
		operands ? v->operands : "", v->details);
	if (v->options != NULL && v->options->name != NULL)
		puts("\nOptions:");
	print_options(v->options);
	puts("\nEvery verb takes these:");
	print_options(common_options);
}

static int
run(tool *t, char **operands)
{
	const verb *v;

	if (operands[0] == NULL) {
		print_overview();
		return tool_flush(t);
	}
	if (operands[1] != NULL)
		return tool_fail(t, EX_USAGE, "one verb at a time");
	if ((v = verb_find(operands[0])) == NULL)
		return verb_unknown(t, operands[0]);
	print_verb(v);
	return tool_flush(t);
}

const verb verb_help = {
	.name = "help",
	.operands = "[VERB]",
	.summary = "explain a verb",
	.details = "Without VERB it lists the verbs.",
	.run = run,
};
