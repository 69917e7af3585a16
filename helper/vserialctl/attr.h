/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ATTR VALUE pairs.  A table of attributes says how each is named, what it
 * takes and what becomes of it; reading, usage text, completion and the
 * saved configuration all follow the same table.
 */
#ifndef VSERIALCTL_ATTR_H
#define VSERIALCTL_ATTR_H

#include <stdint.h>

#include "ctl.h"

/* Which commands take an attribute. */
#define ATTR_ADD 1u
#define ATTR_SET 2u

/**
 * struct attr_sink - where the values of a command go
 * @ctl: the run
 * @msg: the request
 * @settings: how many attributes went into @msg
 * @connect: what "connected" asked for: 1 on, 0 off, -1 was not given
 * @backing: the backing that was given, or NULL
 * @proxy: the concentrator that was given, "" for none, or NULL
 */
struct attr_sink {
	struct ctl *ctl;
	struct vnl_msg *msg;
	unsigned int settings;
	int connect;
	const char *backing;
	const char *proxy;
};

/**
 * struct attr - an attribute
 * @name: its name
 * @value: what it takes, for the usage text
 * @help: what it is for, for the usage text
 * @put: checks a value and puts it where it belongs
 * @id: the attribute's number on the netlink
 * @where: which commands take it
 * @min: the smallest number, for attr_number()
 * @max: the largest number or size, for attr_number() and attr_size()
 * @unit: what the number counts, for refusals
 * @words: the values of attr_word(), each at its number, and the values
 *	that completion offers for others; NULL behind the last
 */
struct attr {
	const char *name;
	const char *value;
	const char *help;
	enum ctl_status (*put)(struct attr_sink *sink, const struct attr *attr,
			       const char *value);
	uint16_t id;
	unsigned int where;
	uint64_t min;
	uint64_t max;
	const char *unit;
	const char *const *words;
};

/* What @put can be. */
enum ctl_status attr_string(struct attr_sink *sink, const struct attr *attr,
			    const char *value);
enum ctl_status attr_backing(struct attr_sink *sink, const struct attr *attr,
			     const char *value);
enum ctl_status attr_proxy(struct attr_sink *sink, const struct attr *attr,
			   const char *value);
enum ctl_status attr_optional(struct attr_sink *sink, const struct attr *attr,
			      const char *value);
enum ctl_status attr_number(struct attr_sink *sink, const struct attr *attr,
			    const char *value);
enum ctl_status attr_size(struct attr_sink *sink, const struct attr *attr,
			  const char *value);
enum ctl_status attr_word(struct attr_sink *sink, const struct attr *attr,
			  const char *value);
enum ctl_status attr_switch(struct attr_sink *sink, const struct attr *attr,
			    const char *value);
enum ctl_status attr_connect(struct attr_sink *sink, const struct attr *attr,
			     const char *value);
enum ctl_status attr_uuid(struct attr_sink *sink, const struct attr *attr,
			  const char *value);
enum ctl_status attr_owner(struct attr_sink *sink, const struct attr *attr,
			   const char *value);

/**
 * attr_find_word() - the number of a word
 * @ctl: the run
 * @name: what the word is, for the refusal, which lists the words
 * @words: those that there are, each at its number, and a NULL
 * @value: the word
 * @number: receives its number
 *
 * Return: the exit status; a failure has been kept with ctl_fail().
 */
enum ctl_status attr_find_word(struct ctl *ctl, const char *name, const char *const *words,
			       const char *value, uint32_t *number);

/* The values of a switch: off, on. */
extern const char *const attr_switch_words[];

/**
 * attr_fill() - read ATTR VALUE pairs
 * @sink: where the values go
 * @table: the attributes; the last has no name
 * @where: ATTR_ADD or ATTR_SET
 * @words: the pairs, and a NULL behind them
 *
 * Return: the exit status; a failure has been kept with ctl_fail().
 */
enum ctl_status attr_fill(struct attr_sink *sink, const struct attr *table,
			  unsigned int where, char **words);

#endif
