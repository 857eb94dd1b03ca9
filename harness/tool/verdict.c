// SPDX-License-Identifier: MIT
/*
 * verdict.c -- the one line that says what a case came to, and the bucket that is the same for the
 * same cause: a hash over the kind of error and our functions at the top of the stack.
 */
#include <signal.h>

#include "tool/tool.h"

/* FNV-1a, 64 bits: stable for ever, on any machine. */
uint64_t tool_bucket_add(uint64_t h, const char *text)
{
	do {
		h = (h ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
	} while (*text++);
	return h;
}

static const char *signal_kind(int signal)
{
	switch (signal) {
	case SIGSEGV:
		return "SEGV";
	case SIGABRT:
		return "ABRT";
	case SIGFPE:
		return "FPE";
	case SIGBUS:
		return "BUS";
	case SIGILL:
		return "ILL";
	case SIGKILL:
		return "KILL";
	case 0:
		return "exit";
	default:
		return "signal";
	}
}

void tool_verdict_crash(struct tool_verdict *v, const struct tool_report *r, int signal,
			uint32_t op)
{
	const char *kind = *r->kind ? r->kind : signal_kind(signal);

	memset(v, 0, sizeof(*v));
	v->kind = r->leak ? VERDICT_LEAK : VERDICT_CRASH;
	v->op = op;
	if (r->leak)
		snprintf(v->what, sizeof(v->what), "%s", r->frames ? r->frame[0] : "somewhere");
	else
		snprintf(v->what, sizeof(v->what), "%s%s%s%s%s", kind, *r->access ? " " : "",
			 r->access, r->frames ? " " : "", r->frames ? r->frame[0] : "");
	v->bucket = tool_bucket_add(tool_bucket_add(TOOL_BUCKET_START, kind), r->access);
	for (unsigned i = 0; i < r->frames; i++)
		v->bucket = tool_bucket_add(v->bucket, r->frame[i]);
}

void tool_verdict_violated(struct tool_verdict *v, const char *clause, const char *name,
			   uint32_t op)
{
	memset(v, 0, sizeof(*v));
	v->kind = VERDICT_VIOLATED;
	v->op = op;
	snprintf(v->what, sizeof(v->what), "%s %s", clause, name);
	v->bucket = tool_bucket_add(tool_bucket_add(TOOL_BUCKET_START, "VIOLATED"), v->what);
}

void tool_verdict_hang(struct tool_verdict *v, uint32_t op)
{
	memset(v, 0, sizeof(*v));
	v->kind = VERDICT_HANG;
	v->op = op;
	v->bucket = tool_bucket_add(TOOL_BUCKET_START, "HANG");
}

void tool_verdict_print(const struct tool_verdict *v, FILE *out)
{
	switch (v->kind) {
	case VERDICT_CLEAN:
		fputs("CLEAN", out);
		break;
	case VERDICT_VIOLATED:
		fprintf(out, "VIOLATED %s at op %u", v->what, v->op);
		break;
	case VERDICT_CRASH:
		fprintf(out, "CRASH %s at op %u [bucket %016llx]", v->what, v->op,
			(unsigned long long)v->bucket);
		break;
	case VERDICT_HANG:
		fputs("HANG", out);
		break;
	case VERDICT_LEAK:
		fprintf(out, "LEAK %s [bucket %016llx]", v->what, (unsigned long long)v->bucket);
		break;
	}
	if (*v->known)
		fprintf(out, ", known: %s", v->known);
}
