#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What goes over a cable, captured: both ways, in order, with the time."""
import os
import signal
import subprocess
import time

from lib import (PATIENCE, ctl_json, ctl_raw, equal, expect, later, make_port, pattern, run,
                 run_program, scratch, test, wait_for)

END = b"<the end>"
FIELDS = ("frame.time_epoch", "rtacser.eventtype", "data.data", "frame.comment")


class Capture:
    """vserialctl port capture, until it is ended."""

    def __init__(self, port):
        self.port = port
        self.path = f"{scratch()}/capture"
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen(["vserialctl", "port", "capture", port.name, self.path],
                                        stderr=subprocess.PIPE, text=True)
        later(self.process.wait)
        later(self.process.kill)
        self.holds(b"")

    def holds(self, text, times=1):
        """Waits until there is a text in the file so often, and anything at all."""
        def there():
            if not os.path.exists(self.path) or not os.path.getsize(self.path):
                return False
            with open(self.path, "rb") as file:
                return file.read().count(text) >= times
        wait_for(there, f"{text} is captured")

    def end(self):
        """What it told, and its packets, each its FIELDS."""
        self.process.send_signal(signal.SIGINT)
        # One that was stopped finds all of that at once.
        self.process.send_signal(signal.SIGCONT)
        _, told = self.process.communicate(timeout=PATIENCE)
        equal(self.process.returncode, 0, "the exit status")
        words = [word for field in FIELDS for word in ("-e", field)]
        r = run_program("tshark", "-r", self.path, "-T", "fields", *words, timeout=4 * PATIENCE)
        equal(r.status, 0, f"the exit status of tshark ({r.err})")
        return told, [line.split("\t") for line in r.out.splitlines()]


def bytes_of(packets, event):
    return b"".join(bytes.fromhex(p[2]) for p in packets if p[1] == event)


@test
def both_ways():
    """what the guest writes and what it is given, with times that are true"""
    port = make_port("c-both", backing="loopback")
    guest = port.open()
    before = time.time()
    capture = Capture(port)
    data = pattern(100000)
    for at in range(0, len(data), 1000):
        guest.write_all(data[at:at + 1000])
        equal(guest.read_exactly(1000), data[at:at + 1000], "what comes back")
    guest.write_all(END)
    equal(guest.read_exactly(len(END)), END, "what comes back")
    capture.holds(END, 2)
    told, packets = capture.end()
    expect(" 0 bytes lost" in told, told)
    expect(bytes_of(packets, "0x01") == data + END, "the guest's bytes are others")
    expect(bytes_of(packets, "0x02") == data + END, "the bytes for the guest are others")
    times = [float(p[0]) for p in packets]
    equal(times, sorted(times), "the times")
    expect(before <= times[0] and times[-1] <= time.time(), f"{times[0]} … {times[-1]}")


@test
def breaks_and_lines():
    """breaks and lines have packets of their own; what came before the end is there"""
    port = make_port("c-break", backing="null")
    guest = port.open()
    capture = Capture(port)
    capture.process.send_signal(signal.SIGSTOP)
    equal(ctl_raw("port", "break", port.name, "250").status, 0, "the exit status")
    guest.write_all(b"x")
    _, packets = capture.end()
    events = [p[1] for p in packets]
    equal(events[0], "0x00", "the first event")
    expect(["0x09", "of 250 ms"] in [[p[1], p[3]] for p in packets], str(packets))
    expect("0x01" in events, str(packets))


@test
def a_reader_that_stops():
    """the guest does not wait for a capture, which tells what it lost"""
    port = make_port("c-slow", backing="null")
    guest = port.open()
    capture = Capture(port)
    capture.process.send_signal(signal.SIGSTOP)
    sent = 0
    chunk = pattern(4096)
    while sent < 4 << 20:
        guest.write_all(chunk)
        sent += len(chunk)
    capture.process.send_signal(signal.SIGCONT)
    # What comes next tells of the loss, as soon as there is room for it.
    def told_of():
        guest.write_all(b"z")
        with open(capture.path, "rb") as file:
            return b"bytes were lost" in file.read()
    wait_for(told_of, "it tells of a loss")
    told, packets = capture.end()
    expect(" 0 bytes lost" not in told, told)
    expect("0x05" in [p[1] for p in packets], told)


@test
def a_session_that_reads():
    """it is a session that captures, and ends with its port"""
    port = make_port("c-end", backing="null")
    capture = Capture(port)
    sessions = ctl_json("session", "show", port.name)
    equal([(s["capture"], s["read-only"], s["writer"]) for s in sessions],
          [(True, True, False)], "the sessions")
    port.remove()
    equal(capture.process.wait(PATIENCE), 1, "the exit status")
    expect("the port was removed" in capture.process.stderr.read(), "another reason")


run()
