// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A socket's data path.
 *
 *   DATA_NTF      --> ops->output          read: the credit goes back
 *   attach_settle()  --> DATA_ACK OFFSET   written: the offset goes back
 *   attach_put()  --> flow_input --> DATA  one message under way at a time
 *   answer, DATA_ROOM_NTF --> flow_input   goes on where the kernel says
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <linux/vserial.h>

#include "attach.h"
#include "flow.h"
#include "memory.h"
#include "nl_batch.h"

/* The most input in a message; a request holds 16 KiB. */
#define PIECE_MAX	8192

/**
 * struct attach_session - a port the socket is attached to
 * @next: in &attach.sessions
 * @attach: the socket
 * @ops: what becomes of what is told
 * @arg: for @ops
 * @id: what DATA names it by
 * @guest: the guest's name
 * @index: the port's number in it
 * @output: where it stands in the guest's output
 * @input: what the kernel has yet to take
 * @seq: the request with the input under way, or 0
 * @take_over: be the writer, with the next that is sent
 * @take_over_seq: the request for that, or 0
 * @rows: the terminal's size, to be sent if @window
 * @columns: see @rows
 * @window: the size was not sent yet
 */
struct attach_session {
	struct attach_session *next;
	struct attach *attach;
	const struct attach_ops *ops;
	void *arg;
	uint32_t id;
	char *guest;
	uint32_t index;
	struct flow_output output;
	struct flow_input input;
	uint32_t seq;
	bool take_over;
	uint32_t take_over_seq;
	uint32_t rows;
	uint32_t columns;
	bool window;
};

/**
 * struct attach - a socket
 * @vnl: the socket
 * @batch: what goes and comes on it
 * @sessions: what it is attached to
 * @joining: the session that attach_join() waits for
 * @join_seq: its request
 * @join_error: what became of it
 * @joined: it was answered
 * @credit: how much of the receive buffer messages have taken so far
 * @returned: what of @credit was given back
 */
struct attach {
	struct vnl *vnl;
	struct vnl_batch *batch;
	struct attach_session *sessions;
	struct attach_session *joining;
	uint32_t join_seq;
	struct vnl_error join_error;
	bool joined;
	uint64_t credit;
	uint64_t returned;
};

static struct attach_session *find(const struct attach *attach, uint32_t id)
{
	struct attach_session *session;

	for (session = attach->sessions; session; session = session->next)
		if (session->id == id)
			return session;
	return NULL;
}

static void unlink_session(struct attach_session *session)
{
	struct attach_session **at = &session->attach->sessions;

	while (*at && *at != session)
		at = &(*at)->next;
	if (*at)
		*at = session->next;
}

static void free_session(struct attach_session *session)
{
	flow_input_free(&session->input);
	free(session->guest);
	free(session);
}

/* What comes. */

static void on_data(struct attach *attach, const struct vnl_reply *message)
{
	size_t n = vnl_len(message, VSERIAL_A_DATA_BYTES), again;
	uint64_t offset = vnl_u64(message, VSERIAL_A_DATA_OFFSET), lost;
	struct attach_session *session;
	const uint8_t *bytes;

	if (vnl_has(message, VSERIAL_A_DATA_CREDIT))
		attach->credit = vnl_u64(message, VSERIAL_A_DATA_CREDIT);
	session = find(attach, vnl_u32(message, VSERIAL_A_DATA_SESSION));
	/* Of a session that was just ended; or a marker, which says no more here. */
	if (!session || !n)
		return;
	bytes = vnl_bin(message, VSERIAL_A_DATA_BYTES, n);
	again = flow_output_accept(&session->output, offset, n, &lost);
	if (again < n || lost)
		session->ops->output(session->arg, offset + again, bytes + again,
				     n - again, lost);
}

static void on_room(struct attach *attach, const struct vnl_reply *message)
{
	struct attach_session *session =
		find(attach, vnl_u32(message, VSERIAL_A_DATA_SESSION));

	if (!session)
		return;
	flow_input_room(&session->input, vnl_u64(message, VSERIAL_A_DATA_OFFSET));
	if (session->ops->room)
		session->ops->room(session->arg);
}

static void on_ended(struct attach *attach, const struct vnl_reply *message)
{
	struct attach_session *session =
		find(attach, vnl_u32(message, VSERIAL_A_SESSION_ID));

	if (!session)
		return;
	if (session == attach->joining) {
		attach->joined = true;
		attach->join_error.err = ECONNRESET;
		snprintf(attach->join_error.text, sizeof(attach->join_error.text),
			 "the session ended: %s",
			 vnl_str(message, VSERIAL_A_SESSION_REASON));
		return;
	}
	unlink_session(session);
	session->ops->ended(session->arg, vnl_str(message, VSERIAL_A_SESSION_REASON));
	free_session(session);
}

/* The answer to SESSION_NEW; output may follow before its acknowledgement. */
static void on_joined(struct attach *attach, const struct vnl_reply *message)
{
	struct attach_session *session = attach->joining;

	if (!session || session->id)
		return;
	session->id = vnl_u32(message, VSERIAL_A_SESSION_ID);
	flow_output_start(&session->output, vnl_u64(message, VSERIAL_A_SESSION_OFFSET));
	session->next = attach->sessions;
	attach->sessions = session;
}

static void on_message(void *arg, uint32_t seq, const struct vnl_reply *message)
{
	struct attach *attach = arg;

	(void)seq;
	switch (vnl_cmd(message)) {
	case VSERIAL_CMD_DATA_NTF:
		on_data(attach, message);
		break;
	case VSERIAL_CMD_DATA_ROOM_NTF:
		on_room(attach, message);
		break;
	case VSERIAL_CMD_SESSION_NEW:
	case VSERIAL_CMD_SESSION_GET:
		on_joined(attach, message);
		break;
	case VSERIAL_CMD_SESSION_DEL_NTF:
		on_ended(attach, message);
		break;
	}
}

static void on_input_answer(struct attach_session *session,
			    const struct vnl_error *error)
{
	session->seq = 0;
	flow_input_answer(&session->input, !error);
	if (error && error->err != EAGAIN)
		session->ops->refused(session->arg, error);
	else if (!error && session->ops->room)
		session->ops->room(session->arg);
}

static void on_answer(void *arg, uint32_t seq, const struct vnl_error *error)
{
	struct attach_session *session;
	struct attach *attach = arg;

	if (attach->joining && !attach->joined && seq == attach->join_seq) {
		attach->joined = true;
		if (error)
			attach->join_error = *error;
		return;
	}
	for (session = attach->sessions; session; session = session->next)
		if (session->seq == seq) {
			on_input_answer(session, error);
			return;
		} else if (session->take_over_seq == seq) {
			session->take_over_seq = 0;
			if (error)
				session->ops->refused(session->arg, error);
			return;
		}
}

static const struct vnl_taker taker = { .message = on_message, .done = on_answer };

int attach_read(struct attach *attach, struct vnl_error *error)
{
	struct attach_session *session;

	if (vnl_batch_take(attach->batch, error) >= 0)
		return 0;
	if (error->err != ENOBUFS)
		return -1;
	/* An answer may be among what was lost. */
	for (session = attach->sessions; session; session = session->next) {
		session->seq = 0;
		flow_input_retry(&session->input);
	}
	return -1;
}

/* What goes. */

/* The socket's credit goes with the first session's word on what is settled. */
static void post_acks(struct attach *attach)
{
	struct attach_session *session;
	struct vnl_msg *msg;
	uint64_t offset;

	for (session = attach->sessions; session; session = session->next) {
		bool settled = flow_output_tell(&session->output, &offset);

		if (!settled && attach->credit == attach->returned)
			continue;
		msg = vnl_batch_begin(attach->batch, VSERIAL_CMD_DATA_ACK, false);
		vnl_put_u32(msg, VSERIAL_A_DATA_SESSION, session->id);
		if (settled)
			vnl_put_u64(msg, VSERIAL_A_DATA_OFFSET, offset);
		if (attach->credit != attach->returned)
			vnl_put_u64(msg, VSERIAL_A_DATA_CREDIT, attach->credit);
		attach->returned = attach->credit;
		vnl_batch_post(attach->batch, false);
	}
}

static void post_window(struct attach_session *session)
{
	struct vnl_batch *batch = session->attach->batch;
	struct vnl_msg *msg;

	if (!session->window)
		return;
	session->window = false;
	msg = vnl_batch_begin(batch, VSERIAL_CMD_DATA, false);
	vnl_put_u32(msg, VSERIAL_A_DATA_SESSION, session->id);
	vnl_put_u32(msg, VSERIAL_A_DATA_WINDOW_ROWS, session->rows);
	vnl_put_u32(msg, VSERIAL_A_DATA_WINDOW_COLUMNS, session->columns);
	vnl_batch_post(batch, false);
}

/* Attaching again changes the session that there is. */
static uint32_t post_request(struct attach *attach, const struct attach_request *request)
{
	struct vnl_msg *msg = vnl_batch_begin(attach->batch, VSERIAL_CMD_SESSION_NEW, false);

	vnl_put_str(msg, VSERIAL_A_SESSION_GUEST, request->guest);
	vnl_put_u32(msg, VSERIAL_A_SESSION_INDEX, request->index);
	if (request->force)
		vnl_put_flag(msg, VSERIAL_A_SESSION_FORCE);
	if (request->read_only)
		vnl_put_flag(msg, VSERIAL_A_SESSION_READ_ONLY);
	if (request->capture)
		vnl_put_flag(msg, VSERIAL_A_SESSION_CAPTURE);
	return vnl_batch_post(attach->batch, true);
}

static void post_take_over(struct attach_session *session)
{
	const struct attach_request request = {
		.guest = session->guest, .index = session->index, .force = true,
	};

	if (session->take_over)
		session->take_over_seq = post_request(session->attach, &request);
	session->take_over = false;
}

static void post_input(struct attach_session *session)
{
	struct vnl_batch *batch = session->attach->batch;
	struct flow_piece piece;
	struct vnl_msg *msg;

	if (!flow_input_next(&session->input, PIECE_MAX, &piece))
		return;
	msg = vnl_batch_begin(batch, VSERIAL_CMD_DATA, false);
	vnl_put_u32(msg, VSERIAL_A_DATA_SESSION, session->id);
	vnl_put_u64(msg, VSERIAL_A_DATA_OFFSET, piece.offset);
	if (piece.kind == FLOW_BREAK)
		vnl_put_u32(msg, VSERIAL_A_DATA_BREAK, piece.ms);
	else
		vnl_put_bin(msg, VSERIAL_A_DATA_BYTES, piece.bytes, piece.n);
	session->seq = vnl_batch_post(batch, true);
}

int attach_flush(struct attach *attach, struct vnl_error *error)
{
	struct attach_session *session;

	post_acks(attach);
	for (session = attach->sessions; session; session = session->next) {
		post_take_over(session);
		post_window(session);
		post_input(session);
	}
	return vnl_batch_flush(attach->batch, error);
}

/* The socket and its sessions. */

struct attach *attach_open(size_t buffer, struct vnl_error *error)
{
	struct vnl *vnl = vnl_open(error);
	struct attach *attach;

	if (!vnl)
		return NULL;
	attach = xcalloc(1, sizeof(*attach));
	attach->vnl = vnl;
	attach->batch = vnl_batch_new(vnl, &taker, attach);
	vnl_receive_buffer(vnl, buffer < INT_MAX ? (int)buffer : INT_MAX);
	return attach;
}

void attach_close(struct attach *attach)
{
	struct attach_session *session;

	if (!attach)
		return;
	while ((session = attach->sessions)) {
		attach->sessions = session->next;
		free_session(session);
	}
	vnl_batch_free(attach->batch);
	vnl_close(attach->vnl);
	free(attach);
}

int attach_fd(const struct attach *attach)
{
	return vnl_fd(attach->vnl);
}

/* Reads until the request to join was answered. */
static int wait_joined(struct attach *attach, struct vnl_error *error)
{
	struct pollfd fd = { .fd = attach_fd(attach), .events = POLLIN };

	while (!attach->joined) {
		/* Output must not stop the answer behind it. */
		if (attach_flush(attach, error))
			return -1;
		poll(&fd, 1, -1);
		/* Also where messages were lost: the answer may be one of them. */
		if (attach_read(attach, error))
			return -1;
	}
	*error = attach->join_error;
	return error->err ? -1 : 0;
}

struct attach_session *attach_join(struct attach *attach,
				   const struct attach_request *request,
				   const struct attach_ops *ops, void *arg,
				   struct vnl_error *error)
{
	struct attach_session *session = xcalloc(1, sizeof(*session));
	int rc;

	session->attach = attach;
	session->ops = ops;
	session->arg = arg;
	session->guest = xstrdup(request->guest);
	session->index = request->index;
	flow_input_start(&session->input, request->input_max);

	attach->joined = false;
	attach->joining = session;
	attach->join_error = (struct vnl_error){ 0 };
	attach->join_seq = post_request(attach, request);
	rc = wait_joined(attach, error);
	attach->joining = NULL;
	if (!rc)
		return session;
	unlink_session(session);
	free_session(session);
	return NULL;
}

uint32_t attach_id(const struct attach_session *session)
{
	return session->id;
}

/* What a session is told to do. */

void attach_take_over(struct attach_session *session)
{
	session->take_over = true;
}

void attach_settle(struct attach_session *session, uint64_t offset)
{
	flow_output_settle(&session->output, offset);
}

size_t attach_put(struct attach_session *session, const void *bytes, size_t n)
{
	return flow_input_put(&session->input, bytes, n);
}

bool attach_break(struct attach_session *session, uint32_t ms)
{
	return flow_input_break(&session->input, ms);
}

void attach_window(struct attach_session *session, uint32_t rows, uint32_t columns)
{
	session->rows = rows;
	session->columns = columns;
	session->window = true;
}

size_t attach_waiting(const struct attach_session *session)
{
	return session->input.n;
}

bool attach_idle(const struct attach_session *session)
{
	return flow_input_empty(&session->input);
}

void attach_retry(struct attach_session *session)
{
	if (!session->seq)
		flow_input_retry(&session->input);
}

void attach_forget(struct attach_session *session)
{
	session->seq = 0;
	flow_input_clear(&session->input);
}
