// SPDX-License-Identifier: GPL-2.0-or-later
/* vserialctl migrate send and serve: a guest's ports handed to another host over TLS. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/vserial.h>

#include "command.h"
#include "handing.h"
#include "memory.h"
#include "migrate.h"
#include "number.h"
#include "object.h"

/* Where a guest stands, and how long it is held. */
static enum ctl_status look(struct ctl *ctl, const char *guest, uint32_t *migration,
			    uint32_t *limit)
{
	enum ctl_status status = ctl_open(ctl, &ctl->socket);
	struct guest found = { 0 };
	struct vnl_replies replies;
	struct vnl_error error;
	struct vnl_msg *msg;

	if (status != CTL_DONE)
		return status;
	msg = vnl_msg_new(VSERIAL_CMD_GUEST_GET, false);
	vnl_put_str(msg, VSERIAL_A_GUEST_NAME, guest);
	if (vnl_call(ctl->socket, msg, &replies, &error))
		status = ctl_fail_netlink(ctl, &error);
	else
		guest_read(replies.v[0], &found);
	*migration = found.migration;
	*limit = found.vmotion_limit;
	vnl_replies_free(&replies);
	vnl_msg_free(msg);
	return status;
}

static enum ctl_status stands(struct ctl *ctl, const char *guest, uint32_t *migration)
{
	uint32_t limit;

	return look(ctl, guest, migration, &limit);
}

static const struct handing_ops module = {
	.begin = migrate_begin,
	.again = migrate_state,
	.unread = migrate_unread,
	.rest = migrate_rest,
	.receive = migrate_receive,
	.arrive = migrate_arrive,
	.step = migrate_step,
	.stands = stands,
};

static enum ctl_status read_conf(struct ctl *ctl, struct conf *conf)
{
	char why[CONF_WHY_MAX];

	conf_defaults(conf);
	if (conf_read(conf, CONF_FILE, NULL, why))
		return ctl_fail(ctl, CTL_REFUSED, "%s", why);
	return CTL_DONE;
}

/* Parts "HOST", "HOST:PORT", "[ADDRESS]" or "[ADDRESS]:PORT"; the host is the caller's to free. */
static enum ctl_status part(struct ctl *ctl, const char *word, char **host, unsigned int *port)
{
	const char *end = *word == '[' ? strchr(word, ']') : strchrnul(word, ':');
	const char *number = end && *word == '[' ? end + 1 : end;
	/* More colons than one are an address, which has no port without brackets. */
	bool bare = *word != '[' && number && *number && strchr(number + 1, ':');
	uint64_t n = 0;

	*port = 0;
	if (bare)
		end = number = strchr(word, '\0');
	if (end && *word == '[')
		word++;
	if (!end || end == word || (*number && *number != ':') ||
	    (*number && (number_parse(number + 1, 65535, &n) || !n)))
		return ctl_fail(ctl, CTL_USAGE, "'%s' is neither HOST nor HOST:PORT", word);
	*port = (unsigned int)n;
	*host = strndup(word, (size_t)(end - word));
	if (!*host)
		err(MEMORY_STATUS, "out of memory");
	return CTL_DONE;
}

enum ctl_status migrate_send(struct ctl *ctl, const char *guest, const char *to, uint32_t limit)
{
	struct conf conf;
	struct handing handing = { .guest = guest, .limit = limit, .conf = &conf, .ops = &module };
	char *host = NULL;
	enum ctl_status status = part(ctl, to, &host, &handing.port);

	uint32_t migration, own;

	if (status != CTL_DONE)
		return status;
	handing.host = host;
	/* No guest: the other host need not be called. */
	status = look(ctl, guest, &migration, &own);
	if (!limit)
		handing.limit = own;
	if (status == CTL_DONE) {
		status = read_conf(ctl, &conf);
		if (status == CTL_DONE)
			status = handing_send(ctl, &handing);
		conf_free(&conf);
	}
	free(host);
	return status;
}

/*
 * The connection on standard input; under a number of its own, so that nobody else reads
 * it.  Return: -1 if it is none.
 */
static int take_input(void)
{
	int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	socklen_t len = sizeof(int);
	int null, type;

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len))
		return -1;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		close(null);
	}
	return fd;
}

enum ctl_status migrate_serve(struct ctl *ctl)
{
	enum ctl_status status;
	char why[PORTER_WHY_MAX];
	struct porter porter;
	struct conf conf;
	int fd = take_input();

	if (fd < 0)
		return ctl_fail(ctl, CTL_REFUSED, "standard input is no connection of a host that sends: %s",
				strerror(errno));
	status = read_conf(ctl, &conf);
	if (status == CTL_DONE && porter_admit(&porter, fd, &conf, why))
		status = ctl_fail(ctl, CTL_REFUSED, "the other host is not let in: %s", why);
	if (status == CTL_DONE) {
		handing_serve(ctl, &porter, &conf, &module);
		porter_end(&porter);
	}
	conf_free(&conf);
	return status;
}
