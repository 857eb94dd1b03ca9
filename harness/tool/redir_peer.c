// SPDX-License-Identifier: MIT
/*
 * redir_peer.c -- `gauntlet redir-peer`: a device of ours for the usb-redir of any QEMU.
 */
#include <errno.h>

#include "backend/peer.h"
#include "tool/verbs.h"

static void say(void *opaque, const char *line)
{
	(void)opaque;
	printf("redir-peer: %s\n", line);
	fflush(stdout);
}

static int redir_peer(const struct tool_verb *verb, char **value, char **operand, unsigned count)
{
	static const char *const way[] = {[PEER_LISTEN] = "listen",
					  [PEER_CONNECT] = "connect",
					  [PEER_TO] = "to",
					  [PEER_AS] = "as"};
	size_t len = strlen(operand[0]);
	bool program = len > 4 && !strcmp(operand[0] + len - 4, ".ops");
	struct peer_options o = {
		.record = tool_option_get(verb, value, "record"),
		.once = tool_option_get(verb, value, "once"),
		.device = operand[0],
		.say = say,
	};
	struct tool_case c;
	char why[300] = "";
	int err;

	(void)count;
	for (unsigned i = 0; i < ARRAY_SIZE(way); i++) {
		const char *given = tool_option_get(verb, value, way[i]);

		if (given && o.address)
			return tool_refuse(
				"redir-peer: one of --listen, --connect, --to and --as, not two");
		if (given)
			o.way = (enum peer_way)i;
		o.address = given ? given : o.address;
	}
	if (!o.address)
		return tool_refuse(
			"redir-peer: --listen PATH, --connect PATH, --to or --as ADDRESS:PORT is missing");
	if (program && tool_case_read(&c, operand[0], NULL))
		return EXIT_BAD;
	o.program = program ? &c.program : NULL;
	err = peer_run(&o, why, sizeof(why));
	if (program)
		tool_case_free(&c);
	return err ? tool_refuse("redir-peer: %s", why) : EXIT_CLEAN;
}

const struct tool_verb verb_redir_peer = {
	.name = "redir-peer",
	.operands = "PROGRAM.ops|DEVICE",
	.help = "a device of ours for the usb-redir of any QEMU, over usbredir",
	.min = 1,
	.max = 1,
	.option = {{"listen", 0, "PATH", "UNIX socket to listen on"},
		   {"connect", 0, "PATH", "UNIX socket that QEMU's chardev listens on"},
		   {"to", 0, "ADDR:PORT", "the same by TCP, as usbredirect has it"},
		   {"as", 0, "ADDR:PORT", "listen there by TCP"},
		   {"once", 0, NULL, "end when the first connection ends"},
		   {"record", 0, "FILE", "what is said, to FILE.host and FILE.guest"}},
	.run = redir_peer,
	.more = "DEVICE is as for 'gauntlet serve --device', without port=; host,id=VVVV:PPPP is a real one. Of a program\n"
		"the ops of the device side are played (descriptors, plug, unplug, answer, finish, key, pointer), and\n"
		"step is the time between them; each connection begins it anew. QEMU, from 2.5 on, takes it by\n"
		"  -device nec-usb-xhci -chardev socket,id=c,path=PATH -device usb-redir,chardev=c\n",
};
