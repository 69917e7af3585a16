/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds out what a concentrator of virtual serial ports does, by being a
 * virtual machine to it, several times.
 */
#ifndef VSERIALCTL_PROBE_H
#define VSERIALCTL_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "vspc_vm.h"

#define PROBE_WHY_MAX 512

/**
 * enum probe_move - what became of a hand-over
 * @PROBE_MOVE_UNTRIED: it was not tried
 * @PROBE_MOVE_SILENCE: VMOTION-BEGIN was not answered
 * @PROBE_MOVE_NOT_NOW: the concentrator does not take part
 * @PROBE_MOVE_REFUSED: it goes ahead and refuses the new host
 * @PROBE_MOVE_OK: it goes ahead and accepts the new host
 */
enum probe_move {
	PROBE_MOVE_UNTRIED,
	PROBE_MOVE_SILENCE,
	PROBE_MOVE_NOT_NOW,
	PROBE_MOVE_REFUSED,
	PROBE_MOVE_OK,
};

/**
 * enum probe_reaction - what somebody does of whom something odd is seen
 * @PROBE_UNTRIED: it was not tried
 * @PROBE_IGNORES: nothing
 * @PROBE_ANSWERS: it answers as it should
 * @PROBE_CLOSES: it closes the connection
 */
enum probe_reaction {
	PROBE_UNTRIED,
	PROBE_IGNORES,
	PROBE_ANSWERS,
	PROBE_CLOSES,
};

/**
 * struct probe - what was found
 * @why: why it did not accept us, "" if it did
 * @accepted: it sent WILL-PROXY
 * @closed: it closed the connection when it had refused us
 * @milliseconds: from the connection's first byte until it had accepted us
 * @tls: how the connection is encrypted, "" if it is not
 * @facts: what it showed of itself
 * @binary: both sides are BINARY
 * @com_port: it has a serial port of its own, to be driven with RFC 2217
 * @repeated: it answered what was an answer
 * @undoubled: it does not double bytes 255 in suboptions
 * @secret: how many bytes of secret it chose
 * @move: what became of a hand-over
 * @padded: it added to a sequence that it sent back
 * @unknown: what it does about a suboption that does not exist
 * @early: what it does about bytes that come before it has accepted us
 */
struct probe {
	char why[PROBE_WHY_MAX];
	bool accepted;
	bool closed;
	uint64_t milliseconds;
	char tls[160];
	struct vspc_facts facts;
	bool binary;
	bool com_port;
	bool repeated;
	bool undoubled;
	unsigned int secret;
	enum probe_move move;
	bool padded;
	enum probe_reaction unknown;
	enum probe_reaction early;
};

/**
 * probe_run() - find out
 * @spec: telnet://HOST:PORT or telnets://HOST:PORT, with keys
 * @identity: who we say to be
 * @probe: receives what was found
 *
 * Takes some seconds.  Nothing that the concentrator does makes it wait for
 * ever.
 *
 * Return: 0, also if it does not accept us; or -1 if it is no concentrator, or
 * cannot be reached, and @probe->why is a sentence.
 */
int probe_run(const char *spec, const struct vspc_identity *identity, struct probe *probe);

#endif
