// SPDX-License-Identifier: MIT
#include "oracle/testbed.h"

static void line(struct bed *b, unsigned level)
{
	bed_row(b, (struct trace_row){.kind = TRACE_IRQ, .what = IRQ_INTX, .value = level});
}

static void message(struct bed *b)
{
	bed_row(b,
		(struct trace_row){
			.kind = TRACE_IRQ, .what = IRQ_MSI, .addr = 0xfee00000, .value = 1});
}

static void enable(struct bed *b)
{
	bed_oper(b, XHCI_USBCMD, USBCMD_RS | USBCMD_INTE, 4);
	bed_intr(b, 0, XHCI_IMAN, IMAN_IE, 4);
}

static void a_line_up_while_enabled_is_fine(void **state)
{
	struct bed *b = *state;

	enable(b);
	bed_event(b, bed_port_event());
	line(b, 1);
	bed_intr(b, 0, XHCI_IMAN, 0, 4);
	line(b, 0);
	bed_row(b, (struct trace_row){.kind = TRACE_OP});
	assert_clean(b);
}

static void a_line_without_inte_fires(void **state)
{
	struct bed *b = *state;

	bed_intr(b, 0, XHCI_IMAN, IMAN_IE, 4);
	line(b, 1);
	assert_fired(b, oracle_interrupt);
}

static void a_line_without_ie_fires(void **state)
{
	struct bed *b = *state;

	bed_oper(b, XHCI_USBCMD, USBCMD_RS | USBCMD_INTE, 4);
	line(b, 1);
	assert_fired(b, oracle_interrupt);
}

static void a_line_that_stays_up_when_ie_is_cleared_fires(void **state)
{
	struct bed *b = *state;

	enable(b);
	line(b, 1);
	bed_intr(b, 0, XHCI_IMAN, 0, 4);
	assert_clean(b);
	bed_row(b, (struct trace_row){.kind = TRACE_OP});
	assert_fired(b, oracle_interrupt);
}

static void a_function_reset_takes_the_line_down(void **state)
{
	struct bed *b = *state;

	enable(b);
	bed_event(b, bed_port_event());
	line(b, 1);
	bed_row(b, (struct trace_row){.kind = TRACE_IRQ, .what = IRQ_RESET, .value = 1});
	bed_row(b, (struct trace_row){.kind = TRACE_OP});
	assert_clean(b);
	line(b, 1);
	assert_fired(b, oracle_interrupt);
}

static void a_message_never_enabled_fires(void **state)
{
	struct bed *b = *state;

	bed_event(b, bed_port_event());
	message(b);
	assert_fired(b, oracle_interrupt);
}

static void messages_without_a_cause_fire(void **state)
{
	struct bed *b = *state;

	enable(b);
	for (unsigned i = 0; i < 100; i++)
		message(b);
	assert_fired(b, oracle_interrupt);
}

static void a_message_for_each_event_is_fine(void **state)
{
	struct bed *b = *state;

	enable(b);
	for (unsigned i = 0; i < 100; i++) {
		bed_event(b, bed_port_event());
		message(b);
		bed_take_events(b);
	}
	assert_clean(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bed_test(a_line_up_while_enabled_is_fine),
		bed_test(a_line_without_inte_fires),
		bed_test(a_line_without_ie_fires),
		bed_test(a_line_that_stays_up_when_ie_is_cleared_fires),
		bed_test(a_function_reset_takes_the_line_down),
		bed_test(a_message_never_enabled_fires),
		bed_test(messages_without_a_cause_fire),
		bed_test(a_message_for_each_event_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
