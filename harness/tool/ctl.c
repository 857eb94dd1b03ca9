// SPDX-License-Identifier: MIT
/*
 * ctl.c -- `gauntlet ctl`: one request to a running `gauntlet serve`, and its answer.
 */
#include <errno.h>
#include <limits.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <jansson.h>

#include "tool/verbs.h"

static int reach(const char *path)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), err;

	if (fd < 0)
		return -errno;
	if (strlen(path) >= sizeof(name.sun_path)) {
		close(fd);
		return -ENAMETOOLONG;
	}
	memcpy(name.sun_path, path, strlen(path));
	if (!connect(fd, (const struct sockaddr *)&name, sizeof(name)))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* The commands; an argument's name may begin with '#' for a number or '/' for a file of the server. */
static const struct {
	const char *name, *argument[3];
	unsigned need;
	const char *words, *help;
} row[] = {
	{"info", {"what"}, 1, "info usb", "what is plugged in where"},
	{NULL, {NULL}, 0, "info qtree", "devices with interfaces and endpoints, as a tree"},
	{NULL, {NULL}, 0, "info pci", "the PCI function"},
	{NULL, {NULL}, 0, "info xhci", "registers, ports, slots, endpoints, rings, interrupters"},
	{NULL, {NULL}, 0, "info trace", "what is being written, and where"},
	{NULL, {NULL}, 0, "info version", "which version serves"},
	{"device_add",
	 {"device"},
	 1,
	 "device_add DEVICE",
	 "plug something in, see 'gauntlet serve --help'"},
	{"device_del",
	 {"#port"},
	 1,
	 "device_del PORT",
	 "pull it out; 1.2 is port 2 of the hub in port 1"},
	{"send-key",
	 {"keys"},
	 1,
	 "send-key KEYS",
	 "QEMU's names or numbers, like ctrl-alt-delete or 0xf2"},
	{"pointer",
	 {"#x", "#y", "#buttons"},
	 2,
	 "pointer X Y [BUTTONS]",
	 "0 to 32767, to the first tablet"},
	{"mouse", {"#x", "#y", "#buttons"}, 2, "mouse X Y [BUTTONS]", "so far, to the first mouse"},
	{"trace",
	 {"action", "/file"},
	 1,
	 "trace on [FILE]",
	 "everything that happens, readable; without FILE to the server's stdout"},
	{NULL, {NULL}, 0, "trace off", "no more of that"},
	{"pcap",
	 {"action", "/file"},
	 1,
	 "pcap start FILE",
	 "all USB traffic to a file for Wireshark"},
	{NULL, {NULL}, 0, "pcap stop", "end it"},
	{"quit", {NULL}, 0, "quit", "end the server"},
};

/* The server may be in another folder. */
static json_t *file_name(const char *path)
{
	char here[PATH_MAX];

	if (*path == '/' || !getcwd(here, sizeof(here)))
		return json_string(path);
	return json_sprintf("%s/%s", here, path);
}

static void set_argument(json_t *arguments, const char *name, const char *word)
{
	if (*name == '#' && !strchr(word, '.'))
		json_object_set_new(arguments, name + 1, json_integer(strtoll(word, NULL, 0)));
	else if (*name == '/')
		json_object_set_new(arguments, name + 1, file_name(word));
	else
		json_object_set_new(arguments, name + (*name == '#'), json_string(word));
}

/* Words of the command line as a request: NULL if they make none. */
static json_t *request(char **word, unsigned count)
{
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		json_t *arguments;

		if (!row[i].name || strcmp(row[i].name, word[0]))
			continue;
		if (count - 1 < row[i].need || count - 1 > ARRAY_SIZE(row[i].argument))
			return NULL;
		arguments = json_object();
		for (unsigned k = 0; k < count - 1; k++) {
			if (!row[i].argument[k]) {
				json_decref(arguments);
				return NULL;
			}
			set_argument(arguments, row[i].argument[k], word[k + 1]);
		}
		return json_pack("{s:s, s:o}", "execute", word[0], "arguments", arguments);
	}
	return NULL;
}

static int show(const char *answer)
{
	json_t *got = json_loads(answer, 0, NULL), *value = json_object_get(got, "return");
	const char *why = json_string_value(json_object_get(json_object_get(got, "error"), "desc"));
	int status = EXIT_CLEAN;

	if (json_is_string(value)) {
		fputs(json_string_value(value), stdout);
	} else if (value) {
		json_dumpf(value, stdout, JSON_SORT_KEYS);
		putchar('\n');
	} else {
		tool_refuse("ctl: %s", why ? why : "no answer");
		status = EXIT_FINDING;
	}
	json_decref(got);
	return status;
}

/* text is a line. */
static int converse(const char *path, const char *text)
{
	int fd = reach(path), status;
	char *answer = NULL;
	size_t room = 0;
	FILE *stream;

	if (fd < 0)
		return tool_refuse("%s: %s; is 'gauntlet serve --control' running?", path,
				   strerror(-fd));
	stream = fdopen(fd, "r+");
	REQUIRE(stream);
	if (dprintf(fd, "%s\n", text) < 0 || getline(&answer, &room, stream) < 0)
		status = tool_refuse("%s: it does not answer", path);
	else
		status = show(answer);
	free(answer);
	fclose(stream);
	return status;
}

static int ctl(const struct tool_verb *verb, char **value, char **operand, unsigned count)
{
	json_t *asked;
	char *text;
	int status;

	(void)verb, (void)value;
	if (operand[1][0] == '{')
		return converse(operand[0], operand[1]);
	asked = request(operand + 1, count - 1);
	if (!asked)
		return tool_refuse(
			"ctl: '%s' is no command, or lacks its arguments; see 'gauntlet ctl "
			"--help'",
			operand[1]);
	text = json_dumps(asked, JSON_COMPACT);
	json_decref(asked);
	if (!text)
		return tool_refuse("ctl: only UTF-8 can be sent");
	status = converse(operand[0], text);
	free(text);
	return status;
}

static void more(FILE *out)
{
	fputs("commands:\n", out);
	for (size_t i = 0; i < ARRAY_SIZE(row); i++)
		fprintf(out, "  %-24s %s\n", row[i].words, row[i].help);
	fputs("  '{\"execute\": ...}'       a request as it goes over the socket\n"
	      "The status is 1 if it was refused.\n",
	      out);
}

const struct tool_verb verb_ctl = {
	.name = "ctl",
	.operands = "SOCKET COMMAND [ARGUMENT...]",
	.help = "look at a running 'gauntlet serve', or steer it",
	.min = 2,
	.max = 5,
	.run = ctl,
	.print_more = more,
};
