// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest of ESXi or Workstation: the keys serialN.* of its .vmx.  Defaults
 * are those of ESXi: a port that is not "present" is none, a network's
 * endPoint is "server", and a pipe's far end is a virtual machine unless
 * tryNoRxLoss says that it is an application.
 */
#include <ctype.h>
#include <string.h>
#include <uuid/uuid.h>

#include "import.h"
#include "memory.h"
#include "number.h"
#include "vmx.h"

/* What an ESXi host calls its first UART, and Linux /dev/ttyS0. */
#define ESXI_UART	"/dev/char/serial/uart"
/* Where Windows has its pipes. */
#define WINDOWS_PIPE	"\\\\.\\pipe\\"
/* What the name of a pipe between two guests is made of. */
#define PIPE_NAME	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"

static const char *get(const struct vmx *vmx, unsigned int index, const char *key)
{
	char name[64];

	snprintf(name, sizeof(name), "serial%u.%s", index, key);
	return vmx_get(vmx, name);
}

static bool is(const char *value, const char *word)
{
	return value && !strcasecmp(value, word);
}

static bool is_true(const struct vmx *vmx, unsigned int index, const char *key)
{
	return is(get(vmx, index, key), "TRUE");
}

/* "56 4d d5 ... -71 ...": sixteen bytes parted by blanks and a dash. */
static void read_uuid(struct import *import, const struct vmx *vmx, const char *key,
		      char **to)
{
	const char *value = vmx_get(vmx, key), *at;
	char digits[2 * VSERIAL_UUID_SIZE + 1], text[UUID_STR_LEN];
	size_t n = 0;
	uuid_t uuid;

	if (!value || !*value)
		return;
	for (at = value; *at && n < sizeof(digits) - 1; at++)
		if (isxdigit((unsigned char)*at))
			digits[n++] = *at;
		else if (*at != ' ' && *at != '-')
			break;
	digits[n] = '\0';
	snprintf(text, sizeof(text), "%.8s-%.4s-%.4s-%.4s-%.12s", digits, digits + 8, digits + 12,
		 digits + 16, digits + 20);
	if (*at || n != sizeof(digits) - 1 || uuid_parse(text, uuid)) {
		import_note(import, "%s is left out: '%s' is not sixteen bytes in hexadecimal",
			    key, value);
		return;
	}
	uuid_unparse_lower(uuid, text);
	*to = xstrdup(text);
}

static void device(struct import *import, unsigned int index, const char *name)
{
	char *spec;
	uint64_t n;

	if (!strncmp(name, ESXI_UART, strlen(ESXI_UART)) &&
	    !number_parse(name + strlen(ESXI_UART), 255, &n)) {
		if (asprintf(&spec, "uart:/dev/ttyS%u", (unsigned int)n) < 0)
			err(MEMORY_STATUS, "out of memory");
		import_note(import, "serial%u: %s becomes /dev/ttyS%u", index, name,
			    (unsigned int)n);
	} else if (*name != '/') {
		import_without(import, index,
			       "the device '%s' is not a path of Linux; 'vserialctl port list-uarts' shows those of this host",
			       name);
		return;
	} else if (asprintf(&spec, "uart:%s", name) < 0) {
		err(MEMORY_STATUS, "out of memory");
	}
	import_backing(import, index, spec);
	free(spec);
}

static void to_file(struct import *import, unsigned int index, const char *name)
{
	char *spec = import_file(import, index, name, true);

	import_backing(import, index, spec ? spec : "null");
	free(spec);
}

/* The part of a pipe's name that both of its ends have in common. */
static const char *pipe_name(struct import *import, unsigned int index, const char *name,
			     bool application)
{
	const char *slash = strrchr(name, '/'), *begin = name;

	if (!strncasecmp(name, WINDOWS_PIPE, strlen(WINDOWS_PIPE)))
		begin = name + strlen(WINDOWS_PIPE);
	else if (slash && !application)
		begin = slash + 1;
	if (begin != name)
		import_note(import, "serial%u: the pipe %s is named %s", index, name, begin);
	return begin;
}

static void to_pipe(struct import *import, const struct vmx *vmx, unsigned int index,
		    const char *name)
{
	bool application = is_true(vmx, index, "tryNoRxLoss");
	const char *end = get(vmx, index, "pipe.endPoint");
	char *spec;

	name = pipe_name(import, index, name, application);
	if (!*name || name[application ? strcspn(name, "#") : strspn(name, PIPE_NAME)]) {
		import_without(import, index, "'%s' cannot be a pipe's name", name);
		return;
	}
	if (asprintf(&spec, "pipe:%s#near=%s&far=%s", name, is(end, "client") ? "client" : "server",
		     application ? "application" : "guest") < 0)
		err(MEMORY_STATUS, "out of memory");
	import_backing(import, index, spec);
	free(spec);
}

/* Behind a concentrator the name is the service's, in whatever words. */
static void to_service(struct import *import, unsigned int index, const char *name,
		       const char *vspc)
{
	char why[URI_WHY_MAX];
	struct uri uri;

	if (uri_parse_proxy("its concentrator", vspc, &uri, why, sizeof(why))) {
		import_without(import, index, "%s", why);
		return;
	}
	uri_free(&uri);
	import_service(import, index, name, vspc);
}

static void to_network(struct import *import, const struct vmx *vmx, unsigned int index,
		       const char *name)
{
	struct import_port *port = &import->ports[index];
	const char *vspc = get(vmx, index, "vspc");
	char why[URI_WHY_MAX];
	struct uri uri;

	port->endpoint = is(get(vmx, index, "network.endPoint"), "client") ?
			 VSERIAL_ENDPOINT_CLIENT : VSERIAL_ENDPOINT_SERVER;
	if (vspc && *vspc) {
		to_service(import, index, name, vspc);
	} else if (uri_parse(name, &uri, why, sizeof(why))) {
		import_without(import, index, "%s", why);
	} else {
		if (uri.kind == URI_TCP || uri.kind == URI_TELNET)
			import_backing(import, index, name);
		else
			import_without(import, index, "'%s' is no network of ESXi's", name);
		uri_free(&uri);
	}
	if (!strcmp(port->backing, "null"))
		port->endpoint = VSERIAL_ENDPOINT_AUTO;
}

static void far_end(struct import *import, const struct vmx *vmx, unsigned int index)
{
	const char *type = get(vmx, index, "fileType"), *name = get(vmx, index, "fileName");

	if (is(type, "thinprint"))
		import_without(import, index, "there is no thinprint here");
	else if (is_true(vmx, index, "autodetect"))
		import_without(import, index,
			       "autodetect chose its device; 'vserialctl port list-uarts' shows those of this host");
	else if (!type)
		import_without(import, index, "it has no fileType");
	else if (!name || !*name)
		import_without(import, index, "it has no fileName");
	else if (is(type, "device"))
		device(import, index, name);
	else if (is(type, "file"))
		to_file(import, index, name);
	else if (is(type, "pipe"))
		to_pipe(import, vmx, index, name);
	else if (is(type, "network"))
		to_network(import, vmx, index, name);
	else
		import_without(import, index,
			       "its fileType '%s' is none of device, file, pipe, network and thinprint",
			       type);
}

/* Keys that say nothing which a port here could do otherwise. */
static const char *const known_keys[] = {
	"present", "fileType", "fileName", "startConnected", "yieldOnMsrRead", "tryNoRxLoss",
	"pipe.endPoint", "network.endPoint", "vspc", "autodetect", "allowGuestConnectionControl",
	"pciSlotNumber", NULL,
};

/* Return: the number in serialN.KEY, or -1; *@key is then what follows. */
static int serial_key(const char *name, const char **key)
{
	char digits[4] = "";
	uint64_t index;
	size_t n;

	if (strncasecmp(name, "serial", 6))
		return -1;
	name += 6;
	n = strspn(name, "0123456789");
	if (!n || n >= sizeof(digits) || name[n] != '.')
		return -1;
	memcpy(digits, name, n);
	*key = name + n + 1;
	return number_parse(digits, 999, &index) ? -1 : (int)index;
}

static void leftovers(struct import *import, const struct vmx *vmx)
{
	const char *const *known;
	const char *key;
	size_t i;
	int index;

	for (i = 0; i < vmx->n; i++) {
		index = serial_key(vmx->v[i].name, &key);
		if (index >= VSERIAL_PORTS_PER_GUEST && is(key, "present") &&
		    is(vmx->v[i].value, "TRUE"))
			import_note(import, "serial%d is left out: a guest has ports 0 to %d",
				    index, VSERIAL_PORTS_PER_GUEST - 1);
		if (index < 0 || index >= VSERIAL_PORTS_PER_GUEST ||
		    !import->ports[index].there)
			continue;
		for (known = known_keys; *known && strcasecmp(*known, key); known++)
			;
		if (!*known)
			import_note(import, "%s = \"%s\" has no counterpart", vmx->v[i].name,
				    vmx->v[i].value);
	}
}

static void read_port(struct import *import, const struct vmx *vmx, unsigned int index)
{
	struct import_port *port = &import->ports[index];

	port->there = is_true(vmx, index, "present");
	if (!port->there)
		return;
	port->left_off = is(get(vmx, index, "startConnected"), "FALSE");
	port->yield_on_poll = is_true(vmx, index, "yieldOnMsrRead");
	far_end(import, vmx, index);
}

int import_vmx(FILE *file, struct import *import, char *why, size_t size)
{
	const char *name, *encoding;
	unsigned int index;
	struct vmx vmx;

	*import = (struct import){ 0 };
	if (vmx_read(file, &vmx, why, size)) {
		vmx_free(&vmx);
		return -1;
	}
	name = vmx_get(&vmx, "displayName");
	if (name)
		import->name = xstrdup(name);
	encoding = vmx_get(&vmx, ".encoding");
	if (encoding && strcasecmp(encoding, "UTF-8"))
		import_note(import, "names are taken byte for byte: the file's encoding is %s, not UTF-8",
			    encoding);
	read_uuid(import, &vmx, "uuid.bios", &import->uuid);
	read_uuid(import, &vmx, "vc.uuid", &import->vc_uuid);
	read_uuid(import, &vmx, "uuid.location", &import->location_uuid);
	for (index = 0; index < VSERIAL_PORTS_PER_GUEST; index++)
		read_port(import, &vmx, index);
	leftovers(import, &vmx);
	vmx_free(&vmx);
	return 0;
}
