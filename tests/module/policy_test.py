#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A port's policies: what is logged besides, how fast, and which way.

    guest  <->  port  <->  backing
                 |
                 +--> log

What is compared is the pattern that loopguest sends: a byte that is missing,
doubled or out of place shows as a break in it.
"""
import errno
import fcntl
import os
import re
import select
import termios
import time

from files import contents, same, size
from genl import Refused, u32
from lib import (N, RING, TCSBRKP, Loopguest, Port, ctl, ctl_json, equal,
                 expect, forget_guest, later, loopguest, make_guest, make_port,
                 nl, pattern, pattern_runs, read_file, run, run_program, scratch,
                 test, tmpfs, wait_for, write_sysfs)

DTR = termios.TIOCM_DTR.to_bytes(4, "little")
FAST = ("--write=poll", "--chunk=4096")


def holds(path, want):
    """Waits until a file has so many bytes, and compares them."""
    wait_for(lambda: size(path) >= len(want),
             f"{path} has {size(path)} of {len(want)} bytes")
    same(contents(path), want, path)


def refused(port, number, *words, **settings):
    """A change is refused, in a sentence with these words."""
    try:
        port.set(**settings)
    except Refused as e:
        equal(e.errno, number, f"the errno of {settings}")
        for word in words:
            expect(word in e.text, f"{e.text!r} does not say {word!r}")
        return
    raise AssertionError(f"{settings} was taken")


# the log

@test
def log_of_any_backing():
    """the log has what the guest wrote, whatever the backing, connected or not"""
    directory = scratch()
    log = f"{directory}/log"
    port = make_port("y-any", log=f"file:{log}", stall_limit=0)
    handle = port.open()
    written = b""
    for backing in ("null", "loopback", f"file:{directory}/out", "pipe:y-any",
                    "tcp://localhost:1"):
        port.set(backing=backing)
        for turn in (port.connect, port.disconnect):
            turn()
            piece = f"{backing} {turn.__name__}\n".encode()
            handle.write_all(piece)
            written += piece
            holds(log, written)
    equal(port.state, N.VSERIAL_STATE_NOT_CONNECTED, "the state")
    port.set(log="none")
    handle.write_all(b"not logged")
    expect("log" not in port.get(), "there is still a log")
    port.set(backing=f"file:{directory}/all")
    port.connect()
    wait_for(lambda: port.tx_unread == 0, "the last of it is written")
    same(contents(log), written, "the log")


@test
def log_begins():
    """a log begins with what the guest writes from then on, at once or later"""
    directory = scratch()
    forget_guest("y-begin")
    ctl("guest", "add", "y-begin")
    ctl("port", "add", "y-begin/0", "log", f"file:{directory}/first")
    port = Port("y-begin")
    handle = port.open()
    handle.write_all(b"one ")
    holds(f"{directory}/first", b"one ")
    port.set(log="")
    handle.write_all(b"two ")
    port.set(log=f"file:{directory}/second")
    handle.write_all(b"three")
    holds(f"{directory}/second", b"three")
    same(contents(f"{directory}/first"), b"one ", "the first log")
    equal(ctl_json("port", "show", port.name)["log"],
          f"file:{directory}/second", "the log by vserialctl")


@test
def log_keys():
    """a log is rotated, stamped and emptied as a backing is"""
    log = f"{scratch()}/log"
    port = make_port("y-keys", log=f"file:{log}#max-size=4K&keep=9")
    loopguest(port, "send=10000", options=FAST)
    wait_for(lambda: size(log) == 10000 - 8192, "all is in the files")
    same(contents(f"{log}.2") + contents(f"{log}.1") + contents(log), pattern(10000),
         "the files")
    port.set(log=f"file:{log}#truncate&timestamps")
    handle = port.open()
    handle.write_all(b"a\nb\n")
    wait_for(lambda: contents(log).count(b"\n") == 2, "the lines arrive")
    expect(re.fullmatch(rb"(\d{4}-\d\d-\d\dT[\d:.]+Z [ab]\n){2}", contents(log)),
           f"the log is {contents(log)!r}")


@test
def log_owner():
    """a new log belongs to the guest's owner"""
    log = f"{scratch()}/log"
    forget_guest("y-owner")
    ctl("guest", "add", "y-owner", "owner", "12345:23456")
    ctl("port", "add", "y-owner/0", "log", f"file:{log}")
    info = os.stat(log)
    equal((info.st_uid, info.st_gid), (12345, 23456), "its owner")


@test
def log_refusals():
    """what is no file is refused, with all that was asked for besides"""
    directory = scratch()
    log = f"{directory}/log"
    port = make_port("y-refuse", log=f"file:{log}")
    handle = port.open()
    before = port.get()
    for spec, number, *words in (
            ("null", errno.EINVAL, "log 'null'", "file:"),
            ("tcp://a:1", errno.EINVAL, "log 'tcp://a:1'"),
            ("pipe:x", errno.EINVAL, "log 'pipe:x'"),
            ("nonsense", errno.EINVAL, "log 'nonsense'"),
            ("file:relative", errno.EINVAL, "log 'file:relative'"),
            ("file:/x#keep=100", errno.EINVAL, "log 'file:/x", "keep"),
            (f"file:{directory}/none/log", errno.ENOENT, f"log 'file:{directory}"),
            (f"file:{directory}", errno.EISDIR, f"log 'file:{directory}'")):
        refused(port, number, *words, log=spec, overflow="drop-old",
                backing=f"file:{directory}/backing")
        after = port.get()
        equal({k: after[k] for k in ("log", "overflow", "backing")},
              {k: before[k] for k in ("log", "overflow", "backing")},
              f"the settings after {spec}")
    # and the other way round; no file was emptied for nothing
    with open(f"{log}.2", "wb") as f:
        f.write(b"precious")
    refused(port, errno.EISDIR, "backing 'file:", log=f"file:{log}.2#truncate",
            backing=f"file:{directory}")
    refused(port, errno.EISDIR, "log 'file:", log=f"file:{directory}",
            backing=f"file:{log}.2#truncate")
    equal(contents(f"{log}.2"), b"precious", "the file")
    equal(port.log, f"file:{log}", "the log")
    handle.write_all(b"still")
    holds(log, b"still")


@test
def log_switched_under_load():
    """100 changes between two logs while a guest floods lose and double nothing"""
    directory = scratch()
    files = [f"{directory}/a", f"{directory}/b"]
    # A log may lose what it is too slow for; it gets the time that it needs.
    port = make_port("y-switch", log=f"file:{files[0]}", rate="1M", history="16M")
    guest = Loopguest(port, "flood", options=("--timeout=0", *FAST))
    for n in range(1, 101):
        seen = port.tx_bytes
        port.set(log=f"file:{files[n % 2]}")
        wait_for(lambda s=seen: port.tx_bytes > s, "the guest goes on")
    guest.terminate()
    total = int(guest.finish()["flood"]["bytes"])
    lost = port.log_dropped
    wait_for(lambda: sum(map(size, files)) + lost == total,
             f"{total} bytes are in the logs, but for {lost} lost")
    equal(lost, 0, "bytes the log lost")
    runs = [run for path in files for run in pattern_runs(contents(path))]
    expect(len(runs) > 50, f"there are only {len(runs)} pieces")
    end = 0
    for offset, length in sorted(runs):
        # the byte behind a piece may fit by chance, and is the next one's then
        expect(abs(offset - end) < 4, f"a piece begins at {offset}, not {end}")
        end = offset + length
    equal(end, total, "the end of the last piece")
    equal(sum(length for _, length in runs), total, "bytes of all pieces")


@test
def log_without_space():
    """a log without room says why, holds nobody up, and comes back"""
    directory = tmpfs("32k")
    log = f"{directory}/log"
    port = make_port("y-full", log=f"file:{log}", stall_limit=0)
    total = 1 << 20
    handle = port.open()
    handle.write_all(pattern(10000))
    holds(log, pattern(10000))
    handle.write_all(pattern(total - 10000, offset=10000))
    wait_for(lambda: "no space" in port.log_reason, "the reason says so")
    expect(f"log 'file:{log}'" in port.log_reason,
           f"the reason is {port.log_reason!r}")
    equal((port.state, port.reason), (N.VSERIAL_STATE_CONNECTED, ""),
          "the port's state and reason")
    equal((port.dropped_bytes, port.tx_unread), (0, 0), "dropped and unread")
    shown = ctl("port", "show", port.name)
    expect("log-reason" in shown and "no space" in shown, shown)
    equal(read_file(f"{port.sysfs}/log_reason").strip(), port.log_reason,
          "the reason in sysfs")
    done = run_program("mount", "-o", "remount,size=8M", directory)
    equal(done.status, 0, f"the remount ({done.err})")
    wait_for(lambda: not port.log_reason, "it comes back")
    wait_for(lambda: size(log) + port.log_dropped == total,
             "what is not in the log is counted")
    expect(port.log_dropped >= total - 32768 - 2 * RING,
           f"{port.log_dropped} bytes were lost")
    equal(read_file(f"{port.sysfs}/log_dropped").strip(), str(port.log_dropped),
          "log_dropped in sysfs")
    handle.write_all(pattern(1000, offset=total))
    wait_for(lambda: size(log) + port.log_dropped == total + 1000, "it goes on")
    runs = pattern_runs(contents(log))
    equal(runs[0][0], 0, "where the log begins")
    expect(runs[0][1] >= 10000, f"its first piece is {runs[0]}")
    equal(sum(runs[-1]), total + 1000, "where the log ends")


@test
def log_and_backing_in_one_file():
    """one file as backing and log of a port has all twice, as with two backings"""
    path = f"{scratch()}/log"
    port = make_port("y-same", backing=f"file:{path}", log=f"file:{path}",
                     stall_limit=0)
    loopguest(port, "send=50000", options=FAST)
    wait_for(lambda: size(path) == 100000, "both arrive")
    lengths = {}
    for offset, length in pattern_runs(contents(path)):
        lengths[offset] = lengths.get(offset, 0) + length
    equal(sum(lengths.values()), 100000, "bytes that are the guest's")
    equal(port.log_reason, "", "log_reason")


@test
def log_of_two_ports():
    """two ports may log to one file; all bytes of both are there"""
    path = f"{scratch()}/log"
    ports = make_guest("y-two", 2, log=f"file:{path}#max-size=16K&keep=9")
    guests = [Loopguest(port, "send=40000", options=FAST) for port in ports]
    for guest in guests:
        guest.finish()
    files = [f"{path}.{n}" for n in range(9, 0, -1)] + [path]
    wait_for(lambda: sum(map(size, files)) == 80000, "all is in the files")
    for port in ports:
        equal((port.log_reason, port.log_dropped), ("", 0), "reason and loss")


@test
def log_on_a_file_system_that_hangs():
    """a log that hangs holds up neither the guest nor its own replacement"""
    directory, hanging = scratch(), scratch()
    for words in (("truncate", "-s", "8M", f"{directory}/disk"),
                  ("mkfs.ext4", "-q", f"{directory}/disk"),
                  ("modprobe", "loop"),
                  ("mount", "-o", "loop", f"{directory}/disk", hanging)):
        done = run_program(*words)
        expect(done.status == 0, f"{' '.join(words)}: {done.err}")
    later(run_program, "umount", "-l", hanging)
    port = make_port("y-hang", log=f"file:{hanging}/log", stall_limit=0)
    handle = port.open()
    handle.write_all(b"before ")
    holds(f"{hanging}/log", b"before ")
    equal(run_program("fsfreeze", "-f", hanging).status, 0, "fsfreeze")
    later(run_program, "fsfreeze", "-u", hanging)
    handle.write_all(pattern(1 << 20))
    equal((port.tx_bytes, port.dropped_bytes), ((1 << 20) + 7, 0), "bytes")
    port.set(log=f"file:{directory}/log")
    handle.write_all(b"after")
    wait_for(lambda: size(f"{directory}/log") + port.log_dropped == (1 << 20) + 5,
             "what the new log has and what is lost is all")
    expect(contents(f"{directory}/log").endswith(b"after"), "the end of the new log")
    equal(run_program("fsfreeze", "-u", hanging).status, 0, "fsfreeze -u")
    wait_for(lambda: run_program("umount", hanging).status == 0,
             "the old log lets go of its file system")


@test
def log_lets_go():
    """a file system can be unmounted once its file is no log any more"""
    directory = tmpfs("64k")
    port = make_port("y-umount", log=f"file:{directory}/log")
    port.open().write_all(b"x")
    holds(f"{directory}/log", b"x")
    expect(run_program("umount", directory).status != 0, "it was not in use")
    port.set(log="none")
    wait_for(lambda: run_program("umount", directory).status == 0, "umount works")


@test
def log_survives_removal():
    """what was written before the port was removed is in the log"""
    path = f"{scratch()}/log"
    port = make_port("y-gone", log=f"file:{path}")
    handle = port.open()
    handle.write_all(pattern(5000))
    port.remove(force=True)
    holds(path, pattern(5000))


@test
def log_by_sysfs():
    """the log is set, shown and taken away through sysfs"""
    log = f"{scratch()}/log"
    port = make_port("y-sysfs")
    equal(read_file(f"{port.sysfs}/log"), "\n", "no log")
    write_sysfs(f"{port.sysfs}/log", f"file:{log}#timestamps\n")
    equal(read_file(f"{port.sysfs}/log"), f"file:{log}#timestamps\n", "the log")
    equal(port.log, f"file:{log}#timestamps", "the log by netlink")
    for nothing in ("none\n", "\n"):
        write_sysfs(f"{port.sysfs}/log", nothing)
        equal(read_file(f"{port.sysfs}/log"), "\n", f"the log after {nothing!r}")
        write_sysfs(f"{port.sysfs}/log", f"file:{log}")
    try:
        write_sysfs(f"{port.sysfs}/log", "null")
        raise AssertionError("null was taken as a log")
    except OSError as e:
        equal(e.errno, errno.EINVAL, "the errno")
    equal(port.log, f"file:{log}", "the log that stays")


# the rate

def allowed(rate, seconds):
    """Bytes that may pass in so many seconds: the bucket's and what came in."""
    return max(rate // 10, 64) + rate * seconds


@test
def rate_out_waits():
    """at a rate the guest waits, is not stalled by it, and loses nothing"""
    directory = scratch()
    rate, total = 10000, 25000
    port = make_port("y-rate", backing=f"file:{directory}/out", rate=rate,
                     stall_limit=50, log=f"file:{directory}/log")
    start = time.monotonic()
    guest = Loopguest(port, f"send={total}", options=FAST)
    while guest.process.poll() is None:
        got = port.tx_bytes
        bound = allowed(rate, time.monotonic() - start)
        expect(got <= bound, f"{got} bytes went out; {bound:.0f} may have")
    guest.finish()
    seconds = time.monotonic() - start
    expect(total <= allowed(rate, seconds), f"it took {seconds:.2f} s only")
    for name in ("out", "log"):
        holds(f"{directory}/{name}", pattern(total))
    equal((port.dropped_bytes, port.log_dropped), (0, 0), "dropped bytes")


@test
def rate_out_single_bytes():
    """a guest that writes single bytes is woken for many of them at a time"""
    # so slow that every machine has to wait
    rate, total, sleeps = 640, 1600, 0
    port = make_port("y-bytes", rate=rate)
    handle = port.open()
    for _ in range(total):
        while not handle.write(b"x"):
            sleeps += 1
            expect(handle.poll(select.POLLOUT, 60), "it was not woken in 60 s")
    equal((port.tx_bytes, port.dropped_bytes), (total, 0), "bytes, dropped")
    # for a full bucket each, but for the last
    expect(1 <= sleeps <= total // 64 + 1, f"it slept {sleeps} times")


@test
def rate_out_discards():
    """with nobody to wait for, or by drop-old, what is in excess is discarded"""
    rate, block = 1000, bytes(200000)
    for name, settings, connected in (("alone", {}, False),
                                      ("old", {"overflow": "drop-old"}, True),
                                      ("new", {"overflow": "drop-new"}, True)):
        port = make_port(f"y-{name}", rate=rate, **settings)
        start = time.monotonic()
        handle = port.open()
        if not connected:
            port.disconnect()
        handle.write_all(block)
        most = allowed(rate, time.monotonic() - start)
        got = port.get()
        equal(got["tx_bytes"], len(block), f"tx_bytes, {name}")
        passed = len(block) - got["dropped_bytes"]
        expect(100 <= passed <= most, f"{name}: {passed} bytes passed")


@test
def rate_in_waits():
    """at a rate the peer waits with input, and nothing is lost"""
    rate, total = 10000, 25000
    far = make_port("y-far", backing="pipe:y-rate-in", stall_limit=0)
    near = make_port("y-near", backing="pipe:y-rate-in#near=client", rate=rate)
    hf, hn = far.open(), near.open()
    data, got, start = pattern(total), b"", time.monotonic()
    hf.write_all(data)
    while len(got) < total:
        expect(hn.poll(select.POLLIN, 60), f"after {len(got)} bytes none came")
        got += hn.read()
        most = allowed(rate, time.monotonic() - start)
        expect(len(got) <= most, f"{len(got)} bytes came; {most:.0f} may have")
    same(got, data, "what came")
    equal((near.dropped_bytes, far.dropped_bytes), (0, 0), "dropped bytes")


@test
def rate_of_a_loop():
    """through a loopback at a rate everything comes back"""
    rate, total = 2000, 3000
    port = make_port("y-loop", backing="loopback", rate=rate, stall_limit=0)
    data, got, sent, start = pattern(total), b"", 0, time.monotonic()
    handle = port.open()
    while len(got) < total:
        written = handle.write(data[sent:sent + 37]) if sent < total else 0
        sent += written
        piece = handle.read()
        got += piece or b""
        if not written and not piece:
            wanted = select.POLLIN | (select.POLLOUT if sent < total else 0)
            expect(handle.poll(wanted, 60), f"{sent} sent, {len(got)} back: stuck")
    expect(total <= allowed(rate, time.monotonic() - start), "it was too fast")
    same(got, data, "what came back")
    equal(port.dropped_bytes, 0, "dropped bytes")


@test
def rate_changes():
    """a guest and a peer that wait by a rate go on when it is changed"""
    # one byte a second: nobody lives to see the end of that
    far = make_port("y-cfar", backing="pipe:y-change", stall_limit=0)
    near = make_port("y-cnear", backing="pipe:y-change#near=client", rate=1)
    hf, hn = far.open(), near.open()
    hf.write_all(pattern(30000))
    guest = Loopguest(near, "send=30000", options=FAST)
    wait_for(lambda: near.tx_bytes >= 64 and near.rx_bytes >= 64,
             "the first bytes pass")
    expect(near.tx_bytes < 1000 and near.rx_bytes < 1000, "the rate did not hold")
    near.set(rate=0)
    guest.finish()
    same(hf.read_exactly(30000), pattern(30000), "what went out")
    same(hn.read_exactly(30000), pattern(30000), "what came in")
    equal((near.dropped_bytes, far.dropped_bytes), (0, 0), "dropped bytes")


@test
def rate_of_a_guest_that_leaves():
    """a peer that waits by the rate of a guest goes on when that guest is off"""
    far = make_port("y-lfar", backing="pipe:y-leave", stall_limit=0)
    near = make_port("y-lnear", backing="pipe:y-leave#near=client", rate=1)
    hf, hn = far.open(), near.open()
    hf.write_all(pattern(30000))
    wait_for(lambda: near.rx_bytes >= 64, "the first bytes pass")
    expect(far.tx_unread > 20000, "the rate did not hold")
    hn.close()
    wait_for(lambda: not far.tx_unread, "what the far guest sent goes")
    hf.write_all(pattern(100000))
    wait_for(lambda: not far.tx_unread, "what it sends goes on going")
    equal((near.rx_bytes + near.dropped_bytes, far.dropped_bytes), (130000, 0),
          "what was taken, and dropped before")


# the direction

@test
def direction_in():
    """in: what the guest sends reaches neither backing nor log, and counts"""
    log = f"{scratch()}/log"
    far = make_port("y-ifar", backing="pipe:y-in")
    near = make_port("y-inear", backing="pipe:y-in#near=client", log=f"file:{log}",
                     direction="in")
    hf, hn = far.open(), near.open()
    lines = hf.lines()
    hn.write_all(bytes(300000))
    fcntl.ioctl(hn.fileno(), TCSBRKP, 1)
    fcntl.ioctl(hn.fileno(), termios.TIOCMBIC, DTR)
    equal((near.tx_bytes, near.dropped_bytes), (300000, 300000),
          "bytes written and dropped")
    hf.write_all(b"in")
    equal(hn.read_exactly(2), b"in", "what came in")
    equal((getattr(far, "break"), far.rx_bytes, hf.lines()), (0, 0, lines),
          "breaks, bytes and lines at the far end")
    near.set(direction="both")
    wait_for(lambda: hf.lines() != lines, "the far end learns of the lines")
    hn.write_all(b"out")
    equal(hf.read_exactly(3), b"out", "what went out")
    holds(log, b"out")


@test
def direction_out():
    """out: what the far end sends is taken and counts, and the guest sees none"""
    far = make_port("y-ofar", backing="pipe:y-out")
    near = make_port("y-onear", backing="pipe:y-out#near=client", direction="out")
    hf, hn = far.open(), near.open()
    lines = hn.lines()
    hf.write_all(bytes(300000))
    fcntl.ioctl(hf.fileno(), TCSBRKP, 1)
    fcntl.ioctl(hf.fileno(), termios.TIOCMBIC, DTR)
    wait_for(lambda: near.dropped_bytes == 300000, "all is dropped")
    equal((near.rx_bytes, getattr(near, "break"), hn.lines()), (0, 0, lines),
          "bytes, breaks and lines that came in")
    equal(far.dropped_bytes, 0, "bytes the far end lost")
    hn.write_all(b"out")
    equal(hf.read_exactly(3), b"out", "what went out")
    near.set(direction="both")
    wait_for(lambda: hn.lines() != lines, "the guest learns of the lines")
    hf.write_all(b"in")
    equal(hn.read_exactly(2), b"in", "what came in")


@test
def direction_frees():
    """a peer, or a guest, that waits for room goes on when the way is closed"""
    far = make_port("y-ffar", backing="pipe:y-free", stall_limit=0)
    near = make_port("y-fnear", backing="pipe:y-free#near=client", stall_limit=0)
    hf, hn = far.open(), near.open()
    hf.fill()
    near.set(direction="out")
    hf.write_all(bytes(300000))
    hn.fill()
    near.set(direction="in")
    hn.write_all(bytes(300000))


@test
def direction_of_a_loop():
    """a loopback gives nothing back while one of the ways is closed"""
    port = make_port("y-dloop", backing="loopback")
    handle = port.open()
    for n, direction in enumerate(("in", "out"), 1):
        port.set(direction=direction)
        handle.write_all(bytes(1000))
        equal(port.dropped_bytes, n * 1000, f"dropped bytes, {direction}")
    port.set(direction="both")
    handle.write_all(b"echo")
    equal(handle.read_exactly(4), b"echo", "what came back")


@test
def policies_shown():
    """rate and direction by vserialctl, sysfs and save; bad ones are refused"""
    port = make_port("y-shown")
    equal((port.rate, port.direction), (0, 0), "the defaults")
    ctl("port", "set", port.name, "rate", "64K", "direction", "out")
    equal([read_file(f"{port.sysfs}/{name}") for name in ("rate", "direction")],
          ["65536\n", "out\n"], "the values in sysfs")
    write_sysfs(f"{port.sysfs}/rate", "1200")
    write_sysfs(f"{port.sysfs}/direction", "in\n")
    shown = ctl_json("port", "show", port.name)
    equal((shown["rate"], shown["direction"]), (1200, "in"), "what is shown")
    expect("rate 1200 direction in" in ctl("save"), "it is not saved")
    for name, value in (("rate", "-1"), ("rate", "4294967296"), ("rate", "fast"),
                        ("direction", "up"), ("direction", "")):
        try:
            write_sysfs(f"{port.sysfs}/{name}", value + "\n")
            raise AssertionError(f"{name} {value!r} was taken")
        except OSError as e:
            equal(e.errno, errno.EINVAL, f"the errno of {name} {value!r}")
    try:
        nl().call("PORT_SET", port.request() + u32(N.VSERIAL_A_PORT_DIRECTION, 3))
        raise AssertionError("direction 3 was taken")
    except Refused as e:
        equal(e.errno, errno.EINVAL, "the errno of direction 3")
        expect("direction 3" in e.text, e.text)
    equal((port.rate, port.direction), (1200, N.VSERIAL_DIRECTION_IN), "the values")


run()
