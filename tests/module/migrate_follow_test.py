#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest that is handed to another host: its viewers stay, and it is QEMU that says when.

Two guests of one VM stand for a guest on two hosts, as in migrate_test.py.
"""
import contextlib
import os
import socket
import struct
import subprocess
import sys

from genl import N
from lib import (PATIENCE, Port, ctl, ctl_raw, equal, expect, later, make_port, read_file,
                 remove_guest, run, scratch, test, wait_for)
from moving import (LIMIT, begin, changed, migration, receive, received, renamed, state_of, twin,
                    typed_to)
from peer import CONNECTED
from vseriald import Daemon

# Also as ssh, which is a link.
sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))
from qmp import Qmp  # noqa: E402
from vspc import Concentrator, Viewer  # noqa: E402

# time limit: 900

os.environ.setdefault("VSERIAL_VSPC", "vserial-vspc")

#: Where an image tells the offset behind the last byte of input (kmod/image.c).
RX_HEAD = 56


@test
def last_input():
    """a concentrator that keeps nothing: what it sends until it is told is read first"""
    Daemon(retry_min=50, retry_max=1)
    c = Concentrator("--deviate=no-buffer")
    later(c.__exit__, None)
    settings_ = {"proxy": f"telnet://127.0.0.1:{c.port}", "backing": "the service"}
    here = make_port("mig-0", **settings_)
    tty = here.open()
    wait_for(lambda: here.state == CONNECTED, "it is connected")
    viewer = Viewer(c.view_port).see("mig-0")
    begin("mig-0")
    viewer.type(b"one,")
    wait_for(lambda: here.get()["rx_unread"] == 4, "it is there")
    there = twin("mig-1", **settings_)
    received(renamed(begin("mig-0"), "mig-0", "mig-1"))
    viewer.type(b"two,")
    wait_for(lambda: here.get()["rx_unread"] == 8, "it is there")
    ctl("migrate", "leave", "mig-0")
    new = there.open()
    viewer.type(b"three,")
    ctl("migrate", "arrive", "mig-1", "timeout", LIMIT)
    equal(there.handover, N.VSERIAL_HANDOVER_ENDED, "what the concentrator knows")
    # Whomever the concentrator sends this to, it comes last.
    viewer.type(b"four")
    rest = state_of("rest", "mig-0", "timeout", LIMIT)
    equal(here.handover, N.VSERIAL_HANDOVER_ENDED, "what its peer is")
    status, said = receive(changed(renamed(rest, "mig-0", "mig-1"),
                                   lambda s: s[:RX_HEAD] + struct.pack("<Q", 1000) +
                                   s[RX_HEAD + 8:]))
    expect(status == 1 and "is not the one that it came with" in said, said)
    for _ in range(2):
        received(renamed(rest, "mig-0", "mig-1"))
    equal(there.power, 0, "its power")
    ctl("migrate", "complete", "mig-1")
    ctl("migrate", "complete", "mig-0")
    equal(new.read_exactly(18), b"one,two,three,four", "what the guest reads")
    equal(here.reason, "its guest has moved to another host", "the reason where it was")
    equal((here.dropped_bytes, there.dropped_bytes), (0, 0), "what was dropped")
    tty.close()
    remove_guest("mig-0")
    new.write_all(b"here")
    viewer.wants(b"here")
    viewer.type(b"still")
    equal(new.read_exactly(5), b"still", "what comes next")


class Guest:
    """Writes numbered lines, and answers each byte that is typed by a line."""

    def __init__(self, port):
        self.lines = 0
        self.typed = b""
        self.tty = port.open()

    def say(self, n):
        for _ in range(n):
            self.tty.write_all(b"line %06d\n" % self.lines)
            self.lines += 1

    def hear(self, n):
        self.typed += self.tty.read_exactly(n)


@test
def console_follows():
    """hand-overs, one refused and one aborted: a viewer sees every line once, in order"""
    Daemon(retry_min=50, retry_max=1)
    c = Concentrator("--debug")
    later(c.__exit__, None)
    proxy = f"telnet://127.0.0.1:{c.port}"
    port = make_port("con-0", proxy=proxy, backing="the service")
    guest = Guest(port)
    wait_for(lambda: port.state == CONNECTED, "it is connected")
    guest.say(10)
    viewer = Viewer(c.view_port).see("con-0")
    keys = b""
    name = "con-0"
    for number in range(1, 6):
        guest.say(20)
        state = begin(name)
        if number == 3:
            # The destination is lost.
            ctl("migrate", "abort", name)
            guest.say(5)
            state = begin(name)
        # Typed while it is nowhere.
        key = bytes([64 + number])
        keys += key
        viewer.type(key)
        new = f"con-{number}"
        make_port(new, proxy=proxy, backing="the service")
        ctl("migrate", "expect", new)
        there = Port(new)
        old, guest.tty = guest.tty, there.open()
        received(renamed(state, name, new))
        equal(there.handover, N.VSERIAL_HANDOVER_GRANTED, "what the concentrator says")
        ctl("migrate", "complete", new)
        ctl("migrate", "complete", name)
        old.close()
        remove_guest(name)
        guest.say(3)
        guest.hear(1)
        name = new
    expected = b"".join(b"line %06d\n" % i for i in range(guest.lines))
    viewer.until(lambda: len(viewer.data) >= len(expected), "all is seen")
    equal(bytes(viewer.data), expected, "what the viewer saw")
    equal(guest.typed, keys, "what the guest was typed")


@test
def concentrator_refuses():
    """a concentrator that does not take part: the guest goes on here"""
    Daemon(retry_min=50, retry_max=1)
    for deviation, words in (("not-now", "cannot be now"), ("no-vmotion", "does not know"),
                             ("mute-begin", "does not answer")):
        c = Concentrator(f"--deviate={deviation}")
        later(c.__exit__, None)
        port = make_port(f"con-{deviation}", proxy=f"telnet://127.0.0.1:{c.port}", backing="it")
        tty = port.open()
        wait_for(lambda port=port: port.state == CONNECTED, "it is connected")
        viewer = Viewer(c.view_port).see(port.guest)
        done = ctl_raw("migrate", "begin", port.guest, "timeout",
                       "1000" if deviation == "mute-begin" else LIMIT)
        equal(done.status, 1, "the exit status")
        expect("its concentrator" in done.err and words in done.err, done.err)
        equal(migration(port.guest), "aborted", "where it stands")
        tty.write_all(b"goes on")
        viewer.wants(b"goes on")
        tty.close()
        c.kill()


def as_ssh():
    """This script called as ssh: what is run on the other host, for a guest of another name."""
    words = sys.argv[sys.argv.index("other") + 1:]
    old, new = os.environ["GUEST_HERE"], os.environ["GUEST_THERE"]
    state = None
    with open(os.environ["STOOD"], "a", encoding="ascii") as f:
        f.write(f"{words[2]} {migration(old)}\n")
    if "receive" in words:
        state = renamed(sys.stdin.buffer.read(), old, new)
    return subprocess.run([new if w == old else w for w in words], input=state,
                          check=False).returncode


class Machine:
    """A QEMU with nothing in it but a serial port."""

    def __init__(self, port, *options):
        self.qmp = f"{scratch()}/qmp"
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-M", "pc", "-accel", "tcg", "-m", "32", "-nodefaults", "-S",
             "-display", "none", "-qmp", f"unix:{self.qmp},server=on,wait=off",
             "-qmp", f"unix:{self.qmp}2,server=on,wait=off",
             "-chardev", f"serial,id=s0,path={port.wait_link()}", "-device",
             "isa-serial,chardev=s0", *options],
            stdin=subprocess.DEVNULL)
        later(self.end)
        wait_for(lambda: os.path.exists(self.qmp + "2"), "QEMU is there")
        # It answers when all that it was started with is there.
        self.tell("query-status")

    def end(self):
        self.process.kill()
        self.process.wait()

    def tell(self, command, **arguments):
        """By the second socket: the first is vserialctl's."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(PATIENCE)
            s.connect(self.qmp + "2")
            with contextlib.closing(Qmp(s)) as qmp:
                return qmp.tell(command, **arguments)


def follow(machine, guest, there):
    """vserialctl, which waits for a migration."""
    folder = scratch()
    os.symlink(os.path.realpath(__file__), f"{folder}/ssh")
    environment = dict(os.environ, PATH=f"{folder}:{os.environ['PATH']}", GUEST_HERE=guest,
                       GUEST_THERE=there, STOOD=f"{folder}/stood")
    follower = subprocess.Popen(["vserialctl", "migrate", "qemu", guest, "--qmp", machine.qmp,
                                 "--to", "other", "timeout", LIMIT], env=environment,
                                stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    follower.stood = f"{folder}/stood"

    def end():
        follower.kill()
        follower.wait()
        follower.stderr.close()
    later(end)
    wait_for(lambda: any(c["capability"] == "pause-before-switchover" and c["state"] for c in
                         machine.tell("query-migrate-capabilities")),
             "it is to pause")
    return follower


@test
def follows_qemu():
    """QEMU migrates, and says when: the ports go with it, or stay if it is cancelled"""
    here = make_port("qemu-a", backing="tcp://127.0.0.1:9")
    there = make_port("qemu-b", backing="tcp://127.0.0.1:9")
    source = Machine(here)
    wait_for(lambda: here.power == 1, "its power is on")
    unread, _ = typed_to(here, b"typed")
    unread.close()
    # Nobody is there to receive it.
    follower = follow(source, "qemu-a", "qemu-none")
    # To where nobody listens: it fails before it is to pause.
    source.tell("migrate", uri="unix:/nonexistent")
    equal(follower.wait(PATIENCE), 1, "the exit status")
    expect("has come to nothing" in follower.stderr.read(), "its complaint")
    equal(migration("qemu-a"), "none", "where it stands")

    ctl("migrate", "expect", "qemu-b")
    path = f"{scratch()}/migration"
    target = Machine(there, "-incoming", f"unix:{path}")
    equal(there.power, 0, "the power there")
    follower = follow(source, "qemu-a", "qemu-b")
    source.tell("migrate", uri=f"unix:{path}")
    said = follower.communicate(timeout=2 * PATIENCE)[1]
    equal((follower.returncode, said), (0, ""), "what became of it")
    equal((migration("qemu-a"), migration("qemu-b")), ("completed", "completed"), "where it stands")
    # Once QEMU may go on nothing but vserialctl has the ports go on here.
    equal(read_file(follower.stood), "receive outgoing\narrive leaving\ncomplete parting\n",
          "where it stood at each step there")
    equal(there.power, 1, "the power there")
    equal(there.rx_bytes, 5, "what it has been given")
    expect(target.process.poll() is None, "it runs")


if __name__ == "__main__":
    if os.path.basename(sys.argv[0]) == "ssh":
        sys.exit(as_ssh())
    run()
