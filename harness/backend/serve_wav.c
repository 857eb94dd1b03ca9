// SPDX-License-Identifier: MIT
/*
 * serve_wav.c -- see serve_wav.h. RIFF files of one "fmt " and one "data" chunk are written; when reading, other
 * chunks are skipped. Left out: other rates and formats, as the device has none (dev/audio.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/serve_wav.h"

#define HEAD 44u
#define RATE 48000u
#define FRAME_BYTES 4u
#define FORMAT_BYTES 16u
#define CHUNKS 64u /* budget */

struct wav {
	struct dev_link link;   /* first member */
	int play_fd, record_fd; /* -1 = none */
	uint64_t played;        /* bytes */
	uint64_t position, end; /* of the recorded one */
};

/* ---- the head ------------------------------------------------------------------------------- */

static void put_head(uint8_t head[HEAD], uint64_t bytes)
{
	uint32_t len = (uint32_t)min_u64(bytes, UINT32_MAX - HEAD);

	memcpy(head, "RIFF....WAVEfmt ", 16);
	put_le32(head + 4, len + HEAD - 8);
	put_le32(head + 16, FORMAT_BYTES);
	put_le16(head + 20, 1); /* PCM */
	put_le16(head + 22, 2);
	put_le32(head + 24, RATE);
	put_le32(head + 28, RATE * FRAME_BYTES);
	put_le16(head + 32, FRAME_BYTES);
	put_le16(head + 34, 16);
	memcpy(head + 36, "data", 4);
	put_le32(head + 40, len);
}

static bool is_ours(const uint8_t format[FORMAT_BYTES])
{
	return get_le16(format) == 1 && get_le16(format + 2) == 2 && get_le32(format + 4) == RATE &&
		get_le16(format + 14) == 16;
}

/* Finds where the samples are. */
static int read_head(struct wav *w)
{
	uint8_t bytes[FORMAT_BYTES];
	bool known = false;
	struct stat st;

	if (fstat(w->record_fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || pread(w->record_fd, bytes, 12, 0) != 12 ||
	    memcmp(bytes, "RIFF", 4) || memcmp(bytes + 8, "WAVE", 4))
		return -EINVAL;
	w->position = 12;
	for (unsigned i = 0; i < CHUNKS && pread(w->record_fd, bytes, 8, (off_t)w->position) == 8;
	     i++) {
		uint64_t start = w->position + 8, len = get_le32(bytes + 4);

		w->position = start;
		w->end = start > (uint64_t)st.st_size ? start
						      : min_u64(start + len, (uint64_t)st.st_size);
		if (!memcmp(bytes, "data", 4))
			return known ? 0 : -EINVAL;
		if (!memcmp(bytes, "fmt ", 4))
			known = pread(w->record_fd, bytes, FORMAT_BYTES, (off_t)start) ==
					FORMAT_BYTES &&
				is_ours(bytes);
		w->position = start + len + (len & 1);
	}
	return -EINVAL;
}

/* ---- as the device has it ------------------------------------------------------------------- */

/* A disk that is full loses what is played, as a line that nobody is at. */
static size_t wav_send(struct dev_link *l, const uint8_t *bytes, size_t len)
{
	struct wav *w = container_of(l, struct wav, link);
	ssize_t n = w->play_fd < 0 ? 0 : pwrite(w->play_fd, bytes, len, (off_t)(HEAD + w->played));

	if (n > 0)
		w->played += (uint64_t)n;
	return w->play_fd < 0 ? len : n < 0 ? 0 : (size_t)n;
}

static size_t wav_receive(struct dev_link *l, uint8_t *bytes, size_t room)
{
	struct wav *w = container_of(l, struct wav, link);
	size_t want = min_u64(room, w->end - w->position);
	ssize_t n = want ? pread(w->record_fd, bytes, want, (off_t)w->position) : 0;

	if (n <= 0)
		return 0;
	w->position += (uint64_t)n;
	return (size_t)n;
}

static void wav_free(struct dev_link *l)
{
	struct wav *w = container_of(l, struct wav, link);
	uint8_t head[HEAD];

	put_head(head, w->played);
	if (w->play_fd >= 0 && pwrite(w->play_fd, head, HEAD, 0) == HEAD)
		fdatasync(w->play_fd);
	if (w->play_fd >= 0)
		close(w->play_fd);
	if (w->record_fd >= 0)
		close(w->record_fd);
	free(w);
}

static const struct dev_link_ops ops = {.send = wav_send, .receive = wav_receive, .free = wav_free};

static int open_played(struct wav *w, const char *path)
{
	uint8_t head[HEAD];

	w->play_fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (w->play_fd < 0)
		return -errno;
	put_head(head, 0);
	return pwrite(w->play_fd, head, HEAD, 0) == HEAD ? 0 : -ENOSPC;
}

static int open_recorded(struct wav *w, const char *path)
{
	w->record_fd = open(path, O_RDONLY | O_CLOEXEC);
	return w->record_fd < 0 ? -errno : read_head(w);
}

int serve_wav_open(const char *played, const char *recorded, struct dev_link **ret,
		   const char **ret_path)
{
	struct wav *w = alloc_zero(sizeof(*w));
	int err = 0;

	w->link.ops = &ops;
	w->link.fd = w->play_fd = w->record_fd = -1;
	w->link.visits = 1;
	*ret_path = recorded;
	if (recorded)
		err = open_recorded(w, recorded);
	if (!err && played) {
		*ret_path = played;
		err = open_played(w, played);
	}
	if (err)
		wav_free(&w->link);
	else
		*ret = &w->link;
	return err;
}
