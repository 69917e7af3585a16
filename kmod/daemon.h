/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * daemon: backings that the daemon serves, and who that is
 */
#ifndef _VSERIAL_DAEMON_H
#define _VSERIAL_DAEMON_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/uidgid.h>

#include "backing.h"
#include "channel.h"
#include "guest.h"

struct sock;
struct vserial_handing;
struct vserial_helper;
struct vserial_port;
struct vserial_reason;

/**
 * struct vserial_terms - what the daemon has to know besides the specification
 * @endpoint: enum vserial_endpoint
 * @max_clients: peers at a time
 * @idle_timeout: seconds, 0: for ever
 * @power: the guest has the port open
 * @migration: enum vserial_migration, while the port is held
 * @handover: enum vserial_handover
 * @lines: TIOCM_* that it drives
 * @speed: bits/s that it has set, 0: it has hung up, or never did
 * @cflag: c_cflag of its termios, but for the speed
 * @uid: the guest's owner, or INVALID_UID
 * @gid: its group
 * @uuid: the guest's, by enum vserial_guest_uuid
 *
 * Compared as bytes, so that all of it is zeroed first.
 */
struct vserial_terms {
	u32 endpoint;
	u32 max_clients;
	u32 idle_timeout;
	u32 power;
	u32 migration;
	u32 handover;
	u32 lines;
	u32 speed;
	u32 cflag;
	kuid_t uid;
	kgid_t gid;
	uuid_t uuid[VSERIAL_UUIDS];
};

/**
 * struct vserial_standing - how a backing stands, as the daemon reports it
 * @state: enum vserial_state
 * @why: one sentence, or ""
 * @peer: who is at the far end, or ""
 * @has_lines: the peer drives lines
 * @lines: TIOCM_* that it drives
 * @handing: what its concentrator said of a migration, or NULL
 */
struct vserial_standing {
	u32 state;
	const char *why;
	const char *peer;
	bool has_lines;
	u32 lines;
	const struct vserial_handing *handing;
};

/**
 * struct vserial_serving - a backing's place on the daemon's socket
 * @link: its bytes there
 * @helper: the backing
 * @rcu: frees it
 */
struct vserial_serving {
	struct vserial_link link;
	struct vserial_helper *helper;
	struct rcu_head rcu;
};

/**
 * struct vserial_helper - a backing that the daemon serves
 * @b: the common part
 * @node: in vserial_helpers while it is started; this and what follows is
 *	guarded by vserial_daemon_lock
 * @serving: NULL while nobody serves it; read under RCU, too
 * @stopping: the daemon is asked to let go of it
 * @input: offset of the next byte of input, while nobody serves it
 * @terms: as the daemon was told
 */
struct vserial_helper {
	struct vserial_backing b;
	struct list_head node;
	struct vserial_serving *serving;
	bool stopping;
	u64 input;
	struct vserial_terms terms;
};

extern struct mutex vserial_daemon_lock;
extern struct list_head vserial_helpers;
extern unsigned int vserial_helpers_generation;

int vserial_daemon_init(void);
void vserial_daemon_exit(void);
int vserial_daemon_register(struct sock *sk, u32 portid, pid_t pid,
			    struct vserial_reason *reason);
bool vserial_daemon_is(const struct sock *sk);
struct vserial_port *vserial_daemon_port(u32 id, struct vserial_reason *reason);
int vserial_daemon_report(u32 id, const struct vserial_standing *standing,
			  struct vserial_reason *reason);

#endif /* _VSERIAL_DAEMON_H */
