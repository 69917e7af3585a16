#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""gdb debugs the kernel of a real guest, and takes a port for its serial line.

    Linux in QEMU   kgdb    - ttyS1 - port k-guest/1 == pipe: == port k-desk/0 - gdb
                    console - ttyS0 - port k-guest/0 - file
"""
# time limit: 900
# not on the debug kernel: a guest inside a kernel that is six times slower takes hours
import os
import re
import socket
import subprocess
import sys

import lib
from lib import (HERE, Skip, equal, expect, later, make_guest, read_file, run, scratch, test,
                 wait_for)

sys.path.insert(0, f"{HERE}/../lib")
from qmp import Qmp  # pylint: disable=wrong-import-position,wrong-import-order

#: A machine boots inside a machine that is emulated, and gdb reads a kernel.
BOOTED = lib.TEST_LIMIT / 2
INIT = """#!/bin/busybox sh
echo "guest: is up"
read -r line
echo "guest: heard $line"
/bin/busybox reboot -f
"""
# The breakpoint is set when the kernel's code is read-only: one from before that is written
# in another way, in which kgdb cannot take it out any more.
SCRIPT = """
set confirm off
set pagination off
set remotetimeout 60
target remote {line}
echo gdb: the kernel waits\\n
print linux_banner
continue
echo gdb: SysRq\\n
backtrace
break kernel_restart
echo gdb: it goes on\\n
continue
echo gdb: restart\\n
backtrace
delete
detach
"""


def boot(ports, directory):
    """Starts the guest, which waits for a debugger; returns its process and its monitor."""
    with open(f"{directory}/init", "w", encoding="ascii") as f:
        f.write(INIT)
    subprocess.run([f"{HERE}/../demo/initrd", f"{directory}/initrd", f"{directory}/init"],
                   check=True)
    listener = socket.socket(socket.AF_UNIX)
    later(listener.close)
    listener.bind(f"{directory}/qmp")
    listener.listen(1)
    listener.settimeout(lib.PATIENCE)
    process = subprocess.Popen(
        ["qemu-system-x86_64", "-M", "pc", "-accel", "tcg", "-m", "128",
         "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
         "-kernel", f"{os.environ['KGDB_KERNEL']}/arch/x86/boot/bzImage",
         "-initrd", f"{directory}/initrd", "-append",
         "console=ttyS0,115200 kgdboc=ttyS1,115200 kgdbwait nokaslr panic=-1",
         "-qmp", f"unix:{directory}/qmp",
         "-chardev", f"serial,id=console,path={ports[0].wait_link()}",
         "-chardev", f"serial,id=kgdb,path={ports[1].wait_link()}",
         "-serial", "chardev:console", "-serial", "chardev:kgdb"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def end():
        process.kill()
        process.wait()
    later(end)
    connection, _ = listener.accept()
    later(connection.close)
    qmp = Qmp(connection)
    later(qmp.close)
    return process, qmp


class Seat:
    """Somebody at a port's console."""

    def __init__(self, port):
        # pylint: disable=consider-using-with
        self._process = subprocess.Popen(["vserialctl", "console", port.name, "force"],
                                         stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        later(self._process.wait)
        later(self._process.kill)

    def types(self, text):
        self._process.stdin.write(text.encode())
        self._process.stdin.flush()


@test
def kgdb_over_the_cable():
    """gdb attaches to a guest's kernel as it boots, when SysRq calls it, and at a breakpoint"""
    if "KGDB_KERNEL" not in os.environ:
        raise Skip("Debian's kernels have no kgdb; make soak builds one that has")
    directory = scratch()
    guest, [desk] = make_guest("k-guest", 2), make_guest("k-desk", 1)
    console, said = f"{directory}/console", f"{directory}/gdb"
    guest[0].set(backing=f"file:{console}")
    # A debugger at a prompt of its own takes nothing, and must lose nothing.
    guest[1].set(backing="pipe:kgdb", stall_limit=0)
    desk.set(backing="pipe:kgdb#near=client", stall_limit=0)
    machine, qmp = boot(guest, directory)
    wait_for(lambda: "Waiting for connection from remote gdb" in read_file(console),
             "the kernel waits for a debugger", BOOTED)

    with open(f"{directory}/script", "w", encoding="ascii") as f:
        f.write(SCRIPT.format(line=desk.wait_link()))
    with open(said, "wb") as out:
        gdb = subprocess.Popen(["gdb", "-nx", "-batch", "-x", f"{directory}/script",
                                f"{os.environ['KGDB_KERNEL']}/vmlinux"],
                               stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
    later(gdb.wait)
    later(gdb.kill)
    try:
        wait_for(lambda: "guest: is up" in read_file(console), "the guest is up", BOOTED)
        seat = Seat(guest[0])
        # SysRq waits five seconds for its key, so that the seat has to be taken by then.
        seat.types("good ")
        wait_for(lambda: "good " in read_file(console), "the guest echoes", BOOTED)
        qmp.tell("chardev-send-break", id="console")
        seat.types("g")
        wait_for(lambda: "gdb: SysRq" in read_file(said), "gdb is called", BOOTED)
        # What is typed before the kernel does go on waits in its UART.
        wait_for(lambda: "gdb: it goes on" in read_file(said), "gdb lets it go on", BOOTED)
        seat.types("bye\n")
        equal(gdb.wait(BOOTED), 0, "gdb's exit status")
        equal(machine.wait(BOOTED), 0, "QEMU's exit status")
        told = read_file(said)
        expect("guest: heard good bye" in read_file(console), "the guest heard something else")
        # Where it is inlined, too, the breakpoint has two places: 1.1 and 1.2.
        for words in ("Linux version 6\\.1", "sysrq_handle_dbg",
                      "Breakpoint 1(\\.[12])?, kernel_restart", "__do_sys_reboot"):
            expect(re.search(words, told), f"gdb did not say {words!r}")
        for port in (guest[1], desk):
            equal(port.dropped_bytes, 0, f"bytes that {port.name} dropped")
    except AssertionError as e:
        raise AssertionError(f"{e}\n--- console:\n{read_file(console)[-3000:]}"
                             f"\n--- gdb:\n{read_file(said)[-3000:]}") from e


run()
