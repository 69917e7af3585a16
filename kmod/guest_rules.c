// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_rules: changing a guest's service rules, which apply at once
 */
#include <linux/err.h>

#include "guest.h"
#include "notify.h"

/* Notes a change, and tells of it.  Call with the registry's lock. */
static void vserial_guest_rules_changed(const struct vserial_guest *g,
					const struct vserial_rule *rule,
					enum vserial_event event)
{
	struct vserial_guest_rule which = { .guest = g, .rule = rule };

	vserial_guests_generation++;
	vserial_notify(event, &which);
}

/*
 * Has all that is open, connected or attached follow the rules: without the
 * registry's lock, as backings take their time to stop.  Who comes in between is
 * judged by the new rules already.
 */
static void vserial_guest_follow_rules(struct vserial_guest *g)
{
	struct vserial_port *port;
	unsigned int i;

	vserial_ruleset_refresh(&g->rules);
	for (i = 0; i < VSERIAL_PORTS_PER_GUEST; i++) {
		mutex_lock(&vserial_guests_lock);
		port = g->ports[i];
		if (port)
			get_device(&port->dev);
		mutex_unlock(&vserial_guests_lock);
		if (!port)
			continue;
		vserial_port_follow_rules(port);
		put_device(&port->dev);
	}
	vserial_notify(VSERIAL_EVENT_GUEST_RULES, g);
}

/**
 * vserial_guest_add_rule() - add a service rule
 * @name: the guest's name
 * @t: what the rule says
 * @reason: says why not
 *
 * It applies when this returns.
 *
 * Context: process, no locks; may sleep.
 * Return: 0 or a negative errno with @reason filled.
 */
int vserial_guest_add_rule(const char *name, const struct vserial_rule_terms *t,
			   struct vserial_reason *reason)
{
	struct vserial_guest *g = vserial_guest_get(name, reason);
	struct vserial_rule *rule;
	int err;

	if (IS_ERR(g))
		return PTR_ERR(g);
	rule = vserial_rule_create(t, reason);
	if (IS_ERR(rule)) {
		err = PTR_ERR(rule);
		goto put;
	}
	mutex_lock(&vserial_guests_lock);
	err = vserial_ruleset_add(&g->rules, rule, reason);
	if (!err)
		vserial_guest_rules_changed(g, rule, VSERIAL_EVENT_RULE_NEW);
	mutex_unlock(&vserial_guests_lock);
	vserial_rule_put(rule);
	if (!err)
		vserial_guest_follow_rules(g);
put:
	put_device(&g->dev);
	return err;
}

/**
 * vserial_guest_del_rule() - remove a service rule
 * @name: the guest's name
 * @rank: the rule's rank
 * @reason: says why not
 *
 * Context: as vserial_guest_add_rule().
 * Return: 0 or a negative errno with @reason filled.
 */
int vserial_guest_del_rule(const char *name, u32 rank,
			   struct vserial_reason *reason)
{
	struct vserial_guest *g = vserial_guest_get(name, reason);
	struct vserial_rule *rule;
	int err;

	if (IS_ERR(g))
		return PTR_ERR(g);
	mutex_lock(&vserial_guests_lock);
	rule = vserial_ruleset_del(&g->rules, rank, reason);
	err = PTR_ERR_OR_ZERO(rule);
	if (!err) {
		vserial_guest_rules_changed(g, rule, VSERIAL_EVENT_RULE_GONE);
		vserial_rule_put(rule);
	}
	mutex_unlock(&vserial_guests_lock);
	if (!err)
		vserial_guest_follow_rules(g);
	put_device(&g->dev);
	return err;
}
