// SPDX-License-Identifier: GPL-2.0-or-later
/* A guest of libvirt's: the <serial> elements of its domain.  libxml2 is used here only. */
#include <errno.h>
#include <string.h>
#include <uuid/uuid.h>

#include <libxml/parser.h>
#include <libxml/tree.h>

#include "import.h"
#include "memory.h"
#include "number.h"

/* A domain has some kilobytes; much more is something else. */
#define DOMAIN_SIZE_MAX	(4u << 20)
/* Ports of vserial themselves. */
#define OWN_PORTS	"/dev/vserial/"

static bool is_element(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && (!name || !strcmp((const char *)node->name, name));
}

/* The first element of that name in @node, which may be NULL. */
static xmlNode *child(const xmlNode *node, const char *name)
{
	xmlNode *at;

	for (at = node ? node->children : NULL; at; at = at->next)
		if (is_element(at, name))
			return at;
	return NULL;
}

/* An attribute of @node, which may be NULL.  Return: "" if there is none; the caller frees it. */
static char *attribute(xmlNode *node, const char *name)
{
	xmlChar *value = node ? xmlGetNoNsProp(node, (const xmlChar *)name) : NULL;
	char *copy = xstrdup(value ? (const char *)value : "");

	xmlFree(value);
	return copy;
}

static bool attribute_is(xmlNode *node, const char *name, const char *word)
{
	char *value = attribute(node, name);
	bool same = !strcmp(value, word);

	free(value);
	return same;
}

/* The text of an element.  Return: NULL if there is none; the caller frees it. */
static char *text(const xmlNode *node, const char *name)
{
	xmlNode *element = child(node, name);
	xmlChar *content = element ? xmlNodeGetContent(element) : NULL;
	char *copy = content && *content ? xstrdup((const char *)content) : NULL;

	xmlFree(content);
	return copy;
}

static void device(struct import *import, unsigned int index, const char *path)
{
	char *spec;

	if (!strncmp(path, OWN_PORTS, strlen(OWN_PORTS))) {
		import_without(import, index,
			       "the domain has it as %s, which does not say what its far end is",
			       path);
		return;
	}
	if (asprintf(&spec, "uart:%s", path) < 0)
		err(MEMORY_STATUS, "out of memory");
	import_backing(import, index, spec);
	free(spec);
}

static void to_file(struct import *import, unsigned int index, xmlNode *source)
{
	char *path = attribute(source, "path");
	char *spec = import_file(import, index, path, attribute_is(source, "append", "on"));

	import_backing(import, index, spec ? spec : "null");
	free(spec);
	free(path);
}

static void to_socket(struct import *import, unsigned int index, xmlNode *source)
{
	char *path = attribute(source, "path");
	char *spec;

	if (*path != '/' || strchr(path, '#')) {
		import_without(import, index, "'%s' cannot be a socket's path", path);
	} else {
		if (asprintf(&spec, "pipe:%s#near=%s&far=application", path,
			     attribute_is(source, "mode", "connect") ? "client" : "server") < 0)
			err(MEMORY_STATUS, "out of memory");
		import_backing(import, index, spec);
		free(spec);
	}
	free(path);
}

/* Return: the scheme of a specification, or NULL. */
static const char *scheme(xmlNode *serial, xmlNode *source)
{
	xmlNode *protocol = child(serial, "protocol");
	bool tls = attribute_is(source, "tls", "yes");

	if (attribute_is(protocol, "type", "telnet"))
		return tls ? "telnets" : "telnet";
	if (attribute_is(protocol, "type", "telnets"))
		return "telnets";
	if (attribute_is(protocol, "type", "tls"))
		return "ssl";
	if (!protocol || attribute_is(protocol, "type", "raw"))
		return tls ? "ssl" : "tcp";
	return NULL;
}

static void to_network(struct import *import, unsigned int index, xmlNode *serial,
		       xmlNode *source)
{
	struct import_port *port = &import->ports[index];
	char *host = attribute(source, "host"), *service = attribute(source, "service");
	bool brackets = strchr(host, ':');
	const char *name = scheme(serial, source);
	char *spec;

	if (!name || strchr(host, '#') || strchr(service, '#')) {
		import_without(import, index, "its protocol, host or service is none of libvirt's");
	} else {
		if (asprintf(&spec, "%s://%s%s%s:%s", name, brackets ? "[" : "", host,
			     brackets ? "]" : "", service) < 0)
			err(MEMORY_STATUS, "out of memory");
		import_backing(import, index, spec);
		if (!strcmp(port->backing, spec))
			port->endpoint = attribute_is(source, "mode", "bind") ?
					 VSERIAL_ENDPOINT_SERVER : VSERIAL_ENDPOINT_CLIENT;
		free(spec);
		if (!strcmp(name, "ssl") || !strcmp(name, "telnets"))
			import_note(import, "serial%u: certificates are those of /etc/vserial/vseriald.conf",
				    index);
	}
	free(host);
	free(service);
}

static void far_end(struct import *import, unsigned int index, xmlNode *serial)
{
	xmlNode *source = child(serial, "source");
	char *type = attribute(serial, "type"), *path = attribute(source, "path");

	if (!strcmp(type, "dev"))
		device(import, index, path);
	else if (!strcmp(type, "file"))
		to_file(import, index, source);
	else if (!strcmp(type, "unix"))
		to_socket(import, index, source);
	else if (!strcmp(type, "tcp"))
		to_network(import, index, serial, source);
	else if (!strcmp(type, "null"))
		import_backing(import, index, "null");
	else if (!strcmp(type, "pty"))
		import_without(import, index,
			       "'vserialctl console' takes the place of a pseudo-terminal");
	else
		import_without(import, index, "there is nothing like the type '%s' here", type);
	free(path);
	free(type);
}

static void log_file(struct import *import, unsigned int index, xmlNode *log)
{
	char *path;

	if (!log)
		return;
	path = attribute(log, "file");
	import->ports[index].log = import_file(import, index, path,
					       attribute_is(log, "append", "on"));
	free(path);
}

/* Elements that are dealt with, or that say nothing about a port's far end. */
static bool is_known(const char *name)
{
	static const char *const names[] = {
		"source", "target", "protocol", "log", "alias", "address", "acpi", "reconnect",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static void leftovers(struct import *import, unsigned int index, const xmlNode *node)
{
	const xmlNode *at;

	for (at = node ? node->children : NULL; at; at = at->next)
		if (is_element(at, NULL) && !is_known((const char *)at->name))
			import_note(import, "serial%u: <%s> has no counterpart", index,
				    (const char *)at->name);
}

/* Return: -1 if it names none; VSERIAL_PORTS_PER_GUEST if it is none that a guest can have. */
static int port_number(xmlNode *serial)
{
	char *word = attribute(child(serial, "target"), "port");
	uint64_t n = VSERIAL_PORTS_PER_GUEST;
	bool named = *word;

	if (named)
		number_parse(word, VSERIAL_PORTS_PER_GUEST, &n);
	free(word);
	return named ? (int)n : -1;
}

/* One that names no port is given the one behind the highest, as libvirt does. */
static int next_port(const struct import *import)
{
	int i = VSERIAL_PORTS_PER_GUEST;

	while (i && !import->ports[i - 1].there)
		i--;
	return i;
}

static int add(struct import *import, xmlNode *serial, int index, char *why, size_t size)
{
	xmlNode *source = child(serial, "source");

	if (index >= VSERIAL_PORTS_PER_GUEST) {
		import_note(import, "the serial port in line %ld is left out: a guest has ports 0 to %d",
			    xmlGetLineNo(serial), VSERIAL_PORTS_PER_GUEST - 1);
		return 0;
	}
	if (import->ports[index].there) {
		snprintf(why, size, "line %ld: the domain has serial port %d already",
			 xmlGetLineNo(serial), index);
		return -1;
	}
	import->ports[index].there = true;
	far_end(import, (unsigned int)index, serial);
	log_file(import, (unsigned int)index, child(serial, "log"));
	leftovers(import, (unsigned int)index, serial);
	leftovers(import, (unsigned int)index, source);
	if (attribute_is(child(source, "reconnect"), "enabled", "no"))
		import_note(import, "serial%d: a lost connection is dialled again all the same",
			    index);
	return 0;
}

/*
 * A console with the target "serial" is a port that stands there as <serial>
 * too; where it stands alone, libvirt makes a port of it.
 */
static bool is_serial_console(xmlNode *node)
{
	xmlNode *target = child(node, "target");

	return attribute_is(target, "type", "serial") || attribute_is(target, "type", "");
}

static int read_ports(struct import *import, const xmlNode *devices, char *why, size_t size)
{
	const char *name = child(devices, "serial") ? "serial" : "console";
	xmlNode *at;
	int number;
	bool named;

	/* Those that name their ports first. */
	for (named = true; ; named = false) {
		for (at = devices ? devices->children : NULL; at; at = at->next) {
			if (!is_element(at, name) || (*name == 'c' && !is_serial_console(at)))
				continue;
			number = port_number(at);
			if (number >= 0 ? !named : named)
				continue;
			if (add(import, at, named ? number : next_port(import), why, size))
				return -1;
		}
		if (!named)
			break;
	}
	for (at = devices ? devices->children : NULL; at; at = at->next)
		if (is_element(at, "console") && !is_serial_console(at))
			import_note(import, "the console in line %ld is left out: it is no serial port",
				    xmlGetLineNo(at));
	return 0;
}

static int read_domain(struct import *import, const xmlDoc *doc, char *why, size_t size)
{
	const xmlNode *root = xmlDocGetRootElement(doc);
	uuid_t uuid;

	if (doc->intSubset) {
		snprintf(why, size, "it has a DOCTYPE, and no domain of libvirt's has one");
		return -1;
	}
	if (!root || !is_element(root, "domain")) {
		snprintf(why, size, "it is no <domain> as 'virsh dumpxml' prints it");
		return -1;
	}
	import->name = text(root, "name");
	import->uuid = text(root, "uuid");
	if (import->uuid && uuid_parse(import->uuid, uuid)) {
		import_note(import, "the domain's uuid is left out: '%s' is none", import->uuid);
		free(import->uuid);
		import->uuid = NULL;
	}
	return read_ports(import, child(root, "devices"), why, size);
}

static int parse(struct import *import, const char *all, int n, char *why, size_t size)
{
	const xmlError *wrong;
	xmlDoc *doc;
	int rc;

	doc = xmlReadMemory(all, n, NULL, NULL,
			    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	if (doc) {
		rc = read_domain(import, doc, why, size);
		xmlFreeDoc(doc);
		return rc;
	}
	wrong = xmlGetLastError();
	snprintf(why, size, "line %d: it is no XML: %.*s", wrong ? wrong->line : 0,
		 wrong ? (int)strcspn(wrong->message, "\n") : 0, wrong ? wrong->message : "");
	return -1;
}

/* Return: how many bytes; *@all is to be freed by the caller. */
static size_t read_all(FILE *file, char **all)
{
	size_t n = 0, part;

	*all = xcalloc(DOMAIN_SIZE_MAX + 1, 1);
	while (n <= DOMAIN_SIZE_MAX && (part = fread(*all + n, 1, DOMAIN_SIZE_MAX + 1 - n, file)))
		n += part;
	return n;
}

int import_libvirt(FILE *file, struct import *import, char *why, size_t size)
{
	char *all;
	size_t n;
	int rc = -1;

	*import = (struct import){ 0 };
	n = read_all(file, &all);
	if (ferror(file))
		snprintf(why, size, "%s", strerror(errno));
	else if (!n)
		snprintf(why, size, "the file is empty");
	else if (n > DOMAIN_SIZE_MAX)
		snprintf(why, size, "the file is larger than 4M");
	else
		rc = parse(import, all, (int)n, why, size);
	xmlCleanupParser();
	free(all);
	return rc;
}
