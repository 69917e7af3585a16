// SPDX-License-Identifier: GPL-2.0-or-later
/* QEMU's machine protocol, as far as a migration goes. */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "memory.h"
#include "qmp.h"

/**
 * struct qmp - a connection
 * @in: what it says
 * @out: what it is told; the same socket
 * @statuses: of migrations, that nobody has asked for yet
 */
struct qmp {
	FILE *in;
	FILE *out;
	json_t *statuses;
};

__attribute__((format(printf, 3, 4)))
static int refuse(char *why, size_t size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, size, format, args);
	va_end(args);
	return -1;
}

/* Return: a socket, or -1 and errno. */
static int dial(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		int err = errno;

		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

/* Return: the next object, which the caller lets go of; or NULL. */
static json_t *next(struct qmp *qmp, char *why, size_t size)
{
	json_error_t error;
	json_t *object = json_loadf(qmp->in, JSON_DISABLE_EOF_CHECK, &error);

	if (!object)
		refuse(why, size, feof(qmp->in) ? "QEMU has closed its QMP socket" :
		       "QEMU cannot be understood: %s", error.text);
	return object;
}

/* Return: whether it was an event; of a migration it is kept. */
static bool take_event(struct qmp *qmp, json_t *object)
{
	const char *event = json_string_value(json_object_get(object, "event"));
	json_t *status = json_object_get(json_object_get(object, "data"), "status");

	if (event && !strcmp(event, "MIGRATION") && json_is_string(status))
		json_array_append(qmp->statuses, status);
	return event;
}

int qmp_execute(struct qmp *qmp, const char *command, json_t *arguments, char *why, size_t size)
{
	json_t *request = json_pack("{s:s}", "execute", command), *answer, *error;
	bool done = false;

	if (arguments)
		json_object_set_new(request, "arguments", arguments);
	json_dumpf(request, qmp->out, JSON_COMPACT);
	putc('\n', qmp->out);
	json_decref(request);
	if (fflush(qmp->out))
		return refuse(why, size, "QEMU cannot be told '%s': %s", command, strerror(errno));
	while (!done) {
		answer = next(qmp, why, size);
		if (!answer)
			return -1;
		error = json_object_get(answer, "error");
		if (error)
			refuse(why, size, "QEMU refuses '%s': %s", command,
			       json_string_value(json_object_get(error, "desc")));
		done = error || (!take_event(qmp, answer) && json_object_get(answer, "return"));
		json_decref(answer);
		if (error)
			return -1;
	}
	return 0;
}

struct qmp *qmp_open(const char *path, char *why, size_t size)
{
	struct qmp *qmp = xcalloc(1, sizeof(*qmp));
	int fd = dial(path);
	json_t *greeting;

	qmp->statuses = json_array();
	if (fd < 0) {
		refuse(why, size, "cannot connect to QEMU at %s: %s", path, strerror(errno));
		qmp_close(qmp);
		return NULL;
	}
	qmp->in = fdopen(fd, "r");
	qmp->out = fdopen(dup(fd), "w");
	if (!qmp->in || !qmp->out)
		err(MEMORY_STATUS, "out of memory");
	greeting = next(qmp, why, size);
	if (greeting && json_object_get(greeting, "QMP") &&
	    !qmp_execute(qmp, "qmp_capabilities", NULL, why, size)) {
		json_decref(greeting);
		return qmp;
	}
	if (greeting && !json_object_get(greeting, "QMP"))
		refuse(why, size, "what is at %s is no QMP socket of QEMU", path);
	json_decref(greeting);
	qmp_close(qmp);
	return NULL;
}

void qmp_close(struct qmp *qmp)
{
	if (!qmp)
		return;
	if (qmp->in)
		fclose(qmp->in);
	if (qmp->out)
		fclose(qmp->out);
	json_decref(qmp->statuses);
	free(qmp);
}

int qmp_follow_migration(struct qmp *qmp, char *why, size_t size)
{
	return qmp_execute(qmp, "migrate-set-capabilities",
			   json_pack("{s:[{s:s,s:b},{s:s,s:b}]}", "capabilities",
				     "capability", "events", "state", 1,
				     "capability", "pause-before-switchover", "state", 1),
			   why, size);
}

void qmp_let_migrate(struct qmp *qmp)
{
	char ignored[512];

	qmp_execute(qmp, "migrate-set-capabilities",
		    json_pack("{s:[{s:s,s:b}]}", "capabilities",
			      "capability", "pause-before-switchover", "state", 0),
		    ignored, sizeof(ignored));
}

int qmp_next_status(struct qmp *qmp, char status[QMP_STATUS_MAX], char *why, size_t size)
{
	json_t *object;

	while (!json_array_size(qmp->statuses)) {
		object = next(qmp, why, size);
		if (!object)
			return -1;
		take_event(qmp, object);
		json_decref(object);
	}
	snprintf(status, QMP_STATUS_MAX, "%s",
		 json_string_value(json_array_get(qmp->statuses, 0)));
	json_array_remove(qmp->statuses, 0);
	return 0;
}
