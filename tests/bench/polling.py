#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What yield-on-poll gives back of a processor, and what it costs in delay.

usage: tests/vm/run -- tests/bench/polling.py

A guest of KVM polls its UART and echoes what comes.  By the clock, so that the
figures need a machine that does nothing else: how much processor time QEMU takes
a second, and how long a byte takes there and back, the median and the worst of 99
in 100.
"""
import os
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "module"))
# pylint: disable=wrong-import-position
from lib import diag, equal, run, test, wait_for
from poller import POLL_LSR, POLL_MSR, PollingGuest, joined

#: how long processor time is measured, in seconds
SPAN = 5
ECHOES = 500


def echo_times(far):
    """How long each of so many bytes takes there and back, in us, sorted."""
    times = []
    for i in range(ECHOES):
        byte = bytes([i & 0xff])
        # Long enough for the guest to be asleep again.
        time.sleep(0.005)
        start = time.monotonic()
        far.write_all(byte)
        equal(far.read_exactly(1), byte, "what the guest echoes")
        times.append((time.monotonic() - start) * 1e6)
    return sorted(times)


def measure(name, code):
    near, far = joined(name)
    guest = PollingGuest(near, code)
    far.write_all(b"x")
    equal(far.read_exactly(1), b"x", "what the guest echoes")
    for on in "off", "on":
        near.set(yield_on_poll=on)
        if on == "on":
            wait_for(lambda: near.polls > 1000, "it sleeps")
        used, start, polls = guest.seconds(), time.monotonic(), near.polls
        time.sleep(SPAN)
        span = time.monotonic() - start
        used, polls = guest.seconds() - used, near.polls - polls
        times = echo_times(far)
        diag(f"{name} yield-on-poll {on}: {100 * used / span:.0f} % of a processor, "
             f"{polls / span:.0f} polls/s, echo {statistics.median(times):.0f} us, "
             f"{times[len(times) * 99 // 100]:.0f} us at the 99th percentile")


@test
def lsr():
    """a guest that polls LSR"""
    measure("lsr", POLL_LSR)


@test
def msr():
    """a guest that polls MSR and LSR by turns"""
    measure("msr", POLL_MSR)


run()
