// SPDX-License-Identifier: MIT
/*
 * serve_wav.h -- WAV files as the other side of a served VM's sound card: what is played goes to one, what
 * is recorded comes from one.
 */
#ifndef BACKEND_SERVE_WAV_H
#define BACKEND_SERVE_WAV_H

#include "dev/link.h"

/*
 * Either path may be NULL. Both are 48 kHz, 16 bits, stereo; the recorded one must say so. Its samples come
 * once, as fast as they are asked for. The played one is overwritten; its head is right once the device is gone.
 * 0; -EINVAL: the recorded one is not such a file; or another -errno, with the path it is about in *ret_path.
 */
int serve_wav_open(const char *played, const char *recorded, struct dev_link **ret,
		   const char **ret_path);

#endif
