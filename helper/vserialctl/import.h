/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest and its ports as another hypervisor describes them, and the
 * commands that make the like here.  What has no counterpart is noted; a port
 * whose far end has none gets the backing null, so that its guest still finds
 * its ports under their numbers.
 */
#ifndef VSERIALCTL_IMPORT_H
#define VSERIALCTL_IMPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <linux/vserial.h>

#include "uri.h"

/**
 * struct import_port - a port
 * @there: it is one of the guest's
 * @backing: what stands at the far end
 * @proxy: the concentrator that has it, or NULL
 * @log: where output is written besides, or NULL
 * @endpoint: enum vserial_endpoint
 * @left_off: not connected when the guest powers on
 * @yield_on_poll: who only polls it sleeps
 */
struct import_port {
	bool there;
	char *backing;
	char *proxy;
	char *log;
	uint32_t endpoint;
	bool left_off;
	bool yield_on_poll;
};

/**
 * struct import - a guest
 * @name: its name, or NULL
 * @uuid: its BIOS UUID as text, or NULL
 * @vc_uuid: its instance UUID, or NULL
 * @location_uuid: its location UUID, or NULL
 * @ports: its ports
 * @notes: sentences about what is not as it was
 * @n_notes: how many there are
 *
 * Begin with { 0 }, and end with import_free().
 */
struct import {
	char *name;
	char *uuid;
	char *vc_uuid;
	char *location_uuid;
	struct import_port ports[VSERIAL_PORTS_PER_GUEST];
	char **notes;
	size_t n_notes;
};

/* Enough for any reason of a refusal. */
#define IMPORT_WHY_MAX	(URI_WHY_MAX + 128)

/**
 * import_vmx() - read a .vmx
 * @file: the file
 * @import: receives the guest; the caller ends with import_free(), also on failure
 * @why: receives a sentence, of at most @size bytes, on failure
 *
 * Return: 0 or -1.
 */
int import_vmx(FILE *file, struct import *import, char *why, size_t size);

/** import_libvirt() - as import_vmx(), a domain as "virsh dumpxml" prints it. */
int import_libvirt(FILE *file, struct import *import, char *why, size_t size);

/**
 * import_write() - write the commands that make the guest, a line each
 * @file: where to
 * @import: the guest
 * @name: its name, one that a guest can have
 */
void import_write(FILE *file, const struct import *import, const char *name);

/** import_free() - free what belongs to it, and empty it. */
void import_free(struct import *import);

/* For those who read. */

/** import_note() - note what is not as it was; as printf(), without full stop. */
void import_note(struct import *import, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * import_backing() - set a port's backing, if it can be one
 * @import: the guest
 * @index: the port, which is there
 * @backing: the specification, which may hold anything; else null, and a note
 */
void import_backing(struct import *import, unsigned int index, const char *backing);

/**
 * import_service() - have a concentrator serve a port, if it can
 * @import: the guest
 * @index: the port, which is there
 * @service: the service's URI, which may hold anything; else null, and a note
 * @proxy: the concentrator's, which is one
 */
void import_service(struct import *import, unsigned int index, const char *service,
		    const char *proxy);

/**
 * import_file() - the specification of a file
 * @import: the guest
 * @index: the port
 * @path: the file's path, which may be anything
 * @append: go on behind what is in it
 *
 * Return: the specification, to be freed by the caller; or NULL, and a note.
 */
char *import_file(struct import *import, unsigned int index, const char *path,
		  bool append);

/** import_without() - the port's far end has no counterpart; as printf(): why. */
void import_without(struct import *import, unsigned int index, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
