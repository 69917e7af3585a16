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

/* Faults of a cable are given in parts per million, and its delay in ms. */
#define VSERIAL_PIPE_PPM_MAX	1000000
#define VSERIAL_PIPE_DELAY_MAX	10000
#define VSERIAL_PIPE_NAME_MAX	63

#define VSERIAL_FILE_KEEP_DEFAULT	5
#define VSERIAL_FILE_KEEP_MAX		99
/* Smaller files than this would be rotated all the time. */
#define VSERIAL_FILE_SIZE_MIN		4096

/**
 * struct vserial_spec - a parsed backing specification
 * @role: what it is for, as sentences about it begin; a constant
 * @text: the specification as it was given
 * @scheme: what kind of backing it asks for
 * @proxy: the URI of the concentrator that is dialled, for which @text is the
 *	service; or NULL
 * @path: where it points to (file, uart: an absolute path, pipe: a name); "" if
 *	nowhere
 * @file: what file: asks for besides its path
 * @file.truncate: start empty
 * @file.max_size: bytes a file may grow to before it is rotated, 0: no limit
 * @file.keep: rotated files that are kept
 * @file.timestamps: each line starts with the time it began at
 * @pipe: what pipe: asks for besides its name, when both ends are guests
 * @pipe.client: this end looks for the server of that name
 * @pipe.unplugged: the cable is not plugged in
 * @pipe.corrupt: of a million bytes so many get a wrong bit
 * @pipe.drop: of a million bytes so many are lost
 * @pipe.delay: ms that each byte is on its way
 */
struct vserial_spec {
	const char *role;
	char *text;
	enum vserial_scheme scheme;
	char *proxy;
	char *path;
	struct {
		bool truncate;
		u64 max_size;
		u32 keep;
		bool timestamps;
	} file;
	struct {
		bool client;
		bool unplugged;
		u32 corrupt;
		u32 drop;
		u32 delay;
	} pipe;
};

struct vserial_spec *vserial_spec_parse_as(const char *role, const char *text,
					   struct vserial_reason *reason);
struct vserial_spec *vserial_spec_parse(const char *text,
					struct vserial_reason *reason);
struct vserial_spec *vserial_spec_parse_service(const char *text,
						const char *proxy,
						struct vserial_reason *reason);
void vserial_spec_free(struct vserial_spec *spec);

#endif /* _VSERIAL_SPEC_H */
