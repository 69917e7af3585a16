#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest's ports are handed to another host.

Two guests of one VM stand for a guest on two hosts: a state that is taken from
one is given another name, and received for the other.
"""
import contextlib
import errno
import fcntl
import os
import socket
import struct
import subprocess
import termios
import threading
import time

from attached import Socket, refused
from genl import N, attr, string, u32
from lib import (RING, Port, Refused, ctl, ctl_json, ctl_raw, equal, expect, forget_guest, later,
                 make_guest, make_port, nl, pattern, read_file, remove_guest, run, scratch, test,
                 wait_for)
from moving import (LIMIT, begin, changed, migration, receive, received, renamed, state_of,
                    twin, typed_to)
from peer import CONNECTED, LISTENING, Peer, accept, dial, listen, tcp_port
from vseriald import Daemon

# time limit: 900


@test
def bytes_and_lines():
    """unread bytes of both directions, counters and lines come, and the line is as it was"""
    Daemon(retry_min=50, retry_max=1)
    number = tcp_port()
    settings = {"backing": f"tcp://127.0.0.1:{number}", "overflow": "block"}
    here = make_port("mig-a", **settings)
    listening = listen(number)
    tty = here.open()
    peer = accept(listening)
    output, input_ = pattern(60000), pattern(100000, seed=2)
    tty.write_all(output[:20000])
    equal(peer.read(20000), output[:20000], "what the peer read")
    wait_for(lambda: here.tx_unread == 0, "it is settled")
    listening.close()
    peer.close()
    wait_for(lambda: here.state != CONNECTED, "the peer is gone")
    # Nobody is there: the ring keeps it.
    tty.write_all(output[20000:])
    fcntl.ioctl(tty.fileno(), termios.TIOCSWINSZ, struct.pack("4H", 43, 132, 0, 0))
    typist, _ = typed_to(here, input_)
    equal(tty.read_exactly(100), input_[:100], "what the guest read before")
    typist.close()
    before = here.get()

    state = begin("mig-a")
    equal(migration("mig-a"), "outgoing", "where it stands")
    equal(tty.write(b"not taken"), 0, "what can be written")
    equal(tty.read(), None, "what can be read")
    received(renamed(begin("mig-a"), "mig-a", "mig-b"), "create")
    equal(migration("mig-b"), "incoming", "where it stands")
    forget_guest("mig-b")
    ctl("guest", "del", "mig-b")

    there = twin("mig-b", **settings)
    ctl("migrate", "expect", "mig-b")
    new = there.open()
    equal(there.power, 0, "the power of one that is expected")
    received(renamed(state, "mig-a", "mig-b"))
    after = there.get()
    for name in ("tx_bytes", "tx_unread"):
        equal(after[name], before[name], name)
    equal(new.read(), None, "what can be read before it is complete")
    listening = listen(number)
    ctl("migrate", "complete", "mig-a")
    ctl("migrate", "complete", "mig-a")
    ctl("migrate", "complete", "mig-b")
    equal(here.reason, "its guest has moved to another host", "the reason where it was")
    equal(there.power, 1, "the power where it is")
    equal(new.read_exactly(len(input_) - 100), input_[100:], "the input, from where it was")
    peer = accept(listening)
    new.write_all(b"behind")
    equal(peer.read(40000), output[20000:], "the output, from where it was")
    equal(peer.read(6), b"behind", "what is written now")
    equal(there.dropped_bytes, before["dropped_bytes"], "what is dropped")
    wait_for(lambda: there.tx_unread == 0, "it is settled")
    equal(there.tx_bytes, 60006, "what was written")
    # Ends here, so that nobody who was here before has anything to say.
    tty.close()
    remove_guest("mig-a")
    expect(not peer.readable(0.2), "nothing more comes")


@test
def stays():
    """an abort leaves all as it was: input that its tty had given back comes in order"""
    Daemon(retry_min=50, retry_max=1)
    number = tcp_port()
    port = make_port("mig-s", backing=f"tcp://127.0.0.1:{number}")
    listening = listen(number)
    tty = port.open()
    peer = accept(listening)
    data = pattern(100000, seed=3)
    peer.send(data)
    for n in range(3):
        begin("mig-s")
        begin("mig-s")
        equal(tty.write(b"x"), 0, "what can be written")
        ctl("migrate", "abort", "mig-s")
        ctl("migrate", "abort", "mig-s")
        equal(migration("mig-s"), "aborted", "where it stands")
        line = f"line {n}\n".encode()
        tty.write_all(line)
        equal(peer.read(len(line)), line, "what is written then")
        equal(tty.read_exactly(1000), data[n * 1000:(n + 1) * 1000], "what is read then")
    equal(tty.read_exactly(len(data) - 3000), data[3000:], "the rest")
    peer.send(b"typed")
    equal(tty.read_exactly(5), b"typed", "what comes then")
    equal(port.rx_bytes, len(data) + 5, "what was given")
    equal(port.dropped_bytes, 0, "what was dropped")


@test
def killed():
    """whoever begins may be killed at any moment: input stays in order, and none is lost"""
    port, other = make_port("mig-k"), make_port("mig-k2")
    tty, beside = port.open(), other.open()
    data = pattern(3000)
    typed_to(port, data)[0].close()
    wait_for(lambda: port.rx_bytes == len(data), "the tty has it")
    for number in range(8):
        # It takes some milliseconds, or tens of them.
        beginner = subprocess.Popen(["vserialctl", "migrate", "begin", "mig-k"],
                                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            beginner.wait(number * 0.005)
        beginner.kill()
        beginner.wait()
        ctl("migrate", "abort", "mig-k")
    nl().call("GUEST_MIGRATE", string(N.VSERIAL_A_GUEST_NAME, "mig-k") +
              u32(N.VSERIAL_A_GUEST_MIGRATION, N.VSERIAL_MIGRATION_OUTGOING) +
              u32(N.VSERIAL_A_GUEST_MIGRATION_LIMIT, int(LIMIT)))

    def returned(fd):
        nl().call("PORT_RETURN", port.request() + u32(N.VSERIAL_A_PORT_TTY, fd))
    with open("/dev/null", "rb") as null:
        for fd in beside.fileno(), null.fileno(), 1 << 20:
            refused(errno.EBADF, f"descriptor {fd} is not the tty of port 'mig-k/0'", returned, fd)
    returned(tty.fileno())
    equal(tty.read(), None, "what the tty holds")
    equal(port.get()["rx_unread"], len(data), "what was taken back")
    ctl("migrate", "abort", "mig-k")
    equal(tty.read_exactly(len(data)), data, "what the guest reads")


@test
def late():
    """what reaches the old host behind the state goes along when it is taken again, or is told"""
    Daemon(retry_min=50, retry_max=1)
    number = tcp_port()
    backing = f"tcp://127.0.0.1:{number}"
    here = make_port("mig-g", backing=backing)
    listening = listen(number)
    here.open()
    peer = accept(listening)
    begin("mig-g")
    peer.send(b"late")
    wait_for(lambda: here.get()["rx_unread"] == 4, "it is there")
    there = twin("mig-h", backing=backing)
    received(renamed(begin("mig-g"), "mig-g", "mig-h"))
    new = there.open()
    peer.send(b"too late")
    wait_for(lambda: here.get()["rx_unread"] == 12, "it is there")
    ctl("migrate", "complete", "mig-h")
    equal(new.read_exactly(4), b"late", "what the guest reads")
    ctl("migrate", "complete", "mig-g")
    equal(here.reason, "its guest has moved to another host, and 8 bytes of input came here "
          "behind its state", "the reason where it was")
    equal(here.dropped_bytes, 8, "what is dropped there")
    accept(listening).send(b"here")
    equal(new.read_exactly(4), b"here", "what comes next")


@test
def nothing_twice():
    """what is on its way to a peer when its guest leaves does not come again"""
    Daemon(retry_min=50, retry_max=1)
    number = tcp_port()
    backing = f"tcp://127.0.0.1:{number}"
    here = make_port("mig-i", backing=backing)
    listening = listen(number)
    tty = here.open()
    peer = accept(listening)
    data = pattern(30000)
    tty.write_all(data)
    state = begin("mig-i")
    equal(here.handover, N.VSERIAL_HANDOVER_GRANTED, "what its peer says")
    there = twin("mig-j", backing=backing)
    received(renamed(state, "mig-i", "mig-j"))
    new = there.open()
    ctl("migrate", "complete", "mig-j")
    ctl("migrate", "complete", "mig-i")
    first = peer.rest()
    expected = data[len(first):] + b"end"
    new.write_all(b"end")
    equal(accept(listening).read(len(expected)), expected, "what comes there")


@test
def kinds():
    """files go on, servers listen there and give what was before, and so does a pipe's socket"""
    Daemon(retry_min=50, retry_max=1)
    number, folder = tcp_port(), scratch()
    backings = [f"file:{folder}/here", f"tcp://:{number}", "pipe:mig-kinds#far=application"]
    here, there = make_guest("mig-m", 3), make_guest("mig-n", 3)
    for ports in here, there:
        for port, backing in zip(ports, backings):
            port.set(backing=backing)
    there[0].set(backing=f"file:{folder}/there")
    ttys = [port.open() for port in here]
    for tty in ttys:
        tty.write_all(b"before,")
    wait_for(lambda: here[0].tx_unread == 0, "the file has it")
    wait_for(lambda: here[1].state == LISTENING and here[2].state == LISTENING, "they listen")
    state = begin("mig-m")
    received(renamed(state, "mig-m", "mig-n"))
    ctl("migrate", "complete", "mig-m")
    ttys = [port.open() for port in there]
    ctl("migrate", "complete", "mig-n")
    for tty in ttys:
        tty.write_all(b"behind")
    wait_for(lambda: there[1].state == LISTENING and there[2].state == LISTENING, "they listen")
    for peer in dial(number), Peer("/run/vserial/pipe/mig-kinds", family=socket.AF_UNIX):
        equal(peer.read(13), b"before,behind", "what is there for who calls")
    wait_for(lambda: there[0].tx_unread == 0, "the file has it")
    equal((read_file(f"{folder}/here"), read_file(f"{folder}/there")), ("before,", "behind"),
          "what is in the files")


@test
def opened_behind():
    """input that came with a guest waits for who opens its port behind that, and counts once"""
    here, data = make_port("mig-w"), pattern(150000, seed=4)
    here.open()
    typist, _ = typed_to(here, data[:100000])
    typist.close()
    state = begin("mig-w")
    there = twin("mig-x")
    received(renamed(state, "mig-w", "mig-x"))
    ctl("migrate", "complete", "mig-w")
    ctl("migrate", "complete", "mig-x")
    waiting = there.get()
    equal((waiting["rx_unread"], waiting["dropped_bytes"]), (100000, 0),
          "what waits, and what is dropped")
    new = there.open()
    equal(new.read_exactly(100000), data[:100000], "what is read")
    equal(there.dropped_bytes, 0, "what is dropped then")
    typist, _ = typed_to(there, data[100000:])
    equal(new.read_exactly(50000), data[100000:], "what comes next")
    equal((there.rx_bytes, there.dropped_bytes), (150000, 0), "what was given, and dropped")
    typist.close()


@test
def breaks():
    """a break among unread input is where it was"""
    here = make_port("mig-e")
    here.open()
    # More than a tty's line discipline holds, so that the break stands behind it.
    typist, session = typed_to(here, b"a" * 6000)
    nl().call("PORT_BREAK", here.request())
    typist.send(session, 6000, b"two")
    typist.close()
    state = begin("mig-e")
    there = twin("mig-f")
    received(renamed(state, "mig-e", "mig-f"))
    new = there.open()
    attributes = termios.tcgetattr(new.fileno())
    attributes[0] |= termios.PARMRK
    termios.tcsetattr(new.fileno(), termios.TCSANOW, attributes)
    equal(new.icount()["brk"], 0, "breaks that the tty was given")
    ctl("migrate", "complete", "mig-f")
    equal(new.read_exactly(6006), b"a" * 6000 + b"\xff\0\0two", "what is read")
    equal(new.icount()["brk"], 1, "breaks that the tty was given")


@test
def held_by_its_rate():
    """what a guest that leaves cannot write is not dropped by the port's rate either"""
    port = make_port("mig-r", connect_at_power_on="off", rate=1)
    tty = port.open()
    # More than a bucket holds, so that it is empty for a second.
    tty.write_all(bytes(100))
    dropped = port.dropped_bytes
    expect(dropped, "nothing was dropped; the test is no use")
    nl().call("GUEST_MIGRATE", string(N.VSERIAL_A_GUEST_NAME, "mig-r") +
              u32(N.VSERIAL_A_GUEST_MIGRATION, N.VSERIAL_MIGRATION_OUTGOING) +
              u32(N.VSERIAL_A_GUEST_MIGRATION_LIMIT, int(LIMIT)))
    equal(tty.write(b"not taken"), 0, "what can be written")
    equal(port.dropped_bytes, dropped, "what is dropped")


@test
def refused_output_moves():
    """what was dropped before it had an offset is counted as written and dropped there, too"""
    settings = {"connect_at_power_on": "off", "rate": 1}
    here = make_port("mig-ra", **settings)
    tty = here.open()
    tty.write_all(bytes(100))
    before = here.get()
    expect(before["dropped_bytes"], "nothing was dropped; the test is no use")
    there = twin("mig-rb", **settings)
    ctl("migrate", "expect", "mig-rb")
    there.open()
    received(renamed(begin("mig-ra"), "mig-ra", "mig-rb"))
    after = there.get()
    for name in ("tx_bytes", "tx_unread", "dropped_bytes"):
        equal(after[name], before[name], name)


@test
def not_flushed():
    """a VMM that flushes its tty while its guest moves takes nothing along"""
    here, there = (make(name, connect_at_power_on="off")
                   for make, name in ((make_port, "mig-ua"), (twin, "mig-ub")))
    tty = here.open()
    tty.write_all(b"kept")
    state = begin("mig-ua")
    termios.tcflush(tty.fd, termios.TCOFLUSH)
    ctl("migrate", "expect", "mig-ub")
    new = there.open()
    received(renamed(state, "mig-ua", "mig-ub"))
    termios.tcflush(new.fd, termios.TCOFLUSH)
    for port in here, there:
        equal((port.tx_unread, port.dropped_bytes), (4, 0), f"what {port.name} has and dropped")
    ctl("migrate", "complete", "mig-ub")
    termios.tcflush(new.fd, termios.TCOFLUSH)
    equal((there.tx_unread, there.dropped_bytes), (0, 4), "when the guest itself flushes")


@test
def late_arrival():
    """what is told as dropped to the next host stays so, if a slow peer has it after all"""
    settings = {"backing": "tcp://x:1", "overflow": "drop-old", "stall_limit": 0, "history": 0}
    here, there = make_port("mig-da", **settings), twin("mig-db", **settings)
    tty = here.open()
    played = Socket()
    played.call("DAEMON_NEW")
    backing = next(b["id"] for b in played.dump("BACKING_GET") if b["guest"] == "mig-da")
    played.report(backing, "CONNECTED")
    tty.write_all(pattern(1000))
    played.read(backing, 1000, ack=False)
    tty.write_all(pattern(RING))
    equal(here.dropped_bytes, 1000, "what may not have arrived")
    begun = []
    leaving = threading.Thread(target=lambda: begun.append(begin("mig-da")))
    leaving.start()
    played.next("BACKING_NTF", id=backing, handover=N.VSERIAL_HANDOVER_ASKED)
    played.report(backing, "CONNECTED", handover=N.VSERIAL_HANDOVER_GRANTED)
    leaving.join()
    ctl("migrate", "expect", "mig-db")
    there.open()
    received(renamed(begun[0], "mig-da", "mig-db"))
    equal(there.dropped_bytes, 1000, "what was dropped, as it is told there")
    played.ack(backing, 1000)
    equal(here.dropped_bytes, 1000, "what was dropped, when it is there after all")


@test
def limit():
    """a guest that nobody completes goes on by itself, and who comes late is told"""
    port = make_port("mig-l", backing="loopback")
    tty = port.open()
    tty.write_all(b"before")
    # As begin does, which would be too late.
    ctl("guest", "set", "mig-l", "vmotion-limit", "1")
    nl().call("GUEST_MIGRATE", string(N.VSERIAL_A_GUEST_NAME, "mig-l") +
              u32(N.VSERIAL_A_GUEST_MIGRATION, N.VSERIAL_MIGRATION_OUTGOING))
    wait_for(lambda: migration("mig-l") == "aborted", "it goes on")
    tty.write_all(b"behind")
    equal(tty.read_exactly(12), b"beforebehind", "what comes back")
    done = ctl_raw("migrate", "complete", "mig-l")
    equal((done.status, done.err),
          (1, "vserialctl: guest 'mig-l' went on here when its migration was not completed "
              "within 1 ms\n"), "complete")
    ctl("migrate", "abort", "mig-l")
    equal(ctl_json("guest", "show", "mig-l")["vmotion-limit"], 1, "the limit")
    expect("guest add mig-l vmotion-limit 1\n" in ctl("save"), "it is saved")
    for bad in "0", "3600001":
        done = ctl_raw("guest", "set", "mig-l", "vmotion-limit", bad)
        expect(done.status == 1 and bad in done.err, done.err)


@test
def stays_plugged_in():
    """an abort unplugs what was plugged in by hand only if its guest went off meanwhile"""
    port = make_port("mig-q", connect_at_power_on="off")
    port.connect()
    begin("mig-q")
    ctl("migrate", "abort", "mig-q")
    equal(port.connected, 1, "the switch of one that was off all the time")
    tty = port.open()
    begin("mig-q")
    tty.close()
    equal((port.power, port.connected), (0, 1), "power and switch while it is held")
    ctl("migrate", "abort", "mig-q")
    equal(port.connected, 0, "the switch of one that went off")


@test
def steps():
    """only steps that follow are taken"""
    port = make_port("mig-t")

    def no(word, step, errors):
        done = ctl_raw("migrate", step, "mig-t")
        equal(done.status, 1, f"the exit status of {step}")
        expect(word in done.err and errors in done.err, done.err)
    no("mig-t", "complete", "was not begun")
    ctl("migrate", "abort", "mig-t")
    tty = port.open()
    no("mig-t", "expect", "is open")
    tty.close()
    ctl("migrate", "expect", "mig-t")
    ctl("migrate", "expect", "mig-t")
    done = ctl_raw("migrate", "begin", "mig-t", "timeout", "9")
    expect("cannot leave before it is here" in done.err, done.err)
    # A port that is added powers nothing on, either.
    other = Port("mig-t", 1)
    other.add()
    tty = other.open()
    equal(other.power, 0, "its power")
    refused(errno.EBUSY, "is open", other.remove)
    ctl("migrate", "complete", "mig-t")
    equal(other.power, 1, "its power")
    no("mig-t", "abort", "is completed")
    begin("mig-t")
    refused(errno.EBUSY, "about to leave", Port("mig-t", 2).add)
    # It may go while it is held.
    tty.close()
    remove_guest("mig-t")


@test
def refusals():
    """what cannot move is refused in a sentence, and nothing is held"""
    make_port("mig-r", backing="pipe:mig-cable")
    make_port("mig-q", backing="pipe:mig-cable#near=client")
    done = ctl_raw("migrate", "begin", "mig-r")
    equal(done.status, 1, "the exit status")
    expect("port 'mig-r/0' has a null modem" in done.err and "'mig-q/0', which stays" in done.err,
           done.err)
    equal(migration("mig-r"), "none", "where it stands")
    # Both ends of it move.
    Port("mig-r", 1).add(backing="pipe:mig-own")
    Port("mig-r", 2).add(backing="pipe:mig-own#near=client")
    Port("mig-r", 0).set(backing="null")
    begin("mig-r")
    ctl("migrate", "abort", "mig-r")


@test
def settings():
    """what is here has to be what was there; a stranger makes no file"""
    here = make_port("mig-c", rate="100K")
    state = renamed(begin("mig-c"), "mig-c", "mig-d")
    status, said = receive(state)
    equal((status, said), (1, "vserialctl: port 'mig-d/0' does not exist here: make it first, "
                              "or receive with 'create'"), "receive")
    there = twin("mig-d")
    status, said = receive(state)
    expect(status == 1 and "port 'mig-d/0' has rate '0' here and '100K'" in said, said)
    equal(migration("mig-d"), "none", "where it stands")
    there.set(rate="100K")
    received(state)
    received(state)
    equal(migration("mig-d"), "incoming", "where it stands")
    ctl("migrate", "abort", "mig-d")
    remove_guest("mig-d")
    ctl("migrate", "abort", "mig-c")
    here.set(backing="file:/tmp/mig-c.log")
    status, said = receive(renamed(begin("mig-c"), "mig-c", "mig-d"), "create")
    expect(status == 1 and "no other host chooses a file" in said, said)
    expect("mig-d" not in [g["name"] for g in ctl_json("guest", "show")], "nothing is made")


@test
def false_states():
    """a state that lies is refused, and changes nothing"""
    here = make_port("mig-x", backing="tcp://127.0.0.1:9")
    tty = here.open()
    tty.write_all(pattern(1000))
    state = renamed(begin("mig-x"), "mig-x", "mig-y")
    there = twin("mig-y", backing="tcp://127.0.0.1:9")
    before = there.get()
    lies = [lambda s: s[:-1], lambda s: s + b"x", lambda s: b"", lambda s: s[:100]]
    # Each number of the header at its highest, but counters of no consequence.
    lies += [lambda s, at=at: s[:at] + b"\xff" * 8 + s[at + 8:] for at in range(0, 64, 8)]
    for number, lie in enumerate(lies):
        status, said = receive(changed(state, lie))
        equal(status, 1, f"the exit status of lie {number} ({said})")
        expect(said, f"lie {number} was refused without a word")
        equal(there.get(), before, f"the port after lie {number}")
        equal(migration("mig-y"), "aborted", "where it stands")
    status, said = receive(state[:-1] + bytes([state[-1] ^ 1]))
    expect(status == 1 and "checksum" in said, said)


@test
def pieces():
    """pieces of a state come in order, of one that is expected, and fit"""
    port = make_port("mig-p")

    def piece(size, offset, data):
        nl().call("PORT_STATE_SET", port.request() + u32(N.VSERIAL_A_PORT_STATE_SIZE, size) +
                  u32(N.VSERIAL_A_PORT_STATE_OFFSET, offset) +
                  attr(N.VSERIAL_A_PORT_STATE_BYTES, data))
    refused(errno.EINVAL, "is not expected here", piece, 10, 0, b"x")
    ctl("migrate", "expect", "mig-p")
    refused(errno.EINVAL, "out of order", piece, 10, 1, b"x")
    piece(10, 0, b"x")
    refused(errno.EINVAL, "out of order", piece, 10, 2, b"x")
    refused(errno.EINVAL, "out of order", piece, 11, 1, b"x")
    refused(errno.EINVAL, "no piece", piece, 10, 1, bytes(10))
    refused(errno.EINVAL, "no piece", piece, 10, 1, b"")
    refused(errno.EINVAL, "no piece", piece, 0xffffffff, 0, b"x")
    refused(errno.EINVAL, "cut off", piece, 10, 1, bytes(9))
    # That was the end of it; one that is half here goes with its port.
    refused(errno.EINVAL, "out of order", piece, 10, 1, b"x")
    piece(1 << 24, 0, b"x")
    refused(errno.EINVAL, "not about to leave", nl().dump, "PORT_STATE_GET", port.request())
    refused(errno.EINVAL, "not about to leave", nl().call, "PORT_RETURN", port.request())


@test
def decided():
    """behind leave no limit has a guest go on; each step follows the one before"""
    make_port("mig-u", backing="loopback")
    make_port("mig-v")

    def outgoing(guest, ms):
        nl().call("GUEST_MIGRATE", string(N.VSERIAL_A_GUEST_NAME, guest) +
                  u32(N.VSERIAL_A_GUEST_MIGRATION, N.VSERIAL_MIGRATION_OUTGOING) +
                  u32(N.VSERIAL_A_GUEST_MIGRATION_LIMIT, ms))

    def no(words, step, guest="mig-u"):
        done = ctl_raw("migrate", step, guest)
        expect(done.status == 1 and words in done.err, (done.status, done.err))
    tty = Port("mig-u").open()
    start = time.monotonic()
    no("was not begun", "leave")
    no("was not begun", "rest")
    no("was not begun", "arrive")
    # So that it is not over before the next few commands are.
    limit_ms = int(1000 * max(3, 10 * (time.monotonic() - start)))
    outgoing("mig-u", limit_ms)
    no("cannot take that step now", "rest")
    no("cannot take that step now", "arrive")
    for _ in range(2):
        ctl("migrate", "leave", "mig-u")
    # Its limit is over before that of another.
    outgoing("mig-v", limit_ms)
    no("cannot take that step now", "arrive")
    no("has been let go of already", "begin")
    no("about to leave for another host", "expect")
    refused(errno.EBUSY, "about to leave", Port("mig-u", 1).add)
    wait_for(lambda: migration("mig-v") == "aborted", "its limit is over")
    no("went on here", "leave", "mig-v")
    equal(migration("mig-u"), "leaving", "where it stands")
    equal(tty.write(b"x"), 0, "what can be written")
    for _ in range(2):
        expect(state_of("rest", "mig-u").startswith(b"vserial state"), "its state")
    equal(migration("mig-u"), "parting", "where it stands")
    ctl("migrate", "abort", "mig-u")
    tty.write_all(b"on")
    equal(tty.read_exactly(2), b"on", "what comes back")
    tty.close()
    ctl("migrate", "expect", "mig-v")
    for _ in range(2):
        ctl("migrate", "arrive", "mig-v")
    equal(migration("mig-v"), "arriving", "where it stands")
    no("arrives already", "expect", "mig-v")
    no("cannot leave before it is here", "begin", "mig-v")
    ctl("migrate", "abort", "mig-v")


@test
def races():
    """steps, openings and removals at the same time do no harm"""
    stop, faults = threading.Event(), []

    def busily(function):
        def work():
            while not stop.is_set() and not faults:
                try:
                    function()
                except Exception as e:  # pylint: disable=broad-except
                    faults.append(e)
        thread = threading.Thread(target=work)
        thread.start()
        # However the test ends: the script would not.
        later(thread.join)
        later(stop.set)
        return thread
    make_guest("mig-z", 4, backing="loopback")

    def step(which):
        done = subprocess.run(["vserialctl", "migrate", which, "mig-z"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        expect(done.returncode in (0, 1), done.stderr)

    def use():
        try:
            fd = os.open("/dev/vserial/mig-z/1", os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)
        except OSError:
            return
        try:
            os.write(fd, bytes(1000))
            os.read(fd, 1000)
        except OSError:
            pass
        os.close(fd)
    threads = [busily(lambda w=w: step(w)) for w in
               ("begin", "leave", "rest", "abort", "expect", "arrive", "complete")]
    threads.append(busily(use))
    for _ in range(20):
        Port("mig-z", 3).remove(force=True)
        wait_for(lambda: added(Port("mig-z", 3)), "it may be added")
    stop.set()
    for thread in threads:
        thread.join()
    equal(faults, [], "what went wrong meanwhile")
    ctl_raw("migrate", "complete", "mig-z")
    remove_guest("mig-z", force=True)


def added(port):
    try:
        port.add(backing="loopback")
    except Refused:
        return False
    return True


run()
