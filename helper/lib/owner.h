/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The owner of a guest: USER, USER:GROUP, or nobody. */
#ifndef HELPER_OWNER_H
#define HELPER_OWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The UID that stands for no owner on the netlink. */
#define OWNER_NONE UINT32_MAX

/**
 * struct owner - who a guest belongs to
 * @uid: the user, or OWNER_NONE
 * @gid: the group; means nothing where @uid is OWNER_NONE
 */
struct owner {
	uint32_t uid;
	uint32_t gid;
};

/**
 * owner_parse() - read an owner
 * @word: USER or USER:GROUP, each a name or a number; a USER alone brings
 *	his login group; "none" and "-" stand for no owner
 * @owner: receives the owner; untouched on failure
 * @why: receives a sentence, of at most @size bytes, on failure
 *
 * Return: 0 or -EINVAL.
 */
int owner_parse(const char *word, struct owner *owner, char *why, size_t size);

/**
 * owner_user() - the name of a user
 * @uid: the user
 *
 * Return: the name, to be freed by the caller, or NULL if there is none.
 */
char *owner_user(uint32_t uid);

/** owner_group() - as owner_user(), for a group. */
char *owner_group(uint32_t gid);

#endif
