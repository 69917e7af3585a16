#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The backing file: every byte a guest wrote is in the files, in order.

    loopguest  ->  port t-…/0  ->  file, file.1, file.2 …

What is compared is the pattern that loopguest sends: a byte that is missing,
doubled or out of place shows as a break in it.
"""
import calendar
import contextlib
import ctypes
import errno
import os
import re
import resource
import select
import socket
import stat
import struct
import termios
import time

from files import contents, same, size
from lib import (N, RING, Loopguest, Port, Refused, ctl, ctl_raw, equal, expect,
                 forget_guest, later, loopguest, make_port, pattern, pattern_runs,
                 run, run_program, scratch, test, tmpfs, wait_for)

OWNER, GROUP = 12345, 23456
STAMP = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z "
STAMP_LEN = 25
# Writes as fast as the port takes them and never drops.
FAST = ("--write=poll", "--chunk=4096")


def older_first(path):
    """The files of a capture: path.N … path.1, path."""
    directory, base = os.path.split(path)
    numbers = [int(name[len(base) + 1:]) for name in os.listdir(directory)
               if re.fullmatch(re.escape(base) + r"\.\d+", name)]
    return [f"{path}.{n}" for n in sorted(numbers, reverse=True)] + [path]


def whole(path):
    """What all files of a capture hold together."""
    return b"".join(contents(p) for p in older_first(path))


def all_taken(port):
    wait_for(lambda: port.tx_unread == 0, "the file takes everything")


def owned_port(name, backing):
    """A port of a guest with an owner."""
    forget_guest(name)
    ctl("guest", "add", name, "owner", f"{OWNER}:{GROUP}")
    ctl("port", "add", f"{name}/0", "backing", backing)
    return Port(name)


def send(port, data):
    """Writes data as a guest whose power stays on; returns the open port."""
    handle = port.open()
    handle.write_all(data)
    return handle


def common(a, at, b, bt):
    """How many bytes from a[at] on are those from b[bt] on."""
    n, step = 0, 65536
    while step:
        block = a[at + n:at + n + step]
        if len(block) == step and block == b[bt + n:bt + n + step]:
            n += step
        else:
            step //= 2
    return n


def pieces(parts, want):
    """How many pieces, taken from the two parts in turn, make up want.

    Where a part's piece ends is where the other part goes on; that is looked
    for a little further back, too, as the byte behind a piece may fit by chance.
    """
    at, done, which, count = [0, 0], 0, 0, 0
    while done < len(want):
        n = common(parts[which], at[which], want, done)
        key = parts[1 - which][at[1 - which]:][:16]
        n = next((m for m in range(n, max(n - 4, -1), -1)
                  if done + m == len(want) or
                  (key and want[done + m:][:len(key)] == key)), None)
        expect(n is not None, f"neither file goes on from byte {done}")
        at[which] += n
        done += n
        which = 1 - which
        count += 1
    equal(at, [len(part) for part in parts], "bytes used of the files")
    return count


@contextlib.contextmanager
def full(directory):
    """A file system without room for another byte while this lasts."""
    path = f"{directory}/fill"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        for block in (bytes(65536), bytes(4096), b"\0"):
            with contextlib.suppress(OSError):
                while True:
                    os.write(fd, block)
        yield
    finally:
        os.close(fd)
        os.unlink(path)


# what arrives in the file

@test
def appends():
    """output is appended to what the file holds"""
    path = f"{scratch()}/log"
    with open(path, "wb") as f:
        f.write(b"before\n")
    port = make_port("t-append", backing=f"file:{path}")
    loopguest(port, "send=100000", options=FAST)
    all_taken(port)
    same(contents(path), b"before\n" + pattern(100000), "the file")
    equal(port.state, N.VSERIAL_STATE_CONNECTED, "the state")
    equal(port.dropped_bytes, 0, "dropped bytes")


@test
def single_bytes():
    """a guest's single bytes arrive, also the last before power off"""
    path = f"{scratch()}/log"
    port = make_port("t-single", backing=f"file:{path}")
    loopguest(port, "send=5000", options=("--write=poll",))
    wait_for(lambda: size(path) == 5000, "all bytes arrive after the last close")
    same(contents(path), pattern(5000), "the file")


@test
def arrives_soon():
    """a single byte is in the file while the guest goes on"""
    path = f"{scratch()}/log"
    port = make_port("t-soon", backing=f"file:{path}")
    handle = port.open()
    for n in range(1, 6):
        handle.write_all(b"x")
        wait_for(lambda n=n: size(path) == n, f"byte {n} arrives")


@test
def truncates():
    """#truncate empties the file, and what came later is kept"""
    path = f"{scratch()}/log"
    port = make_port("t-trunc", backing=f"file:{path}")
    send(port, b"old" * 1000)
    all_taken(port)
    port.set("backing", "null")
    equal(size(path), 3000, "the size before")
    port.set("backing", f"file:{path}#truncate")
    equal(size(path), 0, "the size after")
    send(port, b"new")
    wait_for(lambda: size(path) == 3, "the new bytes arrive")
    port.set("backing", f"file:{path}")
    same(contents(path), b"new", "the file that was set again")


@test
def nothing_towards_guest():
    """a guest reads nothing from a file"""
    path = f"{scratch()}/log"
    with open(path, "wb") as f:
        f.write(b"not for the guest")
    port = make_port("t-rx", backing=f"file:{path}")
    handle = send(port, b"x" * 1000)
    all_taken(port)
    equal(handle.read(), None, "what the guest reads")
    equal(port.rx_bytes, 0, "rx_bytes")


# rotation

@test
def rotates():
    """rotation loses and doubles nothing, and no file outgrows max-size"""
    path = f"{scratch()}/log"
    port = make_port("t-rotate", backing=f"file:{path}#max-size=64K&keep=30")
    total = 17 * 65536 + 4321
    loopguest(port, f"send={total}", options=FAST)
    all_taken(port)
    files = older_first(path)
    equal([size(p) for p in files], [65536] * 17 + [4321], "the files' sizes")
    same(whole(path), pattern(total), "the files together")


@test
def rotates_odd_sizes():
    """rotation at odd sizes, by single bytes and blocks"""
    path = f"{scratch()}/log"
    port = make_port("t-odd", backing=f"file:{path}#max-size=4099&keep=99")
    loopguest(port, "send=9000", options=("--write=poll",))
    loopguest(port, "send=200001", options=("--write=poll", "--chunk=1021",
                                            "--seed=2"))
    all_taken(port)
    same(whole(path), pattern(9000) + pattern(200001, seed=2), "the files")
    expect(all(size(p) == 4099 for p in older_first(path)[:-1]), "a size is wrong")


@test
def keeps_the_newest():
    """keep=3 keeps three older files and forgets the oldest output"""
    path = f"{scratch()}/log"
    port = make_port("t-keep", backing=f"file:{path}#max-size=4K&keep=3")
    total = 10 * 4096 + 100
    loopguest(port, f"send={total}", options=FAST)
    all_taken(port)
    equal(sorted(os.listdir(os.path.dirname(path))),
          ["log", "log.1", "log.2", "log.3"], "the files")
    same(whole(path), pattern(3 * 4096 + 100, offset=7 * 4096), "what is kept")
    equal(port.dropped_bytes, 0, "dropped bytes")


@test
def starts_over():
    """keep=0 starts the file over"""
    path = f"{scratch()}/log"
    port = make_port("t-over", backing=f"file:{path}#max-size=4K&keep=0")
    loopguest(port, f"send={3 * 4096 + 7}", options=FAST)
    all_taken(port)
    equal(os.listdir(os.path.dirname(path)), ["log"], "the files")
    same(contents(path), pattern(7, offset=3 * 4096), "the file")


@test
def rotates_what_is_there():
    """a file that is too large already rotates before the first byte"""
    path = f"{scratch()}/log"
    with open(path, "wb") as f:
        f.write(b"o" * 10000)
    port = make_port("t-large", backing=f"file:{path}#max-size=4K")
    equal(size(path), 10000, "the size before anything is written")
    send(port, b"new")
    wait_for(lambda: size(path) == 3, "the new file holds the new bytes")
    equal(size(path + ".1"), 10000, "the size of .1")


@test
def rotation_blocked():
    """a rotation that is refused loses nothing and is made up for"""
    path = f"{scratch()}/log"
    port = make_port("t-block", backing=f"file:{path}#max-size=4K&keep=9",
                     stall_limit="0")
    os.mkdir(f"{path}.1")
    handle = send(port, pattern(10000))
    wait_for(lambda: port.state == N.VSERIAL_STATE_RECOVERABLE_ERROR,
             "the state says so")
    expect("log.1" in port.reason and "directory" in port.reason,
           f"the reason is {port.reason!r}")
    same(contents(path), pattern(4096), "the file meanwhile")
    os.rmdir(f"{path}.1")
    wait_for(lambda: port.state == N.VSERIAL_STATE_CONNECTED, "it goes on")
    all_taken(port)
    handle.write_all(pattern(3000, offset=10000))
    all_taken(port)
    same(whole(path), pattern(13000), "the files")
    equal(port.dropped_bytes, 0, "dropped bytes")


# other hands on the file

@test
def moved_away():
    """after mv and rm, as logrotate does, output goes on in a new file"""
    path = f"{scratch()}/log"
    port = make_port("t-moved", backing=f"file:{path}")
    handle = send(port, b"first")
    wait_for(lambda: size(path) == 5, "the first bytes arrive")
    os.rename(path, path + ".old")
    handle.write_all(b"second")
    wait_for(lambda: size(path) == 6, "a new file is made")
    same(contents(path + ".old") + contents(path), b"firstsecond", "both files")
    os.unlink(path)
    handle.write_all(b"third")
    wait_for(lambda: size(path) == 5, "a removed file is made again")
    with open(path + ".new", "wb") as f:
        f.write(b"made by logrotate: ")
    os.rename(path + ".new", path)
    handle.write_all(b"fourth")
    all_taken(port)
    same(contents(path), b"made by logrotate: fourth", "the replaced file")
    os.truncate(path, 0)
    handle.write_all(b"fifth")
    all_taken(port)
    same(contents(path), b"fifth", "the emptied file")


@test
def moved_to_a_link():
    """a file replaced by a symbolic link is not followed, and nothing is lost"""
    directory = scratch()
    path = f"{directory}/log"
    port = make_port("t-tolink", backing=f"file:{path}", stall_limit="0")
    handle = send(port, b"1")
    wait_for(lambda: size(path) == 1, "the first byte arrives")
    with open(f"{directory}/secret", "wb"):
        pass
    os.unlink(path)
    os.symlink(f"{directory}/secret", path)
    handle.write_all(b"2")
    wait_for(lambda: "symbolic link" in port.reason, "the reason says so")
    equal(port.state, N.VSERIAL_STATE_RECOVERABLE_ERROR, "the state")
    os.unlink(path)
    wait_for(lambda: size(path) == 1, "it goes on")
    same(contents(path), b"2", "the new file")
    equal(size(f"{directory}/secret"), 0, "the size of the link's target")


# time stamps

@test
def timestamps():
    """#timestamps puts the time in front of each line"""
    path = f"{scratch()}/log"
    port = make_port("t-stamp", backing=f"file:{path}#timestamps")
    handle = port.open()
    before = time.time()
    for piece in (b"one\r\ntw", b"o\n\n", b"login: "):
        handle.write_all(piece)
        all_taken(port)
    after = time.time()
    wanted = (STAMP + b"one\r\n" + STAMP + b"two\n" + STAMP + b"\n" + STAMP +
              b"login: ")
    expect(re.fullmatch(wanted, contents(path)), f"the file is {contents(path)!r}")
    for line in contents(path).splitlines():
        when = calendar.timegm(time.strptime(line[:19].decode(),
                                             "%Y-%m-%dT%H:%M:%S"))
        when += int(line[20:23]) / 1000
        expect(before - 0.1 <= when <= after + 0.1,
               f"{line!r} is not between {before} and {after}")
    # the line goes on when the backing is set again
    port.set("backing", "null")
    port.set("backing", f"file:{path}#timestamps")
    handle.write_all(b"root\nx\n")
    all_taken(port)
    wanted += b"root\n" + STAMP + b"x\n"
    expect(re.fullmatch(wanted, contents(path)), f"the file is {contents(path)!r}")


@test
def timestamps_rotate():
    """stamped lines survive rotation"""
    path = f"{scratch()}/log"
    port = make_port("t-strot", backing=f"file:{path}#timestamps&max-size=8K&keep=99")
    text = b"".join(b"%06d %s\n" % (i, b"v" * (i % 97)) for i in range(4000))
    send(port, text)
    all_taken(port)
    files = older_first(path)
    expect(len(files) > 10 and all(size(p) == 8192 for p in files[:-1]),
           f"the files' sizes are {[size(p) for p in files]}")
    lines = whole(path).splitlines(True)
    expect(all(re.match(STAMP, line) for line in lines), "a line has no stamp")
    same(b"".join(line[STAMP_LEN:] for line in lines), text, "the text")


# no space

@test
def no_space():
    """a full disk is a recoverable error; nothing is lost and it ends by itself"""
    for options in ("", "#timestamps"):
        directory = tmpfs("1m")
        path = f"{directory}/log"
        name = "t-full" + options[1:2]
        port = make_port(name, backing=f"file:{path}{options}")
        text = b"".join(b"%05d %s\n" % (i, b"v" * (i % 50)) for i in range(1500))
        expect(len(text) < RING, "the text does not fit into the ring")
        with full(directory):
            handle = send(port, text)
            wait_for(lambda p=port: p.state == N.VSERIAL_STATE_RECOVERABLE_ERROR,
                     "the state says so")
            expect("no space" in port.reason, f"the reason is {port.reason!r}")
            expect(path in port.reason, f"the reason is {port.reason!r}")
        wait_for(lambda p=port: p.state == N.VSERIAL_STATE_CONNECTED,
                 "it recovers by itself")
        equal(port.reason, "", "the reason afterwards")
        all_taken(port)
        handle.write_all(b"later\n")
        all_taken(port)
        got = contents(path)
        if options:
            lines = got.splitlines(True)
            expect(all(re.match(STAMP, line) for line in lines), "no stamp")
            got = b"".join(line[STAMP_LEN:] for line in lines)
        same(got, text + b"later\n", "the file" + options)
        equal(port.dropped_bytes, 0, "dropped bytes")


@test
def no_space_drops():
    """what a full disk makes a port drop is counted, and only that is missing"""
    directory = tmpfs("1m")
    path = f"{directory}/log"
    port = make_port("t-drops", backing=f"file:{path}", stall_limit="100")
    total = 4 * RING
    with full(directory):
        guest = Loopguest(port, f"send={total}", "hold", options=FAST)
        wait_for(lambda: port.tx_bytes == total, "the guest does not wait for ever")
        # Who writes the file may be later than the limit is over.
        wait_for(lambda: port.state == N.VSERIAL_STATE_RECOVERABLE_ERROR, "the state")
    wait_for(lambda: port.state == N.VSERIAL_STATE_CONNECTED, "it recovers")
    all_taken(port)
    guest.terminate().finish()
    data = contents(path)
    runs = pattern_runs(data)
    dropped = port.dropped_bytes
    expect(dropped >= total - 2 * RING, f"only {dropped} bytes were dropped")
    equal(len(data) + dropped, total, "bytes in the file + dropped")
    equal(runs[-1][0] + runs[-1][1], total, "where the file ends")
    expect(all(a + n <= b for (a, n), (b, _) in zip(runs, runs[1:])),
           f"output is out of order: {runs}")


@test
def no_space_flushed():
    """output that a guest throws away while the disk is full does not stop what it writes later"""
    directory = tmpfs("1m")
    path = f"{directory}/log"
    port = make_port("t-flushed", backing=f"file:{path}")
    with full(directory):
        handle = send(port, b"thrown away\n")
        wait_for(lambda: port.state == N.VSERIAL_STATE_RECOVERABLE_ERROR,
                 "the state says so")
        termios.tcflush(handle.fileno(), termios.TCOFLUSH)
        wait_for(lambda: port.state == N.VSERIAL_STATE_CONNECTED,
                 "nothing is left that could fail")
    handle.write_all(b"later\n")
    all_taken(port)
    equal(contents(path), b"later\n", "the file")
    equal(port.dropped_bytes, 12, "dropped bytes")


@test
def no_inodes():
    """a rotation for which there is no inode loses nothing"""
    directory = scratch()
    done = run_program("mount", "-t", "tmpfs", "-o", "nr_inodes=16", "t", directory)
    expect(done.status == 0, f"mount: {done.err}")
    later(run_program, "umount", "-l", directory)
    path = f"{directory}/log"
    port = make_port("t-inode", backing=f"file:{path}#max-size=4K&keep=3",
                     stall_limit="0")
    handle = send(port, pattern(4096))
    all_taken(port)
    made = 0
    with contextlib.suppress(OSError):
        while True:
            with open(f"{directory}/n{made}", "wb"):
                made += 1
    handle.write_all(pattern(5000, offset=4096))
    wait_for(lambda: "no space" in port.reason, "the reason says so")
    for n in range(made):
        os.unlink(f"{directory}/n{n}")
    wait_for(lambda: port.state == N.VSERIAL_STATE_CONNECTED, "it recovers")
    all_taken(port)
    same(whole(path), pattern(9096), "the files")
    equal(port.dropped_bytes, 0, "dropped bytes")


# credentials

@test
def owner_of_new_files():
    """new files belong to the guest's owner, existing ones keep theirs"""
    directory = scratch()
    path = f"{directory}/log"
    port = owned_port("t-owner", f"file:{path}#max-size=4K")
    loopguest(port, "send=9000", options=FAST)
    all_taken(port)
    for p in (path, path + ".1", path + ".2"):
        s = os.stat(p)
        equal((s.st_uid, s.st_gid, stat.S_IMODE(s.st_mode)), (OWNER, GROUP, 0o640),
              f"owner and mode of {os.path.basename(p)}")
    with open(f"{directory}/mine", "wb"):
        os.chmod(f"{directory}/mine", 0o600)
    port.set("backing", f"file:{directory}/mine")
    loopguest(port, "send=10", options=FAST)
    wait_for(lambda: size(f"{directory}/mine") == 10, "it arrives")
    s = os.stat(f"{directory}/mine")
    equal((s.st_uid, stat.S_IMODE(s.st_mode)), (0, 0o600), "owner of the existing")
    port = make_port("t-noowner", backing=f"file:{directory}/root")
    equal(os.stat(f"{directory}/root").st_uid, 0, "owner without an owner")


Q_SETQUOTA = 0x800008 << 8	# for users
QIF_BLIMITS = 1
SYS_QUOTACTL = 179


def limit_blocks(device, uid, kilobytes):
    """Sets a user's quota."""
    dqblk = struct.pack("=8QI4x", kilobytes, kilobytes, 0, 0, 0, 0, 0, 0,
                        QIF_BLIMITS)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(SYS_QUOTACTL, Q_SETQUOTA, device.encode(), uid, dqblk):
        raise OSError(ctypes.get_errno(), "quotactl")


def quota_file_system():
    """An ext4 with quotas; returns (where it is, its device)."""
    directory = scratch()
    os.mkdir(f"{directory}/mnt")
    for words in (("truncate", "-s", "16M", f"{directory}/image"),
                  ("mkfs.ext4", "-q", "-O", "quota", f"{directory}/image"),
                  ("modprobe", "-a", "loop", "quota_v2"),
                  ("mount", "-o", "loop,usrquota", f"{directory}/image",
                   f"{directory}/mnt")):
        done = run_program(*words)
        expect(done.status == 0, f"{' '.join(words)}: {done.err}")
    later(run_program, "umount", "-l", f"{directory}/mnt")
    device = run_program("findmnt", "-no", "SOURCE", f"{directory}/mnt").out.strip()
    return f"{directory}/mnt", device


@test
def quota():
    """the owner's quota counts, and root's for a guest without an owner"""
    directory, device = quota_file_system()
    for name, uid in (("t-quota", OWNER), ("t-quotaroot", 0)):
        path = f"{directory}/{name}"
        limit_blocks(device, uid, 100)
        if uid:
            port = owned_port(name, f"file:{path}")
        else:
            port = make_port(name, backing=f"file:{path}")
        port.set("stall-limit", "0")
        handle = port.open()
        handle.write_all(pattern(50000))
        all_taken(port)
        handle.write_all(pattern(60000, offset=50000))
        wait_for(lambda p=port: p.state == N.VSERIAL_STATE_RECOVERABLE_ERROR,
                 "the quota is used up")
        expect("quota" in port.reason, f"the reason is {port.reason!r}")
        expect(size(path) <= 100 << 10, f"the file has {size(path)} bytes")
        limit_blocks(device, uid, 0)
        wait_for(lambda p=port: p.state == N.VSERIAL_STATE_CONNECTED, "it recovers")
        all_taken(port)
        same(contents(path), pattern(110000), "the file")


@test
def quota_of_another():
    """somebody else's quota does not count"""
    directory, device = quota_file_system()
    limit_blocks(device, OWNER + 1, 4)
    limit_blocks(device, 0, 4)
    port = owned_port("t-quota2", f"file:{directory}/log")
    send(port, pattern(50000))
    all_taken(port)
    equal(size(f"{directory}/log"), 50000, "the size")


@test
def file_size_limits():
    """the setter's and the guest's own RLIMIT_FSIZE and umask do no harm"""
    path = f"{scratch()}/log"
    with open(path, "wb") as f:
        f.write(b"o" * 5000)
    port = make_port("t-fsize")
    mask, limits = os.umask(0o077), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        port.set("backing", f"file:{path}#truncate&max-size=4K")
        loopguest(port, "send=9000", options=FAST)
        all_taken(port)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        os.umask(mask)
    same(whole(path), pattern(9000), "the files")
    # the first was there; those made later follow the setter's umask
    equal([stat.S_IMODE(os.stat(p).st_mode) for p in older_first(path)[1:]],
          [0o600, 0o600], "the new files' permissions")


@test
def setters_root():
    """the path means what it means to whoever sets it"""
    root = scratch()
    port = make_port("t-chroot")
    child = os.fork()
    if not child:
        status = 1
        try:
            os.chroot(root)
            port.set(backing="file:/inside#max-size=4K")
            status = 0
        finally:
            os._exit(status)
    equal(os.waitpid(child, 0)[1], 0, "the setter's exit status")
    loopguest(port, "send=9000", options=FAST)
    all_taken(port)
    same(whole(f"{root}/inside"), pattern(9000), "the files in its root")
    expect(not os.path.exists("/inside"), "there is a file in the host's root")


# refusals

@test
def refusals_keep_the_old():
    """what is not a file is refused by a sentence, and the old backing stays"""
    directory = scratch()
    path = f"{directory}/log"
    port = make_port("t-refuse", backing=f"file:{path}")
    handle = send(port, b"before ")
    all_taken(port)
    d = f"{directory}/d"
    os.mkdir(d)
    os.symlink(path, f"{d}/link")
    os.symlink(directory, f"{d}/dirlink")
    os.mkfifo(f"{d}/fifo")
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(f"{d}/socket")
    with open(f"{d}/two", "wb"):
        os.link(f"{d}/two", f"{d}/names")
    reader = os.open(f"{d}/fifo", os.O_RDONLY | os.O_NONBLOCK)
    later(os.close, reader)
    listing = sorted(os.listdir(d))
    for spec, *words in ((f"file:{d}", "directory"),
                         (f"file:{d}/link", "symbolic link"),
                         (f"file:{d}/dirlink/log", "symbolic link"),
                         (f"file:{d}/dirlink/d/new", "symbolic link"),
                         ("file:/proc/self/fd/1", "symbolic link"),
                         (f"file:{d}/fifo", "FIFO"),
                         (f"file:{d}/socket", "socket"),
                         ("file:/dev/null", "character device"),
                         (f"file:{d}/two", "hard links"),
                         (f"file:{d}/missing/log", f"{d}/missing", "not exist"),
                         (f"file:{path}/log", path, "not a directory"),
                         (f"file:{d}/new#bogus", "bogus"),
                         ("file:/proc/new", "/proc/new")):
        done = ctl_raw("port", "set", port.name, "backing", spec)
        equal(done.status, 1, f"exit status of {spec}")
        expect(done.err.count("\n") == 1, f"stderr is {done.err!r}")
        for word in words:
            expect(word in done.err, f"{word!r} is not in {done.err!r}")
        equal(port.backing, f"file:{path}", f"the backing after {spec}")
        equal(port.state, N.VSERIAL_STATE_CONNECTED, "the state")
    # a FIFO's reader sees a hang-up once somebody had it open for writing
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    equal(poll.poll(0), [], "what the FIFO's reader saw")
    equal(sorted(os.listdir(d)), listing, "the files afterwards")
    handle.write_all(b"after")
    all_taken(port)
    same(contents(path), b"before after", "the old backing's file")


@test
def read_only_file_system():
    """a read-only file system is named as the reason"""
    directory = tmpfs("64k")
    with open(f"{directory}/there", "wb"):
        pass
    expect(run_program("mount", "-o", "remount,ro", directory).status == 0, "mount")
    port = make_port("t-ro")
    for name in ("there", "new"):
        try:
            port.set(backing=f"file:{directory}/{name}")
            raise AssertionError("it is not refused")
        except Refused as e:
            equal(e.errno, errno.EROFS, "errno")
            expect("read-only" in e.text, f"the sentence is {e.text!r}")
    equal(port.backing, "null", "the backing")


# changed while the guest runs

@test
def switches_under_load():
    """100 changes between two files while a guest floods lose nothing"""
    directory = scratch()
    files = [f"{directory}/a", f"{directory}/b"]
    port = make_port("t-switch", backing=f"file:{files[0]}", stall_limit="0")
    guest = Loopguest(port, "flood", options=("--timeout=0", *FAST))
    for n in range(1, 101):
        path = files[n % 2]
        seen = size(path)
        port.set(backing=f"file:{path}")
        wait_for(lambda p=path, s=seen: size(p) > s, "the guest goes on")
    guest.terminate()
    total = int(guest.finish()["flood"]["bytes"])
    all_taken(port)
    equal(port.dropped_bytes, 0, "dropped bytes")
    equal(sum(map(size, files)), total, "bytes in both files")
    count = pieces([memoryview(contents(p)) for p in files],
                   memoryview(pattern(total)))
    expect(count >= 100, f"there are only {count} pieces")


@test
def set_again_under_load():
    """setting the same file again and again, rotated, loses nothing"""
    path = f"{scratch()}/log"
    spec = f"file:{path}#max-size=256K&keep=99"
    port = make_port("t-again", backing=spec, stall_limit="0")
    handle, data, at = port.open(), pattern(6 << 20), 0
    while at < len(data):
        # What there is room for is on its way, or waits, when it is set.
        at += handle.write(data[at:at + RING])
        port.set(backing=spec)
    all_taken(port)
    same(whole(path), data, "the files")


@test
def disconnect_and_connect():
    """disconnected, the newest 64K wait in the ring; connected, they arrive"""
    path = f"{scratch()}/log"
    port = make_port("t-discon", backing=f"file:{path}")
    handle = send(port, b"1")
    all_taken(port)
    port.disconnect()
    handle.write_all(b"2" * 1000)
    equal(size(path), 1, "the size while disconnected")
    port.connect()
    all_taken(port)
    same(contents(path), b"1" + b"2" * 1000, "the file")


@test
def lets_the_file_system_go():
    """a file system can be unmounted once its file is no longer a backing"""
    directory = tmpfs("64k")
    port = make_port("t-umount", backing=f"file:{directory}/log")
    send(port, b"x")
    all_taken(port)
    expect(run_program("umount", directory).status != 0, "it was not in use")
    port.set("backing", "null")
    wait_for(lambda: run_program("umount", directory).status == 0, "umount works")


if __name__ == "__main__":
    run()
