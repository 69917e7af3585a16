// SPDX-License-Identifier: GPL-2.0-or-later
/* Guests of other hypervisors: what becomes of them here, and what nobody should send. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/vserial.h>

#include "../../helper/vserialctl/export.h"
#include "../../helper/vserialctl/import.h"
#include "unit.h"

typedef int (*import_fn)(FILE *file, struct import *import, char *why, size_t size);

static int read_text(import_fn read, const char *text, size_t len, struct import *import,
		     char *why)
{
	/* fmemopen() takes no empty buffer. */
	FILE *file = len ? fmemopen((void *)text, len, "r") : fopen("/dev/null", "r");
	int rc;

	assert_non_null(file);
	*why = '\0';
	rc = read(file, import, why, IMPORT_WHY_MAX);
	fclose(file);
	return rc;
}

/* The commands that make the guest, and behind them the notes. */
static char *result(const struct import *import)
{
	char *got = NULL;
	size_t size, i;
	FILE *file = open_memstream(&got, &size);

	import_write(file, import, import->name ? import->name : "unnamed");
	for (i = 0; i < import->n_notes; i++)
		fprintf(file, "%s\n", import->notes[i]);
	fclose(file);
	return got;
}

static void expect_result(import_fn read, const char *text, const char *expected)
{
	struct import import;
	char why[IMPORT_WHY_MAX], *got;

	if (read_text(read, text, strlen(text), &import, why))
		fail_msg("refused: %s", why);
	got = result(&import);
	assert_string_equal(got, expected);
	free(got);
	import_free(&import);
}

static void expect_refusal(import_fn read, const char *text, size_t len, const char *expected)
{
	struct import import;
	char why[IMPORT_WHY_MAX];

	assert_int_equal(read_text(read, text, len, &import, why), -1);
	assert_string_equal(why, expected);
	import_free(&import);
}

/* A port of ESXi's with these lines. */
#define PORT(lines)	"serial0.present = \"TRUE\"\n" lines

static void esxi_guest(void **state)
{
	(void)state;
	expect_result(import_vmx,
		      ".encoding = \"UTF-8\"\r\n"
		      "displayName = \"web01\"\r\n"
		      "uuid.bios = \"56 4d 1a 2b 3c 4d 5e 6f-70 81 92 a3 b4 c5 d6 e7\"\r\n"
		      "uuid.location = \"56 4d 00 2b 3c 4d 5e 6f-70 81 92 a3 b4 c5 d6 e7\"\r\n"
		      "vc.uuid = \"52 4D 1A 2B 3C 4D 5E 6F-70 81 92 A3 B4 C5 D6 E7\"\r\n"
		      "SERIAL3.PRESENT = true # one more\r\n"
		      "serial3.fileType = \"file\"\r\n"
		      "serial3.fileName = \"/var/a|22b.log\"\r\n"
		      "serial3.startConnected = \"FALSE\"\r\n"
		      "serial3.yieldOnMsrRead = \"TRUE\"\r\n"
		      "serial4.present = \"FALSE\"\r\n"
		      "serial4.fileType = \"thinprint\"\r\n"
		      "serial5.fileType = \"thinprint\"\r\n",
		      "guest add web01 uuid 564d1a2b-3c4d-5e6f-7081-92a3b4c5d6e7 vc-uuid 524d1a2b-3c4d-5e6f-7081-92a3b4c5d6e7 location-uuid 564d002b-3c4d-5e6f-7081-92a3b4c5d6e7\n"
		      "port add web01/3 backing \"file:/var/a\\\"b.log#append\" connect-at-power-on off yield-on-poll on\n");
}

static void esxi_far_ends(void **state)
{
	static const struct {
		const char *lines;
		const char *port;
	} cases[] = {
		{ "serial0.fileType = \"device\"\nserial0.fileName = \"/dev/ttyS1\"\n",
		  "backing uart:/dev/ttyS1\n" },
		{ "serial0.fileType = \"device\"\nserial0.fileName = \"/dev/char/serial/uart1\"\n",
		  "backing uart:/dev/ttyS1\nserial0: /dev/char/serial/uart1 becomes /dev/ttyS1\n" },
		{ "serial0.fileType = \"device\"\nserial0.fileName = \"COM1\"\n",
		  "backing null\n"
		   "serial0 gets the backing null: the device 'COM1' is not a path of Linux; 'vserialctl port list-uarts' shows those of this host\n",
		},
		{ "serial0.fileType = \"device\"\nserial0.autodetect = \"TRUE\"\n",
		  "backing null\n"
		   "serial0 gets the backing null: autodetect chose its device; 'vserialctl port list-uarts' shows those of this host\n",
		},
		{ "serial0.fileType = \"file\"\nserial0.fileName = \"web01.log\"\n",
		  "backing null\n"
		   "serial0 does not write to 'web01.log': the path is not absolute\n" },
		{ "serial0.fileType = \"file\"\nserial0.fileName = \"/a#b\"\n",
		  "backing null\n"
		   "serial0 does not write to '/a#b': the path holds a #, which would end it\n" },
		{ "serial0.fileType = \"pipe\"\nserial0.fileName = \"debug\"\n",
		  "backing \"pipe:debug#near=server&far=guest\"\n" },
		{ "serial0.fileType = \"pipe\"\n"
		  "serial0.fileName = \"\\\\.\\pipe\\com_1\"\n"
		  "serial0.pipe.endPoint = \"client\"\n",
		  "backing \"pipe:com_1#near=client&far=guest\"\n"
		   "serial0: the pipe \\\\.\\pipe\\com_1 is named com_1\n" },
		{ "serial0.fileType = \"pipe\"\nserial0.fileName = \"/tmp/com1\"\n",
		  "backing \"pipe:com1#near=server&far=guest\"\n"
		   "serial0: the pipe /tmp/com1 is named com1\n" },
		{ "serial0.fileType = \"pipe\"\n"
		  "serial0.fileName = \"/tmp/com1\"\n"
		  "serial0.tryNoRxLoss = \"TRUE\"\n",
		  "backing \"pipe:/tmp/com1#near=server&far=application\"\n" },
		{ "serial0.fileType = \"pipe\"\nserial0.fileName = \"com 1\"\n",
		  "backing null\n"
		   "serial0 gets the backing null: 'com 1' cannot be a pipe's name\n" },
		{ "serial0.fileType = \"network\"\nserial0.fileName = \"telnet://:12345#verify\"\n",
		  "backing telnet://:12345#verify endpoint server\n" },
		{ "serial0.fileType = \"network\"\n"
		  "serial0.fileName = \"tcp://host:1\"\n"
		  "serial0.network.endPoint = \"client\"\n",
		  "backing tcp://host:1 endpoint client\n" },
		{ "serial0.fileType = \"network\"\n"
		  "serial0.fileName = \"ACID\"\n"
		  "serial0.vspc = \"telnet://vspc:13370\"\n"
		  "serial0.network.endPoint = \"client\"\n",
		  "backing ACID proxy telnet://vspc:13370 endpoint client\n" },
		{ "serial0.fileType = \"network\"\n"
		  "serial0.fileName = \"telnet://rack\"\n"
		  "serial0.vspc = \"telnet://vspc:13370\"\n",
		  "backing telnet://rack proxy telnet://vspc:13370 endpoint server\n" },
		{ "serial0.fileType = \"network\"\n"
		  "serial0.fileName = \"ACID\"\n"
		  "serial0.vspc = \"ftp://vspc\"\n",
		  "backing null\n"
		   "serial0 gets the backing null: its concentrator 'ftp://vspc' is neither telnet://HOST:PORT nor telnets://HOST:PORT\n",
		},
		{ "serial0.fileType = \"network\"\nserial0.fileName = \"vsock://2:1\"\n",
		  "backing null\n"
		   "serial0 gets the backing null: 'vsock://2:1' is no network of ESXi's\n" },
		{ "serial0.fileType = \"thinprint\"\n",
		  "backing null\nserial0 gets the backing null: there is no thinprint here\n" },
		{ "serial0.fileType = \"tape\"\nserial0.fileName = \"x\"\n",
		  "backing null\n"
		   "serial0 gets the backing null: its fileType 'tape' is none of device, file, pipe, network and thinprint\n",
		},
		{ "", "backing null\nserial0 gets the backing null: it has no fileType\n" },
		{ "serial0.fileType = \"file\"\n",
		  "backing null\nserial0 gets the backing null: it has no fileName\n" },
	};
	char text[512], expected[512];
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(cases); i++) {
		snprintf(text, sizeof(text), PORT("%s"), cases[i].lines);
		snprintf(expected, sizeof(expected), "guest add unnamed\nport add unnamed/0 %s",
			 cases[i].port);
		expect_result(import_vmx, text, expected);
	}
}

static void esxi_leftovers_are_listed(void **state)
{
	(void)state;
	expect_result(import_vmx,
		      PORT("serial0.fileType = \"thinprint\"\n")
		      "serial0.hardwareFlowControl = \"TRUE\"\n"
		      "serial32.present = \"TRUE\"\n"
		      "uuid.bios = \"no\"\n"
		      ".encoding = \"GBK\"\n",
		      "guest add unnamed\nport add unnamed/0 backing null\n"
		      "names are taken byte for byte: the file's encoding is GBK, not UTF-8\n"
		      "uuid.bios is left out: 'no' is not sixteen bytes in hexadecimal\n"
		      "serial0 gets the backing null: there is no thinprint here\n"
		      "serial0.hardwareFlowControl = \"TRUE\" has no counterpart\n"
		      "serial32 is left out: a guest has ports 0 to 31\n");
}

static void esxi_lines_that_are_none(void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} cases[] = {
		{ "# a comment\n\n\tx = \"y\"\nno line\n", "line 4: it is not NAME = \"VALUE\"" },
		{ "= \"y\"\n", "line 1: it is not NAME = \"VALUE\"" },
		{ "x = \"y\n", "line 1: its quote is not closed" },
		{ "x = \"y\" z\n", "line 1: something stands behind the value" },
		{ "x = \"a|00b\"\n", "line 1: |00 stands for no character" },
		{ "x = \"1\"\ny = 2\nX = 3\n", "line 3: 'X' is there already, in line 1" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(cases); i++)
		expect_refusal(import_vmx, cases[i].text, strlen(cases[i].text), cases[i].why);
	expect_refusal(import_vmx, "x = \0\n", 6, "line 1: it holds a NUL byte");
}

/* What export prints comes back as it was. */
static void esxi_round_trip(void **state)
{
	const struct port ports[] = {
		{ .index = 0, .backing = "file:/var/a\"b.log#append", .connect_at_power_on = true,
		  .proxy = "", .yield_on_poll = true },
		{ .index = 1, .backing = "pipe:debug#near=client&far=guest", .proxy = "" },
		{ .index = 2, .backing = "pipe:/run/x|y#near=server&far=application", .proxy = "" },
		{ .index = 7, .backing = "telnet://:12345#verify", .proxy = "",
		  .endpoint = VSERIAL_ENDPOINT_SERVER },
		{ .index = 8, .backing = "ACID", .proxy = "telnets://vspc:13370#verify",
		  .endpoint = VSERIAL_ENDPOINT_CLIENT },
		{ .index = 31, .backing = "uart:/dev/ttyS1", .proxy = "" },
	};
	char why[IMPORT_WHY_MAX], *text = NULL;
	const struct import_port *port;
	struct import import;
	size_t size, i;
	FILE *file = open_memstream(&text, &size);

	(void)state;
	export_vmx(file, "web", ports, LENGTH(ports));
	fclose(file);
	assert_int_equal(read_text(import_vmx, text, size, &import, why), 0);
	free(text);
	assert_int_equal(import.n_notes, 0);
	for (i = 0; i < LENGTH(ports); i++) {
		port = &import.ports[ports[i].index];
		assert_true(port->there);
		assert_string_equal(port->backing, ports[i].backing);
		assert_string_equal(port->proxy ? port->proxy : "", ports[i].proxy);
		assert_int_equal(port->endpoint, ports[i].endpoint);
		assert_int_equal(!port->left_off, ports[i].connect_at_power_on);
		assert_int_equal(port->yield_on_poll, ports[i].yield_on_poll);
		import.ports[ports[i].index].there = false;
	}
	for (i = 0; i < VSERIAL_PORTS_PER_GUEST; i++)
		assert_false(import.ports[i].there);
	import_free(&import);
}

#define DOMAIN(devices) \
	"<domain type='kvm'>\n<name>web02</name>\n<devices>\n" devices "</devices>\n</domain>\n"

static void libvirt_guest(void **state)
{
	(void)state;
	expect_result(import_libvirt,
		      "<?xml version='1.0'?><domain type='kvm'><name>web02</name>"
		      "<uuid>6ba7b810-9dad-11d1-80b4-00c04fd430c8</uuid><devices>"
		      "<serial type='null'><target type='isa-serial' port='2'/></serial>"
		      "<serial type='null'/><disk/>"
		      "<console type='pty'><target type='serial' port='0'/></console>"
		      "</devices></domain>",
		      "guest add web02 uuid 6ba7b810-9dad-11d1-80b4-00c04fd430c8\n"
		      "port add web02/2 backing null\nport add web02/3 backing null\n");
	/* A console that stands alone is a port. */
	expect_result(import_libvirt,
		      DOMAIN("<console type='null'/>"
			     "<console type='pty'><target type='virtio'/></console>\n"),
		      "guest add web02\nport add web02/0 backing null\n"
		      "the console in line 4 is left out: it is no serial port\n");
}

static void libvirt_far_ends(void **state)
{
	static const struct {
		const char *serial;
		const char *port;
	} cases[] = {
		{ "<serial type='dev'><source path='/dev/ttyS1'/></serial>", "backing uart:/dev/ttyS1\n",
		},
		{ "<serial type='dev'><source path='/dev/vserial/web02/0'/></serial>",
		  "backing null\n"
		   "serial0 gets the backing null: the domain has it as /dev/vserial/web02/0, which does not say what its far end is\n",
		},
		{ "<serial type='file'><source path='/a &amp; b' append='on'/></serial>",
		  "backing \"file:/a & b#append\"\n" },
		{ "<serial type='file'><source path='/a'><seclabel/></source></serial>",
		  "backing file:/a#truncate\nserial0: <seclabel> has no counterpart\n" },
		{ "<serial type='unix'><source mode='bind' path='/run/s'/></serial>",
		  "backing \"pipe:/run/s#near=server&far=application\"\n" },
		{ "<serial type='unix'><source mode='connect' path='/run/s'/></serial>",
		  "backing \"pipe:/run/s#near=client&far=application\"\n" },
		{ "<serial type='unix'/>",
		  "backing null\nserial0 gets the backing null: '' cannot be a socket's path\n" },
		{ "<serial type='tcp'><source mode='bind' host='127.0.0.1' service='45'/>"
		  "<protocol type='telnet'/></serial>",
		  "backing telnet://127.0.0.1:45 endpoint server\n" },
		{ "<serial type='tcp'><source mode='connect' host='::1' service='45'>"
		  "<reconnect enabled='no'/></source></serial>",
		  "backing \"tcp://[::1]:45\" endpoint client\n"
		   "serial0: a lost connection is dialled again all the same\n" },
		{ "<serial type='tcp'><source mode='connect' host='h' service='45' tls='yes'/>"
		  "<protocol type='raw'/></serial>",
		  "backing ssl://h:45 endpoint client\n"
		   "serial0: certificates are those of /etc/vserial/vseriald.conf\n" },
		{ "<serial type='tcp'><source host='h' service='4#5'/></serial>",
		  "backing null\n"
		   "serial0 gets the backing null: its protocol, host or service is none of libvirt's\n",
		},
		{ "<serial type='null'><log file='/l'/></serial>", "backing null log file:/l#truncate\n",
		},
		{ "<serial type='null'><log file='l' append='on'/></serial>",
		  "backing null\nserial0 does not write to 'l': the path is not absolute\n" },
		{ "<serial type='pty'/>",
		  "backing null\n"
		   "serial0 gets the backing null: 'vserialctl console' takes the place of a pseudo-terminal\n",
		},
		{ "<serial type='udp'/>",
		  "backing null\n"
		   "serial0 gets the backing null: there is nothing like the type 'udp' here\n" },
		{ "<serial/>",
		  "backing null\n"
		   "serial0 gets the backing null: there is nothing like the type '' here\n" },
	};
	char text[512], expected[512];
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(cases); i++) {
		snprintf(text, sizeof(text), DOMAIN("%s"), cases[i].serial);
		snprintf(expected, sizeof(expected), "guest add web02\nport add web02/0 %s",
			 cases[i].port);
		expect_result(import_libvirt, text, expected);
	}
}

static void libvirt_ports_have_numbers(void **state)
{
	(void)state;
	expect_result(import_libvirt,
		      DOMAIN("<serial type='null'><target port='32'/></serial>\n"
			     "<serial type='null'><target port='-1'/></serial>\n"
			     "<serial type='null'><target port='31'/></serial>\n"
			     "<serial type='null'/>\n"),
		      "guest add web02\nport add web02/31 backing null\n"
		      "the serial port in line 4 is left out: a guest has ports 0 to 31\n"
		      "the serial port in line 5 is left out: a guest has ports 0 to 31\n"
		      "the serial port in line 7 is left out: a guest has ports 0 to 31\n");
	expect_refusal(import_libvirt,
		       DOMAIN("<serial type='null'><target port='1'/></serial>\n"
			      "<serial type='null'><target port='1'/></serial>\n"),
		       strlen(DOMAIN("<serial type='null'><target port='1'/></serial>\n"
				     "<serial type='null'><target port='1'/></serial>\n")),
		       "line 5: the domain has serial port 1 already");
}

static void libvirt_files_that_are_none(void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} cases[] = {
		{ "", "the file is empty" },
		{ "<network/>", "it is no <domain> as 'virsh dumpxml' prints it" },
		{ "<!DOCTYPE domain [<!ENTITY a 'b'>]><domain/>",
		  "it has a DOCTYPE, and no domain of libvirt's has one" },
	};
	char why[IMPORT_WHY_MAX];
	struct import import;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(cases); i++)
		expect_refusal(import_libvirt, cases[i].text, strlen(cases[i].text), cases[i].why);
	/* What follows is libxml2's own. */
	assert_int_equal(read_text(import_libvirt, "<domain>\n<a>\n</b>", 16, &import, why), -1);
	assert_memory_equal(why, "line 3: it is no XML: ", 22);
	assert_int_not_equal(why[22], '\0');
	import_free(&import);
}

/* The ports that export prints come back by their numbers; a domain does not say more. */
static void libvirt_round_trip(void **state)
{
	const struct port ports[] = { { .index = 0 }, { .index = 31 } };
	char why[IMPORT_WHY_MAX], *text = NULL;
	struct import import;
	unsigned int i;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	(void)state;
	fputs("<domain><name>web</name><devices>", file);
	export_libvirt(file, "web", ports, LENGTH(ports));
	fputs("</devices></domain>", file);
	fclose(file);
	assert_int_equal(read_text(import_libvirt, text, size, &import, why), 0);
	free(text);
	assert_string_equal(import.name, "web");
	for (i = 0; i < VSERIAL_PORTS_PER_GUEST; i++)
		assert_int_equal(import.ports[i].there, i == 0 || i == 31);
	import_free(&import);
}

static void too_large(import_fn read, size_t max, const char *why)
{
	char *text = malloc(max + 1);

	assert_non_null(text);
	memset(text, '\n', max + 1);
	expect_refusal(read, text, max + 1, why);
	free(text);
}

static void no_end(void **state)
{
	(void)state;
	too_large(import_vmx, 1 << 20, "line 1048577: the file is larger than 1M");
	too_large(import_libvirt, 4 << 20, "the file is larger than 4M");
}

/* Cut off anywhere, or with a byte changed: understood or refused in words. */
static void survive(import_fn read, const char *text)
{
	size_t len = strlen(text), i;
	char *copy = malloc(len), why[IMPORT_WHY_MAX];
	struct import import;
	uint32_t random = 1;

	assert_non_null(copy);
	for (i = 0; i < len; i++) {
		if (read_text(read, text, i, &import, why))
			assert_string_not_equal(why, "");
		import_free(&import);
	}
	for (i = 0; i < 4000; i++) {
		memcpy(copy, text, len);
		random = random * 1664525 + 1013904223;
		copy[(random >> 8) % len] = (char)(random >> 24);
		if (read_text(read, copy, len, &import, why))
			assert_string_not_equal(why, "");
		import_free(&import);
	}
	free(copy);
}

static void hostile(void **state)
{
	(void)state;
	survive(import_vmx, "displayName = \"a|22\"\n"
			    PORT("serial0.fileType = \"pipe\"\n"
			      "serial0.fileName = \"\\\\.\\pipe\\x\"\n")
			    "serial1.present = TRUE # x\nserial1.fileType = \"network\"\n"
			    "serial1.fileName = \"telnet://h:1#verify\"\nuuid.bios = \"56 4d-\"\n");
	survive(import_libvirt,
		DOMAIN("<serial type='tcp'><source mode='bind' host='::' service='1'/>"
		       "<protocol type='raw'/><target port='3'/><log file='/l'/></serial>"
		       "<serial type='file'><source path='/a&amp;b'/></serial>"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(esxi_guest),
		cmocka_unit_test(esxi_far_ends),
		cmocka_unit_test(esxi_leftovers_are_listed),
		cmocka_unit_test(esxi_lines_that_are_none),
		cmocka_unit_test(esxi_round_trip),
		cmocka_unit_test(libvirt_guest),
		cmocka_unit_test(libvirt_far_ends),
		cmocka_unit_test(libvirt_ports_have_numbers),
		cmocka_unit_test(libvirt_files_that_are_none),
		cmocka_unit_test(libvirt_round_trip),
		cmocka_unit_test(no_end),
		cmocka_unit_test(hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
