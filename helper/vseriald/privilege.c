// SPDX-License-Identifier: GPL-2.0-or-later
/* What the daemon may do; libcap-ng is known here alone. */
#include <cap-ng.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "privilege.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const unsigned int kept[] = {
	CAP_NET_BIND_SERVICE,	/* listeners below port 1024 */
	CAP_CHOWN,		/* sockets in our own folder belong to the guest's owner */
	CAP_SETUID,		/* sockets elsewhere are made and opened ... */
	CAP_SETGID,		/* ... with the rights of the guest's owner */
};

/* Keeps the first @n of them. */
static int drop(const char *user, size_t n, char *why, size_t size)
{
	const struct passwd *pw = NULL;
	const capng_type_t keep = CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET;
	int had[LENGTH(kept)];
	size_t i;
	int rc;

	if (user && *user && !geteuid()) {
		errno = 0;
		pw = getpwnam(user);
		if (!pw) {
			snprintf(why, size, "there is no user '%s' to run as%s%s; the setting 'user' names another",
				 user, errno ? ": " : "", errno ? strerror(errno) : "");
			return -1;
		}
	}
	capng_get_caps_process();
	/* Those that were never there cannot be kept. */
	for (i = 0; i < n; i++)
		had[i] = capng_have_capability(CAPNG_PERMITTED, kept[i]);
	capng_clear(CAPNG_SELECT_ALL);
	for (i = 0; i < n; i++)
		if (had[i])
			capng_update(CAPNG_ADD, keep, kept[i]);
	if (pw)
		rc = capng_change_id((int)pw->pw_uid, (int)pw->pw_gid,
				     CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING);
	else
		rc = capng_apply(CAPNG_SELECT_CAPS);
	if (rc) {
		snprintf(why, size, "cannot give up privileges%s%s (libcap-ng says %d: %s)",
			 pw ? " and become " : "", pw ? user : "", rc, strerror(errno));
		return -1;
	}
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	/* Changing the user took it: without core files bugs are not found. */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	return 0;
}

int privilege_drop(const char *user, bool owners, char *why, size_t size)
{
	return drop(user, owners ? LENGTH(kept) : 1, why, size);
}

int privilege_drop_all(const char *user, char *why, size_t size)
{
	return drop(user, 0, why, size);
}
