// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/string.h>
#include <linux/time.h>

#include "stamp.h"

/**
 * vserial_stamp_format() - a time as it stands in front of a line
 * @text: VSERIAL_STAMP_LEN bytes, filled without a NUL: RFC 3339, UTC, with
 *	milliseconds and a blank
 * @ts: seconds and nanoseconds since 1970, before the year 10000
 */
void vserial_stamp_format(char *text, const struct timespec64 *ts)
{
	char buf[VSERIAL_STAMP_LEN + 1];
	struct tm tm;

	time64_to_tm(ts->tv_sec, 0, &tm);
	/* The moduli change nothing; they tell the compiler that it fits. */
	snprintf(buf, sizeof(buf), "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ ",
		 (u32)(tm.tm_year + 1900) % 10000, (tm.tm_mon + 1) % 100U,
		 tm.tm_mday % 100U, tm.tm_hour % 100U, tm.tm_min % 100U,
		 tm.tm_sec % 100U, (u32)(ts->tv_nsec / NSEC_PER_MSEC) % 1000);
	memcpy(text, buf, VSERIAL_STAMP_LEN);
}

/**
 * vserial_stamp_merge() - put stamps and text together
 * @st: where the file stands; moved on by the bytes put into @out
 * @text: the stamp of lines that begin now
 * @buf: the text
 * @n: its bytes
 * @out: filled
 * @room: bytes @out may take
 * @used: set to the bytes of @buf that are in @out
 *
 * A file system may take a part of what it is given.  So a chunk is merged
 * twice: with a copy of the state, to learn what to write, and with the state
 * itself and the bytes that were written as @room.  A line keeps the @text of
 * the first call with the real state that came to its first byte, even one
 * without @room.
 *
 * Return: bytes put into @out.
 */
size_t vserial_stamp_merge(struct vserial_stamp *st, const char *text,
			   const u8 *buf, size_t n, u8 *out, size_t room,
			   size_t *used)
{
	size_t in = 0, len = 0;

	while (in < n) {
		size_t part;
		const u8 *nl;

		if (st->line_start) {
			memcpy(st->text, text, VSERIAL_STAMP_LEN);
			st->left = VSERIAL_STAMP_LEN;
			st->line_start = false;
		}
		part = min_t(size_t, st->left, room - len);
		memcpy(out + len, st->text + VSERIAL_STAMP_LEN - st->left,
		       part);
		st->left -= part;
		len += part;

		part = min(n - in, room - len);
		if (!part)
			break;
		nl = memchr(buf + in, '\n', part);
		if (nl) {
			part = nl + 1 - (buf + in);
			st->line_start = true;
		}
		memcpy(out + len, buf + in, part);
		in += part;
		len += part;
	}
	*used = in;
	return len;
}
