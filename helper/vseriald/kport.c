// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel side. */
#include <stdio.h>
#include <string.h>

#include <linux/vserial.h>

#include "kport.h"
#include "log.h"
#include "memory.h"
#include "peer.h"

/* Of it half is output that was not read yet; the rest is for answers. */
#define RECEIVE_BUFFER	(4u << 20)

/*
 * Sends a request that changes something.  The kernel carries these out on the
 * way back from the system call, the last one first: each goes alone.
 */
static uint32_t post_alone(struct kport *kport, bool ack)
{
	uint32_t seq = vnl_batch_post(kport->batch, ack);
	struct vnl_error error;

	if (vnl_batch_flush(kport->batch, &error))
		log_line(LOG_ERR, "%s", error.text);
	return seq;
}

static void put_offset(struct vnl_msg *msg, uint32_t id, uint64_t offset)
{
	vnl_put_u32(msg, VSERIAL_A_DATA_SESSION, id);
	vnl_put_u64(msg, VSERIAL_A_DATA_OFFSET, offset);
}

static void put_credit(struct kport *kport, struct vnl_msg *msg)
{
	vnl_put_u64(msg, VSERIAL_A_DATA_CREDIT, kport->credit);
	kport->credit_given = kport->credit;
}

static void put_handover(struct vnl_msg *msg, const struct kport_standing *standing)
{
	vnl_put_u32(msg, VSERIAL_A_BACKING_HANDOVER, standing->handover);
	if (*standing->handover_why)
		vnl_put_str(msg, VSERIAL_A_BACKING_HANDOVER_REASON, standing->handover_why);
	if (!standing->blob)
		return;
	vnl_put_bin(msg, VSERIAL_A_BACKING_HANDOVER_BLOB, standing->blob, standing->blob_len);
	vnl_put_u32(msg, VSERIAL_A_BACKING_HANDOVER_SEQUENCE, (uint32_t)standing->sequence_len);
}

void kport_report(struct kport *kport, struct kport_backing *backing,
		  const struct kport_standing *standing, bool confirm)
{
	struct vnl_msg *msg = vnl_batch_begin(kport->batch, VSERIAL_CMD_BACKING_REPORT, false);
	uint32_t seq;

	vnl_put_u32(msg, VSERIAL_A_BACKING_ID, backing->id);
	vnl_put_u32(msg, VSERIAL_A_BACKING_STATE, standing->state);
	if (*standing->reason)
		vnl_put_str(msg, VSERIAL_A_BACKING_REASON, standing->reason);
	if (*standing->peer)
		vnl_put_str(msg, VSERIAL_A_BACKING_PEER, standing->peer);
	if (standing->has_lines)
		vnl_put_u32(msg, VSERIAL_A_BACKING_LINES, standing->lines);
	if (standing->handover)
		put_handover(msg, standing);
	seq = post_alone(kport, confirm);
	if (confirm)
		request_add(&kport->requests, REQUEST_CONFIRM, backing, NULL, seq);
}

void kport_settle(struct kport *kport, uint32_t id, uint64_t offset)
{
	struct vnl_msg *msg = vnl_batch_begin(kport->batch, VSERIAL_CMD_DATA_ACK, false);

	put_offset(msg, id, offset);
	if (kport->credit != kport->credit_given)
		put_credit(kport, msg);
	vnl_batch_post(kport->batch, false);
}

/* Not for each message: the kernel needs it when much is on its way. */
void kport_give_credit(struct kport *kport, bool all)
{
	uint64_t owed = kport->credit - kport->credit_given;
	struct vnl_msg *msg;

	if (!owed || (!all && owed < kport->window / 4))
		return;
	msg = vnl_batch_begin(kport->batch, VSERIAL_CMD_DATA_ACK, false);
	vnl_put_u32(msg, VSERIAL_A_DATA_SESSION, kport->credit_from);
	put_credit(kport, msg);
	vnl_batch_post(kport->batch, false);
}

void kport_input(struct kport *kport, struct kport_backing *backing, uint64_t offset,
		 const char *bytes, size_t len)
{
	struct vnl_msg *msg;

	/* What the guest answers would wait until we are known to have read all before. */
	kport_give_credit(kport, true);
	msg = vnl_batch_begin(kport->batch, VSERIAL_CMD_DATA, false);
	put_offset(msg, backing->id, offset);
	vnl_put_bin(msg, VSERIAL_A_DATA_BYTES, bytes, len);
	backing->input_seq = vnl_batch_post(kport->batch, false);
	if (backing->is_sending)
		return;
	backing->is_sending = true;
	TAILQ_INSERT_TAIL(&kport->sending, backing, sending);
}

void kport_break(struct kport *kport, struct kport_backing *backing, uint64_t offset)
{
	struct vnl_msg *msg = vnl_batch_begin(kport->batch, VSERIAL_CMD_DATA, false);

	put_offset(msg, backing->id, offset);
	/* How long it is has no meaning on a network. */
	vnl_put_u32(msg, VSERIAL_A_DATA_BREAK, 0);
	vnl_batch_post(kport->batch, false);
}

void kport_window(struct kport *kport, const struct peer *writer)
{
	struct vnl_msg *msg = vnl_batch_begin(kport->batch, VSERIAL_CMD_DATA, false);

	vnl_put_u32(msg, VSERIAL_A_DATA_SESSION, writer->id);
	vnl_put_u32(msg, VSERIAL_A_DATA_WINDOW_ROWS, writer->window.rows);
	vnl_put_u32(msg, VSERIAL_A_DATA_WINDOW_COLUMNS, writer->window.columns);
	vnl_batch_post(kport->batch, false);
}

void kport_announce(struct kport *kport, struct kport_backing *backing, struct peer *peer)
{
	struct vnl_msg *msg = vnl_batch_begin(kport->batch, VSERIAL_CMD_SESSION_NEW, false);

	vnl_put_u32(msg, VSERIAL_A_SESSION_BACKING, backing->id);
	vnl_put_str(msg, VSERIAL_A_SESSION_PEER, peer->name);
	request_add(&kport->requests, REQUEST_ANNOUNCE, backing, peer,
		    post_alone(kport, false));
}

/* Sends the first dump that waits, if none is under way. */
void kport_next_dump(struct kport *kport)
{
	struct request *request, *next;
	struct vnl_msg *msg;

	for (request = TAILQ_FIRST(&kport->dumps); request && !request->seq; request = next) {
		next = TAILQ_NEXT(request, list);
		if (request->kind == REQUEST_BACKINGS) {
			vnl_batch_begin(kport->batch, VSERIAL_CMD_BACKING_GET, true);
		} else if (request->kind == REQUEST_SESSIONS) {
			vnl_batch_begin(kport->batch, VSERIAL_CMD_SESSION_GET, true);
		} else if (request->peer) {
			msg = vnl_batch_begin(kport->batch, VSERIAL_CMD_PORT_HISTORY, true);
			vnl_put_str(msg, VSERIAL_A_PORT_GUEST, request->backing->guest);
			vnl_put_u32(msg, VSERIAL_A_PORT_INDEX, request->backing->index);
		} else {
			request_drop(&kport->dumps, request);
			continue;
		}
		request->seq = vnl_batch_post(kport->batch, false);
		return;
	}
}

void kport_history(struct kport *kport, struct kport_backing *backing, struct peer *peer)
{
	request_add(&kport->dumps, REQUEST_HISTORY, backing, peer, 0);
	kport_next_dump(kport);
}

void kport_list(struct kport *kport, enum request_kind kind)
{
	request_drop_kind(&kport->dumps, kind);
	request_add(&kport->dumps, kind, NULL, NULL, 0);
	kport_next_dump(kport);
}

void kport_end_session(struct kport *kport, uint32_t id)
{
	struct vnl_msg *msg = vnl_batch_begin(kport->batch, VSERIAL_CMD_SESSION_DEL, false);

	vnl_put_u32(msg, VSERIAL_A_SESSION_ID, id);
	post_alone(kport, false);
}

void kport_retire(struct kport *kport, struct peer *peer)
{
	request_forget_peer(&kport->requests, peer);
	request_forget_peer(&kport->dumps, peer);
	if (!peer->id)
		return;
	table_remove(&kport->peers, peer->id);
	kport_end_session(kport, peer->id);
}

void kport_wake(struct kport *kport, struct kport_backing *backing)
{
	if (backing->is_awake)
		return;
	backing->is_awake = true;
	TAILQ_INSERT_TAIL(&kport->awake, backing, awake);
}

/* Messages. */

void kport_forget(struct kport *kport, struct kport_backing *backing)
{
	request_forget_backing(&kport->requests, backing);
	request_forget_backing(&kport->dumps, backing);
	if (backing->is_awake)
		TAILQ_REMOVE(&kport->awake, backing, awake);
	if (backing->is_sending)
		TAILQ_REMOVE(&kport->sending, backing, sending);
}

static int register_daemon(struct kport *kport, struct vnl_error *error)
{
	struct vnl_msg *msg = vnl_msg_new(VSERIAL_CMD_DAEMON_NEW, false);
	struct vnl_replies replies;
	int rc = vnl_call(kport->vnl, msg, &replies, error);

	vnl_replies_free(&replies);
	vnl_msg_free(msg);
	return rc;
}

struct kport *kport_new(const struct vnl_taker *taker, void *arg, struct vnl_error *error)
{
	struct kport *kport = xcalloc(1, sizeof(*kport));

	TAILQ_INIT(&kport->awake);
	TAILQ_INIT(&kport->sending);
	TAILQ_INIT(&kport->requests);
	TAILQ_INIT(&kport->dumps);
	kport->vnl = vnl_open(error);
	if (!kport->vnl) {
		free(kport);
		return NULL;
	}
	kport->window = vnl_receive_buffer(kport->vnl, RECEIVE_BUFFER) / 2;
	if (vnl_watch_module(kport->vnl, error) || register_daemon(kport, error)) {
		vnl_close(kport->vnl);
		free(kport);
		return NULL;
	}
	kport->batch = vnl_batch_new(kport->vnl, taker, arg);
	return kport;
}

void kport_free(struct kport *kport)
{
	struct vnl_error error;

	vnl_batch_flush(kport->batch, &error);
	request_drop_all(&kport->requests);
	request_drop_all(&kport->dumps);
	table_free(&kport->peers);
	vnl_batch_free(kport->batch);
	vnl_close(kport->vnl);
	free(kport);
}
