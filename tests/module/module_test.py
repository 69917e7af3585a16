#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The module as a whole: unloading, loading, forced removal, tracepoints.

Needs $VSERIAL_KO, the module's file; it is loaded again when a test that
unloads it ends, however that ends.
"""
import errno
import os
import re
import subprocess
import sys
import threading

from genl import u32
from lib import (N, SLOWNESS, SYSFS, Loopguest, Port, Skip, attr, ctl, ctl_json,
                 ctl_raw, equal, expect, forget_client, forget_guest, later,
                 make_guest, make_port, nl, read_file, run, run_program, string, test, wait_for)
from loader import insmod, loaded, may_unload, rmmod

TRACING = "/sys/kernel/tracing"


@test
def refused_while_open():
    """rmmod is refused while a port is open, and does no harm"""
    may_unload()
    port = make_port("m-busy", backing="loopback")
    handle = port.open()
    equal(rmmod(), errno.EWOULDBLOCK, "the errno of rmmod")
    done = run_program("rmmod", "vserial")
    expect(done.status != 0 and "in use" in done.err, f"rmmod: {done.err!r}")
    handle.write_all(b"alive")
    equal(handle.read_exactly(5), b"alive", "the echo")
    handle.close()
    forget_client()
    # The tty layer lets go of a closed tty in a worker (release_one_tty()).
    wait_for(lambda: rmmod() == 0, "rmmod after close")


@test
def clean_unload():
    """rmmod with guests, ports and unread bytes leaves nothing behind"""
    may_unload()
    ports = make_guest("m-clean", 4, connect_at_power_on=False)
    handle = ports[0].open()
    handle.write_all(b"x" * 200000)
    handle.close()
    ctl("guest", "add", "m-clean2", "ports", "32")
    Port("m-clean2", 31).wait_link()
    forget_client()
    equal(rmmod(), 0, "the errno of rmmod")
    expect(not os.path.exists(SYSFS), f"{SYSFS} is left")
    expect("ttyVS" not in read_file("/proc/tty/drivers"), "the tty driver is left")
    wait_for(lambda: not [n for n in os.listdir("/dev") if n.startswith("ttyVS")],
             "the nodes go away")
    wait_for(lambda: not os.path.exists("/dev/vserial/m-clean"), "the links go away")
    r = ctl_raw("guest", "show")
    equal(r.status, 3, f"vserialctl's exit status without the module ({r.err!r})")
    equal(len(r.err.strip().splitlines()), 1, f"the lines of {r.err!r}")
    insmod()
    equal(ctl_json("guest", "show"), [], "the guests of a fresh module")


RACER = r"""
import os, sys, time
print("ready", flush=True)
while True:
    for i in range(4):
        try:
            fd = os.open(f"/dev/ttyVS{i}", os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)
        except OSError:
            continue
        try:
            os.write(fd, b"racing")
            os.read(fd, 100)
        except OSError:
            pass
        os.close(fd)
    # a port that is never closed is never removed without force
    time.sleep(0.005)
"""


def start_racers(n):
    racers = []
    for _ in range(n):
        p = subprocess.Popen([sys.executable, "-c", RACER],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        later(p.stdout.close)
        later(p.wait)
        later(p.kill)
        racers.append(p)
    for p in racers:
        equal(p.stdout.readline(), b"ready\n", "what a racer printed")
    return racers


def unreclaimable_kib():
    """Slab memory that stays."""
    with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as f:
        f.write("3")
    return int(re.search(r"SUnreclaim:\s+(\d+)",
                         read_file("/proc/meminfo"))[1])


def reload(racers):
    insmod()
    name = string(N.VSERIAL_A_GUEST_NAME, "m-race")
    nl().call("GUEST_NEW", name + u32(N.VSERIAL_A_GUEST_NR_PORTS, 4))
    for i in range(4):
        nl().call("PORT_SET", string(N.VSERIAL_A_PORT_GUEST, "m-race") +
                  u32(N.VSERIAL_A_PORT_INDEX, i) +
                  string(N.VSERIAL_A_PORT_BACKING, "loopback"))
    if racers:
        wait_for(lambda: sum(p["tx_bytes"] for p in nl().dump("PORT_GET")),
                 "a racer got at a port")
    nl().call("GUEST_DEL", name + attr(N.VSERIAL_A_GUEST_FORCE))
    forget_client()
    # a racer may hold a hung-up port for a moment
    wait_for(lambda: rmmod() == 0, "rmmod")


@test
def reload_with_racers():
    """loads and unloads with processes that open all the time; no leak"""
    may_unload()
    rmmod()
    # KASAN holds back what was freed; there kmemleak tells (tests/debug/leak_test.py)
    judged = SLOWNESS == 1
    rounds = 20 if judged else 5
    racers = start_racers(2)
    # the first round fills caches that stay
    reload(racers)
    before = unreclaimable_kib()
    for _ in range(rounds):
        reload(racers)
    grown = unreclaimable_kib() - before
    if judged:
        expect(grown < 2048, f"slab memory grew by {grown} KiB in {rounds} rounds")
    expect(all(p.poll() is None for p in racers), "a racer ended")


@test
def unload_with_racers():
    """unloading with configured ports while processes open them"""
    may_unload()
    start_racers(1)
    for _ in range(5):
        insmod()
        ctl("guest", "add", "m-race2", "ports", "4")
        forget_client()
        # EBUSY as long as one of them has a port open
        wait_for(lambda: rmmod() == 0, "rmmod")


@test
def unload_after_forced_removal():
    """after forced removal rmmod waits only for the dead descriptor's close"""
    may_unload()
    port = make_port("m-forced")
    handle = port.open()
    ctl("guest", "del", "m-forced", "force")
    forget_client()
    equal(rmmod(), errno.EWOULDBLOCK, "the errno of rmmod while a descriptor is open")
    expect(loaded(), "the module is gone")
    handle.close()
    wait_for(lambda: rmmod() == 0, "rmmod after the close")


@test
def forced_removal_under_load():
    """50 forced removals under writers, readers and pollers"""
    forget_guest("m-load")
    ctl("guest", "add", "m-load")
    new = (string(N.VSERIAL_A_PORT_GUEST, "m-load") +
           u32(N.VSERIAL_A_PORT_INDEX, 0))
    for i in range(50):
        backing = ("loopback", "null")[i % 2]
        nl().call("PORT_NEW", new + string(N.VSERIAL_A_PORT_BACKING, backing))
        port = Port("m-load", 0)
        device = f"/dev/ttyVS{port.minor}"
        wait_for(lambda: os.path.exists(device), "the node")
        guests = [Loopguest(device, "flood", options=("-c", "512", "-w", "poll")),
                  Loopguest(device, "sink"),
                  Loopguest(device, "modem=1000000000", "hold")]
        wait_for(lambda: port.tx_bytes > 4096, "bytes flow")
        nl().call("PORT_DEL", new + attr(N.VSERIAL_A_PORT_FORCE))
        for guest in guests:
            guest.finish(4)
            guest.kill()


@test
def configuration_races():
    """guests made, changed and removed by several at a time"""
    failures = []

    def work(number):
        import genl  # pylint: disable=import-outside-toplevel
        client = genl.Client()
        name = string(N.VSERIAL_A_GUEST_NAME, f"m-conf{number % 2}")
        guest = string(N.VSERIAL_A_PORT_GUEST, f"m-conf{number % 2}")
        index = u32(N.VSERIAL_A_PORT_INDEX, 1)
        steps = (
            ("GUEST_NEW", name + u32(N.VSERIAL_A_GUEST_NR_PORTS, 3)),
            ("PORT_SET", guest + index +
             string(N.VSERIAL_A_PORT_BACKING, "loopback")),
            ("PORT_CONNECT", guest + index), ("PORT_GET", guest + index),
            ("PORT_DISCONNECT", guest + index), ("PORT_DEL", guest + index),
            ("PORT_NEW", guest + index),
            ("GUEST_DEL", name + attr(N.VSERIAL_A_GUEST_FORCE)))
        for _ in range(25):
            for command, data in steps:
                try:
                    client.call(command, data)
                    client.dump("PORT_GET")
                except genl.Refused as e:
                    # Not there, there already, going, busy, overtaken by
                    # another's: what the others' work makes of a request.
                    if e.errno not in (errno.ENOENT, errno.EEXIST,
                                       errno.ENODEV, errno.EBUSY,
                                       errno.ECANCELED) or not e.text:
                        failures.append(f"{command}: {e}")
                except Exception as e:  # pylint: disable=broad-except
                    failures.append(f"{command}: {e!r}")
        client.close()

    forget_guest("m-conf0")
    forget_guest("m-conf1")
    threads = [threading.Thread(target=work, args=(i,), daemon=True)
               for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(120)
        expect(not t.is_alive(), "a thread hangs")
    equal(failures, [], "the failures")


@test
def tracepoints():
    """open, close, attach, tx, rx, drop and error are traced"""
    events = f"{TRACING}/events/vserial"
    if not os.path.isdir(TRACING):
        raise Skip("tracefs is not mounted")
    expect(os.path.isdir(events), "there are no events of vserial")

    def write(path, text):
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
    later(write, f"{events}/enable", "0")
    write(f"{TRACING}/trace", "")
    write(f"{events}/enable", "1")
    port = make_port("m-trace", backing="loopback")
    handle = port.open()
    handle.write_all(b"traced")
    equal(handle.read_exactly(6), b"traced", "the echo")
    port.disconnect()
    handle.write_all(bytes(200000))
    equal(port.dropped_bytes, 200000 - 65536, "dropped_bytes")
    done = run_program("mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", "/mnt")
    equal(done.status, 0, f"mount ({done.err})")
    later(run_program, "umount", "-l", "/mnt")
    port.set(backing="file:/mnt/log")
    port.connect()
    wait_for(lambda: port.state == N.VSERIAL_STATE_RECOVERABLE_ERROR, "ENOSPC")
    handle.close()
    text = read_file(f"{TRACING}/trace")
    for event in ("open", "close", "attach", "tx", "rx", "drop", "error"):
        expect(re.search(rf"\bvserial_{event}: ", text),
               f"vserial_{event} was not traced:\n{text[-1500:]}")
    expect(re.search(r"vserial_open: .*m-trace", text), "open lacks the port")
    expect(re.search(r"vserial_tx: .*bytes=6\b", text), "tx lacks the bytes")


run()
