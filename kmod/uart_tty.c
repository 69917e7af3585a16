// SPDX-License-Identifier: GPL-2.0-only
/*
 * uart_tty: a UART taken inside the kernel
 *
 * Nobody else can open it meanwhile (tty_kopen_exclusive()).  It hears bytes
 * by its line discipline, and changes of its lines by its wait queue: the
 * driver is told to interrupt for them, as TIOCMIWAIT does, because it stops
 * that with CLOCAL, and without CLOCAL a lost carrier hangs the tty up.  It
 * stops with each change of settings, too.
 *
 * Only words of the tty layer are translated here.
 */
#include <linux/err.h>
#include <linux/serial_core.h>
#include <linux/tty.h>
#include <linux/tty_flip.h>
#include <linux/tty_ldisc.h>
#include <linux/wait.h>

#include "line.h"
#include "uart_choice.h"
#include "uart_ldisc.h"
#include "uart_tty.h"

/* What of a guest's c_iflag a UART follows. */
#define VSERIAL_UART_IFLAG	(IXON | IXOFF | IXANY)

/* Has the driver interrupt when a line changes. */
static void vserial_uart_tty_listen(struct tty_struct *tty)
{
	struct uart_state *state = tty->driver_data;
	struct uart_port *uart;
	unsigned long flags;

	mutex_lock(&state->port.mutex);
	uart = state->uart_port;
	if (uart && !(uart->flags & UPF_DEAD) &&
	    tty_port_initialized(&state->port) && uart->ops->enable_ms) {
		uart_port_lock_irqsave(uart, &flags);
		uart->ops->enable_ms(uart);
		uart_port_unlock_irqrestore(uart, flags);
	}
	mutex_unlock(&state->port.mutex);
}

static void vserial_uart_tty_set(struct tty_struct *tty, struct ktermios *k)
{
	tty_set_termios(tty, k);
	vserial_uart_tty_listen(tty);
}

/*
 * Opens the driver with the tty's lock held.  Opening at the speed 0 leaves
 * DTR and RTS alone; so does going on to another as if it had been no 0.
 */
static int vserial_uart_tty_open(struct vserial_uart_tty *u)
{
	struct tty_struct *tty = u->tty;
	unsigned int speed = u->before.c_ospeed == 50 ? 75 : 50;
	int err;

	tty->termios.c_cflag &= ~(CBAUD | CIBAUD);
	tty->termios.c_cflag |= CLOCAL;
	err = tty->ops->open(tty, NULL);
	/* The administrator may open what is not there, to set it up. */
	if (!err && tty_io_error(tty))
		err = -EIO;
	if (err)
		tty->ops->close(tty, NULL);	/* as tty_open() does */
	else
		tty_termios_encode_baud_rate(&tty->termios, speed, speed);
	return err;
}

/**
 * vserial_uart_tty_take() - take a UART
 * @u: filled; NULL is its tty if it cannot be had
 * @dev: its number, from vserial_uart_choose()
 * @tap: hears it; calls come before this returns
 * @lines: is woken when its modem lines change
 *
 * It is raw, with eight bits, at the speed it had.
 *
 * Context: process, may sleep.
 * Return: 0, -EBUSY if somebody has it open, -EIO if no hardware answers, or
 * what else the tty layer finds.
 */
int vserial_uart_tty_take(struct vserial_uart_tty *u, dev_t dev,
			  struct vserial_uart_tap *tap,
			  struct wait_queue_entry *lines)
{
	struct tty_struct *tty = tty_kopen_exclusive(dev);
	struct ktermios k;
	int err;

	u->tty = NULL;
	if (IS_ERR(tty))
		return PTR_ERR(tty);
	u->tty = tty;
	u->before = tty->termios;
	err = vserial_uart_is_8250(tty) ? vserial_uart_tty_open(u) : -ENOTTY;
	tty_unlock(tty);
	if (err)
		goto close;
	err = tty->ops->tiocmget(tty);
	u->lines = err < 0 ? 0 : err & (TIOCM_DTR | TIOCM_RTS);

	k = u->before;
	/* Parity errors and breaks are to be told. */
	k.c_iflag = INPCK | BRKINT | PARMRK;
	k.c_oflag = 0;
	k.c_lflag = 0;
	k.c_cflag &= ~VSERIAL_LINE_CFLAG;
	k.c_cflag |= CS8 | CLOCAL | CREAD;
	if (!(k.c_cflag & CBAUD))
		tty_termios_encode_baud_rate(&k, 9600, 9600);
	tty_set_termios(tty, &k);
	err = vserial_uart_ldisc_attach(tty, tap);
	if (err) {
		vserial_uart_tty_release(u, NULL);
		return err;
	}
	set_bit(TTY_DO_WRITE_WAKEUP, &tty->flags);
	add_wait_queue(&tty->port->delta_msr_wait, lines);
	vserial_uart_tty_listen(tty);
	return 0;

close:
	tty->termios = u->before;
	tty_kclose(tty);
	u->tty = NULL;
	return err;
}

/**
 * vserial_uart_tty_hold() - keep a UART from being unplugged
 * @u: the UART
 *
 * Whoever unplugs it waits, so that it can be used; but the tap hears of it
 * before, and is to see to it that the UART is soon put down.
 *
 * Return: what vserial_uart_tty_put() takes; NULL if it is being unplugged.
 */
struct tty_ldisc *vserial_uart_tty_hold(struct vserial_uart_tty *u)
{
	return tty_ldisc_ref(u->tty);
}

/**
 * vserial_uart_tty_put() - the UART may go again
 * @hold: from vserial_uart_tty_hold()
 */
void vserial_uart_tty_put(struct tty_ldisc *hold)
{
	tty_ldisc_deref(hold);
}

/**
 * vserial_uart_tty_release() - let go of a UART, which is as it was then
 * @u: the UART; what it has not sent is discarded
 * @lines: as given to vserial_uart_tty_take(), NULL if that failed
 *
 * Context: process, may sleep; no call of the tap comes after it.
 */
void vserial_uart_tty_release(struct vserial_uart_tty *u,
			      struct wait_queue_entry *lines)
{
	struct tty_struct *tty = u->tty;

	if (lines)
		remove_wait_queue(&tty->port->delta_msr_wait, lines);
	/* A hang-up that is under way ends first. */
	tty_lock(tty);
	tty_unlock(tty);
	if (!test_bit(TTY_HUPPED, &tty->flags)) {
		tty_driver_flush_buffer(tty);
		start_tty(tty);
		tty_set_termios(tty, &u->before);
		/* Closing drops them else. */
		if (!(u->before.c_cflag & HUPCL))
			tty->ops->tiocmset(tty, u->lines,
					   ~u->lines & (TIOCM_DTR | TIOCM_RTS));
	}
	tty_lock(tty);
	if (!test_bit(TTY_HUPPED, &tty->flags))
		tty->ops->close(tty, NULL);
	/* The tty layer keeps them for the next opener. */
	tty->termios = u->before;
	tty_unlock(tty);
	tty_kclose(tty);
	u->tty = NULL;
}

/* What the UART's settings are to become. */
static struct ktermios vserial_uart_tty_merge(struct vserial_uart_tty *u,
					      const struct ktermios *guest)
{
	struct ktermios k;

	down_read(&u->tty->termios_rwsem);
	k = u->tty->termios;
	up_read(&u->tty->termios_rwsem);
	k.c_cflag &= ~VSERIAL_LINE_CFLAG;
	k.c_cflag |= guest->c_cflag & VSERIAL_LINE_CFLAG;
	k.c_iflag &= ~VSERIAL_UART_IFLAG;
	k.c_iflag |= guest->c_iflag & VSERIAL_UART_IFLAG;
	k.c_cc[VSTART] = guest->c_cc[VSTART];
	k.c_cc[VSTOP] = guest->c_cc[VSTOP];
	/* The speed 0 drops DTR, and that is told by the lines. */
	if (guest->c_cflag & CBAUD)
		tty_termios_encode_baud_rate(&k, guest->c_ospeed,
					     guest->c_ospeed);
	return k;
}

static bool vserial_uart_tty_equal(const struct ktermios *a,
				   const struct ktermios *b)
{
	return a->c_cflag == b->c_cflag && a->c_iflag == b->c_iflag &&
	       a->c_ospeed == b->c_ospeed && a->c_cc[VSTART] == b->c_cc[VSTART] &&
	       a->c_cc[VSTOP] == b->c_cc[VSTOP];
}

/**
 * vserial_uart_tty_differs() - are a guest's settings others than the UART's?
 * @u: the UART
 * @guest: the guest's settings
 *
 * Return: whether vserial_uart_tty_follow() would change something.
 */
bool vserial_uart_tty_differs(struct vserial_uart_tty *u,
			      const struct ktermios *guest)
{
	struct ktermios k = vserial_uart_tty_merge(u, guest);

	return !vserial_uart_tty_equal(&k, &u->tty->termios);
}

/**
 * vserial_uart_tty_follow() - set the line as a guest sets it
 * @u: the UART
 * @guest: the guest's settings
 *
 * What the hardware cannot do stays as near as its driver gets.
 *
 * Context: process, may sleep.
 */
void vserial_uart_tty_follow(struct vserial_uart_tty *u,
			     const struct ktermios *guest)
{
	struct ktermios k = vserial_uart_tty_merge(u, guest);

	vserial_uart_tty_set(u->tty, &k);
	if (!(k.c_iflag & IXON))
		start_tty(u->tty);
}

/**
 * vserial_uart_tty_lines() - what the far end drives
 * @u: the UART
 *
 * Return: TIOCM_CTS, TIOCM_DSR, TIOCM_CAR and TIOCM_RNG.
 */
unsigned int vserial_uart_tty_lines(struct vserial_uart_tty *u)
{
	int lines = u->tty->ops->tiocmget(u->tty);

	if (lines < 0)
		return 0;
	return lines & (TIOCM_CTS | TIOCM_DSR | TIOCM_CAR | TIOCM_RNG);
}

/**
 * vserial_uart_tty_drive() - drive DTR and RTS
 * @u: the UART
 * @lines: TIOCM_DTR and TIOCM_RTS; others are ignored
 *
 * With CRTSCTS, RTS stays down while the UART is throttled.
 */
void vserial_uart_tty_drive(struct vserial_uart_tty *u, unsigned int lines)
{
	unsigned int set = lines & (TIOCM_DTR | TIOCM_RTS);
	unsigned int clear = ~lines & (TIOCM_DTR | TIOCM_RTS);

	if (C_CRTSCTS(u->tty) && tty_throttled(u->tty))
		set &= ~TIOCM_RTS;
	u->tty->ops->tiocmset(u->tty, set, clear);
}

/**
 * vserial_uart_tty_break() - begin or end a break
 * @u: the UART
 * @on: which
 */
void vserial_uart_tty_break(struct vserial_uart_tty *u, bool on)
{
	u->tty->ops->break_ctl(u->tty, on ? -1 : 0);
}

/**
 * vserial_uart_tty_throttle() - ask the far end to wait, as the line is set
 * @u: the UART
 * @on: or to go on
 */
void vserial_uart_tty_throttle(struct vserial_uart_tty *u, bool on)
{
	struct tty_struct *tty = u->tty;

	if (!on) {
		tty_unthrottle(tty);
		return;
	}
	/* tty_throttle() is not for modules. */
	down_write(&tty->termios_rwsem);
	if (!test_and_set_bit(TTY_THROTTLED, &tty->flags))
		tty->ops->throttle(tty);
	up_write(&tty->termios_rwsem);
}

/**
 * vserial_uart_tty_restart() - have what the tap did not take handed out again
 * @u: the UART
 */
void vserial_uart_tty_restart(struct vserial_uart_tty *u)
{
	/* Nothing else sets the flip buffer's worker going. */
	tty_buffer_lock_exclusive(u->tty->port);
	tty_buffer_unlock_exclusive(u->tty->port);
}

/**
 * vserial_uart_tty_unsent() - bytes that are still to be sent
 * @u: the UART
 *
 * Return: bytes, without those in the hardware.
 */
unsigned int vserial_uart_tty_unsent(struct vserial_uart_tty *u)
{
	return tty_chars_in_buffer(u->tty);
}

/**
 * vserial_uart_tty_write() - send bytes
 * @u: the UART
 * @buf: bytes
 * @n: how many
 *
 * Return: how many were taken; if not all, the tap hears when there is room.
 */
size_t vserial_uart_tty_write(struct vserial_uart_tty *u, const u8 *buf,
			      size_t n)
{
	ssize_t r = u->tty->ops->write(u->tty, buf, n);

	return r < 0 ? 0 : r;
}
