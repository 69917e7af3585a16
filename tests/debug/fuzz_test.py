#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Fuzzes what the kernel is asked by: netlink, sysfs and the devices themselves.

It is the kernel that judges: KASAN, lockdep, UBSAN, kmemleak and the like; see
tests/fuzz/kernel.  Nobody may hang, the module can be unloaded afterwards, nothing
is leaked, and a port works as ever.  FUZZ_SEED repeats the choices of a run that
said it (default: 1), FUZZ_SECONDS is how long each test lasts.
"""
# time limit: 400
# vm: --append kmemleak=on
import os
import signal
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1] = [os.path.join(HERE, "..", name) for name in ("module", "lib", "fuzz/kernel")]
# pylint: disable=wrong-import-position
import fuzz_netlink
import fuzz_sysfs
import fuzz_tty
import kmemleak
from crew import Run
from lib import (PATIENCE, TEST_LIMIT, delete_guest, diag, equal, forget_client, later,
                 make_port, nl, run, run_program, test, tmpfs, wait_for)
from loader import insmod, may_unload, rmmod

SEED = os.environ.get("FUZZ_SEED") or "1"
SECONDS = float(os.environ.get("FUZZ_SECONDS") or 10)
UDEVD = "/lib/systemd/systemd-udevd"


def write(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


def remove_guests():
    for guest in nl().dump("GUEST_GET"):
        delete_guest(guest["name"])


def rest_udev():
    """Does without udev until the test ends: the devices that come and go would keep it so
    busy that hardly a step was taken.  The kernel makes the nodes itself."""
    run_program("udevadm", "control", "--exit")
    later(run_program, UDEVD, "--daemon", "--resolve-names=late")


def fuzz(*fuzzers):
    """Runs FUZZERS beside each other for SECONDS."""
    signal.alarm(int(SECONDS + TEST_LIMIT))
    diag(f"FUZZ_SEED={SEED} FUZZ_SECONDS={SECONDS:g}")
    # Where they were is told after an oops, too.
    write("/proc/sys/kernel/panic_on_oops", "0")
    rest_udev()
    directory = tmpfs("16M")
    forget_client()
    crews = [crew for fuzzer in fuzzers for crew in fuzzer.crews(SEED, directory)]
    at_work = Run(crews, SECONDS)
    at_work.finish()
    diag(at_work.steps())
    remove_guests()
    equal(nl().dump("GUEST_GET"), [], "the guests that are left")
    forget_client()


@test
def netlink():
    """requests made from the YAML, and spoiled ones"""
    fuzz(fuzz_netlink)


@test
def sysfs():
    """every attribute read and written, while guests come and go"""
    fuzz(fuzz_sysfs)


@test
def tty():
    """every ioctl, opens, transfers and hang-ups by threads, while ports come and go"""
    fuzz(fuzz_tty)


@test
def together():
    """all of that at once"""
    fuzz(fuzz_netlink, fuzz_sysfs, fuzz_tty)


@test
def unload():
    """afterwards the module unloads, nothing is leaked, and a port works as ever"""
    # A test that failed left them.
    remove_guests()
    may_unload()
    kmemleak.expect_no_leak("with the module loaded")
    wait_for(lambda: rmmod() == 0, "rmmod", PATIENCE)
    kmemleak.expect_no_leak("without the module")
    insmod()
    handle = make_port("f-after", backing="loopback").open()
    handle.write_all(b"as ever")
    equal(handle.read_exactly(7), b"as ever", "the echo afterwards")


if not kmemleak.there():
    print("1..1\nnot ok 1 - kmemleak is there")
    sys.exit(1)
run()
