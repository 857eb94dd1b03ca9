// SPDX-License-Identifier: MIT
/*
 * target.c -- the fuzz targets as the tool knows them: how a case of each is judged, and what program
 * of ops it means.
 */
#include <inttypes.h>

#include "tool/tool.h"
#include "redir/play.h"
#include "usbfs/exercise.h"

static bool client_served(const uint8_t *bytes, size_t len, char *why, size_t room)
{
	struct vfio_client *client = vfio_client_new();
	const char *wrong = vfio_client_play(client, bytes, len);

	if (wrong)
		snprintf(why, room, "%s", wrong);
	vfio_client_free(client);
	return !wrong;
}

/* What is wrong with it, the sanitizers tell. */
static bool library_survives(const uint8_t *bytes, size_t len, char *why, size_t room)
{
	int err;
	struct exercise *e = exercise_new(&err);

	if (e)
		exercise_run(e, bytes, len);
	else
		snprintf(why, room, "%s", libusb_error_name(err));
	exercise_free(e);
	return e;
}

static bool session_behaves(const uint8_t *bytes, size_t len, char *why, size_t room)
{
	const char *wrong = play_judge(bytes, len, true);

	if (wrong)
		snprintf(why, room, "%s", wrong);
	return !wrong;
}

const struct tool_target_info tool_targets[TARGETS] = {
	[TARGET_RING] = {.name = "xhci-ring", .ops = true},
	[TARGET_DESCRIPTOR] = {.name = "descriptor",
			       .clause = "USB2 9.5",
			       .rule = "descriptor rebuild",
			       .judge = tool_descriptor_stable,
			       .program = tool_descriptor_program},
	[TARGET_VFIO] = {.name = "vfio-user",
			 .clause = "vfio-user 0.0",
			 .rule = "server",
			 .judge = client_served},
	[TARGET_LIBUSB] = {.name = "libusb",
			   .clause = "libusb",
			   .rule = "starts",
			   .judge = library_survives},
	[TARGET_REDIR] = {.name = "redir",
			  .clause = "usbredir 0.7",
			  .rule = "guest side",
			  .judge = session_behaves},
	[TARGET_DEVICE] = {.name = "device", .ops = true},
	[TARGET_SNAPSHOT] = {.name = "snapshot", .ops = true},
};

int tool_target_find(const char *name)
{
	for (int i = 0; i < TARGETS; i++)
		if (!strcmp(name, tool_targets[i].name))
			return i;
	return -1;
}

const char *tool_target_names(char *text, size_t room)
{
	size_t n = 0;

	for (int i = 0; i < TARGETS; i++)
		n += (size_t)snprintf(text + min_u64(n, room), room - min_u64(n, room), "%s%s",
				      !i                        ? ""
					      : i + 1 < TARGETS ? ", "
								: " or ",
				      tool_targets[i].name);
	return text;
}

/* Equal, whether words are joined by dashes or, as in names of programs, by underscores. */
static bool same_name(const char *path, const char *name)
{
	for (; *name; path++, name++)
		if (*path != *name && !(*path == '_' && *name == '-'))
			return false;
	return true;
}

enum tool_target tool_target_guess(const char *path, enum tool_target otherwise)
{
	/* What comes last in the path is nearest to the file. */
	for (; *path; path++)
		for (int i = 0; i < TARGETS; i++)
			if (same_name(path, tool_targets[i].name))
				otherwise = (enum tool_target)i;
	return otherwise;
}

void tool_vfio_stat_print(const struct vfio_client *client)
{
	uint64_t messages, connections;

	vfio_client_counts(client, &messages, &connections);
	fprintf(stderr, "stat::ops_executed: %" PRIu64 "\n", messages);
	fprintf(stderr, "stat::connections: %" PRIu64 "\n", connections);
}
