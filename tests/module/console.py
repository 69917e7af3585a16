# SPDX-License-Identifier: GPL-2.0-or-later
"""vserialctl console as people run it: on a terminal, or in a pipe."""
import contextlib
import fcntl
import os
import pty
import pwd
import re
import select
import shutil
import signal
import struct
import subprocess
import termios
import time

from lib import PATIENCE, expect, later, nl, process_state, scratch, wait_for

#: The program's own lines among the guest's.
OWN = re.compile(rb"(?:\r\n)?\[vserial: ([^\r\n]*)\]\r?\n")


def set_size(fd, rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))


def get_size(fd):
    """(rows, columns) of a terminal."""
    return struct.unpack("4H", fcntl.ioctl(fd, termios.TIOCGWINSZ, bytes(8)))[:2]


def as_user(user):
    """What makes subprocess start a program as somebody else; None: as oneself."""
    if not user:
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def everybodys_vserialctl():
    """A copy of vserialctl where anybody can start it; returns its path."""
    directory = scratch()
    os.chmod(directory, 0o755)
    return shutil.copy(shutil.which("vserialctl"), directory)


def sessions(port=None):
    """What SESSION_GET tells: [{"id": …, "writer": …}], of a port or of all."""
    found = nl().dump("SESSION_GET")
    return [s for s in found if not port or
            (s["guest"], s["index"]) == (port.guest, port.index)]


class Started:
    """A running console; what it prints is collected as it comes."""

    def __init__(self, process, fds):
        self.process = process
        self._fds = dict(fds)       # fd -> name of the buffer
        self.out = self.err = b""
        self._seen = 0
        later(self.kill)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for fd in self._fds:
            with contextlib.suppress(OSError):
                os.close(fd)
        self._fds = {}

    def close_output(self):
        """Reads its standard output no more, as head(1) does."""
        fd = next(fd for fd, name in self._fds.items() if name == "out")
        del self._fds[fd]
        os.close(fd)

    def pump(self, timeout=0.0):
        """Takes what is there, after at most timeout seconds.  Was there anything?"""
        if not self._fds:
            return False
        ready, _, _ = select.select(list(self._fds), [], [], timeout)
        for fd in ready:
            try:
                data = os.read(fd, 65536)
            except OSError:         # a terminal whose last user is gone
                data = b""
            name = self._fds[fd]
            if data:
                setattr(self, name, getattr(self, name) + data)
            else:
                os.close(fd)
                del self._fds[fd]
        return bool(ready)

    def until(self, condition, what, timeout=PATIENCE):
        """Pumps until condition() is true; returns what it returned."""
        end = time.monotonic() + timeout
        while True:
            value = condition()
            if value:
                return value
            left = end - time.monotonic()
            expect(left > 0, f"{what}: not within {timeout:g} s; stdout ends in "
                   f"{self.out[-500:]!r}, stderr in {self.err[-500:]!r}")
            if not self.pump(min(left, 1)) and self.process.poll() is not None:
                while self.pump():
                    pass
                value = condition()
                expect(value, f"{what}: the console ended with {self.process.returncode};"
                       f" stdout ends in {self.out[-500:]!r}, stderr in "
                       f"{self.err[-500:]!r}")
                return value

    def said(self, text, timeout=PATIENCE):
        """Waits for a line of the program's own that holds text, behind those
        that were waited for before."""
        def find():
            for match in OWN.finditer(self.all(), self._seen):
                if text in match[1].decode():
                    self._seen = match.end()
                    return match[1].decode()
            return None
        return self.until(find, f"the console says {text!r}", timeout)

    def all(self):
        """Where its own lines are."""
        return self.err

    def guest(self):
        """What came from the guest."""
        return self.out

    def shows(self, data, timeout=PATIENCE):
        """Waits until what came from the guest holds data."""
        self.until(lambda: data in self.guest(), f"the console shows {data[:100]!r}",
                   timeout)

    def lost(self):
        """How many bytes it said were lost."""
        return sum(int(n) for n in re.findall(rb"\[vserial: (\d+) bytes of output were lost\]",
                                              self.all()))

    def finish(self, status=0, timeout=PATIENCE):
        """Waits for its end; returns all that it printed."""
        self.until(lambda: self.process.poll() is not None, "the console ends", timeout)
        while self.pump():
            pass
        expect(self.process.returncode == status,
               f"the console ended with {self.process.returncode}, not {status}: "
               f"{self.out[-500:]!r} {self.err[-500:]!r}")
        return self.out + self.err

    def signal(self, number):
        self.process.send_signal(number)

    def stopped(self):
        return process_state(self.process.pid) == "T"


class Terminal(Started):
    """vserialctl console on a terminal."""

    def __init__(self, port, *words, options=(), size=(24, 80), user=None, wait=True,
                 command=None):
        self.master, slave = pty.openpty()
        set_size(slave, *size)
        self.before = termios.tcgetattr(slave)
        self.slave = os.ttyname(slave)

        def own_session():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        identity = as_user(user)
        # pylint: disable=subprocess-popen-preexec-fn
        process = subprocess.Popen(
            command or [everybodys_vserialctl() if user else "vserialctl", *options,
                        "console", getattr(port, "name", port), *words],
            stdin=slave, stdout=slave, stderr=slave, preexec_fn=own_session, **identity)
        # Kept open here, so that the terminal outlives the program.
        self.tty = slave
        super().__init__(process, {self.master: "out"})
        later(os.close, slave)
        if wait:
            self.role = self.said("")

    def all(self):
        return self.out

    def guest(self):
        return OWN.sub(b"", self.out)

    def type(self, data):
        """Types at the keyboard; pumps while the terminal takes no more."""
        view = memoryview(data)
        os.set_blocking(self.master, False)
        while view:
            try:
                view = view[os.write(self.master, view):]
            except BlockingIOError:
                self.pump(0.1)

    def is_raw(self):
        return not termios.tcgetattr(self.tty)[3] & (termios.ICANON | termios.ECHO)

    def restored(self):
        return termios.tcgetattr(self.tty) == self.before

    def resize(self, rows, columns):
        set_size(self.master, rows, columns)

    def leave(self):
        self.type(b"\r~.")
        return self.finish()


class Pipe(Started):
    """vserialctl console between pipes."""

    def __init__(self, port, *words, wait=True):
        process = subprocess.Popen(
            ["vserialctl", "console", getattr(port, "name", port), *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            bufsize=0)
        self.stdin = process.stdin
        fds = {os.dup(process.stdout.fileno()): "out", os.dup(process.stderr.fileno()): "err"}
        process.stdout.close()
        process.stderr.close()
        super().__init__(process, fds)
        later(self.eof)
        if wait:
            self.role = self.said("")

    def write(self, data):
        """Writes all of it; pumps while the pipe takes no more."""
        view = memoryview(data)
        os.set_blocking(self.stdin.fileno(), False)
        while view:
            try:
                view = view[os.write(self.stdin.fileno(), view):]
            except BlockingIOError:
                self.pump(0.1)

    def eof(self):
        self.stdin.close()


def stop(console):
    """Stops a console with SIGSTOP; it goes on with cont()."""
    console.signal(signal.SIGSTOP)
    wait_for(console.stopped, "the console stops")


def cont(console):
    console.signal(signal.SIGCONT)
