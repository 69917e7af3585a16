// SPDX-License-Identifier: GPL-2.0-or-later
/* What went over a port's cable, from the kernel's records to a file's packets. */
#include <string.h>

#include <linux/vserial.h>

#include "capture.h"
#include "memory.h"
#include "pcapng.h"

/* The kernel parts what is longer; much more is no record. */
#define RECORD_MAX	65536u

static enum pcapng_event error_event(uint32_t error)
{
	switch (error) {
	case VSERIAL_LINE_ERROR_FRAME:
		return PCAPNG_FRAME;
	case VSERIAL_LINE_ERROR_PARITY:
		return PCAPNG_PARITY;
	default:
		return PCAPNG_OVERRUN;
	}
}

static void write_lost(struct capture *capture, const struct vserial_record_head *head)
{
	struct pcapng_packet packet = {
		.time = head->time, .event = PCAPNG_LOST, .lines = capture->lines,
	};
	char text[64];

	snprintf(text, sizeof(text), "%u bytes were lost", head->lost);
	packet.comment = text;
	pcapng_packet(capture->file, &packet);
	capture->lost += head->lost;
}

/* Return: -1 for one that a later kernel may know. */
static int describe(const struct vserial_record_head *head, struct pcapng_packet *packet,
		    char *text, size_t size)
{
	switch (head->type) {
	case VSERIAL_RECORD_OUTPUT:
		packet->event = PCAPNG_OUT;
		packet->way = PCAPNG_OUTWARDS;
		return 0;
	case VSERIAL_RECORD_INPUT:
		packet->event = PCAPNG_IN;
		packet->way = PCAPNG_INWARDS;
		return 0;
	case VSERIAL_RECORD_OUTPUT_BREAK:
	case VSERIAL_RECORD_INPUT_BREAK:
		packet->event = PCAPNG_BREAK;
		packet->way = head->type == VSERIAL_RECORD_INPUT_BREAK ? PCAPNG_INWARDS :
			      PCAPNG_OUTWARDS;
		if (head->arg) {
			snprintf(text, size, "of %u ms", head->arg);
			packet->comment = text;
		}
		return 0;
	case VSERIAL_RECORD_INPUT_ERROR:
		packet->event = error_event(head->arg);
		packet->way = PCAPNG_INWARDS;
		return 0;
	case VSERIAL_RECORD_LINES:
		packet->event = PCAPNG_LINES;
		packet->lines = head->arg;
		return 0;
	}
	return -1;
}

static void take_record(struct capture *capture, const struct vserial_record_head *head,
			const uint8_t *bytes)
{
	struct pcapng_packet packet = {
		.time = head->time, .lines = capture->lines, .bytes = bytes, .n = head->length,
	};
	char text[64];

	capture->time = head->time;
	capture->records++;
	if (head->lost)
		write_lost(capture, head);
	if (describe(head, &packet, text, sizeof(text)))
		return;
	capture->lines = packet.lines;
	pcapng_packet(capture->file, &packet);
}

/* Takes the records that are whole. */
static int take_records(struct capture *capture)
{
	struct vserial_record_head head;
	size_t at = 0;

	while (capture->n - at >= sizeof(head)) {
		memcpy(&head, capture->bytes + at, sizeof(head));
		if (head.length > RECORD_MAX)
			return -1;
		if (capture->n - at < sizeof(head) + head.length)
			break;
		take_record(capture, &head, capture->bytes + at + sizeof(head));
		at += sizeof(head) + head.length;
	}
	if (at)
		memmove(capture->bytes, capture->bytes + at, capture->n - at);
	capture->n -= at;
	return 0;
}

int capture_take(struct capture *capture, const uint8_t *bytes, size_t n)
{
	if (!n)
		return 0;
	capture->bytes = xrealloc(capture->bytes, capture->n + n, 1);
	memcpy(capture->bytes + capture->n, bytes, n);
	capture->n += n;
	return capture->file ? take_records(capture) : 0;
}

int capture_begin(struct capture *capture, FILE *file, const char *name)
{
	capture->file = file;
	pcapng_begin(file, name);
	return take_records(capture);
}

void capture_end(struct capture *capture)
{
	if (capture->file)
		pcapng_end(capture->file, capture->time, capture->records, capture->lost);
	free(capture->bytes);
	capture->bytes = NULL;
}
