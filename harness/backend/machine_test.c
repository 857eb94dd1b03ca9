// SPDX-License-Identifier: MIT
/*
 * Tests of the machine and of the built-in backend.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "backend/backend.h"
#include "backend/machine.h"
#include "op/args.h"
#include "op/names.h"

struct bed {
	struct trace trace;
	struct machine m;
};

static int setup(void **state)
{
	struct bed *bed = alloc_zero(sizeof(*bed));

	trace_reset(&bed->trace);
	machine_init(&bed->m, &bed->trace, &xhci_profiles[XHCI_PROFILE_QEMU]);
	*state = bed;
	return 0;
}

static int teardown(void **state)
{
	struct bed *bed = *state;

	machine_fini(&bed->m);
	free(bed);
	return 0;
}

static void a_taken_or_absent_connector_cannot_be_plugged(void **state)
{
	struct machine *m = &((struct bed *)*state)->m;

	assert_int_equal(machine_plug(m, machine_port(m, 1, 0), DEV_KEYBOARD, USB_SPEED_NONE), 0);
	assert_int_equal(machine_plug(m, machine_port(m, 1, 0), DEV_TABLET, USB_SPEED_NONE),
			 -EBUSY);
	assert_int_equal(machine_plug(m, machine_port(m, 0, 0), DEV_TABLET, USB_SPEED_NONE),
			 -ENODEV);
	assert_int_equal(machine_plug(m, machine_port(m, machine_connector_count(m) + 1, 0),
				      DEV_TABLET, USB_SPEED_NONE),
			 -ENODEV);
	assert_int_equal(machine_plug(m, machine_port(m, 2, 0), DEV_MODELS, USB_SPEED_NONE),
			 -ENODEV);
	assert_int_equal(machine_model(m, 1), DEV_KEYBOARD);
	assert_int_equal(machine_model(m, 2), -1);
}

static void a_device_runs_at_the_speed_asked_for_or_not_at_all(void **state)
{
	struct machine *m = &((struct bed *)*state)->m;

	assert_int_equal(machine_plug(m, machine_port(m, 1, 0), DEV_KEYBOARD, USB_SPEED_SUPER),
			 -EINVAL);
	assert_null(machine_device(m, 1));
	assert_int_equal(machine_plug(m, machine_port(m, 1, 0), DEV_KEYBOARD, USB_SPEED_FULL), 0);
	assert_int_equal(machine_device(m, 1)->speed, USB_SPEED_FULL);
	assert_int_equal(machine_plug(m, machine_port(m, 2, 0), DEV_STORAGE, USB_SPEED_NONE), 0);
	assert_int_equal(machine_device(m, 2)->speed, USB_SPEED_SUPER);
}

static void a_device_timer_fires_when_its_time_has_come(void **state)
{
	struct machine *m = &((struct bed *)*state)->m;
	struct usb_device *dev;

	machine_plug(m, machine_port(m, 1, 0), DEV_KEYBOARD, USB_SPEED_NONE);
	dev = machine_device(m, 1);
	usb_device_arm(dev, 500000);
	assert_non_null(m->guest.clock.first);
	machine_step(m, 499);
	assert_non_null(m->guest.clock.first);
	machine_step(m, 1);
	assert_null(m->guest.clock.first);
	usb_device_arm(dev, 1000);
	usb_device_arm(dev, UINT64_MAX);
	assert_null(m->guest.clock.first);
	usb_device_arm(dev, 1000);
	assert_int_equal(machine_unplug(m, 1), 0);
	assert_null(m->guest.clock.first);
}

static void time_that_passes_fires_timers_too(void **state)
{
	struct machine *m = &((struct bed *)*state)->m;

	machine_plug(m, machine_port(m, 1, 0), DEV_KEYBOARD, USB_SPEED_NONE);
	usb_device_arm(machine_device(m, 1), 500000);
	machine_pass(m, 499);
	assert_non_null(m->guest.clock.first);
	machine_pass(m, 1);
	assert_null(m->guest.clock.first);
	assert_int_equal(m->guest.clock.now_ns, 500000);
}

static void time_stands_exactly_where_it_was_moved_to(void **state)
{
	struct machine *m = &((struct bed *)*state)->m;

	machine_step(m, 1);
	assert_int_equal(m->guest.clock.now_ns, 1000);
	machine_step(m, UINT32_MAX);
	assert_int_equal(m->guest.clock.now_ns, (UINT32_MAX + UINT64_C(1)) * 1000);
}

#define COMMANDS 400u

static unsigned completed;
static uint64_t last_ns;

static void note_completion(void *opaque, const struct trace_row *row)
{
	if (row->kind != TRACE_DMA || row->what != DMA_EVENT_TRB)
		return;
	completed++;
	last_ns = ((struct machine *)opaque)->guest.clock.now_ns;
}

/* No-op commands, more than one call of xhci_work takes; the doorbell is rung. */
static void ring_in_commands(struct machine *m)
{
	const uint64_t commands = 0x10000, table = 0x20000, events = 0x30000;
	uint8_t raw[16] = {0};

	completed = 0;
	put_le64(raw, events);
	put_le32(raw + 8, 1024);
	mem_write(m->guest.mem, table, raw, sizeof(raw));
	memset(raw, 0, sizeof(raw));
	put_le32(raw + 12, TRB_NO_OP_COMMAND << 10 | 1);
	for (unsigned i = 0; i < COMMANDS; i++)
		mem_write(m->guest.mem, commands + i * sizeof(raw), raw, sizeof(raw));
	m->trace->sink = note_completion;
	m->trace->sink_opaque = m;
	pci_config_write(&m->guest, PCI_REG_COMMAND, 6, 2);
	mmio_write(&m->guest, 0x1028, 1, 4);          /* ERSTSZ */
	mmio_write(&m->guest, 0x1038, events, 8);     /* ERDP */
	mmio_write(&m->guest, 0x1030, table, 8);      /* ERSTBA */
	mmio_write(&m->guest, 0x58, commands | 1, 8); /* CRCR */
	mmio_write(&m->guest, 0x40, USBCMD_RS, 4);
	mmio_write(&m->guest, 0x2000, 0, 4);
}

static void a_machine_that_is_late_works_before_time_goes_on(void **state)
{
	struct machine *m = &((struct bed *)*state)->m;

	ring_in_commands(m);
	machine_pass(m, 1000000);
	assert_in_range(completed, 1, COMMANDS - 1); /* it takes more than this */
	machine_reset(m);
	ring_in_commands(m);
	machine_catch_up(m, 1000000);
	assert_int_equal(completed, COMMANDS);
	assert_int_equal(last_ns, 0);
	assert_int_equal(m->guest.clock.now_ns, 1000000000);
}

static void reset_leaves_nothing_of_what_was(void **state)
{
	struct machine *m = &((struct bed *)*state)->m;
	uint64_t before;
	uint8_t byte = 1;

	machine_plug(m, machine_port(m, 1, 0), DEV_STORAGE, USB_SPEED_NONE);
	machine_set_descriptors(m, &byte, 1);
	mem_write(m->guest.mem, 0x1000, &byte, 1);
	pci_config_write(&m->guest, PCI_REG_COMMAND, 6, 2);
	mmio_write(&m->guest, 0x40, USBCMD_RS, 4);
	machine_step(m, 1000);
	before = m->trace->hash;
	machine_reset(m);
	assert_true(m->trace->hash == before);
	assert_null(machine_device(m, 1));
	assert_int_equal(m->desc_len, 0);
	assert_int_equal(mem_page_count(m->guest.mem), 0);
	assert_int_equal(m->guest.clock.now_ns, 0);
	assert_false(pci_memory_enabled(&m->guest));
	assert_false(xhci_running(m->xhci));
}

static void nothing_is_left_after_the_end(void **state)
{
	struct machine *m = &((struct bed *)*state)->m;
	struct machine_balance left;

	unsigned count = 1;

	machine_attach(m, machine_port(m, 1, 0), DEV_HUB, hub_new(15, false), USB_SPEED_NONE);
	for (unsigned i = 0; i < DEV_MODELS; i++)
		count += !machine_plug(m, machine_port(m, 1, i + 1), i, USB_SPEED_NONE);
	machine_plug(m, machine_port(m, 2, 0), DEV_SUPER_HUB, USB_SPEED_NONE);
	usb_device_arm(machine_device(m, 1), 1000);
	usb_device_arm(machine_port(m, 1, 1)->dev, 1000);
	assert_int_equal(count, DEV_MODELS);
	assert_int_equal(m->bus.live_devices, DEV_MODELS + 1);
	machine_end(m, &left);
	assert_int_equal(left.live_devices, 0);
	assert_int_equal(left.live_packets, 0);
	assert_int_equal(left.armed_timers, 0);
	assert_int_equal(left.live_endpoints, 0);
}

static void a_packet_that_stays_behind_is_counted(void **state)
{
	struct machine *m = &((struct bed *)*state)->m;
	struct machine_balance left;
	struct usb_packet *p;

	machine_plug(m, machine_port(m, 1, 0), DEV_KEYBOARD, USB_SPEED_NONE);
	p = usb_packet_new(machine_device(m, 1), USB_IN, 1, 8);
	machine_end(m, &left);
	assert_int_equal(left.live_packets, 1);
	usb_packet_free(p);
}

/* ---- emu ----------------------------------------------------------------------------------- */

static struct op profile_op(unsigned profile)
{
	struct op op = {.id = OP_PROFILE};

	op.v[ARG_INDEX(PROFILE, name)] = profile;
	return op;
}

static void the_profile_can_be_chosen_before_anything_happened(void **state)
{
	struct bed *bed = *state;
	struct backend *b = backend_open_emu(&bed->trace);
	struct op nec = profile_op(XHCI_PROFILE_NEC), step = {.id = OP_UNPLUG};

	assert_int_equal(b->ops->config_read(b, 0, 2), 0x1b36);
	assert_int_equal(b->ops->world(b, &nec, 0), -EBUSY);
	b->ops->reset(b);
	assert_int_equal(b->ops->world(b, &nec, 0), 0);
	assert_int_equal(b->ops->config_read(b, 0, 2), 0x1033);
	b->ops->reset(b);
	assert_int_equal(b->ops->config_read(b, 0, 2), 0x1b36);
	b->ops->reset(b);
	assert_int_equal(b->ops->world(b, &step, 0), -ENODEV);
	assert_int_equal(b->ops->world(b, &nec, 0), -EBUSY);
	b->ops->close(b);
	bed->trace.now_ns = &bed->m.guest.clock.now_ns;
}

static void ports_beyond_the_last_wrap_around(void **state)
{
	struct bed *bed = *state;
	struct backend *b = backend_open_emu(&bed->trace);
	struct op plug = {.id = OP_PLUG}, unplug = {.id = OP_UNPLUG};
	unsigned count = (unsigned)b->ops->port_model(b, 0, 0);

	plug.v[ARG_INDEX(PLUG, port)] = count + 2;
	assert_int_equal(b->ops->world(b, &plug, 0), 0);
	assert_int_equal(b->ops->port_model(b, 2, 0), MODEL_KEYBOARD);
	assert_int_equal(b->ops->world(b, &unplug, 0), 0);
	assert_int_equal(b->ops->port_model(b, 2, 0), -1);
	b->ops->close(b);
	bed->trace.now_ns = &bed->m.guest.clock.now_ns;
}

static void device_ops_find_their_model(void **state)
{
	struct bed *bed = *state;
	struct backend *b = backend_open_emu(&bed->trace);
	struct op plug = {.id = OP_PLUG}, key = {.id = OP_KEY}, answer = {.id = OP_ANSWER};
	struct op pointer = {.id = OP_POINTER}, finish = {.id = OP_FINISH};
	static const unsigned model[] = {MODEL_SCRIPTED, MODEL_TABLET, MODEL_KEYBOARD};

	key.v[ARG_INDEX(KEY, qnum)] = 30;
	assert_int_equal(b->ops->world(b, &key, 0), -ENODEV);
	assert_int_equal(b->ops->world(b, &pointer, 0), -ENODEV);
	assert_int_equal(b->ops->world(b, &answer, 0), -ENODEV);
	for (unsigned i = 0; i < ARRAY_SIZE(model); i++) {
		plug.v[ARG_INDEX(PLUG, model)] = model[i];
		assert_int_equal(b->ops->world(b, &plug, 0), 0);
	}
	assert_int_equal(b->ops->world(b, &key, 0), 0);
	assert_int_equal(b->ops->world(b, &pointer, 0), 0);
	assert_int_equal(b->ops->world(b, &answer, 0), 0);
	assert_int_equal(b->ops->world(b, &finish, 0), -ENOENT);
	b->ops->close(b);
	bed->trace.now_ns = &bed->m.guest.clock.now_ns;
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_taken_or_absent_connector_cannot_be_plugged),
		T(a_device_runs_at_the_speed_asked_for_or_not_at_all),
		T(a_device_timer_fires_when_its_time_has_come),
		T(time_that_passes_fires_timers_too),
		T(time_stands_exactly_where_it_was_moved_to),
		T(a_machine_that_is_late_works_before_time_goes_on),
		T(reset_leaves_nothing_of_what_was),
		T(nothing_is_left_after_the_end),
		T(a_packet_that_stays_behind_is_counted),
		T(the_profile_can_be_chosen_before_anything_happened),
		T(ports_beyond_the_last_wrap_around),
		T(device_ops_find_their_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
