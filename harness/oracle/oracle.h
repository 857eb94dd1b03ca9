// SPDX-License-Identifier: MIT
/*
 * oracle.h -- rules of the specification, judged on the trace. An oracle never sees the
 * emulator's own state: it keeps its own model of what the guest published.
 */
#ifndef ORACLE_ORACLE_H
#define ORACLE_ORACLE_H

#include "base.h"
#include "trace.h"

struct oracle_set; /* private: the shared model of the guest's side and each oracle's state */

struct oracle {
	const char *name;   /* "event ring overwrite" */
	const char *clause; /* "xHCI 4.9.4" */
};

extern const struct oracle *const oracle_list[]; /* NULL-terminated */
extern const struct oracle oracle_balance;       /* also for memory, which no trace shows */

struct finding {
	const struct oracle *oracle; /* NULL = none */
	uint32_t op;                 /* index of the op during which the rule was broken */
	char detail[200];
};

/* The numbers at the end of an input, after everything was unplugged (design decision 10). */
struct oracle_balance {
	unsigned live_packets, live_devices, armed_timers, live_endpoints;
};

struct oracle_set *oracle_set_new(void);
void oracle_set_free(struct oracle_set *set);
void oracle_set_reset(struct oracle_set *set);

/* A trace_sink: judges one row. Only the first finding is kept. */
void oracle_set_row(void *set, const struct trace_row *row);
/* End of input: the guest rang no doorbell since idle_since; check balance. */
void oracle_set_end(struct oracle_set *set, const struct oracle_balance *balance);
/* NULL while everything is in order. */
const struct finding *oracle_set_finding(const struct oracle_set *set);
/*
 * True if the finding is that work does not end: the access that caused it may never return, so
 * whoever gets the rows should report at once.
 */
bool oracle_set_endless(const struct oracle_set *set);

#endif
