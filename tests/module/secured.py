# SPDX-License-Identifier: GPL-2.0-or-later
"""Consoles that are served with TLS, certificates, and a wire that remembers."""
import atexit
import contextlib
import fcntl
import os
import select
import shutil
import socket
import struct
import subprocess
import tempfile
import termios
import threading
import time
import tty

from genl import N
from lib import HERE, PATIENCE, equal, expect, later, make_port, scratch, wait_for
from peer import listens, tcp_port
from vseriald import Daemon

HOST = "127.0.0.1"
ALL = bytes(range(256))
#: What may not be seen by anybody who has proved nothing.
SECRET = b"the console's secret "

WILL_AUTH = bytes.fromhex("fffb25")
DO_AUTH = bytes.fromhex("fffd25")
SEND_SSL = bytes.fromhex("fffa25010700fff0")
IS_START = bytes.fromhex("fffa2500070001fff0")
ACCEPT = bytes.fromhex("fffa2502070002fff0")

_folder = None


def certificate(name):
    """The path of NAME.pem as tests/unit/certificates makes it, each when it is needed."""
    global _folder
    if not _folder:
        _folder = tempfile.mkdtemp(prefix="vserial-certificates-")
        atexit.register(shutil.rmtree, _folder)
        # The daemon is somebody else.
        os.chmod(_folder, 0o755)
    path = f"{_folder}/{name}.pem"
    if not os.path.exists(path):
        # The authority comes with the first of them.
        names = ["server" if name == "ca" else name]
        subprocess.run([f"{HERE}/../unit/certificates", _folder, *names], check=True)
        for file in os.listdir(_folder):
            os.chmod(f"{_folder}/{file}", 0o644)
    return path


def thumbprint(name, digest="sha256"):
    """As openssl prints it."""
    done = subprocess.run(["openssl", "x509", "-in", certificate(name), "-noout",
                           "-fingerprint", f"-{digest}"], stdout=subprocess.PIPE, check=True)
    return done.stdout.decode().partition("=")[2].strip()


class Console:
    """A guest whose port has a backing, in which PORT stands for a free number."""

    def __init__(self, name, backing, number=None, **settings):
        self.number = number or tcp_port()
        settings = {"certificate": certificate("server"), "ca": certificate("ca"),
                    "client_ca": certificate("ca"), "auth_timeout": 600,
                    "handshake_timeout": 600, "accept_rate": 0, "retry_min": 50, **settings}
        self.daemon = Daemon(**settings)
        self.port = make_port(name, backing=backing.replace("PORT", str(self.number)),
                              stall_limit=0)
        self.tty = self.port.open()
        tty.setraw(self.tty.fileno())

    def becomes(self, backing):
        """Has another backing; what was written to nobody is forgotten."""
        self.port.set(backing="null")
        wait_for(lambda: not self.tty.unsent(), "nothing is left of before")
        self.port.set(backing=backing)

    def listens(self):
        wait_for(lambda: self.port.state == N.VSERIAL_STATE_LISTENING, "it listens")
        return self

    def has_peer(self, *words):
        """Waits for a peer, whose description has these words."""
        wait_for(lambda: self.port.state == N.VSERIAL_STATE_CONNECTED, "a peer")
        for word in words:
            expect(word in self.port.peer, f"the peer is {self.port.peer!r}, without {word!r}")

    def fails(self, *words):
        """Waits for a reason that has these words."""
        wait_for(lambda: all(word in self.port.reason for word in words),
                 f"a reason with {words}")

    def said(self, text):
        wait_for(lambda: text in self.daemon.said(), f"the daemon says {text!r}")

    def write(self, data):
        self.tty.write_all(data)

    def reads(self, data):
        equal(self.tty.read_exactly(len(data)), data, "what the guest reads")

    def read_nothing(self):
        equal(self.tty.read(), None, "what the guest reads")

    def size(self):
        """The size of the guest's terminal."""
        return struct.unpack("4H", fcntl.ioctl(self.tty.fileno(), termios.TIOCGWINSZ,
                                               bytes(8)))[:2]

    def connect(self):
        """A plain connection to it."""
        sock = socket.create_connection((HOST, self.number), PATIENCE)
        later(sock.close)
        return sock


def exactly(sock, n):
    """The next n bytes of a socket."""
    data = b""
    while len(data) < n:
        piece = sock.recv(n - len(data))
        expect(piece, f"the end after {data}")
        data += piece
    return data


def rest(sock):
    """All up to the end, which may be rough."""
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := sock.recv(1 << 16):
            data += piece
    return data


class Wire:
    """Stands between a client and a server, and remembers what passes."""

    def __init__(self, to):
        self.to = to
        self.number = tcp_port()
        #: what clients sent, and what they were sent, of all connections
        self.up, self.down = bytearray(), bytearray()
        self.listening = socket.create_server((HOST, self.number))
        later(self.listening.close)
        later(self.listening.shutdown, socket.SHUT_RDWR)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near = self.listening.accept()[0]
                far = socket.create_connection((HOST, self.to))
                for pair in ((near, far, self.up), (far, near, self.down)):
                    threading.Thread(target=self._carry, args=pair, daemon=True).start()

    @staticmethod
    def _carry(source, sink, record):
        with contextlib.suppress(OSError):
            while piece := source.recv(1 << 16):
                record += piece
                sink.sendall(piece)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def shows_no(self, *texts):
        for text in texts:
            expect(text not in self.up and text not in self.down,
                   f"{text} was seen on the wire: {bytes(self.up)} {bytes(self.down)}")


class Program:
    """A running program, behind pipes; ends when the test does."""

    def __init__(self, *command):
        self.command = [str(word) for word in command]
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        bufsize=0)
        later(self.end)
        self.shown = b""

    def end(self):
        """Ends it, if it has not ended; what it showed is complete then."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        # Children of its may still have the pipe, and say nothing.
        while not self.process.stdout.closed and select.select([self.process.stdout], [], [], 0)[0]:
            if self._read(0):
                break
        self.process.stdin.close()
        self.process.stdout.close()

    def send(self, data):
        self.process.stdin.write(data)

    def _read(self, timeout):
        """Return: whether it has closed its output."""
        if not select.select([self.process.stdout], [], [], timeout)[0]:
            return False
        piece = os.read(self.process.stdout.fileno(), 1 << 16)
        self.shown += piece
        return not piece

    def shows(self, text):
        """Waits for a text; what is in front of it is forgotten."""
        until = time.monotonic() + PATIENCE
        while text not in self.shown:
            expect(time.monotonic() < until, f"{self.command} shows {self.shown}, not {text}")
            expect(not self._read(0.2) or text in self.shown,
                   f"{self.command} has ended: {self.shown}")
        self.shown = self.shown[self.shown.index(text) + len(text):]

    def ends(self):
        """Waits for its end; returns all that it showed."""
        until = time.monotonic() + PATIENCE
        while not self._read(0.2):
            expect(time.monotonic() < until, f"{self.command} does not end: {self.shown}")
        self.process.wait(PATIENCE)
        return self.shown


def server(*command):
    """A server on a free number, which stands for PORT; returns it and the number."""
    number = tcp_port()
    program = Program(*(str(word).replace("PORT", str(number)) for word in command))
    wait_for(lambda: listens(number) or program.process.poll() is not None, "the server listens")
    expect(program.process.poll() is None, f"{command} has ended")
    return program, number


def login():
    """A program to log in with: a prompt, and an echo of everything."""
    path = f"{scratch()}/login"
    with open(path, "w", encoding="ascii") as f:
        f.write("#!/bin/sh\nstty raw -echo\nprintf 'login: '\nexec cat\n")
    os.chmod(path, 0o755)
    return path
