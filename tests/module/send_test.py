#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest's ports are sent to another host, over TLS.

Both hosts are this VM: between them stands who speaks TLS with either and gives the
guest another name, so that it can be at both.
"""
import contextlib
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading

from lib import (PATIENCE, Skip, ctl, ctl_raw, equal, expect, later, make_port, pattern,
                 run, scratch, test, wait_for)
from moving import LIMIT, migration, renamed, typed_to
from peer import CONNECTED, listens, tcp_port
from secured import certificate
from systemd import HERE, Systemd
from vseriald import Daemon

sys.path.insert(0, f"{HERE}/../lib")
from vspc import Concentrator, Viewer  # noqa: E402

# time limit: 900

os.environ.setdefault("VSERIAL_VSPC", "vserial-vspc")

CONF = "/etc/vserial/vseriald.conf"
HELPER = f"{HERE}/../../helper/vserialctl"
#: What is waited for in vain has so long.
SHORT = str(int(PATIENCE * 200))


def settings(port, **others):
    """What both hosts are told."""
    others = {"certificate": certificate("server"), "ca": certificate("ca"), "port": port,
              **others}
    os.makedirs("/etc/vserial", exist_ok=True)
    with open(CONF, "w", encoding="ascii") as f:
        f.writelines(f"migrate-{name} = {value}\n" for name, value in others.items())
        f.write("connect-timeout = 5\n")
    later(forget_settings)


def forget_settings():
    with contextlib.suppress(FileNotFoundError):
        os.unlink(CONF)


class Between:
    """Stands between two hosts; guest HERE has the name THERE at the other.

    STOP(line, answered) says whether a connection ends at that request: when it comes,
    or when it has been answered there."""

    def __init__(self, here, there, stop=lambda line, answered: False, server=None):
        self.here, self.there, self.stop, self.server = here, there, stop, server
        self.requests = []
        self.port = tcp_port()
        settings(self.port)
        self.listening = socket.create_server(("127.0.0.1", self.port))
        later(self.listening.close)
        later(self.listening.shutdown, socket.SHUT_RDWR)
        threading.Thread(target=self._accept, daemon=True).start()

    @staticmethod
    def _context(purpose):
        context = ssl.SSLContext(purpose)
        context.load_cert_chain(certificate("server"))
        context.load_verify_locations(certificate("ca"))
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near = self.listening.accept()[0]
                threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near):
        with contextlib.suppress(OSError, StopIteration):
            self._carry(self._context(ssl.PROTOCOL_TLS_SERVER).wrap_socket(near, server_side=True))
        near.close()

    def _other(self):
        """A connection to the other host, which is served by itself or by a unit."""
        if self.server:
            return socket.create_connection(("127.0.0.1", self.server), PATIENCE)
        ours, theirs = socket.socketpair()
        with open(f"{scratch()}/log", "wb") as log:
            # pylint: disable=consider-using-with
            process = subprocess.Popen(["vserialctl", "migrate", "serve"], stdin=theirs,
                                       stdout=log, stderr=log)
        theirs.close()
        later(process.wait, PATIENCE)
        later(process.kill)
        return ours

    def _carry(self, near):
        far = self._context(ssl.PROTOCOL_TLS_CLIENT).wrap_socket(
            self._other(), server_hostname="localhost")
        near.settimeout(PATIENCE)
        far.settimeout(PATIENCE)
        with near, far, near.makefile("rb") as asked, far.makefile("rb") as said:
            near.sendall(said.readline())
            for line in iter(asked.readline, b""):
                request = line.decode().split()
                self.requests.append(request[0])
                if self.stop(request[0], False):
                    return
                if request[0] == "receive":
                    state = renamed(asked.read(int(request[2])), self.here, self.there)
                    far.sendall(f"receive {request[1]} {len(state)}\n".encode() + state)
                else:
                    far.sendall(f"{request[0]} {self.there}\n".encode())
                answer = said.readline()
                if self.stop(request[0], True):
                    return
                near.sendall(answer)


def send(guest, limit=LIMIT):
    done = ctl_raw("migrate", "send", guest, "to", "localhost", "timeout", limit)
    return done.status, done.err.strip()


def two_hosts(letter, **others):
    """A guest that is on here, and off there; and its port and tty here."""
    here = make_port(f"send-{letter}", backing="tcp://127.0.0.1:9")
    there = make_port(f"sent-{letter}", backing="tcp://127.0.0.1:9", **others)
    tty = here.open()
    wait_for(lambda: here.power == 1, "its power is on")
    return here, there, tty


def reads_on(there, data):
    """The guest reads its input there."""
    new = there.open()
    equal(new.read_exactly(len(data)), data, "the input")


@test
def sent():
    """a guest is at the other host when the command ends, with all it had"""
    here, there, tty = two_hosts("a")
    between = Between("send-a", "sent-a")
    data = pattern(5000)
    typed_to(here, data)[0].close()
    tty.write_all(b"written")
    equal(send("send-a"), (0, ""), "what became of it")
    equal((migration("send-a"), migration("sent-a")), ("completed", "completed"), "where it stands")
    equal(between.requests, ["receive", "arrive", "complete"], "what was asked for")
    equal(there.tx_unread, 7, "output that nobody has read")
    reads_on(there, data)
    # Nothing is left where it was.
    equal(here.tx_unread, 0, "output that nobody has read, here")


@test
def refused():
    """the other host refuses: the guest goes on here, and the reason is told"""
    here, _, tty = two_hosts("b", rate="100K")
    Between("send-b", "sent-b")
    typed_to(here, b"typed")[0].close()
    status, said = send("send-b")
    equal(status, 1, "the exit status")
    expect(said.startswith("vserialctl: guest 'send-b' goes on here: localhost says: port 'sent-b/0'"
                           " has rate '100K' here and '0'"), said)
    equal((migration("send-b"), migration("sent-b")), ("aborted", "none"), "where it stands")
    equal(tty.read_exactly(5), b"typed", "what is read here")
    equal(here.dropped_bytes, 0, "what was dropped")


@test
def lost_before():
    """a connection that is lost before it is decided: the guest goes on here, and may be sent again"""
    here, there, tty = two_hosts("c")
    typed_to(here, b"typed")[0].close()
    for answered in False, True:
        between = Between("send-c", "sent-c", lambda line, a, at=answered: a == at)
        status, said = send("send-c")
        equal((status, said), (1, "vserialctl: guest 'send-c' goes on here: the connection to "
                                  "localhost was lost"), "what became of it")
        equal(migration("send-c"), "aborted", "where it stands")
        # What has been received waits there: it may be meant.
        equal(migration("sent-c"), "incoming" if answered else "none", "where it stands there")
        equal(between.requests, ["receive"], "what was asked for")
        tty.write_all(b"on")
    Between("send-c", "sent-c")
    equal(send("send-c"), (0, ""), "what became of it")
    equal((migration("send-c"), migration("sent-c")), ("completed", "completed"), "where it stands")
    equal(there.tx_unread, 4, "output that nobody has read")
    reads_on(there, b"typed")


@test
def lost_behind():
    """a connection that is lost when it is decided: it is said again until it is heard"""
    for letter, where, answered in (("d", "complete", False), ("i", "complete", True),
                                    ("j", "arrive", False), ("k", "arrive", True)):
        here, there, _ = two_hosts(letter)
        typed_to(here, b"typed")[0].close()
        cut = []

        def stop(line, at, cut=cut, where=where, answered=answered):
            if line != where or at != answered or len(cut) == 2:
                return False
            cut.append(line)
            return True
        between = Between(here.guest, there.guest, stop)
        equal(send(here.guest), (0, ""), "what became of it")
        expected = ["receive", "arrive", "complete"]
        at = expected.index(where)
        equal(between.requests, expected[:at] + 2 * [where] + expected[at:],
              "what was asked for")
        equal((migration(here.guest), migration(there.guest)), ("completed", "completed"),
              "where it stands")
        reads_on(there, b"typed")


@test
def never_heard():
    """the other host is lost when it is decided: nothing goes on twice, and nothing is lost"""
    here, there, tty = two_hosts("e")
    typed_to(here, b"typed")[0].close()
    between = Between("send-e", "sent-e", lambda line, answered: line == "complete")
    status, said = send("send-e", SHORT)
    equal(status, 1, "the exit status")
    expect(said.startswith("vserialctl: guest 'send-e' is leaving, and localhost has its ports but "
                           "has not let it go on: run 'vserialctl migrate complete send-e' there and "
                           "then here, or 'abort' on both ("), said)
    expect(len(between.requests) > 3, between.requests)
    equal((migration("send-e"), migration("sent-e")), ("parting", "arriving"), "where it stands")
    equal(tty.read(), None, "what is read here")
    ctl("migrate", "complete", "sent-e")
    ctl("migrate", "complete", "send-e")
    reads_on(there, b"typed")


@test
def taken_back():
    """the other host gives it up when it is decided: by hand the guest goes on here, with all"""
    here, _, tty = two_hosts("l")
    typed_to(here, b"typed")[0].close()

    def stop(line, answered):
        if line == "arrive" and not answered:
            ctl("migrate", "abort", "sent-l")
        return False
    Between("send-l", "sent-l", stop)
    status, said = send("send-l")
    expect(status == 1 and "or 'abort' on both (localhost says: guest 'sent-l' is not expected "
           "there)" in said, said)
    equal((migration("send-l"), migration("sent-l")), ("leaving", "aborted"), "where it stands")
    equal(tty.write(b"x"), 0, "what can be written")
    ctl("migrate", "abort", "send-l")
    equal(tty.read_exactly(5), b"typed", "what is read here")
    tty.write_all(b"on")
    equal(here.tx_unread, 2, "output that nobody has read")


class Typist:
    """Types at a concentrator at each moment of a hand-over of the guest at port HERE."""

    def __init__(self, viewer, here, kept):
        self.viewer, self.here, self.kept = viewer, here, kept
        self.typed = b""

    def type(self, word, reaches_us):
        """If the concentrator keeps nothing, it is known whom it reaches."""
        self.viewer.type(word)
        self.typed += word
        if reaches_us and not self.kept:
            wait_for(lambda: self.here.get()["rx_unread"] == len(self.typed), "it is there")

    def __call__(self, line, answered):
        words = {("receive", True): (b"late,", True), ("arrive", False): (b"last,", True),
                 ("arrive", True): (b"there,", False), ("complete", False): (b"end", False)}
        word, reaches_us = words.get((line, answered), (b"", False))
        if word and word not in self.typed:
            self.type(word, reaches_us)
        return False


@test
def behind_a_concentrator():
    """a viewer stays at its concentrator, and sees and types each byte once, in order"""
    Daemon(retry_min=50, retry_max=1)
    for letter, deviation, requests in (
            ("m", "--debug", ["receive", "arrive", "complete"]),
            ("n", "--deviate=no-buffer", ["receive", "receive", "arrive", "receive", "complete"])):
        c = Concentrator(deviation)
        later(c.__exit__, None)
        settings_ = {"proxy": f"telnet://127.0.0.1:{c.port}", "backing": "the service"}
        here = make_port(f"send-{letter}", **settings_)
        there = make_port(f"sent-{letter}", **settings_)
        tty = here.open()
        wait_for(lambda here=here: here.state == CONNECTED, "it is connected")
        viewer = Viewer(c.view_port).see(here.guest)
        tty.write_all(b"before,")
        typist = Typist(viewer, here, deviation == "--debug")
        typist.type(b"early,", False)
        wait_for(lambda here=here: here.rx_bytes == 6, "it is there")
        between = Between(here.guest, there.guest, typist)
        # As for a VMM that waits for its guest's memory.
        ctl("migrate", "expect", there.guest)
        new = there.open()
        equal(send(here.guest), (0, ""), "what became of it")
        equal(between.requests, requests, "what was asked for")
        new.write_all(b"behind")
        equal(new.read_exactly(25), b"early,late,last,there,end", "what the guest reads")
        viewer.until(lambda v=viewer: len(v.data) >= 13, "all is seen")
        equal(bytes(viewer.data), b"before,behind", "what the viewer sees")
        equal((here.dropped_bytes, there.dropped_bytes), (0, 0), "what was dropped")
        tty.close()


@test
def killed():
    """who sends is killed: the guest goes on here when its limit is over"""
    here, _, tty = two_hosts("f")
    came = threading.Event()

    def stop(_line, answered):
        if answered:
            came.set()
            waits.wait(PATIENCE)
        return answered
    waits = threading.Event()
    later(waits.set)
    Between("send-f", "sent-f", stop)
    # pylint: disable=consider-using-with
    sender = subprocess.Popen(["vserialctl", "migrate", "send", "send-f", "to", "localhost",
                               "timeout", SHORT], stdin=subprocess.DEVNULL)
    later(sender.wait, PATIENCE)
    later(sender.kill)
    expect(came.wait(PATIENCE), "its state is received")
    sender.send_signal(signal.SIGKILL)
    sender.wait(PATIENCE)
    wait_for(lambda: migration("send-f") == "aborted", "it goes on here")
    equal(migration("sent-f"), "incoming", "where it stands there")
    tty.write_all(b"on")
    equal(here.tx_unread, 2, "output that nobody has read")


@test
def makes_nothing():
    """what is missing is made only where the settings say so"""
    make_port("send-g", backing="tcp://127.0.0.1:9").open()
    Between("send-g", "sent-g")
    status, said = send("send-g")
    expect(status == 1 and "port 'sent-g/0' does not exist here" in said, said)
    Between("send-g", "sent-g")
    with open(CONF, "a", encoding="ascii") as f:
        f.write("migrate-create = yes\n")
    later(ctl_raw, "guest", "del", "sent-g", "force")
    equal(send("send-g"), (0, ""), "what became of it")
    equal(migration("sent-g"), "completed", "where it stands")


def unit(systemd, name):
    """Has a unit, as it is shipped."""
    with open(f"{HELPER}/{name}", encoding="ascii") as f:
        text = f.read().replace("@SBINDIR@", systemd.units)
    with open(f"{systemd.units}/{name.removesuffix('.in')}", "w", encoding="ascii") as f:
        f.write(text)


@test
def as_shipped():
    """the units that are shipped let in whom they should, with all their restrictions"""
    if listens(13372):
        raise Skip("something listens at port 13372")
    _, there, _ = two_hosts("h")
    systemd = Systemd()
    for name in "vserial-migrate.socket", "vserial-migrate@.service.in":
        unit(systemd, name)
    systemd.copy("vserialctl")
    # Its /tmp is its own.
    os.mkdir(f"{systemd.units}/vserial-migrate@.service.d")
    with open(f"{systemd.units}/vserial-migrate@.service.d/test.conf", "w", encoding="ascii") as f:
        f.write(f"[Service]\nBindReadOnlyPaths={systemd.units}\n"
                f"BindReadOnlyPaths={os.path.dirname(certificate('server'))}\n")
    systemd.ctl("daemon-reload")
    systemd.ctl("start", "vserial-migrate.socket")
    Between("send-h", "sent-h", server=13372)
    equal(send("send-h"), (0, ""), "what became of it")
    equal(migration("sent-h"), "completed", "where it stands")
    equal(there.power, 0, "its power")
    # Who says nothing keeps nobody out but its own address, and not for long.
    silent = [socket.create_connection(("127.0.0.1", 13372), PATIENCE) for _ in range(4)]
    fifth = socket.create_connection(("127.0.0.1", 13372), PATIENCE)
    fifth.settimeout(PATIENCE)
    with contextlib.suppress(ConnectionResetError):
        equal(fifth.recv(1), b"", "what one too many is told")
    for s in (*silent, fifth):
        s.close()
    wait_for(lambda: "vserial-migrate@" not in systemd.ctl(
        "list-units", "--no-legend", "--plain", "vserial-migrate@*").out, "all of them are over")
    equal(systemd.ctl("is-active", "vserial-migrate.socket").out.strip(), "active", "its state")


run()
