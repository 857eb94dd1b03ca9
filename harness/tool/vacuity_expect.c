// SPDX-License-Identifier: MIT
/*
 * vacuity_expect.c -- what a corpus should reach: all ops, all named values (but rings: 32 rows of
 * one kind), and of TRB types, events and completion codes those that the controller knows. A code
 * that is seen but not listed here is a mistake of this file.
 */
#include "tool/vacuity.h"
#include "usb/desc.h"

static const struct op_names *const tables[] = {
	&names_model,       &names_speed,        &names_driver,        &names_controller_action,
	&names_yes_no,      &names_control_flag, &names_transfer_flag, &names_direction,
	&names_trb_flag,    &names_command_type, &names_command_flag,  &names_reg,
	&names_access_size, &names_ack_mode,     &names_access,        &names_key,
	&names_pid,         &names_usb_status,   &names_answer_flag,   &names_profile,
};

static const uint8_t transfer_types[] = {TRB_NORMAL,     TRB_SETUP, TRB_DATA,
					 TRB_STATUS,     TRB_ISOCH, TRB_LINK,
					 TRB_EVENT_DATA, TRB_NO_OP, TRB_RESERVED};

static const uint8_t command_types[] = {
	TRB_LINK,           TRB_ENABLE_SLOT,        TRB_DISABLE_SLOT,
	TRB_ADDRESS_DEVICE, TRB_CONFIGURE_ENDPOINT, TRB_EVALUATE_CONTEXT,
	TRB_RESET_ENDPOINT, TRB_STOP_ENDPOINT,      TRB_SET_TR_DEQUEUE,
	TRB_RESET_DEVICE,   TRB_FORCE_EVENT,        TRB_NEGOTIATE_BW,
	TRB_SET_LTV,        TRB_GET_PORT_BW,        TRB_FORCE_HEADER,
	TRB_NO_OP_COMMAND,  TRB_GET_EXT_PROPERTY,   TRB_SET_EXT_PROPERTY,
	TRB_NEC_GET_FW,     TRB_NEC_CHALLENGE,
};

static const uint8_t event_types[] = {TRB_EV_TRANSFER, TRB_EV_COMMAND, TRB_EV_PORT,
				      TRB_EV_HOST,     TRB_EV_MFINDEX, TRB_NEC_EVENT};

static const uint8_t completion_codes[] = {
	CC_SUCCESS,
	CC_DATA_BUFFER,
	CC_BABBLE,
	CC_TRANSACTION,
	CC_TRB,
	CC_STALL,
	CC_RESOURCE,
	CC_BANDWIDTH,
	CC_NO_SLOTS,
	CC_STREAM_TYPE,
	CC_SLOT_NOT_ENABLED,
	CC_EP_NOT_ENABLED,
	CC_SHORT_PACKET,
	CC_RING_UNDERRUN,
	CC_RING_OVERRUN,
	CC_MISSED_SERVICE,
	CC_BANDWIDTH_OVERRUN,
	CC_PARAMETER,
	CC_CONTEXT_STATE,
	CC_NO_PING,
	CC_EVENT_RING_FULL,
	CC_INCOMPATIBLE,
	CC_EVENT_LOST,
	CC_COMMAND_STOPPED,
	CC_COMMAND_ABORTED,
	CC_STOPPED,
	CC_STOPPED_LENGTH,
	CC_STOPPED_SHORT,
	CC_MAX_EXIT_LATENCY,
	CC_ISOCH_OVERRUN,
	CC_STREAM_ID,
	CC_SECONDARY_BANDWIDTH,
	CC_SPLIT,
};

struct reached_table *reached_table(struct reached *r, const struct op_names *names)
{
	for (unsigned i = 0; i < ARRAY_SIZE(tables); i++)
		if (tables[i] == names)
			return &r->table[i];
	return NULL;
}

static void note_findings(struct reached *r, const struct usb_desc *set, enum usb_speed speed)
{
	size_t n = usb_desc_check(set, speed, NULL, 0);
	struct usb_desc_finding *finding = alloc_zero(n * sizeof(*finding));

	n = min_u64(n, usb_desc_check(set, speed, finding, n));
	for (size_t i = 0; i < n; i++)
		if ((unsigned)finding[i].problem < REACHED_PROBLEMS)
			r->problem[finding[i].problem] = 1;
	free(finding);
}

void reached_descriptors(struct reached *r, const uint8_t *bytes, size_t len)
{
	struct usb_desc *set = usb_desc_parse(bytes, len);

	for (enum usb_speed speed = USB_SPEED_FULL; speed <= USB_SPEED_SUPER; speed++)
		note_findings(r, set, speed);
	usb_desc_free(set);
}

struct count {
	FILE *out;
	unsigned expected, missing;
};

static void expect(struct count *c, bool reached, const char *kind, const char *name)
{
	c->expected++;
	if (reached)
		return;
	c->missing++;
	fprintf(c->out, "never reached: %s %s\n", kind, name ? name : "?");
}

static void unexpected(struct count *c, const uint8_t *reached, unsigned room, const uint8_t *list,
		       unsigned count, const char *kind, const char *(*name)(unsigned))
{
	for (unsigned v = 0; v < room; v++) {
		if (!reached[v] || memchr(list, (int)v, count))
			continue;
		c->missing++;
		c->expected++;
		fprintf(c->out, "seen but not listed: %s %u %s\n", kind, v, name(v) ? name(v) : "");
	}
}

static const char *type_text(unsigned v)
{
	return trb_type_name(v);
}

static const char *completion_text(unsigned v)
{
	return completion_name(v);
}

static void compare_ops(struct count *c, const struct reached *r)
{
	for (unsigned i = 0; i < OP_COUNT; i++)
		expect(c, r->op[i], "op", op_table[i].name);
	for (unsigned i = 0; i < ADDR_KINDS; i++)
		expect(c, r->addr_kind[i], "address kind", names_addr_kind.name[i]);
	for (unsigned t = 0; t < ARRAY_SIZE(tables); t++)
		for (unsigned row = 0; row < tables[t]->count && row < REACHED_ROWS; row++)
			if (tables[t]->name[row])
				expect(c, r->table[t].row[row], tables[t]->table,
				       tables[t]->name[row]);
}

unsigned reached_compare(struct reached *r, FILE *out)
{
	struct count c = {.out = out};

	compare_ops(&c, r);
	for (unsigned i = 0; i < ARRAY_SIZE(transfer_types); i++)
		expect(&c, r->transfer[transfer_types[i]],
		       "TRB on a transfer ring:", type_text(transfer_types[i]));
	for (unsigned i = 0; i < ARRAY_SIZE(command_types); i++)
		expect(&c, r->command[command_types[i]],
		       "TRB on the command ring:", type_text(command_types[i]));
	for (unsigned i = 0; i < ARRAY_SIZE(event_types); i++)
		expect(&c, r->event[event_types[i]], "event", type_text(event_types[i]));
	for (unsigned i = 0; i < ARRAY_SIZE(completion_codes); i++)
		expect(&c, r->completion[completion_codes[i]], "completion code",
		       completion_text(completion_codes[i]));
	unexpected(&c, r->event, 64, event_types, ARRAY_SIZE(event_types), "event", type_text);
	unexpected(&c, r->completion, 256, completion_codes, ARRAY_SIZE(completion_codes),
		   "completion code", completion_text);
	expect(&c, r->irq[IRQ_INTX], "interrupt by", "INTx");
	expect(&c, r->irq[IRQ_MSI], "interrupt by", "MSI");
	expect(&c, r->irq[IRQ_MSIX], "interrupt by", "MSI-X");
	expect(&c, r->irq[IRQ_PME], "wire", "PME#");
	expect(&c, r->irq[IRQ_SERR], "wire", "SERR#");
	expect(&c, r->irq[IRQ_SMI], "wire", "SMI");
	expect(&c, r->irq[IRQ_RESET], "wire", "function reset");
	for (unsigned i = 0; i < USB_DESC_PROBLEMS; i++)
		expect(&c, r->problem[i], "descriptor problem",
		       usb_desc_problem_name((enum usb_desc_problem)i));
	r->expected = c.expected;
	return c.missing;
}
