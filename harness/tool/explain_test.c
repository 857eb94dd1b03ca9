// SPDX-License-Identifier: MIT
/* explain_test.c -- names in the readable trace. */
#include "tool/explain.h"
#include "usb/usb.h"
#include "xhci/abi.h"

#include <setjmp.h>
#include <stdarg.h>
/* After the standard headers it needs. */
#include <cmocka.h>

struct bed {
	struct explain e;
	FILE *out;
	char *text;
	size_t size;
};

static void begin(struct bed *b)
{
	memset(b, 0, sizeof(*b));
	b->out = open_memstream(&b->text, &b->size);
	assert_non_null(b->out);
	explain_init(&b->e, b->out, NULL, 0);
}

static void row(struct bed *b, struct trace_row r)
{
	explain_row(&b->e, &r);
}

/* What was printed has these words; ends the test bed. */
static void expect(struct bed *b, const char *const *word, size_t count)
{
	explain_end(&b->e);
	fclose(b->out);
	for (size_t i = 0; i < count; i++)
		if (!strstr(b->text, word[i]))
			fail_msg("'%s' is not in '%s'", word[i], b->text);
	free(b->text);
}

#define EXPECT(b, ...)                                                                             \
	do {                                                                                       \
		static const char *const words[] = {__VA_ARGS__};                                  \
		expect(b, words, ARRAY_SIZE(words));                                               \
	} while (0)

static void registers_have_names_and_bits(void **state)
{
	struct bed b;

	(void)state;
	begin(&b);
	row(&b, (struct trace_row){.kind = TRACE_MMIO, .addr = 0x480, .len = 4, .value = 0x20ee1});
	row(&b,
	    (struct trace_row){.kind = TRACE_MMIO,
			       .flags = TRACE_WRITE,
			       .addr = 0x1038,
			       .len = 4,
			       .value = 0x100008});
	row(&b,
	    (struct trace_row){.kind = TRACE_MMIO,
			       .flags = TRACE_WRITE,
			       .addr = 0x2004,
			       .len = 4,
			       .value = 3});
	row(&b,
	    (struct trace_row){
		    .kind = TRACE_MMIO, .flags = TRACE_UNASSIGNED, .addr = 0xfff0, .len = 8});
	EXPECT(&b, "PORTSC[5] = 0x00020ee1 CCS PP CSC PLS=POLLING speed=3",
	       "write 0x1038 ERDP[0] = 0x00100008 EHB", "DOORBELL[1] = 0x00000003 target=ep1in",
	       "no register", "nothing there");
}

static void geometry_is_learnt_from_capability_registers(void **state)
{
	struct bed b;

	(void)state;
	begin(&b);
	row(&b, (struct trace_row){.kind = TRACE_MMIO, .addr = 0, .len = 1, .value = 0x20});
	row(&b, (struct trace_row){.kind = TRACE_MMIO, .addr = 0x14, .len = 4, .value = 0x800});
	row(&b, (struct trace_row){.kind = TRACE_MMIO, .addr = 0x18, .len = 4, .value = 0x600});
	row(&b, (struct trace_row){.kind = TRACE_MMIO, .addr = 0x24, .len = 4, .value = 1});
	row(&b, (struct trace_row){.kind = TRACE_MMIO, .addr = 0x620, .len = 4, .value = 2});
	row(&b, (struct trace_row){.kind = TRACE_MMIO, .addr = 0x800, .len = 4, .value = 0});
	EXPECT(&b, "USBSTS = 0x00000001 HCH", "IMAN[0] = 0x00000002 IE", "DOORBELL[0]");
}

static void trbs_and_events_are_words(void **state)
{
	static const struct trb setup = {UINT64_C(0x0012000001000680), 8,
					 TRB_SETUP << 10 | TRB_IDT | 3u << 16 | 1},
				event = {0x408810, CC_SHORT_PACKET << 24 | 5,
					 TRB_EV_TRANSFER << 10 | 3u << 16 | 1u << 24 | 1},
				stop = {0, 0, TRB_STOP_ENDPOINT << 10 | 5u << 16 | 2u << 24};
	uint8_t raw[16];
	struct bed b;

	(void)state;
	begin(&b);
	trb_encode(&setup, raw);
	row(&b,
	    (struct trace_row){.kind = TRACE_DMA,
			       .what = DMA_XFER_TRB,
			       .slot = 1,
			       .dci = 1,
			       .addr = 0x408800,
			       .len = 16,
			       .data = raw});
	trb_encode(&event, raw);
	row(&b,
	    (struct trace_row){.kind = TRACE_DMA,
			       .flags = TRACE_WRITE,
			       .what = DMA_EVENT_TRB,
			       .len = 16,
			       .data = raw});
	trb_encode(&stop, raw);
	row(&b, (struct trace_row){.kind = TRACE_DMA, .what = DMA_CMD_TRB, .len = 16, .data = raw});
	EXPECT(&b,
	       "fetch 0x408800 TRB: slot 1 ep0 setup bmRequestType=80 GET_DESCRIPTOR(device) "
	       "wLength=18",
	       "transfer-event slot 1 ep1in Short Packet residual 5 of TRB 0x408810",
	       "stop-endpoint slot 2 ep2in");
}

static void refused_dma_says_why(void **state)
{
	struct bed b;

	(void)state;
	begin(&b);
	row(&b, (struct trace_row){.kind = TRACE_DMA, .flags = TRACE_FAULT, .len = 16});
	row(&b,
	    (struct trace_row){.kind = TRACE_DMA, .flags = TRACE_FAULT | TRACE_OWN_BAR, .len = 16});
	row(&b, (struct trace_row){.kind = TRACE_DMA, .flags = TRACE_BLOCKED, .len = 16});
	EXPECT(&b, "refused by memory", "own BAR", "bus master is off");
}

static void rows_that_repeat_are_counted(void **state)
{
	struct bed b;
	uint8_t data[4] = {1, 2, 3, 4};
	struct trace_row r = {.kind = TRACE_DMA, .what = DMA_DATA, .len = 4, .data = data};

	(void)state;
	begin(&b);
	row(&b, r);
	row(&b, r);
	row(&b, r);
	data[0] = 9; /* the same place, something else in it */
	row(&b, r);
	EXPECT(&b, "01 02 03 04\n                   ... 2 more of these\n", "09 02 03 04");
}

static void control_answers_show_the_descriptor(void **state)
{
	static const uint8_t setup[8] = {0x80, 6, 0, 1, 0, 0, 18, 0},
			     device[18] = {18,   1, 0, 2, 0, 0, 0, 64, 9,
					   0x12, 1, 0, 0, 1, 0, 0, 0,  1};
	struct trace_row r = {.kind = TRACE_PACKET,
			      .what = PACKET_SUBMIT,
			      .pid = USB_SETUP,
			      .port = 1,
			      .len = 8,
			      .data = setup};
	struct bed b;

	(void)state;
	begin(&b);
	row(&b, r);
	r.what = PACKET_COMPLETE;
	r.pid = USB_IN;
	r.dci = 0x80;
	r.len = 18;
	r.data = device;
	row(&b, r);
	EXPECT(&b, "USB   SETUP port 1 address 0 ep 0", "IN port 1", "OK, 18 bytes", "idVendor",
	       "0x1209");
}

static void rows_beyond_the_limit_are_left_out(void **state)
{
	struct bed b;

	(void)state;
	begin(&b);
	b.e.rows_max = 2;
	for (uint64_t i = 0; i < 10; i++)
		row(&b, (struct trace_row){.kind = TRACE_MMIO, .addr = 4 * i, .len = 4});
	EXPECT(&b, "... 8 more rows");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers_have_names_and_bits),
		cmocka_unit_test(geometry_is_learnt_from_capability_registers),
		cmocka_unit_test(trbs_and_events_are_words),
		cmocka_unit_test(refused_dma_says_why),
		cmocka_unit_test(rows_that_repeat_are_counted),
		cmocka_unit_test(control_answers_show_the_descriptor),
		cmocka_unit_test(rows_beyond_the_limit_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
