#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A null modem between two guests: pipe:NAME.

    guest A  <->  port A  <== pipe:NAME ==>  port B  <->  guest B

Bytes, breaks and modem lines cross in the order in which they were written.
"""
import errno
import fcntl
import select
import termios
import threading
import time

from genl import Refused
from lib import (N, PATIENCE, TCSBRKP, delete_guest, equal, expect, make_port, pattern, run, test,
                 wait_for)

UP = termios.TIOCM_CTS | termios.TIOCM_DSR | termios.TIOCM_CAR
BOTH = termios.TIOCM_DTR | termios.TIOCM_RTS


def cable(name, server="", client=""):
    """Two open ports at the ends of a cable of that name, whose guests wait
    for each other as long as it takes."""
    a = make_port(f"{name}-a", backing=f"pipe:{name}{server}", stall_limit=0)
    b = make_port(f"{name}-b", backing=f"pipe:{name}#near=client{client}",
                  stall_limit=0)
    handles = a.open(), b.open()
    wait_for(lambda: a.state == b.state == N.VSERIAL_STATE_CONNECTED, "both ends are connected")
    return a, b, *handles


@test
def crosses():
    """bytes cross both ways, whatever their value"""
    _, _, a, b = cable("p-bytes")
    every = bytes(range(256)) * 16
    a.write_all(every)
    equal(b.read_exactly(len(every)), every, "what B read")
    b.write_all(every[::-1])
    equal(a.read_exactly(len(every)), every[::-1], "what A read")


@test
def lossless():
    """8 MB each way through slow readers: nothing lost, none dropped"""
    pa, pb, a, b = cable("p-bulk")
    data = {a: pattern(8 << 20, 1), b: pattern(8 << 20, 2)}
    got, errors = {}, []

    def read(handle, n):
        # reads only when all is full, again and again
        try:
            pieces, left = [], n
            while left:
                handle.poll(select.POLLIN, 60)
                piece = handle.read(min(left, 200000))
                if piece:
                    pieces.append(piece)
                    left -= len(piece)
            got[handle] = b"".join(pieces)
        except BaseException as e:      # pylint: disable=broad-except
            errors.append(e)

    def write(handle):
        try:
            handle.write_all(data[handle], timeout=2 * PATIENCE)
        except BaseException as e:      # pylint: disable=broad-except
            errors.append(e)

    threads = [threading.Thread(target=read, args=(h, 8 << 20)) for h in (a, b)]
    threads += [threading.Thread(target=write, args=(h,)) for h in (a, b)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(240)
    expect(not errors, f"a guest failed: {errors}")
    expect(got.get(b) == data[a], "B did not read what A wrote")
    expect(got.get(a) == data[b], "A did not read what B wrote")
    equal((pa.dropped_bytes, pb.dropped_bytes), (0, 0), "dropped_bytes")
    equal(pb.rx_bytes, 8 << 20, "B's rx_bytes")


@test
def lines_cross():
    """DTR is the other's DSR and DCD, RTS its CTS; TIOCGICOUNT counts"""
    _, _, a, b = cable("p-lines")
    wait_for(lambda: b.lines() & UP == UP, "B sees A's lines")
    before = b.icount()
    fcntl.ioctl(a.fileno(), termios.TIOCMBIC, (termios.TIOCM_DTR).to_bytes(4, "little"))
    wait_for(lambda: b.lines() & UP == termios.TIOCM_CTS, "DSR and DCD fall with DTR")
    fcntl.ioctl(a.fileno(), termios.TIOCMBIC, (termios.TIOCM_RTS).to_bytes(4, "little"))
    wait_for(lambda: b.lines() & UP == 0, "CTS falls with RTS")
    fcntl.ioctl(a.fileno(), termios.TIOCMBIS, BOTH.to_bytes(4, "little"))
    wait_for(lambda: b.lines() & UP == UP, "they rise again")
    after = b.icount()
    equal([after[k] - before[k] for k in ("dsr", "dcd", "cts")], [2, 2, 2], "changes counted")


@test
def lines_stay():
    """another backing with the same lines changes none in between"""
    port = make_port("p-stay", backing="pipe:p-stay-1")
    handle = port.open()
    equal(handle.lines() & UP, 0, "a lone end's CTS, DSR and DCD")
    before = handle.icount()
    port.set(backing="pipe:p-stay-2")
    port.set(backing="pipe:p-stay-3#near=client")
    equal(handle.icount(), before, "TIOCGICOUNT")
    port.set(backing="null")
    equal(handle.lines() & UP, UP, "CTS, DSR and DCD of a backing without lines")
    equal(handle.icount()["dcd"], before["dcd"] + 1, "the changes of DCD")


@test
def break_crosses():
    """a break stands between the bytes where it was sent"""
    _, pb, a, b = cable("p-break")
    attrs = termios.tcgetattr(b.fileno())
    attrs[0] |= termios.PARMRK
    attrs[0] &= ~(termios.IGNBRK | termios.BRKINT)
    termios.tcsetattr(b.fileno(), termios.TCSANOW, attrs)
    a.write_all(b"before")
    fcntl.ioctl(a.fileno(), TCSBRKP, 1)
    a.write_all(b"after")
    equal(b.read_exactly(14), b"before\xff\0\0after", "what B read")
    equal(getattr(pb, "break"), 1, "breaks counted")


@test
def lone_end():
    """an end alone waits, keeps the newest, and is found; either comes and goes"""
    a = make_port("p-lone-a", backing="pipe:p-lone")
    ha = a.open()
    equal(a.state, N.VSERIAL_STATE_LISTENING, "the lone server's state")
    expect("p-lone" in a.reason, f"the reason is {a.reason!r}")
    equal(ha.lines() & UP, 0, "a lone end's CTS, DSR and DCD")
    ha.write_all(b"kept")
    b = make_port("p-lone-b", backing="pipe:p-lone#near=client")
    hb = b.open()
    equal(hb.read_exactly(4), b"kept", "what was written before B came")
    b.disconnect()
    equal(b.state, N.VSERIAL_STATE_NOT_CONNECTED, "B's state")
    wait_for(lambda: a.state == N.VSERIAL_STATE_LISTENING, "A notices that B left")
    a.disconnect()
    b.connect()
    equal(b.state, N.VSERIAL_STATE_CONNECTING, "the lone client's state")
    hb.write_all(b"back")
    a.connect()
    equal(ha.read_exactly(4), b"back", "what was written before A came back")


@test
def an_end_is_free_at_once():
    """an end that a port has let go of, by another backing or its removal, is another's at once"""
    a, b = make_port("p-free-a"), make_port("p-free-b")
    for _ in range(20):
        a.set(backing="pipe:p-free")
        a.set(backing="null")
        b.set(backing="pipe:p-free")
        b.set(backing="null")
    for _ in range(20):
        make_port("p-free-c", backing="pipe:p-free#near=client")
        delete_guest("p-free-c")


@test
def ends_are_one_each():
    """a second server of a name is refused, and so is a second client"""
    make_port("p-one-a", backing="pipe:p-one")
    make_port("p-one-b", backing="pipe:p-one#near=client")
    third = make_port("p-one-c")
    for spec, owner in (("pipe:p-one", "p-one-a:0"),
                        ("pipe:p-one#near=client", "p-one-b:0")):
        try:
            third.set(backing=spec)
            raise AssertionError(f"{spec} was taken twice")
        except Refused as e:
            equal(e.errno, errno.EADDRINUSE, "the errno")
            expect(owner in e.text, f"{e.text!r} does not name {owner}")
    equal(third.backing, "null", "the third port's backing")


@test
def unplugged():
    """an unplugged cable carries nothing, and everything once it is plugged in"""
    a, b, ha, hb = cable("p-plug")
    a.set(backing="pipe:p-plug#unplugged")
    wait_for(lambda: b.state == N.VSERIAL_STATE_CONNECTING, "B notices")
    wait_for(lambda: not hb.lines() & UP, "B's CTS, DSR and DCD fall")
    ha.write_all(b"later")
    expect(not hb.poll(select.POLLIN, 0.2), "bytes crossed an unplugged cable")
    a.set(backing="pipe:p-plug")
    equal(hb.read_exactly(5), b"later", "what B read")
    wait_for(lambda: hb.lines() & UP == UP, "B sees A's lines again")


@test
def corrupts():
    """corrupt=1000000 changes one bit of every byte, one way only"""
    _, _, a, b = cable("p-bad", server="#corrupt=1000000")
    sent = bytes(1000)
    a.write_all(sent)
    expect(all(bin(x).count("1") == 1 for x in b.read_exactly(1000)),
           "not every byte has one wrong bit")
    b.write_all(sent)
    equal(a.read_exactly(1000), sent, "the other way")


@test
def drops():
    """drop=500000 loses about half of the bytes, and keeps the others' order"""
    _, _, a, b = cable("p-drop", server="#drop=500000")
    a.write_all(bytes(i % 251 for i in range(4000)))
    a.write_all(b"\xff" * 200)
    got = b""
    while got.count(b"\xff") < 20:
        expect(b.poll(select.POLLIN, 30), "no bytes within 30 s")
        got += b.read()
    kept = got.split(b"\xff")[0]
    expect(1400 < len(kept) < 2600, f"{len(kept)} of 4000 bytes were kept")
    source = iter(bytes(i % 251 for i in range(4000)))
    expect(all(x in source for x in kept), "the kept bytes lost their order")


@test
def delays():
    """delay=300: each byte is that long on its way, and none is lost"""
    _, _, a, b = cable("p-slow", server="#delay=300")
    for i in range(5):
        begin = time.monotonic()
        a.write_all(b"%d" % i)
        equal(b.read_exactly(1), b"%d" % i, "the byte")
        taken = time.monotonic() - begin
        # The kernel counts in ticks, of which one has begun.
        expect(taken > 0.28, f"a byte came after {taken:.3f} s")


@test
def faults_change_while_it_runs():
    """40 changes of the faults under a running guest: nothing lost or doubled"""
    a, _, ha, hb = cable("p-change")
    data = pattern(400000, 3)
    got = []
    reader = threading.Thread(target=lambda: got.append(hb.read_exactly(len(data), 120)))
    writer = threading.Thread(target=lambda: ha.write_all(data, timeout=2 * PATIENCE))
    reader.start()
    writer.start()
    for i in range(40):
        a.set(backing="pipe:p-change#delay=1" if i % 2 else "pipe:p-change")
    for t in (writer, reader):
        t.join(150)
    expect(got and got[0] == data, "what B read is not what A wrote")
    equal(a.dropped_bytes, 0, "dropped_bytes")


run()
