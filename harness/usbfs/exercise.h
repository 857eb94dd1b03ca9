// SPDX-License-Identifier: MIT
/*
 * exercise.h -- the target `libusb`: a scripted device behind our usbfs, and a user of libusb that calls
 * every function which QEMU's host and redirection devices call, reads all that comes back, and frees it.
 *
 * An input is a header, a descriptor set and answers; every run of bytes is one, missing ones are 0:
 *   speed u8        modulo 5: 0 the fastest, 1 full, 2 low, 3 high, 4 super
 *   capabilities u8 of the usbfs, exclusive or with ours
 *   actions u8      a bit for each of enum exercise_action
 *   fault u8        this ioctl (0: none) is refused, with ...
 *   error u8        ... a number out of a small table
 *   length u16      of the descriptor set, cut to what is there; then the set
 *   answers         match u8 (bits 0-3 endpoint, 15 any; 4-5 pid, 3 any; 6 a request's; 7 detach),
 *                   status u8, delay u8 (milliseconds), length u8, data: to the next packets that match
 */
#ifndef USBFS_EXERCISE_H
#define USBFS_EXERCISE_H

#include "usbfs/usbfs.h"

#include <libusb-1.0/libusb.h>

#define EXERCISE_HEADER_BYTES 7u

enum exercise_action {
	EXERCISE_STRINGS = 1 << 0,
	EXERCISE_CONTROL = 1 << 1,
	EXERCISE_DATA = 1 << 2,  /* claim, settings, bulk and interrupt one after the other */
	EXERCISE_ASYNC = 1 << 3, /* transfers on all endpoints at once, half of them cancelled */
	EXERCISE_ISOCH = 1 << 4, /* isochronous ones among them */
	EXERCISE_STREAMS = 1 << 5,
	EXERCISE_RESET = 1 << 6,
	EXERCISE_UNPLUG = 1 << 7, /* while transfers are under way */
};

/* What is known of libusb, has a public report, and would hide everything else. */
enum exercise_known {
	EXERCISE_NO_ENDPOINTS, /* CVE-2026-23679: a count of endpoints, and no endpoints */
	EXERCISE_ASSOCIATIONS, /* CVE-2026-47104, 1.0.27 to 1.0.29: reads behind the last one */
	EXERCISE_KNOWN,
};

#define EXERCISE_LEFT 16u
#define EXERCISE_LOOKS 16u

struct exercise {
	libusb_context *context;
	int file; /* the number of the device's, if libusb calls system.h; or -1 */
	struct heap_image
		*start; /* what every input begins with; NULL: with what the last one left */
	uint64_t live;  /* blocks of it */
	unsigned blocks;
	struct exercise_left {
		uint32_t who;   /* asked for the block: see heap_each_since, library.h */
		unsigned looks; /* of LeakSanitizer, and nothing to report; 0: no entry */
	} left[EXERCISE_LEFT];
	struct usbfs usbfs; /* of the input that is played */
	uint8_t actions, fault;
	int fault_error;
	unsigned sizes;                 /* endpoints whose packet sizes are still asked for */
	uint64_t sum;                   /* over all that was read, so that all of it is */
	uint64_t counter;               /* calls of libusb, in all inputs */
	int files;                      /* that libusb wants to be watched now */
	bool strict;                    /* nothing is known: each is a finding */
	uint64_t known[EXERCISE_KNOWN]; /* how often it was passed by, in all inputs */
};

/* True if it has to be passed by. */
bool exercise_is_known(struct exercise *e, enum exercise_known which);

/* GAUNTLET_STRICT=1 in the environment makes it strict. NULL: libusb does not start; *ret_err says why. */
struct exercise *exercise_new(int *ret_err);
void exercise_free(struct exercise *e);
/*
 * From here on each input begins with libusb's context as it is now, and a block that is left is a finding. The arena
 * has to be lent to libusb (library.h); where there is none nothing happens.
 */
void exercise_keep(struct exercise *e);
/* Play an input. Nothing of it outlives the call. False: libusb has leaked, and LeakSanitizer has said what. */
bool exercise_run(struct exercise *e, const uint8_t *data, size_t len);

/* ---- exercise_walk.c ------------------------------------------------------------------------- */

/* Every byte is looked at. NULL is fine if len is 0. */
void exercise_read(struct exercise *e, const void *bytes, size_t len);
void exercise_walk(struct exercise *e, libusb_device_handle *handle);

/* ---- exercise_transfer.c --------------------------------------------------------------------- */

void exercise_transfer(struct exercise *e, libusb_device_handle *handle);

/* ---- exercise_mutate.c ----------------------------------------------------------------------- */

/* A LLVMFuzzerCustomMutator that knows the parts of an input. */
size_t exercise_mutate(uint8_t *data, size_t size, size_t max_size, unsigned seed);

#endif
