// SPDX-License-Identifier: MIT
/*
 * serve_command.c -- what can be asked on the control socket: info, device_add, device_del, send-key,
 * pointer, quit. JSON is the library's business.
 */
#include <errno.h>

#include <jansson.h>

#include "backend/machine.h"
#include "backend/serve.h"
#include "dev/keymap.h"

#define MAX_KEYS 16u /* pressed together */

struct request {
	struct serve_devices *devices;
	json_t *arguments; /* an object */
	bool *quit;
	char why[300]; /* why not */
};

/* The value of "return", or NULL with a sentence in why. */
typedef json_t *command(struct request *r);

static json_t *refuse(struct request *r, const char *why)
{
	snprintf(r->why, sizeof(r->why), "%s", why);
	return NULL;
}

static json_t *info(struct request *r)
{
	static const struct {
		const char *name;
		char *(*text)(const struct serve_devices *s);
	} row[] = {
		{"usb", serve_info_usb},
		{"pci", serve_info_pci},
		{"xhci", serve_info_xhci},
	};
	const char *what = json_string_value(json_object_get(r->arguments, "what"));

	for (size_t i = 0; what && i < ARRAY_SIZE(row); i++)
		if (!strcmp(row[i].name, what)) {
			char *text = row[i].text(r->devices);
			json_t *ret = json_string(text);

			free(text);
			return ret;
		}
	return refuse(r, "info: \"what\" is usb, pci or xhci");
}

static json_t *device_add(struct request *r)
{
	const char *text = json_string_value(json_object_get(r->arguments, "device"));
	char place[SERVE_PATH_TEXT];
	struct serve_path path;

	if (!text)
		return refuse(r, "device_add: \"device\" is a text like \"storage,file=disk.img\"");
	if (serve_device_add(r->devices, text, &path, r->why, sizeof(r->why)))
		return NULL;
	if (!path.route)
		return json_pack("{s:i}", "port", (int)path.connector);
	return json_pack("{s:s}", "port", serve_path_print(&path, place));
}

static json_t *device_del(struct request *r)
{
	const json_t *port = json_object_get(r->arguments, "port");
	json_int_t number = json_integer_value(port);
	struct serve_path path = {0};

	if (number >= 1 && number <= (json_int_t)USB_MAX_PORTS)
		path.connector = (unsigned)number;
	if (json_is_string(port))
		(void)serve_path_parse(&path, json_string_value(port));
	if (serve_device_remove(r->devices, &path))
		return refuse(r, "device_del: nothing is plugged into that \"port\"");
	return json_object();
}

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

/* All down in order, then up in the reverse one: "ctrl-alt-delete". */
static json_t *send_key(struct request *r)
{
	const char *keys = json_string_value(json_object_get(r->arguments, "keys"));
	struct usb_device *keyboard = first_of(r, DEV_KEYBOARD);
	unsigned qnum[MAX_KEYS], count = 0;
	char name[32];

	if (!keyboard)
		return refuse(r, "send-key: there is no keyboard");
	while (keys && *keys) {
		size_t len = strcspn(keys, "-");
		const struct keymap_row *key;

		snprintf(name, sizeof(name), "%.*s", (int)min_u64(len, sizeof(name) - 1), keys);
		key = count < MAX_KEYS ? keymap_find_name(name) : NULL;
		if (!key)
			break;
		qnum[count++] = key->qnum;
		keys += len + (keys[len] == '-');
	}
	if (!count || *keys)
		return refuse(r,
			      "send-key: \"keys\" are names like \"ctrl-alt-delete\", at most 16");
	for (unsigned i = 0; i < count; i++)
		keyboard_press(keyboard, qnum[i], true);
	while (count--)
		keyboard_press(keyboard, qnum[count], false);
	return json_object();
}

static json_t *pointer(struct request *r)
{
	struct usb_device *tablet = first_of(r, DEV_TABLET);
	json_int_t x, y, buttons = 0, wheel = 0;

	if (!tablet)
		return refuse(r, "pointer: there is no tablet");
	if (json_unpack(r->arguments, "{s:I, s:I, s?I, s?I}", "x", &x, "y", &y, "buttons", &buttons,
			"wheel", &wheel) ||
	    x < 0 || y < 0 || x > TABLET_MAX || y > TABLET_MAX || buttons < 0 || buttons > 31 ||
	    wheel < -127 || wheel > 127)
		return refuse(r,
			      "pointer: \"x\", \"y\" 0 to 32767, \"buttons\" 0 to 31, \"wheel\"");
	tablet_move(tablet, (uint16_t)x, (uint16_t)y, (uint8_t)buttons, (int8_t)wheel);
	return json_object();
}

static json_t *quit(struct request *r)
{
	*r->quit = true;
	return json_object();
}

static const struct {
	const char *name;
	command *run;
} commands[] = {
	{"info", info},         {"device_add", device_add}, {"device_del", device_del},
	{"send-key", send_key}, {"pointer", pointer},       {"quit", quit},
};

static json_t *execute(struct request *r, const json_t *asked)
{
	const char *name = json_string_value(json_object_get(asked, "execute"));

	r->arguments = json_object_get(asked, "arguments");
	if (r->arguments && !json_is_object(r->arguments))
		return refuse(r, "\"arguments\" is not an object");
	for (size_t i = 0; name && i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, name))
			return commands[i].run(r);
	return refuse(r, "\"execute\" is info, device_add, device_del, send-key, pointer or quit");
}

char *serve_command(struct serve_devices *s, const char *text, size_t len, bool *ret_quit)
{
	struct request r = {.devices = s, .quit = ret_quit};
	json_error_t error;
	json_t *asked = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error), *reply, *result;
	char *line;

	if (asked) {
		result = execute(&r, asked);
	} else {
		snprintf(r.why, sizeof(r.why), "not JSON: %s", error.text);
		result = NULL;
	}
	reply = json_object();
	if (result)
		json_object_set_new(reply, "return", result);
	else
		json_object_set_new(
			reply, "error",
			json_pack("{s:s, s:s}", "class", "GenericError", "desc", r.why));
	json_object_set(reply, "id", json_object_get(asked, "id"));
	json_decref(asked);
	line = json_dumps(reply, JSON_COMPACT);
	json_decref(reply);
	if (!line) /* out of memory, or a text that is no UTF-8 */
		line = strdup("{\"error\":{\"class\":\"GenericError\",\"desc\":\"no answer\"}}");
	REQUIRE(line);
	return line;
}
