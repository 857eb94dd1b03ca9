// SPDX-License-Identifier: MIT
/*
 * mutate.h -- the parts of the mutator: ops in a program (mutate.c), values of fields
 * (mutate_field.c), bytes of blobs (mutate_blob.c), descriptors in blobs (mutate_desc.c), fields of
 * contexts (mutate_context.c), and ready-made sequences (idiom.c).
 */
#ifndef OP_MUTATE_H
#define OP_MUTATE_H

#include "op/op.h"
#include "op/random.h"

/* A fresh value for one field / a small change to it. The op is normalized by the caller. */
void mutate_field_fill(struct op_random *r, struct op *op, unsigned field);
void mutate_field_change(struct op_random *r, struct op *op, unsigned field);

/* libFuzzer's own mutator; NULL where we are not linked with libFuzzer. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size) __attribute__((weak));

/* Bytes of an op's blob while they are edited. */
struct mutate_blob {
	uint8_t bytes[OP_MAX_BLOB];
	unsigned len;
};

/* A plausible blob for an op of this kind / a change to the one there is. */
void mutate_blob_fill(struct op_random *r, unsigned op_id, struct mutate_blob *blob);
void mutate_blob_change(struct op_random *r, unsigned op_id, struct mutate_blob *blob);
/* Put len bytes in at a place, or take out; cut to what fits. bytes must not be the blob's own. */
void mutate_blob_insert(struct mutate_blob *blob, unsigned at, const uint8_t *bytes, unsigned len);
void mutate_blob_remove(struct mutate_blob *blob, unsigned at, unsigned len);

/* The blob read as a row of USB descriptors (USB2 9.5): one edit that knows their fields. */
void mutate_desc_change(struct op_random *r, struct mutate_blob *blob);
/* A small valid descriptor set. */
void mutate_desc_fill(struct op_random *r, struct mutate_blob *blob);

/* A `tweak` of one field of a context (mutate_context.c). */
void mutate_context_fill(struct op_random *r, struct op *op);

/* Ready-made sequences, as text. NULL-terminated. */
extern const char *const idiom_list[];
extern const unsigned idiom_count;

#endif
