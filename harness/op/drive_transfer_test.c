// SPDX-License-Identifier: MIT
/*
 * drive_transfer_test.c -- transfers, and what rude fields do.
 */
#include "op/testbed.h"

#include "dev/disk.h"

/* ---- transfers ----------------------------------------------------------------------------- */

static void a_sector_read_is_what_the_disk_holds(void **state)
{
	struct bed *bed = *state;
	struct disk *disk = disk_new_memory(65536, 512);
	uint8_t want[512], got[512];

	play(bed, "read-sector lba=0x1234");
	assert_int_equal(disk_read(disk, 0x1234, want, 1), 1);
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

static void a_keyboard_is_read_again_for_every_key(void **state)
{
	static const struct {
		const char *op;
		uint8_t usage;
	} rows[] = {{"key qnum=30", 4}, {"key qnum=30 state=release", 0}, {"key qnum=48", 5}};
	struct bed *bed = *state;
	uint8_t report[8];

	play(bed, "enumerate");
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		play(bed, rows[i].op);
		play(bed, "step usec=20000");
		bed->b->ops->mem_read(bed->b, DRIVE_LISTEN, report, sizeof(report));
		assert_int_equal(report[2], rows[i].usage);
	}
}

/* A Stopped event names where the ring stands: nothing of it is done (xHCI 4.6.9). */
static void a_ring_that_was_stopped_idle_again_and_again_takes_transfers(void **state)
{
	struct bed *bed = *state;
	unsigned slot;

	play(bed, "profile name=conformant\nenumerate");
	slot = drive_current_slot(bed->d);
	for (unsigned i = 0; i < 40; i++) {
		play(bed, "command type=stop-endpoint ring=ep0\ncontrol");
		assert_int_equal(drive_last_completion(bed->d, slot, 1), CC_SUCCESS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bed_test(a_sector_read_is_what_the_disk_holds),
		bed_test(a_sector_written_is_read_back),
		bed_test(a_stalled_control_request_is_recovered_from),
		bed_test(a_request_without_an_answer_is_given_up_at_the_next_one),
		bed_test(a_transfer_may_be_cut_into_many_trbs),
		bed_test(rings_wrap_around_for_ever),
		bed_test(a_tweak_changes_the_next_input_context_only),
		bed_test(the_driver_follows_the_event_ring_it_set_up),
		bed_test(events_are_acknowledged_only_when_the_program_wants_it),
		bed_test(a_link_trb_to_itself_stays_where_it_is),
		bed_test(symbolic_addresses_mean_the_drivers_own_structures),
		bed_test(a_doorbell_of_slot_zero_with_a_target_is_the_current_slots),
		bed_test(a_keyboard_is_read_again_for_every_key),
		bed_test(a_ring_that_was_stopped_idle_again_and_again_takes_transfers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
