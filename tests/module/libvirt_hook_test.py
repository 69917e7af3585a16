#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The hook for libvirt, called as libvirt 9.0 calls it, with the XML that it prints.

Of a domain that starts, hooks are called with: prepare begin, start begin, started begin;
of one that ends: stopped end, release end; on the host that one comes to: migrate begin
in front of prepare begin.  The last argument was "-" in all of them.
"""
import os
import stat

from lib import (Port, ctl, ctl_json, equal, expect, forget_guest, later, run, run_program, test,
                 wait_for)
from moving import migration

HERE = os.path.dirname(os.path.abspath(__file__))
HOOK = f"{HERE}/../../packaging/libvirt-hook"
CONF = "/etc/vserial/vseriald.conf"
UUID = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
#: What libvirt runs QEMU as on Debian.
QEMU = (64055, 994)
OWNER, GROUP = 61001, 61004

SERIAL = """    <serial type='{kind}'>
{source}      <target type='isa-serial' port='{index}'>
        <model name='isa-serial'/>
      </target>
    </serial>
"""
DOMAIN = """<domain type='qemu' id='2'>
  <name>{name}</name>
  <uuid>{uuid}</uuid>
  <description>&lt;source path='/dev/vserial/other/0'/&gt;</description>
  <memory unit='KiB'>16384</memory>
  <currentMemory unit='KiB'>16384</currentMemory>
  <vcpu placement='static'>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc-i440fx-7.2'>hvm</type>
    <boot dev='hd'/>
  </os>
  <on_poweroff>destroy</on_poweroff>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <controller type='pci' index='0' model='pci-root'/>
{serials}{console}    <memballoon model='virtio'>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x02' function='0x0'/>
    </memballoon>
  </devices>
</domain>
"""
CONSOLE = """    <console type='dev'>
      <source path='{path}'/>
      <target type='serial' port='0'/>
    </console>
"""


def domain(name, *paths):
    """A domain's XML; a path that is None is a serial device of another kind."""
    serials = "".join(SERIAL.format(kind="dev" if path else "null", index=index,
                                    source=f"      <source path='{path}'/>\n" if path else "")
                      for index, path in enumerate(paths))
    console = CONSOLE.format(path=paths[0]) if paths and paths[0] else ""
    return DOMAIN.format(name=name, uuid=UUID, serials=serials, console=console)


def hook(xml, *words):
    """Calls it for the domain NAME, as libvirt does; what it prints would be the domain."""
    name = xml.split("<name>")[1].split("<")[0]
    done = run_program(HOOK, name, *words, "-", stdin=xml)
    equal(done.out, "", "what it prints")
    return done.status, done.err


def called(xml, *words):
    equal(hook(xml, *words), (0, ""), f"exit status and complaint at {words}")


def guests():
    return [guest["name"] for guest in ctl_json("guest", "show")]


@test
def made():
    """before a domain starts its guest and ports are made, once, and nothing else"""
    xml = domain("hook-a", "/dev/vserial/hook-a/0", None, "/dev/vserial/hook-a/2")
    forget_guest("hook-a")
    called(xml, "prepare", "begin")
    equal(ctl_json("guest", "show", "hook-a")["uuid"], UUID, "its UUID")
    equal([port["index"] for port in ctl_json("port", "show", "hook-a")], [0, 2], "its ports")
    expect("other" not in guests(), "a guest that is spoken of is made")
    for index in 0, 2:
        expect(os.path.exists(f"/dev/vserial/hook-a/{index}"), f"there is no link of port {index}")
    Port("hook-a", 0).set(rate="100K")
    called(xml, "prepare", "begin")
    equal(Port("hook-a", 0).rate, 102400, "a setting that was made since")
    for words in (("start", "begin"), ("started", "begin"), ("stopped", "end"), ("restore", "begin"),
                  ("reconnect", "begin"), ("attach", "begin")):
        called(xml, *words)


@test
def others():
    """domains that have no port of vserial are none of its business"""
    before = guests()
    for xml in (domain("hook-b"), domain("hook-b", None),
                domain("hook-b", "/dev/ttyS0", "/dev/vserial/../hook-b/0")):
        for words in (("prepare", "begin"), ("migrate", "begin"), ("release", "end")):
            called(xml, *words)
    equal(guests(), before, "guests")


@test
def impossible():
    """a domain whose port cannot be is not started, and libvirt is told why"""
    forget_guest("hook-c")
    status, said = hook(domain("hook-c", "/dev/vserial/hook-c/32"), "prepare", "begin")
    equal(status, 1, "the exit status")
    expect("domain 'hook-c' needs the port 'hook-c/32', which cannot be made" in said, said)
    expect("vserialctl: " in said, said)


@test
def gives_back():
    """a device that libvirt gave to QEMU is its owner's again when the domain has ended"""
    forget_guest("hook-d")
    ctl("guest", "add", "hook-d", "owner", f"{OWNER}:{GROUP}", "ports", "1")
    port = Port("hook-d")
    path = port.wait_link()

    def owner():
        s = os.stat(path)
        return s.st_uid, s.st_gid, stat.S_IMODE(s.st_mode)
    wait_for(lambda: owner() == (OWNER, GROUP, 0o660), "it is its owner's")
    # As libvirt does when a domain starts, and ends.
    os.chown(path, *QEMU)
    tty = port.open()
    called(domain("hook-d", path), "prepare", "begin")
    equal(owner()[:2], QEMU, "whose it is while the domain runs")
    tty.close()
    os.chown(path, 0, 0)
    os.chmod(path, 0o600)
    called(domain("hook-d", path), "stopped", "end")
    called(domain("hook-d", path), "release", "end")
    wait_for(lambda: owner() == (OWNER, GROUP, 0o660), "it is its owner's again")
    equal(port.power, 0, "its power")


def takes_guests(setting):
    os.makedirs(os.path.dirname(CONF), exist_ok=True)
    with open(CONF, "w", encoding="ascii") as f:
        f.write(f"# migrate-certificate = /none\n{setting}\n")
    later(os.unlink, CONF)


@test
def comes():
    """a domain that comes from another host is expected where guests are taken"""
    xml = domain("hook-e", "/dev/vserial/hook-e/0")
    forget_guest("hook-e")
    takes_guests("migrate-certificate = /etc/vserial/host.pem")
    called(xml, "migrate", "begin")
    equal(migration("hook-e"), "incoming", "where it stands")
    called(xml, "prepare", "begin")
    port = Port("hook-e")
    tty = port.open()
    equal(port.power, 0, "its power")
    # It came to nothing.
    tty.close()
    called(xml, "stopped", "end")
    called(xml, "release", "end")
    equal(migration("hook-e"), "aborted", "where it stands")
    # It comes, and who hands it over completes it.
    called(xml, "migrate", "begin")
    port.open()
    ctl("migrate", "complete", "hook-e")
    equal(port.power, 1, "its power")
    called(xml, "release", "end")
    equal(migration("hook-e"), "completed", "where it stands")
    # It cannot come while it is on here.
    status, said = hook(xml, "migrate", "begin")
    equal(status, 1, "the exit status")
    expect("domain 'hook-e' cannot come: the guest 'hook-e' is not ready for it" in said, said)
    expect("is open" in said, said)


@test
def comes_unexpected():
    """where no guests are taken a domain that comes has its ports at once"""
    xml = domain("hook-f", "/dev/vserial/hook-f/0")
    forget_guest("hook-f")
    takes_guests("")
    called(xml, "migrate", "begin")
    equal(migration("hook-f"), "none", "where it stands")
    port = Port("hook-f")
    port.open()
    equal(port.power, 1, "its power")


run()
