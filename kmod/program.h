/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * program: which program of the host asks for something
 */
#ifndef _VSERIAL_PROGRAM_H
#define _VSERIAL_PROGRAM_H

#include <linux/sched.h>
#include <linux/types.h>
#include <linux/uidgid.h>

#include "service.h"

/**
 * struct vserial_program - a program that asks for something
 * @uid: its user
 * @pid: its process, in the initial namespace
 * @comm: its name
 * @exe: the file it runs from
 */
struct vserial_program {
	kuid_t uid;
	pid_t pid;
	char comm[TASK_COMM_LEN];
	struct vserial_exe exe;
};

void vserial_program_current(struct vserial_program *p);
void vserial_program_look_up(const char *path, struct vserial_exe *exe);

#endif /* _VSERIAL_PROGRAM_H */
