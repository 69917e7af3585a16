# SPDX-License-Identifier: GPL-2.0-or-later
"""What the module tests share.

A test is a function with @test; its name is the first line of its docstring.
It fails by an exception.  What it makes (guests, programs, open files) is
registered when it is made and undone in reverse order when it ends, however
it ends.  run() runs all tests of a script, prints TAP and exits.

    script.py [WORD]…    runs only the tests whose function names have a WORD
"""
import contextlib
import errno
import fcntl
import json
import os
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import traceback

import genl
from genl import N, Refused, attr, string, u8, u32

HERE = os.path.dirname(os.path.abspath(__file__))
SYSFS = "/sys/bus/vserial"
#: How many times longer than usual all may take: a kernel that checks itself.
SLOWNESS = float(os.environ.get("SLOWNESS") or 1)
#: Is this the kernel of tests/vm/debugkernel?  KASAN holds back what was freed there,
#: so that memory in use says nothing.
DEBUG = "-debug-" in os.uname().release
#: Nothing here takes longer on an idle machine than a tenth of this.
PATIENCE = 60.0 * SLOWNESS
#: A test that takes longer than this hangs.
TEST_LIMIT = int(300 * SLOWNESS)
#: TIOC* that Python's termios lacks
TIOCMIWAIT, TIOCGICOUNT = 0x545C, 0x545D
TCSBRKP, TIOCGSERIAL, TCGETS2 = 0x5425, 0x541E, 0x802C542A
RING = 65536

_tests = []
_stack = contextlib.ExitStack()
_client = None


class Skip(Exception):
    """The test cannot run here; the text says why."""


def test(function):
    _tests.append(function)
    return function


def later(function, *args, **kwargs):
    """Has something undone when the test ends."""
    _stack.callback(function, *args, **kwargs)


def nl():
    """The script's netlink client."""
    global _client
    if _client is None:
        _client = genl.Client()
    return _client


def forget_client():
    """Closes the client, e.g. because the module is to be unloaded."""
    global _client
    if _client is not None:
        _client.close()
    _client = None


def diag(text):
    for line in str(text).rstrip().splitlines():
        print("#", line, flush=True)


def expect(condition, text):
    if not condition:
        raise AssertionError(text)


def equal(got, want, what):
    expect(got == want, f"{what} is {got!r}, not {want!r}")


def wait_for(condition, what, timeout=PATIENCE):
    """Waits until condition() is true; returns what it returned."""
    end = time.monotonic() + timeout
    pause = 0.001
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {timeout:g} s")
        time.sleep(pause)
        pause = min(pause * 2, 0.05)


class Result:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err


def run_program(*args, stdin=None, timeout=PATIENCE, **kwargs):
    done = subprocess.run([str(a) for a in args], input=stdin, text=True,
                          stdin=None if stdin is not None else subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=timeout, check=False, **kwargs)
    return Result(done.returncode, done.stdout, done.stderr)


def ctl_raw(*args, stdin=None, **kwargs):
    """Runs vserialctl, whatever its outcome."""
    return run_program("vserialctl", *args, stdin=stdin, **kwargs)


def ctl(*args, stdin=None):
    """Runs vserialctl, which must succeed; returns what it printed."""
    r = ctl_raw(*args, stdin=stdin)
    expect(r.status == 0, f"vserialctl {' '.join(map(str, args))}: exit status "
           f"{r.status}, stderr: {r.err.strip()!r}")
    return r.out


def ctl_json(*args):
    return json.loads(ctl("-j", *args))


def everything():
    """All guests and ports as the CLI shows them, to compare."""
    return ctl_json("guest", "show"), ctl_json("port", "show")


def delete_guest(name):
    with contextlib.suppress(Refused):
        nl().call("GUEST_DEL", string(N.VSERIAL_A_GUEST_NAME, name) +
                  attr(N.VSERIAL_A_GUEST_FORCE))


def forget_guest(name):
    """Has a guest removed, if it is there, when the test ends."""
    later(delete_guest, name)


def guest_exists(name):
    try:
        nl().guest(name)
    except Refused as e:
        equal(e.errno, errno.ENOENT, f"the errno of asking for guest {name}")
        return False
    return True


OVERFLOWS = ("block", "drop-old", "drop-new")
CARRIERS = ("auto", "always", "peer")
ENDPOINTS = ("auto", "server", "client")
DIRECTIONS = ("both", "out", "in")


def _number(text):
    """A number; text may have one of the suffixes K and M."""
    text = str(text)
    shift = {"K": 10, "M": 20}.get(text[-1:], 0)
    return int(text[:-1] if shift else text, 0) << shift


def _settings(values):
    """The attributes of a port's settings, given as vserialctl takes them or as
    Python has them."""
    made = {
        "backing": lambda v: string(N.VSERIAL_A_PORT_BACKING, v),
        "overflow": lambda v: u32(N.VSERIAL_A_PORT_OVERFLOW, OVERFLOWS.index(v)),
        "carrier": lambda v: u32(N.VSERIAL_A_PORT_CARRIER, CARRIERS.index(v)),
        "stall_limit": lambda v: u32(N.VSERIAL_A_PORT_STALL_LIMIT, _number(v)),
        "history": lambda v: u32(N.VSERIAL_A_PORT_HISTORY, _number(v)),
        "rate": lambda v: u32(N.VSERIAL_A_PORT_RATE, _number(v)),
        "direction": lambda v: u32(N.VSERIAL_A_PORT_DIRECTION, DIRECTIONS.index(v)),
        "proxy": lambda v: string(N.VSERIAL_A_PORT_PROXY, "" if v == "none" else v),
        "log": lambda v: string(N.VSERIAL_A_PORT_LOG, "" if v == "none" else v),
        "endpoint": lambda v: u32(N.VSERIAL_A_PORT_ENDPOINT, ENDPOINTS.index(v)),
        "max_clients": lambda v: u32(N.VSERIAL_A_PORT_MAX_CLIENTS, v),
        "idle_timeout": lambda v: u32(N.VSERIAL_A_PORT_IDLE_TIMEOUT, v),
        "yield_on_poll": lambda v: u8(N.VSERIAL_A_PORT_YIELD_ON_POLL, v in (True, "on")),
        "connect_at_power_on":
            lambda v: u8(N.VSERIAL_A_PORT_CONNECT_AT_POWER_ON, v in (True, "on")),
    }
    return b"".join(made[name](value) for name, value in values.items())


class Port:
    """A port that a test made."""

    def __init__(self, guest, index=0):
        self.guest, self.index = guest, index
        self.name = f"{guest}/{index}"
        self.link = f"/dev/vserial/{self.name}"
        self.sysfs = f"{SYSFS}/devices/{guest}:{index}"

    def get(self):
        """Its attributes, by netlink."""
        return nl().port(self.guest, self.index)

    def __getattr__(self, name):
        # a counter or state by name: port.tx_bytes; absent strings are ""
        if name.startswith("_"):
            raise AttributeError(name)
        return self.get().get(name, "")

    def request(self):
        """What names it in a netlink request."""
        return (string(N.VSERIAL_A_PORT_GUEST, self.guest) +
                u32(N.VSERIAL_A_PORT_INDEX, self.index))

    # Netlink here, not vserialctl: starting a program takes the longest of
    # all in a VM, and what vserialctl does has its own tests.

    def add(self, **settings):
        nl().call("PORT_NEW", self.request() + _settings(settings))

    def set(self, *words, **settings):
        """set(backing="null"), or the words of `vserialctl port set`."""
        for name, value in zip(words[::2], words[1::2]):
            settings[name.replace("-", "_")] = value
        nl().call("PORT_SET", self.request() + _settings(settings))

    def connect(self):
        nl().call("PORT_CONNECT", self.request())

    def disconnect(self):
        nl().call("PORT_DISCONNECT", self.request())

    def remove(self, force=False):
        nl().call("PORT_DEL", self.request() +
                  (attr(N.VSERIAL_A_PORT_FORCE) if force else b""))

    def wait_link(self):
        """Waits for its link; udev may not even have removed one of before."""
        node = f"/dev/ttyVS{self.minor}"
        wait_for(lambda: os.path.realpath(self.link) == node and os.path.exists(node),
                 f"{self.link} leads to {node}")
        return self.link

    def open(self, flags=os.O_RDWR | os.O_NONBLOCK):
        """Opens it; closed when the test ends, if it is still open then."""
        fd = os.open(self.wait_link(), flags | os.O_NOCTTY | os.O_CLOEXEC)
        # a file object remembers that it was closed, a number does not
        handle = Descriptor(fd)
        later(handle.close)
        return handle


class Descriptor:
    """A file descriptor that is closed once."""

    def __init__(self, fd):
        self.fd = fd

    def fileno(self):
        return self.fd

    def close(self):
        if self.fd >= 0:
            fd, self.fd = self.fd, -1
            os.close(fd)

    def write(self, data):
        """write(2); 0 if there is no room."""
        try:
            return os.write(self.fd, data)
        except BlockingIOError:
            return 0

    def write_all(self, data, timeout=PATIENCE):
        view, end = memoryview(data), time.monotonic() + timeout
        while view:
            n = self.write(view)
            view = view[n:]
            if not n:
                left = end - time.monotonic()
                expect(left > 0 and self.poll(select.POLLOUT, left),
                       f"no room for {len(view)} of {len(data)} bytes within "
                       f"{timeout:g} s")

    def fill(self, limit=1 << 22, chunk=4096):
        """Writes zero bytes until there is no room; returns how many."""
        done = 0
        block = bytes(chunk)
        while done < limit:
            n = self.write(block)
            if not n:
                # one more byte may fit where a block did not
                n = self.write(b"\0")
                if not n:
                    return done
            done += n
        raise AssertionError(f"{limit} bytes were taken without an end")

    def read(self, n=65536):
        """read(2); None if there is nothing, b"" at the end of file."""
        try:
            return os.read(self.fd, n)
        except BlockingIOError:
            return None

    def read_exactly(self, n, timeout=PATIENCE):
        data, end = b"", time.monotonic() + timeout
        while len(data) < n:
            piece = self.read(n - len(data))
            if piece is None:
                left = end - time.monotonic()
                expect(left > 0 and self.poll(select.POLLIN, left),
                       f"{len(data)} of {n} bytes came within {timeout:g} s")
                continue
            expect(piece, f"end of file after {len(data)} of {n} bytes")
            data += piece
        return data

    def poll(self, events, timeout):
        """The events that came within timeout seconds."""
        p = select.poll()
        p.register(self.fd, events)
        ready = p.poll(timeout * 1000)
        return ready[0][1] if ready else 0

    def ioctl_int(self, request):
        """An ioctl that answers an int: FIONREAD, TIOCOUTQ, TIOCMGET…"""
        data = fcntl.ioctl(self.fd, request, struct.pack("i", 0))
        return struct.unpack("i", data)[0]

    def unsent(self):
        return self.ioctl_int(termios.TIOCOUTQ)

    def lines(self):
        return self.ioctl_int(termios.TIOCMGET)

    def icount(self):
        data = fcntl.ioctl(self.fd, TIOCGICOUNT, bytes(80))
        names = ("cts", "dsr", "rng", "dcd", "rx", "tx", "frame", "overrun",
                 "parity", "brk", "buf_overrun")
        return dict(zip(names, struct.unpack_from("11i", data)))


def make_guest(name, ports=0, **settings):
    """Adds a guest with ports 0 … ports-1, all with the same settings.

    Settings are those of Port.add().  Returns its ports; the guest is removed
    when the test ends.
    """
    forget_guest(name)
    nl().call("GUEST_NEW", string(N.VSERIAL_A_GUEST_NAME, name))
    made = [Port(name, index) for index in range(ports)]
    for port in made:
        port.add(**settings)
    return made


def remove_guest(name, force=False):
    nl().call("GUEST_DEL", string(N.VSERIAL_A_GUEST_NAME, name) +
              (attr(N.VSERIAL_A_GUEST_FORCE) if force else b""))


def make_port(name, **settings):
    return make_guest(name, 1, **settings)[0]


def scratch(**kwargs):
    """A directory that goes away with the test."""
    d = tempfile.TemporaryDirectory(prefix="vserial-", **kwargs)
    later(d.cleanup)
    return d.name


def tmpfs(size):
    """A directory that is a file system of so many bytes."""
    d = scratch()
    done = run_program("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", d)
    expect(done.status == 0, f"mount: {done.err}")
    later(run_program, "umount", "-l", d)
    return d


def _tools():
    """Where loopguest and pattern are; built once if nobody did."""
    for d in (os.environ.get("VSERIAL_TOOLS"), f"{HERE}/../../build/tests/tools",
              f"{HERE}/../tools"):
        if d and os.access(f"{d}/loopguest", os.X_OK):
            return d
    d = "/tmp/vserial-tools"
    done = run_program("make", "-s", "-C", f"{HERE}/../tools", f"O={d}",
                       timeout=600)
    expect(done.status == 0, f"building tests/tools: {done.err}")
    return d


def tool(name):
    return f"{_tools()}/{name}"


class Loopguest:
    """A running loopguest."""

    def __init__(self, port, *words, options=()):
        path = port.wait_link() if isinstance(port, Port) else port
        # No session of its own: a leader would get the port as controlling
        # terminal, and its end would hang up everybody else.
        self.words = words
        self.process = subprocess.Popen(
            [tool("loopguest"), f"--timeout={max(1, int(PATIENCE))}", *map(str, options), path,
             *map(str, words)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, bufsize=0)
        later(self.kill)
        # byte by byte: what follows is communicate()'s
        line = b""
        while not line.endswith(b"\n"):
            byte = self.process.stdout.read(1)
            expect(byte, f"loopguest {words}: "
                   f"{not byte and self.process.stderr.read().decode()}")
            line += byte
        equal(line, b"open\n", "what loopguest printed")

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)
        return self

    def finish(self, status=0, timeout=PATIENCE):
        """Waits for its end; returns action -> word -> value."""
        try:
            out, err = self.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired as e:
            raise AssertionError(
                f"loopguest {self.words}: not done in {timeout:g} s") from e
        out, err = out.decode(), err.decode()
        expect(self.process.returncode == status,
               f"loopguest {self.words}: exit status {self.process.returncode},"
               f" not {status}: {out.strip()} {err.strip()}")
        answers = {}
        for line in out.splitlines():
            name, *pairs = line.split()
            answers[name] = dict(p.split("=", 1) for p in pairs)
        return answers


def loopguest(port, *words, options=(), status=0, timeout=PATIENCE):
    """Runs loopguest to its end."""
    return Loopguest(port, *words, options=options).finish(status, timeout)


def pattern(size, seed=1, offset=0):
    """A piece of the pattern that loopguest sends."""
    return subprocess.run([tool("pattern"), "make", str(seed), str(offset),
                           str(size)], stdout=subprocess.PIPE,
                          check=True).stdout


def pattern_runs(data, seed=1):
    """The pieces of the pattern that data consists of: [(offset, length)]."""
    done = subprocess.run([tool("pattern"), "runs", str(seed)], input=data,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False)
    expect(done.returncode == 0, done.stderr.decode())
    return [tuple(map(int, line.split())) for line in done.stdout.splitlines()]


def read_file(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return f.read()


def write_sysfs(path, text):
    """Writes an attribute in one write(2); raises OSError if refused."""
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, os.fsencode(text))
    finally:
        os.close(fd)


class KernelLog:
    """What the kernel logs from now on."""

    def __init__(self):
        self.fd = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
        os.lseek(self.fd, 0, os.SEEK_END)

    def lines(self):
        """The lines that came since the last call."""
        found = []
        while True:
            try:
                record = os.read(self.fd, 8192).decode(errors="replace")
            except BlockingIOError:
                return found
            except BrokenPipeError:
                continue
            found.append(record.split(";", 1)[-1].splitlines()[0])

    def close(self):
        os.close(self.fd)


_TROUBLE = re.compile(r"WARNING:|BUG:|Oops|general protection|Call Trace|"
                      r"blocked for more than|possible .*deadlock|refcount_t|"
                      r"left behind|RCU.*stall|KASAN|UBSAN|DEBUG_LOCKS")


def _give_up(*_):
    raise AssertionError(f"the test is not done after {TEST_LIMIT} s")


def _run_one(function, number):
    global _stack
    name = (function.__doc__ or function.__name__).strip().splitlines()[0]
    error = skipped = None
    start = time.monotonic()
    _stack = contextlib.ExitStack()
    try:
        try:
            signal.alarm(TEST_LIMIT)
            function()
        finally:
            signal.alarm(0)
            _stack.close()
    except Skip as e:
        skipped = e
    except Exception:  # pylint: disable=broad-except
        error = traceback.format_exc()
    seconds = time.monotonic() - start
    if skipped:
        print(f"ok {number} - {name} # SKIP {skipped}", flush=True)
    else:
        print(f"{'not ok' if error else 'ok'} {number} - {name}", flush=True)
        diag(f"{function.__name__}: {seconds:.1f} s")
    if error:
        diag(error)
    return not error


def process_state(pid):
    """The letter that /proc/PID/stat has for it, see proc(5): S sleeps, T is stopped."""
    return read_file(f"/proc/{pid}/stat").rpartition(")")[2].split()[0]


def has_ended(pid):
    """Whether a process has let go of all that it had, its sockets too."""
    try:
        return process_state(pid) == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def _end_daemon():
    """Ends the daemon that runs in the VM: tests start theirs, or play it."""
    try:
        pid = int(read_file("/run/vseriald.pid"))
        os.kill(pid, signal.SIGTERM)
    except (FileNotFoundError, ProcessLookupError):
        return
    wait_for(lambda: has_ended(pid), "the daemon's end")


def run(trouble=_TROUBLE):
    """Runs the script's tests and exits; no daemon runs but the tests' own.

    TROUBLE is a regular expression of what the kernel must not log.
    """
    _end_daemon()
    chosen = [f for f in _tests if len(sys.argv) < 2 or
              any(w in f.__name__ for w in sys.argv[1:])]
    log = KernelLog()
    all_lines = []
    signal.signal(signal.SIGALRM, _give_up)

    def kernel_log_clean():
        """the kernel logged no warning while these tests ran"""
        found = [line for line in all_lines + log.lines() if trouble.search(line)]
        expect(not found, "\n".join(found[:20]))

    print(f"1..{len(chosen) + 1}", flush=True)
    good = True
    for number, function in enumerate(chosen, 1):
        good &= _run_one(function, number)
        all_lines += log.lines()
    good &= _run_one(kernel_log_clean, len(chosen) + 1)
    forget_client()
    sys.exit(0 if good else 1)
