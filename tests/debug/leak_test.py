#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the module leaks, by kmemleak.

All that the module allocates is made and removed many times over; then kmemleak
looks for memory that nothing points to, with the module loaded and without it.
Needs a kernel booted with kmemleak=on.
"""
import contextlib
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "module"))
# pylint: disable=wrong-import-position
import genl
from lib import (N, diag, expect, forget_client, make_guest, make_port, nl, read_file,
                 remove_guest, run, scratch, string, test, wait_for, write_sysfs)
from loader import insmod, may_unload, rmmod

KMEMLEAK = "/sys/kernel/debug/kmemleak"
#: kmemleak does not suspect what is younger, in seconds
YOUNG = 5
#: Where modules lie: a trace into one that was unloaded has only numbers.
MODULES = re.compile(r"\[vserial\]|\bvserial_|\b(0x)?ffffffff[a-f][0-9a-f]{7}\b(?!\S*\+)")
ROUNDS = 5


def scan():
    """Has kmemleak scan; it refuses if it is off or gave up."""
    write_sysfs(KMEMLEAK, "scan")


def reports():
    """What kmemleak suspects, a text each, after two scans.

    The first scan notes what nothing points to, the second reports what has
    not changed since.
    """
    scan()
    time.sleep(YOUNG + 1)
    scan()
    text = read_file(KMEMLEAK)
    return [f"unreferenced object{part}"
            for part in text.split("unreferenced object")[1:]]


def expect_no_leak(when):
    found = reports()
    ours = [text for text in found if MODULES.search(text.split("backtrace", 1)[-1])]
    for text in found:
        if text not in ours:
            diag(f"not of this module:\n{text}")
    expect(not ours, f"{len(ours)} leaks {when}:\n{''.join(ours)}")


def use(port, backing):
    """Has bytes go both ways, and some stay, with BACKING behind PORT."""
    port.set(backing=backing)
    port.connect()
    handle = port.open()
    handle.write_all(b"x" * 100000)
    handle.read()
    port.disconnect()
    handle.write(b"y" * 5000)
    handle.close()


def refusals(port):
    """Requests that are refused after some of their work was done."""
    for backing in ("file:/nowhere/at/all", "file:relative", "loopback:what", "what"):
        with contextlib.suppress(genl.Refused):
            port.set(backing=backing)
    with contextlib.suppress(genl.Refused):
        nl().call("GUEST_NEW", string(N.VSERIAL_A_GUEST_NAME, port.guest))


def work():
    """Uses all there is, and removes it."""
    directory = scratch(dir="/dev/shm")
    for number in range(ROUNDS):
        ports = make_guest("d-leak", 4, history=1 << 17)
        use(ports[0], "null")
        use(ports[1], "loopback")
        use(ports[2], f"file:{directory}/log{number}#max-size=32K&keep=2")
        refusals(ports[3])
        client = genl.Client()
        client.subscribe()
        client.dump("PORT_GET")
        ports[3].remove()
        client.close()
        # removed under its opener
        handle = ports[0].open()
        remove_guest("d-leak", force=True)
        handle.close()
    forget_client()


@test
def loaded():
    """kmemleak finds nothing of the module after guests came and went"""
    work()
    expect_no_leak("with the module loaded")


@test
def unloaded():
    """kmemleak finds nothing of the module after it was unloaded"""
    may_unload()
    for _ in range(ROUNDS):
        make_port("d-left", backing="loopback").open().close()
        forget_client()
        wait_for(lambda: rmmod() == 0, "rmmod")
        insmod()
    forget_client()
    wait_for(lambda: rmmod() == 0, "rmmod")
    expect_no_leak("without the module")


if not os.access(KMEMLEAK, os.W_OK):
    print(f"1..1\nnot ok 1 - kmemleak is there\n# there is no {KMEMLEAK}")
    sys.exit(1)
run()
