/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections on their way out.  A socket that is closed while bytes of the
 * peer lie unread makes TCP forget what was written last; so these are kept
 * until the peer has closed too, or for a moment.
 */
#ifndef VSERIALD_GOODBYE_H
#define VSERIALD_GOODBYE_H

#include <systemd/sd-event.h>

struct goodbyes;

/** goodbyes_new() - make a place for them. */
struct goodbyes *goodbyes_new(sd_event *event);

/** goodbyes_free() - close those left. */
void goodbyes_free(struct goodbyes *goodbyes);

/**
 * goodbye_say() - end a connection
 * @goodbyes: the place
 * @fd: the connection, which belongs to @goodbyes now
 * @text: what to tell the peer first, or NULL
 */
void goodbye_say(struct goodbyes *goodbyes, int fd, const char *text);

#endif
