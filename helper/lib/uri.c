// SPDX-License-Identifier: GPL-2.0-or-later
/* Backing specifications that the daemon serves. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <linux/vserial.h>

#include "cipher.h"
#include "memory.h"
#include "number.h"
#include "uri.h"

#define PORT_MAX	65535
/* VMADDR_PORT_ANY and VMADDR_CID_ANY are 2^32 - 1. */
#define VSOCK_MAX	(UINT32_MAX - 1)

/* How many digits a SHA-1, SHA-256, SHA-384 and SHA-512 digest has. */
static const ptrdiff_t digests[] = { 40, 64, 96, 128 };

static const struct scheme {
	const char *name;
	enum uri_kind kind;
	int family;
	bool tls;
	uint16_t port;	/* where none has to be given */
	bool resource;	/* a path may follow */
} schemes[] = {
	{ "tcp", URI_TCP, AF_UNSPEC, false, 0, false },
	{ "tcp4", URI_TCP, AF_INET, false, 0, false },
	{ "tcp6", URI_TCP, AF_INET6, false, 0, false },
	{ "ssl", URI_TCP, AF_UNSPEC, true, 0, false },
	{ "tcp+ssl", URI_TCP, AF_UNSPEC, true, 0, false },
	{ "tcp4+ssl", URI_TCP, AF_INET, true, 0, false },
	{ "tcp6+ssl", URI_TCP, AF_INET6, true, 0, false },
	{ "telnet", URI_TELNET, AF_UNSPEC, false, 0, false },
	{ "telnets", URI_TELNET, AF_UNSPEC, true, 0, false },
	{ "vsock", URI_VSOCK, AF_UNSPEC, false, 0, false },
	{ "ipp", URI_PRINTER, AF_UNSPEC, false, 631, true },
	{ "ipps", URI_PRINTER, AF_UNSPEC, true, 631, true },
	{ "socket", URI_PRINTER, AF_UNSPEC, false, 9100, false },
	{ 0 },
};

/**
 * struct parser - a specification being read
 * @role: what it is called
 * @spec: as it was given
 * @scheme: its scheme, if it is one of the table's
 * @uri: what has been understood
 * @why: where the reason of a refusal goes
 * @size: its size
 */
struct parser {
	const char *role;
	const char *spec;
	const struct scheme *scheme;
	struct uri *uri;
	char *why;
	size_t size;
};

__attribute__((format(printf, 2, 3)))
static int refuse(const struct parser *p, const char *format, ...)
{
	char rule[URI_WHY_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(rule, sizeof(rule), format, args);
	va_end(args);
	snprintf(p->why, p->size, "%s '%.200s': %s", p->role, p->spec, rule);
	return -EINVAL;
}

static int check_text(const struct parser *p)
{
	const char *at;

	for (at = p->spec; *at; at++)
		if (iscntrl((unsigned char)*at)) {
			snprintf(p->why, p->size, "%s '%.*s': control character 0x%02x is not allowed",
				 p->role, at - p->spec > 100 ? 100 : (int)(at - p->spec), p->spec,
				 (unsigned char)*at);
			return -EINVAL;
		}
	if (at - p->spec > VSERIAL_SPEC_MAX)
		return refuse(p, "it has %zu characters, at most %d are allowed",
			      strlen(p->spec), VSERIAL_SPEC_MAX);
	return 0;
}

static char *trim_end(char *s)
{
	char *end = s + strlen(s);

	while (end > s && end[-1] == ' ')
		end--;
	*end = '\0';
	return s;
}

static char *trim(char *s)
{
	while (*s == ' ')
		s++;
	return trim_end(s);
}

/* Ends @s at the first @delim; what stands behind it, or NULL. */
static char *split(char *s, char delim)
{
	char *at = strchr(s, delim);

	if (!at)
		return NULL;
	*at = '\0';
	return at + 1;
}

/* Keys. */

static int set_thumbprint(struct parser *p, char *value)
{
	char *from, *to = value;
	size_t i;

	/* Written as openssl prints it, with colons, or in another usual way. */
	for (from = value; *from; from++) {
		if (strchr(": -", *from))
			continue;
		if (!isxdigit((unsigned char)*from))
			return refuse(p, "thumbprint holds '%.20s', which is no hexadecimal digit",
				      from);
		*to++ = (char)tolower((unsigned char)*from);
	}
	*to = '\0';
	for (i = 0; i < sizeof(digests) / sizeof(*digests); i++)
		if (to - value == digests[i]) {
			p->uri->thumbprint = xstrdup(value);
			return 0;
		}
	return refuse(p, "thumbprint has %td hexadecimal digits, not 40 (SHA-1), 64 (SHA-256), 96 (SHA-384) or 128 (SHA-512)",
		      to - value);
}

static int set_peer_name(struct parser *p, char *value)
{
	p->uri->peer_name = xstrdup(value);
	return 0;
}

static int set_verify(struct parser *p, char *value)
{
	(void)value;
	p->uri->verify = true;
	return 0;
}

static int set_cipher_list(struct parser *p, char *value)
{
	struct cipher_lists lists;
	char why[URI_WHY_MAX];

	if (cipher_parse(value, &lists, why, sizeof(why)))
		return refuse(p, "cipherList: %s", why);
	p->uri->cipher_list = xstrdup(value);
	return 0;
}

static int set_allow(struct parser *p, char *value)
{
	char why[URI_WHY_MAX];

	if (access_parse(value, &p->uri->allow, why, sizeof(why)))
		return refuse(p, "allow: %s", why);
	return 0;
}

/* How many of the characters that RFC 6838 allows stand there. */
static size_t media_word(const char *text)
{
	size_t n = 0;

	while (text[n] && isascii((unsigned char)text[n]) &&
	       (isalnum((unsigned char)text[n]) || strchr("!$-^_.+", text[n])))
		n++;
	return n;
}

/* TYPE/SUBTYPE */
static int set_format(struct parser *p, char *value)
{
	size_t type = media_word(value), subtype;

	subtype = value[type] == '/' ? media_word(value + type + 1) : 0;
	if (!type || !subtype || value[type + 1 + subtype] || strlen(value) > 127)
		return refuse(p, "format '%.100s' is not a media type such as text/plain", value);
	p->uri->format = xstrdup(value);
	return 0;
}

static int set_near(struct parser *p, char *value)
{
	p->uri->client = !strcmp(value, "client");
	if (p->uri->client || !strcmp(value, "server"))
		return 0;
	return refuse(p, "near '%.20s' is neither server nor client", value);
}

static int set_far(struct parser *p, char *value)
{
	if (!strcmp(value, "application"))
		return 0;
	if (!strcmp(value, "guest"))
		return -ENOTSUP;
	return refuse(p, "far '%.20s' is neither guest nor application", value);
}

/**
 * struct key - a key that a kind of specification knows
 * @name: as it is written, in any case
 * @has_value: it is followed by '=' and a value
 * @tls: it says something about TLS
 * @set: understands the value
 */
struct key {
	const char *name;
	bool has_value;
	bool tls;
	int (*set)(struct parser *p, char *value);
};

static const struct key network_keys[] = {
	{ "thumbprint", true, true, set_thumbprint },
	{ "peerName", true, true, set_peer_name },
	{ "verify", false, true, set_verify },
	{ "cipherList", true, true, set_cipher_list },
	{ "allow", true, false, set_allow },
	{ 0 },
};

static const struct key printer_keys[] = {
	{ "thumbprint", true, true, set_thumbprint },
	{ "peerName", true, true, set_peer_name },
	{ "verify", false, true, set_verify },
	{ "format", true, false, set_format },
	{ 0 },
};

static const struct key pipe_keys[] = {
	{ "near", true, false, set_near },
	{ "far", true, false, set_far },
	{ 0 },
};

static const struct key no_keys[] = { { 0 } };

static const char *key_names(const struct key *known, char *text, size_t size)
{
	size_t len = 0;

	snprintf(text, size, "none");
	for (; known->name && len < size; known++)
		len += (size_t)snprintf(text + len, size - len, "%s%s", len ? ", " : "",
					known->name);
	return text;
}

static int parse_keys(struct parser *p, char *keys, const struct key *known)
{
	unsigned int seen = 0;
	char *word, names[128];
	int rc;

	while ((word = strsep(&keys, "&"))) {
		char *value = split(word, '=');
		char *name = trim(word);
		const struct key *key = known;

		while (key->name && strcasecmp(key->name, name))
			key++;
		if (!key->name)
			return refuse(p, "key '%.20s' is unknown here; known are: %s", name,
				      key_names(known, names, sizeof(names)));
		if (value)
			value = trim(value);
		if (value && !key->has_value)
			return refuse(p, "key %s takes no value", key->name);
		if (key->has_value && (!value || !*value))
			return refuse(p, "key %s needs a value", key->name);
		if (seen & 1u << (key - known))
			return refuse(p, "key %s is given twice", key->name);
		seen |= 1u << (key - known);
		if (key->tls && !p->uri->tls && p->uri->kind != URI_TELNET)
			return refuse(p, "%s carries no TLS, which key %s is about",
				      p->uri->scheme, key->name);
		rc = key->set(p, value);
		if (rc)
			return rc;
	}
	return 0;
}

/* What stands in front of the port. */

static bool is_address(int family, const char *host)
{
	char address[INET6_ADDRSTRLEN + 1 + IF_NAMESIZE];
	struct in6_addr in6;
	char *zone;

	snprintf(address, sizeof(address), "%s", host);
	zone = strchr(address, '%');
	if (zone && family == AF_INET6)
		*zone = '\0';
	return inet_pton(family, address, &in6) == 1;
}

static int check_name(const struct parser *p, const char *host)
{
	const char *at;

	/* Not looked up: it could only be a mistyped address. */
	if (!host[strspn(host, "0123456789.")])
		return refuse(p, "'%.100s' is not an IPv4 address", host);
	for (at = host; *at; at++)
		if (!isascii((unsigned char)*at) ||
		    !(isalnum((unsigned char)*at) || strchr("-._", *at)))
			return refuse(p, "the host's name '%.100s' is not made of A-Z a-z 0-9 . - _",
				      host);
	return 0;
}

/* @brackets: it was written as an IPv6 address. */
static int check_host(const struct parser *p, const char *host, bool brackets)
{
	if (brackets && !is_address(AF_INET6, host))
		return refuse(p, "'[%.100s]' is not an IPv6 address", host);
	if (brackets && p->uri->family == AF_INET)
		return refuse(p, "%s has no IPv6 addresses such as [%s]", p->uri->scheme, host);
	if (brackets || !*host)
		return 0;
	if (strchr(host, ':'))
		return refuse(p, "an IPv6 address stands in brackets: //[%.100s]:PORT", host);
	if (!is_address(AF_INET, host))
		return check_name(p, host);
	if (p->uri->family == AF_INET6)
		return refuse(p, "%s has no IPv4 addresses such as %s", p->uri->scheme, host);
	return 0;
}

static int check_cid(const struct parser *p, const char *host)
{
	uint64_t cid;

	if (*host && number_parse(host, VSOCK_MAX, &cid))
		return refuse(p, "the CID '%.20s' is not a number from 0 to %u", host, VSOCK_MAX);
	return 0;
}

static int set_port(struct parser *p, const char *port)
{
	uint32_t max = p->uri->kind == URI_VSOCK ? VSOCK_MAX : PORT_MAX;
	uint64_t n;

	if ((!port || !*port) && p->scheme->port) {
		p->uri->port = p->scheme->port;
		return 0;
	}
	if (!port || !*port)
		return refuse(p, "the port is missing: %s://[HOST]:PORT", p->uri->scheme);
	if (number_parse(port, max, &n) || !n)
		return refuse(p, "the port '%.20s' is not a number from 1 to %u", port, max);
	p->uri->port = (uint32_t)n;
	return 0;
}

/* Parts "[HOST]:PORT". */
static int parse_authority(struct parser *p, char *text)
{
	bool brackets = *text == '[';
	char *port, *host = text;
	int rc;

	if (brackets) {
		host++;
		port = split(host, ']');
		if (!port)
			return refuse(p, "the bracket in front of the host is not closed");
		if (*port && *port != ':')
			return refuse(p, "'%.20s' stands between the host and ':PORT'", port);
		port = *port ? port + 1 : NULL;
		if (!*host)
			return refuse(p, "there is nothing between the brackets");
	} else {
		port = strrchr(text, ':');
		if (port)
			*port++ = '\0';
	}
	rc = set_port(p, port);
	if (rc)
		return rc;
	if (strlen(host) > URI_HOST_MAX)
		return refuse(p, "the host's name has %zu characters, at most %d are allowed",
			      strlen(host), URI_HOST_MAX);
	if (p->uri->kind == URI_VSOCK && !brackets)
		rc = check_cid(p, host);
	else
		rc = check_host(p, host, brackets);
	if (!rc)
		snprintf(p->uri->host, sizeof(p->uri->host), "%s", host);
	return rc;
}

/* "HOST[:PORT][/PATH]"; as IPP Everywhere has it where there is no path. */
static int parse_printer(struct parser *p, char *text)
{
	char *path = strchr(text, '/');

	if (path && !p->scheme->resource && path[1])
		return refuse(p, "%s://HOST[:PORT] has no path such as '%.100s'", p->uri->scheme,
			      path);
	if (path && strchr(path, ' '))
		return refuse(p, "there is a blank in the path '%.100s'", path);
	if (p->scheme->resource)
		p->uri->resource = xstrdup(path && path[1] ? path : "/ipp/print");
	if (path)
		*path = '\0';
	if (!*text || *text == ':')
		return refuse(p, "the printer is missing");
	return parse_authority(p, text);
}

static const struct key *keys_of(const struct parser *p)
{
	if (p->uri->kind == URI_PRINTER && p->scheme->resource)
		return printer_keys;
	return p->uri->kind == URI_VSOCK || p->uri->kind == URI_PRINTER ? no_keys : network_keys;
}

static int parse_network(struct parser *p, char *rest, char *keys)
{
	int rc;

	if (strncmp(rest, "//", 2))
		return refuse(p, "%s must be followed by '://'", p->uri->scheme);
	trim_end(rest);
	if (p->uri->kind == URI_PRINTER)
		rc = parse_printer(p, rest + 2);
	else
		rc = parse_authority(p, rest + 2);
	if (!rc && keys)
		rc = parse_keys(p, keys, keys_of(p));
	return rc;
}

static int parse_pipe(struct parser *p, char *rest, char *keys)
{
	const char *folder = strchr(rest, '/') ? "" : URI_PIPE_FOLDER;
	size_t len;
	int rc;

	/* Without a key both ends are guests. */
	if (!keys || !strcasestr(keys, "application"))
		return -ENOTSUP;
	rc = check_text(p);
	if (!rc)
		rc = parse_keys(p, keys, pipe_keys);
	if (rc)
		return rc;
	trim_end(rest);
	if (!*rest)
		return refuse(p, "the pipe's name is missing");
	if (strchr(rest, '/') && *rest != '/')
		return refuse(p, "a pipe's name with a '/' is a path, and a path starts with '/'");
	if (!strcmp(rest, ".") || !strcmp(rest, "..") || rest[strlen(rest) - 1] == '/')
		return refuse(p, "'%.20s' names no socket", rest);
	len = (size_t)snprintf(p->uri->path, sizeof(p->uri->path), "%s%s", folder, rest);
	if (len >= sizeof(p->uri->path))
		return refuse(p, "the path %s... has %zu characters, at most %d are allowed",
			      p->uri->path, len, URI_PATH_MAX);
	return 0;
}

static int parse(struct parser *p, char *body)
{
	const struct scheme *scheme = schemes;
	char *rest = split(body, ':');
	char *keys;

	if (rest && !strcmp(body, "pipe")) {
		p->uri->kind = URI_PIPE;
		p->uri->scheme = "pipe";
		keys = split(rest, '#');
		return parse_pipe(p, rest, keys);
	}
	while (scheme->name && strcasecmp(scheme->name, body))
		scheme++;
	if (!scheme->name)
		return -ENOTSUP;
	p->scheme = scheme;
	p->uri->kind = scheme->kind;
	p->uri->scheme = scheme->name;
	p->uri->family = scheme->family;
	p->uri->tls = scheme->tls;
	if (!rest)
		return refuse(p, "%s must be followed by '://'", scheme->name);
	if (check_text(p))
		return -EINVAL;
	keys = split(rest, '#');
	return parse_network(p, rest, keys);
}

int uri_parse_as(const char *role, const char *spec, struct uri *uri, char *why, size_t size)
{
	struct parser p = { .role = role, .spec = spec, .uri = uri, .why = why, .size = size };
	char *body;
	int rc;

	*uri = (struct uri){ 0 };
	body = xstrdup(spec);
	rc = parse(&p, trim(body));
	free(body);
	if (rc)
		uri_free(uri);
	if (rc == -ENOTSUP)
		snprintf(why, size, "%s '%.200s' is not one that the daemon serves", role, spec);
	return rc;
}

int uri_parse(const char *spec, struct uri *uri, char *why, size_t size)
{
	return uri_parse_as("backing", spec, uri, why, size);
}

int uri_parse_proxy(const char *role, const char *spec, struct uri *uri, char *why, size_t size)
{
	int rc = uri_parse_as(role, spec, uri, why, size);

	if (rc == -EINVAL || (!rc && uri->kind == URI_TELNET && *uri->host))
		return rc;
	if (!rc)
		uri_free(uri);
	snprintf(why, size, "%s '%.200s' is neither telnet://HOST:PORT nor telnets://HOST:PORT",
		 role, spec);
	return -EINVAL;
}

int uri_check(const char *spec, char *why, size_t size)
{
	struct uri uri;
	int rc = uri_parse(spec, &uri, why, size);

	if (!rc)
		uri_free(&uri);
	return rc == -ENOTSUP ? 0 : rc;
}

void uri_free(struct uri *uri)
{
	free(uri->thumbprint);
	free(uri->peer_name);
	free(uri->cipher_list);
	free(uri->resource);
	free(uri->format);
	access_free(&uri->allow);
	*uri = (struct uri){ 0 };
}
