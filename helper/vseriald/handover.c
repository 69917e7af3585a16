// SPDX-License-Identifier: GPL-2.0-or-later
/* Sockets that outlive the daemon. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <linux/vserial.h>

#include "handover.h"
#include "input.h"
#include "memory.h"

/* The service manager allows 255 characters, and no colon. */
#define NAME_SIZE	256
#define LISTENER	"listener"
#define PEER		"peer %s/%" PRIu32 " %08" PRIx32 " %" PRIu64 " %d %d"
#define PEER_SCAN	"peer %63[^/]/%" SCNu32 " %8" SCNx32 " %" SCNu64 " %d %d"
#define INPUT		"input %s/%" PRIu32 " %08" PRIx32

/**
 * struct kept - a descriptor that was kept
 * @fd: it, or -1 when it was taken
 * @name: what it is
 */
struct kept {
	int fd;
	char *name;
};

/**
 * struct handover - what the service manager kept
 * @v: the descriptors
 * @n: how many
 */
struct handover {
	struct kept *v;
	size_t n;
};

/* FNV-1a: it tells specifications apart, and need not resist anybody. */
uint32_t handover_digest(const char *spec)
{
	uint32_t digest = 2166136261u;

	for (; *spec; spec++)
		digest = (digest ^ (unsigned char)*spec) * 16777619u;
	return digest;
}

struct handover *handover_new(void)
{
	struct handover *handover = xcalloc(1, sizeof(*handover));
	char **names = NULL;
	int i, n = sd_listen_fds_with_names(1, &names);

	for (i = 0; i < n; i++) {
		int fd = SD_LISTEN_FDS_START + i;

		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
		handover->v = xrealloc(handover->v, handover->n + 1, sizeof(*handover->v));
		handover->v[handover->n++] = (struct kept){ fd, names[i] };
	}
	free(names);
	return handover;
}

void handover_free(struct handover *handover)
{
	size_t i;

	for (i = 0; handover && i < handover->n; i++) {
		/* It has a descriptor of its own, which would keep connections open. */
		sd_notifyf(0, "FDSTOREREMOVE=1\nFDNAME=%s", handover->v[i].name);
		if (handover->v[i].fd >= 0)
			close(handover->v[i].fd);
		free(handover->v[i].name);
	}
	free(handover ? handover->v : NULL);
	free(handover);
}

static int take(struct kept *kept)
{
	int fd = kept->fd;

	kept->fd = -1;
	return fd;
}

static bool listens_at(int fd, const struct address *at)
{
	struct address is = { .len = sizeof(is.storage) };
	char ours[ADDRESS_TEXT], wanted[ADDRESS_TEXT];

	/* As text: what is behind the end of an address differs. */
	return !getsockname(fd, &is.sa, &is.len) && is.sa.sa_family == at->sa.sa_family &&
	       !strcmp(address_text(&is, ours), address_text(at, wanted));
}

int handover_listener(struct handover *handover, const struct address *at)
{
	size_t i;

	for (i = 0; handover && i < handover->n; i++) {
		struct kept *kept = &handover->v[i];

		if (kept->fd >= 0 && !strcmp(kept->name, LISTENER) && listens_at(kept->fd, at))
			return take(kept);
	}
	return -1;
}

/* Whether a descriptor is a connection of the port; @found receives the rest. */
static bool is_peer(const struct kept *kept, const struct handed *wanted, struct handed *found)
{
	char guest[VSERIAL_NAME_MAX + 1];
	int dialled, writer;

	if (kept->fd < 0 ||
	    sscanf(kept->name, PEER_SCAN, guest, &found->index, &found->spec, &found->offset,
		   &dialled, &writer) != 6)
		return false;
	found->guest = wanted->guest;
	found->dialled = dialled;
	found->writer = writer;
	return !strcmp(guest, wanted->guest) && found->index == wanted->index &&
	       found->spec == wanted->spec;
}

int handover_peer(struct handover *handover, struct handed *peer)
{
	struct kept *best = NULL;
	struct handed found;
	size_t i;

	for (i = 0; handover && i < handover->n; i++) {
		if (!is_peer(&handover->v[i], peer, &found) || (best && !found.writer))
			continue;
		best = &handover->v[i];
		if (found.writer)
			break;
	}
	if (!best)
		return -1;
	is_peer(best, peer, &found);
	*peer = found;
	return take(best);
}

size_t handover_input(struct handover *handover, const struct handed *peer, char **bytes)
{
	char name[NAME_SIZE];
	ssize_t len = 0;
	size_t i;
	int fd;

	snprintf(name, sizeof(name), INPUT, peer->guest, peer->index, peer->spec);
	for (i = 0; handover && i < handover->n; i++) {
		if (handover->v[i].fd < 0 || strcmp(handover->v[i].name, name))
			continue;
		fd = take(&handover->v[i]);
		*bytes = xcalloc(1, INPUT_MAX);
		len = pread(fd, *bytes, INPUT_MAX, 0);
		close(fd);
		if (len > 0)
			return (size_t)len;
		free(*bytes);
	}
	return 0;
}

static void keep(int fd, const char *name)
{
	char state[NAME_SIZE + 64];

	/* Kept also when the far end hangs up: the next daemon has to learn of that. */
	snprintf(state, sizeof(state), "FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
	sd_pid_notify_with_fds(0, 0, state, &fd, 1);
}

void handover_keep_listener(int fd)
{
	keep(fd, LISTENER);
}

void handover_keep_peer(int fd, const struct handed *peer)
{
	char name[NAME_SIZE];

	snprintf(name, sizeof(name), PEER, peer->guest, peer->index, peer->spec, peer->offset,
		 peer->dialled, peer->writer);
	keep(fd, name);
}

void handover_keep_input(const struct handed *peer, const char *bytes, size_t len)
{
	char name[NAME_SIZE];
	int fd = memfd_create("vseriald-input", MFD_CLOEXEC);

	if (fd < 0)
		return;
	snprintf(name, sizeof(name), INPUT, peer->guest, peer->index, peer->spec);
	if (write(fd, bytes, len) == (ssize_t)len)
		keep(fd, name);
	close(fd);
}
