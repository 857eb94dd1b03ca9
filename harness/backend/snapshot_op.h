// SPDX-License-Identifier: MIT
/*
 * snapshot_op.h -- the op `snapshot` on a machine.
 */
#ifndef BACKEND_SNAPSHOT_OP_H
#define BACKEND_SNAPSHOT_OP_H

#include "backend/machine.h"
#include "op/op.h"

/* 0; -EBUSY: it cannot be saved now; -EINVAL: what was saved was refused, and the machine starts over. */
int snapshot_op(struct machine *m, const struct op *op);

#endif
