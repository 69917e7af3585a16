/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * host: what all ports share, workers and memory
 */
#ifndef _VSERIAL_HOST_H
#define _VSERIAL_HOST_H

struct vserial_budget;
struct workqueue_struct;

extern struct workqueue_struct *vserial_wq;
extern struct vserial_budget vserial_budget;

int vserial_host_init(void);
void vserial_host_settle(void);
void vserial_host_exit(void);

#endif /* _VSERIAL_HOST_H */
