# SPDX-License-Identifier: GPL-2.0-or-later
"""A real QEMU whose first UART is a port, or another thing that QEMU can talk to.

The guest's firmware is nothing but HLT: its time passes, but it touches
nothing.  The test itself reads and writes the UART's registers (the qtest
protocol), so all that touches the port is QEMU's own code.
"""
import socket
import subprocess
import sys
import tempfile

from lib import HERE, PATIENCE, expect, later, wait_for

sys.path.append(f"{HERE}/../lib")
from qmp import Qmp  # noqa: E402

#: 16550 registers of COM1
THR = RBR = DLL = 0x3f8
IER = DLM = 0x3f9
IIR = 0x3fa
LCR, MCR, LSR, MSR = 0x3fb, 0x3fc, 0x3fd, 0x3fe


class Qemu:
    """Starts QEMU; it is ended with the test.

    far     what its UART is connected to: a port, or the kind and options of a chardev
    """

    def __init__(self, far, session_leader=False):
        if not isinstance(far, str):
            far = f"serial,path={far.wait_link()}"
        self.dir = tempfile.TemporaryDirectory(prefix="vserial-qemu-")
        later(self.dir.cleanup)
        with open(f"{self.dir.name}/halt", "wb") as f:
            f.write(b"\xf4" * 65536)
        self._qtest = self._listen("qtest")
        self._qmp = self._listen("qmp")
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-M", "isapc", "-accel", "tcg",
             "-bios", f"{self.dir.name}/halt",
             "-nodefaults", "-no-user-config", "-display", "none", "-m", "16",
             "-qtest", f"unix:{self.dir.name}/qtest", "-qtest-log", "/dev/null",
             "-qmp", f"unix:{self.dir.name}/qmp",
             "-chardev", f"{far},id=com1",
             "-serial", "chardev:com1"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True,
            start_new_session=session_leader)
        later(self.kill)
        self.qtest = self._accept(self._qtest).makefile("rw", encoding="utf-8", newline="\n")
        later(self.qtest.close)
        self.qmp = Qmp(self._accept(self._qmp))
        later(self.qmp.close)

    def _listen(self, name):
        s = socket.socket(socket.AF_UNIX)
        s.bind(f"{self.dir.name}/{name}")
        s.listen(1)
        s.settimeout(0.5)
        later(s.close)
        return s

    def _accept(self, listener):
        def attempt():
            try:
                return listener.accept()
            except TimeoutError:
                expect(self.running(), "QEMU ended: "
                       f"{not self.running() and self.process.stderr.read()}")
                return None
        connection, _ = wait_for(attempt, "QEMU answers")
        connection.settimeout(PATIENCE)
        later(connection.close)
        return connection

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stderr.close()

    def running(self):
        return self.process.poll() is None

    def command(self, name, **arguments):
        """A QMP command; returns what it returns."""
        return self.qmp.tell(name, **arguments)

    def _talk(self, words):
        self.qtest.write(words + "\n")
        self.qtest.flush()
        while True:
            line = self.qtest.readline().split()
            expect(line, f"QEMU is gone: {words}")
            if line[0] == "IRQ":
                continue
            expect(line[0] == "OK", f"qtest {words}: {line}")
            return line[1:]

    def outb(self, register, value):
        self._talk(f"outb {register:#x} {value:#x}")

    def inb(self, register):
        return int(self._talk(f"inb {register:#x}")[0], 16)

    def send(self, data):
        """Writes bytes as a driver does: wait for THRE, write THR."""
        for byte in data:
            wait_for(lambda: self.inb(LSR) & 0x20, "THRE")
            self.outb(THR, byte)

    def receive(self, n):
        """Reads n bytes as a driver does: wait for DR, read RBR."""
        data = b""
        while len(data) < n:
            wait_for(lambda: self.inb(LSR) & 0x01, f"byte {len(data)} of {n}")
            data += bytes([self.inb(RBR)])
        return data

    def quit(self):
        self.command("quit")
        self.process.wait(PATIENCE)
