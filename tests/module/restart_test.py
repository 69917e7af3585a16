#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon is restarted, as `systemctl restart` does it, and nobody notices.

    guest  <->  port  <== netlink ==>  vseriald  <== socket ==>  peers
                                          |  ^
                                          v  |
                                     service manager

RESTARTS says how many times where many are asked for.
"""
import os
import select
import socket
import threading
import time

from console import get_size
from lib import (RING, Loopguest, equal, expect, make_port, pattern, run, test,
                 wait_for)
from peer import (LISTENING, Peer, accept, connected, dial, listen,
                  server, tcp_port)
from round_trip import RoundTrip
from vseriald import Daemon

# time limit: 900

RESTARTS = int(os.environ.get("RESTARTS") or 6)


@test
def under_load():
    """restarts while bytes go both ways to three peers: none is lost or repeated"""
    daemon = Daemon(managed=True, accept_rate=0)
    port, number = server("n-up", stall_limit=0)
    peers = [dial(number) for _ in range(3)]
    wait_for(lambda: port.peer.endswith("and 2 more"), "all are there")
    writer = port.peer.split()[0]
    guest = Loopguest(port, "echo", options=("-w", "poll", "-t", "0"))
    round_ = RoundTrip(peers)

    def tell():
        return (f"; guest took {port.rx_bytes}, wrote {port.tx_bytes}, unread {port.tx_unread}, "
                f"dropped {port.dropped_bytes}, state {port.state} {port.reason}\n{daemon.said()}")

    for k in range(RESTARTS):
        before = min(round_.got)
        wait_for(lambda: round_.fault or min(round_.got) > before + 20000, "bytes flow")
        if round_.fault:
            break
        # At another moment each time.
        time.sleep(k % 7 / 500)
        daemon.restart()
        # What is the last of it needs nothing behind it to come.
        round_.drain()
    round_.end()
    expect(not round_.fault, f"in restart {k}: {round_.fault}{tell()}")
    guest.terminate().finish()
    equal(port.dropped_bytes, 0, "what was dropped")
    equal(port.rx_bytes, round_.sent, "what the guest took")
    equal(port.peer.split()[0], writer, "who writes")
    print(f"# {RESTARTS} restarts, {round_.sent} bytes each way")


@test
def refusing_guest():
    """what a guest that does not read has not taken comes once, from the next daemon"""
    daemon = Daemon(managed=True)
    port, number = server("n-full")
    guest = port.open()
    peer = dial(number)
    connected(port)
    data = pattern(1 << 20)
    sender = threading.Thread(target=peer.send, args=(data,))
    sender.start()
    for _ in range(3):
        # The daemon is told of room when half the ring is free, and waits until then.
        wait_for(lambda: port.rx_unread > RING // 2, "the guest takes no more")
        daemon.restart()
        connected(port)
        equal(guest.read_exactly(100000), data[:100000], "what the guest read")
        data = data[100000:]
    equal(guest.read_exactly(len(data)), data, "the rest")
    sender.join()
    peer.send(b"end")
    equal(guest.read_exactly(3), b"end", "what comes behind it")


@test
def telnet():
    """telnet goes on where it was: in an option, in a subnegotiation, behind a CR"""
    daemon = Daemon(managed=True)
    number = tcp_port()
    port = make_port("n-tel", backing=f"telnet://:{number}")
    guest = port.open()
    wait_for(lambda: port.state == LISTENING, "it listens")
    peer = dial(number)
    offers = b"\xff\xfb\x01\xff\xfb\x03\xff\xfb\x00\xff\xfd\x00\xff\xfd\x1f"
    equal(peer.read(len(offers)), offers, "what it offers")
    connected(port)

    def send(data):
        """As far as it has been dealt with."""
        peer.send(data + b"\xff\xfd\x06")
        equal(peer.read(3), b"\xff\xfb\x06", "the answer to a timing mark")

    def restart():
        daemon.restart()
        connected(port)

    send(b"\xff\xfd\x01\xff\xfd\x03a\r\0b")
    equal(guest.read_exactly(3), b"a\rb", "what the guest read")
    peer.send(b"c\r")
    equal(guest.read_exactly(2), b"c\r", "what the guest read")
    restart()
    send(b"\0d")
    equal(guest.read_exactly(1), b"d", "what the guest read behind a CR")
    peer.send(b"e\xff")
    equal(guest.read_exactly(1), b"e", "what the guest read")
    restart()
    peer.send(b"\xfff\xff\xfb\x1f\xff\xfa\x1f\x00\x50")
    equal(guest.read_exactly(2), b"\xfff", "what the guest read behind an IAC")
    restart()
    send(b"\x00\x18\xff\xf0g")
    equal(guest.read_exactly(1), b"g", "what the guest read behind a subnegotiation")
    wait_for(lambda: get_size(guest.fd) == (24, 80), "the guest's window")
    # What was agreed upon is not asked for again, and not answered again.
    restart()
    send(b"\xff\xfd\x01h")
    guest.write_all(b"\xffi\r\n")
    equal(peer.read(5), b"\xff\xffi\r\n", "what the peer read")


@test
def kinds():
    """a peer that was dialled survives, too; what is kept for a port that is gone is closed"""
    daemon = Daemon(managed=True)
    dialled = make_port("n-up2", backing=f"tcp://127.0.0.1:{tcp_port()}", stall_limit=0)
    listening = listen(int(dialled.backing.rpartition(":")[2]))
    guest = dialled.open()
    far = accept(listening)
    connected(dialled)
    guest.write_all(b"before ")
    pipe = make_port("n-up3", backing="pipe:n-up3#far=application", stall_limit=0)
    pipe.connect()
    wait_for(lambda: pipe.state == LISTENING, "it listens")
    port, number = server("n-up4")
    peer = dial(number)
    connected(port)
    daemon.restart()
    guest.write_all(b"after")
    equal(far.read(12), b"before after", "what the dialled peer read")
    far.send(b"back")
    equal(guest.read_exactly(4), b"back", "its input")
    expect(not select.select([listening], [], [], 0)[0], "it was dialled twice")
    local = Peer("/run/vserial/pipe/n-up3", family=socket.AF_UNIX)
    connected(pipe)
    local.send(b"x")
    connected(port)
    port.disconnect()
    equal(peer.rest(), b"", "what is left")


run()
