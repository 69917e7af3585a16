/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeps the firewall as the ports are. */
#ifndef VSERIALCTL_FIREWALL_FOLLOW_H
#define VSERIALCTL_FIREWALL_FOLLOW_H

#include "ctl.h"

/**
 * firewall_set_up() - make the holes that the ports need now
 * @ctl: the run; the reason of a failure is kept in it
 * @path: the file with the settings
 *
 * Where the module is not loaded there are no ports.
 *
 * Return: the exit status.
 */
enum ctl_status firewall_set_up(struct ctl *ctl, const char *path);

/**
 * firewall_follow() - do so at every change, until SIGTERM; then close all
 * @ctl: the run
 * @path: the file with the settings
 *
 * Return: the exit status; CTL_NO_MODULE when the module is gone.
 */
enum ctl_status firewall_follow(struct ctl *ctl, const char *path);

#endif
