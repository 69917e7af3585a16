// SPDX-License-Identifier: GPL-2.0-or-later
/* The words by which commands name guests and ports. */
#include <string.h>

#include <linux/vserial.h>

#include "memory.h"
#include "number.h"
#include "refs.h"

/*
 * Takes a word that names something: it is there, and is no option that came
 * too late.  Return: the word, or NULL for a usage error.
 */
static const char *next(struct ctl *ctl, char ***words, const char *what)
{
	bool literal = **words && !strcmp(**words, "--");
	const char *word;

	/* As everywhere, "--" says that what follows is no option. */
	if (literal)
		++*words;
	word = **words;
	if (!word) {
		ctl_fail(ctl, CTL_USAGE, "the %s is missing", what);
		return NULL;
	}
	if (!literal && word[0] == '-' && word[1]) {
		ctl_fail(ctl, CTL_USAGE,
			 "'%s' is not a %s; options stand before the object", word, what);
		return NULL;
	}
	++*words;
	return word;
}

enum ctl_status ref_guest(struct ctl *ctl, char ***words, const char **name)
{
	*name = next(ctl, words, "guest's name");
	return *name ? CTL_DONE : CTL_USAGE;
}

enum ctl_status ref_port_name(struct ctl *ctl, char ***words, char **guest,
			      uint32_t *index)
{
	const char *word = next(ctl, words, "port's name GUEST/INDEX");
	uint64_t number;
	char *slash;

	*guest = NULL;
	*index = 0;
	if (!word)
		return CTL_USAGE;
	/* With a second slash number_parse() finds no number behind the first. */
	slash = strchr(word, '/');
	if (!slash || number_parse(slash + 1, UINT32_MAX, &number))
		return ctl_fail(ctl, CTL_REFUSED,
				"'%s' is not a port's name: it is GUEST/INDEX, and INDEX a number from 0 to %d",
				word, VSERIAL_PORTS_PER_GUEST - 1);
	*guest = xstrdup(word);
	(*guest)[slash - word] = '\0';
	*index = (uint32_t)number;
	return CTL_DONE;
}

static enum ctl_status queue_port(struct ctl *ctl, char ***words, uint8_t cmd,
				  bool dump, struct vnl_msg **msg)
{
	enum ctl_status status;
	uint32_t index;
	char *guest;

	status = ref_port_name(ctl, words, &guest, &index);
	if (status != CTL_DONE)
		return status;
	*msg = dump ? ctl_queue_dump(ctl, cmd) : ctl_queue(ctl, cmd);
	vnl_put_str(*msg, VSERIAL_A_PORT_GUEST, guest);
	vnl_put_u32(*msg, VSERIAL_A_PORT_INDEX, index);
	free(guest);
	return CTL_DONE;
}

enum ctl_status ref_port(struct ctl *ctl, char ***words, uint8_t cmd,
			 struct vnl_msg **msg)
{
	return queue_port(ctl, words, cmd, false, msg);
}

enum ctl_status ref_port_dump(struct ctl *ctl, char ***words, uint8_t cmd,
			      struct vnl_msg **msg)
{
	return queue_port(ctl, words, cmd, true, msg);
}

enum ctl_status ref_session(struct ctl *ctl, char ***words, uint32_t *id)
{
	const char *word = next(ctl, words, "session's number");
	uint64_t number;

	if (!word)
		return CTL_USAGE;
	if (number_parse(word, UINT32_MAX, &number))
		return ctl_fail(ctl, CTL_REFUSED,
				"'%s' is not a session's number; 'session show' lists them",
				word);
	*id = (uint32_t)number;
	return CTL_DONE;
}

enum ctl_status ref_force(struct ctl *ctl, char **words, bool *force)
{
	*force = *words && !strcmp(*words, "force");
	return ref_end(ctl, words + *force);
}

enum ctl_status ref_end(struct ctl *ctl, char **words)
{
	if (!*words)
		return CTL_DONE;
	return ctl_fail(ctl, CTL_USAGE, "'%s' is one word too many", *words);
}
