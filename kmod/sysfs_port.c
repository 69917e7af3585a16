// SPDX-License-Identifier: GPL-2.0-only
/*
 * sysfs_port: the attributes of ports
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/device.h>
#include <linux/kstrtox.h>
#include <linux/sysfs.h>

#include "backing.h"
#include "guest.h"
#include "log.h"
#include "port.h"
#include "reason.h"
#include "spec.h"
#include "sysfs.h"
#include "words.h"

static struct vserial_port *vserial_port_from(struct device *dev)
{
	return container_of(dev, struct vserial_port, dev);
}

static ssize_t vserial_setting_store(struct device *dev,
				     struct vserial_settings *s, size_t count)
{
	struct vserial_reason reason;
	int err = vserial_sysfs_may_configure(&reason);

	if (!err)
		err = vserial_port_configure(vserial_port_from(dev), s,
					     &reason);
	return vserial_sysfs_done(err, dev_name(dev), count, &reason);
}

static ssize_t vserial_value_refused(struct device *dev, const char *buf,
				     const char *rule)
{
	struct vserial_reason reason;

	vserial_refuse(&reason, -EINVAL, "'%.*s' is not %s",
		       (int)min_t(size_t, strcspn(buf, "\n"), 100), buf, rule);
	return vserial_sysfs_done(-EINVAL, dev_name(dev), 0, &reason);
}

/*
 * The one word of a line becomes *@to, a setting of @s; an empty line or @none,
 * if there is such a word: nothing.
 */
static ssize_t vserial_text_store(struct device *dev, const char *buf,
				  size_t count, struct vserial_settings *s,
				  const char **to, const char *none)
{
	struct vserial_reason reason;
	struct vserial_words words;
	ssize_t r;
	int err;

	err = vserial_sysfs_begin(&words, buf, 1, &reason);
	if (err)
		return vserial_sysfs_done(err, dev_name(dev), count, &reason);
	*to = words.nr && !(none && !strcmp(words.word[0], none)) ?
	      words.word[0] : "";
	r = vserial_setting_store(dev, s, count);
	vserial_words_free(&words);
	return r;
}

static ssize_t backing_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	struct vserial_backing *b;
	ssize_t r = 0;

	rcu_read_lock();
	b = rcu_dereference(vserial_port_from(dev)->backing);
	if (b)
		r = sysfs_emit(buf, "%s\n", b->spec->text);
	rcu_read_unlock();
	return r;
}

static ssize_t backing_store(struct device *dev, struct device_attribute *attr,
			     const char *buf, size_t count)
{
	struct vserial_settings s = {
		.set = BIT_ULL(VSERIAL_A_PORT_BACKING),
	};

	return vserial_text_store(dev, buf, count, &s, &s.backing, NULL);
}
static DEVICE_ATTR_RW(backing);

static ssize_t proxy_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	struct vserial_backing *b;
	ssize_t r;

	rcu_read_lock();
	b = rcu_dereference(vserial_port_from(dev)->backing);
	r = sysfs_emit(buf, "%s\n", b && b->spec->proxy ? b->spec->proxy : "");
	rcu_read_unlock();
	return r;
}

/* A URI */
static ssize_t proxy_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	struct vserial_settings s = { .set = BIT_ULL(VSERIAL_A_PORT_PROXY) };

	return vserial_text_store(dev, buf, count, &s, &s.proxy, "none");
}
static DEVICE_ATTR_RW(proxy);

static ssize_t log_show(struct device *dev, struct device_attribute *attr,
			char *buf)
{
	struct vserial_log *log;
	ssize_t r;

	rcu_read_lock();
	log = rcu_dereference(vserial_port_from(dev)->log);
	r = sysfs_emit(buf, "%s\n", log ? log->spec->text : "");
	rcu_read_unlock();
	return r;
}

/* A specification */
static ssize_t log_store(struct device *dev, struct device_attribute *attr,
			 const char *buf, size_t count)
{
	struct vserial_settings s = { .set = BIT_ULL(VSERIAL_A_PORT_LOG) };

	return vserial_text_store(dev, buf, count, &s, &s.log, "none");
}
static DEVICE_ATTR_RW(log);

static const char *const vserial_overflow_names[] = {
	[VSERIAL_OVERFLOW_BLOCK] = "block",
	[VSERIAL_OVERFLOW_DROP_OLD] = "drop-old",
	[VSERIAL_OVERFLOW_DROP_NEW] = "drop-new",
};

static const char *const vserial_carrier_names[] = {
	[VSERIAL_CARRIER_AUTO] = "auto",
	[VSERIAL_CARRIER_ALWAYS] = "always",
	[VSERIAL_CARRIER_PEER] = "peer",
};

static const char *const vserial_endpoint_names[] = {
	[VSERIAL_ENDPOINT_AUTO] = "auto",
	[VSERIAL_ENDPOINT_SERVER] = "server",
	[VSERIAL_ENDPOINT_CLIENT] = "client",
};

static const char *const vserial_direction_names[] = {
	[VSERIAL_DIRECTION_BOTH] = "both",
	[VSERIAL_DIRECTION_OUT] = "out",
	[VSERIAL_DIRECTION_IN] = "in",
};

static const char *const vserial_state_names[] = {
	[VSERIAL_STATE_NOT_CONNECTED] = "not-connected",
	[VSERIAL_STATE_LISTENING] = "listening",
	[VSERIAL_STATE_CONNECTING] = "connecting",
	[VSERIAL_STATE_CONNECTED] = "connected",
	[VSERIAL_STATE_RECOVERABLE_ERROR] = "recoverable-error",
	[VSERIAL_STATE_UNRECOVERABLE_ERROR] = "unrecoverable-error",
};

#define VSERIAL_SHOW(name, format, value)				\
static ssize_t name##_show(struct device *dev,				\
			   struct device_attribute *attr, char *buf)	\
{									\
	struct vserial_port_status st;					\
									\
	vserial_port_status(vserial_port_from(dev), &st);		\
	return sysfs_emit(buf, format "\n", value);			\
}

#define VSERIAL_SHOW_RO(name, format, value)				\
VSERIAL_SHOW(name, format, value)					\
static DEVICE_ATTR_RO(name)

#define VSERIAL_U32_ATTR(name, nr)					\
VSERIAL_SHOW(name, "%u", st.name)					\
static ssize_t name##_store(struct device *dev,				\
			    struct device_attribute *attr,		\
			    const char *buf, size_t count)		\
{									\
	struct vserial_settings s = { .set = BIT_ULL(nr) };		\
									\
	if (kstrtou32(buf, 0, &s.name))					\
		return vserial_value_refused(dev, buf,			\
					     "a number for " #name);	\
	return vserial_setting_store(dev, &s, count);			\
}									\
static DEVICE_ATTR_RW(name)

#define VSERIAL_NAME_ATTR(name, nr, rule)				\
VSERIAL_SHOW(name, "%s", vserial_##name##_names[st.name])		\
static ssize_t name##_store(struct device *dev,				\
			    struct device_attribute *attr,		\
			    const char *buf, size_t count)		\
{									\
	struct vserial_settings s = { .set = BIT_ULL(nr) };		\
	int i = sysfs_match_string(vserial_##name##_names, buf);	\
									\
	if (i < 0)							\
		return vserial_value_refused(dev, buf, rule);		\
	s.name = i;							\
	return vserial_setting_store(dev, &s, count);			\
}									\
static DEVICE_ATTR_RW(name)

VSERIAL_U32_ATTR(stall_limit, VSERIAL_A_PORT_STALL_LIMIT);
VSERIAL_U32_ATTR(history, VSERIAL_A_PORT_HISTORY);
VSERIAL_U32_ATTR(max_clients, VSERIAL_A_PORT_MAX_CLIENTS);
VSERIAL_U32_ATTR(idle_timeout, VSERIAL_A_PORT_IDLE_TIMEOUT);
VSERIAL_NAME_ATTR(endpoint, VSERIAL_A_PORT_ENDPOINT,
		  "auto, server or client");
VSERIAL_NAME_ATTR(overflow, VSERIAL_A_PORT_OVERFLOW,
		  "block, drop-old or drop-new");
VSERIAL_U32_ATTR(rate, VSERIAL_A_PORT_RATE);
VSERIAL_NAME_ATTR(carrier, VSERIAL_A_PORT_CARRIER, "auto, always or peer");
VSERIAL_NAME_ATTR(direction, VSERIAL_A_PORT_DIRECTION, "both, out or in");

/* Not kstrtobool(), which looks at the first letters only. */
static int vserial_switch_parse(const char *buf, bool *on)
{
	static const char *const names[] = { "off", "on", "0", "1" };
	int i = sysfs_match_string(names, buf);

	if (i < 0)
		return i;
	*on = i & 1;
	return 0;
}

#define VSERIAL_SWITCH_ATTR(name, nr)					\
VSERIAL_SHOW(name, "%s", st.name ? "on" : "off")			\
static ssize_t name##_store(struct device *dev,				\
			    struct device_attribute *attr,		\
			    const char *buf, size_t count)		\
{									\
	struct vserial_settings s = { .set = BIT_ULL(nr) };		\
									\
	if (vserial_switch_parse(buf, &s.name))				\
		return vserial_value_refused(dev, buf, "on or off");	\
	return vserial_setting_store(dev, &s, count);			\
}									\
static DEVICE_ATTR_RW(name)

VSERIAL_SWITCH_ATTR(connect_at_power_on, VSERIAL_A_PORT_CONNECT_AT_POWER_ON);
VSERIAL_SWITCH_ATTR(yield_on_poll, VSERIAL_A_PORT_YIELD_ON_POLL);

VSERIAL_SHOW(connected, "%s", st.connected ? "on" : "off")
static ssize_t connected_store(struct device *dev,
			       struct device_attribute *attr,
			       const char *buf, size_t count)
{
	struct vserial_port *port = vserial_port_from(dev);
	struct vserial_reason reason;
	bool on;
	int err;

	if (vserial_switch_parse(buf, &on))
		return vserial_value_refused(dev, buf, "on or off");
	err = vserial_guest_may_connect(vserial_guest_of_port(port),
					capable(CAP_SYS_ADMIN), current_uid(),
					&reason);
	if (!err)
		err = vserial_port_may_control(port, &reason);
	if (!err)
		err = vserial_port_connect(port, on, &reason);
	return vserial_sysfs_done(err, dev_name(dev), count, &reason);
}
static DEVICE_ATTR_RW(connected);

VSERIAL_SHOW_RO(state, "%s", vserial_state_names[st.state]);
VSERIAL_SHOW_RO(reason, "%s", st.reason.text);
VSERIAL_SHOW_RO(peer, "%s", st.peer);
VSERIAL_SHOW_RO(power, "%s", st.power ? "on" : "off");
VSERIAL_SHOW_RO(tx_bytes, "%llu", st.tx_bytes);
VSERIAL_SHOW_RO(rx_bytes, "%llu", st.rx_bytes);
VSERIAL_SHOW_RO(dropped_bytes, "%llu", st.dropped_bytes);
VSERIAL_SHOW_RO(log_reason, "%s", st.log_reason.text);
VSERIAL_SHOW_RO(log_dropped, "%llu", st.log_dropped);
VSERIAL_SHOW_RO(break, "%u", st.icount.brk);
VSERIAL_SHOW_RO(frame, "%u", st.icount.frame);
VSERIAL_SHOW_RO(parity, "%u", st.icount.parity);
VSERIAL_SHOW_RO(overrun, "%u", st.icount.overrun);
VSERIAL_SHOW_RO(polls, "%llu", st.polls);

/* For udev, which makes /dev/vserial/GUEST/INDEX of these. */

static ssize_t guest_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%s\n",
			  vserial_port_guest_name(vserial_port_from(dev)));
}
static DEVICE_ATTR_RO(guest);

static ssize_t index_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%u\n", vserial_port_from(dev)->index);
}
static DEVICE_ATTR_RO(index);

static ssize_t uid_show(struct device *dev, struct device_attribute *attr,
			char *buf)
{
	kuid_t uid;
	kgid_t gid;

	vserial_owner_get(vserial_port_from(dev)->owner, &uid, &gid);
	return sysfs_emit(buf, "%u\n", uid_valid(uid) ?
			  from_kuid(&init_user_ns, uid) : 0);
}
static DEVICE_ATTR_RO(uid);

static ssize_t gid_show(struct device *dev, struct device_attribute *attr,
			char *buf)
{
	kuid_t uid;
	kgid_t gid;

	vserial_owner_get(vserial_port_from(dev)->owner, &uid, &gid);
	return sysfs_emit(buf, "%u\n", gid_valid(gid) ?
			  from_kgid(&init_user_ns, gid) : 0);
}
static DEVICE_ATTR_RO(gid);

static struct attribute *vserial_port_attrs[] = {
	&dev_attr_guest.attr,
	&dev_attr_index.attr,
	&dev_attr_uid.attr,
	&dev_attr_gid.attr,
	&dev_attr_backing.attr,
	&dev_attr_connect_at_power_on.attr,
	&dev_attr_yield_on_poll.attr,
	&dev_attr_overflow.attr,
	&dev_attr_stall_limit.attr,
	&dev_attr_history.attr,
	&dev_attr_carrier.attr,
	&dev_attr_log.attr,
	&dev_attr_proxy.attr,
	&dev_attr_endpoint.attr,
	&dev_attr_max_clients.attr,
	&dev_attr_idle_timeout.attr,
	&dev_attr_rate.attr,
	&dev_attr_direction.attr,
	&dev_attr_connected.attr,
	&dev_attr_state.attr,
	&dev_attr_reason.attr,
	&dev_attr_peer.attr,
	&dev_attr_power.attr,
	&dev_attr_tx_bytes.attr,
	&dev_attr_rx_bytes.attr,
	&dev_attr_dropped_bytes.attr,
	&dev_attr_log_reason.attr,
	&dev_attr_log_dropped.attr,
	&dev_attr_break.attr,
	&dev_attr_frame.attr,
	&dev_attr_parity.attr,
	&dev_attr_overrun.attr,
	&dev_attr_polls.attr,
	NULL
};

static const struct attribute_group vserial_port_group = {
	.attrs = vserial_port_attrs,
};

const struct attribute_group *vserial_sysfs_port[] = {
	&vserial_port_group,
	NULL
};
