// SPDX-License-Identifier: MIT
#include <errno.h>

#include "usb/probe.h"

struct tree { /* a chain of probes with downstream ports of their own, the first in the bench's port */
	struct probe_bench b;
	struct probe *hub[USB_MAX_HUBS + 1];
	struct probe_log log; /* of everything behind the first */
	unsigned left, told;
	struct usb_device *last_left;
};

static struct tree *tree_of(struct usb_port *root)
{
	return container_of((struct probe_bench *)root->opaque, struct tree, b);
}

static void tree_left(struct usb_port *root, struct usb_device *dev)
{
	assert_non_null(dev->port);
	tree_of(root)->left++;
	tree_of(root)->last_left = dev;
}

static void tree_wakeup(struct usb_port *root, struct usb_device *dev, struct usb_endpoint *ep)
{
	bench_wakeup(root, dev, ep);
	assert_ptr_equal(usb_port_root(dev->port), root);
}

static const struct usb_port_ops root_ops = {
	.detached = bench_detached,
	.wakeup = tree_wakeup,
	.left = tree_left,
};

static struct probe *new_hub(struct probe_log *log, unsigned ports)
{
	struct probe *probe = probe_new(log, probe_set, sizeof(probe_set));

	probe->usb.downstream = heap_zero(ports * sizeof(struct usb_port));
	probe->usb.downstream_count = (uint8_t)ports;
	return probe;
}

static void add_ports(struct tree *t, struct usb_device *hub)
{
	for (unsigned i = 0; i < hub->downstream_count; i++)
		hub->downstream[i] = (struct usb_port){
			.bus = &t->b.bus,
			.hub = hub,
			.open = true,
			.number = (uint8_t)(i + 1),
			.speed_mask = 1 << USB_SPEED_HIGH,
		};
}

/* Each hub hangs in port 2 of the one before. */
static void tree_start(struct tree *t, unsigned hubs)
{
	struct usb_port *port = &t->b.port;

	memset(t, 0, sizeof(*t));
	bench_open(&t->b, 1 << USB_SPEED_HIGH);
	t->b.port.ops = &root_ops;
	for (unsigned i = 0; i < hubs; i++) {
		t->hub[i] = new_hub(i ? &t->log : &t->b.log, 20);
		assert_int_equal(usb_plug(port, &t->hub[i]->usb), 0);
		add_ports(t, &t->hub[i]->usb);
		usb_device_reset(&t->hub[i]->usb);
		port = &t->hub[i]->usb.downstream[1];
	}
	t->b.probe = t->hub[0];
}

static void a_route_names_a_port_of_each_hub(void **state)
{
	struct tree t;

	(void)state;
	tree_start(&t, 3);
	assert_ptr_equal(usb_route_port(&t.b.port, 0), &t.b.port);
	assert_ptr_equal(usb_route_port(&t.b.port, 0x7), &t.hub[0]->usb.downstream[6]);
	assert_ptr_equal(usb_route_port(&t.b.port, 0x922), &t.hub[2]->usb.downstream[8]);
	assert_int_equal(usb_port_route(&t.hub[2]->usb.downstream[8]), 0x922);
	assert_int_equal(usb_port_route(&t.hub[2]->usb.downstream[17]), 0xf22);
	assert_ptr_equal(usb_port_root(&t.hub[2]->usb.downstream[8]), &t.b.port);
	assert_ptr_equal(usb_route_device(&t.b.port, 0x22), &t.hub[2]->usb);
	assert_null(usb_route_device(&t.b.port, 0x32));
	assert_null(usb_route_port(&t.b.port, 0x2222)); /* no hub there */
	assert_null(usb_route_port(&t.b.port, 0x202));  /* a gap */
	bench_close(&t.b);
}

static void a_hub_behind_five_others_is_refused(void **state)
{
	struct usb_port *last;
	struct probe *one;
	struct tree t;

	(void)state;
	tree_start(&t, 5);
	last = &t.hub[4]->usb.downstream[1];
	one = new_hub(&t.log, 1);
	assert_int_equal(usb_plug(last, &one->usb), -ELOOP);
	one->usb.ops->free(&one->usb);
	one = probe_new(&t.log, probe_set, sizeof(probe_set));
	assert_int_equal(usb_plug(last, &one->usb), 0);
	assert_ptr_equal(usb_route_device(&t.b.port, 0x22222), &one->usb);
	assert_null(usb_route_port(&t.b.port, 0x222222));
	bench_close(&t.b);
}

static void what_hangs_behind_a_hub_goes_with_it(void **state)
{
	struct tree t;

	(void)state;
	tree_start(&t, 4);
	usb_unplug(&t.b.port);
	assert_int_equal(t.left, 3);
	assert_int_equal(t.log.freed, 3);
	assert_int_equal(t.b.log.freed, 1);
	assert_int_equal(t.b.detached, 1);
	assert_int_equal(t.b.bus.live_devices, 0);
	bench_close(&t.b);
}

static struct usb_packet *async_packet(struct tree *t, struct probe *probe)
{
	struct usb_packet *p;

	probe->intercepts = true;
	probe->answer = USB_ASYNC;
	p = usb_packet_new(&probe->usb, USB_IN, 1, 8);
	p->complete = bench_complete;
	p->opaque = &t->b;
	assert_int_equal(usb_packet_submit(p), USB_ASYNC);
	return p;
}

static void a_closed_port_lets_nothing_pass(void **state)
{
	struct usb_packet *behind, *before;
	struct tree t;

	(void)state;
	tree_start(&t, 3);
	before = async_packet(&t, t.hub[0]);
	behind = async_packet(&t, t.hub[2]);
	assert_int_equal(behind->route, 0x22);
	assert_int_equal(behind->port, 1);
	usb_port_close(&t.hub[0]->usb.downstream[1]);
	assert_int_equal(t.b.completed, 1);
	assert_int_equal(behind->status, USB_XACT);
	assert_int_equal(before->state, USB_PACKET_WITH_DEVICE);
	assert_null(usb_route_device(&t.b.port, 0x22));
	assert_non_null(usb_route_port(&t.b.port, 0x22));
	assert_int_equal(usb_packet_submit(behind), USB_XACT);
	usb_wakeup(&t.hub[2]->usb.ep_in[1]);
	assert_int_equal(t.b.wakeups, 0);
	t.hub[0]->usb.downstream[1].open = true;
	usb_wakeup(&t.hub[2]->usb.ep_in[1]);
	assert_int_equal(t.b.wakeups, 1);
	assert_int_equal(usb_packet_submit(behind), USB_ASYNC);
	usb_packet_free(behind);
	usb_packet_free(before);
	bench_close(&t.b);
}

static void unplug_root(struct usb_packet *p)
{
	bench_complete(p);
	usb_unplug(p->bus->port[0]);
}

static void a_hub_may_be_unplugged_while_what_is_behind_it_is(void **state)
{
	struct usb_packet *p;
	struct tree t;

	(void)state;
	for (int close = 0; close < 2; close++) {
		tree_start(&t, 4);
		p = async_packet(&t, t.hub[3]);
		p->complete = unplug_root;
		if (close)
			usb_port_close(&t.hub[1]->usb.downstream[1]);
		else
			usb_unplug(&t.hub[1]->usb.downstream[1]);
		assert_int_equal(t.log.freed, 3);
		assert_int_equal(t.b.log.freed, 1);
		assert_int_equal(t.b.bus.live_devices, 0);
		usb_packet_free(p);
		bench_close(&t.b);
	}
}

static void nothing_is_plugged_into_a_hub_that_is_not(void **state)
{
	struct probe *hub, *one;
	struct tree t;

	(void)state;
	tree_start(&t, 1);
	hub = new_hub(&t.log, 2);
	add_ports(&t, &hub->usb);
	one = probe_new(&t.log, probe_set, sizeof(probe_set));
	assert_int_equal(usb_plug(&hub->usb.downstream[0], &one->usb), -ENODEV);
	one->usb.ops->free(&one->usb);
	hub->usb.ops->free(&hub->usb);
	bench_close(&t.b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_route_names_a_port_of_each_hub),
		cmocka_unit_test(a_hub_behind_five_others_is_refused),
		cmocka_unit_test(what_hangs_behind_a_hub_goes_with_it),
		cmocka_unit_test(a_closed_port_lets_nothing_pass),
		cmocka_unit_test(a_hub_may_be_unplugged_while_what_is_behind_it_is),
		cmocka_unit_test(nothing_is_plugged_into_a_hub_that_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
