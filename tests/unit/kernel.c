// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel, played. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/vserial.h>

#include "arrival.h"
#include "goodbye.h"
#include "kernel.h"
#include "kport.h"
#include "printer.h"
#include "resolve.h"

struct daemon the_daemon;
struct kernel kernel;
struct session *session;

void kport_report(struct kport *kport, struct kport_backing *backing,
		  const struct kport_standing *standing, bool confirm)
{
	(void)kport;
	(void)backing;
	kernel.state = standing->state;
	snprintf(kernel.why, sizeof(kernel.why), "%s", standing->reason);
	snprintf(kernel.peer, sizeof(kernel.peer), "%s", standing->peer);
	kernel.has_lines = standing->has_lines;
	kernel.lines = standing->lines;
	kernel.confirm += confirm;
	if (!standing->handover)
		return;
	kernel.handover = standing->handover;
	snprintf(kernel.handover_why, sizeof(kernel.handover_why), "%s", standing->handover_why);
	if (!standing->blob)
		return;
	assert_in_range(standing->blob_len, 1, sizeof(kernel.blob));
	memcpy(kernel.blob, standing->blob, standing->blob_len);
	kernel.blob_len = standing->blob_len;
	kernel.sequence_len = standing->sequence_len;
}

void kport_settle(struct kport *kport, uint32_t id, uint64_t offset)
{
	(void)kport;
	assert_int_equal(id, 7);
	assert_true(offset > kernel.settled);
	kernel.settled = offset;
}

void kport_input(struct kport *kport, struct kport_backing *backing, uint64_t offset,
		 const char *bytes, size_t len)
{
	size_t n = len < kernel.room ? len : kernel.room;

	(void)kport;
	(void)backing;
	assert_int_equal(offset, kernel.input_len);
	memcpy(kernel.input + kernel.input_len, bytes, n);
	kernel.input_len += n;
	kernel.room -= n;
	if (n < len)
		session_refused(session);
	backing->is_sending = true;
}

void kport_break(struct kport *kport, struct kport_backing *backing, uint64_t offset)
{
	(void)kport;
	(void)backing;
	assert_int_equal(offset, kernel.input_len);
	kernel.breaks++;
	kernel.break_at = kernel.input_len;
}

void kport_window(struct kport *kport, const struct peer *writer)
{
	(void)kport;
	assert_int_not_equal(writer->id, 0);
	kernel.rows = writer->window.rows;
	kernel.columns = writer->window.columns;
}

void kport_announce(struct kport *kport, struct kport_backing *backing, struct peer *peer)
{
	(void)kport;
	(void)backing;
	kernel.peers[kernel.n_peers++] = peer;
}

void kport_history(struct kport *kport, struct kport_backing *backing, struct peer *peer)
{
	(void)kport;
	(void)backing;
	kernel.waiting = peer;
}

void kport_retire(struct kport *kport, struct peer *peer)
{
	uint32_t i;

	(void)kport;
	for (i = 0; i < kernel.n_peers; i++)
		if (kernel.peers[i] == peer) {
			kernel.peers[i] = NULL;
			if (kernel.writer == i + 1)
				kernel.writer = 0;
		}
	if (kernel.waiting == peer)
		kernel.waiting = NULL;
}

void kport_wake(struct kport *kport, struct kport_backing *backing)
{
	(void)kport;
	(void)backing;
	kernel.awake = true;
}

void kport_forget(struct kport *kport, struct kport_backing *backing)
{
	(void)kport;
	(void)backing;
	kernel.awake = false;
}

void kernel_turn(void)
{
	struct peer *peer = kernel.waiting;
	uint32_t i;

	for (i = 0; i < kernel.n_peers; i++)
		if (kernel.peers[i] && kernel.peers[i]->id && !kernel.writer) {
			kernel.writer = i + 1;
			session_writer(session, kernel.peers[i], true);
		}
	for (i = 0; i < kernel.n_peers; i++)
		if (kernel.peers[i] && !kernel.peers[i]->id) {
			if (!kernel.writer)
				kernel.writer = i + 1;
			session_announced(session, kernel.peers[i], i + 1, kernel.writer == i + 1, "");
		}
	if (peer && !kernel.hold_history) {
		kernel.waiting = NULL;
		if (kernel.history)
			session_history(session, peer, kernel.history_offset, kernel.history,
					strlen(kernel.history));
		session_history_end(session, peer);
	}
	while (kernel.confirm) {
		kernel.confirm--;
		session_confirmed(session);
	}
	while (kernel.awake) {
		kernel.awake = false;
		session_turn(session);
		if (session->port.is_sending) {
			session->port.is_sending = false;
			session_answered(session);
		}
	}
}

void start(const char *spec, bool server, bool power)
{
	const struct backing backing = {
		.id = 7, .guest = "vm", .index = 1,
		.spec = spec, .proxy = kernel.proxy ? kernel.proxy : "",
		.endpoint = server ? VSERIAL_ENDPOINT_SERVER : VSERIAL_ENDPOINT_CLIENT,
		.max_clients = 2, .power = power, .offset = kernel.settled, .owned = true,
		.uid = getuid(), .gid = getgid(),
	};

	session = session_new(&the_daemon, &backing);
}

void stop(void)
{
	session_end(session, true);
	session = NULL;
	assert_int_equal(kernel.state, VSERIAL_STATE_NOT_CONNECTED);
	assert_int_equal(the_daemon.peers, 0);
}

void output(uint64_t offset, const char *text)
{
	session_output(session, offset, text, strlen(text));
}

int kernel_setup(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	memset(&the_daemon, 0, sizeof(the_daemon));
	kernel.room = sizeof(kernel.input);
	conf_defaults(&the_daemon.conf);
	the_daemon.conf.viewer_buffer = 64 << 10;
	the_daemon.conf.retry_min = 10;
	if (sd_event_new(&the_daemon.event) < 0)
		return -1;
	the_daemon.resolver = resolver_new(the_daemon.event);
	the_daemon.goodbyes = goodbyes_new(the_daemon.event);
	the_daemon.arrivals = arrivals_new(&the_daemon);
	the_daemon.printers = printers_new(&the_daemon);
	return 0;
}

int kernel_teardown(void **state)
{
	(void)state;
	if (session)
		session_end(session, false);
	session = NULL;
	printers_free(the_daemon.printers);
	arrivals_free(the_daemon.arrivals);
	goodbyes_free(the_daemon.goodbyes);
	resolver_free(the_daemon.resolver);
	sd_event_unref(the_daemon.event);
	conf_free(&the_daemon.conf);
	return 0;
}
