// SPDX-License-Identifier: MIT
/*
 * ep_state.c -- endpoints move only along xHCI 4.8.3, figure 4-5: judged when an endpoint context
 * is written and when a command reports success. A doorbell takes a Stopped endpoint to Running
 * without a write being due, so Stopped with a newer doorbell counts as either.
 */
#include "oracle/set.h"

const struct oracle oracle_ep_state = {"endpoint state edges", "xHCI 4.8.3"};

struct causes {
	bool create; /* Configure Endpoint, or Address Device for endpoint 0 */
	bool remove; /* Disable Slot, Reset Device */
	bool stop, reset, move;
};

static struct causes causes_of(struct oracle_set *s, unsigned slot, unsigned dci)
{
	bool any = s->command.lost;
	struct causes c = {
		.create = any ||
			(dci == 1 ? oracle_command_find(s, TRB_ADDRESS_DEVICE, slot, 0)
				  : oracle_command_find(s, TRB_CONFIGURE_ENDPOINT, slot, 0)),
		.remove = any || oracle_command_find(s, TRB_DISABLE_SLOT, slot, 0) ||
			oracle_command_find(s, TRB_RESET_DEVICE, slot, 0) ||
			oracle_command_find(s, TRB_ADDRESS_DEVICE, slot, 0),
		.stop = any || oracle_command_find(s, TRB_STOP_ENDPOINT, slot, dci),
		.reset = any || oracle_command_find(s, TRB_RESET_ENDPOINT, slot, dci),
		.move = any || oracle_command_find(s, TRB_SET_TR_DEQUEUE, slot, dci),
	};

	return c;
}

static bool legal(const struct endpoint *ep, const struct causes *c, unsigned to)
{
	unsigned from = ep->state;
	bool may_run = from == EP_RUNNING || (from == EP_STOPPED && !endpoint_is_quiet(ep));

	if (from == to)
		return true;
	switch (to) {
	case EP_DISABLED:
		return c->create || c->remove;
	case EP_RUNNING:
		return may_run || c->create || (ep->dci == 1 && c->remove);
	case EP_STOPPED:
		return (may_run && c->stop) || (from == EP_HALTED && c->reset) ||
			(from == EP_ERROR && c->move);
	case EP_HALTED:
		return may_run && ep->type != EP_ISOCH_OUT && ep->type != EP_ISOCH_IN;
	case EP_ERROR:
		return may_run;
	}
	return false;
}

void oracle_ep_state_context(struct oracle_set *s, unsigned slot, unsigned dci,
			     const uint32_t dw[2])
{
	struct endpoint *ep = oracle_endpoint_get(s, slot, dci);
	unsigned to = ep_ctx_state(dw);
	struct causes c;

	if (!ep)
		return;
	if (to > EP_ERROR) {
		oracle_report(s, &oracle_ep_state, "slot %u endpoint %u: reserved state %u", slot,
			      dci, to);
		return;
	}
	c = causes_of(s, slot, dci);
	if (ep->state != UNKNOWN && !legal(ep, &c, to))
		oracle_report(s, &oracle_ep_state, "slot %u endpoint %u goes from state %u to %u",
			      slot, dci, ep->state, to);
	if (to != EP_RUNNING)
		ep->debt.owed = false;
	ep->state = (uint8_t)to;
	ep->interval = (uint8_t)bits(dw[0], 23, 16);
	ep->type = (uint8_t)ep_ctx_type(dw);
	ep->streams = ep_ctx_max_pstreams(dw);
}

/*
 * Unless its event may have waited for room, as it surely did where the endpoint was rung since the command was
 * fetched: what it did since then is not known apart.
 */
static void expect(struct oracle_set *s, struct endpoint *ep, const struct command_seen *c,
		   unsigned state)
{
	if (c->may_vanish || ep->rung > c->doorbells)
		return;
	if (ep->state != UNKNOWN && ep->state != state)
		oracle_report(s, &oracle_ep_state,
			      "%s succeeded, but slot %u endpoint %u is in state %u",
			      trb_type_name(command_type(c)), ep->slot, ep->dci, ep->state);
}

/*
 * A new ring: what the old one did no longer counts. The endpoint is Running at once (xHCI 4.8.3),
 * so although it is the doorbell that starts it, work without one is not held against it.
 */
static void renew(struct oracle_set *s, struct endpoint *ep, const struct command_seen *c)
{
	endpoint_quiet(ep, c->doorbells);
	if (!endpoint_is_quiet(ep))
		return;
	ep->debt.owed = false;
	ep->rung = ++s->doorbells;
	ep->bytes_asked = ep->bytes_written = 0;
	ep->retried = false;
	oracle_endpoint_restart(ep);
}

static void configured(struct oracle_set *s, const struct command_seen *c)
{
	bool all = c->control & TRB_DC;

	for (unsigned dci = 2; dci < 32; dci++) {
		struct endpoint *ep = oracle_endpoint_find(s, command_slot(c), dci);
		bool add = !all && c->add >> dci & 1;
		bool drop = all || c->drop >> dci & 1;

		if (!ep || (!all && !c->control_read))
			continue;
		if (add) {
			expect(s, ep, c, EP_RUNNING);
			renew(s, ep, c);
		} else if (drop) {
			expect(s, ep, c, EP_DISABLED);
			endpoint_quiet(ep, c->doorbells);
		}
	}
}

/*
 * Reset Device. Endpoint 0 stays Running: the TD that was under way
 * was aborted (xHCI 4.6.11), and where its ring goes on is not said. It may be begun again.
 */
static void removed(struct oracle_set *s, const struct command_seen *c)
{
	struct endpoint *ep0 = oracle_endpoint_find(s, command_slot(c), 1);

	if (ep0 && !endpoint_is_quiet(ep0))
		ep0->rung = ++s->doorbells;
	if (ep0)
		ep0->debt.owed = false;
	for (unsigned dci = 2; dci < 32; dci++) {
		struct endpoint *ep = oracle_endpoint_find(s, command_slot(c), dci);

		if (!ep)
			continue;
		expect(s, ep, c, EP_DISABLED);
		endpoint_quiet(ep, c->doorbells);
	}
}

static void unknown(struct oracle_set *s, const struct command_seen *c)
{
	unsigned first = command_ep(c);
	unsigned last = command_ep(c);

	switch (command_type(c)) {
	case TRB_ADDRESS_DEVICE:
	case TRB_CONFIGURE_ENDPOINT:
	case TRB_RESET_DEVICE:
	case TRB_DISABLE_SLOT:
		first = 1;
		last = 31;
		break;
	case TRB_STOP_ENDPOINT:
	case TRB_RESET_ENDPOINT:
	case TRB_SET_TR_DEQUEUE:
		break;
	default:
		return;
	}
	for (unsigned dci = first; dci <= last; dci++) {
		struct endpoint *ep = oracle_endpoint_find(s, command_slot(c), dci);

		if (!ep)
			continue;
		ep->state = ep->type = UNKNOWN;
		ep->unsure = ep->retried = true;
	}
}

static void one_endpoint(struct oracle_set *s, struct endpoint *ep, const struct command_seen *c)
{
	expect(s, ep, c, EP_STOPPED);
	if (command_type(c) == TRB_SET_TR_DEQUEUE && !bits(c->status, 31, 16)) {
		endpoint_quiet(ep, c->doorbells);
		if (endpoint_is_quiet(ep))
			oracle_endpoint_restart(ep);
		return;
	}
	endpoint_quiet(ep, c->doorbells);
	if (command_type(c) == TRB_RESET_ENDPOINT)
		ep->retried = true;
}

void oracle_ep_state_completed(struct oracle_set *s, const struct command_seen *c, unsigned code)
{
	struct endpoint *ep;

	if (code == UNKNOWN || code == CC_COMMAND_ABORTED ||
	    (code == CC_TRANSACTION && command_type(c) == TRB_ADDRESS_DEVICE)) {
		unknown(s, c);
		return;
	}
	if (code != CC_SUCCESS)
		return;
	ep = oracle_endpoint_find(s, command_slot(c), command_ep(c));
	switch (command_type(c)) {
	case TRB_CONFIGURE_ENDPOINT:
		configured(s, c);
		break;
	case TRB_RESET_DEVICE:
		removed(s, c);
		break;
	case TRB_ADDRESS_DEVICE:
		ep = oracle_endpoint_find(s, command_slot(c), 1);
		if (ep) {
			expect(s, ep, c, EP_RUNNING);
			renew(s, ep, c);
		}
		break;
	case TRB_STOP_ENDPOINT:
	case TRB_RESET_ENDPOINT:
	case TRB_SET_TR_DEQUEUE:
		if (ep)
			one_endpoint(s, ep, c);
		break;
	}
}
