#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The proof: much of everything at once, and every byte accounted for.

$PROOF_MB is how many MB cross the pair each way (default 8); tests/soak/run
asks for 200, with a $SLOWNESS that leaves time for them.
"""
import os
import signal
import time

from files import contents
from genl import string, u32
from lib import (N, PATIENCE, Loopguest, Port, diag, equal, expect, forget_guest, make_port, nl,
                 pattern_runs, process_state, run, scratch, test, wait_for)
from qemu import LCR, MCR, MSR, Qemu

MEGABYTES = int(os.environ.get("PROOF_MB") or 8)
#: how often progress is told, in seconds
TELL = 10
RULES = ("-c", "4096", "-t", "0")
DCD = 0x80


def begin(guests):
    """Lets loopguests go that wait until all are there."""
    for guest in guests:
        guest.process.send_signal(signal.SIGUSR1)


def finish(guests, tell):
    """Waits for loopguests' ends for as long as they get on; returns their answers."""
    told = moved = time.monotonic()
    last = None
    # one that failed is not waited for: the others may wait for it
    while {guest.process.poll() for guest in guests} in ({None}, {None, 0}):
        now, seen = time.monotonic(), tell()
        if seen != last:
            last, moved = seen, now
        expect(now - moved < PATIENCE, f"nothing moves any more: {seen}")
        if now - told > TELL:
            diag(seen)
            told = now
        time.sleep(0.2)
    failed = [guest for guest in guests if guest.process.poll()]
    return [guest.finish() for guest in failed or guests]


# a pair

@test
def pair():
    """MB each way at once through a pair of slow readers: equal checksums, nothing dropped"""
    size = MEGABYTES * 1000000
    a = make_port("x-pair-a", backing="pipe:x-pair", stall_limit=0)
    b = make_port("x-pair-b", backing="pipe:x-pair#near=client", stall_limit=0)
    # each reads only when it can write no more, and never more than 16K at a time
    guests = [Loopguest(port, "wait", f"duplex={size}",
                        options=(*RULES, "--lazy", "-s", mine, "-S", 3 - mine))
              for port, mine in ((a, 1), (b, 2))]
    # Left to themselves one may read as fast as the other writes: so that both
    # find no room, each writes for a while to one that does not read.
    begin(guests[:1])
    wait_for(lambda: a.tx_unread and process_state(guests[0].process.pid) == "S",
             "the first finds no room")
    guests[0].process.send_signal(signal.SIGSTOP)
    begin(guests[1:])
    wait_for(lambda: not a.tx_unread, "the second found no room, and so it reads")
    guests[0].process.send_signal(signal.SIGCONT)

    def progress():
        return f"{a.tx_bytes / 1e6:.1f} and {b.tx_bytes / 1e6:.1f} of {MEGABYTES} MB are written"
    one, other = (answer["duplex"] for answer in finish(guests, progress))
    diag(f"{MEGABYTES} MB each way in {one['seconds']} s; checksums {one['crc_out']} and "
         f"{one['crc_in']}; no room {one['full']} and {other['full']} times")
    equal((one["crc_in"], one["crc_out"]), (other["crc_out"], other["crc_in"]), "the checksums")
    expect(int(one["full"]) and int(other["full"]), "nobody ever had to wait")
    for port in (a, b):
        got = port.get()
        equal((got["tx_bytes"], got["rx_bytes"], got["dropped_bytes"]), (size, size, 0),
              f"{port.name}'s tx_bytes, rx_bytes and dropped_bytes")


# 256 ports

#: guest -> what its ports' cables end at; the ports of pairs meet by index
FAR_ENDS = {0: "pipe:{a}-{i}", 1: "pipe:{a}-{i}#near=client", 2: "pipe:{b}-{i}",
            3: "pipe:{b}-{i}#near=client", 4: "loopback", 5: "loopback",
            6: "file:{dir}/6-{i}", 7: "file:{dir}/7-{i}"}


@test
def all_at_once():
    """8 guests with 32 ports each, traffic on all of them at once: every checksum is right"""
    each = 20000
    directory = scratch()
    ports = []
    for guest, far in FAR_ENDS.items():
        name = f"x-all-{guest}"
        forget_guest(name)
        nl().call("GUEST_NEW", string(N.VSERIAL_A_GUEST_NAME, name) +
                  u32(N.VSERIAL_A_GUEST_NR_PORTS, 32))
        for index in range(32):
            port = Port(name, index)
            port.set(backing=far.format(i=index, dir=directory, a="x-one", b="x-two"),
                     stall_limit=0)
            ports.append((guest, port))
    running = []
    for number, (guest, port) in enumerate(ports):
        # everybody's own pattern; partners expect each other's
        seed = 1 + number
        partner = seed + 32 if guest in (0, 2) else seed - 32 if guest in (1, 3) else seed
        word = "send" if guest > 5 else "duplex"
        running.append(Loopguest(port, "wait", f"{word}={each}",
                                 options=("-c", "1000", "-w", "poll", "-t", "0", "-s", seed,
                                          "-S", partner)))
    equal(sum(g.process.poll() is None for g in running), 256, "loopguests that wait")
    start = time.monotonic()
    begin(running)
    answers = [guest.finish() for guest in running]
    diag(f"256 ports with {each} bytes each: {time.monotonic() - start:.1f} s")
    for number, (guest, port) in enumerate(ports):
        got = answers[number].get("duplex") or answers[number]["send"]
        if guest < 6:
            partner = number + 32 if guest in (0, 2) else number - 32 if guest in (1, 3) else number
            equal(got["crc_in"], answers[partner]["duplex"]["crc_out"], f"{port.name}'s checksum")
        else:
            path = f"{directory}/{guest}-{port.index}"
            wait_for(lambda p=port: not p.tx_unread, "the file takes the rest")
            equal(pattern_runs(contents(path), 1 + number), [(0, each)], path)
    for port in nl().dump("PORT_GET"):
        if port["guest"].startswith("x-all-"):
            equal((port["tx_bytes"], port["dropped_bytes"]), (each, 0),
                  f"tx_bytes and dropped_bytes of {port['guest']}/{port['index']}")


# a backing that changes

@test
def switched():
    """a backing switched 100 times under load: the files' pieces in order have each byte once"""
    directory = scratch()
    files = [f"{directory}/{n}" for n in range(10)]
    sizes = dict.fromkeys(files, 0)
    pieces = []
    port = make_port("x-switch", backing=f"file:{files[0]}", stall_limit=0)
    guest = Loopguest(port, "flood", options=("-c", "1000", "-w", "poll", "-t", "0"))

    def piece_ends(path):
        end = os.path.getsize(path)
        pieces.append((path, sizes[path], end))
        sizes[path] = end

    for turn in range(100):
        path, then = files[turn % 10], files[(turn + 1) % 10]
        wait_for(lambda p=path: os.path.getsize(p) > sizes[p], f"{path} gets bytes")
        port.set(backing=f"file:{then}")
        piece_ends(path)
    sent = int(guest.terminate().finish()["flood"]["bytes"])
    wait_for(lambda: not port.tx_unread, "all is taken")
    piece_ends(then)
    equal((port.tx_bytes, port.dropped_bytes), (sent, 0), "tx_bytes, dropped_bytes")
    for path, size in sizes.items():
        equal(os.path.getsize(path), size, f"the size of {path}, which ended with the last switch,")
    written = {path: contents(path) for path in files}
    joined = b"".join(written[path][begin:end] for path, begin, end in pieces)
    equal(pattern_runs(joined), [(0, sent)], "the pieces joined")
    diag(f"{sent} bytes in {len(pieces)} pieces")


# a VMM

def talk(qemu, text):
    """What QEMU's guest sends comes back, behind whatever was on its way."""
    qemu.send(text)
    heard = b""
    while not heard.endswith(text):
        heard += qemu.receive(1)


def set_up_uart(qemu):
    """As a guest's driver does: 115200 8N1, DTR and RTS."""
    qemu.outb(LCR, 0x03)
    qemu.outb(MCR, 0x03)


@test
def session_leader():
    """QEMU, a session leader, survives every disconnect and switch, whatever the carrier"""
    directory = scratch()
    port = make_port("x-leader", backing="loopback")
    far = make_port("x-leader-far", backing="pipe:x-leader#near=client")
    other = far.open()
    qemu = Qemu(port, session_leader=True)
    set_up_uart(qemu)
    for carrier in ("auto", "peer", "always"):
        port.set(carrier=carrier)
        for backing in ("loopback", "null", f"file:{directory}/log", "pipe:x-leader"):
            port.set(backing=backing)
            for _ in range(3):
                port.disconnect()
                qemu.send(b"-")
                port.connect()
                qemu.send(b"+")
            if backing == "pipe:x-leader":
                # the far end hangs up its lines, too
                far.disconnect()
                qemu.inb(MSR)
                far.connect()
                wait_for(lambda: qemu.inb(MSR) & DCD, "DCD from the far end")
            expect(qemu.running(), f"QEMU ended: carrier {carrier}, backing {backing}")
    port.set(backing="loopback")
    other.close()
    talk(qemu, b"alive")
    equal((port.power, port.state), (1, N.VSERIAL_STATE_CONNECTED), "power and state")
    qemu.quit()
    wait_for(lambda: not port.power, "the power goes off")


@test
def reboots():
    """a guest that is reset, or whose VMM is started again, keeps its port"""
    log = f"{scratch()}/log"
    port = make_port("x-boot", backing=f"file:{log}")
    before = port.get()
    node = os.path.realpath(port.wait_link())
    said = b""
    for _ in range(3):
        qemu = Qemu(port)
        for reset in range(4):
            set_up_uart(qemu)
            text = b"boot %d\n" % reset
            qemu.send(text)
            said += text
            equal((port.power, port.connected), (1, 1), "power and the switch")
            qemu.command("system_reset")
        qemu.quit()
        wait_for(lambda: not port.power, "the power goes off")
    wait_for(lambda: not port.tx_unread, "the file takes the rest")
    equal(contents(log), said, "the file")
    equal(os.path.realpath(port.link), node, "the node")
    after = port.get()
    for same in ("minor", "backing", "guest", "index"):
        equal(after[same], before[same], same)
    equal((after["tx_bytes"], after["dropped_bytes"]), (len(said), 0), "tx_bytes, dropped_bytes")


run()
