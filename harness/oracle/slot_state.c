// SPDX-License-Identifier: MIT
/*
 * slot_state.c -- slots move only along xHCI 4.5.3, figure 4-2: judged when a command reports
 * success, and when a slot context is written. What a command that died unseen may have done is
 * unknown until the next HCRST or Disable Slot.
 */
#include "heap.h"
#include "oracle/set.h"

const struct oracle oracle_slot_state = {"slot state edges", "xHCI 4.5.3"};

#define ENABLED (1u << SLOT_ENABLED)
#define DEFAULT (1u << SLOT_DEFAULT)
#define ADDRESSED (1u << SLOT_ADDRESSED)
#define CONFIGURED (1u << SLOT_CONFIGURED)

void oracle_slot_state_reset(struct oracle_set *s)
{
	for (unsigned i = 0; i < ARRAY_SIZE(s->slot); i++) {
		heap_free(s->slot[i]);
		s->slot[i] = NULL;
	}
}

static void clear(struct slot_seen *slot)
{
	slot->state = SLOT_DISABLED;
	slot->written = SLOT_ENABLED;
	slot->context.count = 0;
}

struct slot_seen *oracle_slot_get(struct oracle_set *s, unsigned slot)
{
	if (!s->slot[slot]) {
		s->slot[slot] = heap_zero(sizeof(struct slot_seen));
		clear(s->slot[slot]);
	}
	return s->slot[slot];
}

/* Slot states in which a command may succeed; 0: any (xHCI 4.6.3 to 4.6.11). */
static unsigned allowed_states(const struct command_seen *c)
{
	switch (command_type(c)) {
	case TRB_DISABLE_SLOT:
		return ENABLED | DEFAULT | ADDRESSED | CONFIGURED;
	case TRB_ADDRESS_DEVICE:
		return c->control & TRB_BSR ? ENABLED : ENABLED | DEFAULT;
	case TRB_CONFIGURE_ENDPOINT:
	case TRB_RESET_DEVICE:
		return ADDRESSED | CONFIGURED;
	case TRB_EVALUATE_CONTEXT:
	case TRB_RESET_ENDPOINT:
	case TRB_STOP_ENDPOINT:
	case TRB_SET_TR_DEQUEUE:
		return DEFAULT | ADDRESSED | CONFIGURED;
	}
	return 0;
}

static unsigned next_state(const struct slot_seen *slot, const struct command_seen *c)
{
	switch (command_type(c)) {
	case TRB_DISABLE_SLOT:
		return SLOT_DISABLED;
	case TRB_ADDRESS_DEVICE:
		return c->control & TRB_BSR ? SLOT_DEFAULT : SLOT_ADDRESSED;
	case TRB_CONFIGURE_ENDPOINT: /* with the last endpoint dropped: Addressed or not */
		if (slot->written == SLOT_ADDRESSED || slot->written == SLOT_CONFIGURED)
			return slot->written;
		return c->control & TRB_DC ? SLOT_ADDRESSED : UNKNOWN;
	case TRB_RESET_DEVICE:
		return SLOT_DEFAULT;
	}
	return slot->state;
}

static void enabled(struct oracle_set *s, unsigned id)
{
	struct slot_seen *slot = oracle_slot_get(s, id);

	if (!id)
		oracle_report(s, &oracle_slot_state, "Enable Slot returned slot 0");
	else if (slot->state < SLOT_DISABLED && !s->slots_unsure)
		oracle_report(s, &oracle_slot_state,
			      "Enable Slot returned slot %u, which is in use", id);
	slot->state = slot->written = SLOT_ENABLED;
}

/* What failed or died may still have moved the slot (a device that refused its address). */
static void uncertain(struct slot_seen *slot, const struct command_seen *c, unsigned code)
{
	unsigned type = command_type(c);

	if (code == CC_TRB || code == CC_PARAMETER || code == CC_CONTEXT_STATE ||
	    code == CC_SLOT_NOT_ENABLED)
		return; /* refused before anything happened */
	if (type != TRB_ADDRESS_DEVICE && code != UNKNOWN)
		return;
	if (type == TRB_ADDRESS_DEVICE || type == TRB_DISABLE_SLOT || type == TRB_RESET_DEVICE ||
	    type == TRB_CONFIGURE_ENDPOINT)
		slot->state = slot->written = UNKNOWN;
}

void oracle_slot_state_completed(struct oracle_set *s, const struct command_seen *c, unsigned code,
				 unsigned slot_id)
{
	unsigned type = command_type(c);
	unsigned allowed = allowed_states(c);
	struct slot_seen *slot;

	if (type == TRB_ENABLE_SLOT) {
		if (code == CC_SUCCESS)
			enabled(s, slot_id);
		return;
	}
	if (!allowed)
		return;
	slot = oracle_slot_get(s, command_slot(c));
	if (code != CC_SUCCESS) {
		uncertain(slot, c, code);
		return;
	}
	if (slot->state != UNKNOWN && !s->slots_unsure && !(allowed >> slot->state & 1)) {
		oracle_report(s, &oracle_slot_state, "%s succeeded for slot %u in state %u",
			      trb_type_name(type), command_slot(c), slot->state);
		return;
	}
	slot->state = (uint8_t)next_state(slot, c);
	if (slot->state == SLOT_DISABLED) {
		clear(slot);
		oracle_endpoint_forget_slot(s, command_slot(c));
	} else if (slot->written != UNKNOWN && slot->state != UNKNOWN &&
		   slot->written != slot->state) {
		oracle_report(s, &oracle_slot_state,
			      "after %s slot %u is in state %u, but its context says %u",
			      trb_type_name(type), command_slot(c), slot->state, slot->written);
	}
}

/* Is a command under way that may take the slot context to this state? */
static bool has_cause(struct oracle_set *s, unsigned slot, unsigned state)
{
	const struct command_seen *c;
	bool bsr = false;
	bool address = false;

	for (unsigned i = 0; (c = oracle_command_get(s, i)); i++) {
		if (command_type(c) != TRB_ADDRESS_DEVICE || command_slot(c) != slot)
			continue;
		bsr |= c->control & TRB_BSR;
		address |= !(c->control & TRB_BSR);
	}

	switch (state) {
	case SLOT_ENABLED:
		return oracle_command_find(s, TRB_DISABLE_SLOT, slot, 0) ||
			oracle_command_find(s, TRB_ENABLE_SLOT, 0, 0);
	case SLOT_DEFAULT:
		return bsr || oracle_command_find(s, TRB_RESET_DEVICE, slot, 0);
	case SLOT_ADDRESSED:
		return address || oracle_command_find(s, TRB_CONFIGURE_ENDPOINT, slot, 0);
	case SLOT_CONFIGURED:
		return oracle_command_find(s, TRB_CONFIGURE_ENDPOINT, slot, 0);
	}
	return false;
}

void oracle_slot_state_context(struct oracle_set *s, unsigned slot_id, const uint32_t dw[4])
{
	/* [from] = states it may go to, itself included; figure 4-2 */
	static const uint8_t edges[] = {
		[SLOT_ENABLED] = ENABLED | DEFAULT | ADDRESSED,
		[SLOT_DEFAULT] = ENABLED | DEFAULT | ADDRESSED,
		[SLOT_ADDRESSED] = ENABLED | DEFAULT | ADDRESSED | CONFIGURED,
		[SLOT_CONFIGURED] = ENABLED | DEFAULT | ADDRESSED | CONFIGURED,
	};
	struct slot_seen *slot = oracle_slot_get(s, slot_id);
	unsigned from = slot->written;
	unsigned to = slot_ctx_state(dw);

	if (to > SLOT_CONFIGURED)
		oracle_report(s, &oracle_slot_state, "slot %u context with reserved state %u",
			      slot_id, to);
	else if (from != UNKNOWN && !(edges[from] >> to & 1))
		oracle_report(s, &oracle_slot_state, "slot %u context goes from state %u to %u",
			      slot_id, from, to);
	else if (from != UNKNOWN && from != to && !s->command.lost && !has_cause(s, slot_id, to))
		oracle_report(
			s, &oracle_slot_state,
			"slot %u context goes from state %u to %u, and no command asked for it",
			slot_id, from, to);
	slot->written = (uint8_t)to;
}
