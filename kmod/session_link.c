// SPDX-License-Identifier: GPL-2.0-only
/*
 * session_link: a session's bytes on its socket, either way
 *
 *   socket <--channel-- .link  vserial_session  .reader --> vserial_port
 */
#include "input.h"
#include "session.h"

static struct vserial_session *of_link(struct vserial_link *l)
{
	return container_of(l, struct vserial_session, link);
}

static struct vserial_session *of_reader(struct vserial_reader *r)
{
	return container_of(r, struct vserial_session, reader);
}

static bool vserial_session_pending(struct vserial_link *l, size_t *bytes)
{
	struct vserial_session *s = of_link(l);

	*bytes = 0;
	return !READ_ONCE(s->deaf) &&
	       vserial_reader_pending(s->port, &s->reader, bytes);
}

static size_t vserial_session_take(struct vserial_link *l, u8 *buf, size_t n,
				   u64 *offset)
{
	struct vserial_session *s = of_link(l);

	if (READ_ONCE(s->deaf))
		return 0;
	return vserial_reader_take(s->port, &s->reader, buf, n, offset);
}

static bool vserial_session_take_marker(struct vserial_link *l,
					struct vserial_marker *m)
{
	struct vserial_session *s = of_link(l);

	return !READ_ONCE(s->deaf) &&
	       vserial_reader_take_marker(s->port, &s->reader, m);
}

static void vserial_session_ack(struct vserial_link *l, u64 upto)
{
	struct vserial_session *s = of_link(l);

	vserial_reader_ack(s->port, &s->reader, upto);
}

static void vserial_session_untake(struct vserial_link *l, u64 from,
				   const struct vserial_marker *m)
{
	struct vserial_session *s = of_link(l);

	vserial_reader_untake(s->port, &s->reader, from, m);
}

/**
 * vserial_session_may_write() - is it a session's turn to write?
 * @s: the session
 * @reason: says why not
 *
 * Context: any.
 * Return: 0; -EACCES or -EPERM with @reason filled.
 */
int vserial_session_may_write(const struct vserial_session *s,
			      struct vserial_reason *reason)
{
	if (READ_ONCE(s->mute))
		return vserial_refuse(reason, -EACCES,
				      "service rules of guest '%s' let session %u only read",
				      vserial_port_guest_name(s->port),
				      s->link.id);
	if (READ_ONCE(s->writer))
		return 0;
	return vserial_refuse(reason, -EPERM,
			      "session %u only reads port '%s/%u'; another writes, until it ends or is taken over from by force",
			      s->link.id, vserial_port_guest_name(s->port),
			      s->port->index);
}

static int vserial_session_admit(struct vserial_link *l,
				 struct vserial_reason *reason)
{
	struct vserial_session *s = of_link(l);

	if (s->backing)
		return vserial_refuse(reason, -EINVAL,
				      "session %u moves no data; its backing %u does",
				      l->id, s->backing);
	return vserial_session_may_write(s, reason);
}

static size_t vserial_session_input(struct vserial_link *l, const u8 *buf,
				    size_t n)
{
	struct vserial_session *s = of_link(l);

	return vserial_reader_input(s->port, &s->reader, buf, n);
}

static void vserial_session_break(struct vserial_link *l, unsigned int ms)
{
	vserial_input_send_break(of_link(l)->port, ms);
}

static const struct vserial_link_ops vserial_session_link_ops = {
	.pending = vserial_session_pending,
	.take = vserial_session_take,
	.take_marker = vserial_session_take_marker,
	.ack = vserial_session_ack,
	.untake = vserial_session_untake,
	.admit = vserial_session_admit,
	.input = vserial_session_input,
	.input_break = vserial_session_break,
	.closed = vserial_session_closed,
};

static void vserial_session_tx(struct vserial_reader *r)
{
	vserial_link_kick(&of_reader(r)->link);
}

static void vserial_session_room(struct vserial_reader *r)
{
	vserial_link_room(&of_reader(r)->link);
}

/**
 * vserial_session_link_setup() - a session that is made is to have output
 * @s: the session
 */
void vserial_session_link_setup(struct vserial_session *s)
{
	s->link.ops = &vserial_session_link_ops;
	s->reader.tx = vserial_session_tx;
	s->reader.room = vserial_session_room;
}
