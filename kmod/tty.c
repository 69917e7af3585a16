// SPDX-License-Identifier: GPL-2.0-only
/*
 * tty: the driver of /dev/ttyVS*, what a virtual machine monitor opens
 *
 * Only words of the tty layer are translated here; what they mean for a port
 * is in output.c, input.c and port.c.  Documentation/architecture.md lists
 * what VMMs expect of the tty.
 *
 * A tty finds its port by minor when it is installed, and holds the tty_port
 * until it is cleaned up: for a process that keeps a hung up tty open, long
 * after the port was removed.
 */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/serial.h>
#include <linux/tty.h>
#include <linux/tty_driver.h>
#include <linux/tty_flip.h>

#include "compat.h"
#include "input.h"
#include "minor.h"
#include "output.h"
#include "port.h"
#include "tty.h"
#include "yield.h"

/* Lines that a guest may drive. */
#define VSERIAL_MCR	(TIOCM_DTR | TIOCM_RTS | TIOCM_OUT1 | TIOCM_OUT2 | \
			 TIOCM_LOOP)

static unsigned int max_ports = 4096;
module_param(max_ports, uint, 0444);
MODULE_PARM_DESC(max_ports, "ports the host may have, 1 to 32768 (default 4096)");

static struct tty_driver *vserial_tty_driver;

static int vserial_tty_install(struct tty_driver *driver,
			       struct tty_struct *tty)
{
	struct vserial_port *port;
	int err;

	port = vserial_port_by_minor(tty->index);
	if (!port)
		return -ENODEV;

	err = tty_port_install(&port->tty, driver, tty);
	if (err) {
		tty_port_put(&port->tty);
		return err;
	}
	tty->driver_data = port;
	spin_lock_irq(&port->lock);
	tty->winsize = port->winsize;
	spin_unlock_irq(&port->lock);
	return 0;
}

static void vserial_tty_cleanup(struct tty_struct *tty)
{
	struct vserial_port *port = tty->driver_data;

	tty->driver_data = NULL;
	tty_port_put(&port->tty);
}

static int vserial_tty_open(struct tty_struct *tty, struct file *file)
{
	struct vserial_port *port = tty->driver_data;
	int err = vserial_port_may_open(port);

	if (err) {
		/* The tty layer closes whom it could not open, and counts. */
		spin_lock_irq(&port->tty.lock);
		port->tty.count++;
		spin_unlock_irq(&port->tty.lock);
		return err;
	}
	err = tty_port_open(&port->tty, tty, file);
	/*
	 * Removal either finds the tty in the port, which tty_port_open() put
	 * there, and hangs it up; or it was before us and we see it here.  The
	 * tty layer calls close after an open that failed.
	 */
	smp_mb();
	if (!err && READ_ONCE(port->dead))
		err = -ENODEV;
	if (!err)
		vserial_output_set_termios(port, &tty->termios);
	return err;
}

static void vserial_tty_close(struct tty_struct *tty, struct file *file)
{
	struct vserial_port *port = tty->driver_data;

	tty_port_close(&port->tty, tty, file);
	vserial_input_pump(port);
}

static void vserial_tty_hangup(struct tty_struct *tty)
{
	struct vserial_port *port = tty->driver_data;

	tty_port_hangup(&port->tty);
}

static vserial_write_t vserial_tty_write(struct tty_struct *tty,
					 const vserial_u8 *buf,
					 vserial_count_t count)
{
	/* As pty_write(): stopped by ^S or TCOOFF, tty_wakeup() goes on. */
	if (tty->flow.stopped)
		return 0;
	vserial_yield_news(tty->driver_data);
	return vserial_output_write(tty->driver_data, buf, count);
}

static unsigned int vserial_tty_write_room(struct tty_struct *tty)
{
	if (tty->flow.stopped)
		return 0;
	return vserial_output_room(tty->driver_data);
}

static unsigned int vserial_tty_chars_in_buffer(struct tty_struct *tty)
{
	return vserial_output_unsent(tty->driver_data);
}

static void vserial_tty_flush_buffer(struct tty_struct *tty)
{
	/* A hang-up flushes too, but what was written before it stays. */
	if (!test_bit(TTY_HUPPING, &tty->flags))
		vserial_output_flush(tty->driver_data);
}

static void vserial_tty_unthrottle(struct tty_struct *tty)
{
	vserial_input_pump(tty->driver_data);
}

static int vserial_tty_tiocmget(struct tty_struct *tty)
{
	struct vserial_port *port = tty->driver_data;

	vserial_yield_poll_lines(port);
	return READ_ONCE(port->mcr) | READ_ONCE(port->msr);
}

static int vserial_tty_tiocmset(struct tty_struct *tty, unsigned int set,
				unsigned int clear)
{
	vserial_output_lines(tty->driver_data, set & VSERIAL_MCR, clear);
	vserial_yield_news(tty->driver_data);
	return 0;
}

static int vserial_tty_break_ctl(struct tty_struct *tty, int state)
{
	/* -1: on, 0: off, else for so many ms (TTY_DRIVER_HARDWARE_BREAK). */
	if (state)
		vserial_output_break(tty->driver_data, max(state, 0));
	return 0;
}

static void vserial_tty_set_termios(struct tty_struct *tty,
				    const struct ktermios *old)
{
	vserial_output_set_termios(tty->driver_data, &tty->termios);
	/* B0 hangs up the line (POSIX), any other speed asserts it again. */
	if ((old->c_cflag & CBAUD) && !C_BAUD(tty))
		vserial_output_lines(tty->driver_data, 0,
				     TIOCM_DTR | TIOCM_RTS);
	else if (!(old->c_cflag & CBAUD) && C_BAUD(tty))
		vserial_output_lines(tty->driver_data, TIOCM_DTR | TIOCM_RTS,
				     0);
}

static int vserial_tty_get_icount(struct tty_struct *tty,
				  struct serial_icounter_struct *ic)
{
	struct vserial_port *port = tty->driver_data;
	struct vserial_port_status st;

	vserial_port_status(port, &st);
	ic->cts = st.icount.cts;
	ic->dsr = st.icount.dsr;
	ic->rng = st.icount.rng;
	ic->dcd = st.icount.dcd;
	ic->frame = st.icount.frame;
	ic->parity = st.icount.parity;
	ic->overrun = st.icount.overrun;
	ic->brk = st.icount.brk;
	ic->rx = st.rx_bytes;
	ic->tx = st.tx_bytes;
	return 0;
}

static int vserial_tty_get_serial(struct tty_struct *tty,
				  struct serial_struct *ss)
{
	struct vserial_port *port = tty->driver_data;

	ss->type = PORT_16550A;
	ss->line = port->minor;
	ss->flags = port->tty.flags;
	ss->xmit_fifo_size = 16;
	ss->baud_base = 115200;
	ss->close_delay = jiffies_to_msecs(port->tty.close_delay) / 10;
	ss->closing_wait = port->tty.closing_wait;
	return 0;
}

static bool vserial_tty_lines_changed(struct vserial_port *port,
				      const struct async_icount *was,
				      unsigned long lines)
{
	struct async_icount now;
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	now = port->icount;
	spin_unlock_irqrestore(&port->lock, flags);
	return (lines & TIOCM_RNG && now.rng != was->rng) ||
	       (lines & TIOCM_DSR && now.dsr != was->dsr) ||
	       (lines & TIOCM_CAR && now.dcd != was->dcd) ||
	       (lines & TIOCM_CTS && now.cts != was->cts);
}

/* TIOCMIWAIT (ioctl_tty(2)); ends with -EIO when the tty is hung up. */
static int vserial_tty_wait_lines(struct vserial_port *port,
				  unsigned long lines)
{
	struct async_icount was;
	unsigned long flags;
	int err;

	spin_lock_irqsave(&port->lock, flags);
	was = port->icount;
	spin_unlock_irqrestore(&port->lock, flags);

	err = wait_event_interruptible(port->tty.delta_msr_wait,
				       !tty_port_initialized(&port->tty) ||
				       vserial_tty_lines_changed(port, &was,
								 lines));
	if (err)
		return err;
	return tty_port_initialized(&port->tty) ? 0 : -EIO;
}

static int vserial_tty_ioctl(struct tty_struct *tty, unsigned int cmd,
			     unsigned long arg)
{
	if (cmd == TIOCMIWAIT)
		return vserial_tty_wait_lines(tty->driver_data, arg);
	return -ENOIOCTLCMD;
}

static int vserial_tty_resize(struct tty_struct *tty, struct winsize *ws)
{
	struct vserial_port *port = tty->driver_data;

	vserial_port_keep_size(port, ws);
	return tty_do_resize(tty, ws);
}

static const struct tty_operations vserial_tty_ops = {
	.install = vserial_tty_install,
	.cleanup = vserial_tty_cleanup,
	.open = vserial_tty_open,
	.close = vserial_tty_close,
	.hangup = vserial_tty_hangup,
	.write = vserial_tty_write,
	.write_room = vserial_tty_write_room,
	.chars_in_buffer = vserial_tty_chars_in_buffer,
	.flush_buffer = vserial_tty_flush_buffer,
	.unthrottle = vserial_tty_unthrottle,
	.tiocmget = vserial_tty_tiocmget,
	.tiocmset = vserial_tty_tiocmset,
	.break_ctl = vserial_tty_break_ctl,
	.set_termios = vserial_tty_set_termios,
	.get_icount = vserial_tty_get_icount,
	.get_serial = vserial_tty_get_serial,
	.ioctl = vserial_tty_ioctl,
	.resize = vserial_tty_resize,
};

/**
 * vserial_tty_init() - register the driver
 *
 * Return: 0 or a negative errno.
 */
int vserial_tty_init(void)
{
	struct tty_driver *driver;
	int err;

	if (!max_ports || max_ports > 32768) {
		pr_err("vserial: max_ports=%u is out of range, 1 to 32768 are possible\n",
		       max_ports);
		return -EINVAL;
	}
	driver = tty_alloc_driver(max_ports, TTY_DRIVER_REAL_RAW |
				  TTY_DRIVER_DYNAMIC_DEV |
				  TTY_DRIVER_RESET_TERMIOS |
				  TTY_DRIVER_HARDWARE_BREAK);
	if (IS_ERR(driver))
		return PTR_ERR(driver);
	driver->driver_name = "vserial";
	driver->name = "ttyVS";
	driver->type = TTY_DRIVER_TYPE_SERIAL;
	driver->subtype = SERIAL_TYPE_NORMAL;
	driver->init_termios = tty_std_termios;
	driver->init_termios.c_iflag = 0;
	driver->init_termios.c_oflag = 0;
	driver->init_termios.c_lflag = 0;
	driver->init_termios.c_cflag = B115200 | CS8 | CREAD | CLOCAL | HUPCL;
	driver->init_termios.c_ispeed = 115200;
	driver->init_termios.c_ospeed = 115200;
	tty_set_operations(driver, &vserial_tty_ops);
	vserial_input_init();

	err = tty_register_driver(driver);
	if (err) {
		tty_driver_kref_put(driver);
		return err;
	}
	vserial_tty_driver = driver;
	vserial_minor_init(driver);
	return 0;
}

/**
 * vserial_tty_exit() - unregister the driver, when no port is left
 */
void vserial_tty_exit(void)
{
	tty_unregister_driver(vserial_tty_driver);
	tty_driver_kref_put(vserial_tty_driver);
	vserial_minor_exit();
}
