/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What somebody types at a console: bytes for the guest, and at the beginning
 * of a line the escape character, which opens a command, as in ssh(1).  Pure.
 */
#ifndef VSERIALCTL_ESCAPE_H
#define VSERIALCTL_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An escape character that no byte is. */
#define ESCAPE_NONE (-1)

/* What was asked for. */
enum escape_command {
	ESCAPE_NOTHING,
	ESCAPE_LEAVE,		/* . */
	ESCAPE_SUSPEND,		/* ^Z */
	ESCAPE_BREAK,		/* B */
	ESCAPE_TAKE_OVER,	/* f */
	ESCAPE_STATUS,		/* s */
	ESCAPE_HELP,		/* ? */
};

/**
 * struct escape - where somebody is in what is typed
 * @character: what opens a command, 0 ... 255, or ESCAPE_NONE
 * @in_line: something was typed since the line began
 * @pending: the escape character was, and waits for what follows
 */
struct escape {
	int character;
	bool in_line;
	bool pending;
};

/**
 * escape_parse() - read an escape character as people write it
 * @word: a character, ^ and a letter or one of @[\]^_? for a control
 *	character, or "none"
 * @character: receives it; untouched on failure
 *
 * Return: 0 or -EINVAL.
 */
int escape_parse(const char *word, int *character);

/* Enough for what escape_name() writes. */
#define ESCAPE_TEXT 8

/** escape_name() - write an escape character as escape_parse() reads it. */
const char *escape_name(int character, char text[ESCAPE_TEXT]);

/**
 * escape_feed() - take what was typed, up to a command
 * @escape: where it stands; begin with { .character = … }
 * @in: what was typed
 * @n: how many bytes
 * @used: receives how many bytes of @in were taken: all, or up to the command
 * @out: receives the bytes for the guest; room for @n + 1
 * @len: receives how many they are; they stand before the command
 *
 * Return: the command, or ESCAPE_NOTHING when all of @in was taken.
 */
enum escape_command escape_feed(struct escape *escape, const uint8_t *in, size_t n,
				size_t *used, uint8_t *out, size_t *len);

#endif
