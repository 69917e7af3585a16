// SPDX-License-Identifier: GPL-2.0-only
/*
 * spec: backing specifications, "scheme:rest[#key[=value][&key[=value]]...]"
 */
#include <linux/build_bug.h>
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/stdarg.h>
#include <linux/string.h>

#include <linux/vserial.h>

#include "reason.h"
#include "spec.h"

/* Keeps a sentence within VSERIAL_REASON_MAX beside a full VSERIAL_VALUE. */
#define PART	"%.20s"

/* The last component of a file's path: ".99" is to fit behind it. */
#define FILE_NAME_MAX	(NAME_MAX - sizeof(".99"))

/* Whatever fits into a specification is short enough for a path. */
static_assert(VSERIAL_SPEC_MAX - sizeof("file:") + sizeof(".99") + 1 <= PATH_MAX);

static const struct {
	const char *name;
	enum vserial_scheme scheme;
} schemes[] = {
	{ "null", VSERIAL_SCHEME_NULL },
	{ "loopback", VSERIAL_SCHEME_LOOPBACK },
	{ "file", VSERIAL_SCHEME_FILE },
	{ "uart", VSERIAL_SCHEME_UART },
	{ "pipe", VSERIAL_SCHEME_PIPE },
	{ "tcp", VSERIAL_SCHEME_HELPER },
	{ "tcp4", VSERIAL_SCHEME_HELPER },
	{ "tcp6", VSERIAL_SCHEME_HELPER },
	{ "ssl", VSERIAL_SCHEME_HELPER },
	{ "tcp+ssl", VSERIAL_SCHEME_HELPER },
	{ "tcp4+ssl", VSERIAL_SCHEME_HELPER },
	{ "tcp6+ssl", VSERIAL_SCHEME_HELPER },
	{ "telnet", VSERIAL_SCHEME_HELPER },
	{ "telnets", VSERIAL_SCHEME_HELPER },
	{ "ipp", VSERIAL_SCHEME_HELPER },
	{ "ipps", VSERIAL_SCHEME_HELPER },
	{ "socket", VSERIAL_SCHEME_HELPER },
	{ "vsock", VSERIAL_SCHEME_HELPER },
};

/* The table above, short enough for a sentence. */
static const char known_schemes[] =
	"null, loopback, file, uart, pipe, tcp[4|6][+ssl], ssl, telnet[s], ipp[s], socket, vsock";

/**
 * struct parser - a specification being parsed
 * @spec: what has been understood
 * @role: what it is for
 * @given: the specification as it was given
 * @reason: where to say why it is refused
 */
struct parser {
	struct vserial_spec *spec;
	const char *role;
	const char *given;
	struct vserial_reason *reason;
};

__printf(3, 4)
static int refuse(struct parser *p, int err, const char *fmt, ...)
{
	struct va_format rule = { .fmt = fmt };
	va_list args;

	va_start(args, fmt);
	rule.va = &args;
	vserial_refuse(p->reason, err, "%s '" VSERIAL_VALUE "': %pV", p->role,
		       p->given, &rule);
	va_end(args);
	return err;
}

/*
 * Blanks alone.  strim() also takes 0xa0 for a space, which is the second byte
 * of many a letter in UTF-8.
 */
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

/* Split @s at the first @delim: ends it there and returns what follows. */
static char *split(char *s, char delim)
{
	char *at = strchr(s, delim);

	if (!at)
		return NULL;
	*at = '\0';
	return at + 1;
}

/* -EINVAL: not a size, -ERANGE: more than a file can hold. */
static int parse_size(char *value, u64 *size)
{
	size_t len = strlen(value);
	unsigned int shift = 0;
	char suffix = '\0';
	int err;

	/* kstrtou64() lets a plus sign pass. */
	if (!isdigit(*value))
		return -EINVAL;

	switch (value[len - 1]) {
	case 'G':
		shift += 10;
		fallthrough;
	case 'M':
		shift += 10;
		fallthrough;
	case 'K':
		shift += 10;
		suffix = value[len - 1];
		value[len - 1] = '\0';
	}
	err = kstrtou64(value, 10, size);
	if (suffix)
		value[len - 1] = suffix;
	if (err)
		return err;
	if (*size > (u64)LLONG_MAX >> shift)
		return -ERANGE;
	*size <<= shift;
	return 0;
}

static int set_append(struct parser *p, char *value)
{
	p->spec->file.truncate = false;
	return 0;
}

static int set_truncate(struct parser *p, char *value)
{
	p->spec->file.truncate = true;
	return 0;
}

static int set_timestamps(struct parser *p, char *value)
{
	p->spec->file.timestamps = true;
	return 0;
}

static int set_max_size(struct parser *p, char *value)
{
	u64 *size = &p->spec->file.max_size;
	const char *wrong;
	int err;

	err = parse_size(value, size);
	if (*value == '-')
		wrong = "is negative";
	else if (err == -ERANGE)
		wrong = "is more than a file can hold";
	else if (err)
		wrong = "is not a number with K, M, G or nothing behind it";
	else if (*size < VSERIAL_FILE_SIZE_MIN)
		wrong = "is too small";
	else
		return 0;
	return refuse(p, -EINVAL, "max-size '" PART "' %s; the least is %d",
		      value, wrong, VSERIAL_FILE_SIZE_MIN);
}

static int set_keep(struct parser *p, char *value)
{
	unsigned int keep;

	if (!isdigit(*value) || kstrtouint(value, 10, &keep) ||
	    keep > VSERIAL_FILE_KEEP_MAX)
		return refuse(p, -EINVAL,
			      "keep '" PART "' is not a number from 0 to %d",
			      value, VSERIAL_FILE_KEEP_MAX);
	p->spec->file.keep = keep;
	return 0;
}

/**
 * struct option - an option that a scheme knows
 * @name: as it is written
 * @has_value: it is followed by '=' and a value
 * @set: understands the value
 */
struct option {
	const char *name;
	bool has_value;
	int (*set)(struct parser *p, char *value);
};

static int find_option(const struct option *known, const char *name)
{
	int i;

	for (i = 0; known[i].name; i++)
		if (!strcmp(name, known[i].name))
			return i;
	return -ENOENT;
}

/*
 * @known ends with an option without a name; @names are theirs, for a
 * sentence.  @seen: filled with a bit for each that was given.
 */
static int parse_options(struct parser *p, char *options,
			 const struct option *known, const char *names,
			 unsigned long *seen)
{
	char *option;

	*seen = 0;
	while ((option = strsep(&options, "&"))) {
		char *value = split(option, '=');
		char *name = trim(option);
		int i = find_option(known, name);
		int err;

		if (i < 0)
			return refuse(p, -EINVAL,
				      "option '" PART "' is unknown; known are %s",
				      name, names);
		if (value)
			value = trim(value);
		if (value && !known[i].has_value)
			return refuse(p, -EINVAL, "option %s takes no value",
				      name);
		if (known[i].has_value && (!value || !*value))
			return refuse(p, -EINVAL, "option %s needs a value",
				      name);
		if (*seen & BIT(i))
			return refuse(p, -EINVAL, "option %s is given twice",
				      name);
		*seen |= BIT(i);

		err = known[i].set(p, value);
		if (err)
			return err;
	}
	return 0;
}

enum file_option {
	OPTION_APPEND,
	OPTION_TRUNCATE,
	OPTION_MAX_SIZE,
	OPTION_KEEP,
	OPTION_TIMESTAMPS,
};

static const struct option file_options[] = {
	[OPTION_APPEND] = { "append", false, set_append },
	[OPTION_TRUNCATE] = { "truncate", false, set_truncate },
	[OPTION_MAX_SIZE] = { "max-size", true, set_max_size },
	[OPTION_KEEP] = { "keep", true, set_keep },
	[OPTION_TIMESTAMPS] = { "timestamps", false, set_timestamps },
	{}
};

static int parse_file_options(struct parser *p, char *options)
{
	unsigned long seen;
	int err;

	err = parse_options(p, options, file_options,
			    "append, truncate, max-size, keep, timestamps",
			    &seen);
	if (err)
		return err;
	if ((seen & BIT(OPTION_APPEND)) && (seen & BIT(OPTION_TRUNCATE)))
		return refuse(p, -EINVAL,
			      "append and truncate exclude each other");
	if ((seen & BIT(OPTION_KEEP)) && !(seen & BIT(OPTION_MAX_SIZE)))
		return refuse(p, -EINVAL,
			      "option keep needs max-size beside it");
	return 0;
}

static int check_file_path(struct parser *p, const char *path)
{
	const char *name, *next;
	size_t len;

	if (*path != '/')
		return refuse(p, -EINVAL,
			      "the path after file: must be absolute, so start with '/'");

	for (name = path + 1; ; name = next + 1) {
		next = strchrnul(name, '/');
		len = next - name;
		if (!*next)
			break;
		if (len > NAME_MAX)
			return refuse(p, -ENAMETOOLONG,
				      "a folder's name has %zu characters, at most %d are allowed",
				      len, NAME_MAX);
	}
	if (!len)
		return refuse(p, -EINVAL,
			      "the path must name a file, so not end in '/'");
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return refuse(p, -EINVAL,
			      "the path must name a file, so not end in '%s'",
			      name);
	if (len > FILE_NAME_MAX)
		return refuse(p, -ENAMETOOLONG,
			      "the file's name has %zu characters, at most %zu are allowed",
			      len, FILE_NAME_MAX);
	return 0;
}

static int set_path(struct parser *p, const char *path)
{
	p->spec->path = kstrdup(path, GFP_KERNEL);
	if (!p->spec->path)
		return refuse(p, -ENOMEM, "out of memory");
	return 0;
}

static int parse_file(struct parser *p, char *rest)
{
	char *options = split(rest, '#');
	char *path = trim_end(rest);
	int err;

	p->spec->file.keep = VSERIAL_FILE_KEEP_DEFAULT;

	err = check_file_path(p, path);
	if (!err && options)
		err = parse_file_options(p, options);
	return err ?: set_path(p, path);
}

static int parse_uart(struct parser *p, char *rest)
{
	if (split(rest, '#'))
		return refuse(p, -EINVAL,
			      "uart takes no options; a line is set by its guest");
	trim_end(rest);
	if (*rest != '/')
		return refuse(p, -EINVAL,
			      "the path after uart: must be absolute, so start with '/'");
	return set_path(p, rest);
}

static int set_near(struct parser *p, char *value)
{
	p->spec->pipe.client = !strcmp(value, "client");
	if (p->spec->pipe.client || !strcmp(value, "server"))
		return 0;
	return refuse(p, -EINVAL, "near '" PART "' is neither server nor client",
		      value);
}

/* The daemon serves applications; what else it is told it judges itself. */
static int set_far(struct parser *p, char *value)
{
	if (!strcmp(value, "application"))
		p->spec->scheme = VSERIAL_SCHEME_HELPER;
	else if (strcmp(value, "guest"))
		return refuse(p, -EINVAL,
			      "far '" PART "' is neither guest nor application",
			      value);
	return 0;
}

static int parse_number(struct parser *p, const char *name, const char *value,
			u32 max, u32 *number)
{
	if (isdigit(*value) && !kstrtou32(value, 10, number) && *number <= max)
		return 0;
	return refuse(p, -EINVAL, "%s '" PART "' is not a number from 0 to %u",
		      name, value, max);
}

static int set_corrupt(struct parser *p, char *value)
{
	return parse_number(p, "corrupt", value, VSERIAL_PIPE_PPM_MAX,
			    &p->spec->pipe.corrupt);
}

static int set_drop(struct parser *p, char *value)
{
	return parse_number(p, "drop", value, VSERIAL_PIPE_PPM_MAX,
			    &p->spec->pipe.drop);
}

static int set_delay(struct parser *p, char *value)
{
	return parse_number(p, "delay", value, VSERIAL_PIPE_DELAY_MAX,
			    &p->spec->pipe.delay);
}

static int set_unplugged(struct parser *p, char *value)
{
	p->spec->pipe.unplugged = true;
	return 0;
}

enum pipe_option {
	OPTION_NEAR,
	OPTION_FAR,
	OPTION_CORRUPT,
	OPTION_DROP,
	OPTION_DELAY,
	OPTION_UNPLUGGED,
};

static const struct option pipe_options[] = {
	[OPTION_NEAR] = { "near", true, set_near },
	[OPTION_FAR] = { "far", true, set_far },
	[OPTION_CORRUPT] = { "corrupt", true, set_corrupt },
	[OPTION_DROP] = { "drop", true, set_drop },
	[OPTION_DELAY] = { "delay", true, set_delay },
	[OPTION_UNPLUGGED] = { "unplugged", false, set_unplugged },
	{}
};

static int parse_pipe(struct parser *p, char *rest)
{
	char *options = split(rest, '#');
	char *name = trim_end(rest);
	unsigned long seen = 0;
	size_t i;
	int err;

	if (options) {
		err = parse_options(p, options, pipe_options,
				    "near, far, corrupt, drop, delay, unplugged",
				    &seen);
		if (err)
			return err;
	}
	if (!*name)
		return refuse(p, -EINVAL, "the pipe's name is missing");
	if (p->spec->scheme == VSERIAL_SCHEME_HELPER) {
		if (seen & ~(BIT(OPTION_NEAR) | BIT(OPTION_FAR)))
			return refuse(p, -EINVAL,
				      "corrupt, drop, delay and unplugged need far=guest");
		return set_path(p, name);
	}
	if (strlen(name) > VSERIAL_PIPE_NAME_MAX)
		return refuse(p, -ENAMETOOLONG,
			      "the pipe's name has %zu characters, at most %d are allowed",
			      strlen(name), VSERIAL_PIPE_NAME_MAX);
	for (i = 0; name[i]; i++)
		if (!isascii(name[i]) ||
		    !(isalnum(name[i]) || (i && strchr("_.-", name[i]))))
			return refuse(p, -EINVAL,
				      "the pipe's name '" PART "' is not made of A-Z a-z 0-9 _ . - with a letter or digit first",
				      name);
	return set_path(p, name);
}

/* The scheme's number in the table; those of the network as ESXi has them. */
static int find_scheme(const char *name)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(schemes); i++) {
		if (!strcmp(name, schemes[i].name) ||
		    (schemes[i].scheme == VSERIAL_SCHEME_HELPER &&
		     !strcasecmp(name, schemes[i].name)))
			return i;
	}
	return -ENOENT;
}

static int parse(struct parser *p, char *body)
{
	size_t len = strcspn(body, ":#");
	char sep = body[len];
	char *rest = body + len + !!sep;
	const char *name = body;
	int i;

	body[len] = '\0';
	if (sep == '#')
		trim_end(body);
	if (!*name && !sep)
		return refuse(p, -EINVAL, "it is empty; known are %s",
			      known_schemes);
	i = find_scheme(name);
	if (i < 0)
		return refuse(p, -EINVAL,
			      "scheme '" PART "' is unknown; known are %s",
			      name, known_schemes);

	p->spec->scheme = schemes[i].scheme;
	switch (p->spec->scheme) {
	case VSERIAL_SCHEME_NULL:
	case VSERIAL_SCHEME_LOOPBACK:
		if (sep)
			return refuse(p, -EINVAL, "nothing may follow %s",
				      name);
		return set_path(p, "");
	case VSERIAL_SCHEME_FILE:
	case VSERIAL_SCHEME_UART:
	case VSERIAL_SCHEME_PIPE:
		if (sep != ':')
			return refuse(p, -EINVAL, "%s must be followed by ':'",
				      name);
		if (p->spec->scheme == VSERIAL_SCHEME_FILE)
			return parse_file(p, rest);
		if (p->spec->scheme == VSERIAL_SCHEME_PIPE)
			return parse_pipe(p, rest);
		return parse_uart(p, rest);
	case VSERIAL_SCHEME_HELPER:
		if (sep != ':' || strncmp(rest, "//", 2))
			return refuse(p, -EINVAL,
				      "%s must be followed by '://'", name);
		return set_path(p, "");
	}
	return refuse(p, -EINVAL, "scheme %s is not handled", name);
}

static int check_text(struct parser *p)
{
	const char *text = p->given;
	size_t len;

	/* Such a character must not get into a log with the sentence either. */
	for (len = 0; text[len]; len++)
		if (iscntrl(text[len]))
			return vserial_refuse(p->reason, -EINVAL,
					      "%s '%.*s': control character 0x%02x after %zu characters is not allowed",
					      p->role,
					      (int)min_t(size_t, len, 100), text,
					      text[len], len);
	if (len > VSERIAL_SPEC_MAX)
		return refuse(p, -E2BIG,
			      "it has %zu characters, at most %d are allowed",
			      len, VSERIAL_SPEC_MAX);
	return 0;
}

/**
 * vserial_spec_parse_as() - understand a specification
 * @role: what it is for, a constant: sentences about it begin with that
 * @text: the specification, without a trailing newline
 * @reason: filled with the sentence that says why it is refused
 *
 * Context: process context; may sleep.
 *
 * Return: the specification, to be freed with vserial_spec_free(), or an
 * ERR_PTR: -EINVAL if it breaks a rule, -E2BIG if it is longer than
 * %VSERIAL_SPEC_MAX, -ENAMETOOLONG if a name in a path is too long, -ENOMEM.
 */
struct vserial_spec *vserial_spec_parse_as(const char *role, const char *text,
					   struct vserial_reason *reason)
{
	struct parser p = { .role = role, .given = text, .reason = reason };
	char *body;
	int err;

	err = check_text(&p);
	if (err)
		return ERR_PTR(err);

	p.spec = kzalloc(sizeof(*p.spec), GFP_KERNEL);
	if (p.spec)
		p.spec->role = role;
	body = kstrdup(text, GFP_KERNEL);
	if (p.spec)
		p.spec->text = kstrdup(text, GFP_KERNEL);
	if (p.spec && p.spec->text && body)
		err = parse(&p, trim(body));
	else
		err = refuse(&p, -ENOMEM, "out of memory");

	kfree(body);
	if (err) {
		vserial_spec_free(p.spec);
		return ERR_PTR(err);
	}
	return p.spec;
}

/**
 * vserial_spec_parse() - understand a backing specification
 * @text: as for vserial_spec_parse_as()
 * @reason: likewise
 *
 * Context: process context; may sleep.
 *
 * Return: as vserial_spec_parse_as().
 */
struct vserial_spec *vserial_spec_parse(const char *text,
					struct vserial_reason *reason)
{
	return vserial_spec_parse_as("backing", text, reason);
}

/**
 * vserial_spec_parse_service() - understand a service behind a concentrator
 * @text: the URI of the service, which is the concentrator's to understand
 * @proxy: the URI of the concentrator
 * @reason: as for vserial_spec_parse_as()
 *
 * Context: process context; may sleep.
 *
 * Return: as vserial_spec_parse_as().
 */
struct vserial_spec *vserial_spec_parse_service(const char *text,
						const char *proxy,
						struct vserial_reason *reason)
{
	struct parser service = {
		.role = "backing", .given = text, .reason = reason,
	};
	struct parser p = { .role = "proxy", .given = proxy, .reason = reason };
	int err;

	err = check_text(&service) ?: check_text(&p);
	if (!err && strncasecmp(proxy, "telnet://", 9) &&
	    strncasecmp(proxy, "telnets://", 10))
		err = refuse(&p, -EINVAL,
			     "it is neither telnet://HOST:PORT nor telnets://HOST:PORT");
	if (err)
		return ERR_PTR(err);
	p.spec = kzalloc(sizeof(*p.spec), GFP_KERNEL);
	if (p.spec) {
		p.spec->role = service.role;
		p.spec->scheme = VSERIAL_SCHEME_HELPER;
		p.spec->text = kstrdup(text, GFP_KERNEL);
		p.spec->proxy = kstrdup(proxy, GFP_KERNEL);
		p.spec->path = kstrdup("", GFP_KERNEL);
	}
	if (p.spec && p.spec->text && p.spec->proxy && p.spec->path)
		return p.spec;
	vserial_spec_free(p.spec);
	return ERR_PTR(refuse(&p, -ENOMEM, "out of memory"));
}

/**
 * vserial_spec_free() - free a parsed specification
 * @spec: from vserial_spec_parse(), or NULL
 */
void vserial_spec_free(struct vserial_spec *spec)
{
	if (!spec)
		return;
	kfree(spec->path);
	kfree(spec->proxy);
	kfree(spec->text);
	kfree(spec);
}
