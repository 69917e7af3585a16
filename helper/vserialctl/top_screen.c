// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * "top" on a terminal.  A frame is written as a whole over the one before,
 * so that over a slow line nothing flickers, and never while another waits.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "terminal.h"
#include "top_screen.h"

/* A screen of its own, without cursor, on which long lines are cut. */
#define ENTER	"\033[?1049h\033[?25l\033[?7l"
#define LEAVE	"\033[?7h\033[?25h\033[?1049l"
#define HOME	"\033[H"

/* Where a terminal does not say how large it is. */
#define ROWS	24u
#define COLUMNS	80u

/* Between the first two dumps, so that there is something to look at soon. */
#define FIRST_MS	500u

#define CONTROL(c)	((c) & 0x1f)

/**
 * struct screen - the terminal
 * @top: what is shown
 * @source: where it comes from
 * @view: which part of it
 * @signals: from terminal_signals()
 * @escape: how much of an arrow key came: ESC, and [ or O
 * @due: when the next dump is, in milliseconds
 * @over: leave
 */
struct screen {
	struct top *top;
	const struct top_source *source;
	struct top_view view;
	int signals;
	unsigned int escape;
	uint64_t due;
	bool over;
};

static void put(struct screen *s, const char *bytes, size_t n)
{
	ssize_t done;

	while (n) {
		done = write(STDOUT_FILENO, bytes, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			s->over = true;
			return;
		}
		bytes += done;
		n -= (size_t)done;
	}
}

static void enter(struct screen *s)
{
	terminal_raw(STDIN_FILENO);
	put(s, ENTER, sizeof(ENTER) - 1);
}

static void leave(struct screen *s)
{
	put(s, LEAVE, sizeof(LEAVE) - 1);
	terminal_restore();
}

static void draw(struct screen *s)
{
	size_t lines, size;
	char *frame;
	FILE *file;

	if (!terminal_size(STDOUT_FILENO, &s->view.rows, &s->view.columns)) {
		s->view.rows = ROWS;
		s->view.columns = COLUMNS;
	}
	lines = top_lines(&s->view);
	if (s->view.first + lines > s->top->n)
		s->view.first = s->top->n > lines ? s->top->n - lines : 0;
	file = open_memstream(&frame, &size);
	if (!file)
		return;
	fputs(HOME, file);
	top_write(file, s->top, &s->view);
	fclose(file);
	put(s, frame, size);
	free(frame);
}

static void scroll(struct screen *s, bool down, size_t lines)
{
	if (down)
		s->view.first += lines;
	else
		s->view.first -= lines < s->view.first ? lines : s->view.first;
}

static void order_by(struct screen *s, enum top_sort sort)
{
	s->top->sort = sort;
	s->view.first = 0;
	top_order(s->top);
}

static void stop(struct screen *s, int sig)
{
	leave(s);
	terminal_obey(sig);
	enter(s);
}

/* The last byte of an arrow key, or of page up and page down. */
static void take_arrow(struct screen *s, char key)
{
	switch (key) {
	case 'A':
	case 'B':
		scroll(s, key == 'B', 1);
		break;
	case '5':
	case '6':
		scroll(s, key == '6', top_lines(&s->view));
		break;
	}
}

static void take_key(struct screen *s, char key)
{
	if (s->escape == 2) {
		s->escape = 0;
		take_arrow(s, key);
		return;
	}
	if (s->escape == 1 && (key == '[' || key == 'O')) {
		s->escape = 2;
		return;
	}
	s->escape = key == '\033';
	switch (key) {
	case 'q':
	case CONTROL('C'):
	case CONTROL('D'):
		s->over = true;
		break;
	case CONTROL('Z'):
		stop(s, SIGTSTP);
		break;
	case 'n':
		order_by(s, TOP_BY_NAME);
		break;
	case 't':
		order_by(s, TOP_BY_TX);
		break;
	case 'r':
		order_by(s, TOP_BY_RX);
		break;
	case 'd':
		order_by(s, TOP_BY_DROPPED);
		break;
	case 's':
		order_by(s, TOP_BY_STATE);
		break;
	case 'j':
	case 'k':
		scroll(s, key == 'j', 1);
		break;
	case ' ':
		s->due = clock_ms();
		break;
	}
}

static void take_keys(struct screen *s)
{
	char keys[64];
	ssize_t n = read(STDIN_FILENO, keys, sizeof(keys)), i;

	/* Its terminal is gone. */
	if (!n || (n < 0 && errno != EINTR && errno != EAGAIN))
		s->over = true;
	for (i = 0; i < n && !s->over; i++)
		take_key(s, keys[i]);
}

static void take_signals(struct screen *s)
{
	int sig;

	while ((sig = terminal_signal(s->signals))) {
		if (sig == SIGCONT)
			enter(s);
		else if (sig != SIGWINCH)
			stop(s, sig);
	}
}

static void wait_and_take(struct screen *s)
{
	struct pollfd fds[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = s->signals, .events = POLLIN },
	};
	int64_t left = (int64_t)(s->due - clock_ms());

	if (left > 0 && poll(fds, 2, (int)left) < 0)
		return;
	if (left > 0 && fds[0].revents)
		take_keys(s);
	if (left > 0 && fds[1].revents)
		take_signals(s);
}

int top_screen(struct top *top, const struct top_source *source)
{
	struct screen s = {
		.top = top, .source = source, .view = { .terminal = true },
		.signals = terminal_signals(), .due = clock_ms(),
	};
	/* Rates come with the second dump. */
	unsigned int due = source->interval < FIRST_MS ? source->interval : FIRST_MS;
	int rc = 0;

	enter(&s);
	while (!s.over) {
		if (clock_ms() >= s.due) {
			rc = source->take(source->arg, top);
			if (rc)
				break;
			s.due = clock_ms() + due;
			due = source->interval;
		}
		draw(&s);
		wait_and_take(&s);
	}
	leave(&s);
	if (s.signals >= 0)
		close(s.signals);
	return rc;
}
