// SPDX-License-Identifier: MIT
/*
 * report.c -- what a sanitizer, REQUIRE or the leak check wrote to stderr: the kind of error and our
 * own functions at the top of the first stack. Leaves out addresses and line numbers, so that the
 * same cause reads the same in every build.
 */
#include <ctype.h>

#include "tool/tool.h"

/* Frames that say nothing about the cause: runtimes, the runner, our memory and byte basics. */
static const char *const dull_file[] = {
	"harness/run.c", "harness/main.c", "harness/tool/", "harness/base.h", "targets/",
	"compiler-rt",   "/sysdeps/",      "libc-start",    "libsanitizer/",
};
static const char *const dull_prefix[] = {
	"__asan",     "__interceptor_", "__sanitizer",       "__ubsan",  "__lsan",
	"__libc_",    "__GI_",          "__pthread_",        "__mem",    "operator ",
	"LLVMFuzzer", "fuzzer::",       "harness_",          "__str",    "__assert_fail",
	"g_malloc",   "g_realloc",      "g_strdup",          "g_memdup", "g_try_",
	"g_slice_",   "g_strconcat",    "qemu_try_memalign",
};
static const char *const dull_name[] = {
	"main", "_start", "abort",   "raise",  "gsignal", "pthread_kill", "malloc", "calloc",
	"free", "memcpy", "memmove", "memset", "memcmp",  "realloc",      "strlen", "strcmp",
};

static const struct {
	const char *in_message, *kind;
} ubsan_kind[] = {
	{"out of bounds", "index-out-of-bounds"},
	{"signed integer overflow", "signed-integer-overflow"},
	{"shift exponent", "shift-exponent"},
	{"shift of", "shift-base"},
	{"division by zero", "integer-divide-by-zero"},
	{"misaligned address", "misaligned-pointer"},
	{"offset to null pointer", "pointer-overflow"},
	{"null pointer", "null-pointer"},
	{"pointer index expression", "pointer-overflow"},
	{"is not a valid value", "invalid-value"},
	{"insufficient space", "object-size"},
	{"unreachable program point", "unreachable"},
	{"incorrect function type", "function-type"},
};

/* One line of the text, cut to size. Returns the start of the next, or NULL at the end. */
static const char *next_line(const char *text, char *line, size_t room)
{
	const char *end = strchr(text, '\n');
	size_t n = end ? (size_t)(end - text) : strlen(text);

	if (!n && !end)
		return NULL;
	n = min_u64(n, room - 1);
	memcpy(line, text, n);
	line[n] = 0;
	return end ? end + 1 : text + strlen(text);
}

static void take_word(char *to, size_t room, const char *from)
{
	size_t n = 0;

	while (from[n] && !isspace((unsigned char)from[n]) && n + 1 < room)
		n++;
	memcpy(to, from, n);
	to[n] = 0;
}

static void set_kind(struct tool_report *r, const char *kind)
{
	snprintf(r->kind, sizeof(r->kind), "%s", kind);
}

static void asan_error(struct tool_report *r, const char *text)
{
	const char *attempting = strstr(text, "attempting ");

	if (attempting == text)
		text += strlen("attempting ");
	if (!strncmp(text, "requested allocation size", 25))
		set_kind(r, "allocation-size-too-big");
	else
		take_word(r->kind, sizeof(r->kind), text);
	/* "double-free on" and "free on address which was not malloc()-ed" */
	if (!strcmp(r->kind, "free"))
		set_kind(r, "bad-free");
	r->kind[strcspn(r->kind, ":,")] = 0;
}

static void ubsan_error(struct tool_report *r, const char *message)
{
	set_kind(r, "undefined-behavior");
	for (size_t i = 0; i < ARRAY_SIZE(ubsan_kind); i++)
		if (strstr(message, ubsan_kind[i].in_message)) {
			set_kind(r, ubsan_kind[i].kind);
			return;
		}
}

static bool dull(const char *name, const char *place)
{
	for (size_t i = 0; i < ARRAY_SIZE(dull_prefix); i++)
		if (!strncmp(name, dull_prefix[i], strlen(dull_prefix[i])))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(dull_name); i++)
		if (!strcmp(name, dull_name[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(dull_file); i++)
		if (strstr(place, dull_file[i]))
			return true;
	return false;
}

/* "    #0 0x55d2 in usb_control_data harness/usb/control.c:123:4" */
static void take_frame(struct tool_report *r, const char *line)
{
	const char *in = strstr(line, " in ");
	char name[TOOL_NAME];

	if (!in || r->frames == TOOL_FRAMES)
		return;
	take_word(name, sizeof(name), in + 4);
	if (!dull(name, in + 4 + strlen(name)))
		strcpy(r->frame[r->frames++], name);
}

static bool is_frame(const char *line)
{
	while (*line == ' ')
		line++;
	return line[0] == '#' && isdigit((unsigned char)line[1]);
}

/* A line that is no frame: does it open a report, or tell of the access? */
static void take_line(struct tool_report *r, const char *line)
{
	static const char asan[] = "ERROR: AddressSanitizer: ", lsan[] = "ERROR: LeakSanitizer: ",
			  deadly[] = "UndefinedBehaviorSanitizer: ", ubsan[] = "runtime error: ";
	const char *at;

	if (!*r->kind && !strncmp(line, "REQUIRE failed", 14)) {
		set_kind(r, "REQUIRE");
	} else if (!*r->kind && strstr(line, "Assertion `") && strstr(line, "failed")) {
		set_kind(r, "assertion");
	} else if (!*r->kind && (at = strstr(line, lsan))) {
		set_kind(r, "leak");
		r->leak = true;
	} else if (!*r->kind && (at = strstr(line, asan))) {
		asan_error(r, at + sizeof(asan) - 1);
	} else if (!*r->kind && (at = strstr(line, ubsan))) {
		ubsan_error(r, at + sizeof(ubsan) - 1);
	} else if (!*r->kind && (at = strstr(line, deadly)) && strstr(line, "ERROR")) {
		asan_error(r, at + sizeof(deadly) - 1);
	} else if (*r->kind && !*r->access && !r->frames) {
		if (!strncmp(line, "WRITE of size", 13) || strstr(line, "caused by a WRITE"))
			strcpy(r->access, "WRITE");
		else if (!strncmp(line, "READ of size", 12) || strstr(line, "caused by a READ"))
			strcpy(r->access, "READ");
	}
}

void tool_report_parse(struct tool_report *r, const char *text)
{
	char line[1024];
	bool in_stack = false, done = false;

	memset(r, 0, sizeof(*r));
	while (!done && (text = next_line(text, line, sizeof(line)))) {
		if (is_frame(line)) {
			in_stack = true;
			if (*r->kind)
				take_frame(r, line);
		} else {
			/* The first stack is where it happened; later ones tell of the memory. */
			done = in_stack && *r->kind;
			if (!done)
				take_line(r, line);
		}
	}
}
