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
 * and *_DEL need CAP_SYS_ADMIN in the initial user namespace; *_CONNECT,
 * *_DISCONNECT, *_BREAK, *_HISTORY and sessions also belong to the guest's
 * owner.  The acknowledgement arrives when the work is done, so for a file
 * backing after the file was opened; ask for it with NLM_F_ACK.  A request does
 * everything it asks for, or refuses and changes nothing.
 *
 * Refusals.  The extended acknowledgement (NETLINK_EXT_ACK) of a refusal
 * carries NLMSGERR_ATTR_MSG, one sentence naming the value and the rule.
 * An attribute that is unknown, not the command's, or given twice, refuses the
 * request.
 *
 * Sessions.  A socket that SESSION_NEW attaches to a port is given the guest's
 * output and may write to it, as if its user sat at the far end of the cable
 * beside the backing.  Each of these is a session, and so is each peer that
 * the daemon serves.  Of all sessions of a port one writes and the others
 * read: the first that can, until it ends or another takes over by force; then
 * the one that has waited longest.  A session ends with SESSION_DEL, with its
 * socket, or with the port; its socket is told by SESSION_DEL_NTF unless it
 * asked for it.  A socket has one session a port; asked for again it is changed,
 * e.g. to take over by force.  Attaching belongs to the guest's owner too, like *_CONNECT.
 *
 * Captures.  A session that is asked for with CAPTURE is given, instead of the
 * guest's output, what goes over the cable either way from then on, with the
 * time: the bytes of its DATA_NTF, which its offsets count, are records, each
 * struct vserial_record_head and the bytes that it tells of.  It never writes.
 *
 * Data.  DATA_NTF carries output to an attached socket: bytes in the order of
 * their offsets, counted from the port's creation, each message with either
 * bytes or a marker.  An offset that jumps ahead says how much was lost.  A
 * socket holds credit: DATA_NTF tells with CREDIT how many bytes of the
 * socket's receive buffer its messages have taken so far, and the socket gives
 * that number back with DATA_ACK when it has read them.  What is neither given
 * back nor free, half of SO_RCVBUF, is not filled; the rest of the buffer is
 * for other answers.  DATA_ACK with OFFSET says up to where a session's bytes
 * are settled; more than 64 KiB are not sent ahead of that.
 *
 * DATA carries input, with an offset that counts what the session has sent;
 * for a backing it goes on from one daemon to the next (BACKING_INPUT).
 * The kernel takes what the guest has room for; if that is not all, the request
 * is refused with EAGAIN, and so is what runs ahead of it.  As soon as there is
 * room DATA_ROOM_NTF tells from which offset on to send again.  What was taken
 * before is skipped.  WINDOW_ROWS and _COLUMNS, the size of the writer's
 * terminal, travel in a message of their own.
 *
 * The daemon.  One socket with CAP_SYS_ADMIN registers by DAEMON_NEW and serves
 * the backings that the kernel cannot: network, Unix sockets, printers.  It is
 * told of each by BACKING_NTF when it is connected, and again when its guest is
 * powered on or off or its settings change, those of the guest's terminal among
 * them; a dump of BACKING_GET tells all.
 * Its BACKING_ID takes a session's place in DATA, and output flows while the
 * daemon reports VSERIAL_STATE_CONNECTED; what was sent since the last such
 * report and is not settled is sent again after the next.  It announces each
 * peer by SESSION_NEW with BACKING and PEER; these sessions move no data, but
 * say who of them writes, and the size of that one's terminal goes by its
 * number.  Where the peer has lines a report tells how they are: the guest sees
 * them as behind a null modem.  At BACKING_DEL_NTF it settles what reached a peer and reports
 * VSERIAL_STATE_NOT_CONNECTED; the kernel waits for that for a moment.
 * When the socket is closed all that it held is undone.
 *
 * Migration.  GUEST_MIGRATE takes a guest one step: OUTGOING holds all its ports.
 * What the guest wrote stays in the ring and it can write no more, input is kept,
 * each connected concentrator is asked to hand over, and any other peer of the
 * daemon has a moment to take what is on its way to it (HANDOVER).  PORT_RETURN
 * gives back what its tty still held, which the module reads of TTY, so that
 * nobody can be ended between the two; or what the sender has read of it.
 * Then PORT_STATE_GET tells a port's state in pieces: offsets, unread bytes,
 * history, lines.  On the other host INCOMING marks a guest that is off:
 * opening a port powers nothing on and input waits; PORT_STATE_SET takes the
 * pieces in order and, with the last, the state, all of it or nothing.
 * LEAVING decides: it is taken or refused, whatever the limit does at that
 * moment, and from then on only COMPLETED or ABORTED end OUTGOING.  ARRIVING
 * has concentrators send input to the new host, where it waits; PARTING has
 * what they had sent to the old one read to its end.  A state that is taken
 * once more behind that, and set, adds that input to what is there.  COMPLETED
 * lets a guest run here after INCOMING, and after OUTGOING lets go of all that
 * has moved; ABORTED undoes either.  A guest that is OUTGOING still when its
 * limit is over aborts by itself.  A step that has been taken may be asked for
 * again.  All of it needs CAP_SYS_ADMIN, and a state is judged as what a
 * stranger sent.
 *
 * UARTs.  A dump of UART_GET tells the host's serial ports that a backing
 * "uart:PATH" could name, who has each, and why not if none could have it.
 *
 * Services.  What a guest may reach, and who may reach it, are services: each
 * kind of backing, the console, the commands that operate a port, and the
 * opening of a device.  A guest's rules allow and deny them, in ascending rank,
 * and the first that matches decides; what none speaks of is allowed, or denied
 * by a parameter of the module.  Rules bind everybody, and apply to what is
 * connected already as soon as SERVICE_NEW or SERVICE_DEL is acknowledged: what
 * is denied in each of its directions ends, or does not begin (EACCES; a backing
 * has VSERIAL_STATE_UNRECOVERABLE_ERROR until it is allowed again); what is
 * denied in one of two goes on in the other.  SERVICE_TEST tells what would be
 * decided and by which rule: without RANK it is by none.
 *
 * Events.  The multicast group "events" carries an object as *_GET would,
 * whenever it was added or changed (VSERIAL_CMD_*_NTF), and its names when it
 * was removed (VSERIAL_CMD_*_DEL_NTF).  Changes that follow each other faster
 * than they can be sent are told as one.
 */
#ifndef _UAPI_LINUX_VSERIAL_H
#define _UAPI_LINUX_VSERIAL_H

#include <linux/types.h>

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
/* The most peers a listener may take at a time. */
#define VSERIAL_MAX_CLIENTS_MAX	32
/* The longest idle timeout, in seconds. */
#define VSERIAL_IDLE_TIMEOUT_MAX	604800
/* The most service rules of a guest. */
#define VSERIAL_RULES_MAX	256
/* The longest path of a rule's executable, without its NUL. */
#define VSERIAL_EXE_MAX		255
/* How long a guest that leaves is held at most, in milliseconds, unless it says so. */
#define VSERIAL_MIGRATION_LIMIT_DEFAULT	5000
#define VSERIAL_MIGRATION_LIMIT_MAX	3600000
/* The longest sequence and secret of a hand-over. */
#define VSERIAL_HANDOVER_MAX	256
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

	VSERIAL_CMD_PORT_BREAK,		/* PORT: GUEST, INDEX, optional BREAK_LENGTH */
	VSERIAL_CMD_PORT_HISTORY,	/* dump; PORT: GUEST, INDEX */

	VSERIAL_CMD_SESSION_NEW,	/* SESSION: GUEST, INDEX; FORCE, READ_ONLY or CAPTURE */
	VSERIAL_CMD_SESSION_DEL,	/* SESSION: ID */
	VSERIAL_CMD_SESSION_GET,	/* SESSION: ID; or dump */
	VSERIAL_CMD_SESSION_NTF,	/* event: added or changed */
	VSERIAL_CMD_SESSION_DEL_NTF,	/* event: ended */

	VSERIAL_CMD_DATA,		/* DATA: SESSION, OFFSET; BYTES, BREAK or WINDOW_* */
	VSERIAL_CMD_DATA_ACK,		/* DATA: CREDIT, SESSION and OFFSET */
	VSERIAL_CMD_DATA_NTF,		/* to a session's socket: output */
	VSERIAL_CMD_DATA_ROOM_NTF,	/* to a session's socket: send from OFFSET on */

	VSERIAL_CMD_DAEMON_NEW,		/* this socket is the daemon's */
	VSERIAL_CMD_BACKING_GET,	/* dump of BACKING: those the daemon serves */
	VSERIAL_CMD_BACKING_NTF,	/* to the daemon: serve this, or it changed */
	VSERIAL_CMD_BACKING_DEL_NTF,	/* to the daemon: let go of it */
	VSERIAL_CMD_BACKING_REPORT,	/* BACKING: ID, STATE, optional REASON, PEER, LINES */

	VSERIAL_CMD_UART_GET,		/* dump of UART: those of the host */

	VSERIAL_CMD_SERVICE_NEW,	/* SERVICE: GUEST, RANK, ACTION, SERVICE, optional others */
	VSERIAL_CMD_SERVICE_DEL,	/* SERVICE: GUEST, RANK */
	VSERIAL_CMD_SERVICE_GET,	/* dump of SERVICE, optional GUEST: rules in order */
	VSERIAL_CMD_SERVICE_TEST,	/* SERVICE: GUEST, SERVICE, optional others */
	VSERIAL_CMD_SERVICE_NTF,	/* event: a rule was added */
	VSERIAL_CMD_SERVICE_DEL_NTF,	/* event: a rule was removed */

	VSERIAL_CMD_GUEST_MIGRATE,	/* GUEST: NAME, MIGRATION, optional MIGRATION_LIMIT */
	VSERIAL_CMD_PORT_RETURN,	/* PORT: GUEST, INDEX, optional TTY or STATE_BYTES */
	VSERIAL_CMD_PORT_STATE_GET,	/* dump; PORT: GUEST, INDEX */
	VSERIAL_CMD_PORT_STATE_SET,	/* PORT: GUEST, INDEX, STATE_SIZE, _OFFSET, _BYTES */

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
	VSERIAL_A_GUEST_MIGRATION,	/* u32: enum vserial_migration */
	VSERIAL_A_GUEST_MIGRATION_LIMIT, /* u32: ms; a setting, with GUEST_MIGRATE of this step */

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

	/* settings */
	VSERIAL_A_PORT_LOG,		/* string: a file specification, empty: none */
	VSERIAL_A_PORT_RATE,		/* u32: bytes/s each way, 0: no limit */
	VSERIAL_A_PORT_DIRECTION,	/* u32: enum vserial_direction */

	VSERIAL_A_PORT_BREAK_LENGTH,	/* u32: ms, with PORT_BREAK */

	/* read-only */
	VSERIAL_A_PORT_LOG_REASON,	/* string: why the log fails, if it does */
	VSERIAL_A_PORT_LOG_DROPPED,	/* u64: bytes the log lost */

	/* settings */
	VSERIAL_A_PORT_ENDPOINT,	/* u32: enum vserial_endpoint */
	VSERIAL_A_PORT_MAX_CLIENTS,	/* u32: peers a listener takes at a time */
	VSERIAL_A_PORT_IDLE_TIMEOUT,	/* u32: s without a byte, 0: for ever */

	/* answers to PORT_HISTORY */
	VSERIAL_A_PORT_HISTORY_OFFSET,	/* u64: of the first byte */
	VSERIAL_A_PORT_HISTORY_BYTES,	/* binary */

	VSERIAL_A_PORT_YIELD_ON_POLL,	/* u8: 0 or 1, a setting */
	VSERIAL_A_PORT_POLLS,		/* u64, read-only: that found nothing */
	VSERIAL_A_PORT_PROXY,		/* string: a concentrator's URI, empty: none; a setting */

	/* migration */
	VSERIAL_A_PORT_HANDOVER,	/* u32, read-only: enum vserial_handover */
	VSERIAL_A_PORT_HANDOVER_REASON,	/* string, read-only: why it is refused */
	VSERIAL_A_PORT_STATE_SIZE,	/* u32: of all of it */
	VSERIAL_A_PORT_STATE_OFFSET,	/* u32: of the first byte of STATE_BYTES */
	VSERIAL_A_PORT_STATE_BYTES,	/* binary */
	VSERIAL_A_PORT_TTY,		/* u32: a descriptor of its tty, open without blocking */

	__VSERIAL_A_PORT_MAX
};

#define VSERIAL_A_PORT_MAX (__VSERIAL_A_PORT_MAX - 1)

enum {
	VSERIAL_A_SESSION_UNSPEC,
	VSERIAL_A_SESSION_PAD,
	VSERIAL_A_SESSION_ID,		/* u32: unique while the module is loaded */
	VSERIAL_A_SESSION_GUEST,	/* string: the port's guest */
	VSERIAL_A_SESSION_INDEX,	/* u32: the port's index */
	VSERIAL_A_SESSION_FORCE,	/* flag: be the writer now */
	VSERIAL_A_SESSION_READ_ONLY,	/* flag: never be the writer */
	VSERIAL_A_SESSION_WRITER,	/* u8: 1 if it is the writer */
	VSERIAL_A_SESSION_PEER,		/* string: who and from where */
	VSERIAL_A_SESSION_UID,		/* u32: the user who attached */
	VSERIAL_A_SESSION_PID,		/* u32: the process that attached */
	VSERIAL_A_SESSION_SINCE,	/* u64: seconds since 1970 */
	VSERIAL_A_SESSION_OFFSET,	/* u64: of the first byte it is given */
	VSERIAL_A_SESSION_REASON,	/* string: why it ended or changed */
	VSERIAL_A_SESSION_BACKING,	/* u32: the backing whose peer it is */
	VSERIAL_A_SESSION_CAPTURE,	/* flag: all that goes over the cable, with the time */

	__VSERIAL_A_SESSION_MAX
};

#define VSERIAL_A_SESSION_MAX (__VSERIAL_A_SESSION_MAX - 1)

enum {
	VSERIAL_A_DATA_UNSPEC,
	VSERIAL_A_DATA_PAD,
	VSERIAL_A_DATA_SESSION,		/* u32: SESSION_ID, or the daemon's BACKING_ID */
	VSERIAL_A_DATA_OFFSET,		/* u64: of the first byte, or of what follows the marker */
	VSERIAL_A_DATA_BYTES,		/* binary */
	VSERIAL_A_DATA_CREDIT,		/* u64: receive buffer taken so far */
	VSERIAL_A_DATA_BREAK,		/* u32: a break; ms, 0: not known */
	VSERIAL_A_DATA_LINES,		/* u32: TIOCM_* that the guest now drives; only told */
	VSERIAL_A_DATA_ERROR,		/* u32: enum vserial_line_error */
	VSERIAL_A_DATA_WINDOW_ROWS,	/* u32: of the writer's terminal */
	VSERIAL_A_DATA_WINDOW_COLUMNS,	/* u32 */

	__VSERIAL_A_DATA_MAX
};

#define VSERIAL_A_DATA_MAX (__VSERIAL_A_DATA_MAX - 1)

enum {
	VSERIAL_A_BACKING_UNSPEC,
	VSERIAL_A_BACKING_PAD,
	VSERIAL_A_BACKING_ID,		/* u32: never a session's */
	VSERIAL_A_BACKING_GUEST,	/* string: the port's guest */
	VSERIAL_A_BACKING_INDEX,	/* u32: the port's index */
	VSERIAL_A_BACKING_SPEC,		/* string: what to serve */
	VSERIAL_A_BACKING_ENDPOINT,	/* u32: enum vserial_endpoint, as the port has it */
	VSERIAL_A_BACKING_MAX_CLIENTS,	/* u32 */
	VSERIAL_A_BACKING_IDLE_TIMEOUT,	/* u32: s, 0: for ever */
	VSERIAL_A_BACKING_UID,		/* u32: the guest's owner, if there is one */
	VSERIAL_A_BACKING_GID,		/* u32: the owner's group */
	VSERIAL_A_BACKING_POWER,	/* u8: 1 while the guest has the port open */
	VSERIAL_A_BACKING_OFFSET,	/* u64: of the first byte it is given */
	VSERIAL_A_BACKING_STATE,	/* u32: enum vserial_state */
	VSERIAL_A_BACKING_REASON,	/* string: one sentence */
	VSERIAL_A_BACKING_PEER,		/* string: who is at the far end */
	VSERIAL_A_BACKING_END,		/* u64: behind the last byte the guest wrote */
	VSERIAL_A_BACKING_INPUT,	/* u64: of the next byte of input; daemons go on counting */
	VSERIAL_A_BACKING_LINES,	/* u32: TIOCM_* that the guest drives, or the peer */
	VSERIAL_A_BACKING_SPEED,	/* u32: bits/s, if the guest has set them */
	VSERIAL_A_BACKING_CFLAG,	/* u32: with SPEED: the rest of its c_cflag */
	VSERIAL_A_BACKING_PROXY,	/* string: the concentrator to be dialled, if any */
	VSERIAL_A_BACKING_UUID,		/* binary 16: the guest's BIOS UUID, if it has one */
	VSERIAL_A_BACKING_VC_UUID,	/* binary 16: its instance UUID */
	VSERIAL_A_BACKING_LOCATION_UUID, /* binary 16 */
	VSERIAL_A_BACKING_MIGRATION,	/* u32: enum vserial_migration, while the port is held */
	VSERIAL_A_BACKING_HANDOVER,	/* u32: enum vserial_handover, if there is one */
	VSERIAL_A_BACKING_HANDOVER_REASON, /* string: why it is refused */
	VSERIAL_A_BACKING_HANDOVER_BLOB, /* binary: sequence and secret */
	VSERIAL_A_BACKING_HANDOVER_SEQUENCE, /* u32: how many bytes of it are the sequence */
	VSERIAL_A_BACKING_MIGRATION_LIMIT, /* u32: ms; how long a concentrator may take to answer */

	__VSERIAL_A_BACKING_MAX
};

#define VSERIAL_A_BACKING_MAX (__VSERIAL_A_BACKING_MAX - 1)

enum {
	VSERIAL_A_UART_UNSPEC,
	VSERIAL_A_UART_PAD,
	VSERIAL_A_UART_PATH,		/* string: the device, as in uart:PATH */
	VSERIAL_A_UART_HARDWARE,	/* string: what it is, and where */
	VSERIAL_A_UART_HOLDER,		/* string: who has it; absent: nobody */
	VSERIAL_A_UART_REASON,		/* string: why no port can have it */

	__VSERIAL_A_UART_MAX
};

#define VSERIAL_A_UART_MAX (__VSERIAL_A_UART_MAX - 1)

enum {
	VSERIAL_A_SERVICE_UNSPEC,
	VSERIAL_A_SERVICE_PAD,
	VSERIAL_A_SERVICE_GUEST,	/* string: the guest whose rule it is */
	VSERIAL_A_SERVICE_RANK,		/* u32: its place; no two have the same */
	VSERIAL_A_SERVICE_ACTION,	/* u32: enum vserial_action */
	VSERIAL_A_SERVICE_SERVICE,	/* u32: enum vserial_service */
	VSERIAL_A_SERVICE_DIRECTION,	/* u32: enum vserial_towards; absent: any */
	VSERIAL_A_SERVICE_PORT,		/* u32: the first network port; absent: any */
	VSERIAL_A_SERVICE_PORT_LAST,	/* u32: the last; absent: PORT alone */
	VSERIAL_A_SERVICE_UID,		/* u32: the user who asks; absent: any */
	VSERIAL_A_SERVICE_EXE,		/* string: the program that asks; absent: any */
	VSERIAL_A_SERVICE_HITS,		/* u64, read-only: how often it decided */

	__VSERIAL_A_SERVICE_MAX
};

#define VSERIAL_A_SERVICE_MAX (__VSERIAL_A_SERVICE_MAX - 1)

/**
 * enum vserial_service - what a service rule is about
 * @VSERIAL_SERVICE_ANY: all there is
 * @VSERIAL_SERVICE_HYPERVISOR: opening a port's device, as a VMM does
 * @VSERIAL_SERVICE_MODULE: every backing, null and loopback too
 * @VSERIAL_SERVICE_APPLICATION: local programs: console and control
 * @VSERIAL_SERVICE_UART: a UART of the host
 * @VSERIAL_SERVICE_FILE: output to a file; a port's log is no service
 * @VSERIAL_SERVICE_PIPE: a pipe, to a guest or to an application
 * @VSERIAL_SERVICE_PRINTER: a printer
 * @VSERIAL_SERVICE_NET_SERVER: the network, listening
 * @VSERIAL_SERVICE_NET_CLIENT: the network, dialling
 * @VSERIAL_SERVICE_VSPC: a concentrator
 * @VSERIAL_SERVICE_VSOCK: vsock, either way
 * @VSERIAL_SERVICE_CONSOLE: attaching to a port, and reading its history
 * @VSERIAL_SERVICE_CONTROL: connecting and disconnecting a port, sending it a
 *	break, ending another's session
 */
enum vserial_service {
	VSERIAL_SERVICE_ANY,
	VSERIAL_SERVICE_HYPERVISOR,
	VSERIAL_SERVICE_MODULE,
	VSERIAL_SERVICE_APPLICATION,
	VSERIAL_SERVICE_UART,
	VSERIAL_SERVICE_FILE,
	VSERIAL_SERVICE_PIPE,
	VSERIAL_SERVICE_PRINTER,
	VSERIAL_SERVICE_NET_SERVER,
	VSERIAL_SERVICE_NET_CLIENT,
	VSERIAL_SERVICE_VSPC,
	VSERIAL_SERVICE_VSOCK,
	VSERIAL_SERVICE_CONSOLE,
	VSERIAL_SERVICE_CONTROL,
};

/**
 * enum vserial_action - what a service rule does
 * @VSERIAL_ACTION_ALLOW: allow
 * @VSERIAL_ACTION_DENY: deny
 */
enum vserial_action {
	VSERIAL_ACTION_ALLOW,
	VSERIAL_ACTION_DENY,
};

/**
 * enum vserial_towards - where what a service rule is about goes to
 * @VSERIAL_TOWARDS_ANY: either way
 * @VSERIAL_TOWARDS_GUEST: to the guest: input and commands
 * @VSERIAL_TOWARDS_HOST: to the host: the guest's output
 */
enum vserial_towards {
	VSERIAL_TOWARDS_ANY,
	VSERIAL_TOWARDS_GUEST,
	VSERIAL_TOWARDS_HOST,
};

/**
 * enum vserial_endpoint - who calls whom on a network
 * @VSERIAL_ENDPOINT_AUTO: a server where the specification has no host
 * @VSERIAL_ENDPOINT_SERVER: the port listens
 * @VSERIAL_ENDPOINT_CLIENT: the port dials while its guest is on
 */
enum vserial_endpoint {
	VSERIAL_ENDPOINT_AUTO,
	VSERIAL_ENDPOINT_SERVER,
	VSERIAL_ENDPOINT_CLIENT,
};

/**
 * enum vserial_direction - which way bytes may go
 * @VSERIAL_DIRECTION_BOTH: both ways
 * @VSERIAL_DIRECTION_OUT: out of the guest only
 * @VSERIAL_DIRECTION_IN: into the guest only
 */
enum vserial_direction {
	VSERIAL_DIRECTION_BOTH,
	VSERIAL_DIRECTION_OUT,
	VSERIAL_DIRECTION_IN,
};

/**
 * enum vserial_line_error - what went wrong with a byte on a real line
 * @VSERIAL_LINE_ERROR_FRAME: framing
 * @VSERIAL_LINE_ERROR_PARITY: parity
 * @VSERIAL_LINE_ERROR_OVERRUN: bytes were lost
 */
enum vserial_line_error {
	VSERIAL_LINE_ERROR_FRAME,
	VSERIAL_LINE_ERROR_PARITY,
	VSERIAL_LINE_ERROR_OVERRUN,
};

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

/**
 * enum vserial_record - what went over a cable
 * @VSERIAL_RECORD_OUTPUT: bytes that the guest wrote, dropped or not
 * @VSERIAL_RECORD_INPUT: bytes that were taken for the guest
 * @VSERIAL_RECORD_OUTPUT_BREAK: a break of the guest's
 * @VSERIAL_RECORD_INPUT_BREAK: a break for the guest
 * @VSERIAL_RECORD_INPUT_ERROR: a byte for the guest was in error
 * @VSERIAL_RECORD_LINES: the lines as the guest sees them, when they change and
 *	at first
 */
enum vserial_record {
	VSERIAL_RECORD_OUTPUT,
	VSERIAL_RECORD_INPUT,
	VSERIAL_RECORD_OUTPUT_BREAK,
	VSERIAL_RECORD_INPUT_BREAK,
	VSERIAL_RECORD_INPUT_ERROR,
	VSERIAL_RECORD_LINES,
};

/**
 * struct vserial_record_head - the head of a record of a session with CAPTURE
 * @time: when, in nanoseconds since 1970
 * @type: enum vserial_record
 * @arg: of a break its length in ms, 0 if not known; enum vserial_line_error;
 *	or TIOCM_* lines
 * @length: how many bytes follow it
 * @lost: how many bytes of either way were lost before it, because nobody took
 *	what had been captured
 */
struct vserial_record_head {
	__u64 time;
	__u32 type;
	__u32 arg;
	__u32 length;
	__u32 lost;
};

/**
 * enum vserial_migration - where a guest stands between two hosts
 * @VSERIAL_MIGRATION_NONE: it never moved
 * @VSERIAL_MIGRATION_INCOMING: it is expected here, and its ports are held
 * @VSERIAL_MIGRATION_OUTGOING: it is about to leave, and its ports are held
 * @VSERIAL_MIGRATION_COMPLETED: it came, or has left
 * @VSERIAL_MIGRATION_ABORTED: it stayed where it was
 * @VSERIAL_MIGRATION_LEAVING: behind OUTGOING: it does not go on here by itself
 *	any more, however long it is held
 * @VSERIAL_MIGRATION_PARTING: behind LEAVING: its peers are let go of, and what
 *	they have sent until then is read (HANDOVER: ENDING, then ENDED)
 * @VSERIAL_MIGRATION_ARRIVING: behind INCOMING: concentrators are told that it is
 *	here (likewise); its ports are held still
 */
enum vserial_migration {
	VSERIAL_MIGRATION_NONE,
	VSERIAL_MIGRATION_INCOMING,
	VSERIAL_MIGRATION_OUTGOING,
	VSERIAL_MIGRATION_COMPLETED,
	VSERIAL_MIGRATION_ABORTED,
	VSERIAL_MIGRATION_LEAVING,
	VSERIAL_MIGRATION_PARTING,
	VSERIAL_MIGRATION_ARRIVING,
};

/**
 * enum vserial_handover - how a port's concentrator takes part in a migration
 * @VSERIAL_HANDOVER_NONE: there is none, or the port is not connected to it
 * @VSERIAL_HANDOVER_ASKED: the daemon has asked it, or is about to; of any other
 *	peer: it has not got yet what is on its way
 * @VSERIAL_HANDOVER_GRANTED: it goes ahead; any other peer has got it, or does not
 *	take it
 * @VSERIAL_HANDOVER_REFUSED: it does not
 * @VSERIAL_HANDOVER_ENDING: where the guest was, its connection is being ended; where
 *	it arrives, it is about to be told so
 * @VSERIAL_HANDOVER_ENDED: that is done, and all that it had sent has been read
 */
enum vserial_handover {
	VSERIAL_HANDOVER_NONE,
	VSERIAL_HANDOVER_ASKED,
	VSERIAL_HANDOVER_GRANTED,
	VSERIAL_HANDOVER_REFUSED,
	VSERIAL_HANDOVER_ENDING,
	VSERIAL_HANDOVER_ENDED,
};

#endif /* _UAPI_LINUX_VSERIAL_H */
