// SPDX-License-Identifier: MIT
/*
 * command.c -- the command ring (xHCI 4.6.1, 4.9.3): fetch, one handler per command type, one
 * completion event per command in ring order, Command Stop and Abort.
 */
#include "xhci/xhci.h"

static void complete(struct xhci *x, const struct command *c, enum completion_code code,
		     unsigned slot_id)
{
	struct trb event = {
		.parameter = c->addr,
		.status = (c->parameter & 0xffffff) | (uint32_t)code << 24,
		.control = trb_type_bits(c->vendor_event ? TRB_NEC_EVENT : TRB_EV_COMMAND) |
			(uint32_t)(slot_id & 0xff) << 24 | (uint32_t)c->vendor_bits << 16,
	};

	xhci_event_post(x, 0, &event, false);
}

static int no_op(struct xhci *x, struct command *c, unsigned *slot_id)
{
	(void)x, (void)c;
	*slot_id = 0;
	return CC_SUCCESS;
}

static bool slot_type_exists(const struct xhci *x, unsigned type)
{
	const struct xhci_protocol *row = x->profile->protocol;

	for (unsigned i = 0; i < XHCI_MAX_PROTOCOLS && row[i].ports; i++)
		if (row[i].slot_type == type)
			return true;
	return false;
}

/* xHCI 4.6.3: the lowest free slot within MaxSlotsEn. */
static int enable_slot(struct xhci *x, struct command *c, unsigned *slot_id)
{
	unsigned enabled = x->config & 0xff, type = trb_slot_type(&c->trb);

	*slot_id = 0;
	if (!slot_type_exists(x, type))
		return CC_TRB;
	for (unsigned id = 1; id <= x->profile->slots && id <= enabled; id++) {
		if (x->slots[id].state != SLOT_DISABLED)
			continue;
		xhci_slot_set_state(&x->slots[id], SLOT_ENABLED);
		x->slots[id].type = (uint8_t)type;
		*slot_id = id;
		return CC_SUCCESS;
	}
	return CC_NO_SLOTS;
}

/* xHCI 4.6.4 */
static int disable_slot(struct xhci *x, struct command *c, unsigned *slot_id)
{
	(void)c;
	if (!xhci_slot_get(x, *slot_id))
		return CC_SLOT_NOT_ENABLED;
	xhci_slot_disable(x, *slot_id);
	return CC_SUCCESS;
}

/* Vendor commands of the NEC/Renesas controllers, known from their drivers. */
static int nec_get_firmware(struct xhci *x, struct command *c, unsigned *slot_id)
{
	(void)x;
	c->vendor_event = true;
	c->parameter = 0x3034;
	*slot_id = 0;
	return CC_SUCCESS;
}

static uint32_t rotate_left(uint32_t v, unsigned n)
{
	return v << (n & 31) | v >> (-n & 31);
}

/* The Windows drivers go on only if the answer to their two random words is right. */
static int nec_challenge(struct xhci *x, struct command *c, unsigned *slot_id)
{
	const uint32_t key = 0x49434878; /* "xHCI" */
	uint32_t lo = (uint32_t)c->trb.parameter, hi = (uint32_t)(c->trb.parameter >> 32);
	uint32_t answer = ~(rotate_left(lo - key, -(hi >> 8)) + rotate_left(lo + key, hi) -
			    rotate_left(hi ^ key, lo >> 16));

	(void)x;
	c->vendor_event = true;
	c->parameter = answer & 0xffff;
	c->vendor_bits = (answer >> 16) & 0xff;
	*slot_id = answer >> 24;
	return CC_SUCCESS;
}

static const struct {
	command_handler *run;
	bool nec;
} handlers[64] = {
	[TRB_ENABLE_SLOT] = {enable_slot, false},
	[TRB_DISABLE_SLOT] = {disable_slot, false},
	[TRB_ADDRESS_DEVICE] = {xhci_command_address_device, false},
	[TRB_CONFIGURE_ENDPOINT] = {xhci_command_configure_endpoint, false},
	[TRB_EVALUATE_CONTEXT] = {xhci_command_evaluate_context, false},
	[TRB_RESET_ENDPOINT] = {xhci_command_reset_endpoint, false},
	[TRB_STOP_ENDPOINT] = {xhci_command_stop_endpoint, false},
	[TRB_SET_TR_DEQUEUE] = {xhci_command_set_dequeue, false},
	[TRB_RESET_DEVICE] = {xhci_command_reset_device, false},
	[TRB_GET_PORT_BW] = {xhci_command_port_bandwidth, false},
	[TRB_NO_OP_COMMAND] = {no_op, false},
	[TRB_NEC_GET_FW] = {nec_get_firmware, true},
	[TRB_NEC_CHALLENGE] = {nec_challenge, true},
};

static void execute(struct xhci *x)
{
	struct command *c = &x->command;
	unsigned type = trb_type(&c->trb), slot_id = trb_slot(&c->trb);
	int code = CC_TRB;

	if (handlers[type].run && (x->profile->nec || !handlers[type].nec))
		code = handlers[type].run(x, c, &slot_id);
	if (code == COMMAND_WAITS)
		x->command_waiting = true;
	else if (xhci_running(x))
		complete(x, c, (enum completion_code)code, slot_id);
}

bool xhci_command_run(struct xhci *x, unsigned *budget)
{
	struct dma_tag tag = {.what = DMA_CMD_TRB};

	while (x->command_running && !x->command_waiting && xhci_running(x)) {
		if (xhci_event_full(x))
			return true;
		x->command = (struct command){0};
		switch (xhci_ring_fetch(x, &x->command_ring, tag, budget, false, &x->command.trb,
					&x->command.addr)) {
		case RING_READY:
			execute(x);
			break;
		case RING_EMPTY:
			return false;
		case RING_BUDGET:
			return true;
		case RING_ERROR:
			xhci_host_system_error(x);
			return false;
		}
	}
	return x->command_waiting;
}

void xhci_command_finish(struct xhci *x, enum completion_code code, unsigned slot_id)
{
	struct xhci_ep *ep = xhci_ep_get(x, x->address.slot, 1);

	if (!x->command_waiting)
		return;
	x->command_waiting = false;
	complete(x, &x->command, code, slot_id);
	if (ep && ep->rung) /* while the command waited for the device */
		xhci_queue_ep(ep);
	x->command_kicked = true;
}

/* xHCI 4.6.1.1, 4.6.1.2: the ring stands at the command that would have been next. */
void xhci_command_stop(struct xhci *x, bool abort_current)
{
	struct command stopped = {.addr = x->command_ring.dequeue};

	if (!x->command_running)
		return;
	if (x->command_waiting && !abort_current)
		return; /* the command under way is finished first; software may still abort */
	if (x->command_waiting) {
		unsigned id = x->address.slot;

		xhci_command_address_fail(x);
		xhci_command_finish(x, CC_COMMAND_ABORTED, id);
	}
	x->command_running = x->command_kicked = false;
	x->crcr &= ~(uint64_t)CRCR_CRR;
	complete(x, &stopped, CC_COMMAND_STOPPED, 0);
}
