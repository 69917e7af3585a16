/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * session_tap: a session that captures what goes over its port's cable
 */
#ifndef _VSERIAL_SESSION_TAP_H
#define _VSERIAL_SESSION_TAP_H

struct vserial_link_ops;
struct vserial_session;

extern const struct vserial_link_ops vserial_session_tap_ops;

int vserial_session_tap_create(struct vserial_session *s);
void vserial_session_tap_join(struct vserial_session *s);
void vserial_session_tap_leave(struct vserial_session *s);
void vserial_session_tap_destroy(struct vserial_session *s);

#endif /* _VSERIAL_SESSION_TAP_H */
