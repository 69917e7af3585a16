#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""vserial-vspc as the shipped unit runs it, under a real systemd."""
import os
import pwd
import shutil
import sys

# not on the debug kernel: what is tested is systemd's

from lib import equal, later, read_file, run, run_program, test, wait_for
from systemd import HERE, Systemd

sys.path.insert(0, os.path.join(HERE, "../lib"))
from vspc import Machine, Viewer  # noqa: E402

CONF = "/etc/vserial/vserial-vspc.conf"
LOGS = "/var/log/vserial-vspc"


@test
def as_a_service():
    """restrictions are in force; it serves, writes files, reloads, is replaced, and ends"""
    equal(run_program("systemd-sysusers",
                      f"{HERE}/../../helper/vseriald/vseriald.sysusers").status, 0, "the user")
    os.makedirs(os.path.dirname(CONF), exist_ok=True)
    with open(CONF, "w", encoding="ascii") as f:
        f.write(f"log-folder = {LOGS}\nviewers = telnet://127.0.0.1:81\n")
    later(os.unlink, CONF)
    later(shutil.rmtree, LOGS, True)
    systemd = Systemd("WatchdogSec=5", program="vserial-vspc")

    def serves(number):
        machine = Machine(13370, number=number).up()
        machine.type(b"<%d>" % number)
        viewer = Viewer(81).see("web01")
        viewer.wants(b"<%d>" % number)
        viewer.type(b"typed")
        machine.wants(b"typed")
        return machine, viewer

    systemd.ctl("start", "vserial-vspc")
    equal(systemd.show("ActiveState"), "active", "its state")
    equal(systemd.status("Uid").split()[0], str(pwd.getpwnam("vserial").pw_uid), "its user")
    equal(systemd.status("Seccomp"), "2", "Seccomp")
    equal(systemd.status("NoNewPrivs"), "1", "NoNewPrivs")
    equal(int(systemd.status("CapEff"), 16) & ~(1 << 10), 0, "CapEff but for addresses")
    machine, viewer = serves(1)
    # Who rotates the files has it open them anew; connections stay.
    os.rename(f"{LOGS}/web01.log", f"{LOGS}/web01.log.1")
    systemd.ctl("reload", "vserial-vspc")
    wait_for(lambda: "settings have been read again" in systemd.said(), "it has reloaded")
    machine.type(b"later")
    viewer.wants(b"later")
    equal(read_file(f"{LOGS}/web01.log"), "later", "what is in the new one")
    equal(read_file(f"{LOGS}/web01.log.1"), "<1>", "what is in the old one")
    for number, how in enumerate(("KILL", "STOP"), 2):
        pid = systemd.show("MainPID")
        systemd.inside("kill", f"-{how}", pid)
        wait_for(lambda p=pid: systemd.show("MainPID") not in (p, "0") and
                 systemd.show("ActiveState") == "active", f"another comes after {how}")
        serves(number)
    systemd.ctl("stop", "vserial-vspc")
    equal(systemd.show("Result"), "success", "its result")


run()
