#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What is printed for hypervisors: QEMU takes it as it stands."""
import subprocess

from lib import ctl, ctl_raw, equal, expect, later, make_guest, run, test, wait_for


def start_qemu(guest):
    """QEMU with the serial ports that are printed for it, its machine stopped."""
    options = ctl("guest", "export", guest, "--qemu").split()
    qemu = subprocess.Popen(
        ["qemu-system-x86_64", "-S", "-machine", "q35", "-accel", "tcg", "-m", "16", "-display",
         "none", "-nodefaults", "-monitor", "none", *options],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    later(qemu.wait)
    later(qemu.kill)
    return qemu


@test
def all_ports():
    """QEMU opens all 32 ports of a guest"""
    ports = make_guest("x-32", 32)
    qemu = start_qemu("x-32")
    wait_for(lambda: qemu.poll() is not None or all(port.power for port in ports),
             "the power of all ports")
    expect(qemu.poll() is None, "QEMU ended")


@test
def some_ports():
    """those that are missing are left out"""
    ports = make_guest("x-some", 8)
    for port in ports:
        if port.index not in (1, 6):
            ctl("port", "del", port.name)
    qemu = start_qemu("x-some")
    wait_for(lambda: qemu.poll() is not None or ports[1].power and ports[6].power,
             "the power of both")
    expect(qemu.poll() is None, "QEMU ended")


@test
def no_ports():
    """a guest without ports has none in QEMU; one that does not exist is refused"""
    make_guest("x-none", 0)
    equal(ctl("guest", "export", "x-none", "--qemu"), "-serial none\n", "what is printed")
    r = ctl_raw("guest", "export", "x-nobody", "--qemu")
    equal((r.status, r.out), (1, ""), "the exit status and output")
    expect("x-nobody" in r.err, r.err)


run()
