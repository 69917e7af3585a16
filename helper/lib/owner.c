// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Owners of guests.  Numbers go before names, as chown(1) does it only for
 * numbers that are no names: a user named "1000" would be a trap either way,
 * and numbers are what saved configurations hold.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"
#include "number.h"
#include "owner.h"

/* 2^32 - 1 means "no user" to the kernel. */
#define ID_MAX (UINT32_MAX - 1)

static bool is_number(const char *word)
{
	return *word && !word[strspn(word, "0123456789")];
}

static int parse_number(const char *what, const char *word, uint32_t *id,
			char *why, size_t size)
{
	uint64_t n;

	if (number_parse(word, ID_MAX, &n)) {
		snprintf(why, size, "%s '%s' is not a number from 0 to %u", what,
			 word, ID_MAX);
		return -EINVAL;
	}
	*id = (uint32_t)n;
	return 0;
}

static int parse_user(const char *word, const struct passwd **pw,
		      struct owner *owner, char *why, size_t size)
{
	if (is_number(word)) {
		if (parse_number("user", word, &owner->uid, why, size))
			return -EINVAL;
		*pw = getpwuid(owner->uid);
		return 0;
	}
	*pw = *word ? getpwnam(word) : NULL;
	if (!*pw) {
		snprintf(why, size, "there is no user '%s'", word);
		return -EINVAL;
	}
	owner->uid = (*pw)->pw_uid;
	return 0;
}

static int parse_group(const char *word, struct owner *owner, char *why,
		       size_t size)
{
	const struct group *gr;

	if (is_number(word))
		return parse_number("group", word, &owner->gid, why, size);
	gr = *word ? getgrnam(word) : NULL;
	if (!gr) {
		snprintf(why, size, "there is no group '%s'", word);
		return -EINVAL;
	}
	owner->gid = gr->gr_gid;
	return 0;
}

int owner_parse(const char *word, struct owner *owner, char *why, size_t size)
{
	struct owner found = { OWNER_NONE, OWNER_NONE };
	const struct passwd *pw = NULL;
	char *user, *colon;
	int rc;

	if (!strcmp(word, "none") || !strcmp(word, "-")) {
		*owner = found;
		return 0;
	}

	user = xstrdup(word);
	colon = strchr(user, ':');
	if (colon)
		*colon = '\0';
	rc = parse_user(user, &pw, &found, why, size);
	if (!rc && colon) {
		rc = parse_group(colon + 1, &found, why, size);
	} else if (!rc && pw) {
		found.gid = pw->pw_gid;
	} else if (!rc) {
		snprintf(why, size,
			 "user %s has no login group here: write %s:GROUP", user,
			 user);
		rc = -EINVAL;
	}
	free(user);
	if (!rc)
		*owner = found;
	return rc;
}

char *owner_user(uint32_t uid)
{
	const struct passwd *pw = getpwuid(uid);

	return pw ? xstrdup(pw->pw_name) : NULL;
}

char *owner_group(uint32_t gid)
{
	const struct group *gr = getgrgid(gid);

	return gr ? xstrdup(gr->gr_name) : NULL;
}
