# SPDX-License-Identifier: GPL-2.0-or-later
"""What kmemleak knows.  Needs a kernel booted with kmemleak=on."""
import os
import re
import time

from lib import diag, expect, read_file, write_sysfs

FILE = "/sys/kernel/debug/kmemleak"
#: kmemleak does not suspect what is younger, in seconds
YOUNG = 5
#: Where modules lie: a trace into one that was unloaded has only numbers.
MODULES = re.compile(r"\[vserial\]|\bvserial_|\b(0x)?ffffffff[a-f][0-9a-f]{7}\b(?!\S*\+)")


def scan():
    """Has kmemleak scan; it refuses if it is off or gave up."""
    write_sysfs(FILE, "scan")


def reports():
    """What kmemleak suspects, a text each, after two scans.

    The first scan notes what nothing points to, the second reports what has
    not changed since.
    """
    scan()
    time.sleep(YOUNG + 1)
    scan()
    text = read_file(FILE)
    return [f"unreferenced object{part}"
            for part in text.split("unreferenced object")[1:]]


def expect_no_leak(when):
    found = reports()
    ours = [text for text in found if MODULES.search(text.split("backtrace", 1)[-1])]
    for text in found:
        if text not in ours:
            diag(f"not of this module:\n{text}")
    expect(not ours, f"{len(ours)} leaks {when}:\n{''.join(ours)}")


def there():
    return os.access(FILE, os.W_OK)
