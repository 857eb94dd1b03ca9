// SPDX-License-Identifier: MIT
/*
 * serve_info_xhci.c -- the state of a served controller, as text for people: registers, ports, slots with
 * their endpoints and rings, interrupters. From the controller's own memory; the guest's is not looked at.
 */
#include "backend/machine.h"
#include "backend/serve.h"

static const char *name_of(const char *const *name, unsigned count, unsigned i)
{
	return i < count && name[i] ? name[i] : "?";
}

static void put_ports(FILE *out, const struct xhci *x)
{
	static const char *const link[] = {
#define X(name, value) [value] = #name,
		PORT_LINK_STATES(X)
#undef X
	};

	for (unsigned i = 1; i <= x->port_count; i++) {
		const struct xhci_port *p = &x->port[i];
		unsigned state = (p->portsc & PORTSC_PLS_MASK) >> PORTSC_PLS_SHIFT;

		fprintf(out, "port %u: USB%u, connector %u, PORTSC 0x%08x%s%s, link %s\n", i,
			p->protocol, p->connector->number, p->portsc,
			p->portsc & PORTSC_CCS ? ", connected" : "",
			p->portsc & PORTSC_PED ? ", enabled" : "",
			name_of(link, ARRAY_SIZE(link), state));
	}
}

static void put_endpoint(FILE *out, const struct xhci_ep *ep)
{
	static const char *const state[] = {"disabled", "running", "halted", "stopped", "error"};
	static const char *const type[] = {"?",       "isoch out", "bulk out", "interrupt out",
					   "control", "isoch in",  "bulk in",  "interrupt in"};
	const struct td *td = &ep->td;

	fprintf(out, "  endpoint %u: %s, %s, packets of %u", ep->dci,
		name_of(type, ARRAY_SIZE(type), ep->type),
		name_of(state, ARRAY_SIZE(state), ep->state), ep->max_packet);
	if (ep->interval_ns)
		fprintf(out, ", every %llu us", (unsigned long long)(ep->interval_ns / 1000));
	fprintf(out, "\n    ring 0x%llx cycle %u%s%s", (unsigned long long)ep->ring.dequeue,
		ep->ring.cycle, ep->rung ? ", doorbell rung" : "", ep->queued ? ", queued" : "");
	if (td->active && td->count)
		fprintf(out, ", in the TD at 0x%llx, %u of %u bytes of its TRB done",
			(unsigned long long)td->trb[td->first % XHCI_WINDOW].addr,
			td->trb[td->first % XHCI_WINDOW].done,
			td->trb[td->first % XHCI_WINDOW].length);
	else if (td->active)
		fprintf(out, ", in a TD");
	if (ep->packet)
		fprintf(out, ", %s packet of %u bytes", ep->naked ? "refused" : "waiting",
			ep->packet->len);
	fputc('\n', out);
}

static void put_slot(FILE *out, const struct slot *s, unsigned id)
{
	static const char *const slot_state[] = {"enabled", "default", "addressed", "configured"};

	fprintf(out, "slot %u: %s, port %u, address %u, context 0x%llx\n", id,
		name_of(slot_state, ARRAY_SIZE(slot_state), s->state), s->root_port, s->address,
		(unsigned long long)s->context);
	for (unsigned dci = 1; dci < 32; dci++)
		if (s->ep[dci])
			put_endpoint(out, s->ep[dci]);
}

static void put_interrupter(FILE *out, const struct interrupter *in, unsigned i)
{
	fprintf(out,
		"interrupter %u: IMAN 0x%x, IMOD 0x%x, %u TRBs in %u segments, enqueue %u, "
		"dequeue %u%s%s%s, table 0x%llx\n",
		i, in->iman, in->imod, in->total, in->segment_count, in->enqueue, in->dequeue,
		in->ehb ? ", busy" : "", in->full ? ", full" : "",
		in->pending_count ? ", events wait" : "", (unsigned long long)in->erstba);
}

char *serve_info_xhci(const struct serve_devices *s)
{
	const struct xhci *x = s->m->xhci;
	size_t len;
	char *bytes;
	FILE *out = open_memstream(&bytes, &len);

	REQUIRE(out);
	fprintf(out, "%s: USBCMD 0x%x, USBSTS 0x%x, %s, %u slots enabled of %u, microframe %llu\n",
		x->profile->name, x->usbcmd, x->usbsts, xhci_running(x) ? "running" : "halted",
		x->config & 0xff, x->profile->slots, (unsigned long long)xhci_microframe(x));
	fprintf(out, "command ring 0x%llx cycle %u%s%s, DCBAA 0x%llx\n",
		(unsigned long long)x->command_ring.dequeue, x->command_ring.cycle,
		x->command_running ? ", running" : "",
		x->command_waiting ? ", waits for a device" : "", (unsigned long long)x->dcbaap);
	put_ports(out, x);
	for (unsigned id = 1; id <= x->profile->slots; id++)
		if (x->slots[id].state != SLOT_DISABLED)
			put_slot(out, &x->slots[id], id);
	for (unsigned i = 0; i < x->profile->intrs; i++)
		if (x->intr[i].valid)
			put_interrupter(out, &x->intr[i], i);
	fclose(out);
	return bytes;
}
