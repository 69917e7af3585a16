/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest handed to another host over TLS, by one who sends and one who serves.
 *
 *	send				serve
 *	calls		---- TLS ---->	lets in whom it knows
 *	begin: ports are held
 *			---- state -->	receive
 *			<--- done ----
 *	what came late, once more
 *	LEAVING, here
 *			-- arrive --->	ARRIVING, there: concentrators send there
 *			<--- done ----
 *	PARTING, here: the rest of what they had sent here
 *			-- state -->	receive
 *			<--- done ----
 *			-- complete ->	COMPLETED, there
 *			<--- done ----
 *	COMPLETED, here
 *
 * Who sends decides, and by one step alone: LEAVING here, which the module takes
 * or refuses, whatever its limit does at that moment.  Until then the guest goes on
 * here if anything fails.  From then on it does not unless somebody aborts it; what it
 * had is there, held, and each step is said until it is answered.  Who serves decides
 * nothing: a guest it has received waits for complete or abort, however the connection
 * ends.  So no order of failures has the guest go on at both hosts.
 */
#ifndef VSERIALCTL_HANDING_H
#define VSERIALCTL_HANDING_H

#include "conf.h"
#include "ctl.h"
#include "porter.h"
#include "state.h"

/**
 * struct handing_ops - what is done to guests of this host
 * @begin: as migrate_begin()
 * @again: as migrate_state()
 * @unread: as migrate_unread()
 * @rest: as migrate_rest()
 * @receive: as migrate_receive()
 * @arrive: as migrate_arrive()
 * @step: as migrate_step()
 * @stands: where a guest stands, an enum vserial_migration
 *
 * Each returns the exit status; a failure has been kept with ctl_fail().
 */
struct handing_ops {
	enum ctl_status (*begin)(struct ctl *ctl, const char *guest, uint32_t limit,
				 struct state *state);
	enum ctl_status (*again)(struct ctl *ctl, const char *guest, uint32_t limit,
				 struct state *state);
	enum ctl_status (*unread)(struct ctl *ctl, const char *guest, uint64_t *bytes);
	enum ctl_status (*rest)(struct ctl *ctl, const char *guest, uint32_t limit,
				struct state *state);
	enum ctl_status (*receive)(struct ctl *ctl, const struct state *state, bool create,
				   uint32_t limit);
	enum ctl_status (*arrive)(struct ctl *ctl, const char *guest, uint32_t limit);
	enum ctl_status (*step)(struct ctl *ctl, const char *guest, uint32_t to, uint32_t limit);
	enum ctl_status (*stands)(struct ctl *ctl, const char *guest, uint32_t *migration);
};

/**
 * struct handing - a guest that is to be handed over
 * @guest: its name
 * @host: where to
 * @port: where that listens, 0: where the settings say
 * @limit: ms that all may take until it is decided, and then until the other host
 *	has heard of it
 * @conf: the settings
 * @ops: what is done here
 */
struct handing {
	const char *guest;
	const char *host;
	unsigned int port;
	uint32_t limit;
	const struct conf *conf;
	const struct handing_ops *ops;
};

/**
 * handing_send() - hand a guest over
 * @ctl: the run
 * @handing: which, and where to
 *
 * Return: the exit status; a failure has been kept with ctl_fail(), which says
 * whether the guest goes on here.
 */
enum ctl_status handing_send(struct ctl *ctl, const struct handing *handing);

/**
 * handing_serve() - do what another host asks for until it ends the connection
 * @ctl: the run
 * @porter: the connection, which the caller ends
 * @conf: the settings
 * @ops: what is done here
 */
void handing_serve(struct ctl *ctl, const struct porter *porter, const struct conf *conf,
		   const struct handing_ops *ops);

#endif
