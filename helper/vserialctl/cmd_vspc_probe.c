// SPDX-License-Identifier: GPL-2.0-or-later
/* vserialctl vspc-probe: what a concentrator of virtual serial ports does. */
#include <err.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "memory.h"
#include "printable.h"
#include "probe.h"

/**
 * struct finding - how a concentrator deviates
 * @name: as `vserial-vspc --deviate` calls it
 * @what: in a few words
 * @found: whether it does
 */
struct finding {
	const char *name;
	const char *what;
	bool (*found)(const struct probe *probe);
};

static bool is_silent(const struct probe *probe)
{
	/* Behind TLS we speak at once; TLS in AUTHENTICATION has to come first. */
	return probe->facts.auth != VSPC_AUTH_UNUSED && probe->facts.auth != VSPC_AUTH_TLS &&
	       !probe->facts.spoke_first;
}

static bool is_mute(const struct probe *probe)
{
	return probe->facts.auth == VSPC_AUTH_SILENCE;
}

static bool has_no_binary(const struct probe *probe)
{
	return !probe->binary;
}

static bool loops(const struct probe *probe)
{
	return probe->repeated;
}

static bool doubles_not(const struct probe *probe)
{
	return probe->undoubled;
}

static bool tells_not(const struct probe *probe)
{
	return !probe->facts.known;
}

static bool moves_not(const struct probe *probe)
{
	return probe->accepted && probe->move == PROBE_MOVE_UNTRIED;
}

static bool asks_not(const struct probe *probe)
{
	return probe->accepted && vspc_set_empty(&probe->facts.asked);
}

static bool asks_late(const struct probe *probe)
{
	return !vspc_set_empty(&probe->facts.asked_late);
}

static bool closes_on_unknown(const struct probe *probe)
{
	return probe->unknown == PROBE_CLOSES;
}

static bool ignores_unknown(const struct probe *probe)
{
	return probe->unknown == PROBE_IGNORES;
}

static bool refuses_and_stays(const struct probe *probe)
{
	return probe->facts.refused && !probe->closed;
}

static bool refuses_and_closes(const struct probe *probe)
{
	return probe->facts.refused && probe->closed;
}

static bool pads(const struct probe *probe)
{
	return probe->padded;
}

static bool closes_early(const struct probe *probe)
{
	return probe->early == PROBE_CLOSES;
}

static bool says_not_now(const struct probe *probe)
{
	return probe->move == PROBE_MOVE_NOT_NOW;
}

static bool does_not_answer_begin(const struct probe *probe)
{
	return probe->move == PROBE_MOVE_SILENCE;
}

static bool refuses_peer(const struct probe *probe)
{
	return probe->move == PROBE_MOVE_REFUSED;
}

static bool has_com_port(const struct probe *probe)
{
	return probe->com_port;
}

static const struct finding findings[] = {
	{ "silent", "says nothing before the virtual machine negotiates", is_silent },
	{ "mute", "does not answer AUTHENTICATION", is_mute },
	{ "no-binary", "does not agree on BINARY", has_no_binary },
	{ "ack-loop", "answers what was an answer", loops },
	{ "no-doubling", "does not double bytes 255 in suboptions", doubles_not },
	{ "no-known", "does not tell what it knows", tells_not },
	{ "no-vmotion", "does not know hand-overs", moves_not },
	{ "no-get", "asks for nothing", asks_not },
	{ "late-get", "asks behind WILL-PROXY", asks_late },
	{ "close-unknown", "closes on a suboption that it does not know", closes_on_unknown },
	{ "ignore-unknown", "does not answer a suboption that it does not know",
	  ignores_unknown },
	{ "wont-keep", "refuses and stays connected", refuses_and_stays },
	{ "wont-close", "refuses and closes", refuses_and_closes },
	{ "padded", "adds to a sequence that it sends back", pads },
	{ "close-early", "closes on bytes that come before it has accepted", closes_early },
	{ "not-now", "does not take part in a hand-over", says_not_now },
	{ "mute-begin", "does not answer VMOTION-BEGIN", does_not_answer_begin },
	{ "refuse-peer", "goes ahead and does not accept the new host", refuses_peer },
	{ "com-port", "has a serial port of its own, to be driven with RFC 2217", has_com_port },
	{ 0 },
};

static const char *const auths[] = {
	[VSPC_AUTH_UNUSED] = "not offered",
	[VSPC_AUTH_REFUSED] = "refused",
	[VSPC_AUTH_ASKED] = "wanted, in a way that we do not have",
	[VSPC_AUTH_TLS] = "TLS",
	[VSPC_AUTH_SILENCE] = "not answered",
};

static const char *const moves[] = {
	[PROBE_MOVE_UNTRIED] = "not known",
	[PROBE_MOVE_SILENCE] = "not answered",
	[PROBE_MOVE_NOT_NOW] = "not now",
	[PROBE_MOVE_REFUSED] = "the new host is not accepted",
	[PROBE_MOVE_OK] = "works",
};

/* JSON. */

/* Steals @value; jansson fails only where memory does. */
static void set(json_t *object, const char *name, json_t *value)
{
	if (json_object_set_new(object, name, value))
		err(MEMORY_STATUS, "out of memory");
}

static json_t *string(const char *s)
{
	char *text = printable(s, true);
	json_t *value = json_string(text);

	free(text);
	return value;
}

static json_t *codes(const struct vspc_set *all)
{
	json_t *array = json_array();
	unsigned int code;

	for (code = 0; code < 256; code++)
		if (vspc_set_has(all, (uint8_t)code))
			json_array_append_new(array, vspc_kind((uint8_t)code) ?
					      json_string(vspc_name((uint8_t)code)) :
					      json_integer(code));
	return array;
}

static void print_json(const char *uri, const struct probe *probe)
{
	json_t *object = json_object(), *deviations = json_array();
	const struct finding *finding;

	for (finding = findings; finding->name; finding++)
		if (finding->found(probe))
			json_array_append_new(deviations, json_string(finding->name));
	set(object, "uri", string(uri));
	set(object, "accepted", json_boolean(probe->accepted));
	set(object, "reason", *probe->why ? string(probe->why) : json_null());
	set(object, "milliseconds", json_integer((json_int_t)probe->milliseconds));
	set(object, "tls", *probe->tls ? string(probe->tls) : json_null());
	set(object, "authentication", json_string(auths[probe->facts.auth]));
	set(object, "known", probe->facts.known ? codes(&probe->facts.codes) : json_null());
	set(object, "asks", codes(&probe->facts.asked));
	set(object, "hand-over", json_string(moves[probe->move]));
	set(object, "secret", json_integer(probe->secret));
	set(object, "deviations", deviations);
	if (json_dumpf(object, stdout, JSON_INDENT(2)))
		err(MEMORY_STATUS, "cannot write JSON");
	putchar('\n');
	json_decref(object);
}

/* Text. */

static void print_codes(const char *what, const struct vspc_set *all)
{
	const char *comma = " ";
	unsigned int code;

	printf("    %-16s", what);
	if (vspc_set_empty(all))
		printf(" nothing");
	for (code = 0; code < 256; code++)
		if (vspc_set_has(all, (uint8_t)code)) {
			if (vspc_kind((uint8_t)code))
				printf("%s%s", comma, vspc_name((uint8_t)code));
			else
				printf("%s%u", comma, code);
			comma = ", ";
		}
	putchar('\n');
}

static void print_text(const char *uri, const struct probe *probe)
{
	const struct finding *finding;
	const char *none = " none\n";

	if (probe->accepted)
		printf("%s: a concentrator, which accepted us after %llu ms\n", uri,
		       (unsigned long long)probe->milliseconds);
	else
		printf("%s: a concentrator, which did not accept us: %s\n", uri, probe->why);
	if (*probe->tls)
		printf("    %-16s %s\n", "tls", probe->tls);
	printf("    %-16s %s\n", "authentication", auths[probe->facts.auth]);
	print_codes("knows", &probe->facts.codes);
	print_codes("asks", &probe->facts.asked);
	printf("    %-16s %s", "hand-over", moves[probe->move]);
	if (probe->secret)
		printf(", with %u bytes of secret", probe->secret);
	printf("\n    %-16s", "deviations");
	for (finding = findings; finding->name; finding++)
		if (finding->found(probe)) {
			printf("\n      %-14s %s", finding->name, finding->what);
			none = "\n";
		}
	fputs(none, stdout);
}

/* Words behind the URI. */
static enum ctl_status read_words(struct ctl *ctl, char **words, struct vspc_identity *identity)
{
	for (; *words; words += 2) {
		const char **value = !strcmp(*words, "name") ? &identity->name :
			!strcmp(*words, "service") ? &identity->service : NULL;

		if (!value)
			return ctl_fail(ctl, CTL_USAGE, "'%s' is neither name nor service", *words);
		if (!words[1])
			return ctl_fail(ctl, CTL_USAGE, "the value of %s is missing", *words);
		*value = words[1];
	}
	return CTL_DONE;
}

static enum ctl_status run(struct ctl *ctl, char **words)
{
	/* Not the same as that of a virtual machine that there is. */
	struct vspc_identity identity = {
		.name = "vserial-probe",
		.vc_uuid = "vserial-probe\0\0",
		.bios_uuid = "vserial-probe\0\1",
		.location_uuid = "vserial-probe\0\2",
		.direction = VSPC_PROXY_SERVER,
		.service = "vserial-probe",
	};
	const char *uri = *words;
	enum ctl_status status;
	struct probe probe;

	if (!uri)
		return ctl_fail(ctl, CTL_USAGE, "the concentrator's URI is missing");
	status = read_words(ctl, words + 1, &identity);
	if (status != CTL_DONE)
		return status;
	if (probe_run(uri, &identity, &probe))
		return ctl_fail(ctl, CTL_REFUSED, "%s", probe.why);
	if (ctl->json)
		print_json(uri, &probe);
	else
		print_text(uri, &probe);
	return CTL_DONE;
}

const struct command vspc_probe_commands[] = {
	{ .args = "URI [name NAME] [service URI]",
	  .help = "find out what a concentrator of virtual serial ports does",
	  .run = run },
	{ 0 },
};
