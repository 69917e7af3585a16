// SPDX-License-Identifier: GPL-2.0-or-later
/* Hosts that prove to each other who they are: their certificates and settings. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"
#include "unit.h"

static char folder[] = "/tmp/vserial-host-XXXXXX";

int host_certificates(void)
{
	char command[256];

	if (!mkdtemp(folder))
		return -1;
	snprintf(command, sizeof(command), "%s/certificates %s", TESTS_UNIT, folder);
	return system(command);
}

int host_forget_certificates(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

static char *file(const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s.pem", folder, name) < 0 ? NULL : path;
}

struct conf *host_settings(const char *certificate, const char *ca, uint16_t port)
{
	struct conf *conf = calloc(1, sizeof(*conf));
	char **paths[] = { &conf->migrate_certificate, &conf->migrate_ca };
	const char *names[] = { certificate, ca };
	size_t i;

	conf_defaults(conf);
	for (i = 0; i < LENGTH(paths); i++) {
		free(*paths[i]);
		*paths[i] = names[i] ? file(names[i]) : strdup("");
	}
	free(conf->user);
	conf->user = strdup(geteuid() ? "" : "nobody");
	conf->migrate_port = port;
	conf->connect_timeout = HOST_LONG / 1000;
	conf->handshake_timeout = HOST_LONG / 1000;
	return conf;
}

void host_forget(struct conf *conf)
{
	conf_free(conf);
	free(conf);
}
