// SPDX-License-Identifier: GPL-2.0-or-later
/* ATTR VALUE pairs: names found, values checked, netlink attributes filled. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <uuid/uuid.h>

#include <linux/vserial.h>

#include "attr.h"
#include "number.h"
#include "owner.h"
#include "uri.h"

const char *const attr_switch_words[] = { "off", "on", NULL };

enum ctl_status attr_string(struct attr_sink *sink, const struct attr *attr,
			    const char *value)
{
	vnl_put_str(sink->msg, attr->id, value);
	sink->settings++;
	return CTL_DONE;
}

enum ctl_status attr_backing(struct attr_sink *sink, const struct attr *attr,
			     const char *value)
{
	sink->backing = value;
	return attr_string(sink, attr, value);
}

/* A string, or none, which the netlink writes as an empty one. */
enum ctl_status attr_optional(struct attr_sink *sink, const struct attr *attr,
			      const char *value)
{
	return attr_string(sink, attr, strcmp(value, "none") ? value : "");
}

enum ctl_status attr_proxy(struct attr_sink *sink, const struct attr *attr,
			   const char *value)
{
	sink->proxy = strcmp(value, "none") ? value : "";
	return attr_string(sink, attr, sink->proxy);
}

enum ctl_status attr_number(struct attr_sink *sink, const struct attr *attr,
			    const char *value)
{
	uint64_t n;

	if (number_parse(value, attr->max, &n) || n < attr->min)
		return ctl_fail(sink->ctl, CTL_REFUSED,
				"%s '%s' is not a whole number from %" PRIu64 " to %" PRIu64 " (%s)",
				attr->name, value, attr->min, attr->max, attr->unit);
	vnl_put_u32(sink->msg, attr->id, (uint32_t)n);
	sink->settings++;
	return CTL_DONE;
}

enum ctl_status attr_size(struct attr_sink *sink, const struct attr *attr,
			  const char *value)
{
	char max[SIZE_TEXT];
	uint64_t n;

	if (size_parse(value, attr->max, &n))
		return ctl_fail(sink->ctl, CTL_REFUSED,
				"%s '%s' is not a size from 0 to %s, such as 65536, 64K or 1M",
				attr->name, value, size_format(attr->max, max));
	vnl_put_u32(sink->msg, attr->id, (uint32_t)n);
	sink->settings++;
	return CTL_DONE;
}

enum ctl_status attr_find_word(struct ctl *ctl, const char *name, const char *const *words,
			       const char *value, uint32_t *number)
{
	char list[256] = "";
	uint32_t i;

	for (i = 0; words[i]; i++) {
		size_t len = strlen(list);

		if (!strcmp(words[i], value)) {
			*number = i;
			return CTL_DONE;
		}
		snprintf(list + len, sizeof(list) - len, "%s%s",
			 !i ? "" : words[i + 1] ? ", " : " or ", words[i]);
	}
	return ctl_fail(ctl, CTL_REFUSED, "%s '%s' is not %s", name, value, list);
}

enum ctl_status attr_word(struct attr_sink *sink, const struct attr *attr,
			  const char *value)
{
	enum ctl_status status;
	uint32_t n = 0;

	status = attr_find_word(sink->ctl, attr->name, attr->words, value, &n);
	if (status == CTL_DONE) {
		vnl_put_u32(sink->msg, attr->id, n);
		sink->settings++;
	}
	return status;
}

enum ctl_status attr_switch(struct attr_sink *sink, const struct attr *attr,
			    const char *value)
{
	enum ctl_status status;
	uint32_t n = 0;

	status = attr_find_word(sink->ctl, attr->name, attr->words, value, &n);
	if (status == CTL_DONE) {
		vnl_put_u8(sink->msg, attr->id, (uint8_t)n);
		sink->settings++;
	}
	return status;
}

enum ctl_status attr_connect(struct attr_sink *sink, const struct attr *attr,
			     const char *value)
{
	enum ctl_status status;
	uint32_t n = 0;

	status = attr_find_word(sink->ctl, attr->name, attr->words, value, &n);
	if (status == CTL_DONE)
		sink->connect = (int)n;
	return status;
}

enum ctl_status attr_uuid(struct attr_sink *sink, const struct attr *attr,
			  const char *value)
{
	uuid_t uuid;

	_Static_assert(sizeof(uuid) == VSERIAL_UUID_SIZE, "a UUID has 16 bytes");
	if (uuid_parse(value, uuid))
		return ctl_fail(sink->ctl, CTL_REFUSED,
				"%s '%s' is not a UUID such as 6ba7b810-9dad-11d1-80b4-00c04fd430c8",
				attr->name, value);
	vnl_put_bin(sink->msg, attr->id, uuid, sizeof(uuid));
	sink->settings++;
	return CTL_DONE;
}

/* The group's number follows the user's. */
enum ctl_status attr_owner(struct attr_sink *sink, const struct attr *attr,
			   const char *value)
{
	struct owner owner;
	char why[512];

	if (owner_parse(value, &owner, why, sizeof(why)))
		return ctl_fail(sink->ctl, CTL_REFUSED,
				"%s '%s': %s; an owner is USER, USER:GROUP or none",
				attr->name, value, why);
	vnl_put_u32(sink->msg, attr->id, owner.uid);
	if (owner.uid != OWNER_NONE)
		vnl_put_u32(sink->msg, VSERIAL_A_GUEST_GID, owner.gid);
	sink->settings++;
	return CTL_DONE;
}

static enum ctl_status unknown(struct ctl *ctl, const struct attr *table,
			       unsigned int where, const char *name)
{
	char list[512] = "";

	for (; table->name; table++) {
		size_t len = strlen(list);

		if (table->where & where)
			snprintf(list + len, sizeof(list) - len, "%s%s",
				 len ? ", " : "", table->name);
	}
	return ctl_fail(ctl, CTL_REFUSED, "there is no attribute '%s' here; there are: %s",
			name, list);
}

/*
 * What the kernel only stores is judged here, by the parser of the daemon,
 * which will have to live with it; once all is known, as behind a concentrator
 * a backing is in words of the concentrator's.
 */
static enum ctl_status judge(const struct attr_sink *sink)
{
	char why[URI_WHY_MAX];
	struct uri uri;
	int rc = 0;

	if (sink->proxy && *sink->proxy) {
		rc = uri_parse_proxy("proxy", sink->proxy, &uri, why, sizeof(why));
		if (!rc)
			uri_free(&uri);
	} else if (sink->backing) {
		rc = uri_check(sink->backing, why, sizeof(why));
	}
	return rc ? ctl_fail(sink->ctl, CTL_REFUSED, "%s", why) : CTL_DONE;
}

enum ctl_status attr_fill(struct attr_sink *sink, const struct attr *table,
			  unsigned int where, char **words)
{
	enum ctl_status status;
	uint64_t given = 0;

	for (; *words; words += 2) {
		const struct attr *attr = table;

		while (attr->name && (strcmp(attr->name, *words) || !(attr->where & where)))
			attr++;
		if (!attr->name)
			return unknown(sink->ctl, table, where, *words);
		if (!words[1])
			return ctl_fail(sink->ctl, CTL_USAGE, "%s needs a value: %s",
					attr->name, attr->value);
		if (given & 1ull << (attr - table))
			return ctl_fail(sink->ctl, CTL_USAGE, "%s is given twice",
					attr->name);
		given |= 1ull << (attr - table);
		status = attr->put(sink, attr, words[1]);
		if (status != CTL_DONE)
			return status;
	}
	return judge(sink);
}
