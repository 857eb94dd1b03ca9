// SPDX-License-Identifier: MIT
/*
 * Tests of the driver on the built-in machine: everything real, seen through the backend.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "dev/disk.h"
#include "op/args.h"
#include "op/drive.h"
#include "op/names.h"
#include "xhci/abi.h"

#define OPER 0x40u /* of qemu-xhci */
#define RUNTIME 0x1000u

struct bed {
	struct trace trace;
	struct backend *b;
	struct drive *d;
	struct op_program p;
	unsigned doorbells;
};

static void count_row(void *opaque, const struct trace_row *row)
{
	struct bed *bed = opaque;

	if (row->kind == TRACE_MMIO && row->flags & TRACE_WRITE && row->addr >= 0x2000 &&
	    row->addr < 0x3000)
		bed->doorbells++;
}

static int setup(void **state)
{
	struct bed *bed = alloc_zero(sizeof(*bed));

	trace_reset(&bed->trace);
	bed->b = backend_open_emu(&bed->trace);
	bed->trace.sink = count_row;
	bed->trace.sink_opaque = bed;
	bed->d = drive_new(bed->b);
	op_program_init(&bed->p);
	*state = bed;
	return 0;
}

static int teardown(void **state)
{
	struct bed *bed = *state;

	drive_free(bed->d);
	bed->b->ops->close(bed->b);
	op_program_fini(&bed->p);
	free(bed);
	return 0;
}

static void play(struct bed *bed, const char *text)
{
	struct op_error error = {0};

	op_program_clear(&bed->p);
	if (op_parse(&bed->p, text, strlen(text), &error))
		fail_msg("line %u: %s", error.line, error.message);
	for (unsigned i = 0; i < bed->p.count; i++)
		drive_op(bed->d, &bed->p.op[i]);
}

static void power_on(struct bed *bed)
{
	bed->b->ops->reset(bed->b);
	drive_reset(bed->d);
}

static uint32_t oper(struct bed *bed, uint32_t reg)
{
	return (uint32_t)bed->b->ops->mmio_read(bed->b, OPER + reg, 4);
}

static uint32_t guest32(struct bed *bed, uint64_t addr)
{
	uint8_t raw[4];

	assert_int_equal(bed->b->ops->mem_read(bed->b, addr, raw, 4), 0);
	return get_le32(raw);
}

/* As the controller wrote it for the guest (32-byte contexts). */
static unsigned slot_state(struct bed *bed, unsigned slot)
{
	return guest32(bed, DRIVE_SLOTS + slot * DRIVE_SLOT_STRIDE + 12) >> 27;
}

static unsigned ep_state(struct bed *bed, unsigned slot, unsigned dci)
{
	return guest32(bed, DRIVE_SLOTS + slot * DRIVE_SLOT_STRIDE + dci * 32) & 7;
}

/* ---- start --------------------------------------------------------------------------------- */

static void every_order_of_starting_gives_a_running_controller(void **state)
{
	static const char *const driver[] = {"linux", "uboot", "seabios", "edk2"};
	struct bed *bed = *state;
	char text[64];

	for (unsigned i = 0; i < ARRAY_SIZE(driver); i++) {
		power_on(bed);
		snprintf(text, sizeof(text), "start driver=%s", driver[i]);
		play(bed, text);
		assert_int_equal(oper(bed, XHCI_USBSTS) & (USBSTS_HCH | USBSTS_HCE | USBSTS_HSE),
				 0);
		play(bed, "plug port=1 speed=full\nenumerate port=1");
		assert_int_equal(slot_state(bed, drive_current_slot(bed->d)), SLOT_CONFIGURED);
	}
}

static void a_halted_controller_is_run_again_when_it_is_needed(void **state)
{
	struct bed *bed = *state;

	play(bed, "start\nwrite reg=USBCMD value=0");
	assert_true(oper(bed, XHCI_USBSTS) & USBSTS_HCH);
	play(bed, "enumerate");
	assert_int_equal(slot_state(bed, drive_current_slot(bed->d)), SLOT_CONFIGURED);
}

static void a_controller_reset_behind_its_back_is_started_anew(void **state)
{
	struct bed *bed = *state;

	play(bed, "enumerate\nwrite reg=USBCMD value=0\nwrite reg=USBCMD value=2\nenumerate");
	assert_false(oper(bed, XHCI_USBSTS) & USBSTS_HCH);
	assert_int_equal(slot_state(bed, drive_current_slot(bed->d)), SLOT_CONFIGURED);
}

/* ---- enumerate ----------------------------------------------------------------------------- */

static void every_model_enumerates_at_its_fastest_speed(void **state)
{
	struct bed *bed = *state;
	char text[64];

	for (unsigned model = 0; model < names_model.count; model++) {
		power_on(bed);
		snprintf(text, sizeof(text), "enumerate port=2 model=%s", names_model.name[model]);
		play(bed, text);
		assert_int_equal(bed->b->ops->port_model(bed->b, 2), model);
		assert_int_not_equal(drive_current_slot(bed->d), 0);
		assert_int_equal(slot_state(bed, drive_current_slot(bed->d)), SLOT_CONFIGURED);
		assert_int_equal(ep_state(bed, drive_current_slot(bed->d), 1), EP_RUNNING);
		assert_int_equal(ep_state(bed, drive_current_slot(bed->d), 3), EP_RUNNING);
	}
}

static void a_scripted_device_enumerates_at_every_speed(void **state)
{
	static const char *const speed[] = {"low", "full", "high", "super"};
	struct bed *bed = *state;
	char text[96];

	for (unsigned i = 0; i < ARRAY_SIZE(speed); i++) {
		power_on(bed);
		snprintf(text, sizeof(text), "plug model=scripted speed=%s\nenumerate", speed[i]);
		play(bed, text);
		assert_int_equal(slot_state(bed, drive_current_slot(bed->d)), SLOT_CONFIGURED);
	}
}

static void zeros_enumerate_a_keyboard(void **state)
{
	struct bed *bed = *state;
	struct op zero = {0};

	drive_op(bed->d, &zero);
	assert_int_equal(bed->b->ops->port_model(bed->b, 1), MODEL_KEYBOARD);
	assert_int_equal(slot_state(bed, drive_current_slot(bed->d)), SLOT_CONFIGURED);
}

static void enumerating_again_gives_a_fresh_slot(void **state)
{
	struct bed *bed = *state;

	for (unsigned i = 0; i < 100; i++)
		play(bed, "enumerate port=1");
	assert_int_equal(slot_state(bed, drive_current_slot(bed->d)), SLOT_CONFIGURED);
}

static void a_device_that_took_anothers_place_is_enumerated(void **state)
{
	struct bed *bed = *state;

	play(bed, "enumerate\nunplug\nplug port=1\nenumerate");
	assert_int_equal(slot_state(bed, drive_current_slot(bed->d)), SLOT_CONFIGURED);
	assert_int_equal(drive_last_completion(bed->d, drive_current_slot(bed->d), 1), CC_SUCCESS);
	assert_int_equal(bed->b->ops->port_model(bed->b, 2), -1);
}

static void enumerating_what_is_enumerated_costs_nothing(void **state)
{
	struct bed *bed = *state;
	unsigned doorbells, slot;

	play(bed, "enumerate model=storage");
	slot = drive_current_slot(bed->d);
	play(bed, "enumerate");
	assert_int_not_equal(drive_current_slot(bed->d), slot);
	doorbells = bed->doorbells;
	play(bed, "enumerate model=storage");
	assert_int_equal(drive_current_slot(bed->d), slot);
	assert_int_equal(bed->doorbells, doorbells);
}

static void lying_descriptors_end_enumeration_and_nothing_else(void **state)
{
	static const char *const set[] = {
		"00",               /* bLength 0 */
		"1201000200000040", /* half a device descriptor */
		"120100020000004000000000000000000001" /* no configuration */,
		"120100020000004000000000000000000001" /* wTotalLength 65535, no interface */
		"0902ffff010100803200",
		"120100020000004000000000000000000001" /* endpoint 0x80, size 0, interval 255 */
		"090219000101008032"
		"0904000001ff000000"
		"070580020000ff",
	};
	struct bed *bed = *state;
	char text[300];

	for (unsigned i = 0; i < ARRAY_SIZE(set); i++) {
		power_on(bed);
		snprintf(text, sizeof(text),
			 "descriptors data=%s\nenumerate model=scripted\nenumerate port=2", set[i]);
		play(bed, text);
		assert_int_equal(slot_state(bed, drive_current_slot(bed->d)), SLOT_CONFIGURED);
	}
}

static void a_key_press_reaches_memory_after_enumeration(void **state)
{
	struct bed *bed = *state;
	unsigned slot;

	play(bed, "enumerate\nkey qnum=30\nstep usec=20000");
	slot = drive_current_slot(bed->d);
	assert_int_equal(drive_last_completion(bed->d, slot, 3), CC_SUCCESS);
	assert_int_equal(guest32(bed, DRIVE_LISTEN + (slot - 1) * 64), 0x00040000); /* usage `a' */
}

/* ---- transfers ----------------------------------------------------------------------------- */

static void a_sector_read_is_what_the_disk_holds(void **state)
{
	struct bed *bed = *state;
	struct disk *disk = disk_new_memory(65536, 512);
	uint8_t want[512], got[512];

	play(bed, "read-sector lba=0x1234");
	assert_int_equal(disk_read(disk, 0x1234, want), 0);
	assert_int_equal(bed->b->ops->mem_read(bed->b, DRIVE_DATA, got, sizeof(got)), 0);
	assert_memory_equal(got, want, sizeof(got));
	disk_free(disk);
}

static void a_sector_written_is_read_back(void **state)
{
	struct bed *bed = *state;
	uint8_t written[1024], got[1024];

	play(bed, "write-sector lba=7 count=2");
	bed->b->ops->mem_read(bed->b, DRIVE_DATA, written, sizeof(written));
	memset(got, 0, sizeof(got));
	bed->b->ops->mem_write(bed->b, DRIVE_DATA, got, sizeof(got));
	play(bed, "read-sector lba=7 count=2");
	bed->b->ops->mem_read(bed->b, DRIVE_DATA, got, sizeof(got));
	assert_memory_equal(got, written, sizeof(got));
	assert_int_equal(got[1], 8);
}

static void a_stalled_control_request_is_recovered_from(void **state)
{
	struct bed *bed = *state;
	unsigned slot;

	play(bed, "enumerate\ncontrol type=0xc0 request=0x77 length=4");
	slot = drive_current_slot(bed->d);
	assert_int_equal(drive_last_completion(bed->d, slot, 1), CC_STALL);
	assert_int_equal(ep_state(bed, slot, 1), EP_HALTED);
	play(bed, "control");
	assert_int_equal(drive_last_completion(bed->d, slot, 1), CC_SUCCESS);
	assert_int_not_equal(ep_state(bed, slot, 1), EP_HALTED);
}

static void a_request_without_an_answer_is_given_up_at_the_next_one(void **state)
{
	struct bed *bed = *state;
	unsigned slot;

	play(bed,
	     "enumerate model=scripted\nanswer status=async\n"
	     "control type=0xc0 request=1 length=4");
	slot = drive_current_slot(bed->d);
	assert_int_not_equal(ep_state(bed, slot, 1), EP_HALTED);
	play(bed, "control");
	assert_int_equal(drive_last_completion(bed->d, slot, 1), CC_SUCCESS);
}

static void a_transfer_may_be_cut_into_many_trbs(void **state)
{
	struct bed *bed = *state;
	unsigned slot;

	play(bed,
	     "enumerate model=scripted\n"
	     "transfer ring=ep1out length=4000 trbs=20 flags=isp\nstep usec=1000");
	slot = drive_current_slot(bed->d);
	assert_int_equal(drive_last_completion(bed->d, slot, 2), CC_SUCCESS);
}

static void rings_wrap_around_for_ever(void **state)
{
	struct bed *bed = *state;
	unsigned slot;

	play(bed, "enumerate");
	slot = drive_current_slot(bed->d);
	for (unsigned i = 0; i < 200; i++) {
		play(bed, "command\ncontrol");
		assert_int_equal(drive_last_completion(bed->d, slot, 1), CC_SUCCESS);
	}
}

/* ---- rude fields --------------------------------------------------------------------------- */

static void a_tweak_changes_the_next_input_context_only(void **state)
{
	struct bed *bed = *state;

	play(bed, "tweak context=1 dword=1 mask=0xff0000 value=0x630000\naddress port=1");
	assert_int_equal(guest32(bed, DRIVE_INPUT + 32 + 4) >> 16 & 0xff, 0x63);
	play(bed, "enumerate port=1");
	assert_int_not_equal(guest32(bed, DRIVE_INPUT + 32 + 4) >> 16 & 0xff, 0x63);
	assert_int_equal(slot_state(bed, drive_current_slot(bed->d)), SLOT_CONFIGURED);
}

static void the_driver_follows_the_event_ring_it_set_up(void **state)
{
	struct bed *bed = *state;

	play(bed, "erst trbs=16");
	for (unsigned i = 0; i < 50; i++)
		play(bed, "command");
	play(bed, "enumerate");
	assert_int_equal(slot_state(bed, drive_current_slot(bed->d)), SLOT_CONFIGURED);
}

static void events_are_acknowledged_only_when_the_program_wants_it(void **state)
{
	struct bed *bed = *state;
	uint64_t erdp = RUNTIME + XHCI_INTR + XHCI_ERDP;
	uint64_t before;

	play(bed, "start\nack mode=never");
	before = bed->b->ops->mmio_read(bed->b, erdp, 4) & ~UINT64_C(15);
	play(bed, "command\ncommand\ncommand");
	assert_int_equal(bed->b->ops->mmio_read(bed->b, erdp, 4) & ~UINT64_C(15), before);
	play(bed, "ack mode=once count=2");
	assert_int_equal(bed->b->ops->mmio_read(bed->b, erdp, 4) & ~UINT64_C(15), before + 32);
	play(bed, "ack mode=once");
	assert_int_equal(bed->b->ops->mmio_read(bed->b, erdp, 4) & ~UINT64_C(15), before + 48);
}

static void a_link_trb_to_itself_stays_where_it_is(void **state)
{
	struct bed *bed = *state;
	struct op op = {.id = OP_TRB, .addr_kind = ADDR_SELF};
	uint64_t self;

	play(bed, "enumerate");
	op.v[ARG_INDEX(TRB, ring)] = RING_EP0;
	self = drive_resolve(bed->d, &op);
	play(bed, "trb ring=ep0 type=link ptr=self");
	assert_int_equal(guest32(bed, self), self);
	assert_int_equal(drive_resolve(bed->d, &op), self);
}

static void symbolic_addresses_mean_the_drivers_own_structures(void **state)
{
	struct bed *bed = *state;
	struct op op = {.id = OP_MEMORY};

	play(bed, "enumerate");
	op.v[ARG_INDEX(MEMORY, ptr)] = 0x10;
	op.addr_kind = ADDR_RAW;
	assert_int_equal(drive_resolve(bed->d, &op), 0x10);
	op.addr_kind = ADDR_BUF;
	assert_int_equal(drive_resolve(bed->d, &op), DRIVE_DATA + 0x10);
	op.addr_kind = ADDR_DCBAA;
	assert_int_equal(drive_resolve(bed->d, &op), DRIVE_DCBAA + 0x10);
	op.addr_kind = ADDR_CTX;
	assert_int_equal(drive_resolve(bed->d, &op),
			 DRIVE_SLOTS + drive_current_slot(bed->d) * DRIVE_SLOT_STRIDE + 0x10);
	op.addr_kind = ADDR_BAR;
	assert_int_equal(drive_resolve(bed->d, &op), bed->b->ops->bar0(bed->b) + 0x10);
}

static void a_doorbell_of_slot_zero_with_a_target_is_the_current_slots(void **state)
{
	struct bed *bed = *state;
	unsigned before;

	play(bed, "enumerate");
	before = bed->doorbells;
	play(bed, "doorbell target=1");
	assert_int_equal(bed->doorbells, before + 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(every_order_of_starting_gives_a_running_controller),
		T(a_halted_controller_is_run_again_when_it_is_needed),
		T(a_controller_reset_behind_its_back_is_started_anew),
		T(every_model_enumerates_at_its_fastest_speed),
		T(a_scripted_device_enumerates_at_every_speed),
		T(zeros_enumerate_a_keyboard),
		T(enumerating_again_gives_a_fresh_slot),
		T(a_device_that_took_anothers_place_is_enumerated),
		T(enumerating_what_is_enumerated_costs_nothing),
		T(lying_descriptors_end_enumeration_and_nothing_else),
		T(a_key_press_reaches_memory_after_enumeration),
		T(a_sector_read_is_what_the_disk_holds),
		T(a_sector_written_is_read_back),
		T(a_stalled_control_request_is_recovered_from),
		T(a_request_without_an_answer_is_given_up_at_the_next_one),
		T(a_transfer_may_be_cut_into_many_trbs),
		T(rings_wrap_around_for_ever),
		T(a_tweak_changes_the_next_input_context_only),
		T(the_driver_follows_the_event_ring_it_set_up),
		T(events_are_acknowledged_only_when_the_program_wants_it),
		T(a_link_trb_to_itself_stays_where_it_is),
		T(symbolic_addresses_mean_the_drivers_own_structures),
		T(a_doorbell_of_slot_zero_with_a_target_is_the_current_slots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
