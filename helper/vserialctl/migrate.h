/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's way from one host to another, as this program takes it: steps of
 * the kernel's in their order.  Each may be taken again.
 */
#ifndef VSERIALCTL_MIGRATE_H
#define VSERIALCTL_MIGRATE_H

#include "ctl.h"
#include "state.h"

/**
 * migrate_begin() - hold a guest's ports, and take its state
 * @ctl: the run
 * @guest: the guest's name
 * @limit: ms that concentrators may take, and that the guest is held at most;
 *	0: its vmotion-limit
 * @state: receives its state; the caller ends with state_free()
 *
 * On failure the guest goes on here.
 *
 * Return: the exit status; a failure has been kept with ctl_fail().
 */
enum ctl_status migrate_begin(struct ctl *ctl, const char *guest, uint32_t limit,
			      struct state *state);

/**
 * migrate_state() - take the state of a guest that is held once more
 * @ctl: the run, which has begun with migrate_begin()
 * @guest: the guest's name
 * @limit: as above; it begins anew
 * @state: as above
 *
 * On failure the guest is held still.
 *
 * Return: the exit status; a failure has been kept with ctl_fail().
 */
enum ctl_status migrate_state(struct ctl *ctl, const char *guest, uint32_t limit,
			      struct state *state);

/**
 * migrate_rest() - let go of peers, and take the state of a guest for the last time
 * @ctl: the run
 * @guest: the guest's name, of one that is leaving
 * @limit: ms that all peers together may take to hang up; 0: the guest's vmotion-limit
 * @state: as above; no more input comes behind it
 *
 * On failure the guest is held still.
 *
 * Return: the exit status; a failure has been kept with ctl_fail().
 */
enum ctl_status migrate_rest(struct ctl *ctl, const char *guest, uint32_t limit,
			     struct state *state);

/**
 * migrate_arrive() - tell concentrators that a guest is here
 * @ctl: the run
 * @guest: the guest's name, of one that has been received
 * @limit: ms that this may take; 0: the guest's vmotion-limit
 *
 * Its ports are held until it is completed, so that input which still comes from the
 * other host is read first.
 *
 * Return: the exit status; a failure has been kept with ctl_fail().
 */
enum ctl_status migrate_arrive(struct ctl *ctl, const char *guest, uint32_t limit);

/**
 * migrate_receive() - give a guest that is expected here the state it had
 * @ctl: the run
 * @state: its state, a stranger's
 * @create: make what is missing
 * @limit: ms that concentrators may take, 0: the guest's vmotion-limit
 *
 * On failure all is as before; but one that was expected already still is, and its
 * state may come again.  One that is arriving is given the input that it lacks.
 *
 * Return: the exit status; a failure has been kept with ctl_fail().
 */
enum ctl_status migrate_receive(struct ctl *ctl, const struct state *state, bool create,
				uint32_t limit);

/**
 * migrate_unread() - how much input a guest has yet to read
 * @ctl: the run
 * @guest: the guest's name
 * @bytes: receives it, of all its ports
 *
 * If it is more than &state.unread of a guest that is held some came behind that
 * state: a concentrator that keeps nothing.
 *
 * Return: the exit status; a failure has been kept with ctl_fail().
 */
enum ctl_status migrate_unread(struct ctl *ctl, const char *guest, uint64_t *bytes);

/**
 * migrate_send() - hand a guest over to another host, over TLS
 * @ctl: the run
 * @guest: the guest's name
 * @to: the host, HOST or HOST:PORT
 * @limit: ms that it may take until it is decided; 0: its vmotion-limit
 *
 * Return: the exit status; a failure has been kept with ctl_fail().
 */
enum ctl_status migrate_send(struct ctl *ctl, const char *guest, const char *to, uint32_t limit);

/** migrate_serve() - serve a host that sends, on the connection that is standard input. */
enum ctl_status migrate_serve(struct ctl *ctl);

/** migrate_step() - take one step of the kernel's, to an enum vserial_migration. */
enum ctl_status migrate_step(struct ctl *ctl, const char *guest, uint32_t to, uint32_t limit);

#endif
