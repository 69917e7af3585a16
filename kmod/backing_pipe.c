// SPDX-License-Identifier: GPL-2.0-only
/*
 * pipe: a null modem between two ports of this host
 *
 *   port A --backing--> pipe end --cable--> cable <--cable-- pipe end <-- port B
 *                          |     end[server]  |  end[client]     |
 *                          +------------------+------------------+
 *
 * Ends find each other by the cable's name.  A cable exists as long as a
 * backing of that name does; each of its ends belongs to one port, which may
 * hold it twice while it exchanges one backing for another.  Bytes, breaks and
 * lines cross in the order in which they were written, moved by whoever wrote
 * them or made room for them: see vserial_pipe_pump().
 *
 * Faults are the cable's near half: each end's apply to what it sends.
 */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "backing.h"
#include "host.h"
#include "line.h"
#include "port.h"
#include "reader.h"
#include "reason.h"
#include "spec.h"

/* Move so many bytes, or turn so often to new ones, then let a worker go on. */
#define VSERIAL_PIPE_QUANTUM	(4 * VSERIAL_RING_SIZE)
#define VSERIAL_PIPE_TURNS	64
/* A piece of bytes; a marker counts as much. */
#define VSERIAL_PIPE_PIECE	256
/* Moments that are told apart when bytes are delayed. */
#define VSERIAL_PIPE_STAMPS	32

enum { VSERIAL_PIPE_SERVER, VSERIAL_PIPE_CLIENT };

struct vserial_pipe;

/**
 * struct vserial_cable - what two ends of one name share
 * @node: in vserial_cables
 * @name: the pipe's name
 * @port: who holds each end; this and @held are guarded by vserial_cables_lock
 * @held: how many backings of that port do
 * @lock: guards changes of @end, and makes both ends hear of them in order
 * @end: the started ones; read under RCU
 */
struct vserial_cable {
	struct list_head node;
	char name[VSERIAL_PIPE_NAME_MAX + 1];
	struct vserial_port *port[2];
	unsigned int held[2];
	spinlock_t lock;	/* guards changes of @end */
	struct vserial_pipe __rcu *end[2];
};

/**
 * struct vserial_pipe - one end of a cable
 * @b: the common part
 * @cable: the cable
 * @side: which end, VSERIAL_PIPE_SERVER or _CLIENT
 * @runs: calls of vserial_pipe_pump() that are to be answered
 * @work: goes on for those who moved enough, or when a delay is over
 * @faulty: what it sends has to be looked at, byte by byte
 * @random: for faults; whoever pumps uses it
 * @stamp_lock: guards what follows
 * @stamps: up to which offset output was there at which time, oldest first
 * @nr_stamps: how many
 * @ripe: bytes before this offset have been on their way long enough
 */
struct vserial_pipe {
	struct vserial_backing b;
	struct vserial_cable *cable;
	int side;
	atomic_t runs;
	struct delayed_work work;
	bool faulty;
	struct rnd_state random;
	spinlock_t stamp_lock;	/* guards all below */
	struct {
		u64 end;
		unsigned long at;
	} stamps[VSERIAL_PIPE_STAMPS];
	unsigned int nr_stamps;
	u64 ripe;
};

static LIST_HEAD(vserial_cables);
/* Guards vserial_cables, and who holds which end. */
static DEFINE_MUTEX(vserial_cables_lock);

static struct vserial_pipe *to_pipe(struct vserial_backing *b)
{
	return container_of(b, struct vserial_pipe, b);
}

static struct vserial_cable *vserial_cable_find(const char *name)
{
	struct vserial_cable *c;

	list_for_each_entry(c, &vserial_cables, node)
		if (!strcmp(c->name, name))
			return c;

	c = kzalloc(sizeof(*c), GFP_KERNEL);
	if (c) {
		strscpy(c->name, name, sizeof(c->name));
		spin_lock_init(&c->lock);
		list_add(&c->node, &vserial_cables);
	}
	return c;
}

static void vserial_cable_put(struct vserial_cable *c)
{
	if (c->held[0] || c->held[1])
		return;
	list_del(&c->node);
	kfree(c);
}

static void vserial_pipe_work(struct work_struct *work);

static int vserial_pipe_open(struct vserial_backing *b,
			     struct vserial_reason *reason)
{
	struct vserial_pipe *p = to_pipe(b);
	int err = 0;

	p->side = b->spec->pipe.client ? VSERIAL_PIPE_CLIENT :
					 VSERIAL_PIPE_SERVER;
	p->faulty = b->spec->pipe.corrupt || b->spec->pipe.drop ||
		    b->spec->pipe.delay;
	INIT_DELAYED_WORK(&p->work, vserial_pipe_work);
	prandom_seed_state(&p->random, get_random_u64());
	spin_lock_init(&p->stamp_lock);

	mutex_lock(&vserial_cables_lock);
	p->cable = vserial_cable_find(b->spec->path);
	if (!p->cable) {
		err = vserial_refuse(reason, -ENOMEM, "out of memory");
	} else if (p->cable->port[p->side] &&
		   p->cable->port[p->side] != b->port) {
		err = vserial_refuse(reason, -EADDRINUSE,
				     "backing '" VSERIAL_VALUE "': pipe '%s' has a %s already, port %s",
				     b->spec->text, b->spec->path,
				     p->side ? "client" : "server",
				     vserial_port_name(p->cable->port[p->side]));
		vserial_cable_put(p->cable);
	} else {
		p->cable->port[p->side] = b->port;
		p->cable->held[p->side]++;
	}
	mutex_unlock(&vserial_cables_lock);
	return err;
}

static void vserial_pipe_close(struct vserial_backing *b)
{
	struct vserial_pipe *p = to_pipe(b);

	cancel_delayed_work_sync(&p->work);
	mutex_lock(&vserial_cables_lock);
	if (!--p->cable->held[p->side])
		p->cable->port[p->side] = NULL;
	vserial_cable_put(p->cable);
	mutex_unlock(&vserial_cables_lock);
}

/* The other end, if both are started and plugged in.  Call under RCU. */
static struct vserial_pipe *vserial_pipe_peer(struct vserial_pipe *p)
{
	struct vserial_pipe *peer = rcu_dereference(p->cable->end[!p->side]);

	if (!peer || rcu_access_pointer(p->cable->end[p->side]) != p ||
	    p->b.spec->pipe.unplugged || peer->b.spec->pipe.unplugged)
		return NULL;
	return peer;
}

/* Notes that output has come so far now. */
static void vserial_pipe_stamp(struct vserial_pipe *p)
{
	u64 end = vserial_reader_end(p->b.port);
	unsigned long flags;

	spin_lock_irqsave(&p->stamp_lock, flags);
	if (p->nr_stamps && (p->nr_stamps == VSERIAL_PIPE_STAMPS ||
			     !time_after(jiffies, p->stamps[p->nr_stamps - 1].at)))
		p->nr_stamps--;	/* the later time stands for both */
	p->stamps[p->nr_stamps].end = end;
	p->stamps[p->nr_stamps].at = jiffies;
	p->nr_stamps++;
	spin_unlock_irqrestore(&p->stamp_lock, flags);
}

/* How far may bytes go?  Has the worker called when the next ones may. */
static u64 vserial_pipe_ripe(struct vserial_pipe *p)
{
	unsigned long delay = msecs_to_jiffies(p->b.spec->pipe.delay);
	unsigned int i = 0;
	unsigned long flags;
	u64 ripe;

	if (!delay)
		return U64_MAX;
	spin_lock_irqsave(&p->stamp_lock, flags);
	while (i < p->nr_stamps &&
	       time_after_eq(jiffies, p->stamps[i].at + delay))
		p->ripe = p->stamps[i++].end;
	p->nr_stamps -= i;
	memmove(p->stamps, p->stamps + i, p->nr_stamps * sizeof(*p->stamps));
	if (p->nr_stamps)
		queue_delayed_work(vserial_wq, &p->work,
				   p->stamps[0].at + delay - jiffies);
	ripe = p->ripe;
	spin_unlock_irqrestore(&p->stamp_lock, flags);
	return ripe;
}

static bool vserial_pipe_chance(struct vserial_pipe *p, u32 ppm)
{
	return ppm && prandom_u32_state(&p->random) % VSERIAL_PIPE_PPM_MAX < ppm;
}

/* Gives bytes to the other end, with the cable's faults. */
static size_t vserial_pipe_give(struct vserial_pipe *p,
				struct vserial_pipe *peer, u8 *buf, size_t n)
{
	size_t i;

	for (i = 0; p->b.spec->pipe.corrupt && i < n; i++)
		if (vserial_pipe_chance(p, p->b.spec->pipe.corrupt))
			buf[i] ^= 1 << (prandom_u32_state(&p->random) % 8);
	/* With drops, bytes come one at a time. */
	if (vserial_pipe_chance(p, p->b.spec->pipe.drop))
		return n;
	return vserial_input_write(&peer->b, buf, n);
}

/* Moves a piece of bytes over a cable that has faults.  Return: how many. */
static size_t vserial_pipe_carry(struct vserial_pipe *p,
				 struct vserial_pipe *peer, u64 ripe)
{
	size_t n, put = 0;
	u8 buf[VSERIAL_PIPE_PIECE];
	u64 offset;

	n = vserial_output_take(&p->b, buf,
				p->b.spec->pipe.drop ? 1 : sizeof(buf),
				&offset);
	if (n && offset < ripe)
		put = vserial_pipe_give(p, peer, buf,
					min_t(u64, n, ripe - offset));
	if (n)
		vserial_output_ack(&p->b, offset + put);
	if (put < n)
		vserial_output_rewind(&p->b);
	return put;
}

/* Moves up to @quantum bytes or so.  Return: whether there may be more. */
static bool vserial_pipe_move(struct vserial_pipe *p, size_t quantum)
{
	u64 ripe = vserial_pipe_ripe(p);
	struct vserial_pipe *peer;
	struct vserial_marker m;
	size_t n;

	peer = vserial_pipe_peer(p);
	if (!peer)
		return false;
	while (quantum) {
		n = p->faulty ? vserial_pipe_carry(p, peer, ripe) :
				vserial_output_cross(&p->b, &peer->b);
		if (n) {
			quantum -= min(n, quantum);
			continue;
		}
		if (!vserial_output_take_marker(&p->b, &m))
			return false;
		if (m.type == VSERIAL_MARKER_BREAK)
			vserial_input_break(&peer->b, m.arg);
		else if (m.type == VSERIAL_MARKER_LINES)
			vserial_backing_lines(&peer->b,
					      vserial_line_cross(m.arg));
		quantum -= min_t(size_t, quantum, VSERIAL_PIPE_PIECE);
	}
	return true;
}

/*
 * Moves what the guest wrote.  One caller at a time does, so that bytes keep
 * their order; those who come meanwhile leave it their turn.  A guest may see
 * to it that they come without end, and the caller may be the other guest or
 * somebody who holds up its input: after a while a worker takes over.
 */
static void vserial_pipe_pump(struct vserial_pipe *p)
{
	unsigned int turns = VSERIAL_PIPE_TURNS;
	int seen;

	if (atomic_fetch_inc(&p->runs))
		return;
	do {
		seen = atomic_read(&p->runs);
		if (vserial_pipe_move(p, VSERIAL_PIPE_QUANTUM) || !--turns) {
			/* In this order: the worker finds nobody at it. */
			atomic_set_release(&p->runs, 0);
			mod_delayed_work(vserial_wq, &p->work, 0);
			return;
		}
	} while (atomic_sub_return(seen, &p->runs));
}

static void vserial_pipe_work(struct work_struct *work)
{
	struct vserial_pipe *p = container_of(to_delayed_work(work),
					      struct vserial_pipe, work);

	rcu_read_lock();
	vserial_pipe_pump(p);
	rcu_read_unlock();
}

static void vserial_pipe_tx(struct vserial_backing *b)
{
	struct vserial_pipe *p = to_pipe(b);

	if (b->spec->pipe.delay)
		vserial_pipe_stamp(p);
	vserial_pipe_pump(p);
}

/* The same for what has just been written, if nobody is at it. */
static bool vserial_pipe_tx_now(struct vserial_backing *b, bool *wake)
{
	struct vserial_pipe *p = to_pipe(b), *peer;
	bool through = false;

	/* Whoever is may have a marker in hand, which comes first. */
	if (p->faulty || atomic_read(&p->runs))
		return false;
	rcu_read_lock();
	peer = vserial_pipe_peer(p);
	if (peer)
		through = vserial_output_cross_now(b, &peer->b, wake);
	rcu_read_unlock();
	return through;
}

/* This end's guest has read: the other end may send. */
static void vserial_pipe_rx_room(struct vserial_backing *b)
{
	struct vserial_pipe *peer = vserial_pipe_peer(to_pipe(b));

	if (peer)
		vserial_pipe_pump(peer);
}

/* Says how an end stands, now that one of the two came or went. */
static void vserial_pipe_tell(struct vserial_pipe *p)
{
	struct vserial_pipe *peer = vserial_pipe_peer(p);

	if (peer) {
		vserial_backing_lines(&p->b,
				      vserial_line_cross(vserial_output_lines_told(&peer->b)));
		vserial_backing_connected(&p->b);
		return;
	}
	vserial_backing_lines(&p->b, 0);
	vserial_backing_report(&p->b, p->side ? VSERIAL_STATE_CONNECTING :
						VSERIAL_STATE_LISTENING,
			       p->b.spec->pipe.unplugged ?
			       "the cable of pipe '%s' is unplugged at this end" :
			       "nobody is at the other end of pipe '%s'",
			       p->cable->name);
}

static void vserial_pipe_set_end(struct vserial_pipe *p,
				 struct vserial_pipe *end)
{
	struct vserial_pipe *peer;

	rcu_read_lock();
	spin_lock(&p->cable->lock);
	rcu_assign_pointer(p->cable->end[p->side], end);
	peer = rcu_dereference(p->cable->end[!p->side]);
	if (peer)
		vserial_pipe_tell(peer);
	if (end)
		vserial_pipe_tell(end);
	spin_unlock(&p->cable->lock);
	/* What waited for this may go. */
	if (peer)
		vserial_pipe_pump(peer);
	rcu_read_unlock();
}

static void vserial_pipe_start(struct vserial_backing *b)
{
	struct vserial_pipe *p = to_pipe(b);

	p->nr_stamps = 0;
	p->ripe = 0;
	vserial_pipe_set_end(p, p);
}

static void vserial_pipe_stop(struct vserial_backing *b)
{
	vserial_pipe_set_end(to_pipe(b), NULL);
	/* Whoever still moves bytes has them acknowledged before the port takes
	 * them back for the next backing.
	 */
	synchronize_rcu();
}

const struct vserial_backing_ops vserial_backing_pipe = {
	.size = sizeof(struct vserial_pipe),
	.exclusive = true,
	.has_lines = true,
	.open = vserial_pipe_open,
	.close = vserial_pipe_close,
	.start = vserial_pipe_start,
	.stop = vserial_pipe_stop,
	.tx_now = vserial_pipe_tx_now,
	.tx = vserial_pipe_tx,
	.rx_room = vserial_pipe_rx_room,
};
