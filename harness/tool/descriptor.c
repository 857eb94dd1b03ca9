// SPDX-License-Identifier: MIT
/*
 * descriptor.c -- what the target `descriptor` does with bytes: a descriptor set is read, judged,
 * walked, built again and read again; then a polite guest enumerates a device that serves it.
 */
#include "heap.h"
#include "op/mutate.h"
#include "op/names.h"
#include "tool/tool.h"
#include "usb/desc.h"

static bool refuse(char *why, size_t room, const char *text)
{
	snprintf(why, room, "%s", text);
	return false;
}

/* Judge a set at its speed: how many findings. And at another one, which the bytes choose. */
static size_t check(const struct usb_desc *set, bool *inside)
{
	struct usb_desc_finding finding[4];
	enum usb_speed own = usb_desc_speed(set),
		       other = USB_SPEED_FULL + (set->len ? set->bytes[set->len / 2] & 3 : 0);
	size_t findings = usb_desc_check(set, own, finding, ARRAY_SIZE(finding));

	*inside = true;
	for (size_t i = 0; i < findings && i < ARRAY_SIZE(finding); i++)
		*inside = *inside && finding[i].offset <= set->len;
	if (other != own)
		usb_desc_check(set, other, finding, ARRAY_SIZE(finding));
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

	heap_free(bytes);
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
	heap_free(built);
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

bool tool_descriptor_due(uint64_t inputs, const uint8_t *bytes, size_t len)
{
	uint64_t h = len;

	if (inputs < TOOL_DESCRIPTOR_ALL)
		return true;
	for (size_t i = 0; i < len; i++)
		h = (h ^ bytes[i]) * UINT64_C(0x100000001b3);
	return (h >> 32) % TOOL_DESCRIPTOR_EVERY == 0;
}

size_t tool_descriptor_mutate(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	struct op_random r = {seed};
	struct mutate_blob blob;

	/* Byte by byte half of the time, and always where the set is larger than the editor takes. */
	if (size > OP_MAX_BLOB || (LLVMFuzzerMutate && op_random_one_in(&r, 2)))
		return LLVMFuzzerMutate ? LLVMFuzzerMutate(data, size, max_size) : size;
	memcpy(blob.bytes, data, size);
	blob.len = (unsigned)size;
	if (size)
		mutate_desc_change(&r, &blob);
	else
		mutate_desc_fill(&r, &blob);
	size = min_u64(blob.len, max_size);
	memcpy(data, blob.bytes, size);
	return size;
}
