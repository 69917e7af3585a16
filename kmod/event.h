/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * event: the multicast group that is told of changes
 */
#ifndef _VSERIAL_EVENT_H
#define _VSERIAL_EVENT_H

struct genl_family;

int vserial_event_init(const struct genl_family *family);
void vserial_event_exit(void);

#endif /* _VSERIAL_EVENT_H */
