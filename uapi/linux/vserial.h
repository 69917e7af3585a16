/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * vserial: virtual serial ports for hypervisors - generic netlink interface
 *
 * The family "vserial", version 1, configures guests and ports and reports
 * on them.  Documentation/netlink/specs/vserial.yaml says the same for
 * machines; this is the prose.
 *
 * Objects.  A guest (a virtual machine) has a name and up to 32 ports.  A
 * port is named by its guest's name and an index, and is the character
 * device ttyVS<minor>.  Its backing is what stands at the far end of the
 * cable, written as a specification such as "file:/var/log/web01.log".
 *
 * Commands.  *_GET answers one object, or with NLM_F_DUMP all of them (the
 * ports of one guest only, if VSERIAL_A_PORT_GUEST is given).  *_NEW, *_SET
 * and *_DEL need CAP_SYS_ADMIN in the initial user namespace; *_CONNECT and
 * *_DISCONNECT also belong to the guest's owner.  The acknowledgement of these
 * arrives when the work is done, so for a file backing after the file was
 * opened; ask for it with NLM_F_ACK.  A request does everything it asks for,
 * or refuses and changes nothing.
 *
 * Refusals.  The extended acknowledgement (NETLINK_EXT_ACK) of a refusal
 * carries NLMSGERR_ATTR_MSG, one sentence naming the value and the rule.
 * An attribute that is unknown, not the command's, or given twice, refuses the
 * request.
 *
 * Events.  The multicast group "events" carries an object as *_GET would,
 * whenever it was added or changed (VSERIAL_CMD_*_NTF), and its names when it
 * was removed (VSERIAL_CMD_*_DEL_NTF).  Changes that follow each other faster
 * than they can be sent are told as one.
 */
#ifndef _UAPI_LINUX_VSERIAL_H
#define _UAPI_LINUX_VSERIAL_H

#define VSERIAL_FAMILY_NAME	"vserial"
#define VSERIAL_FAMILY_VERSION	1
#define VSERIAL_MCGRP_EVENTS	"events"

/* A guest's name: 1 ... 63 of [A-Za-z0-9_.-], first a letter or digit. */
#define VSERIAL_NAME_MAX	63
#define VSERIAL_PORTS_PER_GUEST	32
/* The longest backing specification, without its NUL. */
#define VSERIAL_SPEC_MAX	4095
/* The widest history a port may keep, in bytes. */
#define VSERIAL_HISTORY_MAX	(16 << 20)
/* The longest stall limit, in milliseconds. */
#define VSERIAL_STALL_LIMIT_MAX	3600000
/* A UUID as 16 bytes, in the order they are written (RFC 9562). */
#define VSERIAL_UUID_SIZE	16

enum {
	VSERIAL_CMD_UNSPEC,

	VSERIAL_CMD_GUEST_NEW,		/* GUEST: NAME, optional UUIDs, UID, GID */
	VSERIAL_CMD_GUEST_SET,		/* GUEST: NAME, what is to change */
	VSERIAL_CMD_GUEST_DEL,		/* GUEST: NAME, optional FORCE */
	VSERIAL_CMD_GUEST_GET,		/* GUEST: NAME; or dump */
	VSERIAL_CMD_GUEST_NTF,		/* event: added or changed */
	VSERIAL_CMD_GUEST_DEL_NTF,	/* event: removed */

	VSERIAL_CMD_PORT_NEW,		/* PORT: GUEST, INDEX, optional settings */
	VSERIAL_CMD_PORT_SET,		/* PORT: GUEST, INDEX, settings */
	VSERIAL_CMD_PORT_DEL,		/* PORT: GUEST, INDEX, optional FORCE */
	VSERIAL_CMD_PORT_GET,		/* PORT: GUEST, INDEX; or dump */
	VSERIAL_CMD_PORT_CONNECT,	/* PORT: GUEST, INDEX */
	VSERIAL_CMD_PORT_DISCONNECT,	/* PORT: GUEST, INDEX */
	VSERIAL_CMD_PORT_NTF,		/* event: added or changed */
	VSERIAL_CMD_PORT_DEL_NTF,	/* event: removed */

	__VSERIAL_CMD_MAX
};

#define VSERIAL_CMD_MAX (__VSERIAL_CMD_MAX - 1)

enum {
	VSERIAL_A_GUEST_UNSPEC,
	VSERIAL_A_GUEST_PAD,
	VSERIAL_A_GUEST_NAME,		/* string */
	VSERIAL_A_GUEST_UUID,		/* binary 16: BIOS UUID */
	VSERIAL_A_GUEST_VC_UUID,	/* binary 16: instance UUID */
	VSERIAL_A_GUEST_LOCATION_UUID,	/* binary 16 */
	VSERIAL_A_GUEST_UID,		/* u32: the owner; absent: none */
	VSERIAL_A_GUEST_GID,		/* u32: the owner's group */
	VSERIAL_A_GUEST_FORCE,		/* flag: remove although ports are open */
	VSERIAL_A_GUEST_NR_PORTS,	/* u32; with GUEST_NEW ports to make */
	VSERIAL_A_GUEST_POWER,		/* u8, read-only: 1 while any port is open */

	__VSERIAL_A_GUEST_MAX
};

#define VSERIAL_A_GUEST_MAX (__VSERIAL_A_GUEST_MAX - 1)

enum {
	VSERIAL_A_PORT_UNSPEC,
	VSERIAL_A_PORT_PAD,
	VSERIAL_A_PORT_GUEST,		/* string: the guest's name */
	VSERIAL_A_PORT_INDEX,		/* u32: 0 ... 31 */
	VSERIAL_A_PORT_FORCE,		/* flag: remove although it is open */

	/* settings */
	VSERIAL_A_PORT_BACKING,		/* string: a backing specification */
	VSERIAL_A_PORT_CONNECT_AT_POWER_ON, /* u8: 0 or 1 */
	VSERIAL_A_PORT_OVERFLOW,	/* u32: enum vserial_overflow */
	VSERIAL_A_PORT_STALL_LIMIT,	/* u32: ms, 0 = for ever */
	VSERIAL_A_PORT_HISTORY,		/* u32: bytes */
	VSERIAL_A_PORT_CARRIER,		/* u32: enum vserial_carrier */

	/* read-only */
	VSERIAL_A_PORT_MINOR,		/* u32: the device is ttyVS<minor> */
	VSERIAL_A_PORT_CONNECTED,	/* u8: the switch that connect turns on */
	VSERIAL_A_PORT_POWER,		/* u8: 1 while the device is open */
	VSERIAL_A_PORT_STATE,		/* u32: enum vserial_state */
	VSERIAL_A_PORT_REASON,		/* string: one sentence, if there is one */
	VSERIAL_A_PORT_PEER,		/* string: who is at the far end, if known */
	VSERIAL_A_PORT_TX_BYTES,	/* u64: written by the guest */
	VSERIAL_A_PORT_RX_BYTES,	/* u64: given to the guest */
	VSERIAL_A_PORT_DROPPED_BYTES,	/* u64: both directions */
	VSERIAL_A_PORT_TX_UNREAD,	/* u32: bytes the backing has yet to take */
	VSERIAL_A_PORT_RX_UNREAD,	/* u32: bytes the guest has yet to take */
	VSERIAL_A_PORT_LINES,		/* u32: TIOCM_* as the guest sees them */
	VSERIAL_A_PORT_BREAK,		/* u32: breaks received, as TIOCGICOUNT */
	VSERIAL_A_PORT_FRAME,		/* u32: framing errors received */
	VSERIAL_A_PORT_PARITY,		/* u32: parity errors received */
	VSERIAL_A_PORT_OVERRUN,		/* u32: overruns received */

	__VSERIAL_A_PORT_MAX
};

#define VSERIAL_A_PORT_MAX (__VSERIAL_A_PORT_MAX - 1)

/**
 * enum vserial_overflow - what happens to output when the ring is full
 * @VSERIAL_OVERFLOW_BLOCK: the guest waits while the peer takes bytes
 * @VSERIAL_OVERFLOW_DROP_OLD: the oldest bytes make room
 * @VSERIAL_OVERFLOW_DROP_NEW: what does not fit is discarded
 */
enum vserial_overflow {
	VSERIAL_OVERFLOW_BLOCK,
	VSERIAL_OVERFLOW_DROP_OLD,
	VSERIAL_OVERFLOW_DROP_NEW,
};

/**
 * enum vserial_carrier - what the guest sees on CTS, DSR and DCD
 * @VSERIAL_CARRIER_AUTO: the far end's lines where it has any, else asserted
 * @VSERIAL_CARRIER_ALWAYS: asserted
 * @VSERIAL_CARRIER_PEER: asserted while a peer is connected
 */
enum vserial_carrier {
	VSERIAL_CARRIER_AUTO,
	VSERIAL_CARRIER_ALWAYS,
	VSERIAL_CARRIER_PEER,
};

/**
 * enum vserial_state - how a port stands with its backing
 * @VSERIAL_STATE_NOT_CONNECTED: switched off, or left by its peer for good
 * @VSERIAL_STATE_LISTENING: a server waits for a client
 * @VSERIAL_STATE_CONNECTING: a client is dialling
 * @VSERIAL_STATE_CONNECTED: bytes flow
 * @VSERIAL_STATE_RECOVERABLE_ERROR: will come back by itself
 * @VSERIAL_STATE_UNRECOVERABLE_ERROR: somebody has to change something
 */
enum vserial_state {
	VSERIAL_STATE_NOT_CONNECTED,
	VSERIAL_STATE_LISTENING,
	VSERIAL_STATE_CONNECTING,
	VSERIAL_STATE_CONNECTED,
	VSERIAL_STATE_RECOVERABLE_ERROR,
	VSERIAL_STATE_UNRECOVERABLE_ERROR,
};

#endif /* _UAPI_LINUX_VSERIAL_H */
