// SPDX-License-Identifier: MIT
/*
 * recording.c -- a recording back into rows of the trace.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/capture.h"
#include "capture/record_format.h"

#define MAX_BYTES (UINT64_C(1) << 31) /* of a file */

static int read_all(const char *path, uint8_t **ret, size_t *ret_len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	struct stat s;
	size_t len = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &s))
		err = -errno;
	else if (!S_ISREG(s.st_mode))
		err = -EINVAL;
	else if ((uint64_t)s.st_size > MAX_BYTES)
		err = -EFBIG;
	*ret = err ? NULL : alloc_zero((size_t)s.st_size);
	while (!err && len < (size_t)s.st_size) {
		ssize_t n = read(fd, *ret + len, (size_t)s.st_size - len);

		if (n < 0 && errno != EINTR)
			err = -errno;
		else if (!n)
			break;
		else if (n > 0)
			len += (size_t)n;
	}
	close(fd);
	*ret_len = len;
	return err;
}

/* The row at b of which so many bytes are there, into *row: its size, or 0 if it is not whole. */
static size_t take_row(const uint8_t *b, size_t left, struct trace_row *row, uint32_t *kept)
{
	if (left < RECORD_ROW_BYTES)
		return 0;
	*kept = get_le32(b + 12);
	if (*kept > RECORD_DATA_MAX || *kept > left - RECORD_ROW_BYTES)
		return 0;
	*row = (struct trace_row){.kind = b[0],
				  .flags = b[1],
				  .what = b[2],
				  .slot = b[3],
				  .dci = b[4],
				  .pid = b[5],
				  .status = b[6],
				  .port = b[7],
				  .len = get_le32(b + 8),
				  .time_ns = get_le64(b + 16),
				  .addr = get_le64(b + 24),
				  .value = get_le64(b + 32),
				  .data = *kept ? b + RECORD_ROW_BYTES : NULL};
	return RECORD_ROW_BYTES + *kept;
}

static void take_rows(struct recording *r, const uint8_t *bytes, size_t len)
{
	size_t room = len / RECORD_ROW_BYTES + 1, used;

	r->row = alloc_zero(room * sizeof(*r->row));
	r->kept = alloc_zero(room * sizeof(*r->kept));
	while ((used = take_row(bytes, len, &r->row[r->count], &r->kept[r->count]))) {
		bytes += used;
		len -= used;
		r->count++;
	}
}

int recording_read(const char *path, struct recording *ret)
{
	size_t len = 0;
	int err;

	memset(ret, 0, sizeof(*ret));
	err = read_all(path, &ret->bytes, &len);
	if (!err &&
	    (len < RECORD_HEAD_BYTES || memcmp(ret->bytes, RECORD_MAGIC, 16) ||
	     get_le32(ret->bytes + 16) != RECORD_VERSION))
		err = -EINVAL;
	if (err) {
		recording_free(ret);
		return err;
	}
	memcpy(ret->head.profile, ret->bytes + 20, sizeof(ret->head.profile));
	ret->head.profile[sizeof(ret->head.profile) - 1] = '\0';
	ret->head.oper = get_le32(ret->bytes + 52);
	ret->head.runtime = get_le32(ret->bytes + 56);
	ret->head.doorbell = get_le32(ret->bytes + 60);
	take_rows(ret, ret->bytes + RECORD_HEAD_BYTES, len - RECORD_HEAD_BYTES);
	return 0;
}

void recording_free(struct recording *r)
{
	free(r->row);
	free(r->kept);
	free(r->bytes);
	memset(r, 0, sizeof(*r));
}
