// SPDX-License-Identifier: GPL-2.0-or-later
/* How concentrators deviate. */
#include <stddef.h>
#include <string.h>

#include "vspc_deviation.h"

const struct vspc_deviation_name vspc_deviations[] = {
	{ "silent", VSPC_SILENT, "says nothing before the virtual machine negotiates" },
	{ "mute", VSPC_MUTE, "does not answer AUTHENTICATION, either" },
	{ "no-binary", VSPC_NO_BINARY, "agrees on neither BINARY nor SGA" },
	{ "ack-loop", VSPC_ACK_LOOP, "answers what was an answer" },
	{ "no-doubling", VSPC_NO_DOUBLING, "does not double bytes 255 in suboptions" },
	{ "no-known", VSPC_NO_KNOWN, "does not tell what it knows" },
	{ "no-vmotion", VSPC_NO_VMOTION, "does not know hand-overs" },
	{ "no-get", VSPC_NO_GET, "asks for nothing" },
	{ "late-get", VSPC_LATE_GET, "asks behind WILL-PROXY" },
	{ "close-unknown", VSPC_CLOSE_UNKNOWN, "closes on what it did not ask for" },
	{ "wont-keep", VSPC_WONT_KEEP, "refuses everybody and stays connected" },
	{ "wont-close", VSPC_WONT_CLOSE, "refuses everybody and closes" },
	{ "padded", VSPC_PADDED, "sends the secret back with the sequence" },
	{ "drop-early", VSPC_DROP_EARLY, "throws away bytes that come before all is answered" },
	{ "close-early", VSPC_CLOSE_EARLY, "closes on bytes that come before all is answered" },
	{ "not-now", VSPC_NOT_NOW, "takes part in no hand-over" },
	{ "mute-begin", VSPC_MUTE_BEGIN, "does not answer VMOTION-BEGIN" },
	{ "unknown-begin", VSPC_UNKNOWN_BEGIN, "answers VMOTION-BEGIN with UNKNOWN-SUBOPTION" },
	{ "refuse-peer", VSPC_REFUSE_PEER, "answers VMOTION-PEER with UNKNOWN-SUBOPTION" },
	{ "mute-peer", VSPC_MUTE_PEER, "does not answer VMOTION-PEER" },
	{ "no-buffer", VSPC_NO_BUFFER, "sends input to the source until it is gone" },
	{ "com-port", VSPC_COM_PORT, "has a serial port of its own, to be driven with RFC 2217" },
	{ 0 },
};

uint32_t vspc_deviation_find(const char *name)
{
	const struct vspc_deviation_name *deviation;

	for (deviation = vspc_deviations; deviation->name; deviation++)
		if (!strcmp(deviation->name, name))
			return deviation->bit;
	return 0;
}
