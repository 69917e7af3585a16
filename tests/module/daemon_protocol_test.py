#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel promises the daemon; a played one holds it to that."""
import errno
import fcntl
import os
import struct
import termios
import threading
import time

from attached import Socket, refused
from files import contents
from genl import N, Refused, string, u32
from lib import (Loopguest, equal, expect, make_guest, make_port, nl, pattern,
                 pattern_runs, run, scratch, test, wait_for)

CONNECTED = N.VSERIAL_STATE_CONNECTED
RECOVERABLE = N.VSERIAL_STATE_RECOVERABLE_ERROR


def daemon():
    s = Socket()
    s.call("DAEMON_NEW")
    return s


@test
def one_daemon():
    """one socket is the daemon; when it is closed another may be"""
    first = daemon()
    other = Socket()
    refused(errno.EBUSY, "there can be one", other.call, "DAEMON_NEW")
    refused(errno.EPERM, "only the registered", other.report, 1, "CONNECTED")
    refused(errno.EPERM, "only the registered", other.announce, 1, "x")
    refused(errno.ENOENT, "no backing 12345", first.report, 12345, "CONNECTED")
    first.close()
    wait_for(lambda: not other.call("DAEMON_NEW"), "the other registers")


@test
def told_what_to_serve():
    """it is told of backings when they start, change and stop, or may ask"""
    port = make_port("d-told", backing="tcp://127.0.0.1:1", history=5000)
    port.connect()
    equal(port.state, RECOVERABLE, "the state without a daemon")
    expect("not running" in port.reason, port.reason)
    d = daemon()
    (b,) = d.dump("BACKING_GET")
    equal((b["guest"], b["index"], b["spec"], b["power"], b["endpoint"]),
          ("d-told", 0, "tcp://127.0.0.1:1", 0, 0), "what it serves")
    guest = port.open()
    equal(d.next("BACKING_NTF", power=1)["id"], b["id"], "power on")
    port.set(idle_timeout=7, max_clients=3, endpoint="server")
    told = d.next("BACKING_NTF", idle_timeout=7)
    equal((told["id"], told["idle_timeout"], told["max_clients"],
           told["endpoint"]), (b["id"], 7, 3, 1), "its settings")
    d.report(b["id"], "LISTENING", "on 127.0.0.1:1")
    equal((port.state, port.reason), (N.VSERIAL_STATE_LISTENING,
                                      "on 127.0.0.1:1"), "the state")
    d.report(b["id"], "CONNECTED", peer="127.0.0.1:5")
    equal((port.state, port.peer), (CONNECTED, "127.0.0.1:5"), "the state")
    guest.close()
    d.next("BACKING_NTF", power=0)
    # Another specification is another backing.
    port.set(backing="tcp://127.0.0.1:2")
    equal(d.next("BACKING_DEL_NTF")["id"], b["id"], "the old one")
    told = d.next("BACKING_NTF", spec="tcp://127.0.0.1:2")
    expect(told["id"] != b["id"], "both have one number")
    equal(port.peer, "", "the peer")
    d.close()
    wait_for(lambda: port.state == RECOVERABLE, "the daemon is missed")


@test
def lines():
    """it is told of the guest's line, and says what lines a peer drives"""
    port = make_port("d-lines", backing="tcp://x:1")
    d = daemon()
    port.connect()
    b = d.next("BACKING_NTF")
    expect("speed" not in b, f"the guest has set {b.get('speed')} before it was there")
    guest = port.open()
    dtr, rts = termios.TIOCM_DTR, termios.TIOCM_RTS
    told = d.next("BACKING_NTF", power=1, lines=dtr | rts, speed=115200)
    equal((told["speed"], told["cflag"]), (115200, termios.CS8), "its terminal")
    settings = termios.tcgetattr(guest.fileno())
    settings[2] = settings[2] & ~termios.CSIZE | termios.CS7 | termios.PARENB
    settings[4] = settings[5] = termios.B19200
    termios.tcsetattr(guest.fileno(), termios.TCSANOW, settings)
    told = d.next("BACKING_NTF", speed=19200)
    equal(told["cflag"], termios.CS7 | termios.PARENB, "its terminal")
    fcntl.ioctl(guest.fileno(), termios.TIOCMBIC, struct.pack("i", dtr))
    d.next("BACKING_NTF", lines=rts)

    def seen():
        return guest.lines() & up

    up = termios.TIOCM_CTS | termios.TIOCM_DSR | termios.TIOCM_CAR
    d.report(b["id"], "CONNECTED")
    equal(seen(), up, "the lines of a peer without any")
    d.report(b["id"], "CONNECTED", lines=rts)
    equal(seen(), termios.TIOCM_CTS, "those of one that drives RTS")
    d.report(b["id"], "CONNECTED", lines=dtr)
    equal(seen(), termios.TIOCM_DSR | termios.TIOCM_CAR, "those of one that drives DTR")
    port.set(carrier="always")
    equal(seen(), up, "the lines with carrier always")
    port.set(carrier="auto")
    d.report(b["id"], "CONNECTED", lines=0)
    equal(seen(), 0, "those of one that drives none")
    d.close()
    wait_for(lambda: seen() == up, "the lines of a peer whose daemon is gone")


@test
def output_is_sent_again():
    """what is not settled when the peer or the daemon goes, the next one gets"""
    port = make_port("d-again", backing="tcp://x:1", history=0, stall_limit=0)
    guest = port.open()
    data = pattern(30000)
    d = daemon()
    (b,) = d.dump("BACKING_GET")
    d.report(b["id"], "CONNECTED")
    guest.write_all(data[:10000])
    equal(d.read(b["id"], 10000), data[:10000], "the output")
    guest.write_all(data[10000:20000])
    equal(d.read(b["id"], 10000, ack=False), data[10000:20000], "the output")
    # The peer goes and comes.
    d.report(b["id"], "CONNECTING")
    d.told.clear()
    while d.pump():
        pass
    d.told.clear()
    d.report(b["id"], "CONNECTED")
    equal(d.read(b["id"], 10000, ack=False), data[10000:20000], "once more")
    d.close()
    wait_for(lambda: port.state == RECOVERABLE, "the daemon is missed")
    guest.write_all(data[20000:])
    d = daemon()
    (b,) = d.dump("BACKING_GET")
    equal((b["offset"], b["end"]), (10000, 30000), "where it stands")
    d.report(b["id"], "CONNECTED")
    equal(d.read(b["id"], 20000), data[10000:], "all that was not settled")
    equal(port.dropped_bytes, 0, "what was lost")


@test
def handed_to_a_file():
    """a backing that the daemon lets go of goes on in a file, byte by byte"""
    directory = scratch()
    port = make_port("d-file", backing="tcp://x:1", stall_limit=0)
    port.connect()
    d = daemon()
    (b,) = d.dump("BACKING_GET")
    d.report(b["id"], "CONNECTED")
    guest = Loopguest(port, "flood", options=("-c", "1000", "-w", "poll"))
    got, at = b"", 0
    while at < 100000:
        m = d.next("DATA_NTF")
        if "bytes" in m:
            got += m["bytes"]
            at = m["offset"] + len(m["bytes"])
            d.ack(b["id"], at, m["credit"])
    change = threading.Thread(target=port.set,
                              kwargs={"backing": f"file:{directory}/out"})
    begin = time.monotonic()
    change.start()
    equal(d.next("BACKING_DEL_NTF")["id"], b["id"], "what to let go of")
    settled = at
    # It settles what reached its peer, and that is all it was sent.
    for kind, m in d.told:
        if kind == "DATA_NTF" and "bytes" in m:
            expect(m["offset"] == at, "a gap")
            got += m["bytes"]
            at += len(m["bytes"])
    try:
        d.ack(b["id"], at)
        settled = at
        d.report(b["id"], "NOT_CONNECTED")
    except Refused as e:
        # It is waited for a second; then all that was not settled comes again.
        equal(e.errno, errno.ENOENT, "the errno")
        expect(time.monotonic() - begin > 1, "it was not waited for")
    got = got[:settled]
    change.join(60)
    wait_for(lambda: os.path.getsize(f"{directory}/out") > 100000, "the file")
    guest.terminate().finish()
    port.disconnect()
    got += contents(f"{directory}/out")
    equal(pattern_runs(got), [(0, len(got))], "all of it")


@test
def a_daemon_that_hangs():
    """a daemon that does nothing holds up a change for a moment, no guest"""
    port = make_port("d-hang", backing="tcp://x:1")
    d = daemon()
    guest = port.open()
    d.dump("BACKING_GET")
    guest.write_all(bytes(200000))
    port.set(backing="null")
    equal(port.state, CONNECTED, "the state")


@test
def peers_are_sessions():
    """peers that it announces are shown, write in turn, and can be kicked"""
    port, other = make_guest("d-peer", 2, backing="tcp://:1")
    d = daemon()
    port.connect()
    b = d.next("BACKING_NTF")["id"]
    one = d.announce(b, "192.0.2.1:5000")
    two = d.announce(b, "192.0.2.2:5000")
    equal([x["writer"] for x in (one, two)], [1, 0], "who writes")
    equal([(x["peer"], x["backing"]) for x in nl().dump("SESSION_GET")],
          [("192.0.2.1:5000", b), ("192.0.2.2:5000", b)], "what is shown")
    console = Socket()
    mine = console.attach(port, "FORCE")
    told = d.next("SESSION_NTF")
    equal((told["id"], told["writer"]), (one["id"], 0), "who writes no more")
    console.call("SESSION_DEL", u32(N.VSERIAL_A_SESSION_ID, mine["id"]))
    equal(d.next("SESSION_NTF")["id"], one["id"], "who writes again")
    nl().call("SESSION_DEL", u32(N.VSERIAL_A_SESSION_ID, one["id"]))
    told = [d.next("SESSION_DEL_NTF"), d.next("SESSION_NTF")]
    equal([x["id"] for x in told], [one["id"], two["id"]], "what it is told")
    refused(errno.EINVAL, "moves no data", d.send, two["id"], 0, b"x")
    refused(errno.EINVAL, "no port but", d.call, "SESSION_NEW",
            u32(N.VSERIAL_A_SESSION_BACKING, b) +
            string(N.VSERIAL_A_SESSION_PEER, "x") +
            string(N.VSERIAL_A_SESSION_GUEST, other.guest))
    port.disconnect()
    equal(nl().dump("SESSION_GET"), [], "what is left without the backing")


@test
def input_from_peers():
    """input reaches the guest; breaks do; what does not fit waits"""
    port = make_port("d-in", backing="tcp://x:1")
    guest = port.open()
    d = daemon()
    b = d.dump("BACKING_GET")[0]["id"]
    d.report(b, "CONNECTED")
    d.send(b, 0, b"hello")
    equal(guest.read_exactly(5), b"hello", "the input")
    data = pattern(400000)
    got, short = d.send_through(b, 5, data, guest)
    expect(short, "the guest had room for everything; the test is no use")
    expect(got == data, "the input differs")
    d.call("DATA", u32(N.VSERIAL_A_DATA_SESSION, b) +
           u32(N.VSERIAL_A_DATA_BREAK, 100))
    wait_for(lambda: port.get()["break"] == 1, "a break")
    # The daemon may have dropped its capabilities; others are strangers.
    stranger = Socket()
    refused(errno.ENOENT, "no session", stranger.send, b, 5, b"x")


run()
