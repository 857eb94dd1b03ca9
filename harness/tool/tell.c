// SPDX-License-Identifier: MIT
/* tell.c -- how far a long command is: on a terminal, in one line that is written over. */
#include <stdarg.h>
#include <unistd.h>

#include "tool/tool.h"

#define TELL_MSEC 200u

void tool_tell(uint64_t *told_msec, const char *format, ...)
{
	uint64_t now = tool_now_msec();
	va_list args;

	if (now < *told_msec + TELL_MSEC || !isatty(STDERR_FILENO))
		return;
	*told_msec = now;
	fputs("\r\033[K", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
}

void tool_tell_end(uint64_t *told_msec)
{
	if (*told_msec)
		fputs("\r\033[K", stderr);
	*told_msec = 0;
}
