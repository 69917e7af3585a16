// SPDX-License-Identifier: GPL-2.0-or-later
/* The telnet codec: what real peers send, and what nobody should. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "telnet.h"
#include "unit.h"

#define BYTES(...) \
	((struct bytes){ (const uint8_t[]){ __VA_ARGS__ }, \
			 sizeof((const uint8_t[]){ __VA_ARGS__ }) })

#define IAC	0xff
#define SE	0xf0
#define BRK	0xf3
#define SB	0xfa
#define WILL	0xfb
#define WONT	0xfc
#define DO	0xfd
#define DONT	0xfe

/** struct bytes - some of them */
struct bytes {
	const uint8_t *v;
	size_t len;
};

static struct bytes some(const uint8_t *v, size_t len)
{
	return (struct bytes){ v, len };
}

/* What a server offers, to the byte. */
static const uint8_t offers[] = {
	IAC, WILL, 1, IAC, WILL, 3, IAC, WILL, 0, IAC, DO, 0, IAC, DO, 31,
};

/**
 * struct end - one end of a connection, and what came out of it
 * @telnet: its codec
 * @text: the console's bytes
 * @len: how many
 * @breaks: breaks, at which offset
 * @n_breaks: how many
 * @windows: how often a window was told
 * @coms: how often RFC 2217 was turned on or off
 * @command: the last command of it, with its number
 * @command_len: its length
 */
struct end {
	struct telnet telnet;
	uint8_t text[(1 << 17) + 2];
	size_t len;
	size_t breaks[16];
	size_t n_breaks;
	size_t windows;
	size_t coms;
	uint8_t command[TELNET_SUB_MAX];
	size_t command_len;
};

static struct end end;

/* Takes bytes of the network; answers stay where they are while they have room. */
static void take(struct end *e, struct bytes bytes)
{
	struct telnet_received r;
	size_t at = 0;

	while (at < bytes.len) {
		r = telnet_receive(&e->telnet, bytes.v + at, bytes.len - at, e->text + e->len,
				   sizeof(e->text) - e->len);
		assert_true(r.consumed || telnet_full(&e->telnet));
		if (!r.consumed)
			telnet_replied(&e->telnet, e->telnet.replies_len);
		at += r.consumed;
		e->len += r.len;
		if (r.event == TELNET_BREAK && e->n_breaks < LENGTH(e->breaks))
			e->breaks[e->n_breaks++] = e->len;
		e->windows += r.event == TELNET_WINDOW;
		e->coms += r.event == TELNET_COM;
		if (r.event == TELNET_SUB)
			memcpy(e->command, telnet_sub(&e->telnet, &e->command_len),
			       e->telnet.sub_len);
	}
}

static void answers(struct end *e, struct bytes bytes)
{
	size_t have;
	const uint8_t *replies = telnet_replies(&e->telnet, &have);

	assert_int_equal(have, bytes.len);
	assert_memory_equal(replies, bytes.v, bytes.len);
	telnet_replied(&e->telnet, have);
}

static void no_answer(struct end *e)
{
	size_t len;

	telnet_replies(&e->telnet, &len);
	assert_int_equal(len, 0);
}

static void brings(struct end *e, struct bytes bytes)
{
	assert_int_equal(e->len, bytes.len);
	if (bytes.len)
		assert_memory_equal(e->text, bytes.v, bytes.len);
	e->len = 0;
}

static void begin(enum telnet_role role)
{
	memset(&end, 0, sizeof(end));
	telnet_start(&end.telnet, role);
}

/* A server whose offers have been sent. */
static void begin_server(void)
{
	begin(TELNET_SERVER);
	answers(&end, some(offers, sizeof(offers)));
}

static size_t sends(const uint8_t *from, size_t len, uint8_t *to, size_t max)
{
	size_t out = 0, n;

	while (len) {
		n = len;
		out += telnet_send(&end.telnet, from, &n, to + out, max - out);
		assert_true(n);
		from += n;
		len -= n;
	}
	return out;
}

static void becomes(struct bytes from, struct bytes to)
{
	uint8_t bytes[64];

	assert_int_equal(sends(from.v, from.len, bytes, sizeof(bytes)), to.len);
	assert_memory_equal(bytes, to.v, to.len);
}

/* inetutils-telnet and telnet-ssl: all is accepted. */
static void test_inetutils(void **state)
{
	(void)state;
	begin_server();
	take(&end, BYTES(IAC, DO, 1, IAC, DO, 3, IAC, DO, 0, IAC, WILL, 0, IAC, WILL, 31));
	no_answer(&end);
	take(&end, BYTES(IAC, SB, 31, 0, 80, 0, 24, IAC, SE));
	assert_int_equal(end.windows, 1);
	assert_int_equal(end.telnet.columns, 80);
	assert_int_equal(end.telnet.rows, 24);
	/* Binary: Enter is CR alone, and a NUL is one. */
	take(&end, BYTES('a', 0x03, 0xe9, 0x0d, 0x00, 0x0d, 0x0a));
	brings(&end, BYTES('a', 0x03, 0xe9, 0x0d, 0x00, 0x0d, 0x0a));
	becomes(BYTES('x', 0x0d, 0x0d, 0x0a, 0xff, 0x00),
		BYTES('x', 0x0d, 0x0d, 0x0a, 0xff, 0xff, 0x00));
}

/* ... and with "-- host -port" it offers what a console has no use for. */
static void test_inetutils_speaks_first(void **state)
{
	(void)state;
	begin_server();
	take(&end, BYTES(IAC, DO, 38, IAC, WILL, 38, IAC, DO, 3, IAC, WILL, 24, IAC, WILL, 31,
			 IAC, WILL, 32, IAC, WILL, 33, IAC, WILL, 34, IAC, WILL, 39, IAC, DO, 5));
	answers(&end, BYTES(IAC, WONT, 38, IAC, DONT, 38, IAC, DONT, 24, IAC, DONT, 32,
			    IAC, DONT, 33, IAC, DONT, 34, IAC, DONT, 39, IAC, WONT, 5));
	brings(&end, some(NULL, 0));
}

static void test_plink(void **state)
{
	(void)state;
	begin_server();
	take(&end, BYTES(IAC, WILL, 31, IAC, WILL, 32, IAC, WILL, 24, IAC, WILL, 39, IAC, DO, 1,
			 IAC, WILL, 3, IAC, DO, 3));
	/* Its own go-ahead suppression is new to us; the rest is refused once. */
	answers(&end, BYTES(IAC, DONT, 32, IAC, DONT, 24, IAC, DONT, 39, IAC, DO, 3));
	take(&end, BYTES(IAC, DO, 0, IAC, WILL, 0));
	no_answer(&end);
}

/* busybox refuses binary and sends CR LF for Enter. */
static void test_busybox(void **state)
{
	(void)state;
	begin_server();
	take(&end, BYTES(IAC, DO, 1, IAC, DO, 3, IAC, DONT, 0, IAC, WONT, 0, IAC, WONT, 31));
	no_answer(&end);
	take(&end, BYTES('l', 's', 0x0d, 0x0a, 0xe9));
	brings(&end, BYTES('l', 's', 0x0d, 0xe9));
	becomes(BYTES(0x0d, 0x0a, 'x', 0x0d, 'y', 0x0d),
		BYTES(0x0d, 0x0a, 'x', 0x0d, 0x00, 'y', 0x0d, 0x00));
}

/* CR comes at once, with whatever completes it or with nothing, in any pieces. */
static void test_enter(void **state)
{
	const uint8_t keys[] = { 0x0d, 0x00, 0x0d, 0x0a, 0x0d, 'x', 0x0d, 0x0d, 0x0a, 0x0a, 0x00 };
	size_t i;

	(void)state;
	begin_server();
	take(&end, BYTES(0x0d));
	brings(&end, BYTES(0x0d));
	begin_server();
	for (i = 0; i < sizeof(keys); i++)
		take(&end, some(&keys[i], 1));
	brings(&end, BYTES(0x0d, 0x0d, 0x0d, 'x', 0x0d, 0x0d, 0x0a, 0x00));
	/* A console that was dialled sends lines: only NUL is swallowed. */
	begin(TELNET_CLIENT);
	take(&end, BYTES('$', 0x0d, 0x0a, 0x0d, 0x00));
	brings(&end, BYTES('$', 0x0d, 0x0a, 0x0d));
}

/* telnetlib refuses everything, and answers refusals: a loop, if one lets it. */
static void test_refuses_all(void **state)
{
	(void)state;
	begin_server();
	take(&end, BYTES(IAC, DONT, 1, IAC, DONT, 3, IAC, DONT, 0, IAC, WONT, 0, IAC, WONT, 31));
	no_answer(&end);
	take(&end, BYTES(IAC, DONT, 1, IAC, WONT, 1, IAC, DONT, 77, IAC, WONT, 77));
	no_answer(&end);
	/* What was on is turned off with one answer. */
	take(&end, BYTES(IAC, DO, 0, IAC, WILL, 0));
	answers(&end, BYTES(IAC, WILL, 0, IAC, DO, 0));
	take(&end, BYTES(IAC, DO, 0, IAC, WILL, 0));
	no_answer(&end);
	take(&end, BYTES(IAC, DONT, 0, IAC, WONT, 0));
	answers(&end, BYTES(IAC, WONT, 0, IAC, DONT, 0));
	take(&end, BYTES(IAC, DONT, 0, IAC, WONT, 0));
	no_answer(&end);
}

static void test_timing_mark(void **state)
{
	(void)state;
	begin_server();
	/* ^C of a client in line mode; it shows nothing until each is answered. */
	take(&end, BYTES('x', IAC, 0xf4, IAC, DO, 6, IAC, DO, 6));
	brings(&end, BYTES('x', 0x03));
	answers(&end, BYTES(IAC, WILL, 6, IAC, WILL, 6));
	take(&end, BYTES(IAC, WILL, 6, IAC, WONT, 6, IAC, DONT, 6));
	no_answer(&end);
}

static void test_commands(void **state)
{
	(void)state;
	begin_server();
	take(&end, BYTES('a', IAC, BRK, 'b', IAC, BRK, IAC, BRK));
	brings(&end, BYTES('a', 'b'));
	assert_int_equal(end.n_breaks, 3);
	assert_int_equal(end.breaks[0], 1);
	assert_int_equal(end.breaks[1], 2);
	assert_int_equal(end.breaks[2], 2);
	take(&end, BYTES(IAC, 0xf7, IAC, 0xf8));
	brings(&end, BYTES(0x7f, 0x15));
	/* EOR SE NOP DM AO GA, and synch as inetutils sends it. */
	take(&end, BYTES(IAC, 0xef, IAC, SE, IAC, 0xf1, IAC, 0xf2, IAC, 0xf5, IAC, 0xf9));
	brings(&end, some(NULL, 0));
	no_answer(&end);
	take(&end, BYTES(IAC, 0xf6));
	answers(&end, some((const uint8_t *)"\r\n[vserial: yes]\r\n", 18));
	assert_memory_equal(telnet_break, ((uint8_t[]){ IAC, BRK }), 2);
}

/* QEMU does not double 0xff: unless a command follows it is what it seems. */
static void test_stray_iac(void **state)
{
	(void)state;
	begin_server();
	take(&end, BYTES(IAC, WILL, 0, 'a', IAC, 'b', IAC, IAC, IAC, 0x00, IAC));
	brings(&end, BYTES('a', IAC, 'b', IAC, IAC, 0x00));
	take(&end, BYTES(0x0d, IAC, 0xf1));
	brings(&end, BYTES(IAC, 0x0d));
}

/* Dialled: nothing is sent to a peer that may not speak telnet at all. */
static void test_client(void **state)
{
	(void)state;
	begin(TELNET_CLIENT);
	no_answer(&end);
	take(&end, BYTES('h', 'i'));
	no_answer(&end);
	/* QEMU's server: answers are offers too, and not one is sent twice. */
	take(&end, BYTES(IAC, WILL, 1));
	answers(&end, BYTES(IAC, DO, 1, IAC, WILL, 0, IAC, DO, 0, IAC, DO, 3));
	take(&end, BYTES(IAC, WILL, 3, IAC, WILL, 0, IAC, DO, 0));
	no_answer(&end);
	becomes(BYTES(0x0d, IAC), BYTES(0x0d, IAC, IAC));
	/* A client has no window, and no terminal that could be told of. */
	take(&end, BYTES(IAC, DO, 31, IAC, DO, 24, IAC, DO, 1, IAC, WILL, 31));
	answers(&end, BYTES(IAC, WONT, 31, IAC, WONT, 24, IAC, WONT, 1, IAC, DONT, 31));
}

/* ser2net as the server. */
static void test_ser2net(void **state)
{
	(void)state;
	begin(TELNET_CLIENT);
	take(&end, BYTES(IAC, WILL, 3, IAC, DO, 3, IAC, WILL, 1, IAC, DONT, 1, IAC, DO, 0,
			 IAC, WILL, 0, IAC, DO, 44));
	answers(&end, BYTES(IAC, DO, 3, IAC, WILL, 0, IAC, DO, 0, IAC, WILL, 3, IAC, DO, 1,
			    IAC, WONT, 44));
}

static void test_subnegotiations(void **state)
{
	const uint8_t window[] = { IAC, SB, 31, 1, IAC, IAC, 0, 50, IAC, SE, 'x' };
	uint8_t long_one[20000];
	size_t i;

	(void)state;
	begin_server();
	/* Not before it said that it would. */
	take(&end, BYTES(IAC, WONT, 31, IAC, SB, 31, 0, 80, 0, 24, IAC, SE));
	assert_int_equal(end.windows, 0);
	take(&end, BYTES(IAC, WILL, 31));
	answers(&end, BYTES(IAC, DO, 31));
	/* 0xff is doubled here too, and it may come in any pieces. */
	for (i = 0; i < sizeof(window); i++)
		take(&end, some(&window[i], 1));
	assert_int_equal(end.windows, 1);
	assert_int_equal(end.telnet.columns, 0x1ff);
	assert_int_equal(end.telnet.rows, 50);
	brings(&end, BYTES('x'));
	/* Too short, too long, and of an option nobody knows. */
	take(&end, BYTES(IAC, SB, 31, 0, 80, 0, IAC, SE, IAC, SB, 31, 0, 80, 0, 24, 0, IAC, SE,
			 IAC, SB, IAC, SE, IAC, SB, 39, 0, 'U', 'S', 'E', 'R', IAC, SE));
	assert_int_equal(end.windows, 1);
	/* One that is longer than memory is no data, however long it goes on. */
	memset(long_one, 'A', sizeof(long_one));
	memcpy(long_one, (uint8_t[]){ IAC, SB, 31 }, 3);
	take(&end, some(long_one, sizeof(long_one)));
	take(&end, BYTES(IAC, SE, 'y'));
	brings(&end, BYTES('y'));
	assert_int_equal(end.windows, 1);
	/* One that is not ended ends with the next command. */
	take(&end, BYTES(IAC, SB, 31, 0, 80, IAC, DO, 6, 'z'));
	answers(&end, BYTES(IAC, WILL, 6));
	brings(&end, BYTES('z'));
}

/* Whoever asks without end is not read until it has taken the answers. */
static void test_flood(void **state)
{
	uint8_t flood[3 * 1000];
	struct telnet_received r;
	uint8_t to[16];
	size_t i, len;

	(void)state;
	for (i = 0; i < sizeof(flood); i += 3)
		memcpy(flood + i, (uint8_t[]){ IAC, DO, 77 }, 3);
	begin_server();
	r = telnet_receive(&end.telnet, flood, sizeof(flood), to, sizeof(to));
	assert_true(telnet_full(&end.telnet));
	telnet_replies(&end.telnet, &len);
	assert_in_range(len, TELNET_REPLIES_MAX - TELNET_ANSWER_MAX, TELNET_REPLIES_MAX);
	assert_int_equal(r.consumed, len);
	r = telnet_receive(&end.telnet, flood, sizeof(flood), to, sizeof(to));
	assert_int_equal(r.consumed, 0);
	telnet_replied(&end.telnet, 100);
	r = telnet_receive(&end.telnet, flood, sizeof(flood), to, sizeof(to));
	assert_in_range(r.consumed, 90, 110);
}

/* Room for little: nothing is lost. */
static void test_little_room(void **state)
{
	uint8_t from[] = { IAC, 'a', IAC, IAC, 'b', 'c' }, to[2];
	uint8_t text[16];
	struct telnet_received r;
	size_t at = 0, len = 0, n;

	(void)state;
	begin_server();
	while (at < sizeof(from)) {
		r = telnet_receive(&end.telnet, from + at, sizeof(from) - at, to, sizeof(to));
		memcpy(text + len, to, r.len);
		assert_true(r.consumed);
		at += r.consumed;
		len += r.len;
	}
	assert_int_equal(len, 5);
	assert_memory_equal(text, ((uint8_t[]){ IAC, 'a', IAC, 'b', 'c' }), 5);
	n = 3;
	assert_int_equal(telnet_send(&end.telnet, from, &n, to, 1), 0);
	assert_int_equal(n, 0);
}

/* A peer that never stops asking is not answered for ever; time goes on. */
static void test_negotiates_for_ever(void **state)
{
	size_t answered = 0, i, len;

	(void)state;
	begin_server();
	for (i = 0; i < 5000; i++) {
		take(&end, i & 1 ? BYTES(IAC, DO, 77) : BYTES(IAC, WILL, 77));
		telnet_replies(&end.telnet, &len);
		answered += len / 3;
		telnet_replied(&end.telnet, len);
	}
	assert_int_equal(answered, TELNET_ANSWERS_MAX);
	take(&end, BYTES(IAC, DO, 6));
	answers(&end, BYTES(IAC, WILL, 6));
}

/* Chance. */

static uint32_t seed;

static uint32_t chance(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)seed * below >> 32);
}

/* All 256 values, every pair of them, in either role, binary or not, in pieces. */
static void test_all_values(void **state)
{
	static uint8_t text[2 * 65536], wire[4 * 65536];
	enum telnet_role role;
	size_t at, n, len, mode, i, out;

	(void)state;
	for (i = 0; i < sizeof(text); i += 2) {
		text[i] = (uint8_t)(i >> 9);
		text[i + 1] = (uint8_t)(i >> 1);
	}
	for (mode = 0; mode < 4; mode++) {
		bool binary = mode & 1;

		role = mode & 2 ? TELNET_CLIENT : TELNET_SERVER;
		begin(role);
		if (binary)
			take(&end, BYTES(IAC, DO, 0, IAC, WILL, 0));
		telnet_replied(&end.telnet, end.telnet.replies_len);
		for (at = 0, len = 0; at < sizeof(text); at += n) {
			n = 1 + chance(700);
			if (n > sizeof(text) - at)
				n = sizeof(text) - at;
			/* In pieces as a socket would take them. */
			out = telnet_send(&end.telnet, text + at, &n, wire + len,
					  sizeof(wire) - len);
			len += out;
		}
		for (at = 0; at < len; at += n) {
			n = 1 + chance(700);
			if (n > len - at)
				n = len - at;
			take(&end, some(wire + at, n));
		}
		no_answer(&end);
		if (binary) {
			brings(&end, some(text, sizeof(text)));
			continue;
		}
		/* Of a terminal CR LF is one key; a CR NUL written as such is three. */
		for (i = 0, at = 0; i < sizeof(text) && at < end.len; i++) {
			if (role == TELNET_SERVER && i && text[i] == '\n' && text[i - 1] == '\r' &&
			    end.text[at] != '\n')
				continue;
			assert_int_equal(end.text[at], text[i]);
			at++;
		}
		assert_int_equal(at, end.len);
	}
}

/* Noise that looks like telnet. */
static size_t noise(uint8_t *bytes, size_t max)
{
	static const uint8_t likely[] = {
		IAC, IAC, IAC, SB, SE, WILL, WONT, DO, DONT, BRK, 0xf6, 0, 1, 3, 6, 31, '\r', '\n',
	};
	size_t len = chance((uint32_t)max), i;

	for (i = 0; i < len; i++)
		bytes[i] = chance(3) ? likely[chance(sizeof(likely))] : (uint8_t)chance(256);
	return len;
}

/* Any bytes, in any pieces, are the same; memory is as long as it is said to be. */
static void test_noise(void **state)
{
	static struct end pieces;
	static uint8_t bytes[4096];
	uint32_t round;
	size_t len, at, n, most;

	(void)state;
	for (round = 0; round < 3000; round++) {
		enum telnet_role role = chance(2) ? TELNET_CLIENT : TELNET_SERVER;

		seed = round;
		len = noise(bytes, sizeof(bytes));
		begin(role);
		memset(&pieces, 0, sizeof(pieces));
		telnet_start(&pieces.telnet, role);
		take(&end, some(bytes, len));
		for (at = 0; at < len; at += n) {
			n = 1 + chance(40);
			if (n > len - at)
				n = len - at;
			take(&pieces, some(bytes + at, n));
			most = pieces.telnet.replies_len;
			assert_in_range(most, 0, TELNET_REPLIES_MAX);
		}
		assert_int_equal(pieces.len, end.len);
		assert_memory_equal(pieces.text, end.text, end.len);
		assert_int_equal(pieces.n_breaks, end.n_breaks);
		assert_int_equal(pieces.windows, end.windows);
		assert_memory_equal(pieces.telnet.us, end.telnet.us, sizeof(end.telnet.us));
		assert_memory_equal(pieces.telnet.him, end.telnet.him, sizeof(end.telnet.him));
	}
}

/* Two of us always come to an end, even where one was told something else before. */
static void test_comes_to_rest(void **state)
{
	static struct end other;
	static uint8_t bytes[512];
	uint8_t wire[TELNET_REPLIES_MAX];
	struct end *from, *to;
	uint32_t round, hops;
	const uint8_t *replies;
	size_t len;

	(void)state;
	for (round = 0; round < 3000; round++) {
		seed = round;
		begin(TELNET_SERVER);
		memset(&other, 0, sizeof(other));
		telnet_start(&other.telnet, chance(2) ? TELNET_CLIENT : TELNET_SERVER);
		take(&end, some(bytes, noise(bytes, sizeof(bytes))));
		take(&end, BYTES('.', IAC, SE));
		from = &end;
		to = &other;
		for (hops = 0; from->telnet.replies_len || to->telnet.replies_len; hops++) {
			assert_in_range(hops, 0, 3 * TELNET_ANSWERS_MAX);
			replies = telnet_replies(&from->telnet, &len);
			memcpy(wire, replies, len);
			telnet_replied(&from->telnet, len);
			from->len = 0;
			to->len = 0;
			take(to, some(wire, len));
			from = to;
			to = from == &end ? &other : &end;
		}
	}
	/* A server and a client that know nothing of each other get all they want. */
	begin(TELNET_SERVER);
	memset(&other, 0, sizeof(other));
	telnet_start(&other.telnet, TELNET_CLIENT);
	for (hops = 0; hops < 4; hops++) {
		from = hops & 1 ? &other : &end;
		to = hops & 1 ? &end : &other;
		replies = telnet_replies(&from->telnet, &len);
		memcpy(wire, replies, len);
		telnet_replied(&from->telnet, len);
		take(to, some(wire, len));
	}
	no_answer(&end);
	no_answer(&other);
	assert_int_equal(end.telnet.us[TELNET_BINARY], TELNET_Q_YES);
	assert_int_equal(end.telnet.him[TELNET_BINARY], TELNET_Q_YES);
	assert_int_equal(other.telnet.us[TELNET_BINARY], TELNET_Q_YES);
	assert_int_equal(other.telnet.him[TELNET_BINARY], TELNET_Q_YES);
	assert_int_equal(other.telnet.him[TELNET_ECHO], TELNET_Q_YES);
}

/* RFC 2217, as pyserial and C-Kermit begin; commands count only once it is on. */
static void test_com_port(void **state)
{
	(void)state;
	begin_server();
	take(&end, BYTES(IAC, SB, 44, 1, 0, 0, 0, 0, IAC, SE));
	assert_int_equal(end.command_len, 0);
	take(&end, BYTES(IAC, DO, 44, IAC, WILL, 44));
	answers(&end, BYTES(IAC, WILL, 44, IAC, DO, 44));
	assert_int_equal(end.coms, 1);
	take(&end, BYTES('a', IAC, SB, 44, 1, IAC, IAC, 0, 0, 0, IAC, SE, 'b'));
	assert_int_equal(end.command_len, 6);
	assert_memory_equal(end.command, "\x2c\x01\xff\0\0\0", 6);
	brings(&end, BYTES('a', 'b'));
	take(&end, BYTES(IAC, WONT, 44));
	assert_int_equal(end.coms, 1);
	take(&end, BYTES(IAC, DONT, 44));
	assert_int_equal(end.coms, 2);
	assert_false(telnet_has_com_port(&end.telnet));
	answers(&end, BYTES(IAC, DONT, 44, IAC, WONT, 44));

	/* Whom we dial is no port for us to set, nor are we one for it. */
	begin(TELNET_CLIENT);
	take(&end, BYTES(IAC, WILL, 0));
	telnet_replied(&end.telnet, end.telnet.replies_len);
	take(&end, BYTES(IAC, DO, 44, IAC, WILL, 44));
	answers(&end, BYTES(IAC, WONT, 44, IAC, DONT, 44));
	assert_false(telnet_has_com_port(&end.telnet));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inetutils),
		cmocka_unit_test(test_inetutils_speaks_first),
		cmocka_unit_test(test_plink),
		cmocka_unit_test(test_busybox),
		cmocka_unit_test(test_enter),
		cmocka_unit_test(test_refuses_all),
		cmocka_unit_test(test_timing_mark),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_stray_iac),
		cmocka_unit_test(test_client),
		cmocka_unit_test(test_ser2net),
		cmocka_unit_test(test_subnegotiations),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_little_room),
		cmocka_unit_test(test_negotiates_for_ever),
		cmocka_unit_test(test_all_values),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_comes_to_rest),
		cmocka_unit_test(test_com_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
