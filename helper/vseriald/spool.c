// SPDX-License-Identifier: GPL-2.0-or-later
/* Print jobs on disk. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/vserial.h>

#include "log.h"
#include "memory.h"
#include "spool.h"

#define HEADER_MAX (VSERIAL_SPEC_MAX + 512)
#define HEADER_FORMAT "vserial-job 1\nprinter %s\nport %s/%" PRIu32 "\nowner %" PRId64 \
	"\noffset %" PRIu64 "\n\n"

/**
 * struct share - what one owner's jobs take
 * @list: of all
 * @uid: the owner, root for guests without one
 * @used: bytes
 */
struct share {
	LIST_ENTRY(share) list;
	uint32_t uid;
	uint64_t used;
};

LIST_HEAD(share_list, share);

/**
 * struct spool - the folder
 * @conf: the settings
 * @dir: its descriptor
 * @next: the next job's number
 * @used: bytes that all jobs take
 * @shares: the same by owner
 */
struct spool {
	const struct conf *conf;
	int dir;
	uint64_t next;
	uint64_t used;
	struct share_list shares;
};

static struct share *share_find(const struct spool *spool, uint32_t uid)
{
	struct share *share;

	LIST_FOREACH(share, &spool->shares, list)
		if (share->uid == uid)
			return share;
	return NULL;
}

static uint64_t cost(const struct spool_job *job)
{
	uint64_t size = job->header + job->size;

	return size > SPOOL_LEAST ? size : SPOOL_LEAST;
}

static void charge(const struct spool_job *job, uint64_t bytes)
{
	struct spool *spool = job->spool;
	uint32_t uid = spool_user(&job->label);
	struct share *share = share_find(spool, uid);

	if (!share) {
		share = xcalloc(1, sizeof(*share));
		share->uid = uid;
		LIST_INSERT_HEAD(&spool->shares, share, list);
	}
	share->used += bytes;
	spool->used += bytes;
}

static void discharge(const struct spool_job *job, uint64_t bytes)
{
	struct share *share = share_find(job->spool, spool_user(&job->label));

	job->spool->used -= bytes;
	share->used -= bytes;
	if (share->used)
		return;
	LIST_REMOVE(share, list);
	free(share);
}

static uint64_t less(uint64_t max, uint64_t used)
{
	return max > used ? max - used : 0;
}

uint64_t spool_room(const struct spool *spool, const struct spool_label *label,
		    const struct spool_job *job, bool *owner)
{
	const struct share *share = share_find(spool, spool_user(label));
	uint64_t mine = less(spool->conf->spool_owner, share ? share->used : 0);
	uint64_t all = less(spool->conf->spool_size, spool->used);
	uint64_t room = mine < all ? mine : all;

	*owner = mine <= all;
	if (!job)
		return room >= SPOOL_LEAST ? room : 0;
	/* It has been charged for more than it is. */
	room += cost(job) - job->header - job->size;
	return room < less(spool->conf->job_size, job->size) ? room :
	       less(spool->conf->job_size, job->size);
}

static void name_job(struct spool_job *job, uint64_t number, bool part)
{
	job->number = number;
	job->part = part;
	snprintf(job->name, sizeof(job->name), "%016" PRIx64 ".%s", number, part ? "part" : "job");
}

static struct spool_job *job_new(struct spool *spool, const struct spool_label *label)
{
	struct spool_job *job = xcalloc(1, sizeof(*job));

	job->spool = spool;
	job->label = *label;
	job->label.printer = xstrdup(label->printer);
	job->label.guest = xstrdup(label->guest);
	job->fd = -1;
	return job;
}

static void job_free(struct spool_job *job)
{
	if (job->fd >= 0)
		close(job->fd);
	free(job->label.printer);
	free(job->label.guest);
	free(job);
}

/* Return: 0 or a negative errno. */
static int write_header(struct spool_job *job)
{
	const struct spool_label *label = &job->label;
	char text[HEADER_MAX];
	int len = snprintf(text, sizeof(text), HEADER_FORMAT, label->printer, label->guest,
			   label->index, label->owned ? (int64_t)label->uid : -1, label->offset);
	ssize_t n = write(job->fd, text, (size_t)len);

	if (n < 0)
		return -errno;
	job->header = (uint64_t)len;
	return n == len ? 0 : -ENOSPC;
}

struct spool_job *spool_begin(struct spool *spool, const struct spool_label *label, char *why)
{
	struct spool_job *job = job_new(spool, label);
	int rc = 0;

	name_job(job, spool->next++, true);
	job->fd = openat(spool->dir, job->name, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC,
			 0660);
	/* Where the daemon may not give files away, its own quota counts. */
	if (job->fd < 0 || fchmod(job->fd, 0660) ||
	    (label->owned && fchown(job->fd, label->uid, (gid_t)-1) && errno != EPERM))
		rc = -errno;
	if (!rc)
		rc = write_header(job);
	if (!rc) {
		charge(job, cost(job));
		return job;
	}
	snprintf(why, SPOOL_WHY_MAX, "cannot make a job in %s: %s", spool->conf->spool,
		 strerror(-rc));
	if (job->fd >= 0)
		unlinkat(spool->dir, job->name, 0);
	job_free(job);
	return NULL;
}

size_t spool_append(struct spool_job *job, const void *bytes, size_t len, char *why)
{
	uint64_t before = cost(job);
	ssize_t n;

	do {
		n = write(job->fd, bytes, len);
	} while (n < 0 && errno == EINTR);
	if (n < (ssize_t)len)
		snprintf(why, SPOOL_WHY_MAX, "cannot write to %s: %s", job->spool->conf->spool,
			 n < 0 ? strerror(errno) : "no space left");
	if (n <= 0)
		return 0;
	job->size += (uint64_t)n;
	charge(job, cost(job) - before);
	return (size_t)n;
}

void spool_finish(struct spool_job *job)
{
	struct spool *spool = job->spool;
	char old[SPOOL_NAME_MAX];
	uint64_t number = job->number;

	memcpy(old, job->name, sizeof(old));
	name_job(job, spool->next++, false);
	if (renameat(spool->dir, old, spool->dir, job->name)) {
		log_line(LOG_ERR, "cannot rename %s/%s: %s", spool->conf->spool, old,
			 strerror(errno));
		name_job(job, number, true);
		job->part = false;
	}
	close(job->fd);
	job->fd = -1;
}

int spool_read(const struct spool_job *job)
{
	int fd = openat(job->spool->dir, job->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int rc;

	if (fd < 0)
		return -errno;
	if (lseek(fd, (off_t)job->header, SEEK_SET) >= 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

size_t spool_tail(const struct spool_job *job, void *bytes, size_t len)
{
	uint64_t from = job->header + (job->size > len ? job->size - len : 0);
	ssize_t n = pread(job->fd, bytes, len, (off_t)from);

	return n > 0 ? (size_t)n : 0;
}

void spool_drop(struct spool_job *job)
{
	if (unlinkat(job->spool->dir, job->name, 0) && errno != ENOENT)
		log_line(LOG_ERR, "cannot remove %s/%s: %s", job->spool->conf->spool, job->name,
			 strerror(errno));
	spool_leave(job);
}

void spool_leave(struct spool_job *job)
{
	discharge(job, cost(job));
	job_free(job);
}

/* What another daemon left. */

/* Return: the value of the line that begins with @key; the line's end is cut off. */
static char *take_line(char **at, const char *key)
{
	char *line = strsep(at, "\n");
	size_t len = strlen(key);

	return *at && !strncmp(line, key, len) ? line + len : NULL;
}

/* Return: whether it is the beginning of a job, with @label and @job->header filled. */
static bool parse_header(struct spool_job *job, char *text, struct spool_label *label)
{
	char *at = text, *printer, *port, *owner, *offset, *slash;
	int64_t uid;

	if (!take_line(&at, "vserial-job 1"))
		return false;
	printer = take_line(&at, "printer ");
	port = printer ? take_line(&at, "port ") : NULL;
	owner = port ? take_line(&at, "owner ") : NULL;
	offset = owner ? take_line(&at, "offset ") : NULL;
	slash = offset ? strchr(port, '/') : NULL;
	if (!slash || *at != '\n')
		return false;
	*slash = '\0';
	uid = strtoll(owner, NULL, 10);
	*label = (struct spool_label){
		.printer = printer,
		.guest = port,
		.index = (uint32_t)strtoul(slash + 1, NULL, 10),
		.owned = uid >= 0,
		.uid = uid >= 0 ? (uint32_t)uid : 0,
		.offset = strtoull(offset, NULL, 10),
	};
	job->header = (uint64_t)(at + 1 - text);
	return true;
}

static struct spool_job *load(struct spool *spool, const char *name, uint64_t number, bool part)
{
	struct spool_job file = { .fd = -1 }, *job = NULL;
	struct spool_label label;
	char text[HEADER_MAX];
	struct stat st;
	ssize_t n;
	int fd = openat(spool->dir, name, (part ? O_RDWR | O_APPEND : O_RDONLY) | O_CLOEXEC |
			O_NOFOLLOW | O_NONBLOCK);

	n = fd < 0 ? -1 : pread(fd, text, sizeof(text) - 1, 0);
	if (n >= 0) {
		text[n] = '\0';
		if (!fstat(fd, &st) && S_ISREG(st.st_mode) && parse_header(&file, text, &label))
			job = job_new(spool, &label);
	}
	if (!job) {
		log_line(LOG_WARNING, "%s/%s is no print job; it stays unread", spool->conf->spool,
			 name);
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	name_job(job, number, part);
	job->header = file.header;
	job->size = (uint64_t)st.st_size - job->header;
	if (part)
		job->fd = fd;
	else
		close(fd);
	charge(job, cost(job));
	return job;
}

static void insert(struct spool_jobs *jobs, struct spool_job *job)
{
	struct spool_job *at;

	TAILQ_FOREACH_REVERSE(at, jobs, spool_jobs, list)
		if (at->number < job->number)
			break;
	if (at)
		TAILQ_INSERT_AFTER(jobs, at, job, list);
	else
		TAILQ_INSERT_HEAD(jobs, job, list);
}

static void load_file(struct spool *spool, const char *name, struct spool_jobs *left)
{
	struct spool_job *job;
	uint64_t number;
	char *end;

	number = strtoull(name, &end, 16);
	if (end != name + 16 || (strcmp(end, ".part") && strcmp(end, ".job")))
		return;
	if (number >= spool->next)
		spool->next = number + 1;
	job = load(spool, name, number, !strcmp(end, ".part"));
	if (job)
		insert(left, job);
}

struct spool *spool_open(const struct conf *conf, struct spool_jobs *left, char *why)
{
	struct spool *spool = xcalloc(1, sizeof(*spool));
	const struct dirent *entry;
	DIR *dir;

	spool->conf = conf;
	spool->dir = open(conf->spool, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	LIST_INIT(&spool->shares);
	dir = spool->dir < 0 ? NULL : opendir(conf->spool);
	if (!dir || faccessat(spool->dir, ".", W_OK, AT_EACCESS)) {
		snprintf(why, SPOOL_WHY_MAX, "cannot use %s for print jobs: %s", conf->spool,
			 strerror(errno));
		if (dir)
			closedir(dir);
		spool_close(spool);
		return NULL;
	}
	while ((entry = readdir(dir)))
		load_file(spool, entry->d_name, left);
	closedir(dir);
	return spool;
}

void spool_close(struct spool *spool)
{
	if (!spool)
		return;
	if (spool->dir >= 0)
		close(spool->dir);
	free(spool);
}
