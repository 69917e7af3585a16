/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One-shot timers that cost nothing while they are off. */
#ifndef VSERIALD_TIMER_H
#define VSERIALD_TIMER_H

#include <stdint.h>
#include <systemd/sd-event.h>

/**
 * timer_start() - have something called in a while
 * @event: the loop
 * @timer: NULL the first time; the same timer again moves it
 * @delay: in microseconds; a tenth of it later may do, so that timers meet
 * @handler: what is called, once
 * @arg: for @handler
 */
static inline void timer_start(sd_event *event, sd_event_source **timer, uint64_t delay,
			       sd_event_time_handler_t handler, void *arg)
{
	uint64_t slack = delay / 10 ? delay / 10 : 1;

	if (!*timer) {
		sd_event_add_time_relative(event, timer, CLOCK_MONOTONIC, delay, slack, handler,
					   arg);
		return;
	}
	sd_event_source_set_time_relative(*timer, delay);
	sd_event_source_set_time_accuracy(*timer, slack);
	sd_event_source_set_enabled(*timer, SD_EVENT_ONESHOT);
}

/** timer_runs() - whether it has been started and has not been called yet. */
static inline int timer_runs(sd_event_source *timer)
{
	return timer && sd_event_source_get_enabled(timer, NULL) > 0;
}

/** timer_stop() - have it not called. */
static inline void timer_stop(sd_event_source *timer)
{
	if (timer)
		sd_event_source_set_enabled(timer, SD_EVENT_OFF);
}

#endif
