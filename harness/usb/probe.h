// SPDX-License-Identifier: MIT
/*
 * probe.h -- for the tests of this folder: a device that answers as the test says and counts what
 * it is told, on a bus with one port whose owner counts too.
 */
#ifndef USB_PROBE_H
#define USB_PROBE_H

#include <setjmp.h>
#include <stdarg.h>

#include "heap.h"
#include "usb/desc.h"
#include "usb/usb.h"

#include <cmocka.h>

/* Configuration 1: interface 0 with interrupt IN 1 and bulk 2, in setting 1 isochronous IN 3. */
/* clang-format off */
static const uint8_t probe_set[] = {
	18, 1, 0x00, 0x02, 0, 0, 0, 64, 0x34, 0x12, 0x78, 0x56, 0, 1, 0, 0, 0, 1,
	9, 2, 55, 0, 1, 1, 0, 0x80, 50,
	9, 4, 0, 0, 3, 0xff, 0, 0, 0,
	7, 5, 0x81, 3, 8, 0, 4,
	7, 5, 0x02, 2, 0, 2, 0,
	7, 5, 0x82, 2, 0, 2, 0,
	9, 4, 0, 1, 1, 0xff, 0, 0, 0,
	7, 5, 0x83, 1, 0, 1, 1,
	4, 3, 0x09, 0x04,
	6, 3, 'h', 0, 'i', 0,
};
/* clang-format on */

struct probe;

struct probe_log { /* outlives the device */
	unsigned freed, cancelled, control_cancelled, reset, configured, halt_cleared, timer;
	unsigned asked; /* data() calls */
};

struct probe {
	struct usb_device usb;
	struct probe_log *log;
	enum usb_status answer;         /* of data() */
	int control_answer;             /* of control() */
	struct usb_setup asked;         /* last request control() got */
	bool intercepts;                /* intercept() answers `answer` */
	void (*inside)(struct probe *); /* called in every handler, after `asked` */
	struct usb_packet *packet;      /* the last one data() or intercept() saw */
};

static inline void probe_inside(struct probe *probe)
{
	if (probe->inside)
		probe->inside(probe);
}

static inline bool probe_intercept(struct usb_device *dev, struct usb_packet *p,
				   enum usb_status *status)
{
	struct probe *probe = (struct probe *)dev;

	if (!probe->intercepts)
		return false;
	probe->packet = p;
	*status = probe->answer;
	probe_inside(probe);
	return true;
}

static inline int probe_control(struct usb_device *dev, const struct usb_setup *s, uint8_t *data,
				uint32_t len)
{
	struct probe *probe = (struct probe *)dev;
	int r = probe->control_answer;

	probe->asked = *s;
	probe_inside(probe);
	/* Use the buffer after whatever happened: it must still be there. */
	for (uint32_t i = 0; i < len && s->type & 0x80; i++)
		data[i] = (uint8_t)i;
	return r;
}

static inline enum usb_status probe_data(struct usb_device *dev, struct usb_endpoint *ep,
					 struct usb_packet *p)
{
	struct probe *probe = (struct probe *)dev;
	enum usb_status answer = probe->answer;

	(void)ep;
	probe->packet = p;
	probe->log->asked++;
	if (answer == USB_OK && p->pid == USB_IN)
		usb_packet_put(p, "pong", 4);
	probe_inside(probe);
	return answer;
}

static inline void probe_cancel(struct usb_device *dev, struct usb_packet *p)
{
	struct probe *probe = (struct probe *)dev;

	probe->log->cancelled++;
	if (probe->packet == p)
		probe->packet = NULL;
}

static inline void probe_control_cancel(struct usb_device *dev)
{
	((struct probe *)dev)->log->control_cancelled++;
}

static inline void probe_reset(struct usb_device *dev)
{
	((struct probe *)dev)->log->reset++;
}

static inline void probe_configured(struct usb_device *dev)
{
	((struct probe *)dev)->log->configured++;
}

static inline void probe_halt_cleared(struct usb_device *dev, struct usb_endpoint *ep)
{
	(void)ep;
	((struct probe *)dev)->log->halt_cleared++;
}

static inline void probe_timer(struct usb_device *dev)
{
	struct probe *probe = (struct probe *)dev;

	probe->log->timer++;
	probe_inside(probe);
}

static inline void probe_free(struct usb_device *dev)
{
	((struct probe *)dev)->log->freed++;
	usb_device_fini(dev);
	heap_free(dev);
}

static const struct usb_device_ops probe_ops = {
	.model = "probe",
	.speed_mask = 1 << USB_SPEED_FULL | 1 << USB_SPEED_HIGH | 1 << USB_SPEED_SUPER,
	.intercept = probe_intercept,
	.control = probe_control,
	.control_cancel = probe_control_cancel,
	.data = probe_data,
	.cancel = probe_cancel,
	.reset = probe_reset,
	.configured = probe_configured,
	.halt_cleared = probe_halt_cleared,
	.timer = probe_timer,
	.free = probe_free,
};

struct probe_bench { /* a bus, a port, a probe in it, reset and, as a rule, configured */
	struct usb_bus bus;
	struct usb_port port;
	struct trace trace;
	uint64_t now_ns;
	struct probe *probe;
	struct probe_log log;
	unsigned attached, detached, wakeups, resumes, completed;
	struct usb_packet *last_completed;
};

static inline void bench_attached(struct usb_port *port)
{
	((struct probe_bench *)port->opaque)->attached++;
}

static inline void bench_detached(struct usb_port *port)
{
	((struct probe_bench *)port->opaque)->detached++;
}

static inline void bench_wakeup(struct usb_port *port, struct usb_device *dev,
				struct usb_endpoint *ep)
{
	(void)dev;
	(void)ep;
	((struct probe_bench *)port->opaque)->wakeups++;
}

static inline void bench_resume(struct usb_port *port)
{
	((struct probe_bench *)port->opaque)->resumes++;
}

static const struct usb_port_ops bench_port_ops = {
	.attached = bench_attached,
	.detached = bench_detached,
	.wakeup = bench_wakeup,
	.resume = bench_resume,
};

static inline void bench_complete(struct usb_packet *p)
{
	struct probe_bench *b = p->opaque;

	b->completed++;
	b->last_completed = p;
}

static inline struct probe *probe_new(struct probe_log *log, const uint8_t *set, size_t len)
{
	struct probe *probe = heap_zero(sizeof(*probe));

	usb_device_init(&probe->usb, &probe_ops, set, len);
	probe->usb.pipeline = true;
	probe->log = log;
	return probe;
}

/* An empty bus whose port takes these speeds. */
static inline void bench_open(struct probe_bench *b, uint8_t speed_mask)
{
	memset(b, 0, sizeof(*b));
	trace_reset(&b->trace);
	usb_bus_init(&b->bus, &b->trace, &b->now_ns);
	b->port = (struct usb_port){.ops = &bench_port_ops, .opaque = b, .speed_mask = speed_mask};
	usb_bus_add_port(&b->bus, &b->port);
}

static inline struct usb_packet *bench_packet(struct probe_bench *b, enum usb_pid pid,
					      unsigned number, uint32_t len)
{
	struct usb_packet *p = usb_packet_new(&b->probe->usb, pid, number, len);

	p->complete = bench_complete;
	p->opaque = b;
	return p;
}

/* Submit a packet that is not kept; its bytes are copied to data if that is not NULL. */
static inline enum usb_status bench_token(struct probe_bench *b, enum usb_pid pid, unsigned number,
					  void *data, uint32_t len, uint32_t *actual)
{
	struct usb_packet *p = bench_packet(b, pid, number, len);
	enum usb_status status;

	if (pid != USB_IN && len)
		memcpy(p->data, data, len);
	status = usb_packet_submit(p);
	if (pid == USB_IN && data && p->actual)
		memcpy(data, p->data, p->actual);
	if (actual)
		*actual = p->actual;
	usb_packet_free(p);
	return status;
}

static inline enum usb_status bench_setup(struct probe_bench *b, uint8_t type, uint8_t request,
					  uint16_t value, uint16_t index, uint16_t length)
{
	uint8_t raw[8] = {type, request};

	put_le16(raw + 2, value);
	put_le16(raw + 4, index);
	put_le16(raw + 6, length);
	return bench_token(b, USB_SETUP, 0, raw, 8, NULL);
}

/*
 * A whole control transfer, as a host does it. IN: data has room for length bytes; returns the
 * status of the first stage that is not USB_OK, else USB_OK. *actual: bytes of an IN answer.
 */
static inline enum usb_status bench_control(struct probe_bench *b, uint8_t type, uint8_t request,
					    uint16_t value, uint16_t index, uint16_t length,
					    void *data, uint32_t *actual)
{
	bool in = type & 0x80 && length;
	enum usb_status status = bench_setup(b, type, request, value, index, length);

	if (status == USB_OK && length)
		status = bench_token(b, in ? USB_IN : USB_OUT, 0, data, length, actual);
	if (status == USB_OK)
		status = bench_token(b, in ? USB_OUT : USB_IN, 0, NULL, 0, NULL);
	return status;
}

static inline void bench_plug(struct probe_bench *b, const uint8_t *set, size_t len)
{
	b->probe = probe_new(&b->log, set, len);
	assert_int_equal(usb_plug(&b->port, &b->probe->usb), 0);
	usb_device_reset(&b->probe->usb);
}

/* A probe with probe_set, address 5, configuration 1, at high speed. */
static inline void bench_start(struct probe_bench *b)
{
	bench_open(b, 1 << USB_SPEED_HIGH);
	bench_plug(b, probe_set, sizeof(probe_set));
	assert_int_equal(bench_control(b, 0, 5, 5, 0, 0, NULL, NULL), USB_OK);
	assert_int_equal(bench_control(b, 0, 9, 1, 0, 0, NULL, NULL), USB_OK);
}

/* Unplug; everything must be given back. */
static inline void bench_close(struct probe_bench *b)
{
	usb_bus_reset(&b->bus);
	assert_int_equal(b->bus.live_packets, 0);
	assert_int_equal(b->bus.live_devices, 0);
}

#endif
