// SPDX-License-Identifier: GPL-2.0-or-later
/* vserialctl service: which services a guest may reach, and who may reach it. */
#include <stdio.h>
#include <string.h>

#include <linux/vserial.h>

#include "attr.h"
#include "command.h"
#include "memory.h"
#include "number.h"
#include "output.h"
#include "owner.h"
#include "refs.h"
#include "rule.h"

/* LOW or LOW-HIGH.  The kernel judges what is in the wrong order. */
static enum ctl_status put_ports(struct attr_sink *sink, const struct attr *attr,
				 const char *value)
{
	char *low = xstrdup(value), *high = strchr(low, '-');
	uint64_t first, last;
	int bad;

	if (high)
		*high++ = '\0';
	bad = number_parse(low, UINT32_MAX, &first) ||
	      number_parse(high ? high : low, UINT32_MAX, &last);
	free(low);
	if (bad)
		return ctl_fail(sink->ctl, CTL_REFUSED,
				"%s '%s' is neither a port's number nor two such as 2300-2399",
				attr->name, value);
	vnl_put_u32(sink->msg, attr->id, (uint32_t)first);
	if (high)
		vnl_put_u32(sink->msg, VSERIAL_A_SERVICE_PORT_LAST, (uint32_t)last);
	sink->settings++;
	return CTL_DONE;
}

static enum ctl_status put_user(struct attr_sink *sink, const struct attr *attr,
				const char *value)
{
	struct owner owner;
	char why[512];
	char *text;
	int bad;

	/* An owner without a group needs an account to have one; a user does not. */
	if (asprintf(&text, "%s:0", value) < 0)
		err(MEMORY_STATUS, "out of memory");
	bad = strchr(value, ':') || owner_parse(text, &owner, why, sizeof(why)) ||
	      owner.uid == OWNER_NONE;
	free(text);
	if (bad)
		return ctl_fail(sink->ctl, CTL_REFUSED,
				"%s '%s' is neither a user's name nor a number of one",
				attr->name, value);
	vnl_put_u32(sink->msg, attr->id, owner.uid);
	sink->settings++;
	return CTL_DONE;
}

static const struct attr service_attrs[] = {
	{ .name = "direction", .value = "guest|host|any",
	  .help = "towards the guest (input), or towards the host (output); any if not given",
	  .put = attr_word, .id = VSERIAL_A_SERVICE_DIRECTION,
	  .where = ATTR_ADD | ATTR_SET, .words = towards_words },
	{ .name = "port", .value = "LOW[-HIGH]",
	  .help = "the network ports it is about, not the serial ones (net-*, vspc, vsock, printer)",
	  .put = put_ports, .id = VSERIAL_A_SERVICE_PORT,
	  .where = ATTR_ADD | ATTR_SET },
	{ .name = "user", .value = "USER",
	  .help = "who asks (hypervisor, console, control)",
	  .put = put_user, .id = VSERIAL_A_SERVICE_UID,
	  .where = ATTR_ADD | ATTR_SET },
	{ .name = "exe", .value = "PATH",
	  .help = "the program that asks (hypervisor, console, control)",
	  .put = attr_string, .id = VSERIAL_A_SERVICE_EXE,
	  .where = ATTR_ADD | ATTR_SET },
	{ 0 },
};

/* The number of one of @known that the next word is. */
static enum ctl_status take_word(struct ctl *ctl, char ***words, const char *what,
				 const char *const *known, uint32_t *number)
{
	const char *word = **words;

	if (!word)
		return ctl_fail(ctl, CTL_USAGE, "the %s is missing", what);
	++*words;
	return attr_find_word(ctl, what, known, word, number);
}

/* Takes "rank N" off the words. */
static enum ctl_status take_rank(struct ctl *ctl, char ***words, struct vnl_msg *msg)
{
	uint64_t rank;

	if (!**words || strcmp(**words, "rank"))
		return ctl_fail(ctl, CTL_USAGE, "the word rank and the rule's number are missing");
	++*words;
	if (!**words)
		return ctl_fail(ctl, CTL_USAGE, "rank needs the rule's number");
	if (number_parse(**words, UINT32_MAX, &rank))
		return ctl_fail(ctl, CTL_REFUSED,
				"rank '%s' is not a whole number from 0 to %u", **words,
				UINT32_MAX);
	++*words;
	vnl_put_u32(msg, VSERIAL_A_SERVICE_RANK, (uint32_t)rank);
	return CTL_DONE;
}

/* Begins a request about a guest. */
static enum ctl_status begin(struct ctl *ctl, char ***words, uint8_t cmd,
			     struct vnl_msg **msg)
{
	enum ctl_status status;
	const char *name;

	status = ref_guest(ctl, words, &name);
	if (status != CTL_DONE)
		return status;
	*msg = ctl_queue(ctl, cmd);
	vnl_put_str(*msg, VSERIAL_A_SERVICE_GUEST, name);
	return CTL_DONE;
}

/* The service, and what else a rule or a test is about. */
static enum ctl_status fill_terms(struct ctl *ctl, char **words, struct vnl_msg *msg,
				  unsigned int where)
{
	struct attr_sink sink = { .ctl = ctl, .msg = msg };
	enum ctl_status status;
	uint32_t service;

	status = take_word(ctl, &words, "service", service_words, &service);
	if (status != CTL_DONE)
		return status;
	vnl_put_u32(msg, VSERIAL_A_SERVICE_SERVICE, service);
	return attr_fill(&sink, service_attrs, where, words);
}

static enum ctl_status add(struct ctl *ctl, char **words)
{
	enum ctl_status status;
	struct vnl_msg *msg;
	uint32_t action;

	status = begin(ctl, &words, VSERIAL_CMD_SERVICE_NEW, &msg);
	if (status == CTL_DONE)
		status = take_rank(ctl, &words, msg);
	if (status == CTL_DONE)
		status = take_word(ctl, &words, "action", action_words, &action);
	if (status != CTL_DONE)
		return status;
	vnl_put_u32(msg, VSERIAL_A_SERVICE_ACTION, action);
	return fill_terms(ctl, words, msg, ATTR_ADD);
}

static enum ctl_status del(struct ctl *ctl, char **words)
{
	enum ctl_status status;
	struct vnl_msg *msg;

	status = begin(ctl, &words, VSERIAL_CMD_SERVICE_DEL, &msg);
	if (status == CTL_DONE)
		status = take_rank(ctl, &words, msg);
	return status == CTL_DONE ? ref_end(ctl, words) : status;
}

static enum ctl_status show(struct ctl *ctl, char **words)
{
	struct vnl_msg *msg = ctl_queue_dump(ctl, VSERIAL_CMD_SERVICE_GET);
	enum ctl_status status;
	const char *name;

	if (!*words)
		return CTL_DONE;
	status = ref_guest(ctl, &words, &name);
	if (status != CTL_DONE)
		return status;
	vnl_put_str(msg, VSERIAL_A_SERVICE_GUEST, name);
	return ref_end(ctl, words);
}

static enum ctl_status print(struct ctl *ctl, const struct vnl_replies *replies)
{
	if (ctl->json)
		json_rules(replies);
	else
		text_rules(replies);
	return CTL_DONE;
}

static enum ctl_status test(struct ctl *ctl, char **words)
{
	enum ctl_status status;
	struct vnl_msg *msg;

	status = begin(ctl, &words, VSERIAL_CMD_SERVICE_TEST, &msg);
	return status == CTL_DONE ? fill_terms(ctl, words, msg, ATTR_SET) : status;
}

static enum ctl_status print_test(struct ctl *ctl, const struct vnl_replies *replies)
{
	if (ctl->json)
		json_test(replies);
	else
		text_test(replies);
	return CTL_DONE;
}

const struct command service_commands[] = {
	{ .verb = "add", .args = "GUEST rank N allow|deny SERVICE [ATTR VALUE]...",
	  .help = "add a rule; the lowest rank that matches decides, and at once",
	  .words = { WORD_GUEST, WORD_LITERAL, WORD_LITERAL, WORD_LITERAL,
		     WORD_SERVICE },
	  .attrs = service_attrs, .where = ATTR_ADD, .fill = add },
	{ .verb = "del", .args = "GUEST rank N", .help = "remove a rule",
	  .words = { WORD_GUEST }, .fill = del },
	{ .verb = "show", .args = "[GUEST]",
	  .help = "show the rules of a guest, or all, and how often each decided",
	  .words = { WORD_GUEST }, .fill = show, .print = print },
	{ .verb = "test", .args = "GUEST SERVICE [ATTR VALUE]...",
	  .help = "show what would be decided, and by which rule",
	  .words = { WORD_GUEST, WORD_SERVICE }, .attrs = service_attrs,
	  .where = ATTR_SET, .fill = test, .print = print_test },
	{ 0 },
};
