// SPDX-License-Identifier: MIT
/*
 * explain_trb.c -- a TRB as words (xHCI 6.4): transfer, command and event TRBs.
 */
#include "tool/explain.h"
#include "xhci/abi.h"

const char *explain_endpoint(unsigned dci, char *buf)
{
	if (!dci)
		snprintf(buf, 16, "command");
	else if (dci == 1)
		snprintf(buf, 16, "ep0");
	else
		snprintf(buf, 16, "ep%u%s", (dci / 2) & 0xff, dci & 1 ? "in" : "out");
	return buf;
}

static void flags(struct explain *e, const struct trb *t, unsigned type)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} name[] = {
		{TRB_ISP, "ISP"}, {TRB_NS, "NS"},   {TRB_CH, "CH"},
		{TRB_IOC, "IOC"}, {TRB_IDT, "IDT"}, {TRB_BEI, "BEI"},
	};

	if (t->control & TRB_ENT)
		fprintf(e->out, type == TRB_LINK ? " TC" : " ENT");
	for (unsigned i = 0; i < ARRAY_SIZE(name); i++)
		if (t->control & name[i].bit)
			fprintf(e->out, " %s", name[i].name);
	fprintf(e->out, " cycle=%u", t->control & TRB_CYCLE);
}

static void transfer(struct explain *e, const struct trb *t, const uint8_t *raw)
{
	unsigned type = trb_type(t);

	switch (type) {
	case TRB_SETUP:
		fputc(' ', e->out);
		explain_setup(e, raw);
		fprintf(e->out, " TRT=%u", (unsigned)bits(t->control, 17, 16));
		break;
	case TRB_LINK:
		fprintf(e->out, " to 0x%llx", (unsigned long long)(t->parameter & ~UINT64_C(15)));
		break;
	case TRB_EVENT_DATA:
		fprintf(e->out, " data 0x%llx", (unsigned long long)t->parameter);
		break;
	case TRB_STATUS:
	case TRB_NO_OP:
		break;
	default:
		fprintf(e->out, " buffer 0x%llx length %u TD size %u",
			(unsigned long long)t->parameter, trb_length(t),
			(unsigned)bits(t->status, 21, 17));
		if (type == TRB_ISOCH && t->control & TRB_SIA)
			fprintf(e->out, " SIA");
		else if (type == TRB_ISOCH)
			fprintf(e->out, " frame %u", (unsigned)bits(t->control, 30, 20));
	}
	if (type == TRB_DATA || type == TRB_STATUS)
		fprintf(e->out, t->control & TRB_DIR_IN ? " IN" : " OUT");
	if (trb_interrupter(t))
		fprintf(e->out, " interrupter %u", trb_interrupter(t));
	flags(e, t, type);
}

static void command(struct explain *e, const struct trb *t)
{
	unsigned type = trb_type(t);
	char name[16];

	if (type != TRB_ENABLE_SLOT && type != TRB_NO_OP_COMMAND && type != TRB_LINK)
		fprintf(e->out, " slot %u", trb_slot(t));
	switch (type) {
	case TRB_ADDRESS_DEVICE:
		fprintf(e->out, " input context 0x%llx%s", (unsigned long long)t->parameter,
			t->control & TRB_BSR ? " BSR" : "");
		break;
	case TRB_CONFIGURE_ENDPOINT:
		fprintf(e->out, " input context 0x%llx%s", (unsigned long long)t->parameter,
			t->control & TRB_DC ? " DC" : "");
		break;
	case TRB_EVALUATE_CONTEXT:
		fprintf(e->out, " input context 0x%llx", (unsigned long long)t->parameter);
		break;
	case TRB_RESET_ENDPOINT:
		fprintf(e->out, " %s%s", explain_endpoint(trb_endpoint(t), name),
			t->control & TRB_TSP ? " TSP" : "");
		break;
	case TRB_STOP_ENDPOINT:
		fprintf(e->out, " %s%s", explain_endpoint(trb_endpoint(t), name),
			t->control & TRB_SP ? " SP" : "");
		break;
	case TRB_SET_TR_DEQUEUE:
		fprintf(e->out, " %s to 0x%llx DCS=%u stream %u",
			explain_endpoint(trb_endpoint(t), name),
			(unsigned long long)(t->parameter & ~UINT64_C(15)),
			(unsigned)(t->parameter & 1), trb_stream(t));
		break;
	case TRB_LINK:
		fprintf(e->out, " to 0x%llx%s", (unsigned long long)(t->parameter & ~UINT64_C(15)),
			t->control & TRB_TC ? " TC" : "");
		break;
	default:
		if (t->parameter)
			fprintf(e->out, " parameter 0x%llx", (unsigned long long)t->parameter);
	}
	fprintf(e->out, " cycle=%u", t->control & TRB_CYCLE);
}

static void event(struct explain *e, const struct trb *t)
{
	const char *code = completion_name(trb_completion(t));
	char name[16];

	switch (trb_type(t)) {
	case TRB_EV_TRANSFER:
		fprintf(e->out, " slot %u %s", trb_slot(t),
			explain_endpoint(trb_endpoint(t), name));
		break;
	case TRB_EV_PORT:
		fprintf(e->out, " port %u", (unsigned)bits(t->parameter, 31, 24));
		break;
	case TRB_EV_COMMAND:
	case TRB_NEC_EVENT:
		fprintf(e->out, " slot %u of command 0x%llx", trb_slot(t),
			(unsigned long long)t->parameter);
		break;
	default:
		break;
	}
	if (code)
		fprintf(e->out, " %s", code);
	else
		fprintf(e->out, " code %u", trb_completion(t));
	if (trb_type(t) == TRB_EV_TRANSFER) {
		fprintf(e->out, t->control & TRB_EV_ED ? " transferred %u" : " residual %u",
			(unsigned)bits(t->status, 23, 0));
		fprintf(e->out, t->control & TRB_EV_ED ? " event data 0x%llx" : " of TRB 0x%llx",
			(unsigned long long)t->parameter);
	}
	fprintf(e->out, " cycle=%u", t->control & TRB_CYCLE);
}

void explain_trb(struct explain *e, const uint8_t raw[16], unsigned slot, unsigned dci,
		 bool is_event)
{
	struct trb t = trb_decode(raw);
	const char *type = trb_type_name(trb_type(&t));
	char name[16];

	if (slot && dci)
		fprintf(e->out, "slot %u %s ", slot, explain_endpoint(dci, name));
	if (!t.parameter && !t.status && !(t.control & ~1u)) {
		fprintf(e->out, "empty, cycle=%u", t.control);
		return;
	}
	if (type)
		fprintf(e->out, "%s", type);
	else
		fprintf(e->out, "type %u", trb_type(&t));
	if (is_event)
		event(e, &t);
	else if (dci)
		transfer(e, &t, raw);
	else
		command(e, &t);
}
