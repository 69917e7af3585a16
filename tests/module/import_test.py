#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests of other hypervisors: made whole or not at all, and the same once more."""
from lib import (ctl, ctl_json, ctl_raw, equal, expect, forget_guest, guest_exists, make_guest,
                 run, scratch, test)

ESXI = """displayName = "i-esxi"
uuid.bios = "56 4d 1a 2b 3c 4d 5e 6f-70 81 92 a3 b4 c5 d6 e7"
serial0.present = "TRUE"
serial0.fileType = "file"
serial0.fileName = "{folder}/a|22b.log"
serial1.present = "TRUE"
serial1.fileType = "pipe"
serial1.fileName = "i-debug"
serial2.present = "TRUE"
serial2.fileType = "network"
serial2.fileName = "telnet://:12345"
serial2.startConnected = "FALSE"
"""

DOMAIN = """<domain type='kvm'><name>i-libvirt</name><devices>
<serial type='file'><source path='{folder}/c.log' append='on'/><target port='1'/></serial>
<serial type='pty'><target port='3'/></serial>
</devices></domain>"""


def written(text):
    """A file that holds TEXT, and the folder it is in."""
    folder = scratch()
    path = f"{folder}/guest"
    write(path, text.format(folder=folder))
    return path, folder


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def backings(guest):
    return {port["index"]: port["backing"] for port in ctl_json("port", "show", guest)}


@test
def from_esxi():
    """a guest of ESXi's, and the same again from what export prints of it"""
    path, folder = written(ESXI)
    forget_guest("i-esxi")
    ctl("guest", "import", "--vmx", path)
    first = backings("i-esxi")
    equal(first, {0: f'file:{folder}/a"b.log#append', 1: "pipe:i-debug#near=server&far=guest",
                  2: "telnet://:12345"}, "the backings")
    equal(ctl_json("guest", "show", "i-esxi")["uuid"], "564d1a2b-3c4d-5e6f-7081-92a3b4c5d6e7",
          "the UUID")
    expect(not ctl_json("port", "show", "i-esxi/2")["connect-at-power-on"], "port 2 would connect")
    write(path, ctl("guest", "export", "i-esxi", "--vmx"))
    ctl("guest", "del", "i-esxi")
    ctl("guest", "import", "--vmx", path, "name", "i-esxi")
    equal(backings("i-esxi"), first, "the backings")


@test
def from_libvirt():
    """a domain of libvirt's; what has no counterpart is told"""
    path, folder = written(DOMAIN)
    forget_guest("i-libvirt")
    r = ctl_raw("guest", "import", "--libvirt", path)
    equal(r.status, 0, "the exit status")
    expect("serial3 gets the backing null" in r.err, r.err)
    equal(backings("i-libvirt"), {1: f"file:{folder}/c.log#append", 3: "null"}, "the backings")


@test
def all_or_nothing():
    """of a guest with a port that is refused nothing stays; one that is there is not touched"""
    path, _ = written(ESXI + 'serial3.present = "TRUE"\nserial3.fileType = "device"\n'
                      'serial3.fileName = "/dev/null"\n')
    forget_guest("i-esxi")
    r = ctl_raw("guest", "import", "--vmx", path)
    equal((r.status, r.out), (1, ""), "the exit status and output")
    expect("/dev/null" in r.err, r.err)
    expect(not guest_exists("i-esxi"), "the guest is there")
    make_guest("i-there", 1)
    r = ctl_raw("guest", "import", "--vmx", path, "name", "i-there")
    equal(r.status, 1, "the exit status")
    equal(backings("i-there"), {0: "null"}, "the backings")


@test
def dry_run():
    """dry-run makes nothing, and what it prints makes the guest"""
    path, _ = written(DOMAIN)
    forget_guest("i-libvirt")
    commands = ctl("guest", "import", "--libvirt", path, "dry-run")
    expect(not guest_exists("i-libvirt"), "the guest is there")
    write(path, commands)
    ctl("restore", path)
    equal(sorted(backings("i-libvirt")), [1, 3], "the ports")


run()
