#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Guests, peers, kills, migrations, rotations, rebinds and rules at random, and an account.

Guests write numbered bytes all the time.  Every byte that one has written is in the end
with a peer or in a file, or was counted as dropped: each number closes, at every account,
to the byte.

    SECONDS=60 KILLS=20 SEED=1 tests/soak/random_test.py

SECONDS is how long it goes on (60), KILLS how often the daemon is killed besides (20), SEED
what is done (one of its own, which is told).
"""
import collections
import os
import random
import socket
import ssl
import sys
import threading
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1] = [HERE, os.path.join(HERE, "../module"), os.path.join(HERE, "../lib")]

import lib  # noqa: E402
import vspc  # noqa: E402
from far_ends import Cable, Client, Concentrator, File, Null, Server, with_tls  # noqa: E402
from lib import diag, expect, later, run, scratch, test, wait_for  # noqa: E402
from line import Line, closes  # noqa: E402
from peer import tcp_port  # noqa: E402
from secured import certificate  # noqa: E402
from sinks import Telnet  # noqa: E402
from vseriald import Daemon  # noqa: E402

SECONDS = int(os.environ.get("SECONDS") or 60)
KILLS = int(os.environ.get("KILLS") or 20)
SEED = int(os.environ.get("SEED") or random.randrange(1 << 31))
TELL = 10
#: so long bytes pass between two accounts, and so often the daemon is killed
PERIOD, PERIOD_KILLS = 15, 20
#: lines that nobody types to, which may be denied and switched off; lines with typists
UNTYPED, TYPED = 4, 3

# What is slow here is the VM, and all that is in it at a time.
lib.TEST_LIMIT = int(600 * lib.SLOWNESS + 4 * SECONDS + 20 * KILLS)
os.environ.setdefault("VSERIAL_VSPC", "vserial-vspc")


class World:
    """All lines, the daemon, and what is done to them."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.folder = scratch()
        os.chmod(self.folder, 0o755)
        os.mkdir(f"{self.folder}/records")
        self.daemon = Daemon(retry_min=50, retry_max=1, accept_rate=0,
                             certificate=certificate("server"), key=certificate("server"))
        self.concentrator = vspc.Concentrator(log_folder=f"{self.folder}/records")
        later(self.concentrator.__exit__, None)
        self.server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server_tls.load_cert_chain(certificate("server"))
        self.client_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.client_tls.check_hostname = False
        self.client_tls.verify_mode = ssl.CERT_NONE
        self.lock = threading.RLock()
        self.done = collections.Counter()
        self.dropped = 0
        self.fault = None
        self.stop = False
        self.told_at = 0
        settings = {"history": 0}
        self.pair = [Line(f"soak-{k}", k, False, **settings) for k in range(2)]
        self.single = [Line(f"soak-{k + 2}", k + 2, k >= UNTYPED, **settings)
                       for k in range(UNTYPED + TYPED)]
        self.lines = self.pair + self.single
        for line, other in zip(self.pair, reversed(self.pair)):
            line.input_is(other.reader(f"the guest of {line.name}"))
            line.attach(self.cable(line), self.lock)
        for line in self.single:
            line.input_is()
            line.attach(self.far_end(line), self.lock)
        for line in self.lines:
            line.power_on()
        self.thread = threading.Thread(target=self.tend)
        self.thread.start()
        later(self.end)

    def end(self):
        self.stop = True
        self.thread.join()
        for line in self.lines:
            lib.delete_guest(line.port.guest)

    def tend(self):
        """What the guests and the peers do."""
        try:
            while not self.stop:
                with self.lock:
                    for line in self.lines:
                        line.tend()
                time.sleep(0.003)
        except Exception:  # pylint: disable=broad-except
            self.fault = traceback.format_exc()

    def wait(self, condition, told):
        """TOLD() is how it stands, if it does not come to that."""
        try:
            wait_for(lambda: self.fault or condition(), "it comes to that")
        except AssertionError as e:
            raise AssertionError(f"{e}: {told()}") from e
        expect(not self.fault, self.fault)

    # what stands at the far ends

    def cable(self, line):
        return Cable(line, "soak", "#near=client" if line is self.pair[1] else "")

    def file(self, line):
        return File(line, self.folder, self.random.random() < 0.5)

    def server(self, line):
        number = tcp_port()
        return Server(line, f"tcp://127.0.0.1:{number}", ("127.0.0.1", number), endpoint="server")

    def client(self, line):
        number = tcp_port()
        return Client(line, f"tcp://127.0.0.1:{number}", ("127.0.0.1", number), endpoint="client")

    def telnet_server(self, line):
        number = tcp_port()
        return Server(line, f"telnet://127.0.0.1:{number}", ("127.0.0.1", number), wrap=Telnet,
                      endpoint="server")

    def tls_server(self, line):
        number = tcp_port()
        return Server(line, f"ssl://127.0.0.1:{number}", ("127.0.0.1", number),
                      wrap=with_tls(self.client_tls, False), endpoint="server")

    def tls_client(self, line):
        number = tcp_port()
        return Client(line, f"ssl://127.0.0.1:{number}", ("127.0.0.1", number),
                      wrap=with_tls(self.server_tls, True), endpoint="client")

    def application(self, line):
        name = f"soak-{tcp_port()}"
        return Server(line, f"pipe:{name}#far=application", f"/run/vserial/pipe/{name}",
                      family=socket.AF_UNIX)

    def application_listens(self, line):
        path = f"{self.folder}/{tcp_port()}"
        return Client(line, f"pipe:{path}#near=client&far=application", path,
                      family=socket.AF_UNIX)

    def behind_concentrator(self, line):
        return Concentrator(line, self.concentrator, f"{self.folder}/records")

    def far_end(self, line):
        """Any that suits the line."""
        if line in self.pair:
            return self.random.choice([self.cable, self.file])(line)
        kinds = [self.server, self.client, self.application, self.application_listens]
        if not line.types:
            kinds += [self.file, self.file, self.telnet_server, self.tls_server, self.tls_client,
                      self.behind_concentrator]
        return self.random.choice(kinds)(line)

    # what is done; each returns whether there was something to do

    def kill_daemon(self, _):
        with self.lock:
            self.daemon.kill()
            for line in self.lines:
                line.cut_off()
        time.sleep(self.random.random() / 2)
        self.daemon.start()
        return True

    def kill_peer(self, line):
        with self.lock:
            return hasattr(line.far, "kill") and line.far.kill()

    def slow_peer(self, line):
        with self.lock:
            if not hasattr(line.far, "make_slow"):
                return False
            line.far.make_slow()
            return True

    def fast_peer(self, line):
        with self.lock:
            line.far.fast()
        return True

    def rebind(self, line):
        if line.rule:
            return False
        line.attach(self.far_end(line), self.lock)
        return True

    def discard(self, line):
        if line.rule or not line.tty or not line.connected or line in self.pair:
            return False
        # What exceeds a rate may be dropped, there as well.
        line.set_up(rate=0)
        begin = line.discard(Null(line), self.lock)
        time.sleep(self.random.random())
        line.discarded(begin, self.lock)
        line.attach(self.far_end(line), self.lock)
        with self.lock:
            line.writing = True
        return True

    def rotate(self, line):
        with self.lock:
            return isinstance(line.far, File) and line.far.rename()

    def rule(self, line):
        if line.types:
            return False
        if line.rule:
            line.allow()
        else:
            line.deny(self.random.choice(["module", "hypervisor", "any"]),
                      self.random.choice(["any", "host"]))
        return True

    def power(self, line):
        if line.types or line.rule:
            return False
        if line.tty:
            line.power_off(self.lock)
        else:
            line.power_on()
        return True

    def connect(self, line):
        if line.rule:
            return False
        if line.connected:
            line.port.disconnect()
        else:
            line.port.connect()
        line.connected = not line.connected
        return True

    def set_up(self, line):
        line.set_up(overflow=self.random.choice(["block", "drop-old", "drop-new"]),
                    stall_limit=self.random.choice([0, 100, 1000]),
                    rate=self.random.choice([0, 0, 8000]))
        return True

    def move(self, line):
        if line in self.pair or line.rule or not line.tty or not line.connected or \
                isinstance(line.far, Concentrator):
            return False
        line.move(self.lock)
        return True

    DEEDS = {kill_daemon: 3, kill_peer: 4, slow_peer: 2, fast_peer: 2, rebind: 5, discard: 1,
             rotate: 3, rule: 3, power: 2, connect: 2, set_up: 2, move: 2}

    def deed(self):
        """Does something to one of them."""
        deed, = self.random.choices(list(self.DEEDS), list(self.DEEDS.values()))
        line = self.random.choice(self.lines)
        if deed(self, line):
            self.done[deed.__name__] += 1
            if os.environ.get("VERBOSE"):
                diag(f"{deed.__name__} {line.name}: {line.far}")
        expect(not self.fault, self.fault)
        time.sleep(self.random.random() / 10)

    # the account

    def account(self):
        """Everything comes to rest, and every number has to be right."""
        for line in self.lines:
            line.ready()
            with self.lock:
                line.writing = False
                for far in line.far_ends:
                    far.fast()
        # A cable has two ends, or what is written there stays.
        cabled = [line for line in self.pair if isinstance(line.far, Cable)]
        if len(cabled) == 1:
            cabled[0].attach(self.file(cabled[0]), self.lock)
        for line in self.lines:
            self.wait(lambda ln=line: ln.settled(self.lock),
                      lambda ln=line: ln.unsettled())
        for group in self.pair, *([line] for line in self.single):
            self.wait(lambda g=group: self.closes(g)[0], lambda g=group: self.closes(g)[1])
        for line in self.lines:
            with self.lock:
                self.dropped += line.begin_account()
        self.done["accounts"] += 1

    def closes(self, group):
        with self.lock:
            return closes(group)

    def write(self):
        for line in self.lines:
            with self.lock:
                line.writing = True

    def arrived(self):
        """How many bytes have come so far."""
        with self.lock:
            return sum(line.ledger.end for line in self.lines)

    def tell(self, how_far):
        written = sum(line.written for line in self.lines)
        typed = sum(line.typed for line in self.lines)
        deeds = ", ".join(f"{n} {name}" for name, n in sorted(self.done.items()))
        if time.monotonic() < self.told_at + TELL:
            return
        self.told_at = time.monotonic()
        diag(f"{how_far}, SEED={SEED}: {written} bytes written, "
             f"{typed} typed, {self.dropped} dropped; {deeds}")


@test
def at_random():
    """whatever is done, every byte is delivered, in the ring, or counted as dropped"""
    world = World(SEED)
    start = time.monotonic()
    end = start + SECONDS
    while time.monotonic() < end:
        world.write()
        rest = min(time.monotonic() + PERIOD, end)
        while time.monotonic() < rest:
            world.deed()
            world.tell(f"{time.monotonic() - start:.0f} of {SECONDS} s")
        world.account()
    world.told_at = 0
    world.tell(f"{SECONDS} s")


@test
def killed():
    """the daemon is killed again and again under load: so is every byte then"""
    world = World(SEED)
    for number in range(1, KILLS + 1):
        world.write()
        before = world.arrived()
        world.wait(lambda n=before: world.arrived() > n + 20000, lambda: "bytes arrive")
        world.kill_daemon(None)
        world.done["kill_daemon"] += 1
        if number % PERIOD_KILLS == 0 or number == KILLS:
            world.account()
        world.tell(f"{number} of {KILLS} kills")
    world.told_at = 0
    world.tell(f"{KILLS} kills")


run()
