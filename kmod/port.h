/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * port: one serial port of a guest
 *
 *   vserial_guest --ports[index]--> vserial_port --backing--> vserial_backing
 *        ^                             |   ^                       |
 *        +-------- dev.parent ---------+   +-------- port ---------+
 *
 * A port is the device GUEST:INDEX on the vserial bus; its memory belongs to
 * that device.  The embedded tty_port holds one reference on it, so that a
 * process that keeps a hung-up tty open keeps the memory and the minor.
 */
#ifndef _VSERIAL_PORT_H
#define _VSERIAL_PORT_H

#include <linux/device.h>
#include <linux/mutex.h>
#include <linux/serial.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/tty.h>
#include <linux/workqueue.h>

#include "pace.h"
#include "program.h"
#include "rate.h"
#include "reason.h"
#include "ruleset.h"
#include "stream.h"

struct vserial_backing;
struct vserial_handing;
struct vserial_log;
struct vserial_minor;
struct vserial_owner;

/* A peer's name, with its NUL. */
#define VSERIAL_PEER_SIZE	128

/**
 * struct vserial_settings - settings to be changed, by netlink or sysfs
 * @set: BIT(VSERIAL_A_PORT_*) of the members below that are to be set
 * @backing: a specification
 * @proxy: the URI of a concentrator, or "": none
 * @connect_at_power_on: the first open connects
 * @overflow: enum vserial_overflow
 * @stall_limit: ms, 0: for ever
 * @history: bytes
 * @carrier: enum vserial_carrier
 * @endpoint: enum vserial_endpoint
 * @max_clients: peers a listener takes at a time
 * @idle_timeout: seconds, 0: for ever
 * @log: a specification of the scheme file, or "": none
 * @rate: bytes/s each way, 0: no limit
 * @direction: enum vserial_direction
 * @yield_on_poll: who only polls the port sleeps
 */
struct vserial_settings {
	u64 set;
	const char *backing;
	const char *proxy;
	bool connect_at_power_on;
	u32 overflow;
	u32 stall_limit;
	u32 history;
	u32 carrier;
	u32 endpoint;
	u32 max_clients;
	u32 idle_timeout;
	const char *log;
	u32 rate;
	u32 direction;
	bool yield_on_poll;
};

/**
 * struct vserial_front - input that waits in front of the rx stream
 * @stream: the bytes
 * @cursor: the tty's place in it
 *
 * What came back from the tty of a guest that leaves, or came with one.
 */
struct vserial_front {
	struct vserial_stream stream;
	struct vserial_cursor cursor;
};

/**
 * struct vserial_piece - a piece of a port's state
 * @size: how long the whole state is
 * @offset: where the piece belongs
 * @bytes: the piece
 * @n: how many
 */
struct vserial_piece {
	u32 size;
	u32 offset;
	const u8 *bytes;
	size_t n;
};

/**
 * struct vserial_arrival - the state of a port, while it comes in pieces
 * @state: the pieces so far, NULL: none
 * @size: how long all of it is going to be
 * @have: how much is there
 */
struct vserial_arrival {
	u8 *state;
	u32 size;
	u32 have;
};

/**
 * struct vserial_port - one serial port of a guest
 * @tty: the tty layer's half
 * @dev: GUEST:INDEX on the vserial bus
 * @owner: its guest's; the device holds a reference on the guest's
 * @rules: its guest's service rules; likewise
 * @index: its number in the guest
 * @minor: its number in the tty driver, so ttyVS<minor>
 * @tty_minor: what it holds of its minor until the last close
 * @tty_dev: the tty's device; valid from publication until @dead
 * @config: serialises changes of @backing and @connected, and of settings.
 *	Taken outside @lock; never by what a backing's worker does.
 * @backing: what is at the far end.  Written under @config and @lock, read
 *	under either or RCU.
 * @connected: the switch; guarded by @config and @lock as @backing
 * @asked: counts requests to change settings
 * @answered: the request that set @backing; guarded by @config
 * @log: what output is teed into, or NULL; guarded as @backing
 * @log_answered: the request that set @log; guarded by @config
 * @arrival: guarded by @config
 * @opener: who opened the device first; guarded by @config
 * @event: tells listeners that the port changed
 * @lock: guards everything below; innermost, taken from any context
 * @dead: removed: nothing starts any more
 * @power: the guest has the device open
 * @in_use: somebody has, though it may power nothing on
 * @held: VSERIAL_MIGRATION_INCOMING or _OUTGOING while the guest moves: nothing
 *	passes, and nothing is lost; see hold.c
 * @collecting: what is on its way to the tty goes to @front
 * @uncollected: ... but there was no memory for all of it
 * @went_off: it was powered off while it was held
 * @came: a state has been taken while the port was held
 * @came_connected: in it the port was connected
 * @handing: how its concentrator takes part, or NULL; see hold.h
 * @live: @backing is started and may move bytes
 * @replacing: @backing is being replaced: the guest's lines stay as they are
 * @swapping: ... and somebody was at the far end
 * @served: what the guest's rules say of @backing; changed under @config too
 * @tx_denied: ... it gets no output
 * @rx_denied: ... its input is dropped
 * @opened: what they say of @opener; changed under @config too
 * @tx_shut: nothing leaves the guest, by @direction or @opened
 * @rx_shut: nothing enters it
 * @connect_at_power_on: the first open turns @connected on
 * @direction: which way bytes may go
 * @state: how the port stands with its backing
 * @reason: why, if there is something to say
 * @peer: who is at the far end, if the backing knows
 * @endpoint: who calls whom; this and what follows is for the daemon
 * @max_clients: peers at a time
 * @idle_timeout: seconds without a byte until a peer is let go, 0: for ever
 * @tx: output, towards the backing
 * @tx_cursor: the backing's place in it
 * @overflow: what happens when @tx is full
 * @stall_limit: ms that the guest waits for a peer that takes nothing, 0: for
 *	ever
 * @room_wanted: a writer found @tx full
 * @drain_wanted: somebody waits for @tx to empty
 * @stalled: the peer takes nothing: drop the oldest
 * @slow_since: jiffies when @slow_pos was noted, see output.c
 * @slow_pos: where the backing was then
 * @slow_timer: wakes those who waited long enough
 * @readers: who else reads @tx, see reader.h; RCU
 * @taps: who captures what goes either way, see port_tap.h
 * @tx_policed: @tx_rate or @tx_shut has a say
 * @tx_rate: how much may enter @tx
 * @tx_rate_timer: wakes writers when more may
 * @rx: input, towards the guest, as far as the flip buffer did not take it
 * @rx_cursor: the tty's place in it
 * @front: input that waits in front of @rx, or NULL
 * @rest: ... behind @front, in front of @rx, or NULL
 * @rx_told: @rx's end when the state of a port that is held was told last
 * @rx_dropped: bytes that came while the guest was powered off
 * @rx_lost: bytes left in the flip buffer when it went off
 * @rx_flipped: bytes given to the flip buffer
 * @rx_received: ... and on to the line discipline, whose callback is its only
 *	writer
 * @flip_wanted: input waits for room in the flip buffer
 * @rx_room_wanted: a backing was told to wait
 * @rx_retry: tries again after an allocation failed
 * @rx_policed: @rx_rate or @rx_shut has a say
 * @rx_rate: how much may come for the guest
 * @rx_rate_timer: tells those who wait for room when more may; until then
 *	nobody does
 * @carrier: what CTS, DSR and DCD tell
 * @mcr: TIOCM_* lines that the guest drives
 * @mcr_told: ... as the far end was told last
 * @termios: how the guest set its end of the line; no c_cflag: it never did
 * @far_lines: TIOCM_* lines that the backing drives, if it has any
 * @far_has_lines: whether it has, of a kind that may have or not
 * @msr: TIOCM_* lines that the guest sees
 * @line_event: tells listeners of @mcr_told and @termios
 * @icount: changes and errors, as TIOCGICOUNT
 * @winsize: kept from one opening to the next
 * @yield_on_poll: who only polls the port sleeps, see yield.c
 * @pollers: those who do
 * @polls: that found nothing; atomic
 * @news: changes when there is something to find; atomic
 * @line_poller: the thread that asks for the lines all the time
 * @line_polls: how long it does
 * @line_news: @news when it asked last
 */
struct vserial_port {
	struct tty_port tty;
	struct device dev;
	struct vserial_owner *owner;
	struct vserial_ruleset *rules;
	unsigned int index;
	unsigned int minor;
	struct vserial_minor *tty_minor;
	struct device *tty_dev;

	struct mutex config;	/* serialises changes of what follows */
	struct vserial_backing __rcu *backing;
	bool connected;
	atomic64_t asked;
	u64 answered;
	struct vserial_log __rcu *log;
	u64 log_answered;
	struct vserial_arrival arrival;
	struct vserial_program opener;
	struct work_struct event;

	spinlock_t lock;	/* guards all below */
	bool dead;
	bool power;
	bool in_use;
	enum vserial_migration held;
	bool collecting;
	bool uncollected;
	bool went_off;
	bool came;
	bool came_connected;
	struct vserial_handing *handing;
	bool live;
	bool replacing;
	bool swapping;
	bool tx_denied;
	bool rx_denied;
	bool tx_shut;
	bool rx_shut;
	struct vserial_verdict served;
	struct vserial_verdict opened;
	bool connect_at_power_on;
	enum vserial_direction direction;
	enum vserial_state state;
	struct vserial_reason reason;
	char peer[VSERIAL_PEER_SIZE];
	enum vserial_endpoint endpoint;
	u32 max_clients;
	u32 idle_timeout;

	/* output, towards the backing */
	struct vserial_stream tx;
	struct vserial_cursor tx_cursor;
	enum vserial_overflow overflow;
	u32 stall_limit;
	bool room_wanted;
	bool drain_wanted;
	bool stalled;
	unsigned long slow_since;
	u64 slow_pos;
	struct timer_list slow_timer;
	struct list_head readers;
	struct list_head taps;
	bool tx_policed;
	struct vserial_rate tx_rate;
	struct timer_list tx_rate_timer;

	/* input, towards the guest */
	struct vserial_stream rx;
	struct vserial_cursor rx_cursor;
	struct vserial_front *front;
	struct vserial_front *rest;
	u64 rx_told;
	u64 rx_dropped;
	u64 rx_lost;
	u64 rx_flipped;
	u64 rx_received;
	bool flip_wanted;
	bool rx_room_wanted;
	struct delayed_work rx_retry;
	bool rx_policed;
	struct vserial_rate rx_rate;
	struct timer_list rx_rate_timer;

	/* lines */
	enum vserial_carrier carrier;
	unsigned int mcr;	/* TIOCM_* lines that the guest drives */
	unsigned int mcr_told;
	struct ktermios termios;
	unsigned int far_lines;
	bool far_has_lines;
	unsigned int msr;	/* TIOCM_* lines that the guest sees */
	struct delayed_work line_event;
	struct async_icount icount;
	struct winsize winsize;

	/* polling */
	bool yield_on_poll;
	wait_queue_head_t pollers;
	atomic64_t polls;
	atomic_t news;
	pid_t line_poller;
	struct vserial_pace line_polls;
	unsigned int line_news;
};

static inline struct vserial_port *vserial_port_of(struct tty_port *tty)
{
	return container_of(tty, struct vserial_port, tty);
}

/* "GUEST:INDEX", for messages and traces */
static inline const char *vserial_port_name(const struct vserial_port *port)
{
	return dev_name(&port->dev);
}

static inline const char *
vserial_port_guest_name(const struct vserial_port *port)
{
	return dev_name(port->dev.parent);
}

/* Milliseconds after which a peer that takes nothing is no longer waited for. */
#define VSERIAL_STALL_LIMIT_DEFAULT	1000

#define VSERIAL_MAX_CLIENTS_DEFAULT	8

/* A port at one moment, for those who show it: see VSERIAL_A_PORT_*. */
struct vserial_port_status {
	bool connected, power, connect_at_power_on, yield_on_poll;
	enum vserial_state state;
	struct vserial_reason reason, log_reason;
	char peer[VSERIAL_PEER_SIZE];
	enum vserial_endpoint endpoint;
	u32 max_clients, idle_timeout;
	enum vserial_overflow overflow;
	enum vserial_carrier carrier;
	enum vserial_direction direction;
	u32 rate, stall_limit, history, tx_unread, rx_unread, lines;
	u64 tx_bytes, rx_bytes, dropped_bytes, log_dropped, polls;
	struct async_icount icount;
	u32 handover;
	struct vserial_reason handover_reason;
};

struct vserial_port *vserial_port_create(struct device *guest,
					 struct vserial_owner *owner,
					 struct vserial_ruleset *rules,
					 unsigned int index,
					 const struct vserial_settings *s,
					 struct vserial_reason *reason);
int vserial_port_publish(struct vserial_port *port,
			 struct vserial_reason *reason);
void vserial_port_discard(struct vserial_port *port);
int vserial_port_doom(struct vserial_port *port, bool force,
		      struct vserial_reason *reason);
void vserial_port_spare(struct vserial_port *port);
void vserial_port_remove(struct vserial_port *port);
int vserial_port_configure(struct vserial_port *port,
			   const struct vserial_settings *s,
			   struct vserial_reason *reason);
int vserial_port_connect(struct vserial_port *port, bool on,
			 struct vserial_reason *reason);
void vserial_port_status(struct vserial_port *port,
			 struct vserial_port_status *st);
int vserial_port_hold(struct vserial_port *port, enum vserial_migration how,
		      struct vserial_reason *reason);
int vserial_port_return_tty(struct vserial_port *port, unsigned int fd,
			    struct vserial_reason *reason);
int vserial_port_return(struct vserial_port *port, const u8 *bytes, size_t n,
			struct vserial_reason *reason);
u8 *vserial_port_snapshot(struct vserial_port *port, size_t *size,
			  struct vserial_reason *reason);
int vserial_port_take_piece(struct vserial_port *port,
			    const struct vserial_piece *piece,
			    struct vserial_reason *reason);
void vserial_port_end_handover(struct vserial_port *port);
void vserial_port_unhold(struct vserial_port *port, bool completed);
void vserial_port_keep_size(struct vserial_port *port,
			    const struct winsize *ws);
void vserial_port_resize(struct vserial_port *port, u16 rows, u16 columns);
struct vserial_port *vserial_port_by_minor(unsigned int minor);
int vserial_port_may_open(struct vserial_port *port);
int vserial_port_may_control(struct vserial_port *port,
			     struct vserial_reason *reason);
int vserial_port_may_look_back(struct vserial_port *port, bool daemon,
			       struct vserial_reason *reason);
void vserial_port_follow_rules(struct vserial_port *port);
int vserial_port_init(void);
void vserial_port_exit(void);

#endif /* _VSERIAL_PORT_H */
