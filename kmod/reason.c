// SPDX-License-Identifier: GPL-2.0-only
/*
 * reason: the one sentence that says why
 */
#include <linux/kernel.h>
#include <linux/stdarg.h>

#include "reason.h"

int vserial_refuse(struct vserial_reason *reason, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(reason->text, sizeof(reason->text), fmt, args);
	va_end(args);
	return err;
}
