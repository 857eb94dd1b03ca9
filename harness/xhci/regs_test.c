// SPDX-License-Identifier: MIT
#include "xhci/testbed.h"

#include "dev/dev.h"

/* The values QEMU's controllers show (measured on QEMU 7.2 and 11.1). */
static void qemu_and_nec_have_qemus_capabilities(void **state)
{
	(void)state;
	for (unsigned profile = XHCI_PROFILE_QEMU; profile <= XHCI_PROFILE_NEC; profile++) {
		struct bed *bed = bed_new(profile);

		assert_int_equal(mmio_read(&bed->guest, XHCI_CAPLENGTH, 1), 0x40);
		assert_int_equal(mmio_read(&bed->guest, XHCI_HCIVERSION, 2), 0x0100);
		assert_int_equal(bed_get(bed, XHCI_HCSPARAMS1), 0x08001040);
		assert_int_equal(bed_get(bed, XHCI_HCSPARAMS2), 0xf);
		assert_int_equal(bed_get(bed, XHCI_HCCPARAMS1), 0x00087001);
		assert_int_equal(bed_get(bed, XHCI_DBOFF), 0x2000);
		assert_int_equal(bed_get(bed, XHCI_RTSOFF), 0x1000);
		assert_int_equal(pci_config_read(&bed->guest, 0, 4),
				 profile == XHCI_PROFILE_QEMU ? 0x000d1b36 : 0x01941033);
		bed_free(bed);
	}
}

static void the_protocol_list_covers_every_port_once_and_ends(void **state)
{
	(void)state;
	for (unsigned profile = 0; profile < XHCI_PROFILES; profile++) {
		struct bed *bed = bed_new(profile);
		uint32_t at = (bed_get(bed, XHCI_HCCPARAMS1) >> 16) * 4;
		uint64_t ports = 0;

		for (unsigned i = 0; i < 8 && at; i++) {
			uint32_t head = bed_get(bed, at), range = bed_get(bed, at + 8);

			if ((i == 0 && xhci_profiles[profile].legacy) ||
			    (xhci_profiles[profile].vendor && !(head >> 8 & 0xff)))
				range = 0; /* the firmware's, or the vendor's */
			else
				assert_int_equal(bed_get(bed, at + 4), 0x20425355);
			assert_int_equal(head & 0xff, range ? 2 : i ? 192 : 1);
			for (unsigned k = 0; k < (range >> 8 & 0xff); k++) {
				unsigned port = (range & 0xff) + k;

				assert_false(ports >> port & 1);
				ports |= UINT64_C(1) << port;
				assert_int_equal(bed->x->port[port].protocol, head >> 24);
			}
			at = head >> 8 & 0xff ? at + 4 * (head >> 8 & 0xff) : 0;
		}
		assert_int_equal(at, 0);
		assert_int_equal(ports, (UINT64_C(1) << (bed->x->port_count + 1)) - 2);
		bed_free(bed);
	}
}

static void every_offset_size_and_direction_is_harmless(void **state)
{
	(void)state;
	for (unsigned profile = 0; profile < XHCI_PROFILES; profile++) {
		struct bed *bed = bed_new(profile);

		bed_start(bed, 64);
		for (uint32_t offset = 0; offset < 0x10100; /* not all of full's */ offset++)
			for (unsigned size = 1; size <= 8; size *= 2) {
				mmio_read(&bed->guest, offset, size);
				mmio_write(&bed->guest, offset,
					   UINT64_C(0x0123456789abcdef) << offset % 9, size);
				mmio_write(&bed->guest, offset, ~UINT64_C(0), size);
			}
		bed_free(bed);
	}
}

/* Is there anything at this offset of BAR 0? */
static bool is_mapped(const struct xhci_profile *pr, unsigned ports, uint32_t at)
{
	const uint32_t region[][2] = {
		{0, pr->cap_length},
		{pr->cap_length, XHCI_PORTS + 16 * ports},
		{pr->rtsoff, XHCI_INTR + 32u * pr->intrs},
		{pr->dboff, 4u * (pr->slots + 1u)},
		{pr->pci.msix_table, 16u * pr->pci.msix_vectors},
		{pr->pci.msix_pba, (pr->pci.msix_vectors + 63u) / 64 * 8},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(region); i++)
		if (at >= region[i][0] && at - region[i][0] < region[i][1])
			return true;
	return false;
}

static void holes_between_the_regions_read_zero_and_take_nothing(void **state)
{
	(void)state;
	for (unsigned profile = 0; profile < XHCI_PROFILES; profile++) {
		const struct xhci_profile *pr = &xhci_profiles[profile];
		struct bed *bed = bed_new(profile);
		uint32_t holes = 0, bar = (uint32_t)pr->pci.bar0_size;

		bed_start(bed, 64);
		for (uint32_t at = 0; at < bar; at += 4) {
			if (is_mapped(pr, bed->x->port_count, at))
				continue;
			holes++;
			for (unsigned size = 1; size <= 4; size *= 2) {
				mmio_write(&bed->guest, at, 0xffffffff, size);
				assert_int_equal(mmio_read(&bed->guest, at, size), 0);
			}
		}
		assert_in_range(holes, 256, bar / 4);
		assert_int_equal(bed_get(bed, bed_oper(bed, XHCI_USBCMD)), USBCMD_RS | USBCMD_INTE);
		assert_int_equal(bed_get(bed, bed_oper(bed, XHCI_CONFIG)), pr->slots);
		assert_int_equal(bed_get(bed, bed_intr(bed, 0, XHCI_ERSTBA)), BED_ERST);
		assert_int_equal(bed_code(bed, TRB_NO_OP_COMMAND, 0, 0), CC_SUCCESS);
		bed_free(bed);
	}
}

static void a_64_bit_register_takes_both_halves_in_any_order(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);
	uint32_t dcbaap = bed_oper(bed, XHCI_DCBAAP);

	(void)state;
	bed_set(bed, dcbaap + 4, 0x12);
	bed_set(bed, dcbaap, 0x3456789f);
	assert_int_equal(bed->x->dcbaap, 0x1234567880);
	mmio_write(&bed->guest, dcbaap, UINT64_C(0x9800000000fe), 8);
	assert_int_equal(bed->x->dcbaap, 0x9800000000c0);
	assert_int_equal(mmio_read(&bed->guest, dcbaap, 8), 0x9800000000c0);
	bed_free(bed);
}

static void crcr_shows_only_whether_the_ring_runs(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);
	uint32_t crcr = bed_oper(bed, XHCI_CRCR);

	(void)state;
	bed_start(bed, 64);
	assert_int_equal(bed_get(bed, crcr), 0);
	bed_doorbell(bed, 0, 0);
	assert_int_equal(bed_get(bed, crcr), CRCR_CRR);
	bed_set64(bed, crcr, 0xabc0); /* ignored while running: xHCI 5.4.5 */
	assert_int_equal(bed->x->command_ring.dequeue, BED_COMMANDS);
	bed_set(bed, crcr, CRCR_CS);
	assert_int_equal(bed_get(bed, crcr), 0);
	bed_expect(bed, TRB_EV_COMMAND);
	bed_free(bed);
}

static void a_stop_written_as_two_halves_keeps_the_pointer(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);
	uint32_t crcr = bed_oper(bed, XHCI_CRCR);

	(void)state;
	bed_set64(bed, crcr, UINT64_C(0x1200002000) | CRCR_RCS);
	bed_start(bed, 64);
	bed_set64(bed, crcr, UINT64_C(0x1200002000) | CRCR_RCS);
	bed_doorbell(bed, 0, 0);
	bed_set64(bed, crcr, CRCR_CS);
	assert_int_equal(bed->x->command_ring.dequeue, 0x1200002000);
	bed_set(bed, crcr + 4, 0x34); /* alone, it is a pointer again */
	assert_int_equal(bed->x->command_ring.dequeue, 0x3400002000);
	bed_set(bed, crcr, 0x3000 | CRCR_CS); /* nothing to stop: the rest of the write counts */
	assert_int_equal(bed->x->command_ring.dequeue, 0x3400003000);
	assert_false(bed->x->command_ring.cycle);
	bed_free(bed);
}

static void doorbells_out_of_range_do_nothing(void **state)
{
	static const uint32_t values[] = {0, 1, 2, 31, 32, 33, 255, 0x10001, 0xffff00ff};

	(void)state;
	for (unsigned slot = 0; slot <= 70; slot++)
		for (unsigned i = 0; i < ARRAY_SIZE(values); i++) {
			struct bed *bed = bed_new(XHCI_PROFILE_QEMU);

			bed_start(bed, 64);
			bed_doorbell(bed, slot, values[i]);
			bed_expect_none(bed);
			bed_free(bed);
		}
}

static void the_doorbell_of_a_disabled_endpoint_is_answered_since_1_1(void **state)
{
	(void)state;
	for (unsigned profile = 0; profile < XHCI_PROFILES; profile++) {
		struct bed *bed = bed_new(profile);
		unsigned slot;
		struct trb t;

		bed_start(bed, 64);
		slot = bed_address(bed, keyboard_new(), 0);
		bed_doorbell(bed, slot, 0);
		bed_doorbell(bed, slot, 32);
		bed_doorbell(bed, slot + 1, 5); /* no slot: undefined, so nothing */
		bed_expect_none(bed);
		bed_doorbell(bed, slot, 5);
		if (bed->x->profile->hci_version >= 0x0110) {
			t = bed_expect(bed, TRB_EV_TRANSFER);
			assert_int_equal(trb_completion(&t), CC_EP_NOT_ENABLED);
			assert_int_equal(trb_slot(&t), slot);
			assert_int_equal(trb_endpoint(&t), 5);
			assert_int_equal(t.parameter, 0);
		}
		bed_expect_none(bed);
		bed_free(bed);
	}
}

static void nothing_happens_while_halted_or_without_bus_mastering(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_QEMU);

	(void)state;
	bed_start(bed, 64);
	bed_set(bed, bed_oper(bed, XHCI_USBCMD), 0);
	assert_int_equal(bed_get(bed, bed_oper(bed, XHCI_USBSTS)) & USBSTS_HCH, USBSTS_HCH);
	bed_submit(bed, TRB_NO_OP_COMMAND, 0, 0, 0);
	bed_expect_none(bed);
	bed_set(bed, bed_oper(bed, XHCI_USBCMD), USBCMD_RS);
	pci_config_write(&bed->guest, 4, 2, 2);
	bed_doorbell(bed, 0, 0);
	bed_expect_none(bed);
	pci_config_write(&bed->guest, 4, 6, 2);
	bed_step(bed, 125); /* work waits for bus mastering and then goes on */
	bed_expect(bed, TRB_EV_COMMAND);
	bed_free(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(qemu_and_nec_have_qemus_capabilities),
		cmocka_unit_test(the_protocol_list_covers_every_port_once_and_ends),
		cmocka_unit_test(every_offset_size_and_direction_is_harmless),
		cmocka_unit_test(holes_between_the_regions_read_zero_and_take_nothing),
		cmocka_unit_test(a_64_bit_register_takes_both_halves_in_any_order),
		cmocka_unit_test(crcr_shows_only_whether_the_ring_runs),
		cmocka_unit_test(a_stop_written_as_two_halves_keeps_the_pointer),
		cmocka_unit_test(doorbells_out_of_range_do_nothing),
		cmocka_unit_test(the_doorbell_of_a_disabled_endpoint_is_answered_since_1_1),
		cmocka_unit_test(nothing_happens_while_halted_or_without_bus_mastering),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
