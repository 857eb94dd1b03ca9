// SPDX-License-Identifier: MIT
/*
 * command_slot.c -- commands on a slot as a whole: Address Device (xHCI 4.6.5), Configure
 * Endpoint (4.6.6), Evaluate Context (4.6.7), Reset Device (4.6.11).
 * Input contexts are read once, checked completely, and only then take effect.
 */
#include "xhci/xhci.h"

#define CONTEXT_ENTRIES_SHIFT 27

static uint64_t input_pointer(const struct command *c)
{
	return c->trb.parameter & ~UINT64_C(0xf);
}

static void set_entries(struct slot *s, unsigned entries)
{
	s->dw[0] = (s->dw[0] & 0x07ffffff) | (uint32_t)entries << CONTEXT_ENTRIES_SHIFT;
}

/* ---- Address Device ---- */

static bool port_taken(struct xhci *x, unsigned id, unsigned root_port, uint32_t route)
{
	for (unsigned other = 1; other <= x->profile->slots; other++)
		if (other != id && x->slots[other].state != SLOT_DISABLED &&
		    x->slots[other].state != SLOT_ENABLED &&
		    x->slots[other].root_port == root_port && x->slots[other].route == route)
			return true;
	return false;
}

/* Where the device context lies: fetched once, kept (xHCI 6.1). CC_SUCCESS, or what is wrong with it. */
static enum completion_code fetch_context_pointer(struct xhci *x, unsigned id, unsigned entries)
{
	uint8_t raw[8];

	if (!xhci_context_place_valid(x, x->dcbaap, 8, id))
		return CC_PARAMETER;
	if (dma_read(x->g, (struct dma_tag){.what = DMA_DCBAA, .slot = (uint8_t)id},
		     x->dcbaap + 8 * id, raw, sizeof(raw)) != DMA_OK) {
		xhci_host_system_error(x);
		return CC_TRB;
	}
	if (!xhci_context_place_valid(x, get_le64(raw), xhci_context_bytes(x), entries))
		return CC_PARAMETER;
	x->slots[id].context = get_le64(raw) & ~UINT64_C(0x3f);
	return CC_SUCCESS;
}

static int addressed(struct xhci *x, unsigned id, enum slot_state state)
{
	struct slot *s = &x->slots[id];

	s->address = state == SLOT_ADDRESSED ? (uint8_t)(id & 0x7f) : 0;
	xhci_slot_set_state(s, state);
	xhci_context_write_slot(x, id);
	xhci_context_write_ep(x, id, 1);
	return CC_SUCCESS;
}

static void address_packet_done(struct usb_packet *p)
{
	struct xhci *x = p->opaque;

	xhci_command_address_retry(x); /* may free p */
	if (!x->working && !x->defer)
		xhci_work(x);
}

void xhci_command_address_cancel(struct xhci *x)
{
	usb_packet_free(x->address.packet);
	x->address.packet = NULL;
	x->address.naked = false;
}

static struct usb_packet *address_packet(struct xhci *x, struct usb_device *dev)
{
	bool setup = x->address.stage == 0;
	struct usb_packet *p = usb_packet_new(dev, setup ? USB_SETUP : USB_IN, 0, setup ? 8 : 0);

	if (setup) {
		p->data[1] = 0x05; /* SET_ADDRESS, USB2 9.4.6 */
		p->data[2] = x->address.slot & 0x7f;
	}
	p->complete = address_packet_done;
	p->opaque = x;
	return p;
}

void xhci_command_address_fail(struct xhci *x)
{
	struct slot *s = &x->slots[x->address.slot];

	xhci_command_address_cancel(x);
	if (s->state == SLOT_ENABLED) { /* it has no endpoint then, xHCI 4.5.3 */
		xhci_ep_free(s->ep[1]);
		s->ep[1] = NULL;
	} else if (xhci_running(x)) { /* it was set up anew for SET_ADDRESS, and stays so */
		xhci_context_write_ep(x, x->address.slot, 1);
	}
}

/*
 * The two packets of SET_ADDRESS. Returns the command's code, or COMMAND_WAITS while the
 * device is asked again (NAK) or takes its time (asynchronous).
 */
static int address_step(struct xhci *x)
{
	struct slot *s = &x->slots[x->address.slot];

	int code = CC_TRANSACTION;

	for (;;) {
		struct usb_device *dev = xhci_slot_route(x, s->root_port, s->route);
		enum usb_status status;

		if (!dev)
			break;
		if (!x->address.packet)
			x->address.packet = address_packet(x, dev);
		if (x->address.packet->state == USB_PACKET_WITH_DEVICE)
			return COMMAND_WAITS;
		if (x->address.packet->state == USB_PACKET_DONE)
			status = x->address.packet->status;
		else
			status = usb_packet_submit(x->address.packet);
		x->address.naked = status == USB_NAK;
		if (status == USB_ASYNC || status == USB_NAK)
			return COMMAND_WAITS;
		if (status ==
		    USB_BABBLE) /* data where none can be: no device of USB (table 6-90) */
			code = CC_INCOMPATIBLE;
		if (status != USB_OK)
			break;
		xhci_command_address_cancel(x);
		if (x->address.stage++ == 1)
			return addressed(x, x->address.slot, SLOT_ADDRESSED);
	}
	xhci_command_address_fail(x);
	return code;
}

void xhci_command_address_retry(struct xhci *x)
{
	const struct slot *s = &x->slots[x->address.slot];
	int code;

	if (!x->command_waiting)
		return;
	if (x->address.packet && x->address.packet->state == USB_PACKET_IDLE &&
	    !xhci_slot_route(x, s->root_port, s->route))
		xhci_command_address_cancel(x);
	if (x->usbsts &
	    USBSTS_HCH) /* no context and no event now (xHCI 5.4.1.1): xhci_run comes back */
		return;
	code = address_step(x);
	if (code != COMMAND_WAITS)
		xhci_command_finish(x, (enum completion_code)code, x->address.slot);
}

int xhci_command_address_device(struct xhci *x, struct command *c, unsigned *slot_id)
{
	struct slot *s = xhci_slot_get(x, *slot_id);
	bool bsr = c->trb.control & TRB_BSR;
	uint32_t ctl[8], slot_dw[8], ep_dw[8];
	uint64_t input = input_pointer(c);
	enum completion_code code;
	unsigned port;
	uint32_t route;

	if (!s)
		return CC_SLOT_NOT_ENABLED;
	if (s->state != SLOT_ENABLED && (bsr || s->state != SLOT_DEFAULT))
		return CC_CONTEXT_STATE;
	if (!xhci_context_read_input(x, *slot_id, input, 0, ctl) ||
	    !xhci_context_read_input(x, *slot_id, input, 1, slot_dw) ||
	    !xhci_context_read_input(x, *slot_id, input, 2, ep_dw))
		return CC_TRB;
	if (ctl[0] || (ctl[1] & ~0u) != 3)
		return CC_TRB;
	port = slot_ctx_root_port(slot_dw);
	route = slot_ctx_route(slot_dw);
	if (!xhci_port_get(x, port) || slot_ctx_interrupter(slot_dw) >= x->profile->intrs ||
	    port_taken(x, *slot_id, port, route))
		return CC_TRB;
	if (xhci_port_get(x, port)->slot_type != s->type)
		return CC_PARAMETER; /* a slot for another protocol */
	if (!xhci_slot_route(x, port, route))
		return CC_TRANSACTION;
	code = xhci_context_tt_check(x, slot_dw);
	if (code != CC_SUCCESS)
		return code;
	memcpy(s->dw, slot_dw, 3 * sizeof(uint32_t));
	code = xhci_context_ep_check(x, s, 1, ep_dw);
	if (code != CC_SUCCESS)
		return code;
	code = fetch_context_pointer(x, *slot_id, slot_ctx_entries(slot_dw));
	if (code != CC_SUCCESS)
		return code;
	s->root_port = (uint8_t)port;
	s->route = route;
	xhci_ep_free(s->ep[1]);
	s->ep[1] = xhci_ep_new(x, *slot_id, 1, ep_dw);
	if (bsr)
		return addressed(x, *slot_id, SLOT_DEFAULT);
	xhci_command_address_cancel(x);
	x->address.slot = (uint8_t)*slot_id;
	x->address.stage = 0;
	return address_step(x);
}

/* ---- Configure Endpoint ---- */

static void drop_ep(struct xhci *x, unsigned id, unsigned dci)
{
	struct slot *s = &x->slots[id];

	if (!s->ep[dci])
		return;
	xhci_ep_free(s->ep[dci]);
	s->ep[dci] = NULL;
	xhci_context_write_ep(x, id, dci);
}

static bool has_endpoints(const struct slot *s)
{
	for (unsigned dci = 2; dci < 32; dci++)
		if (s->ep[dci])
			return true;
	return false;
}

static int deconfigure(struct xhci *x, unsigned id)
{
	struct slot *s = &x->slots[id];

	for (unsigned dci = 2; dci < 32; dci++)
		drop_ep(x, id, dci);
	if (s->state == SLOT_CONFIGURED)
		xhci_slot_set_state(s, SLOT_ADDRESSED);
	set_entries(s, 1);
	xhci_context_write_slot(x, id);
	return CC_SUCCESS;
}

int xhci_command_configure_endpoint(struct xhci *x, struct command *c, unsigned *slot_id)
{
	struct slot *s = xhci_slot_get(x, *slot_id);
	uint32_t ctl[8], slot_dw[8], ep_dw[32][8];
	uint64_t input = input_pointer(c);
	struct xhci_change change;
	enum completion_code code;

	if (!s)
		return CC_SLOT_NOT_ENABLED;
	if (s->state != SLOT_ADDRESSED && s->state != SLOT_CONFIGURED)
		return CC_CONTEXT_STATE;
	if (c->trb.control & TRB_DC)
		return deconfigure(x, *slot_id);
	if (!xhci_context_read_input(x, *slot_id, input, 0, ctl) ||
	    !xhci_context_read_input(x, *slot_id, input, 1, slot_dw))
		return CC_TRB;
	if ((ctl[0] & 3) || (ctl[1] & 3) != 1)
		return CC_TRB;
	if (!xhci_context_place_valid(x, s->context, xhci_context_bytes(x),
				      slot_ctx_entries(slot_dw)))
		return CC_PARAMETER;
	change = (struct xhci_change){*slot_id, ctl[0], ctl[1] & ~3u, ep_dw};
	for (unsigned dci = 2; dci < 32; dci++) {
		if (!(ctl[1] & 1u << dci))
			continue;
		if (!xhci_context_read_input(x, *slot_id, input, dci + 1, ep_dw[dci]))
			return CC_TRB;
		code = xhci_context_ep_check(x, s, dci, ep_dw[dci]);
		if (code != CC_SUCCESS)
			return code;
	}
	code = xhci_bandwidth_check(x, &change);
	if (code != CC_SUCCESS)
		return code;
	if (x->usbcmd & USBCMD_CME && !xhci_bandwidth_bears(x, &change, slot_ctx_mel(slot_dw)))
		return CC_MAX_EXIT_LATENCY;
	for (unsigned dci = 2; dci < 32; dci++) {
		if ((ctl[0] | ctl[1]) & 1u << dci)
			drop_ep(x, *slot_id, dci);
		if (ctl[1] & 1u << dci) {
			s->ep[dci] = xhci_ep_new(x, *slot_id, dci, ep_dw[dci]);
			xhci_context_write_ep(x, *slot_id, dci);
		}
	}
	set_entries(s, slot_ctx_entries(slot_dw));
	xhci_context_take_hub(s, slot_dw);
	xhci_slot_set_state(s, has_endpoints(s) ? SLOT_CONFIGURED : SLOT_ADDRESSED);
	xhci_context_write_slot(x, *slot_id);
	return CC_SUCCESS;
}

/* ---- Evaluate Context ---- */

int xhci_command_evaluate_context(struct xhci *x, struct command *c, unsigned *slot_id)
{
	struct slot *s = xhci_slot_get(x, *slot_id);
	uint32_t ctl[8], dw[8];
	uint64_t input = input_pointer(c);

	if (!s)
		return CC_SLOT_NOT_ENABLED;
	if (s->state == SLOT_ENABLED)
		return CC_CONTEXT_STATE;
	if (!xhci_context_read_input(x, *slot_id, input, 0, ctl))
		return CC_TRB;
	if (ctl[0] || (ctl[1] & ~3u))
		return CC_TRB;
	if (ctl[1] & 1) { /* only Max Exit Latency and Interrupter Target: xHCI 6.2.2.3 */
		if (!xhci_context_read_input(x, *slot_id, input, 1, dw))
			return CC_TRB;
		if (slot_ctx_interrupter(dw) >= x->profile->intrs)
			return CC_PARAMETER;
		if (!xhci_bandwidth_bears(x, &(struct xhci_change){.slot = *slot_id},
					  slot_ctx_mel(dw)))
			return CC_MAX_EXIT_LATENCY;
		s->dw[1] = (s->dw[1] & ~0xffffu) | slot_ctx_mel(dw);
		s->dw[2] = (s->dw[2] & 0x3fffff) | slot_ctx_interrupter(dw) << 22;
		xhci_context_write_slot(x, *slot_id);
	}
	if (ctl[1] & 2) { /* only Max Packet Size: xHCI 6.2.3.3 */
		struct xhci_ep *ep = s->ep[1];

		if (!xhci_context_read_input(x, *slot_id, input, 2, dw))
			return CC_TRB;
		if (!ep || ep_ctx_max_packet(dw) < 1 || ep_ctx_max_packet(dw) > 1024)
			return CC_PARAMETER;
		ep->max_packet = (uint16_t)ep_ctx_max_packet(dw);
		ep->dw[1] = (ep->dw[1] & 0xffff) | (uint32_t)ep->max_packet << 16;
		xhci_context_write_ep(x, *slot_id, 1);
	}
	return CC_SUCCESS;
}

/* ---- Reset Device ---- */

int xhci_command_reset_device(struct xhci *x, struct command *c, unsigned *slot_id)
{
	struct slot *s = xhci_slot_get(x, *slot_id);

	(void)c;
	if (!s)
		return CC_SLOT_NOT_ENABLED;
	if (s->state != SLOT_ADDRESSED && s->state != SLOT_CONFIGURED)
		return CC_CONTEXT_STATE;
	for (unsigned dci = 2; dci < 32; dci++)
		drop_ep(x, *slot_id, dci);
	xhci_slot_set_state(s, SLOT_DEFAULT);
	s->address = 0;
	set_entries(s, 1);
	xhci_ep_restart(s->ep[1]);
	xhci_context_write_slot(x, *slot_id);
	xhci_context_write_ep(x, *slot_id, 1);
	return CC_SUCCESS;
}
