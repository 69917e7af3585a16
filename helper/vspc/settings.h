/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /etc/vserial/vserial-vspc.conf; vserial-vspc.conf(5) says what each setting is
 * for.  Settings that vseriald has too are in struct conf.
 */
#ifndef VSPC_SETTINGS_H
#define VSPC_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#include "conf.h"
#include "uri.h"

#define SETTINGS_FILE	"/etc/vserial/vserial-vspc.conf"
#define SETTINGS_URIS	64

/**
 * struct settings_uri - where something listens
 * @name: of the one virtual machine that is to be had there, or NULL
 * @uri: the address
 */
struct settings_uri {
	char *name;
	struct uri uri;
};

/**
 * struct settings - what is set
 * @machines: where virtual machines connect
 * @n_machines: how many
 * @viewers: where viewers do
 * @n_viewers: how many
 * @log_folder: where files with the output go, "" for none
 * @consoles: how many virtual serial ports are known at most
 * @identify_timeout: how long a virtual machine may take to tell who it is, in
 *	seconds
 * @name_timeout: how long a viewer may take to tell whom it wants
 * @vmotion_limit: how many seconds a hand-over may take; 0: there is to be none
 * @deviations: of enum vspc_deviation
 */
struct settings {
	struct settings_uri machines[SETTINGS_URIS];
	size_t n_machines;
	struct settings_uri viewers[SETTINGS_URIS];
	size_t n_viewers;
	char *log_folder;
	uint32_t consoles;
	uint32_t identify_timeout;
	uint32_t name_timeout;
	uint32_t vmotion_limit;
	uint32_t deviations;
};

/**
 * settings_read() - read the settings
 * @settings: receives ours; ended with settings_free(), also on failure
 * @conf: receives those that vseriald has too; ended with conf_free()
 * @path: the file, or NULL for SETTINGS_FILE, which may be missing
 * @why: receives a sentence, of at most CONF_WHY_MAX bytes, on failure
 *
 * Return: 0 or -1.
 */
int settings_read(struct settings *settings, struct conf *conf, const char *path, char *why);

/**
 * settings_listen() - have one more address listened on
 * @settings: the settings
 * @value: telnet: or telnets: URI, for @viewers perhaps with a name in front
 * @viewers: for viewers
 * @why: receives a sentence, of at most CONF_WHY_MAX bytes, on failure
 *
 * Return: 0 or -EINVAL.
 */
int settings_listen(struct settings *settings, const char *value, bool viewers, char *why);

/**
 * settings_finish() - add what is used where nothing was set
 * @settings: the settings
 */
void settings_finish(struct settings *settings);

/** settings_free() - free what they hold. */
void settings_free(struct settings *settings);

#endif
