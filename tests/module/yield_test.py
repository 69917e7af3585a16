#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""yield-on-poll: a guest that only polls its port gives the processor back.

A thread that sleeps gives its processor up of its own accord, which the kernel
counts: so these tests see sleeps without a clock.

    Python: TIOCMGET             ->  port
    firmware in QEMU, with KVM   ->  port -- pipe -- port -- Python
"""
# As in nested_guest_test.sh; and KVM patches the kernel for each guest (tests/lib/klog.py).
# vm: --smp 1
import errno
import fcntl
import resource
import termios
import time

from lib import (ctl_json, equal, expect, make_port, read_file, run, run_program, test,
                 wait_for, write_sysfs)
from poller import POLL_LSR, POLL_MSR, PollingGuest, joined

#: fruitless polls in a row that cost nothing
FREE = 16


def sleeps():
    """How often this thread gave its processor up."""
    return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw


def poll_lines(handle, n):
    """Asks for the modem lines so often; how many of these slept."""
    before = sleeps()
    for _ in range(n):
        fcntl.ioctl(handle.fd, termios.TIOCMGET, b"\0\0\0\0")
    return sleeps() - before


def poll_until_it_sleeps(port, handle):
    def asleep():
        poll_lines(handle, 100)
        return poll_lines(handle, 20) > 10
    wait_for(asleep, f"who polls {port.name} sleeps")


def nobody_sleeps(handle, n, when):
    slept = poll_lines(handle, n)
    # Now and then a thread waits for a page of its program.
    expect(slept < FREE // 2, f"{slept} of {n} polls slept {when}")


@test
def setting():
    """off by default; set by netlink, sysfs and vserialctl, kept by save"""
    port = make_port("y-set", backing="null")
    equal((port.yield_on_poll, port.polls), (0, 0), "a new port")
    port.set(yield_on_poll="on")
    equal(read_file(f"{port.sysfs}/yield_on_poll").strip(), "on", "in sysfs")
    equal(ctl_json("port", "show", port.name)["yield-on-poll"], True, "by vserialctl")
    saved = run_program("vserialctl", "save").out
    expect("yield-on-poll on" in saved, f"save prints {saved}")
    write_sysfs(f"{port.sysfs}/yield_on_poll", "off")
    equal(port.yield_on_poll, 0, "after it was written")
    try:
        write_sysfs(f"{port.sysfs}/yield_on_poll", "maybe")
        raise AssertionError("sysfs takes 'maybe'")
    except OSError as e:
        equal(e.errno, errno.EINVAL, "the errno of 'maybe'")


@test
def off_costs_nothing():
    """without it nobody sleeps, nothing is counted"""
    port = make_port("y-off", backing="null")
    other = make_port("y-off-other", backing="null", yield_on_poll=True)
    handle, polled = port.open(), other.open()
    poll_until_it_sleeps(other, polled)
    nobody_sleeps(handle, 1000, "beside a port that yields")
    equal(port.polls, 0, "polls counted")


@test
def lines_pollers_sleep():
    """who asks for the modem lines without end sleeps and is counted; live"""
    port = make_port("y-lines", backing="null")
    handle = port.open()
    nobody_sleeps(handle, 1000, "while it is off")
    port.set(yield_on_poll=True)
    poll_until_it_sleeps(port, handle)
    before, slept = port.polls, poll_lines(handle, 500)
    # One that sleeps for another reason is not ours, and rare.
    expect(port.polls - before >= slept - 5,
           f"{slept} polls slept, {port.polls - before} were counted")
    port.set(yield_on_poll=False)
    before = port.polls
    nobody_sleeps(handle, 1000, "when it is off again")
    equal(port.polls, before, "polls counted when it is off again")


@test
def news_wake():
    """a byte or a line that changes ends the row: the next polls are free"""
    near, far = joined("y-news", yield_on_poll=True)
    handle = near.open()
    written = 0

    def guest_writes():
        handle.write_all(b"x")
        equal(far.read_exactly(1), b"x", "what came out of the guest")

    def guest_is_sent():
        nonlocal written
        far.write_all(b"y")
        written += 1
        wait_for(lambda: near.rx_bytes == written, "it came into the guest")

    def lines_change():
        before = handle.lines()
        fcntl.ioctl(far.fd, termios.TIOCMBIC, (termios.TIOCM_DTR).to_bytes(4, "little"))
        wait_for(lambda: handle.lines() != before, "the guest sees DTR fall")
        fcntl.ioctl(far.fd, termios.TIOCMBIS, (termios.TIOCM_DTR).to_bytes(4, "little"))

    for happen in guest_writes, guest_is_sent, lines_change:
        poll_until_it_sleeps(near, handle)
        happen()
        nobody_sleeps(handle, FREE, f"after {happen.__name__}")


@test
def looks_are_free():
    """who looks every 10 ms, as QEMU's main loop does, neither sleeps nor counts"""
    port = make_port("y-looks", backing="null", yield_on_poll=True)
    handle = port.open()
    poll_until_it_sleeps(port, handle)
    before, slept = port.polls, 0
    for _ in range(3 * FREE):
        # what the test is about: the pause that QEMU makes
        time.sleep(0.01)
        slept += poll_lines(handle, 1)
    expect(slept < FREE, f"{slept} of {3 * FREE} looks slept")
    equal(port.polls, before, "polls counted")


def polling_guest(name, code):
    near, far = joined(name)
    guest = PollingGuest(near, code)

    def echo(n):
        for i in range(n):
            byte = bytes([i & 0xff])
            far.write_all(byte)
            equal(far.read_exactly(1), byte, "what the guest echoes")
    echo(20)
    equal(near.polls, 0, "polls counted while it is off")
    near.set(yield_on_poll=True)
    wait_for(lambda: near.polls > 200, "its polls are counted")
    before, polls = guest.sleeps(), near.polls
    wait_for(lambda: guest.sleeps() - before > 200, "its virtual processor sleeps")
    expect(near.polls > polls, "it sleeps, but its polls are not counted")
    echo(100)
    near.set(yield_on_poll=False)
    echo(20)
    polls = near.polls
    echo(20)
    equal(near.polls, polls, "polls counted when it is off again")


@test
def lsr_poller():
    """a guest of KVM that polls LSR sleeps, echoes, and goes on when it is off"""
    polling_guest("y-lsr", POLL_LSR)


@test
def msr_poller():
    """the same of one that polls MSR and LSR"""
    polling_guest("y-msr", POLL_MSR)


@test
def switched_while_asleep():
    """switching it, removing the port and ending QEMU while its guest sleeps do no harm"""
    near, far = joined("y-switch", yield_on_poll=True)
    guest = PollingGuest(near, POLL_LSR)
    for _ in range(20):
        near.set(yield_on_poll=True)
        before = near.polls
        wait_for(lambda: near.polls > before, "its polls are counted")
        near.set(yield_on_poll=False)
    near.set(yield_on_poll=True)
    before = near.polls
    wait_for(lambda: near.polls > before, "its polls are counted")
    far.write_all(b"z")
    equal(far.read_exactly(1), b"z", "what the guest echoes")
    near.remove(force=True)
    guest.kill()


run()
