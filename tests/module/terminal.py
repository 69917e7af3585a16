# SPDX-License-Identifier: GPL-2.0-or-later
"""A program on a terminal of its own, and the person in front of it."""
import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time

from lib import PATIENCE, expect, later, scratch


class Terminal:
    """A running program; ends when the test does."""

    def __init__(self, *command, rows=24, columns=80):
        self.fd, other = pty.openpty()
        later(os.close, self.fd)
        self.resize(rows, columns)
        self.process = subprocess.Popen(command, stdin=other, stdout=other, stderr=other,
                                        start_new_session=True,
                                        env={**os.environ, "TERM": "vt100", "HOME": scratch()},
                                        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(other)
        later(self.end)
        self.shown = b""

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)

    def shows(self, text):
        """Waits until there is a text on it; returns, and forgets, what is in front of that."""
        until = time.monotonic() + PATIENCE
        while text not in self.shown:
            expect(time.monotonic() < until,
                   f"the terminal shows {self.shown[-1000:]}, not {text}")
            if not select.select([self.fd], [], [], 0.2)[0]:
                continue
            try:
                self.shown += os.read(self.fd, 4096)
            except OSError as e:
                raise AssertionError(f"{self.process.args} has ended: {self.shown}") from e
        before, _, self.shown = self.shown.partition(text)
        return before

    def keys(self, data):
        """Presses keys."""
        while data:
            data = data[os.write(self.fd, data):]
