#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the module does when memory runs out, each allocation failing in turn.

An operation is repeated with its first allocation failing, then its second, and
so on until it has no more (/proc/thread-self/fail-nth).  Each time it either
works or is refused and changes nothing.  Needs FAILSLAB.
"""
import contextlib
import errno
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "module"))
# pylint: disable=wrong-import-position
import genl
from lib import (N, Port, delete_guest, diag, equal, expect, forget_client, forget_guest,
                 make_guest, nl, read_file, run, scratch, string, test, u32, u8, wait_for,
                 write_sysfs)
from loader import loaded, may_unload, rmmod, system_call

FAILSLAB = "/sys/kernel/debug/failslab"
#: More allocations than any operation makes: then it goes round in circles.
TOO_MANY = 5000
#: What a request may say when memory ran out.
NO_MEMORY = (errno.ENOMEM, errno.ENOBUFS)


class Fault:
    """While the block runs, this thread's Nth allocation fails.

    Afterwards, hit tells whether there was one.
    """

    def __init__(self, number):
        self.number = number
        self.hit = False
        self.fd = os.open("/proc/thread-self/fail-nth", os.O_RDWR)

    def __enter__(self):
        os.pwrite(self.fd, b"%d" % self.number, 0)
        return self

    def __exit__(self, *_):
        self.hit = os.pread(self.fd, 16, 0).strip() == b"0"
        os.pwrite(self.fd, b"0", 0)
        os.close(self.fd)


def settings():
    """All that is configured, without counters."""
    keep = ("guest", "index", "backing", "overflow", "history", "stall_limit", "connected",
            "name", "uid", "gid", "nr_ports", "carrier", "connect_at_power_on")
    return [{k: v for k, v in thing.items() if k in keep}
            for thing in nl().dump("GUEST_GET") + nl().dump("PORT_GET")]


def each_allocation(prepare, operate, may_raise=()):
    """operate() with its 1st, 2nd … allocation failing, after prepare() each time.

    It works, raises one of the errnos MAY_RAISE, or is refused for lack of
    memory and has changed nothing.
    """
    refused = 0
    for number in range(1, TOO_MANY):
        prepare()
        before = settings()
        client = genl.Client()
        fault = Fault(number)
        try:
            with fault:
                operate(client)
        except genl.Refused as e:
            expect(e.errno in NO_MEMORY, f"with allocation {number} failing: {e}")
            equal(settings(), before, f"what is there after allocation {number} failed")
            refused += 1
        except OSError as e:
            # The request, its answer or the call itself found no memory.
            expect(e.errno in (*NO_MEMORY, *may_raise),
                   f"with allocation {number} failing: {e}")
            refused += 1
        finally:
            client.close()
        if not fault.hit:
            diag(f"{operate.__name__}: {number - 1} allocations, {refused} failures told")
            expect(refused, "no failure was told")
            return
    raise AssertionError(f"there are more than {TOO_MANY} allocations")


GUEST = string(N.VSERIAL_A_GUEST_NAME, "f-guest")
PORT = string(N.VSERIAL_A_PORT_GUEST, "f-guest") + u32(N.VSERIAL_A_PORT_INDEX, 0)


def no_guest():
    delete_guest("f-guest")


def fresh_guest():
    no_guest()
    make_guest("f-guest", 1, connect_at_power_on=False)


@test
def guest_new():
    """adding a guest with ports: works, or is refused and changes nothing"""
    forget_guest("f-guest")

    def add(client):
        client.call("GUEST_NEW", GUEST + u32(N.VSERIAL_A_GUEST_NR_PORTS, 2))
    each_allocation(no_guest, add)


@test
def guest_del():
    """removing a guest needs no memory that may be lacking"""
    def remove(client):
        client.call("GUEST_DEL", GUEST)
    each_allocation(fresh_guest, remove)


@test
def port_new():
    """adding a port with settings"""
    forget_guest("f-guest")

    def prepare():
        no_guest()
        make_guest("f-guest")

    def add(client):
        client.call("PORT_NEW", PORT + string(N.VSERIAL_A_PORT_BACKING, "loopback") +
                    u32(N.VSERIAL_A_PORT_HISTORY, 100000))
    each_allocation(prepare, add)


@test
def port_set():
    """changing all settings of a connected port at once"""
    def prepare():
        fresh_guest()
        Port("f-guest").connect()

    def change(client):
        client.call("PORT_SET", PORT + string(N.VSERIAL_A_PORT_BACKING, "loopback") +
                    u32(N.VSERIAL_A_PORT_HISTORY, 300000) +
                    u32(N.VSERIAL_A_PORT_OVERFLOW, 1) +
                    u8(N.VSERIAL_A_PORT_CONNECT_AT_POWER_ON, 1))
    each_allocation(prepare, change)


@test
def file_connect():
    """connecting a port to a file"""
    directory = scratch(dir="/dev/shm")

    def prepare():
        fresh_guest()
        Port("f-guest").set(backing=f"file:{directory}/log#max-size=64K&keep=1")

    def connect(client):
        client.call("PORT_CONNECT", PORT)
    each_allocation(prepare, connect)


@test
def dumps():
    """asking for all ports"""
    fresh_guest()

    def dump(client):
        client.dump("PORT_GET")
    each_allocation(lambda: None, dump)


@test
def open_and_write():
    """opening, writing and closing a port"""
    fresh_guest()
    port = Port("f-guest")
    port.set(backing="loopback", history=1 << 17)
    port.wait_link()

    def use(_):
        fd = os.open(port.link, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)
        try:
            os.write(fd, b"x" * 10000)
            with contextlib.suppress(BlockingIOError):
                os.read(fd, 10000)
        finally:
            os.close(fd)
    each_allocation(lambda: None, use, (errno.EAGAIN,))
    # and afterwards it works as ever
    port.connect()
    handle = port.open()
    handle.write_all(b"still here")
    handle.read_exactly(10)


@test
def insmod_fails():
    """loading the module: works, or fails and leaves nothing behind"""
    may_unload()
    forget_client()
    for number in range(1, TOO_MANY):
        wait_for(lambda: not loaded() or rmmod() == 0, "rmmod")
        fd = os.open(os.environ["VSERIAL_KO"], os.O_RDONLY | os.O_CLOEXEC)
        fault = Fault(number)
        with fault:
            error = system_call(313, fd, b"", 0)
        os.close(fd)
        if error:
            expect(not loaded(), f"it is there although it failed with {error}")
            expect("ttyVS" not in read_file("/proc/tty/drivers"), "the tty driver is left")
        if not fault.hit:
            equal(error, 0, "the errno without a fault")
            diag(f"insmod: {number - 1} allocations")
            return
    raise AssertionError(f"there are more than {TOO_MANY} allocations")


if not os.path.isdir(FAILSLAB):
    print(f"1..1\nnot ok 1 - FAILSLAB is there\n# there is no {FAILSLAB}")
    sys.exit(1)
# Also allocations that may wait, which is nearly all; and say nothing of it.
write_sysfs(f"{FAILSLAB}/ignore-gfp-wait", "N")
write_sysfs(f"{FAILSLAB}/verbose", "0")
run()
