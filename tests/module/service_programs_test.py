#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Service rules on programs: who opens a port's device, attaches and commands.

By user and by executable; each of them is a process of its own.
"""
import errno
import os
import shutil
import struct
import subprocess
import sys
import time

import ruled
from attached import Socket, refused
from genl import N, string, u32
from lib import (SYSFS, KernelLog, equal, expect, later, make_port, nl, run, scratch, test,
                 wait_for, write_sysfs)
from peer import CONNECTED, NOT_CONNECTED
from person import Person
from ruled import attaching, opening

# time limit: 600

OWNER, STRANGER, GROUP = 61001, 61002, 61003
#: struct vserial_record_head
RECORD = struct.Struct("=QIIII")


def captured(client, session, kind):
    """What a session that captures is given of one kind, piece by piece."""
    data = b""
    while True:
        while len(data) < RECORD.size or len(data) < RECORD.size + RECORD.unpack_from(data)[3]:
            data += client.read(session, 1)
        _, this, _, length, _ = RECORD.unpack_from(data)
        piece, data = data[RECORD.size:RECORD.size + length], data[RECORD.size + length:]
        if this == kind:
            yield piece


@test
def a_console():
    """a console is refused, ended by a rule, and may come back"""
    port = make_port("r-con", backing="null")
    guest = port.open()
    s = Socket()
    session = s.attach(port)["id"]
    guest.write_all(b"seen")
    equal(s.read(session, 4), b"seen", "the output")
    ruled.add("r-con", 10, "deny", "application")
    ended = s.next("SESSION_DEL_NTF")
    equal((ended["id"], ended["reason"]),
          (session, "service rule 10 of guest 'r-con' denies console"), "what it is told")
    refused(errno.ENOENT, "", s.send, session, 0, b"x")
    refused(errno.EACCES, "service rule 10 of guest 'r-con' denies console", s.attach, port)
    refused(errno.EACCES, "denies console", nl().dump, "PORT_HISTORY", port.request())
    equal(ruled.hits("r-con", 10), 3, "the hits")
    ruled.remove("r-con", 10)
    session = s.attach(port)["id"]
    s.send(session, 0, b"typed")
    equal(guest.read_exactly(5), b"typed", "the input")


@test
def half_a_console():
    """a console that may only read, or only write"""
    port = make_port("r-half", backing="null")
    guest = port.open()
    reader, writer = Socket(), Socket()
    first = reader.attach(port)["id"]
    ruled.add("r-half", 10, "deny", "console", towards="guest")
    equal(reader.next("SESSION_NTF")["writer"], 0, "the writer")
    refused(errno.EACCES, "let session", reader.send, first, 0, b"x")
    refused(errno.EACCES, "force", writer.attach, port, "FORCE")
    guest.write_all(b"to read")
    equal(reader.read(first, 7), b"to read", "the output")
    ruled.remove("r-half", 10)
    equal(reader.next("SESSION_NTF")["writer"], 1, "the writer")
    reader.send(first, 0, b"typed")
    equal(guest.read_exactly(5), b"typed", "the input")
    # One that captures has the input, too, and still it is all for it to read.
    captor = Socket()
    captor.attach(port, "CAPTURE")
    ruled.add("r-half", 10, "deny", "console", towards="host")
    rule = "service rule 10 of guest 'r-half' denies console towards the host"
    equal(captor.next("SESSION_DEL_NTF")["reason"], rule, "what one that captures is told")
    refused(errno.EACCES, rule, captor.attach, port, "CAPTURE")
    second = writer.attach(port, "FORCE")["id"]
    guest.write_all(b"!")
    writer.send(second, 0, b"blind")
    equal(guest.read_exactly(5), b"blind", "the input")
    writer.pump()
    equal([kind for kind, _ in writer.told if kind == "DATA_NTF"], [], "what it is sent")
    ruled.remove("r-half", 10)
    equal(reader.read(first, 1), b"!", "what waited")


@test
def users():
    """rules tell users apart; who has no right to a guest gets none by a rule"""
    port = make_port("r-user", backing="null")
    nl().call("GUEST_SET", string(N.VSERIAL_A_GUEST_NAME, "r-user") +
              u32(N.VSERIAL_A_GUEST_UID, OWNER) + u32(N.VSERIAL_A_GUEST_GID, GROUP))
    node = port.wait_link()
    wait_for(lambda: os.stat(node).st_uid == OWNER, "the node is the owner's")
    ruled.add("r-user", 10, "allow", "any", uid=OWNER)
    ruled.add("r-user", 20, "deny", "application")
    ruled.add("r-user", 30, "deny", "hypervisor")
    with Person(uid=OWNER, gid=GROUP) as owner, Person(uid=STRANGER, gid=GROUP) as stranger:
        equal(owner.call(attaching, "r-user"), 0, "the owner attaches")
        equal(stranger.call(attaching, "r-user"), errno.EPERM, "a stranger attaches")
        equal(attaching("r-user"), errno.EACCES, "root attaches")
        equal(owner.call(opening, node), 0, "the owner opens")
        equal(stranger.call(opening, node), errno.EACCES, "a member of the group opens")
        equal(opening(node), errno.EACCES, "root opens")
    ruled.remove("r-user", 20)
    with Person(uid=STRANGER, gid=GROUP) as stranger:
        equal(stranger.call(attaching, "r-user"), errno.EPERM, "a stranger attaches")


@test
def executables():
    """a rule names a program by the file that has its path now"""
    port = make_port("r-exe", backing="null")
    node = port.wait_link()
    d = scratch()
    good, bad = f"{d}/good", f"{d}/bad"
    for path in good, bad:
        shutil.copy("/bin/dd", path)
    ruled.add("r-exe", 10, "allow", "hypervisor", exe=good)
    ruled.add("r-exe", 20, "deny", "hypervisor")

    def opens(program):
        return not subprocess.run([program, f"if={node}", "count=0"], stdin=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL, check=False).returncode

    expect(opens(good), "the program that may was refused")
    expect(not opens(bad), "a program that may not has opened it")
    equal(opening(node), errno.EACCES, "this program opens it")
    equal(ruled.decided("r-exe", "hypervisor", exe=good)["host"], ("allow", 10), "a test")
    equal(ruled.decided("r-exe", "hypervisor", exe=bad)["host"], ("deny", 20), "a test")
    # As a package brings another; and a path that goes elsewhere.
    os.replace(bad, good)
    expect(opens(good), "the program that came in its place was refused")
    os.symlink("/bin/dd", bad)
    expect(not opens(bad), "a program that may not has opened it")
    os.unlink(good)
    os.symlink("/bin/dd", good)
    expect(opens(bad), "the program that the path leads to now was refused")
    os.unlink(good)
    expect(not opens("/bin/dd"), "a path that leads nowhere lets somebody in")


@test
def local_programs():
    """a rule names a program that attaches or commands, by whatever way it does"""
    port = make_port("r-app", backing="null")
    s = Socket()
    d = scratch()
    dd, vserialctl = f"{d}/dd", f"{d}/vserialctl"
    programs = {dd: "/bin/dd", vserialctl: shutil.which("vserialctl")}
    for number, path in enumerate(programs):
        ruled.add("r-app", number, "allow", "application", exe=path)
    ruled.add("r-app", 10, "allow", "console", exe=sys.executable)
    ruled.add("r-app", 20, "deny", "application")

    def done(*command, stdin=b""):
        return not subprocess.run(command, input=stdin, stderr=subprocess.DEVNULL,
                                  check=False).returncode

    def brought(path):
        """The program is there from now on, which no rule has seen before."""
        shutil.copy(programs[path], f"{path}.new")
        os.replace(f"{path}.new", path)

    def writes(program, text):
        return done(program, f"of={SYSFS}/devices/r-app:0/connected", stdin=text)

    expect(not writes("/bin/dd", b"on"), "a program that may not has written connected")
    brought(dd)
    expect(writes(dd, b"on"), "the program that may was refused")
    equal(port.connected, 1, "connected")
    session = str(s.attach(port)["id"])
    expect(not done("vserialctl", "session", "kick", session), "a program that may not kicks")
    brought(vserialctl)
    expect(done(vserialctl, "session", "kick", session), "the program that may was refused")
    equal(s.next("SESSION_DEL_NTF")["id"], int(session), "the session that ended")
    ruled.remove("r-app", 10)
    equal(attaching("r-app"), errno.EACCES, "this program attaches")
    equal(ruled.hits("r-app", 20), 3, "the hits")


@test
def a_monitor():
    """a VMM that is denied opens nothing; one that is open gets nothing through"""
    port = make_port("r-vmm", backing="loopback")
    node = port.wait_link()
    ruled.add("r-vmm", 10, "deny", "hypervisor")
    for _ in range(3):
        equal(opening(node), errno.EACCES, "the open")
    equal((port.power, port.state), (0, NOT_CONNECTED), "power and state")
    equal(ruled.hits("r-vmm", 10), 3, "the hits")
    ruled.remove("r-vmm", 10)
    guest = port.open()
    guest.write_all(b"a")
    equal(guest.read_exactly(1), b"a", "what came back")
    ruled.add("r-vmm", 10, "deny", "hypervisor")
    equal(opening(node), errno.EACCES, "another open")
    s, captor = Socket(), Socket()
    output = captured(captor, captor.attach(port, "CAPTURE")["id"], N.VSERIAL_RECORD_OUTPUT)
    guest.write_all(b"b")
    s.send(s.attach(port)["id"], 0, b"c")
    # Not hung up: that would end some VMMs.
    equal((guest.read(), port.power, port.dropped_bytes), (None, 1, 2), "what passes")
    ruled.remove("r-vmm", 10)
    guest.write_all(b"d")
    equal(guest.read_exactly(1), b"d", "what came back")
    equal(next(output), b"d", "the first output that is captured")
    # One that was refused beside it has not been counted among its openers.
    guest.close()
    equal((port.power, opening(node)), (0, 0), "power after the close, and another open")
    equal(port.power, 0, "power after that")


@test
def half_a_monitor():
    """a VMM that may only write, or only read; and who would share what it may not have"""
    port = make_port("r-2way", backing="null")
    nl().call("GUEST_SET", string(N.VSERIAL_A_GUEST_NAME, "r-2way") +
              u32(N.VSERIAL_A_GUEST_UID, OWNER) + u32(N.VSERIAL_A_GUEST_GID, GROUP))
    node = port.wait_link()
    wait_for(lambda: os.stat(node).st_uid == OWNER, "the node is the owner's")
    s = Socket()
    session = s.attach(port)["id"]
    # Forked before the device is opened, or it would have that open, too.
    with Person(uid=OWNER, gid=GROUP) as owner:
        ruled.add("r-2way", 10, "deny", "hypervisor", towards="guest")
        guest = port.open()
        guest.write_all(b"out")
        equal(s.read(session, 3), b"out", "the output")
        s.send(session, 0, b"in")
        equal((guest.read(), port.dropped_bytes), (None, 2), "the input, and what is dropped")
        ruled.remove("r-2way", 10)
        ruled.add("r-2way", 10, "deny", "hypervisor", towards="host")
        guest.write_all(b"lost")
        s.send(session, 2, b"comes")
        equal(guest.read_exactly(5), b"comes", "the input")
        equal(port.dropped_bytes, 6, "what is dropped")
        equal(owner.call(opening, node), 0, "one who may do as much opens it, too")
        ruled.remove("r-2way", 10)
        ruled.add("r-2way", 10, "deny", "hypervisor", uid=OWNER, towards="guest")
        equal(owner.call(opening, node), errno.EACCES, "one who may not have input opens it")
        guest.close()
        equal(owner.call(opening, node), 0, "the same, when nobody has it open")


@test
def a_monitor_that_waits():
    """a rule that comes while a guest is expected binds the VMM that has opened its port already"""
    port = make_port("r-wait", backing="loopback")

    def step(to):
        nl().call("GUEST_MIGRATE", string(N.VSERIAL_A_GUEST_NAME, "r-wait") +
                  u32(N.VSERIAL_A_GUEST_MIGRATION, to))
    step(N.VSERIAL_MIGRATION_INCOMING)
    guest = port.open()
    ruled.add("r-wait", 10, "deny", "hypervisor", towards="guest")
    step(N.VSERIAL_MIGRATION_COMPLETED)
    guest.write_all(b"back")
    equal((guest.read(), port.dropped_bytes), (None, 4), "what came back, and what is dropped")
    ruled.remove("r-wait", 10)
    guest.write_all(b"next")
    equal(guest.read_exactly(4), b"next", "what comes back when the rule is gone")


@test
def control():
    """operating a port: refused to root too, by netlink and by sysfs"""
    port = make_port("r-ctl", backing="loopback")
    guest = port.open()
    s = Socket()
    session = s.attach(port)["id"]
    ruled.add("r-ctl", 10, "deny", "control")
    rule = "service rule 10 of guest 'r-ctl' denies control"
    refused(errno.EACCES, rule, port.disconnect)
    refused(errno.EACCES, rule, port.connect)
    refused(errno.EACCES, rule, nl().call, "PORT_BREAK", port.request())
    refused(errno.EACCES, rule, nl().call, "SESSION_DEL", u32(N.VSERIAL_A_SESSION_ID, session))
    log = KernelLog()
    later(log.close)
    try:
        write_sysfs(f"{SYSFS}/devices/r-ctl:0/connected", "off")
        raise AssertionError("a write of connected was obeyed")
    except OSError as e:
        equal(e.errno, errno.EACCES, "the errno of a write of connected")
    expect(any(rule in line for line in log.lines()), "the kernel's log does not say why")
    equal((port.connected, port.state, port.get()["break"]), (1, CONNECTED, 0), "the port")
    # Its own session everybody may end, and power is no command.
    s.call("SESSION_DEL", u32(N.VSERIAL_A_SESSION_ID, session))
    guest.write_all(b"x")
    equal(guest.read_exactly(1), b"x", "what came back")
    ruled.remove("r-ctl", 10)
    port.disconnect()
    equal(port.state, NOT_CONNECTED, "the state")


@test
def noted():
    """what is denied is noted in the kernel's log: by whom, and not without end"""
    port = make_port("r-note", backing="null")
    ruled.add("r-note", 10, "deny", "any")
    log = KernelLog()
    later(log.close)
    begun = time.monotonic()
    for _ in range(60):
        equal(attaching("r-note"), errno.EACCES, "the errno")
    intervals = 2 + int((time.monotonic() - begun) / 5)
    lines = [line for line in log.lines() if "guest 'r-note'" in line]
    expect(0 < len(lines) <= 10 * intervals, f"{len(lines)} lines in {intervals} intervals")
    for word in ("vserial: service rule 10", "denies console", "port 0", "process ", "user 0"):
        expect(word in lines[0], f"{lines[0]!r} lacks {word!r}")
    equal(ruled.hits("r-note", 10), 60, "the hits")
    equal(port.state, NOT_CONNECTED, "the state")


run()
