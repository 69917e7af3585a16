#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Telnet servers that people have, dialled.

    guest  <->  port  <== netlink ==>  vseriald  <== telnet ==>  server
"""
import fcntl
import os
import pty
import subprocess
import termios
import tty

from genl import N
from lib import PATIENCE, equal, expect, later, read_file, make_port, run, scratch, test, wait_for
from peer import have_address, listens, tcp_port
from qemu import LSR, Qemu
from secured import login
from vseriald import Daemon

# time limit: 300

HOST = "127.0.0.1"
ALL = bytes(range(256))
#: A bit of LSR.
BREAK = 0x10


def server(number, *command):
    """A server that listens; ends when the test does."""
    path = f"{scratch()}/log"
    with open(path, "wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    later(process.wait, PATIENCE)
    later(process.kill)
    wait_for(lambda: listens(number) or process.poll() is not None, "the server listens")
    expect(process.poll() is None, f"{command} has ended: {read_file(path)}")


class Guest:
    """A guest whose port dials a telnet server."""

    def __init__(self, name, number):
        Daemon(retry_min=100)
        self.port = make_port(name, backing=f"telnet://{HOST}:{number}", stall_limit=0)
        self.tty = self.port.open()
        tty.setraw(self.tty.fileno())
        wait_for(lambda: self.port.state == N.VSERIAL_STATE_CONNECTED, "the server")

    def reads(self, data):
        equal(self.tty.read_exactly(len(data)), data, "what the guest reads")


class Far:
    """A terminal whose other end a server has opened."""

    def __init__(self):
        self.fd, self.other = pty.openpty()
        tty.setraw(self.other)
        os.set_blocking(self.fd, False)
        self.path = os.ttyname(self.other)
        later(os.close, self.fd)
        later(os.close, self.other)

    def write(self, data):
        os.write(self.fd, data)

    def reads(self, data):
        got = b""

        def all_there():
            nonlocal got
            try:
                got += os.read(self.fd, 4096)
            except BlockingIOError:
                pass
            return len(got) >= len(data)

        wait_for(all_there, f"{len(data)} bytes")
        equal(got, data, "what the far terminal reads")


@test
def ser2net():
    """ser2net: all 256 values both ways"""
    number, far = tcp_port(), Far()
    have_address()
    conf = f"{scratch()}/ser2net.yaml"
    with open(conf, "w", encoding="ascii") as f:
        f.write("%YAML 1.1\n---\nconnection: &far\n"
                f"  accepter: telnet(rfc2217),tcp,{HOST},{number}\n"
                f"  connector: serialdev,{far.path},9600N81,local\n")
    server(number, "ser2net", "-n", "-d", "-u", "-c", conf)
    guest = Guest("d-ser2net", number)
    far.write(b"login: ")
    guest.reads(b"login: ")
    guest.tty.write_all(ALL)
    far.reads(ALL)
    far.write(ALL)
    guest.reads(ALL)


@test
def telnetd():
    """in.telnetd: a shell's terminal, all 256 values there and back"""
    number = tcp_port()
    server(number, "socat", f"TCP-LISTEN:{number},bind={HOST},reuseaddr,fork",
            f"EXEC:/usr/sbin/in.telnetd -z nossl -L {login()},nofork")
    guest = Guest("d-telnetd", number)
    text = b""
    while not text.endswith(b"login: "):
        text += guest.tty.read_exactly(1)
    guest.tty.write_all(ALL)
    guest.reads(ALL)


@test
def qemu():
    """a UART of QEMU that is a telnet server: all 256 values into it, bytes out of it, a break"""
    number = tcp_port()
    far = Qemu(f"socket,host={HOST},port={number},server=on,wait=off,telnet=on")
    guest = Guest("d-qemu", number)
    far.send(b"login: ")
    guest.reads(b"login: ")
    # It does not double 0xff.
    far.send(b"\xffA")
    guest.reads(b"\xffA")
    guest.tty.write_all(ALL)
    equal(far.receive(len(ALL)), ALL, "what the UART received")
    fcntl.ioctl(guest.tty.fileno(), termios.TCSBRK, 0)
    wait_for(lambda: far.inb(LSR) & BREAK, "a break")
    equal(guest.port.dropped_bytes, 0, "bytes lost")


if __name__ == "__main__":
    run()
