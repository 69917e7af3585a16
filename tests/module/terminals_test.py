#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs of others that open a port as their serial line: picocom, minicom, screen, agetty.

    program  <->  port  == null modem ==  port  <->  test
"""
import os
import subprocess

from lib import PATIENCE, equal, expect, later, make_port, run, scratch, test, wait_for
from terminal import Terminal

CTRL_A = b"\x01"


def null_modem(name):
    """The program's port, and the other end of its cable, open."""
    near = make_port(f"{name}-near", backing=f"pipe:{name}", stall_limit=0)
    far = make_port(f"{name}-far", backing=f"pipe:{name}#near=client", stall_limit=0)
    return near, far.open()


def both_ways(terminal, far):
    """What is typed arrives, and what comes is shown."""
    terminal.keys(b"uname -a\r")
    equal(far.read_exactly(9), b"uname -a\r", "what was typed")
    far.write_all(b"\r\nLinux guest\r\n$ ")
    terminal.shows(b"Linux guest")


def leaves(port, terminal):
    equal(terminal.process.wait(PATIENCE), 0, "the exit status")
    wait_for(lambda: not port.power, "the port is closed")


@test
def picocom():
    """picocom"""
    port, far = null_modem("t-pico")
    terminal = Terminal("picocom", "-b", "115200", port.wait_link())
    terminal.shows(b"Terminal ready")
    both_ways(terminal, far)
    terminal.keys(CTRL_A + b"\x18")
    leaves(port, terminal)


@test
def minicom():
    """minicom"""
    port, far = null_modem("t-mini")
    terminal = Terminal("minicom", "-o", "-b", "115200", "-D", port.wait_link())
    terminal.shows(b"Welcome to minicom")
    wait_for(lambda: port.power, "the port is open")
    both_ways(terminal, far)
    terminal.keys(CTRL_A + b"x")
    terminal.shows(b"Leave")
    terminal.keys(b"\r")
    leaves(port, terminal)


@test
def screen():
    """screen"""
    port, far = null_modem("t-screen")
    os.environ["SCREENDIR"] = scratch()
    os.chmod(os.environ["SCREENDIR"], 0o700)
    terminal = Terminal("screen", "-c", "/dev/null", port.wait_link(), "115200")
    wait_for(lambda: port.power, "the port is open")
    both_ways(terminal, far)
    terminal.keys(CTRL_A + b"ky")
    leaves(port, terminal)


@test
def agetty():
    """agetty asks at the far end for a name, and starts what logs in"""
    port, far = null_modem("t-getty")
    program = f"{scratch()}/login"
    with open(program, "w", encoding="ascii") as f:
        f.write('#!/bin/sh\necho "it is $*"\n')
    os.chmod(program, 0o755)
    # pylint: disable=consider-using-with
    getty = subprocess.Popen(["setsid", "-w", "agetty", "-L", "-i", "-l", program, "-o", "\\u",
                              "115200", os.path.relpath(os.path.realpath(port.wait_link()),
                                                        "/dev"), "vt100"],
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
    later(getty.wait)
    later(getty.kill)
    reads(far, b"login: ")
    far.write_all(b"person\r")
    reads(far, b"it is person")
    equal(getty.wait(PATIENCE), 0, "the exit status")


def reads(far, text):
    """Reads until there is a text."""
    got = b""
    while text not in got:
        expect(len(got) < 4096, f"{text} is not in {got}")
        got += far.read_exactly(1)


run()
