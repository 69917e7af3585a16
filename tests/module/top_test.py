#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""vserialctl top as people run it: from afar.

    terminal - ssh  == TCP ==  dropbear - pty - vserialctl top
"""
import os
import shutil
import subprocess

from lib import PATIENCE, equal, later, make_guest, run, scratch, test, wait_for
from peer import listens, tcp_port
from terminal import Terminal

CLEAR = b"\x1b[?1049h"
HOME = b"\x1b[H"
RESTORE = b"\x1b[?1049l"


def server():
    """An ssh server that lets root in with a key; the words that call it."""
    folder, number = scratch(), tcp_port()
    for line in (("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{folder}/key"),
                 ("dropbearkey", "-t", "ed25519", "-f", f"{folder}/host_key")):
        subprocess.run(line, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
    # The VM's own, which is gone with it.
    os.makedirs("/root/.ssh", mode=0o700, exist_ok=True)
    shutil.copy(f"{folder}/key.pub", "/root/.ssh/authorized_keys")
    process = subprocess.Popen(["dropbear", "-F", "-E", "-s", "-p", f"127.0.0.1:{number}",
                                "-r", f"{folder}/host_key", "-P", f"{folder}/pid"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    later(process.wait)
    later(process.kill)
    wait_for(lambda: listens(number), "the ssh server")
    return ("ssh", "-F", "/dev/null", "-q", "-tt", "-p", str(number), "-i", f"{folder}/key",
            "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no",
            "-o", "UserKnownHostsFile=/dev/null", "root@127.0.0.1")


@test
def by_ssh():
    """what goes on is seen over ssh; a key sorts, the screen grows, and is left as it was"""
    ports = make_guest("t-top", 32)
    for port in ports:
        port.set(backing="null")
    ports[3].open().write_all(b"x" * 3072)
    terminal = Terminal(*server(), shutil.which("vserialctl"), "top", "t-top", rows=12)
    terminal.shows(CLEAR)
    terminal.shows(b"t-top/3 ")
    terminal.shows(b"3.0K")
    # Only what there is room for, until there is more.
    terminal.resize(50, 100)
    terminal.shows(b"t-top/31")
    writer = ports[30].open()
    terminal.keys(b"t")

    def first():
        """Whoever writes is on top before long."""
        writer.write_all(b"x" * 1000)
        terminal.keys(b" ")
        terminal.shows(HOME)
        terminal.shows(b"t-top/")
        return terminal.shows(b" ") == b"30"
    wait_for(first, "the port that puts out most is the first")
    terminal.keys(b"q")
    terminal.shows(RESTORE)
    equal(terminal.process.wait(PATIENCE), 0, "the exit status")


run()
