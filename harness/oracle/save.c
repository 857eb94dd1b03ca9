// SPDX-License-Identifier: MIT
/*
 * save.c -- Save State and Restore State (xHCI 4.20, 4.23.2, 5.4.2): scratchpad buffers are where entry
 * 0 of the DCBAA says, and what is restored is what was saved: SRE is 1 unless every byte that the last
 * Save State wrote was read again as it was, and 0 then. What is known of slots, endpoints, commands and
 * event rings is put aside when the power goes, and counts again after such a Restore State.
 * Left out: Save State whose software did not see HCH = 1 before; what it does is the controller's choice.
 */
#include "heap.h"
#include "oracle/set.h"

const struct oracle oracle_save = {"saved state", "xHCI 4.23.2, 4.20"};

#define PAGES 64u /* that are modelled; with more, any page is accepted */

struct save_seen {
	uint64_t array, page[PAGES];
	unsigned pages;
	enum {
		NOTHING,
		SAVING,
		RESTORING,
		UNSURE
	} doing; /* since the last register access */
	unsigned rows;
	uint64_t sum, saved_sum; /* over scratchpad bytes, in any order */
	uint64_t saved_page;     /* the first one then */
	bool refused, kept;      /* kept: saved_sum is of the last Save State, and it is whole */
	bool guess;              /* or it may have been one of which that is not known */
	bool steady;             /* nothing has run since then */
	bool must_fail;          /* SRE is 1 until software clears it */
	bool must_hold;          /* SRE is 0 until the next Save or Restore State */
	bool aside;
	struct slot_seen *slot[256];
	struct endpoint *endpoint[ORACLE_ENDPOINTS];
	unsigned endpoint_count;
	struct command_ring command;
	struct {
		struct event_ring ring;
		uint64_t erstba;
		uint32_t erstsz;
	} ring[ORACLE_RINGS];
};

void oracle_save_begin(struct oracle_set *s, uint32_t usbcmd)
{
	struct save_seen *v;

	if (!s->save)
		s->save = heap_zero(sizeof(*s->save));
	v = s->save;
	v->rows = 0;
	v->sum = 0;
	v->refused = v->must_fail = v->must_hold = false;
	v->doing = !s->reg.halt_read || s->reg.not_ready                            ? UNSURE
		: (usbcmd & (USBCMD_CSS | USBCMD_CRS)) == (USBCMD_CSS | USBCMD_CRS) ? UNSURE
		: usbcmd & USBCMD_CSS                                               ? SAVING
										    : RESTORING;
}

bool oracle_save_busy(const struct oracle_set *s)
{
	return s->save && s->save->doing != NOTHING;
}

/* ---- where ---- */

void oracle_save_array(struct oracle_set *s, uint64_t array)
{
	if (!s->save)
		return;
	s->save->array = array & ~UINT64_C(0x3f);
	s->save->pages = 0;
}

static bool in_page(const struct save_seen *v, const struct trace_row *row)
{
	if (v->pages > PAGES)
		return true;
	for (unsigned i = 0; i < v->pages; i++)
		if (row->addr - v->page[i] < 4096 && row->len <= 4096 - (row->addr - v->page[i]))
			return true;
	return false;
}

/* Bytes count with their addresses, and so does what the array says. */
static void add(struct save_seen *v, const struct trace_row *row)
{
	for (uint32_t i = 0; i < row->len; i++)
		v->sum += (row->data[i] + 1) * (row->addr + i + 1) * UINT64_C(0x9e3779b97f4a7c15);
	v->rows++;
}

void oracle_save_row(struct oracle_set *s, const struct trace_row *row)
{
	struct save_seen *v = s->save;
	bool write = row->flags & TRACE_WRITE;

	if (!v || v->doing == NOTHING) {
		oracle_report(s, &oracle_save,
			      "a scratchpad at 0x%llx, and nothing is saved or restored",
			      (unsigned long long)row->addr);
		return;
	}
	if (!write && row->len == 8 && row->addr - v->array < 8 * 1024) {
		if (v->pages < PAGES)
			v->page[v->pages] = get_le64(row->data) & ~UINT64_C(0xfff);
		v->pages += v->pages <= PAGES;
		return;
	}
	if (!in_page(v, row))
		oracle_report(s, &oracle_save, "%s of %u bytes at 0x%llx: no scratchpad buffer",
			      write ? "write" : "read", row->len, (unsigned long long)row->addr);
	else if (write == (v->doing == RESTORING) && v->doing != UNSURE)
		oracle_report(s, &oracle_save, "a scratchpad is %s by %s",
			      write ? "written" : "read", write ? "Restore State" : "Save State");
	add(v, row);
}

void oracle_save_refused(struct oracle_set *s)
{
	if (s->save)
		s->save->refused = true;
}

/* ---- what is known ---- */

static void unknown(struct oracle_set *s)
{
	for (unsigned i = 0; i < s->endpoint_count; i++)
		oracle_endpoint_unknown(s->endpoint[i]);
	for (unsigned id = 1; id < ARRAY_SIZE(s->slot); id++) {
		struct slot_seen *slot = oracle_slot_get(s, id);

		slot->state = slot->written = UNKNOWN;
		slot->context.count = ORACLE_WINDOWS + 1;
	}
	for (unsigned i = 0; i < ORACLE_RINGS; i++) {
		s->ring[i].tracked = false;
		s->ring[i].resumes = RESUMES_SOMEWHERE;
	}
	s->slots_unsure = s->late_events = s->restored = true;
	oracle_command_disturb(s);
}

static void drop_aside(struct save_seen *v)
{
	for (unsigned i = 0; v->aside && i < v->endpoint_count; i++)
		oracle_endpoint_free(v->endpoint[i]);
	for (unsigned id = 0; v->aside && id < ARRAY_SIZE(v->slot); id++)
		heap_free(v->slot[id]);
	v->aside = false;
}

/* Before everything is forgotten: after a whole Save State it may come back. */
void oracle_save_power_lost(struct oracle_set *s)
{
	struct save_seen *v = s->save;

	if (!v)
		return;
	oracle_save_settle(s);
	v->must_fail = v->must_hold = false;
	if (!v->steady || v->aside)
		return;
	memcpy(v->slot, s->slot, sizeof(v->slot));
	memcpy(v->endpoint, s->endpoint, sizeof(v->endpoint));
	v->endpoint_count = s->endpoint_count;
	v->command = s->command;
	memset(s->slot, 0, sizeof(s->slot));
	s->endpoint_count = 0;
	v->aside = true;
}

static void bring_back(struct oracle_set *s)
{
	struct save_seen *v = s->save;

	oracle_endpoint_reset(s);
	oracle_slot_state_reset(s);
	memcpy(s->slot, v->slot, sizeof(v->slot));
	memcpy(s->endpoint, v->endpoint, sizeof(v->endpoint));
	s->endpoint_count = v->endpoint_count;
	oracle_command_resume(s, &v->command);
	v->aside = false;
}

static void rings_back(struct oracle_set *s)
{
	for (unsigned i = 0; i < ORACLE_RINGS; i++)
		if (s->reg.intr[i].erstba == s->save->ring[i].erstba &&
		    s->reg.intr[i].erstsz == s->save->ring[i].erstsz)
			oracle_event_ring_resume(&s->ring[i], &s->save->ring[i].ring);
}

static void saved(struct oracle_set *s)
{
	struct save_seen *v = s->save;

	drop_aside(v);
	v->kept = v->steady = v->rows && !v->refused;
	v->saved_sum = v->sum;
	v->saved_page = v->page[0];
	v->guess = !v->kept; /* what an earlier one wrote may be there still */
	for (unsigned i = 0; i < ORACLE_RINGS; i++) {
		v->ring[i].ring = s->ring[i];
		v->ring[i].erstba = s->reg.intr[i].erstba;
		v->ring[i].erstsz = s->reg.intr[i].erstsz;
	}
}

static void restored(struct oracle_set *s)
{
	struct save_seen *v = s->save;
	bool whole = v->kept && v->rows && !v->refused && v->sum == v->saved_sum;

	/* Where software has another buffer now, an image of before may be. */
	v->must_fail = !whole && !v->guess && v->page[0] == v->saved_page;
	v->must_hold = whole;
	if (whole && v->aside)
		bring_back(s);
	else if (v->rows && !(whole && v->steady))
		unknown(s); /* of a run before this one, or of none */
	if (whole)
		rings_back(s);
	v->steady = whole;
}

void oracle_save_settle(struct oracle_set *s)
{
	struct save_seen *v = s->save;
	unsigned doing = v ? v->doing : NOTHING;

	if (doing == NOTHING)
		return;
	v->doing = NOTHING;
	if (doing == SAVING) {
		saved(s);
	} else if (doing == RESTORING) {
		restored(s);
	} else {
		v->kept = v->steady = false;
		v->guess = true;
		drop_aside(v);
		if (v->rows)
			unknown(s);
	}
}

/* ---- what software sees ---- */

void oracle_save_status(struct oracle_set *s, uint32_t usbsts)
{
	struct save_seen *v = s->save;

	if (!v)
		return;
	if (v->must_fail && !(usbsts & USBSTS_SRE))
		oracle_report(s, &oracle_save,
			      "Restore State without an error, but what the last Save State wrote "
			      "was not read again as it was");
	if (v->must_hold && usbsts & USBSTS_SRE)
		oracle_report(s, &oracle_save,
			      "Restore State failed, but what was read is what the last Save State "
			      "wrote");
}

void oracle_save_cleared(struct oracle_set *s)
{
	if (s->save)
		s->save->must_fail = false;
}

void oracle_save_runs(struct oracle_set *s)
{
	if (!s->save)
		return;
	s->save->steady = false;
	drop_aside(s->save);
}

void oracle_save_free(struct oracle_set *s)
{
	if (s->save)
		drop_aside(s->save);
	heap_free(s->save);
	s->save = NULL;
}
