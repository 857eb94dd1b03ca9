// SPDX-License-Identifier: MIT
/*
 * snapshot_op.c -- the machine is saved, and goes on from what was saved: the truth, or something else.
 * Memory and disk stay what they are, as those of a machine that moves to another host.
 */
#include <errno.h>

#include "backend/machine_state.h"
#include "backend/snapshot_op.h"
#include "op/args.h"
#include "op/names.h"

static void tell(struct machine *m, enum state_what what)
{
	struct trace_row row = {.kind = TRACE_STATE, .what = (uint8_t)what};

	trace_append(m->trace, &row);
}

/* What the op makes of the bytes; returns how many there are now. */
static size_t spoil(const struct op *op, uint8_t *bytes, size_t len)
{
	uint64_t value = ARG(op, SNAPSHOT, value);

	switch (ARG(op, SNAPSHOT, how)) {
	case SNAPSHOT_CUT:
		return len - value % (len + 1);
	case SNAPSHOT_FLIP:
		bytes[ARG(op, SNAPSHOT, nth) % len] ^= (uint8_t)(value ? value : 1);
		return len;
	default:
		return len;
	}
}

/* Saved once more, with a lie. */
static bool save_lie(struct machine *m, const struct op *op, struct state *st)
{
	struct state_lie lie = {
		.nth = ARG(op, SNAPSHOT, nth) % st->walked,
		.how = (uint8_t)ARG(op, SNAPSHOT, lie),
		.value = ARG(op, SNAPSHOT, value),
	};

	state_free(st);
	return machine_save(m, st, &lie);
}

int snapshot_op(struct machine *m, const struct op *op)
{
	bool truth = ARG(op, SNAPSHOT, how) <= SNAPSHOT_KEEP, loaded;
	struct state saved, st = {0};

	if (!machine_save(m, &saved, NULL) ||
	    (ARG(op, SNAPSHOT, how) == SNAPSHOT_LIE && !save_lie(m, op, &saved))) {
		state_free(&saved);
		tell(m, STATE_WHOLE);
		machine_go_on(m);
		return -EBUSY;
	}
	if (ARG(op, SNAPSHOT, how) == SNAPSHOT_KEEP) {
		loaded = true;
	} else {
		loaded = machine_load(m, &st, saved.bytes, spoil(op, saved.bytes, saved.len));
		if (!loaded && truth && !m->lied)
			fprintf(stderr, "%s\n", st.why);
		REQUIRE(loaded || !truth || m->lied); /* what we say ourselves we believe */
		m->lied |= loaded && !truth;
	}
	tell(m, !loaded ? STATE_REFUSED : truth ? STATE_WHOLE : STATE_LIED);
	state_free(&saved);
	state_free(&st);
	machine_go_on(m);
	return loaded ? 0 : -EINVAL;
}
