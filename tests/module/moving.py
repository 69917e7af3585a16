# SPDX-License-Identifier: GPL-2.0-or-later
"""States of guests that move, and guests that are about to."""
import hashlib
import struct
import subprocess

from attached import Socket
from lib import PATIENCE, ctl_json, equal, expect, make_port

#: Steps wait for nothing that is slow; only this VM may be.
LIMIT = str(int(PATIENCE * 1000))

HEAD = b"vserial state 1\n"


def sections(state):
    """Type and bytes of each section."""
    expect(state.startswith(HEAD), state[:20])
    at = len(HEAD)
    while at < len(state):
        kind, size = struct.unpack_from(">II", state, at)
        yield kind, state[at + 8:at + 8 + size]
        at += 8 + size


def composed(parts):
    """A state of such sections, with the checksum they need."""
    state = HEAD
    for kind, data in parts:
        if kind != 3:
            state += struct.pack(">II", kind, len(data)) + data
    state += struct.pack(">II", 3, 32)
    return state + hashlib.sha256(state).digest()


def renamed(state, old, new):
    """The state of another guest, which this one is on another host."""
    return composed((kind, data.replace(old.encode(), new.encode()) if kind == 1 else data)
                    for kind, data in sections(state))


def migration(guest):
    return ctl_json("guest", "show", guest)["migration"]


def typed_to(port, data):
    """Input for a guest that reads nothing; the socket stays attached."""
    client = Socket()
    session = client.attach(port)["id"]
    for at in range(0, len(data), 8192):
        client.send(session, at, data[at:at + 8192])
    return client, session


def state_of(*words):
    """What vserialctl migrate WORDS prints."""
    done = subprocess.run(["vserialctl", "migrate", *words], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, timeout=2 * PATIENCE)
    expect(done.returncode == 0, f"migrate {' '.join(words)}: {done.stderr.decode()}")
    return done.stdout


def begin(guest, limit=LIMIT):
    """The state of a guest that is about to leave."""
    return state_of("begin", guest, "timeout", limit)


def receive(state, *words):
    done = subprocess.run(["vserialctl", "migrate", "receive", *words], input=state,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          timeout=2 * PATIENCE)
    return done.returncode, done.stderr.decode().strip()


def received(state, *words):
    equal(receive(state, *words, "timeout", LIMIT), (0, ""), "exit status and complaint of receive")


def changed(state, change):
    """A state whose first port's state has become change(it)."""
    return composed((kind, data[:4] + change(data[4:]) if kind == 2 else data)
                    for kind, data in sections(state))


def twin(name, **settings):
    """The same guest on the other host, where it is off."""
    return make_port(name, **settings)
