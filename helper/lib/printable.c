// SPDX-License-Identifier: GPL-2.0-or-later
/* Strings of others made fit for a terminal or a JSON string. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"
#include "printable.h"

/*
 * The length of the UTF-8 character at @s, and its number; 0 if there is
 * none: cut short, overlong, a surrogate, or beyond U+10FFFF.
 */
static size_t utf8(const unsigned char *s, uint32_t *number)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len, i;
	uint32_t n;

	if (s[0] < 0x80) {
		*number = s[0];
		return 1;
	}
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	len = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	n = s[0] & (0xffu >> (len + 1));
	for (i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		n = n << 6 | (s[i] & 0x3f);
	}
	if (n < least[len] || (n >= 0xd800 && n < 0xe000) || n > 0x10ffff)
		return 0;
	*number = n;
	return len;
}

static bool is_control(uint32_t n)
{
	return n < 0x20 || (n >= 0x7f && n < 0xa0);
}

char *printable(const char *s, bool json)
{
	const unsigned char *in = (const unsigned char *)s;
	char *text = xcalloc(strlen(s) * 4 + 1, 1);
	char *out = text;
	uint32_t n = 0;

	while (*in) {
		size_t len = utf8(in, &n);

		if (len && (json || !is_control(n))) {
			memcpy(out, in, len);
			out += len;
			in += len;
			continue;
		}
		/* Each byte of a control character, or the one bad byte. */
		for (len = len ? len : 1; len; len--)
			out += sprintf(out, "\\x%02x", *in++);
	}
	return text;
}
