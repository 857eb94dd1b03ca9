// SPDX-License-Identifier: MIT
/* event_table_test.c -- how large a segment table may be, and the hint in ERDP which part of it is meant. */
#include "xhci/testbed.h"

static void table(struct bed *bed, unsigned size)
{
	bed_set(bed, bed_intr(bed, 0, XHCI_ERSTSZ), size);
	bed_set64(bed, bed_intr(bed, 0, XHCI_ERSTBA), BED_ERST);
}

static void a_table_larger_than_erst_max_stops_the_controller(void **state)
{
	(void)state;
	for (unsigned profile = 0; profile < XHCI_PROFILES; profile++) {
		unsigned most = 1u << xhci_profiles[profile].erst_max;
		struct bed *bed = bed_new(profile);

		bed_start(bed, 16);
		assert_int_equal(1u << (bed_get(bed, XHCI_HCSPARAMS2) >> 4 & 15), most);
		for (unsigned i = 0; i < 16; i++)
			bed_store(bed, BED_ERST + 16 * i, &(struct trb){BED_EVENTS, 16, 0});
		table(bed, most < 16 ? most : 16);
		bed_submit(bed, TRB_NO_OP_COMMAND, 0, 0, 0);
		assert_false(bed_get(bed, bed_oper(bed, XHCI_USBSTS)) & USBSTS_HCE);
		table(bed, most + 1);
		bed_submit(bed, TRB_NO_OP_COMMAND, 0, 0, 0);
		assert_true(bed_get(bed, bed_oper(bed, XHCI_USBSTS)) & USBSTS_HCE);
		bed_free(bed);
	}
}

static void desi_is_kept_and_changes_nothing(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_CONFORMANT);
	uint32_t erdp = bed_intr(bed, 0, XHCI_ERDP);
	struct trb t;

	(void)state;
	bed_start(bed, 16);
	bed_store(bed, BED_ERST + 16, &(struct trb){0x70000, 16, 0});
	bed_set(bed, bed_intr(bed, 0, XHCI_ERSTSZ), 2);
	bed_set64(bed, bed_intr(bed, 0, XHCI_ERSTBA), BED_ERST);
	for (unsigned i = 0; i < 64;
	     i++) { /* twice around, each hint that there is, mostly wrong */
		uint32_t at = i % 32 < 16 ? BED_EVENTS : 0x70000;
		uint8_t raw[TRB_SIZE];

		xhci_event_post(bed->x, 0,
				&(struct trb){100 + i, 0, trb_type_bits(TRB_EV_DEVICE_NOTE)},
				false);
		assert_int_equal(mem_read(bed->guest.mem, at + i % 16 * TRB_SIZE, raw, sizeof(raw)),
				 0);
		t = trb_decode(raw);
		assert_int_equal(t.parameter, 100 + i);
		bed_set64(bed, erdp, (at + i % 16 * TRB_SIZE) | ERDP_EHB | i % 8);
		assert_int_equal(bed_get(bed, erdp) & ~ERDP_EHB, (at + i % 16 * TRB_SIZE) | i % 8);
	}
	bed_free(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_larger_than_erst_max_stops_the_controller),
		cmocka_unit_test(desi_is_kept_and_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
