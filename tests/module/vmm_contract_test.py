#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A tty driver that VMMs work with unmodified, point by point.

    loopguest, QEMU or this script          the port               its backing
    open, ioctl, read, write, poll  ->  /dev/vserial/G/0  ->  null, loopback, file

Every test does what a VMM does and is about one of the eleven points that
QEMU, cloud-hypervisor, Firecracker and crosvm depend on.
"""
import fcntl
import os
import select
import signal
import struct
import subprocess
import termios
import threading
import time

from lib import (N, PATIENCE, RING, SLOWNESS, TCGETS2, TCSBRKP, TIOCGSERIAL, TIOCMIWAIT,
                 Loopguest, delete_guest, equal, expect, later, loopguest,
                 make_guest, make_port, nl, pattern, read_file, run, run_program,
                 scratch, test, tmpfs, wait_for)
from qemu import DLL, DLM, IER, IIR, LCR, MCR, MSR, Qemu

#: tcdrain and its like end within this, whatever the peer does
DRAIN_BOUND = 15.0
ASSERTED = termios.TIOCM_CTS | termios.TIOCM_DSR | termios.TIOCM_CAR


def termios_of(handle):
    """iflag, oflag, cflag, lflag, line, cc, ispeed, ospeed"""
    data = fcntl.ioctl(handle.fileno(), TCGETS2, bytes(44))
    i, o, c, l, line, cc, ispeed, ospeed = struct.unpack("=4IB19s2I", data)
    return i, o, c, l, line, cc, ispeed, ospeed


def expect_initial_termios(handle):
    i, o, c, l, line, cc, ispeed, ospeed = termios_of(handle)
    equal(i, 0, "c_iflag")
    expect(not o & termios.OPOST, f"OPOST is set: c_oflag {o:#o}")
    expect(not l & (termios.ICANON | termios.ECHO | termios.ECHONL |
                    termios.ISIG | termios.IEXTEN), f"not raw: c_lflag {l:#o}")
    equal(c & 0o17777, termios.B115200 | termios.CS8 | termios.CREAD |
          termios.CLOCAL | termios.HUPCL, "c_cflag")
    expect(not c & termios.CRTSCTS, "CRTSCTS is set")
    equal(line, 0, "the line discipline")
    equal((cc[termios.VMIN], cc[termios.VTIME]), (1, 0), "VMIN and VTIME")
    equal((ispeed, ospeed), (115200, 115200), "the speeds")


def set_flags(handle, cflag_off=0, cflag_on=0, iflag_on=0, lflag_on=0):
    t = termios.tcgetattr(handle.fileno())
    t[0] |= iflag_on
    t[2] = t[2] & ~cflag_off | cflag_on
    t[3] |= lflag_on
    termios.tcsetattr(handle.fileno(), termios.TCSANOW, t)


def stuck_port(name, stall_limit=0):
    """A port whose peer takes no more: a loopback nobody reads, all full."""
    port = make_port(name, backing="loopback", stall_limit=0)
    handle = port.open()

    def full():
        n = handle.fill()
        got = port.get()
        return not n and got["tx_unread"] == RING and got["rx_unread"] >= RING
    wait_for(full, "both directions of the loop are full")
    if stall_limit:
        port.set(stall_limit=stall_limit)
    return port, handle


def echo_works(handle, data=b"still here"):
    handle.write_all(data)
    equal(handle.read_exactly(len(data)), data, "the echo")


def in_time(what, function, bound=DRAIN_BOUND):
    """Runs something that must not hang in a child that can be abandoned."""
    pid = os.fork()
    if not pid:
        try:
            function()
            os._exit(0)
        except BaseException as e:  # pylint: disable=broad-except
            os.write(2, f"{what}: {e}\n".encode())
            os._exit(1)
    status = []

    def reap():
        if not status:
            got, code = os.waitpid(pid, os.WNOHANG)
            if got:
                status.append(code)
        return bool(status)

    def abandon():
        if not reap():
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    later(abandon)
    wait_for(reap, f"{what} returns", bound)
    equal(os.waitstatus_to_exitcode(status[0]), 0, f"the outcome of {what}")


# 1. starts raw

@test
def initial_termios():
    """1: a port starts raw, 115200 8N1 CREAD CLOCAL HUPCL, VMIN 1 VTIME 0"""
    port = make_port("t-termios")
    expect_initial_termios(port.open())


@test
def reset_termios():
    """1: the last close resets termios"""
    port = make_port("t-reset")
    handle = port.open()
    set_flags(handle, termios.CSIZE | termios.CLOCAL | termios.HUPCL,
              termios.CS7 | termios.PARENB, termios.ICRNL,
              termios.ICANON | termios.ECHO)
    handle.close()
    expect_initial_termios(port.open())


@test
def no_echo_window():
    """1: nothing echoes between open and the VMM's tcsetattr"""
    port = make_port("t-window", backing="loopback")
    handle = port.open()
    # with ECHO the loopback would multiply what is written
    handle.write_all(b"login: ")
    equal(handle.read_exactly(7), b"login: ", "the loop's echo")
    echo_works(handle)
    equal(port.tx_bytes, 17, "tx_bytes")


# 2. breaks

@test
def break_is_quick():
    """2: TCSBRKP returns in less than 20 ms"""
    port = make_port("t-break")
    handle = port.open()
    times = []
    for _ in range(21):
        start = time.monotonic()
        fcntl.ioctl(handle.fileno(), TCSBRKP, 1)
        times.append(time.monotonic() - start)
    times.sort()
    # the median: one pass of another process must not fail the test, and a
    # driver without hardware breaks needs 100 ms every time
    expect(times[10] < 0.020, f"a break takes {times[10] * 1e3:.1f} ms")


@test
def break_switches():
    """2: TIOCSBRK and TIOCCBRK do not wait"""
    handle = make_port("t-sbrk").open()
    start = time.monotonic()
    for _ in range(10):
        fcntl.ioctl(handle.fileno(), termios.TIOCSBRK
                    if hasattr(termios, "TIOCSBRK") else 0x5427)
        fcntl.ioctl(handle.fileno(), 0x5428)
    expect(time.monotonic() - start < SLOWNESS, "ten breaks take more than a second")


@test
def break_in_place():
    """2: a break stands between the bytes where it was sent"""
    port = make_port("t-place", backing="loopback")
    handle = port.open()
    set_flags(handle, iflag_on=termios.PARMRK)
    handle.write_all(b"before")
    fcntl.ioctl(handle.fileno(), TCSBRKP, 1)
    handle.write_all(b"after")
    equal(handle.read_exactly(14), b"before\xff\0\0after", "what came back")
    equal(handle.icount()["brk"], 1, "TIOCGICOUNT's breaks")
    equal(port.get()["break"], 1, "the port's breaks")


# 3. chars_in_buffer, POLLOUT, bounded drains

@test
def outq_disconnected():
    """3: TIOCOUTQ is 0 and POLLOUT set while nobody is connected"""
    port = make_port("t-outq")
    handle = port.open()
    port.disconnect()
    for _ in range(40):
        handle.write_all(bytes(4096), timeout=0)
        equal(handle.unsent(), 0, "TIOCOUTQ")
        expect(handle.poll(select.POLLOUT, 0), "no POLLOUT")


@test
def outq_full():
    """3: TIOCOUTQ is at most 255 and a full ring has no POLLOUT"""
    port, handle = stuck_port("t-full")
    # The peer takes some and then no more: not stalled yet.
    def taking():
        handle.read()
        return port.tx_unread < RING
    wait_for(taking, "the peer takes more")
    handle.fill()
    equal(handle.unsent(), 255, "TIOCOUTQ of a full ring")
    expect(not handle.poll(select.POLLOUT, 0), "a full ring has POLLOUT")


@test
def outq_partly():
    """3: POLLOUT is set as long as there is room, whatever is unsent"""
    _, handle = stuck_port("t-partly")
    # The flip buffer and the rx ring hand on what is read, so read until
    # the tx ring has a gap but is far from empty.
    def some_room():
        handle.read(4096)
        return handle.poll(select.POLLOUT, 0)
    wait_for(some_room, "POLLOUT")
    expect(0 < handle.unsent() <= 255, f"TIOCOUTQ is {handle.unsent()}")
    equal(handle.write(b"x"), 1, "the bytes written")


@test
def outq_drained():
    """3: TIOCOUTQ falls to 0 when all is taken"""
    port = make_port("t-drained", backing="loopback")
    handle = port.open()
    handle.write_all(b"x" * 1000)
    handle.read_exactly(1000)
    wait_for(lambda: handle.unsent() == 0, "TIOCOUTQ is 0")


@test
def stalled_frees():
    """3: a peer that stalls counts as absent: POLLOUT, TIOCOUTQ 0, drops"""
    port, handle = stuck_port("t-stall", stall_limit=300)
    expect(handle.poll(select.POLLOUT, PATIENCE), "a stalled port has no POLLOUT")
    equal(handle.unsent(), 0, "TIOCOUTQ of a stalled port")
    before = port.dropped_bytes
    handle.write_all(bytes(8192), timeout=1)
    equal(port.dropped_bytes - before, 8192, "bytes dropped by writing on")


def _tcsetsw(_, handle):
    termios.tcsetattr(handle.fileno(), termios.TCSADRAIN,
                      termios.tcgetattr(handle.fileno()))


OPERATIONS = {
    "tcdrain": lambda port, handle: termios.tcdrain(handle.fileno()),
    "TCSETSW": _tcsetsw,
    "TCSBRKP": lambda port, handle: fcntl.ioctl(handle.fileno(), TCSBRKP, 1),
    "TCSETSF": lambda port, handle: termios.tcsetattr(
        handle.fileno(), termios.TCSAFLUSH, termios.tcgetattr(handle.fileno())),
}


def bounded_all(prefix, stall_limit):
    """All the operations that drain, on a stuck port each, at the same time."""
    failures = []
    stuck = {what: stuck_port(f"{prefix}-{what.lower()}", stall_limit)
             for what in OPERATIONS}

    def one(what):
        port, handle = stuck[what]
        start = time.monotonic()
        try:
            OPERATIONS[what](port, handle)
        except (OSError, termios.error) as e:
            failures.append(f"{what}: {e}")
        seconds = time.monotonic() - start
        if seconds > DRAIN_BOUND:
            failures.append(f"{what} took {seconds:.1f} s")

    # daemon threads: one that never returns is abandoned with the process
    threads = [threading.Thread(target=one, args=(w,), daemon=True)
               for w in stuck]
    for t in threads:
        t.start()
    end = time.monotonic() + DRAIN_BOUND
    for what, t in zip(stuck, threads):
        t.join(max(0.0, end - time.monotonic()))
        if t.is_alive():
            failures.append(f"{what} still waits after {DRAIN_BOUND:.0f} s")
    for what in stuck:
        # releases whoever still waits
        delete_guest(f"{prefix}-{what.lower()}")
    expect(not failures, "; ".join(failures))


@test
def drains_bounded():
    """3: tcdrain, TCSETSW, TCSETSF, TCSBRKP end although the peer is stalled"""
    bounded_all("t-drain", 1000)


@test
def drains_bounded_for_ever():
    """3: tcdrain, TCSETSW, TCSETSF, TCSBRKP end with stall-limit 0, too"""
    bounded_all("t-drain0", 0)


@test
def close_bounded():
    """3: close ends although the peer takes nothing, stall-limit 0"""
    port, handle = stuck_port("t-close")
    start = time.monotonic()
    handle.close()
    seconds = time.monotonic() - start
    expect(seconds < DRAIN_BOUND, f"close took {seconds:.1f} s")
    equal(port.power, 0, "the port's power after close")


# 4. writes never fail

def writes_never_fail(port):
    """64K + 64K one byte and one block at a time, in each VMM's way."""
    for mode in ("qemu", "firecracker", "clh"):
        got = loopguest(port, "send=2000", options=("-m", mode))
        equal(got["send"]["bytes"], "2000", f"bytes sent by {mode}")
    got = loopguest(port, "send=200000",
                    options=("-c", "4096", "-m", "clh"))
    equal(got["send"]["bytes"], "200000", "bytes sent in blocks")


@test
def write_null():
    """4: a write to the backing null never fails and never waits"""
    port = make_port("t-wnull")
    writes_never_fail(port)
    equal(port.tx_bytes, 206000, "tx_bytes")
    equal(port.dropped_bytes, 0, "dropped_bytes")


@test
def write_disconnected():
    """4: a write while nobody is connected never fails and never waits"""
    port = make_port("t-wdis", connect_at_power_on=False)
    writes_never_fail(port)
    equal(port.tx_bytes, 206000, "tx_bytes")
    equal(port.state, N.VSERIAL_STATE_NOT_CONNECTED, "the state")


@test
def write_no_daemon():
    """4: a write to a backing that needs an absent daemon never fails"""
    port = make_port("t-wtcp", backing="tcp://127.0.0.1:9")
    writes_never_fail(port)
    expect(port.state != N.VSERIAL_STATE_CONNECTED, "it is connected")


@test
def write_failed():
    """4: a write to a failed backing never fails"""
    directory = tmpfs("64k")
    port = make_port("t-wfail", backing=f"file:{directory}/log",
                     stall_limit=100)
    handle = port.open()
    wait_for(lambda: _pushed(handle) and
             port.state == N.VSERIAL_STATE_RECOVERABLE_ERROR,
             "the full file system is noticed")
    expect(port.reason, "no reason is given")
    for _ in range(200):
        handle.write_all(b"y" * 1024)
    expect(port.dropped_bytes > 0, "nothing was dropped")


def _pushed(handle):
    """Writes what there is room for; an error would be raised."""
    handle.write(bytes(4096))
    return True


# 5. wake-ups, nothing lost

@test
def writers_woken():
    """5: a writer blocked by a full ring is woken as it drains"""
    port, handle = stuck_port("t-wake")
    guest = Loopguest(port, "send=50000", options=("-c", "1000", "-w", "poll"))
    def ended():
        if handle.read(4096) is None:
            handle.poll(select.POLLIN, 0.01)
        return guest.process.poll() is not None
    wait_for(ended, "the writer ends")
    equal(guest.finish()["send"]["bytes"], "50000", "bytes sent")


@test
def blocking_writer_woken():
    """5: a blocking write sleeps until there is room and then completes"""
    port, handle = stuck_port("t-wakeb")
    def write():
        fd = os.open(port.link, os.O_RDWR | os.O_NOCTTY)
        total = 0
        while total < 30000:
            total += os.write(fd, b"z" * 3000)
        os.close(fd)

    pid = os.fork()
    if not pid:
        try:
            write()
        except BaseException:  # pylint: disable=broad-except
            os._exit(1)
        os._exit(0)

    def ended():
        handle.read(8192)
        got, status = os.waitpid(pid, os.WNOHANG)
        return got and (status,)
    equal(wait_for(ended, "the writer ends"), (0,), "the writer's exit status")


@test
def loses_nothing_slow_reader():
    """5: 8 MB through a loopback with a reader that reads only when all is full"""
    port = make_port("t-lazy", backing="loopback", stall_limit=0)
    got = loopguest(port, f"duplex={8 << 20}",
                    options=("-l", "-c", "4096"))["duplex"]
    expect(int(got["full"]) > 8, "the ring was hardly ever full")
    equal(port.dropped_bytes, 0, "dropped_bytes")
    equal(port.tx_bytes, 8 << 20, "tx_bytes")
    equal(port.rx_bytes, 8 << 20, "rx_bytes")


@test
def loses_nothing_throttled():
    """5: nothing is lost through a reader that the line discipline throttles"""
    port = make_port("t-throttle", backing="loopback", stall_limit=0)
    guest = Loopguest(port, "hold")
    handle = port.open()
    data = pattern(300000)
    view, back = memoryview(data), b""
    while len(back) < len(data):
        while view:
            n = handle.write(view[:4096])
            if not n:
                break
            view = view[n:]
        # 100 bytes at a time: throttle and unthrottle over and over
        for _ in range(20):
            piece = handle.read(100)
            if piece is None:
                handle.poll(select.POLLIN, 1)
                break
            back += piece
    equal(back, data, "what came back")
    guest.terminate().finish()


@test
def single_bytes():
    """5: 5,000 single bytes as QEMU writes them come back, none dropped"""
    port = make_port("t-single", backing="loopback", stall_limit=0)
    got = loopguest(port, "duplex=5000")["duplex"]
    equal(got["checked"], "5000", "bytes checked")


# 6. modem lines

@test
def modem_lines():
    """6: TIOCMGET shows CTS, DSR and CAR; TIOCMSET and TIOCMBIS, TIOCMBIC work"""
    port = make_port("t-modem")
    handle = port.open()
    equal(handle.lines() & (ASSERTED | termios.TIOCM_RTS | termios.TIOCM_DTR),
          ASSERTED | termios.TIOCM_RTS | termios.TIOCM_DTR,
          "TIOCMGET after open")
    for request, value, want in (
            (termios.TIOCMBIC, termios.TIOCM_DTR, termios.TIOCM_RTS),
            (termios.TIOCMSET, termios.TIOCM_DTR, termios.TIOCM_DTR),
            (termios.TIOCMBIS, termios.TIOCM_RTS,
             termios.TIOCM_DTR | termios.TIOCM_RTS),
            (termios.TIOCMSET, 0, 0)):
        fcntl.ioctl(handle.fileno(), request, struct.pack("i", value))
        equal(handle.lines() & (termios.TIOCM_DTR | termios.TIOCM_RTS), want,
              f"DTR and RTS after {request:#x} {value:#x}")
        equal(handle.lines() & ASSERTED, ASSERTED, "CTS, DSR and CAR")
        equal(port.lines, handle.lines(), "the lines that netlink shows")


@test
def modem_lines_cheap():
    """6: TIOCMGET costs less than 200 µs"""
    got = loopguest(make_port("t-cheap"), "modem=5000")["modem"]
    expect(float(got["microseconds"]) < 200 * SLOWNESS,
           f"it takes {got['microseconds']} µs")


@test
def carrier_peer():
    """6: with carrier peer the lines follow the connection; TIOCGICOUNT counts"""
    port = make_port("t-cpeer", carrier="peer", connect_at_power_on=False)
    handle = port.open()
    equal(handle.lines() & termios.TIOCM_CAR, 0, "CAR with nobody connected")
    before = handle.icount()
    port.connect()
    equal(handle.lines() & ASSERTED, ASSERTED, "the lines when connected")
    port.disconnect()
    equal(handle.lines() & termios.TIOCM_CAR, 0, "CAR after disconnect")
    equal(handle.icount()["dcd"] - before["dcd"], 2, "the changes of DCD")


def line_waiter(handle):
    """A process that sleeps until the carrier changes."""
    guest = subprocess.Popen(
        ["python3", "-c", "import fcntl\n"
         "print('waiting', flush=True)\n"
         f"fcntl.ioctl(0, {TIOCMIWAIT}, {termios.TIOCM_CAR})\n"],
        stdin=handle.fileno(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    later(guest.stdout.close)
    later(guest.kill)
    equal(guest.stdout.readline(), "waiting\n", "what the waiter printed")
    # 16 is the number of ioctl(2)
    wait_for(lambda: read_file(f"/proc/{guest.pid}/syscall").startswith("16 "),
             "it sleeps in an ioctl")
    return guest


@test
def line_wait():
    """6: TIOCMIWAIT sleeps until a line changes"""
    port = make_port("t-iwait", carrier="peer")
    handle = port.open()
    guest = line_waiter(handle)
    port.disconnect()
    equal(guest.wait(PATIENCE), 0, "the waiter's exit status")


@test
def line_wait_signal():
    """6: TIOCMIWAIT ends by a signal, and with an error by forced removal"""
    port = make_port("t-iwaits")
    handle = port.open()
    waiters = [line_waiter(handle) for _ in range(2)]
    waiters[0].terminate()
    equal(waiters[0].wait(PATIENCE), -signal.SIGTERM, "the outcome of a signal")
    port.remove(force=True)
    equal(waiters[1].wait(PATIENCE), 1, "the outcome of forced removal")


# 7. no hang-up

LEADER = r"""
import fcntl, os, select, signal, struct, sys
hups = 0
def hup(*_):
    global hups
    hups += 1
signal.signal(signal.SIGHUP, hup)
fd = os.open(sys.argv[1], os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
# opened without O_NOCTTY by a session leader: the controlling terminal
TIOCGSID = 0x5429
sid = struct.unpack("i", fcntl.ioctl(fd, TIOCGSID, bytes(4)))[0]
assert sid == os.getpid()
print("open", flush=True)
for line in sys.stdin:
    if line == "state\n":
        p = select.poll()
        p.register(fd, select.POLLIN)
        gone = any(e & (select.POLLHUP | select.POLLERR) for _, e in p.poll(0))
        print(hups, "gone" if gone else "there", flush=True)
"""


class Leader:
    """A session leader that has the port as its controlling terminal."""

    def __init__(self, port):
        self.process = subprocess.Popen(
            ["python3", "-c", LEADER, port.wait_link()], start_new_session=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        later(self.end)
        equal(self.process.stdout.readline(), "open\n", "what the leader printed")

    def end(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def state(self):
        self.process.stdin.write("state\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()


@test
def no_hangup():
    """7: no SIGHUP by disconnect, a new backing or a failing one, CLOCAL or not"""
    directory = tmpfs("64k")
    port = make_port("t-hup", backing="loopback", carrier="peer")
    leader = Leader(port)
    handle = port.open()
    for cflag_off in (0, termios.CLOCAL):
        set_flags(handle, cflag_off)
        port.disconnect()
        equal(leader.state(), "0 there", "the leader after disconnect")
        port.connect()
        for backing in ("null", f"file:{directory}/log", "tcp://127.0.0.1:9",
                        "loopback"):
            port.set(backing=backing)
            equal(leader.state(), "0 there", f"the leader after {backing}")
    port.set(backing=f"file:{directory}/log", overflow="drop-old")
    wait_for(lambda: _pushed(handle) and
             port.state == N.VSERIAL_STATE_RECOVERABLE_ERROR,
             "the full file system is noticed")
    equal(leader.state(), "0 there", "the leader after ENOSPC")
    port.set(backing="loopback")
    # a hang-up that was only queued would be through by now
    wait_for(lambda: handle.read() is None and port.tx_unread == 0 and
             port.rx_unread == 0 and handle.read() is None, "the loop is empty")
    echo_works(handle)
    equal(leader.state(), "0 there", "the leader in the end")


@test
def forced_removal_hangs_up():
    """7: forced removal hangs up: SIGHUP, end of file, EIO"""
    port = make_port("t-force", backing="loopback")
    leader = Leader(port)
    handle = port.open()
    port.remove(force=True)
    wait_for(lambda: leader.state() == "1 gone", "the leader's SIGHUP")
    equal(handle.read(), b"", "a read after the hang-up")
    try:
        os.write(handle.fileno(), b"x")
        raise AssertionError("a write after the hang-up succeeds")
    except OSError as e:
        equal(e.errno, 5, "the errno of a write after the hang-up")


# 8. no bits stripped

@test
def eight_bits():
    """8: CS5, CS6, CS7 and parity strip no bits"""
    port = make_port("t-bits", backing="loopback")
    handle = port.open()
    data = bytes(range(256))
    for size in (termios.CS5, termios.CS6, termios.CS7):
        for parity in (0, termios.PARENB, termios.PARENB | termios.PARODD):
            set_flags(handle, termios.CSIZE | termios.PARENB | termios.PARODD,
                      size | parity)
            handle.write_all(data)
            equal(handle.read_exactly(256), data, "what came back")


@test
def lcr_storm():
    """8: storms of LCR and divisor writes disturb no byte"""
    port = make_port("t-storm", backing="loopback", stall_limit=0)
    guest = Loopguest(port, "duplex=100000", options=("-c", "64"))
    loopguest(port, "lcr=300")
    guest.finish()
    loopguest(port, "lcr=20", "duplex=1000")


# 9. two openers

@test
def two_openers():
    """9: stty -F beside a VMM neither freezes nor disturbs it"""
    port = make_port("t-stty", backing="loopback")
    guest = Loopguest(port, "duplex=3000", "hold")
    r = run_program("stty", "-F", port.link, "-a", timeout=20)
    equal(r.status, 0, f"stty's exit status ({r.err})")
    expect("speed 115200 baud" in r.out, f"stty printed {r.out!r}")
    r = run_program("stty", "-F", port.link, "9600", timeout=20)
    equal(r.status, 0, f"stty's exit status ({r.err})")
    equal(port.power, 1, "the power after stty's close")
    guest.terminate().finish()


@test
def exclusive():
    """9: TIOCEXCL refuses other openers until TIOCNXCL"""
    port = make_port("t-excl")
    handle = port.open()
    os.chmod(port.link, 0o666)

    def second(want):
        # root may open an exclusive tty
        def child():
            os.setgroups([])
            os.setresuid(65534, 65534, 65534)
            try:
                os.close(os.open(port.link, os.O_RDWR | os.O_NONBLOCK |
                                 os.O_NOCTTY))
                got = 0
            except OSError as e:
                got = e.errno
            equal(got, want, "the second opener's errno")
        in_time("a second open", child)

    second(0)
    fcntl.ioctl(handle.fileno(), termios.TIOCEXCL)
    second(16)
    fcntl.ioctl(handle.fileno(), termios.TIOCNXCL)
    second(0)


# 10. open, window size, flush, TIOCGSERIAL

@test
def open_without_carrier():
    """10: a blocking open never waits for carrier, CLOCAL off"""
    port = make_port("t-open", carrier="peer", connect_at_power_on=False)
    handle = port.open()
    set_flags(handle, termios.CLOCAL)
    equal(handle.lines() & termios.TIOCM_CAR, 0, "CAR")

    def child():
        fd = os.open(port.link, os.O_RDWR | os.O_NOCTTY)
        os.write(fd, b"x")
        os.close(fd)
    in_time("a blocking open", child)


def winsize(handle, size=None):
    if size:
        fcntl.ioctl(handle.fileno(), termios.TIOCSWINSZ,
                    struct.pack("4H", *size, 0, 0))
    data = fcntl.ioctl(handle.fileno(), termios.TIOCGWINSZ, bytes(8))
    return struct.unpack("4H", data)[:2]


@test
def window_size():
    """10: each port keeps its own window size, over close and open too"""
    one, two = make_guest("t-winsize", 2)
    first, second = one.open(), two.open()
    winsize(first, (24, 80))
    winsize(second, (50, 132))
    equal(winsize(first), (24, 80), "the first port's size")
    equal(winsize(second), (50, 132), "the second port's size")
    first.close()
    equal(winsize(one.open()), (24, 80), "the size after close and open")


@test
def flush_input():
    """10: TCFLSH TCIFLUSH discards what was not read"""
    port = make_port("t-iflush", backing="loopback")
    handle = port.open()
    handle.write_all(b"x" * 100)
    wait_for(lambda: handle.ioctl_int(termios.FIONREAD) == 100, "100 bytes to read")
    termios.tcflush(handle.fileno(), termios.TCIFLUSH)
    equal(handle.ioctl_int(termios.FIONREAD), 0, "FIONREAD")
    echo_works(handle, b"next")


@test
def flush_output():
    """10: TCFLSH TCOFLUSH discards what was not sent, and counts it"""
    port, handle = stuck_port("t-oflush")
    before = port.get()
    termios.tcflush(handle.fileno(), termios.TCOFLUSH)
    equal(handle.unsent(), 0, "TIOCOUTQ")
    expect(handle.poll(select.POLLOUT, 0), "no POLLOUT")
    after = port.get()
    equal(after["tx_unread"], 0, "tx_unread")
    equal(after["dropped_bytes"] - before["dropped_bytes"],
          before["tx_unread"], "dropped_bytes")


@test
def serial_struct():
    """10: TIOCGSERIAL answers"""
    handle = make_port("t-gserial").open()
    data = fcntl.ioctl(handle.fileno(), TIOCGSERIAL, bytes(72))
    kind, line, _, irq, flags, xmit, custom, baud_base = \
        struct.unpack_from("iiIiiiii", data)
    expect(line >= 0 and irq == 0 and custom == 0, f"{kind=} {line=} {irq=}")
    equal(baud_base, 115200, "baud_base")
    expect(flags >= 0 and xmit >= 0, f"{flags=} {xmit=}")


# 11. power

@test
def power():
    """11: the first open powers the guest on, the last close off"""
    port = make_port("t-power")
    for _ in range(2):
        equal(port.power, 0, "power before open")
        first = port.open()
        equal(port.power, 1, "power while open")
        second = port.open()
        second.close()
        equal(port.power, 1, "power while the first is open")
        first.close()
        equal(port.power, 0, "power after the last close")


@test
def power_of_two_ports():
    """11: a guest is on while any of its ports is open"""
    def on():
        return nl().guest("t-power2")["power"]
    one, two = make_guest("t-power2", 2)
    equal(on(), 0, "power at first")
    first, second = one.open(), two.open()
    equal((one.power, two.power, on()), (1, 1, 1), "power while both are open")
    first.close()
    equal((one.power, two.power, on()), (0, 1, 1), "power while one is open")
    second.close()
    equal(on(), 0, "power in the end")


@test
def echo_guest_modes():
    """all: guests opened in each VMM's way echo what they are sent"""
    for mode in ("qemu", "firecracker", "clh"):
        port = make_port(f"t-mode-{mode}", backing="loopback", stall_limit=0)
        loopguest(port, "duplex=1000", options=("-m", mode))


# real QEMU

@test
def real_qemu():
    """all: QEMU's own serial port on a vserial port, through all its calls"""
    log = f"{scratch()}/log"
    port = make_port("t-qemu", backing="loopback")
    qemu = Qemu(port, session_leader=True)
    equal(port.power, 1, "power")
    # initialise as a BIOS does: DLAB, divisor 1, 8N1, DTR and RTS
    qemu.outb(LCR, 0x80)
    qemu.outb(DLL, 1)
    qemu.outb(DLM, 0)
    qemu.outb(LCR, 0x03)
    qemu.outb(MCR, 0x03)
    equal(qemu.inb(MSR) & 0xb0, 0xb0, "CTS, DSR and DCD in MSR")
    for byte in b"hello, \xff\x80\x00":
        qemu.send(bytes([byte]))
        equal(qemu.receive(1), bytes([byte]), "the echo")

    port.disconnect()
    qemu.send(b"unheard")
    # break on, break off
    qemu.outb(LCR, 0x43)
    qemu.outb(LCR, 0x03)
    # IER.MSI makes QEMU poll the lines every 10 ms; IIR tells of a change
    port.set(carrier="peer")
    qemu.inb(MSR)
    qemu.outb(IER, 0x08)
    port.connect()
    wait_for(lambda: qemu.inb(IIR) & 0x0f == 0, "the interrupt for DCD")
    expect(qemu.inb(MSR) & 0x80, "DCD is not set in MSR")
    qemu.outb(IER, 0)
    # what it wrote meanwhile was kept, and the break is read as a NUL
    equal(qemu.receive(8), b"unheard\0", "the echo after connect")
    port.set(carrier="auto")
    port.set(backing="null")
    qemu.send(b"nobody")
    port.set(backing=f"file:{log}")
    qemu.send(b"captured")
    wait_for(lambda: read_file(log).endswith("captured"), "the capture")
    port.set(backing="loopback")
    qemu.send(b"!")
    equal(qemu.receive(1), b"!", "the echo in the end")
    expect(qemu.running(), "QEMU ended")
    qemu.quit()
    equal(port.power, 0, "power after QEMU's end")


@test
def real_qemu_full_ring():
    """all: QEMU at a peer that takes nothing goes on and quits at once"""
    port = make_port("t-qemuf", backing="loopback", stall_limit=0)
    stuck = port.open()
    stuck.fill()
    qemu = Qemu(port)
    qemu.outb(LCR, 0x03)
    for byte in b"into a full ring":
        qemu.outb(0x3f8, byte)
    equal(qemu.command("query-status")["status"] != "", True, "QMP answers")
    stuck.close()
    start = time.monotonic()
    qemu.quit()
    expect(time.monotonic() - start < DRAIN_BOUND, "QEMU's end took too long")


run()
