// SPDX-License-Identifier: GPL-2.0-only
/*
 * uart_choice: which UARTs a port may have
 *
 * Those of the motherboard: driven by the kernel's 8250 driver and found on
 * the buses of boards.  What is on USB comes and goes with its plug, and what
 * is no UART at all (pseudo-terminals, our own ports) has no lines to drive.
 * A tty of another driver is told by its number and never opened, because some
 * cannot be opened by a kernel.
 */
#include <linux/console.h>
#include <linux/kdev_t.h>
#include <linux/major.h>
#include <linux/namei.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/serial_8250.h>
#include <linux/serial_core.h>
#include <linux/string.h>
#include <linux/tty.h>
#include <linux/tty_driver.h>

#include "compat.h"
#include "minor.h"
#include "reason.h"
#include "uart_choice.h"

/* The first of the 8250 driver's minors, behind the virtual consoles. */
#define VSERIAL_UART_MINOR	64
/* ttyUSB<N>, which linux/major.h does not have. */
#define VSERIAL_USB_SERIAL_MAJOR	188

/**
 * vserial_uart_lines() - how many numbers UARTs may have
 *
 * Return: N of ttyS<N> is less than this.
 */
unsigned int vserial_uart_lines(void)
{
	return CONFIG_SERIAL_8250_NR_UARTS;
}

/* The bus a UART sits on, if a board has such a bus; on USB it is none. */
static const char *vserial_uart_bus(const struct device *uart)
{
	static const char *const boards[] = { "pnp", "platform", "acpi", "pci" };
	const struct device *dev;
	int i;

	if (!uart || !uart->bus)
		return NULL;
	for (dev = uart; dev; dev = dev->parent)
		if (dev->bus && !strncmp(dev->bus->name, "usb", 3))
			return NULL;
	i = match_string(boards, ARRAY_SIZE(boards), uart->bus->name);
	return i < 0 ? NULL : boards[i];
}

/* Whose the tty is, if somebody has it open; that is told by its session. */
static void vserial_uart_holder(struct tty_port *port, char *holder,
				size_t size)
{
	struct tty_struct *tty = tty_port_tty_get(port);
	struct task_struct *task = NULL;
	char comm[TASK_COMM_LEN];
	unsigned long flags;
	struct pid *pid;

	if (!tty)
		return;
	spin_lock_irqsave(&tty->ctrl.lock, flags);
	pid = get_pid(tty->ctrl.session);
	spin_unlock_irqrestore(&tty->ctrl.lock, flags);
	if (pid)
		task = get_pid_task(pid, PIDTYPE_PID);
	if (task)
		snprintf(holder, size, "%s (process %d)",
			 get_task_comm(comm, task), task_tgid_nr(task));
	else
		strscpy(holder, "a process", size);
	if (task)
		put_task_struct(task);
	put_pid(pid);
	tty_kref_put(tty);
}

/**
 * vserial_uart_describe() - what a UART is, and whether it can be had
 * @line: N of ttyS<N>
 * @info: filled; what is not known is ""
 * @reason: says why a port cannot have it, or is ""
 *
 * Somebody who has it open is told as the holder, which is no reason.
 *
 * Context: process, may sleep.
 * Return: whether there is such a UART.
 */
bool vserial_uart_describe(unsigned int line, struct vserial_uart_info *info,
			   struct vserial_reason *reason)
{
	struct uart_state *state;
	struct uart_port *uart;
	const char *bus, *type = NULL;
	bool found = false;

	memset(info, 0, sizeof(*info));
	vserial_explain(reason, "%s", "");
	snprintf(info->path, sizeof(info->path), "/dev/ttyS%u", line);
	if (line >= vserial_uart_lines())
		return false;
	uart = &serial8250_get_port(line)->port;
	state = READ_ONCE(uart->state);
	if (!state)
		return false;

	/* While this is held its driver does not go, nor the device. */
	mutex_lock(&state->port.mutex);
	if (state->uart_port != uart || uart->flags & UPF_DEAD ||
	    uart->type == PORT_UNKNOWN || !uart->dev)
		goto unlock;
	found = true;
	if (uart->ops->type)
		type = uart->ops->type(uart);
	bus = uart->dev->bus ? uart->dev->bus->name : "no bus";
	snprintf(info->hardware, sizeof(info->hardware),
		 "%s at %s 0x%llx, irq %u, %s %s", type ?: "unknown",
		 uart->iotype == UPIO_PORT ? "port" : "address",
		 uart->iotype == UPIO_PORT ? (u64)uart->iobase :
					     (u64)uart->mapbase,
		 uart->irq, bus, dev_name(uart->dev));
	if (!vserial_uart_bus(uart->dev))
		info->refusal =
			vserial_refuse(reason, -EOPNOTSUPP,
				       "it is on the bus %s; only UARTs of the motherboard can be had, those on pnp, platform, acpi or pci",
				       bus);
	else if (uart_console(uart) &&
		 READ_ONCE(uart->cons->flags) & CON_ENABLED)
		info->refusal = vserial_refuse(reason, -EBUSY,
					       "it is the kernel's console");
unlock:
	mutex_unlock(&state->port.mutex);
	if (found)
		vserial_uart_holder(&state->port, info->holder,
				    sizeof(info->holder));
	return found;
}

/* What a tty of another driver is, for a sentence. */
static const char *vserial_uart_other(dev_t dev)
{
	switch (MAJOR(dev)) {
	case TTY_MAJOR:
		return "a virtual console";
	case TTYAUX_MAJOR:
		return "no tty of its own but a name for another";
	case PTY_MASTER_MAJOR:
	case PTY_SLAVE_MAJOR:
	case UNIX98_PTY_MASTER_MAJOR ... UNIX98_PTY_SLAVE_MAJOR +
					 UNIX98_PTY_MAJOR_COUNT - 1:
		return "a pseudo-terminal";
	case USB_ACM_MAJOR:
	case VSERIAL_USB_SERIAL_MAJOR:
		return "a USB adapter";
	}
	if (MAJOR(dev) == vserial_minor_driver()->major)
		return "a port of vserial";
	return "not driven by 8250";
}

/**
 * vserial_uart_choose() - find the UART that a path names
 * @path: as a user gave it; links are followed with the caller's rights
 * @dev: filled with its number
 * @line: filled with N of ttyS<N>
 * @reason: says why not
 *
 * Context: process, in the configuring task; may sleep for as long as the file
 * system likes.
 * Return: 0, or with @reason filled an error of kern_path(), -ENOTTY if this
 * is no UART, -ENODEV if there is no hardware, -EBUSY if it is the console,
 * -EOPNOTSUPP if it is not the motherboard's.
 */
int vserial_uart_choose(const char *path, dev_t *dev, unsigned int *line,
			struct vserial_reason *reason)
{
	struct vserial_uart_info info;
	struct vserial_reason why;
	struct path where;
	struct inode *inode;
	bool is_device;
	int err;

	err = kern_path(path, LOOKUP_FOLLOW, &where);
	if (err)
		return vserial_refuse(reason, err,
				      "'" VSERIAL_VALUE "' cannot be found: error %d",
				      path, err);
	inode = d_backing_inode(where.dentry);
	is_device = S_ISCHR(inode->i_mode);
	*dev = inode->i_rdev;
	path_put(&where);
	if (!is_device)
		return vserial_refuse(reason, -ENOTTY,
				      "'" VSERIAL_VALUE "' is not a character device",
				      path);
	if (MAJOR(*dev) != TTY_MAJOR || MINOR(*dev) < VSERIAL_UART_MINOR)
		return vserial_refuse(reason, -ENOTTY,
				      "'" VSERIAL_VALUE "' is %s; only UARTs of the motherboard, /dev/ttyS<N>, can be had",
				      path, vserial_uart_other(*dev));
	*line = MINOR(*dev) - VSERIAL_UART_MINOR;
	if (!vserial_uart_describe(*line, &info, &why))
		return vserial_refuse(reason, -ENODEV,
				      "'" VSERIAL_VALUE "' has no hardware",
				      path);
	if (!info.refusal)
		return 0;
	return vserial_refuse(reason, info.refusal,
			      "'" VSERIAL_VALUE "' cannot be had: %s", path,
			      why.text);
}

/**
 * vserial_uart_is_8250() - is a tty one of those described here?
 * @tty: the tty
 *
 * Return: whether its driver_data is a struct uart_state.
 */
bool vserial_uart_is_8250(const struct tty_struct *tty)
{
	return tty->driver->major == TTY_MAJOR &&
	       tty->driver->minor_start == VSERIAL_UART_MINOR &&
	       !strcmp(tty->driver->driver_name, "serial");
}
