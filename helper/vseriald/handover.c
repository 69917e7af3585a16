// SPDX-License-Identifier: GPL-2.0-or-later
/* Sockets that outlive the daemon. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <linux/vserial.h>

#include "handover.h"
#include "input.h"
#include "memory.h"

/* The service manager allows 255 characters, and no colon. */
#define NAME_SIZE	256
#define LISTENER	"listener"
#define PEER		"peer %s/%" PRIu32 " %08" PRIx32 " %" PRIu64 " %d %d %u"
#define PEER_SCAN	"peer %63[^/]/%" SCNu32 " %8" SCNx32 " %" SCNu64 " %d %d %u"
#define INPUT		"input %s/%" PRIu32 " %08" PRIx32 " %" PRIu64 " %d"
#define INPUT_SCAN	"input %63[^/]/%" SCNu32 " %8" SCNx32 " %" SCNu64 " %d"
/* By the number that ends the name of its peer; that is 0 where there is none. */
#define ABOVE		"above %u"
/* More than any layer has to tell. */
#define ABOVE_MAX	(1u << 20)

/* What a name says. */
enum kept_kind {
	KEPT_OTHER,
	KEPT_PEER,
	KEPT_INPUT,
	KEPT_ABOVE,
};

/**
 * struct kept - a descriptor that was kept
 * @fd: it, or -1 when it was taken
 * @name: what it is, and read once, as there may be many:
 * @kind: what of it
 * @guest: the guest's name, of a peer and of input
 * @of: what else says whose it is, and of a peer how it stands
 * @sent_break: of input, a break comes behind it
 * @above: the number of a peer's layer, or of one
 */
struct kept {
	int fd;
	char *name;
	enum kept_kind kind;
	char guest[VSERIAL_NAME_MAX + 1];
	struct handed of;
	bool sent_break;
	unsigned int above;
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

/* The number of the last ABOVE: those passed on keep theirs. */
static unsigned int last_above;

/* FNV-1a: it tells specifications apart, and need not resist anybody. */
uint32_t handover_digest(const char *spec)
{
	uint32_t digest = 2166136261u;

	for (; *spec; spec++)
		digest = (digest ^ (unsigned char)*spec) * 16777619u;
	return digest;
}

static void read_name(struct kept *kept)
{
	struct handed *of = &kept->of;
	int dialled, writer, sent_break;

	if (sscanf(kept->name, PEER_SCAN, kept->guest, &of->index, &of->spec, &of->offset,
		   &dialled, &writer, &kept->above) == 7) {
		kept->kind = KEPT_PEER;
		of->dialled = dialled;
		of->writer = writer;
	} else if (sscanf(kept->name, INPUT_SCAN, kept->guest, &of->index, &of->spec, &of->offset,
			  &sent_break) == 5) {
		kept->kind = KEPT_INPUT;
		kept->sent_break = sent_break;
	} else if (sscanf(kept->name, ABOVE, &kept->above) == 1) {
		kept->kind = KEPT_ABOVE;
	}
}

struct handover *handover_new(void)
{
	struct handover *handover = xcalloc(1, sizeof(*handover));
	char **names = NULL;
	int i, n = sd_listen_fds_with_names(1, &names);

	for (i = 0; i < n; i++) {
		struct kept kept = { .fd = SD_LISTEN_FDS_START + i, .name = names[i] };

		fcntl(kept.fd, F_SETFL, fcntl(kept.fd, F_GETFL) | O_NONBLOCK);
		read_name(&kept);
		handover->v = xrealloc(handover->v, handover->n + 1, sizeof(*handover->v));
		handover->v[handover->n++] = kept;
		if (kept.kind == KEPT_ABOVE && kept.above > last_above)
			last_above = kept.above;
	}
	free(names);
	return handover;
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

static bool is_of(const struct kept *kept, enum kept_kind kind, const struct handed *port)
{
	return kept->kind == kind && kept->fd >= 0 && kept->of.index == port->index &&
	       kept->of.spec == port->spec && !strcmp(kept->guest, port->guest);
}

/* Return: bytes that were kept, from malloc(), or NULL. */
static void *take_bytes(struct kept *kept, size_t max, size_t *len)
{
	int fd = take(kept);
	struct stat st;
	ssize_t got = -1;
	void *bytes;

	*len = 0;
	if (fstat(fd, &st) || st.st_size <= 0 || (uintmax_t)st.st_size > max) {
		close(fd);
		return NULL;
	}
	bytes = xcalloc(1, (size_t)st.st_size);
	got = pread(fd, bytes, (size_t)st.st_size, 0);
	close(fd);
	if (got == st.st_size) {
		*len = (size_t)got;
		return bytes;
	}
	free(bytes);
	return NULL;
}

static void take_above(struct handover *handover, unsigned int number, struct handed *peer)
{
	size_t i;

	for (i = 0; number && i < handover->n; i++) {
		struct kept *kept = &handover->v[i];

		if (kept->kind == KEPT_ABOVE && kept->fd >= 0 && kept->above == number)
			peer->above = take_bytes(kept, ABOVE_MAX, &peer->above_len);
	}
}

int handover_peer(struct handover *handover, struct handed *peer)
{
	const char *guest = peer->guest;
	struct kept *best = NULL;
	size_t i;

	for (i = 0; handover && i < handover->n; i++) {
		struct kept *kept = &handover->v[i];

		if (!is_of(kept, KEPT_PEER, peer) || (best && !kept->of.writer))
			continue;
		best = kept;
		if (kept->of.writer)
			break;
	}
	if (!best)
		return -1;
	*peer = best->of;
	peer->guest = guest;
	take_above(handover, best->above, peer);
	return take(best);
}

bool handover_input(struct handover *handover, const struct handed *peer,
		    struct handed_input *input)
{
	size_t i;

	for (i = 0; handover && i < handover->n; i++) {
		struct kept *kept = &handover->v[i];

		if (!is_of(kept, KEPT_INPUT, peer))
			continue;
		input->offset = kept->of.offset;
		input->sent_break = kept->sent_break;
		input->bytes = take_bytes(kept, INPUT_MAX, &input->len);
		return input->bytes || input->sent_break;
	}
	return false;
}

static void keep(int fd, const char *name)
{
	char state[NAME_SIZE + 64];

	/* Kept also when the far end hangs up: the next daemon has to learn of that. */
	snprintf(state, sizeof(state), "FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
	sd_pid_notify_with_fds(0, 0, state, &fd, 1);
}

static void release(struct handover *handover, bool pass_on)
{
	size_t i;

	if (!handover)
		return;
	for (i = 0; i < handover->n; i++)
		/* It has a descriptor of its own, which would keep connections open. */
		sd_notifyf(0, "FDSTOREREMOVE=1\nFDNAME=%s", handover->v[i].name);
	for (i = 0; i < handover->n; i++) {
		struct kept *kept = &handover->v[i];

		if (kept->fd >= 0 && pass_on)
			keep(kept->fd, kept->name);
		if (kept->fd >= 0)
			close(kept->fd);
		free(kept->name);
	}
	free(handover->v);
	free(handover);
}

void handover_free(struct handover *handover)
{
	release(handover, false);
}

void handover_pass_on(struct handover *handover)
{
	release(handover, true);
}

void handover_keep_listener(int fd)
{
	keep(fd, LISTENER);
}

/* Return: whether @bytes will be there for the next daemon. */
static bool keep_bytes(const char *name, const void *bytes, size_t len)
{
	int fd = memfd_create("vseriald", MFD_CLOEXEC);
	bool kept;

	if (fd < 0)
		return false;
	kept = write(fd, bytes, len) == (ssize_t)len;
	if (kept)
		keep(fd, name);
	close(fd);
	return kept;
}

void handover_keep_peer(int fd, const struct handed *peer)
{
	unsigned int above = 0;
	char name[NAME_SIZE];

	if (peer->above) {
		above = ++last_above;
		snprintf(name, sizeof(name), ABOVE, above);
		/* Without it nobody knows what the next byte means. */
		if (!keep_bytes(name, peer->above, peer->above_len))
			return;
	}
	snprintf(name, sizeof(name), PEER, peer->guest, peer->index, peer->spec, peer->offset,
		 peer->dialled, peer->writer, above);
	keep(fd, name);
}

void handover_keep_input(const struct handed *peer, const struct handed_input *input)
{
	char name[NAME_SIZE];

	snprintf(name, sizeof(name), INPUT, peer->guest, peer->index, peer->spec, input->offset,
		 input->sent_break);
	keep_bytes(name, input->bytes, input->len);
}
