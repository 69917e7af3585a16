// SPDX-License-Identifier: GPL-2.0-only
/*
 * uart_ldisc: the line discipline of a UART that a port has
 *
 *   8250 -> flip buffer -> vserial_uart_ldisc_receive() -> tap -> the backing
 *
 * It has nothing to offer to user space, which cannot choose it for a tty.
 * XON and XOFF are obeyed here if the line is set so (IXON), and not passed
 * on; they are heeded even when they wait behind bytes that nobody takes.
 */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/tty.h>
#include <linux/tty_ldisc.h>

#include "compat.h"
#include "uart_ldisc.h"

static int ldisc = N_DEVELOPMENT;
module_param(ldisc, int, 0444);
MODULE_PARM_DESC(ldisc, "number of the line discipline for UARTs (default 29, N_DEVELOPMENT)");

/* Guards what vserial_uart_ldisc_attach() hands to vserial_uart_ldisc_open(). */
static DEFINE_MUTEX(vserial_uart_attach_lock);
static struct tty_struct *vserial_uart_attach_tty;
static struct vserial_uart_tap *vserial_uart_attach_tap;

static int vserial_uart_ldisc_open(struct tty_struct *tty)
{
	if (READ_ONCE(vserial_uart_attach_tty) != tty)
		return -EPERM;
	tty->disc_data = vserial_uart_attach_tap;
	tty->receive_room = 65536;
	return 0;
}

static void vserial_uart_ldisc_close(struct tty_struct *tty)
{
	tty->disc_data = NULL;
}

/* Obeys XON and XOFF.  Return: whether @c was one of them. */
static bool vserial_uart_ldisc_flow(struct tty_struct *tty, u8 c)
{
	if (c == STOP_CHAR(tty) && c) {
		stop_tty(tty);
		return true;
	}
	if (c == START_CHAR(tty) && c) {
		start_tty(tty);
		return true;
	}
	if (I_IXANY(tty) && tty->flow.stopped)
		start_tty(tty);
	return false;
}

/* Looks at bytes that wait behind others. */
static void vserial_uart_ldisc_ahead(struct tty_struct *tty,
				     const vserial_u8 *buf,
				     const vserial_u8 *flags,
				     vserial_ahead_t count)
{
	struct vserial_uart_tap *tap = tty->disc_data;
	size_t i;

	if (!tap)
		return;
	tap->ahead += count;
	for (i = 0; I_IXON(tty) && i < count; i++)
		if (!flags || !flags[i])
			vserial_uart_ldisc_flow(tty, buf[i]);
}

static bool vserial_uart_ldisc_is_flow(struct tty_struct *tty, u8 c)
{
	return c && (c == STOP_CHAR(tty) || c == START_CHAR(tty));
}

static vserial_receive_t
vserial_uart_ldisc_receive(struct tty_struct *tty, const vserial_u8 *buf,
			   const vserial_flag_t *flags, vserial_count_t count)
{
	struct vserial_uart_tap *tap = tty->disc_data;
	const u8 *f = (const u8 *)flags;
	size_t done = 0;

	if (!tap)
		return count;
	while (done < count) {
		size_t n = count - done, took;

		/* Up to the next one, which is left out. */
		if (I_IXON(tty))
			for (n = 0; done + n < count; n++)
				if ((!f || !f[done + n]) &&
				    vserial_uart_ldisc_is_flow(tty, buf[done + n]))
					break;
		took = n ? tap->ops->receive(tap, buf + done,
					     f ? f + done : NULL, n) : 0;
		if (took && I_IXON(tty) && I_IXANY(tty) && !tap->ahead &&
		    tty->flow.stopped)
			start_tty(tty);
		tap->ahead -= min(tap->ahead, took);
		done += took;
		if (took < n)
			break;
		if (done < count) {
			if (tap->ahead)
				tap->ahead--;
			else
				vserial_uart_ldisc_flow(tty, buf[done]);
			done++;
		}
	}
	return done;
}

static void vserial_uart_ldisc_wakeup(struct tty_struct *tty)
{
	struct vserial_uart_tap *tap = tty->disc_data;

	if (tap)
		tap->ops->room(tap);
}

static void vserial_uart_ldisc_hangup(struct tty_struct *tty)
{
	struct vserial_uart_tap *tap = tty->disc_data;

	if (tap)
		tap->ops->hangup(tap);
}

static struct tty_ldisc_ops vserial_uart_ldisc_ops = {
	.owner = THIS_MODULE,
	.name = "vserial",
	.open = vserial_uart_ldisc_open,
	.close = vserial_uart_ldisc_close,
	.receive_buf2 = vserial_uart_ldisc_receive,
	.lookahead_buf = vserial_uart_ldisc_ahead,
	.write_wakeup = vserial_uart_ldisc_wakeup,
	.hangup = vserial_uart_ldisc_hangup,
};

/**
 * vserial_uart_ldisc_attach() - hear what a UART has to say
 * @tty: the UART, taken with tty_kopen_exclusive() and not locked
 * @tap: who hears it, until the tty is closed or hung up
 *
 * Context: process, may sleep; calls come before this returns.
 * Return: 0 or an error of tty_set_ldisc().
 */
int vserial_uart_ldisc_attach(struct tty_struct *tty,
			      struct vserial_uart_tap *tap)
{
	int err;

	mutex_lock(&vserial_uart_attach_lock);
	vserial_uart_attach_tap = tap;
	WRITE_ONCE(vserial_uart_attach_tty, tty);
	err = tty_set_ldisc(tty, ldisc);
	WRITE_ONCE(vserial_uart_attach_tty, NULL);
	mutex_unlock(&vserial_uart_attach_lock);
	return err;
}

/**
 * vserial_uart_ldisc_init() - register the line discipline
 *
 * Return: 0 or a negative errno.
 */
int vserial_uart_ldisc_init(void)
{
	vserial_uart_ldisc_ops.num = ldisc;
	return tty_register_ldisc(&vserial_uart_ldisc_ops);
}

/**
 * vserial_uart_ldisc_exit() - unregister it, when no UART is taken any more
 */
void vserial_uart_ldisc_exit(void)
{
	tty_unregister_ldisc(&vserial_uart_ldisc_ops);
}
