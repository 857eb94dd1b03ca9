// SPDX-License-Identifier: MIT
#include "oracle/testbed.h"

static void read_input(struct bed *b, unsigned index)
{
	uint8_t raw[32] = {0};

	bed_dma(b, 0, DMA_INPUT_CTX, 1, 0, BED_INPUT + 32 * index, raw, sizeof(raw));
}

static void a_command_reads_each_context_once(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	for (unsigned n = 0; n < 2; n++) {
		bed_command(b, TRB_EVALUATE_CONTEXT, BED_INPUT, 1u << 24);
		read_input(b, 0);
		read_input(b, 1);
		bed_complete(b, CC_SUCCESS, 1);
	}
	assert_clean(b);
}

static void an_input_context_read_twice_fires(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	bed_command(b, TRB_EVALUATE_CONTEXT, BED_INPUT, 1u << 24);
	read_input(b, 0);
	read_input(b, 1);
	assert_clean(b);
	read_input(b, 0);
	assert_fired(b, oracle_refetch);
}

static void a_context_pointer_read_twice_fires(void **state)
{
	struct bed *b = *state;
	uint8_t raw[8] = {0};

	bed_bulk_in(b);
	put_le64(raw, BED_CONTEXT + 0x1000);
	bed_command(b, TRB_ADDRESS_DEVICE, BED_INPUT, 1u << 24);
	bed_dma(b, 0, DMA_DCBAA, 1, 0, BED_DCBAA + 8, raw, sizeof(raw));
	assert_clean(b);
	bed_dma(b, 0, DMA_DCBAA, 1, 0, BED_DCBAA + 8, raw, sizeof(raw));
	assert_fired(b, oracle_refetch);
}

static void the_scratchpad_s_entry_read_by_every_save_is_fine(void **state)
{
	struct bed *b = *state;
	uint8_t raw[8] = {0};

	bed_bulk_in(b);
	bed_command(b, TRB_ADDRESS_DEVICE, BED_INPUT, 0); /* of slot 0, and no event has come yet */
	bed_dma(b, 0, DMA_DCBAA, 0, 0, BED_DCBAA, raw, sizeof(raw));
	bed_dma(b, 0, DMA_DCBAA, 0, 0, BED_DCBAA, raw, sizeof(raw));
	assert_clean(b);
}

static void a_device_context_that_is_read_fires(void **state)
{
	struct bed *b = *state;
	uint8_t raw[32] = {0};

	bed_bulk_in(b);
	bed_dma(b, 0, DMA_OUT_CTX, 1, 3, BED_CONTEXT + 0x1000 + 96, raw, sizeof(raw));
	assert_fired(b, oracle_refetch);
}

static void a_trb_read_twice_fires(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	bed_doorbell(b, 1, 3);
	bed_fetch(b, 3, TRB_NORMAL, 512, TRB_IOC);
	b->trb[3] -= TRB_SIZE;
	assert_clean(b);
	bed_fetch(b, 3, TRB_NORMAL, 512, TRB_IOC);
	assert_fired(b, oracle_refetch);
}

static void a_trb_read_again_after_a_doorbell_is_fine(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	bed_doorbell(b, 1, 3);
	bed_fetch(b, 3, TRB_NORMAL, 512, TRB_IOC);
	bed_command(b, TRB_STOP_ENDPOINT, 0, 1u << 24 | 3u << 16);
	bed_ep_context(b, 1, 3, EP_STOPPED, EP_BULK_IN);
	bed_complete(b, CC_SUCCESS, 1);
	bed_doorbell(b, 1, 3);
	b->trb[3] -= TRB_SIZE;
	bed_fetch(b, 3, TRB_NORMAL, 512, TRB_IOC);
	assert_clean(b);
}

/* Endpoint 0 was rung and its TD has begun when the command is fetched. */
static void a_control_td_is_begun_again(struct bed *b, unsigned command)
{
	bed_bulk_in(b);
	bed_doorbell(b, 1, 1);
	bed_fetch(b, 1, TRB_SETUP, 8, TRB_IDT);
	bed_fetch(b, 1, TRB_DATA, 18, TRB_DIR_IN);
	bed_command(b, command, 0, 1u << 24);
	if (command == TRB_RESET_DEVICE) {
		bed_ep_context(b, 1, 3, EP_DISABLED, 0);
		bed_slot_context(b, 1, SLOT_DEFAULT);
		bed_ep_context(b, 1, 1, EP_RUNNING, EP_CONTROL);
	}
	bed_complete(b, CC_SUCCESS, 1);
	b->trb[1] -= TRB_SIZE;
	assert_clean(b);
	bed_fetch(b, 1, TRB_DATA, 18, TRB_DIR_IN);
}

static void a_control_td_begun_again_after_reset_device_is_fine(void **state)
{
	a_control_td_is_begun_again(*state, TRB_RESET_DEVICE);
	assert_clean(*state);
}

static void a_control_td_begun_again_after_another_command_fires(void **state)
{
	a_control_td_is_begun_again(*state, TRB_NO_OP_COMMAND);
	assert_fired((struct bed *)*state, oracle_refetch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bed_test(a_command_reads_each_context_once),
		bed_test(an_input_context_read_twice_fires),
		bed_test(a_context_pointer_read_twice_fires),
		bed_test(the_scratchpad_s_entry_read_by_every_save_is_fine),
		bed_test(a_device_context_that_is_read_fires),
		bed_test(a_trb_read_twice_fires),
		bed_test(a_trb_read_again_after_a_doorbell_is_fine),
		bed_test(a_control_td_begun_again_after_reset_device_is_fine),
		bed_test(a_control_td_begun_again_after_another_command_fires),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
