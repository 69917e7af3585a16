/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest's ports follow it when QEMU migrates it. */
#ifndef VSERIALCTL_FOLLOW_H
#define VSERIALCTL_FOLLOW_H

#include "ctl.h"

/**
 * follow_qemu() - hand a guest's ports over at the right moments of a migration
 * @ctl: the run
 * @guest: the guest's name
 * @path: the QMP socket of the QEMU that it leaves
 * @host: where it goes to, as ssh takes it
 * @limit: as for migrate_begin()
 *
 * Somebody else begins the migration, after this has connected; waits for that
 * without a limit.
 *
 * Return: the exit status; a failure has been kept with ctl_fail().
 */
enum ctl_status follow_qemu(struct ctl *ctl, const char *guest, const char *path,
			    const char *host, uint32_t limit);

#endif
