#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The module's tests while memory keeps running out.

Each script of tests/module runs with allocations failing in what it asks of the
module (see starve.py) and in the workers.  Its tests may fail of that, and most
do.  But the kernel reports nothing, all processes end, the module can be unloaded
afterwards, and at last nothing is leaked.  Needs FAILSLAB and kmemleak.
"""
# time limit: 1800
# vm: --append kmemleak=on
import contextlib
import ctypes
import glob
import os
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1] = [os.path.join(HERE, "..", "module"), os.path.join(HERE, "..", "lib")]
# pylint: disable=wrong-import-position
import failslab
import klog
import kmemleak
import marks
from lib import (PATIENCE, delete_guest, diag, expect, forget_client, later, nl, read_file,
                 run, scratch, test, wait_for)
from loader import loaded, may_unload, rmmod

#: How many allocations of workers succeed before one fails.  Odd, because with
#: kmemleak every second one is kmemleak's.
INTERVAL = 11
#: A tenth of the patience: what failed is mostly waited for in vain.
SLOWNESS = "0.1"
#: What a script may take, in seconds, once one of its tests has ended.
LIMIT = float(os.environ.get("STARVE") or 60)
PR_SET_CHILD_SUBREAPER = 36


def is_child(pid):
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        parent = read_file(f"/proc/{pid}/stat").rpartition(")")[2].split()[1]
        return int(parent) == os.getpid()
    return False


def children():
    return [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and is_child(pid)]


def end_children():
    """Ends this process's children, and theirs; are there none left?"""
    for pid in children():
        os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
    return not children()


def results(output):
    """How many tests have passed and failed, and the last lines."""
    lines = read_file(output).splitlines()
    return (*(sum(line.startswith(word) for line in lines) for word in ("ok ", "not ok ")),
            lines[-5:])


def starve(script, output):
    """Runs SCRIPT while memory runs out, until it ends, or LIMIT is over and it did something."""
    start = time.monotonic()

    def over():
        passed, failed, _ = results(output)
        return time.monotonic() - start > (LIMIT if passed + failed else PATIENCE)

    # Not on the machine's file system, which must not starve.
    environment = {**os.environ, "SLOWNESS": SLOWNESS, "TMPDIR": "/dev/shm"}
    with open(output, "wb") as out, \
         subprocess.Popen([f"{HERE}/starve.py", script], env=environment,
                          stdin=subprocess.DEVNULL, stdout=out, stderr=out) as process:
        later(wait_for, end_children, f"the end of what {script} left")
        while process.poll() is None and not over():
            failslab.mark_workers()
            time.sleep(0.5)
        if process.poll() is None:
            diag(f"ended after {time.monotonic() - start:.0f} s")
            process.kill()
        wait_for(end_children, f"the end of what {script} started")


def clean_up():
    """Removes all there is, and the module."""
    # A script may have been ended when it had unloaded it.
    if not loaded():
        return
    for guest in nl().dump("GUEST_GET"):
        delete_guest(guest["name"])
    forget_client()
    wait_for(lambda: rmmod() == 0, "rmmod")


def starved(script):
    """A test of SCRIPT."""
    name = os.path.basename(script)

    def function():
        may_unload()
        output = f"{scratch(dir='/dev/shm')}/output"
        with failslab.Schedule(INTERVAL) as workers:
            starve(script, output)
        passed, failed, last = results(output)
        diag(f"{passed} tests passed, {failed} failed, {workers.hits} allocations of workers")
        expect(passed + failed, f"no test ran: {last}")
        clean_up()
    function.__name__ = name.split(".")[0]
    function.__doc__ = f"{name} while memory runs out: no hang, and rmmod works"
    test(function)


for path in sorted(glob.glob(f"{HERE}/../module/*_test.py")):
    if not marks.mark(path, "not on the debug kernel"):
        starved(path)


@test
def leaks():
    """kmemleak finds nothing of the module after all that"""
    may_unload()
    if loaded():
        kmemleak.expect_no_leak("with the module loaded")
        wait_for(lambda: rmmod() == 0, "rmmod")
    kmemleak.expect_no_leak("without the module")


if not failslab.there() or not kmemleak.there():
    print("1..1\nnot ok 1 - FAILSLAB and kmemleak are there")
    sys.exit(1)
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
# The kernel also tells where memory ran out, with a trace.
run(klog.BUG)
