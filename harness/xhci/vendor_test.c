// SPDX-License-Identifier: MIT
#include "xhci/testbed.h"

#include "dev/dev.h"

/* Walk the list as a driver does: the offset of the capability with this id, or 0. */
static uint32_t find(struct bed *bed, unsigned id)
{
	uint32_t at = (bed_get(bed, XHCI_HCCPARAMS1) >> 16) * 4;

	for (unsigned i = 0; i < 16 && at; i++) {
		uint32_t head = bed_get(bed, at);

		if ((head & 0xff) == id)
			return at;
		at = head >> 8 & 0xff ? at + (head >> 8 & 0xff) * 4 : 0;
	}
	return 0;
}

static void a_vendor_capability_is_in_the_list_of_who_has_one(void **state)
{
	(void)state;
	for (unsigned profile = 0; profile < XHCI_PROFILES; profile++) {
		struct bed *bed = bed_new(profile);
		uint32_t at = find(bed, 192);

		assert_int_equal(!!at, profile == XHCI_PROFILE_FULL);
		for (uint32_t i = 4; at && i < 16;
		     i += 4) /* dword 1 has one bit, the others none */
			bed_set(bed, at + i, 0xffffffff);
		assert_int_equal(at ? bed_get(bed, at + 4) : 1, 1);
		assert_int_equal(at ? bed_get(bed, at + 8) : 0, 0);
		assert_int_equal(at ? bed_get(bed, at + 12) : 0, 0);
		bed_free(bed);
	}
}

static void in_device_role_the_socket_is_empty_for_the_host(void **state)
{
	struct bed *bed = bed_new(XHCI_PROFILE_FULL);
	uint32_t role = find(bed, 192) + 4;
	unsigned connector = bed->x->connector_count, port;
	struct usb_device *dev = keyboard_new();

	(void)state;
	bed_start(bed, 64);
	assert_int_equal(bed_get(bed, role + 4), 1);
	assert_int_equal(usb_plug(bed->bus.port[connector - 1], dev), 0);
	port = bed_port(bed, connector);
	bed_set(bed, bed_portsc(bed, port), PORTSC_PP | PORTSC_PR);
	bed_step(bed, 20000);
	bed_set(bed, bed_portsc(bed, port), PORTSC_PP | PORTSC_CHANGES);
	bed_expect(bed, TRB_EV_PORT);
	bed_set(bed, role, 1);
	assert_int_equal(bed_get(bed, role + 4), 0);
	assert_int_equal(bed_get(bed, bed_portsc(bed, port)) &
				 (PORTSC_CCS | PORTSC_CSC | PORTSC_PED),
			 PORTSC_CSC);
	assert_null(xhci_port_device(bed->x, port));
	bed_set(bed, bed_portsc(bed, port), PORTSC_PP | PORTSC_CHANGES);
	bed_set(bed, bed_portsc(bed, port), PORTSC_PP | PORTSC_PR); /* nobody there to reset */
	bed_step(bed, 20000);
	assert_false(bed_get(bed, bed_portsc(bed, port)) & (PORTSC_PED | PORTSC_PRC));
	bed_set(bed, role, 0);
	assert_int_equal(bed_get(bed, bed_portsc(bed, port)) & (PORTSC_CCS | PORTSC_CSC),
			 PORTSC_CCS | PORTSC_CSC);
	bed_free(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_vendor_capability_is_in_the_list_of_who_has_one),
		cmocka_unit_test(in_device_role_the_socket_is_empty_for_the_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
