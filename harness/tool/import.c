// SPDX-License-Identifier: MIT
/*
 * import.c -- `gauntlet import`: what people recorded about a device becomes a .hex seed.
 */
#include <errno.h>
#include <unistd.h>

#include "import/import.h"
#include "import/traffic.h"
#include "tool/verbs.h"
#include "usb/desc.h"

/* The seed's text: comments that say what is known, then the bytes, one descriptor a line. */
static int write_seed(const char *out, const uint8_t *bytes, size_t len)
{
	struct usb_desc *set = usb_desc_parse(bytes, len);
	char *text = NULL;
	size_t size = 0, at = 0;
	FILE *memory = open_memstream(&text, &size);
	int err;

	REQUIRE(memory);
	if (set->device)
		fprintf(memory, "# VID:PID %04x:%04x\n", set->device->vendor, set->device->product);
	for (const struct usb_desc_node *n = set->nodes; n; n = n->next) {
		for (; at < n->offset; at++)
			fprintf(memory, "%02x\n", bytes[at]);
		for (unsigned i = 0; i < n->length; i++)
			fprintf(memory, "%02x%c", n->bytes[i],
				i + 1 == n->length || i % 16 == 15 ? '\n' : ' ');
		at = n->offset + n->length;
	}
	for (; at < len; at++)
		fprintf(memory, "%02x\n", bytes[at]);
	fclose(memory);
	err = tool_file_write(out, text, size);
	free(text);
	usb_desc_free(set);
	return err;
}

static void tell_note(const char *path, const struct import_note *note)
{
	if (note->skipped || note->guessed || note->padded || note->cut || note->totals_rewritten)
		fprintf(stderr,
			"%s: the dump is not complete: %u lines skipped, %u values guessed, "
			"%u bytes padded, %u cut, %u totals rewritten (last at line %u)\n",
			path, note->skipped, note->guessed, note->padded, note->cut,
			note->totals_rewritten, note->last_line);
}

/* ---- what a file can be -------------------------------------------------------------------- */

enum source {
	SOURCE_LSUSB,
	SOURCE_SYSFS,
	SOURCE_UMOCKDEV,
	SOURCE_PCAP,
	SOURCE_USBREDIR,
	SOURCES
};

static const char *const source_name[SOURCES] = {"lsusb", "sysfs", "umockdev", "pcap", "usbredir"};

struct job {
	const char *path, *out;
	uint8_t *text; /* but of captures */
	size_t text_len;
	unsigned index; /* of the device in the file */
	bool program;   /* what is wanted ... */
	char *made;     /* ... and is made of traffic */
};

/* Which it is, from how it begins. */
static enum source guess(const char *path)
{
	static const uint8_t magic[][4] = {
		{0xd4, 0xc3, 0xb2, 0xa1}, {0xa1, 0xb2, 0xc3, 0xd4}, {0x4d, 0x3c, 0xb2, 0xa1},
		{0xa1, 0xb2, 0x3c, 0x4d}, {0x0a, 0x0d, 0x0d, 0x0a},
	};
	uint8_t head[12] = {0};
	FILE *in = fopen(path, "re");
	size_t len = in ? fread(head, 1, sizeof(head), in) : 0;

	if (in)
		fclose(in);
	for (size_t i = 0; len >= sizeof(magic[0]) && i < ARRAY_SIZE(magic); i++)
		if (!memcmp(head, magic[i], sizeof(magic[0])))
			return SOURCE_PCAP;
	/* A hello: type 0, a version of 64 bytes and words of capabilities. */
	if (len == sizeof(head) && !get_le32(head) && get_le32(head + 4) >= 64 &&
	    get_le32(head + 4) <= 128)
		return SOURCE_USBREDIR;
	if (head[0] == 18 && head[1] == USB_DT_DEVICE)
		return SOURCE_SYSFS;
	return !memcmp(head, "P: /", 4) ? SOURCE_UMOCKDEV : SOURCE_LSUSB;
}

/* The sysfs file `descriptors` is a descriptor set as it is. */
static int from_sysfs(const struct job *j, uint8_t **bytes, size_t *len)
{
	if (j->text_len < 18 || j->text[1] != USB_DT_DEVICE)
		return -EINVAL;
	if (j->index)
		return -ENOENT;
	*bytes = alloc_zero(j->text_len);
	memcpy(*bytes, j->text, j->text_len);
	*len = j->text_len;
	return 0;
}

static int from_traffic(struct job *j, struct import_traffic *traffic, uint8_t **bytes, size_t *len)
{
	int err = import_traffic_descriptors(traffic, j->index, bytes, len);

	if (!err && j->program)
		j->made = tool_import_program(traffic, j->index, *bytes, *len);
	import_traffic_free(traffic);
	return err;
}

static int from_pcap(struct job *j, uint8_t **bytes, size_t *len)
{
	struct import_traffic traffic;
	char why[300];

	if (import_pcap(j->path, &traffic, why, sizeof(why))) {
		tool_refuse("%s: %s", j->path, why);
		return -ECANCELED;
	}
	return from_traffic(j, &traffic, bytes, len);
}

/* The guest's side of FILE.host is FILE.guest, if it is there. */
static int from_usbredir(struct job *j, uint8_t **bytes, size_t *len)
{
	size_t n = strlen(j->path), guest_len = 0;
	struct import_traffic traffic;
	uint8_t *guest = NULL;
	char path[4096];
	int err;

	if (n > 5 && n < sizeof(path) - 1 && !strcmp(j->path + n - 5, ".host")) {
		snprintf(path, sizeof(path), "%.*s.guest", (int)n - 5, j->path);
		if (!access(path, R_OK) && tool_file_read(path, &guest, &guest_len))
			return -ECANCELED;
	}
	err = import_usbredir(j->text, j->text_len, guest, guest_len, &traffic);
	free(guest);
	return err ? err : from_traffic(j, &traffic, bytes, len);
}

static int convert(struct job *j, enum source source, uint8_t **bytes, size_t *len)
{
	struct import_note note = {0};
	int err;

	switch (source) {
	case SOURCE_SYSFS:
		return from_sysfs(j, bytes, len);
	case SOURCE_UMOCKDEV:
		return import_umockdev((const char *)j->text, j->text_len, j->index, bytes, len);
	case SOURCE_PCAP:
		return from_pcap(j, bytes, len);
	case SOURCE_USBREDIR:
		return from_usbredir(j, bytes, len);
	default:
		err = import_lsusb((const char *)j->text, j->text_len, j->index, bytes, len, &note);
		if (!err)
			tell_note(j->path, &note);
		return err;
	}
}

static int write_program(struct job *j, const uint8_t *bytes, size_t len)
{
	if (!j->made)
		j->made = tool_import_program(NULL, 0, bytes, len);
	return tool_file_write(j->out, j->made, strlen(j->made));
}

static int tell_error(const struct job *j, enum source source, int err)
{
	if (err == -ECANCELED)
		return EXIT_BAD;
	if (err == -EINVAL)
		return tool_refuse(
			"%s: no device descriptor in it, read as %s; --from says otherwise",
			j->path, source_name[source]);
	if (err == -ENOENT)
		return tool_refuse("%s: it has fewer than %u devices", j->path, j->index + 1);
	return tool_refuse("%s: %s", j->path, strerror(-err));
}

static int import(const struct tool_verb *verb, char **value, char **operand, unsigned count)
{
	const char *from = tool_option_get(verb, value, "from"),
		   *out = tool_option_get(verb, value, "output");
	size_t out_len = out ? strlen(out) : 0;
	struct job j = {.path = operand[0],
			.out = out ? out : "-",
			.program = out_len > 4 && !strcmp(out + out_len - 4, ".ops")};
	enum source source = SOURCE_LSUSB;
	uint8_t *bytes = NULL;
	size_t len = 0;
	int err;

	(void)count;
	while (from && source < SOURCES && strcmp(from, source_name[source]))
		source++;
	if (source == SOURCES)
		return tool_refuse("import: --from is lsusb, sysfs, umockdev, pcap or usbredir");
	if (!from)
		source = guess(j.path);
	if (tool_option_number(verb, value, "number", 0, 100000, &j.index) ||
	    (source != SOURCE_PCAP && tool_file_read(j.path, &j.text, &j.text_len)))
		return EXIT_BAD;
	err = convert(&j, source, &bytes, &len);
	if (err) {
		free(j.text);
		return tell_error(&j, source, err);
	}
	if (j.program)
		err = write_program(&j, bytes, len);
	else
		err = write_seed(j.out, bytes, len);
	free(j.text);
	free(j.made);
	free(bytes);
	return err ? EXIT_BAD : EXIT_CLEAN;
}

const struct tool_verb verb_import = {
	.name = "import",
	.operands = "FILE",
	.help = "a recording of a real device to a descriptor set (.hex) or a program (.ops)",
	.min = 1,
	.max = 1,
	.option =
		{{"from", 0, "KIND",
		  "what FILE is: lsusb, sysfs, umockdev, pcap, usbredir (told from its beginning)"},
		 {"number", 'n', "N", "which device of the file, from 0"},
		 {"output", 'o', "OUT", "file instead of standard output"}},
	.run = import,
	.more = "FILE is the text of lsusb -v, the sysfs file descriptors, a device file of umockdev-record, or a\n"
		"capture of usbmon or USBPcap in pcap or pcapng, or FILE.host of 'redir-peer --record FILE', the bytes of a\n"
		"usbredir host, to which FILE.guest is read if it is there. Serial numbers of text become neutral.\n"
		"An OUT that ends in .ops becomes a program: the device is plugged in and enumerated and, from\n"
		"a capture, asked what its host asked, with the answers that were recorded.",
};
