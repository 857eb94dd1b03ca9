// SPDX-License-Identifier: MIT
/*
 * audio.c -- a headset (USB Audio 1.0): 48 kHz, 16 bits, stereo, isochronous out and in, each with mute and
 * volume. Samples go to and come from a line of link.h; where none come there is silence. Left out: other
 * rates and formats, synchronisation endpoints (out is adaptive, in is asynchronous).
 */
#include "dev/desc_bytes.h"
#include "dev/dev.h"
#include "dev/link.h"
#include "heap.h"
#include "state.h"

#define PLAY_OUT 0x02
#define RECORD_IN 0x81
#define FRAME_BYTES 4u /* two channels of 16 bits */
#define MILLISECOND_BYTES 192u
#define PACKET_MAX 256u     /* wMaxPacketSize: a millisecond and some more */
#define VOLUME_MIN (-12288) /* 1/256 dB: -48 dB */
#define VOLUME_STEP 256

enum { /* Audio 1.0, A.9, A.10.2 */
	SET_CUR = 0x01,
	GET_CUR = 0x81,
	GET_MIN = 0x82,
	GET_MAX = 0x83,
	GET_RES = 0x84,
	MUTE_CONTROL = 1,
	VOLUME_CONTROL = 2,
};

enum { /* terminals and units */
	PLAY_UNIT = 2,
	RECORD_UNIT = 5,
};

struct feature {
	bool mute;
	int16_t volume;
};

/* A line takes and gives bytes: the part of a frame that is left goes first the next time. */
struct remnant {
	uint8_t bytes[FRAME_BYTES];
	size_t len;
	unsigned visits; /* of whom on the line it belongs to */
};

struct audio {
	struct usb_device usb; /* first member */
	struct dev_link *link;
	struct feature play, record;
	struct remnant to_line, from_line;
};

/* clang-format off */
#define INPUT_TERMINAL(id, type) 12, 0x24, 2, id, LE16(type), 0, 2, LE16(3), 0, 0
#define FEATURE_UNIT(id, source) 10, 0x24, 6, id, source, 1, 3, 0, 0, 0
#define OUTPUT_TERMINAL(id, type, source) 9, 0x24, 3, id, LE16(type), 0, source, 0
#define STREAM(interface, terminal, address, attributes, interval)                                 \
	INTERFACE_DESC(interface, 0, 0, 1, 2, 0),                                                  \
	INTERFACE_DESC(interface, 1, 1, 1, 2, 0),                                                  \
	7, 0x24, 1, terminal, 1, LE16(1),                                                          \
	11, 0x24, 2, 1, 2, 2, 16, 1, 0x80, 0xbb, 0x00,                                             \
	9, 5, address, attributes, LE16(PACKET_MAX), interval, 0, 0,                               \
	7, 0x25, 1, 0, 0, LE16(0)
#define DESC_SET(interval)                                                                         \
	{                                                                                          \
		DEVICE_DESC(0x0200, 64, 0x000b),                                                   \
		CONFIG_DESC(194, 3, 0xc0, 50),                                                     \
		INTERFACE_DESC(0, 0, 0, 1, 1, 0),                                                  \
		10, 0x24, 1, LE16(0x0100), LE16(72), 2, 1, 2,                                      \
		INPUT_TERMINAL(1, 0x0101), FEATURE_UNIT(PLAY_UNIT, 1),                             \
		OUTPUT_TERMINAL(3, 0x0302, PLAY_UNIT),                                             \
		INPUT_TERMINAL(4, 0x0201), FEATURE_UNIT(RECORD_UNIT, 4),                           \
		OUTPUT_TERMINAL(6, 0x0101, RECORD_UNIT),                                           \
		STREAM(1, 1, PLAY_OUT, 0x09, interval),                                            \
		STREAM(2, 6, RECORD_IN, 0x05, interval),                                           \
		LANGUAGE_STRING, VENDOR_STRING,                                                    \
		2 + 2 * 5, 3, 'a', 0, 'u', 0, 'd', 0, 'i', 0, 'o', 0,                              \
		2 + 2 * 1, 3, '1', 0,                                                              \
		QUALIFIER_DESC,                                                                    \
	}
/* clang-format on */

static const uint8_t full_speed_desc[] = DESC_SET(1);
static const uint8_t high_speed_desc[] = DESC_SET(4);

static struct audio *to_audio(struct usb_device *dev)
{
	return container_of(dev, struct audio, usb);
}

static const uint8_t *describe(struct usb_device *dev, enum usb_speed speed, size_t *ret_len)
{
	(void)dev;
	*ret_len = sizeof(full_speed_desc);
	return speed == USB_SPEED_HIGH ? high_speed_desc : full_speed_desc;
}

/* ---- samples ------------------------------------------------------------------------------- */

/* In whole decibels: 6 dB halve it, and the rest is a straight line between. */
static int16_t scale(const struct feature *f, int16_t sample)
{
	unsigned steps = (unsigned)-f->volume / (6 * 256), rest = (unsigned)-f->volume % (6 * 256);
	int value = f->mute ? 0 : sample / (1 << steps);

	return (int16_t)(value - value / 2 * (int)rest / (6 * 256));
}

static void scale_all(const struct feature *f, uint8_t *bytes, size_t len)
{
	if (!f->mute && !f->volume)
		return;
	for (size_t i = 0; i + 2 <= len; i += 2)
		put_le16(bytes + i, (uint16_t)scale(f, (int16_t)get_le16(bytes + i)));
}

/* What is left for whom is there now, put before bytes; returns how much that is. */
static size_t take_remnant(struct remnant *r, const struct dev_link *link, uint8_t *bytes)
{
	size_t len = r->visits == link->visits ? r->len : 0;

	memcpy(bytes, r->bytes, len);
	r->len = 0;
	r->visits = link->visits;
	return len;
}

static void keep_remnant(struct remnant *r, const uint8_t *bytes, size_t len)
{
	memcpy(r->bytes, bytes, len);
	r->len = len;
}

/*
 * What the line does not take is lost, as time does not wait; but only in whole frames, or all that follows
 * would be out of step.
 */
static enum usb_status play(struct audio *audio, struct usb_packet *p)
{
	uint8_t bytes[FRAME_BYTES + PACKET_MAX];
	size_t old = take_remnant(&audio->to_line, audio->link, bytes), sent, broken;
	size_t len = min_u64(p->len, PACKET_MAX) / FRAME_BYTES * FRAME_BYTES;

	if (len)
		memcpy(bytes + old, p->data, len);
	scale_all(&audio->play, bytes + old, len);
	sent = dev_link_send(audio->link, bytes, old + len);
	broken = sent < old ? old - sent : (FRAME_BYTES - (sent - old) % FRAME_BYTES) % FRAME_BYTES;
	keep_remnant(&audio->to_line, bytes + sent, broken);
	return USB_OK;
}

static enum usb_status record(struct audio *audio, struct usb_packet *p)
{
	size_t len = min_u64(p->len, MILLISECOND_BYTES) / FRAME_BYTES * FRAME_BYTES;
	uint8_t bytes[MILLISECOND_BYTES] = {0};
	size_t have, n, broken;

	if (!len)
		return USB_OK;
	have = take_remnant(&audio->from_line, audio->link, bytes);
	while (have < len && (n = dev_link_receive(audio->link, bytes + have, len - have)))
		have += n;
	broken = have % FRAME_BYTES;
	keep_remnant(&audio->from_line, bytes + have - broken, broken);
	memset(bytes + have - broken, 0, broken);
	scale_all(&audio->record, bytes, len);
	usb_packet_put(p, bytes, len);
	return USB_OK;
}

static enum usb_status data(struct usb_device *dev, struct usb_endpoint *ep, struct usb_packet *p)
{
	if (ep->address == PLAY_OUT)
		return play(to_audio(dev), p);
	return ep->address == RECORD_IN ? record(to_audio(dev), p) : USB_STALL;
}

/* ---- requests ------------------------------------------------------------------------------ */

static int set(struct feature *f, unsigned selector, const uint8_t *bytes, uint32_t len)
{
	int16_t volume;

	if (selector == MUTE_CONTROL) {
		if (len != 1 || bytes[0] > 1)
			return -USB_STALL;
		f->mute = bytes[0];
		return 0;
	}
	if (selector != VOLUME_CONTROL || len != 2)
		return -USB_STALL;
	volume = (int16_t)get_le16(bytes);
	f->volume = volume > 0 ? 0 : volume < VOLUME_MIN ? VOLUME_MIN : volume;
	return 0;
}

static int get(const struct feature *f, const struct usb_setup *s, uint8_t *bytes, uint32_t len)
{
	int16_t volume = f->volume;
	uint8_t value[2];
	uint32_t n;

	switch (s->request) {
	case GET_CUR:
		break;
	case GET_MIN:
		volume = VOLUME_MIN;
		break;
	case GET_MAX:
		volume = 0;
		break;
	case GET_RES:
		volume = VOLUME_STEP;
		break;
	default:
		return -USB_STALL;
	}
	if (s->value >> 8 == MUTE_CONTROL && s->request == GET_CUR) {
		value[0] = f->mute;
		n = (uint32_t)min_u64(len, 1);
	} else if (s->value >> 8 == VOLUME_CONTROL) {
		put_le16(value, (uint16_t)volume);
		n = (uint32_t)min_u64(len, 2);
	} else {
		return -USB_STALL;
	}
	if (n)
		memcpy(bytes, value, n);
	return (int)n;
}

static int control(struct usb_device *dev, const struct usb_setup *s, uint8_t *bytes, uint32_t len)
{
	struct audio *audio = to_audio(dev);
	struct feature *f;

	if (dev->state != USB_CONFIGURED || s->index & 0xff || s->value & 0xff)
		return -USB_STALL; /* only of all channels together */
	if (s->index >> 8 != PLAY_UNIT && s->index >> 8 != RECORD_UNIT)
		return -USB_STALL;
	f = s->index >> 8 == PLAY_UNIT ? &audio->play : &audio->record;
	if (s->type == 0xa1)
		return get(f, s, bytes, len);
	if (s->type != 0x21 || s->request != SET_CUR)
		return -USB_STALL;
	return set(f, s->value >> 8, bytes, len);
}

/* ---- life ---------------------------------------------------------------------------------- */

static void reset(struct usb_device *dev)
{
	struct audio *audio = to_audio(dev);

	audio->play = audio->record = (struct feature){false, 0};
}

static const struct state_field saved_fields[] = {
	STATE_FLAG(audio, play.mute),
	STATE_FLAG(audio, record.mute),
	STATE_RANGE(audio, to_line.len, 0, FRAME_BYTES - 1),
	STATE_ANY(audio, to_line.visits),
	STATE_RANGE(audio, from_line.len, 0, FRAME_BYTES - 1),
	STATE_ANY(audio, from_line.visits),
};

static int16_t walk_volume(struct state *st, int16_t volume)
{
	return (int16_t) - (int)state_number(st, "volume", (uint64_t)-volume, 0, -VOLUME_MIN);
}

static void saved(struct usb_device *dev, struct state *st)
{
	struct audio *audio = to_audio(dev);

	state_walk(st, saved_fields, ARRAY_SIZE(saved_fields), audio);
	audio->play.volume = walk_volume(st, audio->play.volume);
	audio->record.volume = walk_volume(st, audio->record.volume);
	state_bytes(st, "remnant", audio->to_line.bytes, FRAME_BYTES);
	state_bytes(st, "remnant", audio->from_line.bytes, FRAME_BYTES);
	dev_link_saved(audio->link, st);
}

static void audio_free(struct usb_device *dev)
{
	struct audio *audio = to_audio(dev);

	usb_device_fini(dev);
	dev_link_free(audio->link);
	heap_free(audio);
}

static const struct usb_device_ops ops = {
	.model = "audio",
	.speed_mask = 1 << USB_SPEED_FULL | 1 << USB_SPEED_HIGH,
	.describe = describe,
	.reset = reset,
	.control = control,
	.data = data,
	.saved = saved,
	.free = audio_free,
};

struct usb_device *audio_new(struct dev_link *link)
{
	struct audio *audio = heap_zero(sizeof(*audio));

	usb_device_init(&audio->usb, &ops, NULL, 0); /* see describe */
	audio->link = link ? link : link_loop_new(false);
	return &audio->usb;
}
