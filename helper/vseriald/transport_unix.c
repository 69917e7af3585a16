// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Unix stream sockets: pipe:NAME#far=application
 *
 * Sockets in our own folder are made by the daemon and given to the guest's
 * owner.  Elsewhere files are touched with the owner's rights, so that a
 * specification reaches nothing that the owner could not.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include "transport.h"

#define SOCKET_MODE 0660

static bool in_our_folder(const char *path)
{
	return !strncmp(path, URI_PIPE_FOLDER, strlen(URI_PIPE_FOLDER)) &&
	       !strchr(path + strlen(URI_PIPE_FOLDER), '/');
}

/* Whose rights count for files: those of the guest's owner, of root if there is none. */
static void act_as_owner(const struct place *place)
{
	setfsgid(place->owned ? place->gid : 0);
	setfsuid(place->owned ? place->uid : 0);
}

static void act_as_self(void)
{
	setfsuid(geteuid());
	setfsgid(getegid());
}

static bool addresses(const struct place *place, bool server, struct addresses *found)
{
	struct address *address = &found->v[0];

	(void)server;
	*found = (struct addresses){ .n = 1 };
	address->len = sizeof(address->un);
	address->un.sun_family = AF_UNIX;
	snprintf(address->un.sun_path, sizeof(address->un.sun_path), "%s", place->uri->path);
	return true;
}

/* Whether somebody listens on what is there already. */
static bool is_alive(const struct address *at)
{
	int fd = socket_dial(at);

	if (fd >= 0)
		close(fd);
	return fd >= 0 || fd == -EAGAIN;
}

static bool is_socket(const char *path)
{
	struct stat st;

	return !lstat(path, &st) && S_ISSOCK(st.st_mode);
}

static int bind_fresh(const struct address *at)
{
	const char *path = at->un.sun_path;
	int fd = socket_listen(at, false);

	if (fd != -EADDRINUSE || !is_socket(path) || is_alive(at))
		return fd;
	/* A daemon that died left it behind. */
	if (unlink(path) && errno != ENOENT)
		return -errno;
	return socket_listen(at, false);
}

static int set_owner(const struct place *place, const char *path)
{
	if (!in_our_folder(path) || !place->owned)
		return 0;
	return lchown(path, place->uid, place->gid) ? -errno : 0;
}

static int unix_listen(const struct place *place, const struct address *at, char *why)
{
	const char *path = at->un.sun_path;
	/* Who may write to its folder could put a link where chmod(2) looks for it. */
	mode_t old = umask(0777 & ~SOCKET_MODE);
	int fd, rc;

	if (!in_our_folder(path))
		act_as_owner(place);
	fd = bind_fresh(at);
	rc = fd < 0 ? fd : set_owner(place, path);
	if (rc && fd >= 0) {
		unlink(path);
		close(fd);
	}
	act_as_self();
	umask(old);
	if (rc == -EADDRINUSE)
		snprintf(why, TRANSPORT_WHY_MAX, "%s is in use: %s", path,
			 is_socket(path) ? "somebody else listens there" : "it is not a socket");
	else if (rc)
		snprintf(why, TRANSPORT_WHY_MAX, "cannot make the socket %s: %s", path,
			 strerror(-rc));
	return rc ? rc : fd;
}

/* Its guest may have another owner by now. */
static bool may_keep(const struct place *place, const struct address *at)
{
	bool ours = in_our_folder(at->un.sun_path);
	uid_t uid = place->owned ? place->uid : ours ? geteuid() : 0;
	gid_t gid = place->owned ? place->gid : getegid();
	struct stat st;

	/* Elsewhere the folder may say which group its files have. */
	return !lstat(at->un.sun_path, &st) && st.st_uid == uid && (!ours || st.st_gid == gid);
}

static void unlisten(const struct place *place, const struct address *at)
{
	if (!in_our_folder(at->un.sun_path))
		act_as_owner(place);
	unlink(at->un.sun_path);
	act_as_self();
}

static int unix_dial(const struct place *place, const struct address *to)
{
	int fd;

	act_as_owner(place);
	fd = socket_dial(to);
	act_as_self();
	return fd;
}

static void describe(int fd, const struct address *to, char text[ADDRESS_TEXT])
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	(void)to;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		snprintf(text, ADDRESS_TEXT, "a local process");
	else
		snprintf(text, ADDRESS_TEXT, "pid %d uid %u", peer.pid, peer.uid);
}

const struct transport_ops transport_unix = {
	.name = "Unix socket",
	.addresses = addresses,
	.listen = unix_listen,
	.may_keep = may_keep,
	.unlisten = unlisten,
	.dial = unix_dial,
	.describe = describe,
	.read = socket_read,
	.write = socket_write,
	.unsettled = socket_unsettled,
};
