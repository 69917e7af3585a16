#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The stream end to end: overflow policies, counters, connections, memory.

    loopguest --pattern--> port's ring (64K) --> null | loopback | file on a tmpfs
                                                             full: ENOSPC

Bytes carry their offset (see tests/tools/stream_pattern.h), so what arrived
says which bytes were dropped, and that is compared with the counters.
"""
import os
import select
import subprocess
import termios
import time

from files import contents
from lib import (N, RING, Loopguest, Skip, equal, expect, later, loopguest,
                 make_guest, make_port, pattern, pattern_runs, read_file,
                 remove_guest, run, run_program, scratch, test, tmpfs, tool,
                 wait_for, write_sysfs)

BLOCKS = ("-c", "1000", "-w", "poll")


def grow(directory):
    """Makes room on a full tmpfs."""
    done = run_program("mount", "-o", "remount,size=8M", directory)
    equal(done.status, 0, f"the remount ({done.err})")


def full_file_port(name, **settings):
    """A port whose file system has room for 32K only."""
    directory = tmpfs("32k")
    port = make_port(name, backing=f"file:{directory}/log", **settings)
    return port, directory, f"{directory}/log"


def in_error(port):
    return port.state == N.VSERIAL_STATE_RECOVERABLE_ERROR


def recovered(port):
    return port.state == N.VSERIAL_STATE_CONNECTED and not port.tx_unread


def balance(port, in_file):
    """Every byte is in the file, unread or dropped."""
    got = port.get()
    equal(got["tx_bytes"], in_file + got["dropped_bytes"] + got["tx_unread"],
          f"tx_bytes ({in_file} in the file, {got['dropped_bytes']} dropped, "
          f"{got['tx_unread']} unread)")


def in_order(runs, end):
    """Runs of the pattern go forward and come to its end."""
    at = 0
    for offset, length in runs:
        expect(offset >= at, f"bytes were repeated or moved: {runs[:20]}")
        at = offset + length
    equal(at, end, f"the last byte's offset in {runs[-3:]}")


# with nobody connected

@test
def disconnected_keeps_newest():
    """a disconnected guest never waits; the ring keeps the newest 64K"""
    log = f"{scratch()}/log"
    port = make_port("s-dis", backing=f"file:{log}", connect_at_power_on=False)
    loopguest(port, "send=300000", options=("-m", "clh", "-c", "1000"))
    equal(port.tx_bytes, 300000, "tx_bytes")
    equal(port.tx_unread, RING, "tx_unread")
    equal(port.dropped_bytes, 300000 - RING, "dropped_bytes")
    balance(port, 0)
    handle = port.open()
    port.connect()
    wait_for(lambda: not port.tx_unread, "the file takes what was kept")
    equal(pattern_runs(contents(log)), [(300000 - RING, RING)], "the file")
    equal(port.dropped_bytes, 300000 - RING, "dropped_bytes in the end")
    handle.close()


@test
def disconnected_below_ring():
    """what a disconnected guest writes arrives later if it fits"""
    log = f"{scratch()}/log"
    port = make_port("s-fit", backing=f"file:{log}", connect_at_power_on=False)
    guest = Loopguest(port, f"send={RING}", "hold", options=("-c", "977"))
    wait_for(lambda: port.tx_bytes == RING, "all is written")
    equal((port.tx_unread, port.dropped_bytes), (RING, 0), "unread, dropped")
    port.connect()
    wait_for(lambda: recovered(port), "the file takes it")
    equal(contents(log), pattern(RING), "the file")
    guest.terminate().finish()


@test
def power_off_keeps_output():
    """what the guest wrote before it went off still reaches the backing"""
    log = f"{scratch()}/log"
    port = make_port("s-off", backing=f"file:{log}", connect_at_power_on=False)
    loopguest(port, "send=5000")
    equal((port.power, port.tx_unread), (0, 5000), "power and tx_unread")
    port.connect()
    wait_for(lambda: not port.tx_unread, "the file takes it")
    equal(contents(log), pattern(5000), "the file")
    loopguest(port, "send=5000", options=("-s", "2"))
    wait_for(lambda: not port.tx_unread, "the file takes it")
    equal(contents(log), pattern(5000) + pattern(5000, 2), "the file")


# overflow with a peer that takes nothing

@test
def drop_old():
    """drop-old: the guest never waits, the newest survive, drops are counted"""
    port, directory, log = full_file_port("s-old", overflow="drop-old")
    guest = Loopguest(port, "send=300000", "hold",
                      options=("-m", "clh", "-c", "1000"))
    wait_for(lambda: port.tx_bytes == 300000, "all is written")
    wait_for(lambda: in_error(port), "the full file system is noticed")
    expect(port.reason, "no reason is given")
    expect(port.dropped_bytes >= 300000 - RING - 32768 - 32768,
           f"only {port.dropped_bytes} bytes were dropped")
    grow(directory)
    wait_for(lambda: recovered(port), "it recovers by itself")
    runs = pattern_runs(contents(log))
    in_order(runs, 300000)
    expect(runs[-1][1] >= RING - 32768, f"the newest survive: {runs}")
    balance(port, os.path.getsize(log))
    equal(port.reason, "", "the reason in the end")
    guest.terminate().finish()


@test
def drop_new():
    """drop-new: the guest never waits, the oldest survive, drops are counted"""
    port, directory, log = full_file_port("s-new", overflow="drop-new")
    guest = Loopguest(port, "send=300000", "hold",
                      options=("-m", "clh", "-c", "1000"))
    wait_for(lambda: port.tx_bytes == 300000, "all is written")
    wait_for(lambda: in_error(port), "the full file system is noticed")
    # what was on its way when the ring filled up decides how many
    kept = 300000 - port.dropped_bytes
    expect(kept <= RING + 32768 + 32768, f"{kept} bytes were kept")
    grow(directory)
    wait_for(lambda: recovered(port), "it recovers by itself")
    runs = pattern_runs(contents(log))
    equal(runs[0][0], 0, "the first byte that survives")
    expect(runs[0][1] >= RING, f"the oldest survive: {runs}")
    expect(all(a[0] + a[1] <= b[0] for a, b in zip(runs, runs[1:])),
           f"bytes were repeated or moved: {runs}")
    balance(port, os.path.getsize(log))
    guest.terminate().finish()


@test
def block_stalls_then_drops():
    """block: the guest waits for stall-limit, then goes on and bytes drop"""
    port, directory, log = full_file_port("s-stall", stall_limit=500)
    start = time.monotonic()
    guest = Loopguest(port, "send=300000", "hold", options=BLOCKS)
    wait_for(lambda: port.tx_bytes == 300000, "all is written")
    seconds = time.monotonic() - start
    expect(seconds > 0.45, f"the guest waited for {seconds:.3f} s only")
    expect(port.dropped_bytes > 0, "nothing was dropped")
    # Who writes the file may be later than the limit is over.
    wait_for(lambda: in_error(port), "the state is an error")
    grow(directory)
    wait_for(lambda: recovered(port), "it recovers by itself")
    in_order(pattern_runs(contents(log)), 300000)
    balance(port, os.path.getsize(log))
    guest.terminate().finish()


@test
def block_for_ever():
    """block, stall-limit 0: the guest waits and loses nothing; drains end"""
    port, directory, log = full_file_port("s-ever", stall_limit=0)
    guest = Loopguest(port, "send=300000", "hold", options=BLOCKS)
    wait_for(lambda: in_error(port) and port.tx_unread == RING, "it is stuck")
    handle = port.open()
    # twice the default limit: this one has none
    expect(not handle.poll(select.POLLOUT, 2), "POLLOUT of a full ring")
    equal((port.tx_unread, port.dropped_bytes), (RING, 0), "unread, dropped")
    start = time.monotonic()
    termios.tcdrain(handle.fileno())
    expect(time.monotonic() - start < 15, "tcdrain took too long")
    handle.close()
    grow(directory)
    wait_for(lambda: port.tx_bytes == 300000 and recovered(port),
             "the rest is written")
    equal(pattern_runs(contents(log)), [(0, 300000)], "the file")
    equal(port.dropped_bytes, 0, "dropped_bytes")
    guest.terminate().finish()


@test
def stuck_guest_may_leave():
    """block, stall-limit 0: a guest that quits is not held up"""
    port, _, _ = full_file_port("s-leave", stall_limit=0)
    guest = Loopguest(port, "flood", options=BLOCKS)
    wait_for(lambda: in_error(port) and port.tx_unread == RING, "it is stuck")
    start = time.monotonic()
    guest.terminate().finish()
    expect(time.monotonic() - start < 15, "its end took too long")
    equal(port.power, 0, "the power")
    equal(port.tx_unread, RING, "what waits for the file")


@test
def freed_by_settings():
    """a waiting guest is freed by drop-old, a stall limit or disconnect"""
    for change in ({"overflow": "drop-old"}, {"stall_limit": 100}, None):
        port, _, _ = full_file_port("s-free", stall_limit=0)
        guest = Loopguest(port, "send=300000", "hold", options=BLOCKS)
        wait_for(lambda: in_error(port) and port.tx_unread == RING, "it is stuck")
        if change:
            port.set(**change)
        else:
            port.disconnect()
        wait_for(lambda: port.tx_bytes == 300000, f"{change} frees the guest")
        expect(port.dropped_bytes > 0, "nothing was dropped")
        guest.terminate().finish()
        remove_guest("s-free")


@test
def backing_null_frees():
    """a waiting guest is freed by a backing that takes bytes"""
    port, _, log = full_file_port("s-null", stall_limit=0)
    guest = Loopguest(port, "send=300000", "hold", options=BLOCKS)
    wait_for(lambda: in_error(port) and port.tx_unread == RING, "it is stuck")
    port.set(backing="null")
    wait_for(lambda: port.tx_bytes == 300000, "the guest goes on")
    equal((port.dropped_bytes, port.state),
          (0, N.VSERIAL_STATE_CONNECTED), "dropped, state")
    runs = pattern_runs(contents(log))
    equal((len(runs), runs[0][0]), (1, 0), "the file's runs and their beginning")
    guest.terminate().finish()


# backings changed while the guest runs

@test
def backing_changes_lose_nothing():
    """20 changes of the file under a running guest: nothing lost or doubled"""
    directory = scratch()
    port = make_port("s-change", backing=f"file:{directory}/00", stall_limit=0)
    guest = Loopguest(port, "flood", options=BLOCKS)
    for i in range(1, 21):
        path = f"{directory}/{i:02}"
        port.set(backing=f"file:{path}")
        wait_for(lambda: os.path.getsize(path), f"{path} gets bytes")
    sent = int(guest.terminate().finish()["flood"]["bytes"])
    wait_for(lambda: not port.tx_unread, "all is taken")
    equal((port.tx_bytes, port.dropped_bytes), (sent, 0), "tx_bytes, dropped")
    pieces = [contents(f"{directory}/{i:02}") for i in range(21)]
    expect(all(pieces[1:-1]), "some file is empty")
    equal(_check(b"".join(pieces)), sent, "bytes of the pattern in the files")


@test
def backing_changes_keep_waiting():
    """a guest that waits for room goes on waiting while the backing changes"""
    port, directory, log = full_file_port("s-wait", stall_limit=0)
    guest = Loopguest(port, "send=300000", "hold", options=BLOCKS)
    wait_for(lambda: in_error(port) and port.tx_unread == RING, "it is stuck")
    for i in range(40):
        # the directory is full: none of these takes a byte
        port.set(backing=f"file:{directory}/{i}")
    equal((port.tx_unread, port.dropped_bytes), (RING, 0), "unread, dropped")
    port.set(backing=f"file:{log}")
    grow(directory)
    wait_for(lambda: port.tx_bytes == 300000 and recovered(port),
             "the rest is written")
    equal(port.dropped_bytes, 0, "dropped_bytes")
    equal(pattern_runs(contents(log)), [(0, 300000)], "the file")
    guest.terminate().finish()


def _check(data):
    """How many bytes of the pattern data is; it must be nothing else."""
    done = subprocess.run([tool("pattern"), "check", "1", "0"], input=data,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False)
    equal(done.returncode, 0, f"the check ({done.stderr.decode().strip()})")
    return int(done.stdout.split()[0])


@test
def connections_come_and_go():
    """connect and disconnect under a flooding guest: every byte accounted for"""
    log = f"{scratch()}/log"
    port = make_port("s-toggle", backing=f"file:{log}")
    guest = Loopguest(port, "flood", options=BLOCKS)
    for _ in range(15):
        before = port.tx_bytes
        port.disconnect()
        wait_for(lambda: port.tx_bytes > before + 2 * RING, "the guest writes on")
        port.connect()
    sent = int(guest.terminate().finish()["flood"]["bytes"])
    wait_for(lambda: not port.tx_unread, "all is taken")
    equal(port.tx_bytes, sent, "tx_bytes")
    balance(port, os.path.getsize(log))
    expect(port.dropped_bytes > 0, "nothing was dropped")
    in_order(pattern_runs(contents(log)), sent)


@test
def loopback_counts():
    """a loopback's counters: what went out came in"""
    port = make_port("s-loop", backing="loopback", stall_limit=0)
    loopguest(port, "duplex=500000", options=("-c", "4096"))
    equal((port.tx_bytes, port.rx_bytes, port.dropped_bytes),
          (500000, 500000, 0), "tx_bytes, rx_bytes, dropped_bytes")
    equal((port.tx_unread, port.rx_unread), (0, 0), "unread")


@test
def null_counts():
    """null takes everything: nothing unread, nothing dropped"""
    port = make_port("s-nullc")
    loopguest(port, "send=1000000", options=("-m", "clh", "-c", "65536"))
    equal((port.tx_bytes, port.rx_bytes, port.dropped_bytes, port.tx_unread),
          (1000000, 0, 0, 0), "tx_bytes, rx_bytes, dropped_bytes, tx_unread")


@test
def input_while_off():
    """input for a guest that is off is discarded and counted"""
    port = make_port("s-rxoff", backing="loopback", stall_limit=0)
    handle = port.open()

    def full():
        got = handle.fill(), port.get()
        return not got[0] and got[1]["tx_unread"] == RING
    wait_for(full, "the loop is full")
    written = port.tx_bytes
    handle.close()
    wait_for(lambda: not port.tx_unread and not port.rx_unread, "the loop empties")
    got = port.get()
    equal(got["tx_bytes"], written, "tx_bytes")
    equal(got["rx_bytes"] + got["dropped_bytes"], written,
          f"rx_bytes {got['rx_bytes']} + dropped_bytes {got['dropped_bytes']}")
    expect(got["dropped_bytes"] >= RING, "what was unread was not counted")
    # nothing of it reaches the next opener
    handle = port.open()
    handle.write_all(b"fresh")
    equal(handle.read_exactly(5), b"fresh", "what the next opener reads")


# the switch

@test
def switch_at_power_on():
    """connect-at-power-on turns the switch on; it stays on after power-off"""
    port = make_port("s-sw")
    equal((port.connected, port.state),
          (0, N.VSERIAL_STATE_NOT_CONNECTED), "a fresh port's connection")
    for _ in range(2):
        handle = port.open()
        equal((port.connected, port.state), (1, N.VSERIAL_STATE_CONNECTED), "open")
        handle.close()
        equal(port.connected, 1, "connected after power-off")
    port.disconnect()
    equal(port.connected, 0, "connected after disconnect")
    handle = port.open()
    equal(port.connected, 1, "connected after the next power-on")
    port.disconnect()
    equal((port.connected, port.state, port.power),
          (0, N.VSERIAL_STATE_NOT_CONNECTED, 1), "after disconnect")
    handle.close()


@test
def switch_off_at_power_off():
    """without connect-at-power-on only connect turns it on, power-off turns it off"""
    port = make_port("s-sw2", connect_at_power_on=False)
    handle = port.open()
    equal(port.connected, 0, "connected after power-on")
    port.connect()
    equal((port.connected, port.state), (1, N.VSERIAL_STATE_CONNECTED), "connect")
    # connect once more changes nothing
    port.connect()
    equal(port.connected, 1, "connected")
    handle.close()
    equal(port.connected, 0, "connected after power-off")
    handle = port.open()
    equal(port.connected, 0, "connected after the next power-on")
    handle.close()


@test
def connect_before_power_on():
    """connect before power-on stays"""
    for setting in (True, False):
        port = make_port(f"s-sw3-{setting}", connect_at_power_on=setting)
        port.connect()
        equal(port.connected, 1, "connected before power-on")
        handle = port.open()
        equal((port.connected, port.state), (1, N.VSERIAL_STATE_CONNECTED),
              "connected after power-on")
        handle.close()


# memory

class Memory:
    """What this process makes the kernel hold, by a memory cgroup.

    The machine's free memory would not do: freed pages stay on lists of their
    processor for a while.
    """

    ROOT = "/sys/fs/cgroup"

    def __init__(self):
        if not os.path.exists(f"{self.ROOT}/cgroup.controllers"):
            raise Skip("cgroup2 is not mounted")
        if "memory" not in read_file(f"{self.ROOT}/cgroup.controllers").split():
            raise Skip("there is no memory controller")
        write_sysfs(f"{self.ROOT}/cgroup.subtree_control", "+memory")
        self.directory = f"{self.ROOT}/vserial-test"
        os.makedirs(self.directory, exist_ok=True)
        write_sysfs(f"{self.directory}/cgroup.procs", str(os.getpid()))
        later(os.rmdir, self.directory)
        later(write_sysfs, f"{self.ROOT}/cgroup.procs", str(os.getpid()))

    def kib(self):
        fields = dict(line.split() for line in
                      read_file(f"{self.directory}/memory.stat").splitlines())
        return int(fields["kernel"]) // 1024

    def settled(self):
        """kib(), once the kernel has added up what its processors counted,
        which it does every two seconds (mm/memcontrol.c, FLUSH_TIME)."""
        since, value = time.monotonic(), self.kib()

        def still():
            nonlocal since, value
            now = self.kib()
            if abs(now - value) > 128:  # reading takes some, too
                since, value = time.monotonic(), now
            return time.monotonic() - since > 5
        wait_for(still, "the memory in use stays about the same for 5 s")
        return value


@test
def memory_given_back():
    """memory is held for bytes that are there and given back when they are gone"""
    memory = Memory()
    ports = make_guest("s-mem", 8, connect_at_power_on=False, history=1 << 20)
    handles = [p.open(os.O_RDWR) for p in ports]
    idle = memory.settled()
    block = bytes(65536)
    for handle in handles:
        for _ in range(20):
            os.write(handle.fileno(), block)
    # history and ring: 8 × 1088 KiB
    wait_for(lambda: 8 * 1088 - 768 < memory.kib() - idle < 8 * 1088 + 1536,
             "8 × 1 MiB + 64 KiB are held")
    for port in ports:
        port.set(history=0)
    wait_for(lambda: 8 * 64 - 256 < memory.kib() - idle < 8 * 64 + 512,
             "history 0 leaves 8 × 64 KiB")
    for port in ports:
        equal(port.tx_unread, RING, "tx_unread, which stays")
        port.connect()
        equal(port.tx_unread, 0, "tx_unread after connect to null")
    wait_for(lambda: memory.kib() - idle < 256, "what was taken is given back")


@test
def memory_of_history():
    """with history 64K and a peer that takes all, a port holds that and little more"""
    memory = Memory()
    ports = make_guest("s-hist", 8)
    handles = [p.open(os.O_RDWR) for p in ports]
    idle = memory.settled()
    block = bytes(65536)
    for handle in handles:
        for _ in range(32):
            os.write(handle.fileno(), block)
    wait_for(lambda: 8 * 64 - 256 < memory.kib() - idle < 8 * 64 + 512,
             "8 × 64 KiB are held")
    for port in ports:
        port.set(history=0)
    wait_for(lambda: memory.kib() - idle < 256, "history 0 gives it back")


@test
def memory_of_dead_port():
    """a removed port gives back all it held"""
    memory = Memory()
    idle = memory.settled()
    ports = make_guest("s-dead", 8, connect_at_power_on=False, history=1 << 20)
    for port in ports:
        handle = port.open(os.O_RDWR)
        for _ in range(20):
            os.write(handle.fileno(), bytes(65536))
        handle.close()
    wait_for(lambda: memory.kib() - idle > 8 * 1000, "8 × 1 MiB are held")
    remove_guest("s-dead")
    wait_for(lambda: memory.kib() - idle < 768, "all is given back")


run()
