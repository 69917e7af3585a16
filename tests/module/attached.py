# SPDX-License-Identifier: GPL-2.0-or-later
"""A socket that attaches to ports, or serves them as the daemon does."""
import errno
import select
import socket
import struct
import time

import genl
from genl import N, Refused, attr, string, u32, u64
from lib import PATIENCE, equal, expect, later

EVENTS = ("SESSION_NTF", "SESSION_DEL_NTF", "DATA_NTF", "DATA_ROOM_NTF",
          "BACKING_NTF", "BACKING_DEL_NTF")
NAMES = {getattr(N, "VSERIAL_CMD_" + name): name for name in EVENTS}


class Socket(genl.Client):
    """A socket that attaches to ports and keeps what it is told."""

    def __init__(self, rcvbuf=1 << 20):
        self.told = []
        super().__init__()
        self.sock.setsockopt(socket.SOL_SOCKET, 33, rcvbuf)  # SO_RCVBUFFORCE
        later(self.close)

    def unasked(self, message):
        self.told.append((NAMES[message[0]],
                          genl.decode(message[0], message[4:])))

    def pump(self, timeout=0.0):
        """Reads what has come; returns whether there was anything."""
        if not select.select([self.sock], [], [], timeout)[0]:
            return False
        data = self.sock.recv(1 << 18)
        while data:
            length, = struct.unpack_from("=I", data)
            self.unasked(data[16:length])
            data = data[(length + 3) & ~3:]
        return True

    def next(self, name, timeout=PATIENCE, **wanted):
        """The next thing of this name, with these values, that it is told."""
        end = time.monotonic() + timeout
        while True:
            for i, (kind, fields) in enumerate(self.told):
                if kind == name and wanted.items() <= fields.items():
                    del self.told[i]
                    return fields
            expect(time.monotonic() < end, f"no {name} {wanted or ''} within {timeout:g} s")
            self.pump(0.1)

    def attach(self, port, *flags):
        data = string(N.VSERIAL_A_SESSION_GUEST, port.guest) + \
            u32(N.VSERIAL_A_SESSION_INDEX, port.index)
        for flag in flags:
            data += attr(getattr(N, "VSERIAL_A_SESSION_" + flag))
        return self.call("SESSION_NEW", data)[0]

    def report(self, backing, state, reason="", peer="", lines=None, handover=None):
        """As the daemon: how a backing stands."""
        data = u32(N.VSERIAL_A_BACKING_ID, backing) + \
            u32(N.VSERIAL_A_BACKING_STATE, getattr(N, "VSERIAL_STATE_" + state))
        if reason:
            data += string(N.VSERIAL_A_BACKING_REASON, reason)
        if peer:
            data += string(N.VSERIAL_A_BACKING_PEER, peer)
        if lines is not None:
            data += u32(N.VSERIAL_A_BACKING_LINES, lines)
        if handover is not None:
            data += u32(N.VSERIAL_A_BACKING_HANDOVER, handover)
        self.call("BACKING_REPORT", data)

    def announce(self, backing, peer, *flags):
        """As the daemon: a peer of a backing."""
        data = u32(N.VSERIAL_A_SESSION_BACKING, backing) + \
            string(N.VSERIAL_A_SESSION_PEER, peer)
        for flag in flags:
            data += attr(getattr(N, "VSERIAL_A_SESSION_" + flag))
        return self.call("SESSION_NEW", data)[0]

    def ack(self, session, offset=None, credit=None):
        data = u32(N.VSERIAL_A_DATA_SESSION, session)
        if offset is not None:
            data += u64(N.VSERIAL_A_DATA_OFFSET, offset)
        if credit is not None:
            data += u64(N.VSERIAL_A_DATA_CREDIT, credit)
        self.call("DATA_ACK", data)

    def send(self, session, offset, data):
        self.call("DATA", u32(N.VSERIAL_A_DATA_SESSION, session) +
                  u64(N.VSERIAL_A_DATA_OFFSET, offset) +
                  attr(N.VSERIAL_A_DATA_BYTES, data))

    def send_through(self, session, offset, data, guest):
        """Sends input that begins at an offset; the guest reads it when there is no room.

        Returns what the guest has read, and how often there was none."""
        at = short = 0
        got = b""
        while at < len(data):
            piece = data[at:at + 30000]
            try:
                self.send(session, offset + at, piece)
                at += len(piece)
            except Refused as e:
                equal(e.errno, errno.EAGAIN, "the errno")
                short += 1
                # Nothing comes before the guest reads.
                while not any(kind == "DATA_ROOM_NTF" for kind, _ in self.told):
                    got += guest.read() or b""
                    self.pump(0.01)
                at = self.next("DATA_ROOM_NTF")["offset"] - offset
                expect(0 <= at <= len(data), f"the offset to go on from is {at}")
        return got + guest.read_exactly(len(data) - len(got)), short

    def read(self, session, n, ack=True):
        """n bytes of output, each acknowledged, without a gap."""
        data, at = b"", None
        while len(data) < n:
            m = self.next("DATA_NTF")
            if m["session"] != session:
                continue
            if "bytes" not in m:
                self.ack(session, credit=m["credit"])
                continue
            expect(at in (None, m["offset"]), f"offset {m['offset']}, not {at}")
            at = m["offset"] + len(m["bytes"])
            data += m["bytes"]
            if ack:
                self.ack(session, at, m["credit"])
        return data


def refused(number, words, function, *args):
    try:
        function(*args)
    except Refused as e:
        equal(e.errno, number, f"the errno ({e.text})")
        expect(words in e.text, f"the refusal {e.text!r} lacks {words!r}")
        return
    raise AssertionError(f"{function.__name__}{args} was not refused")
