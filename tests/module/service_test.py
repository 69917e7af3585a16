#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Service rules: what a guest may reach.  Who may reach it is service_programs_test.py's.

    denied before, working after; cut off when a rule comes, back when it goes

Each kind of far end is real: files, a null modem, peers of the daemon.  Where the
daemon might be at fault it is played, and misbehaves.
"""
import errno

import genl
import ruled
from attached import Socket, refused
from genl import N, u32
from lib import (ctl, ctl_json, equal, expect, forget_client, later, make_guest, make_port,
                 read_file, remove_guest, run, scratch, test, wait_for)
from loader import load, loaded, may_unload, rmmod
from peer import (CONNECTED, LISTENING, UNRECOVERABLE, accept, connected, dial, listen, listens,
                  server, tcp_port)
from ruled import attaching, opening
from vseriald import Daemon

# time limit: 600

USER = 61001


def stands(port, state, *words):
    """The port's state now, without waiting, and what its reason says."""
    now = port.get()
    equal(now["state"], state, f"the state ({now.get('reason')!r})")
    for word in words:
        expect(word in now.get("reason", ""), f"{now.get('reason')!r} lacks {word!r}")


# the rules themselves

@test
def kept_in_order():
    """rules are shown by rank, and saved and restored as they are"""
    make_guest("r-order")
    ruled.add("r-order", 20, "deny", "net-client", port=23, towards="host")
    ruled.add("r-order", 4294967295, "allow", "any")
    ruled.add("r-order", 0, "allow", "console", uid=USER, exe="/usr/bin/vserialctl")
    ctl("service", "add", "r-order", "rank", "10", "deny", "vspc", "port", "13370-13379")
    before = ruled.rules("r-order")
    equal([r["rank"] for r in before], [0, 10, 20, 4294967295], "the ranks")
    equal((before[1]["port"], before[1]["port_last"]), (13370, 13379), "the ports")
    shown = ctl_json("service", "show", "r-order")
    equal([(r["rank"], r["action"], r["service"], r["direction"], r["port"], r["uid"], r["exe"],
            r["hits"]) for r in shown],
          [(0, "allow", "console", "any", None, USER, "/usr/bin/vserialctl", 0),
           (10, "deny", "vspc", "any", "13370-13379", None, None, 0),
           (20, "deny", "net-client", "host", "23", None, None, 0),
           (4294967295, "allow", "any", "any", None, None, None, 0)], "what is shown")
    saved = ctl("save")
    remove_guest("r-order")
    ctl("restore", "-", stdin="".join(line + "\n" for line in saved.splitlines()
                                      if "r-order" in line))
    equal(ruled.rules("r-order"), before, "what was restored")
    ctl("service", "del", "r-order", "rank", "10")
    equal([r["rank"] for r in ruled.rules("r-order")], [0, 20, 4294967295], "the ranks")


@test
def dry_run():
    """a test names the rule that would decide, of each direction, and counts nothing"""
    make_guest("r-dry")
    equal(ruled.decided("r-dry", "uart"), {"guest": ("allow", None), "host": ("allow", None)},
          "without a rule")
    ruled.add("r-dry", 10, "allow", "net-client", port=23)
    ruled.add("r-dry", 20, "deny", "module", towards="host")
    ruled.add("r-dry", 30, "deny", "hypervisor", uid=USER)
    equal(ruled.decided("r-dry", "net-client", port=23),
          {"guest": ("allow", 10), "host": ("allow", 10)}, "port 23")
    equal(ruled.decided("r-dry", "net-client", port=24),
          {"guest": ("allow", None), "host": ("deny", 20)}, "port 24")
    equal(ruled.decided("r-dry", "file"), {"host": ("deny", 20)}, "a file")
    equal(ruled.decided("r-dry", "control"), {"guest": ("allow", None)}, "control")
    equal(ruled.decided("r-dry", "uart", towards="host"), {"host": ("deny", 20)}, "one way")
    equal(ruled.decided("r-dry", "hypervisor", uid=USER)["host"], ("deny", 30), "a user")
    equal(ruled.decided("r-dry", "hypervisor")["host"], ("allow", None), "root")
    equal(ctl("service", "test", "r-dry", "net-client", "port", "24"),
          "net-client towards the guest: allow, by default: no rule matches\n"
          "net-client towards the host: deny, by rule 20\n", "what vserialctl prints")
    equal([r["hits"] for r in ruled.rules("r-dry")], [0, 0, 0], "the hits")


@test
def events():
    """whoever listens is told of rules that come and go"""
    make_guest("r-event")
    listener = genl.Client()
    later(listener.close)
    listener.subscribe()
    ruled.add("r-event", 5, "deny", "uart", towards="host")
    ruled.remove("r-event", 5)
    told = [listener.event(10) for _ in range(2)]
    equal([number for number, _ in told],
          [N.VSERIAL_CMD_SERVICE_NTF, N.VSERIAL_CMD_SERVICE_DEL_NTF], "what is told")
    equal((told[0][1]["guest"], told[0][1]["rank"], told[0][1]["action"], told[0][1]["direction"]),
          ("r-event", 5, N.VSERIAL_ACTION_DENY, N.VSERIAL_TOWARDS_HOST), "of the first")
    equal(told[1][1], {"guest": "r-event", "rank": 5}, "of the second")


# backings

@test
def a_file():
    """a file is denied, written when allowed, cut off and gone on with where it was"""
    path = scratch() + "/log"
    port = make_port("r-file", backing=f"file:{path}")
    ruled.add("r-file", 10, "deny", "file")
    refused(errno.EACCES, "service rule 10 of guest 'r-file' denies file", port.connect)
    equal(port.connected, 0, "connected")
    guest = port.open()
    stands(port, UNRECOVERABLE, "service rule 10 of guest 'r-file' denies file")
    equal(port.connected, 1, "connected by the power")
    guest.write_all(b"one ")
    equal((read_file(path), port.tx_unread), ("", 4), "the file, and what waits")
    ruled.remove("r-file", 10)
    stands(port, CONNECTED)
    wait_for(lambda: read_file(path) == "one ", "what waited is written")
    guest.write_all(b"two ")
    wait_for(lambda: read_file(path) == "one two ", "what follows is written")
    # A lower rank decides, whatever others say.
    ruled.add("r-file", 30, "deny", "module")
    stands(port, UNRECOVERABLE, "service rule 30")
    ruled.add("r-file", 20, "allow", "file")
    stands(port, CONNECTED)
    ruled.add("r-file", 10, "deny", "file", towards="host")
    stands(port, UNRECOVERABLE, "service rule 10")
    guest.write_all(b"three")
    equal((read_file(path), port.tx_unread), ("one two ", 5), "the file, and what waits")
    ruled.remove("r-file", 10)
    wait_for(lambda: read_file(path) == "one two three", "all is written, and once")
    equal(port.dropped_bytes, 0, "dropped bytes")


@test
def counted():
    """a rule counts what it decides, and a direction it closes each thing it stops"""
    port = make_port("r-count", backing="null")
    ruled.add("r-count", 10, "deny", "module")
    ruled.add("r-count", 20, "deny", "any", towards="host")
    guest = port.open()
    # The open by the one, towards the host, and the backing by the other.
    equal(ruled.hits("r-count", 10), 1, "the hits of rule 10")
    seen = ruled.hits("r-count", 20)
    expect(seen >= 1, f"{seen} hits of rule 20")
    dropped = port.dropped_bytes
    guest.write_all(b"abc")
    expect(ruled.hits("r-count", 20) > seen, "what it stopped is not counted")
    equal(port.dropped_bytes - dropped, 3, "dropped bytes")
    ruled.remove("r-count", 20)
    seen = ruled.hits("r-count", 10)
    for _ in range(3):
        refused(errno.EACCES, "denies", port.connect)
    equal(ruled.hits("r-count", 10), seen + 3, "the hits of rule 10")


@test
def the_log_goes_on():
    """a port's log is no service: no rule keeps output from it"""
    path = scratch() + "/log"
    port = make_port("r-log", backing="null", log=f"file:{path}")
    ruled.add("r-log", 10, "deny", "module")
    guest = port.open()
    stands(port, UNRECOVERABLE, "service rule 10")
    guest.write_all(b"logged")
    wait_for(lambda: read_file(path) == "logged", "it is logged")


@test
def one_direction():
    """denied one way, bytes go the other"""
    port = make_port("r-way", backing="loopback")
    guest = port.open()
    ruled.add("r-way", 10, "deny", "module", towards="guest")
    stands(port, CONNECTED)
    guest.write_all(b"lost")
    equal((guest.read(), port.tx_unread, port.dropped_bytes), (None, 0, 4), "what came back")
    ruled.remove("r-way", 10)
    ruled.add("r-way", 10, "deny", "module", towards="host")
    stands(port, CONNECTED)
    guest.write_all(b"late")
    equal((guest.read(), port.tx_unread), (None, 4), "what came back")
    expect(ruled.hits("r-way", 10) >= 2, "what it held back is not counted")
    ruled.remove("r-way", 10)
    equal(guest.read_exactly(4), b"late", "what waited")


@test
def full_ring_does_not_block():
    """a guest whose output a rule holds back never waits for room"""
    port = make_port("r-full", backing="loopback", stall_limit=0, overflow="block")
    guest = port.open()
    ruled.add("r-full", 10, "deny", "module", towards="host")
    guest.write_all(bytes(200000))
    kept = port.tx_unread
    expect(60000 < kept <= 65536, f"{kept} bytes are kept")
    equal(port.dropped_bytes, 200000 - kept, "dropped bytes")


@test
def a_null_modem():
    """either guest's rules cut a pipe, and it comes back"""
    a = make_port("r-pa", backing="pipe:rules", stall_limit=0)
    b = make_port("r-pb", backing="pipe:rules#near=client", stall_limit=0)
    guest_a, guest_b = a.open(), b.open()
    connected(a)
    connected(b)
    guest_a.write_all(b"1")
    equal(guest_b.read_exactly(1), b"1", "what came")
    ruled.add("r-pb", 10, "deny", "pipe")
    stands(b, UNRECOVERABLE, "service rule 10 of guest 'r-pb' denies pipe")
    stands(a, LISTENING, "nobody is at the other end")
    guest_a.write_all(b"2")
    equal(guest_b.read(), None, "what came")
    ruled.remove("r-pb", 10)
    equal(guest_b.read_exactly(1), b"2", "what came")
    # Towards the guest of the one is towards the host of the other.
    ruled.add("r-pb", 10, "deny", "pipe", towards="guest")
    guest_a.write_all(b"3")
    guest_b.write_all(b"4")
    equal(guest_a.read_exactly(1), b"4", "what came")
    equal((guest_b.read(), b.dropped_bytes), (None, 1), "what came")


@test
def a_network_server():
    """a listener is closed when a rule comes, and listens again when it goes"""
    Daemon()
    port, number = server("r-net", stall_limit=0)
    guest = port.open()
    peer = dial(number)
    guest.write_all(b"before")
    equal(peer.read(6), b"before", "the output")
    ruled.add("r-net", 10, "deny", "net-server", port=number)
    stands(port, UNRECOVERABLE,
           f"service rule 10 of guest 'r-net' denies net-server with port {number}")
    equal(peer.rest(), b"", "what the peer still gets")
    wait_for(lambda: not listens(number), "nobody listens any more")
    guest.write_all(b" meanwhile")
    ruled.remove("r-net", 10)
    wait_for(lambda: port.state == LISTENING, "it listens again")
    equal(dial(number).read(16), b"before meanwhile", "history, and what waited")
    # Another port is not meant, nor is calling.
    ruled.add("r-net", 10, "deny", "net-server", port=number + 1)
    ruled.add("r-net", 20, "deny", "net-client")
    connected(port)
    # What is a server becomes a client.
    port.set(endpoint="client")
    stands(port, UNRECOVERABLE, "service rule 20 of guest 'r-net' denies net-client")
    port.set(endpoint="auto")
    wait_for(lambda: port.state == LISTENING, "it listens again")


@test
def a_network_client():
    """a port that dials is denied before a packet leaves, and dials when allowed"""
    Daemon()
    number = tcp_port()
    listening = listen(number)
    port = make_port("r-dial", backing=f"tcp://127.0.0.1:{number}", stall_limit=0)
    ruled.add("r-dial", 10, "deny", "net-client")
    guest = port.open()
    stands(port, UNRECOVERABLE, "denies net-client")
    guest.write_all(b"hello ")
    listening.settimeout(0)
    try:
        listening.accept()
        raise AssertionError("it has dialled although it is denied")
    except BlockingIOError:
        pass
    listening.settimeout(60)
    ruled.remove("r-dial", 10)
    peer = accept(listening)
    equal(peer.read(6), b"hello ", "the output")
    peer.send(b"input")
    equal(guest.read_exactly(5), b"input", "the input")
    ruled.add("r-dial", 10, "deny", "net-client", towards="guest")
    connected(port)
    # Its peer only reads now, so that somebody else may write.
    peer.send(b"typed")
    wait_for(peer.was_read, "the daemon reads what is sent")
    equal(guest.read(), None, "the input")
    s = Socket()
    session = s.attach(port)
    equal(session["writer"], 1, "the writer")
    s.send(session["id"], 0, b"mine")
    equal(guest.read_exactly(4), b"mine", "the input")
    s.call("SESSION_DEL", u32(N.VSERIAL_A_SESSION_ID, session["id"]))
    guest.write_all(b"goes out")
    equal(peer.read(8), b"goes out", "the output")
    ruled.remove("r-dial", 10)
    came = wait_for(lambda: peer.send(b"!") or guest.read(), "its peer writes again")
    equal(came.strip(b"!"), b"", "the input besides what was sent last")
    ruled.add("r-dial", 20, "deny", "any", port=number)
    equal(peer.rest(), b"", "what the peer still gets")
    equal(port.connected, 1, "connected")


def hold_back(daemon, port, guest, backing):
    """Denies output while the daemon says that it is connected."""
    ruled.add(port.guest, 10, "deny", "net-client", towards="host")
    guest.write_all(b"secret")
    # It would have been sent by the write itself.
    daemon.pump()
    equal([kind for kind, _ in daemon.told if kind == "DATA_NTF"], [], "what the daemon is sent")
    daemon.report(backing, "RECOVERABLE_ERROR", "as if")
    daemon.report(backing, "CONNECTED")
    daemon.pump()
    equal([kind for kind, _ in daemon.told if kind == "DATA_NTF"], [], "what it gets by that")
    refused(errno.EACCES, "denies net-client with port 1 towards the host", daemon.dump,
            "PORT_HISTORY", port.request())
    ruled.remove(port.guest, 10)
    equal(daemon.read(backing, 6), b"secret", "what it is sent once it may")


@test
def a_faulty_daemon():
    """whatever the daemon says and sends, nothing passes that is denied"""
    port = make_port("r-fault", backing="tcp://x:1", stall_limit=0)
    d = Socket()
    d.call("DAEMON_NEW")
    port.connect()
    backing = d.next("BACKING_NTF")["id"]
    d.report(backing, "CONNECTED")
    guest = port.open()
    guest.write_all(b"one")
    equal(d.read(backing, 3), b"one", "the output")
    hold_back(d, port, guest, backing)

    ruled.add("r-fault", 10, "deny", "net-client", towards="guest")
    d.send(backing, 0, b"typed")
    equal((guest.read(), port.dropped_bytes), (None, 5), "the input")
    expect(ruled.hits("r-fault", 10) >= 2, "what it stopped is not counted")
    ruled.remove("r-fault", 10)
    d.send(backing, 5, b"more")
    equal(guest.read_exactly(4), b"more", "the input")

    # It does not let go, and is not waited for.
    ruled.add("r-fault", 10, "deny", "net-client")
    equal(d.next("BACKING_DEL_NTF")["id"], backing, "what it is to let go of")
    stands(port, UNRECOVERABLE, "service rule 10")
    refused(errno.ENOENT, str(backing), d.report, backing, "CONNECTED")
    refused(errno.ENOENT, "", d.send, backing, 9, b"x")
    equal(d.dump("BACKING_GET"), [], "what there is to serve")
    stands(port, UNRECOVERABLE, "service rule 10")
    d.told.clear()
    ruled.remove("r-fault", 10)
    expect(d.next("BACKING_NTF")["id"] != backing, "it is served under its old number")


@test
def while_it_floods():
    """rules come and go while bytes pass: nothing is lost, doubled or stuck"""
    a = make_port("r-fa", backing="pipe:flood", stall_limit=0)
    b = make_port("r-fb", backing="pipe:flood#near=client", stall_limit=0)
    guest_a, guest_b = a.open(), b.open()
    connected(a)
    sent = got = 0
    for turn in range(40):
        guest = "r-fa" if turn % 2 else "r-fb"
        sent += guest_a.write(bytes(20000))
        ruled.add(guest, 1, "deny", "pipe")
        # What is written while the pipe is cut waits, as much as the ring holds.
        sent += guest_a.write(bytes(20000))
        ruled.remove(guest, 1)
        while got < sent:
            got += len(guest_b.read_exactly(sent - got))
    equal((got, a.dropped_bytes, b.dropped_bytes), (sent, 0, 0), "what came, and was dropped")


@test
def denied_by_default():
    """deny_services: what no rule speaks of is denied, and one rule opens it"""
    may_unload()
    wait_for(lambda: rmmod() == 0 or not loaded(), "the module unloads")
    equal(load(b"deny_services=1"), 0, "the errno of insmod deny_services=1")

    def unload():
        forget_client()
        wait_for(lambda: rmmod() == 0 or not loaded(), "the module unloads")

    later(unload)
    port = make_port("r-deny", backing="null")
    words = "no service rule of guest 'r-deny' allows module", "deny_services"
    refused(errno.EACCES, "allows control", port.connect)
    node = port.wait_link()
    equal(opening(node), errno.EACCES, "the open")
    equal(attaching("r-deny"), errno.EACCES, "attaching")
    equal(ruled.decided("r-deny", "uart")["host"], ("deny", None), "a test")
    ruled.add("r-deny", 10, "allow", "hypervisor")
    guest = port.open()
    stands(port, UNRECOVERABLE, *words)
    ruled.add("r-deny", 20, "allow", "module")
    stands(port, CONNECTED)
    guest.close()


run()
