// SPDX-License-Identifier: GPL-2.0-or-later
/* A guest's ports as hypervisors are told of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/vserial.h>

#include "../../helper/vserialctl/export.h"
#include "unit.h"

typedef void (*export_fn)(FILE *file, const char *guest, const struct port *ports, size_t n);

static void expect_text(export_fn export, const struct port *ports, size_t n, const char *text)
{
	char *got = NULL;
	size_t size;
	FILE *file = open_memstream(&got, &size);

	export(file, "web", ports, n);
	fclose(file);
	assert_string_equal(got, text);
	free(got);
}

static void qemu_gets_com_ports(void **state)
{
	const struct port ports[] = { { .index = 0 }, { .index = 3 } };

	(void)state;
	expect_text(export_qemu, ports, 2,
		    "-chardev serial,id=vserial0,path=/dev/vserial/web/0\n"
		    "-device isa-serial,chardev=vserial0,index=0\n"
		    "-chardev serial,id=vserial3,path=/dev/vserial/web/3\n"
		    "-device isa-serial,chardev=vserial3,index=3\n");
}

static void qemu_gets_cards(void **state)
{
	const struct port ports[] = { { .index = 9 } };

	(void)state;
	expect_text(export_qemu, ports, 1,
		    "-serial none\n"
		    "-chardev null,id=vserial8\n"
		    "-chardev serial,id=vserial9,path=/dev/vserial/web/9\n"
		    "-chardev null,id=vserial10\n"
		    "-chardev null,id=vserial11\n"
		    "-device pci-serial-4x,chardev1=vserial8,chardev2=vserial9,"
		    "chardev3=vserial10,chardev4=vserial11\n");
}

static void nobody_gets_a_port_that_is_not_there(void **state)
{
	(void)state;
	expect_text(export_qemu, NULL, 0, "-serial none\n");
	expect_text(export_libvirt, NULL, 0, "<!-- no serial ports -->\n");
	expect_text(export_vmx, NULL, 0, "# the serial ports of web: 0\n");
}

static void libvirt_gets_devices(void **state)
{
	const struct port ports[] = { { .index = 0 }, { .index = 4 } };

	(void)state;
	expect_text(export_libvirt, ports, 2,
		    "<serial type='dev'>\n"
		    "  <source path='/dev/vserial/web/0'/>\n"
		    "  <target type='isa-serial' port='0'/>\n"
		    "</serial>\n"
		    "<serial type='dev'>\n"
		    "  <source path='/dev/vserial/web/4'/>\n"
		    "  <target type='pci-serial' port='4'/>\n"
		    "</serial>\n");
}

static void esxi_gets_lines(void **state)
{
	const struct port ports[] = {
		{ .index = 0, .backing = "file:/var/a\"b.log#append", .proxy = "",
		  .connect_at_power_on = true },
		{ .index = 1, .backing = "pipe:debug#near=client", .proxy = "" },
		{ .index = 2, .backing = "telnet://:12345#verify", .proxy = "" },
		{ .index = 3, .backing = "tcp://host:1", .endpoint = VSERIAL_ENDPOINT_SERVER, .proxy = "" },
		{ .index = 4, .backing = "loopback", .proxy = "" },
		{ .index = 5, .backing = "uart:/dev/ttyS1", .proxy = "", .yield_on_poll = true },
		{ .index = 6, .backing = "ACID", .proxy = "telnet://vspc:13370" },
		{ .index = 7, .backing = "tcp://host:1", .proxy = "telnets://vspc:13370" },
		{ .index = 8, .backing = " pipe:/run/near=client # far = application & near = server",
		  .proxy = "" },
	};

	(void)state;
	expect_text(export_vmx, ports, 9,
		    "# the serial ports of web: 9\n"
		    "serial0.present = \"TRUE\"\n"
		    "serial0.startConnected = \"TRUE\"\n"
		    "serial0.fileType = \"file\"\n"
		    "serial0.fileName = \"/var/a|22b.log\"\n"
		    "serial1.present = \"TRUE\"\n"
		    "serial1.startConnected = \"FALSE\"\n"
		    "serial1.fileType = \"pipe\"\n"
		    "serial1.fileName = \"debug\"\n"
		    "serial1.pipe.endPoint = \"client\"\n"
		    "serial1.tryNoRxLoss = \"FALSE\"\n"
		    "serial2.present = \"TRUE\"\n"
		    "serial2.startConnected = \"FALSE\"\n"
		    "serial2.fileType = \"network\"\n"
		    "serial2.fileName = \"telnet://:12345#verify\"\n"
		    "serial2.network.endPoint = \"server\"\n"
		    "serial3.present = \"TRUE\"\n"
		    "serial3.startConnected = \"FALSE\"\n"
		    "serial3.fileType = \"network\"\n"
		    "serial3.fileName = \"tcp://host:1\"\n"
		    "serial3.network.endPoint = \"server\"\n"
		    "serial4.present = \"TRUE\"\n"
		    "serial4.startConnected = \"FALSE\"\n"
		    "# serial4: ESXi has nothing like the backing loopback\n"
		    "serial5.present = \"TRUE\"\n"
		    "serial5.startConnected = \"FALSE\"\n"
		    "serial5.yieldOnMsrRead = \"TRUE\"\n"
		    "serial5.fileType = \"device\"\n"
		    "serial5.fileName = \"/dev/ttyS1\"\n"
		    "serial6.present = \"TRUE\"\n"
		    "serial6.startConnected = \"FALSE\"\n"
		    "serial6.fileType = \"network\"\n"
		    "serial6.fileName = \"ACID\"\n"
		    "serial6.network.endPoint = \"server\"\n"
		    "serial6.vspc = \"telnet://vspc:13370\"\n"
		    "serial7.present = \"TRUE\"\n"
		    "serial7.startConnected = \"FALSE\"\n"
		    "serial7.fileType = \"network\"\n"
		    "serial7.fileName = \"tcp://host:1\"\n"
		    "serial7.network.endPoint = \"client\"\n"
		    "serial7.vspc = \"telnets://vspc:13370\"\n"
		    "serial8.present = \"TRUE\"\n"
		    "serial8.startConnected = \"FALSE\"\n"
		    "serial8.fileType = \"pipe\"\n"
		    "serial8.fileName = \"/run/near=client\"\n"
		    "serial8.pipe.endPoint = \"server\"\n"
		    "serial8.tryNoRxLoss = \"TRUE\"\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(qemu_gets_com_ports),
		cmocka_unit_test(qemu_gets_cards),
		cmocka_unit_test(nobody_gets_a_port_that_is_not_there),
		cmocka_unit_test(libvirt_gets_devices),
		cmocka_unit_test(esxi_gets_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
