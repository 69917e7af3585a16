// SPDX-License-Identifier: GPL-2.0-only
/*
 * service: what service rules say, and which of them decides
 */
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "reason.h"
#include "service.h"
#include "spec.h"

#define BOTH_WAYS	(VSERIAL_WAY_GUEST | VSERIAL_WAY_HOST)

/*
 * What there is to know of each service: the class it belongs to, which ways it
 * goes, and what beside that a rule about it may ask for.
 */
static const struct {
	const char *name;
	u32 class;
	unsigned long ways;
	bool has_port;
	bool has_program;
} services[] = {
	[VSERIAL_SERVICE_ANY] = {
		"any", VSERIAL_SERVICE_ANY, BOTH_WAYS, true, true },
	[VSERIAL_SERVICE_HYPERVISOR] = {
		"hypervisor", VSERIAL_SERVICE_HYPERVISOR, BOTH_WAYS, false,
		true },
	[VSERIAL_SERVICE_MODULE] = {
		"module", VSERIAL_SERVICE_MODULE, BOTH_WAYS, true, false },
	[VSERIAL_SERVICE_APPLICATION] = {
		"application", VSERIAL_SERVICE_APPLICATION, BOTH_WAYS, false,
		true },
	[VSERIAL_SERVICE_UART] = {
		"uart", VSERIAL_SERVICE_MODULE, BOTH_WAYS, false, false },
	[VSERIAL_SERVICE_FILE] = {
		"file", VSERIAL_SERVICE_MODULE, VSERIAL_WAY_HOST, false,
		false },
	[VSERIAL_SERVICE_PIPE] = {
		"pipe", VSERIAL_SERVICE_MODULE, BOTH_WAYS, false, false },
	[VSERIAL_SERVICE_PRINTER] = {
		"printer", VSERIAL_SERVICE_MODULE, VSERIAL_WAY_HOST, true,
		false },
	[VSERIAL_SERVICE_NET_SERVER] = {
		"net-server", VSERIAL_SERVICE_MODULE, BOTH_WAYS, true, false },
	[VSERIAL_SERVICE_NET_CLIENT] = {
		"net-client", VSERIAL_SERVICE_MODULE, BOTH_WAYS, true, false },
	[VSERIAL_SERVICE_VSPC] = {
		"vspc", VSERIAL_SERVICE_MODULE, BOTH_WAYS, true, false },
	[VSERIAL_SERVICE_VSOCK] = {
		"vsock", VSERIAL_SERVICE_MODULE, BOTH_WAYS, true, false },
	[VSERIAL_SERVICE_CONSOLE] = {
		"console", VSERIAL_SERVICE_APPLICATION, BOTH_WAYS, false,
		true },
	[VSERIAL_SERVICE_CONTROL] = {
		"control", VSERIAL_SERVICE_APPLICATION, VSERIAL_WAY_GUEST,
		false, true },
};

/**
 * vserial_service_name() - what a service is called
 * @service: enum vserial_service
 *
 * Return: its name.
 */
const char *vserial_service_name(u32 service)
{
	return service < ARRAY_SIZE(services) ? services[service].name :
						"unknown";
}

/**
 * vserial_service_is_class() - does a service stand for several?
 * @service: enum vserial_service
 *
 * Return: whether it does, so that nobody ever asks for it.
 */
bool vserial_service_is_class(u32 service)
{
	return service == VSERIAL_SERVICE_ANY ||
	       service == VSERIAL_SERVICE_MODULE ||
	       service == VSERIAL_SERVICE_APPLICATION;
}

/**
 * vserial_service_has_program() - does a program of this host ask for it?
 * @service: enum vserial_service
 *
 * Return: whether one does, so that rules may name it.
 */
bool vserial_service_has_program(u32 service)
{
	return service < ARRAY_SIZE(services) && services[service].has_program;
}

/**
 * vserial_service_ways() - which ways a service goes
 * @service: enum vserial_service
 *
 * Return: VSERIAL_WAY_*.
 */
unsigned long vserial_service_ways(u32 service)
{
	return service < ARRAY_SIZE(services) ? services[service].ways : 0;
}

static int judge_exe(const struct vserial_rule_terms *t,
		     struct vserial_reason *reason)
{
	const char *c;

	if (*t->exe != '/')
		return vserial_refuse(reason, -EINVAL,
				      "executable '" VSERIAL_VALUE "' is no absolute path, so one that starts with '/'",
				      t->exe);
	/* It is shown and logged as it is. */
	for (c = t->exe; *c; c++)
		if (iscntrl(*c))
			return vserial_refuse(reason, -EINVAL,
					      "the executable's path has the control character 0x%02x after %zu others; it may have none",
					      *c, c - t->exe);
	return 0;
}

/**
 * vserial_rule_judge() - can a rule say this?
 * @t: what it says
 * @reason: says why not
 *
 * A rule that could never match is refused: whoever wrote it meant another.
 *
 * Return: 0 or -EINVAL.
 */
int vserial_rule_judge(const struct vserial_rule_terms *t,
		       struct vserial_reason *reason)
{
	if (t->action > VSERIAL_ACTION_DENY)
		return vserial_refuse(reason, -EINVAL,
				      "action %u is unknown; known are 0 (allow) and 1 (deny)",
				      t->action);
	if (t->service >= ARRAY_SIZE(services))
		return vserial_refuse(reason, -EINVAL,
				      "service %u is unknown; the last is %zu (%s)",
				      t->service, ARRAY_SIZE(services) - 1,
				      services[ARRAY_SIZE(services) - 1].name);
	if (t->towards > VSERIAL_TOWARDS_HOST)
		return vserial_refuse(reason, -EINVAL,
				      "direction %u is unknown; known are 0 (any), 1 (guest) and 2 (host)",
				      t->towards);
	if (t->towards && !(services[t->service].ways & BIT(t->towards)))
		return vserial_refuse(reason, -EINVAL,
				      "%s goes towards the %s only, so no rule about it has the direction %s",
				      services[t->service].name,
				      t->towards == VSERIAL_TOWARDS_HOST ?
				      "guest" : "host",
				      t->towards == VSERIAL_TOWARDS_HOST ?
				      "host" : "guest");
	if (t->has_port && !services[t->service].has_port)
		return vserial_refuse(reason, -EINVAL,
				      "%s has no network port, so no rule about it names one",
				      services[t->service].name);
	if (t->has_port && t->port > t->port_last)
		return vserial_refuse(reason, -EINVAL,
				      "ports %u to %u are none; the lower one comes first",
				      t->port, t->port_last);
	if ((t->has_uid || *t->exe) && !services[t->service].has_program)
		return vserial_refuse(reason, -EINVAL,
				      "no program asks for %s, so no rule about it names a user or an executable",
				      services[t->service].name);
	if (t->has_uid && !uid_valid(t->uid))
		return vserial_refuse(reason, -EINVAL,
				      "4294967295 is no user");
	return *t->exe ? judge_exe(t, reason) : 0;
}

static bool covers(u32 rule, u32 service)
{
	return rule == VSERIAL_SERVICE_ANY || rule == service ||
	       rule == services[service].class;
}

static bool same_exe(const struct vserial_exe *a, const struct vserial_exe *b)
{
	return a->ino && a->ino == b->ino && a->dev == b->dev &&
	       a->generation == b->generation;
}

/**
 * vserial_rule_matches() - is a rule about this?
 * @rule: the rule
 * @access: what somebody wants to do
 * @towards: VSERIAL_TOWARDS_GUEST or _HOST
 *
 * Return: whether it is.
 */
bool vserial_rule_matches(const struct vserial_rule *rule,
			  const struct vserial_access *access, u32 towards)
{
	const struct vserial_rule_terms *t = &rule->terms;

	if (!covers(t->service, access->service))
		return false;
	if (t->towards && t->towards != towards)
		return false;
	if (t->has_port && (!access->has_port || access->port < t->port ||
			    access->port > t->port_last))
		return false;
	if (t->has_uid && (!access->has_program ||
			   !uid_eq(t->uid, access->uid)))
		return false;
	return !*t->exe || (access->has_program &&
			    same_exe(&rule->exe, &access->exe));
}

/**
 * vserial_rules_decide() - which rule decides?
 * @rules: the rules, in order
 * @access: what somebody wants to do
 * @towards: VSERIAL_TOWARDS_GUEST or _HOST
 *
 * Return: the first that matches, or NULL.
 */
struct vserial_rule *vserial_rules_decide(const struct list_head *rules,
					  const struct vserial_access *access,
					  u32 towards)
{
	struct vserial_rule *rule;

	list_for_each_entry(rule, rules, node)
		if (vserial_rule_matches(rule, access, towards))
			return rule;
	return NULL;
}

/**
 * vserial_rules_find() - the rule of a rank
 * @rules: the rules, in order
 * @rank: the rank
 * @before: if not NULL, filled with what one of this rank is added before
 *
 * Return: the rule, or NULL.
 */
struct vserial_rule *vserial_rules_find(const struct list_head *rules,
					u32 rank, struct list_head **before)
{
	struct vserial_rule *rule;

	list_for_each_entry(rule, rules, node) {
		if (rule->terms.rank < rank)
			continue;
		if (before)
			*before = &rule->node;
		return rule->terms.rank == rank ? rule : NULL;
	}
	if (before)
		*before = (struct list_head *)rules;
	return NULL;
}

/* Where a URI's authority begins, and how long it is. */
static const char *authority(const char *uri, size_t *len)
{
	const char *at = strstr(uri, "://");

	at = at ? at + 3 : uri + strlen(uri);
	*len = strcspn(at, "#/?");
	while (*len && at[*len - 1] == ' ')
		--*len;
	return at;
}

/* The number at the end of an authority, behind a colon that no ']' follows. */
static bool authority_port(const char *at, size_t len, u32 *port)
{
	size_t i = len;
	u64 n = 0;

	while (i && isdigit(at[i - 1]))
		i--;
	if (i == len || !i || at[i - 1] != ':')
		return false;
	for (; i < len; i++) {
		n = n * 10 + (at[i] - '0');
		if (n > U32_MAX)
			return false;
	}
	*port = n;
	return true;
}

static bool scheme_is(const char *text, const char *scheme)
{
	size_t len = strlen(scheme);

	return !strncasecmp(text, scheme, len) && text[len] == ':';
}

/* Printers that name no port have one all the same, as their schemes have. */
static bool printer(const char *text, struct vserial_access *access)
{
	bool ipp = scheme_is(text, "ipp") || scheme_is(text, "ipps");

	if (!ipp && !scheme_is(text, "socket"))
		return false;
	access->service = VSERIAL_SERVICE_PRINTER;
	if (!access->has_port) {
		access->has_port = true;
		access->port = ipp ? 631 : 9100;
	}
	return true;
}

/* What the daemon serves: the kernel only needs to know which service that is. */
static void served_by_daemon(struct vserial_access *access,
			     const struct vserial_spec *spec, u32 endpoint)
{
	const char *text = spec->proxy ?: spec->text, *at;
	size_t len;
	bool host;

	while (*text == ' ')
		text++;
	if (!spec->proxy && scheme_is(text, "pipe")) {
		access->service = VSERIAL_SERVICE_PIPE;
		return;
	}
	at = authority(text, &len);
	access->has_port = authority_port(at, len, &access->port);
	host = len && *at != ':';
	if (spec->proxy)
		access->service = VSERIAL_SERVICE_VSPC;
	else if (scheme_is(text, "vsock"))
		access->service = VSERIAL_SERVICE_VSOCK;
	else if (!printer(text, access))
		access->service = endpoint == VSERIAL_ENDPOINT_CLIENT ||
				  (endpoint == VSERIAL_ENDPOINT_AUTO && host) ?
				  VSERIAL_SERVICE_NET_CLIENT :
				  VSERIAL_SERVICE_NET_SERVER;
}

/**
 * vserial_access_backing() - which service a backing is
 * @access: filled
 * @spec: what the backing was made from
 * @endpoint: enum vserial_endpoint, the port's
 */
void vserial_access_backing(struct vserial_access *access,
			    const struct vserial_spec *spec, u32 endpoint)
{
	memset(access, 0, sizeof(*access));
	switch (spec->scheme) {
	case VSERIAL_SCHEME_NULL:
	case VSERIAL_SCHEME_LOOPBACK:
		access->service = VSERIAL_SERVICE_MODULE;
		break;
	case VSERIAL_SCHEME_FILE:
		access->service = VSERIAL_SERVICE_FILE;
		break;
	case VSERIAL_SCHEME_UART:
		access->service = VSERIAL_SERVICE_UART;
		break;
	case VSERIAL_SCHEME_PIPE:
		access->service = VSERIAL_SERVICE_PIPE;
		break;
	case VSERIAL_SCHEME_HELPER:
		served_by_daemon(access, spec, endpoint);
		break;
	}
}
