/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * backing: what stands at the far end of a port's cable
 *
 * A backing is a const struct vserial_backing_ops in a file of its own.  It
 * reads the port's output with vserial_output_take() and vserial_output_ack(),
 * writes its input with vserial_input_write(), and says how it is with
 * vserial_backing_report().  It never touches a port otherwise.
 *
 * Life: create (opens) -> begin -> start -> stop -> start ... -> destroy -> close.  A port
 * has exactly one backing; it is replaced while the guest runs by creating the
 * new one, stopping the old, starting the new.
 */
#ifndef _VSERIAL_BACKING_H
#define _VSERIAL_BACKING_H

#include <linux/types.h>
#include <linux/workqueue.h>

#include <linux/vserial.h>

struct ktermios;
struct vserial_backing;
struct vserial_marker;
struct vserial_port;
struct vserial_reason;
struct vserial_spec;

/**
 * struct vserial_backing_ops - one kind of backing
 * @size: bytes of the structure that starts with struct vserial_backing
 * @waits_out_errors: in VSERIAL_STATE_RECOVERABLE_ERROR the peer is still
 *	there, so that output waits for it as the port's overflow policy says
 * @has_lines: the far end always drives lines, see vserial_backing_lines()
 * @never_stalls: the guest waits for as long as the peer takes nothing, as it
 *	would for a line whose far end holds it up
 * @exclusive: what it has nobody else can have meanwhile
 * @open: acquire what the specification names.  Optional.
 *	In process context, may sleep for as long as the file system likes, no
 *	locks held, runs with the configuring process's root and credentials.
 *	It returns 0, or a negative errno with @reason filled; then close is
 *	not called.
 * @begin: all that the request asks for is open: do what cannot be undone, such
 *	as emptying a file.  Optional; context and return as @open, but close
 *	is called.
 * @close: let go of it.  Optional.
 *	In a worker, may sleep; nothing else uses the backing.
 * @start: the port is connected; move bytes from now on and report a state.
 *	In process context, the port's config lock held.
 * @stop: finish what is in flight, waiting for a bounded time, and move
 *	nothing more.  Optional: the port refuses the backing's calls after
 *	it.
 *	In process context, the port's config lock held.
 * @tx_now: output was written: move it if that can be done at once, and tell
 *	whether nothing is left for tx.  The way of a guest's single bytes.
 *	Optional.
 *	In any context, the port's lock held, must not sleep.  It sets @wake if
 *	the guest's writers are to be woken.
 * @tx: output was written, or the backing was started.  Optional.
 *	In any context, no port lock held, must not sleep.
 * @rx_room: the input has room again after vserial_input_write() took less
 *	than it was given.  Optional.
 *	In any context, no port lock held, must not sleep.
 * @flush: the guest was powered off; batched bytes should move on.  Optional.
 *	In any context, must not sleep.
 * @termios: the guest set its end of the line otherwise, see
 *	vserial_output_termios(); also look when started.  Optional.
 *	In any context, no port lock held, must not sleep.
 */
struct vserial_backing_ops {
	size_t size;
	bool waits_out_errors;
	bool has_lines;
	bool never_stalls;
	bool exclusive;
	int (*open)(struct vserial_backing *b, struct vserial_reason *reason);
	int (*begin)(struct vserial_backing *b, struct vserial_reason *reason);
	void (*close)(struct vserial_backing *b);
	void (*start)(struct vserial_backing *b);
	void (*stop)(struct vserial_backing *b);
	bool (*tx_now)(struct vserial_backing *b, bool *wake);
	void (*tx)(struct vserial_backing *b);
	void (*rx_room)(struct vserial_backing *b);
	void (*flush)(struct vserial_backing *b);
	void (*termios)(struct vserial_backing *b);
};

/**
 * struct vserial_backing - the part all backings share; the first member
 * @ops: its kind
 * @spec: what it was made from, owned
 * @port: its port; holds a reference on the device
 * @release: closes and frees after an RCU grace period
 */
struct vserial_backing {
	const struct vserial_backing_ops *ops;
	struct vserial_spec *spec;
	struct vserial_port *port;
	struct rcu_work release;
};

extern const struct vserial_backing_ops vserial_backing_null;
extern const struct vserial_backing_ops vserial_backing_loopback;
extern const struct vserial_backing_ops vserial_backing_file;
extern const struct vserial_backing_ops vserial_backing_pipe;
extern const struct vserial_backing_ops vserial_backing_uart;
extern const struct vserial_backing_ops vserial_backing_helper;

struct vserial_backing *vserial_backing_create(struct vserial_port *port,
					       const char *text,
					       const char *proxy,
					       struct vserial_reason *reason);
void vserial_backing_destroy(struct vserial_backing *b);

/* What backings may call of their port: report.c */
__printf(3, 4)
void vserial_backing_report(struct vserial_backing *b, enum vserial_state state,
			    const char *fmt, ...);

void vserial_backing_peer(struct vserial_backing *b, const char *peer);
void vserial_backing_lines(struct vserial_backing *b, unsigned int lines);
void vserial_backing_no_lines(struct vserial_backing *b);

/* All is well, and there is nothing to say about it. */
static inline void vserial_backing_connected(struct vserial_backing *b)
{
	vserial_backing_report(b, VSERIAL_STATE_CONNECTED, "%s", "");
}

/* output_take.c */
size_t vserial_output_take(struct vserial_backing *b, u8 *buf, size_t n,
			   u64 *offset);
bool vserial_output_pending(struct vserial_backing *b, size_t *bytes);
u64 vserial_output_settled(struct vserial_backing *b);
bool vserial_output_take_marker(struct vserial_backing *b,
				struct vserial_marker *m);
size_t vserial_output_unread(struct vserial_backing *b);
void vserial_output_ack(struct vserial_backing *b, u64 upto);
void vserial_output_rewind(struct vserial_backing *b);
void vserial_output_untake(struct vserial_backing *b, u64 from,
			   const struct vserial_marker *m);
unsigned int vserial_output_lines_told(const struct vserial_backing *b);
bool vserial_output_termios(struct vserial_backing *b, struct ktermios *k);

/* output_move.c */
void vserial_output_swallow(struct vserial_backing *b);
void vserial_output_echo(struct vserial_backing *b);
size_t vserial_output_cross(struct vserial_backing *b,
			    struct vserial_backing *far);

/* output_move.c, for tx_now */
bool vserial_output_swallow_now(struct vserial_backing *b, bool *wake);
bool vserial_output_echo_now(struct vserial_backing *b, bool *wake);
bool vserial_output_cross_now(struct vserial_backing *b,
			      struct vserial_backing *far, bool *wake);

/* input.c */
size_t vserial_input_write(struct vserial_backing *b, const u8 *buf, size_t n);
void vserial_input_break(struct vserial_backing *b, unsigned int ms);
void vserial_input_error(struct vserial_backing *b, u8 flag, u8 byte);

#endif /* _VSERIAL_BACKING_H */
