# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads and writes every attribute below the bus, while guests come and go by netlink.

What an attribute takes is what the YAML says of the setting of the same name; only those
that have no such setting are known here.
"""
import errno
import os
import select
import stat
import uuid

from crew import Worker
from fuzz_netlink import Changer
from grammar import WIDTHS, Values, grammar
from lib import SYSFS

GUESTS = ("f-sys-0", "f-sys-1", "f-sys-2")
#: Where attributes are, besides those of devices.
PLACES = (SYSFS, "/sys/module/vserial", "/sys/module/vserial/parameters")
#: Files of the driver core that would write to the whole machine's devices.
SPARED = ("drivers_probe", "bind", "unbind")
#: What the changer asks for.
CHANGES = ("guest-new", "guest-set", "guest-del", "port-new", "port-set", "port-del",
           "port-connect", "port-disconnect", "service-new", "service-del", "guest-migrate")
GROWTH = ("guest-new", "port-new", "port-set")
#: Descriptors that a worker keeps, whatever becomes of the device.
KEPT = 6


def special(values, name):
    """A good line for an attribute that is no setting of the YAML's."""
    c = values.chance
    return {
        "new_guest": lambda: c.choice(values.guests),
        "del_guest": lambda: c.choice(values.guests) + c.choice(("", " force")),
        "new_port": lambda: f"{c.randrange(4)}" + c.choice(("", f" {values.specification()}")),
        "del_port": lambda: f"{c.randrange(4)}" + c.choice(("", " force")),
        "owner": lambda: c.choice(("0:0", "61001:61002", "61001", "root", "", "none", "0")),
        "vmotion_limit": lambda: str(c.choice((0, 1, 1000, 3600000, 3600001))),
        "uuid": lambda: str(uuid.UUID(bytes=c.randbytes(16))) if c.random() < 0.8 else "",
        "connected": lambda: c.choice(("on", "off")),
        "uevent": lambda: c.choice(("change", "add", "change " + str(uuid.UUID(int=1)) + " A=b")),
        "control": lambda: c.choice(("on", "auto")),
        "autosuspend_delay_ms": lambda: "100",
    }.get("uuid" if name.endswith("uuid") else name, lambda: None)()


class SysfsWorker(Worker):
    """Reads and writes attributes."""

    def __init__(self, seed, number, directory):
        super().__init__(seed, f"sysfs-{number}")
        self._values = Values(self.chance, GUESTS, directory)
        self._settings = grammar().sets["port"]
        self._kept = []

    def _good(self, name):
        """A line that the attribute NAME may well take."""
        c = self.chance
        line = special(self._values, name)
        if line is not None:
            return line.encode()
        setting = self._settings.get(name.replace("_", "-"))
        if setting is None:
            return b"0"
        if setting.kind == "string":
            return self._values.text(setting.name)
        if setting.enum:
            return c.choice(list(setting.enum)).encode()
        if setting.kind == "u8":
            return c.choice((b"on", b"off", b"0", b"1"))
        return str(setting.number_value(c)).encode() if setting.kind in WIDTHS else b""

    def _line(self, name):
        c = self.chance
        line = self._good(name) + c.choice((b"\n", b"\n", b""))
        if c.random() < 0.8:
            return line
        return c.choice((
            lambda: self._values.twisted(line), lambda: b"", lambda: b"\n", lambda: b"\0" * 8,
            lambda: line * 2, lambda: b"x" * c.choice((64, 4094, 4095, 4096, 4097, 65536)),
            lambda: b"'" + line, lambda: b"\"a b\" 'c", lambda: b"-1", lambda: b"0x10",
            lambda: b"18446744073709551616", lambda: b" " * 4000 + b"1", lambda: c.randbytes(40)))()

    def _path(self):
        """An attribute, or None if it went away meanwhile."""
        c = self.chance
        devices = f"{SYSFS}/devices"
        place = c.choice(PLACES)
        if c.random() < 0.9:
            names = os.listdir(devices)
            if not names:
                return f"{SYSFS}/new_guest"
            place = os.path.realpath(f"{devices}/{c.choice(sorted(names))}")
        for _ in range(3):
            names = [n for n in sorted(os.listdir(place)) if n not in SPARED]
            if not names:
                return None
            path = f"{place}/{c.choice(names)}"
            mode = os.lstat(path).st_mode
            if stat.S_ISREG(mode):
                return path
            if stat.S_ISDIR(mode):
                place = path
        return None

    def _use(self, fd, name):
        """Does something with an open attribute."""
        c = self.chance
        how = c.randrange(10)
        at = 0 if c.random() < 0.9 else c.choice((1, 4095, 4096, 1 << 31))
        if how < 5:
            line = self._line(name)
            self.note(f"write {name} at {at}: {line[:100]!r} {len(line)}")
            os.pwrite(fd, line, at)
        elif how < 8:
            self.note(f"read {name} at {at}")
            os.pread(fd, c.choice((1, 7, 4096, 65536)), at)
        elif how < 9:
            self.note(f"poll {name}")
            poll = select.poll()
            poll.register(fd, select.POLLPRI | select.POLLIN)
            poll.poll(0)
        else:
            self.note(f"truncate and sync {name}")
            os.ftruncate(fd, 0)
            os.fsync(fd)

    def step(self):
        c = self.chance
        try:
            if self._kept and c.random() < 0.4:
                fd, name = c.choice(self._kept)
                self._use(fd, name)
                return
            path = self._path()
            if path is None:
                return
            mode = os.stat(path).st_mode & 0o777
            flags = (os.O_RDWR if mode & 0o222 and mode & 0o444 else
                     os.O_WRONLY if mode & 0o222 else os.O_RDONLY)
            self.note(f"open {path}")
            fd = os.open(path, flags | os.O_CLOEXEC)
            self._kept.append((fd, os.path.basename(path)))
            if len(self._kept) > KEPT:
                os.close(self._kept.pop(0)[0])
            self._use(fd, os.path.basename(path))
        except OSError as e:
            # The kernel may refuse as it likes; but it has no bad addresses here.
            if e.errno == errno.EFAULT:
                raise


def crews(seed, directory):
    """Two workers and a changer, a process each."""
    os.makedirs(directory, exist_ok=True)
    return [[SysfsWorker(seed, 0, directory)], [SysfsWorker(seed, 1, directory)],
            [Changer(seed, "sysfs-changer", GUESTS, directory, CHANGES, GROWTH, 0.5)]]
