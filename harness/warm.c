// SPDX-License-Identifier: MIT
/*
 * warm.c -- which images are worth their place: one that is expected to be of use, and any that brought
 * the trace ROWS_ENOUGH rows further and has been asked for before: one place per hash; an image that is
 * used is not replaced at once, but by an expected one.
 *
 * A place also keeps the coverage counters of its ops, so that an input counts what it covers
 * whether it starts warm or cold.
 *
 * No input allocates anything here: libFuzzer takes what an input allocates and keeps for a leak, looks
 * through all memory, and after a thousand in vain it does not look any more.
 */
#include "coverage.h"
#include "warm.h"
#include <sys/mman.h>

#define PLACES 512u
#define SEEN 16384u
#define PREFIX_MAX 96u /* ops; a longer one is hardly ever shared */
#define ROWS_ENOUGH 100u
#define MERIT_MAX 8u

struct place {
	bool kept;    /* the rest means something */
	uint64_t key; /* of the ops */
	unsigned merit;
	struct trace trace;
	struct heap_image *image;
	uint8_t *counters;
};

struct warm {
	struct place power_on;
	struct place place[PLACES];
	uint8_t *counters;            /* of all places; unmapped until used */
	uint64_t seen[SEEN];          /* keys that came by without being kept */
	uint64_t key[PREFIX_MAX + 1]; /* of the first ops of the last program */
	unsigned count;               /* of key[] */
	unsigned expect;              /* ops after which the next programs differ; 0 = unknown */
	uint64_t rows;                /* of the trace when an image was kept or restored */
};

struct warm *warm_new(const struct trace *trace)
{
	struct warm *w;

	if (!heap_has_arena())
		return NULL;
	w = alloc_zero(sizeof(*w));
	w->power_on = (struct place){.trace = *trace, .image = heap_image_save(NULL, NULL)};
	w->counters = mmap(NULL, PLACES * coverage_bytes() + 1, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	REQUIRE(w->counters != MAP_FAILED);
	for (unsigned i = 0; i < PLACES; i++) {
		w->place[i].image = heap_image_save(NULL, w->power_on.image);
		w->place[i].counters = w->counters + i * coverage_bytes();
	}
	return w;
}

void warm_free(struct warm *w)
{
	if (!w)
		return;
	for (unsigned i = 0; i < PLACES; i++)
		heap_image_free(w->place[i].image);
	munmap(w->counters, PLACES * coverage_bytes() + 1);
	heap_image_free(w->power_on.image);
	free(w);
}

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h + v + UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xff51afd7ed558ccd);
	return h ^ (h >> 29);
}

static uint64_t op_key(uint64_t key, const struct op *op)
{
	const struct op_info *info = &op_table[op->id];
	uint64_t word;

	key = mix(key, op->id | (uint64_t)op->addr_kind << 8 | (uint64_t)op->blob_len << 16);
	for (unsigned i = 0; i < info->field_count; i++)
		key = mix(key, op->v[i]);
	for (unsigned i = 0; i < op->blob_len; i += (unsigned)sizeof(word)) {
		word = 0;
		memcpy(&word, op->blob + i, min_u64(op->blob_len - i, sizeof(word)));
		key = mix(key, word);
	}
	return key;
}

static void restore(struct warm *w, const struct place *place, struct trace *trace)
{
	trace_sink *sink = trace->sink;
	void *opaque = trace->sink_opaque;

	heap_image_restore(place->image);
	*trace = place->trace;
	trace->sink = sink;
	trace->sink_opaque = opaque;
	if (place->counters)
		coverage_set(place->counters);
	w->rows = trace->row_count;
}

unsigned warm_start(struct warm *w, const struct op_program *p, unsigned expect,
		    struct trace *trace)
{
	struct place *from = &w->power_on;
	unsigned first = 0;

	w->expect = expect;
	w->count = (unsigned)min_u64(p->count, PREFIX_MAX);
	for (unsigned i = 1; i <= w->count; i++) {
		struct place *place;

		w->key[i] = op_key(w->key[i - 1], &p->op[i - 1]);
		place = &w->place[w->key[i] % PLACES];
		if (place->kept && place->key == w->key[i]) {
			from = place;
			first = i;
		}
	}
	from->merit += from->merit < MERIT_MAX;
	restore(w, from, trace);
	return first;
}

static void keep(struct warm *w, struct place *place, unsigned count, const struct trace *trace)
{
	w->rows = trace->row_count;
	place->key = w->key[count];
	place->trace = *trace;
	place->kept = true;
	place->image = heap_image_save(place->image, w->power_on.image);
	coverage_get(place->counters);
}

void warm_played(struct warm *w, unsigned count, const struct trace *trace)
{
	struct place *place;
	uint64_t key, *seen;

	if (count > w->count)
		return;
	key = w->key[count];
	place = &w->place[key % PLACES];
	if (count == w->expect) {
		place->merit = 1;
		keep(w, place, count, trace);
		return;
	}
	if (trace->row_count - w->rows < ROWS_ENOUGH)
		return;
	seen = &w->seen[key % SEEN];
	if (*seen != key)
		*seen = key;
	else if (place->merit)
		place->merit--;
	else
		keep(w, place, count, trace);
}
