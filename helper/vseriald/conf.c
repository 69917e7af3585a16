// SPDX-License-Identifier: GPL-2.0-or-later
/* The settings of the daemon; the file is read by inih, here alone. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <ini.h>

#include "address.h"
#include "conf.h"
#include "memory.h"
#include "number.h"

/**
 * struct setting - a setting that is a number
 * @name: its name in the file
 * @at: where it is in struct conf
 * @min: the least allowed
 * @max: the most
 */
static const struct setting {
	const char *name;
	size_t at;
	uint32_t min;
	uint32_t max;
} numbers[] = {
	{ "max-clients", offsetof(struct conf, max_clients), 1, 1000000 },
	{ "accept-rate", offsetof(struct conf, accept_rate), 0, 100000 },
	{ "connect-timeout", offsetof(struct conf, connect_timeout), 1, 3600 },
	{ "retry-min", offsetof(struct conf, retry_min), 10, 3600000 },
	{ "retry-max", offsetof(struct conf, retry_max), 1, 86400 },
	{ "keepalive-idle", offsetof(struct conf, keepalive_idle), 0, 32767 },
	{ "keepalive-interval", offsetof(struct conf, keepalive_interval), 1, 32767 },
	{ "keepalive-count", offsetof(struct conf, keepalive_count), 1, 127 },
	{ "user-timeout", offsetof(struct conf, user_timeout), 0, 86400 },
	{ "auth-timeout", offsetof(struct conf, auth_timeout), 1, 600 },
	{ "handshake-timeout", offsetof(struct conf, handshake_timeout), 1, 600 },
	{ "handshakes", offsetof(struct conf, handshakes), 1, 100000 },
	{ "handshakes-per-address", offsetof(struct conf, handshakes_per_address), 1, 100000 },
	{ "migrate-port", offsetof(struct conf, migrate_port), 1, 65535 },
	{ "job-idle", offsetof(struct conf, job_idle), 100, 3600000 },
	{ "printers", offsetof(struct conf, printers), 1, 1000 },
	{ 0 },
};

/**
 * struct size_setting - a setting that is a number of bytes
 * @name: its name in the file
 * @at: where it is in struct conf
 */
static const struct size_setting {
	const char *name;
	size_t at;
} sizes[] = {
	{ "spool-size", offsetof(struct conf, spool_size) },
	{ "spool-owner", offsetof(struct conf, spool_owner) },
	{ "job-size", offsetof(struct conf, job_size) },
	{ 0 },
};

#define SIZE_LEAST	(64ull << 10)
#define SIZE_MOST	(1ull << 40)

/**
 * struct file_setting - a setting that names a file
 * @name: its name in the file
 * @at: where it is in struct conf
 */
static const struct file_setting {
	const char *name;
	size_t at;
} files[] = {
	{ "certificate", offsetof(struct conf, certificate) },
	{ "key", offsetof(struct conf, key) },
	{ "client-certificate", offsetof(struct conf, client_certificate) },
	{ "client-key", offsetof(struct conf, client_key) },
	{ "ca", offsetof(struct conf, ca) },
	{ "client-ca", offsetof(struct conf, client_ca) },
	{ "migrate-certificate", offsetof(struct conf, migrate_certificate) },
	{ "migrate-key", offsetof(struct conf, migrate_key) },
	{ "migrate-ca", offsetof(struct conf, migrate_ca) },
	{ "spool", offsetof(struct conf, spool) },
	{ 0 },
};

static const char known[] = "user, bind, max-clients, accept-rate, viewer-buffer, "
	"connect-timeout, retry-min, retry-max, keepalive-idle, keepalive-interval, "
	"keepalive-count, user-timeout, certificate, key, client-certificate, client-key, ca, "
	"client-ca, auth-timeout, handshake-timeout, handshakes, handshakes-per-address, "
	"spool, spool-size, spool-owner, job-size, job-idle, printers, print-user, "
	"migrate-certificate, migrate-key, migrate-ca, migrate-port, migrate-peers, migrate-create";

#define VIEWER_BUFFER_MIN (64u << 10)
#define VIEWER_BUFFER_MAX (64u << 20)

/**
 * struct reader - a file being read
 * @conf: where settings go
 * @path: the file
 * @more: what else may be in it, or NULL
 * @why: where the reason of a refusal goes; "" so far
 */
struct reader {
	struct conf *conf;
	const char *path;
	const struct conf_more *more;
	char *why;
};

static char **file_at(struct conf *conf, const struct file_setting *file)
{
	return (char **)((char *)conf + file->at);
}

void conf_defaults(struct conf *conf)
{
	const struct file_setting *file;

	*conf = (struct conf){
		.user = xstrdup("vserial"),
		.max_clients = 4096,
		.accept_rate = 20,
		.viewer_buffer = 256 << 10,
		.connect_timeout = 15,
		.retry_min = 500,
		.retry_max = 30,
		.keepalive_idle = 60,
		.keepalive_interval = 10,
		.keepalive_count = 6,
		.user_timeout = 300,
		.auth_timeout = 2,
		.handshake_timeout = 10,
		.handshakes = 256,
		.handshakes_per_address = 32,
		.migrate_port = 13372,
		.spool_size = 256 << 20,
		.spool_owner = 64 << 20,
		.job_size = 32 << 20,
		.job_idle = 5000,
		.printers = 16,
		.print_user = xstrdup("vserial-print"),
	};
	for (file = files; file->name; file++)
		*file_at(conf, file) = xstrdup("");
	free(conf->spool);
	conf->spool = xstrdup(CONF_SPOOL);
}

static void free_words(char **words, size_t *n)
{
	while (*n)
		free(words[--*n]);
}

static int add_bind(struct reader *reader, const char *word)
{
	struct conf *conf = reader->conf;
	struct address address;

	if (address_numeric(word, 0, &address))
		snprintf(reader->why, CONF_WHY_MAX, "bind: '%s' is not an IPv4 or IPv6 address",
			 word);
	else if (conf->n_bind == CONF_BIND_MAX)
		snprintf(reader->why, CONF_WHY_MAX, "bind: there are more than %d addresses",
			 CONF_BIND_MAX);
	else
		conf->bind[conf->n_bind++] = xstrdup(word);
	return *reader->why ? -1 : 0;
}

static int add_peer(struct reader *reader, const char *word)
{
	struct conf *conf = reader->conf;

	if (conf->n_migrate_peers == CONF_PEERS_MAX) {
		snprintf(reader->why, CONF_WHY_MAX, "migrate-peers: there are more than %d names",
			 CONF_PEERS_MAX);
		return -1;
	}
	conf->migrate_peers[conf->n_migrate_peers++] = xstrdup(word);
	return 0;
}

/* Words, parted by blanks or commas. */
static int each_word(struct reader *reader, const char *value,
		     int (*add)(struct reader *reader, const char *word))
{
	char *words = xstrdup(value), *save = NULL, *word;
	int rc = 0;

	for (word = strtok_r(words, ", ", &save); word && !rc; word = strtok_r(NULL, ", ", &save))
		rc = add(reader, word);
	free(words);
	return rc;
}

static int set_bind(struct reader *reader, const char *value)
{
	free_words(reader->conf->bind, &reader->conf->n_bind);
	return each_word(reader, value, add_bind);
}

static int set_peers(struct reader *reader, const char *value)
{
	free_words(reader->conf->migrate_peers, &reader->conf->n_migrate_peers);
	return each_word(reader, value, add_peer);
}

static int set_create(struct reader *reader, const char *value)
{
	bool yes = !strcmp(value, "yes");

	if (!yes && strcmp(value, "no")) {
		snprintf(reader->why, CONF_WHY_MAX, "migrate-create '%.200s' is neither yes nor no",
			 value);
		return -1;
	}
	reader->conf->migrate_create = yes;
	return 0;
}

static int set_viewer_buffer(struct reader *reader, const char *value)
{
	uint64_t size;

	if (size_parse(value, VIEWER_BUFFER_MAX, &size) || size < VIEWER_BUFFER_MIN ||
	    size & (size - 1)) {
		snprintf(reader->why, CONF_WHY_MAX,
			 "viewer-buffer '%s' is not a power of two from 64K to 64M, such as 256K",
			 value);
		return -1;
	}
	reader->conf->viewer_buffer = (uint32_t)size;
	return 0;
}

static int set_number(struct reader *reader, const struct setting *setting, const char *value)
{
	uint64_t n;

	if (number_parse(value, setting->max, &n) || n < setting->min) {
		snprintf(reader->why, CONF_WHY_MAX, "%s '%s' is not a number from %" PRIu32
			 " to %" PRIu32, setting->name, value, setting->min, setting->max);
		return -1;
	}
	memcpy((char *)reader->conf + setting->at, &(uint32_t){ (uint32_t)n }, sizeof(uint32_t));
	return 0;
}

static int set_size(struct reader *reader, const struct size_setting *setting, const char *value)
{
	uint64_t size;

	if (size_parse(value, SIZE_MOST, &size) || size < SIZE_LEAST) {
		snprintf(reader->why, CONF_WHY_MAX,
			 "%s '%s' is not a size from 64K to 1024G, such as 64M", setting->name,
			 value);
		return -1;
	}
	memcpy((char *)reader->conf + setting->at, &size, sizeof(size));
	return 0;
}

static void set_text(char **text, const char *value)
{
	free(*text);
	*text = xstrdup(value);
}

static int set_file(struct reader *reader, const struct file_setting *file, const char *value)
{
	char **path = file_at(reader->conf, file);

	if (*value && *value != '/') {
		snprintf(reader->why, CONF_WHY_MAX, "%s '%.200s' is not a path that starts with '/'",
			 file->name, value);
		return -1;
	}
	set_text(path, value);
	return 0;
}

static int set(struct reader *reader, const char *section, const char *name, const char *value)
{
	const struct setting *setting = numbers;
	const struct size_setting *size = sizes;
	const struct conf_more *more = reader->more;
	const struct file_setting *file;
	int rc;

	if (*section) {
		snprintf(reader->why, CONF_WHY_MAX, "section [%s] is unknown: there are none",
			 section);
		return -1;
	}
	if (!strcmp(name, "user")) {
		set_text(&reader->conf->user, value);
		return 0;
	}
	if (!strcmp(name, "print-user")) {
		set_text(&reader->conf->print_user, value);
		return 0;
	}
	if (!strcmp(name, "bind"))
		return set_bind(reader, value);
	if (!strcmp(name, "viewer-buffer"))
		return set_viewer_buffer(reader, value);
	if (!strcmp(name, "migrate-peers"))
		return set_peers(reader, value);
	if (!strcmp(name, "migrate-create"))
		return set_create(reader, value);
	for (file = files; file->name; file++)
		if (!strcmp(file->name, name))
			return set_file(reader, file, value);
	for (; size->name; size++)
		if (!strcmp(size->name, name))
			return set_size(reader, size, value);
	while (setting->name && strcmp(setting->name, name))
		setting++;
	if (setting->name)
		return set_number(reader, setting, value);
	rc = more ? more->set(more->arg, name, value, reader->why) : -ENOENT;
	if (rc == -ENOENT)
		snprintf(reader->why, CONF_WHY_MAX, "setting '%s' is unknown; known are %s%s%s",
			 name, more ? more->known : "", more ? ", " : "", known);
	return rc;
}

/* inih's callback: 0 is failure. */
static int on_setting(void *arg, const char *section, const char *name, const char *value)
{
	struct reader *reader = arg;

	/* The first mistake is told; inih goes on behind it. */
	return !*reader->why && !set(reader, section, name, value ? value : "");
}

int conf_read(struct conf *conf, const char *path, const struct conf_more *more, char *why)
{
	struct reader reader = { .conf = conf, .path = path, .more = more, .why = why };
	char rule[CONF_WHY_MAX];
	FILE *file = fopen(path, "re");
	int line;

	*why = '\0';
	if (!file) {
		int rc = -errno;

		snprintf(why, CONF_WHY_MAX, "cannot read %s: %s", path, strerror(errno));
		return rc;
	}
	line = ini_parse_file(file, on_setting, &reader);
	fclose(file);
	if (!line && conf->retry_max * 1000ull < conf->retry_min) {
		snprintf(why, CONF_WHY_MAX, "%s: retry-max is less than retry-min", path);
		return -EINVAL;
	}
	if (!line)
		return 0;
	snprintf(rule, sizeof(rule), "%s", *why ? why : "this is neither NAME = VALUE nor a comment");
	snprintf(why, CONF_WHY_MAX, "%.200s:%d: %.280s", path, line, rule);
	return -EINVAL;
}

void conf_free(struct conf *conf)
{
	const struct file_setting *file;

	for (file = files; file->name; file++)
		free(*file_at(conf, file));
	free_words(conf->bind, &conf->n_bind);
	free_words(conf->migrate_peers, &conf->n_migrate_peers);
	free(conf->user);
	free(conf->print_user);
	*conf = (struct conf){ 0 };
}
