/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guests, ports, sessions, service rules and events printed on stdout. */
#ifndef VSERIALCTL_OUTPUT_H
#define VSERIALCTL_OUTPUT_H

#include "nl.h"

struct top;

/* For people: output_text.c.  @details: every attribute of each. */
void text_guests(const struct vnl_replies *replies, bool details);
void text_ports(const struct vnl_replies *replies, bool details);
void text_sessions(const struct vnl_replies *replies, bool details);
void text_rules(const struct vnl_replies *replies);
void text_test(const struct vnl_replies *replies);
void text_uarts(const struct vnl_replies *replies);
void text_event(const struct vnl_reply *event);

/*
 * For programs: output_json.c.  @list: print an array; otherwise the one
 * object there is.
 */
void json_guests(const struct vnl_replies *replies, bool list);
void json_ports(const struct vnl_replies *replies, bool list);
void json_sessions(const struct vnl_replies *replies, bool list);
void json_rules(const struct vnl_replies *replies);
void json_test(const struct vnl_replies *replies);
void json_uarts(const struct vnl_replies *replies);
void json_event(const struct vnl_reply *event);
void json_top(const struct top *top);

#endif
