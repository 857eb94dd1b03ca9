// SPDX-License-Identifier: MIT
/*
 * serve_input.c -- keys and pointers from the control socket, to the first keyboard, tablet, mouse.
 *
 * Keys are what QEMU's send-key takes: names like QKeyCode ("ctrl"), and numbers, which are qnums ("0xf2";
 * decimal from 10 on, as "1" is a name), or scan codes ("set1:e072", "set2:39"). Together they are "ctrl-alt-delete", or the list of QMP.
 */
#include "backend/machine.h"
#include "backend/serve_request.h"
#include "dev/keymap.h"

#define MAX_KEYS 16u /* pressed together */

struct chord {
	unsigned qnum[MAX_KEYS], count;
};

static struct usb_device *first_of(struct request *r, unsigned model)
{
	for (unsigned i = 1; i <= machine_connector_count(r->devices->m); i++) {
		struct usb_device *dev =
			machine_find(machine_port(r->devices->m, i, 0), (int)model);

		if (dev)
			return dev;
	}
	return NULL;
}

static void press(struct request *r, struct usb_device *keyboard, unsigned qnum, bool down)
{
	serve_tap_note(r->devices->tap, "key port=%u route=%u qnum=%u state=%s",
		       usb_port_root(keyboard->port)->number, usb_port_route(keyboard->port), qnum,
		       down ? "press" : "release");
	keyboard_press(keyboard, qnum, down);
}

/* False: there is no such key, or too many. */
static bool add_key(struct chord *c, const struct keymap_row *key)
{
	if (!key || c->count == MAX_KEYS)
		return false;
	c->qnum[c->count++] = key->qnum;
	return true;
}

static const struct keymap_row *find_key(const char *word)
{
	const struct keymap_row *key = keymap_find(word);
	unsigned long number;
	char *end;

	if (key || word[0] < '0' || word[0] > '9')
		return key;
	number = strtoul(word, &end, 0);
	return *end || number > 0xff ? NULL : keymap_find_qnum((unsigned)number);
}

/* "ctrl-alt-delete" */
static bool parse_text(struct chord *c, const char *keys)
{
	char *copy = strdup(keys), *rest = copy, *word;
	bool good = copy;

	while (good && (word = strsep(&rest, "-")))
		good = add_key(c, find_key(word));
	free(copy);
	return good;
}

/* [{"type": "qcode", "data": "ctrl"}, {"type": "number", "data": 242}] */
static bool parse_list(struct chord *c, const json_t *keys)
{
	for (size_t i = 0; i < json_array_size(keys); i++) {
		const json_t *data = json_object_get(json_array_get(keys, i), "data");
		json_int_t number = json_integer_value(data);
		const struct keymap_row *key = NULL;

		if (json_is_string(data))
			key = keymap_find_name(json_string_value(data));
		else if (number > 0 && number <= 0xff)
			key = keymap_find_qnum((unsigned)number);
		if (!add_key(c, key))
			return false;
	}
	return json_array_size(keys);
}

/* All down in order, then up in the reverse one. */
json_t *serve_send_key(struct request *r)
{
	const json_t *keys = json_object_get(r->arguments, "keys");
	struct usb_device *keyboard = first_of(r, DEV_KEYBOARD);
	struct chord c = {.count = 0};

	if (!keyboard)
		return serve_refuse(r, "send-key: there is no keyboard");
	if (!(json_is_string(keys) ? parse_text(&c, json_string_value(keys))
				   : parse_list(&c, keys)))
		return serve_refuse(r,
				    "send-key: \"keys\" are names or numbers like "
				    "\"ctrl-alt-delete\" or \"0xf2\", at most 16");
	for (unsigned i = 0; i < c.count; i++) {
		const struct keymap_row *key = keymap_find_qnum(c.qnum[i]);

		if (key->usage)
			continue;
		snprintf(r->why, sizeof(r->why),
			 "send-key: '%s' has no place in a USB keyboard's report", key->name);
		return NULL;
	}
	for (unsigned i = 0; i < c.count; i++)
		press(r, keyboard, c.qnum[i], true);
	while (c.count--)
		press(r, keyboard, c.qnum[c.count], false);
	return json_object();
}

json_t *serve_pointer(struct request *r)
{
	struct usb_device *tablet = first_of(r, DEV_TABLET);
	json_int_t x, y, buttons = 0, wheel = 0;

	if (!tablet)
		return serve_refuse(r, "pointer: there is no tablet");
	if (json_unpack(r->arguments, "{s:I, s:I, s?I, s?I}", "x", &x, "y", &y, "buttons", &buttons,
			"wheel", &wheel) ||
	    x < 0 || y < 0 || x > TABLET_MAX || y > TABLET_MAX || buttons < 0 || buttons > 31 ||
	    wheel < -127 || wheel > 127)
		return serve_refuse(
			r, "pointer: \"x\", \"y\" 0 to 32767, \"buttons\" 0 to 31, \"wheel\"");
	serve_tap_note(r->devices->tap, "pointer port=%u route=%u x=%u y=%u buttons=%u",
		       usb_port_root(tablet->port)->number, usb_port_route(tablet->port),
		       (unsigned)x, (unsigned)y, (unsigned)buttons);
	tablet_move(tablet, (uint16_t)x, (uint16_t)y, (uint8_t)buttons, (int8_t)wheel);
	return json_object();
}

json_t *serve_mouse(struct request *r)
{
	struct usb_device *dev = first_of(r, DEV_MOUSE);
	const json_int_t most = TABLET_MAX;
	json_int_t x, y, buttons = 0, wheel = 0;

	if (!dev)
		return serve_refuse(r, "mouse: there is no mouse");
	if (json_unpack(r->arguments, "{s:I, s:I, s?I, s?I}", "x", &x, "y", &y, "buttons", &buttons,
			"wheel", &wheel) ||
	    x < -most || y < -most || x > most || y > most || buttons < 0 || buttons > 31 ||
	    wheel < -127 || wheel > 127)
		return serve_refuse(
			r, "mouse: \"x\", \"y\" -32767 to 32767, \"buttons\" 0 to 31, \"wheel\"");
	mouse_move(dev, (int16_t)x, (int16_t)y, (uint8_t)buttons, (int8_t)wheel);
	return json_object();
}
