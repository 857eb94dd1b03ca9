// SPDX-License-Identifier: MIT
/*
 * op.h -- the op language: one action of the guest, of the device side or of the world.
 * Sections follow the files: op.c, codec.c, text.c, parse.c, mutate.c, shrink.c, dict.c, drive*.c.
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

enum op_side {
	SIDE_GUEST,
	SIDE_DEVICE,
	SIDE_WORLD
};

enum field_type {
	FIELD_U8,
	FIELD_U16,
	FIELD_U32,
	FIELD_U64,
	FIELD_ADDR,
	FIELD_BLOB,
	FIELD_ENUM,
	FIELD_BITS
};

/* Symbolic addresses: what a number means is decided by the driver when the op runs. */
enum addr_kind {
	ADDR_AUTO, /* what a correct driver would use */
	ADDR_RAW,  /* guest-physical; 64-bit offset */
	ADDR_SELF, /* the TRB being placed, or the ring's enqueue pointer */
	ADDR_RING, /* first TRB of the op's ring */
	ADDR_BUF,  /* the driver's data buffers */
	ADDR_BAR,  /* the controller's own BAR 0 */
	ADDR_DCBAA,
	ADDR_CTX,   /* device context of the current slot */
	ADDR_INPUT, /* input context */
	ADDR_ERST,
	ADDR_EVENT,   /* first segment of event ring 0 */
	ADDR_COMMAND, /* command ring */
	ADDR_KINDS
};

struct op_names { /* a named set of values (names.h): value = row unless values is given */
	const char *table;
	const char *const *name; /* an entry may be NULL: that row has a number only */
	const uint32_t *value;   /* NULL = 0, 1, 2, ... */
	unsigned count;
};

struct op_field {
	const char *name; /* with '_' as in op.def; text form uses '-' */
	enum field_type type;
	const struct op_names *names; /* FIELD_ENUM, FIELD_BITS */
};

#define OP_MAX_FIELDS 8u
#define OP_MAX_BLOB 4096u /* bytes per blob field; at most one blob per op */
#define OP_MAX_OPS 1024u  /* per program; the rest of an input is ignored */

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
	uint8_t id;        /* enum op_id */
	uint8_t addr_kind; /* of the op's ADDR field, enum addr_kind */
	uint16_t blob_len; /* bytes of the op's BLOB field */
	/*
	 * As in the byte format; op_value gives what it means. ENUM: row of names; BITS: bit n is
	 * row n; ADDR: offset, for symbolic kinds 32 bits sign-extended to 64; BLOB: 0.
	 */
	uint64_t v[OP_MAX_FIELDS];
	const uint8_t *blob; /* into the program's own storage; NULL if blob_len is 0 */
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
/* The same before op number at (0..count). */
struct op *op_program_insert(struct op_program *p, unsigned at, const struct op *op);
/* Drop count ops from number at on; their blobs' bytes stay in the storage. */
void op_program_remove(struct op_program *p, unsigned at, unsigned count);
/* Make to a copy of from. */
void op_program_copy(struct op_program *to, const struct op_program *from);
/* Have room for so many ops and blob bytes in all, so that nothing moves until then. */
void op_program_reserve(struct op_program *p, unsigned ops, size_t bytes);
/* Copy bytes (at most OP_MAX_BLOB) into the storage, for an op's blob. NULL if len is 0. */
const uint8_t *op_program_store(struct op_program *p, const void *bytes, size_t len);
bool op_equal(const struct op *a, const struct op *b);
bool op_program_equal(const struct op_program *a, const struct op_program *b);
/*
 * What a named field of an op means: REQUIREs that the op has it. ENUM: the name's value; BITS: the
 * values of the set bits or-ed together.
 */
uint64_t op_get(const struct op *op, const char *field);
/* As op_get by index (order of op.def). */
uint64_t op_value(const struct op *op, unsigned field);

/* ---- codec.c: bytes <-> ops, total ---------------------------------------------------------- */

/*
 * Every byte string decodes to some program: op id = byte % OP_COUNT, numbers little-endian,
 * missing bytes are zero, an empty string is one `enumerate`. A decoded program encoded again
 * gives bytes that decode to the same program.
 *
 * ENUM: one byte % count. BITS: 1, 2 or 4 bytes as count asks, bits beyond it dropped. ADDR: one
 * byte % ADDR_KINDS, then nothing for auto, 8 bytes for raw, else 4 (signed). BLOB: 2 bytes of
 * length, cut to OP_MAX_BLOB and to what is left, then the bytes.
 */
void op_decode(struct op_program *p, const uint8_t *bytes, size_t len);
/*
 * Returns the bytes written: as many whole ops as fit in room. out = NULL: room does not matter, the
 * size of the whole program. An empty program is no bytes.
 */
size_t op_encode(const struct op_program *p, uint8_t *out, size_t room);
/* Bytes of one op. */
size_t op_size(const struct op *op);
/* Bring every field into the range that the byte format can hold, as decoding would. */
void op_normalize(struct op *op);

/* ---- text.c, parse.c ------------------------------------------------------------------------ */

struct op_error {
	unsigned line, column; /* 1-based */
	char message[160];
};

/*
 * One op per line: `name field=value ...`; '#' starts a comment; a field left out is zero.
 * Numbers decimal or 0x hex; enums by name or by value; bit sets by name (a+b) or as a number (bit
 * n is row n of the table); addresses as in `auto`, `self`, `buf+0x40`, `self-16`, `0x1234`; blobs
 * as hex digits (`data=0011aabb`, '_' between bytes is skipped) or "text" with \n \r \t \0 \\ \"
 * \xNN. Text without any op is one `enumerate`, as an empty byte string is.
 * 0, or -EINVAL with *error filled in (*p then holds the ops before the error).
 */
int op_parse(struct op_program *p, const char *text, size_t len, struct op_error *error);
/* One op as text without newline; fields that are zero are left out. Truncates at room. */
int op_print(const struct op *op, char *out, size_t room);
/* The whole program; caller frees. */
char *op_print_program(const struct op_program *p);

/* ---- polite.c ------------------------------------------------------------------------------- */

/* Leave out what no driver would do, and take the rudeness from the rest; of the device side all stays. */
void op_program_polite(struct op_program *p);
/* Saved state is loaded as it was saved. */
void op_program_honest(struct op_program *p);
/* The first for a program in bytes. Returns the new size. */
size_t op_make_polite(uint8_t *data, size_t size, size_t max_size);

/* ---- mutate.c, shrink.c, dict.c ------------------------------------------------------------- */

/* Programs kept for their storage; zeroes at first. */
struct op_scratch {
	struct op_program program[3];
};
void op_scratch_fini(struct op_scratch *s);

struct op_scope {
	unsigned keep;              /* so many first ops stay as they are, mostly */
	unsigned enough;            /* programs of more ops shrink rather than grow */
	struct op_scratch *scratch; /* to work in; NULL: memory of one's own, each time */
};
#define OP_SCOPE_ALL ((struct op_scope){0, 32, NULL})

/* A program into a slightly different one / two into one, on ops; deterministic in seed. Return new size. */
size_t op_mutate(uint8_t *data, size_t size, size_t max_size, unsigned seed, struct op_scope scope);
size_t op_crossover(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size, uint8_t *out,
		    size_t max_size, unsigned seed, struct op_scope scope);

/*
 * Fewest and plainest ops for which keep(program, opaque) still holds (it holds for *p now): drops
 * ops, then brings fields to zero and blobs to nothing. Whatever keep says, what is left in *p is
 * the start or something for which keep was true. At most OP_SHRINK_CALLS calls of keep.
 */
#define OP_SHRINK_CALLS 20000u
typedef bool op_predicate(const struct op_program *p, void *opaque);
void op_shrink(struct op_program *p, op_predicate *keep, void *opaque);

/* libFuzzer dictionary: one entry per op, enum value and interesting constant. */
void op_print_dictionary(FILE *out);

#endif
