#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the line of a UART says besides bytes: errors and modem lines.

    this script -- port -- uart: -- 8250 driver -- tests/kmod/fakeuart -- this script

QEMU's UARTs make no errors, and a cable of sockets has no lines; this one has
all of that.  The kernel's own driver drives it.
"""
# vm: --append 8250.nr_uarts=8 --test-modules
import fcntl
import os
import random
import select
import struct
import termios
import threading

from genl import N
from lib import (SLOWNESS, TIOCMIWAIT, Descriptor, equal, expect, later, make_port, nl,
                 read_file, run, run_program, test, wait_for)

PARAMETERS = "/sys/module/fakeuart/parameters"
#: LSR and MSR
OE, PE, FE, BI = 0x02, 0x04, 0x08, 0x10
CTS, DSR, RI, DCD = 0x10, 0x20, 0x40, 0x80
#: MCR
DTR, RTS = 1, 2


class Line:
    """The fake UART's far end; goes with the test."""

    def __init__(self):
        done = run_program("insmod", f"{os.environ['TEST_MODULES']}/fakeuart.ko")
        equal(done.status, 0, f"insmod fakeuart: {done.err}")
        later(wait_for, lambda: not run_program("rmmod", "fakeuart").status,
              "fakeuart can be unloaded")
        self.number = int(self.get("line"))
        self.device = f"/dev/ttyS{self.number}"
        wait_for(lambda: os.path.exists(self.device) and os.path.exists("/dev/fakeuart"),
                 "udev makes the devices")
        self.far = Descriptor(os.open("/dev/fakeuart", os.O_RDWR | os.O_NONBLOCK))
        later(self.far.close)
        self.drive(CTS | DSR | DCD)

    @staticmethod
    def get(name):
        return read_file(f"{PARAMETERS}/{name}").strip()

    @staticmethod
    def drive(lines):
        with open(f"{PARAMETERS}/lines", "w", encoding="ascii") as f:
            f.write(str(lines))

    def mcr(self):
        return int(self.get("mcr")) & (DTR | RTS)

    def send(self, data, lsr=0):
        """Has bytes come in, all of them with errors or none."""
        self.far.write_all(b"".join(bytes((byte, lsr)) for byte in data))


def connected(name):
    """The line, a port on it and its handle."""
    line = Line()
    # Let go of a moment after its port is gone, and before the module that makes it.
    later(wait_for, lambda: all("holder" not in u for u in nl().dump("UART_GET")
                                if u["path"] == line.device), f"{line.device} is free")
    port = make_port(name, backing=f"uart:{line.device}", stall_limit=0)
    handle = port.open()
    later(handle.close)
    wait_for(lambda: port.state == N.VSERIAL_STATE_CONNECTED, "the port is connected")
    return line, port, handle


def set_flags(handle, iflag=0, cflag=0):
    settings = termios.tcgetattr(handle.fd)
    settings[0] |= iflag
    settings[2] |= cflag
    termios.tcsetattr(handle.fd, termios.TCSANOW, settings)


def settled(line, handle):
    """What the guest set counts: its bytes go out by it."""
    handle.write_all(b"!")
    equal(line.far.read_exactly(1), b"!", "what goes out first")


@test
def errors():
    """bytes in error are counted, and marked where they stand among the others"""
    line, port, handle = connected("l-errors")
    set_flags(handle, termios.INPCK | termios.PARMRK)
    line.send(b"a")
    line.send(b"P", PE)
    line.send(b"b")
    line.send(b"F", FE)
    line.send(b"c")
    line.send(b"\0", BI)
    line.send(b"d")
    wanted = b"a\xff\0Pb\xff\0Fc\xff\0\0d"
    equal(handle.read_exactly(len(wanted)), wanted, "what the guest reads")
    now = port.get()
    equal((now["parity"], now["frame"], now["break"], now["overrun"]), (1, 1, 1, 0),
          "parity, framing, breaks and overruns")
    counted = handle.icount()
    equal((counted["parity"], counted["frame"], counted["brk"]), (1, 1, 1), "TIOCGICOUNT")
    line.send(b"o", OE)
    equal(handle.read_exactly(1), b"o", "the byte that came after the overrun")
    wait_for(lambda: port.overrun == 1, "the overrun is counted")


@test
def errors_are_skipped():
    """a guest that asks for no marks reads the bytes, of which some are wrong"""
    line, port, handle = connected("l-skip")
    line.send(b"a")
    line.send(b"P", PE)
    line.send(b"b")
    equal(handle.read_exactly(3), b"aPb", "what the guest reads")
    equal(port.parity, 1, "parity errors counted")


@test
def lines_in():
    """each line of the far end is seen, counted, and wakes who waits for it"""
    line, port, handle = connected("l-in")
    seen = {CTS: termios.TIOCM_CTS, DSR: termios.TIOCM_DSR, DCD: termios.TIOCM_CAR,
            RI: termios.TIOCM_RNG}
    mask = sum(seen.values())
    names = {CTS: "cts", DSR: "dsr", DCD: "dcd", RI: "rng"}
    lines = CTS | DSR | DCD
    # Which it did not know yet, that does not change.
    wait_for(lambda: handle.lines() & mask == mask & ~termios.TIOCM_RNG, "the first lines")
    for _ in range(2):
        for bit, name in names.items():
            before = handle.icount()[name]
            line.drive(lines ^ bit)
            lines ^= bit
            if bit == RI and lines & RI:
                # The hardware tells its end alone.
                continue
            wanted = sum(seen[b] for b in seen if lines & b)
            wait_for(lambda: handle.lines() & mask == wanted, f"{name}: {wanted:#x}")
            expect(handle.icount()[name] > before, f"{name} is not counted")
    waiting = threading.Event()
    done = []

    def wait_line():
        waiting.set()
        fcntl.ioctl(handle.fd, TIOCMIWAIT, termios.TIOCM_CAR)
        done.append(True)
    thread = threading.Thread(target=wait_line, daemon=True)
    thread.start()
    waiting.wait()

    def woken():
        # It may not wait yet.
        nonlocal lines
        lines ^= DCD
        line.drive(lines)
        thread.join(0.2 * SLOWNESS)
        return done
    wait_for(woken, "TIOCMIWAIT returns")
    equal(port.rx_bytes, 0, "bytes that came")


@test
def lines_out():
    """DTR and RTS are driven in their place among the bytes"""
    line, _, handle = connected("l-out")
    wait_for(lambda: line.mcr() == DTR | RTS, "the lines are up")
    for bit, left in (termios.TIOCM_DTR, RTS), (termios.TIOCM_RTS, DTR):
        handle.write_all(b"x")
        fcntl.ioctl(handle.fd, termios.TIOCMBIC, struct.pack("i", bit))
        wait_for(lambda: line.mcr() == left, f"the lines are {left}")
        equal(line.far.read_exactly(1), b"x", "what was written before")
        fcntl.ioctl(handle.fd, termios.TIOCMBIS, struct.pack("i", bit))
        wait_for(lambda: line.mcr() == DTR | RTS, "the lines are up again")


@test
def rts_holds():
    """with CRTSCTS a guest that reads nothing drops RTS, later it gets every byte"""
    line, port, handle = connected("l-rts")
    set_flags(handle, cflag=termios.CRTSCTS)
    settled(line, handle)
    data = random.Random(1).randbytes(300000)
    sender = threading.Thread(target=lambda: line.far.write_all(
        b"".join(bytes((byte, 0)) for byte in data), 600 * SLOWNESS), daemon=True)
    sender.start()
    wait_for(lambda: not line.mcr() & RTS, "RTS falls", 240 * SLOWNESS)
    expect(sender.is_alive(), "all was sent although nobody reads")
    equal(handle.read_exactly(len(data), 240 * SLOWNESS) == data, True, "the same bytes came")
    sender.join()
    wait_for(lambda: line.mcr() & RTS, "RTS rises again")
    equal((port.dropped_bytes, port.overrun), (0, 0), "what was lost")


@test
def cts_holds():
    """with CRTSCTS nothing goes out while CTS is down, and all of it later"""
    line, port, handle = connected("l-cts")
    set_flags(handle, cflag=termios.CRTSCTS)
    settled(line, handle)
    data = random.Random(2).randbytes(60000)
    sender = threading.Thread(target=lambda: handle.write_all(data, 600 * SLOWNESS),
                              daemon=True)
    sender.start()
    got = line.far.read_exactly(1000, 120 * SLOWNESS)
    line.drive(DSR | DCD)

    def quiet():
        """Nothing came for a while."""
        nonlocal got
        more = line.far.poll(select.POLLIN, 0.5 * SLOWNESS)
        if more:
            got += line.far.read() or b""
        return not more
    wait_for(quiet, "the line is quiet")
    expect(len(got) < len(data), "all came although CTS is down")
    line.drive(CTS | DSR | DCD)
    got += line.far.read_exactly(len(data) - len(got), 240 * SLOWNESS)
    sender.join()
    equal(got == data, True, "the same bytes came")
    equal(port.dropped_bytes, 0, "what was lost")


run()
