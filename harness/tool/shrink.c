// SPDX-License-Identifier: MIT
/*
 * shrink.c -- a case made smaller as long as it ends in the same bucket. Programs shrink by ops and
 * fields (op/shrink.c), others by bytes. Each try has a child of its own.
 */
#include "tool/tool.h"

/* Does this case still end the same way? After a failure, or when time is up, nothing does. */
static bool same(struct tool_shrink *s, struct tool_case *c)
{
	struct tool_play p = {.timeout_sec = s->timeout_sec,
			      .also = s->also,
			      .also_opaque = s->also_opaque,
			      .quiet_child = true};
	bool good;

	s->out_of_time |= s->end_msec && tool_now_msec() >= s->end_msec;
	if (s->err || s->out_of_time)
		return false;
	s->tries++;
	s->err = tool_play(&p, c);
	good = !s->err && p.verdict.kind == s->verdict.kind &&
		p.verdict.bucket == s->verdict.bucket;
	if (good)
		s->verdict = p.verdict;
	tool_play_free(&p);
	return good;
}

static bool same_program(const struct op_program *program, void *opaque)
{
	struct tool_shrink *s = opaque;
	struct tool_case c = {.path = "(a try)", .target = TARGET_RING, .program = *program};
	bool good = same(s, &c);

	tool_tell(&s->told_msec, "%u tries, %u ops left", s->tries, program->count);
	return good;
}

static bool same_bytes(struct tool_shrink *s, enum tool_target target, const uint8_t *bytes,
		       size_t len)
{
	struct tool_case c = {.path = "(a try)"};
	bool good;

	op_program_init(&c.program);
	tool_case_make(&c, target, bytes, len);
	good = same(s, &c);
	tool_case_free(&c);
	tool_tell(&s->told_msec, "%u tries, %zu bytes left", s->tries, len);
	return good;
}

/* Take out runs of bytes, long ones first, then bring single bytes to zero. */
static size_t shrink_bytes(struct tool_shrink *s, enum tool_target target, uint8_t *bytes,
			   size_t len)
{
	uint8_t *copy = alloc_zero(len);

	for (size_t run = len; run; run /= 2) {
		for (size_t at = 0; at < len;) {
			size_t cut = min_u64(run, len - at);

			memcpy(copy, bytes, at);
			memcpy(copy + at, bytes + at + cut, len - at - cut);
			if (same_bytes(s, target, copy, len - cut)) {
				memcpy(bytes, copy, len - cut);
				len -= cut;
			} else {
				at += cut;
			}
		}
	}
	for (size_t at = 0; at < len; at++) {
		uint8_t was = bytes[at];

		bytes[at] = 0;
		if (was && !same_bytes(s, target, bytes, len))
			bytes[at] = was;
	}
	free(copy);
	return len;
}

int tool_shrink(struct tool_shrink *s, struct tool_case *c)
{
	if (tool_targets[c->target].ops)
		op_shrink(&c->program, same_program, s);
	else
		c->len = shrink_bytes(s, c->target, c->bytes, c->len);
	tool_tell_end(&s->told_msec);
	return s->err;
}
