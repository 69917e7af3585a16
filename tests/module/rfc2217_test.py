#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A port driven through telnet (RFC 2217), with the clients that people have.

    guest  <->  port  <== netlink ==>  vseriald  <== telnet ==>  client
"""
import fcntl
import socket
import struct
import termios
import tty

import serial

from genl import N
from lib import PATIENCE, equal, expect, later, make_port, run, test, wait_for
from peer import tcp_port
from terminal import Terminal
from vseriald import Daemon

# time limit: 300

HOST = "127.0.0.1"
ALL = bytes(range(256))
#: What the guest sees of a client that drives DTR and RTS.
UP = termios.TIOCM_DSR | termios.TIOCM_CAR | termios.TIOCM_CTS
#: What a server says first.
OFFERS = bytes.fromhex("fffb01fffb03fffb00fffd00fffd1f")


class Guest:
    """A guest whose port is a telnet server."""

    def __init__(self, name, managed=False):
        self.number = tcp_port()
        self.daemon = Daemon(managed)
        self.port = make_port(name, backing=f"telnet://:{self.number}", stall_limit=0)
        self.tty = self.port.open()
        tty.setraw(self.tty.fileno())
        wait_for(lambda: self.port.state == N.VSERIAL_STATE_LISTENING, "it listens")

    def lines(self):
        """What it sees of the far end."""
        return self.tty.lines() & UP

    def sees(self, lines):
        wait_for(lambda: self.lines() == lines, f"lines {lines:#x}, not {self.lines():#x}")

    def drive(self, lines, on):
        fcntl.ioctl(self.tty.fileno(), termios.TIOCMBIS if on else termios.TIOCMBIC,
                    struct.pack("i", lines))

    def set(self, speed, cflag):
        settings = termios.tcgetattr(self.tty.fileno())
        frame = (termios.CSIZE | termios.PARENB | termios.PARODD | termios.CSTOPB |
                 termios.CRTSCTS)
        settings[2] = settings[2] & ~frame | cflag
        settings[4] = settings[5] = speed
        termios.tcsetattr(self.tty.fileno(), termios.TCSANOW, settings)

    def reads(self, data):
        equal(self.tty.read_exactly(len(data)), data, "what the guest reads")

    def changes_of_dsr(self):
        return self.tty.icount()["dsr"]

    def breaks(self):
        return self.port.get()["break"]


class Client:
    """A connection whose bytes the test makes."""

    def __init__(self, guest):
        self.sock = socket.create_connection((HOST, guest.number), PATIENCE)
        later(self.sock.close)
        self.reads(OFFERS)

    def send(self, data):
        self.sock.sendall(data)

    def command(self, *body):
        self.send(b"\xff\xfa\x2c" + bytes(body) + b"\xff\xf0")

    def reads(self, data):
        got = b""
        while len(got) < len(data):
            piece = self.sock.recv(len(data) - len(got))
            expect(piece, f"the end after {got.hex()}")
            got += piece
        equal(got.hex(" "), data.hex(" "), "what the client reads")

    def told(self, *body):
        self.reads(b"\xff\xfa\x2c" + bytes(body) + b"\xff\xf0")

    def drives(self, modem_state):
        """Becomes one that drives a port, and is told of its lines.

        A guest that has just opened its port may not have been heard of yet: then its
        lines are told as they were before, and again, or with what has changed.
        """
        self.send(b"\xff\xfb\x2c")
        self.reads(b"\xff\xfd\x2c")
        state = None
        while state != modem_state:
            told = self.sock.recv(7, socket.MSG_WAITALL)
            equal((told[:4].hex(), told[5:].hex()), ("fffa2c6b", "fff0"), "what tells of lines")
            state = told[4] & 0xf0


@test
def pyserial():
    """pyserial sets speed, frame, lines and break, and sees the guest's lines"""
    guest = Guest("r-pyserial")
    equal(guest.lines(), UP, "the lines while nobody is there")
    client = serial.serial_for_url(f"rfc2217://{HOST}:{guest.number}?timeout={int(PATIENCE)}",
                                   baudrate=9600, timeout=PATIENCE)
    later(client.close)
    client.baudrate = 230400
    client.bytesize, client.parity, client.stopbits = 7, "E", 2
    client.bytesize, client.parity, client.stopbits = 8, "N", 1
    guest.sees(UP)
    client.dtr = False
    guest.sees(termios.TIOCM_CTS)
    client.rts = False
    guest.sees(0)
    client.dtr = client.rts = True
    guest.sees(UP)
    client.break_condition = True
    wait_for(lambda: guest.breaks() == 1, "a break")
    client.break_condition = False
    guest.reads(b"\0")
    guest.drive(termios.TIOCM_DTR, False)
    wait_for(lambda: not client.dsr and not client.cd, "the guest's DTR goes")
    expect(client.cts, "its RTS has gone, too")
    guest.drive(termios.TIOCM_RTS, False)
    wait_for(lambda: not client.cts, "the guest's RTS goes")
    guest.drive(termios.TIOCM_DTR | termios.TIOCM_RTS, True)
    wait_for(lambda: client.dsr and client.cd and client.cts, "both come again")
    client.reset_input_buffer()
    client.write(ALL)
    guest.reads(ALL)
    guest.tty.write_all(ALL)
    equal(client.read(len(ALL)), ALL, "what the client reads")
    client.dtr = False
    guest.sees(termios.TIOCM_CTS)
    client.close()
    # Nobody who has lines is there any more.
    guest.sees(UP)


@test
def ckermit():
    """C-Kermit sets speed, parity, stop bits and break, sees the guest's lines, and hangs up"""
    guest = Guest("r-ckermit")
    kermit = Terminal("kermit", "-Y")

    def do(command, *texts):
        kermit.keys(command.encode() + b"\r")
        for text in texts:
            kermit.shows(text)
        kermit.shows(b"C-Kermit>")

    kermit.shows(b"C-Kermit>")
    do("set command bytesize 8")
    do(f"set host {HOST} {guest.number} /telnet", b"(OK)")
    do("set speed 4800", b"4800 bps")
    do("set stop-bits 2")
    do("set parity hardware even")
    # What it shows is what it was told.
    do("show communications", b"Signature            : vserial", b"Speed                : 4800",
       b"Parity               : even", b"Stop Bits            : 2", b"CTS Signal On", b"DSR Signal On")
    do("output ok\\10")
    guest.reads(b"ok\n")
    do("output \\B")
    wait_for(lambda: guest.breaks() == 1, "a break")
    guest.reads(b"\0")
    # It drops DTR for a moment.
    before = guest.changes_of_dsr()
    do("hangup")
    wait_for(lambda: guest.changes_of_dsr() >= before + 2, "DTR goes and comes")
    kermit.keys(b"exit\r")
    wait_for(lambda: guest.port.state == N.VSERIAL_STATE_LISTENING, "it has gone")


@test
def notifications():
    """what the guest sets and drives its client is told; it asks what is in force"""
    guest = Guest("r-notify")
    client = Client(guest)
    client.drives(0xb0)
    client.command(1, 0, 0, 0, 0)
    client.told(101, 0, 1, 0xc2, 0)
    client.command(1, 0, 0, 0x12, 0xc0)
    client.told(101, 0, 0, 0x12, 0xc0)
    guest.set(termios.B19200, termios.CS7 | termios.PARENB | termios.PARODD | termios.CSTOPB)
    client.told(101, 0, 0, 0x4b, 0)
    client.told(102, 7)
    client.told(103, 2)
    client.told(104, 2)
    guest.set(termios.B19200, termios.CS8)
    client.told(102, 8)
    client.told(103, 1)
    client.told(104, 1)
    guest.drive(termios.TIOCM_DTR, False)
    client.told(107, 0x1a)
    client.command(11, 0x80)
    client.told(111, 0x80)
    client.told(107, 0x10)
    guest.drive(termios.TIOCM_RTS, False)
    guest.drive(termios.TIOCM_DTR, True)
    client.told(107, 0xab)
    client.command(10, 0x10)
    client.told(110, 0x10)
    fcntl.ioctl(guest.tty.fileno(), termios.TCSBRK, 0)
    guest.tty.write_all(b"z")
    client.told(106, 0x10)
    client.reads(b"z")


@test
def suspend():
    """a client that suspends its port is sent nothing until it resumes"""
    guest = Guest("r-suspend")
    client = Client(guest)
    client.drives(0xb0)
    client.command(8)
    client.command(5, 7)
    client.told(105, 8)
    guest.tty.write_all(b"kept")
    wait_for(lambda: guest.port.tx_bytes == 4, "the guest has written")
    client.command(5, 10)
    client.told(105, 11)
    client.command(9)
    client.reads(b"kept")
    equal(guest.port.dropped_bytes, 0, "bytes lost")


@test
def one_drives():
    """the lines are those of the one who writes"""
    guest = Guest("r-one")
    first = Client(guest)
    first.drives(0xb0)
    first.send(b"1")
    guest.reads(b"1")
    second = Client(guest)
    second.drives(0xb0)
    second.command(5, 9)
    second.told(105, 9)
    equal(guest.lines(), UP, "the lines")
    first.command(5, 12)
    first.told(105, 12)
    guest.sees(UP & ~termios.TIOCM_CTS)
    # The first leaves and the second writes.
    first.sock.close()
    guest.sees(termios.TIOCM_CTS)
    second.send(b"2")
    guest.reads(b"2")
    # It goes on without a port of its own.
    second.send(b"\xff\xfc\x2c")
    guest.sees(UP)


@test
def restart():
    """a client that drives the port drives it on when the daemon is restarted"""
    guest = Guest("r-restart", managed=True)
    client = Client(guest)
    client.drives(0xb0)
    client.command(1, 0, 0, 0x12, 0xc0)
    client.told(101, 0, 0, 0x12, 0xc0)
    client.command(3, 3)
    client.told(103, 3)
    client.command(11, 0x80)
    client.told(111, 0x80)
    client.told(107, 0xb0)
    client.command(5, 9)
    client.told(105, 9)
    guest.sees(termios.TIOCM_CTS)
    # It has sent half a command.
    client.send(b"\xff\xfa\x2c\x05")
    guest.daemon.restart()
    wait_for(lambda: guest.port.state == N.VSERIAL_STATE_CONNECTED, "it is connected again")
    guest.sees(termios.TIOCM_CTS)
    # This is no news: what follows is all that it is told.
    client.send(b"\x07\xff\xf0")
    client.told(105, 9)
    client.command(1, 0, 0, 0, 0)
    client.told(101, 0, 0, 0x12, 0xc0)
    client.command(3, 0)
    client.told(103, 3)
    client.command(5, 8)
    client.told(105, 8)
    guest.sees(UP)
    # What its mask hides it is not told by itself.
    guest.drive(termios.TIOCM_RTS, False)
    guest.drive(termios.TIOCM_DTR, False)
    client.told(107, 0x0b)
    client.command(8)
    client.command(5, 7)
    client.told(105, 8)
    guest.tty.write_all(b"kept")
    wait_for(lambda: guest.port.tx_bytes == 4, "the guest has written")
    guest.daemon.restart()
    client.command(5, 10)
    client.told(105, 11)
    client.command(9)
    client.reads(b"kept")
    equal(guest.port.dropped_bytes, 0, "bytes lost")


@test
def changes_for_ever():
    """a guest that changes its line as fast as it can floods nobody"""
    guest = Guest("r-flood")
    client = Client(guest)
    client.drives(0xb0)
    for _ in range(20000):
        guest.drive(termios.TIOCM_DTR, False)
        guest.drive(termios.TIOCM_DTR, True)
    guest.drive(termios.TIOCM_RTS, False)
    guest.tty.write_all(b"end")
    got = b""
    while not got.endswith(b"end") and b"end" not in got:
        got += client.sock.recv(4096)
    expect(got.count(b"\xff\xfa\x2c\x6b") < 5000, "it is told of nearly every change")


if __name__ == "__main__":
    run()
