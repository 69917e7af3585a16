/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one who sits at a console should know of its port: who writes, and
 * whether the guest is on.  Fed with answers and events; pure.
 */
#ifndef VSERIALCTL_WATCH_H
#define VSERIALCTL_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nl.h"

#define WATCH_NAME 256

/**
 * struct watch - a port as one of its sessions sees it
 * @guest: the guest's name
 * @index: the port's number in it
 * @id: the session that watches
 * @read_only: it never writes
 * @writes: it is the writer
 * @writer: the session that is, or 0
 * @name: who that is
 * @power: the guest has the port open
 * @gone: the port was removed
 * @told_writes: what was last told of @writes
 * @told_writer: what was last told of @writer
 * @told_power: what was last told of @power
 * @told: something was told
 *
 * Begin with the first four set, and @writes from the answer to SESSION_NEW.
 */
struct watch {
	const char *guest;
	uint32_t index;
	uint32_t id;
	bool read_only;
	bool writes;
	uint32_t writer;
	char name[WATCH_NAME];
	bool power;
	bool gone;
	bool told_writes;
	uint32_t told_writer;
	bool told_power;
	bool told;
};

/** watch_message() - take an answer or an event, of whatever object. */
void watch_message(struct watch *watch, const struct vnl_reply *message);

/**
 * watch_role() - who writes, in words
 * @watch: the port
 * @take_over: how to take over, such as "~f", or NULL
 * @text: receives the words, of at most @size bytes
 */
void watch_role(const struct watch *watch, const char *take_over, char *text,
		size_t size);

/**
 * watch_tell() - the next thing that changed and was not told yet
 * @watch: the port
 * @take_over: as for watch_role()
 * @text: receives the words, of at most @size bytes
 *
 * Return: false if there is none.
 */
bool watch_tell(struct watch *watch, const char *take_over, char *text, size_t size);

#endif
