// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A file that is replaced whole, or stays as it was: what is read at boot
 * must not be half a file because the disk was full or the power failed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"
#include "replace.h"

#define ENDING ".XXXXXX"

/* Begins the new file.  Return: 0 or an errno. */
static int begin(struct replace *replace)
{
	size_t len = strlen(replace->path);
	int fd, err;

	replace->temporary = xcalloc(len + sizeof(ENDING), 1);
	memcpy(replace->temporary, replace->path, len);
	memcpy(replace->temporary + len, ENDING, sizeof(ENDING));
	fd = mkostemp(replace->temporary, O_CLOEXEC);
	if (fd < 0)
		return errno;
	replace->file = fdopen(fd, "w");
	if (replace->file)
		return 0;
	err = errno;
	unlink(replace->temporary);
	close(fd);
	return err;
}

static void free_names(struct replace *replace)
{
	free(replace->path);
	free(replace->temporary);
}

const char *replace_open(struct replace *replace, const char *path)
{
	struct stat there;
	int err;

	/* A name like /dev/stdout must not become a file. */
	if (!stat(path, &there) && !S_ISREG(there.st_mode))
		return "it is no regular file";
	replace->path = realpath(path, NULL);
	if (!replace->path)
		replace->path = xstrdup(path);
	err = begin(replace);
	if (!err)
		return NULL;
	free_names(replace);
	return strerror(err);
}

/* Has the folder of @path know its new file after a crash, too. */
static int sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = xstrdup(slash ? path : ".");
	int fd, err = 0;

	/* "/" stays "/". */
	if (slash)
		folder[slash == path ? 1 : slash - path] = '\0';
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd))
		err = errno;
	if (fd >= 0)
		close(fd);
	free(folder);
	return err;
}

const char *replace_commit(struct replace *replace)
{
	/* A write that failed earlier has left its mark and no errno. */
	int err = ferror(replace->file) ? ENOSPC : 0;

	if (fflush(replace->file) || fsync(fileno(replace->file)))
		err = errno;
	if (fclose(replace->file) && !err)
		err = errno;
	if (!err && rename(replace->temporary, replace->path))
		err = errno;
	if (err)
		unlink(replace->temporary);
	else
		err = sync_folder(replace->path);
	free_names(replace);
	return err ? strerror(err) : NULL;
}
