// SPDX-License-Identifier: GPL-2.0-only
/*
 * vcpu: virtual processors of KVM that poll a UART's registers
 *
 * A VMM answers its guest's reads of LSR and IIR without asking the port, so
 * that a guest that polls them is seen only where it leaves KVM: at the
 * tracepoint kvm_pio.  It is probed while any port yields on poll, for all
 * guests of the host; those whose VMM has no such port open are looked at again
 * once a second.
 *
 * A probe cannot sleep.  It has the thread do so on its way back into the
 * guest, by task work, where KVM holds nothing.
 *
 *   vserial_vcpu_io() -> task work -> vserial_vcpu_rest() -> a port by minor
 *
 * A slot is a thread's by its number.  Two threads may take one for theirs when
 * numbers are used again, which does no more harm than a sleep too many or too
 * few; @rest is its queuer's, by VSERIAL_VCPU_RESTING.
 */
#include <linux/bitops.h>
#include <linux/err.h>
#include <linux/fdtable.h>
#include <linux/fs.h>
#include <linux/hash.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/serial_reg.h>
#include <linux/task_work.h>
#include <linux/tracepoint.h>
#include <linux/tty.h>
#include <linux/tty_driver.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "host.h"
#include "minor.h"
#include "notify.h"
#include "pace.h"
#include "port.h"
#include "vcpu.h"
#include "yield.h"

/* Threads that are watched at a time, a power of two. */
#define VSERIAL_VCPU_BITS	10
/* Slots in a row that may be a thread's. */
#define VSERIAL_VCPU_WAYS	4
/* A slot that was not used for so many ns may be another's. */
#define VSERIAL_VCPU_STALE	NSEC_PER_SEC
/* How long what a VMM has open is remembered. */
#define VSERIAL_VCPU_KEEP	(HZ / 10)
#define VSERIAL_VCPU_KEEP_NONE	HZ
/* Ports of one VMM that are looked at. */
#define VSERIAL_VCPU_PORTS	VSERIAL_PORTS_PER_GUEST

/* Registers that tell how the UART is; reading them changes little. */
#define VSERIAL_VCPU_STATUS	(BIT(UART_IIR) | BIT(UART_LSR) | BIT(UART_MSR))
#define VSERIAL_VCPU_RESTING	0	/* a bit of flags */

/**
 * struct vserial_vcpu - a thread that runs a virtual processor
 * @thread: its number, 0: free
 * @flags: VSERIAL_VCPU_RESTING: @rest is queued or runs
 * @rest: queued by the probe
 * @pace: how long it polls already
 * @seen: what status registers told last
 * @com: which UART was polled last, 0: COM1
 * @polls: that were not counted yet
 * @news: of the port, when it polled last
 * @minor: the port it polls, -1: none
 * @looked: jiffies when that was found out
 */
struct vserial_vcpu {
	pid_t thread;
	unsigned long flags;
	struct callback_head rest;
	struct vserial_pace pace;
	u8 seen[8];
	unsigned int com;
	unsigned int polls;
	unsigned int news;
	int minor;
	unsigned long looked;
};

/* All of them, while the probe is there and any of them rests. */
static struct vserial_vcpu *vserial_vcpus;
/* Threads that rest or are about to. */
static atomic_t vserial_vcpus_resting = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(vserial_vcpus_wait);
/* What is probed; the tracepoint code's lock for its notifiers guards it. */
static struct tracepoint *vserial_vcpu_tracepoint;

/* in the thread, on its way back into the guest */

struct vserial_vcpu_ports {
	unsigned int n;
	unsigned int minor[VSERIAL_VCPU_PORTS];
};

static int vserial_vcpu_collect(const void *data, struct file *file,
				unsigned int fd)
{
	struct vserial_vcpu_ports *found = (struct vserial_vcpu_ports *)data;
	const struct inode *inode = file_inode(file);

	if (!S_ISCHR(inode->i_mode) ||
	    imajor(inode) != vserial_minor_driver()->major)
		return 0;
	found->minor[found->n++] = iminor(inode);
	return found->n == ARRAY_SIZE(found->minor);
}

/*
 * Which port is behind the UART?  The one with its number: COM1 is GUEST/0.  If
 * the VMM has none such open, the first that yields.  Return: its minor or -1.
 */
static int vserial_vcpu_look(unsigned int com)
{
	struct vserial_vcpu_ports found = {};
	int minor = -1;
	unsigned int i;

	iterate_fd(current->files, 0, vserial_vcpu_collect, &found);
	for (i = 0; i < found.n; i++) {
		struct vserial_port *port =
			vserial_port_by_minor(found.minor[i]);
		bool same;

		if (!port)
			continue;
		same = port->index == com;
		if (same || (minor < 0 && READ_ONCE(port->yield_on_poll)))
			minor = found.minor[i];
		tty_port_put(&port->tty);
		if (same)
			break;
	}
	return minor;
}

/* Had the VMM no port that yields, not long ago? */
static bool vserial_vcpu_foreign(const struct vserial_vcpu *v)
{
	return v->minor < 0 &&
	       time_before_eq(jiffies, v->looked + VSERIAL_VCPU_KEEP_NONE);
}

/* Return: the port, of which the caller puts the tty_port, or NULL. */
static struct vserial_port *vserial_vcpu_port(struct vserial_vcpu *v)
{
	if (v->minor < 0 || time_after(jiffies, v->looked + VSERIAL_VCPU_KEEP)) {
		v->minor = vserial_vcpu_look(v->com);
		v->looked = jiffies;
	}
	return v->minor < 0 ? NULL : vserial_port_by_minor(v->minor);
}

static void vserial_vcpu_rest(struct callback_head *work)
{
	struct vserial_vcpu *v = container_of(work, struct vserial_vcpu, rest);
	struct vserial_port *port = NULL;
	u32 us = v->pace.sleep;

	if (!(current->flags & PF_EXITING))
		port = vserial_vcpu_port(v);
	if (port) {
		unsigned int news = atomic_read(&port->news);

		if (!READ_ONCE(port->yield_on_poll)) {
			v->polls = 0;
		} else if (news != v->news) {
			v->news = news;
			vserial_pace_reset(&v->pace, ktime_get_ns());
		} else {
			atomic64_add(v->polls, &port->polls);
			v->polls = 0;
			vserial_yield_sleep(port, news, us);
			v->pace.last = ktime_get_ns();
		}
		tty_port_put(&port->tty);
	}
	clear_bit_unlock(VSERIAL_VCPU_RESTING, &v->flags);
	if (atomic_dec_and_test(&vserial_vcpus_resting))
		wake_up_all(&vserial_vcpus_wait);
}

/* in the probe: preemption is off */

/* The slot of a thread, or NULL: too many threads are watched. */
static struct vserial_vcpu *vserial_vcpu_of(pid_t thread, u64 now)
{
	unsigned int i, first = hash_32(thread, VSERIAL_VCPU_BITS);
	struct vserial_vcpu *v, *free = NULL;
	pid_t other;

	for (i = 0; i < VSERIAL_VCPU_WAYS; i++) {
		v = &vserial_vcpus[(first + i) & (BIT(VSERIAL_VCPU_BITS) - 1)];
		other = READ_ONCE(v->thread);
		if (other == thread)
			return v;
		if (!free && !test_bit(VSERIAL_VCPU_RESTING, &v->flags) &&
		    (!other || now - READ_ONCE(v->pace.last) >
			       VSERIAL_VCPU_STALE))
			free = v;
	}
	if (!free)
		return NULL;
	other = READ_ONCE(free->thread);
	if (cmpxchg(&free->thread, other, thread) != other)
		return NULL;
	vserial_pace_reset(&free->pace, now);
	free->polls = 0;
	free->minor = -1;
	free->looked = jiffies - VSERIAL_VCPU_KEEP_NONE - 1;
	return free;
}

/* Return: which of a PC's UARTs has an I/O port, or -1. */
static int vserial_vcpu_com(unsigned int port)
{
	switch (port & ~7u) {
	case 0x3f8:
		return 0;
	case 0x2f8:
		return 1;
	case 0x3e8:
		return 2;
	case 0x2e8:
		return 3;
	}
	return -1;
}

/*
 * As the tracepoint calls it.  A read is told when the VMM has answered it and
 * runs the virtual processor again, with the answer.
 */
static void vserial_vcpu_io(void *unused, unsigned int rw, unsigned int port,
			    unsigned int size, unsigned int count,
			    const void *data)
{
	int com = vserial_vcpu_com(port);
	struct vserial_vcpu *v;
	unsigned int reg = port & 7;
	u64 now;
	u8 value;

	if (com < 0)
		return;
	now = ktime_get_ns();
	v = vserial_vcpu_of(task_pid_nr(current), now);
	if (!v || test_bit(VSERIAL_VCPU_RESTING, &v->flags))
		return;
	if (rw || size != 1 || count != 1 ||
	    !(BIT(reg) & VSERIAL_VCPU_STATUS)) {
		vserial_pace_reset(&v->pace, now);
		return;
	}
	value = *(const u8 *)data;
	if (value != v->seen[reg]) {
		v->seen[reg] = value;
		vserial_pace_reset(&v->pace, now);
		return;
	}
	v->com = com;
	v->polls++;
	if (!vserial_pace_poll(&v->pace, now) || vserial_vcpu_foreign(v) ||
	    test_and_set_bit_lock(VSERIAL_VCPU_RESTING, &v->flags))
		return;
	atomic_inc(&vserial_vcpus_resting);
	init_task_work(&v->rest, vserial_vcpu_rest);
	if (!task_work_add(current, &v->rest, TWA_RESUME))
		return;
	/* The thread is about to end. */
	clear_bit_unlock(VSERIAL_VCPU_RESTING, &v->flags);
	if (atomic_dec_and_test(&vserial_vcpus_resting))
		wake_up_all(&vserial_vcpus_wait);
}

/* the probe */

static void vserial_vcpu_probe(struct tracepoint *tp)
{
	int err;

	if (vserial_vcpu_tracepoint || strcmp(tp->name, "kvm_pio"))
		return;
	err = tracepoint_probe_register(tp, vserial_vcpu_io, NULL);
	if (err)
		pr_warn("vserial: guests that poll LSR keep their processors: the tracepoint kvm_pio cannot be probed: error %d\n",
			err);
	else
		vserial_vcpu_tracepoint = tp;
}

static void vserial_vcpu_unprobe(void)
{
	if (vserial_vcpu_tracepoint)
		tracepoint_probe_unregister(vserial_vcpu_tracepoint,
					    vserial_vcpu_io, NULL);
	vserial_vcpu_tracepoint = NULL;
}

static void vserial_vcpu_builtin(struct tracepoint *tp, void *unused)
{
	vserial_vcpu_probe(tp);
}

/* KVM comes, or was there already; or it goes, or we do. */
static int vserial_vcpu_module(struct notifier_block *nb, unsigned long event,
			       void *data)
{
	const struct tp_module *tpm = data;
	unsigned int i;

	if (strcmp(tpm->mod->name, "kvm"))
		return NOTIFY_DONE;
	if (event == MODULE_STATE_COMING)
		for (i = 0; i < tpm->mod->num_tracepoints; i++)
			vserial_vcpu_probe(tracepoint_ptr_deref(tpm->mod->tracepoints_ptrs + i));
	else if (event == MODULE_STATE_GOING)
		vserial_vcpu_unprobe();
	return NOTIFY_DONE;
}

static struct notifier_block vserial_vcpu_modules = {
	.notifier_call = vserial_vcpu_module,
};

static void vserial_vcpu_start(void)
{
	vserial_vcpus = kvcalloc(BIT(VSERIAL_VCPU_BITS),
				 sizeof(*vserial_vcpus), GFP_KERNEL);
	static_branch_enable(&vserial_yield_key);
	if (!vserial_vcpus) {
		pr_warn("vserial: guests that poll LSR keep their processors: out of memory\n");
		return;
	}
	for_each_kernel_tracepoint(vserial_vcpu_builtin, NULL);
	register_tracepoint_module_notifier(&vserial_vcpu_modules);
}

static void vserial_vcpu_stop(void)
{
	static_branch_disable(&vserial_yield_key);
	if (!vserial_vcpus)
		return;
	/* It tells of all that are there as if they went. */
	unregister_tracepoint_module_notifier(&vserial_vcpu_modules);
	vserial_vcpu_unprobe();
	tracepoint_synchronize_unregister();
	wait_event(vserial_vcpus_wait, !atomic_read(&vserial_vcpus_resting));
	kvfree(vserial_vcpus);
	vserial_vcpus = NULL;
}

static void vserial_vcpu_switch(struct work_struct *work)
{
	bool on = vserial_yield_wanted();

	if (on == static_key_enabled(&vserial_yield_key))
		return;
	if (on)
		vserial_vcpu_start();
	else
		vserial_vcpu_stop();
}

static DECLARE_WORK(vserial_vcpu_work, vserial_vcpu_switch);

static int vserial_vcpu_told(struct notifier_block *listener,
			     unsigned long event, void *object)
{
	switch (event) {
	case VSERIAL_EVENT_PORT_NEW:
	case VSERIAL_EVENT_PORT_CHANGED:
	case VSERIAL_EVENT_PORT_GONE:
		/* Patching code takes longer than tellers may wait. */
		queue_work(vserial_wq, &vserial_vcpu_work);
	}
	return NOTIFY_DONE;
}

static struct notifier_block vserial_vcpu_listener = {
	.notifier_call = vserial_vcpu_told,
};

/**
 * vserial_vcpu_init() - watch virtual processors while a port wants it
 *
 * Return: 0 or a negative errno.
 */
int vserial_vcpu_init(void)
{
	int err = vserial_notify_register(&vserial_vcpu_listener);

	if (!err)
		/* Ports may have been there before. */
		queue_work(vserial_wq, &vserial_vcpu_work);
	return err;
}

/**
 * vserial_vcpu_exit() - watch them no more, whatever ports want
 *
 * Context: process, while there is a tty driver; waits for those that rest.
 */
void vserial_vcpu_exit(void)
{
	vserial_notify_unregister(&vserial_vcpu_listener);
	cancel_work_sync(&vserial_vcpu_work);
	if (static_key_enabled(&vserial_yield_key))
		vserial_vcpu_stop();
	/* One that told that it rests no more may still be in this code. */
	synchronize_rcu_tasks();
}
