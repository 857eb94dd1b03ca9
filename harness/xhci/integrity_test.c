// SPDX-License-Identifier: MIT
/*
 * integrity_test.c -- an endpoint is stopped at random points and goes on, in the middle of TDs of any
 * split, and no byte is lost or doubled (xHCI 4.6.9). Software is played in both of its ways: it rings
 * the doorbell again, or it puts what the Stopped event left over elsewhere on the ring and moves
 * there with Set TR Dequeue. INTEGRITY_N is how often (default 10000), INTEGRITY_SEED where the dice
 * start; the same numbers give the same run.
 */
#include <stdio.h>

#include "xhci/testbed_software.h"

/* ---- stopping ---- */

struct where {
	bool known, over; /* over: the oldest TD has moved all it is going to */
	unsigned trb;
	uint32_t done; /* bytes of that TRB */
};

static void stopped(struct software *w, const struct trb *t, struct where *at)
{
	uint64_t addr = t->parameter, edtla = t->status & 0xffffff;
	unsigned code = trb_completion(t);

	w->stopped[code - CC_STOPPED]++;
	if (addr == w->base + (RING_TRBS - 1) * TRB_SIZE)
		addr = w->base;
	at->known = true;
	if (code == CC_STOPPED_LENGTH && addr == w->base + w->enqueue * TRB_SIZE) {
		assert_int_equal(end_silent(w, w->count), 0);
		assert_int_equal(w->count, 0);
		return;
	}
	at->trb = end_silent(w, find(w, addr));
	at->over = w->told_short;
	if (code == CC_STOPPED)
		at->done = w->trb[at->trb].length - (t->status & 0xffffff);
	if (code != CC_STOPPED_SHORT)
		return;
	if (w->told_short)
		assert_int_equal(w->amount, w->earlier + edtla);
	w->amount = w->earlier + (uint32_t)edtla;
	at->over = true;
}

/* What the device has moved is what software was told, to the byte. */
static void compare(struct software *w, const struct where *at)
{
	uint64_t told = w->position;

	if (at->over)
		told += w->amount;
	else if (w->count)
		told += w->trb[at->trb].before + at->done;
	if (told != w->line->moved)
		fail_msg("the device has moved %llu bytes, software was told of %llu",
			 (unsigned long long)w->line->moved, (unsigned long long)told);
}

static void command(struct software *w, unsigned type, uint64_t parameter)
{
	bed_store(w->bed, w->command,
		  &(struct trb){parameter, 0,
				trb_type_bits(type) | w->slot << 24 | w->dci << 16 |
					w->command_cycle});
	w->command += TRB_SIZE;
	if (w->command == BED_COMMANDS + 0x800) {
		bed_store(w->bed, w->command,
			  &(struct trb){BED_COMMANDS, 0,
					trb_type_bits(TRB_LINK) | TRB_TC | w->command_cycle});
		w->command = BED_COMMANDS;
		w->command_cycle = !w->command_cycle;
	}
	bed_doorbell(w->bed, 0, 0);
	for (unsigned i = 0; i < 4 && w->bed->x->defer; i++)
		xhci_work(w->bed->x);
}

/* Take all events; *ret_at: where the endpoint was stopped. Returns the command's code, 0 = none. */
static unsigned take_events(struct software *w, struct where *ret_at)
{
	unsigned code = 0;
	struct trb t;

	while (bed_event(w->bed, &t)) {
		if (trb_type(&t) == TRB_EV_COMMAND) {
			code = trb_completion(&t);
			continue;
		}
		assert_int_equal(trb_type(&t), TRB_EV_TRANSFER);
		assert_int_equal(code, 0); /* transfer events first: xHCI 4.6.9 */
		if (trb_completion(&t) >= CC_STOPPED)
			stopped(w, &t, ret_at);
		else
			completed(w, &t);
	}
	bed_ack(w->bed);
	return code;
}

/* What is left behind the place where it was stopped goes elsewhere on the ring. */
static void put_elsewhere(struct software *w, const struct where *at)
{
	unsigned first = at->trb;
	uint64_t dequeue;
	struct where none = {0};

	if (at->over) {
		for (first = 0; !w->trb[first].ends; first++)
			;
		check_td(w, first, w->amount);
		first = 0;
	} else if (w->count) {
		w->earlier = w->trb[first].before + at->done;
		w->count -= first;
		memmove(w->trb, w->trb + first, w->count * sizeof(w->trb[0]));
		w->trb[0].data += at->done;
		w->trb[0].before += at->done;
		w->trb[0].length -= at->done;
	}
	dequeue = w->base + w->enqueue * TRB_SIZE + w->cycle;
	for (unsigned i = 0; i < w->count; i++)
		put_queued(w, &w->trb[i]);
	command(w, TRB_SET_TR_DEQUEUE, dequeue);
	assert_int_equal(take_events(w, &none), CC_SUCCESS);
	w->moves++;
}

static void stop(struct software *w)
{
	struct where at = {0};

	command(w, TRB_STOP_ENDPOINT, 0);
	assert_int_equal(take_events(w, &at), CC_SUCCESS);
	w->stops++;
	if (w->line->held_count)
		fail_msg("the device still has a packet");
	if (!at.known && w->count) /* no event: then nothing of a TD has moved */
		at.known = !w->told_short && !w->silent;
	if (at.known)
		compare(w, &at);
	if (at.known && w->move && !dice(w, 3))
		put_elsewhere(w, &at);
}

/* ---- the world ---- */

static void something_happens(struct software *w)
{
	struct bed *bed = w->bed;

	switch (dice(w, 6)) {
	case 0:
	case 1:
		line_go_on(w->line);
		break;
	case 2:
		usb_wakeup(usb_endpoint_get(&w->line->usb, w->in ? USB_IN : USB_OUT, w->dci / 2));
		break;
	case 3:
		clock_step(&bed->guest.clock, 125000u * (1 + dice(w, 9)));
		break;
	case 4:
		if (dice(w, 8))
			break;
		bed_set(bed, bed_oper(bed, XHCI_USBCMD), USBCMD_INTE);
		line_go_on(w->line);
		bed_step(bed, 20000);
		bed_set(bed, bed_oper(bed, XHCI_USBCMD), USBCMD_INTE | USBCMD_RS);
		break;
	}
	if (dice(w, 2))
		xhci_work(bed->x);
}

static void set_up(struct software *w, unsigned profile, unsigned dci, bool pipeline, uint64_t seed)
{
	struct bed *bed = bed_new(profile);
	unsigned type = dci > 3 ? dci & 1 ? EP_INTERRUPT_IN : EP_INTERRUPT_OUT
		: dci & 1       ? EP_BULK_IN
				: EP_BULK_OUT;

	*w = (struct software){.bed = bed,
			       .random = {seed},
			       .dci = dci,
			       .in = dci & 1,
			       .move = profile == XHCI_PROFILE_CONFORMANT,
			       .command_cycle = true,
			       .cycle = true};
	w->line = line_new(seed ^ 1);
	w->line->usb.pipeline = pipeline;
	bed_start(bed, 256);
	w->slot = bed_address(bed, &w->line->usb, 0);
	bed_configure(bed, w->slot, dci, type, dci > 3 ? 64 : 512, dci > 3 ? 3 : 0);
	w->line->shorts = w->in;
	w->base = bed_ring(w->slot, dci);
	w->command = bed->command_at;
	bed->x->defer = dice(w, 2);
}

static void drain(struct software *w)
{
	struct where none = {0};

	put_td(w, false);
	bed_doorbell(w->bed, w->slot, w->dci);
	for (unsigned i = 0; w->count && i < 100000; i++) {
		line_go_on(w->line);
		bed_step(w->bed, 1000);
		take_events(w, &none);
	}
	assert_int_equal(w->count, 0);
	assert_int_equal(w->line->moved, w->position);
	if (!w->in)
		assert_int_equal(w->position, w->bytes);
}

static void run(unsigned profile, unsigned dci, bool pipeline, uint64_t stops, uint64_t seed)
{
	struct software w;

	set_up(&w, profile, dci, pipeline, seed);
	while (w.stops < stops) {
		while (w.tds < MAX_TDS && dice(&w, 3))
			put_td(&w, w.tds < MAX_TDS - 1 && dci <= 3 && !dice(&w, 4));
		bed_doorbell(w.bed, w.slot, dci);
		for (unsigned n = dice(&w, dci > 3 ? 24 : 6); n; n--)
			something_happens(&w);
		stop(&w);
		assert_int_equal(w.line->wrong, 0);
	}
	drain(&w);
	assert_int_equal(w.line->held_most > 1, pipeline && dci <= 3);
	if (getenv("INTEGRITY_N"))
		printf("%s endpoint id %u, %s, up to %u packets: %llu stops (%llu at a TRB, %llu without a length, "
		       "%llu short), %llu moves, %llu bytes\n",
		       xhci_profiles[profile].name, dci, w.bed->x->defer ? "deferred" : "at once",
		       w.line->held_most, (unsigned long long)w.stops,
		       (unsigned long long)w.stopped[0], (unsigned long long)w.stopped[1],
		       (unsigned long long)w.stopped[2], (unsigned long long)w.moves,
		       (unsigned long long)w.position);
	bed_free(w.bed);
}

#define RUNS 4u /* per endpoint and profile, so that each way of working off occurs */

static void all(unsigned dci)
{
	uint64_t n = number("INTEGRITY_N", 10000), seed = number("INTEGRITY_SEED", 1);

	for (unsigned i = 0; i < 2 * RUNS; i++)
		run(i % 2 ? XHCI_PROFILE_CONFORMANT : XHCI_PROFILE_QEMU, dci, i & 2,
		    n / (8 * RUNS) + 1, (seed * 1000 + dci) * 100 + i);
}

static void bulk_in_is_stopped_and_goes_on(void **state)
{
	(void)state;
	all(3);
}

static void bulk_out_is_stopped_and_goes_on(void **state)
{
	(void)state;
	all(2);
}

static void interrupt_in_is_stopped_and_goes_on(void **state)
{
	(void)state;
	all(5);
}

static void interrupt_out_is_stopped_and_goes_on(void **state)
{
	(void)state;
	all(4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bulk_in_is_stopped_and_goes_on),
		cmocka_unit_test(bulk_out_is_stopped_and_goes_on),
		cmocka_unit_test(interrupt_in_is_stopped_and_goes_on),
		cmocka_unit_test(interrupt_out_is_stopped_and_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
