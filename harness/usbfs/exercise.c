// SPDX-License-Identifier: MIT
/*
 * exercise.c -- an input of the target `libusb`: the device it describes, behind a file of its own, in
 * the hands of libusb and back.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "dev/dev.h"
#include "library.h"
#include "usbfs/exercise.h"

#define PATIENCE 3u /* looks in vain, then an URB fails: nothing sleeps */
#define MS_NS UINT64_C(1000000)

/* The nth ioctl of an input, once. */
static int fault(void *opaque, unsigned long request)
{
	struct exercise *e = opaque;

	(void)request;
	return e->fault && e->usbfs.requests + 1 == e->fault ? e->fault_error : 0;
}

static int error_of(uint8_t number)
{
	static const int list[] = {ENODEV, ENOENT, EINVAL, EBUSY,   ENOTTY,    EIO,      ENOMEM,
				   EPIPE,  EPROTO, EAGAIN, ENODATA, ETIMEDOUT, ESHUTDOWN};

	return -list[number % ARRAY_SIZE(list)];
}

/* One answer out of len bytes: how many it took; 0 if there is no more. */
static size_t take_answer(struct usb_device *dev, const uint8_t *data, size_t len)
{
	struct scripted_answer a;
	size_t n;

	if (len < 4)
		return 0;
	n = min_u64(data[3], len - 4);
	a = (struct scripted_answer){
		.number = (data[0] & 15) == 15 ? SCRIPTED_ANY : data[0] & 15,
		.pid = (data[0] >> 4 & 3) == 3 ? SCRIPTED_ANY : data[0] >> 4 & 3,
		.status = data[1] % USB_STATUSES,
		.later_status = data[1] / USB_STATUSES % USB_ASYNC,
		.delay_ns = data[2] * MS_NS,
		.request = data[0] & 0x40,
		.detach = data[0] & 0x80,
		.data = n ? data + 4 : NULL,
		.len = n,
	};
	scripted_answer(dev, &a);
	return 4 + n;
}

static void play(struct exercise *e)
{
	libusb_device_handle *handle;
	libusb_device *dev;
	struct timeval none = {0, 0};

	e->counter++;
	if (libusb_wrap_sys_device(e->context, e->usbfs.fd, &handle))
		return;
	dev = libusb_ref_device(libusb_get_device(handle));
	exercise_walk(e, handle);
	exercise_transfer(e, handle);
	libusb_close(handle);
	e->sum += libusb_get_bus_number(dev); /* it is still there */
	libusb_unref_device(dev);
	e->counter += 4;
	/* What was closed is given back when events are handled next. */
	libusb_handle_events_timeout_completed(e->context, &none, NULL);
}

static void run(struct exercise *e, const uint8_t *data, size_t len)
{
	uint8_t head[EXERCISE_HEADER_BYTES] = {0};
	size_t at = min_u64(len, sizeof(head)), desc_len, n;
	struct usb_device *dev;

	if (at)
		memcpy(head, data, at);
	desc_len = min_u64(get_le16(head + 5), len - at);
	dev = scripted_new(desc_len ? data + at : NULL, desc_len, 0);
	at += desc_len;
	if (usbfs_open_as(&e->usbfs, dev, head[0] % 5, e->file))
		return;
	e->usbfs.capabilities ^= head[1];
	e->usbfs.patience = PATIENCE;
	e->usbfs.fault = fault;
	e->usbfs.fault_opaque = e;
	e->actions = head[2];
	e->fault = head[3];
	e->fault_error = error_of(head[4]);
	e->sum = 0;
	while (e->usbfs.port.dev && (n = take_answer(dev, data + at, len - at)))
		at += n;
	play(e);
	usbfs_close(&e->usbfs);
}

/* ---- what is left ---------------------------------------------------------------------------- */

static struct exercise_left *place_of(struct exercise *e, uint32_t who)
{
	for (unsigned i = 0; i < EXERCISE_LEFT; i++)
		if (!e->left[i].looks || e->left[i].who == who)
			return &e->left[i];
	return NULL;
}

static bool is_excused(void *opaque, uint32_t who)
{
	struct exercise *e = opaque;
	struct exercise_left *left = place_of(e, who);

	e->blocks++;
	return left && left->looks == EXERCISE_LOOKS;
}

static bool count_look(void *opaque, uint32_t who)
{
	struct exercise_left *left = place_of(opaque, who);

	if (left) {
		left->who = who;
		left->looks += left->looks < EXERCISE_LOOKS;
	}
	return true;
}

/*
 * Blocks are left that were not there before. LeakSanitizer knows whether that is a leak, and one that nobody
 * knows: for it the input is played once more, with blocks of the C library and a context of its own. It may
 * overlook one, so that it is asked a few times about the places where such blocks came from.
 */
static bool has_leaked(struct exercise *e, const uint8_t *data, size_t len)
{
	struct exercise *other;
	int err;

	e->blocks = 0;
	if (heap_each_since(e->start, is_excused, e) && e->blocks)
		return false;
	heap_each_since(e->start, count_look, e);
	heap_image_restore(e->start);
	heap_bypass(true);
	other = exercise_new(&err);
	if (other) {
		run(other, data, len);
		exercise_free(other);
	}
	heap_bypass(false);
	return heap_leaks();
}

bool exercise_run(struct exercise *e, const uint8_t *data, size_t len)
{
	if (e->start)
		heap_image_restore(e->start);
	run(e, data, len);
	return !e->start || heap_live() == e->live || !has_leaked(e, data, len);
}

static bool is_strict(void)
{
	const char *strict = getenv("GAUNTLET_STRICT");

	return strict && *strict == '1';
}

static bool is_before(unsigned micro)
{
	const struct libusb_version *v = libusb_get_version();

	return v->major == 1 && !v->minor && v->micro < micro;
}

/*
 * Asked by LeakSanitizer: which leaks are known. An alternate setting that cannot be parsed is lost
 * (libusb pull requests 1340, open, and 1844): also in 1.0.30.
 */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return is_before(31) && !is_strict() ? "leak:parse_interface\n" : "";
}

bool exercise_is_known(struct exercise *e, enum exercise_known which)
{
	bool known = !e->strict && is_before(30);

	e->known[which] += known;
	return known;
}

/* What a main loop of somebody else's is told: the files it has to watch. */
static void LIBUSB_CALL watch(int fd, short events, void *opaque)
{
	struct exercise *e = opaque;

	(void)fd;
	e->files++;
	e->sum += (uint64_t)events;
}

static void LIBUSB_CALL unwatch(int fd, void *opaque)
{
	struct exercise *e = opaque;

	(void)fd;
	e->files--;
}

struct exercise *exercise_new(int *ret_err)
{
	struct exercise *e = alloc_zero(sizeof(*e));
	uint64_t live = heap_live();

	e->strict = is_strict();
	e->file = -1;
	*ret_err = libusb_set_option(NULL, LIBUSB_OPTION_NO_DEVICE_DISCOVERY);
	if (!*ret_err)
		*ret_err = libusb_init(&e->context);
	/* One that asks us for memory asks us for files, too. */
	if (!*ret_err && heap_is_lent() && heap_live() != live)
		e->file = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (!*ret_err) {
		libusb_set_pollfd_notifiers(e->context, watch, unwatch, e);
		return e;
	}
	free(e);
	return NULL;
}

void exercise_keep(struct exercise *e)
{
	struct timeval none = {0, 0};

	if (!heap_has_arena())
		return;
	libusb_handle_events_timeout_completed(e->context, &none, NULL);
	e->start = heap_image_save(NULL, NULL);
	e->live = heap_live();
}

void exercise_free(struct exercise *e)
{
	if (!e)
		return;
	if (e->start)
		heap_image_restore(e->start);
	libusb_exit(e->context);
	if (e->file >= 0)
		close(e->file);
	heap_image_free(e->start);
	free(e);
}
