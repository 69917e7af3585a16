// SPDX-License-Identifier: GPL-2.0-or-later
/* Settings of a guest and its ports that go to another host. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <linux/vserial.h>

#include "command.h"
#include "memory.h"
#include "save.h"
#include "settings.h"
#include "uri.h"
#include "words.h"

__attribute__((format(printf, 3, 4)))
static int refuse(char *why, size_t size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, size, format, args);
	va_end(args);
	return -1;
}

char *settings_write(const struct guest *guest, const struct port *ports, size_t n)
{
	char *text;
	size_t size, i;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		err(MEMORY_STATUS, "out of memory");
	save_guest(file, guest);
	for (i = 0; i < n; i++)
		save_port(file, &ports[i]);
	if (fclose(file))
		err(MEMORY_STATUS, "out of memory");
	return text;
}

/* The request that a command makes goes to the end of the queue, and is read from there. */
static int read_command(struct settings *settings, char **words, const char *object,
			char *why, size_t size)
{
	struct vnl_replies *made = &settings->made, one;
	const struct command *command;
	struct ctl *ctl = &settings->ctl;

	if (!words[0] || !words[1] || strcmp(words[0], object) || strcmp(words[1], "add"))
		return refuse(why, size, "the state's settings have '%s %s' where '%s add' is due",
			      words[0] ? words[0] : "", words[0] && words[1] ? words[1] : "",
			      object);
	command = command_find(object_find(object, why, size), "add", why, size);
	if (command->fill(ctl, words + 2) != CTL_DONE)
		return refuse(why, size, "the state's settings are not right: %s", ctl->why);
	vnl_msg_read(ctl->queue[ctl->queued - 1], &one);
	made->v = xrealloc(made->v, made->n + 1, sizeof(*made->v));
	made->v[made->n++] = one.v[0];
	free(one.v);
	return 0;
}

static int add_guest(struct settings *settings, char **words, char *why, size_t size)
{
	int rc = read_command(settings, words, "guest", why, size);

	if (rc)
		return rc;
	guest_read(settings->made.v[0], &settings->guest);
	if (settings->guest.ports)
		return refuse(why, size, "the state's settings make %u ports without settings",
			      settings->guest.ports);
	return 0;
}

static int add_port(struct settings *settings, char **words, char *why, size_t size)
{
	struct port *port = &settings->ports[settings->n];
	size_t i;

	if (settings->n == VSERIAL_PORTS_PER_GUEST)
		return refuse(why, size, "the state's settings have more than %u ports",
			      VSERIAL_PORTS_PER_GUEST);
	if (read_command(settings, words, "port", why, size))
		return -1;
	port_read(settings->made.v[settings->made.n - 1], port);
	if (strcmp(port->guest, settings->guest.name))
		return refuse(why, size, "the state's settings have port '%s/%u' at guest '%s'",
			      port->guest, port->index, settings->guest.name);
	for (i = 0; i < settings->n; i++)
		if (settings->ports[i].index == port->index)
			return refuse(why, size, "the state's settings have port '%s/%u' twice",
				      port->guest, port->index);
	settings->n++;
	return 0;
}

static int read_line(struct settings *settings, const char *line, char *why, size_t size)
{
	struct words words;
	const char *problem;
	int rc;

	if (words_split(line, &words, &problem))
		return refuse(why, size, "the state's settings cannot be read: %s", problem);
	rc = settings->made.n ? add_port(settings, words.v, why, size) :
				add_guest(settings, words.v, why, size);
	words_free(&words);
	return rc;
}

int settings_read(const char *text, struct settings *settings, char *why, size_t size)
{
	char *copy = xstrdup(text), *rest = copy, *line;
	int rc = 0;

	*settings = (struct settings){ 0 };
	while (!rc && (line = strsep(&rest, "\n")))
		if (*line)
			rc = read_line(settings, line, why, size);
	free(copy);
	if (!rc && !settings->made.n)
		rc = refuse(why, size, "the state's settings name no guest");
	return rc;
}

void settings_free(struct settings *settings)
{
	vnl_replies_free(&settings->made);
	ctl_close(&settings->ctl);
}

/* Agreement */

/* A port as the words of the command that makes it. */
static struct words port_words(const struct port *port)
{
	struct words words;
	const char *why;
	size_t size;
	char *line;
	FILE *file = open_memstream(&line, &size);

	if (!file)
		err(MEMORY_STATUS, "out of memory");
	save_port(file, port);
	if (fclose(file) || words_split(line, &words, &why))
		err(MEMORY_STATUS, "out of memory");
	free(line);
	return words;
}

/* What stands behind the scheme of a specification, which may have blanks in front; or NULL. */
static const char *behind(const char *spec, const char *scheme)
{
	size_t len = strlen(scheme);

	spec += strspn(spec, " ");
	return strncmp(spec, scheme, len) ? NULL : spec + len;
}

static bool is_file(const char *spec)
{
	return behind(spec, "file:");
}

static bool is_its_own(const char *name, const char *there, const char *here)
{
	return !strcmp(name, "log") ||
	       (!strcmp(name, "backing") && is_file(there) && is_file(here));
}

int settings_agree(const struct port *there, const struct port *here, char *why, size_t size)
{
	struct words theirs = port_words(there), ours = port_words(here);
	size_t i;
	int rc = 0;

	/* "port add NAME", then pairs, always the same ones. */
	for (i = 3; !rc && i + 1 < theirs.n; i += 2)
		if (strcmp(theirs.v[i + 1], ours.v[i + 1]) &&
		    !is_its_own(theirs.v[i], theirs.v[i + 1], ours.v[i + 1]))
			rc = refuse(why, size, "port '%s/%u' has %s '%s' here and '%s' on the host it comes from: 'vserialctl port set' makes them the same",
				    here->guest, here->index, theirs.v[i], ours.v[i + 1],
				    theirs.v[i + 1]);
	words_free(&theirs);
	words_free(&ours);
	return rc;
}

static bool is_path(const char *spec)
{
	return behind(spec, "pipe:") && strchr(spec, '/');
}

static bool is_uart(const char *spec)
{
	return behind(spec, "uart:");
}

int settings_may_create(const struct port *there, char *why, size_t size)
{
	if (!*there->proxy && (is_file(there->backing) || is_path(there->backing) ||
			       is_uart(there->backing)))
		return refuse(why, size, "port '%s/%u' has backing '%s' on the host it comes from, and no other host chooses a file, a path or a UART here: make the port first, with 'vserialctl port add'",
			      there->guest, there->index, there->backing);
	if (*there->log)
		return refuse(why, size, "port '%s/%u' has log '%s' on the host it comes from, and no other host chooses a file here: make the port first, with 'vserialctl port add'",
			      there->guest, there->index, there->log);
	return 0;
}

/* Leaving */

/* The name of a null modem, and how long it is; NULL if it is none. */
static const char *null_modem(const struct port *port, size_t *len)
{
	const char *name = behind(port->backing, "pipe:");
	char why[URI_WHY_MAX];
	struct uri uri;

	if (*port->proxy || !name)
		return NULL;
	if (!uri_parse(port->backing, &uri, why, sizeof(why))) {
		uri_free(&uri);
		return NULL;
	}
	*len = strcspn(name, "#");
	while (*len && name[*len - 1] == ' ')
		--*len;
	return name;
}

static int judge_modem(const struct port *port, const struct port *ports, size_t n, char *why,
		       size_t size)
{
	size_t len, other_len, i;
	const char *name = null_modem(port, &len), *other;

	for (i = 0; name && i < n; i++) {
		other = null_modem(&ports[i], &other_len);
		if (other && other_len == len && !memcmp(name, other, len) &&
		    strcmp(ports[i].guest, port->guest))
			return refuse(why, size, "port '%s/%u' has a null modem, '%s', to port '%s/%u', which stays here: give it another backing before its guest moves",
				      port->guest, port->index, port->backing, ports[i].guest,
				      ports[i].index);
	}
	return 0;
}

int settings_may_leave(const char *guest, const struct port *ports, size_t n, char *why,
		       size_t size)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (strcmp(ports[i].guest, guest))
			continue;
		if (!*ports[i].proxy && is_uart(ports[i].backing))
			return refuse(why, size, "port '%s/%u' has backing '%s', a UART of this host, which cannot move: give it another backing before its guest moves",
				      guest, ports[i].index, ports[i].backing);
		if (judge_modem(&ports[i], ports, n, why, size))
			return -1;
	}
	return 0;
}
