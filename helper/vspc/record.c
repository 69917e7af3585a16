// SPDX-License-Identifier: GPL-2.0-or-later
/* Files that keep output. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "memory.h"
#include "record.h"

/**
 * struct record - one file
 * @path: where it is
 * @fd: the file, -1 while it is closed
 * @failed: it could not be written, which has been told
 */
struct record {
	char *path;
	int fd;
	bool failed;
};

/* A name of a file that is in the folder, whatever the name is. */
static void put_name(FILE *path, const char *name)
{
	const char *at;

	for (at = name; *at; at++)
		if ((isascii((unsigned char)*at) && isalnum((unsigned char)*at)) ||
		    strchr("_-#", *at) || (*at == '.' && at > name))
			fputc(*at, path);
		else
			fprintf(path, "%%%02X", (unsigned char)*at);
}

struct record *record_new(const char *folder, const char *name)
{
	struct record *record = xcalloc(1, sizeof(*record));
	size_t len;
	FILE *path = open_memstream(&record->path, &len);

	if (!path)
		err(MEMORY_STATUS, "out of memory");
	fprintf(path, "%s/", folder);
	put_name(path, name);
	fputs(".log", path);
	if (fclose(path))
		err(MEMORY_STATUS, "out of memory");
	record->fd = -1;
	return record;
}

void record_free(struct record *record)
{
	if (!record)
		return;
	if (record->fd >= 0)
		close(record->fd);
	free(record->path);
	free(record);
}

static void fail(struct record *record)
{
	if (!record->failed)
		log_line(LOG_ERR, "cannot write %s: %s", record->path, strerror(errno));
	record->failed = true;
}

void record_write(struct record *record, const void *bytes, size_t len)
{
	ssize_t n;

	if (!record)
		return;
	if (record->fd < 0)
		record->fd = open(record->path,
				  O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (record->fd < 0) {
		fail(record);
		return;
	}
	while (len) {
		n = write(record->fd, bytes, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			fail(record);
			return;
		}
		bytes = (const char *)bytes + n;
		len -= (size_t)n;
	}
	record->failed = false;
}
