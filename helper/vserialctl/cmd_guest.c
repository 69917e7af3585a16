// SPDX-License-Identifier: GPL-2.0-or-later
/* vserialctl guest: virtual machines. */
#include <string.h>

#include <linux/vserial.h>

#include "attr.h"
#include "command.h"
#include "export.h"
#include "memory.h"
#include "object.h"
#include "output.h"
#include "refs.h"

static const char *const owner_words[] = { "none", NULL };

static const struct attr guest_attrs[] = {
	{ .name = "uuid", .value = "UUID", .help = "its BIOS UUID",
	  .put = attr_uuid, .id = VSERIAL_A_GUEST_UUID,
	  .where = ATTR_ADD | ATTR_SET },
	{ .name = "vc-uuid", .value = "UUID", .help = "its instance UUID",
	  .put = attr_uuid, .id = VSERIAL_A_GUEST_VC_UUID,
	  .where = ATTR_ADD | ATTR_SET },
	{ .name = "location-uuid", .value = "UUID", .help = "its location UUID",
	  .put = attr_uuid, .id = VSERIAL_A_GUEST_LOCATION_UUID,
	  .where = ATTR_ADD | ATTR_SET },
	{ .name = "owner", .value = "USER[:GROUP]|none",
	  .help = "who may open and connect its ports",
	  .put = attr_owner, .id = VSERIAL_A_GUEST_UID,
	  .where = ATTR_ADD | ATTR_SET, .words = owner_words },
	{ .name = "vmotion-limit", .value = "MS",
	  .help = "how long its ports are held at most when it moves (default 5000)",
	  .put = attr_number, .id = VSERIAL_A_GUEST_MIGRATION_LIMIT,
	  .where = ATTR_ADD | ATTR_SET, .min = 1, .max = VSERIAL_MIGRATION_LIMIT_MAX,
	  .unit = "milliseconds" },
	{ .name = "ports", .value = "N",
	  .help = "make ports 0 ... N-1 with it (guest add only)",
	  .put = attr_number, .id = VSERIAL_A_GUEST_NR_PORTS, .where = ATTR_ADD,
	  .max = VSERIAL_PORTS_PER_GUEST, .unit = "ports" },
	{ 0 },
};

static enum ctl_status fill(struct ctl *ctl, char **words, uint8_t cmd,
			    struct attr_sink *sink, unsigned int where)
{
	enum ctl_status status;
	const char *name;

	status = ref_guest(ctl, &words, &name);
	if (status != CTL_DONE)
		return status;
	*sink = (struct attr_sink){ .ctl = ctl, .msg = ctl_queue(ctl, cmd) };
	vnl_put_str(sink->msg, VSERIAL_A_GUEST_NAME, name);
	return attr_fill(sink, guest_attrs, where, words);
}

static enum ctl_status add(struct ctl *ctl, char **words)
{
	struct attr_sink sink;

	return fill(ctl, words, VSERIAL_CMD_GUEST_NEW, &sink, ATTR_ADD);
}

static enum ctl_status set(struct ctl *ctl, char **words)
{
	struct attr_sink sink;
	enum ctl_status status;

	status = fill(ctl, words, VSERIAL_CMD_GUEST_SET, &sink, ATTR_SET);
	if (status == CTL_DONE && !sink.settings)
		return ctl_fail(ctl, CTL_USAGE, "there is nothing to set");
	return status;
}

static enum ctl_status del(struct ctl *ctl, char **words)
{
	enum ctl_status status;
	struct vnl_msg *msg;
	const char *name;
	bool force;

	status = ref_guest(ctl, &words, &name);
	if (status == CTL_DONE)
		status = ref_force(ctl, words, &force);
	if (status != CTL_DONE)
		return status;
	msg = ctl_queue(ctl, VSERIAL_CMD_GUEST_DEL);
	vnl_put_str(msg, VSERIAL_A_GUEST_NAME, name);
	if (force)
		vnl_put_flag(msg, VSERIAL_A_GUEST_FORCE);
	return CTL_DONE;
}

static enum ctl_status show(struct ctl *ctl, char **words)
{
	enum ctl_status status;
	const char *name;

	if (!*words) {
		ctl_queue_dump(ctl, VSERIAL_CMD_GUEST_GET);
		return CTL_DONE;
	}
	ctl->single = true;
	status = ref_guest(ctl, &words, &name);
	if (status != CTL_DONE)
		return status;
	vnl_put_str(ctl_queue(ctl, VSERIAL_CMD_GUEST_GET), VSERIAL_A_GUEST_NAME, name);
	return ref_end(ctl, words);
}

static enum ctl_status print(struct ctl *ctl, const struct vnl_replies *replies)
{
	if (ctl->json)
		json_guests(replies, !ctl->single);
	else
		text_guests(replies, ctl->single || ctl->details);
	return CTL_DONE;
}

static const struct form {
	const char *name;
	void (*write)(FILE *file, const char *guest, const struct port *ports, size_t n);
} forms[] = {
	{ "--qemu", export_qemu },
	{ "--libvirt", export_libvirt },
	{ "--vmx", export_vmx },
	{ 0 },
};

/* The guest is asked for as well, so that one that does not exist is refused. */
static enum ctl_status export(struct ctl *ctl, char **words)
{
	enum ctl_status status;
	const char *name;

	status = ref_guest(ctl, &words, &name);
	if (status != CTL_DONE)
		return status;
	if (!*words)
		return ctl_fail(ctl, CTL_USAGE, "whom for is missing: --qemu, --libvirt or --vmx");
	for (ctl->form = forms; ctl->form->name; ctl->form++)
		if (!strcmp(*words, ctl->form->name))
			break;
	if (!ctl->form->name)
		return ctl_fail(ctl, CTL_USAGE, "'%s' is none of --qemu, --libvirt and --vmx",
				*words);
	vnl_put_str(ctl_queue(ctl, VSERIAL_CMD_GUEST_GET), VSERIAL_A_GUEST_NAME, name);
	vnl_put_str(ctl_queue_dump(ctl, VSERIAL_CMD_PORT_GET), VSERIAL_A_PORT_GUEST, name);
	return ref_end(ctl, words + 1);
}

static enum ctl_status print_export(struct ctl *ctl, const struct vnl_replies *replies)
{
	struct port *ports = xcalloc(replies->n + 1, sizeof(*ports));
	struct guest guest = { .name = "" };
	size_t i, n = 0;

	for (i = 0; i < replies->n; i++) {
		if (vnl_cmd(replies->v[i]) == VSERIAL_CMD_GUEST_GET)
			guest_read(replies->v[i], &guest);
		else
			port_read(replies->v[i], &ports[n++]);
	}
	qsort(ports, n, sizeof(*ports), port_order);
	ctl->form->write(stdout, guest.name, ports, n);
	free(ports);
	return CTL_DONE;
}

const struct command guest_commands[] = {
	{ .verb = "add", .args = "NAME [ATTR VALUE]...", .help = "make a guest",
	  .words = { WORD_NEW }, .attrs = guest_attrs, .where = ATTR_ADD,
	  .fill = add },
	{ .verb = "set", .args = "NAME ATTR VALUE...", .help = "change a guest",
	  .words = { WORD_GUEST }, .attrs = guest_attrs, .where = ATTR_SET,
	  .fill = set },
	{ .verb = "del", .args = "NAME [force]",
	  .help = "remove a guest and its ports; with force although some are open",
	  .words = { WORD_GUEST }, .fill = del },
	{ .verb = "show", .args = "[NAME]", .help = "show one guest or all",
	  .words = { WORD_GUEST }, .fill = show, .print = print },
	{ .verb = "export", .args = "NAME --qemu|--libvirt|--vmx",
	  .help = "print its ports as a hypervisor is told of them",
	  .words = { WORD_GUEST }, .fill = export, .print = print_export },
	{ .verb = "import", .args = "--vmx|--libvirt FILE [name NAME] [dry-run]",
	  .help = "make a guest and its ports as a hypervisor's file has them, all or none",
	  .words = { WORD_LITERAL, WORD_FILE }, .fill = guest_import },
	{ 0 },
};
