// SPDX-License-Identifier: MIT
/*
 * exercise_mutate.c -- inputs of exercise.h into slightly different ones: descriptors as descriptors,
 * header and answers byte by byte.
 */
#include "op/mutate.h"
#include "usbfs/exercise.h"

struct parts {
	uint8_t head[EXERCISE_HEADER_BYTES];
	struct mutate_blob set;
	uint8_t tail[1024]; /* answers */
	size_t tail_len;
};

static void split(struct parts *p, const uint8_t *data, size_t size)
{
	size_t at = min_u64(size, sizeof(p->head));

	memset(p->head, 0, sizeof(p->head));
	memcpy(p->head, data, at);
	p->set.len = (unsigned)min_u64(min_u64(get_le16(p->head + 5), size - at), OP_MAX_BLOB);
	memcpy(p->set.bytes, data + at, p->set.len);
	at += p->set.len;
	p->tail_len = min_u64(size - at, sizeof(p->tail));
	memcpy(p->tail, data + at, p->tail_len);
}

static size_t join(const struct parts *p, uint8_t *data, size_t room)
{
	size_t set = min_u64(p->set.len, room - sizeof(p->head)),
	       tail = min_u64(p->tail_len, room - sizeof(p->head) - set);

	memcpy(data, p->head, sizeof(p->head));
	put_le16(data + 5, (uint16_t)set);
	memcpy(data + sizeof(p->head), p->set.bytes, set);
	memcpy(data + sizeof(p->head) + set, p->tail, tail);
	return sizeof(p->head) + set + tail;
}

static void change_head(struct op_random *r, struct parts *p)
{
	switch (op_random_below(r, 5)) {
	case 0:
		p->head[0] = (uint8_t)op_random_below(r, 5);
		break;
	case 1:
		p->head[1] ^= (uint8_t)(1u << op_random_below(r, 6));
		break;
	case 2:
		/* Few actions make fast inputs. */
		p->head[2] = op_random_one_in(r, 3) ? (uint8_t)op_random_next(r)
						    : (uint8_t)(1u << op_random_below(r, 8));
		break;
	case 3:
		p->head[2] = 0;
		break;
	default:
		p->head[3] = (uint8_t)op_random_below(r, 24);
		p->head[4] = (uint8_t)op_random_below(r, 13);
	}
}

static void add_answer(struct op_random *r, struct parts *p)
{
	uint8_t a[4 + 24];
	size_t n = op_random_below(r, 25);

	if (p->tail_len + 4 + n > sizeof(p->tail))
		return;
	a[0] = (uint8_t)op_random_next(r) & (op_random_one_in(r, 8) ? 0xff : 0x7f);
	a[1] = (uint8_t)(op_random_one_in(r, 2) ? 0 : op_random_next(r));
	a[2] = (uint8_t)op_random_below(r, 3);
	a[3] = (uint8_t)n;
	for (size_t i = 0; i < n; i++)
		a[4 + i] = (uint8_t)op_random_next(r);
	/* A short descriptor header makes a good beginning of a hostile answer. */
	if (n > 4 && op_random_one_in(r, 2)) {
		a[4] = (uint8_t)op_random_below(r, 32);
		a[5] = (uint8_t)(op_random_one_in(r, 2) ? 15 : op_random_below(r, 17));
		a[6] = (uint8_t)op_random_below(r, 48);
		a[7] = 0;
	}
	memmove(p->tail + 4 + n, p->tail, p->tail_len);
	memcpy(p->tail, a, 4 + n);
	p->tail_len += 4 + n;
}

size_t exercise_mutate(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	struct op_random r = {seed};
	struct parts p;

	if (max_size < EXERCISE_HEADER_BYTES)
		return size;
	if (LLVMFuzzerMutate && op_random_one_in(&r, 8))
		return LLVMFuzzerMutate(data, size, max_size);
	split(&p, data, size);
	switch (op_random_below(&r, 10)) {
	case 0:
		change_head(&r, &p);
		break;
	case 1:
		add_answer(&r, &p);
		break;
	case 2:
		if (LLVMFuzzerMutate && p.tail_len)
			p.tail_len = LLVMFuzzerMutate(p.tail, p.tail_len, sizeof(p.tail));
		else
			add_answer(&r, &p);
		break;
	case 3:
		if (LLVMFuzzerMutate && p.set.len) {
			p.set.len = (unsigned)LLVMFuzzerMutate(p.set.bytes, p.set.len, OP_MAX_BLOB);
			break;
		}
		/* fall through */
	case 4:
		/* A set that ends early is what parsers of the past fell over. */
		p.set.len = op_random_below(&r, p.set.len + 1);
		break;
	default:
		if (p.set.len)
			mutate_desc_change(&r, &p.set);
		else
			mutate_desc_fill(&r, &p.set);
	}
	return join(&p, data, max_size);
}
