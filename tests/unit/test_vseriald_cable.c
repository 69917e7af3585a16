// SPDX-License-Identifier: GPL-2.0-or-later
/* What either end of a cable has set, as the kernel and RFC 2217 say it. */
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "cable.h"
#include "unit.h"

static void is(uint32_t cflag, uint8_t size, uint8_t parity, uint8_t stop)
{
	struct com_port_guest guest = cable_guest(19200, cflag, TIOCM_RTS | TIOCM_CTS);

	assert_int_equal(guest.settings.speed, 19200);
	assert_int_equal(guest.settings.size, size);
	assert_int_equal(guest.settings.parity, parity);
	assert_int_equal(guest.settings.stop, stop);
	assert_false(guest.dtr);
	assert_true(guest.rts);
}

static void test_guest(void **state)
{
	(void)state;
	is(CS8, 8, 1, 1);
	is(CS7 | PARENB, 7, 3, 1);
	is(CS7 | PARENB | PARODD | CSTOPB, 7, 2, 2);
	is(CS6 | PARENB | CMSPAR, 6, 5, 1);
	is(CS8 | PARENB | CMSPAR | PARODD, 8, 4, 1);
	is(CS5 | CSTOPB, 5, 1, 3);
	is(CS8 | PARODD | CMSPAR, 8, 1, 1);
	assert_true(cable_guest(0, 0, TIOCM_DTR).dtr);
	assert_int_equal(cable_guest(0, 0, 0).settings.speed, 115200);
	assert_int_equal(cable_guest(0, 0, 0).settings.size, 8);
}

static void test_lines(void **state)
{
	(void)state;
	assert_int_equal(cable_lines(false, false), 0);
	assert_int_equal(cable_lines(true, false), TIOCM_DTR);
	assert_int_equal(cable_lines(true, true), TIOCM_DTR | TIOCM_RTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guest),
		cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
