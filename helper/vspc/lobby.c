// SPDX-License-Identifier: GPL-2.0-or-later
/* Those who have not said who they are. */
#include <string.h>

#include "lobby.h"
#include "timer.h"

void lobby_init(struct lobby *lobby, struct daemon *daemon)
{
	lobby->daemon = daemon;
	TAILQ_INIT(&lobby->list);
	lobby->n = 0;
}

void lobby_leave(struct lobby_guest *guest)
{
	if (!guest->lobby)
		return;
	TAILQ_REMOVE(&guest->lobby->list, guest, list);
	guest->lobby->n--;
	guest->timer = sd_event_source_disable_unref(guest->timer);
	guest->lobby = NULL;
}

static void evict(struct lobby_guest *guest, const char *why)
{
	lobby_leave(guest);
	guest->evict(guest->arg, why);
}

static int on_time(sd_event_source *source, uint64_t now, void *arg)
{
	(void)source;
	(void)now;
	evict(arg, "it has not said in time who it is or what it wants");
	return 0;
}

/* Makes room for one more from an address. */
static void limit(struct lobby *lobby, const struct address *from)
{
	const struct conf *conf = &lobby->daemon->conf;
	struct lobby_guest *guest, *oldest = NULL;
	uint32_t n = 0;

	TAILQ_FOREACH_REVERSE(guest, &lobby->list, lobby_list, list) {
		if (!address_same_origin(&guest->from, from))
			continue;
		oldest = guest;
		n++;
	}
	if (oldest && n >= conf->handshakes_per_address)
		evict(oldest, "too many from its address have not said who they are");
	else if (lobby->n >= conf->handshakes)
		evict(TAILQ_FIRST(&lobby->list), "too many have not said who they are");
}

void lobby_enter(struct lobby *lobby, struct lobby_guest *guest, int fd, uint32_t patience)
{
	guest->from = (struct address){ .len = sizeof(guest->from.storage) };
	if (getpeername(fd, &guest->from.sa, &guest->from.len))
		guest->from = (struct address){ 0 };
	limit(lobby, &guest->from);
	guest->lobby = lobby;
	TAILQ_INSERT_TAIL(&lobby->list, guest, list);
	lobby->n++;
	timer_start(lobby->daemon->event, &guest->timer, patience * 1000000ull, on_time, guest);
}
