/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * session: somebody who is attached to a port
 */
#ifndef _VSERIAL_SESSION_H
#define _VSERIAL_SESSION_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/time64.h>
#include <linux/uidgid.h>
#include <linux/workqueue.h>

#include "channel.h"
#include "port.h"
#include "program.h"
#include "reader.h"
#include "reason.h"
#include "ruleset.h"

struct sock;
struct vserial_port;
struct vserial_session_tap;

/**
 * struct vserial_caller - who wants to attach
 * @sk: its socket
 * @portid: the socket's address
 * @admin: it has CAP_SYS_ADMIN
 * @uid: its user
 * @pid: its process
 * @peer: its name
 * @backing: it is a peer of this backing of the daemon; 0: it is local
 * @force: it wants to be the writer now
 * @read_only: it never wants to
 * @capture: it wants all that goes over the cable, with the time; then it is
 *	@read_only, too
 */
struct vserial_caller {
	struct sock *sk;
	u32 portid;
	bool admin;
	kuid_t uid;
	pid_t pid;
	const char *peer;
	u32 backing;
	bool force;
	bool read_only;
	bool capture;
};

/**
 * struct vserial_session - somebody who is attached to a port
 * @link: its bytes on its socket; a peer of the daemon moves none
 * @reader: its place in the port's output
 * @tap: what it captures, instead of the output; NULL: nothing
 * @node: in vserial_sessions, in order of arrival
 * @port: the port, with a reference on its device
 * @owner: it may attach because its user owns the guest
 * @read_only: it is never the writer
 * @program: who attached
 * @verdict: what the guest's rules say of that
 * @mute: ... its input is refused
 * @deaf: ... it gets no output
 * @writer: it is the port's writer; changed under vserial_sessions_lock
 * @quiet: its socket need not be told that it ended
 * @backing: as in struct vserial_caller
 * @uid: its user
 * @pid: its process, in the initial namespace
 * @since: when it began
 * @offset: of the first byte it was given
 * @peer: its name
 * @reason: why it changed last
 * @release: frees it after an RCU grace period
 */
struct vserial_session {
	struct vserial_link link;
	struct vserial_reader reader;
	struct vserial_session_tap *tap;
	struct list_head node;
	struct vserial_port *port;
	bool owner;
	bool read_only;
	struct vserial_program program;
	struct vserial_verdict verdict;
	bool mute;
	bool deaf;
	bool writer;
	bool quiet;
	u32 backing;
	kuid_t uid;
	pid_t pid;
	time64_t since;
	u64 offset;
	char peer[VSERIAL_PEER_SIZE];
	struct vserial_reason reason;
	struct rcu_work release;
};

extern struct mutex vserial_sessions_lock;
extern struct list_head vserial_sessions;
extern unsigned int vserial_sessions_generation;

int vserial_session_init(void);
void vserial_session_exit(void);

int vserial_session_attach(struct vserial_port *port,
			   const struct vserial_caller *who, u32 *id,
			   struct vserial_reason *reason);
void vserial_session_start(u32 id);
int vserial_session_kick(u32 id, const struct vserial_caller *who,
			 struct vserial_reason *reason);
int vserial_session_resize(u32 id, const struct sock *sk, unsigned int rows,
			   unsigned int columns, struct vserial_reason *reason);
void vserial_session_closed(u32 id);
struct vserial_session *vserial_session_find(u32 id,
					     struct vserial_reason *reason);

/* session_link.c */
void vserial_session_link_setup(struct vserial_session *s);
int vserial_session_may_write(const struct vserial_session *s,
			      struct vserial_reason *reason);

/* session_turn.c, with vserial_sessions_lock */
void vserial_session_promote(const struct vserial_port *port);
void vserial_session_take_over(struct vserial_session *s);
void vserial_session_turn(struct vserial_session *s);

#endif /* _VSERIAL_SESSION_H */
