# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the kernel's allocations fail.  Needs FAILSLAB."""
import contextlib
import os

from lib import read_file, write_sysfs

DIRECTORY = "/sys/kernel/debug/failslab"
#: What the kernel loads modules with.
MODPROBE = "/proc/sys/kernel/modprobe"
#: More than any test has.
MANY = 1000000000


def _set(name, value):
    write_sysfs(f"{DIRECTORY}/{name}", str(value))


def there():
    """Is there FAILSLAB?  Then also allocations that may wait, which is nearly
    all, will fail when they are told to, and nothing is said of it."""
    if not os.path.isdir(DIRECTORY):
        return False
    _set("ignore-gfp-wait", "N")
    _set("verbose", 0)
    return True


class Nth:
    """While the block runs, this thread's Nth allocation fails.

    Afterwards, made tells how many it made, up to that one, and hit whether there
    was one.
    """

    def __init__(self, number):
        self.number = number
        self.made = 0
        self.hit = False
        self.fd = os.open("/proc/thread-self/fail-nth", os.O_RDWR)

    def __enter__(self):
        os.pwrite(self.fd, b"%d" % self.number, 0)
        return self

    def __exit__(self, *_):
        left = int(os.pread(self.fd, 16, 0))
        self.made = self.number - left
        self.hit = not left
        os.pwrite(self.fd, b"0", 0)
        os.close(self.fd)


def mark_workers():
    """Has Schedule apply to the kernel's workers that take anybody's work, the
    module's, too."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if read_file(f"/proc/{pid}/comm").startswith("kworker/u"):
                write_sysfs(f"/proc/{pid}/make-it-fail", "1")


class Schedule:
    """While the block runs, of those marked every INTERVALth allocation fails.

    The kernel loads no modules meanwhile: a worker starts modprobe, which would be
    marked, too, and leave file IDs of 9p behind that nobody can use again.
    Afterwards, hits tells how many did.
    """

    def __init__(self, interval):
        self.interval = interval
        self.hits = 0
        self._modprobe = read_file(MODPROBE)

    def __enter__(self):
        write_sysfs(MODPROBE, "\n")
        _set("task-filter", "Y")
        _set("interval", self.interval)
        _set("times", MANY)
        _set("probability", 100)
        return self

    def __exit__(self, *_):
        _set("probability", 0)
        write_sysfs(MODPROBE, self._modprobe)
        self.hits = MANY - int(read_file(f"{DIRECTORY}/times"))
