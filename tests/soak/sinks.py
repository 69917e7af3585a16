# SPDX-License-Identifier: GPL-2.0-or-later
"""Peers of a port: what each has read goes into the account, to the byte.

A peer that is killed has taken what its TCP has acknowledged, read or not.  So that this
can be told, it lets no more in before it reads what it has, and then resets.
"""
import contextlib
import ctypes
import socket
import ssl
import struct

SO_ATTACH_FILTER = 26
IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240
ECHO, SGA = 1, 3


def shut_off(sock):
    """Nothing that comes is let in, or acknowledged, from now on."""
    code = ctypes.create_string_buffer(struct.pack("=HBBI", 0x06, 0, 0, 0))  # ret #0
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                    struct.pack("@HP", 1, ctypes.addressof(code)))


class Plain:
    """A socket as it is."""

    def __init__(self, sock):
        self.sock = sock
        sock.setblocking(False)

    def recv(self, n):
        """Bytes, b"" at the end, None if there are none yet."""
        try:
            return self.sock.recv(n)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        except (ConnectionError, ssl.SSLError):
            return b""

    def send(self, data):
        """How many bytes were taken."""
        try:
            return self.sock.send(data)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return 0
        except (OSError, ssl.SSLError):
            # What it has sent before may still be read.
            return None


class Tls(Plain):
    """With TLS, as the CONTEXT's side."""

    def __init__(self, sock, context, server_side):
        sock.setblocking(False)
        super().__init__(context.wrap_socket(sock, server_side=server_side,
                                             do_handshake_on_connect=False))


class Telnet(Plain):
    """With telnet; without BINARY, so that behind each CR is a NUL."""

    def __init__(self, sock):
        super().__init__(sock)
        self._rest = b""
        self._said = set()
        self._cr = False

    def _answer(self, verb, option):
        if (verb, option) in self._said:
            return
        self._said.add((verb, option))
        good = option == SGA or (verb == WILL and option == ECHO)
        answer = {DO: WILL if good else WONT, WILL: DO if good else DONT}.get(verb)
        if answer:
            self.sock.send(bytes([IAC, answer, option]))

    def recv(self, n):
        data = super().recv(n)
        if not data:
            return data
        data = self._rest + data
        self._rest = b""
        plain = bytearray()
        while data:
            piece, iac, data = data.partition(b"\xff")
            plain += piece
            if not iac:
                break
            taken = self._command(data, plain)
            if not taken:
                self._rest = iac + data
                break
            data = data[taken:]
        return self._undo(bytes(plain)) or None

    def _undo(self, plain):
        """Without the NUL behind each CR."""
        if self._cr and plain:
            plain = plain[1:]
            self._cr = False
        if plain.endswith(b"\r"):
            self._cr = True
        return plain.replace(b"\r\0", b"\r")

    def _command(self, data, plain):
        """What stands behind an IAC; how many bytes it is, 0 if not all is there."""
        if not data:
            return 0
        verb = data[0]
        if verb == IAC:
            plain.append(IAC)
            return 1
        if verb in (DO, DONT, WILL, WONT):
            if len(data) < 2:
                return 0
            with contextlib.suppress(OSError):
                self._answer(verb, data[1])
            return 2
        if verb == SB:
            return data.find(bytes([IAC, SE])) + 2 if bytes([IAC, SE]) in data else 0
        return 1


class Sink:
    """A peer that reads what the guest writes."""

    def __init__(self, stream, reader):
        self.stream, self.reader = stream, reader
        self.slow = False
        self.ended = False
        #: bytes since the last account
        self.got = 0

    def _take(self, data):
        self.got += len(data)
        self.reader.feed(data)

    def pump(self):
        """Reads what there is; a slow one little of it."""
        for _ in range(1 if self.slow else 16):
            if self.ended:
                return
            data = self.stream.recv(500 if self.slow else 1 << 16)
            if data is None:
                return
            if not data:
                self.finish()
                return
            self._take(data)

    def finish(self):
        """The other end has closed it."""
        if not self.ended:
            self.ended = True
            self.reader.end()
            self.stream.sock.close()

    def kill(self):
        """Ends without a word, but for the account of what it has."""
        if self.ended:
            return
        sock = self.stream.sock
        if sock.family == socket.AF_INET:
            shut_off(sock)
        self.slow = False
        while not self.ended:
            data = self.stream.recv(1 << 16)
            if not data:
                break
            self._take(data)
        if sock.family == socket.AF_INET:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.finish()
