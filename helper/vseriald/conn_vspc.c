// SPDX-License-Identifier: GPL-2.0-or-later
/* The layer by which a port is a virtual machine to a concentrator. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "cable.h"
#include "conn_vspc.h"
#include "memory.h"
#include "transport_tls.h"

/* What of the port is taken at a time. */
#define PIECE		8192u
/* What is read from below at a time. */
#define READ_MAX	4096u
/* Of a hand-over's sequence. */
#define SEQUENCE_LEN	4u
/* How often is read before others have their turn, but for what TLS has read already. */
#define TAKES		16
/* Bytes for the port that may come before it has been accepted. */
#define EARLY_MAX	65536u

/**
 * struct vspc_conn - one connection
 * @conn: what others see
 * @vm: what is spoken
 * @times: how long is waited for its answers
 * @tls: what the concentrator has to prove, or NULL
 * @patience: how long a handshake may take, in milliseconds
 * @shaken_by: when the one that goes on has to be done, 0: there is none
 * @in: bytes of the network behind a break, or that there was no room for
 * @early: bytes for the port that came before it had been accepted
 * @event: what came behind the last bytes
 * @moved: a hand-over has got on, which is told behind @event
 */
struct vspc_conn {
	struct conn conn;
	struct vspc_vm vm;
	struct vspc_times times;
	struct tls_rules *tls;
	uint32_t patience;
	uint64_t shaken_by;
	struct outbox in;
	struct outbox early;
	enum conn_event event;
	bool moved;
};

static struct vspc_conn *vspc_of(struct conn *conn)
{
	return (struct vspc_conn *)conn;
}

static int flush(struct conn *conn)
{
	struct vspc_conn *v = vspc_of(conn);
	struct outbox *out = &v->vm.out;

	while (outbox_waits(out)) {
		const struct iovec iov = { .iov_base = out->bytes + out->at,
					   .iov_len = outbox_waits(out) };
		ssize_t n = conn_write(conn->below, &iov, 1);

		if (n < 0)
			return (int)n;
		outbox_sent(out, (size_t)n);
		if (!outbox_waits(out))
			vspc_vm_written(&v->vm);
	}
	return conn_flush(conn->below);
}

/* Bytes for the port out of those that have been read.  Return: how many. */
static size_t receive(struct vspc_conn *v, void *to, size_t max)
{
	bool was_suspended = v->vm.port.suspended;
	enum conn_moving was = conn_vspc_moving(&v->conn);
	/* Behind the greeting nothing has a time any more. */
	struct telnet_received r = vspc_vm_receive(&v->vm, 0, v->in.bytes + v->in.at,
						   outbox_waits(&v->in), to, max);

	outbox_sent(&v->in, r.consumed);
	v->moved = v->moved || conn_vspc_moving(&v->conn) != was;
	v->event = r.event == TELNET_BREAK ? CONN_BREAK :
		   r.event != TELNET_COM ? CONN_NOTHING :
		   v->vm.port.suspended != was_suspended ? CONN_FLOW : CONN_LINES;
	return r.len;
}

/* Return: how many bytes have been read from below, 0 at its end, or a negative errno. */
static ssize_t read_below(struct vspc_conn *v)
{
	uint8_t wire[READ_MAX];
	ssize_t n = conn_read(v->conn.below, wire, sizeof(wire));

	if (n > 0)
		outbox_add(&v->in, wire, (size_t)n);
	return n;
}

static ssize_t read_vspc(struct conn *conn, void *bytes, size_t len)
{
	struct vspc_conn *v = vspc_of(conn);
	size_t n = outbox_waits(&v->early);
	ssize_t rc;

	if (n) {
		n = n < len ? n : len;
		memcpy(bytes, v->early.bytes + v->early.at, n);
		outbox_sent(&v->early, n);
		return (ssize_t)n;
	}
	if (vspc_vm_full(&v->vm)) {
		rc = flush(conn);
		if (rc && vspc_vm_full(&v->vm))
			return rc == -EAGAIN ? -EBUSY : rc;
	}
	rc = outbox_waits(&v->in) ? 1 : read_below(v);
	if (rc <= 0)
		return rc;
	n = receive(v, bytes, len);
	if (v->vm.state == VSPC_VM_FAILED)
		return -ECONNABORTED;
	return n ? (ssize_t)n : -EAGAIN;
}

static ssize_t write_vspc(struct conn *conn, const struct iovec *iov, int n)
{
	struct vspc_conn *v = vspc_of(conn);
	size_t taken = 0, len;
	int i, rc = flush(conn);

	if (rc)
		return rc;
	for (i = 0; i < n && taken < PIECE; i++) {
		len = iov[i].iov_len < PIECE - taken ? iov[i].iov_len : PIECE - taken;
		vspc_vm_send(&v->vm, iov[i].iov_base, len);
		taken += len;
	}
	rc = flush(conn);
	return rc && rc != -EAGAIN ? rc : (ssize_t)taken;
}

static size_t unsettled(const struct conn *conn)
{
	const struct vspc_conn *v = (const struct vspc_conn *)conn;

	/* It only grows on its way, so these are not too few. */
	return conn_unsettled(conn->below) + outbox_waits(&v->vm.out);
}

static bool pending(const struct conn *conn)
{
	const struct vspc_conn *v = (const struct vspc_conn *)conn;

	return outbox_waits(&v->early) || outbox_waits(&v->in) || conn_pending(conn->below);
}

static enum conn_event take_event(struct conn *conn, struct conn_window *window)
{
	struct vspc_conn *v = vspc_of(conn);
	enum conn_event event = v->event;

	(void)window;
	v->event = CONN_NOTHING;
	if (event == CONN_NOTHING && v->moved) {
		v->moved = false;
		event = CONN_HANDOVER;
	}
	return event;
}

static void send_break(struct conn *conn)
{
	vspc_vm_send_break(&vspc_of(conn)->vm);
}

static void set_cable(struct conn *conn, const struct com_port_guest *guest)
{
	vspc_vm_cable(&vspc_of(conn)->vm, guest);
}

/* As of a port at the other end of a null modem: that is what the kernel has. */
static bool get_lines(const struct conn *conn, uint32_t *lines)
{
	const struct vspc_vm *vm = &((const struct vspc_conn *)conn)->vm;
	bool told = vm->has_port && vm->port.told;

	if (told)
		*lines = cable_lines(vm->port.there, vm->port.ready);
	return told;
}

static bool suspended(const struct conn *conn)
{
	const struct vspc_vm *vm = &((const struct vspc_conn *)conn)->vm;

	return conn_vspc_moving(conn) != CONN_STAYS || (vm->has_port && vm->port.suspended);
}

static const char *why(const struct conn *conn)
{
	return ((const struct vspc_conn *)conn)->vm.why;
}

static void end(struct conn *conn)
{
	struct vspc_conn *v = vspc_of(conn);

	vspc_vm_free(&v->vm);
	tls_rules_free(v->tls);
	outbox_clear(&v->in);
	outbox_clear(&v->early);
	free(v);
}

static const struct conn_ops vspc_ops = {
	.read = read_vspc,
	.write = write_vspc,
	.flush = flush,
	.unsettled = unsettled,
	.pending = pending,
	.event = take_event,
	.send_break = send_break,
	.cable = set_cable,
	.lines = get_lines,
	.suspended = suspended,
	.why = why,
	.end = end,
};

struct conn *conn_vspc(struct conn *below, const struct vspc_plan *plan, uint64_t now)
{
	struct vspc_conn *v = xcalloc(1, sizeof(*v));
	int on = 1;
	enum vspc_tls tls = below->below ? VSPC_TLS_ALREADY :
			    !plan->tls ? VSPC_TLS_NONE :
			    plan->required ? VSPC_TLS_REQUIRED : VSPC_TLS_POSSIBLE;

	v->conn.ops = &vspc_ops;
	v->conn.below = below;
	v->conn.fd = below->fd;
	v->tls = plan->tls ? tls_rules_hold(plan->tls) : NULL;
	v->patience = plan->patience;
	v->times = vspc_times_default;
	if (plan->blob)
		v->times.proxy = plan->limit;
	vspc_vm_start(&v->vm, plan->identity, &v->times, tls, now);
	if (plan->blob)
		vspc_vm_start_moved(&v->vm, plan->blob, plan->blob_len, plan->sequence_len);
	/* Urgent data would lose its place, and the byte in front of it its meaning. */
	setsockopt(below->fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on));
	return &v->conn;
}

/* Return: 0, or a negative errno: -EBUSY if nothing is read before something is written. */
static int greet(struct vspc_conn *v, uint64_t now)
{
	uint8_t bytes[READ_MAX];
	int takes = TAKES;
	ssize_t rc = 1;

	while (rc > 0 && v->vm.state < VSPC_VM_PEERED && v->vm.state != VSPC_VM_TLS &&
	       !vspc_vm_full(&v->vm)) {
		struct telnet_received r = vspc_vm_receive(&v->vm, now, v->in.bytes + v->in.at,
							   outbox_waits(&v->in), bytes,
							   sizeof(bytes));

		outbox_sent(&v->in, r.consumed);
		outbox_add(&v->early, bytes, r.len);
		if (outbox_waits(&v->early) > EARLY_MAX)
			return -EMSGSIZE;
		if (!r.consumed)
			rc = takes-- > 0 || conn_pending(v->conn.below) ? read_below(v) : -EAGAIN;
	}
	vspc_vm_tick(&v->vm, now);
	if (v->vm.state >= VSPC_VM_PEERED)
		return 0;
	if (vspc_vm_full(&v->vm))
		return -EBUSY;
	return rc == 0 ? -ECONNRESET : rc < 0 ? (int)rc : -EAGAIN;
}

/* Return: 0, -EAGAIN to go on later, or another negative errno. */
static int shake_hands(struct vspc_conn *v, uint64_t now, uint32_t *events)
{
	int rc;

	if (!v->shaken_by) {
		v->shaken_by = now + v->patience;
		/* Nothing of the plain text counts but the options of telnet. */
		outbox_clear(&v->in);
		outbox_clear(&v->early);
		v->conn.below = conn_tls(v->conn.below, v->tls);
	}
	rc = tls_handshake(v->conn.below, events);
	if (rc)
		return rc == -EAGAIN && now >= v->shaken_by ? -ETIMEDOUT : rc;
	v->shaken_by = 0;
	vspc_vm_encrypted(&v->vm, now);
	return 0;
}

/* Return: as conn_vspc_greet(). */
static int encrypt(struct vspc_conn *v, uint64_t now, uint32_t *events, uint64_t *deadline)
{
	int rc = v->shaken_by ? 0 : flush(&v->conn);

	*events = EPOLLOUT;
	*deadline = now + v->patience;
	if (rc)
		return rc;
	rc = shake_hands(v, now, events);
	if (v->shaken_by)
		*deadline = v->shaken_by;
	return rc;
}

int conn_vspc_greet(struct conn *conn, uint64_t now, uint32_t *events, uint64_t *deadline)
{
	struct vspc_conn *v = vspc_of(conn);
	int rc = greet(v, now), sent;

	if (v->vm.state == VSPC_VM_TLS) {
		rc = encrypt(v, now, events, deadline);
		if (rc)
			return rc;
		rc = greet(v, now);
	}
	sent = flush(conn);
	if (v->vm.state == VSPC_VM_FAILED)
		return -ECONNREFUSED;
	if (sent && sent != -EAGAIN)
		return sent;
	/* Of what is not read one would be told again and again. */
	*events = rc == -EBUSY ? EPOLLOUT : EPOLLIN | (sent ? EPOLLOUT : 0);
	*deadline = v->vm.deadline;
	return rc == -EBUSY ? -EAGAIN : rc;
}

/* Hand-overs */

enum conn_moving conn_vspc_moving(const struct conn *conn)
{
	switch (((const struct vspc_conn *)conn)->vm.state) {
	case VSPC_VM_BEGUN:
		return CONN_ASKS;
	case VSPC_VM_MOVING:
		return CONN_MAY_GO;
	case VSPC_VM_PEERED:
		return CONN_MAY_COME;
	default:
		return CONN_STAYS;
	}
}

/* Of any bytes but 255, which some do not double. */
static void choose_sequence(uint8_t sequence[SEQUENCE_LEN])
{
	size_t i;

	/* So few bytes are there, and at once. */
	if (getrandom(sequence, SEQUENCE_LEN, 0) != SEQUENCE_LEN)
		memset(sequence, 1, SEQUENCE_LEN);
	for (i = 0; i < SEQUENCE_LEN; i++)
		sequence[i] &= 0x7f;
}

const char *conn_vspc_begin(struct conn *conn, uint32_t limit, uint64_t now)
{
	struct vspc_conn *v = vspc_of(conn);
	const struct vspc_facts *facts = &v->vm.facts;
	uint8_t sequence[SEQUENCE_LEN];

	if (facts->known && !(vspc_set_has(&facts->codes, VSPC_VMOTION_BEGIN) &&
			      vspc_set_has(&facts->codes, VSPC_VMOTION_GOAHEAD)))
		return "it does not know VMOTION-BEGIN and VMOTION-GOAHEAD";
	choose_sequence(sequence);
	v->times.vmotion = limit;
	vspc_vm_begin(&v->vm, sequence, sizeof(sequence), now);
	return NULL;
}

uint64_t conn_vspc_tick(struct conn *conn, uint64_t now)
{
	struct vspc_conn *v = vspc_of(conn);

	if (v->vm.state != VSPC_VM_BEGUN)
		return 0;
	vspc_vm_tick(&v->vm, now);
	return v->vm.state == VSPC_VM_BEGUN ? v->vm.deadline : 0;
}

const uint8_t *conn_vspc_blob(const struct conn *conn, size_t *len, size_t *sequence_len)
{
	const struct vspc_vm *vm = &((const struct vspc_conn *)conn)->vm;

	*len = vm->blob_len;
	*sequence_len = vm->sequence_len;
	return vm->blob;
}

void conn_vspc_stay(struct conn *conn)
{
	struct vspc_conn *v = vspc_of(conn);

	if (v->vm.state == VSPC_VM_BEGUN || v->vm.state == VSPC_VM_MOVING)
		vspc_vm_abort(&v->vm);
}

void conn_vspc_come(struct conn *conn)
{
	struct vspc_conn *v = vspc_of(conn);

	if (v->vm.state == VSPC_VM_PEERED)
		vspc_vm_complete(&v->vm);
}
