// SPDX-License-Identifier: MIT
/*
 * serve_redir.c -- sockets at which somebody's devices come to a served VM over usbredir: each has its port,
 * whether a device is there or not.
 */
#include <errno.h>

#include "backend/machine.h"
#include "backend/serve.h"
#include "dev/dev.h"
#include "dev/redir.h"

struct serve_redir {
	struct serve_redir *next;
	struct serve_devices *devices;
	struct redir *session;
	struct usbredirfilter_rule *rules;
	struct serve_path path;
};

int serve_redir_parse(struct serve_device *d, char *rest, char *why, size_t room)
{
	char *word;

	d->model = DEV_SCRIPTED; /* it has no number of its own: no program can name it */
	d->redir = true;
	while ((word = strsep(&rest, ","))) {
		bool listens = !strncmp(word, "listen=", 7), calls = !strncmp(word, "connect=", 8);

		if ((listens || calls) && !d->line && word[listens ? 7 : 8]) {
			d->line_kind = listens ? SERVE_LINK_LISTEN : SERVE_LINK_CONNECT;
			d->line = strdup(word + (listens ? 7 : 8));
		} else if (!strncmp(word, "filter=", 7) && !d->filter) {
			d->filter = strdup(word + 7);
		} else if (!strcmp(word, "ahead")) {
			d->read_ahead = true;
		} else if (strncmp(word, "port=", 5) || serve_path_parse(&d->path, word + 5)) {
			snprintf(why, room, "redir: '%s' means nothing to it", word);
			return -EINVAL;
		}
	}
	if (d->line)
		return 0;
	snprintf(why, room, "redir: where is its other side? listen=PATH or connect=PATH");
	return -EINVAL;
}

static int plug(void *opaque, struct usb_device *dev)
{
	struct serve_redir *k = opaque;
	struct serve_devices *s = k->devices;

	serve_tap_note(s->tap, "plug port=%u model=%s speed=%u route=%u", k->path.connector,
		       dev_models[DEV_SCRIPTED].name, USB_SPEED_NONE, k->path.route);
	return machine_attach(s->m, machine_port(s->m, k->path.connector, k->path.route),
			      DEV_SCRIPTED, dev, USB_SPEED_NONE);
}

static void warn(void *opaque, const char *line)
{
	const struct serve_redir *k = opaque;

	if (k->devices->say)
		k->devices->say(k->devices->say_opaque, line);
}

/* CLASS:VENDOR:PRODUCT:VERSION:ALLOW, a "|" between rules, -1 = any: as usb-redir's filter. */
static int read_rules(const struct serve_device *d, struct redir_config *config, char *why,
		      size_t room)
{
	struct usbredirfilter_rule *rules = NULL;
	int err;

	if (!d->filter)
		return 0;
	err = usbredirfilter_string_to_rules(d->filter, ":", "|", &rules, &config->rule_count);
	if (!err && !config->rule_count) {
		usbredirfilter_free(rules);
		err = -EINVAL;
	}
	if (err) {
		snprintf(why, room, "redir: filter '%s' is not CLASS:VENDOR:PRODUCT:VERSION:ALLOW",
			 d->filter);
		return err;
	}
	config->rules = rules;
	return 0;
}

static void free_one(struct serve_redir *k)
{
	redir_free(k->session);
	usbredirfilter_free(k->rules);
	free(k);
}

int serve_redir_open(struct serve_devices *s, const struct serve_device *d,
		     const struct serve_path *path, char *why, size_t room)
{
	struct redir_config config = {.plug = plug, .warn = warn, .buffered = d->read_ahead};
	struct dev_link *link;
	struct serve_redir *k;
	int err;

	if (!path->connector || serve_redir_holds(s, path)) {
		snprintf(why, room, "redir: there is no free port for it");
		return -EBUSY;
	}
	err = read_rules(d, &config, why, room);
	if (err)
		return err;
	err = serve_link_open(&s->links, (enum serve_link_kind)d->line_kind, d->line, false, &link);
	if (err) {
		usbredirfilter_free((struct usbredirfilter_rule *)(uintptr_t)config.rules);
		snprintf(why, room, "%s: %s", d->line, strerror(-err));
		return err;
	}
	k = alloc_zero(sizeof(*k));
	k->devices = s;
	k->rules = (struct usbredirfilter_rule *)(uintptr_t)config.rules;
	k->path = *path;
	k->next = s->redirs;
	s->redirs = k;
	config.opaque = k;
	k->session = redir_new(link, &config);
	return 0;
}

bool serve_redir_holds(const struct serve_devices *s, const struct serve_path *path)
{
	for (const struct serve_redir *k = s->redirs; k; k = k->next)
		if (k->path.connector == path->connector && k->path.route == path->route)
			return true;
	return false;
}

unsigned serve_redir_close(struct serve_devices *s, const struct serve_path *path)
{
	struct serve_redir **link = &s->redirs;
	unsigned n = 0;

	while (*link) {
		struct serve_redir *k = *link;

		if (path && !serve_path_covers(path, &k->path)) {
			link = &k->next;
			continue;
		}
		*link = k->next;
		free_one(k);
		n++;
	}
	return n;
}
