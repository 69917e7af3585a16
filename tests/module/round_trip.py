# SPDX-License-Identifier: GPL-2.0-or-later
"""Bytes that go from a peer to a guest, and back to all peers of its port."""
import select
import threading

from lib import PATIENCE, later, pattern, wait_for

# So much is on its way at most.  With nobody connected the guest does not wait,
# and what the ring does not hold is lost.
ON_THE_WAY = 40000


class RoundTrip:
    """Bytes go from a peer to the guest, which echoes them to all peers."""

    def __init__(self, peers):
        self.peers = peers
        self.size = 1 << 22
        self.data = pattern(self.size)
        self.sent = 0
        self.got = [0] * len(peers)
        self.fault = None
        self.stop = False
        self.rest = False
        self.thread = threading.Thread(target=self.go_round)
        self.thread.start()
        later(self.end)

    def end(self):
        self.stop = True
        self.thread.join()

    def drain(self):
        """Sends nothing until all has come."""
        self.rest = True
        wait_for(lambda: self.fault or min(self.got) == self.sent, "all comes")
        self.rest = False

    def next(self, at, n):
        """The bytes of the stream from an offset on."""
        at %= self.size
        return self.data[at:at + n]

    def send(self):
        room = min(self.got) + ON_THE_WAY - self.sent
        piece = self.next(self.sent, min(room, 3000))
        self.sent += self.peers[0].sock.send(piece)

    def take(self, i):
        data = self.peers[i].sock.recv(1 << 16)
        at = 0
        while at < len(data):
            want = self.next(self.got[i], len(data) - at)
            have = data[at:at + len(want)]
            if want != have:
                same = next(k for k, (a, b) in enumerate(zip(want, have)) if a != b)
                self.fault = (f"peer {i} after {self.got[i] + same} of {self.sent} bytes has "
                              f"{have[same:same + 32]} in place of {want[same:same + 32]}")
                return
            self.got[i] += len(want)
            at += len(want)
        if not data:
            self.fault = f"peer {i} was closed after {self.got[i]} of {self.sent} bytes"

    def go_round(self):
        socks = [p.sock for p in self.peers]
        while not self.fault and not (self.stop and min(self.got) == self.sent):
            missing = min(self.got) < self.sent
            may = min(self.got) + ON_THE_WAY > self.sent and not self.stop and not self.rest
            readable, writable, _ = select.select(socks, socks[:1] if may else [], [],
                                                  PATIENCE if missing else 0.02)
            if missing and not readable and not writable:
                self.fault = f"nothing comes any more: {self.got} of {self.sent} bytes came"
            if writable:
                self.send()
            for sock in readable:
                self.take(socks.index(sock))
