// SPDX-License-Identifier: GPL-2.0-only
/*
 * sysfs_guest: the attributes of guests
 */
#include <linux/device.h>
#include <linux/kstrtox.h>
#include <linux/sysfs.h>

#include "guest.h"
#include "reason.h"
#include "sysfs.h"
#include "words.h"

static ssize_t vserial_uuid_show(struct device *dev, char *buf,
				 enum vserial_guest_uuid which)
{
	uuid_t uuid[VSERIAL_UUIDS];

	vserial_guest_uuids(vserial_guest_of(dev), uuid);
	if (uuid_is_null(&uuid[which]))
		return sysfs_emit(buf, "\n");
	return sysfs_emit(buf, "%pUb\n", &uuid[which]);
}

static ssize_t vserial_uuid_store(struct device *dev, const char *buf,
				  size_t count, enum vserial_guest_uuid which)
{
	struct vserial_identity id = {};
	struct vserial_reason reason;
	struct vserial_words words;
	int err;

	err = vserial_sysfs_begin(&words, buf, 1, &reason);
	if (err)
		return vserial_sysfs_done(err, dev_name(dev), count, &reason);
	id.set_uuid[which] = true;
	if (words.nr && (strlen(words.word[0]) != UUID_STRING_LEN ||
			 uuid_parse(words.word[0], &id.uuid[which])))
		err = vserial_refuse(&reason, -EINVAL,
				     "UUID '" VSERIAL_VALUE "' is not of the form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
				     words.word[0]);
	else
		err = vserial_guest_set(dev_name(dev), &id, &reason);
	vserial_words_free(&words);
	return vserial_sysfs_done(err, dev_name(dev), count, &reason);
}

#define VSERIAL_UUID_ATTR(name, which)					\
static ssize_t name##_show(struct device *dev,				\
			   struct device_attribute *attr, char *buf)	\
{									\
	return vserial_uuid_show(dev, buf, which);			\
}									\
static ssize_t name##_store(struct device *dev,				\
			    struct device_attribute *attr,		\
			    const char *buf, size_t count)		\
{									\
	return vserial_uuid_store(dev, buf, count, which);		\
}									\
static DEVICE_ATTR_RW(name)

VSERIAL_UUID_ATTR(uuid, VSERIAL_UUID_BIOS);
VSERIAL_UUID_ATTR(vc_uuid, VSERIAL_UUID_VC);
VSERIAL_UUID_ATTR(location_uuid, VSERIAL_UUID_LOCATION);

static ssize_t owner_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	kuid_t uid;
	kgid_t gid;

	vserial_owner_get(&vserial_guest_of(dev)->owner, &uid, &gid);
	if (!uid_valid(uid))
		return sysfs_emit(buf, "\n");
	return sysfs_emit(buf, "%u:%u\n", from_kuid(&init_user_ns, uid),
			  from_kgid(&init_user_ns, gid));
}

/* "UID:GID"; an empty line or "none": nobody */
static int vserial_owner_parse(char *text, struct vserial_identity *id,
			       struct vserial_reason *reason)
{
	char *colon = strchr(text, ':');
	unsigned int uid, gid;

	id->set_uid = true;
	id->set_gid = true;
	id->uid = INVALID_UID;
	id->gid = INVALID_GID;
	if (!*text || !strcmp(text, "none"))
		return 0;
	if (colon) {
		*colon = '\0';
		if (!kstrtouint(text, 10, &uid) &&
		    !kstrtouint(colon + 1, 10, &gid)) {
			id->uid = make_kuid(&init_user_ns, uid);
			id->gid = make_kgid(&init_user_ns, gid);
		}
		*colon = ':';
	}
	if (uid_valid(id->uid) && gid_valid(id->gid))
		return 0;
	return vserial_refuse(reason, -EINVAL,
			      "owner '" VSERIAL_VALUE "' is not of the form UID:GID in numbers, or none",
			      text);
}

static ssize_t owner_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	struct vserial_identity id = {};
	struct vserial_reason reason;
	struct vserial_words words;
	char nobody[] = "";
	int err;

	err = vserial_sysfs_begin(&words, buf, 1, &reason);
	if (!err) {
		err = vserial_owner_parse(words.nr ? words.word[0] : nobody,
					  &id, &reason);
		if (!err)
			err = vserial_guest_set(dev_name(dev), &id, &reason);
		vserial_words_free(&words);
	}
	return vserial_sysfs_done(err, dev_name(dev), count, &reason);
}
static DEVICE_ATTR_RW(owner);

static ssize_t vmotion_limit_show(struct device *dev,
				  struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(vserial_guest_of(dev)->limit));
}

static ssize_t vmotion_limit_store(struct device *dev,
				   struct device_attribute *attr,
				   const char *buf, size_t count)
{
	struct vserial_identity id = { .set_limit = true };
	struct vserial_reason reason;
	struct vserial_words words;
	int err;

	err = vserial_sysfs_begin(&words, buf, 1, &reason);
	if (err)
		return vserial_sysfs_done(err, dev_name(dev), count, &reason);
	if (!words.nr || kstrtou32(words.word[0], 0, &id.limit))
		err = vserial_refuse(&reason, -EINVAL,
				     "vmotion_limit '" VSERIAL_VALUE "' is not a number",
				     words.nr ? words.word[0] : "");
	else
		err = vserial_guest_set(dev_name(dev), &id, &reason);
	vserial_words_free(&words);
	return vserial_sysfs_done(err, dev_name(dev), count, &reason);
}
static DEVICE_ATTR_RW(vmotion_limit);

static int vserial_index_parse(const struct vserial_words *words,
			       unsigned int *index,
			       struct vserial_reason *reason)
{
	if (words->nr && !kstrtouint(words->word[0], 10, index))
		return 0;
	return vserial_refuse(reason, -EINVAL,
			      "port index '" VSERIAL_VALUE "' is not a number from 0 to %u",
			      words->nr ? words->word[0] : "",
			      VSERIAL_PORTS_PER_GUEST - 1);
}

/* "INDEX [BACKING]" */
static ssize_t new_port_store(struct device *dev, struct device_attribute *attr,
			      const char *buf, size_t count)
{
	struct vserial_settings s = {};
	struct vserial_reason reason;
	struct vserial_words words;
	unsigned int index;
	int err;

	err = vserial_sysfs_begin(&words, buf, 2, &reason);
	if (!err) {
		err = vserial_index_parse(&words, &index, &reason);
		if (words.nr > 1) {
			s.set = BIT_ULL(VSERIAL_A_PORT_BACKING);
			s.backing = words.word[1];
		}
		if (!err)
			err = vserial_guest_add_port(dev_name(dev), index, &s,
						     &reason);
		vserial_words_free(&words);
	}
	return vserial_sysfs_done(err, dev_name(dev), count, &reason);
}
static DEVICE_ATTR_WO(new_port);

/* "INDEX [force]" */
static ssize_t del_port_store(struct device *dev, struct device_attribute *attr,
			      const char *buf, size_t count)
{
	struct vserial_reason reason;
	struct vserial_words words;
	unsigned int index;
	bool force;
	int err;

	err = vserial_sysfs_begin(&words, buf, 2, &reason);
	if (!err) {
		err = vserial_words_force(&words, "del_port", "a port's index",
					  &force, &reason);
		if (!err)
			err = vserial_index_parse(&words, &index, &reason);
		if (!err)
			err = vserial_guest_del_port(dev_name(dev), index,
						     force, &reason);
		vserial_words_free(&words);
	}
	return vserial_sysfs_done(err, dev_name(dev), count, &reason);
}
static DEVICE_ATTR_WO(del_port);

static struct attribute *vserial_guest_attrs[] = {
	&dev_attr_uuid.attr,
	&dev_attr_vc_uuid.attr,
	&dev_attr_location_uuid.attr,
	&dev_attr_owner.attr,
	&dev_attr_vmotion_limit.attr,
	&dev_attr_new_port.attr,
	&dev_attr_del_port.attr,
	NULL
};

static const struct attribute_group vserial_guest_group = {
	.attrs = vserial_guest_attrs,
};

const struct attribute_group *vserial_sysfs_guest[] = {
	&vserial_guest_group,
	NULL
};
