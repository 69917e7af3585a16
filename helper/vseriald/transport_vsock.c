// SPDX-License-Identifier: GPL-2.0-or-later
/* AF_VSOCK: vsock://[CID]:PORT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transport.h"

static bool addresses(const struct place *place, bool server, struct addresses *found)
{
	const char *cid = place->uri->host;
	struct address *address = &found->v[0];

	*found = (struct addresses){ 0 };
	if (!*cid && !server)
		return true;
	address->len = sizeof(address->vm);
	address->vm.svm_family = AF_VSOCK;
	address->vm.svm_port = place->uri->port;
	address->vm.svm_cid = *cid ? (unsigned int)strtoul(cid, NULL, 10) : VMADDR_CID_ANY;
	found->n = 1;
	return true;
}

static int vsock_listen(const struct place *place, const struct address *at, char *why)
{
	int fd = socket_listen(at, false);

	if (fd < 0)
		snprintf(why, TRANSPORT_WHY_MAX, "cannot listen on vsock port %u: %s",
			 place->uri->port, strerror(-fd));
	return fd;
}

static int vsock_dial(const struct place *place, const struct address *to)
{
	(void)place;
	return socket_dial(to);
}

const struct transport_ops transport_vsock = {
	.name = "vsock",
	.addresses = addresses,
	.listen = vsock_listen,
	.dial = vsock_dial,
	.describe = socket_describe,
	.read = socket_read,
	.write = socket_write,
	.unsettled = socket_unsettled,
};
