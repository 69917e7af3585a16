#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A real libvirtd starts a machine whose serial ports are a guest's."""
import os
import shutil
import subprocess

from lib import (HERE, PATIENCE, Port, Skip, ctl, ctl_json, equal, expect, forget_guest, later,
                 make_guest, run, run_program, scratch, test, wait_for)

HOOKS = "/etc/libvirt/hooks/qemu.d"
URI = "qemu:///system"
CONF = """
user = "root"
group = "root"
security_driver = "none"
stdio_handler = "file"
namespaces = []
cgroup_controllers = []
remember_owner = 0
"""
DOMAIN = """<domain type='qemu'><name>{name}</name><memory unit='MiB'>16</memory>
<os><type arch='x86_64' machine='pc'>hvm</type></os>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
{serial}</devices></domain>
"""


def virsh(*words):
    done = run_program("virsh", "-q", "-c", URI, *words, timeout=4 * PATIENCE)
    expect(done.status == 0, f"virsh {words}: {done.err}")
    return done.out


def append(path, text):
    with open(path, "a", encoding="ascii") as f:
        f.write(text)


def start_libvirtd():
    """With our hook, for which it looks when it starts."""
    if run_program("sh", "-c", "command -v libvirtd").status:
        raise Skip("needs the packages libvirt-daemon and libvirt-daemon-driver-qemu")
    append("/etc/libvirt/qemu.conf", CONF)
    os.makedirs(HOOKS, exist_ok=True)
    shutil.copy(f"{HERE}/../../packaging/libvirt-hook", f"{HOOKS}/vserial")
    later(os.unlink, f"{HOOKS}/vserial")
    # It starts with no machine as this user, but not without it either.
    if run_program("id", "libvirt-qemu").status:
        append("/etc/group", "libvirt-qemu:x:64055:\n")
        append("/etc/passwd", "libvirt-qemu:x:64055:64055::/:/usr/sbin/nologin\n")
    said = f"{scratch()}/log"
    with open(said, "wb") as log:
        # pylint: disable=consider-using-with
        daemon = subprocess.Popen(["libvirtd"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    later(daemon.wait)
    later(daemon.terminate)

    def listens():
        with open(said, encoding="utf-8", errors="replace") as log:
            expect(daemon.poll() is None, f"libvirtd ended: {log.read()}")
        return run_program("virsh", "-q", "-c", URI, "list").status == 0

    wait_for(listens, "libvirtd listens", timeout=4 * PATIENCE)


def define(name, serial):
    """Defines a domain with these serial ports."""
    path = f"{scratch()}/domain.xml"
    append(path, DOMAIN.format(name=name, serial=serial))
    virsh("define", path)
    later(run_program, "virsh", "-q", "-c", URI, "undefine", name)


def owner(port):
    """Whose its device is: libvirt gives it to QEMU, and then to root."""
    s = os.stat(port.link)
    return s.st_uid, s.st_gid


def hooked():
    """The hook makes what a domain needs before it starts."""
    forget_guest("l-new")
    define("l-new", "<serial type='dev'><source path='/dev/vserial/l-new/0'/></serial>")
    virsh("start", "--paused", "l-new")
    later(run_program, "virsh", "-q", "-c", URI, "destroy", "l-new")
    wait_for(lambda: Port("l-new").power, "its power")
    equal(ctl_json("guest", "show", "l-new")["uuid"], virsh("domuuid", "l-new").strip(),
          "its UUID")


@test
def both_ways():
    """a domain has a guest's exported ports, opens them all and closes them, and
    our hook does its part; another is imported"""
    start_libvirtd()
    ports = make_guest("l-web", 6)
    for port in ports:
        port.wait_link()
    ctl("guest", "set", "l-web", "owner", "61001:61004")
    wait_for(lambda: owner(ports[0]) == (61001, 61004), "it is its owner's")
    define("l-web", ctl("guest", "export", "l-web", "--libvirt"))
    virsh("start", "--paused", "l-web")
    later(run_program, "virsh", "-q", "-c", URI, "destroy", "l-web")
    wait_for(lambda: all(port.power for port in ports), "the power of all ports")
    equal(owner(ports[0]), (0, 0), "whose it is while QEMU has it")
    virsh("destroy", "l-web")
    wait_for(lambda: not any(port.power for port in ports), "all ports are closed")
    wait_for(lambda: owner(ports[0]) == (61001, 61004), "it is its owner's again")
    hooked()

    define("l-old", "<serial type='null'/><serial type='null'/>")
    path = f"{scratch()}/dumped.xml"
    append(path, virsh("dumpxml", "l-old"))
    commands = ctl("guest", "import", "--libvirt", path, "dry-run").splitlines()
    expect(commands[0].startswith("guest add l-old uuid "), commands)
    expect(commands[1:] == ["port add l-old/0 backing null", "port add l-old/1 backing null"],
           commands)


run()
