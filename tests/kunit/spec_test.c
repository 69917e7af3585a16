// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of kmod/spec.c: what it understands, and what it says of what it
 * does not
 */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/limits.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <linux/vserial.h>

#include "reason.h"
#include "spec.h"

struct good_case {
	const char *text;
	enum vserial_scheme scheme;
	const char *path;
	u64 max_size;
	u32 keep;
	bool truncate;
	bool timestamps;
};

/* keep is looked at for files only. */
static const struct good_case good_cases[] = {
	{ "null", VSERIAL_SCHEME_NULL, "" },
	{ "  null ", VSERIAL_SCHEME_NULL, "" },
	{ "loopback", VSERIAL_SCHEME_LOOPBACK, "" },

	{ "file:/a", VSERIAL_SCHEME_FILE, "/a", 0, 5 },
	{ "file:/var/log/vserial/web01.log", VSERIAL_SCHEME_FILE,
	  "/var/log/vserial/web01.log", 0, 5 },
	{ " file:/a b c  # append ", VSERIAL_SCHEME_FILE, "/a b c", 0, 5 },
	{ "file:/a:b=c&d", VSERIAL_SCHEME_FILE, "/a:b=c&d", 0, 5 },
	{ "file:/../a//./b", VSERIAL_SCHEME_FILE, "/../a//./b", 0, 5 },
	{ "file:/..a", VSERIAL_SCHEME_FILE, "/..a", 0, 5 },
	{ "file:/.a", VSERIAL_SCHEME_FILE, "/.a", 0, 5 },
	/* The last byte is 0xa0, which isspace() takes for a space. */
	{ "file:/voil\xc3\xa0", VSERIAL_SCHEME_FILE, "/voil\xc3\xa0", 0, 5 },
	{ "file:/a#append", VSERIAL_SCHEME_FILE, "/a", 0, 5 },
	{ "file:/a#truncate", VSERIAL_SCHEME_FILE, "/a", 0, 5, true },
	{ "file:/a#timestamps", VSERIAL_SCHEME_FILE, "/a", 0, 5, false, true },
	{ "file:/a#max-size=4096", VSERIAL_SCHEME_FILE, "/a", 4096, 5 },
	{ "file:/a#max-size=4K", VSERIAL_SCHEME_FILE, "/a", 4096, 5 },
	{ "file:/a#max-size=64M", VSERIAL_SCHEME_FILE, "/a", 64 << 20, 5 },
	{ "file:/a#max-size=3G", VSERIAL_SCHEME_FILE, "/a", 3ULL << 30, 5 },
	{ "file:/a#max-size=9223372036854775807", VSERIAL_SCHEME_FILE, "/a",
	  LLONG_MAX, 5 },
	{ "file:/a#max-size=8589934591G", VSERIAL_SCHEME_FILE, "/a",
	  8589934591ULL << 30, 5 },
	{ "file:/a#max-size=1M&keep=0", VSERIAL_SCHEME_FILE, "/a", 1 << 20, 0 },
	{ "file:/a#keep=99&max-size=1M", VSERIAL_SCHEME_FILE, "/a", 1 << 20,
	  99 },
	{ "file:/a # truncate & max-size = 64M & keep = 7 & timestamps ",
	  VSERIAL_SCHEME_FILE, "/a", 64 << 20, 7, true, true },

	/* Left to others to judge. */
	{ "uart:/dev/ttyS1", VSERIAL_SCHEME_UART, "/dev/ttyS1" },
	{ "uart:/dev/ttyS1 ", VSERIAL_SCHEME_UART, "/dev/ttyS1" },
	{ "pipe:NAME#near=server&far=guest", VSERIAL_SCHEME_PIPE, "NAME" },
	{ "pipe:kgdb # near = client & delay = 5", VSERIAL_SCHEME_PIPE,
	  "kgdb" },
	{ "pipe:a#corrupt=1000000&drop=0&delay=10000&unplugged",
	  VSERIAL_SCHEME_PIPE, "a" },
	{ "pipe:/run/x.sock#far=application&near=client",
	  VSERIAL_SCHEME_HELPER, "/run/x.sock" },
	{ "tcp://:2000", VSERIAL_SCHEME_HELPER, "" },
	{ "tcp4://host:1", VSERIAL_SCHEME_HELPER, "" },
	{ "tcp6://[::1]:1", VSERIAL_SCHEME_HELPER, "" },
	{ "ssl://host:1", VSERIAL_SCHEME_HELPER, "" },
	{ "tcp+ssl://host:1", VSERIAL_SCHEME_HELPER, "" },
	{ "tcp4+ssl://host:1", VSERIAL_SCHEME_HELPER, "" },
	{ "tcp6+ssl://host:1#verify", VSERIAL_SCHEME_HELPER, "" },
	{ "telnet://host:1", VSERIAL_SCHEME_HELPER, "" },
	{ "TELNETS://host:1", VSERIAL_SCHEME_HELPER, "" },
	{ "Tcp+SSL://host:1", VSERIAL_SCHEME_HELPER, "" },
	{ "ipp://printer", VSERIAL_SCHEME_HELPER, "" },
	{ "ipps://printer", VSERIAL_SCHEME_HELPER, "" },
	{ "socket://printer:9100", VSERIAL_SCHEME_HELPER, "" },
	{ "vsock://3:1024", VSERIAL_SCHEME_HELPER, "" },
};

static void good_to_desc(const struct good_case *c, char *desc)
{
	strscpy(desc, c->text, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(good, good_cases, good_to_desc);

static void spec_is_understood(struct kunit *test)
{
	const struct good_case *c = test->param_value;
	struct vserial_reason reason = { "untouched" };
	struct vserial_spec *spec = vserial_spec_parse(c->text, &reason);

	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(spec), "%s", reason.text);
	KUNIT_EXPECT_STREQ(test, spec->text, c->text);
	KUNIT_EXPECT_EQ(test, spec->scheme, c->scheme);
	KUNIT_EXPECT_STREQ(test, spec->path, c->path);
	if (c->scheme == VSERIAL_SCHEME_FILE) {
		KUNIT_EXPECT_EQ(test, spec->file.truncate, c->truncate);
		KUNIT_EXPECT_EQ(test, spec->file.timestamps, c->timestamps);
		KUNIT_EXPECT_EQ(test, spec->file.max_size, c->max_size);
		KUNIT_EXPECT_EQ(test, spec->file.keep, c->keep);
	}
	vserial_spec_free(spec);
}

struct bad_case {
	const char *text;
	const char *sentence;	/* what comes after "backing '<text>': " */
};

#define KNOWN_SCHEMES							\
	"null, loopback, file, uart, pipe, tcp[4|6][+ssl], ssl, "	\
	"telnet[s], ipp[s], socket, vsock"
#define KNOWN_OPTIONS	"append, truncate, max-size, keep, timestamps"
#define NO_SIZE		"is not a number with K, M, G or nothing behind it"
/* As much of a long value as a sentence quotes. */
#define X20		"xxxxxxxxxxxxxxxxxxxx"
#define NO_KEEP		"is not a number from 0 to 99"

static const struct bad_case bad_cases[] = {
	{ "", "it is empty; known are " KNOWN_SCHEMES },
	{ "   ", "it is empty; known are " KNOWN_SCHEMES },
	{ ":", "scheme '' is unknown; known are " KNOWN_SCHEMES },
	{ "foo:bar", "scheme 'foo' is unknown; known are " KNOWN_SCHEMES },
	{ "foo", "scheme 'foo' is unknown" },
	{ "foo bar#x", "scheme 'foo bar' is unknown" },
	{ "/var/log/a", "scheme '/var/log/a' is unknown" },
	{ "FILE:/a", "scheme 'FILE' is unknown" },
	{ "Null", "scheme 'Null' is unknown" },
	{ "nullx", "scheme 'nullx' is unknown" },
	{ "nul", "scheme 'nul' is unknown" },
	{ "tcp5://h:1", "scheme 'tcp5' is unknown" },

	{ "null:", "nothing may follow null" },
	{ "null#append", "nothing may follow null" },
	{ "loopback:x", "nothing may follow loopback" },

	{ "uart", "uart must be followed by ':'" },
	{ "uart:", "the path after uart: must be absolute, so start with '/'" },
	{ "uart:ttyS1",
	  "the path after uart: must be absolute, so start with '/'" },
	{ "uart:/dev/ttyS1#baud=9600",
	  "uart takes no options; a line is set by its guest" },
	{ "pipe#x", "pipe must be followed by ':'" },
	{ "pipe:", "the pipe's name is missing" },
	{ "pipe:#near=client", "the pipe's name is missing" },
	{ "pipe:a/b", "the pipe's name 'a/b' is not made of" },
	{ "pipe:.a", "the pipe's name '.a' is not made of" },
	{ "pipe:a#near=left", "near 'left' is neither server nor client" },
	{ "pipe:a#far=moon", "far 'moon' is neither guest nor application" },
	{ "pipe:a#corrupt=1000001",
	  "corrupt '1000001' is not a number from 0 to 1000000" },
	{ "pipe:a#drop=-1", "drop '-1' is not a number from 0 to 1000000" },
	{ "pipe:a#delay=10001",
	  "delay '10001' is not a number from 0 to 10000" },
	{ "pipe:a#unplugged=1", "option unplugged takes no value" },
	{ "pipe:a#append", "option 'append' is unknown" },
	{ "pipe:a#near=client&near=client", "option near is given twice" },
	{ "pipe:/a#far=application&drop=1",
	  "corrupt, drop, delay and unplugged need far=guest" },
	{ "tcp", "tcp must be followed by '://'" },
	{ "tcp:", "tcp must be followed by '://'" },
	{ "telnet:/h:1", "telnet must be followed by '://'" },
	{ "ssl#://", "ssl must be followed by '://'" },

	{ "file", "file must be followed by ':'" },
	{ "file#append", "file must be followed by ':'" },
	{ "file:", "the path after file: must be absolute" },
	{ "file:log", "the path after file: must be absolute" },
	{ "file:../log", "the path after file: must be absolute" },
	{ "file :/a", "scheme 'file ' is unknown" },
	{ "null #x", "nothing may follow null" },
	{ "file: /a", "the path after file: must be absolute" },
	{ "file:#append", "the path after file: must be absolute" },
	{ "file:/", "the path must name a file, so not end in '/'" },
	{ "file:/a/", "the path must name a file, so not end in '/'" },
	{ "file:/a/ #append", "the path must name a file, so not end in '/'" },
	{ "file:/a/.", "the path must name a file, so not end in '.'" },
	{ "file:/a/..", "the path must name a file, so not end in '..'" },
	{ "file:/..", "the path must name a file, so not end in '..'" },

	{ "file:/a#", "option '' is unknown; known are " KNOWN_OPTIONS },
	{ "file:/a#append&", "option '' is unknown" },
	{ "file:/a#&append", "option '' is unknown" },
	{ "file:/a#Append", "option 'Append' is unknown" },
	{ "file:/a#size=1", "option 'size' is unknown" },
	{ "file:/a#append#keep", "option 'append#keep' is unknown" },
	{ "file:/a#=1", "option '' is unknown" },
	{ "file:/a#append=", "option append takes no value" },
	{ "file:/a#timestamps=1", "option timestamps takes no value" },
	{ "file:/a#truncate = yes", "option truncate takes no value" },
	{ "file:/a#max-size", "option max-size needs a value" },
	{ "file:/a#max-size= ", "option max-size needs a value" },
	{ "file:/a#keep=&max-size=1M", "option keep needs a value" },
	{ "file:/a#append&append", "option append is given twice" },
	{ "file:/a#max-size=1M&keep=1&max-size=1M",
	  "option max-size is given twice" },
	{ "file:/a#truncate&append", "append and truncate exclude each other" },
	{ "file:/a#append&timestamps&truncate",
	  "append and truncate exclude each other" },
	{ "file:/a#keep=3", "option keep needs max-size beside it" },

	{ "file:/a#max-size=-1",
	  "max-size '-1' is negative; the least is 4096" },
	{ "file:/a#max-size=-9G", "max-size '-9G' is negative" },
	{ "file:/a#max-size=0",
	  "max-size '0' is too small; the least is 4096" },
	{ "file:/a#max-size=0G", "max-size '0G' is too small" },
	{ "file:/a#max-size=4095", "max-size '4095' is too small" },
	{ "file:/a#max-size=3K", "max-size '3K' is too small" },
	{ "file:/a#max-size=K", "max-size 'K' " NO_SIZE },
	{ "file:/a#max-size=64 M", "max-size '64 M' " NO_SIZE },
	{ "file:/a#max-size=64MB", "max-size '64MB' " NO_SIZE },
	{ "file:/a#max-size=64m", "max-size '64m' " NO_SIZE },
	{ "file:/a#max-size=64KK", "max-size '64KK' " NO_SIZE },
	{ "file:/a#max-size=+64K", "max-size '+64K' " NO_SIZE },
	{ "file:/a#max-size=0x10000", "max-size '0x10000' " NO_SIZE },
	{ "file:/a#max-size=1e9", "max-size '1e9' " NO_SIZE },
	{ "file:/a#max-size=6.4M", "max-size '6.4M' " NO_SIZE },
	{ "file:/a#max-size=1=2", "max-size '1=2' " NO_SIZE },
	{ "file:/a#max-size=9223372036854775808",
	  "max-size '9223372036854775808' is more than a file can hold; the least is 4096" },
	{ "file:/a#max-size=8589934592G",
	  "max-size '8589934592G' is more than a file can hold" },
	{ "file:/a#max-size=18446744073709551616",
	  "max-size '18446744073709551616' is more than a file can hold" },
	{ "file:/a#max-size=18446744073709551615K",
	  "max-size '18446744073709551615' is more than a file can hold" },
	{ "file:/a#max-size=1M&keep=100", "keep '100' " NO_KEEP },
	{ "file:/a#max-size=1M&keep=-1", "keep '-1' " NO_KEEP },
	{ "file:/a#max-size=1M&keep=+1", "keep '+1' " NO_KEEP },
	{ "file:/a#max-size=1M&keep=x", "keep 'x' " NO_KEEP },
	{ "file:/a#max-size=1M&keep=5K", "keep '5K' " NO_KEEP },
	{ "file:/a#max-size=1M&keep=4294967296",
	  "keep '4294967296' " NO_KEEP },
};

static void bad_to_desc(const struct bad_case *c, char *desc)
{
	strscpy(desc, *c->text ? c->text : "nothing", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(bad, bad_cases, bad_to_desc);

/* @text is refused with @err, and the sentence starts with @sentence. */
static void expect_refusal(struct kunit *test, const char *text, int err,
			   const char *sentence)
{
	struct vserial_reason reason = { "untouched" };
	struct vserial_spec *spec = vserial_spec_parse(text, &reason);

	if (!IS_ERR(spec))
		vserial_spec_free(spec);
	KUNIT_ASSERT_TRUE(test, IS_ERR(spec));
	KUNIT_EXPECT_EQ(test, PTR_ERR(spec), err);
	KUNIT_EXPECT_EQ_MSG(test, 0,
			    strncmp(reason.text, sentence, strlen(sentence)),
			    "\"%s\" does not start with \"%s\"", reason.text,
			    sentence);
	/* One sentence, and not a cut one. */
	KUNIT_EXPECT_LT(test, strlen(reason.text), VSERIAL_REASON_MAX - 1);
	KUNIT_EXPECT_PTR_EQ(test, strpbrk(reason.text, "\n\t\r\033"), NULL);
}

static void spec_is_refused(struct kunit *test)
{
	const struct bad_case *c = test->param_value;
	char *sentence = kunit_kzalloc(test, VSERIAL_REASON_MAX, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, sentence);
	snprintf(sentence, VSERIAL_REASON_MAX, "backing '%s': %s", c->text,
		 c->sentence);
	expect_refusal(test, c->text, -EINVAL, sentence);
}

static void spec_without_control_characters(struct kunit *test)
{
	expect_refusal(test, "file:/a\nb", -EINVAL,
		       "backing 'file:/a': control character 0x0a after 7 characters is not allowed");
	expect_refusal(test, "null\n", -EINVAL,
		       "backing 'null': control character 0x0a after 4");
	expect_refusal(test, "\tnull", -EINVAL,
		       "backing '': control character 0x09 after 0");
	expect_refusal(test, "file:/a\177", -EINVAL,
		       "backing 'file:/a': control character 0x7f after 7");
	expect_refusal(test, "tcp://\033[2Jhost:1", -EINVAL,
		       "backing 'tcp://': control character 0x1b after 6");
}

/* @prefix with as many 'x' behind it as make it @len long, then @suffix. */
static char *long_text(struct kunit *test, const char *prefix, size_t len,
		       const char *suffix)
{
	size_t n = strlen(prefix), m = strlen(suffix);
	char *text = kunit_kzalloc(test, len + m + 1, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, text);
	memset(text, 'x', len);
	memcpy(text, prefix, n);
	memcpy(text + len, suffix, m);
	return text;
}

static void spec_has_a_greatest_length(struct kunit *test)
{
	struct vserial_reason reason;
	struct vserial_spec *spec;
	char *sentence;

	spec = vserial_spec_parse(long_text(test, "tcp://", VSERIAL_SPEC_MAX,
					    ""), &reason);
	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(spec), "%s", reason.text);
	vserial_spec_free(spec);

	sentence = long_text(test, "backing 'tcp://", strlen("backing '") + 100,
			     "': it has 4096 characters, at most 4095 are allowed");
	expect_refusal(test, long_text(test, "tcp://", VSERIAL_SPEC_MAX + 1,
				       ""), -E2BIG, sentence);
	sentence = long_text(test, "backing 'tcp://", strlen("backing '") + 100,
			     "': it has 100000 characters, at most 4095 are allowed");
	expect_refusal(test, long_text(test, "tcp://", 100000, ""), -E2BIG,
		       sentence);
}

/* @text is refused with @err, and the sentence, which is whole, has @words. */
static void expect_words(struct kunit *test, const char *text, int err,
			 const char *words)
{
	struct vserial_reason reason = { "untouched" };
	struct vserial_spec *spec = vserial_spec_parse(text, &reason);

	KUNIT_ASSERT_TRUE(test, IS_ERR(spec));
	KUNIT_EXPECT_EQ(test, PTR_ERR(spec), err);
	KUNIT_EXPECT_NOT_NULL_MSG(test, strstr(reason.text, words),
				  "\"%s\" is not in \"%s\"", words,
				  reason.text);
	KUNIT_EXPECT_LT(test, strlen(reason.text), VSERIAL_REASON_MAX - 1);
}

/* A long value in a sentence gives way, the rule is told to its end. */
static void spec_sentences_are_whole(struct kunit *test)
{
	expect_words(test, long_text(test, "", 1000, ":y"), -EINVAL,
		     "x': scheme '" X20 "' is unknown; known are "
		     KNOWN_SCHEMES);
	expect_words(test, long_text(test, "file:/a#", 1000, ""), -EINVAL,
		     "x': option '" X20 "' is unknown; known are "
		     KNOWN_OPTIONS);
	expect_words(test, long_text(test, "file:/a#max-size=", 1000, ""),
		     -EINVAL,
		     "x': max-size '" X20 "' " NO_SIZE "; the least is 4096");
	expect_words(test, long_text(test, "file:/a#max-size=1M&keep=", 1000,
				     ""),
		     -EINVAL, "x': keep '" X20 "' " NO_KEEP);
}

static void expect_path(struct kunit *test, const char *text, size_t len)
{
	struct vserial_reason reason = { "untouched" };
	struct vserial_spec *spec = vserial_spec_parse(text, &reason);

	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(spec), "%s", reason.text);
	KUNIT_EXPECT_EQ(test, strlen(spec->path), len);
	vserial_spec_free(spec);
}

/* A name of a rotated file, with ".99", is to be one, too. */
static void spec_names_have_a_greatest_length(struct kunit *test)
{
	expect_path(test, long_text(test, "file:/a/", 8 + 251, "#append"),
		    3 + 251);
	expect_path(test, long_text(test, "file:/", 6 + NAME_MAX, "/a"),
		    1 + NAME_MAX + 2);

	expect_words(test, long_text(test, "file:/a/", 8 + 252, ""),
		     -ENAMETOOLONG,
		     "x': the file's name has 252 characters, at most 251 are");
	expect_words(test, long_text(test, "file:/a/", 8 + 256, "/b"),
		     -ENAMETOOLONG,
		     "x': a folder's name has 256 characters, at most 255 are");
}

static void expect_no_service(struct kunit *test, const char *text,
			      const char *proxy, const char *sentence)
{
	struct vserial_reason reason = { "untouched" };
	struct vserial_spec *spec = vserial_spec_parse_service(text, proxy,
							       &reason);

	KUNIT_ASSERT_TRUE(test, IS_ERR(spec));
	KUNIT_EXPECT_EQ(test, PTR_ERR(spec), -EINVAL);
	KUNIT_EXPECT_STREQ(test, reason.text, sentence);
}

/* Behind a concentrator a specification is what that understands. */
static void spec_of_a_service(struct kunit *test)
{
	struct vserial_reason reason = { "untouched" };
	struct vserial_spec *spec;

	spec = vserial_spec_parse_service("any words: # at all",
					  "TELNETS://192.0.2.1:13370#verify",
					  &reason);
	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(spec), "%s", reason.text);
	KUNIT_EXPECT_EQ(test, spec->scheme, VSERIAL_SCHEME_HELPER);
	KUNIT_EXPECT_STREQ(test, spec->text, "any words: # at all");
	KUNIT_EXPECT_STREQ(test, spec->proxy,
			   "TELNETS://192.0.2.1:13370#verify");
	vserial_spec_free(spec);

	expect_no_service(test, "x", "tcp://192.0.2.1:1",
			  "proxy 'tcp://192.0.2.1:1': it is neither telnet://HOST:PORT nor telnets://HOST:PORT");
	expect_no_service(test, "x", "telnet:192.0.2.1:1",
			  "proxy 'telnet:192.0.2.1:1': it is neither telnet://HOST:PORT nor telnets://HOST:PORT");
	expect_no_service(test, "a\nb", "telnet://192.0.2.1:1",
			  "backing 'a': control character 0x0a after 1 characters is not allowed");
}

static void spec_free_takes_nothing(struct kunit *test)
{
	vserial_spec_free(NULL);
}

static struct kunit_case spec_cases[] = {
	KUNIT_CASE_PARAM(spec_is_understood, good_gen_params),
	KUNIT_CASE_PARAM(spec_is_refused, bad_gen_params),
	KUNIT_CASE(spec_without_control_characters),
	KUNIT_CASE(spec_has_a_greatest_length),
	KUNIT_CASE(spec_sentences_are_whole),
	KUNIT_CASE(spec_of_a_service),
	KUNIT_CASE(spec_names_have_a_greatest_length),
	KUNIT_CASE(spec_free_takes_nothing),
	{}
};

static struct kunit_suite spec_suite = {
	.name = "vserial_spec",
	.test_cases = spec_cases,
};

kunit_test_suite(spec_suite);

MODULE_DESCRIPTION("KUnit tests of vserial's backing specifications");
MODULE_LICENSE("GPL");
