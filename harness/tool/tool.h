// SPDX-License-Identifier: MIT
/*
 * tool.h -- the `gauntlet` tool: verbs, their arguments, the cases they read, what playing a case in
 * a child process came to. Sections follow the files of this folder.
 */
#ifndef TOOL_TOOL_H
#define TOOL_TOOL_H

#include "backend/vfio_client.h"
#include "base.h"
#include "harness.h"
#include "op/op.h"

enum tool_exit {
	EXIT_CLEAN = 0,
	EXIT_FINDING = 1, /* it reproduces, a gate failed */
	EXIT_BAD = 2,     /* bad input, bad usage, or the host failed */
};

/* One clear line on stderr, "gauntlet: ..."; returns EXIT_BAD. */
int tool_refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- args.c -------------------------------------------------------------------------------- */

#define TOOL_OPTIONS 12u

struct tool_option {
	const char *name;  /* long name; its first letter is the short one if letter is 0 */
	char letter;       /* short option */
	const char *value; /* "FILE"; "FILE..." may be repeated; NULL: it takes none */
	const char *help;
};

struct tool_verb {
	const char *name, *operands, *help; /* "run", "FILE|DIR...", one line */
	unsigned min, max;                  /* operands */
	struct tool_option option[TOOL_OPTIONS];
	int (*run)(const struct tool_verb *verb, char **value, char **operand, unsigned count);
	const char *more;              /* text for --help, or NULL */
	void (*print_more)(FILE *out); /* the same where it is a table, or NULL */
};

extern const struct tool_verb *const tool_verbs[]; /* main.c; NULL-terminated */

/* Parse argv (argv[0] is the verb) and run it: the exit status. */
int tool_verb_main(const struct tool_verb *verb, int argc, char **argv);
void tool_verb_help(const struct tool_verb *verb, FILE *out);
/* The value given for an option ("" for one that takes none; repeated: a line each), or NULL. */
const char *tool_option_get(const struct tool_verb *verb, char **value, const char *name);
/* A number in min..max given for an option: 0; -EINVAL, message printed. *ret untouched if absent. */
int tool_option_number(const struct tool_verb *verb, char **value, const char *name, unsigned min,
		       unsigned max, unsigned *ret);

/* ---- tell.c -------------------------------------------------------------------------------- */

/*
 * Progress, to stderr: nothing unless that is a terminal, and five times a second at most. *told_msec is
 * 0 at first.
 */
void tool_tell(uint64_t *told_msec, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Take the line away, if there is one. */
void tool_tell_end(uint64_t *told_msec);

/* ---- file.c -------------------------------------------------------------------------------- */

#define TOOL_FILE_MAX (1u << 20) /* bytes; an input is never larger */

/* The whole file, 0-terminated, caller frees. 0, or -errno (-EISDIR, -EFBIG), message printed. */
int tool_file_read(const char *path, uint8_t **ret, size_t *ret_len);
/* Write to a temporary name beside it, then rename. "-" is stdout. 0 or -errno, message printed. */
int tool_file_write(const char *path, const void *bytes, size_t len);

struct tool_list {
	char **path;
	unsigned count;
};

/* Add a file, or all files below a folder in the order of their names; dot files and README*,
 * *.md, *.patch are left out of folders. 0 or -errno, message printed. */
int tool_list_add(struct tool_list *list, const char *path);
void tool_list_free(struct tool_list *list);

/* ---- target.c ------------------------------------------------------------------------------ */

enum tool_target {
	TARGET_RING,
	TARGET_DESCRIPTOR,
	TARGET_VFIO,
	TARGET_LIBUSB,
	TARGET_DEVICE,
	TARGET_REDIR,
	TARGET_SNAPSHOT,
	TARGETS
};

struct tool_target_info {
	const char *name;
	bool ops; /* cases are programs, their text is .ops; else any bytes, and .hex */
	/* False if the bytes break a rule, with a sentence in why (room bytes); NULL: they cannot. */
	bool (*judge)(const uint8_t *bytes, size_t len, char *why, size_t room);
	const char *clause, *rule;
	/* What is played besides; NULL: nothing. */
	void (*program)(struct op_program *p, const uint8_t *bytes, size_t len);
};

extern const struct tool_target_info tool_targets[TARGETS];

/* Index of a target's name, or -1. */
int tool_target_find(const char *name);
/* All names for a message, in text. */
const char *tool_target_names(char *text, size_t room);
/* The target that a path tells of. */
enum tool_target tool_target_guess(const char *path, enum tool_target otherwise);
/* For the summary of a fuzzing run: messages sent, in libFuzzer's manner, to stderr. */
void tool_vfio_stat_print(const struct vfio_client *client);

/* ---- input.c ------------------------------------------------------------------------------- */

struct tool_case {
	const char *path; /* borrowed */
	enum tool_target target;
	uint8_t *bytes; /* what the fuzz target would be given; exactly len bytes */
	size_t len;
	struct op_program program; /* what is played */
};

/*
 * Read a case: .ops text, .hex, else raw bytes. Which target raw bytes are for: target (NULL = tell
 * from the path). 0 or -errno, message printed (with line, column and a caret for text).
 */
int tool_case_read(struct tool_case *c, const char *path, const char *target);
/* The same from bytes in memory (copied). */
void tool_case_make(struct tool_case *c, enum tool_target target, const uint8_t *bytes, size_t len);
/* A program as .ops, other bytes as .hex; caller frees. */
char *tool_case_text(const struct tool_case *c);
void tool_case_free(struct tool_case *c);

/* ---- descriptor.c: what the target `descriptor` does --------------------------------------- */

/*
 * Parse, check, walk, rebuild and parse again. True if the set is stable; else a sentence in why
 * (room bytes).
 */
bool tool_descriptor_stable(const uint8_t *bytes, size_t len, char *why, size_t room);
/* The program in which a polite guest enumerates a device that serves this set. */
void tool_descriptor_program(struct op_program *p, const uint8_t *bytes, size_t len);

/*
 * Enumerating costs ten times as much as reading the set, so a fuzzing process does it for its
 * first inputs (a replay, and the seeds, are always among them) and later for those of a certain
 * hash. inputs: how many came before.
 */
#define TOOL_DESCRIPTOR_ALL 4096u
#define TOOL_DESCRIPTOR_EVERY 32u
bool tool_descriptor_due(uint64_t inputs, const uint8_t *bytes, size_t len);
/* A LLVMFuzzerCustomMutator that knows descriptors. */
size_t tool_descriptor_mutate(uint8_t *data, size_t size, size_t max_size, unsigned seed);

/* ---- import_program.c ---------------------------------------------------------------------- */

struct import_traffic;

/*
 * .ops text in which a polite guest enumerates a device with this set and asks it what the n-th device of the
 * capture was asked (t NULL: no more than that). The caller frees.
 */
char *tool_import_program(const struct import_traffic *t, unsigned n, const uint8_t *set,
			  size_t len);

/* ---- report.c: what a sanitizer wrote ------------------------------------------------------ */

#define TOOL_FRAMES 3u
#define TOOL_NAME 80u

struct tool_report {
	char kind[TOOL_NAME]; /* "heap-buffer-overflow", "REQUIRE", "" if there is no report */
	char access[8];       /* "READ", "WRITE" or "" */
	char frame[TOOL_FRAMES][TOOL_NAME]; /* our functions, innermost first */
	unsigned frames;
	bool leak;
};

void tool_report_parse(struct tool_report *r, const char *text);

/* ---- verdict.c ----------------------------------------------------------------------------- */

#define TOOL_KNOWN 160u

enum tool_verdict_kind {
	VERDICT_CLEAN,
	VERDICT_VIOLATED,
	VERDICT_CRASH,
	VERDICT_HANG,
	VERDICT_LEAK
};

struct tool_verdict {
	enum tool_verdict_kind kind;
	char what
		[TOOL_NAME *
		 3]; /* VIOLATED: clause and oracle; CRASH: kind, access, function; LEAK: function */
	uint32_t op;
	uint64_t bucket;        /* the same cause, the same bucket; 0 for CLEAN */
	char known[TOOL_KNOWN]; /* the public report it has, "" for none; see known.h */
};

/* What a report means; signal: the one that ended the process, 0 = none. */
void tool_verdict_crash(struct tool_verdict *v, const struct tool_report *r, int signal,
			uint32_t op);
void tool_verdict_violated(struct tool_verdict *v, const char *clause, const char *name,
			   uint32_t op);
void tool_verdict_hang(struct tool_verdict *v, uint32_t op);
/* A bucket is made of texts, one after the other. */
#define TOOL_BUCKET_START UINT64_C(0xcbf29ce484222325)
uint64_t tool_bucket_add(uint64_t bucket, const char *text);
/* The line that everything else looks for, without newline. */
void tool_verdict_print(const struct tool_verdict *v, FILE *out);

/* ---- child.c ------------------------------------------------------------------------------- */

struct tool_play { /* how to play a case, and what came of it */
	trace_sink *also;
	void *also_opaque;
	/* In the child, before the first row and after the last; opaque is also_opaque. NULL = none. */
	void (*begin)(void *opaque, const struct tool_case *c);
	void (*end)(void *opaque);
	unsigned timeout_sec; /* 0 = 25 */
	bool quiet_child;     /* what it prints to stdout is of no interest */

	struct tool_verdict verdict;
	uint64_t hash;
	unsigned ops;
	char detail[200]; /* VIOLATED: the oracle's sentence */
	char *report;     /* what the child wrote to stderr; caller frees by tool_play_free */
};

/* Play in a forked child, so that nothing a case does is the end of us. 0 or -errno (fork, pipe). */
int tool_play(struct tool_play *p, const struct tool_case *c);
void tool_play_free(struct tool_play *p);
/* Milliseconds of the host's own time, from any start. */
uint64_t tool_now_msec(void);

/* For the summary of a fuzzing run: how many ops were played, in libFuzzer's manner, to stderr. */
void tool_stat_print(const struct harness *h);

/* Play here and now: for what is known to be harmless, or for a child's own use. */
void tool_case_play(struct harness *h, const struct tool_case *c, struct harness_result *ret);

/* ---- shrink.c ------------------------------------------------------------------------------ */

struct tool_shrink {
	struct tool_verdict
		verdict;      /* kind and bucket to be kept; then that of the smallest case */
	unsigned timeout_sec; /* of each try; 0 = 25 */
	uint64_t end_msec;    /* by tool_now_msec: nothing is tried after it; 0 = none */
	trace_sink *also;     /* as in struct tool_play */
	void *also_opaque;

	unsigned tries;
	bool out_of_time;
	uint64_t told_msec;
	int err;
};

/* Make the case smaller in place, as long as its verdict stays. 0, or -errno of a try's child. */
int tool_shrink(struct tool_shrink *s, struct tool_case *c);

/* ---- saves.c ------------------------------------------------------------------------------- */

struct tool_saves {
	unsigned places;   /* ops of each case before which the machine is saved, at most */
	uint64_t end_msec; /* by tool_now_msec: no case is begun after it; 0 = none */
	const char *out;   /* folder for programs that go on otherwise; NULL = only say so */

	unsigned cases; /* that were played */
	unsigned long saves;
	unsigned wrong; /* cases that go on otherwise */
};

/*
 * Each case with the op `snapshot` at some of its places (harness_judge_saves). What goes on otherwise, or
 * crashes, is printed, and written once per case as a program that has the op. 0, or -errno of a file or
 * of the child in which they are played, message printed.
 */
int tool_saves(struct tool_saves *s, const struct tool_case *c, unsigned count);

#endif
