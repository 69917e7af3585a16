#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""gdb in one real guest debugs a program in another, over a null modem.

    Linux in QEMU                                        Linux in QEMU
    gdbserver - ttyS1 - port g-a/1 == pipe: == port g-b/1 - ttyS1 - gdb
    console   - ttyS0 - file                  file - ttyS0 - console
"""
# time limit: 900
# not on the debug kernel: guests inside a kernel that is six times slower take hours
import glob
import io
import os
import subprocess
import sys
import zipfile

import lib
from lib import (HERE, N, Skip, expect, later, make_guest, read_file, run,
                 run_program, scratch, test, tool, wait_for)

sys.path.insert(0, f"{HERE}/../lib")
import cpio  # pylint: disable=wrong-import-position,wrong-import-order

#: Two machines boot inside a machine that is emulated, and gdb is large.
BOOTED = lib.TEST_LIMIT / 2
INIT = """#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t devtmpfs dev /dev
echo 1 >/proc/sys/kernel/printk
%s
echo "guest: ends"
$b reboot -f
"""
SERVER = """
/debuggee /dev/ttyS1
echo "guest: serves"
/usr/bin/gdbserver --no-startup-with-shell /dev/ttyS1 /debuggee 2>&1
"""
CLIENT = """
until /debuggee /dev/ttyS1 | $b tee /dev/console | $b grep -q DCD; do $b sleep 1; done
/usr/bin/gdb -nx -batch -x /script /debuggee 2>&1
"""
SCRIPT = """
set confirm off
set sysroot /
set remotetimeout 60
target remote /dev/ttyS1
break reach if turn == 7
continue
backtrace
print turn * 6
print reached
info registers rip
delete
continue
"""


class Initrd(cpio.Archive):
    """busybox, an init, and what is added."""

    def __init__(self, init):
        super().__init__()
        self._made = set()
        self._directory("dev")
        self._directory("proc")
        self.node("dev/console", 5, 1)
        self.node("dev/null", 1, 3)
        self.put("bin/busybox", "/bin/busybox")
        self.put("debuggee", tool("debuggee"))
        self.file("init", (INIT % init).encode())

    def _directory(self, name):
        parent = os.path.dirname(name)
        if parent:
            self._directory(parent)
        if name not in self._made:
            self._made.add(name)
            self.directory(name)

    def put(self, name, source):
        self._directory(os.path.dirname(name)) if "/" in name else None
        with open(source, "rb") as f:
            self.file(name, f.read())

    def program(self, path):
        """A program with the libraries it is linked with."""
        words = run_program("ldd", path).out.split()
        for each in sorted({w for w in words if w.startswith("/")} | {path}):
            if each not in self._made:
                self._made.add(each)
                self.put(each.lstrip("/"), each)

    def python(self):
        """What gdb's Python needs to start."""
        home = os.path.dirname(os.__file__)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as z:
            for package in ("", "encodings/", "collections/", "importlib/", "re/"):
                for each in glob.glob(f"{home}/{package}*.py"):
                    z.write(each, os.path.relpath(each, home))
        self._directory("usr/lib")
        self.file("usr/lib/python{}{}.zip".format(*sys.version_info), packed.getvalue())
        for each in glob.glob("/usr/share/gdb/python/**/*.py", recursive=True):
            self.put(each.lstrip("/"), each)


def boot(name, ports, initrd, directory):
    """Starts a guest with a console and a second serial port."""
    path = f"{directory}/{name}"
    with open(path, "wb") as f:
        f.write(initrd.close())
    accel = (["-accel", "kvm", "-cpu", "host"] if os.access("/dev/kvm", os.W_OK)
             else ["-accel", "tcg", "-cpu", "max"])
    process = subprocess.Popen(
        ["qemu-system-x86_64", "-M", "q35", *accel, "-m", "512", "-smp", "1",
         "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
         "-kernel", os.environ["GUEST_KERNEL"], "-initrd", path, "-append",
         "console=ttyS0 panic=-1 nokaslr mitigations=off tsc=reliable no_timer_check quiet",
         "-chardev", f"serial,id=a,path={ports[0].wait_link()}",
         "-chardev", f"serial,id=b,path={ports[1].wait_link()}",
         "-serial", "chardev:a", "-serial", "chardev:b"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def end():
        process.kill()
        process.wait()
    later(end)
    return process


@test
def gdb_over_the_cable():
    """gdb stops a program in another guest, looks at it and lets it go on"""
    if lib.SLOWNESS <= 1 or "GUEST_KERNEL" not in os.environ:
        raise Skip("two guests and gdb take minutes; make soak runs it")
    for module in ("kvm_amd", "kvm_intel"):
        run_program("modprobe", "-q", module)
    d = scratch()
    a, b = make_guest("g-a", 2), make_guest("g-b", 2)
    consoles = []
    for ports, side in ((a, "server"), (b, "client")):
        console = f"{d}/console-{ports[0].guest}"
        consoles.append(console)
        ports[0].set(backing=f"file:{console}")
        ports[1].set(backing=f"pipe:gdb#near={side}", stall_limit=0)

    server = Initrd(SERVER)
    server.program("/usr/bin/gdbserver")
    boot("a", a, server, d)
    wait_for(lambda: "guest: serves" in read_file(consoles[0]),
             "the first guest is up", BOOTED)
    client = Initrd(CLIENT)
    client.program("/usr/bin/gdb")
    client.python()
    client.file("script", SCRIPT.encode(), 0o644)
    boot("b", b, client, d)
    try:
        wait_for(lambda: "guest: ends" in read_file(consoles[1]),
                 "gdb is done", BOOTED)
        said = read_file(consoles[1])
        # DTR, raised by gdbserver's guest, is this guest's DCD and DSR.
        for words in ("CTS DSR DCD", "Breakpoint 1, reach (turn=7)", "#1 ",
                      "main (argc=1", "$1 = 42", "$2 = 21", "reach+",
                      "exited normally"):
            expect(words in said, f"gdb did not say {words!r}")
        wait_for(lambda: "reached 500500" in read_file(consoles[0]),
                 "the program came to its end")
        for port in (a[1], b[1]):
            expect(not port.dropped_bytes, f"{port.name} dropped {port.dropped_bytes} bytes")
            expect(port.state in (N.VSERIAL_STATE_CONNECTED, N.VSERIAL_STATE_LISTENING,
                                  N.VSERIAL_STATE_CONNECTING,
                                  N.VSERIAL_STATE_RECOVERABLE_ERROR), port.reason)
    except AssertionError as e:
        raise AssertionError("\n".join([str(e), *(f"--- {c}:\n{read_file(c)[-3000:]}"
                                                   for c in consoles)])) from e


run()
