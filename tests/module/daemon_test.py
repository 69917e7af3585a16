#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon with real peers: TCP, Unix sockets, vsock.

    guest  <->  port  <== netlink ==>  vseriald  <== socket ==>  peers
"""
import os
import pwd
import select
import socket
import stat
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))

from genl import N, string, u32
from ledger import SIZE, Ledger, Numbered, Reader
from lib import (PATIENCE, RING, Loopguest, Skip, ctl, ctl_json, ctl_raw, equal,
                 expect, later, make_port, nl, pattern, pattern_runs,
                 read_file, run, run_program, scratch, test, wait_for)
from peer import (LISTENING, NOT_CONNECTED, RECOVERABLE, UNRECOVERABLE, Peer,
                  accept, connected, dial, listen, listens, server, tcp_port)
from vseriald import Daemon

# time limit: 900


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
    # The kernel waits for the daemon, but not for ever.
    wait_for(lambda: not listens(number), "nobody listens")


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
    guest.finish(timeout=4 * PATIENCE)
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
    port.set(backing=f"tcp://:{number}#allow=192.0.2.0/24,::1", idle_timeout=0)
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
def caller_of_a_full_port():
    """what a client is given as it comes does not count as dropped"""
    Daemon(viewer_buffer="1M")
    port, number = server("n-full", overflow="drop-old", stall_limit=0, history=4096)
    guest = port.open()
    numbered = Numbered(pattern(SIZE))

    def write(at):
        # Not so fast that the client is given nothing but what is missing.
        while not enough.wait(0.001):
            guest.write_all(numbered.at(at, 1500))
            at += 1500

    for _ in range(12):
        before, dropped = port.tx_bytes, port.dropped_bytes
        ledger, enough = Ledger(before), threading.Event()
        writer = threading.Thread(target=write, args=(before,))
        writer.start()
        try:
            wait_for(lambda was=dropped: port.dropped_bytes > was, "the ring is full")
            peer = dial(number)
            got = peer.read(RING)
        finally:
            enough.set()
            writer.join()
        wait_for(lambda: port.tx_unread == 0, "all is settled")
        peer.sock.shutdown(socket.SHUT_WR)
        wait_for(lambda: port.state == LISTENING, "it listens again")
        reader = Reader("the client", numbered, ledger, lambda: port.tx_bytes)
        reader.feed(got + peer.rest())
        reader.end()
        equal(ledger.missing(port.tx_bytes), port.dropped_bytes - dropped, "what is missing")


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
    refused = ctl_raw("port", "set", port.name, "backing", "tcp://x")
    equal(refused.status, 1, "vserialctl's exit status")
    expect("the port is missing" in refused.err, refused.err)


run()
