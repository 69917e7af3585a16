# SPDX-License-Identifier: GPL-2.0-or-later
"""Real peers of the daemon's ports, and how ports stand with them."""
import contextlib
import fcntl
import select
import socket
import subprocess
import termios

from genl import N
from lib import PATIENCE, expect, later, make_port, read_file, wait_for

CONNECTED = N.VSERIAL_STATE_CONNECTED
LISTENING = N.VSERIAL_STATE_LISTENING
RECOVERABLE = N.VSERIAL_STATE_RECOVERABLE_ERROR
UNRECOVERABLE = N.VSERIAL_STATE_UNRECOVERABLE_ERROR
NOT_CONNECTED = N.VSERIAL_STATE_NOT_CONNECTED

_port = 20000


def tcp_port():
    """A port number that no other test has."""
    global _port
    _port += 1
    return _port


def have_address():
    """An address that is not this host's own: else ser2net resolves none."""
    subprocess.run(["busybox", "ifconfig", "lo:1", "192.0.2.1"], check=True)
    later(subprocess.run, ["busybox", "ifconfig", "lo:1", "down"], check=True)


class Peer:
    """A socket with the patience of a test."""

    def __init__(self, to, family=socket.AF_INET, sock=None):
        self.sock = sock or socket.socket(family, socket.SOCK_STREAM)
        later(self.close)
        self.sock.settimeout(PATIENCE)
        if not sock:
            self.sock.connect(to)

    def close(self):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def read(self, n):
        """Exactly n bytes."""
        data = bytearray()
        while len(data) < n:
            try:
                piece = self.sock.recv(n - len(data))
            except TimeoutError as e:
                raise AssertionError(f"{len(data)} of {n} bytes came: {bytes(data[-80:])}") from e
            expect(piece, f"end after {len(data)} of {n} bytes: {bytes(data[-80:])}")
            data += piece
        return bytes(data)

    def rest(self):
        """All up to the end, which may be rough."""
        data = bytearray()
        with contextlib.suppress(ConnectionResetError):
            while piece := self.sock.recv(1 << 16):
                data += piece
        return bytes(data)

    def was_read(self):
        """Whether the other end, which is of this host, has read all that was sent."""
        ports = [f":{end[1]:04X}" for end in (self.sock.getpeername(), self.sock.getsockname())]
        if fcntl.ioctl(self.sock, termios.TIOCOUTQ, bytes(4)) != bytes(4):
            return False
        with open("/proc/net/tcp", encoding="ascii") as f:
            (queues,) = [line[4] for line in map(str.split, f)
                         if [line[1][-5:], line[2][-5:]] == ports]
        return queues.endswith(":00000000")

    def readable(self, timeout=0):
        return bool(select.select([self.sock], [], [], timeout)[0])


def dial(number, **kwargs):
    return Peer(("127.0.0.1", number), **kwargs)


def listens(number):
    """Whether there is a listener, which is not disturbed by the question."""
    found = []
    for file in ("/proc/net/tcp", "/proc/net/tcp6"):
        found += [line.split() for line in read_file(file).splitlines()]
    return any(s[1].endswith(f":{number:04X}") and s[3] == "0A" for s in found)


def listen(number, family=socket.AF_INET):
    s = socket.socket(family, socket.SOCK_STREAM)
    later(s.close)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", number) if isinstance(number, int) else number)
    s.listen(5)
    s.settimeout(PATIENCE)
    return s


def accept(listening):
    return Peer(None, sock=listening.accept()[0])


def server(name, **settings):
    """A port that listens, and its number."""
    number = tcp_port()
    port = make_port(name, backing=f"tcp://:{number}", **settings)
    port.connect()
    wait_for(lambda: port.state == LISTENING, "it listens")
    return port, number


def connected(port):
    wait_for(lambda: port.state == CONNECTED, "it is connected")
