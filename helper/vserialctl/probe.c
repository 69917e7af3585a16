// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds out what a concentrator of virtual serial ports does. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "conf.h"
#include "conn.h"
#include "memory.h"
#include "patient.h"
#include "probe.h"
#include "tls_rules.h"
#include "transport.h"
#include "transport_tls.h"
#include "uri.h"

/* How long a connection may take, in milliseconds. */
#define CONNECT_TIME	15000u
/* How long is looked for what may not come. */
#define LOOK_TIME	5000u
/* More than any of the waits of a connection together. */
#define MEET_TIME	60000u

/* As of a virtual machine, but that a slow machine is not taken for a silent one. */
static const struct vspc_times times = {
	.auth = 5000,
	.option = 10000,
	.proxy = 10000,
	.settle = 1000,
	.vmotion = 5000,
};

/* No such suboption. */
#define UNKNOWN_CODE	99

/**
 * struct target - whom we probe
 * @uri: where it is
 * @conf: the settings of vseriald: authorities and our certificate
 * @rules: what is asked of it, or NULL
 * @identity: who we say to be
 */
struct target {
	struct uri uri;
	struct conf conf;
	struct tls_rules *rules;
	const struct vspc_identity *identity;
};

/**
 * struct side - one connection
 * @conn: it
 * @target: whose
 * @vm: what is spoken on it
 * @began: when, in milliseconds
 * @closed: the peer has closed it, or TLS failed
 * @why: of the latter, "" if it did not
 */
struct side {
	struct conn *conn;
	const struct target *target;
	struct vspc_vm vm;
	uint64_t began;
	bool closed;
	char why[PROBE_WHY_MAX];
};

/* Connections. */

/* Return: the connection, encrypted if it is to be from the first byte, or NULL. */
static struct conn *open_conn(const struct target *target, char *why)
{
	struct conn *conn;
	int fd = patient_dial(target->uri.host, target->uri.port, CONNECT_TIME, why,
			      PROBE_WHY_MAX);

	if (fd < 0)
		return NULL;
	conn = conn_new(&transport_tcp, fd);
	if (!target->uri.tls)
		return conn;
	conn = conn_tls(conn, target->rules);
	if (!patient_shake_hands(conn, CONNECT_TIME, why, PROBE_WHY_MAX))
		return conn;
	patient_drop(conn);
	return NULL;
}

static int begin(struct side *side, const struct target *target, char *why)
{
	struct conn *conn = open_conn(target, why);

	if (!conn)
		return -1;
	*side = (struct side){ .conn = conn, .target = target, .began = clock_ms() };
	vspc_vm_start(&side->vm, target->identity, &times, target->uri.tls ? VSPC_TLS_ALREADY :
		      tls_required(&target->uri) ? VSPC_TLS_REQUIRED : VSPC_TLS_POSSIBLE,
		      side->began);
	return 0;
}

static void end(struct side *side)
{
	patient_drop(side->conn);
	vspc_vm_free(&side->vm);
}

/* Bytes. */

/* Return: whether all is written. */
static bool write_out(struct side *side)
{
	struct outbox *out = &side->vm.out;

	while (outbox_waits(out)) {
		const struct iovec iov = { .iov_base = out->bytes + out->at,
					   .iov_len = outbox_waits(out) };
		ssize_t n = conn_write(side->conn, &iov, 1);

		if (n == -EAGAIN)
			return false;
		if (n < 0) {
			side->closed = true;
			outbox_clear(out);
			return true;
		}
		outbox_sent(out, (size_t)n);
	}
	return conn_flush(side->conn) != -EAGAIN;
}

static void read_in(struct side *side)
{
	uint8_t bytes[4096], port[sizeof(bytes) + 2];
	ssize_t n = conn_read(side->conn, bytes, sizeof(bytes));
	size_t at = 0;

	if (n == -EAGAIN || n == -EBUSY)
		return;
	if (n <= 0) {
		side->closed = true;
		return;
	}
	while (at < (size_t)n && !side->closed && side->vm.state != VSPC_VM_TLS) {
		struct telnet_received r = vspc_vm_receive(&side->vm, clock_ms(), bytes + at,
							   (size_t)n - at, port, sizeof(port));

		at += r.consumed;
		/* One that asks without an end is answered as it takes the answers. */
		if (!r.consumed && !write_out(side))
			patient_wait(side->conn->fd, POLLOUT, clock_ms() + LOOK_TIME);
	}
}

/* TLS of telnet's option AUTHENTICATION. */
static void encrypt(struct side *side)
{
	uint64_t end_at = clock_ms() + CONNECT_TIME;

	while (!write_out(side))
		if (!patient_wait(side->conn->fd, POLLOUT, end_at))
			break;
	if (side->closed)
		return;
	side->conn = conn_tls(side->conn, side->target->rules);
	if (patient_shake_hands(side->conn, CONNECT_TIME, side->why, sizeof(side->why)))
		side->closed = true;
	else
		vspc_vm_encrypted(&side->vm, clock_ms());
}

/* One turn: what is to be done until @end at the latest. */
static void turn(struct side *side, uint64_t end_at)
{
	uint64_t until = end_at;
	bool written = write_out(side);

	if (side->vm.deadline && side->vm.deadline < until)
		until = side->vm.deadline;
	if (conn_pending(side->conn) ||
	    patient_wait(side->conn->fd, written ? POLLIN : POLLIN | POLLOUT, until))
		read_in(side);
	if (side->vm.state == VSPC_VM_TLS && !side->closed)
		encrypt(side);
	vspc_vm_tick(&side->vm, clock_ms());
}

/* Goes on until the state is none that passes by itself. */
static void meet(struct side *side)
{
	uint64_t end_at = clock_ms() + MEET_TIME;

	while (!side->closed && side->vm.deadline && clock_ms() < end_at)
		turn(side, end_at);
}

/* Looks for a while; what @stop tells of may end it. */
static void look(struct side *side, bool (*stop)(const struct side *side))
{
	uint64_t end_at = clock_ms() + LOOK_TIME;

	while (!side->closed && clock_ms() < end_at && !(stop && stop(side)))
		turn(side, end_at);
}

/* What is found out. */

static bool knows_it_not(const struct side *side)
{
	return vspc_set_has(&side->vm.facts.unknown_to_it, UNKNOWN_CODE);
}

static bool knows_of_port(const struct side *side)
{
	return telnet_stand(&side->vm.telnet, TELNET_COM_PORT, true) != TELNET_ASKED;
}

/* A suboption that does not exist, on a connection of its own. */
static void try_unknown(const struct target *target, struct probe *probe)
{
	static const uint8_t code = UNKNOWN_CODE;
	const struct vspc_message message = { .code = code };
	struct side side;
	char why[PROBE_WHY_MAX];

	if (begin(&side, target, why))
		return;
	meet(&side);
	if (side.vm.state == VSPC_VM_UP) {
		side.vm.out.len += vspc_encode(&message, outbox_room(&side.vm.out, 16));
		look(&side, knows_it_not);
		probe->unknown = side.closed ? PROBE_CLOSES :
			knows_it_not(&side) ? PROBE_ANSWERS : PROBE_IGNORES;
	}
	end(&side);
}

/* Bytes of the port before anything was said, on a connection of its own. */
static void try_early(const struct target *target, struct probe *probe)
{
	struct side side;
	char why[PROBE_WHY_MAX];

	if (begin(&side, target, why))
		return;
	outbox_add(&side.vm.out, "\r\n", 2);
	meet(&side);
	probe->early = side.closed || side.vm.state != VSPC_VM_UP ? PROBE_CLOSES : PROBE_IGNORES;
	end(&side);
}

/* The host that it would move to.  Return: whether it was accepted. */
static bool try_peer(const struct target *target, const struct side *from, struct probe *probe)
{
	struct side side;
	char why[PROBE_WHY_MAX];
	bool ok;

	if (begin(&side, target, why))
		return false;
	vspc_vm_start_moved(&side.vm, from->vm.blob, from->vm.blob_len, from->vm.sequence_len);
	meet(&side);
	ok = side.vm.state == VSPC_VM_PEERED;
	probe->padded |= side.vm.facts.padded;
	end(&side);
	return ok;
}

static bool knows_moves(const struct vspc_facts *facts)
{
	/* One that told nothing may know anything. */
	return !facts->known || (vspc_set_has(&facts->codes, VSPC_VMOTION_BEGIN) &&
				 vspc_set_has(&facts->codes, VSPC_VMOTION_GOAHEAD));
}

/* Begins to move, sees whether the new host would be let in, and stays. */
static void try_move(const struct target *target, struct side *side, struct probe *probe)
{
	/* The byte that has to be doubled; those that do not double it are told by it. */
	static const uint8_t sequence[] = { 0x01, 0xff, 0x02, 0x03 };

	if (!knows_moves(&side->vm.facts))
		return;
	vspc_vm_begin(&side->vm, sequence, sizeof(sequence), clock_ms());
	while (!side->closed && side->vm.state == VSPC_VM_BEGUN)
		turn(side, clock_ms() + MEET_TIME);
	probe->padded |= side->vm.facts.padded;
	if (side->vm.state != VSPC_VM_MOVING) {
		/* It was told of the abort where it had not answered. */
		probe->move = outbox_waits(&side->vm.out) ? PROBE_MOVE_SILENCE :
			PROBE_MOVE_NOT_NOW;
		return;
	}
	probe->secret = (unsigned int)(side->vm.blob_len - side->vm.sequence_len);
	probe->move = try_peer(target, side, probe) ? PROBE_MOVE_OK : PROBE_MOVE_REFUSED;
	vspc_vm_abort(&side->vm);
	write_out(side);
}

static void take_facts(const struct side *side, struct probe *probe)
{
	const struct telnet *telnet = &side->vm.telnet;

	probe->facts = side->vm.facts;
	probe->binary = telnet_stand(telnet, TELNET_BINARY, true) == TELNET_ON &&
			telnet_stand(telnet, TELNET_BINARY, false) == TELNET_ON;
	probe->com_port = side->vm.has_port;
	probe->repeated = telnet->repeated;
	probe->undoubled = telnet->undoubled;
}

/* Return: 0, or -1 if it is no concentrator. */
static int try_all(const struct target *target, struct probe *probe)
{
	struct side side;

	if (begin(&side, target, probe->why))
		return -1;
	meet(&side);
	if (side.conn->below && !*side.why)
		tls_describe(side.conn, probe->tls);
	probe->accepted = side.vm.state == VSPC_VM_UP;
	probe->milliseconds = clock_ms() - side.began;
	if (!probe->accepted) {
		snprintf(probe->why, sizeof(probe->why), "%s", side.vm.state == VSPC_VM_FAILED ?
			 side.vm.why : *side.why ? side.why :
			 "it closed the connection before it had accepted us");
		if (side.vm.facts.refused)
			look(&side, NULL);
		probe->closed = side.closed;
	} else {
		look(&side, knows_of_port);
		try_move(target, &side, probe);
	}
	take_facts(&side, probe);
	end(&side);
	if (!probe->accepted && !probe->facts.refused)
		return -1;
	if (probe->accepted) {
		try_unknown(target, probe);
		try_early(target, probe);
	}
	return 0;
}

int probe_run(const char *spec, const struct vspc_identity *identity, struct probe *probe)
{
	struct target target = { .identity = identity };
	char why[TRANSPORT_WHY_MAX];
	int rc = -1;

	*probe = (struct probe){ 0 };
	if (uri_parse_proxy("concentrator", spec, &target.uri, probe->why,
			    sizeof(probe->why)))
		return -1;
	conf_defaults(&target.conf);
	/* Authorities and certificates as the daemon has them, if there is one. */
	if (conf_read(&target.conf, CONF_FILE, NULL, why) && !access(CONF_FILE, F_OK))
		snprintf(probe->why, sizeof(probe->why), "%.500s", why);
	else
		rc = 0;
	if (!rc) {
		target.rules = tls_rules_new(&target.uri, &target.conf, false, why);
		rc = target.rules ? 0 : -1;
		if (rc)
			snprintf(probe->why, sizeof(probe->why), "%.500s", why);
	}
	if (!rc)
		rc = try_all(&target, probe);
	tls_rules_free(target.rules);
	conf_free(&target.conf);
	uri_free(&target.uri);
	return rc;
}
