#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What yield-on-poll gives back of a processor, and what it costs in delay.

usage: tests/bench/polling.py [WORD…]

A guest of KVM polls its UART and echoes what comes.  By the clock, so that the
figures need a machine that does nothing else: how much of a processor QEMU takes,
and how long a byte takes there and back, the median and the worst of 99 in 100.
Figures go to $RESULTS/polling-KERNEL.json.
"""
# vm: --mem 1G
import os
import statistics
import sys
import time

from common import RESULTS, Results, chosen, need

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "module"))
# pylint: disable=wrong-import-position
from lib import equal, run, test, wait_for
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
        used, start = guest.seconds(), time.monotonic()
        time.sleep(SPAN)
        used, span = guest.seconds() - used, time.monotonic() - start
        times = echo_times(far)
        for figure, unit, value in (
                ("of a processor", "%", 100 * used / span),
                ("echo", "us", statistics.median(times)),
                ("echo, 99 in 100", "us", times[len(times) * 99 // 100])):
            results.take(f"polling: {name.upper()}, {figure}", f"yield {on}", unit, value)


@test
def lsr():
    """a guest that polls LSR"""
    measure("lsr", POLL_LSR)


@test
def msr():
    """a guest that polls MSR and LSR by turns"""
    measure("msr", POLL_MSR)


@test
def kept():
    """the figures are kept"""
    results.keep()


need(RESULTS)
if not chosen("polling"):
    sys.exit(0)
# What chooses figures names no tests.
del sys.argv[1:]
results = Results("polling")
run()
