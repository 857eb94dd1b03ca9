// SPDX-License-Identifier: MIT
/*
 * machine_state.h -- a machine as saved state: all but memory and disk, which belong to whoever keeps
 * them. What is loaded is believed in nothing: see state.h.
 */
#ifndef BACKEND_MACHINE_STATE_H
#define BACKEND_MACHINE_STATE_H

#include "backend/machine.h"
#include "state.h"

/*
 * Packets that devices have are taken back; they are made again when the machine goes on, here or where
 * the state is loaded. False: it cannot be saved now, and st->why says why; the machine goes on. lie:
 * may be NULL. Whoever called releases st in any case.
 */
bool machine_save(struct machine *m, struct state *st, struct state_lie *lie);

/*
 * Into a machine of the same profile, whose memory and disk are those that it was saved with; whatever it
 * was before ends. False: refused, for the reason in st->why, and the machine is at power-on with nothing
 * plugged.
 */
bool machine_load(struct machine *m, struct state *st, const void *bytes, size_t len);

/* After either: what waited goes on. */
void machine_go_on(struct machine *m);

#endif
