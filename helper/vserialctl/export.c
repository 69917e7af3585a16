// SPDX-License-Identifier: GPL-2.0-or-later
/* A guest's ports as hypervisors are told of them. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <linux/vserial.h>

#include "export.h"
#include "uri.h"

/* COM1 to COM4, which have places of their own on a PC. */
#define COM_PORTS	4u
/* Ports on one of QEMU's larger PCI cards, pci-serial-4x. */
#define CARD_PORTS	4u

/* QEMU */

/* Return: whether there is a port with this index; *@i is where to look. */
static bool next_is(const struct port *ports, size_t n, size_t *i, unsigned int index)
{
	if (*i == n || ports[*i].index != index)
		return false;
	++*i;
	return true;
}

static void qemu_card(FILE *file, const char *guest, const struct port *ports, size_t n,
		      size_t *i, unsigned int first)
{
	unsigned int index;

	/* Ports keep their places on the card although some are missing. */
	for (index = first; index < first + CARD_PORTS; index++) {
		if (next_is(ports, n, i, index))
			fprintf(file, "-chardev serial,id=vserial%u,path=/dev/vserial/%s/%u\n",
				index, guest, index);
		else
			fprintf(file, "-chardev null,id=vserial%u\n", index);
	}
	fprintf(file, "-device pci-serial-4x");
	for (index = 0; index < CARD_PORTS; index++)
		fprintf(file, ",chardev%u=vserial%u", index + 1, first + index);
	fputc('\n', file);
}

void export_qemu(FILE *file, const char *guest, const struct port *ports, size_t n)
{
	unsigned int index, first;
	size_t i = 0;

	/* Else QEMU gives a guest a port of its own. */
	if (!n || ports[0].index >= COM_PORTS)
		fputs("-serial none\n", file);
	for (index = 0; index < COM_PORTS; index++) {
		if (next_is(ports, n, &i, index))
			fprintf(file, "-chardev serial,id=vserial%u,path=/dev/vserial/%s/%u\n"
				"-device isa-serial,chardev=vserial%u,index=%u\n",
				index, guest, index, index, index);
	}
	while (i < n) {
		first = ports[i].index - ports[i].index % CARD_PORTS;
		qemu_card(file, guest, ports, n, &i, first);
	}
}

/* libvirt */

void export_libvirt(FILE *file, const char *guest, const struct port *ports, size_t n)
{
	size_t i;

	if (!n)
		fputs("<!-- no serial ports -->\n", file);
	for (i = 0; i < n; i++)
		fprintf(file, "<serial type='dev'>\n"
			"  <source path='/dev/vserial/%s/%u'/>\n"
			"  <target type='%s' port='%u'/>\n"
			"</serial>\n", guest, ports[i].index,
			ports[i].index < COM_PORTS ? "isa-serial" : "pci-serial",
			ports[i].index);
}

/* ESXi */

static void vmx_value(FILE *file, unsigned int index, const char *key, const char *value)
{
	/* As VMware's own tools escape: what would end the value or the line. */
	fprintf(file, "serial%u.%s = \"", index, key);
	for (; *value; value++) {
		if (*value == '"' || *value == '|' || *value == '\x7f' ||
		    ((unsigned char)*value < ' ' && *value != '\t'))
			fprintf(file, "|%02X", (unsigned char)*value);
		else
			fputc(*value, file);
	}
	fputs("\"\n", file);
}

/* Around a specification, and what parts it, there may be blanks. */
static bool has_scheme(const struct port *port, const char *scheme)
{
	return !strncmp(port->backing + strspn(port->backing, " "), scheme, strlen(scheme));
}

/* What stands behind "TYPE:", without keys. */
static void vmx_name(FILE *file, const struct port *port)
{
	const char *name = strchr(port->backing, ':') + 1;
	size_t len = strcspn(name, "#");
	char *copy;

	while (len && name[len - 1] == ' ')
		len--;
	copy = strndup(name, len);
	if (copy)
		vmx_value(file, port->index, "fileName", copy);
	free(copy);
}

/* Whether the keys have NAME=VALUE. */
static bool has_key(const struct port *port, const char *name, const char *value)
{
	const char *at = strchrnul(port->backing, '#');

	while (*at) {
		at++;
		at += strspn(at, " ");
		if (!strncmp(at, name, strlen(name))) {
			at += strlen(name);
			at += strspn(at, " ");
			at += *at == '=';
			at += strspn(at, " ");
			if (!strncmp(at, value, strlen(value)))
				return true;
		}
		at = strchrnul(at, '&');
	}
	return false;
}

static void vmx_pipe(FILE *file, const struct port *port)
{
	vmx_value(file, port->index, "fileType", "pipe");
	vmx_name(file, port);
	vmx_value(file, port->index, "pipe.endPoint",
		  has_key(port, "near", "client") ? "client" : "server");
	vmx_value(file, port->index, "tryNoRxLoss",
		  has_key(port, "far", "application") ? "TRUE" : "FALSE");
}

/* Whether a service is dialled; behind a concentrator its name may be anything. */
static bool is_dialled(const struct port *port)
{
	char why[URI_WHY_MAX];
	struct uri uri;
	bool host;

	if (port->endpoint != VSERIAL_ENDPOINT_AUTO)
		return port->endpoint == VSERIAL_ENDPOINT_CLIENT;
	if (uri_parse(port->backing, &uri, why, sizeof(why)))
		return false;
	host = *uri.host;
	uri_free(&uri);
	return host;
}

static void vmx_uri(FILE *file, const struct port *port)
{
	vmx_value(file, port->index, "fileType", "network");
	vmx_value(file, port->index, "fileName", port->backing);
	vmx_value(file, port->index, "network.endPoint", is_dialled(port) ? "client" : "server");
	if (*port->proxy)
		vmx_value(file, port->index, "vspc", port->proxy);
}

/* Return: whether it is a network that ESXi knows. */
static bool vmx_network(FILE *file, const struct port *port)
{
	char why[URI_WHY_MAX];
	struct uri uri;
	bool known;

	if (uri_parse(port->backing, &uri, why, sizeof(why)))
		return false;
	known = uri.kind == URI_TCP || uri.kind == URI_TELNET;
	if (known)
		vmx_uri(file, port);
	uri_free(&uri);
	return known;
}

static void vmx_port(FILE *file, const struct port *port)
{
	vmx_value(file, port->index, "present", "TRUE");
	vmx_value(file, port->index, "startConnected",
		  port->connect_at_power_on ? "TRUE" : "FALSE");
	if (port->yield_on_poll)
		vmx_value(file, port->index, "yieldOnMsrRead", "TRUE");
	if (*port->proxy) {
		vmx_uri(file, port);
	} else if (has_scheme(port, "file:")) {
		vmx_value(file, port->index, "fileType", "file");
		vmx_name(file, port);
	} else if (has_scheme(port, "uart:")) {
		vmx_value(file, port->index, "fileType", "device");
		vmx_name(file, port);
	} else if (has_scheme(port, "pipe:")) {
		vmx_pipe(file, port);
	} else if (!vmx_network(file, port)) {
		fprintf(file, "# serial%u: ESXi has nothing like the backing %s\n",
			port->index, port->backing);
	}
}

void export_vmx(FILE *file, const char *guest, const struct port *ports, size_t n)
{
	size_t i;

	fprintf(file, "# the serial ports of %s: %zu\n", guest, n);
	for (i = 0; i < n; i++)
		vmx_port(file, &ports[i]);
}
