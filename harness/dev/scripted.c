// SPDX-License-Identifier: MIT
/*
 * scripted.c -- the hostile device: serves any bytes as its descriptors and gives whatever answers
 * are queued for it, late, out of order, too long, contradicting earlier ones, or unplugging
 * itself. What nothing is queued for it answers obligingly. Its built-in descriptors are in
 * scripted_desc.c.
 */
#include <errno.h>

#include "dev/scripted.h"
#include "dev/scripted_desc.h"
#include "heap.h"

static struct scripted *to_scripted(struct usb_device *dev)
{
	return container_of(dev, struct scripted, usb);
}

static uint64_t now_ns(const struct scripted *sc)
{
	const struct usb_bus *bus = sc->usb.bus;

	return bus && bus->now_ns ? *bus->now_ns : 0;
}

/* Tell the machine when the next promise is due. */
static void rearm(struct scripted *sc)
{
	uint64_t now = now_ns(sc), due = promise_first_due_ns(sc->pending);

	usb_device_arm(&sc->usb, due == UINT64_MAX ? due : due > now ? due - now : 0);
}

static void make_promise(struct scripted *sc, struct promise *p)
{
	uint64_t now = now_ns(sc), delay = p->answer.delay_ns;

	p->due_ns = !delay || delay > UINT64_MAX - 1 - now ? UINT64_MAX : now + delay;
	promise_append(&sc->pending, p);
	rearm(sc);
}

/* ---- using an answer ----------------------------------------------------------------------- */

static bool matches(const struct scripted_answer *a, const struct usb_packet *p)
{
	return !a->request && (a->number == SCRIPTED_ANY || a->number == p->number) &&
		(a->pid == SCRIPTED_ANY || a->pid == p->pid);
}

/* The oldest answer for this packet (NULL: for a request), out of the queue. */
static struct promise *next_answer(struct scripted *sc, const struct usb_packet *packet)
{
	for (struct promise **link = &sc->queue; *link; link = &(*link)->next) {
		if (packet ? matches(&(*link)->answer, packet) : (*link)->answer.request) {
			sc->queued--;
			return promise_take(link);
		}
	}
	return NULL;
}

/* What a packet ends with when the device answers it so. */
static enum usb_status answer_packet(struct usb_packet *p, uint8_t status, const uint8_t *data,
				     size_t len)
{
	if (p->pid == USB_IN && len && !usb_packet_put(p, data, len) && status == USB_OK)
		return USB_BABBLE;
	return status;
}

static bool intercept(struct usb_device *dev, struct usb_packet *packet, enum usb_status *status)
{
	struct scripted *sc = to_scripted(dev);
	struct promise *p = next_answer(sc, packet);

	if (!p)
		return false;
	*status = p->answer.status;
	if (p->answer.detach) {
		promise_free(p);
		*status = USB_NODEV;
		usb_unplug(dev->port); /* dev lives until the core's call has returned */
		return true;
	}
	if (*status == USB_ASYNC) {
		p->kind = PROMISE_PACKET;
		p->packet = packet;
		make_promise(sc, p);
	} else if (*status == USB_NAK && p->answer.delay_ns) {
		p->kind = PROMISE_WAKEUP;
		p->address = (uint8_t)(packet->number | (packet->pid == USB_IN ? 0x80 : 0));
		make_promise(sc, p);
	} else {
		*status = answer_packet(packet, p->answer.status, p->answer.data, p->answer.len);
		promise_free(p);
	}
	return true;
}

static void fill_pattern(struct scripted *sc, uint8_t *data, size_t len)
{
	uint8_t first = sc->counter++;

	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)(first + i);
}

static int default_request(struct scripted *sc, const struct usb_setup *s, uint8_t *data,
			   uint32_t len)
{
	if ((s->type & 0x60) == 0) /* standard, and the core refused it */
		return -USB_STALL;
	if (!(s->type & 0x80))
		return 0;
	fill_pattern(sc, data, len);
	return (int)len;
}

static int control(struct usb_device *dev, const struct usb_setup *s, uint8_t *data, uint32_t len)
{
	struct scripted *sc = to_scripted(dev);
	struct promise *p = next_answer(sc, NULL);
	int r;

	if (!p)
		return default_request(sc, s, data, len);
	r = -(int)p->answer.status;
	if (p->answer.detach) {
		promise_free(p);
		usb_unplug(dev->port);
		return -USB_NODEV;
	}
	if (p->answer.status == USB_ASYNC) {
		p->kind = PROMISE_REQUEST;
		make_promise(sc, p);
		return USB_CONTROL_ASYNC;
	}
	if (p->answer.status == USB_OK && s->type & 0x80) {
		if (len && p->answer.len)
			memcpy(data, p->answer.data, min_u64(len, p->answer.len));
		r = (int)p->answer.len; /* perhaps more than asked: the core has to see to that */
	}
	promise_free(p);
	return r;
}

static enum usb_status data_packet(struct usb_device *dev, struct usb_endpoint *ep,
				   struct usb_packet *p)
{
	struct scripted *sc = to_scripted(dev);
	size_t len = min_u64(p->len, SCRIPTED_MAX_DATA);
	uint8_t *pattern;

	if (!(ep->address & 0x80) || !len)
		return USB_OK;
	if (ep->type == USB_EP_INTERRUPT)
		len = min_u64(len, ep->max_packet);
	pattern = heap_zero(len);
	fill_pattern(sc, pattern, len);
	usb_packet_put(p, pattern, len);
	heap_free(pattern);
	return USB_OK;
}

/* ---- keeping a promise --------------------------------------------------------------------- */

/* Nothing of the device may be touched afterwards unless it is held. */
static void keep(struct scripted *sc, struct promise *p, uint8_t status, const uint8_t *data,
		 size_t len)
{
	struct usb_device *dev = &sc->usb;
	struct usb_packet *packet = p->packet;
	bool in = p->address & 0x80;
	unsigned number = p->address & 0x0f;
	struct usb_endpoint *ep;

	switch (p->kind) {
	case PROMISE_PACKET:
		usb_packet_complete(packet, answer_packet(packet, status, data, len));
		break;
	case PROMISE_REQUEST:
		if (status == USB_OK && len && dev->control.buf && dev->control.setup.type & 0x80)
			memcpy(dev->control.buf, data, min_u64(len, dev->control.setup.length));
		usb_control_complete(dev, status, (uint32_t)min_u64(len, SCRIPTED_MAX_DATA));
		break;
	default:
		ep = usb_endpoint_get(dev, in ? USB_IN : USB_OUT, number);
		if (ep)
			usb_wakeup(ep);
	}
	promise_free(p);
}

static void timer(struct usb_device *dev)
{
	struct scripted *sc = to_scripted(dev);
	uint64_t now = now_ns(sc);

	/* What is promised meanwhile is due later than now. */
	for (struct promise **link = &sc->pending; *link;) {
		struct promise *p;

		if ((*link)->due_ns > now) {
			link = &(*link)->next;
			continue;
		}
		p = promise_take(link);
		keep(sc, p, p->answer.later_status, p->answer.data, p->answer.len);
		link = &sc->pending; /* the list may be another now */
	}
	rearm(sc);
}

static void cancel(struct usb_device *dev, struct usb_packet *packet)
{
	struct scripted *sc = to_scripted(dev);

	for (struct promise **link = &sc->pending; *link; link = &(*link)->next) {
		if ((*link)->kind == PROMISE_PACKET && (*link)->packet == packet) {
			promise_free(promise_take(link));
			break;
		}
	}
	rearm(sc);
}

static void drop_pending(struct scripted *sc, enum promise_kind kind)
{
	for (struct promise **link = &sc->pending; *link;) {
		if ((*link)->kind == kind)
			promise_free(promise_take(link));
		else
			link = &(*link)->next;
	}
	rearm(sc);
}

static void control_cancel(struct usb_device *dev)
{
	drop_pending(to_scripted(dev), PROMISE_REQUEST);
}

/* The core has cancelled what is with the device; queued answers are for whatever comes next. */
static void reset(struct usb_device *dev)
{
	drop_pending(to_scripted(dev), PROMISE_WAKEUP);
}

static void release(struct usb_device *dev)
{
	struct scripted *sc = to_scripted(dev);

	promise_free_all(&sc->queue);
	promise_free_all(&sc->pending);
	usb_device_fini(dev);
	heap_free(sc);
}

static const uint8_t *describe(struct usb_device *dev, enum usb_speed speed, size_t *ret_len)
{
	return to_scripted(dev)->custom ? NULL : scripted_desc(speed, ret_len);
}

/* ---- the outside --------------------------------------------------------------------------- */

static const struct usb_device_ops scripted_ops = {
	.model = "scripted",
	.describe = describe,
	.reset = reset,
	.intercept = intercept,
	.control = control,
	.control_cancel = control_cancel,
	.data = data_packet,
	.cancel = cancel,
	.timer = timer,
	.saved = scripted_saved,
	.free = release,
};

#define ALL_SPEEDS                                                                                 \
	(1 << USB_SPEED_LOW | 1 << USB_SPEED_FULL | 1 << USB_SPEED_HIGH | 1 << USB_SPEED_SUPER)

struct usb_device *scripted_new(const uint8_t *desc, size_t desc_len, uint8_t speed_mask)
{
	struct scripted *sc = heap_zero(sizeof(*sc));

	sc->ops = scripted_ops;
	sc->ops.speed_mask = speed_mask & ALL_SPEEDS ? speed_mask & ALL_SPEEDS : ALL_SPEEDS;
	sc->custom = desc_len != 0;
	usb_device_init(&sc->usb, &sc->ops, desc_len ? desc : NULL, desc_len);
	sc->usb.pipeline = true;
	return &sc->usb;
}

static bool is_scripted(const struct usb_device *dev)
{
	return dev->ops->free == release;
}

bool scripted_answer_valid(const struct scripted_answer *a)
{
	return (a->number <= 15 || a->number == SCRIPTED_ANY) &&
		(a->pid <= USB_SETUP || a->pid == SCRIPTED_ANY) && a->status < USB_STATUSES &&
		a->later_status < USB_STATUSES && a->later_status != USB_ASYNC &&
		a->len <= SCRIPTED_MAX_DATA;
}

int scripted_answer(struct usb_device *dev, const struct scripted_answer *answer)
{
	struct scripted *sc = to_scripted(dev);

	if (!is_scripted(dev))
		return -ENODEV;
	if (!scripted_answer_valid(answer))
		return -EINVAL;
	if (sc->queued == SCRIPTED_MAX_ANSWERS)
		return -ENOSPC;
	promise_append(&sc->queue, promise_new(answer));
	sc->queued++;
	return 0;
}

int scripted_finish(struct usb_device *dev, unsigned nth, uint8_t status, const uint8_t *data,
		    size_t len)
{
	struct scripted *sc = to_scripted(dev);

	if (!is_scripted(dev))
		return -ENODEV;
	if (status >= USB_STATUSES || status == USB_ASYNC)
		return -EINVAL;
	for (struct promise **link = &sc->pending; *link; link = &(*link)->next) {
		if ((*link)->kind == PROMISE_WAKEUP || nth--)
			continue;
		keep(sc, promise_take(link), status, data, len);
		return 0;
	}
	return -ENOENT;
}

unsigned scripted_pending(const struct usb_device *dev)
{
	unsigned n = 0;

	if (is_scripted(dev))
		for (const struct promise *p = container_of(dev, struct scripted, usb)->pending; p;
		     p = p->next)
			n += p->kind != PROMISE_WAKEUP;
	return n;
}

unsigned scripted_queued(const struct usb_device *dev)
{
	return is_scripted(dev) ? container_of(dev, struct scripted, usb)->queued : 0;
}

int scripted_wakeup(struct usb_device *dev, uint8_t address)
{
	struct usb_endpoint *ep;

	if (!is_scripted(dev))
		return -ENODEV;
	ep = usb_endpoint_get(dev, address & 0x80 ? USB_IN : USB_OUT, address & 0x0f);
	if (!ep)
		return -ENOENT;
	usb_wakeup(ep);
	return 0;
}
