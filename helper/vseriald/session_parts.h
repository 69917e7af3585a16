/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of a session call of each other.  Each calls those above it
 * here, and none below, but that session_migration lets go of peers:
 *
 *   session_state  session_output  session_input  session_migration  session_peers
 *   session_server, session_client and session_printer  session_handover  session
 */
#ifndef VSERIALD_SESSION_PARTS_H
#define VSERIALD_SESSION_PARTS_H

#include "session.h"

struct arrival_handler;

#define SESSION_SECOND 1000000ull

/* session_state.c */

/** session_any_live() - whether any peer is given output, or will be. */
bool session_any_live(const struct session *session);

/** session_writing_peer() - the peer whose input goes to the guest, or NULL. */
struct peer *session_writing_peer(const struct session *session);

/** session_report() - tell the kernel what has changed; @confirm as kport_report(), then always. */
void session_report(struct session *session, bool confirm);

/**
 * session_report_handover() - tell the kernel what a concentrator has said
 * @session: the backing
 * @news: @handover and what follows it there
 */
void session_report_handover(struct session *session, const struct kport_standing *news);

/** session_set_fault() - something is wrong: VSERIAL_STATE_*_ERROR, and why. */
__attribute__((format(printf, 3, 4)))
void session_set_fault(struct session *session, uint32_t fault, const char *format, ...);

/* session_output.c */

/** session_restart_ring() - nobody needs what is in it; it comes again from the settled offset. */
void session_restart_ring(struct session *session);

/** session_start_flow() - have output sent, if there is a peer for it, and then history. */
void session_start_flow(struct session *session);

/** session_stop_flow() - have none sent. */
void session_stop_flow(struct session *session);

/** session_ask() - have session_confirmed() called when the kernel has done all of before. */
void session_ask(struct session *session);

/**
 * session_release_held() - output begins, which tells who needs its history
 * @session: the backing
 * @offset: of the first byte; a peer whose history begins behind it needs none
 */
void session_release_held(struct session *session, uint64_t offset);

/** session_settle() - tell the kernel what has been delivered. */
void session_settle(struct session *session);

/** session_unsettled() - how many bytes are on their way to peers. */
uint64_t session_unsettled(const struct session *session);

/** session_look_after_settling() - do so now or later; no timer runs while all is settled. */
void session_look_after_settling(struct session *session);

/** session_drop_delivered() - give up what no peer needs. */
void session_drop_delivered(struct session *session);

/* session_input.c; @arg is the session, as peers know it */

/** session_may_read() - peer_handler.may_read. */
bool session_may_read(void *arg, const struct peer *peer);

/** session_take_input() - peer_handler.input. */
void session_take_input(void *arg, struct peer *peer, char *bytes, size_t len);

/** session_take_break() - peer_handler.sent_break. */
void session_take_break(void *arg, struct peer *peer);

/** session_take_window() - peer_handler.resized. */
void session_take_window(void *arg, struct peer *peer);

/** session_take_lines() - peer_handler.drove. */
void session_take_lines(void *arg, struct peer *peer);

/** session_read_on() - whoever may be read now is read. */
void session_read_on(struct session *session);

/** session_send_input() - send what the guest may have room for. */
void session_send_input(struct session *session);

/* session_migration.c */

/** session_leaves() - whether the guest is about to leave this host, so that nobody is dialled. */
bool session_leaves(const struct session *session);

/** session_comes() - whether the guest comes by a hand-over, so that one is dialled before. */
bool session_comes(const struct session *session);

/** session_has_arrived() - whether the concentrator knows that it has come, which is said once. */
bool session_has_arrived(const struct session *session);

/** session_migrate() - the kernel says where the guest stands; others know power and settings. */
void session_migrate(struct session *session, const struct backing *backing);

/** session_handed() - peer_handler.moved. */
void session_handed(void *arg, struct peer *peer);

/** session_came() - the concentrator has been met, and has accepted @peer or let it come. */
void session_came(struct session *session, struct peer *peer);

/** session_not_handed() - a connection that a hand-over was on, or was to be, is not there. */
void session_not_handed(struct session *session, const char *why);

/** session_forget_migration() - the session ends. */
void session_forget_migration(struct session *session);

/* session_peers.c */

/** session_add_peer() - take a connection with what is spoken on it; NULL: it is ended. */
struct peer *session_add_peer(struct session *session, struct conn *conn, const char *name);

/** session_remove_peer() - end a connection; @text: what to tell it first, or NULL. */
void session_remove_peer(struct session *session, struct peer *peer, const char *text);

/** session_watch_idleness() - look again when the first peer could have been silent too long. */
void session_watch_idleness(struct session *session);

/** session_arrive() - a connection is there; whoever has to prove something does so first. */
void session_arrive(struct session *session, int fd, const char *name,
		    const struct arrival_handler *handler);

/** session_cancel_arrivals() - end those connections that are no peers yet. */
void session_cancel_arrivals(struct session *session);

/* session_server.c */

/** session_begin_server() - listen, unless it does. */
void session_begin_server(struct session *session);

/* session_client.c */

/** session_begin_client() - dial, unless it does. */
void session_begin_client(struct session *session);

/** session_begin_leaving() - the guest is off: leave when the peer has all. */
void session_begin_leaving(struct session *session, const struct backing *backing);

/** session_leave_if_done() - now, if it has. */
void session_leave_if_done(struct session *session);

/* session_printer.c */

/** session_begin_printer() - print, unless it does. */
void session_begin_printer(struct session *session);

/** session_end_job() - the guest is off: what it wrote is a job. */
void session_end_job(struct session *session, const struct backing *backing);

/** session_print() - give the printer what it takes. */
void session_print(struct session *session);

/** session_end_printer() - print no more; @keep: another daemon goes on. */
void session_end_printer(struct session *session, bool keep);

/* session_handover.c */

/** session_adopt() - take what the daemon before left, so far as it is of @backing. */
void session_adopt(struct session *session, const struct backing *backing);

/** session_leave_to_next() - leave peers, listener and input to the next daemon. */
void session_leave_to_next(struct session *session);

#endif
