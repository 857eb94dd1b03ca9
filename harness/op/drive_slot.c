// SPDX-License-Identifier: MIT
/*
 * drive_slot.c -- from a connector to a configured device (xHCI 4.3): port, slot, address,
 * descriptors, endpoints, class set-up.
 *
 * Ops name connectors, 1-based; a connector may have two port register sets, one for each
 * protocol (xHCI 7.2). A value beyond the last connector wraps around.
 */
#include "op/drive_core.h"

#define RESET_PATIENCE 6u /* times 10 ms */
#define GET_DESCRIPTOR 6u
#define SET_CONFIGURATION 9u
#define HID_SET_IDLE 10u

unsigned drive_connector_count(struct drive *d)
{
	int n = d->b->ops->port_model(d->b, 0, 0);

	return n < 1 ? 1 : (unsigned)min_u64((uint64_t)n, DRIVE_MAX_CONNECTORS);
}

/* ---- ports --------------------------------------------------------------------------------- */

static bool is_usb3(const struct drive *d, unsigned port)
{
	for (unsigned i = 1; i <= d->caps.usb3_count; i++)
		if (d->caps.usb3_port[i] == port)
			return true;
	return false;
}

/* PORTSC number of a connector: the one that sees a device, else the USB2 one. */
static unsigned connector_port(struct drive *d, unsigned connector)
{
	const struct drive_caps *c = &d->caps;
	unsigned n = drive_connector_count(d), usb2, usb3;

	if (c->usb2_count != n && c->usb3_count != n)
		return connector;
	usb2 = connector <= c->usb2_count ? c->usb2_port[connector] : 0;
	usb3 = connector <= c->usb3_count ? c->usb3_port[connector] : 0;
	if (usb3 && (!usb2 || drive_port_read(d, usb3) & PORTSC_CCS))
		return usb3;
	return usb2 ? usb2 : 1;
}

static void clear_changes(struct drive *d, unsigned port)
{
	uint32_t changes = drive_port_read(d, port) & PORTSC_CHANGES;

	if (changes)
		drive_port_write(d, port, changes);
}

static void port_reset(struct drive *d, unsigned port)
{
	uint32_t now;

	clear_changes(d, port);
	now = drive_port_read(d, port);
	if (!(now & PORTSC_PP))
		drive_port_write(d, port, PORTSC_PP);
	/* a SuperSpeed link trains by itself (xHCI 4.3); Linux resets it all the same */
	if (is_usb3(d, port) && now & PORTSC_PED && !d->irq_driven)
		return;
	drive_port_write(d, port, is_usb3(d, port) && !(now & PORTSC_PED) ? PORTSC_WPR : PORTSC_PR);
	for (unsigned i = 0; i < RESET_PATIENCE; i++) {
		if (drive_port_read(d, port) & PORTSC_PRC)
			break;
		drive_step(d, 10000);
	}
	clear_changes(d, port);
}

static void port_changed(struct drive *d, unsigned port)
{
	uint32_t now = drive_port_read(d, port);

	if (now & PORTSC_CHANGES)
		drive_port_write(d, port, now & PORTSC_CHANGES);
	for (unsigned i = 0; now & PORTSC_CSC && i < d->used_count; i++) {
		struct drive_slot *s = d->slot[d->used[i]];

		if (s->port == port) /* the slot is left alone until the connector is used again */
			s->addressed = s->configured = false;
	}
}

void drive_ports_changed(struct drive *d)
{
	if (d->ack_mode == ACK_NEVER)
		return;
	for (unsigned i = 0; i < ARRAY_SIZE(d->changed_ports); i++) {
		while (d->changed_ports[i]) {
			unsigned bit = (unsigned)__builtin_ctz(d->changed_ports[i]);

			d->changed_ports[i] &= d->changed_ports[i] - 1;
			if (i * 32 + bit)
				port_changed(d, i * 32 + bit);
		}
	}
}

/* ---- address ------------------------------------------------------------------------------- */

static void bind(struct drive *d, struct drive_slot *s, unsigned connector)
{
	s->connector = (uint8_t)connector;
	s->port = (uint8_t)connector_port(d, connector);
	s->speed = (uint8_t)(bits(drive_port_read(d, s->port), 13, 10));
	d->connector_slot[connector] = s->id;
}

void drive_slot_bind(struct drive *d, struct drive_slot *s)
{
	unsigned n = drive_connector_count(d);

	if (s->port)
		return;
	for (unsigned c = 1; c <= n; c++) {
		if (d->connector_slot[c] || d->b->ops->port_model(d->b, c, 0) < 0)
			continue;
		bind(d, s, c);
		return;
	}
	bind(d, s, 1);
}

bool drive_address(struct drive *d, unsigned connector, bool bsr)
{
	unsigned old = d->connector_slot[connector], cc;
	struct drive_slot *s;

	if (old) {
		drive_command(d, 0, 0, trb_type_bits(TRB_DISABLE_SLOT) | old << 24);
		drive_slot_forget(d, old);
	}
	port_reset(d, connector_port(d, connector));
	if (!drive_enable_slot(d, connector_port(d, connector)))
		return false;
	s = drive_slot_get(d, d->wait.ret_slot);
	d->current = s->id;
	bind(d, s, connector);
	drive_input_address(d, s);
	cc = drive_command(d, DRIVE_INPUT, 0,
			   trb_type_bits(TRB_ADDRESS_DEVICE) | (uint32_t)s->id << 24 |
				   (bsr ? TRB_BSR : 0));
	return cc == CC_SUCCESS;
}

/* ---- configure ----------------------------------------------------------------------------- */

/*
 * The device descriptor. At full speed nobody knows bMaxPacketSize0 before having asked: the first
 * eight bytes tell, and Evaluate Context corrects our guess (xHCI 4.3.4).
 */
static bool learn_device(struct drive *d, struct drive_slot *s)
{
	uint8_t *desc = s->device_desc;

	memset(desc, 0, sizeof(s->device_desc));
	if (s->speed == 1) {
		if (drive_control_in(d, s, 0x80, GET_DESCRIPTOR, 0x0100, 0, desc, 8) < 8)
			return false;
		if (desc[7] != s->ep[1].max_packet && desc[7] >= 8 && desc[7] <= 64) {
			s->ep[1].max_packet = desc[7];
			drive_input_evaluate(d, s);
			drive_command(d, DRIVE_INPUT, 0,
				      trb_type_bits(TRB_EVALUATE_CONTEXT) | (uint32_t)s->id << 24);
		}
	}
	return drive_control_in(d, s, 0x80, GET_DESCRIPTOR, 0x0100, 0, desc,
				sizeof(s->device_desc)) == sizeof(s->device_desc);
}

/* 255 bytes hold most configurations; a longer one is asked for again. */
static bool learn_config(struct drive *d, struct drive_slot *s, unsigned config_index)
{
	uint16_t value = (uint16_t)(0x0200 | (config_index & 0xff)), total;
	uint8_t bytes[DRIVE_MAX_CONFIG];
	int got = drive_control_in(d, s, 0x80, GET_DESCRIPTOR, value, 0, bytes, 255);

	if (got < 9)
		return false;
	total = (uint16_t)min_u64(get_le16(bytes + 2), sizeof(bytes));
	if (total > 255)
		got = drive_control_in(d, s, 0x80, GET_DESCRIPTOR, value, 0, bytes, total);
	if (got < 9)
		return false;
	drive_desc_config(s, bytes, (size_t)got);
	return true;
}

bool drive_configure(struct drive *d, struct drive_slot *s, unsigned config_index)
{
	if (!learn_device(d, s) || !learn_config(d, s, config_index))
		return false;
	drive_input_configure(d, s);
	if (drive_command(d, DRIVE_INPUT, 0,
			  trb_type_bits(TRB_CONFIGURE_ENDPOINT) | (uint32_t)s->id << 24) !=
	    CC_SUCCESS)
		return false;
	drive_endpoints_added(s);
	s->configured = drive_control_out(d, s, 0, SET_CONFIGURATION, s->config_value, 0);
	return s->configured;
}

/* ---- enumerate ----------------------------------------------------------------------------- */

/*
 * What a general-purpose system also asks: strings, and BOS from USB 2.1 on (USB3 9.6.2). Only of
 * devices that have no driver here: it is slow, and the others have more to do.
 */
static void look_around(struct drive *d, struct drive_slot *s)
{
	const uint8_t *desc = s->device_desc;
	uint8_t bytes[255];

	if (desc[15] &&
	    drive_control_in(d, s, 0x80, GET_DESCRIPTOR, 0x0300, 0, bytes, sizeof(bytes)) >= 4)
		drive_control_in(d, s, 0x80, GET_DESCRIPTOR, 0x0300 | desc[15], get_le16(bytes + 2),
				 bytes, sizeof(bytes));
	if (get_le16(desc + 2) >= 0x0201 &&
	    drive_control_in(d, s, 0x80, GET_DESCRIPTOR, 0x0f00, 0, bytes, 5) >= 5)
		drive_control_in(d, s, 0x80, GET_DESCRIPTOR, 0x0f00, 0, bytes,
				 (uint16_t)min_u64(get_le16(bytes + 2), sizeof(bytes)));
}

static void class_setup(struct drive *d, struct drive_slot *s)
{
	uint8_t report[128];

	if (s->class_code == 3) { /* HID 1.11 7.1, 7.2.4 */
		drive_control_out(d, s, 0x21, HID_SET_IDLE, 0, s->interface);
		drive_control_in(d, s, 0x81, GET_DESCRIPTOR, 0x2200, s->interface, report,
				 sizeof(report));
		drive_listen(d, s);
	} else if (s->class_code == 8 && s->protocol == 0x50) {
		drive_bot_start(d, s);
	} else if (s->class_code == 9) {
		drive_hub_start(d, s);
	} else {
		look_around(d, s);
	}
}

void drive_plug(struct drive *d, unsigned connector, uint32_t route, unsigned model)
{
	struct op op = {.id = OP_PLUG};

	op.v[ARG_INDEX(PLUG, port)] = connector;
	op.v[ARG_INDEX(PLUG, route)] = route;
	op.v[ARG_INDEX(PLUG, model)] = model;
	(void)d->b->ops->world(d->b, &op, 0);
}

/*
 * The connector a field means. 0: one with a device of that model that is not configured, else one
 * with a device that has no slot, else a free one, else the current one.
 */
static unsigned pick_connector(struct drive *d, uint64_t field, unsigned wanted)
{
	unsigned n = drive_connector_count(d), fresh = 0, spare = 0;

	if (field)
		return (unsigned)((field - 1) % n) + 1;
	for (unsigned c = n; c; c--) {
		int model = d->b->ops->port_model(d->b, c, 0);
		unsigned slot = d->connector_slot[c];

		if (model < 0)
			spare = c;
		else if (model == (int)wanted && slot && !d->slot[slot]->configured)
			return c;
		else if (!slot)
			fresh = c;
	}
	if (fresh || spare)
		return fresh ? fresh : spare;
	return d->current && d->slot[d->current]->connector ? d->slot[d->current]->connector : 1;
}

void drive_set_up(struct drive *d, struct drive_slot *s)
{
	if (drive_configure(d, s, 0))
		class_setup(d, s);
}

void drive_enumerate(struct drive *d, unsigned connector, unsigned model)
{
	drive_need(d);
	if (d->b->ops->port_model(d->b, connector, 0) < 0)
		drive_plug(d, connector, 0, model);
	if (drive_address(d, connector, false))
		drive_set_up(d, drive_slot_get(d, d->current));
}

static bool suits(struct drive *d, unsigned slot, unsigned model)
{
	const struct drive_slot *s = d->slot[slot];

	return d->slot_used[slot] && s->configured &&
		(model != MODEL_STORAGE || (s->class_code == 8 && s->protocol == 0x50));
}

struct drive_slot *drive_slot_ready(struct drive *d, uint64_t field, unsigned model)
{
	if (field)
		return drive_slot_get(d, (unsigned)field);
	if (d->current && suits(d, d->current, model))
		return d->slot[d->current];
	for (unsigned i = 0; i < d->used_count; i++) {
		if (suits(d, d->used[i], model))
			return d->slot[d->used[i]];
	}
	if (d->current && d->slot_used[d->current] && d->slot[d->current]->addressed &&
	    model != MODEL_STORAGE)
		drive_configure(d, d->slot[d->current], 0);
	else
		drive_enumerate(d, pick_connector(d, 0, model), model);
	return drive_slot_pick(d, 0);
}

/* ---- ops ----------------------------------------------------------------------------------- */

/* Port 0 and a device of that model is there already: then it becomes the current one. */
static bool already(struct drive *d, unsigned model)
{
	for (unsigned i = 0; i < d->used_count; i++) {
		const struct drive_slot *s = d->slot[d->used[i]];

		if (!s->configured || !s->connector ||
		    d->b->ops->port_model(d->b, s->connector, s->route) != (int)model)
			continue;
		d->current = s->id;
		return true;
	}
	return false;
}

/* The connector with a hub in it, else one as good as any. */
static unsigned first_hub(struct drive *d, uint64_t field)
{
	unsigned n = drive_connector_count(d);

	for (unsigned c = 1; !field && c <= n; c++)
		if (d->b->ops->port_model(d->b, c, 0) == MODEL_HUB)
			return c;
	return pick_connector(d, field, MODEL_HUB);
}

void drive_op_enumerate(struct drive *d, const struct op *op)
{
	unsigned model = (unsigned)ARG(op, ENUMERATE, model);
	uint32_t route = (uint32_t)ARG(op, ENUMERATE, route);

	drive_need(d);
	if (route) {
		drive_enumerate_behind(d, first_hub(d, ARG(op, ENUMERATE, port)), route, model);
		return;
	}
	if (!ARG(op, ENUMERATE, port) && already(d, model))
		return;
	drive_enumerate(d, pick_connector(d, ARG(op, ENUMERATE, port), model), model);
}

void drive_op_address(struct drive *d, const struct op *op)
{
	unsigned connector;

	drive_need(d);
	connector = pick_connector(d, ARG(op, ADDRESS, port), MODEL_KEYBOARD);
	if (!ARG(op, ADDRESS, port) && d->b->ops->port_model(d->b, connector, 0) < 0)
		drive_plug(d, connector, 0, MODEL_KEYBOARD);
	drive_address(d, connector, ARG(op, ADDRESS, bsr));
}

void drive_op_configure(struct drive *d, const struct op *op)
{
	uint64_t slot = ARG(op, CONFIGURE, slot);

	drive_need(d);
	if (!slot && !d->current)
		drive_op_address(d, &(struct op){.id = OP_ADDRESS});
	drive_configure(d, drive_slot_pick(d, slot), (unsigned)ARG(op, CONFIGURE, config));
}
