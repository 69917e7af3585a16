// SPDX-License-Identifier: GPL-2.0-or-later
/* The settings of the concentrator. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "number.h"
#include "settings.h"

#define DEFAULT_MACHINES	"telnet://:13370"
/* What is not encrypted is for this machine alone. */
#define DEFAULT_VIEWERS		"telnet://127.0.0.1:13371"

/**
 * struct number - a setting that is a number
 * @name: its name in the file
 * @at: where it is in struct settings
 * @min: the least allowed
 * @max: the most
 */
static const struct number {
	const char *name;
	size_t at;
	uint32_t min;
	uint32_t max;
} numbers[] = {
	{ "max-consoles", offsetof(struct settings, consoles), 1, 100000 },
	{ "identify-timeout", offsetof(struct settings, identify_timeout), 1, 600 },
	{ "name-timeout", offsetof(struct settings, name_timeout), 1, 86400 },
	{ "vmotion-limit", offsetof(struct settings, vmotion_limit), 0, 3600 },
	{ 0 },
};

static const char known[] = "listen, viewers, log-folder, max-consoles, identify-timeout, "
	"name-timeout, vmotion-limit";

int settings_listen(struct settings *settings, const char *value, bool viewers, char *why)
{
	struct settings_uri *list = viewers ? settings->viewers : settings->machines;
	size_t *n = viewers ? &settings->n_viewers : &settings->n_machines;
	const char *blank = viewers ? strchr(value, ' ') : NULL;
	const char *scheme = strstr(value, "://");
	char rule[URI_WHY_MAX];
	int rc;

	if (*n == SETTINGS_URIS) {
		snprintf(why, CONF_WHY_MAX, "there are more than %d addresses to listen on",
			 SETTINGS_URIS);
		return -EINVAL;
	}
	/* A name stands in front of the scheme; keys may have blanks, too. */
	if (blank && scheme && blank > scheme)
		blank = NULL;
	rc = uri_parse_as("address", blank ? blank + 1 : value, &list[*n].uri, rule, sizeof(rule));
	if (rc == -EINVAL) {
		snprintf(why, CONF_WHY_MAX, "%.400s", rule);
		return -EINVAL;
	}
	if (rc || list[*n].uri.kind != URI_TELNET) {
		snprintf(why, CONF_WHY_MAX, "'%.200s' is neither telnet://[HOST]:PORT nor telnets://[HOST]:PORT",
			 value);
		uri_free(&list[*n].uri);
		return -EINVAL;
	}
	list[*n].name = blank ? strndup(value, (size_t)(blank - value)) : NULL;
	++*n;
	return 0;
}

static int set_number(struct settings *settings, const struct number *number, const char *value,
		      char *why)
{
	uint64_t n;

	if (number_parse(value, number->max, &n) || n < number->min) {
		snprintf(why, CONF_WHY_MAX, "%s '%.100s' is not a number from %" PRIu32
			 " to %" PRIu32, number->name, value, number->min, number->max);
		return -EINVAL;
	}
	memcpy((char *)settings + number->at, &(uint32_t){ (uint32_t)n }, sizeof(uint32_t));
	return 0;
}

static int set(void *arg, const char *name, const char *value, char *why)
{
	struct settings *settings = arg;
	const struct number *number;

	if (!strcmp(name, "listen") || !strcmp(name, "viewers"))
		return settings_listen(settings, value, *name == 'v', why);
	if (!strcmp(name, "log-folder")) {
		if (*value && *value != '/') {
			snprintf(why, CONF_WHY_MAX, "log-folder '%.200s' is not a path that starts with '/'",
				 value);
			return -EINVAL;
		}
		free(settings->log_folder);
		settings->log_folder = xstrdup(value);
		return 0;
	}
	for (number = numbers; number->name; number++)
		if (!strcmp(number->name, name))
			return set_number(settings, number, value, why);
	return -ENOENT;
}

int settings_read(struct settings *settings, struct conf *conf, const char *path, char *why)
{
	const struct conf_more more = { .set = set, .arg = settings, .known = known };
	int rc;

	*settings = (struct settings){
		.log_folder = xstrdup(""),
		.consoles = 4096,
		.identify_timeout = 20,
		.name_timeout = 60,
		.vmotion_limit = 30,
	};
	conf_defaults(conf);
	/* A host's virtual machines come all at once when it finds us again. */
	conf->accept_rate = 1000;
	conf->handshakes = 2048;
	conf->handshakes_per_address = 1024;
	rc = conf_read(conf, path ? path : SETTINGS_FILE, &more, why);
	/* Only a file that was asked for has to be there. */
	return rc && (rc != -ENOENT || path) ? -1 : 0;
}

void settings_finish(struct settings *settings)
{
	char why[CONF_WHY_MAX];

	if (!settings->n_machines)
		settings_listen(settings, DEFAULT_MACHINES, false, why);
	if (!settings->n_viewers)
		settings_listen(settings, DEFAULT_VIEWERS, true, why);
}

static void free_list(struct settings_uri *list, size_t n)
{
	while (n--) {
		free(list[n].name);
		uri_free(&list[n].uri);
	}
}

void settings_free(struct settings *settings)
{
	free_list(settings->machines, settings->n_machines);
	free_list(settings->viewers, settings->n_viewers);
	free(settings->log_folder);
	*settings = (struct settings){ 0 };
}
