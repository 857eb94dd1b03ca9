// SPDX-License-Identifier: MIT
/*
 * import.c -- `gauntlet import`: what people recorded about a device becomes a .hex seed.
 */
#include <errno.h>

#include "import/import.h"
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

static int import(const struct tool_verb *verb, char **value, char **operand, unsigned count)
{
	const char *from = tool_option_get(verb, value, "from"),
		   *out = tool_option_get(verb, value, "output");
	struct import_note note = {0};
	uint8_t *text, *bytes;
	size_t text_len, len;
	unsigned index = 0;
	int err;

	(void)count;
	if (!from || strcmp(from, "lsusb"))
		return tool_refuse("import: --from lsusb is the only source so far");
	if (tool_option_number(verb, value, "number", 0, 100000, &index) ||
	    tool_file_read(operand[0], &text, &text_len))
		return EXIT_BAD;
	err = import_lsusb((const char *)text, text_len, index, &bytes, &len, &note);
	free(text);
	if (err == -EINVAL)
		return tool_refuse("%s: no device in it that lsusb -v would print", operand[0]);
	if (err == -ENOENT)
		return tool_refuse("%s: it has fewer than %u devices", operand[0], index + 1);
	if (err)
		return tool_refuse("%s: %s", operand[0], strerror(-err));
	tell_note(operand[0], &note);
	err = write_seed(out ? out : "-", bytes, len);
	free(bytes);
	return err ? EXIT_BAD : EXIT_CLEAN;
}

const struct tool_verb verb_import = {
	.name = "import",
	.operands = "FILE",
	.help = "a recording of a real device to a descriptor set (.hex)",
	.min = 1,
	.max = 1,
	.option = {{"from", 0, "lsusb", "what FILE is: text of lsusb -v"},
		   {"number", 'n', "N", "which device of the file, from 0"},
		   {"output", 'o', "OUT", "file instead of standard output"}},
	.run = import,
};
