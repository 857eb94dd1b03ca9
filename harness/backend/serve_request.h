// SPDX-License-Identifier: MIT
/*
 * serve_request.h -- one request on the control socket while it is carried out.
 */
#ifndef BACKEND_SERVE_REQUEST_H
#define BACKEND_SERVE_REQUEST_H

#include <jansson.h>

#include "backend/serve.h"

struct request {
	struct serve_devices *devices;
	json_t *arguments; /* an object, or NULL */
	bool *quit;
	char why[300]; /* why not */
};

/* NULL, and the sentence in why. */
json_t *serve_refuse(struct request *r, const char *why);
json_t *serve_refuse_errno(struct request *r, const char *what, int err);

/* serve_input.c: what somebody at the machine does. */
json_t *serve_send_key(struct request *r);
json_t *serve_pointer(struct request *r);
json_t *serve_mouse(struct request *r);

#endif
