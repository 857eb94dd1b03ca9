// SPDX-License-Identifier: MIT
/*
 * promise.c -- lists of a scripted device's answers.
 */
#include "dev/promise.h"
#include "heap.h"

struct promise *promise_new(const struct scripted_answer *answer)
{
	struct promise *p = heap_zero(sizeof(*p));

	p->answer = *answer;
	p->answer.data = NULL;
	p->due_ns = UINT64_MAX;
	if (answer->len) {
		uint8_t *data = heap_zero(answer->len);

		memcpy(data, answer->data, answer->len);
		p->answer.data = data;
	}
	return p;
}

void promise_free(struct promise *p)
{
	heap_free((void *)p->answer.data);
	heap_free(p);
}

void promise_append(struct promise **list, struct promise *p)
{
	while (*list)
		list = &(*list)->next;
	p->next = NULL;
	*list = p;
}

struct promise *promise_take(struct promise **link)
{
	struct promise *p = *link;

	*link = p->next;
	p->next = NULL;
	return p;
}

void promise_free_all(struct promise **list)
{
	while (*list)
		promise_free(promise_take(list));
}

uint64_t promise_first_due_ns(const struct promise *list)
{
	uint64_t due = UINT64_MAX;

	for (; list; list = list->next)
		due = min_u64(due, list->due_ns);
	return due;
}
