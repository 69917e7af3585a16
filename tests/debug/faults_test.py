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

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1] = [os.path.join(HERE, "..", "module"), os.path.join(HERE, "..", "lib")]
# pylint: disable=wrong-import-position
import failslab
import genl
import klog
from lib import (N, PATIENCE, Port, delete_guest, diag, equal, expect, forget_client,
                 forget_guest, later, make_guest, nl, read_file, run, run_program, scratch,
                 string, test, u32, u8, wait_for)
from loader import load, loaded, may_unload, rmmod

#: More allocations than any operation makes: then it goes round in circles.
TOO_MANY = 5000
#: What a request may say when memory ran out.
NO_MEMORY = (errno.ENOMEM, errno.ENOBUFS)


def lacks_memory(refusal):
    """Does it say so, or what the kernel makes of it?"""
    return (refusal.errno in NO_MEMORY or
            # The driver core's, for a device whose name found no memory.
            refusal.errno == errno.EINVAL and "cannot be added: error -22" in refusal.text or
            # A tmpfs's, for an inode that found none.
            refusal.errno == errno.ENOSPC and "cannot open the file" in refusal.text)


def settings():
    """All that is configured, without counters."""
    keep = ("guest", "index", "backing", "overflow", "history", "stall_limit", "connected",
            "name", "uid", "gid", "nr_ports", "carrier", "connect_at_power_on")
    return [{k: v for k, v in thing.items() if k in keep}
            for thing in nl().dump("GUEST_GET") + nl().dump("PORT_GET")]


def each_allocation(prepare, operate, may_raise=(), worked=lambda: None):
    """operate() with its 1st, 2nd … allocation failing, after prepare() each time.

    It works, and then so must worked(), raises one of the errnos MAY_RAISE, or is
    refused for lack of memory and has changed nothing.
    """
    refused = 0
    for number in range(1, TOO_MANY):
        prepare()
        before = settings()
        client = genl.Client()
        fault = failslab.Nth(number)
        try:
            with fault:
                operate(client)
            worked()
        except genl.Refused as e:
            expect(lacks_memory(e), f"with allocation {number} failing: {e}")
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
def events():
    """a listener who cannot be told of a change is told that (ENOBUFS)"""
    fresh_guest()
    listener = None

    def prepare():
        nonlocal listener
        if listener:
            listener.close()
        listener = genl.Client()
        later(listener.close)
        listener.subscribe()

    def change(client):
        client.call("PORT_SET", PORT + u32(N.VSERIAL_A_PORT_STALL_LIMIT, 7))

    def heard():
        try:
            expect(listener.event(PATIENCE), "the listener was told nothing")
        except OSError as e:
            equal(e.errno, errno.ENOBUFS, "what the listener was told")
    each_allocation(prepare, change, worked=heard)


@test
def file_set():
    """making a file a port's backing"""
    directory = scratch(dir="/dev/shm")

    def choose(client):
        client.call("PORT_SET", PORT + string(N.VSERIAL_A_PORT_BACKING,
                                              f"file:{directory}/log#max-size=64K&keep=1"))
    each_allocation(fresh_guest, choose)


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
def pipe_set():
    """making two ports the ends of a pipe, and no longer"""
    def prepare():
        no_guest()
        make_guest("f-guest", 2)
        Port("f-guest", 1).set(backing="pipe:f-pipe#near=client")

    def join(client):
        client.call("PORT_SET", PORT + string(N.VSERIAL_A_PORT_BACKING, "pipe:f-pipe#delay=1"))
    each_allocation(prepare, join)


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
    # udev may yet have to hear of the devices of before, whose link it removes.
    run_program("udevadm", "settle")
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
    wait_for(lambda: rmmod() == 0, "rmmod")
    # The kernel's own part comes before the parameters, and has a warning in it.
    kernels = failslab.Nth(TOO_MANY)
    equal(load(b"max_ports=none", kernels), errno.EINVAL, "the errno of a wrong parameter")
    for number in range(kernels.made + 1, TOO_MANY):
        fault = failslab.Nth(number)
        error = load(during=fault)
        if error:
            expect(not loaded(), f"it is there although it failed with {error}")
            expect("ttyVS" not in read_file("/proc/tty/drivers"), "the tty driver is left")
        if not fault.hit:
            equal(error, 0, "the errno without a fault")
            diag(f"insmod: {number - 1} allocations, {kernels.made} before the module's")
            return
        wait_for(lambda: not loaded() or rmmod() == 0, "rmmod")
    raise AssertionError(f"there are more than {TOO_MANY} allocations")


if not failslab.there():
    print("1..1\nnot ok 1 - FAILSLAB is there")
    sys.exit(1)
# The kernel also tells where memory ran out, with a trace.
run(klog.BUG)
