// SPDX-License-Identifier: MIT
/*
 * serve.h -- our controller for a real guest: a machine whose guest is a client on a UNIX socket and
 * whose time is the host's. Sections follow the files.
 */
#ifndef BACKEND_SERVE_H
#define BACKEND_SERVE_H

#include "backend/serve_link.h"
#include "base.h"
#include "trace.h"
#include "usb/usb.h"

struct machine;
struct disk;
struct pollfd;
struct pcap_file;
struct record_file;
struct xhci_profile;

/* ---- serve_path.c -------------------------------------------------------------------------- */

struct serve_path {
	unsigned connector; /* 1-based; 0 = none was named */
	uint32_t route;     /* usb.h route.c; 0 = in the connector itself */
};

#define SERVE_PATH_TEXT 24u

/* "1" or "1.2.3". 0 or -EINVAL. */
int serve_path_parse(struct serve_path *p, const char *text);
/* Returns out. */
const char *serve_path_print(const struct serve_path *p, char out[SERVE_PATH_TEXT]);
/* Whether p is hub's place or behind it. */
bool serve_path_covers(const struct serve_path *hub, const struct serve_path *p);

/* ---- serve_tap.c: who is told what happens in a served machine ----------------------------- */

/* Where the registers of the controller are, bytes from BAR 0. */
struct serve_layout {
	uint32_t oper, runtime, doorbell, extended;
	unsigned ports, interrupters;
};

/* Who can print rows for people; the tool brings one. */
struct serve_printer {
	void *(*open)(FILE *out, const struct serve_layout *layout);
	trace_sink *row; /* opaque is what open returned */
	void (*close)(void *printer);
};

struct serve_tap {
	trace_sink *watch; /* the oracles; NULL = nobody */
	void *watch_opaque;
	const struct serve_printer *printer; /* NULL = there is none */
	struct serve_layout layout;
	struct pcap_file *pcap; /* NULL = off; these three, too */
	FILE *trace_out;
	void *trace;
	struct record_file *record;
	char pcap_path[256], trace_path[256], record_path[256]; /* "" = stdout */
	const uint64_t *now_ns;                                 /* virtual time */
	void (*say)(void *opaque, const char *line);
	void *say_opaque;
	uint64_t epoch_ns; /* time of day at virtual time 0 */
};

/* A trace_sink; opaque is the struct serve_tap. */
void serve_tap_row(void *opaque, const struct trace_row *row);
/* All USB traffic goes to that new file from now on. 0 or -errno (-EBUSY: one is written already). */
int serve_tap_pcap_start(struct serve_tap *t, const char *path);
/* How many events it got, or -errno (-ENOENT: none was written). */
int64_t serve_tap_pcap_stop(struct serve_tap *t);
/* The readable trace, to a new file or (NULL) stdout. 0 or -errno (-EBUSY, -ENOSYS: no printer). */
int serve_tap_trace_on(struct serve_tap *t, const char *path);
/* 0 or -errno (-ENOENT: it was not on). */
int serve_tap_trace_off(struct serve_tap *t);
/* What the guest does, to a new file for gauntlet record. 0 or -errno. */
int serve_tap_record(struct serve_tap *t, const char *path, const char *profile);
/* For the recording: somebody did this, an op as text. */
void serve_tap_note(struct serve_tap *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Bring to the files what waits; a file that cannot be written is given up, and said. */
void serve_tap_flush(struct serve_tap *t);
/* End everything that is being written. */
void serve_tap_close(struct serve_tap *t);

/* ---- serve_device.c ------------------------------------------------------------------------ */

struct serve_device {
	unsigned model;         /* index of dev_models */
	struct serve_path path; /* connector 0 = the next free one */
	enum usb_speed speed;   /* USB_SPEED_NONE = the fastest */
	char *file; /* storage: its image; NULL = memory; mtp: folder; audio: what is played */
	bool read_only;
	uint8_t ports;     /* hub: 0 = 4 */
	bool single_tt;    /* hub */
	char *line;        /* serial, network, audio: path; NULL = a loop */
	uint8_t line_kind; /* enum serve_link_kind */
	bool via_libusb;   /* behind a usbfs of ours and a real libusb */
	char *id;          /* a device of the host, see host_open; NULL = a model of ours */
	char *mic;         /* audio: what is recorded */
	bool redir;        /* somebody else's, over usbredir: line is where */
	bool read_ahead;   /* redir: bulk data before the guest asks */
	char *filter;      /* redir: which devices may come, as usb-redir has it; NULL = all */
};

/*
 * "MODEL[,port=N[.N...]][,speed=low|full|high|super][,file=IMAGE][,ro][,ports=N][,tt=single|multi]
 * [,pty=PATH][,listen=PATH][,connect=PATH][,wav=FILE][,mic=FILE][,via=libusb]", or "host,id=VVVV:PPPP" or "host,id=BUS.ADDR", or
 * "redir,listen=PATH" or "redir,connect=PATH" with [,port=N[.N...]][,ahead][,filter=RULES].
 * 0; -EINVAL with a sentence in why.
 * Free with serve_device_free in either case.
 */
int serve_device_parse(struct serve_device *d, const char *text, char *why, size_t room);
void serve_device_free(struct serve_device *d);

#define SERVE_MAX_DISKS 128u

struct serve_disk {        /* what a storage device sits on */
	struct disk *disk; /* NULL = free */
	struct serve_path path;
};

/* What is plugged into a served machine. */
struct serve_devices {
	struct machine *m;     /* borrowed */
	struct serve_tap *tap; /* borrowed */
	struct serve_disk disk[SERVE_MAX_DISKS];
	struct serve_links links;   /* of devices that are plugged in */
	struct serve_redir *redirs; /* sessions over usbredir, with or without a device */
	/* One line about a device of the host; may be NULL. */
	void (*say)(void *opaque, const char *line);
	void *say_opaque;
};

/* ---- serve_host.c --------------------------------------------------------------------------- */

/* What comes after "host,". 0; -EINVAL with a sentence in why. */
int serve_host_parse(struct serve_device *d, char *rest, char *why, size_t room);
/* The device of the host, or far (consumed) the long way. 0; -errno with a sentence in why. */
int serve_host_open(struct serve_devices *s, const struct serve_device *d, struct usb_device *far,
		    struct usb_device **ret, char *why, size_t room);

/* ---- serve_redir.c -------------------------------------------------------------------------- */

/* What comes after "redir,". 0; -EINVAL with a sentence in why. */
int serve_redir_parse(struct serve_device *d, char *rest, char *why, size_t room);
/* Wait for devices at its line, for this port. 0; -errno with a sentence in why. */
int serve_redir_open(struct serve_devices *s, const struct serve_device *d,
		     const struct serve_path *path, char *why, size_t room);
/* True if one waits, or has its device, there. */
bool serve_redir_holds(const struct serve_devices *s, const struct serve_path *path);
/* End those of this port and behind it (NULL: all), with their devices: how many. */
unsigned serve_redir_close(struct serve_devices *s, const struct serve_path *path);

/* The device, and the disk it sits on (NULL: none) which must outlive it. 0, or -errno with a sentence in why. */
int serve_device_make(struct serve_devices *s, const struct serve_device *d,
		      struct usb_device **ret, struct disk **ret_disk, char *why, size_t room);
/* Plug it: 0 and its place, or -errno with a sentence in why. */
int serve_device_plug(struct serve_devices *s, const struct serve_device *d,
		      struct serve_path *ret_path, char *why, size_t room);
/* The same from its text. */
int serve_device_add(struct serve_devices *s, const char *text, struct serve_path *ret_path,
		     char *why, size_t room);
/* What is there, and all behind it if it is a hub. 0 or -ENODEV. */
int serve_device_remove(struct serve_devices *s, const struct serve_path *path);
/* The disk of the device there, or NULL. */
struct disk *serve_device_disk(const struct serve_devices *s, const struct serve_path *path);
/* Unplug everything. */
void serve_device_remove_all(struct serve_devices *s);

/* ---- serve_socket.c ------------------------------------------------------------------------ */

/*
 * Listen on a UNIX socket that only its owner may use (mode 0600). A socket that nobody listens on any
 * more is replaced, anything else in its place is left alone. A descriptor, or -errno.
 */
int serve_socket_listen(const char *path);
/* The next client, or -errno (-EAGAIN: nobody). */
int serve_socket_accept(int fd);

/* ---- serve_control.c: a socket on which people and scripts look and steer ------------------ */

#define SERVE_CONTROL_CLIENTS 4u
#define SERVE_CONTROL_LINE 65536u /* bytes; who sends a longer one is let go */

struct serve_control_client {
	int fd; /* -1 = free */
	char *line;
	size_t len;
};

struct serve_control {
	struct serve_devices *devices; /* borrowed */
	const char *path;              /* borrowed; NULL = not open */
	int listen_fd;
	struct serve_control_client client[SERVE_CONTROL_CLIENTS];
	bool quit; /* somebody asked for it */
};

/* 0 or -errno. */
int serve_control_open(struct serve_control *c, const char *path, struct serve_devices *devices);
void serve_control_close(struct serve_control *c);
/* What poll has to look at: at most SERVE_CONTROL_CLIENTS + 1; nothing if it is not open. */
unsigned serve_control_poll(const struct serve_control *c, struct pollfd *p);
/* Accept, read, answer; never blocks. */
void serve_control_work(struct serve_control *c);

/* ---- serve_command.c ----------------------------------------------------------------------- */

/*
 * One request, {"execute": NAME, "arguments": {...}, "id": ...}, as in QMP: the answer, a line without
 * its newline, the caller's to free. *quit is set if that was what it asked.
 */
char *serve_command(struct serve_devices *s, const char *text, size_t len, bool *quit);

/* ---- serve_info*.c: what is there, for people; the caller frees ---------------------------- */

char *serve_info_usb(const struct serve_devices *s);
char *serve_info_qtree(const struct serve_devices *s);
char *serve_info_pci(const struct serve_devices *s);
char *serve_info_trace(const struct serve_devices *s);
char *serve_info_version(const struct serve_devices *s);
char *serve_info_xhci(const struct serve_devices *s);

/* ---- serve.c ------------------------------------------------------------------------------- */

struct serve_options {
	const char *path;    /* of the socket */
	const char *control; /* of the control socket, or NULL */
	const struct xhci_profile *profile;
	char **device; /* texts for serve_device_parse */
	unsigned device_count;
	bool once;                           /* end when the first client leaves */
	bool unmoderated;                    /* interrupts do not wait for IMOD */
	const char *pcap;                    /* capture all USB traffic there; or NULL */
	const char *record;                  /* record what the guest does there; or NULL */
	const char *trace;                   /* print all rows there; "" = stdout; or NULL */
	const struct serve_printer *printer; /* for trace; may be NULL */
	trace_sink *sink;                    /* sees every row; may be NULL */
	void *sink_opaque;                   /* also say's */
	void (*say)(void *opaque, const char *line); /* what goes on, for people; may be NULL */
};

/* Index of xhci_profiles by name, or -1. */
const struct xhci_profile *serve_profile_find(const char *name);
/* Until SIGINT or SIGTERM (or once): 0; -errno with a sentence in why. */
int serve_run(const struct serve_options *o, char *why, size_t room);

#endif
