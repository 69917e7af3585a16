# SPDX-License-Identifier: GPL-2.0-or-later
"""Does to the devices what system calls can, from threads that share descriptors.

Every ioctl of the kernel's header is called, most often with what the device itself just
answered and a bit of it turned; what is not a terminal's is tried as well.  System calls
are made as they are: Python would take a call up again that a signal ended.
"""
import ctypes
import errno
import os
import re
import signal
import struct
import time

from crew import Worker
from fuzz_netlink import Changer
from grammar import EDGES

GUESTS = ("f-tty-0", "f-tty-1")
#: What the changer asks for.
CHANGES = ("guest-new", "guest-del", "port-new", "port-set", "port-set", "port-del",
           "port-connect", "port-disconnect", "port-break", "guest-migrate")
GROWTH = ("guest-new", "port-new", "port-connect")
HEADER = "/usr/include/asm-generic/ioctls.h"
SIZES = {"unsigned int": 4, "int": 4, "struct termios2": 44, "struct serial_iso7816": 44}
TCGETS, TCGETS2, TIOCSETD, TCSBRK = 0x5401, 0x802C542A, 0x5423, 0x5409
#: What each getter's answer is good for.
SETTERS = {TCGETS: (0x5402, 0x5403, 0x5404), TCGETS2: (0x402C542B, 0x402C542C, 0x402C542D),
           0x5405: (0x5406, 0x5407, 0x5408), 0x5413: (0x5414,), 0x5415: (0x5416, 0x5417, 0x5418),
           0x541E: (0x541F,)}
#: Those whose argument is a number.
NUMBERS = (0x5409, 0x540A, 0x540B, 0x5425, 0x5427, 0x5428, 0x545C, 0x540E, 0x540C, 0x540D)
#: They are not the terminal's: TIOCCONS has what the machine's console prints, TIOCLINUX is
#: the virtual terminals'.
SPARED = (0x541D, 0x541C)
#: Line disciplines: N_TTY, N_NULL, SLIP, and numbers that nobody has.
DISCIPLINES = (0, 0, 0, 27, 27, 1, 30, 31, -1)
#: Addresses that are none.
NOWHERE = (0, 1, 0xFFFF888000000000, 0x7FFFFFFFF000, (1 << 64) - 1)
#: Open descriptors of a process, and the most bytes of a read or write.
OPEN, MOST = 8, 65536
PORTS = 4


def requests():
    """The numbers of all ioctls of the kernel's header."""
    found = []
    with open(HEADER, encoding="ascii") as f:
        text = f.read()
    for value in re.findall(r"^#define\s+[FT][A-Z0-9]+\s+(0x54\w\w|_IO\w*\(.*\))", text, re.M):
        made = re.match(r"_IO(W?R?)?\('T',\s*(0x\w+)(?:,\s*(.*?))?\)", value)
        if not made:
            found.append(int(value, 16))
            continue
        way = {"W": 1, "R": 2, "WR": 3}.get(made[1], 0)
        found.append(way << 30 | SIZES.get(made[3], 0) << 16 | ord("T") << 8 | int(made[2], 16))
    return [n for n in found if n not in SPARED]


class System:
    """System calls, each of which returns -1 and sets the errno as in C."""

    def __init__(self):
        libc = ctypes.CDLL(None, use_errno=True)
        for name in ("open", "close", "ioctl", "read", "write", "poll", "fcntl", "dup", "lseek"):
            setattr(self, name, getattr(libc, name))
        self.ioctl.argtypes = (ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p)
        for call in self.read, self.write:
            call.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t)
            call.restype = ctypes.c_ssize_t


class TtyWorker(Worker):
    """A thread; those of a process share DESCRIPTORS."""

    def __init__(self, seed, name, descriptors):
        super().__init__(seed, name)
        self._fds = descriptors
        self._requests = requests()
        self._system = System()
        self._buffer = ctypes.create_string_buffer(MOST)

    def _open(self):
        c = self.chance
        flags = os.O_RDWR if c.random() < 0.8 else c.choice((os.O_RDONLY, os.O_WRONLY))
        flags |= os.O_NONBLOCK if c.random() < 0.8 else 0
        flags |= os.O_NOCTTY if c.random() < 0.7 else 0
        path = f"/dev/ttyVS{c.randrange(2 * PORTS)}"
        self.note(f"open {path} {flags:o}")
        fd = self._system.open(path.encode(), flags | os.O_CLOEXEC)
        if fd >= 0:
            self._fds.append(fd)

    def _close(self):
        try:
            fd = self._fds.pop(self.chance.randrange(len(self._fds)))
        except (IndexError, ValueError):
            # Another thread was first.
            return
        self.note(f"close {fd}")
        self._system.close(fd)

    def _fd(self):
        try:
            return self.chance.choice(self._fds)
        except IndexError:
            return -1

    def _transfer(self, fd):
        c = self.chance
        n = c.choice((0, 1, 1, 16, 4096, MOST, c.randrange(MOST)))
        where = self._buffer if c.random() < 0.95 else c.choice(NOWHERE)
        if c.random() < 0.6:
            noise = c.randbytes(64)
            self._buffer[:64] = noise
            self.note(f"write {fd} {n} {noise[:16]!r}")
            self._system.write(fd, where, n)
        else:
            self.note(f"read {fd} {n}")
            self._system.read(fd, where, n)

    def _flip(self, size):
        """Turns some bits of what the kernel answered."""
        for _ in range(self.chance.choice((0, 1, 1, 2, 8))):
            at = self.chance.randrange(size)
            self._buffer[at] = bytes([self._buffer[at][0] ^ 1 << self.chance.randrange(8)])

    def _settings(self, fd):
        """Sets what the device told, a little changed."""
        c = self.chance
        getter = c.choice((TCGETS, TCGETS2, *SETTERS))
        setter = c.choice(SETTERS[getter])
        self.note(f"ioctl {fd} {getter:#x}")
        self._system.ioctl(fd, getter, ctypes.addressof(self._buffer))
        self._flip(44 if getter in (TCGETS, TCGETS2) else 4 if getter == 0x5415 else 18)
        self.note(f"ioctl {fd} {setter:#x} {self._buffer[:44].hex()}")
        self._system.ioctl(fd, setter, ctypes.addressof(self._buffer))

    def _control(self, fd):
        """Any ioctl with any argument."""
        c = self.chance
        request = c.choice(self._requests) if c.random() < 0.97 else c.getrandbits(32)
        if request == TIOCSETD:
            self._discipline(fd)
            return
        if request in NUMBERS and c.random() < 0.9:
            argument = c.choice((0, 1, 2, 3, c.getrandbits(9), c.choice(EDGES)))
        elif c.random() < 0.05:
            argument = c.choice(NOWHERE)
        else:
            if c.random() < 0.5:
                struct.pack_into("=i", self._buffer, 0, c.choice((0, 1, 2, 6, -1, c.getrandbits(16))))
            else:
                self._buffer[:128] = c.randbytes(128)
            argument = ctypes.addressof(self._buffer)
        self.note(f"ioctl {fd} {request:#x} {argument:#x} {self._buffer[:16].hex()}")
        self._system.ioctl(fd, request, argument)

    def _discipline(self, fd):
        number = self.chance.choice(DISCIPLINES)
        struct.pack_into("=i", self._buffer, 0, number)
        self.note(f"ioctl {fd} TIOCSETD {number}")
        self._system.ioctl(fd, TIOCSETD, ctypes.addressof(self._buffer))

    def _wait(self, fd):
        """Waits for an event, or for what was written to leave."""
        c = self.chance
        if c.random() < 0.3:
            self.note(f"tcdrain {fd}")
            self._system.ioctl(fd, TCSBRK, 1)
            return
        events = c.getrandbits(8)
        self.note(f"poll {fd} {events:#x}")
        struct.pack_into("=ihh", self._buffer, 0, fd, events, 0)
        self._system.poll(self._buffer, 1, c.choice((0, 0, 1, 20)))

    def _file(self, fd):
        """What a file is asked for, whatever it is."""
        c = self.chance
        how = c.randrange(4)
        self.note(f"file {fd} {how}")
        if how == 0:
            self._system.fcntl(fd, 4, c.choice((0, os.O_NONBLOCK, os.O_APPEND, 0o20000)))
        elif how == 1:
            twin = self._system.dup(fd)
            if twin >= 0:
                self._fds.append(twin)
        elif how == 2:
            self._system.lseek(fd, c.getrandbits(16), c.randrange(4))
        else:
            self._system.fcntl(fd, 8, os.getpid())

    def step(self):
        c = self.chance
        if len(self._fds) < 2 or c.random() < 0.03:
            self._open()
        if len(self._fds) > OPEN or c.random() < 0.02:
            self._close()
        fd = self._fd()
        if fd < 0:
            # Nobody may open any port just now.
            time.sleep(0.05)
            return
        c.choices((self._transfer, self._settings, self._control, self._wait, self._file),
                  (6, 4, 6, 2, 1))[0](fd)
        # A session leader that was hung up has no terminal any more; all others go on.
        if ctypes.get_errno() == errno.ENXIO and c.random() < 0.01:
            self.note("TIOCNOTTY")
            self._system.ioctl(fd, 0x5422, 0)


class TtyChanger(Changer):
    """Changes are rare beside what the threads do."""

    def step(self):
        super().step()
        signal.sigtimedwait([signal.SIGUSR2], 0.02)


def crews(seed, directory):
    """Two processes of three threads, and a changer."""
    os.makedirs(directory, exist_ok=True)
    made = []
    for process in "ab":
        shared = []
        made.append([TtyWorker(seed, f"tty-{process}{n}", shared) for n in range(3)])
    return [*made, [TtyChanger(seed, "tty-changer", GUESTS, directory, CHANGES, GROWTH, 0.3)]]
