// SPDX-License-Identifier: GPL-2.0-only
/*
 * uart: a UART of the motherboard
 *
 *   port --backing--> vserial_uart_end --uart--> vserial_uart = tty_struct
 *                     vserial_uart_end --uart----^     |
 *                           ^---------- b -------------+
 *
 * Which port has which UART is in uart_claim.c.
 *
 * The line discipline and the 8250 driver call from anywhere and with locks
 * held, so what they tell is done by two workers: tx sends bytes, breaks and
 * lines in their order and sets the line, and may take as long as these do;
 * event brings in what comes, and lets go of what was unplugged.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/tty.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "backing.h"
#include "host.h"
#include "port.h"
#include "reason.h"
#include "spec.h"
#include "stream.h"
#include "uart_choice.h"
#include "uart_claim.h"
#include "uart_ldisc.h"
#include "uart_tty.h"

/* Guests pass other settings on their way to those they want (LCR). */
#define VSERIAL_UART_SETTLE	msecs_to_jiffies(20)
/* Bytes that the driver holds; what is there is acknowledged. */
#define VSERIAL_UART_QUEUE	1024
/* A line that sends nothing for this long does not send at all. */
#define VSERIAL_UART_STUCK	HZ
/* A break whose length is not known, and the longest, in ms. */
#define VSERIAL_UART_BREAK	250
#define VSERIAL_UART_BREAK_MAX	5000

/* The backing: one hold on a UART. */
struct vserial_uart_end {
	struct vserial_backing b;
	struct vserial_uart *uart;
};

static struct vserial_uart *to_uart(struct vserial_backing *b)
{
	return container_of(b, struct vserial_uart_end, b)->uart;
}

/* what the line says, in any context */

static void vserial_uart_event(struct vserial_uart *u)
{
	queue_work(vserial_wq, &u->event);
}

static int vserial_uart_lines_changed(struct wait_queue_entry *entry,
				      unsigned int mode, int flags, void *key)
{
	vserial_uart_event(container_of(entry, struct vserial_uart, lines));
	return 0;
}

static void vserial_uart_hung_up(struct vserial_uart_tap *tap)
{
	struct vserial_uart *u = container_of(tap, struct vserial_uart, tap);

	WRITE_ONCE(u->gone, true);
	vserial_uart_event(u);
}

static void vserial_uart_room(struct vserial_uart_tap *tap)
{
	struct vserial_uart *u = container_of(tap, struct vserial_uart, tap);

	queue_delayed_work(vserial_wq, &u->tx, 0);
}

/* Bytes without errors.  Return: how many were taken. */
static size_t vserial_uart_give(struct vserial_uart *u,
				struct vserial_backing *b, const u8 *buf,
				size_t n)
{
	unsigned int rooms = READ_ONCE(u->rooms);
	unsigned long flags;
	size_t took;

	took = vserial_input_write(b, buf, n);
	if (took == n)
		return took;
	spin_lock_irqsave(&u->rx_lock, flags);
	/* Else there is room already, and vserial_uart_rx_room() said so. */
	if (u->rooms == rooms)
		u->blocked = true;
	spin_unlock_irqrestore(&u->rx_lock, flags);
	vserial_uart_event(u);
	return took;
}

static void vserial_uart_mark(struct vserial_backing *b, u8 flag, u8 byte)
{
	if (flag == TTY_BREAK)
		vserial_input_break(b, 0);
	else
		vserial_input_error(b, flag, byte);
}

static size_t vserial_uart_receive(struct vserial_uart_tap *tap, const u8 *buf,
				   const u8 *flags, size_t n)
{
	struct vserial_uart *u = container_of(tap, struct vserial_uart, tap);
	struct vserial_backing *b;
	size_t done = 0;

	rcu_read_lock();
	b = rcu_dereference(u->b);
	if (!b) {
		/* The cable is pulled; or it is but handed on. */
		done = READ_ONCE(u->held) > 1 ? 0 : n;
		n = 0;
	}
	while (done < n) {
		size_t run = n - done, took;

		if (flags)
			for (run = 0; done + run < n; run++)
				if (flags[done + run] != TTY_NORMAL)
					break;
		took = run ? vserial_uart_give(u, b, buf + done, run) : 0;
		done += took;
		if (took < run)
			break;
		if (done < n) {
			vserial_uart_mark(b, flags[done], buf[done]);
			done++;
		}
	}
	rcu_read_unlock();
	return done;
}

static const struct vserial_uart_tap_ops vserial_uart_tap_ops = {
	.receive = vserial_uart_receive,
	.room = vserial_uart_room,
	.hangup = vserial_uart_hung_up,
};

/* output, in the worker tx */

/* Is the worker to go on for this backing? */
static bool vserial_uart_goes_on(struct vserial_uart *u,
				 struct vserial_backing *b)
{
	return !READ_ONCE(u->gone) && rcu_access_pointer(u->b) == b;
}

/* Waits until all is sent, as long as something is. */
static void vserial_uart_drain(struct vserial_uart *u,
			       struct vserial_backing *b)
{
	unsigned int left, before = UINT_MAX;
	unsigned long since = jiffies;
	struct tty_struct *tty = u->tty.tty;

	for (; vserial_uart_goes_on(u, b); msleep(10)) {
		left = vserial_uart_tty_unsent(&u->tty);
		if (!left)
			break;
		if (left < before) {
			before = left;
			since = jiffies;
		} else if (time_after(jiffies, since + VSERIAL_UART_STUCK)) {
			return;
		}
	}
	/* And what the hardware has. */
	if (vserial_uart_goes_on(u, b) && tty->ops->wait_until_sent)
		tty->ops->wait_until_sent(tty, VSERIAL_UART_STUCK);
}

static void vserial_uart_send_break(struct vserial_uart *u,
				    struct vserial_backing *b, u32 ms)
{
	unsigned long end;

	ms = min_t(u32, ms ?: VSERIAL_UART_BREAK, VSERIAL_UART_BREAK_MAX);
	vserial_uart_drain(u, b);
	vserial_uart_tty_break(&u->tty, true);
	end = jiffies + msecs_to_jiffies(ms);
	while (time_before(jiffies, end) && vserial_uart_goes_on(u, b))
		msleep(min_t(unsigned int, jiffies_to_msecs(end - jiffies),
			     20));
	vserial_uart_tty_break(&u->tty, false);
}

static void vserial_uart_pump(struct vserial_uart *u,
			      struct vserial_backing *b)
{
	struct vserial_marker m;
	u8 buf[256];

	while (vserial_uart_goes_on(u, b) && !READ_ONCE(u->unsettled)) {
		unsigned int unsent = vserial_uart_tty_unsent(&u->tty);
		size_t n, sent;
		u64 offset;

		if (unsent >= VSERIAL_UART_QUEUE)
			break;	/* vserial_uart_room() goes on */
		n = vserial_output_take(b, buf,
					min_t(size_t, sizeof(buf),
					      VSERIAL_UART_QUEUE - unsent),
					&offset);
		if (n) {
			sent = vserial_uart_tty_write(&u->tty, buf, n);
			vserial_output_ack(b, offset + sent);
			if (sent < n) {
				vserial_output_rewind(b);
				break;
			}
		} else if (!vserial_output_take_marker(b, &m)) {
			break;
		} else if (m.type == VSERIAL_MARKER_LINES) {
			vserial_uart_tty_drive(&u->tty, m.arg);
		} else if (m.type == VSERIAL_MARKER_BREAK) {
			vserial_uart_send_break(u, b, m.arg);
		}
	}
}

/* The guest's settings are stable: what it wrote before goes by the old ones. */
static void vserial_uart_settle(struct vserial_uart *u,
				struct vserial_backing *b)
{
	struct ktermios k;

	if (!vserial_output_termios(b, &k) ||
	    !vserial_uart_tty_differs(&u->tty, &k))
		return;
	vserial_uart_drain(u, b);
	if (!vserial_uart_goes_on(u, b))
		return;
	vserial_uart_tty_follow(&u->tty, &k);
	/* A line may have changed while nobody listened. */
	vserial_uart_event(u);
}

/* Call while the UART is held. */
static void vserial_uart_send(struct vserial_uart *u)
{
	/* Stopping waits for this worker. */
	struct vserial_backing *b = rcu_access_pointer(u->b);

	if (xchg(&u->drive, false))
		vserial_uart_tty_drive(&u->tty,
				       b ? vserial_output_lines_told(b) : 0);
	if (!b)
		return;
	if (READ_ONCE(u->unsettled)) {
		unsigned long at = READ_ONCE(u->settle_at);

		if (time_before(jiffies, at)) {
			queue_delayed_work(vserial_wq, &u->tx, at - jiffies);
			return;
		}
		WRITE_ONCE(u->unsettled, false);
		vserial_uart_settle(u, b);
	}
	vserial_uart_pump(u, b);
}

static void vserial_uart_tx_work(struct work_struct *work)
{
	struct vserial_uart *u = container_of(to_delayed_work(work),
					      struct vserial_uart, tx);
	struct tty_ldisc *hold;

	if (READ_ONCE(u->gone) || !READ_ONCE(u->tty.tty))
		return;
	hold = vserial_uart_tty_hold(&u->tty);
	if (!hold)
		return;
	vserial_uart_send(u);
	vserial_uart_tty_put(hold);
}

/* input, in the worker event */

/* Gives the UART back.  Call with its lock.  Return: whether it was there. */
static bool vserial_uart_let_go(struct vserial_uart *u)
{
	if (!u->tty.tty)
		return false;
	WRITE_ONCE(u->gone, true);
	cancel_delayed_work_sync(&u->tx);
	vserial_uart_tty_release(&u->tty, &u->lines);
	return true;
}

static void vserial_uart_report_gone(struct vserial_uart *u,
				     struct vserial_backing *b)
{
	vserial_backing_lines(b, 0);
	vserial_backing_report(b, VSERIAL_STATE_UNRECOVERABLE_ERROR,
			       "the UART /dev/ttyS%u was unplugged, or its driver let go of it; set the backing again when it is back",
			       u->line);
}

/* Does what the line said.  Return: whether it was unplugged. */
static bool vserial_uart_heed(struct vserial_uart *u)
{
	struct vserial_backing *b;
	struct tty_ldisc *hold;
	bool blocked, again;
	unsigned int lines;
	unsigned long flags;

	if (!u->tty.tty || READ_ONCE(u->gone))
		return vserial_uart_let_go(u);
	hold = vserial_uart_tty_hold(&u->tty);
	if (!hold)
		return false;	/* it is called again when it has gone */

	spin_lock_irqsave(&u->rx_lock, flags);
	blocked = u->blocked;
	again = u->again;
	u->again = false;
	spin_unlock_irqrestore(&u->rx_lock, flags);
	if (again)
		vserial_uart_tty_restart(&u->tty);
	vserial_uart_tty_throttle(&u->tty, blocked);

	lines = vserial_uart_tty_lines(&u->tty);
	vserial_uart_tty_put(hold);
	rcu_read_lock();
	b = rcu_dereference(u->b);
	if (b)
		vserial_backing_lines(b, lines);
	rcu_read_unlock();
	return false;
}

static void vserial_uart_event_work(struct work_struct *work)
{
	struct vserial_uart *u = container_of(work, struct vserial_uart, event);
	struct vserial_backing *b;
	bool gone;

	mutex_lock(&u->lock);
	gone = vserial_uart_heed(u);
	mutex_unlock(&u->lock);
	if (!gone)
		return;
	vserial_uart_leave(u);
	rcu_read_lock();
	b = rcu_dereference(u->b);
	if (b)
		vserial_uart_report_gone(u, b);
	rcu_read_unlock();
}

/* Has what waits in the flip buffer handed out again. */
static void vserial_uart_go_on(struct vserial_uart *u)
{
	unsigned long flags;

	spin_lock_irqsave(&u->rx_lock, flags);
	WRITE_ONCE(u->rooms, u->rooms + 1);
	u->blocked = false;
	u->again = true;
	spin_unlock_irqrestore(&u->rx_lock, flags);
	vserial_uart_event(u);
}

/* the backing's operations */

static struct vserial_uart *vserial_uart_alloc(struct vserial_port *port,
					       unsigned int line)
{
	struct vserial_uart *u = kzalloc(sizeof(*u), GFP_KERNEL);

	if (!u)
		return NULL;
	INIT_LIST_HEAD(&u->node);
	u->port = port;
	u->held = 1;
	u->line = line;
	u->tap.ops = &vserial_uart_tap_ops;
	init_waitqueue_func_entry(&u->lines, vserial_uart_lines_changed);
	INIT_WORK(&u->event, vserial_uart_event_work);
	INIT_DELAYED_WORK(&u->tx, vserial_uart_tx_work);
	mutex_init(&u->lock);
	spin_lock_init(&u->rx_lock);
	return u;
}

static void vserial_uart_free(struct vserial_uart *u)
{
	cancel_work_sync(&u->event);
	cancel_delayed_work_sync(&u->tx);
	kfree(u);
}

static int vserial_uart_open(struct vserial_backing *b,
			     struct vserial_reason *reason)
{
	const char *path = b->spec->path;
	struct vserial_uart *u, *new;
	unsigned int line;
	dev_t dev;
	int err;

	err = vserial_uart_choose(path, &dev, &line, reason);
	if (err)
		return err;
	new = vserial_uart_alloc(b->port, line);
	if (!new)
		return vserial_refuse(reason, -ENOMEM, "out of memory");

	u = vserial_uart_claim(new, dev, path, reason);
	if (u != new)
		vserial_uart_free(new);
	if (IS_ERR(u))
		return PTR_ERR(u);
	container_of(b, struct vserial_uart_end, b)->uart = u;
	return 0;
}

static void vserial_uart_close(struct vserial_backing *b)
{
	struct vserial_uart *u = to_uart(b);
	struct tty_ldisc *hold;
	bool gone;

	if (!vserial_uart_unclaim(u))
		return;

	mutex_lock(&u->lock);
	hold = u->tty.tty ? vserial_uart_tty_hold(&u->tty) : NULL;
	if (hold) {
		vserial_uart_drain(u, NULL);
		vserial_uart_tty_put(hold);
	}
	gone = vserial_uart_let_go(u);
	mutex_unlock(&u->lock);
	if (gone)
		vserial_uart_leave(u);
	vserial_uart_free(u);
}

/*
 * Starting and stopping hold locks of the guest's tty, which are of the same
 * kinds as the UART's: only workers touch that.
 */
static void vserial_uart_start(struct vserial_backing *b)
{
	struct vserial_uart *u = to_uart(b);

	WRITE_ONCE(u->settle_at, jiffies);
	WRITE_ONCE(u->unsettled, true);
	rcu_assign_pointer(u->b, b);
	WRITE_ONCE(u->drive, true);
	if (!READ_ONCE(u->gone))
		vserial_backing_connected(b);
	/* It may have gone meanwhile, unless the worker has yet to say so. */
	if (READ_ONCE(u->gone))
		vserial_uart_report_gone(u, b);
	queue_delayed_work(vserial_wq, &u->tx, 0);
	vserial_uart_go_on(u);
}

static void vserial_uart_stop(struct vserial_backing *b)
{
	struct vserial_uart *u = to_uart(b);

	RCU_INIT_POINTER(u->b, NULL);
	/* It notices soon, whatever it waits for. */
	cancel_delayed_work_sync(&u->tx);
	/* The cable is pulled, if it is not but handed on. */
	if (READ_ONCE(u->held) == 1) {
		WRITE_ONCE(u->drive, true);
		queue_delayed_work(vserial_wq, &u->tx, 0);
	}
	vserial_uart_go_on(u);
}

static void vserial_uart_tx(struct vserial_backing *b)
{
	queue_delayed_work(vserial_wq, &to_uart(b)->tx, 0);
}

static void vserial_uart_rx_room(struct vserial_backing *b)
{
	vserial_uart_go_on(to_uart(b));
}

static void vserial_uart_termios(struct vserial_backing *b)
{
	struct vserial_uart *u = to_uart(b);

	WRITE_ONCE(u->settle_at, jiffies + VSERIAL_UART_SETTLE);
	WRITE_ONCE(u->unsettled, true);
	mod_delayed_work(vserial_wq, &u->tx, VSERIAL_UART_SETTLE);
}

const struct vserial_backing_ops vserial_backing_uart = {
	.size = sizeof(struct vserial_uart_end),
	.has_lines = true,
	.never_stalls = true,
	.exclusive = true,
	.open = vserial_uart_open,
	.close = vserial_uart_close,
	.start = vserial_uart_start,
	.stop = vserial_uart_stop,
	.tx = vserial_uart_tx,
	.rx_room = vserial_uart_rx_room,
	.termios = vserial_uart_termios,
};
