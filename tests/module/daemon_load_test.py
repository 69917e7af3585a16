#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon when there is much of something: ports, peers, bytes, bad luck.

PORTS and PEERS say how many there are (200, 100), STOPPED for how many seconds it
is stopped (0: until something was dropped).
"""
import os
import resource
import select
import signal
import threading
import time

from lib import (Loopguest, equal, expect, make_guest, make_port, pattern,
                 pattern_runs, run, test, wait_for)
from peer import (LISTENING, accept, connected, dial, listen, listens,
                  server, tcp_port)
from vseriald import Daemon

# time limit: 900

PORTS = int(os.environ.get("PORTS") or 200)
PEERS = int(os.environ.get("PEERS") or 100)
STOPPED = float(os.environ.get("STOPPED") or 0)


def rss(daemon):
    """KiB of memory that are its own."""
    return int(daemon.status("RssAnon").split()[0])


@test
def quiet():
    """idle ports with peers cause no wake-up and take little memory; then all carry data"""
    resource.setrlimit(resource.RLIMIT_NOFILE, (65536, 65536))
    daemon = Daemon(accept_rate=0)
    before = rss(daemon)
    ports = []
    for g in range((PORTS + 29) // 30):
        for port in make_guest(f"n-quiet{g}", min(30, PORTS - 30 * g)):
            number = tcp_port()
            port.set(backing=f"tcp4://:{number}")
            port.connect()
            ports.append((port, number))
    for port, _ in ports:
        wait_for(lambda p=port: p.state == LISTENING, "it listens")
    listening = rss(daemon)
    peers = [dial(ports[i % PORTS][1]) for i in range(PEERS)]
    for port, _ in ports[:PEERS]:
        connected(port)
    many = rss(daemon)

    def still():
        count = int(daemon.status("voluntary_ctxt_switches"))
        time.sleep(10)
        return int(daemon.status("voluntary_ctxt_switches")) == count

    wait_for(still, "ten seconds without a wake-up")
    each = (many - listening) / PEERS
    print(f"# {PORTS} ports, {PEERS} peers, no wake-up in 10 s: {before} KiB and "
          f"{(listening - before) / PORTS:.1f} KiB for each port, {each:.1f} for each peer")
    expect(each < 16, f"a peer takes {each} KiB")
    for peer in peers:
        peer.send(b".")
    for port, _ in ports[:PEERS]:
        # Its guest is off.
        wait_for(lambda p=port: p.dropped_bytes, "what came is counted")
    # Both ways on all of them at once.
    guests = [port.open() for port, _ in ports[:PEERS]]
    told = [f"{port.name} says {'so ' * 600}\n".encode() for port, _ in ports[:PEERS]]
    for guest, peer, text in zip(guests, peers, told):
        guest.write_all(text)
        peer.send(text[::-1])
    for guest, peer, text in zip(guests, peers, told):
        equal(peer.read(len(text)), text, "what a peer read")
        equal(guest.read_exactly(len(text)), text[::-1], "what its guest read")
    print(f"# {sum(map(len, told))} bytes each way on {len(guests)} ports: {rss(daemon)} KiB")


@test
def shares():
    """ports that flood share the daemon, and one that does not has its turns"""
    Daemon()
    ports = [server(f"n-share{i}", stall_limit=0) for i in range(4)]
    peers = [dial(number) for _, number in ports]
    for port, _ in ports:
        connected(port)
    guests = [Loopguest(port, "flood", options=("-c", "4096", "-w", "poll", "-t", "240"))
              for port, _ in ports[:3]]
    echo = Loopguest(ports[3][0], "echo", options=("-w", "poll", "-t", "240"))
    got = [0, 0, 0]
    socks = [peer.sock for peer in peers[:3]]
    rounds = 0
    peers[3].send(b"x")
    while min(got) < 1 << 20:
        for sock in select.select([*socks, peers[3].sock], [], [])[0]:
            if sock is peers[3].sock:
                equal(peers[3].read(1), b"x", "the echo")
                rounds += 1
                peers[3].send(b"x")
            else:
                got[socks.index(sock)] += len(sock.recv(1 << 16))
    expect(max(got) < 4 * min(got), f"the shares are {got}")
    # At most what the kernel sends ahead of what is settled is in front of it.
    expect(rounds > 2, f"{rounds} round trips while others moved {got} bytes")
    print(f"# {rounds} round trips while others moved {got} bytes")
    for guest in (*guests, echo):
        guest.terminate()


@test
def overrun():
    """a receive buffer that is full loses messages, and no byte"""
    daemon = Daemon()
    size = 1 << 20
    ports = [server(f"n-over{i}", stall_limit=0) for i in range(3)]
    peers = [dial(number) for _, number in ports]
    for port, _ in ports:
        connected(port)
    gone, number = server("n-over-gone")
    # What is told of this one is long.
    wordy = make_port("n-over-long", backing=f"tcp://:{tcp_port()}#allow=" +
                      ",".join(f"192.0.2.{k}/32" for k in range(60)))
    wordy.connect()
    wait_for(lambda: wordy.state == LISTENING, "it listens")
    guests = [Loopguest(port, f"duplex={size}", options=("-c", "1024", "-w", "poll", "-t", "240",
                                                        "-S", "2"))
              for port, _ in ports]
    for peer in peers:
        threading.Thread(target=peer.send, args=(pattern(size, 2),), daemon=True).start()
    heads = [peer.read(50000) for peer in peers]
    daemon.signal(signal.SIGSTOP)
    # Each is told to the daemon, and nobody reads it.
    for k in range(6000):
        wordy.set(idle_timeout=1000 + k)
    gone.disconnect()
    daemon.signal(signal.SIGCONT)
    for i, peer in enumerate(peers):
        data = heads[i] + peer.read(size - len(heads[i]))
        equal(pattern_runs(data), [(0, size)], f"what peer {i} read")
    for guest in guests:
        guest.finish(timeout=240)
    expect("messages of the kernel were lost" in daemon.said(), f"none was lost: {daemon.said()}")
    for port, _ in ports:
        equal(port.dropped_bytes, 0, "what was dropped")
    wait_for(lambda: not listens(number), "it knows that a port was disconnected meanwhile")


@test
def killed():
    """kill -9 under load: the guest goes on, the peer gets all the rest"""
    daemon = Daemon(retry_min=10, retry_max=1)
    number = tcp_port()
    listening = listen(number)
    port = make_port("n-kill", backing=f"tcp://127.0.0.1:{number}")
    port.connect()
    guest = Loopguest(port, "flood", options=("-c", "1024", "-w", "poll", "-t", "240"))
    pieces = []
    for _ in range(4):
        peer = accept(listening)
        piece = bytearray()
        while len(piece) < 300000:
            piece += peer.sock.recv(1 << 16)
        # With nobody connected the ring keeps the newest; the guest does not wait.
        daemon.kill()
        # All that its socket has taken still comes.
        piece += peer.rest()
        pieces.append(bytes(piece))
        before = port.tx_bytes
        wait_for(lambda: port.tx_bytes > before + 200000, "the guest goes on")
        daemon.start()
    peer = accept(listening)
    connected(port)
    guest.terminate()
    piece = bytearray(peer.read(1))
    guest.finish()
    size = port.tx_bytes
    end = pattern(32, offset=size - 32)
    while end not in piece[-70000:]:
        data = peer.sock.recv(1 << 16)
        expect(data, "the connection ended early")
        piece += data
    pieces.append(bytes(piece))
    at = lost = doubled = 0
    for piece in pieces:
        for offset, length in pattern_runs(piece):
            lost += max(offset - at, 0)
            doubled += max(at - offset, 0)
            at = offset + length
    equal(at, size, "where the stream ended")
    # What a peer had got and nobody told the kernel counts as dropped, too.
    expect(lost <= port.dropped_bytes,
           f"{lost} bytes did not come, and the port says it dropped {port.dropped_bytes}")
    # What TCP had taken but not yet acknowledged may come again, and no more.
    expect(doubled <= 4 * 65536, f"{doubled} bytes came twice")
    print(f"# lost {lost}, twice {doubled} of {size}")


@test
def stopped():
    """SIGSTOP: guests go on; afterwards what the ring kept is there, the rest counted"""
    daemon = Daemon()
    port, number = server("n-stop")
    peer = dial(number)
    connected(port)
    guest = Loopguest(port, "flood=2097152", options=("-c", "4096", "-w", "poll"))
    head = peer.read(10000)
    daemon.signal(signal.SIGSTOP)
    time.sleep(STOPPED)
    # A stalled peer: the port drops the oldest until it takes again.
    guest.finish()
    expect(port.dropped_bytes > 0, "nothing was dropped although the daemon sleeps")
    daemon.signal(signal.SIGCONT)
    rest = bytearray(head)
    end = pattern(64, offset=2097152 - 64)
    while end not in rest[-70000:]:
        rest += peer.sock.recv(1 << 16)
    runs = pattern_runs(bytes(rest))
    lost = sum(b[0] - sum(a) for a, b in zip(runs, runs[1:]))
    equal(lost, port.dropped_bytes, "what is missing (what the port says it dropped)")


run()
