// SPDX-License-Identifier: GPL-2.0-or-later
/* Printers and their queues. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backoff.h"
#include "log.h"
#include "memory.h"
#include "print_child.h"
#include "print_job.h"
#include "printer.h"
#include "timer.h"

/* How much of a part's end is read to go on with it; no command of PCL is longer. */
#define TAIL_MAX 4096

/**
 * struct printer - a printer and its queue
 * @list: of all; those that had their turn last stand last
 * @printers: all
 * @spec: its specification
 * @jobs: what it is to print
 * @n_jobs: how many
 * @users: ports that print on it
 * @child: sends the first of @jobs, or NULL
 * @report: what that says
 * @wait: until the next try
 * @backoff: for @wait
 * @tries: how often the first job has failed
 * @printed: jobs that it has taken
 * @refused: jobs that it never will
 * @why: the last failure
 */
struct printer {
	TAILQ_ENTRY(printer) list;
	struct printers *printers;
	char *spec;
	struct spool_jobs jobs;
	unsigned int n_jobs;
	unsigned int users;
	sd_event_source *child;
	int report;
	sd_event_source *wait;
	struct backoff backoff;
	unsigned int tries;
	uint64_t printed;
	uint64_t refused;
	char why[PRINTER_WHY_MAX - 64];
};

TAILQ_HEAD(printer_list, printer);

/**
 * struct printers - all of them
 * @daemon: the process
 * @program: what sends them, or a negative errno
 * @spool: where jobs wait, or NULL
 * @list: the printers
 * @users: the ports
 * @parts: unfinished jobs that another daemon left
 * @children: jobs that are being sent
 */
struct printers {
	struct daemon *daemon;
	int program;
	struct spool *spool;
	struct printer_list list;
	struct printer_users users;
	struct spool_jobs parts;
	unsigned int children;
};

static void look(struct printer *printer);

static void tell_changed(const struct printer *printer)
{
	struct printer_user *user, *next;

	for (user = LIST_FIRST(&printer->printers->users); user; user = next) {
		next = LIST_NEXT(user, list);
		if (user->printer == printer)
			user->changed(user);
	}
}

static void tell_room(const struct printers *printers)
{
	struct printer_user *user, *next;

	for (user = LIST_FIRST(&printers->users); user; user = next) {
		next = LIST_NEXT(user, list);
		user->room(user);
	}
}

static struct printer *printer_get(struct printers *printers, const char *spec)
{
	struct printer *printer;

	TAILQ_FOREACH(printer, &printers->list, list)
		if (!strcmp(printer->spec, spec))
			return printer;
	printer = xcalloc(1, sizeof(*printer));
	printer->printers = printers;
	printer->spec = xstrdup(spec);
	TAILQ_INIT(&printer->jobs);
	TAILQ_INSERT_TAIL(&printers->list, printer, list);
	return printer;
}

static void end_child(struct printer *printer)
{
	pid_t pid;

	/* Of another user it is not ours to end: then it ends as its report is closed. */
	if (sd_event_source_get_child_pid(printer->child, &pid) >= 0 && !kill(pid, SIGKILL))
		waitpid(pid, NULL, 0);
	sd_event_source_disable_unref(printer->child);
	close(printer->report);
}

static void printer_free(struct printer *printer)
{
	struct spool_job *job;

	TAILQ_REMOVE(&printer->printers->list, printer, list);
	while ((job = TAILQ_FIRST(&printer->jobs))) {
		TAILQ_REMOVE(&printer->jobs, job, list);
		spool_leave(job);
	}
	if (printer->child)
		end_child(printer);
	sd_event_source_disable_unref(printer->wait);
	free(printer->spec);
	free(printer);
}

static void free_if_unused(struct printer *printer)
{
	if (!printer->users && !printer->n_jobs)
		printer_free(printer);
}

/* What becomes of the first job. */

static int on_wait_over(sd_event_source *source, uint64_t now, void *arg)
{
	struct printer *printer = arg;

	(void)source;
	(void)now;
	look(printer);
	free_if_unused(printer);
	return 0;
}

static void set_why(struct printer *printer, const char *why)
{
	snprintf(printer->why, sizeof(printer->why), "%.*s", (int)sizeof(printer->why) - 1, why);
}

static void failed(struct printer *printer, const char *why)
{
	const struct conf *conf = &printer->printers->daemon->conf;

	if (!printer->tries || strncmp(printer->why, why, sizeof(printer->why) - 1))
		log_line(LOG_WARNING, "%s: %s", printer->spec, why);
	set_why(printer, why);
	printer->tries++;
	printer->backoff.min = conf->retry_min * 1000ull;
	printer->backoff.max = conf->retry_max * 1000000ull;
	timer_start(printer->printers->daemon->event, &printer->wait,
		    backoff_next(&printer->backoff, arc4random()), on_wait_over, printer);
	tell_changed(printer);
}

/* The first job is no more: the printer has it, has refused it, or never will be given it. */
static void end_job(struct printer *printer)
{
	struct spool_job *job = TAILQ_FIRST(&printer->jobs);
	struct printers *printers = printer->printers;

	printer->tries = 0;
	backoff_reset(&printer->backoff);
	TAILQ_REMOVE(&printer->jobs, job, list);
	printer->n_jobs--;
	spool_drop(job);
	tell_changed(printer);
	tell_room(printers);
}

static void done(struct printer *printer, const char *refusal)
{
	const struct spool_job *job = TAILQ_FIRST(&printer->jobs);

	if (refusal)
		log_line(LOG_WARNING, "%s/%" PRIu32 ": a job of %" PRIu64 " bytes was refused by %s: %s",
			 job->label.guest, job->label.index, job->size, printer->spec, refusal);
	else
		log_line(LOG_INFO, "%s/%" PRIu32 ": %s has a job of %" PRIu64 " bytes",
			 job->label.guest, job->label.index, printer->spec, job->size);
	printer->printed += !refusal;
	printer->refused += !!refusal;
	set_why(printer, refusal ? refusal : "");
	end_job(printer);
}

/* Whoever removes a job's file wants no print. */
static void removed(struct printer *printer)
{
	const struct spool_job *job = TAILQ_FIRST(&printer->jobs);

	log_line(LOG_INFO, "%s/%" PRIu32 ": a job of %" PRIu64 " bytes for %s is not printed: its file was removed",
		 job->label.guest, job->label.index, job->size, printer->spec);
	set_why(printer, "");
	end_job(printer);
}

/* What vserial-print said, a line; or how it ended. */
static void read_report(struct printer *printer, const siginfo_t *info, char *text, size_t size)
{
	ssize_t n = read(printer->report, text, size - 1);
	const bool killed = info->si_code != CLD_EXITED;

	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	if (!*text)
		snprintf(text, size, "vserial-print ended with %s %d",
			 killed ? "signal" : "status", info->si_status);
	close(printer->report);
}

/* Others may have waited for a child to end. */
static void look_at_all(struct printers *printers)
{
	struct printer *printer, *next;

	for (printer = TAILQ_FIRST(&printers->list); printer; printer = next) {
		next = TAILQ_NEXT(printer, list);
		look(printer);
		free_if_unused(printer);
	}
}

static int on_child(sd_event_source *source, const siginfo_t *info, void *arg)
{
	struct printer *printer = arg;
	struct printers *printers = printer->printers;
	int status = info->si_code == CLD_EXITED ? info->si_status : PRINT_AGAIN;
	char why[PRINTER_WHY_MAX];

	(void)source;
	read_report(printer, info, why, sizeof(why));
	printer->child = sd_event_source_disable_unref(printer->child);
	printers->children--;
	if (status == PRINT_DONE)
		done(printer, NULL);
	else if (status == PRINT_REFUSED)
		done(printer, why);
	else
		failed(printer, why);
	look_at_all(printers);
	return 0;
}

/* Return: whether it is under way, or will be tried again. */
static bool begin(struct printer *printer)
{
	struct printers *printers = printer->printers;
	struct daemon *daemon = printers->daemon;
	char why[SPOOL_WHY_MAX];
	pid_t pid;
	int rc;

	pid = print_child(&daemon->conf, printers->program, TAILQ_FIRST(&printer->jobs),
			  &printer->report, why);
	if (pid == -ENOENT) {
		removed(printer);
		return false;
	}
	if (pid < 0) {
		failed(printer, why);
		return true;
	}
	rc = sd_event_add_child(daemon->event, &printer->child, pid, WEXITED, on_child, printer);
	if (rc < 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		close(printer->report);
		snprintf(why, sizeof(why), "cannot watch vserial-print: %s", strerror(-rc));
		failed(printer, why);
		return true;
	}
	printers->children++;
	/* Next time it is the others' turn first. */
	TAILQ_REMOVE(&printers->list, printer, list);
	TAILQ_INSERT_TAIL(&printers->list, printer, list);
	return true;
}

/* Sends the next job, if it is time and there is one. */
static void look(struct printer *printer)
{
	struct daemon *daemon = printer->printers->daemon;

	if (printer->child || timer_runs(printer->wait) || daemon->ending ||
	    printer->printers->children >= daemon->conf.printers)
		return;
	while (printer->n_jobs && !begin(printer))
		;
}

static void queue(struct printers *printers, struct spool_job *job)
{
	struct printer *printer = printer_get(printers, job->label.printer);

	TAILQ_INSERT_TAIL(&printer->jobs, job, list);
	printer->n_jobs++;
	look(printer);
	tell_changed(printer);
}

void printer_finish(struct printers *printers, struct spool_job *job, bool content)
{
	if (!content) {
		spool_drop(job);
		tell_room(printers);
		return;
	}
	spool_finish(job);
	queue(printers, job);
}

void printer_why(const struct printer *printer, char why[PRINTER_WHY_MAX])
{
	if (printer->tries)
		snprintf(why, PRINTER_WHY_MAX, "%u %s for the printer, which was tried %u %s: %s",
			 printer->n_jobs, printer->n_jobs == 1 ? "job waits" : "jobs wait",
			 printer->tries, printer->tries == 1 ? "time" : "times", printer->why);
	else if (printer->refused && *printer->why)
		snprintf(why, PRINTER_WHY_MAX, "the printer has refused the last of %" PRIu64
			 " jobs: %s", printer->printed + printer->refused, printer->why);
	else
		*why = '\0';
}

void printer_name(const struct printer *printer, char name[PRINTER_NAME_MAX])
{
	const int len = (int)strcspn(printer->spec, "#");

	snprintf(name, PRINTER_NAME_MAX, "%.*s, %" PRIu64 " printed, %" PRIu64 " refused, %u waiting",
		 len < 60 ? len : 60, printer->spec, printer->printed, printer->refused,
		 printer->n_jobs);
}

void printer_use(struct printers *printers, struct printer_user *user, const char *spec)
{
	user->printer = printer_get(printers, spec);
	user->printer->users++;
	LIST_INSERT_HEAD(&printers->users, user, list);
}

void printer_leave(struct printers *printers, struct printer_user *user)
{
	(void)printers;
	LIST_REMOVE(user, list);
	user->printer->users--;
	free_if_unused(user->printer);
}

bool printers_waiting(const struct printers *printers, bool owner, uint32_t uid)
{
	const struct printer *printer;
	const struct spool_job *job;

	TAILQ_FOREACH(printer, &printers->list, list)
		TAILQ_FOREACH(job, &printer->jobs, list)
			if (!owner || spool_user(&job->label) == uid)
				return true;
	return false;
}

/* The spool. */

static bool is_of(const struct spool_job *job, const struct spool_label *label)
{
	return !strcmp(job->label.guest, label->guest) && job->label.index == label->index;
}

/* Where in a job one is, as far as its last bytes tell. */
static struct print_job resume(const struct spool_job *job)
{
	struct print_job where = { 0 };
	uint8_t bytes[TAIL_MAX];
	bool ends;

	print_job_take(&where, bytes, spool_tail(job, bytes, sizeof(bytes)), &ends);
	where.content = where.content || job->size > sizeof(bytes);
	return where;
}

static void finish_part(struct printers *printers, struct spool_job *job)
{
	TAILQ_REMOVE(&printers->parts, job, list);
	printer_finish(printers, job, resume(job).content);
}

struct spool_job *printers_left(struct printers *printers, const struct spool_label *label,
				struct print_job *where)
{
	struct spool_job *job, *next, *found = NULL;

	for (job = TAILQ_FIRST(&printers->parts); job; job = next) {
		next = TAILQ_NEXT(job, list);
		if (!is_of(job, label))
			continue;
		if (!found && !strcmp(job->label.printer, label->printer) &&
		    job->label.offset + job->size == label->offset) {
			found = job;
			*where = resume(job);
			TAILQ_REMOVE(&printers->parts, job, list);
		} else {
			finish_part(printers, job);
		}
	}
	return found;
}

void printers_settle(struct printers *printers)
{
	struct spool_job *job;

	while ((job = TAILQ_FIRST(&printers->parts)))
		finish_part(printers, job);
}

bool printers_open(struct printers *printers, char *why)
{
	struct spool_jobs left = TAILQ_HEAD_INITIALIZER(left);
	struct spool_job *job;

	if (printers->spool)
		return true;
	printers->spool = spool_open(&printers->daemon->conf, &left, why);
	while ((job = TAILQ_FIRST(&left))) {
		TAILQ_REMOVE(&left, job, list);
		if (job->part)
			TAILQ_INSERT_TAIL(&printers->parts, job, list);
		else
			queue(printers, job);
	}
	return printers->spool;
}

struct spool *printers_spool(struct printers *printers)
{
	return printers->spool;
}

struct printer_users *printers_users(struct printers *printers)
{
	return &printers->users;
}

struct printers *printers_new(struct daemon *daemon)
{
	struct printers *printers = xcalloc(1, sizeof(*printers));
	sigset_t set;

	printers->daemon = daemon;
	printers->program = print_program();
	TAILQ_INIT(&printers->list);
	LIST_INIT(&printers->users);
	TAILQ_INIT(&printers->parts);
	/* As sd-event wants it, before there are threads. */
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return printers;
}

void printers_free(struct printers *printers)
{
	struct printer *printer, *next;
	struct spool_job *job;

	if (!printers)
		return;
	for (printer = TAILQ_FIRST(&printers->list); printer; printer = next) {
		next = TAILQ_NEXT(printer, list);
		printer_free(printer);
	}
	while ((job = TAILQ_FIRST(&printers->parts))) {
		TAILQ_REMOVE(&printers->parts, job, list);
		spool_leave(job);
	}
	spool_close(printers->spool);
	if (printers->program >= 0)
		close(printers->program);
	free(printers);
}
