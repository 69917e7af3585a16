#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Telnet with the clients that people have.

    guest  <->  port  <== netlink ==>  vseriald  <== telnet ==>  client on a terminal
"""
import fcntl
import socket
import struct
import subprocess
import termios
import tty
import warnings

from genl import N
from lib import PATIENCE, equal, expect, later, make_port, run, scratch, test, wait_for
from peer import listens, tcp_port
from secured import Wire, exactly
from terminal import Terminal
from vseriald import Daemon

# time limit: 600

HOST = "127.0.0.1"
ALL = bytes(range(256))
#: What a server says first: WILL ECHO, WILL SGA, WILL BINARY, DO BINARY, DO NAWS.
OFFERS = bytes.fromhex("fffb01fffb03fffb00fffd00fffd1f")
#: What takes BINARY both ways.
TAKES = bytes.fromhex("fffd00fffb00")


class Guest:
    """A guest whose port is a telnet server."""

    def __init__(self, name):
        self.number = tcp_port()
        self.daemon = Daemon()
        self.port = make_port(name, backing=f"telnet://:{self.number}", stall_limit=0)
        self.tty = self.port.open()
        tty.setraw(self.tty.fileno())
        wait_for(lambda: self.port.state == N.VSERIAL_STATE_LISTENING, "it listens")

    def called_by(self, *command):
        """A client that knows its number as PORT, and has shown the prompt."""
        client = Terminal(*(word.replace("PORT", str(self.number)) for word in command),
                          rows=33, columns=101)
        wait_for(lambda: self.port.state == N.VSERIAL_STATE_CONNECTED, "a client")
        self.tty.write_all(b"\r\nlogin: ")
        client.shows(b"login: ")
        return client

    def dialled(self):
        """A connection that takes BINARY both ways, and has."""
        sock = socket.create_connection((HOST, self.number), PATIENCE)
        later(sock.close)
        equal(exactly(sock, len(OFFERS)), OFFERS, "what it offers")
        # A byte behind the answers tells that they have been taken.
        sock.sendall(TAKES + b".")
        self.reads(b".")
        return sock

    def reads(self, data):
        equal(self.tty.read_exactly(len(data)), data, "what the guest reads")

    def size(self):
        return struct.unpack("4H", fcntl.ioctl(self.tty.fileno(), termios.TIOCGWINSZ,
                                               bytes(8)))[:2]

    def breaks(self):
        return self.port.get()["break"]


def talk(name, *command, keys=ALL, shown=ALL):
    """What every client has to do."""
    guest = Guest(name)
    client = guest.called_by(*command)
    # A key at a time, without waiting for Enter.
    client.keys(b"r")
    guest.reads(b"r")
    client.keys(b"\x03")
    guest.reads(b"\x03")
    client.keys(keys)
    guest.reads(keys)
    client.keys(b"\rx\r")
    guest.reads(b"\rx\r")
    guest.tty.write_all(b"<" + shown + b">")
    client.shows(b"<" + shown + b">")
    wait_for(lambda: guest.size() == (33, 101), "the window's size")
    equal(guest.port.dropped_bytes, 0, "bytes lost")
    return guest, client


def resize(guest, client):
    client.resize(50, 132)
    wait_for(lambda: guest.size() == (50, 132), "the window's new size")


def send_commands(name, *command):
    """What a client sends that is neither byte nor window."""
    guest = Guest(name)
    client = guest.called_by(*command)

    def send(word):
        client.keys(b"\x1d")
        client.shows(b"> ")
        client.keys(b"send " + word + b"\r")

    send(b"brk")
    wait_for(lambda: guest.breaks() == 1, "a break")
    # What a terminal without BRKINT and PARMRK makes of a break is a NUL.
    guest.reads(b"\0")
    send(b"ayt")
    client.shows(b"[vserial: yes]")
    send(b"ip")
    guest.reads(b"\x03")
    send(b"synch")
    client.keys(b"y")
    guest.reads(b"y")
    # The answer to DO TIMING-MARK, without which it shows nothing any more.
    guest.tty.write_all(b"more")
    client.shows(b"more")


@test
def inetutils():
    """inetutils-telnet: keys as they are typed, all 256 values both ways, window"""
    resize(*talk("n-inetutils", "inetutils-telnet", "-E", HOST, "PORT"))


@test
def inetutils_commands():
    """inetutils-telnet: break, are-you-there, interrupt, urgent data"""
    send_commands("n-inetcmd", "inetutils-telnet", HOST, "PORT")


@test
def telnet_ssl():
    """telnet-ssl without TLS: keys as they are typed, all 256 values both ways, window"""
    resize(*talk("n-ssl", "telnet-ssl", "-E", "-z", "nossl", HOST, "PORT"))


@test
def telnet_ssl_commands():
    """telnet-ssl: break, are-you-there, interrupt, urgent data"""
    send_commands("n-sslcmd", "telnet-ssl", "-z", "nossl", HOST, "PORT")


@test
def busybox():
    """busybox telnet, which refuses BINARY: keys as they are typed, Enter is CR"""
    # It keeps ^] for itself, makes Enter of LF, and swallows what follows CR.
    keys = bytes(set(ALL) - set(b"\n\r\x1d"))
    talk("n-busybox", "busybox", "telnet", HOST, "PORT", keys=keys,
         shown=bytes(set(ALL) - set(b"\r")))


@test
def plink():
    """plink: keys as they are typed, all 256 values both ways, window"""
    resize(*talk("n-plink", "plink", "-telnet", "-P", "PORT", HOST))


@test
def ckermit():
    """C-Kermit: keys as they are typed, all 256 values both ways, window"""
    talk("n-ckermit", "kermit", "-Y", "-C",
         "set command bytesize 8, set terminal bytesize 8, set terminal escape disabled, "
         "set terminal character-set latin1 latin1, "
         f"set host {HOST} PORT /telnet, connect")


@test
def conserver():
    """conserver and its console, which refuse BINARY: Enter is CR and nothing behind it; a break"""
    guest = Guest("n-conserver")
    directory = scratch()
    with open(f"{directory}/conf", "w", encoding="ascii") as f:
        f.write(f"config * {{ defaultaccess rejected; sslrequired no; }}\n"
                f"access * {{ trusted {HOST}; }}\n"
                f"console vm1 {{ master {HOST}; type host; host {HOST}; port {guest.number}; "
                f"protocol telnet; rw *; }}\n")
    with open(f"{directory}/passwd", "w", encoding="ascii") as f:
        f.write("*any*:\n")
    with open(f"{directory}/log", "wb") as log:
        server = subprocess.Popen(["conserver", "-n", "-M", HOST, "-p", "24998", "-b", "24999",
                                   "-C", f"{directory}/conf", "-P", f"{directory}/passwd"],
                                  stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    later(server.wait, PATIENCE)
    later(server.terminate)
    wait_for(lambda: guest.port.state == N.VSERIAL_STATE_CONNECTED, "conserver")
    wait_for(lambda: listens(24998), "conserver listens")
    client = Terminal("console", "-M", HOST, "-p", "24998", "-C", "/dev/null", "vm1")
    client.shows(b"for help]")
    # Before a key has passed the console may be shown nothing.
    client.keys(b"r")
    guest.reads(b"r")
    guest.tty.write_all(b"\r\nlogin: ")
    client.shows(b"login: ")
    # It keeps ^E for itself.
    keys = bytes(set(ALL) - {5})
    client.keys(keys)
    guest.reads(keys)
    client.keys(b"\rx\r")
    guest.reads(b"\rx\r")
    shown = bytes(set(ALL) - set(b"\r"))
    guest.tty.write_all(b"<" + shown + b">")
    client.shows(b"<" + shown + b">")
    client.keys(b"\x05cl0")
    wait_for(lambda: guest.breaks() == 1, "a break")


def commands(wire):
    """How many commands of telnet passed; no byte of the console is an IAC."""
    return wire.up.count(0xff) + wire.down.count(0xff)


@test
def busybox_does_not_loop():
    """busybox telnet, with which a server that answers refusals loops: a dozen commands pass"""
    guest = Guest("n-bbloop")
    wire = Wire(guest.number)
    client = guest.called_by("busybox", "telnet", HOST, str(wire.number))
    client.keys(b"root\r")
    guest.reads(b"root\r")
    guest.tty.write_all(b"# ")
    client.shows(b"# ")
    expect(5 < commands(wire) < 20, f"{commands(wire)} commands")


@test
def telnetlib_does_not_loop():
    """telnetlib, which answers refusals: a dozen commands pass, and bytes"""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import telnetlib
    guest = Guest("n-telnetlib")
    wire = Wire(guest.number)
    client = telnetlib.Telnet(HOST, wire.number, PATIENCE)
    later(client.close)
    wait_for(lambda: guest.port.state == N.VSERIAL_STATE_CONNECTED, "a client")
    guest.tty.write_all(b"login: ")
    expect(client.read_until(b"login: ", PATIENCE).endswith(b"login: "), "the prompt")
    client.write(b"root\r\n")
    guest.reads(b"root\r")
    guest.tty.write_all(b"# ")
    expect(client.read_until(b"# ", PATIENCE).endswith(b"# "), "the answer")
    expect(5 < commands(wire) < 20, f"{commands(wire)} commands")


@test
def all_values():
    """all 256 values both ways in binary, through a socket, and a break out of the guest"""
    guest = Guest("n-values")
    sock = guest.dialled()
    values = ALL * 16
    doubled = values.replace(b"\xff", b"\xff\xff")
    sock.sendall(doubled)
    guest.reads(values)
    guest.tty.write_all(values)
    equal(exactly(sock, len(doubled)), doubled, "what the client reads")
    # The guest's break, in its place.
    fcntl.ioctl(guest.tty.fileno(), termios.TCSBRK, 0)
    guest.tty.write_all(b"z")
    equal(exactly(sock, 3), b"\xff\xf3z", "a break")


@test
def ends_of_lines():
    """without BINARY: CR NUL, CR LF and CR alone are Enter; a CR out of the guest gets a NUL"""
    guest = Guest("n-ends")
    sock = socket.create_connection((HOST, guest.number), PATIENCE)
    later(sock.close)
    exactly(sock, len(OFFERS))
    sock.sendall(b"a\r\0b\r\nc\rd")
    guest.reads(b"a\rb\rc\rd")
    guest.tty.write_all(b"1\r\n2\r3")
    equal(exactly(sock, 7), b"1\r\n2\r\x003", "what the client reads")


@test
def urgent_data():
    """urgent data stays in its place and reaches no guest"""
    guest = Guest("n-urgent")
    sock = socket.create_connection((HOST, guest.number), PATIENCE)
    later(sock.close)
    sock.sendall(b"a")
    sock.send(b"\xff\xf2", socket.MSG_OOB)
    sock.sendall(b"b\xff\xf3c")
    guest.reads(b"ab\0c")
    wait_for(lambda: guest.breaks() == 1, "the break behind it")


@test
def endless_subnegotiation():
    """a subnegotiation of a megabyte is passed over, and none of it is data"""
    guest = Guest("n-endless")
    sock = guest.dialled()
    sock.sendall(b"\xff\xfa\x1f" + b"leak" * (1 << 18) + b"\xff\xf0" + b"!")
    guest.reads(b"!")
    equal(guest.size(), (0, 0), "the window's size")
    equal(guest.port.rx_bytes, 2, "bytes for the guest")


@test
def unread_answers():
    """who asks for ever and reads no answer waits, and does not fill the daemon's memory"""
    guest = Guest("n-unread")
    sock = guest.dialled()
    sock.setblocking(False)
    asks = b"\xff\xfd\x06" * 4096
    sent = 0
    while sent < 64 << 20:
        try:
            sent += sock.send(asks)
        except BlockingIOError:
            break
    expect(sent < 64 << 20, f"{sent} bytes were taken although no answer was read")
    size = int(guest.daemon.status("VmRSS").split()[0])
    expect(size < 64 << 10, f"the daemon has {size} KiB")
    # Others are served, and so is the guest.
    sock.close()
    wait_for(lambda: guest.port.state == N.VSERIAL_STATE_LISTENING, "it listens again")
    guest.dialled()


if __name__ == "__main__":
    run()
