// SPDX-License-Identifier: GPL-2.0-or-later
/* What a ruleset of nftables does with a packet. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "firewall_verdict.h"

/* As deep as nftables itself goes. */
#define DEPTH_MAX 16

enum fits {
	FITS_NOT,
	FITS_MAYBE,
	FITS,
};

enum verdict {
	VERDICT_NONE,
	VERDICT_RETURN,
	VERDICT_ACCEPT,
	VERDICT_DROP,
};

/**
 * struct look - a packet that goes through a table
 * @all: the ruleset's list
 * @packet: the packet
 * @family: of the table
 * @table: its name
 */
struct look {
	const json_t *all;
	const struct verdict_packet *packet;
	const char *family;
	const char *table;
};

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static bool is_in(const struct look *look, const json_t *what)
{
	return !strcmp(text_of(what, "family"), look->family) &&
	       !strcmp(text_of(what, "table"), look->table);
}

static enum fits whether(bool yes)
{
	return yes ? FITS : FITS_NOT;
}

/* What stands on the right of a comparison. */

/**
 * struct value - what is compared
 * @text: a word or an address
 * @number: a number, where @text is NULL
 */
struct value {
	const char *text;
	int64_t number;
};

static enum fits fits_any(const struct look *look, const struct value *value, const json_t *right);

static enum fits fits_prefix(const struct value *value, const json_t *prefix)
{
	const char *address = text_of(prefix, "addr");
	int family = strchr(address, ':') ? AF_INET6 : AF_INET;
	json_int_t bits = json_integer_value(json_object_get(prefix, "len")), i;
	uint8_t net[16], host[16];

	if (!value->text || inet_pton(family, address, net) != 1 ||
	    inet_pton(family, value->text, host) != 1)
		return FITS_NOT;
	for (i = 0; i < bits; i++)
		if ((net[i / 8] ^ host[i / 8]) & 0x80 >> i % 8)
			return FITS_NOT;
	return FITS;
}

static enum fits fits_range(const struct value *value, const json_t *range)
{
	const json_t *low = json_array_get(range, 0), *high = json_array_get(range, 1);

	/* Ranges of addresses are rare. */
	if (value->text || !json_is_integer(low))
		return FITS_MAYBE;
	return whether(value->number >= json_integer_value(low) &&
		       value->number <= json_integer_value(high));
}

static enum fits fits_list(const struct look *look, const struct value *value, const json_t *list)
{
	enum fits best = FITS_NOT, fits;
	json_t *each;
	size_t i;

	json_array_foreach((json_t *)list, i, each) {
		fits = fits_any(look, value, each);
		if (fits > best)
			best = fits;
	}
	return best;
}

static enum fits fits_named_set(const struct look *look, const struct value *value,
				const char *name)
{
	json_t *each;
	size_t i;

	json_array_foreach((json_t *)look->all, i, each) {
		const json_t *set = json_object_get(each, "set");

		if (set && is_in(look, set) && !strcmp(text_of(set, "name"), name))
			return fits_list(look, value, json_object_get(set, "elem"));
	}
	return FITS_MAYBE;
}

static enum fits fits_any(const struct look *look, const struct value *value, const json_t *right)
{
	const char *text = json_string_value(right);
	const json_t *elem = json_object_get(right, "elem");

	if (text && *text == '@')
		return fits_named_set(look, value, text + 1);
	if (text)
		return whether(value->text && !strcmp(text, value->text));
	if (json_is_integer(right))
		return whether(!value->text && json_integer_value(right) == value->number);
	if (json_is_array(right))
		return fits_list(look, value, right);
	if (json_object_get(right, "set"))
		return fits_any(look, value, json_object_get(right, "set"));
	if (elem)
		return fits_any(look, value, json_object_get(elem, "val"));
	if (json_object_get(right, "prefix"))
		return fits_prefix(value, json_object_get(right, "prefix"));
	if (json_object_get(right, "range"))
		return fits_range(value, json_object_get(right, "range"));
	return FITS_MAYBE;
}

/* What stands on the left. */

/*
 * Headers, and sockets, that the packet does not have: what a rule compares with them is
 * neither equal nor unequal.
 */
static bool is_absent(const struct look *look, const json_t *left)
{
	static const char *const others[] = {
		"udp", "udplite", "icmp", "icmpv6", "igmp", "sctp", "dccp", "esp", "ah", "comp", "arp",
	};
	const char *protocol = text_of(json_object_get(left, "payload"), "protocol");
	const char *key = text_of(json_object_get(left, "meta"), "key");
	size_t i;

	if (!look->packet->out && (!strcmp(key, "skuid") || !strcmp(key, "skgid")))
		return true;
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!strcmp(protocol, others[i]))
			return true;
	return !strcmp(protocol, look->packet->v6 ? "ip" : "ip6");
}

static enum fits fits_payload(const struct look *look, const json_t *payload, const json_t *right)
{
	const struct verdict_packet *packet = look->packet;
	const char *protocol = text_of(payload, "protocol"), *field = text_of(payload, "field");
	struct value value = { .number = packet->number };

	if (!strcmp(protocol, "tcp") || !strcmp(protocol, "th"))
		return strcmp(field, "dport") ? FITS_MAYBE : fits_any(look, &value, right);
	/* Those of a link are the other host's. */
	if (strcmp(protocol, packet->v6 ? "ip6" : "ip"))
		return FITS_MAYBE;
	if (!strcmp(field, "daddr") && *packet->to) {
		value.text = packet->to;
		return fits_any(look, &value, right);
	}
	if (!strcmp(field, "protocol") || !strcmp(field, "nexthdr")) {
		value.text = "tcp";
		return fits_any(look, &value, right);
	}
	return FITS_MAYBE;
}

/* What has to do with other hosts is not on the loopback interface; others may be meant too. */
static enum fits fits_interface(const json_t *right)
{
	const char *name = json_string_value(right);

	return name && !strcmp(name, "lo") ? FITS_NOT : FITS_MAYBE;
}

static enum fits fits_meta(const struct look *look, const char *key, const json_t *right)
{
	const struct verdict_packet *packet = look->packet;
	struct value value = { .number = packet->uid };

	if (!strcmp(key, "iif") || !strcmp(key, "iifname") || !strcmp(key, "oif") ||
	    !strcmp(key, "oifname"))
		return fits_interface(right);
	if (!strcmp(key, "skuid"))
		return fits_any(look, &value, right);
	if (!strcmp(key, "l4proto"))
		value.text = "tcp";
	else if (!strcmp(key, "nfproto"))
		value.text = packet->v6 ? "ipv6" : "ipv4";
	else if (!strcmp(key, "protocol"))
		value.text = packet->v6 ? "ip6" : "ip";
	else if (!strcmp(key, "pkttype"))
		value.text = "host";
	else
		return FITS_MAYBE;
	return fits_any(look, &value, right);
}

static enum fits fits_tracking(const struct look *look, const char *key, const json_t *right)
{
	static const struct value state = { .text = "new" }, way = { .text = "original" };

	if (!strcmp(key, "state"))
		return fits_any(look, &state, right);
	if (!strcmp(key, "direction"))
		return fits_any(look, &way, right);
	/* A new connection to a port of ours was not translated. */
	return strcmp(key, "status") ? FITS_MAYBE : FITS_NOT;
}

static enum fits fits_sides(const struct look *look, const json_t *left, const json_t *right)
{
	const json_t *payload = json_object_get(left, "payload"), *ct = json_object_get(left, "ct");
	const json_t *meta = json_object_get(left, "meta");

	if (is_absent(look, left))
		return FITS_NOT;
	if (payload)
		return fits_payload(look, payload, right);
	if (meta)
		return fits_meta(look, text_of(meta, "key"), right);
	return ct ? fits_tracking(look, text_of(ct, "key"), right) : FITS_MAYBE;
}

static enum fits fits_match(const struct look *look, const json_t *match)
{
	const json_t *left = json_object_get(match, "left");
	enum fits fits = fits_sides(look, left, json_object_get(match, "right"));
	const char *op = text_of(match, "op");

	if (!strcmp(op, "!="))
		return is_absent(look, left) ? FITS_NOT : (enum fits)(FITS - fits);
	return !strcmp(op, "==") || !strcmp(op, "in") ? fits : FITS_MAYBE;
}

/* Rules and chains. */

static enum verdict judge_chain(const struct look *look, const char *name, int depth);
static enum verdict judge(const struct look *look, const json_t *statement, enum fits fits,
			  int depth);

/* A map of verdicts: the first whose key fits. */
static enum verdict judge_map(const struct look *look, const json_t *map, enum fits fits, int depth)
{
	const json_t *pairs = json_object_get(json_object_get(map, "data"), "set");
	enum verdict verdict = VERDICT_NONE;
	enum fits one;
	json_t *pair;
	size_t i;

	/* One that has a name may have anything in it. */
	if (!pairs)
		return VERDICT_ACCEPT;
	json_array_foreach((json_t *)pairs, i, pair) {
		one = fits_sides(look, json_object_get(map, "key"), json_array_get(pair, 0));
		if (one != FITS_NOT)
			verdict = judge(look, json_array_get(pair, 1), one < fits ? one : fits,
					depth);
		if (verdict != VERDICT_NONE)
			break;
	}
	return verdict;
}

/* What a statement decides where all in front of it fits as well as @fits. */
static enum verdict judge(const struct look *look, const json_t *statement, enum fits fits,
			  int depth)
{
	const json_t *jump = json_object_get(statement, "jump");
	const json_t *go = json_object_get(statement, "goto");
	const json_t *map = json_object_get(statement, "vmap");
	enum verdict verdict;

	if (map)
		return judge_map(look, map, fits, depth);
	if (json_object_get(statement, "accept"))
		return VERDICT_ACCEPT;
	if (json_object_get(statement, "drop") || json_object_get(statement, "reject"))
		return fits == FITS ? VERDICT_DROP : VERDICT_NONE;
	if (json_object_get(statement, "return"))
		return fits == FITS ? VERDICT_RETURN : VERDICT_NONE;
	if (!jump && !go)
		return VERDICT_NONE;
	verdict = judge_chain(look, text_of(jump ? jump : go, "target"), depth + 1);
	if (verdict == VERDICT_ACCEPT)
		return verdict;
	if (fits != FITS)
		return VERDICT_NONE;
	if (verdict == VERDICT_RETURN)
		return go ? VERDICT_RETURN : VERDICT_NONE;
	return verdict;
}

/* Others ask for something, as limits, quotas and the matches of iptables do. */
static bool lets_all_pass(const json_t *statement)
{
	return json_object_get(statement, "counter") || json_object_get(statement, "log") ||
	       json_object_get(statement, "mangle");
}

static enum verdict judge_rule(const struct look *look, const json_t *rule, int depth)
{
	enum fits fits = FITS, one;
	enum verdict verdict;
	json_t *statement;
	size_t i;

	json_array_foreach(json_object_get(rule, "expr"), i, statement) {
		const json_t *match = json_object_get(statement, "match");

		if (!match) {
			verdict = judge(look, statement, fits, depth);
			if (verdict != VERDICT_NONE)
				return verdict;
			if (!lets_all_pass(statement))
				fits = FITS_MAYBE;
			continue;
		}
		one = fits_match(look, match);
		if (one == FITS_NOT)
			return VERDICT_NONE;
		if (one < fits)
			fits = one;
	}
	return VERDICT_NONE;
}

static enum verdict judge_chain(const struct look *look, const char *name, int depth)
{
	enum verdict verdict;
	json_t *each;
	size_t i;

	if (depth > DEPTH_MAX)
		return VERDICT_ACCEPT;
	json_array_foreach((json_t *)look->all, i, each) {
		const json_t *rule = json_object_get(each, "rule");

		if (!rule || !is_in(look, rule) || strcmp(text_of(rule, "chain"), name))
			continue;
		verdict = judge_rule(look, rule, depth);
		if (verdict != VERDICT_NONE)
			return verdict;
	}
	return VERDICT_RETURN;
}

static bool is_asked(const json_t *chain, const struct verdict_packet *packet)
{
	const char *family = text_of(chain, "family");

	return !strcmp(text_of(chain, "hook"), packet->out ? "output" : "input") &&
	       !strcmp(text_of(chain, "type"), "filter") &&
	       (!strcmp(family, "inet") || !strcmp(family, packet->v6 ? "ip6" : "ip"));
}

bool verdict_drops(const json_t *ruleset, const struct verdict_packet *packet,
		   char chain[VERDICT_CHAIN_MAX])
{
	const json_t *all = json_object_get(ruleset, "nftables");
	enum verdict verdict;
	json_t *each;
	size_t i;

	json_array_foreach((json_t *)all, i, each) {
		const json_t *base = json_object_get(each, "chain");
		const struct look look = { .all = all, .packet = packet,
					   .family = text_of(base, "family"),
					   .table = text_of(base, "table") };

		if (!base || !is_asked(base, packet))
			continue;
		verdict = judge_chain(&look, text_of(base, "name"), 0);
		if (verdict == VERDICT_RETURN && !strcmp(text_of(base, "policy"), "drop"))
			verdict = VERDICT_DROP;
		if (verdict != VERDICT_DROP)
			continue;
		snprintf(chain, VERDICT_CHAIN_MAX, "%s %s %s", look.family, look.table,
			 text_of(base, "name"));
		return true;
	}
	return false;
}
