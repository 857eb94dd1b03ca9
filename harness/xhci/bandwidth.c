// SPDX-License-Identifier: MIT
/*
 * bandwidth.c -- what endpoints take (xHCI 4.14.1, 4.16): time of the buses they are on, whether more of
 * them fit, Get Port Bandwidth (4.6.15, 6.2.6), and which Max Exit Latency their intervals bear.
 * Each root hub port is a bus of its own; behind a translator of a high-speed hub is one more, a secondary
 * domain. Nothing is kept: the schedule follows from the endpoints that are there. Endpoints are placed by
 * their intervals, the shortest first, each where the bus is least busy. Left out: Negotiate Bandwidth.
 */
#include "xhci/xhci.h"

#define PHASES 64u /* units of a schedule; longer intervals count as this one */
#define PHASES_LOG2 6u
#define MICROFRAME_NS 125000u
#define FRAME_NS 1000000u
#define FRAME_LOG2 3u      /* microframes */
#define SPLIT_BYTES 188u   /* USB2 11.18.1: what goes to a translator in a microframe */
#define SS_PACKET_BYTES 60 /* USB3 7.2, 8.5: header, framing and acknowledgement beside a payload */

struct bus {
	uint8_t root_port;
	uint8_t speed;            /* FULL stands for low, too */
	uint8_t tt_slot, tt_port; /* a secondary domain; port 0: one translator for all ports */
};

struct schedule {
	uint32_t ns[PHASES]; /* taken in each microframe, or frame of a bus at full speed */
};

static uint32_t unit_ns(const struct bus *b)
{
	return b->speed == USB_SPEED_FULL ? FRAME_NS : MICROFRAME_NS;
}

/* USB2 5.6.4, 5.7.4; USB3 4.4.7, 4.4.8: what periodic endpoints may have of it. */
static uint32_t limit_ns(const struct bus *b)
{
	return unit_ns(b) / 100 * (b->speed == USB_SPEED_HIGH ? 80 : 90);
}

/* ---- what a transaction takes (USB2 5.11.3), in nanoseconds ------------------------------------ */

/* Bits with the worst of stuffing and the turn-around, each of bit_ps. */
static uint32_t bits_ns(uint32_t bytes, uint64_t bit_ps)
{
	return (uint32_t)((bytes * 7 * 8 / 6 + 3) * bit_ps / 1000);
}

static uint32_t high_ns(uint32_t bytes, bool isoch)
{
	return (isoch ? 38 : 55) * 8 * 2083 / 1000 + bits_ns(bytes, 2083);
}

static uint32_t full_ns(unsigned speed, unsigned type, uint32_t bytes)
{
	if (speed == USB_SPEED_LOW)
		return 64107 + 2 * 333 + bits_ns(bytes, 676670);
	if (type == EP_ISOCH_IN || type == EP_ISOCH_OUT)
		return (type == EP_ISOCH_IN ? 7268 : 6265) + bits_ns(bytes, 83540);
	return 9107 + bits_ns(bytes, 83540);
}

/* Bytes of a service interval: Max ESIT Payload, or if software left it 0 all that there can be. */
static uint32_t payload(const uint32_t *dw)
{
	uint32_t most = ep_ctx_max_packet(dw) * (ep_ctx_max_burst(dw) + 1) * (ep_ctx_mult(dw) + 1);
	uint32_t said = ep_ctx_max_esit(dw);

	return said && said < most ? said : most;
}

static uint32_t endpoint_ns(const struct bus *b, unsigned speed, const uint32_t *dw)
{
	unsigned type = ep_ctx_type(dw);
	bool isoch = type == EP_ISOCH_IN || type == EP_ISOCH_OUT;
	uint32_t bytes = payload(dw), packet = ep_ctx_max_packet(dw);
	uint32_t packets = (bytes + packet - 1) / packet;

	if (b->speed == USB_SPEED_SUPER) /* 500 MB/s */
		return 2 * (bytes + packets * SS_PACKET_BYTES);
	if (b->speed == USB_SPEED_FULL)
		return full_ns(speed, type, bytes);
	if (speed == USB_SPEED_HIGH)
		return (packets - 1) * high_ns(0, isoch) + high_ns(bytes, isoch);
	return high_ns(0, isoch) + high_ns((uint32_t)min_u64(bytes, SPLIT_BYTES), isoch);
}

/* ---- buses -------------------------------------------------------------------------------------- */

static bool needs_split(const uint32_t *slot_dw)
{
	return slot_ctx_tt_slot(slot_dw) && slot_ctx_speed(slot_dw) < USB_SPEED_HIGH;
}

static struct bus primary(const struct slot *s)
{
	unsigned speed = slot_ctx_speed(s->dw);

	if (speed > USB_SPEED_SUPER)
		speed = USB_SPEED_SUPER;
	if (speed < USB_SPEED_HIGH)
		speed = needs_split(s->dw) ? USB_SPEED_HIGH : USB_SPEED_FULL;
	return (struct bus){.root_port = s->root_port, .speed = (uint8_t)speed};
}

static struct bus translator(struct xhci *x, unsigned hub_slot, unsigned port)
{
	const struct slot *hub = xhci_slot_get(x, hub_slot);
	bool each = hub && slot_ctx_mtt(hub->dw);

	return (struct bus){hub ? hub->root_port : 0, USB_SPEED_FULL, (uint8_t)hub_slot,
			    each ? (uint8_t)port : 0};
}

/* The bus that a slot is on, or the one in between; false: there is none of that kind. */
static bool bus_of(struct xhci *x, const struct slot *s, bool secondary, struct bus *ret)
{
	if (!secondary)
		*ret = primary(s);
	else if (needs_split(s->dw))
		*ret = translator(x, slot_ctx_tt_slot(s->dw), slot_ctx_tt_port(s->dw));
	else
		return false;
	return true;
}

static bool same(const struct bus *a, const struct bus *b)
{
	return a->root_port == b->root_port && a->speed == b->speed && a->tt_slot == b->tt_slot &&
		a->tt_port == b->tt_port;
}

/* ---- the schedule ------------------------------------------------------------------------------- */

static bool is_periodic(const uint32_t *dw)
{
	unsigned type = ep_ctx_type(dw);

	return type != EP_NOT_VALID && type != EP_CONTROL && type != EP_BULK_IN &&
		type != EP_BULK_OUT;
}

/* The endpoint as it is, or will be after a change; NULL if there is none. */
static const uint32_t *endpoint(struct xhci *x, unsigned id, unsigned dci,
				const struct xhci_change *change)
{
	if (change && change->slot == id) {
		if (change->add & 1u << dci)
			return change->dw[dci];
		if (change->drop & 1u << dci)
			return NULL;
	}
	return x->slots[id].ep[dci] ? x->slots[id].ep[dci]->dw : NULL;
}

/* Units of the bus from one service to the next, as an exponent. */
static unsigned period(const struct bus *b, const uint32_t *dw)
{
	unsigned exponent = ep_ctx_interval(dw);

	if (b->speed == USB_SPEED_FULL)
		exponent = exponent > FRAME_LOG2 ? exponent - FRAME_LOG2 : 0;
	return exponent < PHASES_LOG2 ? exponent : PHASES_LOG2;
}

static void place(struct schedule *s, unsigned exponent, uint32_t ns)
{
	unsigned step = 1u << exponent, best = 0;
	uint32_t least = UINT32_MAX;

	for (unsigned phase = 0; phase < step; phase++) {
		uint32_t most = 0;

		for (unsigned i = phase; i < PHASES; i += step)
			most = s->ns[i] > most ? s->ns[i] : most;
		if (most >= least)
			continue;
		least = most;
		best = phase;
	}
	for (unsigned i = best; i < PHASES; i += step)
		s->ns[i] += ns;
}

/* Place those endpoints of a slot that have this period. */
static void place_slot(struct xhci *x, const struct bus *b, unsigned id, unsigned exponent,
		       const struct xhci_change *change, struct schedule *s)
{
	for (unsigned dci = 2; dci < 32; dci++) {
		const uint32_t *dw = endpoint(x, id, dci, change);

		if (dw && is_periodic(dw) && period(b, dw) == exponent)
			place(s, exponent, endpoint_ns(b, slot_ctx_speed(x->slots[id].dw), dw));
	}
}

/* Nanoseconds taken of the unit that is most so. */
static uint32_t taken_ns(struct xhci *x, const struct bus *b, const struct xhci_change *change)
{
	struct schedule s = {{0}};
	uint8_t on[XHCI_MAX_SLOTS];
	unsigned count = 0;
	uint32_t most = 0;

	for (unsigned id = 1; id <= x->profile->slots; id++) {
		struct bus its;

		if (x->slots[id].state != SLOT_DISABLED &&
		    bus_of(x, &x->slots[id], b->tt_slot, &its) && same(b, &its))
			on[count++] = (uint8_t)id;
	}
	for (unsigned exponent = 0; exponent <= PHASES_LOG2; exponent++)
		for (unsigned i = 0; i < count; i++)
			place_slot(x, b, on[i], exponent, change, &s);
	for (unsigned i = 0; i < PHASES; i++)
		most = s.ns[i] > most ? s.ns[i] : most;
	return most;
}

/* ---- Configure Endpoint, Evaluate Context --------------------------------------------------------- */

static unsigned endpoints(struct xhci *x, const struct xhci_change *change)
{
	unsigned n = 0;

	for (unsigned id = 1; id <= x->profile->slots; id++)
		for (unsigned dci = 1; x->slots[id].state != SLOT_DISABLED && dci < 32; dci++)
			n += endpoint(x, id, dci, change) != NULL;
	return n;
}

enum completion_code xhci_bandwidth_check(struct xhci *x, const struct xhci_change *change)
{
	const struct slot *s = &x->slots[change->slot];
	bool more = false;
	struct bus b;

	if (change->add && x->profile->endpoints && endpoints(x, change) > x->profile->endpoints)
		return CC_RESOURCE;
	for (unsigned dci = 2; dci < 32; dci++)
		more |= change->add & 1u << dci && is_periodic(change->dw[dci]);
	if (!more)
		return CC_SUCCESS;
	if (bus_of(x, s, false, &b) && taken_ns(x, &b, change) > limit_ns(&b))
		return CC_BANDWIDTH;
	if (bus_of(x, s, true, &b) && taken_ns(x, &b, change) > limit_ns(&b))
		return CC_SECONDARY_BANDWIDTH;
	return CC_SUCCESS;
}

bool xhci_bandwidth_bears(struct xhci *x, const struct xhci_change *change, unsigned mel_usec)
{
	if (slot_ctx_speed(x->slots[change->slot].dw) < USB_SPEED_SUPER)
		return true;
	for (unsigned dci = 2; dci < 32; dci++) {
		const uint32_t *dw = endpoint(x, change->slot, dci, change);

		if (dw && is_periodic(dw) && mel_usec >= 125u << ep_ctx_interval(dw))
			return false;
	}
	return true;
}

/* ---- Get Port Bandwidth --------------------------------------------------------------------------- */

static uint8_t percent_left(struct xhci *x, const struct bus *b)
{
	uint32_t taken = taken_ns(x, b, NULL), limit = limit_ns(b);

	return taken < limit ? (uint8_t)((limit - taken) / (unit_ns(b) / 100)) : 0;
}

/* The bus of a root port at this speed; false: it has no such. */
static bool root_bus(struct xhci *x, unsigned port, unsigned speed, struct bus *ret)
{
	*ret = (struct bus){.root_port = (uint8_t)port,
			    .speed = speed == USB_SPEED_LOW ? USB_SPEED_FULL : (uint8_t)speed};
	return (speed == USB_SPEED_SUPER) == (x->port[port].protocol == 3);
}

static bool hub_bus(struct xhci *x, unsigned hub_slot, unsigned port, unsigned speed,
		    struct bus *ret)
{
	const struct slot *hub = &x->slots[hub_slot];
	bool slow = speed == USB_SPEED_FULL || speed == USB_SPEED_LOW;

	if (slow && slot_ctx_speed(hub->dw) == USB_SPEED_HIGH) {
		*ret = translator(x, hub_slot, port);
		return true;
	}
	if (slow != (slot_ctx_speed(hub->dw) < USB_SPEED_HIGH) ||
	    (!slow && slot_ctx_speed(hub->dw) != speed))
		return false;
	return (slow && bus_of(x, hub, true, ret)) || bus_of(x, hub, false, ret);
}

int xhci_command_port_bandwidth(struct xhci *x, struct command *c, unsigned *slot_id)
{
	unsigned speed = (unsigned)bits(c->trb.control, 19, 16), hub = *slot_id;
	const struct slot *s = xhci_slot_get(x, hub);
	unsigned ports = s ? slot_ctx_hub_ports(s->dw) : x->port_count;
	uint8_t raw[1 + 255] = {0};
	struct bus b;

	if (hub && !s)
		return CC_SLOT_NOT_ENABLED;
	if ((s && !slot_ctx_hub(s->dw)) || speed < USB_SPEED_FULL || speed > USB_SPEED_SUPER)
		return CC_PARAMETER;
	for (unsigned i = 1; i <= ports; i++)
		if (hub ? hub_bus(x, hub, i, speed, &b) : root_bus(x, i, speed, &b))
			raw[i] = percent_left(x, &b);
	if (dma_write(x->g, (struct dma_tag){.what = DMA_PORT_BW},
		      c->trb.parameter & ~UINT64_C(0xf), raw, 1 + ports) != DMA_OK) {
		xhci_host_system_error(x);
		return CC_TRB;
	}
	return CC_SUCCESS;
}
