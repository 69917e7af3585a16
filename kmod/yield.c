// SPDX-License-Identifier: GPL-2.0-only
/*
 * yield: a guest that only polls a port gives its processor back
 *
 * Polls are seen where they pass: TIOCMGET here, because QEMU asks so for each
 * of the guest's reads of MSR; reads of LSR, which VMMs answer themselves, in
 * vcpu.c.  The thread sleeps on the port until there are news, for a quarter
 * of a millisecond at most: it may be a vCPU that owes its guest an interrupt,
 * or hold its VMM's big lock.
 */
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/wait.h>

#include "port.h"
#include "yield.h"

/* How much longer than asked for a sleep may take if that saves an interrupt. */
#define VSERIAL_YIELD_SLACK	(50 * NSEC_PER_USEC)

DEFINE_STATIC_KEY_FALSE(vserial_yield_key);

/* Ports that yield on poll. */
static atomic_t vserial_yielding = ATOMIC_INIT(0);

/**
 * vserial_yield_setup() - prepare a port that is being made
 * @port: the port
 */
void vserial_yield_setup(struct vserial_port *port)
{
	init_waitqueue_head(&port->pollers);
}

/**
 * vserial_yield_set() - whether who polls a port is to sleep
 * @port: the port, with its lock held
 * @on: whether
 *
 * Takes effect soon after VSERIAL_EVENT_PORT_* was told.
 */
void vserial_yield_set(struct vserial_port *port, bool on)
{
	if (port->yield_on_poll == on)
		return;
	WRITE_ONCE(port->yield_on_poll, on);
	if (on)
		atomic_inc(&vserial_yielding);
	else
		atomic_dec(&vserial_yielding);
}

/**
 * vserial_yield_wanted() - does any port yield on poll?
 *
 * Return: whether.
 */
bool vserial_yield_wanted(void)
{
	return atomic_read(&vserial_yielding);
}

/**
 * vserial_yield_sleep() - sleep until a port has news
 * @port: the port
 * @news: what @port->news was when there was nothing to find
 * @us: for so long at most
 *
 * Signals end it, too: VMMs call their vCPUs by them.
 *
 * Context: process, no locks; sleeps.
 */
void vserial_yield_sleep(struct vserial_port *port, unsigned int news, u32 us)
{
	ktime_t timeout = ns_to_ktime((u64)us * NSEC_PER_USEC);
	DEFINE_WAIT(wait);

	prepare_to_wait(&port->pollers, &wait, TASK_INTERRUPTIBLE);
	if (atomic_read(&port->news) == news && !signal_pending(current))
		schedule_hrtimeout_range(&timeout, VSERIAL_YIELD_SLACK,
					 HRTIMER_MODE_REL);
	finish_wait(&port->pollers, &wait);
}

void vserial_yield_news_slow(struct vserial_port *port)
{
	atomic_inc(&port->news);
	if (wq_has_sleeper(&port->pollers))
		wake_up_interruptible(&port->pollers);
}

void vserial_yield_poll_lines_slow(struct vserial_port *port)
{
	pid_t thread = task_pid_nr(current);
	u64 now = ktime_get_ns();
	unsigned int news;
	unsigned long flags;
	u32 us = 0;

	if (!READ_ONCE(port->yield_on_poll))
		return;
	spin_lock_irqsave(&port->lock, flags);
	news = atomic_read(&port->news);
	if (port->line_poller != thread) {
		/*
		 * QEMU's main loop asks every 10 ms, beside a vCPU that does
		 * all the time: only the latter is a row.
		 */
		if (!vserial_pace_counts(&port->line_polls, now)) {
			port->line_poller = thread;
			port->line_news = news;
			vserial_pace_reset(&port->line_polls, now);
		}
	} else if (news != port->line_news) {
		port->line_news = news;
		vserial_pace_reset(&port->line_polls, now);
	} else {
		if (vserial_pace_counts(&port->line_polls, now))
			atomic64_inc(&port->polls);
		us = vserial_pace_poll(&port->line_polls, now);
	}
	spin_unlock_irqrestore(&port->lock, flags);
	if (!us)
		return;

	vserial_yield_sleep(port, news, us);
	now = ktime_get_ns();
	spin_lock_irqsave(&port->lock, flags);
	if (port->line_poller == thread)
		port->line_polls.last = now;
	spin_unlock_irqrestore(&port->lock, flags);
}
