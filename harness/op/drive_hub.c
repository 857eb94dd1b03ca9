// SPDX-License-Identifier: MIT
/*
 * drive_hub.c -- hubs, as their driver has them (USB2 11.24, xHCI 4.3.3, 6.2.2): power for every port, the
 * hub's fields in its slot context, and devices behind it. Ports are looked at when somebody asks for what
 * hangs there; the status change endpoint is not listened to.
 */
#include "op/drive_core.h"

#define GET_STATUS 0u
#define CLEAR_FEATURE 1u
#define SET_FEATURE 3u
#define GET_DESCRIPTOR 6u
#define SET_HUB_DEPTH 12u
#define PORT_RESET 4u
#define PORT_POWER 8u
#define C_PORT_CONNECTION 16u
#define C_PORT_RESET 20u
#define MAX_HUBS 5u
#define MAX_PORTS 15u
#define RESET_USEC 10000u

static unsigned depth_of(uint32_t route)
{
	unsigned n = 0;

	for (; route; route >>= 4)
		n++;
	return n;
}

void drive_hub_start(struct drive *d, struct drive_slot *s)
{
	uint16_t type = s->speed >= 4 ? 0x2a00 : 0x2900;
	uint8_t desc[12];

	if (drive_control_in(d, s, 0xa0, GET_DESCRIPTOR, type, 0, desc, sizeof(desc)) < 7)
		return;
	s->hub_ports = (uint8_t)min_u64(desc[2], MAX_PORTS);
	drive_input_hub(d, s);
	drive_command(d, DRIVE_INPUT, 0,
		      trb_type_bits(TRB_CONFIGURE_ENDPOINT) | (uint32_t)s->id << 24);
	if (s->speed >= 4)
		drive_control_out(d, s, 0x20, SET_HUB_DEPTH, (uint16_t)depth_of(s->route), 0);
	for (unsigned port = 1; port <= s->hub_ports; port++)
		drive_control_out(d, s, 0x23, SET_FEATURE, PORT_POWER, (uint16_t)port);
}

/* ---- a device behind a hub ------------------------------------------------------------------ */

static struct drive_slot *slot_at(struct drive *d, unsigned connector, uint32_t route)
{
	for (unsigned i = 0; i < d->used_count; i++) {
		struct drive_slot *s = d->slot[d->used[i]];

		if (s->connector == connector && s->route == route)
			return s;
	}
	return NULL;
}

/* Reset the port; the speed of what is there, 0 = nothing. */
static unsigned reset_port(struct drive *d, struct drive_slot *hub, unsigned port)
{
	uint8_t status[4] = {0};

	drive_control_out(d, hub, 0x23, SET_FEATURE, PORT_RESET, (uint16_t)port);
	drive_step(d, RESET_USEC);
	if (drive_control_in(d, hub, 0xa3, GET_STATUS, 0, (uint16_t)port, status, 4) < 4)
		return 0;
	drive_control_out(d, hub, 0x23, CLEAR_FEATURE, C_PORT_RESET, (uint16_t)port);
	drive_control_out(d, hub, 0x23, CLEAR_FEATURE, C_PORT_CONNECTION, (uint16_t)port);
	if (!(status[0] & 1))
		return 0;
	if (hub->speed >= 4)
		return hub->speed;
	return status[1] & 4 ? 3 : status[1] & 2 ? 2 : 1;
}

/* Who translates for a slow device: the nearest hub of high speed on its way (xHCI 6.2.2). */
static void find_translator(struct drive_slot *s, const struct drive_slot *hub, unsigned port)
{
	s->tt_slot = s->tt_port = 0;
	if (s->speed >= 3)
		return;
	s->tt_slot = hub->speed == 3 ? hub->id : hub->tt_slot;
	s->tt_port = hub->speed == 3 ? (uint8_t)port : hub->tt_port;
}

static bool address(struct drive *d, struct drive_slot *hub, unsigned port, uint32_t route)
{
	struct drive_slot *s = slot_at(d, hub->connector, route);
	unsigned speed;

	if (s) {
		unsigned old = s->id;

		drive_command(d, 0, 0, trb_type_bits(TRB_DISABLE_SLOT) | old << 24);
		drive_slot_forget(d, old);
	}
	speed = reset_port(d, hub, port);
	if (!speed || !drive_enable_slot(d, hub->port))
		return false;
	s = drive_slot_get(d, d->wait.ret_slot);
	d->current = s->id;
	s->connector = hub->connector;
	s->port = hub->port;
	s->route = route;
	s->speed = (uint8_t)speed;
	find_translator(s, hub, port);
	drive_input_address(d, s);
	return drive_command(d, DRIVE_INPUT, 0,
			     trb_type_bits(TRB_ADDRESS_DEVICE) | (uint32_t)s->id << 24) ==
		CC_SUCCESS;
}

/* Everything but the last step of the way is there. */
static void enumerate_at(struct drive *d, struct drive_slot *hub, unsigned port, uint32_t route,
			 unsigned model)
{
	if (d->b->ops->port_model(d->b, hub->connector, route) < 0)
		drive_plug(d, hub->connector, route, model);
	if (address(d, hub, port, route))
		drive_set_up(d, drive_slot_get(d, d->current));
}

/* The hub at a place, made ready if it is not. */
static struct drive_slot *hub_ready(struct drive *d, unsigned connector, uint32_t route,
				    struct drive_slot *above, unsigned port)
{
	struct drive_slot *s = slot_at(d, connector, route);

	if (!s || !s->configured) {
		if (above)
			enumerate_at(d, above, port, route,
				     above->speed >= 4 ? MODEL_SUPER_HUB : MODEL_HUB);
		else
			drive_enumerate(d, connector, MODEL_HUB);
		s = slot_at(d, connector, route);
	}
	return s && s->configured && s->hub_ports ? s : NULL;
}

void drive_enumerate_behind(struct drive *d, unsigned connector, uint32_t way, unsigned model)
{
	struct drive_slot *hub = NULL;
	unsigned port = 0;
	uint32_t route = 0;

	drive_need(d);
	for (unsigned i = 0; i < MAX_HUBS && way & 0xf; i++, way >>= 4) {
		hub = hub_ready(d, connector, route, hub, port);
		if (!hub)
			return;
		port = ((way & 0xf) - 1) % hub->hub_ports + 1;
		route |= (uint32_t)port << i * 4;
	}
	if (hub)
		enumerate_at(d, hub, port, route, model);
}
