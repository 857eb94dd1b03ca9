// SPDX-License-Identifier: MIT
/*
 * descriptor.c -- what the target `descriptor` does with bytes: a descriptor set is read, judged,
 * walked, built again and read again; then a polite guest enumerates a device that serves it.
 */
#include "op/names.h"
#include "tool/tool.h"
#include "usb/desc.h"

static bool refuse(char *why, size_t room, const char *text)
{
	snprintf(why, room, "%s", text);
	return false;
}

/* Judge a set at every speed: how many findings at its own. */
static size_t check(const struct usb_desc *set, bool *inside)
{
	enum usb_speed own = usb_desc_speed(set);
	struct usb_desc_finding finding[4];
	size_t findings = 0;

	*inside = true;
	for (enum usb_speed s = USB_SPEED_FULL; s <= USB_SPEED_SUPER; s++) {
		size_t n = usb_desc_check(set, s, finding, ARRAY_SIZE(finding));

		if (s == own)
			findings = n;
		for (size_t i = 0; i < n && i < ARRAY_SIZE(finding); i++)
			*inside = *inside && finding[i].offset <= set->len;
	}
	return findings;
}

/* What was built reads as a tree of the same size and is built into the same bytes again. */
static bool same_again(const struct usb_desc *set, const uint8_t *built, size_t built_len)
{
	struct usb_desc *again = usb_desc_parse(built, built_len);
	size_t len;
	uint8_t *bytes = usb_desc_build(again, &len);
	bool same = again->node_count == set->node_count && len == built_len &&
		!memcmp(bytes, built, len);

	usb_desc_walk(again);
	free(bytes);
	usb_desc_free(again);
	return same;
}

bool tool_descriptor_stable(const uint8_t *bytes, size_t len, char *why, size_t room)
{
	struct usb_desc *set = usb_desc_parse(bytes, len);
	size_t built_len = 0, findings;
	bool good = true, inside;
	uint8_t *built;

	usb_desc_walk(set);
	findings = check(set, &inside);
	if (!inside)
		good = refuse(why, room, "a finding is about bytes that are not there");
	built = usb_desc_build(set, &built_len);
	if (!findings && (built_len != set->len || memcmp(built, set->bytes, built_len)))
		good = refuse(why, room, "a set without findings is built into other bytes");
	if (!same_again(set, built, built_len))
		good = refuse(why, room, "what was built reads as another tree");
	free(built);
	usb_desc_free(set);
	return good;
}

void tool_descriptor_program(struct op_program *p, const uint8_t *bytes, size_t len)
{
	struct op op = {.id = OP_DESCRIPTORS, .blob_len = (uint16_t)min_u64(len, OP_MAX_BLOB)};

	op_program_clear(p);
	op.blob = op.blob_len ? bytes : NULL;
	op_program_append(p, &op);
	op = (struct op){.id = OP_PLUG};
	op.v[1] = MODEL_SCRIPTED;
	op_program_append(p, &op);
	op = (struct op){.id = OP_ENUMERATE};
	op_program_append(p, &op);
}
