// SPDX-License-Identifier: MIT
/*
 * mtp_dataset.c -- datasets of the media device (MTP 1.1 5.1, 5.2, 5.3, appendix B): numbers little-endian,
 * texts as a count and UTF-16 with a final zero.
 */
#include "dev/mtp.h"

struct out {
	uint8_t *bytes;
	size_t len;
};

static void u8(struct out *o, uint8_t v)
{
	o->bytes[o->len++] = v;
}

static void u16(struct out *o, uint16_t v)
{
	put_le16(o->bytes + o->len, v);
	o->len += 2;
}

static void u32(struct out *o, uint32_t v)
{
	put_le32(o->bytes + o->len, v);
	o->len += 4;
}

static void u64(struct out *o, uint64_t v)
{
	put_le64(o->bytes + o->len, v);
	o->len += 8;
}

static void zeros(struct out *o, size_t n)
{
	memset(o->bytes + o->len, 0, n);
	o->len += n;
}

/* Length of the UTF-8 sequence at s and its code point; anything else counts as one byte. */
static unsigned decode(const uint8_t *s, uint32_t *ret)
{
	unsigned n = *s >= 0xf0 ? 4 : *s >= 0xe0 ? 3 : *s >= 0xc0 ? 2 : 1;

	*ret = n == 1 ? *s : *s & (0x7fu >> n);
	for (unsigned i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80) {
			*ret = *s;
			return 1;
		}
		*ret = *ret << 6 | (s[i] & 0x3f);
	}
	return n;
}

static void text(struct out *o, const char *utf8)
{
	const uint8_t *s = (const uint8_t *)utf8;
	size_t count_at = o->len;
	unsigned units = 1; /* the final zero */
	uint32_t c;

	u8(o, 0);
	if (!*s)
		return;
	while (*s && units < 253) {
		s += decode(s, &c);
		if (c > 0xffff && c < 0x110000) {
			u16(o, (uint16_t)(0xd800 + ((c - 0x10000) >> 10)));
			c = 0xdc00 + ((c - 0x10000) & 0x3ff);
			units++;
		}
		u16(o, (uint16_t)c);
		units++;
	}
	u16(o, 0);
	o->bytes[count_at] = (uint8_t)units;
}

static bool encode(char out[MTP_NAME_MAX], size_t *n, uint32_t c)
{
	unsigned more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	static const uint8_t head[] = {0, 0xc0, 0xe0, 0xf0};

	if (!c || *n + more + 1 >= MTP_NAME_MAX)
		return false;
	out[(*n)++] = (char)(head[more] | c >> 6 * more);
	while (more--)
		out[(*n)++] = (char)(0x80 | (c >> 6 * more & 0x3f));
	return true;
}

bool mtp_text(const uint8_t *bytes, size_t len, size_t pos, char out[MTP_NAME_MAX])
{
	unsigned units = pos < len ? bytes[pos] : 0;
	size_t n = 0;

	out[0] = '\0';
	if (pos >= len || len - pos - 1 < units * 2u || !units)
		return false;
	for (unsigned i = 0; i + 1 < units; i++) {
		const uint8_t *at = bytes + pos + 1 + 2 * (size_t)i;
		uint32_t c = get_le16(at);

		if (c >= 0xd800 && c < 0xdc00 && i + 2 < units) {
			uint32_t low = get_le16(at + 2);

			if (low < 0xdc00 || low > 0xdfff)
				return false;
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
			i++;
		} else if (c >= 0xd800 && c < 0xe000) {
			return false;
		}
		if (!encode(out, &n, c))
			return false;
	}
	out[n] = '\0';
	return !get_le16(bytes + pos + 1 + 2 * (size_t)(units - 1));
}

size_t mtp_device_info(uint8_t out[MTP_INFO_MAX])
{
	static const uint16_t operation[] = {
		MTP_GET_DEVICE_INFO,    MTP_OPEN_SESSION,        MTP_CLOSE_SESSION,
		MTP_GET_STORAGE_IDS,    MTP_GET_STORAGE_INFO,    MTP_GET_NUM_OBJECTS,
		MTP_GET_OBJECT_HANDLES, MTP_GET_OBJECT_INFO,     MTP_GET_OBJECT,
		MTP_DELETE_OBJECT,      MTP_SEND_OBJECT_INFO,    MTP_SEND_OBJECT,
		MTP_GET_PARTIAL_OBJECT, MTP_GET_PROPS_SUPPORTED, MTP_GET_PROP_DESC,
		MTP_GET_PROP_VALUE,
	};
	struct out o = {out, 0};

	u16(&o, 100); /* PTP 1.0 */
	u32(&o, 6);   /* MTP */
	u16(&o, 100); /* 1.0 */
	text(&o, "microsoft.com: 1.0;");
	u16(&o, 0); /* functional mode */
	u32(&o, ARRAY_SIZE(operation));
	for (size_t i = 0; i < ARRAY_SIZE(operation); i++)
		u16(&o, operation[i]);
	zeros(&o, 3 * 4); /* events, device properties, capture formats */
	u32(&o, 2);
	u16(&o, MTP_FORMAT_UNDEFINED);
	u16(&o, MTP_FORMAT_FOLDER);
	text(&o, "usb-gauntlet");
	text(&o, "mtp");
	text(&o, "1.0");
	text(&o, "1");
	return o.len;
}

size_t mtp_storage_info(const struct mtp *m, uint8_t out[MTP_INFO_MAX])
{
	struct out o = {out, 0};

	u16(&o, 3);                           /* fixed RAM */
	u16(&o, 2);                           /* folders */
	u16(&o, m->store->read_only ? 1 : 0); /* read-only */
	u64(&o, UINT64_C(1) << 30);
	u64(&o, UINT64_C(1) << 29);
	u32(&o, 0xffffffff); /* objects: not known */
	text(&o, "store");
	text(&o, "");
	return o.len;
}

static uint16_t format(const struct mtp_object *o)
{
	return o->folder ? MTP_FORMAT_FOLDER : MTP_FORMAT_UNDEFINED;
}

size_t mtp_object_info(const struct mtp_object *object, uint8_t out[MTP_INFO_MAX])
{
	struct out o = {out, 0};

	u32(&o, MTP_STORAGE);
	u16(&o, format(object));
	u16(&o, 0);
	u32(&o, (uint32_t)min_u64(object->bytes, UINT32_MAX));
	zeros(&o, 26); /* thumbnail and image */
	u32(&o, object->parent);
	u16(&o, object->folder ? 1 : 0); /* generic folder */
	zeros(&o, 8);
	text(&o, object->name);
	zeros(&o, 3); /* dates and keywords */
	return o.len;
}

static const struct { /* MTP 1.1 appendix B */
	uint16_t prop, type;
} props[] = {
	{0xdc01, 0x0006}, /* StorageID, u32 */
	{0xdc02, 0x0004}, /* ObjectFormat, u16 */
	{0xdc03, 0x0004}, /* ProtectionStatus, u16 */
	{0xdc04, 0x0008}, /* ObjectSize, u64 */
	{0xdc07, 0xffff}, /* ObjectFileName, text */
	{0xdc0b, 0x0006}, /* ParentObject, u32 */
};

size_t mtp_prop_list(uint8_t out[MTP_INFO_MAX])
{
	struct out o = {out, 0};

	u32(&o, ARRAY_SIZE(props));
	for (size_t i = 0; i < ARRAY_SIZE(props); i++)
		u16(&o, props[i].prop);
	return o.len;
}

size_t mtp_prop_desc(uint16_t prop, uint8_t out[MTP_INFO_MAX])
{
	static const uint8_t bytes[] = {[4] = 2, [6] = 4, [8] = 8};
	struct out o = {out, 0};

	for (size_t i = 0; i < ARRAY_SIZE(props); i++) {
		if (props[i].prop != prop)
			continue;
		u16(&o, prop);
		u16(&o, props[i].type);
		u8(&o, 0); /* cannot be set */
		zeros(&o, props[i].type == 0xffff ? 1 : bytes[props[i].type]);
		zeros(&o, 5); /* group, form */
	}
	return o.len;
}

size_t mtp_prop_value(const struct mtp_object *object, uint16_t prop, uint8_t out[MTP_INFO_MAX])
{
	struct out o = {out, 0};

	switch (prop) {
	case 0xdc01:
		u32(&o, MTP_STORAGE);
		break;
	case 0xdc02:
		u16(&o, format(object));
		break;
	case 0xdc03:
		u16(&o, 0);
		break;
	case 0xdc04:
		u64(&o, object->bytes);
		break;
	case 0xdc07:
		text(&o, object->name);
		break;
	case 0xdc0b:
		u32(&o, object->parent);
		break;
	default:
		break;
	}
	return o.len;
}
