#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon with real peers: TCP, Unix sockets, vsock.

    guest  <->  port  <== netlink ==>  vseriald  <== socket ==>  peers
"""
import contextlib
import os
import pwd
import select
import signal
import socket
import stat
import subprocess
import threading
import time

from genl import N, string, u32
from lib import (PATIENCE, Loopguest, Skip, ctl, ctl_json, ctl_raw, equal,
                 expect, later, make_guest, make_port, nl, pattern,
                 pattern_runs, read_file, run, run_program, scratch, test,
                 wait_for)
from vseriald import Daemon

# time limit: 900

CONNECTED = N.VSERIAL_STATE_CONNECTED
LISTENING = N.VSERIAL_STATE_LISTENING
RECOVERABLE = N.VSERIAL_STATE_RECOVERABLE_ERROR
UNRECOVERABLE = N.VSERIAL_STATE_UNRECOVERABLE_ERROR
NOT_CONNECTED = N.VSERIAL_STATE_NOT_CONNECTED

_port = 20000


def tcp_port():
    """A port number that no other test has."""
    global _port
    _port += 1
    return _port


class Peer:
    """A socket with the patience of a test."""

    def __init__(self, to, family=socket.AF_INET, sock=None):
        self.sock = sock or socket.socket(family, socket.SOCK_STREAM)
        later(self.close)
        self.sock.settimeout(PATIENCE)
        if not sock:
            self.sock.connect(to)

    def close(self):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def read(self, n):
        """Exactly n bytes."""
        data = bytearray()
        while len(data) < n:
            try:
                piece = self.sock.recv(n - len(data))
            except TimeoutError as e:
                raise AssertionError(f"{len(data)} of {n} bytes came: {bytes(data[-80:])}") from e
            expect(piece, f"end after {len(data)} of {n} bytes: {bytes(data[-80:])}")
            data += piece
        return bytes(data)

    def rest(self):
        """All up to the end, which may be rough."""
        data = bytearray()
        with contextlib.suppress(ConnectionResetError):
            while piece := self.sock.recv(1 << 16):
                data += piece
        return bytes(data)

    def readable(self, timeout=0):
        return bool(select.select([self.sock], [], [], timeout)[0])


def dial(number, **kwargs):
    return Peer(("127.0.0.1", number), **kwargs)


def listen(number, family=socket.AF_INET):
    s = socket.socket(family, socket.SOCK_STREAM)
    later(s.close)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", number) if isinstance(number, int) else number)
    s.listen(5)
    s.settimeout(PATIENCE)
    return s


def accept(listening):
    return Peer(None, sock=listening.accept()[0])


def server(name, **settings):
    """A port that listens, and its number."""
    number = tcp_port()
    port = make_port(name, backing=f"tcp://:{number}", **settings)
    port.connect()
    wait_for(lambda: port.state == LISTENING, "it listens")
    return port, number


def connected(port):
    wait_for(lambda: port.state == CONNECTED, "it is connected")


@test
def serves():
    """a client is given history, then output, and its input reaches the guest"""
    daemon = Daemon()
    port, number = server("n-serve", stall_limit=0)
    guest = port.open()
    guest.write_all(b"before ")
    peer = dial(number)
    equal(peer.read(7), b"before ", "the history")
    connected(port)
    guest.write_all(b"hello")
    equal(peer.read(5), b"hello", "the output")
    every = bytes(range(256)) * 4
    peer.send(every)
    equal(guest.read_exactly(len(every)), every, "the input")
    guest.write_all(every)
    equal(peer.read(len(every)), every, "the output")
    expect(port.peer.startswith("127.0.0.1:"), f"the peer is {port.peer!r}")
    wait_for(lambda: port.tx_unread == 0, "all is settled")
    (session,) = [s for s in ctl_json("session", "show") if s["port"] == port.name]
    equal((session["writer"], session["peer"]), (True, port.peer), "its session")
    # What it may do is what serving takes.
    equal(daemon.status("Uid").split()[0], str(pwd.getpwnam("vserial").pw_uid), "its user")
    equal(int(daemon.status("CapPrm"), 16), 1 << 10 | 1 << 0 | 1 << 6 | 1 << 7, "its rights")
    equal(int(daemon.status("CapBnd"), 16) & 1 << 21, 0, "CAP_SYS_ADMIN in the bounding set")
    equal(daemon.status("NoNewPrivs"), "1", "NoNewPrivs")
    peer.close()
    wait_for(lambda: port.state == LISTENING, "it listens again")
    equal([s for s in ctl_json("session", "show") if s["port"] == port.name], [], "sessions")
    port.disconnect()
    with contextlib.suppress(ConnectionRefusedError):
        dial(number)
        raise AssertionError("it listens although it is disconnected")


@test
def as_the_unit_does():
    """started as its user, with the capabilities of the unit, it gives up the same"""
    unit = read_file(os.path.join(os.path.dirname(__file__),
                                  "../../helper/vseriald/vseriald.service.in"))
    (given,) = [line.partition("=")[2].split() for line in unit.splitlines()
                if line.startswith("AmbientCapabilities=")]
    caps = ",".join("+" + name.removeprefix("CAP_").lower() for name in given)
    user = pwd.getpwnam("vserial")
    daemon = Daemon(prefix=("setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}",
                            "--clear-groups", f"--inh-caps=-all,{caps}",
                            f"--ambient-caps=-all,{caps}", f"--bounding-set=-all,{caps}",
                            "--no-new-privs"))
    equal(daemon.status("Uid").split()[0], str(user.pw_uid), "its user")
    for name in "CapPrm", "CapEff":
        equal(int(daemon.status(name), 16), 1 << 10 | 1 << 0 | 1 << 6 | 1 << 7, name)
    equal(int(daemon.status("CapAmb"), 16), 0, "CapAmb")
    port = make_port("n-unit", backing="tcp://:80")
    port.connect()
    wait_for(lambda: port.state == LISTENING, "it listens below port 1024")
    dial(80)
    connected(port)


@test
def bulk():
    """4 MB each way at the same time: nothing lost, nothing twice"""
    Daemon()
    size = 4 << 20
    port, number = server("n-bulk", stall_limit=0)
    peer = dial(number)
    connected(port)
    guest = Loopguest(port, f"duplex={size}", options=("-c", "4096", "-w", "poll", "-t", "240",
                                                      "-S", "2"))
    sender = threading.Thread(target=peer.send, args=(pattern(size, 2),))
    sender.start()
    equal(pattern_runs(peer.read(size)), [(0, size)], "what the peer read")
    sender.join()
    guest.finish(timeout=240)
    equal(port.dropped_bytes, 0, "what was dropped")
    wait_for(lambda: port.tx_unread == 0, "all is settled")


@test
def viewers():
    """many read and one writes; one that does not read holds up nobody"""
    Daemon(viewer_buffer="64K")
    port, number = server("n-many", stall_limit=0)
    guest = port.open()
    peers = [dial(number) for _ in range(5)]
    wait_for(lambda: len(ctl_json("session", "show")) >= 5, "all are there")
    sleeper = socket.socket()
    later(sleeper.close)
    sleeper.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sleeper.connect(("127.0.0.1", number))
    wait_for(lambda: port.peer.endswith("and 5 more"), "six are there")
    data = pattern(2 << 20)
    got = [None] * len(peers)

    def read(i):
        got[i] = peers[i].read(len(data))

    threads = [threading.Thread(target=read, args=(i,)) for i in range(len(peers))]
    for t in threads:
        t.start()
    guest.write_all(data)
    for t in threads:
        t.join()
    # Those who keep up have all of it, give or take a slow machine.
    whole = sum(g == data for g in got)
    expect(whole, "no viewer has got everything")
    for g in got:
        expect(g == data or b" bytes are missing here]" in g, "a gap that is not told")
    equal(port.dropped_bytes, 0, "what was dropped")
    writers = [s for s in ctl_json("session", "show") if s["port"] == port.name and s["writer"]]
    equal(len(writers), 1, "how many write")
    peers[1].send(b"no")
    peers[0].send(b"yes")
    equal(guest.read_exactly(3), b"yes", "what the guest read")
    peers[0].close()
    wait_for(lambda: any(s["writer"] and s["peer"] != writers[0]["peer"]
                         for s in ctl_json("session", "show")), "the next one writes")
    peers[1].send(b"now")
    equal(guest.read_exactly(3), b"now", "what the guest read")
    # And root may ask one to go.
    (session,) = [s for s in ctl_json("session", "show") if s["port"] == port.name and s["writer"]]
    ctl("session", "kick", session["id"])
    expect(b"closed" in peers[1].rest(), "it is not told")


@test
def limits():
    """max-clients, allow=, idle-timeout"""
    Daemon()
    port, number = server("n-limit", max_clients=2)
    peers = [dial(number) for _ in range(2)]
    wait_for(lambda: port.peer.endswith("and 1 more"), "two are there")
    text = dial(number).rest()
    equal(text, b"vserial: n-limit/0 has 2 of 2 clients: try again later\r\n", "the refusal")
    peers[0].close()
    wait_for(lambda: not port.peer.endswith("more"), "one has left")
    dial(number)
    wait_for(lambda: port.peer.endswith("and 1 more"), "two are there again")
    port.set(idle_timeout=1)
    expect(b"closed after 1 s" in peers[1].rest(), "a silent peer may stay")

    number = tcp_port()
    port.set(backing=f"tcp://:{number}#allow=192.0.2.0/24,::1")
    wait_for(lambda: port.state == LISTENING, "it listens")
    equal(dial(number).rest(), b"", "what a stranger is given")
    Peer(("::1", number), family=socket.AF_INET6)
    connected(port)


@test
def dials():
    """a client dials at power-on, comes back, and leaves when all is delivered"""
    Daemon(retry_min=10, retry_max=1)
    number = tcp_port()
    port = make_port("n-dial", backing=f"tcp://127.0.0.1:{number}", stall_limit=0)
    port.connect()
    wait_for(lambda: port.state == NOT_CONNECTED and port.reason, "it waits for the guest")
    guest = port.open()
    wait_for(lambda: port.state == RECOVERABLE and "refused" in port.reason, "nobody answers")
    guest.write_all(b"early ")
    listening = listen(number)
    peer = accept(listening)
    equal(peer.read(6), b"early ", "what was written before")
    connected(port)
    peer.send(b"hi")
    equal(guest.read_exactly(2), b"hi", "the input")
    wait_for(lambda: port.tx_unread == 0, "all is settled")
    peer.close()
    guest.write_all(b"late ")
    peer = accept(listening)
    equal(peer.read(5), b"late ", "what was written meanwhile")
    connected(port)
    data = pattern(60000)
    guest.write_all(data)
    guest.close()
    equal(peer.rest(), data, "what was written last")
    wait_for(lambda: port.state == NOT_CONNECTED, "it has left")
    expect(not select.select([listening], [], [], 0)[0], "it dials although the guest is off")
    guest = port.open()
    accept(listening)
    connected(port)


@test
def names():
    """a name that does not resolve is told, and delays nobody else"""
    Daemon(retry_min=50, retry_max=1)
    lost = make_port("n-name", backing="tcp://no-such-host.invalid:1")
    lost.open()
    wait_for(lambda: lost.state == RECOVERABLE, "it is told")
    expect("cannot find the host no-such-host.invalid" in lost.reason, lost.reason)
    port, number = server("n-name2")
    dial(number)
    connected(port)
    # What names it can find, it does.
    number = tcp_port()
    found = make_port("n-name3", backing=f"tcp4://localhost:{number}", endpoint="server")
    found.connect()
    wait_for(lambda: found.state == LISTENING, "it listens")
    dial(number)
    connected(found)


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
def comes_back():
    """after a restart a server's port is where it was; nothing is lost or repeated"""
    daemon = Daemon()
    port, number = server("n-back", history=0, stall_limit=0)
    guest = port.open()
    peer = dial(number)
    connected(port)
    guest.write_all(b"one ")
    equal(peer.read(4), b"one ", "the output")
    wait_for(lambda: port.tx_unread == 0, "all is settled")
    daemon.kill()
    equal(peer.rest(), b"", "the rest")
    wait_for(lambda: port.state == RECOVERABLE and "not running" in port.reason, "it is missed")
    guest.write_all(b"two ")
    daemon.start()
    wait_for(lambda: port.state == LISTENING, "it listens")
    guest.write_all(b"three")
    peer = dial(number)
    equal(peer.read(9), b"two three", "the output")


@test
def upgraded():
    """connections survive a restart under load, with no byte lost or repeated"""
    daemon = Daemon(managed=True, accept_rate=0)
    port, number = server("n-up", stall_limit=0)
    peers = [dial(number) for _ in range(3)]
    wait_for(lambda: port.peer.endswith("and 2 more"), "all are there")
    writer = port.peer.split()[0]
    dialled = make_port("n-up2", backing=f"tcp://127.0.0.1:{tcp_port()}", stall_limit=0)
    listening = listen(_port)
    quiet = dialled.open()
    far = accept(listening)
    wait_for(lambda: dialled.state == CONNECTED, "it is connected")
    quiet.write_all(b"before ")
    pipe = make_port("n-up3", backing="pipe:n-up3#far=application", stall_limit=0)
    pipe.connect()
    wait_for(lambda: pipe.state == LISTENING, "it listens")

    # Less is on the way than the ring holds: with nobody connected the guest
    # would not wait.
    guest = Loopguest(port, "echo", options=("-w", "poll", "-t", "240"))
    piece = 24000
    data = pattern(16 * piece)
    for k in range(16):
        peers[0].send(data[k * piece:(k + 1) * piece])
        if k % 4 == 2:
            daemon.restart()
        # The guest has all of it, and all that it wrote is on its way.
        wait_for(lambda k=k: port.rx_bytes == port.tx_bytes == (k + 1) * piece,
                 f"piece {k} is written")
        for i, peer in enumerate(peers):
            expect(peer.read(piece) == data[k * piece:(k + 1) * piece],
                   f"peer {i} lost or was given again something of piece {k}")
    guest.terminate().finish()
    equal(port.dropped_bytes, 0, "what was dropped")
    equal(port.peer.split()[0], writer, "who writes")
    quiet.write_all(b"after")
    equal(far.read(12), b"before after", "what the dialled peer read")
    far.send(b"back")
    equal(quiet.read_exactly(4), b"back", "its input")
    expect(not select.select([listening], [], [], 0)[0], "it was dialled twice")
    local = Peer("/run/vserial/pipe/n-up3", family=socket.AF_UNIX)
    connected(pipe)
    local.send(b"x")
    # What was kept for a port that is gone is closed.
    port.disconnect()
    for peer in peers:
        equal(peer.rest(), b"", "what is left")


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


@test
def pipes():
    """a Unix socket with the owner's mode, for socat; or somebody else's"""
    Daemon(retry_min=10, retry_max=1)
    port = make_port("n-pipe", backing="pipe:n-pipe#far=application", stall_limit=0)
    nl().call("GUEST_SET", string(N.VSERIAL_A_GUEST_NAME, "n-pipe") +
              u32(N.VSERIAL_A_GUEST_UID, 1234) + u32(N.VSERIAL_A_GUEST_GID, 2345))
    path = "/run/vserial/pipe/n-pipe"
    guest = port.open()
    wait_for(lambda: port.state == LISTENING, "it listens")
    st = os.stat(path)
    equal((st.st_uid, st.st_gid, stat.filemode(st.st_mode)), (1234, 2345, "srw-rw----"),
          "its owner and mode")
    socat = subprocess.Popen(["socat", "-t", "60", "-", f"UNIX-CONNECT:{path}"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    later(socat.wait)
    later(socat.kill)
    connected(port)
    equal(port.peer, f"pid {socat.pid} uid 0", "the peer")
    guest.write_all(b"out")
    equal(socat.stdout.read(3), b"out", "what socat read")
    data = pattern(200000)
    writer = threading.Thread(target=lambda: (socat.stdin.write(data), socat.stdin.close()))
    writer.start()
    equal(guest.read_exactly(len(data)), data, "what the guest read")
    writer.join()
    wait_for(lambda: port.state == LISTENING, "socat has left")
    port.disconnect()
    wait_for(lambda: not os.path.exists(path), "the socket is removed")

    # Elsewhere the owner's rights count.
    directory = scratch()
    os.chmod(directory, 0o755)
    path = f"{directory}/s"
    port.set(backing=f"pipe:{path}#far=application")
    port.connect()
    wait_for(lambda: port.state == RECOVERABLE and "Permission denied" in port.reason,
             "it is refused")
    os.chown(directory, 1234, 2345)
    wait_for(lambda: port.state == LISTENING, "it listens")
    equal(os.stat(path).st_uid, 1234, "its owner")
    port.set(backing=f"pipe:{directory}/t#far=application&near=client")
    listening = listen(f"{directory}/t", socket.AF_UNIX)
    os.chown(f"{directory}/t", 1234, 2345)
    peer = accept(listening)
    connected(port)
    guest.write_all(b"dialled")
    equal(peer.read(7), b"dialled", "the output")


@test
def vsock():
    """vsock, as server and client"""
    for module in "vsock", "vsock_loopback":
        run_program("modprobe", module)
    if not hasattr(socket, "AF_VSOCK") or not os.path.exists("/dev/vsock"):
        raise Skip("there is no vsock here")
    Daemon(retry_min=10)
    number = tcp_port()
    port = make_port("n-vsock", backing=f"vsock://:{number}", stall_limit=0)
    guest = port.open()
    wait_for(lambda: port.state == LISTENING, f"it listens: {port.reason}")
    try:
        peer = Peer((socket.VMADDR_CID_LOCAL if hasattr(socket, "VMADDR_CID_LOCAL") else 1,
                     number), family=socket.AF_VSOCK)
    except OSError as e:
        raise Skip(f"vsock has no loopback here: {e}") from e
    connected(port)
    guest.write_all(b"out")
    equal(peer.read(3), b"out", "the output")
    peer.send(b"in")
    equal(guest.read_exactly(2), b"in", "the input")
    expect(port.peer.startswith("vsock 1:"), port.peer)
    listening = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
    later(listening.close)
    number = tcp_port()
    listening.bind((socket.VMADDR_CID_ANY, number))
    listening.listen(1)
    listening.settimeout(PATIENCE)
    port.set(backing=f"vsock://1:{number}")
    peer = accept(listening)
    connected(port)
    guest.write_all(b"dialled")
    equal(peer.read(7), b"dialled", "the output")


@test
def one_only():
    """a second daemon is refused; what it cannot serve is told"""
    Daemon()
    second = run_program("vseriald")
    equal(second.status, 1, "the second daemon's exit status")
    expect("there can be one" in second.err, second.err)
    port = make_port("n-other", backing="telnets://:992")
    port.connect()
    wait_for(lambda: port.state == UNRECOVERABLE, "it is told")
    expect("needs a certificate" in port.reason, port.reason)
    port.set(backing="ipp://printer/queue")
    wait_for(lambda: "does not serve" in port.reason, "it is told of a printer, too")
    equal(port.state, UNRECOVERABLE, "the state")
    refused = ctl_raw("port", "set", port.name, "backing", "tcp://x")
    equal(refused.status, 1, "vserialctl's exit status")
    expect("the port is missing" in refused.err, refused.err)


@test
def quiet():
    """200 idle ports with 50 peers cause no wake-up"""
    daemon = Daemon(accept_rate=0)
    ports, peers = [], []
    for g in range(7):
        for port in make_guest(f"n-quiet{g}", 30 if g < 6 else 20):
            number = tcp_port()
            port.set(backing=f"tcp4://:{number}")
            port.connect()
            ports.append((port, number))
    for port, number in ports[:50]:
        peers.append(dial(number))
    for port, _ in ports[:50]:
        connected(port)
    for port, _ in ports[50:]:
        wait_for(lambda p=port: p.state == LISTENING, "it listens")

    def wakeups():
        return int(daemon.status("voluntary_ctxt_switches"))

    def still():
        before = wakeups()
        time.sleep(2)
        return wakeups() == before

    wait_for(still, "two seconds without a wake-up")
    print(f"# {len(ports)} ports, {len(peers)} peers: {daemon.status('VmRSS')}")


run()
