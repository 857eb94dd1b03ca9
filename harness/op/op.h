// SPDX-License-Identifier: MIT
/*
 * op.h -- the op language: one action of the guest, of the device side or of the world.
 * Sections follow the files: op.c, codec.c, text.c, mutate.c, shrink.c, dict.c, drive*.c.
 */
#ifndef OP_OP_H
#define OP_OP_H

#include "base.h"

/* ---- op.c: the table ----------------------------------------------------------------------- */

enum op_id {
#define OP(id, name, side, help, fields) OP_##id,
#define F(name, type)
#define E(name, table)
#define B(name, table)
#include "op/op.def"
#undef OP
#undef F
#undef E
#undef B
	OP_COUNT
};

enum op_side { SIDE_GUEST, SIDE_DEVICE, SIDE_WORLD };

enum field_type { FIELD_U8, FIELD_U16, FIELD_U32, FIELD_U64, FIELD_ADDR, FIELD_BLOB, FIELD_ENUM,
		  FIELD_BITS };

/* Symbolic addresses: what a number means is decided by the driver when the op runs. */
enum addr_kind {
	ADDR_AUTO,  /* what a correct driver would use */
	ADDR_RAW,   /* guest-physical; 64-bit offset */
	ADDR_SELF,  /* the TRB being placed, or the ring's enqueue pointer */
	ADDR_RING,  /* first TRB of the op's ring */
	ADDR_BUF,   /* the driver's data buffers */
	ADDR_BAR,   /* the controller's own BAR 0 */
	ADDR_DCBAA,
	ADDR_CTX,   /* device context of the current slot */
	ADDR_INPUT, /* input context */
	ADDR_ERST,
	ADDR_EVENT, /* first segment of event ring 0 */
	ADDR_COMMAND, /* command ring */
	ADDR_KINDS
};

struct op_names { /* a named set of values: value = index unless values is given */
	const char *table;
	const char *const *name;
	const uint32_t *value; /* NULL = 0, 1, 2, ... */
	unsigned count;
};

struct op_field {
	const char *name; /* with '_' as in op.def; text form uses '-' */
	enum field_type type;
	const struct op_names *names; /* FIELD_ENUM, FIELD_BITS */
};

#define OP_MAX_FIELDS 8u
#define OP_MAX_BLOB 4096u  /* bytes per blob field; at most one blob per op */
#define OP_MAX_OPS 1024u   /* per program; the rest of an input is ignored */

struct op_info {
	const char *name;
	enum op_side side;
	const char *help;
	struct op_field field[OP_MAX_FIELDS];
	unsigned field_count;
};

extern const struct op_info op_table[OP_COUNT];

/* Op id by text name, or -1. */
int op_find(const char *name);
/* Field index by name, or -1. */
int op_field_find(const struct op_info *info, const char *name);

struct op {
	uint8_t id;                       /* enum op_id */
	uint8_t addr_kind;                /* of the op's ADDR field, enum addr_kind */
	uint16_t blob_len;                /* bytes of the op's BLOB field */
	uint64_t v[OP_MAX_FIELDS];        /* FIELD_ENUM: index into names; ADDR: offset */
	const uint8_t *blob;              /* into the program's own storage */
};

struct op_program {
	struct op *op;
	unsigned count, room;
	uint8_t *bytes; /* storage for blobs */
	size_t byte_count, byte_room;
};

void op_program_init(struct op_program *p);
void op_program_fini(struct op_program *p);
/* Forget the ops, keep the storage. */
void op_program_clear(struct op_program *p);
/* Append a copy (blob included). Returns it, or NULL when OP_MAX_OPS is reached. */
struct op *op_program_append(struct op_program *p, const struct op *op);
/* Value of a named field of an op: REQUIREs that the op has it. For ENUM the mapped value. */
uint64_t op_get(const struct op *op, const char *field);
/* As op_get by index (order of op.def): ENUM and BITS mapped through the name table. */
uint64_t op_value(const struct op *op, unsigned field);

/* ---- codec.c: bytes <-> ops, total ------------------------------------------------------------ */

/*
 * Every byte string decodes to some program: op id = byte % OP_COUNT, numbers little-endian,
 * missing bytes are zero, an empty string is one `enumerate`. A decoded program encoded again
 * gives bytes that decode to the same program.
 */
void op_decode(struct op_program *p, const uint8_t *bytes, size_t len);
/* Returns the size in bytes; writes at most room bytes (whole ops only). out may be NULL. */
size_t op_encode(const struct op_program *p, uint8_t *out, size_t room);

/* ---- text.c ----------------------------------------------------------------------------------- */

struct op_error {
	unsigned line, column; /* 1-based */
	char message[160];
};

/*
 * One op per line: `name field=value ...`; '#' starts a comment; a field left out is zero.
 * Numbers decimal or 0x hex; enums and bit sets (a+b) by name, or a number; addresses as in
 * `auto`, `self`, `buf+0x40`, `0x1234`; blobs as hex digits (`data=0011aabb`) or "text".
 * 0, or -EINVAL with *error filled in.
 */
int op_parse(struct op_program *p, const char *text, size_t len, struct op_error *error);
/* One op as text without newline; fields that are zero are left out. Truncates at room. */
int op_print(const struct op *op, char *out, size_t room);
/* The whole program; caller frees. */
char *op_print_program(const struct op_program *p);

/* ---- mutate.c, shrink.c, dict.c ------------------------------------------------------------- */

/* LLVMFuzzerCustomMutator / CustomCrossOver on ops; deterministic in seed. Return new size. */
size_t op_mutate(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t op_crossover(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size, uint8_t *out,
		    size_t max_size, unsigned seed);

/* Fewest and plainest ops for which keep(program, opaque) still holds (it holds for *p now). */
typedef bool op_predicate(const struct op_program *p, void *opaque);
void op_shrink(struct op_program *p, op_predicate *keep, void *opaque);

/* libFuzzer dictionary: one entry per op, enum value and interesting constant. */
void op_print_dictionary(FILE *out);

#endif
