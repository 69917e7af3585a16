/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trace: tracepoints, /sys/kernel/tracing/events/vserial
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vserial

#if !defined(_VSERIAL_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _VSERIAL_TRACE_H

#include <linux/tracepoint.h>

#include "compat.h"
#include "port.h"

DECLARE_EVENT_CLASS(vserial_port_class,
	TP_PROTO(const struct vserial_port *port),
	TP_ARGS(port),
	TP_STRUCT__entry(
		__string(port, vserial_port_name(port))
		__field(unsigned int, minor)
	),
	TP_fast_assign(
		vserial_assign_str(port, vserial_port_name(port));
		__entry->minor = port->minor;
	),
	TP_printk("port=%s ttyVS%u", __get_str(port), __entry->minor)
);

DEFINE_EVENT(vserial_port_class, vserial_open,
	TP_PROTO(const struct vserial_port *port),
	TP_ARGS(port)
);

DEFINE_EVENT(vserial_port_class, vserial_close,
	TP_PROTO(const struct vserial_port *port),
	TP_ARGS(port)
);

TRACE_EVENT(vserial_attach,
	TP_PROTO(const struct vserial_port *port, const char *backing),
	TP_ARGS(port, backing),
	TP_STRUCT__entry(
		__string(port, vserial_port_name(port))
		__string(backing, backing)
	),
	TP_fast_assign(
		vserial_assign_str(port, vserial_port_name(port));
		vserial_assign_str(backing, backing);
	),
	TP_printk("port=%s backing=%s", __get_str(port), __get_str(backing))
);

DECLARE_EVENT_CLASS(vserial_bytes_class,
	TP_PROTO(const struct vserial_port *port, size_t bytes),
	TP_ARGS(port, bytes),
	TP_STRUCT__entry(
		__field(unsigned int, minor)
		__field(size_t, bytes)
	),
	TP_fast_assign(
		__entry->minor = port->minor;
		__entry->bytes = bytes;
	),
	TP_printk("ttyVS%u bytes=%zu", __entry->minor, __entry->bytes)
);

DEFINE_EVENT(vserial_bytes_class, vserial_tx,
	TP_PROTO(const struct vserial_port *port, size_t bytes),
	TP_ARGS(port, bytes)
);

DEFINE_EVENT(vserial_bytes_class, vserial_rx,
	TP_PROTO(const struct vserial_port *port, size_t bytes),
	TP_ARGS(port, bytes)
);

TRACE_EVENT(vserial_drop,
	TP_PROTO(const struct vserial_port *port, const char *direction,
		 u64 bytes),
	TP_ARGS(port, direction, bytes),
	TP_STRUCT__entry(
		__string(port, vserial_port_name(port))
		__string(direction, direction)
		__field(u64, bytes)
	),
	TP_fast_assign(
		vserial_assign_str(port, vserial_port_name(port));
		vserial_assign_str(direction, direction);
		__entry->bytes = bytes;
	),
	TP_printk("port=%s direction=%s bytes=%llu", __get_str(port),
		  __get_str(direction), __entry->bytes)
);

TRACE_EVENT(vserial_error,
	TP_PROTO(const struct vserial_port *port, int error),
	TP_ARGS(port, error),
	TP_STRUCT__entry(
		__string(port, vserial_port_name(port))
		__field(int, error)
	),
	TP_fast_assign(
		vserial_assign_str(port, vserial_port_name(port));
		__entry->error = error;
	),
	TP_printk("port=%s error=%d", __get_str(port), __entry->error)
);

#endif /* _VSERIAL_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
