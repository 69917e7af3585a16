#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the module leaks, by kmemleak.

All that the module allocates is made and removed many times over; then kmemleak
looks for memory that nothing points to, with the module loaded and without it.
Needs a kernel booted with kmemleak=on.
"""
# vm: --append kmemleak=on
import contextlib
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "module"))
# pylint: disable=wrong-import-position
import genl
import kmemleak
from attached import Socket
from lib import (N, forget_client, make_guest, make_port, nl, remove_guest, run, scratch,
                 string, test, u32, wait_for)
from loader import insmod, may_unload, rmmod

ROUNDS = 5


def use(port, backing):
    """Has bytes go both ways, and some stay, with BACKING behind PORT."""
    port.set(backing=backing)
    port.connect()
    handle = port.open()
    handle.write_all(b"x" * 100000)
    handle.read()
    port.disconnect()
    handle.write(b"y" * 5000)
    handle.close()


def refusals(port):
    """Requests that are refused after some of their work was done."""
    for backing in ("file:/nowhere/at/all", "file:relative", "loopback:what", "what"):
        with contextlib.suppress(genl.Refused):
            port.set(backing=backing)
    with contextlib.suppress(genl.Refused):
        nl().call("GUEST_NEW", string(N.VSERIAL_A_GUEST_NAME, port.guest))


def listen(port, directory):
    """Sockets that read PORT: one that takes its leave, one that does not; and a log."""
    port.set(log=f"file:{directory}/tee#max-size=32K&keep=1")
    handle = port.open()
    polite, rude = Socket(), Socket()
    session = polite.attach(port)["id"]
    rude.attach(port)
    handle.write_all(b"z" * 10000)
    polite.read(session, 10000)
    polite.send(session, 0, b"a" * 1000)
    handle.read_exactly(1000)
    nl().call("SESSION_DEL", u32(N.VSERIAL_A_SESSION_ID, session))
    handle.close()
    polite.close()
    rude.close()


def serve(port):
    """As the daemon with a peer, which both vanish with bytes on their way."""
    port.set(backing="tcp://d-leak:1", stall_limit=0)
    port.connect()
    daemon = Socket()
    daemon.call("DAEMON_NEW")
    (backing,) = daemon.dump("BACKING_GET")
    daemon.report(backing["id"], "CONNECTED")
    daemon.announce(backing["id"], "a peer")
    handle = port.open()
    handle.write_all(b"p" * 10000)
    daemon.read(backing["id"], 5000, ack=False)
    daemon.send(backing["id"], 0, b"q" * 1000)
    daemon.close()
    handle.close()
    port.disconnect()


def work():
    """Uses all there is, and removes it."""
    directory = scratch(dir="/dev/shm")
    for number in range(ROUNDS):
        ports = make_guest("d-leak", 7, history=1 << 17)
        use(ports[0], "null")
        use(ports[1], "loopback")
        use(ports[2], f"file:{directory}/log{number}#max-size=32K&keep=2")
        ports[3].set(backing="pipe:d-leak")
        use(ports[4], "pipe:d-leak#near=client&delay=1")
        refusals(ports[3])
        listen(ports[5], directory)
        serve(ports[6])
        client = genl.Client()
        client.subscribe()
        client.dump("PORT_GET")
        ports[3].remove()
        client.close()
        # removed under its opener
        handle = ports[0].open()
        remove_guest("d-leak", force=True)
        handle.close()
    forget_client()


@test
def loaded():
    """kmemleak finds nothing of the module after guests came and went"""
    work()
    kmemleak.expect_no_leak("with the module loaded")


@test
def unloaded():
    """kmemleak finds nothing of the module after it was unloaded"""
    may_unload()
    for _ in range(ROUNDS):
        make_port("d-left", backing="loopback").open().close()
        forget_client()
        wait_for(lambda: rmmod() == 0, "rmmod")
        insmod()
    forget_client()
    wait_for(lambda: rmmod() == 0, "rmmod")
    kmemleak.expect_no_leak("without the module")


if not kmemleak.there():
    print("1..1\nnot ok 1 - kmemleak is there")
    sys.exit(1)
run()
