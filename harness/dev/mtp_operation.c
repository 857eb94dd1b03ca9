// SPDX-License-Identifier: MIT
/*
 * mtp_operation.c -- the operations of the media device (MTP 1.1 appendix D). Handles and numbers of the
 * host are looked up, never used; a name that it sends must be one (mtp_name_is_good).
 */
#include <errno.h>

#include "dev/mtp.h"

#define ALL 0xffffffffu
#define INFO_NAME_AT 52u /* in an ObjectInfo: before it only numbers */

static void respond(struct mtp *m, enum mtp_code result)
{
	m->result = (uint16_t)result;
	m->phase = MTP_RESPONSE;
}

static void respond_errno(struct mtp *m, int err)
{
	respond(m,
		err == -EROFS               ? MTP_STORE_READ_ONLY
			: err == -ENOSPC    ? MTP_STORE_FULL
			: err == -ENOTEMPTY ? MTP_PARTIAL_DELETION
					    : MTP_GENERAL_ERROR);
}

static void send_dataset(struct mtp *m, const uint8_t *bytes, size_t len)
{
	/* cppcheck-suppress uninitvar ; what makes a dataset is in another file */
	memcpy(mtp_data_in(m, len, 0), bytes, len);
	m->result = MTP_OK;
}

/* The object of parameter i, or NULL and the response. */
static struct mtp_object *object_of(struct mtp *m, unsigned i)
{
	struct mtp_object *o = mtp_store_find(m->store, m->param[i]);

	if (!o)
		respond(m, MTP_INVALID_HANDLE);
	return o;
}

/* ---- session and storage ------------------------------------------------------------------- */

static void open_session(struct mtp *m)
{
	if (m->session) {
		m->answer[m->answer_count++] = m->session;
		respond(m, MTP_SESSION_OPEN);
	} else if (!m->param[0]) {
		respond(m, MTP_INVALID_PARAMETER);
	} else {
		m->session = m->param[0];
		respond(m, MTP_OK);
	}
}

static void storage_ids(struct mtp *m)
{
	uint8_t list[8];

	put_le32(list, 1);
	put_le32(list + 4, MTP_STORAGE);
	send_dataset(m, list, sizeof(list));
}

static void storage_info(struct mtp *m)
{
	uint8_t info[MTP_INFO_MAX];

	if (m->param[0] != MTP_STORAGE)
		respond(m, MTP_INVALID_STORAGE);
	else
		send_dataset(m, info, mtp_storage_info(m, info));
}

/* ---- lists --------------------------------------------------------------------------------- */

/* Handles of the children that parameters 0 to 2 ask for, into list (may be NULL); how many, or -1. */
static int list_handles(struct mtp *m, uint8_t *list)
{
	uint32_t parent = m->param[2] == ALL ? 0 : m->param[2];
	unsigned n = 0;

	if (m->param[0] != MTP_STORAGE && m->param[0] != ALL) {
		respond(m, MTP_INVALID_STORAGE);
		return -1;
	}
	if (!mtp_store_open(m->store, parent)) {
		respond(m,
			mtp_store_find(m->store, parent) ? MTP_INVALID_PARENT : MTP_INVALID_HANDLE);
		return -1;
	}
	for (unsigned i = 0; i < m->store->count; i++) {
		const struct mtp_object *o = m->store->object[i];

		/* 0: of all folders that are known */
		if ((m->param[2] && o->parent != parent) ||
		    (m->param[1] == MTP_FORMAT_FOLDER && !o->folder))
			continue;
		if (list)
			put_le32(list + 4 * n, o->handle);
		n++;
	}
	return (int)n;
}

static void num_objects(struct mtp *m)
{
	int n = list_handles(m, NULL);

	if (n < 0)
		return;
	m->answer[m->answer_count++] = (uint32_t)n;
	respond(m, MTP_OK);
}

static void object_handles(struct mtp *m)
{
	uint8_t list[4 + 4 * MTP_OBJECTS_MAX];
	int n = list_handles(m, list + 4);

	if (n < 0)
		return;
	put_le32(list, (uint32_t)n);
	send_dataset(m, list, 4 + 4 * (size_t)n);
}

/* ---- objects ------------------------------------------------------------------------------- */

static void object_info(struct mtp *m)
{
	const struct mtp_object *o = object_of(m, 0);
	uint8_t info[MTP_INFO_MAX];

	if (o)
		send_dataset(m, info, mtp_object_info(o, info));
}

static void get_object(struct mtp *m, uint64_t offset, uint64_t most)
{
	const struct mtp_object *o = object_of(m, 0);
	uint64_t len;

	if (!o)
		return;
	if (o->folder) {
		respond(m, MTP_INVALID_HANDLE);
		return;
	}
	len = offset < o->bytes ? min_u64(o->bytes - offset, most) : 0;
	mtp_data_in(m, 0, len);
	m->stream = o->handle;
	m->stream_pos = offset;
	m->result = MTP_OK;
	if (m->code == MTP_GET_PARTIAL_OBJECT)
		m->answer[m->answer_count++] = (uint32_t)len;
}

static void delete_object(struct mtp *m)
{
	struct mtp_object *o = object_of(m, 0);
	int err;

	if (!o)
		return;
	if (m->sending == o->handle)
		m->sending = 0;
	err = mtp_store_remove(m->store, o);
	if (err)
		respond_errno(m, err);
	else
		respond(m, MTP_OK);
}

static void send_info(struct mtp *m)
{
	const struct mtp_object *parent = mtp_store_find(m->store, m->param[1]);

	if (m->store->read_only)
		respond(m, MTP_STORE_READ_ONLY);
	else if (m->param[0] && m->param[0] != MTP_STORAGE)
		respond(m, MTP_INVALID_STORAGE);
	else if (m->param[1] && m->param[1] != ALL && (!parent || !parent->folder))
		respond(m, MTP_INVALID_PARENT);
	else
		m->phase = MTP_DATA_OUT;
}

void mtp_take_object_info(struct mtp *m, size_t len)
{
	const uint8_t *info = m->out + MTP_HEAD;
	uint32_t parent = m->param[1] == ALL ? 0 : m->param[1];
	char name[MTP_NAME_MAX];
	struct mtp_object *o;
	int err;

	m->sending = 0;
	if (len < INFO_NAME_AT || !mtp_text(info, len, INFO_NAME_AT, name) ||
	    !mtp_name_is_good(name)) {
		respond(m, MTP_INVALID_DATASET);
		return;
	}
	mtp_store_open(m->store, parent);
	o = mtp_store_add(m->store, parent, name, get_le16(info + 4) == MTP_FORMAT_FOLDER);
	if (!o) {
		respond(m, MTP_STORE_FULL);
		return;
	}
	err = m->store->ops->create(m->store, o);
	if (err) {
		mtp_store_drop(m->store, o);
		respond_errno(m, err);
		return;
	}
	if (!o->folder)
		m->sending = o->handle;
	m->answer[0] = MTP_STORAGE;
	m->answer[1] = m->param[1];
	m->answer[2] = o->handle;
	m->answer_count = 3;
	respond(m, MTP_OK);
}

void mtp_take_object(struct mtp *m, const uint8_t *bytes, size_t len)
{
	struct mtp_object *o = mtp_store_find(m->store, m->sending);
	ssize_t n;

	if (!o || m->result != MTP_OK || !len)
		return;
	n = m->store->ops->write(m->store, o, m->sent, bytes, len);
	if (n != (ssize_t)len) {
		m->result = MTP_STORE_FULL;
		return;
	}
	m->sent += len;
	o->bytes = m->sent;
}

static void send_object(struct mtp *m)
{
	if (!mtp_store_find(m->store, m->sending)) {
		respond(m, MTP_NO_OBJECT_INFO);
		return;
	}
	m->sent = 0;
	m->result = MTP_OK;
	m->phase = MTP_DATA_OUT;
}

/* ---- properties ---------------------------------------------------------------------------- */

static void prop(struct mtp *m)
{
	uint16_t number = (uint16_t)m->param[m->code == MTP_GET_PROP_DESC ? 0 : 1];
	const struct mtp_object *o = NULL;
	uint8_t data[MTP_INFO_MAX];
	size_t len;

	if (m->code == MTP_GET_PROP_VALUE) {
		o = object_of(m, 0);
		if (!o)
			return;
	}
	len = o ? mtp_prop_value(o, number, data) : mtp_prop_desc(number, data);
	if (len)
		send_dataset(m, data, len);
	else
		respond(m, MTP_INVALID_PROP);
}

/* ---- dispatch ------------------------------------------------------------------------------ */

static void in_session(struct mtp *m)
{
	uint8_t data[MTP_INFO_MAX];

	switch (m->code) {
	case MTP_CLOSE_SESSION:
		m->session = m->sending = 0;
		respond(m, MTP_OK);
		break;
	case MTP_GET_STORAGE_IDS:
		storage_ids(m);
		break;
	case MTP_GET_STORAGE_INFO:
		storage_info(m);
		break;
	case MTP_GET_NUM_OBJECTS:
		num_objects(m);
		break;
	case MTP_GET_OBJECT_HANDLES:
		object_handles(m);
		break;
	case MTP_GET_OBJECT_INFO:
		object_info(m);
		break;
	case MTP_GET_OBJECT:
		get_object(m, 0, UINT64_MAX);
		break;
	case MTP_GET_PARTIAL_OBJECT:
		get_object(m, m->param[1], m->param[2]);
		break;
	case MTP_DELETE_OBJECT:
		delete_object(m);
		break;
	case MTP_SEND_OBJECT_INFO:
		send_info(m);
		break;
	case MTP_SEND_OBJECT:
		send_object(m);
		break;
	case MTP_GET_PROPS_SUPPORTED:
		send_dataset(m, data, mtp_prop_list(data));
		break;
	case MTP_GET_PROP_DESC:
	case MTP_GET_PROP_VALUE:
		prop(m);
		break;
	default:
		respond(m, MTP_NOT_SUPPORTED);
	}
}

static void send_device_info(struct mtp *m)
{
	uint8_t info[MTP_INFO_MAX];
	size_t len = mtp_device_info(info);

	send_dataset(m, info, len);
}

void mtp_begin(struct mtp *m)
{
	m->answer_count = 0;
	if (m->code == MTP_GET_DEVICE_INFO)
		send_device_info(m);
	else if (m->code == MTP_OPEN_SESSION)
		open_session(m);
	else if (!m->session)
		respond(m, MTP_SESSION_NOT_OPEN);
	else
		in_session(m);
}
