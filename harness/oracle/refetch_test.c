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

int main(void)
{
	const struct CMUnitTest tests[] = {
		bed_test(a_command_reads_each_context_once),
		bed_test(an_input_context_read_twice_fires),
		bed_test(a_context_pointer_read_twice_fires),
		bed_test(a_device_context_that_is_read_fires),
		bed_test(a_trb_read_twice_fires),
		bed_test(a_trb_read_again_after_a_doorbell_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
