// SPDX-License-Identifier: MIT
/*
 * serve_path.c -- where a device is, for people: "1.2.3" is port 3 of the hub in port 2 of the hub in
 * connector 1.
 */
#include <errno.h>

#include "backend/serve.h"

int serve_path_parse(struct serve_path *p, const char *text)
{
	*p = (struct serve_path){0};
	for (unsigned i = 0; i <= USB_MAX_HUBS; i++) {
		unsigned long most = i ? 15 : USB_MAX_PORTS, n;
		char *end;

		if (*text < '0' || *text > '9')
			return -EINVAL;
		n = strtoul(text, &end, 10);
		if (!n || n > most)
			return -EINVAL;
		if (i)
			p->route |= (uint32_t)n << (i - 1) * 4;
		else
			p->connector = (unsigned)n;
		if (!*end)
			return 0;
		if (*end != '.')
			return -EINVAL;
		text = end + 1;
	}
	return -EINVAL;
}

const char *serve_path_print(const struct serve_path *p, char out[SERVE_PATH_TEXT])
{
	size_t len = (size_t)snprintf(out, SERVE_PATH_TEXT, "%u", p->connector);

	for (uint32_t route = p->route; route; route >>= 4)
		len += (size_t)snprintf(out + len, SERVE_PATH_TEXT - len, ".%u", route & 0xf);
	return out;
}

bool serve_path_covers(const struct serve_path *hub, const struct serve_path *p)
{
	uint32_t mask = 0;

	while (hub->route & ~mask)
		mask = mask << 4 | 0xf;
	return hub->connector == p->connector && (p->route & mask) == hub->route;
}
