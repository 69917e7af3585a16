/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One backing with real sockets and a real loop; the kernel's part is played:
 * kport_*() note what the daemon tells it, and answer.
 */
#ifndef TESTS_UNIT_KERNEL_H
#define TESTS_UNIT_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon.h"
#include "session.h"
#include "unit.h"

/* Nothing here takes long; this is for machines that do something else. */
#define PATIENCE 30000000ull

/**
 * struct kernel - the kernel, played
 * @state: the last report's
 * @why: its reason
 * @peer: its peer
 * @has_lines: the peer drives lines
 * @lines: these
 * @settled: up to which offset output is settled
 * @breaks: how many breaks the guest was given, and
 * @break_at: behind how much input the last
 * @rows: of the writer's window
 * @columns: of it
 * @input: what the guest was given
 * @input_len: how much
 * @room: what it takes, of each request
 * @peers: announced, in this order
 * @n_peers: how many
 * @writer: which of them writes, by number from 1
 * @history: what the port's history is
 * @history_offset: the offset of its first byte
 * @hold_history: keep it to oneself for now
 * @waiting: the peer that waits for it
 * @confirm: how many reports are to be confirmed
 * @awake: the session has a turn to come
 * @proxy: the concentrator of start(), or NULL
 * @handover: what it said last of a migration
 * @handover_why: why it refused
 * @blob: sequence and secret that it gave
 * @blob_len: how many bytes
 * @sequence_len: how many of them are the sequence
 */
struct kernel {
	uint32_t state;
	char why[512];
	char peer[256];
	bool has_lines;
	uint32_t lines;
	uint64_t settled;
	uint32_t breaks;
	size_t break_at;
	uint32_t rows;
	uint32_t columns;
	char input[1 << 16];
	size_t input_len;
	size_t room;
	struct peer *peers[16];
	uint32_t n_peers;
	uint32_t writer;
	const char *history;
	uint64_t history_offset;
	bool hold_history;
	struct peer *waiting;
	unsigned int confirm;
	bool awake;
	const char *proxy;
	uint32_t handover;
	char handover_why[256];
	uint8_t blob[256];
	size_t blob_len;
	size_t sequence_len;
};

extern struct daemon the_daemon;
extern struct kernel kernel;
extern struct session *session;

/** kernel_setup() - before each test. */
int kernel_setup(void **state);

/** kernel_teardown() - after it. */
int kernel_teardown(void **state);

/** kernel_turn() - what the kernel does in a turn of the loop. */
void kernel_turn(void);

/* Runs the loop until a condition holds. */
#define until(condition) do { \
	uint64_t waited = 0; \
	while (kernel_turn(), !(condition)) { \
		sd_event_run(the_daemon.event, 10000); \
		waited += 10000; \
		if (waited > PATIENCE) \
			fail_msg("never: %s", #condition); \
	} \
} while (0)

/** start() - have @session serve @spec. */
void start(const char *spec, bool server, bool power);

/** stop() - end it. */
void stop(void);

/** output() - the guest writes. */
void output(uint64_t offset, const char *text);

/** TEST() - a row of the table of tests. */
#define TEST(name) cmocka_unit_test_setup_teardown(name, kernel_setup, kernel_teardown)

#endif
