/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Print jobs on disk: a folder with a file for each, which begins with lines
 * that say whose it is, then an empty one, then the job's bytes.
 *
 *	NUMBER.part	is still being written
 *	NUMBER.job	waits for its printer, in the order of numbers
 *
 * What has been written is in the kernel's hands, not on the disk (no fsync):
 * it outlives the daemon, and may not outlive the host, as the guest does not
 * either.  A file belongs to the guest's owner, so that a file system's quota
 * counts, and its group is the daemon's, which reads it.
 */
#ifndef VSERIALD_SPOOL_H
#define VSERIALD_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "conf.h"

#define SPOOL_NAME_MAX	32
#define SPOOL_WHY_MAX	512
/* What a job counts at least, so that empty ones are bounded, too. */
#define SPOOL_LEAST	(16u << 10)

struct spool;

/**
 * struct spool_label - whose a job is
 * @printer: the specification of its printer
 * @guest: the guest's name
 * @index: the port's index
 * @owned: the guest has an owner
 * @uid: the owner
 * @offset: of its first byte in the port's output
 */
struct spool_label {
	char *printer;
	char *guest;
	uint32_t index;
	bool owned;
	uint32_t uid;
	uint64_t offset;
};

/**
 * struct spool_job - a job
 * @list: its holder's
 * @spool: where it is
 * @label: whose it is
 * @name: of its file
 * @number: the same as a number
 * @part: it is still being written
 * @fd: the file, of a part; otherwise -1
 * @header: how many bytes stand in front of the job
 * @size: how many are the job
 */
struct spool_job {
	TAILQ_ENTRY(spool_job) list;
	struct spool *spool;
	struct spool_label label;
	char name[SPOOL_NAME_MAX];
	uint64_t number;
	bool part;
	int fd;
	uint64_t header;
	uint64_t size;
};

TAILQ_HEAD(spool_jobs, spool_job);

/** spool_user() - whose share a job counts to: the owner's, root's if there is none. */
static inline uint32_t spool_user(const struct spool_label *label)
{
	return label->owned ? label->uid : 0;
}

/**
 * spool_open() - begin
 * @conf: the settings, which stay
 * @left: receives what another daemon left, by number; it is the caller's now
 * @why: receives a sentence, of SPOOL_WHY_MAX bytes, on failure
 *
 * Return: the spool, or NULL.
 */
struct spool *spool_open(const struct conf *conf, struct spool_jobs *left, char *why);

/** spool_close() - end it, with no jobs in memory any more; NULL is allowed. */
void spool_close(struct spool *spool);

/**
 * spool_room() - how much more fits
 * @spool: the spool
 * @label: whose job
 * @job: the job, or NULL for one that is to begin
 * @owner: receives whether it is the owner's share that is used up, and not the whole
 *
 * Return: how many bytes @job can grow by; none if no job can begin.
 */
uint64_t spool_room(const struct spool *spool, const struct spool_label *label,
		    const struct spool_job *job, bool *owner);

/**
 * spool_begin() - make a job
 * @spool: the spool, with room
 * @label: whose it is; copied
 * @why: receives a sentence on failure
 *
 * Return: a part, or NULL.
 */
struct spool_job *spool_begin(struct spool *spool, const struct spool_label *label, char *why);

/**
 * spool_append() - write to a part
 * @job: the part
 * @bytes: what
 * @len: how many, no more than there is room for
 * @why: receives a sentence if not all are taken
 *
 * Return: how many were taken.
 */
size_t spool_append(struct spool_job *job, const void *bytes, size_t len, char *why);

/** spool_finish() - a part is complete; its number becomes the last. */
void spool_finish(struct spool_job *job);

/**
 * spool_read() - open a job
 * @job: the job
 *
 * Return: a descriptor that stands at its first byte, or a negative errno.
 */
int spool_read(const struct spool_job *job);

/** spool_tail() - read up to @len of a part's last bytes; returns how many. */
size_t spool_tail(const struct spool_job *job, void *bytes, size_t len);

/** spool_drop() - a job is done with: its file goes, and @job. */
void spool_drop(struct spool_job *job);

/** spool_leave() - free @job and leave its file to another daemon. */
void spool_leave(struct spool_job *job);

#endif
