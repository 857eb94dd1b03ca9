// SPDX-License-Identifier: MIT
/*
 * roads_test.c -- the device that ends a QEMU (corpus/xhci-ring/redir-endpoint-0x80.ops) on each road to our
 * controller, with the oracles on: as it is; behind a usbfs and a real libusb; and redirected, with the real
 * libusbredirparser on both sides. Everywhere the rest of the device works, and no rule is broken.
 */
#include "backend/machine.h"
#include "dev/host.h"
#include "export/export.h"
#include "op/testbed.h"
#include "oracle/oracle.h"
#include "redir/peer.h"

#define PORT 1u
#define PIECE_USEC 125u

/* Interrupt endpoints 0x80 and 0x81. */
static const uint8_t set[] = {
	18, 1, 0,    2, 0, 0, 0,  64,   0x2a, 0x57, 0x80, 0x80, 0, 1, 0, 0, 0, 1, /* device */
	9,  2, 32,   0, 1, 1, 0,  0xa0, 50, /* configuration */
	9,  4, 0,    0, 2, 3, 0,  0,    0,  /* interface */
	7,  5, 0x80, 3, 8, 0, 10,           /* no endpoint */
	7,  5, 0x81, 3, 8, 0, 10,
};

struct road {
	struct bed *bed;
	struct oracle_set *oracles;
	struct machine *m;
	struct usb_device *far; /* the scripted device; NULL: it is gone */
	struct usbfs usbfs;
	struct export export;
	struct wire *wire;
	struct redir *session;
	void (*step)(struct backend *b, uint64_t usec);
	unsigned warnings;
	char warning[200];
};

static struct road *stepping; /* the backend's step has no room for who looks on */

static void row_written(void *opaque, const struct trace_row *row)
{
	struct road *r = opaque;

	oracle_set_row(r->oracles, row);
}

static void warned(void *opaque, const char *line)
{
	struct road *r = opaque;

	r->warnings++;
	snprintf(r->warning, sizeof(r->warning), "%s", line);
}

static int attach(void *opaque, struct usb_device *dev)
{
	struct road *r = opaque;

	return machine_attach(r->m, machine_port(r->m, PORT, 0), DEV_SCRIPTED, dev, USB_SPEED_NONE);
}

/* ---- the line of a redirected one ------------------------------------------------------------- */

static int write_line(void *opaque, const uint8_t *bytes, int count)
{
	struct road *r = opaque;

	if (!r->wire)
		return -1;
	wire_append(&r->wire->in, bytes, (size_t)count);
	return count;
}

static void talk(struct road *r)
{
	uint8_t bytes[4096];
	size_t n;

	for (unsigned i = 0; r->wire && i < 8; i++) {
		while ((n = wire_take(&r->wire->out, bytes, sizeof(bytes))))
			assert_int_equal(export_receive(&r->export, bytes, n), 0);
		assert_int_equal(export_work(&r->export, r->m->guest.clock.now_ns), 0);
		dev_link_ready(&r->wire->link);
	}
}

static void step_and_talk(struct backend *b, uint64_t usec)
{
	struct road *r = stepping;

	for (uint64_t done = 0; done < usec; done += PIECE_USEC) {
		r->step(b, min_u64(PIECE_USEC, usec - done));
		talk(r);
	}
}

/* ---- the roads ---------------------------------------------------------------------------------- */

static void set_out(struct road *r, void **state)
{
	r->bed = *state;
	power_on(r->bed);
	r->oracles = oracle_set_new();
	r->bed->trace.sink = row_written;
	r->bed->trace.sink_opaque = r;
	r->m = backend_emu_machine(r->bed->b);
	r->far = scripted_new(set, sizeof(set), 0);
}

/* What a guest does with it; then everything is unplugged and counted. */
static void arrive(struct road *r)
{
	static const struct scripted_answer report = {
		.number = 1, .pid = USB_IN, .data = (const uint8_t *)"12345678", .len = 8};
	const struct finding *f;
	struct backend_balance left;
	struct oracle_balance balance;
	unsigned slot;

	play(r->bed,
	     "enumerate port=1 model=scripted\ncontrol slot=1 type=0x80 request=6 value=0x100 length=18");
	slot = drive_current_slot(r->bed->d);
	assert_int_equal(slot, 1);
	assert_int_equal(slot_state(r->bed, slot), SLOT_CONFIGURED);
	assert_int_equal(drive_last_completion(r->bed->d, slot, 1), CC_SUCCESS);
	scripted_answer(r->far, &report);
	play(r->bed, "transfer slot=1 ring=ep1in length=8\nstep usec=200000");
	assert_int_equal(drive_last_completion(r->bed->d, slot, 3), CC_SUCCESS);
	play(r->bed, "control slot=1 type=0x80 request=6 value=0x100 length=18");
	assert_int_equal(drive_last_completion(r->bed->d, slot, 1), CC_SUCCESS);
	assert_int_equal(r->bed->b->ops->end(r->bed->b, &left), 0);
	balance = (struct oracle_balance){left.live_packets, left.live_devices, left.armed_timers,
					  left.live_endpoints};
	oracle_set_end(r->oracles, &balance);
	f = oracle_set_finding(r->oracles);
	if (f)
		fail_msg("VIOLATED %s %s: %s", f->oracle->clause, f->oracle->name, f->detail);
	r->bed->trace.sink = NULL;
	oracle_set_free(r->oracles);
}

static void endpoint_0x80_is_clean_as_it_is(void **state)
{
	struct road r = {0};

	set_out(&r, state);
	assert_int_equal(attach(&r, r.far), 0);
	arrive(&r);
}

static void endpoint_0x80_is_clean_over_a_real_libusb(void **state)
{
	struct usb_device *dev;
	struct road r = {0};

	set_out(&r, state);
	assert_int_equal(usbfs_open(&r.usbfs, r.far, USB_SPEED_HIGH), 0);
	assert_int_equal(host_open_file(r.usbfs.fd, warned, &r, &dev), 0);
	assert_int_equal(r.warnings, 1);
	assert_non_null(strstr(r.warning, "0x80 is skipped"));
	assert_int_equal(attach(&r, dev), 0);
	arrive(&r);
	usbfs_close(&r.usbfs);
	assert_int_equal(r.usbfs.bus.live_packets, 0);
}

static void endpoint_0x80_is_clean_over_usbredir(void **state)
{
	static struct backend_ops ops;
	struct redir_config config = {.plug = attach, .warn = warned};
	struct road r = {0};

	set_out(&r, state);
	stepping = &r;
	ops = *r.bed->b->ops;
	r.step = ops.step;
	ops.step = step_and_talk;
	r.bed->b->ops = &ops;
	config.opaque = &r;
	r.wire = wire_new();
	r.wire->owner = &r.wire;
	r.session = redir_new(&r.wire->link, &config);
	r.export.write = write_line;
	r.export.opaque = &r;
	assert_int_equal(export_plug(&r.export, r.far, USB_SPEED_HIGH), 0);
	export_connect(&r.export);
	talk(&r);
	assert_string_equal(machine_device(r.m, PORT)->ops->model, "redir");
	assert_int_equal(r.warnings, 1);
	assert_non_null(strstr(r.warning, "0x80 of type 3 is skipped"));
	arrive(&r);
	redir_free(r.session);
	export_hang_up(&r.export);
	export_unplug(&r.export);
	assert_int_equal(r.export.usbfs.bus.live_packets, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bed_test(endpoint_0x80_is_clean_as_it_is),
		bed_test(endpoint_0x80_is_clean_over_a_real_libusb),
		bed_test(endpoint_0x80_is_clean_over_usbredir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
