#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests and ports: made, named, linked, owned, removed, saved.

    vserialctl, netlink, sysfs  ->  guests and ports  ->  ttyVS<minor>, udev's links

FULL=1 makes 4,096 ports instead of 1,024.
"""
import errno
import json
import os
import select
import subprocess
import time

from attached import refused
from console import as_user, everybodys_vserialctl
from lib import (N, PATIENCE, SLOWNESS, SYSFS, Port, Refused, attr, ctl, ctl_json, ctl_raw,
                 delete_guest, diag, equal, everything, expect, forget_guest,
                 guest_exists, later, make_guest, make_port, nl, read_file,
                 remove_guest, run,
                 run_program, scratch, string, test, u32, wait_for, write_sysfs)

NOBODY = 65534
UUIDS = ("6ba7b810-9dad-11d1-80b4-00c04fd430c8",
         "00112233-4455-6677-8899-aabbccddeeff",
         "ffffffff-0000-4000-8000-000000000001")


def no_guest_dir(name):
    wait_for(lambda: not os.path.exists(f"/dev/vserial/{name}"),
             f"/dev/vserial/{name} goes away")


def sysfs_value(guest_or_port, name):
    return read_file(f"{SYSFS}/devices/{guest_or_port}/{name}").rstrip("\n")


def as_nobody(*args):
    return run_program(*args, **as_user("nobody"))


@test
def guest_by_cli():
    """a guest is made, shown and removed by vserialctl"""
    forget_guest("o-cli")
    ctl("guest", "add", "o-cli", "uuid", UUIDS[0].upper(), "vc-uuid", UUIDS[1],
        "location-uuid", UUIDS[2], "owner", "nobody:nogroup", "ports", "2")
    got = ctl_json("guest", "show", "o-cli")
    equal((got["uuid"], got["vc-uuid"], got["location-uuid"]), UUIDS, "the UUIDs")
    equal((got["owner"]["uid"], got["owner"]["gid"]), (NOBODY, NOBODY), "owner")
    equal((got["name"], got["ports"], got["power"]), ("o-cli", 2, False), "the rest")
    equal([p["port"] for p in ctl_json("port", "show", "o-cli")],
          ["o-cli/0", "o-cli/1"], "its ports")
    expect("o-cli" in ctl("guest", "show"), "guest show does not list it")
    expect("o-cli/1" in ctl("port", "show"), "port show does not list the port")
    ctl("guest", "set", "o-cli", "uuid", UUIDS[2], "owner", "none")
    got = ctl_json("guest", "show", "o-cli")
    equal((got["uuid"], got["vc-uuid"], got["owner"]), (UUIDS[2], UUIDS[1], None),
          "the guest after set")
    ctl("guest", "del", "o-cli")
    expect(not guest_exists("o-cli"), "it is still there")
    no_guest_dir("o-cli")


@test
def guest_by_sysfs():
    """a guest is made, changed and removed through sysfs"""
    forget_guest("o-sys")
    write_sysfs(f"{SYSFS}/new_guest", "o-sys\n")
    d = f"{SYSFS}/devices/o-sys"
    for name, value in zip(("uuid", "vc_uuid", "location_uuid"), UUIDS):
        write_sysfs(f"{d}/{name}", value + "\n")
        equal(sysfs_value("o-sys", name), value, name)
    equal(sysfs_value("o-sys", "owner"), "", "the owner at first")
    write_sysfs(f"{d}/owner", "1234:99\n")
    equal(sysfs_value("o-sys", "owner"), "1234:99", "the owner")
    equal((nl().guest("o-sys")["uid"], nl().guest("o-sys")["gid"]), (1234, 99),
          "the owner by netlink")
    write_sysfs(f"{d}/owner", "\n")
    equal(sysfs_value("o-sys", "owner"), "", "the owner in the end")
    write_sysfs(f"{d}/new_port", "0\n")
    write_sysfs(f"{d}/new_port", "31 loopback")
    equal(sysfs_value("o-sys:31", "backing"), "loopback", "port 31's backing")
    equal((sysfs_value("o-sys:31", "guest"), sysfs_value("o-sys:31", "index")),
          ("o-sys", "31"), "guest and index")
    write_sysfs(f"{d}/del_port", "0\n")
    equal([p["index"] for p in ctl_json("port", "show", "o-sys")], [31], "ports")
    Port("o-sys", 31).open()
    write_sysfs(f"{d}/del_port", "31 force")
    write_sysfs(f"{SYSFS}/del_guest", "o-sys\n")
    expect(not guest_exists("o-sys"), "it is still there")
    write_sysfs(f"{SYSFS}/new_guest", "o-sys")
    write_sysfs(f"{d}/new_port", "0")
    Port("o-sys", 0).open()
    write_sysfs(f"{SYSFS}/del_guest", "o-sys force\n")
    expect(not guest_exists("o-sys"), "it is still there after force")


@test
def port_attributes_sysfs():
    """a port's settings are written and read through sysfs as by vserialctl"""
    port = make_port("o-attr")
    defaults = ctl_json("port", "show", port.name)
    equal((defaults["backing"], defaults["connected"], defaults["state"],
           defaults["overflow"], defaults["stall-limit"], defaults["history"],
           defaults["connect-at-power-on"]),
          ("null", False, "not-connected", "block", 1000, 65536, True), "defaults")
    for name, text, cli, value in (
            ("backing", "loopback", "backing", "loopback"),
            ("overflow", "drop-old", "overflow", "drop-old"),
            ("overflow", "drop-new", "overflow", "drop-new"),
            ("stall_limit", "0", "stall-limit", 0),
            ("stall_limit", "3600000", "stall-limit", 3600000),
            ("connect_at_power_on", "off", "connect-at-power-on", False),
            ("connected", "on", "connected", True),
            ("connected", "off", "connected", False)):
        write_sysfs(f"{port.sysfs}/{name}", text + "\n")
        equal(sysfs_value("o-attr:0", name), text, name)
        equal(ctl_json("port", "show", port.name)[cli], value, cli)
    write_sysfs(f"{port.sysfs}/history", "131072")
    equal(port.history, 131072, "history")
    port.set(history=0, overflow="block")
    equal(sysfs_value("o-attr:0", "history"), "0", "history")
    equal(sysfs_value("o-attr:0", "state"), "not-connected", "state")
    equal(sysfs_value("o-attr:0", "power"), "off", "power")
    for name in ("reason", "peer"):
        equal(sysfs_value("o-attr:0", name), "", name)
    port.set(connect_at_power_on=True)
    handle = port.open()
    handle.write_all(b"x" * 77)
    equal(handle.read_exactly(77), b"x" * 77, "the echo")
    equal(sysfs_value("o-attr:0", "power"), "on", "power")
    equal(sysfs_value("o-attr:0", "state"), "connected", "state")
    for name, want in (("tx_bytes", "77"), ("rx_bytes", "77"),
                       ("dropped_bytes", "0"), ("break", "0"), ("frame", "0"),
                       ("parity", "0"), ("overrun", "0")):
        equal(sysfs_value("o-attr:0", name), want, name)
    equal(os.listdir(f"{port.sysfs}/tty"), [f"ttyVS{port.minor}"], "tty/")


@test
def good_names():
    """names of all allowed letters, of 1 and of 63, also those of other devices"""
    for name in ("a", "9", "A-b_c.d", "z" * 63, "0..", "web01.example.org", "x-",
                 "cpu", "virtual", "platform", "power", "vserial"):
        port = make_port(name)
        equal(os.path.realpath(port.wait_link()), f"/dev/ttyVS{port.minor}",
              f"the link of {name}")
        remove_guest(name)


@test
def thirty_two_ports():
    """a guest has 32 ports, 0 to 31; no 33rd, no second port 0"""
    make_guest("o-32")
    for index in range(32):
        Port("o-32", index).add()
    equal(ctl_json("guest", "show", "o-32")["ports"], 32, "its ports")
    for index in (0, 31):
        r = ctl_raw("port", "add", f"o-32/{index}")
        equal(r.status, 1, f"the exit status of a second port {index}")
    r = ctl_raw("port", "add", "o-32/32")
    equal(r.status, 1, "the exit status of port 32")
    for index in range(32):
        Port("o-32", index).wait_link()
    equal(len({Port("o-32", i).minor for i in range(32)}), 32, "different minors")


@test
def no_trace_without_ports():
    """a guest without ports leaves no trace in /dev"""
    before = {n for n in os.listdir("/dev") if n.startswith("ttyVS")}
    make_guest("o-trace")
    expect(not os.path.exists("/dev/vserial/o-trace"), "it has a directory")
    ctl("port", "add", "o-trace/5")
    Port("o-trace", 5).wait_link()
    ctl("port", "del", "o-trace/5")
    no_guest_dir("o-trace")
    equal({n for n in os.listdir("/dev") if n.startswith("ttyVS")}, before,
          "the ttys in /dev")


@test
def stable_minors():
    """minors and links are stable while the guest exists"""
    one, two = make_guest("o-stable", 2)
    minors = one.minor, two.minor
    one.wait_link()
    two.wait_link()
    ctl("port", "del", one.name)
    wait_for(lambda: not os.path.exists(one.link), "the link goes away")
    other = make_port("o-stable2")
    expect(other.minor not in minors, f"minor {other.minor} is given away")
    equal(two.minor, minors[1], "the other port's minor")
    ctl("port", "add", "o-stable/7")
    ctl("port", "add", one.name)
    equal((one.minor, two.minor), minors, "the minors in the end")
    for port in (one, two):
        equal(os.path.realpath(port.wait_link()), f"/dev/ttyVS{port.minor}",
              f"the link {port.link}")
        equal(os.stat(port.link).st_rdev,
              os.stat(f"/dev/ttyVS{port.minor}").st_rdev, "the device")
        equal(read_file(f"{port.sysfs}/tty/ttyVS{port.minor}/dev").strip(),
              f"{os.major(os.stat(port.link).st_rdev)}:{port.minor}", "dev")


@test
def many_ports():
    """1,024 ports (FULL=1: 4,096) in one batch, all linked, all removed"""
    # udev starts programs for each, which takes long on a kernel that checks itself
    guests = 128 if os.environ.get("FULL") else 32 if SLOWNESS == 1 else 4
    names = [f"o-many{i}" for i in range(guests)]
    for name in names:
        forget_guest(name)
    batch = f"{scratch()}/batch"
    with open(batch, "w", encoding="ascii") as f:
        f.writelines(f"guest add {n} ports 32\n" for n in names)
    start = time.monotonic()
    ctl("-b", batch)
    made = time.monotonic()
    mine = [p for p in nl().dump("PORT_GET") if p["guest"] in names]
    equal(len(mine), 32 * guests, "the ports in a dump")
    equal(len({p["minor"] for p in mine}), 32 * guests, "different minors")
    equal(len([p for p in ctl_json("port", "show") if p["guest"] in names]),
          32 * guests, "the ports that vserialctl shows")

    def links():
        return sum(len(os.listdir(f"/dev/vserial/{n}")) for n in names
                   if os.path.isdir(f"/dev/vserial/{n}"))
    wait_for(lambda: links() == 32 * guests, "all links", 4 * PATIENCE)
    linked = time.monotonic()
    last = Port(names[-1], 31)
    last.open().close()
    with open(batch, "w", encoding="ascii") as f:
        f.writelines(f"guest del {n}\n" for n in names)
    removing = time.monotonic()
    ctl("-b", batch)
    removed = time.monotonic()
    equal([p for p in nl().dump("PORT_GET") if p["guest"] in names], [],
          "the ports left")
    wait_for(lambda: not any(os.path.exists(f"/dev/vserial/{n}") for n in names),
             "all links go away", 4 * PATIENCE)
    diag(f"made {made - start:.1f} s, linked {linked - made:.1f} s, removed "
         f"{removed - removing:.1f} s, unlinked {time.monotonic() - removed:.1f} s")


@test
def node_owner():
    """the node's owner and mode follow `guest set owner`"""
    port = make_port("o-owner")
    port.wait_link()

    def node():
        s = os.stat(port.link)
        return s.st_uid, s.st_gid, s.st_mode & 0o007
    equal(node()[0], 0, "the node's user at first")
    equal(node()[2], 0, "the others' permissions at first")
    ctl("guest", "set", "o-owner", "owner", f"{NOBODY}:{NOBODY}")
    wait_for(lambda: node() == (NOBODY, NOBODY, 0), "the node is nobody's")
    done = as_nobody("sh", "-c", f"exec 3<>{port.link}")
    equal(done.status, 0, f"nobody's open ({done.err})")
    # a port that comes later has the owner, too
    ctl("port", "add", "o-owner/1")
    later_port = Port("o-owner", 1)
    later_port.wait_link()
    wait_for(lambda: os.stat(later_port.link).st_uid == NOBODY,
             "the new node is nobody's")
    ctl("guest", "set", "o-owner", "owner", "none")
    wait_for(lambda: node()[0] == 0, "the node is root's again")


@test
def modem_manager():
    """ModemManager is told to leave the ports alone"""
    port = make_port("o-mm")
    port.wait_link()
    done = run_program("udevadm", "info", "-q", "property", "-n", port.link)
    expect("ID_MM_DEVICE_IGNORE=1" in done.out.split(), done.out)


@test
def owner_may_connect():
    """the owner may connect and disconnect, nothing else; others may not"""
    port, = make_guest("o-may", 1, backing="loopback")
    vserialctl = everybodys_vserialctl()
    for words in (("port", "connect", port.name), ("port", "disconnect", port.name)):
        r = as_nobody(vserialctl, *words)
        equal(r.status, 1, f"a stranger's {words[1]}")
        expect("o-may" in r.err, f"stderr: {r.err!r}")
    ctl("guest", "set", "o-may", "owner", "nobody")
    for words, state in (("connect", 1), ("disconnect", 0)):
        r = as_nobody(vserialctl, "port", words, port.name)
        equal(r.status, 0, f"the owner's {words} ({r.err})")
        equal(port.connected, state, "connected")
    before = everything()
    for words in (("port", "set", port.name, "backing", "null"),
                  ("port", "add", "o-may/1"), ("port", "del", port.name),
                  ("guest", "add", "o-may2"), ("guest", "del", "o-may"),
                  ("guest", "set", "o-may", "owner", "none")):
        r = as_nobody(vserialctl, *words)
        equal(r.status, 1, f"the owner's {' '.join(words)}")
        equal(len(r.err.strip().splitlines()), 1, f"the lines of {r.err!r}")
        expect("root" in r.err or "CAP_SYS_ADMIN" in r.err, f"stderr: {r.err!r}")
    equal(everything(), before, "the configuration")
    for name, text, ok in (("connected", "on", True), ("backing", "null", False),
                           ("history", "0", False)):
        r = as_nobody("sh", "-c", f"echo {text} >{port.sysfs}/{name}")
        equal(r.status == 0, ok, f"the owner may write {name}: {r.err}")
    equal(port.connected, 1, "connected")


@test
def removal_refused_while_open():
    """what is open is not removed, unless by force"""
    one, two = make_guest("o-busy", 2)
    handle = one.open()
    for words in (("port", "del", one.name), ("guest", "del", "o-busy")):
        r = ctl_raw(*words)
        equal(r.status, 1, f"the exit status of {words}")
        expect("open" in r.err and "o-busy" in r.err, f"stderr: {r.err!r}")
    for path, text in ((f"{SYSFS}/del_guest", "o-busy"),
                       (f"{SYSFS}/devices/o-busy/del_port", "0")):
        try:
            write_sysfs(path, text)
            raise AssertionError(f"{path} was obeyed")
        except OSError as e:
            equal(e.errno, errno.EBUSY, f"the errno of {path}")
    for name, data in (
            ("PORT_DEL", string(N.VSERIAL_A_PORT_GUEST, "o-busy") +
             attr(N.VSERIAL_A_PORT_INDEX, b"\0\0\0\0")),
            ("GUEST_DEL", string(N.VSERIAL_A_GUEST_NAME, "o-busy"))):
        try:
            nl().call(name, data)
            raise AssertionError(f"{name} was obeyed")
        except Refused as e:
            equal(e.errno, errno.EBUSY, f"the errno of {name}")
            expect("open" in e.text, f"{name}: {e.text!r}")
    equal(len(ctl_json("port", "show", "o-busy")), 2, "the ports")
    # the port that is not open goes
    ctl("port", "del", two.name)
    ctl("guest", "del", "o-busy", "force")
    equal(handle.read(), b"", "a read after forced removal")
    expect(handle.poll(select.POLLIN, 0) & select.POLLHUP, "no POLLHUP")
    no_guest_dir("o-busy")
    handle.close()


@test
def removal_after_close():
    """a port that was open is removed once it is closed"""
    port = make_port("o-closed")
    port.open().close()
    ctl("guest", "del", "o-closed")


@test
def again_beside_dead_fd():
    """a port made again beside a hung-up descriptor is a new one"""
    port = make_port("o-again", backing="loopback")
    for by_guest in (False, True):
        old = port.open()
        old.write_all(b"old")
        old.read_exactly(3)
        if by_guest:
            ctl("guest", "del", "o-again", "force")
            ctl("guest", "add", "o-again")
        else:
            ctl("port", "del", port.name, "force")
        ctl("port", "add", port.name, "backing", "loopback")
        wait_for(lambda: os.path.exists(port.link) and
                 os.path.realpath(port.link) == f"/dev/ttyVS{port.minor}",
                 "the new link")
        equal((port.tx_bytes, port.power), (0, 0), "the new port's counters")
        new = port.open()
        new.write_all(b"new")
        equal(new.read_exactly(3), b"new", "the new port's echo")
        equal(old.read(), b"", "a read from the old descriptor")
        try:
            os.write(old.fileno(), b"x")
            raise AssertionError("the old descriptor can be written to")
        except OSError as e:
            equal(e.errno, errno.EIO, "errno of a write to the old descriptor")
        equal((port.tx_bytes, port.power), (3, 1), "the new port's counters")
        old.close()
        equal(port.power, 1, "the new port's power after the old one's close")
        new.write_all(b"newer")
        equal(new.read_exactly(5), b"newer", "the new port's echo")
        new.close()
        equal(port.power, 0, "the new port's power")


@test
def save_and_restore():
    """save, remove all, restore: the same configuration"""
    directory = scratch()
    forget_guest("o-save1")
    forget_guest("o-save2")
    ctl("guest", "add", "o-save1", "uuid", UUIDS[0], "vc-uuid", UUIDS[1],
        "location-uuid", UUIDS[2], "owner", "1000:1000")
    ctl("guest", "add", "o-save2", "owner", "nobody")
    ctl("port", "add", "o-save1/0", "backing",
        f"file:{directory}/log with blank#truncate&max-size=64K&keep=3&timestamps")
    ctl("port", "add", "o-save1/31", "backing", "loopback", "overflow", "drop-new",
        "stall-limit", "0", "history", "0", "connect-at-power-on", "off",
        "carrier", "peer")
    ctl("port", "add", "o-save2/3", "backing",
        "tcp://[::1]:7000#allow=10.0.0.0/8", "overflow", "drop-old",
        "stall-limit", "5", "history", "1M", "carrier", "always")

    def normal():
        guests, ports = everything()
        for p in ports:
            del p["minor"], p["tty"]
        return guests, ports
    before = normal()
    saved = ctl("save")
    ctl("save", f"{directory}/saved")
    equal(read_file(f"{directory}/saved"), saved, "what is saved to a file")
    for name in ("o-save1", "o-save2"):
        ctl("guest", "del", name)
    equal(everything(), ([], []), "what is left")
    ctl("restore", f"{directory}/saved")
    equal(normal(), before, "what was restored")
    equal(ctl("save"), saved, "what is saved then")
    # a configuration that is there already is refused, not doubled
    equal(ctl_raw("restore", f"{directory}/saved").status, 1,
          "the exit status of restoring once more")
    equal(normal(), before, "what is there then")


class Monitor:
    """vserialctl -j monitor, once it surely listens."""

    def __init__(self):
        self.process = subprocess.Popen(
            ["vserialctl", "-j", "monitor"], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE)
        later(self.end)
        self.buffer = b""
        forget_guest("o-probe")

        def probe():
            ctl("guest", "add", "o-probe")
            ctl("guest", "del", "o-probe")
            return select.select([self.process.stdout], [], [], 0.2)[0]
        wait_for(probe, "monitor listens")

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def line(self):
        while b"\n" not in self.buffer:
            ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
            expect(ready, "no event came")
            self.buffer += os.read(self.process.stdout.fileno(), 65536)
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def until(self, what, condition):
        """The next event that fulfils the condition."""
        seen = []
        while True:
            try:
                event = self.line()
            except AssertionError as e:
                raise AssertionError(f"{what}: {e}; seen: {seen[-3:]}") from e
            if condition(event):
                return event
            seen.append(event)


@test
def monitor():
    """monitor tells of everything that happens to guests and ports"""
    m = Monitor()

    def port_event(what, **want):
        m.until(what, lambda e: e["event"] == "port" and e["port"] == "o-mon/0" and
                all(e[k] == v for k, v in want.items()))
    forget_guest("o-mon")
    ctl("guest", "add", "o-mon")
    m.until("guest add", lambda e: e["event"] == "guest" and e["name"] == "o-mon")
    ctl("guest", "set", "o-mon", "uuid", UUIDS[0])
    m.until("guest set", lambda e: e["event"] == "guest" and
            e["name"] == "o-mon" and e["uuid"] == UUIDS[0])
    ctl("port", "add", "o-mon/0")
    port_event("port add", backing="null", power=False, connected=False)
    port = Port("o-mon", 0)
    port.set(backing="loopback", overflow="drop-old")
    port_event("port set", backing="loopback", overflow="drop-old")
    handle = port.open()
    port_event("power on", power=True, connected=True, state="connected")
    equal(ctl_json("guest", "show", "o-mon")["power"], True, "the guest's power")
    port.disconnect()
    port_event("disconnect", connected=False, state="not-connected")
    port.connect()
    port_event("connect", connected=True, state="connected")
    handle.close()
    port_event("power off", power=False)
    ctl("port", "del", "o-mon/0")
    m.until("port del", lambda e: e["event"] == "port-del" and
            e["port"] == "o-mon/0")
    ctl("guest", "del", "o-mon")
    m.until("guest del", lambda e: e["event"] == "guest-del" and
            e["name"] == "o-mon")


@test
def events_by_netlink():
    """the multicast group's events carry what *_GET answers"""
    import genl  # pylint: disable=import-outside-toplevel
    listener = genl.Client()
    later(listener.close)
    listener.subscribe()
    port = make_port("o-ev", backing="loopback")
    want = nl().port("o-ev", 0)
    found = None
    while not found:
        event = listener.event(PATIENCE)
        expect(event, "no event came")
        if event == (N.VSERIAL_CMD_PORT_NTF, want):
            found = event
    ctl("guest", "del", port.guest)
    gone = []
    while len(gone) < 2:
        event = listener.event(PATIENCE)
        expect(event, "no event of the removal came")
        if event[0] in (N.VSERIAL_CMD_PORT_DEL_NTF, N.VSERIAL_CMD_GUEST_DEL_NTF):
            gone.append(event)
    equal(gone, [(N.VSERIAL_CMD_PORT_DEL_NTF, {"guest": "o-ev", "index": 0}),
                 (N.VSERIAL_CMD_GUEST_DEL_NTF, {"name": "o-ev"})], "the events")


@test
def dumps_by_guest():
    """a dump of ports may be narrowed to one guest"""
    make_guest("o-d1", 2)
    make_guest("o-d2", 1)
    got = nl().dump("PORT_GET", string(N.VSERIAL_A_PORT_GUEST, "o-d1"))
    equal([(p["guest"], p["index"]) for p in got], [("o-d1", 0), ("o-d1", 1)],
          "the ports of o-d1")
    refused(errno.ENOENT, "o-none", nl().dump, "PORT_GET",
            string(N.VSERIAL_A_PORT_GUEST, "o-none"))
    delete_guest("o-d1")
    equal(nl().dump("GUEST_GET")[0]["name"], "o-d2", "the guests left")


@test
def requests_in_order():
    """requests of one datagram are carried out and answered in their order"""
    forget_guest("o-order")
    port = string(N.VSERIAL_A_PORT_GUEST, "o-order") + u32(N.VSERIAL_A_PORT_INDEX, 0)
    sizes = range(4096, 4096 * 21, 4096)
    answers = nl().batch(
        [("GUEST_NEW", string(N.VSERIAL_A_GUEST_NAME, "o-order")),
         ("GUEST_NEW", string(N.VSERIAL_A_GUEST_NAME, "o-order")),
         ("PORT_NEW", port)] +
        [("PORT_SET", port + u32(N.VSERIAL_A_PORT_HISTORY, n)) for n in sizes])
    equal(answers, [(i, errno.EEXIST if i == 1 else 0) for i in range(len(sizes) + 3)],
          "the answers")
    equal(nl().port("o-order", 0)["history"], sizes[-1], "what was set last")


run()
