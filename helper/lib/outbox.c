// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes that wait to be written. */
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "outbox.h"

uint8_t *outbox_room(struct outbox *outbox, size_t max)
{
	if (outbox->at) {
		outbox->len -= outbox->at;
		memmove(outbox->bytes, outbox->bytes + outbox->at, outbox->len);
		outbox->at = 0;
	}
	outbox->bytes = xrealloc(outbox->bytes, outbox->len + max + 1, 1);
	return outbox->bytes + outbox->len;
}

void outbox_add(struct outbox *outbox, const void *bytes, size_t len)
{
	if (!len)
		return;
	memcpy(outbox_room(outbox, len), bytes, len);
	outbox->len += len;
}

void outbox_sent(struct outbox *outbox, size_t n)
{
	outbox->at += n;
	if (outbox->at == outbox->len)
		outbox_clear(outbox);
}

void outbox_clear(struct outbox *outbox)
{
	free(outbox->bytes);
	*outbox = (struct outbox){ 0 };
}
