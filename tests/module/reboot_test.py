#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The hypervisor is shut down in order and boots again, with its /etc/vserial kept.

Runs in either boot: what it finds there in the second is what the first left.
"""
import os
import shutil

from lib import (Port, ctl, ctl_json, equal, later, read_file, run, run_program, scratch, test,
                 wait_for)
from loader import insmod, rmmod
from peer import LISTENING, accept, connected, dial, listen
from systemd import Systemd

# vm: --boots 2 --no-daemon
# not on the debug kernel: what is tested is systemd's

ETC = "/etc/vserial"
UNITS = "vseriald", "vserial-restore"
LISTENED, DIALLED = 7001, 7002
CONFIGURATION = """guest add web01 uuid 564d1a2b-3c4d-5e6f-7081-92a3b4c5d6e7 owner daemon
port add web01/0 backing tcp://127.0.0.1:{listened} endpoint server history 4K max-clients 2
port add web01/1 backing tcp://127.0.0.1:{dialled} overflow drop-old stall-limit 0
guest add db
port add db/0 backing pipe:cable
port add db/31 backing 'pipe:cable#near=client' log 'file:{results}/log#append'
guest add without
"""


def results(name):
    return f"{os.environ['RESULTS']}/{name}"


def booted():
    """systemd, which was there before the module is loaded, as in a machine that boots."""
    equal(rmmod(), 0, "the errno of rmmod")
    for folder in results("etc"), ETC:
        os.makedirs(folder, exist_ok=True)
    equal(run_program("mount", "--bind", results("etc"), ETC).status, 0, "the status of mount")
    later(run_program, "umount", "-l", ETC)
    with open("/etc/passwd", "a", encoding="ascii") as f:
        f.write("vserial:x:988:988::/:/usr/sbin/nologin\n")
    systemd = Systemd(wants=UNITS)
    insmod()
    is_now(systemd, "active")
    return systemd


def another_module(systemd):
    """What Documentation/install.md says of that."""
    systemd.ctl("stop", *UNITS)
    equal(rmmod(), 0, "the errno of rmmod")
    insmod()
    is_now(systemd, "active")


def is_now(systemd, state):
    for unit in UNITS:
        wait_for(lambda u=unit: systemd.ctl("is-active", u, check=False).out.strip() == state,
                 f"{unit} is {state}")


def in_use():
    """The guests run; both ends of each cable say something."""
    listening = listen(DIALLED)
    web = [Port("web01", 0), Port("web01", 1)]
    db = [Port("db", 0).open(), Port("db", 31).open()]
    guests = [port.open() for port in web]
    wait_for(lambda: web[0].state == LISTENING, "it listens")
    peers = [dial(LISTENED), accept(listening)]
    for port in web:
        connected(port)
    for guest, peer in zip(guests, peers):
        guest.write_all(b"out")
        equal(peer.read(3), b"out", "what the guest wrote")
        peer.send(b"in")
        equal(guest.read_exactly(2), b"in", "what the peer sent")
    db[0].write_all(b"there")
    equal(db[1].read_exactly(5), b"there", "what came over the null modem")
    db[1].write_all(b"back\n")
    equal(db[0].read_exactly(5), b"back\n", "what came back")
    wait_for(lambda: sorted(s["port"] for s in ctl_json("session", "show")) ==
             [port.name for port in web], "either port has a session")
    for end in *guests, *db:
        end.close()


def shuts_down():
    """guests and ports are made and used, and saved when the machine is shut down"""
    systemd = booted()
    path = f"{scratch()}/configuration"
    with open(path, "w", encoding="ascii") as f:
        f.write(CONFIGURATION.format(listened=LISTENED, dialled=DIALLED,
                                     results=os.environ["RESULTS"]))
    ctl("restore", path)
    in_use()
    with open(results("expected"), "w", encoding="ascii") as f:
        f.write(ctl("save"))
    systemd.ctl("start", "shutdown.target")
    is_now(systemd, "inactive")
    equal(read_file(f"{ETC}/saved"), read_file(results("expected")), "what was saved")


def comes_back():
    """every guest, port and session is back after a reboot, and all with another module"""
    systemd = booted()
    equal(ctl("save"), read_file(results("expected")), "the configuration")
    in_use()
    another_module(systemd)
    equal(ctl("save"), read_file(results("expected")), "the configuration with another module")
    equal(read_file(results("log")), "back\nback\n", "the log of both boots")
    for name in os.listdir(os.environ["RESULTS"]):
        if name != "etc":
            os.unlink(results(name))
    later(shutil.rmtree, results("etc"))


test(shuts_down if os.environ["BOOT"] == "1" else comes_back)
run()
