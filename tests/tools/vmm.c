// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "vmm.h"

/* QEMU's hw/char/serial.c: MAX_XMIT_RETRY. */
#define QEMU_RETRIES 4

/* QEMU divides by 11/10 and takes the next standard speed upwards. */
static speed_t qemu_speed(unsigned int speed)
{
	static const struct {
		unsigned int rate;
		speed_t code;
	} table[] = {
		{ 50, B50 }, { 75, B75 }, { 110, B110 }, { 134, B134 },
		{ 150, B150 }, { 200, B200 }, { 300, B300 }, { 600, B600 },
		{ 1200, B1200 }, { 1800, B1800 }, { 2400, B2400 },
		{ 4800, B4800 }, { 9600, B9600 }, { 19200, B19200 },
		{ 38400, B38400 }, { 57600, B57600 }, { 115200, B115200 },
	};
	size_t i = 0;

	speed = speed * 10 / 11;
	while (i < sizeof(table) / sizeof(table[0]) - 1 && speed > table[i].rate)
		i++;
	return table[i].code;
}

int vmm_set_params(const struct vmm *vmm, unsigned int speed, char parity,
		   int bits, int stop)
{
	static const tcflag_t size[] = { CS5, CS6, CS7, CS8 };
	struct termios t;

	if (tcgetattr(vmm->out, &t))
		return -1;
	cfsetispeed(&t, qemu_speed(speed));
	cfsetospeed(&t, qemu_speed(speed));
	t.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR |
				 IGNCR | ICRNL | IXON);
	t.c_oflag &= ~(tcflag_t)OPOST;
	t.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN | ISIG);
	/* CLOCAL, CREAD and HUPCL stay as they are, and so do VMIN and VTIME */
	t.c_cflag &= ~(tcflag_t)(CSIZE | PARENB | PARODD | CRTSCTS | CSTOPB);
	t.c_cflag |= size[bits - 5];
	if (parity != 'N')
		t.c_cflag |= PARENB;
	if (parity == 'O')
		t.c_cflag |= PARODD;
	if (stop == 2)
		t.c_cflag |= CSTOPB;
	return tcsetattr(vmm->out, TCSANOW, &t);
}

static int add_nonblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -1;
	return fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

/* The port becomes stdin and stdout, as a shell's redirection would do it. */
static int open_as_stdio(const char *path)
{
	int fd = open(path, O_RDWR);

	if (fd < 0)
		return -1;
	if (dup2(fd, STDIN_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0)
		return -1;
	return fd > STDOUT_FILENO ? close(fd) : 0;
}

static int open_qemu(struct vmm *vmm, const char *path)
{
	int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -1;
	vmm->in = fd;
	vmm->out = fd;
	vmm->rule = VMM_RULE_QEMU;
	return vmm_set_params(vmm, 115200, 'N', 8, 1);
}

static int open_firecracker(struct vmm *vmm, const char *path)
{
	struct winsize size;
	struct termios t;

	if (open_as_stdio(path) || ioctl(STDIN_FILENO, TIOCGWINSZ, &size) ||
	    ioctl(STDIN_FILENO, TCGETS, &t))
		return -1;
	t.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
	vmm->in = STDIN_FILENO;
	vmm->out = STDOUT_FILENO;
	vmm->rule = VMM_RULE_ONCE;
	return ioctl(STDIN_FILENO, TCSETS, &t) || add_nonblock(STDIN_FILENO) ?
		-1 : 0;
}

static int open_clh(struct vmm *vmm, const char *path)
{
	struct termios t;

	if (open_as_stdio(path))
		return -1;
	vmm->in = dup(STDIN_FILENO);
	vmm->out = dup(STDOUT_FILENO);
	vmm->rule = VMM_RULE_ONCE;
	if (vmm->in < 0 || vmm->out < 0 || tcgetattr(vmm->out, &t))
		return -1;
	cfmakeraw(&t);
	return tcsetattr(vmm->out, TCSANOW, &t) || add_nonblock(vmm->in) ? -1 : 0;
}

int vmm_open(struct vmm *vmm, enum vmm_mode mode, const char *path)
{
	*vmm = (struct vmm){ .in = -1, .out = -1, .mode = mode };
	switch (mode) {
	case VMM_QEMU:
		return open_qemu(vmm, path);
	case VMM_FIRECRACKER:
		return open_firecracker(vmm, path);
	case VMM_CLH:
		return open_clh(vmm, path);
	}
	errno = EINVAL;
	return -1;
}

/* Returns 0 when @events came, -1 with errno EINTR or EIO (the port is gone) */
static int wait_for(struct vmm *vmm, int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	if (poll(&p, 1, -1) < 0)
		return -1;
	if (!(p.revents & events)) {
		vmm->closed = true;
		errno = EIO;
		return -1;
	}
	return 0;
}

ssize_t vmm_write(struct vmm *vmm, const uint8_t *buf, size_t n)
{
	unsigned int retries = 0;
	size_t done = 0;

	while (done < n) {
		ssize_t r = write(vmm->out, buf + done, n - done);

		if (r > 0) {
			done += (size_t)r;
			retries = 0;
			continue;
		}
		if (r < 0 && errno == EINTR)
			break;
		if (r < 0 && errno != EAGAIN) {
			vmm->closed = errno == EIO;
			return -1;
		}
		if (vmm->rule == VMM_RULE_ONCE ||
		    (vmm->rule == VMM_RULE_QEMU && retries++ == QEMU_RETRIES)) {
			vmm->dropped += n - done;
			break;
		}
		if (wait_for(vmm, vmm->out, POLLOUT)) {
			if (errno == EINTR)
				break;
			return -1;
		}
	}
	return (ssize_t)done;
}

ssize_t vmm_read(struct vmm *vmm, uint8_t *buf, size_t n)
{
	for (;;) {
		ssize_t r = read(vmm->in, buf, n);

		if (r > 0)
			return r;
		if (!r || errno == EIO) {
			vmm->closed = true;
			return 0;
		}
		if (errno != EAGAIN || wait_for(vmm, vmm->in, POLLIN)) {
			if (vmm->closed)
				return 0;
			return -1;
		}
	}
}
