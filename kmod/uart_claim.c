// SPDX-License-Identifier: GPL-2.0-only
/*
 * uart_claim: which port has which UART
 *
 * A UART belongs to one port, which may hold it twice while it exchanges one
 * backing for another of the same UART; nothing happens to the line then.  It
 * is let go of with the last, or when it is unplugged: then only the memory
 * stays.
 */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/wait.h>

#include "port.h"
#include "reason.h"
#include "uart_choice.h"
#include "uart_claim.h"

/* A UART that its port does not use is about to go, or stays. */
#define VSERIAL_UART_PATIENCE	(2 * HZ)

static LIST_HEAD(vserial_uarts);
/* Guards vserial_uarts, and who holds which; only one is taken at a time. */
static DEFINE_MUTEX(vserial_uarts_lock);
/* Counts those that left the list, for who waits for one. */
static unsigned int vserial_uarts_left;
static DECLARE_WAIT_QUEUE_HEAD(vserial_uarts_wait);

static struct vserial_uart *vserial_uart_find(unsigned int line)
{
	struct vserial_uart *u;

	list_for_each_entry(u, &vserial_uarts, node)
		if (u->line == line)
			return u;
	return NULL;
}

/**
 * vserial_uart_holding_port() - which port has a UART?
 * @line: N of ttyS<N>
 * @name: filled with the port's name
 * @size: of @name
 *
 * Context: process, may sleep.
 * Return: whether one has it.
 */
bool vserial_uart_holding_port(unsigned int line, char *name, size_t size)
{
	struct vserial_uart *u;

	mutex_lock(&vserial_uarts_lock);
	u = vserial_uart_find(line);
	if (u)
		snprintf(name, size, "port %s/%u",
			 vserial_port_guest_name(u->port), u->port->index);
	mutex_unlock(&vserial_uarts_lock);
	return u;
}

static int vserial_uart_refuse_busy(const char *path, unsigned int line,
				    struct vserial_reason *reason)
{
	struct vserial_uart_info info;
	struct vserial_reason why;

	vserial_uart_describe(line, &info, &why);
	return vserial_refuse(reason, -EBUSY,
			      "'" VSERIAL_VALUE "' is open already: %s has it",
			      path, *info.holder ? info.holder : "the kernel");
}

/*
 * Takes @new for a port, or finds the one that it has.  Call with
 * vserial_uarts_lock.  Return: either, or an ERR_PTR: -EAGAIN if a port is
 * about to let go of it, or -EBUSY if not, with @reason filled.
 */
static struct vserial_uart *vserial_uart_get(struct vserial_uart *new,
					     dev_t dev, const char *path,
					     struct vserial_reason *reason)
{
	struct vserial_uart *u = vserial_uart_find(new->line);
	int err;

	if (u && u->port == new->port && !u->leaving && !READ_ONCE(u->gone)) {
		WRITE_ONCE(u->held, u->held + 1);
		return u;
	}
	if (u) {
		err = vserial_refuse(reason, -EBUSY,
				     "'" VSERIAL_VALUE "' is open already: port %s/%u has it",
				     path, vserial_port_guest_name(u->port),
				     u->port->index);
		/* One that was replaced goes a moment later. */
		if (u->leaving || READ_ONCE(u->gone) ||
		    !rcu_access_pointer(u->b))
			err = -EAGAIN;
		return ERR_PTR(err);
	}

	/* The worker event may be called at once, and waits. */
	mutex_lock(&new->lock);
	err = vserial_uart_tty_take(&new->tty, dev, &new->tap, &new->lines);
	mutex_unlock(&new->lock);
	if (!err) {
		list_add(&new->node, &vserial_uarts);
		return new;
	}
	if (err == -EBUSY)
		vserial_uart_refuse_busy(path, new->line, reason);
	else
		vserial_refuse(reason, err,
			       "'" VSERIAL_VALUE "' cannot be opened: error %d",
			       path, err);
	return ERR_PTR(err);
}

/**
 * vserial_uart_claim() - have a UART, or hold once more the one that a port has
 * @new: has its port and line; it is taken unless the port has it already
 * @dev: its number
 * @path: as a user gave it
 * @reason: says why not
 *
 * One that is about to be let go of is waited for, for a while.
 *
 * Context: process, may sleep.
 * Return: @new, or what the port has, held once more: vserial_uart_unclaim()
 * gives it back; or an ERR_PTR with @reason filled.
 */
struct vserial_uart *vserial_uart_claim(struct vserial_uart *new, dev_t dev,
					const char *path,
					struct vserial_reason *reason)
{
	unsigned long until = jiffies + VSERIAL_UART_PATIENCE;
	struct vserial_uart *u;
	unsigned int left;
	long err;

	for (;;) {
		mutex_lock(&vserial_uarts_lock);
		u = vserial_uart_get(new, dev, path, reason);
		left = vserial_uarts_left;
		mutex_unlock(&vserial_uarts_lock);
		if (u != ERR_PTR(-EAGAIN))
			return u;
		if (!time_before(jiffies, until))
			break;
		err = wait_event_killable_timeout(vserial_uarts_wait,
						  READ_ONCE(vserial_uarts_left) != left,
						  until - jiffies);
		if (err <= 0)
			break;
	}
	return ERR_PTR(-EBUSY);
}

/**
 * vserial_uart_unclaim() - a backing lets go of a UART
 * @u: the UART
 *
 * Context: process, may sleep.
 * Return: whether it was the last: then it is to be given back.
 */
bool vserial_uart_unclaim(struct vserial_uart *u)
{
	bool last;

	mutex_lock(&vserial_uarts_lock);
	WRITE_ONCE(u->held, u->held - 1);
	last = !u->held;
	u->leaving = last;
	mutex_unlock(&vserial_uarts_lock);
	/* If it was not, another may give the UART back from here on. */
	return last;
}

/**
 * vserial_uart_leave() - nobody has a UART any more, and who waits may
 * @u: the UART, which was given back
 *
 * Context: process, may sleep.
 */
void vserial_uart_leave(struct vserial_uart *u)
{
	mutex_lock(&vserial_uarts_lock);
	list_del_init(&u->node);
	WRITE_ONCE(vserial_uarts_left, vserial_uarts_left + 1);
	mutex_unlock(&vserial_uarts_lock);
	wake_up_all(&vserial_uarts_wait);
}
