// SPDX-License-Identifier: MIT
/*
 * transfer.c -- Transfer Events (xHCI 4.10.1, 4.11.3.1, 6.4.2.1): they name a TRB that was fetched
 * for that endpoint, successful ones each fetch at most once and only if its flags ask for it;
 * what is left over is at most what the TRB had; the codes of stopping come only while a Stop
 * Endpoint command is under way; and a quiet endpoint reports nothing.
 */
#include "oracle/set.h"

const struct oracle oracle_transfer = {"transfer completion", "xHCI 4.11.3.1"};
const struct oracle oracle_silence = {"no work without a doorbell", "xHCI 4.7, 4.6.9"};

static bool names_trb(unsigned code)
{
	return code == CC_SUCCESS || code == CC_SHORT_PACKET || code == CC_DATA_BUFFER ||
		code == CC_BABBLE || code == CC_TRANSACTION || code == CC_TRB || code == CC_STALL ||
		code == CC_NO_PING || code == CC_ISOCH_OVERRUN || code == CC_SPLIT;
}

/* An Event Data TRB that did its work is named by its data, never by its address (xHCI 6.4.2.1). */
static bool matches(const struct trb_seen *t, const struct trb *event)
{
	bool event_data = bits(t->control, 15, 10) == TRB_EVENT_DATA;
	unsigned code = trb_completion(event);

	if (event->control & TRB_EV_ED)
		return event_data && t->parameter == event->parameter;
	if (event_data && (code == CC_SUCCESS || code == CC_SHORT_PACKET))
		return false;
	return t->addr == event->parameter;
}

static uint32_t longest(struct endpoint *ep)
{
	uint32_t length = 0;
	struct trb_seen *t;

	for (unsigned i = 0; (t = endpoint_trb(ep, i)); i++)
		if (t->length > length)
			length = t->length;
	return length;
}

/* Why this event is wrong for the TRB t, or NULL. */
static const char *objection(struct endpoint *ep, const struct trb_seen *t, const struct trb *event)
{
	unsigned code = trb_completion(event);
	unsigned type = (unsigned)bits(t->control, 15, 10);
	uint32_t left = event->status & 0xffffff;
	uint32_t wanted = code == CC_SHORT_PACKET ? TRB_IOC | TRB_ISP : TRB_IOC;

	if (code == CC_SUCCESS || code == CC_SHORT_PACKET) {
		if (t->events)
			return "a TRB that was reported before";
		if (!(t->control & wanted))
			return "a TRB that did not ask for it";
	}
	if (event->control & TRB_EV_ED ||
	    (type != TRB_NORMAL && type != TRB_DATA && type != TRB_ISOCH))
		return NULL;
	/* After a short packet on an ISP TRB the IOC TRB repeats its length (xHCI 4.10.1.1.2). */
	if (left > (code == CC_SHORT_PACKET ? longest(ep) : t->length))
		return "more bytes left than there were";
	if (code == CC_SUCCESS && left)
		return "success, and bytes left";
	return NULL;
}

/* Behind a short packet only the first Event Data TRB of a TD has to be parsed (xHCI 5.3.6 PAE). */
static bool later_event_data(struct endpoint *ep, unsigned i)
{
	struct trb_seen *t = endpoint_trb(ep, i);

	if (bits(t->control, 15, 10) != TRB_EVENT_DATA)
		return false;
	while ((t = endpoint_trb(ep, ++i))) {
		unsigned type = (unsigned)bits(t->control, 15, 10);

		if (!(t->control & TRB_CH) &&
		    type != TRB_LINK) /* the chain goes on behind a link */
			return false;
		if (type == TRB_EVENT_DATA)
			return true;
	}
	return true;
}

/* Events come in ring order: no TRB between the last one reported and this one is left out. */
static void judge_order(struct oracle_set *s, struct endpoint *ep, unsigned newer)
{
	struct trb_seen *t;

	for (unsigned i = newer + 1;
	     (t = endpoint_trb(ep, i)) && ep->total - i > ep->in_order && !t->events; i++) {
		if (!(t->control & TRB_IOC) || t->interrupter || t->cycle == UNKNOWN ||
		    later_event_data(ep, i))
			continue;
		oracle_report(
			s, &oracle_transfer,
			"slot %u endpoint %u: no event for the TRB at 0x%llx before a later one",
			ep->slot, ep->dci, (unsigned long long)t->addr);
		return;
	}
}

/*
 * The TRB may have been fetched several times: one of them must fit, one after the last that was
 * reported if there is such. Order is judged only if that leaves no choice.
 */
static void judge_pointer(struct oracle_set *s, struct endpoint *ep, const struct trb *event)
{
	unsigned code = trb_completion(event);
	const char *why = "a TRB that was never fetched";
	struct trb_seen *found = NULL;
	struct trb_seen *t;
	unsigned newer = 0; /* TRBs fetched after it */
	unsigned due = 0;

	for (unsigned i = 0; (t = endpoint_trb(ep, i)); i++) {
		const char *wrong;
		bool is_due = ep->total - i > ep->in_order;

		if (!matches(t, event))
			continue;
		wrong = objection(ep, t, event);
		if (wrong) {
			why = wrong;
			continue;
		}
		due += is_due;
		if (found && !is_due)
			continue;
		found = t; /* the oldest: events come in the order of the ring */
		newer = i;
	}
	if (!found) {
		if (ep->total <= ORACLE_TRBS)
			oracle_report(
				s, &oracle_transfer,
				"slot %u endpoint %u: event code %u for 0x%llx with %u left: %s",
				ep->slot, ep->dci, code, (unsigned long long)event->parameter,
				event->status & 0xffffff, why);
		return;
	}
	if (code != CC_SUCCESS && code != CC_SHORT_PACKET) {
		ep->in_order = ep->total;
		return;
	}
	/* Nor is there one answer where some that wait for events are not remembered any more. */
	ep->laps |= due > 1 || ep->total - ep->in_order > ORACLE_TRBS;
	if (due == 1 && !ep->laps && !ep->streams && ep->disturbed == s->disturbed &&
	    !oracle_event_ring_loses(s))
		judge_order(s, ep, newer);
	found->events++;
	ep->in_order = ep->total - newer;
	ep->disturbed = s->disturbed;
}

static void judge_stop(struct oracle_set *s, const struct endpoint *ep, unsigned code)
{
	if (s->command.lost || oracle_command_find(s, TRB_STOP_ENDPOINT, ep->slot, ep->dci))
		return;
	oracle_report(s, &oracle_transfer,
		      "slot %u endpoint %u: code %u, but no Stop Endpoint is under way", ep->slot,
		      ep->dci, code);
}

void oracle_transfer_event(struct oracle_set *s, const struct trb *event)
{
	struct endpoint *ep = oracle_endpoint_find(s, trb_slot(event), trb_endpoint(event));
	unsigned code = trb_completion(event);

	if (code == CC_COMMAND_STOPPED || code == CC_COMMAND_ABORTED) {
		oracle_report(s, &oracle_transfer, "command code %u in a Transfer Event", code);
		return;
	}
	if (s->late_events || code == CC_EP_NOT_ENABLED || code == CC_SLOT_NOT_ENABLED)
		return;
	if (!ep) {
		if (s->endpoint_count < ORACLE_ENDPOINTS)
			oracle_report(s, &oracle_transfer,
				      "event code %u for slot %u endpoint %u, which has no ring",
				      code, trb_slot(event), trb_endpoint(event));
		return;
	}
	if (!names_trb(code))
		ep->in_order = ep->total;
	if (code >= CC_STOPPED && code <= CC_STOPPED_SHORT) {
		judge_stop(s, ep, code);
		return;
	}
	if (endpoint_is_quiet(ep))
		oracle_report(s, &oracle_silence,
			      "slot %u endpoint %u reports code %u, but no doorbell made it work",
			      ep->slot, ep->dci, code);
	else if (names_trb(code))
		judge_pointer(s, ep, event);
}
