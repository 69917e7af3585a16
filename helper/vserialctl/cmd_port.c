// SPDX-License-Identifier: GPL-2.0-or-later
/* vserialctl port: the serial ports of guests. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/vserial.h>

#include "attr.h"
#include "command.h"
#include "firewall_check.h"
#include "number.h"
#include "object.h"
#include "output.h"
#include "refs.h"

/* What completion offers; the kernel judges. */
static const char *const backing_words[] = { "null", "loopback", "file:", "uart:",
					     "pipe:", "tcp://", "tcp4://", "tcp6://",
					     "ssl://", "tcp+ssl://", "tcp4+ssl://",
					     "tcp6+ssl://", "telnet://",
					     "telnets://", "vsock://", "ipp://",
					     "ipps://", "socket://", NULL };
static const char *const proxy_words[] = { "none", "telnet://", "telnets://", NULL };
static const char *const log_words[] = { "none", "file:", NULL };
static const char *const rate_words[] = { "0", "1K", "64K", "1M", NULL };
static const char *const history_words[] = { "0", "64K", "1M", NULL };

static const struct attr port_attrs[] = {
	{ .name = "backing", .value = "SPEC",
	  .help = "what stands at the far end: null, loopback, file:/PATH, uart:/PATH, tcp://[HOST]:PORT, ...",
	  .put = attr_backing, .id = VSERIAL_A_PORT_BACKING,
	  .where = ATTR_ADD | ATTR_SET, .words = backing_words },
	{ .name = "connect-at-power-on", .value = "on|off",
	  .help = "connect when the guest powers on (default on)",
	  .put = attr_switch, .id = VSERIAL_A_PORT_CONNECT_AT_POWER_ON,
	  .where = ATTR_ADD | ATTR_SET, .words = attr_switch_words },
	{ .name = "overflow", .value = "block|drop-old|drop-new",
	  .help = "what gives way when output finds the ring full (default block)",
	  .put = attr_word, .id = VSERIAL_A_PORT_OVERFLOW,
	  .where = ATTR_ADD | ATTR_SET, .words = overflow_words },
	{ .name = "stall-limit", .value = "MS",
	  .help = "how long a peer may hold the guest up (default 1000, 0 = for ever)",
	  .put = attr_number, .id = VSERIAL_A_PORT_STALL_LIMIT,
	  .where = ATTR_ADD | ATTR_SET, .max = VSERIAL_STALL_LIMIT_MAX,
	  .unit = "milliseconds, 0 = for ever" },
	{ .name = "history", .value = "SIZE",
	  .help = "output kept for those who come late (default 64K, 0 = none)",
	  .put = attr_size, .id = VSERIAL_A_PORT_HISTORY,
	  .where = ATTR_ADD | ATTR_SET, .max = VSERIAL_HISTORY_MAX,
	  .words = history_words },
	{ .name = "carrier", .value = "auto|always|peer",
	  .help = "when the guest sees CTS, DSR and DCD: the far end's, always, or with a peer",
	  .put = attr_word, .id = VSERIAL_A_PORT_CARRIER,
	  .where = ATTR_ADD | ATTR_SET, .words = carrier_words },
	{ .name = "endpoint", .value = "auto|server|client",
	  .help = "who calls whom on a network (default auto: a server if it names no host)",
	  .put = attr_word, .id = VSERIAL_A_PORT_ENDPOINT,
	  .where = ATTR_ADD | ATTR_SET, .words = endpoint_words },
	{ .name = "max-clients", .value = "N",
	  .help = "peers a server takes at a time, of which one writes (default 8)",
	  .put = attr_number, .id = VSERIAL_A_PORT_MAX_CLIENTS,
	  .where = ATTR_ADD | ATTR_SET, .min = 1, .max = VSERIAL_MAX_CLIENTS_MAX,
	  .unit = "peers" },
	{ .name = "idle-timeout", .value = "S",
	  .help = "how long a peer may be silent (default 0 = for ever)",
	  .put = attr_number, .id = VSERIAL_A_PORT_IDLE_TIMEOUT,
	  .where = ATTR_ADD | ATTR_SET, .max = VSERIAL_IDLE_TIMEOUT_MAX,
	  .unit = "seconds, 0 = for ever" },
	{ .name = "proxy", .value = "URI|none",
	  .help = "a concentrator (vSPC), telnet: or telnets:; backing is then the service's URI",
	  .put = attr_proxy, .id = VSERIAL_A_PORT_PROXY,
	  .where = ATTR_ADD | ATTR_SET, .words = proxy_words },
	{ .name = "log", .value = "SPEC|none",
	  .help = "where output is written besides: file:/PATH[#KEY...] (default none)",
	  .put = attr_optional, .id = VSERIAL_A_PORT_LOG,
	  .where = ATTR_ADD | ATTR_SET, .words = log_words },
	{ .name = "rate", .value = "BYTES",
	  .help = "how many bytes a second may pass each way (default 0 = no limit)",
	  .put = attr_size, .id = VSERIAL_A_PORT_RATE,
	  .where = ATTR_ADD | ATTR_SET, .max = UINT32_MAX, .words = rate_words },
	{ .name = "direction", .value = "both|out|in",
	  .help = "which way bytes may go, as the guest sees it (default both)",
	  .put = attr_word, .id = VSERIAL_A_PORT_DIRECTION,
	  .where = ATTR_ADD | ATTR_SET, .words = direction_words },
	{ .name = "yield-on-poll", .value = "on|off",
	  .help = "a guest that only polls the port sleeps between polls (default off)",
	  .put = attr_switch, .id = VSERIAL_A_PORT_YIELD_ON_POLL,
	  .where = ATTR_ADD | ATTR_SET, .words = attr_switch_words },
	{ .name = "connected", .value = "on|off",
	  .help = "as port connect and disconnect (port set only)",
	  .put = attr_connect, .where = ATTR_SET, .words = attr_switch_words },
	{ 0 },
};

static enum ctl_status add(struct ctl *ctl, char **words)
{
	struct attr_sink sink = { .ctl = ctl };
	enum ctl_status status;

	status = ref_port(ctl, &words, VSERIAL_CMD_PORT_NEW, &sink.msg);
	if (status != CTL_DONE)
		return status;
	return attr_fill(&sink, port_attrs, ATTR_ADD, words);
}

static enum ctl_status toggle(struct ctl *ctl, char **words, bool on)
{
	struct vnl_msg *msg;
	enum ctl_status status;

	status = ref_port(ctl, &words,
			  on ? VSERIAL_CMD_PORT_CONNECT : VSERIAL_CMD_PORT_DISCONNECT,
			  &msg);
	return status == CTL_DONE ? ref_end(ctl, words) : status;
}

/*
 * "connected" is a request of its own, sent behind the other settings: if
 * they are refused, the port stays as it was.  Alone it is sent alone,
 * because it belongs to the guest's owner and the others to root.
 */
static enum ctl_status set(struct ctl *ctl, char **words)
{
	struct attr_sink sink = { .ctl = ctl, .connect = -1 };
	char *port[] = { words[0], NULL };
	enum ctl_status status;

	status = ref_port(ctl, &words, VSERIAL_CMD_PORT_SET, &sink.msg);
	if (status != CTL_DONE)
		return status;
	status = attr_fill(&sink, port_attrs, ATTR_SET, words);
	if (status != CTL_DONE)
		return status;
	if (!sink.settings && sink.connect < 0)
		return ctl_fail(ctl, CTL_USAGE, "there is nothing to set");
	if (!sink.settings)
		ctl_unqueue(ctl);
	return sink.connect < 0 ? CTL_DONE : toggle(ctl, port, sink.connect);
}

static enum ctl_status del(struct ctl *ctl, char **words)
{
	enum ctl_status status;
	struct vnl_msg *msg;
	bool force;

	status = ref_port(ctl, &words, VSERIAL_CMD_PORT_DEL, &msg);
	if (status == CTL_DONE)
		status = ref_force(ctl, words, &force);
	if (status == CTL_DONE && force)
		vnl_put_flag(msg, VSERIAL_A_PORT_FORCE);
	return status;
}

static enum ctl_status do_connect(struct ctl *ctl, char **words)
{
	return toggle(ctl, words, true);
}

static enum ctl_status do_disconnect(struct ctl *ctl, char **words)
{
	return toggle(ctl, words, false);
}

/* All ports, those of a guest, or one: a slash tells the last two apart. */
static enum ctl_status show(struct ctl *ctl, char **words)
{
	enum ctl_status status;
	struct vnl_msg *msg;
	const char *guest;

	if (!*words) {
		ctl_queue_dump(ctl, VSERIAL_CMD_PORT_GET);
		return CTL_DONE;
	}
	ctl->single = strchr(*words, '/');
	if (ctl->single) {
		status = ref_port(ctl, &words, VSERIAL_CMD_PORT_GET, &msg);
	} else {
		status = ref_guest(ctl, &words, &guest);
		if (status == CTL_DONE)
			vnl_put_str(ctl_queue_dump(ctl, VSERIAL_CMD_PORT_GET),
				    VSERIAL_A_PORT_GUEST, guest);
	}
	return status == CTL_DONE ? ref_end(ctl, words) : status;
}

/* What the firewall would drop; root alone can know. */
static void warn(const struct vnl_replies *replies)
{
	char why[FIREWALL_WHY_MAX];
	struct firewall_holes holes;

	firewall_holes_read(replies, &holes);
	/* Without addresses: to look up names can take long. */
	if (holes.n && !geteuid())
		firewall_warn(FIREWALL_CONF_FILE, &holes, false, stderr, why);
	firewall_holes_free(&holes);
}

static enum ctl_status print(struct ctl *ctl, const struct vnl_replies *replies)
{
	if (ctl->json) {
		json_ports(replies, !ctl->single);
		return CTL_DONE;
	}
	text_ports(replies, ctl->single || ctl->details);
	warn(replies);
	return CTL_DONE;
}

static enum ctl_status send_break(struct ctl *ctl, char **words)
{
	enum ctl_status status;
	struct vnl_msg *msg;
	uint64_t ms;

	status = ref_port(ctl, &words, VSERIAL_CMD_PORT_BREAK, &msg);
	if (status != CTL_DONE || !*words)
		return status;
	if (number_parse(*words, UINT32_MAX, &ms))
		return ctl_fail(ctl, CTL_REFUSED,
				"the break's length '%s' is not a whole number of milliseconds from 0 to %u",
				*words, UINT32_MAX);
	vnl_put_u32(msg, VSERIAL_A_PORT_BREAK_LENGTH, (uint32_t)ms);
	return ref_end(ctl, words + 1);
}

static enum ctl_status history(struct ctl *ctl, char **words)
{
	enum ctl_status status;
	struct vnl_msg *msg;

	status = ref_port_dump(ctl, &words, VSERIAL_CMD_PORT_HISTORY, &msg);
	return status == CTL_DONE ? ref_end(ctl, words) : status;
}

/*
 * The bytes as they were kept.  Output goes on while they are read, and may
 * push out what was not read yet.
 */
static enum ctl_status print_history(struct ctl *ctl, const struct vnl_replies *replies)
{
	uint64_t next = 0, lost = 0, offset;
	const struct vnl_reply *reply;
	bool begun = false;
	size_t i, n;

	for (i = 0; i < replies->n; i++) {
		reply = replies->v[i];
		n = vnl_len(reply, VSERIAL_A_PORT_HISTORY_BYTES);
		if (!n)
			continue;
		offset = vnl_u64(reply, VSERIAL_A_PORT_HISTORY_OFFSET);
		if (begun && offset > next)
			lost += offset - next;
		fwrite(vnl_bin(reply, VSERIAL_A_PORT_HISTORY_BYTES, n), 1, n, stdout);
		next = offset + n;
		begun = true;
	}
	if (lost) {
		ctl_fail(ctl, CTL_DONE, "%" PRIu64 " bytes went before they could be read",
			 lost);
		ctl_complain(ctl);
	}
	return CTL_DONE;
}

static enum ctl_status list_uarts(struct ctl *ctl, char **words)
{
	ctl_queue_dump(ctl, VSERIAL_CMD_UART_GET);
	return ref_end(ctl, words);
}

static enum ctl_status print_uarts(struct ctl *ctl, const struct vnl_replies *replies)
{
	if (ctl->json)
		json_uarts(replies);
	else
		text_uarts(replies);
	return CTL_DONE;
}

const struct command port_commands[] = {
	{ .verb = "add", .args = "GUEST/INDEX [ATTR VALUE]...", .help = "make a port",
	  .words = { WORD_NEW_PORT }, .attrs = port_attrs, .where = ATTR_ADD,
	  .fill = add },
	{ .verb = "set", .args = "GUEST/INDEX ATTR VALUE...",
	  .help = "change a port; returns when the change is done",
	  .words = { WORD_PORT }, .attrs = port_attrs, .where = ATTR_SET,
	  .fill = set },
	{ .verb = "del", .args = "GUEST/INDEX [force]",
	  .help = "remove a port; with force although it is open",
	  .words = { WORD_PORT }, .fill = del },
	{ .verb = "show", .args = "[GUEST[/INDEX]]",
	  .help = "show one port, those of a guest, or all",
	  .words = { WORD_GUEST_OR_PORT }, .fill = show, .print = print },
	{ .verb = "connect", .args = "GUEST/INDEX", .help = "connect it to its backing",
	  .words = { WORD_PORT }, .fill = do_connect },
	{ .verb = "disconnect", .args = "GUEST/INDEX",
	  .help = "take it off its backing; the guest stays as it is",
	  .words = { WORD_PORT }, .fill = do_disconnect },
	{ .verb = "break", .args = "GUEST/INDEX [MS]",
	  .help = "send the guest a break, of so many milliseconds",
	  .words = { WORD_PORT }, .fill = send_break },
	{ .verb = "history", .args = "GUEST/INDEX",
	  .help = "print the output that is kept, byte for byte",
	  .words = { WORD_PORT }, .fill = history, .print = print_history },
	{ .verb = "capture", .args = "GUEST/INDEX FILE",
	  .help = "write what goes over its cable, with the time, for Wireshark; - is standard output",
	  .words = { WORD_PORT, WORD_FILE }, .run = port_capture },
	{ .verb = "list-uarts", .args = "",
	  .help = "show the UARTs that a port could have, and who has them",
	  .fill = list_uarts, .print = print_uarts },
	{ 0 },
};
