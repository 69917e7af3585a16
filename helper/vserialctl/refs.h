/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words by which commands name guests and ports. */
#ifndef VSERIALCTL_REFS_H
#define VSERIALCTL_REFS_H

#include <stdbool.h>

#include "ctl.h"

/**
 * ref_guest() - take a guest's name off the words
 * @ctl: the run
 * @words: moved behind the name
 * @name: receives the name, which the kernel is left to judge
 *
 * Return: the exit status; a failure has been kept with ctl_fail().
 */
enum ctl_status ref_guest(struct ctl *ctl, char ***words, const char **name);

/**
 * ref_port_name() - take a port's name off the words
 * @ctl: the run
 * @words: moved behind the name
 * @guest: receives the guest's name, which the caller frees; NULL on failure
 * @index: receives the port's number in it
 *
 * Return: the exit status; a failure has been kept with ctl_fail().
 */
enum ctl_status ref_port_name(struct ctl *ctl, char ***words, char **guest,
			      uint32_t *index);

/**
 * ref_port() - take a port's name off the words and put it in a request
 * @ctl: the run
 * @words: moved behind the name
 * @cmd: the request that is queued, VSERIAL_CMD_PORT_*
 * @msg: receives the request
 *
 * Return: the exit status; a failure has been kept with ctl_fail().
 */
enum ctl_status ref_port(struct ctl *ctl, char ***words, uint8_t cmd,
			 struct vnl_msg **msg);

/** ref_port_dump() - as ref_port(), asking for a dump. */
enum ctl_status ref_port_dump(struct ctl *ctl, char ***words, uint8_t cmd,
			      struct vnl_msg **msg);

/**
 * ref_session() - take a session's number off the words
 * @ctl: the run
 * @words: moved behind the number
 * @id: receives the number
 *
 * Return: the exit status; a failure has been kept with ctl_fail().
 */
enum ctl_status ref_session(struct ctl *ctl, char ***words, uint32_t *id);

/**
 * ref_force() - take the last word "force", if it is there
 * @ctl: the run
 * @words: the words left
 * @force: receives whether it is there
 *
 * Return: the exit status; a failure has been kept with ctl_fail().
 */
enum ctl_status ref_force(struct ctl *ctl, char **words, bool *force);

/** ref_end() - refuse words where there should be none. */
enum ctl_status ref_end(struct ctl *ctl, char **words);

#endif
