/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file that is replaced whole, or stays as it was. */
#ifndef VSERIALCTL_REPLACE_H
#define VSERIALCTL_REPLACE_H

#include <stdio.h>

/**
 * struct replace - a file being written beside the one it will replace
 * @file: where to write
 * @path: private: the file that is replaced
 * @temporary: private: the new file's name until it is complete
 */
struct replace {
	FILE *file;
	char *path;
	char *temporary;
};

/**
 * replace_open() - begin a new file, with the mode 0600
 * @replace: receives the file; on success the caller ends with replace_commit()
 * @path: what it replaces, or where it will be; of a link, what it points to
 *
 * Return: NULL, or why it cannot be.
 */
const char *replace_open(struct replace *replace, const char *path);

/**
 * replace_commit() - put the new file in the old one's place, and on disk
 * @replace: the file; closed, whatever the outcome
 *
 * Return: NULL, or why it cannot be.
 */
const char *replace_commit(struct replace *replace);

#endif
