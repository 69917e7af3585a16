/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * spec: backing specifications, "scheme:rest[#key[=value][&key[=value]]...]"
 *
 * Pure code: parses a string, opens nothing.
 */
#ifndef _VSERIAL_SPEC_H
#define _VSERIAL_SPEC_H

#include <linux/types.h>

struct vserial_reason;

enum vserial_scheme {
	VSERIAL_SCHEME_NULL,
	VSERIAL_SCHEME_LOOPBACK,
	VSERIAL_SCHEME_FILE,
	VSERIAL_SCHEME_UART,
	VSERIAL_SCHEME_PIPE,
	VSERIAL_SCHEME_HELPER,	/* the daemon's: stored, not judged here */
};

#define VSERIAL_FILE_KEEP_DEFAULT	5
#define VSERIAL_FILE_KEEP_MAX		99
/* Smaller files than this would be rotated all the time. */
#define VSERIAL_FILE_SIZE_MIN		4096

/**
 * struct vserial_spec - a parsed backing specification
 * @text: the specification as it was given
 * @scheme: what kind of backing it asks for
 * @path: where it points to (file: an absolute path); "" if nowhere
 * @file: what file: asks for besides its path
 * @file.truncate: start empty
 * @file.max_size: bytes a file may grow to before it is rotated, 0: no limit
 * @file.keep: rotated files that are kept
 * @file.timestamps: each line starts with the time it began at
 */
struct vserial_spec {
	char *text;
	enum vserial_scheme scheme;
	char *path;
	struct {
		bool truncate;
		u64 max_size;
		u32 keep;
		bool timestamps;
	} file;
};

struct vserial_spec *vserial_spec_parse(const char *text,
					struct vserial_reason *reason);
void vserial_spec_free(struct vserial_spec *spec);

#endif /* _VSERIAL_SPEC_H */
