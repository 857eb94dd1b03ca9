// SPDX-License-Identifier: MIT
#include "oracle/testbed.h"

static void data_in_two_pieces_inside_the_buffer_is_fine(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	bed_fetch(b, 3, TRB_NORMAL, 1024, TRB_IOC);
	bed_move(b, BED_DATA, 512);
	bed_move(b, BED_DATA + 512, 512);
	assert_clean(b);
}

static void data_past_the_end_of_the_buffer_fires(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	bed_fetch(b, 3, TRB_NORMAL, 512, TRB_IOC);
	bed_move(b, BED_DATA + 1, 512);
	assert_fired(b, oracle_published);
}

static void more_data_than_all_trbs_have_fires(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	bed_fetch(b, 3, TRB_NORMAL, 512, TRB_IOC);
	bed_move(b, BED_DATA, 512);
	assert_clean(b);
	bed_move(b, BED_DATA, 1);
	assert_fired(b, oracle_published);
}

/* Two commands name one input context: the ring's start is of the one whose slot reads it. */
static void an_input_context_belongs_to_the_command_of_its_slot(void **state)
{
	struct bed *b = *state;

	bed_enable_slot(b, 1);
	bed_doorbell(b, 0, 0);
	bed_command(b, TRB_ADDRESS_DEVICE, BED_INPUT, 0);
	bed_command(b, TRB_ADDRESS_DEVICE, BED_INPUT, 1u << 24);
	bed_input(b, 1, 3, 1);
	bed_doorbell(b, 1, 1);
	bed_trb(b, DMA_XFER_TRB, 1, 1, b->trb[1], (struct trb){0, 0, 0});
	assert_clean(b);
}

static void data_of_another_endpoint_fires(void **state)
{
	struct bed *b = *state;
	uint8_t byte = 0;

	bed_bulk_in(b);
	bed_fetch(b, 3, TRB_NORMAL, 512, TRB_IOC);
	bed_dma(b, TRACE_WRITE, DMA_DATA, 1, 5, BED_DATA, &byte, 1);
	assert_fired(b, oracle_published);
}

static void an_in_endpoint_that_reads_its_buffer_fires(void **state)
{
	struct bed *b = *state;
	uint8_t byte = 0;

	bed_bulk_in(b);
	bed_fetch(b, 3, TRB_NORMAL, 512, TRB_IOC);
	bed_dma(b, 0, DMA_DATA, 1, 3, BED_DATA, &byte, 1);
	assert_fired(b, oracle_published);
}

static void immediate_data_has_no_buffer(void **state)
{
	struct bed *b = *state;
	uint8_t raw[8] = {0};

	bed_enable_slot(b, 1);
	bed_address(b, 1);
	bed_configure(b, 1, 4, EP_BULK_OUT);
	bed_doorbell(b, 1, 4);
	bed_fetch(b, 4, TRB_NORMAL, 8, TRB_IDT);
	bed_dma(b, 0, DMA_DATA, 1, 4, BED_DATA, raw, sizeof(raw));
	assert_fired(b, oracle_published);
}

static void out_data_is_read_from_the_buffer(void **state)
{
	struct bed *b = *state;
	uint8_t raw[8] = {0};

	bed_enable_slot(b, 1);
	bed_address(b, 1);
	bed_configure(b, 1, 4, EP_BULK_OUT);
	bed_doorbell(b, 1, 4);
	bed_fetch(b, 4, TRB_NORMAL, 8, 0);
	bed_dma(b, 0, DMA_DATA, 1, 4, BED_DATA, raw, sizeof(raw));
	assert_clean(b);
}

static void data_without_a_doorbell_fires(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	bed_fetch(b, 3, TRB_NORMAL, 512, TRB_IOC);
	bed_command(b, TRB_STOP_ENDPOINT, 0, 1u << 24 | 3u << 16);
	bed_ep_context(b, 1, 3, EP_STOPPED, EP_BULK_IN);
	bed_complete(b, CC_SUCCESS, 1);
	assert_clean(b);
	bed_move(b, BED_DATA, 512);
	assert_fired(b, oracle_silence);
}

static void a_context_outside_the_slots_fires(void **state)
{
	struct bed *b = *state;
	uint8_t raw[32] = {0};

	bed_bulk_in(b);
	bed_dma(b, TRACE_WRITE, DMA_OUT_CTX, 1, 3, BED_CONTEXT + 0x1000 + 32 * 32, raw, 32);
	assert_fired(b, oracle_published);
}

static void a_context_of_a_disabled_slot_fires(void **state)
{
	struct bed *b = *state;

	bed_bulk_in(b);
	bed_command(b, TRB_DISABLE_SLOT, 0, 1u << 24);
	bed_complete(b, CC_SUCCESS, 1);
	assert_clean(b);
	bed_ep_context(b, 1, 3, EP_DISABLED, EP_BULK_IN);
	assert_fired(b, oracle_published);
}

static void a_dcbaa_entry_of_another_slot_fires(void **state)
{
	struct bed *b = *state;
	uint8_t raw[8] = {0};

	bed_dma(b, 0, DMA_DCBAA, 2, 0, BED_DCBAA + 8, raw, sizeof(raw));
	assert_fired(b, oracle_published);
}

static void an_input_context_that_no_command_named_fires(void **state)
{
	struct bed *b = *state;
	uint8_t raw[32] = {0};

	bed_enable_slot(b, 1);
	bed_dma(b, 0, DMA_INPUT_CTX, 1, 0, BED_INPUT, raw, sizeof(raw));
	assert_fired(b, oracle_published);
}

static void past_the_end_of_the_input_context_fires(void **state)
{
	struct bed *b = *state;
	uint8_t raw[32] = {0};

	bed_enable_slot(b, 1);
	bed_command(b, TRB_ADDRESS_DEVICE, BED_INPUT, 1u << 24);
	bed_dma(b, 0, DMA_INPUT_CTX, 1, 31, BED_INPUT + 32 * 32, raw, sizeof(raw));
	assert_clean(b);
	bed_dma(b, 0, DMA_INPUT_CTX, 1, 31, BED_INPUT + 32 * 33, raw, sizeof(raw));
	assert_fired(b, oracle_published);
}

static void a_segment_table_past_its_size_fires(void **state)
{
	struct bed *b = *state;
	uint8_t raw[16] = {0};

	bed_dma(b, 0, DMA_ERST, 0, 0, BED_ERST + 16, raw, sizeof(raw));
	assert_fired(b, oracle_published);
}

static void a_bandwidth_context_without_its_command_fires(void **state)
{
	struct bed *b = *state;
	uint8_t raw[9] = {0};

	bed_command(b, TRB_GET_PORT_BW, 0x70000, 0);
	bed_dma(b, TRACE_WRITE, DMA_PORT_BW, 0, 0, 0x70000, raw, sizeof(raw));
	bed_complete(b, CC_SUCCESS, 0);
	assert_clean(b);
	bed_dma(b, TRACE_WRITE, DMA_PORT_BW, 0, 0, 0x70000, raw, sizeof(raw));
	assert_fired(b, oracle_published);
}

static void a_vendor_command_names_no_input_context(void **state)
{
	struct bed *b = *state;
	uint8_t raw[32] = {0};

	bed_command(b, TRB_NEC_CHALLENGE, BED_INPUT, 0);
	bed_dma(b, 0, DMA_INPUT_CTX, 1, 0, BED_INPUT, raw, sizeof(raw));
	assert_fired(b, oracle_published);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bed_test(data_in_two_pieces_inside_the_buffer_is_fine),
		bed_test(data_past_the_end_of_the_buffer_fires),
		bed_test(more_data_than_all_trbs_have_fires),
		bed_test(an_input_context_belongs_to_the_command_of_its_slot),
		bed_test(data_of_another_endpoint_fires),
		bed_test(an_in_endpoint_that_reads_its_buffer_fires),
		bed_test(immediate_data_has_no_buffer),
		bed_test(out_data_is_read_from_the_buffer),
		bed_test(data_without_a_doorbell_fires),
		bed_test(a_context_outside_the_slots_fires),
		bed_test(a_context_of_a_disabled_slot_fires),
		bed_test(a_dcbaa_entry_of_another_slot_fires),
		bed_test(an_input_context_that_no_command_named_fires),
		bed_test(past_the_end_of_the_input_context_fires),
		bed_test(a_segment_table_past_its_size_fires),
		bed_test(a_bandwidth_context_without_its_command_fires),
		bed_test(a_vendor_command_names_no_input_context),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
