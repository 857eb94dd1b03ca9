// SPDX-License-Identifier: MIT
/* testbed.h -- what tests of the tool share: cmocka, and a case from its text. */
#ifndef TOOL_TESTBED_H
#define TOOL_TESTBED_H

#include <setjmp.h>
#include <stdarg.h>
/* After the standard headers it needs. */
#include <cmocka.h>

#include "tool/tool.h"

/* A program for xhci-ring; the caller frees it by tool_case_free. */
static inline struct tool_case bed_case(const char *text)
{
	struct tool_case c = {.path = "test", .target = TARGET_RING};
	struct op_error error;

	op_program_init(&c.program);
	assert_int_equal(op_parse(&c.program, text, strlen(text), &error), 0);
	return c;
}

#endif
