/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What goes on at the ports: rates, from what two dumps tell of the counters.
 * Pure: fed with answers and times, and written wherever one likes.
 */
#ifndef VSERIALCTL_TOP_H
#define VSERIALCTL_TOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "nl.h"

/* In what order ports are shown. */
enum top_sort {
	TOP_BY_NAME,
	TOP_BY_TX,	/* the fastest first */
	TOP_BY_RX,
	TOP_BY_DROPPED,
	TOP_BY_STATE,	/* what is wrong first */
};

/* The names of enum top_sort, each at its number, and a NULL. */
extern const char *const top_sort_words[];

/**
 * struct top_port - a port
 * @guest: its guest's name
 * @index: its number in the guest
 * @minor: its device is ttyVS<minor>
 * @power: its device is open
 * @state: enum vserial_state
 * @tx: bytes written by the guest
 * @rx: bytes given to the guest
 * @dropped: bytes lost
 * @tx_rate: of @tx, bytes a second since the dump before
 * @rx_rate: of @rx
 * @dropped_rate: of @dropped
 * @sessions: how many are attached
 * @far: why it is not well, or who is at the far end, or its backing
 */
struct top_port {
	char *guest;
	uint32_t index;
	uint32_t minor;
	bool power;
	uint32_t state;
	uint64_t tx;
	uint64_t rx;
	uint64_t dropped;
	uint64_t tx_rate;
	uint64_t rx_rate;
	uint64_t dropped_rate;
	unsigned int sessions;
	char *far;
};

/**
 * struct top - all ports
 * @ports: the ports
 * @n: how many there are
 * @guests: how many guests have any
 * @time: when they were asked for, in nanoseconds, or 0 before the first time
 * @sort: their order
 *
 * Begin with @sort set, and end with top_free().
 */
struct top {
	struct top_port *ports;
	size_t n;
	size_t guests;
	uint64_t time;
	enum top_sort sort;
};

/**
 * top_take() - take a dump
 * @top: what was before it; a port that was not there has no rates yet
 * @ports: the ports
 * @sessions: sessions, of these and of other ports
 * @now: the time in nanoseconds, of a clock that only goes forward
 */
void top_take(struct top *top, const struct vnl_replies *ports,
	      const struct vnl_replies *sessions, uint64_t now);

/** top_order() - put the ports in the order that @sort says. */
void top_order(struct top *top);

/** top_free() - free the ports. */
void top_free(struct top *top);

/**
 * struct top_view - what of it is to be seen, and how
 * @rows: of the screen, 0: as many as it takes
 * @columns: of the screen, 0: as many as it takes
 * @first: the port that the first line is of
 * @terminal: in colours, each line and the end of the screen cleared
 */
struct top_view {
	uint32_t rows;
	uint32_t columns;
	size_t first;
	bool terminal;
};

/** top_lines() - how many ports a view has room for. */
size_t top_lines(const struct top_view *view);

/** top_write() - write a frame. */
void top_write(FILE *file, const struct top *top, const struct top_view *view);

/* Enough for what rate_format() writes. */
#define RATE_TEXT	8

/**
 * rate_format() - write a number of bytes short
 * @n: the number
 * @text: receives at most four digits and K, M, G, T, P or E, powers of 1024
 *
 * Return: @text.
 */
const char *rate_format(uint64_t n, char text[RATE_TEXT]);

#endif
