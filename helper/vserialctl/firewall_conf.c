// SPDX-License-Identifier: GPL-2.0-or-later
/* The settings of the firewall's rule sets. */
#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <ini.h>

#include "firewall_conf.h"
#include "memory.h"
#include "replace.h"

static const char *const backends[] = { "auto", "nftables", "firewalld", NULL };
static const char *const families[] = { "inet", "ip", "ip6", NULL };

/**
 * struct reader - a file being read
 * @conf: where settings go
 * @why: where the reason of a refusal goes; "" so far
 */
struct reader {
	struct firewall_conf *conf;
	char *why;
};

static int find_word(const char *const *words, const char *word, size_t len)
{
	int i;

	for (i = 0; words[i]; i++)
		if (strlen(words[i]) == len && !strncmp(words[i], word, len))
			return i;
	return -1;
}

static void set_text(char **text, const char *value)
{
	free(*text);
	*text = xstrdup(value);
}

static void set_on(struct reader *reader, enum firewall_set set, const char *value)
{
	reader->conf->on[set] = !strcmp(value, "on");
	if (strcmp(value, "on") && strcmp(value, "off"))
		snprintf(reader->why, FIREWALL_WHY_MAX, "%s '%.100s' is neither on nor off",
			 firewall_names[set], value);
}

static void set_allow(struct reader *reader, enum firewall_set set, const char *value)
{
	struct access_list list = { 0 };
	char why[FIREWALL_WHY_MAX / 2];

	if (*value && access_parse(value, &list, why, sizeof(why)))
		snprintf(reader->why, FIREWALL_WHY_MAX, "%s-allow: %s", firewall_names[set], why);
	access_free(&list);
	set_text(&reader->conf->allow[set], value);
}

static void set_backend(struct reader *reader, const char *value)
{
	int found = find_word(backends, value, strlen(value));

	if (found < 0)
		snprintf(reader->why, FIREWALL_WHY_MAX, "backend '%.100s' is not auto, nftables or firewalld",
			 value);
	else
		reader->conf->backend = (enum firewall_backend)found;
}

static bool is_name(const char *text)
{
	const char *at;

	for (at = text; isalnum((unsigned char)*at) || *at == '_' || *at == '-'; at++)
		;
	return at > text && !*at;
}

/* "FAMILY NAME"; it becomes a part of commands. */
static void set_table(struct reader *reader, const char *value)
{
	size_t family = strcspn(value, " ");
	const char *name = value + family + strspn(value + family, " ");

	if (find_word(families, value, family) < 0 || !is_name(name))
		snprintf(reader->why, FIREWALL_WHY_MAX, "table '%.100s' is not inet, ip or ip6 and a name, such as inet filter",
			 value);
	else
		set_text(&reader->conf->table, value);
}

static void set(struct reader *reader, const char *name, const char *value)
{
	size_t i, len;

	for (i = 0; i < FIREWALL_SETS; i++) {
		len = strlen(firewall_names[i]);
		if (!strcmp(name, firewall_names[i])) {
			set_on(reader, (enum firewall_set)i, value);
			return;
		}
		if (!strncmp(name, firewall_names[i], len) && !strcmp(name + len, "-allow")) {
			set_allow(reader, (enum firewall_set)i, value);
			return;
		}
	}
	if (!strcmp(name, "backend"))
		set_backend(reader, value);
	else if (!strcmp(name, "table"))
		set_table(reader, value);
	else if (!strcmp(name, "user"))
		set_text(&reader->conf->user, value);
	else if (!strcmp(name, "print-user"))
		set_text(&reader->conf->print_user, value);
	else
		snprintf(reader->why, FIREWALL_WHY_MAX, "setting '%.100s' is unknown; known are network, network-allow, vspc, vspc-allow, backend, table, user, print-user",
			 name);
}

/* inih's callback: 0 is failure. */
static int on_setting(void *arg, const char *section, const char *name, const char *value)
{
	struct reader *reader = arg;

	/* The first mistake is told; inih goes on behind it. */
	if (*reader->why)
		return 0;
	if (*section)
		snprintf(reader->why, FIREWALL_WHY_MAX, "section [%.100s] is unknown: there are none",
			 section);
	else
		set(reader, name, value ? value : "");
	return !*reader->why;
}

int firewall_conf_read(struct firewall_conf *conf, const char *path, char *why)
{
	struct reader reader = { .conf = conf, .why = why };
	char rule[FIREWALL_WHY_MAX];
	FILE *file;
	int line;

	*why = '\0';
	*conf = (struct firewall_conf){
		.allow = { xstrdup(""), xstrdup("") },
		.table = xstrdup("inet filter"),
		.user = xstrdup("vserial"),
		.print_user = xstrdup("vserial-print"),
	};
	file = fopen(path, "re");
	if (!file && errno == ENOENT)
		return 0;
	if (!file) {
		snprintf(why, FIREWALL_WHY_MAX, "cannot read %.200s: %s", path, strerror(errno));
		firewall_conf_free(conf);
		return -EINVAL;
	}
	line = ini_parse_file(file, on_setting, &reader);
	fclose(file);
	if (!line)
		return 0;
	snprintf(rule, sizeof(rule), "%s", *why ? why : "this is neither NAME = VALUE nor a comment");
	snprintf(why, FIREWALL_WHY_MAX, "%.100s:%d: %.380s", path, line, rule);
	firewall_conf_free(conf);
	return -EINVAL;
}

static void write_settings(const struct firewall_conf *conf, FILE *file)
{
	size_t i;

	fputs("# The firewall's rule sets for virtual serial ports: see vserialctl(8), FIREWALL.\n"
	      "# 'vserialctl firewall enable' and 'disable' write this file.\n", file);
	for (i = 0; i < FIREWALL_SETS; i++) {
		fprintf(file, "\n# %s\n%s = %s\n", firewall_titles[i], firewall_names[i],
			conf->on[i] ? "on" : "off");
		fprintf(file, "%s-allow = %s\n", firewall_names[i], conf->allow[i]);
	}
	fprintf(file, "\nbackend = %s\ntable = %s\nuser = %s\nprint-user = %s\n",
		backends[conf->backend], conf->table, conf->user, conf->print_user);
}

/* Where nobody has made the folder of the settings yet. */
static void make_folder(const char *path)
{
	char *folder = xstrdup(path);

	*strrchr(folder, '/') = '\0';
	mkdir(folder, 0755);
	free(folder);
}

int firewall_conf_write(const struct firewall_conf *conf, const char *path, char *why)
{
	struct replace replace;
	const char *wrong;

	make_folder(path);
	wrong = replace_open(&replace, path);
	if (!wrong) {
		write_settings(conf, replace.file);
		/* There is nothing in it that others may not know. */
		fchmod(fileno(replace.file), 0644);
		wrong = replace_commit(&replace);
	}
	if (wrong)
		snprintf(why, FIREWALL_WHY_MAX, "cannot write %.200s: %s", path, wrong);
	return wrong ? -1 : 0;
}

static int find_user(const char *name, uint32_t *uid, char *why)
{
	const struct passwd *pw = getpwnam(name);

	if (!pw) {
		snprintf(why, FIREWALL_WHY_MAX, "there is no user '%.100s', for whom the firewall is to be opened",
			 name);
		return -EINVAL;
	}
	*uid = pw->pw_uid;
	return 0;
}

int firewall_conf_rules(const struct firewall_conf *conf, struct firewall_rules *rules, char *why)
{
	size_t i;

	*rules = (struct firewall_rules){ .table = conf->table };
	for (i = 0; i < FIREWALL_SETS; i++) {
		rules->on[i] = conf->on[i];
		if (*conf->allow[i])
			access_parse(conf->allow[i], &rules->allow[i], why, FIREWALL_WHY_MAX);
	}
	if (find_user(conf->user, &rules->uid, why) ||
	    find_user(conf->print_user, &rules->print_uid, why)) {
		firewall_rules_free(rules);
		return -EINVAL;
	}
	return 0;
}

void firewall_rules_free(struct firewall_rules *rules)
{
	size_t i;

	for (i = 0; i < FIREWALL_SETS; i++)
		access_free(&rules->allow[i]);
}

void firewall_conf_free(struct firewall_conf *conf)
{
	size_t i;

	for (i = 0; i < FIREWALL_SETS; i++)
		free(conf->allow[i]);
	free(conf->table);
	free(conf->user);
	free(conf->print_user);
	*conf = (struct firewall_conf){ 0 };
}
