#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""All that can be done to a port, by several processes at once, for a minute.

It is the kernel that judges: lockdep, KASAN and the like.  The test itself sees
that nobody hangs, nobody gets an errno that makes no sense, and that a port
works as ever afterwards.

    openers  ─┐
    ioctls    ├─ /dev/ttyVSn ─ port ── null, loopback, file, pipe
    writers  ─┘                 │
            sets, (dis)connects, removals, dumps, sysfs
"""
import errno
import fcntl
import os
import random
import signal
import struct
import sys
import termios
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "module"))
# pylint: disable=wrong-import-position
import genl
from lib import (CARRIERS, OVERFLOWS, PATIENCE, SYSFS, TCSBRKP, TIOCGICOUNT, N, Port, attr,
                 diag, equal, forget_client, forget_guest, later, make_port, nl,
                 run, scratch, string, test, u32, u8, wait_for)

GUEST = "d-race"
PORTS = 4
#: How long they race, in seconds.
RACE = float(os.environ.get("RACE") or 60)
#: What an opener may hear while ports come and go.
GONE = (errno.ENODEV, errno.ENXIO, errno.EIO, errno.ENOENT, errno.EAGAIN, errno.EBUSY,
        errno.EINTR, errno.ENOTTY)
#: What a request may hear, the last two of a backing: another was set meanwhile,
#: another port has this end of the pipe.
REFUSED = (errno.ENOENT, errno.EEXIST, errno.EBUSY, errno.ENODEV, errno.ECANCELED,
           errno.EADDRINUSE)


def opened(chance, flags=os.O_RDWR | os.O_NONBLOCK):
    return os.open(f"/dev/ttyVS{chance.randrange(PORTS)}", flags | os.O_NOCTTY)


def opener(chance, _):
    """Opens and closes, blocking and not."""
    os.close(opened(chance, chance.choice((os.O_RDWR, os.O_RDWR | os.O_NONBLOCK))))


def shouter(chance, _):
    """Writes and reads until there is no more."""
    fd = opened(chance)
    try:
        for _ in range(chance.randrange(1, 40)):
            os.write(fd, b"z" * chance.choice((1, 16, 4096)))
            if chance.random() < 0.3:
                os.read(fd, 65536)
    finally:
        os.close(fd)


def driver(chance, _):
    """Lines, breaks and settings."""
    fd = opened(chance)
    try:
        for _ in range(10):
            what = chance.randrange(8)
            if what == 0:
                fcntl.ioctl(fd, TCSBRKP, 1)
            elif what == 1:
                fcntl.ioctl(fd, termios.TIOCMBIS, struct.pack("i", termios.TIOCM_DTR))
            elif what == 2:
                fcntl.ioctl(fd, termios.TIOCMBIC, struct.pack("i", termios.TIOCM_RTS))
            elif what == 3:
                fcntl.ioctl(fd, TIOCGICOUNT, bytes(80))
            elif what == 4:
                termios.tcflush(fd, chance.choice((termios.TCIFLUSH, termios.TCIOFLUSH)))
            elif what == 5:
                termios.tcflow(fd, chance.choice((termios.TCOOFF, termios.TCOON)))
            else:
                now = termios.tcgetattr(fd)
                now[3] ^= termios.ICANON
                now[2] ^= chance.choice((termios.CLOCAL, termios.CSTOPB, 0))
                termios.tcsetattr(fd, chance.choice((termios.TCSANOW, termios.TCSADRAIN,
                                                     termios.TCSAFLUSH)), now)
    finally:
        os.close(fd)


def named(chance):
    return (string(N.VSERIAL_A_PORT_GUEST, GUEST) +
            u32(N.VSERIAL_A_PORT_INDEX, chance.randrange(PORTS)))


class Asker:
    """Sends requests."""

    def __init__(self, directory):
        self.client = genl.Client()
        self.directory = directory

    def backing(self, chance):
        return chance.choice(("null", "loopback", f"file:{self.directory}/log",
                              f"file:{self.directory}/turn#max-size=8K&keep=2",
                              "pipe:d-race", "pipe:d-race#near=client&delay=1"))

    def rebind(self, chance):
        self.client.call("PORT_SET", named(chance) +
                         string(N.VSERIAL_A_PORT_BACKING, self.backing(chance)))

    def settings(self, chance):
        self.client.call("PORT_SET", named(chance) +
                         u32(N.VSERIAL_A_PORT_HISTORY, chance.choice((0, 100, 1 << 18))) +
                         u32(N.VSERIAL_A_PORT_OVERFLOW, chance.randrange(len(OVERFLOWS))) +
                         u32(N.VSERIAL_A_PORT_CARRIER, chance.randrange(len(CARRIERS))) +
                         u32(N.VSERIAL_A_PORT_STALL_LIMIT, chance.choice((0, 1, 500))) +
                         u8(N.VSERIAL_A_PORT_CONNECT_AT_POWER_ON, chance.randrange(2)))

    def switch(self, chance):
        self.client.call(chance.choice(("PORT_CONNECT", "PORT_DISCONNECT")), named(chance))

    def remove(self, chance):
        which = named(chance)
        self.client.call("PORT_DEL", which + attr(N.VSERIAL_A_PORT_FORCE))
        self.client.call("PORT_NEW", which)
        # All others get their turn with it.
        time.sleep(0.05)

    def look(self, chance):
        self.client.dump("PORT_GET")
        directory = f"{SYSFS}/devices/{GUEST}:{chance.randrange(PORTS)}"
        for name in os.listdir(directory):
            if os.path.isfile(f"{directory}/{name}"):
                with open(f"{directory}/{name}", "rb") as f:
                    f.read()


RACERS = {
    "opener": opener, "shouter": shouter, "driver": driver,
    **{name: getattr(Asker, name)
       for name in ("rebind", "settings", "switch", "remove", "look")},
}


def race(name, directory, end, number):
    """A process's life: its step again and again; the exit status."""
    chance = random.Random(number)
    asker = Asker(directory)
    rounds = done = 0
    while time.monotonic() < end:
        rounds += 1
        try:
            if name in Asker.__dict__:
                RACERS[name](asker, chance)
            else:
                RACERS[name](chance, asker)
            done += 1
        except genl.Refused as e:
            if e.errno not in REFUSED:
                print(f"# {name}: {e}", flush=True)
                return 1
        except termios.error as e:
            if e.args[0] not in GONE:
                print(f"# {name}: {e}", flush=True)
                return 1
        except OSError as e:
            if e.errno not in (*GONE, errno.EACCES):
                print(f"# {name}: {e}", flush=True)
                return 1
    print(f"# {name}: {done} of {rounds} steps found what they were for", flush=True)
    return 0 if done else 1


def spawn(name, directory, end, number):
    """A process that races; ended with the test if it does not end itself."""
    sys.stdout.flush()
    pid = os.fork()
    if not pid:
        signal.alarm(0)
        status = 2
        try:
            status = race(name, directory, end, number)
        finally:
            sys.stdout.flush()
            os._exit(status)
    return pid


def reap(pid, statuses):
    got, status = os.waitpid(pid, os.WNOHANG)
    if got:
        statuses[pid] = status
    return bool(got)


def stop(pid, statuses):
    if pid not in statuses:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


@test
def races():
    """a minute of opens, ioctls, breaks, settings, rebinding and removal"""
    forget_guest(GUEST)
    directory = scratch(dir="/dev/shm")
    nl().call("GUEST_NEW", string(N.VSERIAL_A_GUEST_NAME, GUEST) +
              u32(N.VSERIAL_A_GUEST_NR_PORTS, PORTS))
    equal(sorted(Port(GUEST, i).minor for i in range(PORTS)), list(range(PORTS)), "the minors")
    Port(GUEST, PORTS - 1).wait_link()
    forget_client()
    end = time.monotonic() + RACE
    pids, statuses = {}, {}
    for number, name in enumerate((*RACERS, "opener", "shouter", "driver")):
        pid = spawn(name, directory, end, number)
        pids[pid] = name
        later(stop, pid, statuses)
    for pid, name in pids.items():
        wait_for(lambda p=pid: reap(p, statuses), f"the {name} ends", RACE + PATIENCE)
    equal({pids[p]: s for p, s in statuses.items() if s}, {}, "the racers that failed")
    nl().call("GUEST_DEL", string(N.VSERIAL_A_GUEST_NAME, GUEST) +
              attr(N.VSERIAL_A_GUEST_FORCE))
    diag(f"{len(pids)} processes for {RACE:.0f} s")
    handle = make_port("d-after", backing="loopback").open()
    handle.write_all(b"as ever")
    equal(handle.read_exactly(7), b"as ever", "the echo afterwards")


run()
