// SPDX-License-Identifier: MIT
/* context_test.c -- where contexts may lie (xHCI table 6-1), by a controller that looks and others. */
#include "xhci/testbed.h"

#include "dev/dev.h"

/* Copy the input context of a slot elsewhere. */
static uint64_t input_at(struct bed *bed, unsigned slot, uint64_t where)
{
	for (uint64_t i = 0; i < 33 * 64; i += 4)
		bed_store32(bed, where + i, bed_load32(bed, bed_input(slot) + i));
	return where;
}

static void an_input_context_is_aligned_and_in_one_page(void **state)
{
	static const struct {
		uint64_t where;
		bool good; /* for 5 contexts of 64 bytes */
	} rows[] = {
		{0x700000, true},
		{0x700040, true},
		{0x700010, false},
		{0x700000 + 4096 - 5 * 64, true},
		{0x700000 + 4096 - 4 * 64, false},
	};

	(void)state;
	for (unsigned i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
		bool looks = i % 2;
		struct bed *bed = bed_new(looks ? XHCI_PROFILE_FULL : XHCI_PROFILE_CONFORMANT);
		unsigned slot;
		uint64_t at;

		bed_start(bed, 64);
		slot = bed_address(bed, keyboard_new(), 0);
		bed_input_ep(bed, slot, 3, EP_INTERRUPT_IN, 8, 7);
		bed_store32(bed, bed_input(slot) + 64, 3u << 27);
		bed_store32(bed, bed_input(slot) + 4, 1u << 3 | 1);
		at = input_at(bed, slot, rows[i / 2].where);
		assert_int_equal(bed_code(bed, TRB_CONFIGURE_ENDPOINT, at, slot << 24),
				 rows[i / 2].good || !looks ? CC_SUCCESS : CC_TRB);
		assert_int_equal(!!bed->x->slots[slot].ep[3], rows[i / 2].good || !looks);
		assert_false(bed_get(bed, bed_oper(bed, XHCI_USBSTS)) & USBSTS_HSE);
		bed_free(bed);
	}
}

static void a_device_context_is_aligned_and_in_one_page(void **state)
{
	static const struct {
		uint32_t where, entries;
		bool good;
	} rows[] = {
		{0x700000, 31, true},  {0x700020, 31, false}, {0x700800, 31, true},
		{0x700840, 31, false}, {0x700840, 30, true},
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bed *bed = bed_new(XHCI_PROFILE_FULL);
		unsigned slot, code = rows[i].good ? CC_SUCCESS : CC_PARAMETER;

		bed_start(bed, 64);
		slot = bed_address(bed, keyboard_new(), 0);
		bed_store32(bed, BED_DCBAA + 8 * (slot + 1), rows[i].where);
		assert_int_equal(bed_code(bed, TRB_DISABLE_SLOT, 0, slot << 24), CC_SUCCESS);
		assert_int_equal(bed_code(bed, TRB_ENABLE_SLOT, 0, 0), CC_SUCCESS);
		bed_store32(bed, BED_DCBAA + 8 * slot, rows[i].where);
		bed_store32(bed, bed_input(slot) + 64,
			    (bed_load32(bed, bed_input(slot) + 64) & 0x07ffffff) |
				    rows[i].entries << 27);
		assert_int_equal(bed_code(bed, TRB_ADDRESS_DEVICE, bed_input(slot), slot << 24),
				 code);
		bed_free(bed);
	}
}

/* 64 slots reach 520 bytes into the array. */
static void the_array_of_device_contexts_is_in_one_page(void **state)
{
	(void)state;
	for (unsigned good = 0; good < 2; good++) {
		struct bed *bed = bed_new(XHCI_PROFILE_FULL);
		uint64_t dcbaa = 0x700000 + 4096 - (good ? 0x80 : 0x40);
		unsigned slot;

		bed_start(bed, 64);
		bed_set64(bed, bed_oper(bed, XHCI_DCBAAP), dcbaa);
		for (unsigned i = 0; i < 9; i++)
			assert_int_equal(bed_code(bed, TRB_ENABLE_SLOT, 0, 0), CC_SUCCESS);
		slot = 9;
		assert_int_equal(usb_plug(bed->bus.port[0], keyboard_new()), 0);
		bed_set(bed, bed_portsc(bed, bed_port(bed, 1)), PORTSC_PP | PORTSC_PR);
		bed_step(bed, 20000);
		bed_input_slot(bed, slot, bed_port(bed, 1));
		bed_store32(bed, dcbaa + 8 * slot, (uint32_t)bed_ctx(slot));
		bed_input_ep(bed, slot, 1, EP_CONTROL, 64, 0);
		assert_int_equal(bed_code(bed, TRB_ADDRESS_DEVICE, bed_input(slot), slot << 24),
				 good ? CC_SUCCESS : CC_PARAMETER);
		bed_free(bed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_input_context_is_aligned_and_in_one_page),
		cmocka_unit_test(a_device_context_is_aligned_and_in_one_page),
		cmocka_unit_test(the_array_of_device_contexts_is_in_one_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
