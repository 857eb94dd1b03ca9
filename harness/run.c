// SPDX-License-Identifier: MIT
/*
 * run.c -- the front door: a program is played on a backend by the driver, every row of the trace
 * goes past the oracles, the first finding ends it.
 */
#include "coverage.h"
#include "run.h"

/*
 * While fuzzing, a program whose trace is that long (rows, or 64 bytes of data) ends with the op that it
 * plays: one in twenty would otherwise take half of the time, nearly all of it in circles.
 */
#define FUZZ_WORK 1200u
#define FUZZ_ROWS 2000u /* in the middle of an op: the controller is gone then */

/* Replay, which has no warm starts, plays all of a program. */
static bool is_long(const struct harness *h)
{
	return h->fuzzing && h->warm && h->trace.row_count + h->trace.byte_count / 64 > FUZZ_WORK;
}

static void row_written(void *opaque, const struct trace_row *row)
{
	struct harness *h = opaque;

	oracle_set_row(h->oracles, row);
	if (h->fuzzing && oracle_set_endless(h->oracles))
		harness_report(oracle_set_finding(h->oracles)); /* this access may never return */
	if (h->fuzzing && h->warm && h->trace.row_count > FUZZ_ROWS)
		h->backend->gone = true;
	if (h->options.also)
		h->options.also(h->options.also_opaque, row);
}

static void begin(struct harness *h)
{
	h->trace.sink = NULL;
	h->backend->ops->reset(h->backend);
	drive_reset(h->drive);
	oracle_set_reset(h->oracles);
	h->trace.sink = row_written;
	h->trace.sink_opaque = h;
	h->current_op = 0;
}

struct harness *harness_new(const struct harness_options *options)
{
	struct harness *h = alloc_zero(sizeof(*h));

	if (options)
		h->options = *options;
	h->chain.polite = h->options.polite;
	trace_reset(&h->trace);
	h->backend = backend_open_emu(&h->trace);
	h->drive = drive_new(h->backend);
	h->oracles = oracle_set_new();
	op_program_init(&h->program);
	h->counted = alloc_zero(coverage_bytes());
	begin(h);
	h->power_on_blocks = heap_live();
	h->warm = warm_new(&h->trace);
	return h;
}

void harness_free(struct harness *h)
{
	if (!h)
		return;
	h->trace.sink = NULL;
	drive_free(h->drive);
	h->backend->ops->close(h->backend);
	oracle_set_free(h->oracles);
	op_program_fini(&h->program);
	op_chain_fini(&h->chain);
	warm_free(h->warm);
	free(h->counted);
	free(h);
}

unsigned harness_current_op(const struct harness *h)
{
	return h->current_op;
}

uint64_t harness_ops_played(const struct harness *h)
{
	return h->ops;
}

static void play(struct harness *h, unsigned index, const struct op *op)
{
	struct trace_row row = {.kind = TRACE_OP, .addr = index, .value = op->id};

	h->current_op = index;
	h->trace.op = index;
	h->ops++;
	if (h->options.on_op)
		h->options.on_op(h->options.on_op_opaque, index, op);
	trace_append(&h->trace, &row);
	drive_op(h->drive, op);
}

static void end(struct harness *h)
{
	struct backend_balance left;
	struct oracle_balance balance;

	if (h->backend->ops->end(h->backend, &left))
		return;
	balance = (struct oracle_balance){left.live_packets, left.live_devices, left.armed_timers,
					  left.live_endpoints};
	oracle_set_end(h->oracles, &balance);
}

void harness_play_from(struct harness *h, const struct op_program *p, unsigned first,
		       struct warm *warm, struct harness_result *ret)
{
	const struct finding *finding = NULL;

	memset(ret, 0, sizeof(*ret));
	for (unsigned i = first; i < p->count && !finding; i++) {
		play(h, i, &p->op[i]);
		finding = oracle_set_finding(h->oracles);
		ret->ops = i + 1;
		if (h->marks)
			h->marks[i] = h->trace.hash;
		if (is_long(h))
			break;
		if (warm && !finding)
			warm_played(warm, i + 1, &h->trace);
	}
	if (!finding) {
		end(h);
		finding = oracle_set_finding(h->oracles);
	}
	if (finding)
		ret->finding = *finding;
	ret->hash = h->trace.hash;
}

void harness_count_memory(struct harness *h, struct harness_result *ret)
{
	unsigned current_op = h->current_op; /* whoever asks next asks about the run */
	uint64_t left;

	begin(h);
	h->current_op = current_op;
	left = heap_live() - h->power_on_blocks;
	h->power_on_blocks += left;
	if (!left || ret->finding.oracle)
		return;
	ret->finding.oracle = &oracle_balance;
	ret->finding.op = ret->ops;
	snprintf(ret->finding.detail, sizeof(ret->finding.detail),
		 "%llu blocks of memory are in use after power-off", (unsigned long long)left);
}

void harness_run(struct harness *h, const struct op_program *p, struct harness_result *ret)
{
	begin(h);
	harness_play_from(h, p, 0, NULL, ret);
	harness_count_memory(h, ret);
}

void harness_print_verdict(const struct harness_result *r, FILE *out)
{
	const struct finding *f = &r->finding;

	if (f->oracle)
		fprintf(out, "VIOLATED %s %s at op %u: %s\n", f->oracle->clause, f->oracle->name,
			(unsigned)f->op, f->detail);
	else
		fprintf(out, "CLEAN\n");
}
