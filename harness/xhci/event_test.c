// SPDX-License-Identifier: MIT
#include "xhci/testbed.h"

#include "dev/dev.h"

/* Post a recognisable event from inside, as a transfer would. */
static void post(struct bed *bed, uint64_t mark)
{
	struct trb t = {mark, (uint32_t)CC_SUCCESS << 24, trb_type_bits(TRB_EV_TRANSFER)};

	xhci_event_post(bed->x, 0, &t, false);
}

static void the_last_trb_is_kept_for_event_ring_full(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);
	struct trb t;

	(void)state;
	bed_start(bed, 16);
	for (unsigned i = 0; i < 20; i++)
		post(bed, i);
	for (unsigned i = 0; i < 14; i++) {
		assert_true(bed_event(bed, &t));
		assert_int_equal(t.parameter, i);
	}
	assert_true(bed_event(bed, &t));
	assert_int_equal(trb_type(&t), TRB_EV_HOST);
	assert_int_equal(trb_completion(&t), CC_EVENT_RING_FULL);
	bed_expect_none(bed);
	assert_true(xhci_event_full(bed->x));
	bed_free(bed);
}

static void no_command_is_fetched_while_the_ring_is_full_and_none_is_lost(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);
	unsigned full = 0, done = 0;
	struct trb t;

	(void)state;
	bed_start(bed, 16);
	for (unsigned i = 0; i < 40; i++)
		bed_submit(bed, TRB_NO_OP_COMMAND, 0, 0, 0);
	assert_int_equal(bed->x->command_ring.dequeue, BED_COMMANDS + 15 * TRB_SIZE);
	for (unsigned round = 0; round < 60 && done < 40; round++) {
		while (bed_event(bed, &t)) {
			if (trb_type(&t) == TRB_EV_HOST) {
				full++;
				continue;
			}
			assert_int_equal(t.parameter, BED_COMMANDS + TRB_SIZE * done);
			done++;
		}
		bed_ack(bed);
	}
	assert_int_equal(done, 40);
	assert_in_range(full, 2, 4);
	bed_free(bed);
}

static void room_that_was_made_while_halted_is_used_with_the_next_run(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);
	struct trb t;

	(void)state;
	bed_start(bed, 16);
	for (unsigned i = 0; i < 20; i++)
		post(bed, i);
	bed_set(bed, bed_oper(bed, XHCI_USBCMD), USBCMD_INTE);
	for (unsigned i = 0; i < 14; i++)
		assert_true(bed_event(bed, &t));
	assert_true(bed_event(bed, &t)); /* Event Ring Full */
	bed_ack(bed);
	bed_expect_none(bed);
	bed_set(bed, bed_oper(bed, XHCI_USBCMD), USBCMD_RS | USBCMD_INTE);
	for (unsigned i = 14; i < 20; i++) {
		assert_true(bed_event(bed, &t));
		assert_int_equal(t.parameter, i);
	}
	assert_false(xhci_event_full(bed->x));
	bed_free(bed);
}

/* Any schedule of posting and taking keeps order and loses nothing (xHCI 4.9.4). */
static void random_erdp_schedules_lose_nothing(void **state)
{
	uint32_t random = 1;
	struct bed *bed = bed_new(XHCI_PROFILE_CONFORMANT);
	uint64_t posted = 0, taken = 0;
	struct trb t;

	(void)state;
	bed_start(bed, 16);
	for (unsigned i = 0; i < 20000; i++) {
		random = random * 1664525 + 1013904223;
		if (posted - taken < 40 && random >> 31) {
			post(bed, posted++);
			continue;
		}
		if (bed_event(bed, &t) && trb_type(&t) != TRB_EV_HOST)
			assert_int_equal(t.parameter, taken++);
		if (random >> 30 & 1)
			bed_ack(bed);
	}
	for (unsigned i = 0; i < 100; i++) {
		while (bed_event(bed, &t))
			if (trb_type(&t) != TRB_EV_HOST)
				assert_int_equal(t.parameter, taken++);
		bed_ack(bed);
	}
	assert_int_equal(taken, posted);
	bed_free(bed);
}

static void several_segments_are_used_in_order(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_CONFORMANT);
	uint8_t raw[TRB_SIZE];

	(void)state;
	bed_start(bed, 16);
	bed_store(bed, BED_ERST + 16, &(struct trb){0x70000, 32, 0});
	bed_set(bed, bed_intr(bed, 0, XHCI_ERSTSZ), 2);
	bed_set64(bed, bed_intr(bed, 0, XHCI_ERSTBA), BED_ERST);
	for (unsigned i = 0; i < 40; i++)
		post(bed, 100 + i);
	assert_int_equal(mem_read(bed->guest.mem, 0x70000 + 23 * TRB_SIZE, raw, sizeof(raw)), 0);
	assert_int_equal(get_le64(raw), 139);
	assert_int_equal(mem_read(bed->guest.mem, 0x70000 + 24 * TRB_SIZE, raw, sizeof(raw)), 0);
	assert_int_equal(get_le64(raw), 0);
	bed_free(bed);
}

static void bad_segment_tables_stop_the_controller_until_reset(void **state)
{
	static const struct trb bad[] = {
		{BED_EVENTS, 15, 0},
		{BED_EVENTS, 4097, 0},
		{BED_EVENTS, 0, 0},
		{BED_EVENTS + 0x20, 16, 0},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		struct bed *bed = bed_new(XHCI_PROFILE_QEMU);

		bed_start(bed, 16);
		bed_store(bed, BED_ERST, &bad[i]);
		bed_submit(bed, TRB_NO_OP_COMMAND, 0, 0, 0);
		assert_int_equal(bed_get(bed, bed_oper(bed, XHCI_USBSTS)), USBSTS_HCE | USBSTS_HCH);
		bed_set(bed, bed_oper(bed, XHCI_USBCMD), USBCMD_RS);
		assert_int_equal(bed_get(bed, bed_oper(bed, XHCI_USBCMD)), 0);
		bed_set(bed, bed_oper(bed, XHCI_USBCMD), USBCMD_HCRST);
		bed_start(bed, 16);
		assert_int_equal(bed_code(bed, TRB_NO_OP_COMMAND, 0, 0), CC_SUCCESS);
		bed_free(bed);
	}
}

static void an_event_ring_of_size_zero_swallows_events(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);

	(void)state;
	bed_start(bed, 16);
	bed_set(bed, bed_intr(bed, 0, XHCI_ERSTSZ), 0);
	bed_submit(bed, TRB_NO_OP_COMMAND, 0, 0, 0);
	bed_expect_none(bed);
	assert_int_equal(bed_get(bed, bed_oper(bed, XHCI_USBSTS)) & USBSTS_HCE, 0);
	bed_free(bed);
}

static void erdp_outside_the_ring_frees_nothing(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);

	(void)state;
	bed_start(bed, 16);
	for (unsigned i = 0; i < 20; i++)
		post(bed, i);
	bed_set64(bed, bed_intr(bed, 0, XHCI_ERDP), 0xdead0000);
	assert_true(xhci_event_full(bed->x));
	bed_free(bed);
}

/* ---- interrupts ---- */

static void ehb_holds_back_the_next_interrupt_until_erdp_is_written(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);
	struct trb t;

	(void)state;
	bed_start(bed, 64);
	post(bed, 1);
	assert_int_equal(bed->interrupts, 1);
	assert_int_equal(bed_get(bed, bed_intr(bed, 0, XHCI_IMAN)), IMAN_IP | IMAN_IE);
	assert_true(bed_get(bed, bed_intr(bed, 0, XHCI_ERDP)) & ERDP_EHB);
	bed_set(bed, bed_intr(bed, 0, XHCI_IMAN), IMAN_IP | IMAN_IE);
	post(bed, 2);
	assert_int_equal(bed->interrupts, 1);
	assert_true(bed_event(bed, &t));
	bed_ack(bed); /* one event is still there: IP again */
	assert_int_equal(bed->interrupts, 2);
	bed_set(bed, bed_intr(bed, 0, XHCI_IMAN), IMAN_IP | IMAN_IE);
	assert_true(bed_event(bed, &t));
	bed_ack(bed);
	assert_int_equal(bed->interrupts, 2);
	assert_int_equal(bed_get(bed, bed_intr(bed, 0, XHCI_ERDP)) & ERDP_EHB, 0);
	bed_free(bed);
}

static void moderation_counts_in_virtual_time(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);
	struct trb t;

	(void)state;
	bed_start(bed, 64);
	bed_set(bed, bed_intr(bed, 0, XHCI_IMOD), 4000); /* 1 ms */
	post(bed, 1);
	assert_int_equal(bed->interrupts, 1);
	bed_set(bed, bed_intr(bed, 0, XHCI_IMAN), IMAN_IP | IMAN_IE);
	assert_true(bed_event(bed, &t));
	bed_ack(bed);
	post(bed, 2);
	assert_int_equal(bed->interrupts, 1);
	bed_step(bed, 500);
	assert_in_range(bed_get(bed, bed_intr(bed, 0, XHCI_IMOD)) >> 16, 1999, 2001);
	bed_step(bed, 499);
	assert_int_equal(bed->interrupts, 1);
	bed_step(bed, 2);
	assert_int_equal(bed->interrupts, 2);
	bed_free(bed);
}

static void unmoderated_interrupts_do_not_wait(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);
	struct trb t;

	(void)state;
	bed->x->unmoderated = true;
	bed_start(bed, 64);
	bed_set(bed, bed_intr(bed, 0, XHCI_IMOD), 4000);
	assert_int_equal(bed_get(bed, bed_intr(bed, 0, XHCI_IMOD)) & 0xffff, 4000);
	for (unsigned i = 1; i <= 3; i++) {
		post(bed, i);
		assert_int_equal(bed->interrupts, i);
		bed_set(bed, bed_intr(bed, 0, XHCI_IMAN), IMAN_IP | IMAN_IE);
		assert_true(bed_event(bed, &t));
		bed_ack(bed);
	}
	bed_free(bed);
}

static void no_line_without_ie_or_inte_but_ip_stays(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);

	(void)state;
	bed_start(bed, 64);
	bed_set(bed, bed_intr(bed, 0, XHCI_IMAN), 0);
	post(bed, 1);
	assert_int_equal(bed->interrupts, 0);
	assert_int_equal(bed_get(bed, bed_intr(bed, 0, XHCI_IMAN)), IMAN_IP);
	bed_set(bed, bed_oper(bed, XHCI_USBCMD), USBCMD_RS);
	bed_set(bed, bed_intr(bed, 0, XHCI_IMAN), IMAN_IE);
	assert_int_equal(bed->interrupts, 0);
	bed_set(bed, bed_oper(bed, XHCI_USBCMD), USBCMD_RS | USBCMD_INTE);
	assert_int_equal(bed->interrupts, 1);
	bed_free(bed);
}

static void bei_blocks_the_interrupt_not_the_event(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);
	struct trb t = {7, 0, trb_type_bits(TRB_EV_TRANSFER)};

	(void)state;
	bed_start(bed, 64);
	xhci_event_post(bed->x, 0, &t, true);
	assert_int_equal(bed->interrupts, 0);
	assert_true(bed_event(bed, &t));
	bed_free(bed);
}

static void mfindex_wraps_with_an_event_if_enabled(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);

	(void)state;
	bed_start(bed, 64);
	bed_step(bed, 250);
	assert_int_equal(bed_get(bed, bed->x->profile->rtsoff), 2);
	bed_step(bed, 125 * 0x4000);
	bed_expect_none(bed);
	bed_set(bed, bed_oper(bed, XHCI_USBCMD), USBCMD_RS | USBCMD_EWE);
	bed_step(bed, 125 * 0x4000);
	bed_expect(bed, TRB_EV_MFINDEX);
	bed_expect_none(bed);
	bed_free(bed);
}

static void a_ring_may_have_32768_segments(void **state)
{
	const uint32_t segments = 1u << 15, trbs = 16, stride = 0x100;
	const uint64_t table = 0x4000000, ring = 0x8000000;
	struct bed *bed = bed_new(XHCI_PROFILE_FULL);
	uint64_t last = ring + (segments - 1) * (uint64_t)stride;
	uint8_t raw[TRB_SIZE];

	(void)state;
	bed_start(bed, 16);
	for (uint32_t i = 0; i < segments; i++) /* the last ones first */
		bed_store(bed, table + 16 * i,
			  &(struct trb){ring + (uint64_t)(segments - 1 - i) * stride, trbs, 0});
	bed_set(bed, bed_intr(bed, 0, XHCI_ERSTSZ), segments);
	bed_set64(bed, bed_intr(bed, 0, XHCI_ERDP), last);
	bed_set64(bed, bed_intr(bed, 0, XHCI_ERSTBA), table);
	for (unsigned n = 0; n < 100; n++) {
		struct trb t;

		bed_submit(bed, TRB_NO_OP_COMMAND, 0, 0, 0);
		mem_read(bed->guest.mem, last - n / trbs * stride + n % trbs * TRB_SIZE, raw,
			 sizeof(raw));
		t = trb_decode(raw);
		assert_int_equal(trb_type(&t), TRB_EV_COMMAND);
		assert_int_equal(t.parameter, bed->command_at - TRB_SIZE);
	}
	assert_false(bed_get(bed, bed_oper(bed, XHCI_USBSTS)) & (USBSTS_HSE | USBSTS_HCE));
	/* ERDP behind the writer's back, in the ring's last segment: full there, not before. */
	bed_set64(bed, bed_intr(bed, 0, XHCI_ERDP), ring + 15 * TRB_SIZE);
	bed_submit(bed, TRB_NO_OP_COMMAND, 0, 0, 0);
	mem_read(bed->guest.mem, last - 100 / trbs * stride + 100 % trbs * TRB_SIZE, raw, 16);
	assert_int_not_equal(get_le32(raw + 12), 0);
	bed_free(bed);
}

static void more_than_can_be_kept_is_told_as_event_lost(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);
	unsigned lost = 0, ports = 0;
	struct trb t;

	(void)state;
	bed_start(bed, 16);
	for (unsigned i = 0; i < 40; i++) { /* two port changes each, none acknowledged */
		unsigned port;

		assert_int_equal(usb_plug(bed->bus.port[0], keyboard_new()), 0);
		port = bed_port(bed, 1);
		bed_set(bed, bed_portsc(bed, port), PORTSC_PP | PORTSC_CHANGES);
		usb_unplug(bed->bus.port[0]);
		bed_set(bed, bed_portsc(bed, port), PORTSC_PP | PORTSC_CHANGES);
	}
	for (unsigned i = 0; i < 20; i++) {
		while (bed_event(bed, &t)) {
			ports += trb_type(&t) == TRB_EV_PORT;
			if (trb_type(&t) == TRB_EV_HOST)
				lost += trb_completion(&t) == CC_EVENT_LOST;
			else
				assert_int_equal(lost, 0); /* it comes last */
		}
		bed_ack(bed);
	}
	assert_int_equal(lost, 1);
	assert_int_equal(ports, 14 + XHCI_MAX_PENDING);
	bed_free(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_trb_is_kept_for_event_ring_full),
		cmocka_unit_test(no_command_is_fetched_while_the_ring_is_full_and_none_is_lost),
		cmocka_unit_test(room_that_was_made_while_halted_is_used_with_the_next_run),
		cmocka_unit_test(random_erdp_schedules_lose_nothing),
		cmocka_unit_test(several_segments_are_used_in_order),
		cmocka_unit_test(bad_segment_tables_stop_the_controller_until_reset),
		cmocka_unit_test(an_event_ring_of_size_zero_swallows_events),
		cmocka_unit_test(erdp_outside_the_ring_frees_nothing),
		cmocka_unit_test(ehb_holds_back_the_next_interrupt_until_erdp_is_written),
		cmocka_unit_test(moderation_counts_in_virtual_time),
		cmocka_unit_test(unmoderated_interrupts_do_not_wait),
		cmocka_unit_test(no_line_without_ie_or_inte_but_ip_stays),
		cmocka_unit_test(bei_blocks_the_interrupt_not_the_event),
		cmocka_unit_test(mfindex_wraps_with_an_event_if_enabled),
		cmocka_unit_test(more_than_can_be_kept_is_told_as_event_lost),
		cmocka_unit_test(a_ring_may_have_32768_segments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
