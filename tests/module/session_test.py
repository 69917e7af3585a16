#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Sockets attached to ports: sessions, their data and their credit."""
import errno
import fcntl
import os
import signal
import struct
import termios

from attached import Socket, refused
from files import contents
from genl import N, Client, Refused, string, u32
from lib import (RING, Loopguest, equal, expect, later, make_guest, make_port, nl,
                 pattern, pattern_runs, read_file, remove_guest, run, scratch,
                 test, wait_for, write_sysfs)
from person import Person

#: what a process keeps open
HELD = []


@test
def output_with_history():
    """what was written before comes first, then what follows, once each"""
    port = make_port("s-out", backing="null")
    with_guest = port.open()
    with_guest.write_all(b"before ")
    s = Socket()
    session = s.attach(port)
    equal(session["offset"], 0, "where it begins")
    with_guest.write_all(b"after")
    equal(s.read(session["id"], 12), b"before after", "the output")
    # A byte written while nothing is under way comes without anybody's help.
    with_guest.write_all(b"x")
    equal(s.read(session["id"], 1), b"x", "the output")


@test
def no_more_than_a_window():
    """64 KiB are sent ahead of what is settled, and not more behind output that was lost"""
    port = make_port("s-ahead", backing="null")
    guest = port.open()
    s = Socket()
    session = s.attach(port)["id"]
    data = pattern(6 * RING)
    guest.write_all(data[:RING])
    equal(s.read(session, RING, ack=False), data[:RING], "what is sent")
    guest.write_all(data[RING:])
    s.ack(session, RING)
    # It was too slow for what lies between, and has two rings of the newest.
    equal(s.read(session, RING, ack=False), data[4 * RING:5 * RING], "what is sent then")
    s.pump(0.2)
    equal([kind for kind, _ in s.told if kind == "DATA_NTF"], [], "what is sent ahead of that")
    s.ack(session, 5 * RING)
    equal(s.read(session, RING, ack=False), data[5 * RING:], "the rest")


@test
def markers_in_order():
    """breaks and lines come between the bytes where they were"""
    port = make_port("s-mark", backing="null")
    s = Socket()
    session = s.attach(port)["id"]
    guest = port.open()
    guest.write_all(b"a")
    termios.tcsendbreak(guest.fd, 0)
    fcntl.ioctl(guest.fd, termios.TIOCMBIC,
                struct.pack("i", termios.TIOCM_RTS))
    guest.write_all(b"b")
    seen = []
    while not seen or seen[-1] != b"b":
        m = s.next("DATA_NTF")
        s.ack(session, m["offset"] + len(m.get("bytes", b"")), m["credit"])
        seen.append(m.get("bytes") or next(k for k in ("break", "lines")
                                           if k in m))
    at = seen.index(b"a")
    equal(seen[at:], [b"a", "break", "lines", b"b"], "the order")


@test
def input_and_room():
    """input arrives; what does not fit is told, and goes on from there"""
    port = make_port("s-in", backing="null")
    guest = port.open()
    s = Socket()
    session = s.attach(port)["id"]
    s.send(session, 0, b"hello")
    equal(guest.read_exactly(5), b"hello", "the input")
    data = pattern(400000)
    got, short = s.send_through(session, 5, data, guest)
    expect(short, "the guest had room for everything; the test is no use")
    expect(got == data, "the input differs")
    # Sent again, it is skipped; ahead, it is refused and put right.
    s.send(session, 0, b"hello")
    refused(errno.EAGAIN, "no room", s.send, session, 1 << 30, b"x")
    equal(s.next("DATA_ROOM_NTF")["offset"], 5 + len(data), "where input is")
    expect(guest.read() is None, "something came twice")


@test
def one_writes():
    """one writer: the first; by force another; then who waited longest"""
    port = make_port("s-writer", backing="null")
    guest = port.open()
    a, b, c, d = (Socket() for _ in range(4))
    sa, sb, sc, sd = a.attach(port), b.attach(port), \
        c.attach(port, "READ_ONLY"), d.attach(port)
    equal([x["writer"] for x in (sa, sb, sc, sd)], [1, 0, 0, 0], "the writers")
    refused(errno.EPERM, "only reads", b.send, sb["id"], 0, b"no")
    equal(b.attach(port, "FORCE")["writer"], 1, "the one who forced it")
    told = a.next("SESSION_NTF")
    equal(told["writer"], 0, "what the old writer is told")
    expect("took over" in told["reason"], told)
    refused(errno.EPERM, "only reads", a.send, sa["id"], 0, b"no")
    b.send(sb["id"], 0, b"yes")
    equal(guest.read_exactly(3), b"yes", "the input")
    b.close()
    told = a.next("SESSION_NTF")
    equal((told["id"], told["writer"]), (sa["id"], 1), "the next writer")
    a.call("SESSION_DEL", u32(N.VSERIAL_A_SESSION_ID, sa["id"]))
    equal(d.next("SESSION_NTF")["writer"], 1, "the next but the read-only one")
    d.close()
    wait_for(lambda: [x["id"] for x in nl().dump("SESSION_GET")] == [sc["id"]],
             "only the reader is left")
    equal(nl().dump("SESSION_GET")[0]["writer"], 0, "the reader writes")
    refused(errno.EINVAL, "one of them", c.attach, port, "FORCE", "READ_ONLY")


@test
def told_of_its_end():
    """a session that is kicked, or whose port goes, is told why"""
    port, other = make_guest("s-end", 2, backing="null")
    a, b = Socket(), Socket()
    sa, sb = a.attach(port)["id"], b.attach(other)["id"]
    nl().call("SESSION_DEL", u32(N.VSERIAL_A_SESSION_ID, sa))
    told = a.next("SESSION_DEL_NTF")
    equal(told["id"], sa, "who ended")
    expect("ended it" in told["reason"], told["reason"])
    refused(errno.ENOENT, f"session {sa}", a.send, sa, 0, b"x")
    remove_guest("s-end")
    told = b.next("SESSION_DEL_NTF")
    equal(told["id"], sb, "who ended")
    expect("removed" in told["reason"], told["reason"])
    refused(errno.ENOENT, "no session", nl().call, "SESSION_DEL",
            u32(N.VSERIAL_A_SESSION_ID, sb))


@test
def credit_bounds_what_is_sent():
    """who gives no credit back is sent half its buffer, and loses nothing"""
    port = make_port("s-credit", backing="null", history=1 << 20)
    guest = port.open()
    s = Socket(1 << 17)
    session = s.attach(port)["id"]
    data = pattern(900000)
    guest.write_all(data)
    got, last = b"", None
    wait_for(lambda: s.pump(0.1) and any("bytes" in m for _, m in s.told), "the first bytes")
    while s.pump(0.5):
        pass
    for kind, m in s.told:
        if kind == "DATA_NTF" and "bytes" in m:
            got += m["bytes"]
            last = m
    expect(last["credit"] <= 1 << 18, f"{last['credit']} bytes were sent on credit")
    expect(len(got) <= 65536 < len(data), f"{len(got)} bytes came unsettled")
    s.told.clear()
    s.ack(session, len(got), last["credit"])
    got += s.read(session, len(data) - len(got))
    expect(got == data, "the output differs")


@test
def last_words():
    """a port that is removed sends its sessions what waited for more to be sent with"""
    port = make_port("s-last", backing="null")
    guest = port.open()
    s = Socket()
    session = s.attach(port)["id"]
    # The first is under way until its credit comes back; the others wait for that.
    for word in b"last ", b"words", b".":
        guest.write_all(word)
    remove_guest("s-last", force=True)
    equal(s.next("SESSION_DEL_NTF")["id"], session, "the session that ended")
    equal(b"".join(m["bytes"] for _, m in s.told if "bytes" in m), b"last words.",
          "what came before that")


@test
def a_stopped_reader_delays_nobody():
    """a socket that is not read costs its own bytes only, and they are told"""
    d = scratch()
    port = make_port("s-stop", backing=f"file:{d}/out", stall_limit=0)
    lazy, eager = Socket(), Socket()
    sl, se = lazy.attach(port)["id"], eager.attach(port)["id"]
    guest = Loopguest(port, "send=2000000", "drain",
                      options=("-c", "4096", "-w", "poll"))
    got, at, lost = 0, 0, 0
    while at < 2000000:
        m = eager.next("DATA_NTF")
        if "bytes" not in m:
            eager.ack(se, credit=m["credit"])
            continue
        lost += m["offset"] - at
        at = m["offset"] + len(m["bytes"])
        got += len(m["bytes"])
        eager.ack(se, at, m["credit"])
    guest.finish()
    equal(got + lost, 2000000, "what the eager one got or was told it lost")
    wait_for(lambda: os.path.getsize(f"{d}/out") == 2000000, "the file")
    equal(pattern_runs(contents(f"{d}/out")), [(0, 2000000)],
          "the file")
    # The lazy one goes on behind a gap that it can see.
    at = 0
    runs = []
    while at < 2000000:
        m = lazy.next("DATA_NTF")
        lazy.ack(sl, credit=m["credit"])
        if "bytes" in m:
            runs.append((m["offset"], len(m["bytes"])))
            at = m["offset"] + len(m["bytes"])
            lazy.ack(sl, at)
    expect(any(a[0] + a[1] < b[0] for a, b in zip(runs, runs[1:])),
           "the lazy one lost nothing; the test is no use")


@test
def history_is_read():
    """PORT_HISTORY gives what is kept, without taking it"""
    port = make_port("s-hist", backing="null", history=100000)
    guest = port.open()
    data = pattern(300000)
    guest.write_all(data)
    for _ in range(2):
        pieces = nl().dump("PORT_HISTORY", port.request())
        at = pieces[0]["history_offset"]
        got = b"".join(p["history_bytes"] for p in pieces)
        expect(100000 <= len(got) <= 100000 + 4096, f"{len(got)} bytes are kept")
        equal(at + len(got), 300000, "its end")
        expect(got == data[at:], "the history differs")
    refused(errno.ENOENT, "s-hist", nl().dump, "PORT_HISTORY",
            string(N.VSERIAL_A_PORT_GUEST, "s-hist") +
            u32(N.VSERIAL_A_PORT_INDEX, 9))
    # Who is off keeps no more than one who is on.
    guest.close()
    port.set(history=0)
    equal(nl().dump("PORT_HISTORY", port.request()), [], "what is kept without history")


@test
def breaks_are_no_bytes():
    """breaks that a guest had not read when it went count as no bytes"""
    port = make_port("s-lost", backing="null")
    guest = port.open()
    s = Socket()
    session = s.attach(port)["id"]
    s.send(session, 0, bytes(6000))

    # The line discipline is full, so that what follows stays in front of it.
    wait_for(lambda: guest.ioctl_int(termios.FIONREAD) == 4095, "it is full")
    for _ in range(3):
        nl().call("PORT_BREAK", port.request())
    equal(port.get()["break"], 3, "breaks")
    guest.close()
    got = port.get()
    equal((got["rx_bytes"], got["dropped_bytes"]), (4095, 1905), "rx_bytes, dropped_bytes")


@test
def name_is_escaped():
    """a process that calls itself something odd does no harm to who is shown it"""
    port = make_port("s-odd", backing="null")
    later(write_sysfs, "/proc/self/comm", read_file("/proc/self/comm").rstrip("\n"))
    write_sysfs("/proc/self/comm", "odd\x1b[2J")
    equal(Socket().attach(port)["peer"], f"odd\\e[2J[{os.getpid()}]", "the peer")


@test
def breaks_and_windows():
    """PORT_BREAK and a session's break reach the guest; so does its window"""
    port = make_port("s-break", backing="null")
    guest = port.open()
    nl().call("PORT_BREAK", port.request())
    wait_for(lambda: port.get()["break"] == 1, "a break")
    s = Socket()
    session = s.attach(port)["id"]
    s.call("DATA", u32(N.VSERIAL_A_DATA_SESSION, session) +
           u32(N.VSERIAL_A_DATA_BREAK, 250))
    wait_for(lambda: port.get()["break"] == 2, "another")
    size = u32(N.VSERIAL_A_DATA_WINDOW_ROWS, 33) + \
        u32(N.VSERIAL_A_DATA_WINDOW_COLUMNS, 101)
    s.call("DATA", u32(N.VSERIAL_A_DATA_SESSION, session) + size)
    got = fcntl.ioctl(guest.fd, termios.TIOCGWINSZ, bytes(8))
    equal(struct.unpack("4H", got)[:2], (33, 101), "the window")
    refused(errno.EINVAL, "missing", s.call, "DATA",
            u32(N.VSERIAL_A_DATA_SESSION, session) +
            u32(N.VSERIAL_A_DATA_WINDOW_ROWS, 1))
    refused(errno.EINVAL, "one of them", s.call, "DATA",
            u32(N.VSERIAL_A_DATA_SESSION, session))
    refused(errno.EOPNOTSUPP, "no lines", s.call, "DATA",
            u32(N.VSERIAL_A_DATA_SESSION, session) +
            u32(N.VSERIAL_A_DATA_LINES, 2))
    stranger = Socket()
    refused(errno.ENOENT, "no session", stranger.call, "DATA",
            u32(N.VSERIAL_A_DATA_SESSION, session) +
            u32(N.VSERIAL_A_DATA_BREAK, 0))


@test
def limits():
    """a port takes 64 sessions, and 100 attach and leave at a time"""
    port = make_port("s-limit", backing="null")
    sockets = [Socket() for _ in range(65)]
    for s in sockets[:64]:
        s.attach(port)
    refused(errno.EUSERS, "64 sessions", sockets[64].attach, port)
    for s in sockets:
        s.close()
    wait_for(lambda: not nl().dump("SESSION_GET"), "all are gone")
    guest = Loopguest(port, "flood")
    for _ in range(100):
        s = Socket()
        s.attach(port)
        s.pump(0.05)
        s.close()
    guest.kill()


def attach_all(guest):
    """Attaches to port 0 of GUEST until that is refused; how often it was not."""
    clients = []
    try:
        while True:
            clients.append(Client())
            clients[-1].call("SESSION_NEW", string(N.VSERIAL_A_SESSION_GUEST, guest) +
                             u32(N.VSERIAL_A_SESSION_INDEX, 0))
    except Refused:
        HELD.extend(clients)
        return len(clients) - 1


@test
def owner_with_all():
    """an owner who attaches until there is no room leaves room for root"""
    port = make_port("s-full", backing="null")
    owner = 1000
    nl().call("GUEST_SET", string(N.VSERIAL_A_GUEST_NAME, "s-full") +
              u32(N.VSERIAL_A_GUEST_UID, owner) + u32(N.VSERIAL_A_GUEST_GID, owner))
    with Person(uid=owner, gid=owner) as greedy:
        equal(greedy.call(attach_all, "s-full"), 56, "sessions of the owner")
        sockets = [Socket() for _ in range(9)]
        for s in sockets[:8]:
            s.attach(port)
        refused(errno.EUSERS, "64 are the most", sockets[8].attach, port)
        for s in sockets:
            s.close()
    wait_for(lambda: not nl().dump("SESSION_GET"), "all are gone")


@test
def killed_reader():
    """a process that dies takes its sessions with it, and others go on"""
    port = make_port("s-kill", backing="null")
    guest = Loopguest(port, "flood")
    child = os.fork()
    if not child:
        s = Socket()
        s.attach(port)
        while True:
            s.pump(1)
    wait_for(lambda: nl().dump("SESSION_GET"), "it attached")
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    wait_for(lambda: not nl().dump("SESSION_GET"), "its session ended")
    before = port.tx_bytes
    wait_for(lambda: port.tx_bytes > before, "the guest goes on")
    guest.kill()


run()
