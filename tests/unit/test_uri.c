// SPDX-License-Identifier: GPL-2.0-or-later
/* Backing specifications that the daemon serves. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "unit.h"
#include "uri.h"

static struct uri parsed(const char *spec)
{
	char why[URI_WHY_MAX] = "";
	struct uri uri;
	int rc = uri_parse(spec, &uri, why, sizeof(why));

	if (rc)
		print_error("%s\n", why);
	assert_int_equal(rc, 0);
	return uri;
}

static void refused(const char *spec, const char *part)
{
	char why[URI_WHY_MAX] = "";
	struct uri uri;

	if (uri_parse(spec, &uri, why, sizeof(why)) != -EINVAL || !strstr(why, part))
		fail_msg("'%s' should be refused because of '%s', not '%s'", spec, part, why);
	assert_null(strchr(why, '\n'));
	/* Nothing is left to free. */
	assert_null(uri.thumbprint);
	assert_null(uri.allow.networks);
	assert_int_equal(uri_check(spec, why, sizeof(why)), -EINVAL);
}

static void test_schemes(void **state)
{
	static const struct {
		const char *spec;
		enum uri_kind kind;
		const char *scheme;
		int family;
		bool tls;
	} schemes[] = {
		{ "tcp://:7000", URI_TCP, "tcp", AF_UNSPEC, false },
		{ "tcp4://:7000", URI_TCP, "tcp4", AF_INET, false },
		{ "tcp6://:7000", URI_TCP, "tcp6", AF_INET6, false },
		{ "ssl://:7000", URI_TCP, "ssl", AF_UNSPEC, true },
		{ "tcp+ssl://:7000", URI_TCP, "tcp+ssl", AF_UNSPEC, true },
		{ "tcp4+ssl://:7000", URI_TCP, "tcp4+ssl", AF_INET, true },
		{ "tcp6+ssl://:7000", URI_TCP, "tcp6+ssl", AF_INET6, true },
		{ "telnet://:7000", URI_TELNET, "telnet", AF_UNSPEC, false },
		{ "telnets://:7000", URI_TELNET, "telnets", AF_UNSPEC, true },
		{ "TCP+SSL://:7000", URI_TCP, "tcp+ssl", AF_UNSPEC, true },
		{ "Telnet://:7000", URI_TELNET, "telnet", AF_UNSPEC, false },
		{ "vsock://:7000", URI_VSOCK, "vsock", AF_UNSPEC, false },
	};
	struct uri uri;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(schemes); i++) {
		uri = parsed(schemes[i].spec);
		assert_int_equal(uri.kind, schemes[i].kind);
		assert_string_equal(uri.scheme, schemes[i].scheme);
		assert_int_equal(uri.family, schemes[i].family);
		assert_int_equal(uri.tls, schemes[i].tls);
		assert_string_equal(uri.host, "");
		assert_int_equal(uri.port, 7000);
		uri_free(&uri);
	}
}

static void test_hosts(void **state)
{
	static const struct {
		const char *spec;
		const char *host;
		uint32_t port;
	} hosts[] = {
		{ "tcp://console.example.org:1", "console.example.org", 1 },
		{ "tcp://192.0.2.1:65535", "192.0.2.1", 65535 },
		{ "tcp://[2001:db8::1]:23", "2001:db8::1", 23 },
		{ "tcp6://[fe80::1%eth0]:23", "fe80::1%eth0", 23 },
		{ "tcp4://192.0.2.1:23", "192.0.2.1", 23 },
		{ "  tcp://host_1:23  ", "host_1", 23 },
		{ "tcp://1und1:23", "1und1", 23 },
		{ "vsock://3:4294967294", "3", 4294967294 },
		{ "vsock://:1", "", 1 },
		{ "ipp://printer", "printer", 631 },
		{ "ipp://printer:8631/queue", "printer", 8631 },
		{ "ipps://[2001:db8::1]/", "2001:db8::1", 631 },
		{ "socket://printer/", "printer", 9100 },
		{ "socket://192.0.2.9:9101", "192.0.2.9", 9101 },
	};
	struct uri uri;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(hosts); i++) {
		uri = parsed(hosts[i].spec);
		assert_string_equal(uri.host, hosts[i].host);
		assert_int_equal(uri.port, hosts[i].port);
		uri_free(&uri);
	}
}

static void test_printers(void **state)
{
	struct uri uri = parsed("ipps://printer/printers/a%20b#format=text/plain & verify");

	(void)state;
	assert_int_equal(uri.kind, URI_PRINTER);
	assert_true(uri.tls);
	assert_string_equal(uri.resource, "/printers/a%20b");
	assert_string_equal(uri.format, "text/plain");
	assert_true(uri.verify);
	uri_free(&uri);
	uri = parsed("ipp://printer");
	assert_string_equal(uri.resource, "/ipp/print");
	assert_null(uri.format);
	uri_free(&uri);
	uri = parsed("socket://printer");
	assert_null(uri.resource);
	uri_free(&uri);
}

static void test_keys(void **state)
{
	struct uri uri = parsed("telnets://vm.example.org:992 # thumbprint = "
				"00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33"
				" & peerName = vm.example.org & verify&cipherList=DHE-RSA-AES256-SHA256, AES256-SHA"
				" & allow = 192.0.2.0/24, 2001:db8::/32 ");

	(void)state;
	assert_string_equal(uri.thumbprint, "00112233445566778899aabbccddeeff00112233");
	assert_string_equal(uri.peer_name, "vm.example.org");
	assert_string_equal(uri.cipher_list, "DHE-RSA-AES256-SHA256, AES256-SHA");
	assert_true(uri.verify);
	assert_int_equal(uri.allow.n, 2);
	uri_free(&uri);
	assert_null(uri.peer_name);

	/* In any case, and for telnet, which may come to speak TLS. */
	uri = parsed("telnet://:23#VERIFY&peername=x");
	assert_true(uri.verify);
	assert_string_equal(uri.peer_name, "x");
	assert_null(uri.thumbprint);
	uri_free(&uri);
	uri = parsed("ssl://:23#thumbprint=0011223344556677889900112233445566778899001122334455667788990011");
	assert_int_equal(strlen(uri.thumbprint), 64);
	uri_free(&uri);
	uri = parsed("ssl://:23#thumbprint=00-11 22:33445566778899001122334455667788990011223344556677889900112233445566778899AABB001122334455");
	assert_int_equal(strlen(uri.thumbprint), 96);
	uri_free(&uri);
	uri = parsed("tcp://:23#allow=10.0.0.0/8");
	assert_int_equal(uri.allow.n, 1);
	uri_free(&uri);
}

static void test_pipes(void **state)
{
	char path[URI_PATH_MAX + 64];
	struct uri uri;

	(void)state;
	uri = parsed("pipe:kgdb#far=application");
	assert_int_equal(uri.kind, URI_PIPE);
	assert_string_equal(uri.path, "/run/vserial/pipe/kgdb");
	assert_false(uri.client);
	uri_free(&uri);
	uri = parsed("pipe:/run/my vm/s.sock # near = client & far = application");
	assert_string_equal(uri.path, "/run/my vm/s.sock");
	assert_true(uri.client);
	uri_free(&uri);

	refused("pipe:#far=application", "name is missing");
	refused("pipe:a/b#far=application", "a path starts with '/'");
	refused("pipe:..#far=application", "names no socket");
	refused("pipe:/tmp/#far=application", "names no socket");
	refused("pipe:a#far=application&near=x", "neither server nor client");
	refused("pipe:a#far=application&drop=1", "key 'drop' is unknown");
	refused("pipe:a#far=application&far=application", "given twice");
	memset(path, 'x', sizeof(path));
	memcpy(path, "pipe:/", 6);
	snprintf(path + URI_PATH_MAX + 6, 20, "#far=application");
	refused(path, "at most 107");
	memmove(path + URI_PATH_MAX + 5, path + URI_PATH_MAX + 6, 20);
	uri = parsed(path);
	assert_int_equal(strlen(uri.path), URI_PATH_MAX);
	uri_free(&uri);
}

static void test_refused(void **state)
{
	char host[URI_HOST_MAX + 32];

	(void)state;
	refused("tcp:", "'://'");
	refused("tcp:/", "'://'");
	refused("tcp", "'://'");
	refused("tcp://", "port is missing");
	refused("tcp://host", "port is missing");
	refused("tcp://host:", "port is missing");
	refused("tcp://[::1]", "port is missing");
	refused("tcp://:0", "from 1 to 65535");
	refused("tcp://:65536", "from 1 to 65535");
	refused("tcp://:-1", "from 1 to 65535");
	refused("tcp://:telnet", "from 1 to 65535");
	refused("tcp://: 23", "from 1 to 65535");
	refused("tcp://::1:23", "in brackets");
	refused("tcp://[::1:23", "bracket");
	refused("tcp://[]:23", "nothing between the brackets");
	refused("tcp://[::1]x:23", "stands between");
	refused("tcp://[192.0.2.1]:23", "not an IPv6 address");
	refused("tcp://[fe80::g]:23", "not an IPv6 address");
	refused("tcp4://[::1]:23", "no IPv6");
	refused("tcp6://192.0.2.1:23", "no IPv4");
	refused("tcp://192.0.2:23", "not an IPv4 address");
	refused("tcp://192.0.2.256:23", "not an IPv4 address");
	refused("tcp://ho st:23", "not made of");
	refused("tcp://h\xc3\xb6st:23", "not made of");
	refused("tcp://user@host:23", "not made of");
	refused("tcp://host:23/path", "from 1 to 65535");
	refused("vsock://x:23", "CID");
	refused("vsock://4294967295:23", "CID");
	refused("vsock://3:4294967295", "from 1 to 4294967294");
	refused("vsock://3:23#allow=10.0.0.0/8", "known are: none");
	refused("ipp://", "printer is missing");
	refused("ipp://:631/x", "printer is missing");
	refused("ipp:///x", "printer is missing");
	refused("socket://printer/queue", "has no path");
	refused("ipp://printer/a b", "blank in the path");
	refused("ipp://printer:0/x", "from 1 to 65535");
	refused("ipp://user@printer/", "not made of");
	refused("ipp://printer/x#verify", "carries no TLS");
	refused("ipp://printer/x#allow=10.0.0.0/8", "known are: thumbprint, peerName, verify, format");
	refused("ipp://printer/x#format=pcl", "not a media type");
	refused("ipp://printer/x#format=text/", "not a media type");
	refused("socket://printer#format=text/plain", "known are: none");
	refused("tcp://:23\n", "control character 0x0a");
	refused("tcp://:23\x7f", "control character 0x7f");
	memset(host, 'x', sizeof(host));
	memcpy(host, "tcp://", 6);
	memcpy(host + 6 + URI_HOST_MAX + 1, ":23", 4);
	refused(host, "at most 253");

	refused("tcp://:23#", "known are: thumbprint, peerName, verify, cipherList, allow");
	refused("tcp://:23#color=red", "key 'color'");
	refused("tcp://:23#verify", "carries no TLS");
	refused("telnets://:23#verify=yes", "takes no value");
	refused("telnets://:23#peerName", "needs a value");
	refused("telnets://:23#peerName= ", "needs a value");
	refused("telnets://:23#verify&verify", "given twice");
	refused("telnets://:23#verify&&peerName=x", "key ''");
	refused("telnets://:23#thumbprint=00:11", "4 hexadecimal digits");
	refused("telnets://:23#thumbprint=xy", "no hexadecimal digit");
	refused("telnets://:23#peerName=a&thumbprint=1", "1 hexadecimal digits");
	refused("telnet://:23#cipherList=HIGH", "cipherList: 'HIGH' is not the name of a cipher");
	refused("telnet://:23#cipherList=AES256-SHA NULL-SHA", "'NULL-SHA' does not encrypt");
	refused("ssl://:23#cipherList=ADH-AES256-SHA256", "authenticates nobody");
	refused("tcp://:23#allow=10.0.0.1/8", "names no network");
	refused("tcp://:23#allow=10.0.0.0/8,", "is not an IPv4 or IPv6 address");
}

/* What the kernel judges is let through. */
static void test_others(void **state)
{
	static const char *const others[] = {
		"null", "loopback", "file:/var/log/x", "uart:/dev/ttyS0", "pipe:a", "pipe:a#near=client",
		"pipe:a#far=guest&drop=1", "pipe:", "", "nonsense", "PIPE:a#far=application",
		"nonsense://a:1", "tcp ://:1",
	};
	char why[URI_WHY_MAX];
	struct uri uri;
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(others); i++) {
		assert_int_equal(uri_parse(others[i], &uri, why, sizeof(why)), -ENOTSUP);
		assert_int_equal(uri_check(others[i], why, sizeof(why)), 0);
	}
	assert_int_equal(uri_check("tcp://:1", why, sizeof(why)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_schemes),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_printers),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_pipes),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
