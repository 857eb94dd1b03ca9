// SPDX-License-Identifier: MIT
/*
 * event_flood_test.c -- event rings that software empties as the dice fall (xHCI 4.9.4): nothing is
 * written over what ERDP has not passed, the last place is only ever taken by Event Ring Full Error,
 * and each event comes once and in its turn. INTEGRITY_N is how many times ERDP is written (default
 * 10000), INTEGRITY_SEED where the dice start.
 */
#include <stdio.h>

#include "xhci/testbed_bulk.h"
#include "xhci/testbed_software.h"

#define INTRS 3u
#define SEGMENTS 4u
#define MAX_EVENTS (SEGMENTS * 40u)
#define TABLE(i) (0x2000000u + 0x100000u * (i))
#define SEGMENT(i, s) (TABLE(i) + 0x1000u + 0x1000u * (s))

struct ring_seen {
	unsigned segments, trbs[SEGMENTS], total;
	unsigned read, ack; /* indexes over all segments: the next to look at, ERDP */
	bool cycle;
	struct trb seen[MAX_EVENTS]; /* those between ack and read */
	uint64_t next;               /* number of the next Event Data event */
	uint64_t full, taken;
};

struct flood {
	struct bed *bed;
	struct op_random random;
	unsigned slot, enqueue;
	bool cycle, command_cycle;
	uint64_t command, command_done, next[INTRS];
	unsigned commands; /* without their event */
	unsigned room;     /* TRBs that may be put on the transfer ring */
	struct ring_seen ring[INTRS];
};

static unsigned roll(struct flood *f, unsigned n)
{
	return op_random_below(&f->random, n);
}

static uint64_t place(const struct flood *f, unsigned i, unsigned index)
{
	unsigned s = 0;

	while (index >= f->ring[i].trbs[s])
		index -= f->ring[i].trbs[s++];
	return SEGMENT(i, s) + index * TRB_SIZE;
}

static struct trb load(struct flood *f, uint64_t addr)
{
	uint8_t raw[TRB_SIZE];

	assert_int_equal(mem_read(f->bed->guest.mem, addr, raw, sizeof(raw)), 0);
	return trb_decode(raw);
}

/* A new event ring of any geometry; the controller is halted. */
static void lay_out(struct flood *f, unsigned i)
{
	unsigned most = 1u << f->bed->x->profile->erst_max;
	struct ring_seen *r = &f->ring[i];

	*r = (struct ring_seen){.cycle = true, .next = f->next[i]};
	r->segments = 1 + roll(f, most < SEGMENTS ? most : SEGMENTS);
	for (unsigned s = 0; s < r->segments; s++) {
		r->trbs[s] = 16 + roll(f, 24);
		r->total += r->trbs[s];
		bed_store(f->bed, TABLE(i) + 16 * s, &(struct trb){SEGMENT(i, s), r->trbs[s], 0});
		for (unsigned k = 0; k < r->trbs[s]; k++)
			bed_store(f->bed, SEGMENT(i, s) + k * TRB_SIZE, &(struct trb){0});
	}
	bed_set(f->bed, bed_intr(f->bed, i, XHCI_ERSTSZ), r->segments);
	bed_set64(f->bed, bed_intr(f->bed, i, XHCI_ERDP), place(f, i, 0));
	bed_set64(f->bed, bed_intr(f->bed, i, XHCI_ERSTBA), TABLE(i));
	bed_set(f->bed, bed_intr(f->bed, i, XHCI_IMOD), roll(f, 3) * 40);
	bed_set(f->bed, bed_intr(f->bed, i, XHCI_IMAN), roll(f, 2) ? IMAN_IE : 0);
}

/* ---- causes of events ---- */

/* Event Data TRBs, each a TD of its own, numbered per interrupter. */
static void put_numbers(struct flood *f)
{
	uint64_t base = bed_ring(f->slot, EP1_OUT);

	for (unsigned n = roll(f, 24); n && f->room; n--, f->room--) {
		unsigned i = roll(f, INTRS);
		uint64_t number = f->next[i]++;

		bed_store(f->bed, base + f->enqueue * TRB_SIZE,
			  &(struct trb){number, i << 22,
					trb_type_bits(TRB_EVENT_DATA) | TRB_IOC |
						(roll(f, 4) ? 0 : TRB_BEI) | f->cycle});
		if (++f->enqueue == RING_TRBS - 1) {
			bed_store(f->bed, base + f->enqueue * TRB_SIZE,
				  &(struct trb){base, 0,
						trb_type_bits(TRB_LINK) | TRB_TC | f->cycle});
			f->enqueue = 0;
			f->cycle = !f->cycle;
		}
	}
	bed_doorbell(f->bed, f->slot, EP1_OUT);
}

static void put_commands(struct flood *f)
{
	for (unsigned n = roll(f, 3); n && f->commands < 16; n--, f->commands++) {
		bed_store(f->bed, f->command,
			  &(struct trb){0, 0, trb_type_bits(TRB_NO_OP_COMMAND) | f->command_cycle});
		f->command += TRB_SIZE;
		if (f->command != BED_COMMANDS + 0x400)
			continue;
		bed_store(f->bed, f->command,
			  &(struct trb){BED_COMMANDS, 0,
					trb_type_bits(TRB_LINK) | TRB_TC | f->command_cycle});
		f->command = BED_COMMANDS;
		f->command_cycle = !f->command_cycle;
	}
	bed_doorbell(f->bed, 0, 0);
}

/* ---- software ---- */

static void judge(struct flood *f, unsigned i, const struct trb *t)
{
	struct ring_seen *r = &f->ring[i];

	switch (trb_type(t)) {
	case TRB_EV_TRANSFER:
		assert_int_equal(trb_completion(t), CC_SUCCESS);
		assert_true(t->parameter == r->next);
		r->next++;
		r->taken++;
		f->room++;
		break;
	case TRB_EV_COMMAND:
		assert_int_equal(i, 0);
		assert_true(t->parameter == f->command_done);
		f->command_done += TRB_SIZE;
		if (f->command_done == BED_COMMANDS + 0x400)
			f->command_done = BED_COMMANDS;
		f->commands--;
		break;
	case TRB_EV_HOST: /* it takes the last place, and nothing else does */
		assert_int_equal(trb_completion(t), CC_EVENT_RING_FULL);
		assert_int_equal((r->read + 2) % r->total, r->ack);
		r->full++;
		break;
	default:
		fail_msg("an event of type %u", trb_type(t));
	}
}

/* Look at what is new; what was seen before must still be there. */
static void look(struct flood *f, unsigned i)
{
	struct ring_seen *r = &f->ring[i];

	for (unsigned k = r->ack; k != r->read; k = (k + 1) % r->total) {
		struct trb t = load(f, place(f, i, k));

		assert_memory_equal(&t, &r->seen[k], sizeof(t));
	}
	for (;;) {
		struct trb t = load(f, place(f, i, r->read));

		if ((t.control & TRB_CYCLE) != r->cycle)
			return;
		assert_int_not_equal((r->read + 1) % r->total, r->ack);
		if ((r->read + 2) % r->total == r->ack)
			assert_int_equal(trb_type(&t), TRB_EV_HOST);
		judge(f, i, &t);
		r->seen[r->read] = t;
		if (++r->read == r->total) {
			r->read = 0;
			r->cycle = !r->cycle;
		}
	}
}

static void move_erdp(struct flood *f, unsigned i)
{
	struct ring_seen *r = &f->ring[i];
	unsigned waiting = (r->read + r->total - r->ack) % r->total, n;
	uint32_t at = bed_intr(f->bed, i, XHCI_ERDP);
	uint64_t erdp;

	switch (roll(f, 4)) {
	case 0:
		n = waiting;
		break;
	case 1:
		n = waiting ? 1 : 0;
		break;
	default:
		n = roll(f, waiting + 1);
		break;
	}
	r->ack = (r->ack + n) % r->total;
	erdp = place(f, i, r->ack) | (roll(f, 2) ? ERDP_EHB : 0) | roll(f, 8);
	if (roll(f, 8)) { /* one half or both, in both orders */
		bed_set(f->bed, at, (uint32_t)erdp);
		if (roll(f, 2))
			bed_set(f->bed, at + 4, 0);
	} else {
		bed_set(f->bed, at + 4, 0);
		bed_set(f->bed, at, (uint32_t)erdp);
	}
}

static void everything_is_told(struct flood *f)
{
	for (unsigned n = 0; n < 4096; n++) {
		for (unsigned i = 0; i < INTRS; i++) {
			look(f, i);
			f->ring[i].ack = f->ring[i].read;
			bed_set64(f->bed, bed_intr(f->bed, i, XHCI_ERDP),
				  place(f, i, f->ring[i].ack) | ERDP_EHB);
		}
		bed_step(f->bed, 10);
	}
	assert_int_equal(f->commands, 0);
	for (unsigned i = 0; i < INTRS; i++)
		assert_true(f->ring[i].next == f->next[i]);
}

/* Software halts the controller now and then and gives it rings of another shape. */
static void another_shape(struct flood *f)
{
	if (f->ring[0].total)
		everything_is_told(f);
	bed_set(f->bed, bed_oper(f->bed, XHCI_USBCMD), 0);
	for (unsigned i = 0; i < INTRS; i++)
		lay_out(f, i);
	f->bed->x->defer = roll(f, 2);
	bed_set(f->bed, bed_oper(f->bed, XHCI_USBCMD), USBCMD_RS | USBCMD_INTE);
}

/* It is halted, events are taken meanwhile, and it goes on; the command ring does so with its doorbell (xHCI 5.4.5). */
static void rest(struct flood *f)
{
	bed_set(f->bed, bed_oper(f->bed, XHCI_USBCMD), 0);
	for (unsigned n = roll(f, 4); n; n--) {
		unsigned i = roll(f, INTRS);

		look(f, i);
		move_erdp(f, i);
	}
	bed_set(f->bed, bed_oper(f->bed, XHCI_USBCMD), USBCMD_RS | USBCMD_INTE);
	bed_doorbell(f->bed, 0, 0);
}

static void set_up(struct flood *f, unsigned profile, uint64_t seed)
{
	*f = (struct flood){.bed = bed_new(profile),
			    .random = {seed},
			    .cycle = true,
			    .command_cycle = true,
			    .room = RING_TRBS - 3};
	bed_start(f->bed, 256);
	f->slot = bed_address(f->bed, &line_new(seed)->usb, 0);
	bed_configure(f->bed, f->slot, EP1_OUT, EP_BULK_OUT, 512, 0);
	f->command = f->command_done = f->bed->command_at;
	another_shape(f);
}

static void run(unsigned profile, uint64_t schedules, uint64_t seed)
{
	uint64_t full = 0, taken = 0;
	struct flood f;

	set_up(&f, profile, seed);
	for (uint64_t n = 0; n < schedules; n++) {
		unsigned i = roll(&f, INTRS);

		put_numbers(&f);
		put_commands(&f);
		if (roll(&f, 2))
			bed_step(f.bed, roll(&f, 20));
		for (unsigned k = 0; k < INTRS; k++)
			look(&f, k);
		full += f.ring[i].full, taken += f.ring[i].taken;
		f.ring[i].full = f.ring[i].taken = 0;
		move_erdp(&f, i);
		if (!roll(&f, 20))
			rest(&f);
		if (!roll(&f, 500))
			another_shape(&f);
	}
	everything_is_told(&f);
	assert_true(full > 0);
	if (getenv("INTEGRITY_N"))
		printf("%s: ERDP written %llu times, about %llu events, %llu times full\n",
		       xhci_profiles[profile].name, (unsigned long long)schedules,
		       (unsigned long long)taken, (unsigned long long)full);
	bed_free(f.bed);
}

static void no_event_is_lost_doubled_or_out_of_order(void **state)
{
	uint64_t n = number("INTEGRITY_N", 10000), seed = number("INTEGRITY_SEED", 1);

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		run(i % 2 ? XHCI_PROFILE_CONFORMANT : XHCI_PROFILE_QEMU, n / 4 + 1, seed * 100 + i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_event_is_lost_doubled_or_out_of_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
