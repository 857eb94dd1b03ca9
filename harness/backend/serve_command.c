// SPDX-License-Identifier: MIT
/*
 * serve_command.c -- what can be asked on the control socket. JSON is the library's business.
 */
#include <errno.h>

#include "backend/machine.h"
#include "backend/serve.h"
#include "backend/serve_request.h"

json_t *serve_refuse(struct request *r, const char *why)
{
	snprintf(r->why, sizeof(r->why), "%s", why);
	return NULL;
}

json_t *serve_refuse_errno(struct request *r, const char *what, int err)
{
	snprintf(r->why, sizeof(r->why), "%.200s: %s", what, strerror(-err));
	return NULL;
}

static json_t *info(struct request *r)
{
	static const struct {
		const char *name;
		char *(*text)(const struct serve_devices *s);
	} row[] = {
		{"usb", serve_info_usb},     {"qtree", serve_info_qtree},
		{"pci", serve_info_pci},     {"xhci", serve_info_xhci},
		{"trace", serve_info_trace}, {"version", serve_info_version},
	};
	const char *what = json_string_value(json_object_get(r->arguments, "what"));

	for (size_t i = 0; what && i < ARRAY_SIZE(row); i++)
		if (!strcmp(row[i].name, what)) {
			char *text = row[i].text(r->devices);
			json_t *ret = json_string(text);

			free(text);
			return ret;
		}
	return serve_refuse(r, "info: \"what\" is usb, qtree, pci, xhci, trace or version");
}

static json_t *device_add(struct request *r)
{
	const char *text = json_string_value(json_object_get(r->arguments, "device"));
	char place[SERVE_PATH_TEXT];
	struct serve_path path;

	if (!text)
		return serve_refuse(
			r, "device_add: \"device\" is a text like \"storage,file=disk.img\"");
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
		return serve_refuse(r, "device_del: nothing is plugged into that \"port\"");
	return json_object();
}

/* "on" or "start" with a file, "off" or "stop" without. */
static json_t *trace(struct request *r)
{
	const char *action = json_string_value(json_object_get(r->arguments, "action"));
	const char *file = json_string_value(json_object_get(r->arguments, "file"));
	int err;

	if (action && !strcmp(action, "on"))
		err = serve_tap_trace_on(r->devices->tap, file);
	else if (action && !strcmp(action, "off") && !file)
		err = serve_tap_trace_off(r->devices->tap);
	else
		return serve_refuse(r,
				    "trace: \"action\" is on, with or without a \"file\", or off");
	if (err == -EBUSY)
		return serve_refuse(r, "trace: it is on already");
	if (err == -ENOENT && !file)
		return serve_refuse(r, "trace: it is not on");
	return err ? serve_refuse_errno(r, file ? file : "trace", err) : json_object();
}

static json_t *pcap(struct request *r)
{
	const char *action = json_string_value(json_object_get(r->arguments, "action"));
	const char *file = json_string_value(json_object_get(r->arguments, "file"));
	int64_t got;

	if (action && !strcmp(action, "start") && file) {
		got = serve_tap_pcap_start(r->devices->tap, file);
		if (got == -EBUSY)
			return serve_refuse(r, "pcap: one is being written; stop it first");
		return got ? serve_refuse_errno(r, file, (int)got) : json_object();
	}
	if (!action || strcmp(action, "stop") || file)
		return serve_refuse(r, "pcap: \"action\" is start, with a \"file\", or stop");
	got = serve_tap_pcap_stop(r->devices->tap);
	if (got == -ENOENT)
		return serve_refuse(r, "pcap: none is being written");
	return got < 0 ? serve_refuse_errno(r, r->devices->tap->pcap_path, (int)got)
		       : json_pack("{s:I}", "events", (json_int_t)got);
}

static json_t *quit(struct request *r)
{
	*r->quit = true;
	return json_object();
}

/* The value of "return", or NULL with a sentence in why. */
static const struct {
	const char *name;
	json_t *(*run)(struct request *r);
} commands[] = {
	{"info", info},
	{"device_add", device_add},
	{"device_del", device_del},
	{"send-key", serve_send_key},
	{"pointer", serve_pointer},
	{"mouse", serve_mouse},
	{"trace", trace},
	{"pcap", pcap},
	{"quit", quit},
};

static json_t *execute(struct request *r, const json_t *asked)
{
	const char *name = json_string_value(json_object_get(asked, "execute"));

	r->arguments = json_object_get(asked, "arguments");
	if (r->arguments && !json_is_object(r->arguments))
		return serve_refuse(r, "\"arguments\" is not an object");
	for (size_t i = 0; name && i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, name))
			return commands[i].run(r);
	return serve_refuse(
		r,
		"\"execute\" is info, device_add, device_del, send-key, pointer, mouse, trace, pcap or quit");
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
