// SPDX-License-Identifier: GPL-2.0-only
/*
 * fakeuart: a 16550A in software, whose far end is a test
 *
 * The kernel's own 8250 driver drives it, as a UART of the platform bus without
 * an interrupt.  /dev/fakeuart is the line:
 *
 *   write(2)  pairs of bytes: one that comes in, and UART_LSR_OE, _PE, _FE and
 *             _BI with it; waits for room
 *   read(2)   bytes that went out; waits for some
 *
 * Parameters: "line", N of ttyS<N>; "lines", the upper half of MSR, which the
 * far end drives; "mcr", as it was written.  While RTS is down the far end sends
 * nothing.
 */
#include <linux/bits.h>
#include <linux/err.h>
#include <linux/kfifo.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/serial_8250.h>
#include <linux/serial_reg.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

/* Bytes that the receiver holds. */
#define FAKE_FIFO	16
/* Far beyond any memory; nothing is there, and nothing is read. */
#define FAKE_ADDRESS	BIT_ULL(40)

struct fake_byte {
	u8 byte;
	u8 lsr;
};

static struct platform_device *fake_device;
static u8 fake_nowhere[8];
static DECLARE_WAIT_QUEUE_HEAD(fake_wait);
static DEFINE_SPINLOCK(fake_lock);	/* guards what follows */
static DEFINE_KFIFO(fake_line, struct fake_byte, 4096);
static DEFINE_KFIFO(fake_rx, struct fake_byte, FAKE_FIFO);
static DEFINE_KFIFO(fake_tx, u8, 65536);
static u8 fake_ier, fake_lcr, fake_mcr, fake_scr, fake_dll, fake_dlm;
static u8 fake_msr, fake_delta;
static bool fake_thre;

static int line = -1;
module_param(line, int, 0444);

/* The far end sends what the receiver has room for. */
static void fake_receive(void)
{
	struct fake_byte b;

	if (!(fake_mcr & UART_MCR_RTS))
		return;
	while (!kfifo_is_full(&fake_rx) && kfifo_get(&fake_line, &b))
		kfifo_put(&fake_rx, b);
}

static u8 fake_read_rbr(void)
{
	struct fake_byte b;

	if (!kfifo_get(&fake_rx, &b))
		return 0;
	wake_up_interruptible(&fake_wait);
	return b.byte;
}

static u8 fake_read_lsr(void)
{
	struct fake_byte b;
	u8 lsr = 0;

	fake_receive();
	if (kfifo_peek(&fake_rx, &b))
		lsr = UART_LSR_DR | b.lsr;
	if (kfifo_avail(&fake_tx) >= FAKE_FIFO)
		lsr |= UART_LSR_THRE | UART_LSR_TEMT;
	return lsr;
}

static u8 fake_read_iir(void)
{
	fake_receive();
	if (fake_ier & UART_IER_RDI && !kfifo_is_empty(&fake_rx))
		return UART_IIR_RDI;
	if (fake_ier & UART_IER_THRI && fake_thre &&
	    kfifo_avail(&fake_tx) >= FAKE_FIFO)
		return UART_IIR_THRI;
	if (fake_ier & UART_IER_MSI && fake_delta)
		return UART_IIR_MSI;
	return UART_IIR_NO_INT;
}

static u8 fake_read_msr(void)
{
	u8 msr = fake_msr | fake_delta;

	fake_delta = 0;
	return msr;
}

static unsigned int fake_in(struct uart_port *port, int offset)
{
	bool dlab = fake_lcr & UART_LCR_DLAB;
	unsigned long flags;
	u8 value = 0;

	spin_lock_irqsave(&fake_lock, flags);
	switch (offset) {
	case UART_RX:
		value = dlab ? fake_dll : fake_read_rbr();
		break;
	case UART_IER:
		value = dlab ? fake_dlm : fake_ier;
		break;
	case UART_IIR:
		value = fake_read_iir();
		break;
	case UART_LCR:
		value = fake_lcr;
		break;
	case UART_MCR:
		value = fake_mcr;
		break;
	case UART_LSR:
		value = fake_read_lsr();
		break;
	case UART_MSR:
		value = fake_read_msr();
		break;
	case UART_SCR:
		value = fake_scr;
		break;
	}
	spin_unlock_irqrestore(&fake_lock, flags);
	return value;
}

static void fake_out(struct uart_port *port, int offset, int value)
{
	bool dlab = fake_lcr & UART_LCR_DLAB;
	unsigned long flags;

	spin_lock_irqsave(&fake_lock, flags);
	switch (offset) {
	case UART_TX:
		if (dlab) {
			fake_dll = value;
			break;
		}
		kfifo_put(&fake_tx, value);
		fake_thre = true;
		wake_up_interruptible(&fake_wait);
		break;
	case UART_IER:
		if (dlab) {
			fake_dlm = value;
			break;
		}
		if (value & ~fake_ier & UART_IER_THRI)
			fake_thre = true;
		fake_ier = value;
		break;
	case UART_FCR:
		if (value & UART_FCR_CLEAR_RCVR)
			kfifo_reset(&fake_rx);
		break;
	case UART_LCR:
		fake_lcr = value;
		break;
	case UART_MCR:
		fake_mcr = value;
		break;
	case UART_SCR:
		fake_scr = value;
		break;
	}
	spin_unlock_irqrestore(&fake_lock, flags);
}

/* parameters */

static int fake_set_lines(const char *text, const struct kernel_param *kp)
{
	unsigned long flags;
	u8 msr, changed;
	int err = kstrtou8(text, 0, &msr);

	if (err)
		return err;
	msr &= UART_MSR_DCD | UART_MSR_RI | UART_MSR_DSR | UART_MSR_CTS;
	spin_lock_irqsave(&fake_lock, flags);
	changed = msr ^ fake_msr;
	if (changed & UART_MSR_DCD)
		fake_delta |= UART_MSR_DDCD;
	if (changed & UART_MSR_DSR)
		fake_delta |= UART_MSR_DDSR;
	if (changed & UART_MSR_CTS)
		fake_delta |= UART_MSR_DCTS;
	/* Only its end is told. */
	if (changed & ~msr & UART_MSR_RI)
		fake_delta |= UART_MSR_TERI;
	fake_msr = msr;
	spin_unlock_irqrestore(&fake_lock, flags);
	return 0;
}

static int fake_get_register(char *text, const struct kernel_param *kp)
{
	return sysfs_emit(text, "%u\n", READ_ONCE(*(u8 *)kp->arg));
}

static const struct kernel_param_ops fake_lines_ops = {
	.set = fake_set_lines,
	.get = fake_get_register,
};

static const struct kernel_param_ops fake_register_ops = {
	.get = fake_get_register,
};

module_param_cb(lines, &fake_lines_ops, &fake_msr, 0644);
module_param_cb(mcr, &fake_register_ops, &fake_mcr, 0444);

/* the line */

static ssize_t fake_read(struct file *file, char __user *buf, size_t n,
			 loff_t *pos)
{
	unsigned int copied = 0;
	u8 bytes[256];
	int err = 0;

	if (!(file->f_flags & O_NONBLOCK))
		err = wait_event_interruptible(fake_wait,
					       !kfifo_is_empty(&fake_tx));
	if (err)
		return err;
	copied = kfifo_out_spinlocked(&fake_tx, bytes, min(n, sizeof(bytes)),
				      &fake_lock);
	if (!copied)
		return -EAGAIN;
	return copy_to_user(buf, bytes, copied) ? -EFAULT : copied;
}

static ssize_t fake_write(struct file *file, const char __user *buf, size_t n,
			  loff_t *pos)
{
	struct fake_byte bytes[128];
	unsigned int put, want = min(n / sizeof(*bytes), ARRAY_SIZE(bytes));
	int err = 0;

	if (copy_from_user(bytes, buf, want * sizeof(*bytes)))
		return -EFAULT;
	if (!(file->f_flags & O_NONBLOCK))
		err = wait_event_interruptible(fake_wait,
					       !kfifo_is_full(&fake_line));
	if (err)
		return err;
	put = kfifo_in_spinlocked(&fake_line, bytes, want, &fake_lock);
	return put ? put * sizeof(*bytes) : -EAGAIN;
}

static __poll_t fake_poll(struct file *file, poll_table *table)
{
	__poll_t events = 0;

	poll_wait(file, &fake_wait, table);
	if (!kfifo_is_empty(&fake_tx))
		events |= EPOLLIN | EPOLLRDNORM;
	if (!kfifo_is_full(&fake_line))
		events |= EPOLLOUT | EPOLLWRNORM;
	return events;
}

static const struct file_operations fake_fops = {
	.owner = THIS_MODULE,
	.read = fake_read,
	.write = fake_write,
	.poll = fake_poll,
};

static struct miscdevice fake_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "fakeuart",
	.fops = &fake_fops,
};

static int __init fake_init(void)
{
	struct uart_8250_port up = {
		.port = {
			.iotype = UPIO_MEM,
			.mapbase = FAKE_ADDRESS,
			.membase = (void __iomem *)fake_nowhere,
			.uartclk = 1843200,
			.type = PORT_16550A,
			.flags = UPF_FIXED_TYPE | UPF_FIXED_PORT |
				 UPF_SKIP_TEST,
			.fifosize = FAKE_FIFO,
			.serial_in = fake_in,
			.serial_out = fake_out,
		},
		.tx_loadsz = FAKE_FIFO,
	};
	int err;

	fake_device = platform_device_register_simple("fakeuart", -1, NULL, 0);
	if (IS_ERR(fake_device))
		return PTR_ERR(fake_device);
	err = misc_register(&fake_misc);
	if (err)
		goto device;
	up.port.dev = &fake_device->dev;
	line = serial8250_register_8250_port(&up);
	if (line >= 0)
		return 0;
	err = line;
	misc_deregister(&fake_misc);
device:
	platform_device_unregister(fake_device);
	return err;
}

static void __exit fake_exit(void)
{
	serial8250_unregister_port(line);
	misc_deregister(&fake_misc);
	platform_device_unregister(fake_device);
}

module_init(fake_init);
module_exit(fake_exit);

MODULE_DESCRIPTION("A 16550A in software for tests of vserial");
MODULE_LICENSE("GPL");
