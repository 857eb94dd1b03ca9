// SPDX-License-Identifier: MIT
/*
 * mtp.h -- what the files of the media device share (MTP 1.1, PIMA 15740, Still Image Class 1.0).
 */
#ifndef DEV_MTP_H
#define DEV_MTP_H

#include "dev/mtp_store.h"
#include "usb/usb.h"

#define MTP_HEAD 12u /* bytes of a container's head */
#define MTP_PARAMS 5u
#define MTP_DATASET_MAX 1024u /* bytes of a dataset that the host sends */
#define MTP_STORAGE 0x00010001u

enum mtp_code { /* MTP 1.1 appendix D, F */
	MTP_GET_DEVICE_INFO = 0x1001,
	MTP_OPEN_SESSION = 0x1002,
	MTP_CLOSE_SESSION = 0x1003,
	MTP_GET_STORAGE_IDS = 0x1004,
	MTP_GET_STORAGE_INFO = 0x1005,
	MTP_GET_NUM_OBJECTS = 0x1006,
	MTP_GET_OBJECT_HANDLES = 0x1007,
	MTP_GET_OBJECT_INFO = 0x1008,
	MTP_GET_OBJECT = 0x1009,
	MTP_DELETE_OBJECT = 0x100b,
	MTP_SEND_OBJECT_INFO = 0x100c,
	MTP_SEND_OBJECT = 0x100d,
	MTP_GET_PARTIAL_OBJECT = 0x101b,
	MTP_GET_PROPS_SUPPORTED = 0x9801,
	MTP_GET_PROP_DESC = 0x9802,
	MTP_GET_PROP_VALUE = 0x9803,

	MTP_OK = 0x2001,
	MTP_GENERAL_ERROR = 0x2002,
	MTP_SESSION_NOT_OPEN = 0x2003,
	MTP_NOT_SUPPORTED = 0x2005,
	MTP_INCOMPLETE = 0x2007,
	MTP_INVALID_STORAGE = 0x2008,
	MTP_INVALID_HANDLE = 0x2009,
	MTP_STORE_FULL = 0x200c,
	MTP_STORE_READ_ONLY = 0x200e,
	MTP_PARTIAL_DELETION = 0x2012,
	MTP_NO_OBJECT_INFO = 0x2015,
	MTP_INVALID_DATASET = 0x2019,
	MTP_INVALID_PARENT = 0x201a,
	MTP_INVALID_PARAMETER = 0x201d,
	MTP_SESSION_OPEN = 0x201e,
	MTP_INVALID_PROP = 0xa801,
	MTP_FORMAT_UNDEFINED = 0x3000,
	MTP_FORMAT_FOLDER = 0x3001,
};

enum mtp_phase {
	MTP_COMMAND,
	MTP_DATA_OUT,
	MTP_DATA_IN,
	MTP_RESPONSE,
};

struct mtp {
	struct usb_device usb; /* first member */
	struct mtp_store *store;
	uint8_t phase;    /* enum mtp_phase */
	uint32_t session; /* 0 = none */
	uint16_t code;    /* operation under way */
	uint32_t transaction;
	uint32_t param[MTP_PARAMS];
	unsigned param_count;
	uint16_t result; /* response: code and parameters */
	uint32_t answer[3];
	unsigned answer_count;
	uint8_t *in; /* container on its way to the host, own allocation of in_len */
	size_t in_len, in_pos;
	uint32_t stream; /* object whose bytes follow, 0 = none */
	uint64_t stream_pos, stream_left;
	bool out_end; /* the last container's length said where it ends; the host may say it, too */
	bool in_end;  /* an empty packet has to tell its end */
	uint8_t out[MTP_HEAD + MTP_DATASET_MAX]; /* container from the host so far */
	uint64_t out_len;                        /* may be more than fits */
	uint32_t sending;                        /* object of the last SendObjectInfo, 0 = none */
	uint64_t sent;
};

/* ---- mtp_operation.c ----------------------------------------------------------------------- */

/* The operation in code and param: sets phase, in, stream, result, answer. */
void mtp_begin(struct mtp *m);
/* Its data came: len bytes in out + MTP_HEAD (SendObjectInfo). */
void mtp_take_object_info(struct mtp *m, size_t len);
/* Bytes of SendObject. */
void mtp_take_object(struct mtp *m, const uint8_t *bytes, size_t len);

/* ---- mtp.c --------------------------------------------------------------------------------- */

/* The data container that goes to the host: room for len bytes behind the head, which it returns. stream
 * bytes of the object follow. */
uint8_t *mtp_data_in(struct mtp *m, size_t len, uint64_t stream);

/* ---- mtp_dataset.c ------------------------------------------------------------------------- */

#define MTP_TEXT_BYTES 512u /* of a string in a dataset at most: 255 units and their count */

/* Each writes a dataset to out and returns its length. */
#define MTP_INFO_MAX (256u + 2 * MTP_TEXT_BYTES)
size_t mtp_device_info(uint8_t out[MTP_INFO_MAX]);
size_t mtp_storage_info(const struct mtp *m, uint8_t out[MTP_INFO_MAX]);
size_t mtp_object_info(const struct mtp_object *o, uint8_t out[MTP_INFO_MAX]);
size_t mtp_prop_list(uint8_t out[MTP_INFO_MAX]);
/* 0: there is no such property. */
size_t mtp_prop_desc(uint16_t prop, uint8_t out[MTP_INFO_MAX]);
size_t mtp_prop_value(const struct mtp_object *o, uint16_t prop, uint8_t out[MTP_INFO_MAX]);
/* A string of a dataset at pos as UTF-8. False: it does not end inside, or is no text. */
bool mtp_text(const uint8_t *bytes, size_t len, size_t pos, char out[MTP_NAME_MAX]);

#endif
