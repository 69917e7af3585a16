// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libvirt takes what is exported for it, and what it prints of a domain is
 * imported: its own parser judges, by virsh(1) and the driver for tests, which
 * is inside libvirt and needs no daemon.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/vserial.h>

#include "../../helper/vserialctl/export.h"
#include "../../helper/vserialctl/import.h"
#include "unit.h"

/* Defines a domain with these devices.  Return: how it is printed; the caller frees it. */
static char *define(const char *devices)
{
	char path[] = "/tmp/vserial-domain-XXXXXX", line[256], *said = NULL, *begin;
	int fd = mkstemp(path);
	size_t size = 0;
	FILE *file;

	assert_true(fd >= 0);
	file = fdopen(fd, "w");
	fprintf(file, "<domain type='test'><name>web</name><memory>65536</memory>"
		"<os><type>hvm</type></os><devices>%s</devices></domain>", devices);
	assert_int_equal(fclose(file), 0);
	snprintf(line, sizeof(line), "virsh -q -c test:///default 'define %s; dumpxml web' 2>&1",
		 path);
	file = popen(line, "r");
	assert_non_null(file);
	if (getdelim(&said, &size, '\0', file) < 0)
		fail_msg("virsh printed nothing");
	if (pclose(file))
		fail_msg("%s", said);
	unlink(path);
	begin = strstr(said, "<domain");
	assert_non_null(begin);
	memmove(said, begin, strlen(begin) + 1);
	return said;
}

static void import(const char *text, struct import *import)
{
	FILE *file = fmemopen((void *)text, strlen(text), "r");
	char why[IMPORT_WHY_MAX];

	assert_non_null(file);
	if (import_libvirt(file, import, why, sizeof(why)))
		fail_msg("%s", why);
	fclose(file);
}

static size_t count(const char *text, const char *part)
{
	size_t n = 0;

	while ((text = strstr(text, part))) {
		text += strlen(part);
		n++;
	}
	return n;
}

static void all_ports(void **state)
{
	struct port ports[VSERIAL_PORTS_PER_GUEST];
	char *devices, *said, part[128];
	struct import guest;
	size_t size;
	uint32_t i;
	FILE *file;

	(void)state;
	for (i = 0; i < LENGTH(ports); i++)
		ports[i] = (struct port){ .index = i };
	file = open_memstream(&devices, &size);
	export_libvirt(file, "web", ports, LENGTH(ports));
	fclose(file);
	said = define(devices);
	free(devices);
	assert_int_equal(count(said, "<serial type='dev'>"), LENGTH(ports));
	import(said, &guest);
	assert_string_equal(guest.name, "web");
	assert_non_null(guest.uuid);
	for (i = 0; i < LENGTH(ports); i++) {
		snprintf(part, sizeof(part), "<target type='%s' port='%u'/>",
			 i < 4 ? "isa-serial" : "pci-serial", i);
		assert_int_equal(count(said, part), 1);
		assert_true(guest.ports[i].there);
	}
	/* That it knows no far ends, and nothing else. */
	assert_int_equal(guest.n_notes, LENGTH(ports));
	import_free(&guest);
	free(said);
}

static void far_ends(void **state)
{
	static const struct {
		const char *serial;
		const char *backing;
		uint32_t endpoint;
		const char *log;
	} cases[] = {
		{ "<serial type='null'/>", "null", VSERIAL_ENDPOINT_AUTO, NULL },
		{ "<serial type='dev'><source path='/dev/ttyS0'/></serial>", "uart:/dev/ttyS0",
		  VSERIAL_ENDPOINT_AUTO, NULL },
		{ "<serial type='file'><source path='/a' append='on'/></serial>", "file:/a#append",
		  VSERIAL_ENDPOINT_AUTO, NULL },
		{ "<serial type='unix'><source mode='bind' path='/s'/></serial>",
		  "pipe:/s#near=server&far=application", VSERIAL_ENDPOINT_AUTO, NULL },
		{ "<serial type='tcp'><source mode='bind' host='127.0.0.1' service='45'/>"
		  "<protocol type='telnet'/><log file='/l' append='off'/></serial>",
		  "telnet://127.0.0.1:45", VSERIAL_ENDPOINT_SERVER, "file:/l#truncate" },
		{ "<serial type='tcp'><source mode='connect' host='h' service='45' tls='yes'>"
		  "<reconnect enabled='yes' timeout='1'/></source></serial>",
		  "ssl://h:45", VSERIAL_ENDPOINT_CLIENT, NULL },
	};
	struct import guest;
	char *said;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(cases); i++) {
		said = define(cases[i].serial);
		import(said, &guest);
		assert_string_equal(guest.ports[0].backing, cases[i].backing);
		assert_int_equal(guest.ports[0].endpoint, cases[i].endpoint);
		if (cases[i].log)
			assert_string_equal(guest.ports[0].log, cases[i].log);
		else
			assert_null(guest.ports[0].log);
		assert_false(guest.ports[1].there);
		import_free(&guest);
		free(said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_ports),
		cmocka_unit_test(far_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
