#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Ports behind a concentrator: vseriald and vserial-vspc, with each deviation.

    guest  <->  port  <== netlink ==>  vseriald  <== vSPC ==>  vserial-vspc  <==>  viewer
"""
import contextlib
import errno
import os
import re
import signal
import sys
import termios

from files import contents
from genl import N
from lib import (Port, Refused, ctl, ctl_json, equal, expect, forget_guest, later, make_port,
                 pattern, read_file, run, run_program, scratch, test, wait_for)
from peer import tcp_port
from vseriald import Daemon

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import vspc  # noqa: E402
from vspc import Concentrator, Viewer, certificates, listed, thumbprint  # noqa: E402

# time limit: 900

os.environ.setdefault("VSERIAL_VSPC", "vserial-vspc")

RECOVERABLE = N.VSERIAL_STATE_RECOVERABLE_ERROR
CONNECTED = N.VSERIAL_STATE_CONNECTED
UUIDS = ("uuid", "564d0000-0000-0000-0000-0000000000aa",
         "vc-uuid", "50290000-0000-0000-0000-0000000000bb")


def daemon(**settings):
    return Daemon(retry_min=50, retry_max=1, **settings)


def concentrator(*arguments, **settings):
    c = Concentrator(*arguments, **settings)
    later(c.__exit__, None)
    return c


def behind(c, name="vspc", scheme="telnet", keys="", **settings):
    """A port whose concentrator is C, with its guest powered on."""
    port = make_port(name)
    ctl("guest", "set", name, *UUIDS)
    port.set(proxy=f"{scheme}://127.0.0.1:{c.port}{keys}", backing="the service", **settings)
    return port


def stands(port, state, reason=""):
    wait_for(lambda: port.state == state and reason in port.reason,
             f"{port.name} stands at {state} {reason} ({port.state}: {port.reason})")


def sees(viewer, data, what):
    viewer.until(lambda: len(viewer.data) >= len(data), what)
    equal(bytes(viewer.data), data, what)


@test
def bytes_both_ways():
    """What the guest writes from its first byte on is seen; keys reach it; who it is is known."""
    daemon()
    c = concentrator()
    port = behind(c)
    tty = port.open()
    data = pattern(20000)
    tty.write_all(data)
    stands(port, CONNECTED)
    equal(port.peer, f"127.0.0.1:{c.port}", "the peer")
    viewer = Viewer(c.view_port).see("vspc")
    sees(viewer, data, "the output")
    del viewer.data[:]
    viewer.type(bytes(range(256)))
    equal(tty.read_exactly(256), bytes(range(256)), "the input")
    other = Viewer(c.view_port)
    other.wants(b"): ")
    other.type(b"\r")
    other.until(lambda: other.data.endswith(b"): "), "the list comes")
    expect("the service" in listed(other.data.decode(), "vspc"), other.data.decode())
    tty.close()
    wait_for(lambda: "vspc: 127.0.0.1" in c.said() and "it closed the connection" in c.said(),
             "the power is off, so it leaves")
    # On again it is the same.
    tty = port.open()
    tty.write_all(b"again")
    viewer.until(lambda: b"again" in viewer.data, "it is seen by those who stayed")


@test
def deviations():
    """Whatever a concentrator does otherwise, nothing is early and nothing is lost."""
    daemon()
    data = pattern(3000)
    # Those that refuse everybody have a test of their own.
    names = sorted(name for name in vspc.deviations() if not name.startswith("wont-"))
    expect("silent" in names, names)
    for number, name in enumerate(
            [*names, "mute,no-known,late-get,close-early,close-unknown,no-doubling",
             "silent,no-binary,late-get,drop-early,com-port"]):
        c = concentrator(f"--deviate={name}")
        port = behind(c, f"dev{number}")
        tty = port.open()
        tty.write_all(data)
        stands(port, CONNECTED)
        viewer = Viewer(c.view_port)
        viewer.wants(b"): ")
        viewer.type(b"\r")
        viewer.until(lambda: viewer.data.endswith(b"): "), "the list comes")
        expected = "nameless" if name == "no-get" else port.guest
        expect(listed(viewer.data.decode(), expected), f"{name}: {viewer.data.decode()}")
        del viewer.data[:]
        viewer.type(expected.encode() + b"\r")
        viewer.wants(expected.encode() + b"\r\n")
        sees(viewer, data, f"the output with {name}")
        viewer.type(b"typed")
        equal(tty.read_exactly(5), b"typed", f"the input with {name}")
        tty.close()


@test
def com_port():
    """A concentrator with a port of its own: the guest's breaks, and whether somebody is there."""
    there = termios.TIOCM_DSR | termios.TIOCM_CAR
    daemon()
    c = concentrator("--deviate=com-port")
    port = behind(c, "com")
    tty = port.open()

    def lines():
        return tty.lines() & (there | termios.TIOCM_CTS)
    wait_for(lambda: lines() == termios.TIOCM_CTS, "nobody is there")
    viewer = Viewer(c.view_port).see("com")
    wait_for(lambda: lines() == there | termios.TIOCM_CTS, "somebody is there")
    tty.write_all(b"before")
    termios.tcdrain(tty.fileno())
    termios.tcsendbreak(tty.fileno(), 0)
    tty.write_all(b"behind")
    viewer.wants(b"behind")
    equal(viewer.breaks, [len(b"before")], "where the break is")
    viewer.close()
    wait_for(lambda: lines() == termios.TIOCM_CTS, "nobody is there again")


@test
def refused():
    """A concentrator that refuses is told of, and asked again."""
    daemon()
    for name in "wont-keep", "wont-close":
        c = concentrator(f"--deviate={name}")
        port = behind(c, name)
        tty = port.open()
        tty.write_all(b"kept")
        stands(port, RECOVERABLE, "refused by concentrator")
        c.kill()
        c.command.remove(f"--deviate={name}")
        c.start()
        stands(port, CONNECTED)
        sees(Viewer(c.view_port).see(name), b"kept", "what was kept")
        tty.close()


@test
def encrypted():
    """telnets, and TLS of telnet's option AUTHENTICATION: with a right thumbprint and a wrong one."""
    directory = scratch()
    certificates(directory)
    digest = thumbprint(directory)
    daemon()
    number = tcp_port()
    c = concentrator(f"--listen=telnets://127.0.0.1:{number}",
                     certificate=f"{directory}/server.pem")
    port = behind(c, "tls")
    tty = port.open()
    stands(port, CONNECTED)
    port.set(proxy=f"telnets://127.0.0.1:{number}#thumbprint={digest}")
    stands(port, CONNECTED)
    tty.write_all(b"secret")
    viewer = Viewer(c.view_port).see("tls")
    viewer.wants(b"secret")
    expect("TLSv1.3" in port.peer, port.peer)
    port.set(proxy=f"telnets://127.0.0.1:{number}#thumbprint={'00' * 32}")
    stands(port, RECOVERABLE, "has the thumbprint")
    # AUTHENTICATION, where a key demands it and where none does.
    for keys in f"#thumbprint={digest}", "":
        port.set(proxy=f"telnet://127.0.0.1:{c.port}{keys}")
        stands(port, CONNECTED)
        expect("TLSv1.3" in port.peer, port.peer)
        tty.write_all(b"by auth")
        viewer.wants(b"by auth")
    port.set(proxy=f"telnet://127.0.0.1:{c.port}#thumbprint={'00' * 32}")
    stands(port, RECOVERABLE, "has the thumbprint")
    # One that has none.
    port.set(proxy=f"telnet://127.0.0.1:{concentrator().port}#thumbprint={digest}")
    stands(port, RECOVERABLE, "which the keys of the proxy demand")


@test
def killed_and_restarted():
    """A concentrator that dies is dialled again, and gets what it has not had, once."""
    daemon()
    directory = scratch()
    os.chmod(directory, 0o777)
    c = concentrator(log_folder=directory)
    port = behind(c, "killed")
    tty = port.open()
    data = pattern(200000)
    log = f"{directory}/killed.log"
    at = 0
    for size in 30000, 50000, 20000, 40000:
        tty.write_all(data[at:at + size])
        at += size
        wait_for(lambda: port.state == CONNECTED and os.path.exists(log) and
                 os.path.getsize(log) == at, f"the first {at} bytes are there")
        c.kill()
        tty.write_all(data[at:at + 5000])
        at += 5000
        c.start()
    wait_for(lambda: os.path.getsize(log) == at, "all is there")
    equal(contents(log), data[:at], "what was recorded")


@test
def absent_at_first():
    """A concentrator that comes later gets all from the first byte on."""
    daemon()
    c = concentrator()
    c.kill()
    port = behind(c, "late")
    tty = port.open()
    tty.write_all(b"from the start")
    stands(port, RECOVERABLE, "cannot connect to 127.0.0.1")
    c.start()
    stands(port, CONNECTED)
    sees(Viewer(c.view_port).see("late"), b"from the start", "the output")


@test
def as_documented():
    """What Documentation/vspc.md has for shells runs as written."""
    log = "/var/log/vserial-vspc/demo.log"
    folder, here = scratch(), os.path.dirname(os.path.abspath(__file__))
    with open(f"{here}/../../Documentation/vspc.md", encoding="utf-8") as f:
        blocks = re.findall(r"^```sh\n(.*?)^```$", f.read(), re.M | re.S)
    equal(len(blocks), 5, "how many blocks there are")
    daemon()
    # In place of the service manager: it ends what it had, and waits until the next is ready.
    with open(f"{folder}/systemctl", "w", encoding="ascii") as f:
        f.write(f"""#!/bin/sh
cd {folder}
if [ -e pid ]; then
	kill $(cat pid)
	while [ -e /proc/$(cat pid)/exe ]; do sleep 0.1; done
	rm log
fi
vserial-vspc --debug --user= </dev/null >log 2>&1 &
echo $! >pid
until grep -qs serving log; do sleep 0.1; done
""")
    os.chmod(f"{folder}/systemctl", 0o755)
    later(lambda: os.kill(int(read_file(f"{folder}/pid")), signal.SIGTERM))
    os.makedirs("/etc/vserial", exist_ok=True)
    os.makedirs("/var/log/vserial-vspc", exist_ok=True)
    forget_guest("demo")
    for block in blocks:
        done = run_program("sh", "-e", "-c", block,
                           env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"})
        equal(done.status, 0, f"the exit status of\n{block}{done.out}{done.err}")
    expect("a concentrator, which accepted us" in done.out, done.out)
    first, second = Port("demo", 0), Port("demo", 1)
    first.open().write_all(b"one")
    stands(first, CONNECTED)
    second.open().write_all(b"two")
    stands(second, CONNECTED)
    Viewer(13371).see("demo#2").wants(b"two")
    Viewer(13400).wants(b"one")
    expect(os.path.exists(log), f"{log} is there: {os.listdir(os.path.dirname(log))}"
           f"{read_file(f'{folder}/log')}{read_file('/etc/vserial/vserial-vspc.conf')}")
    wait_for(lambda: read_file(log) == "one", "it is in the file")


@test
def settings():
    """proxy is set, judged, saved, and taken away again."""
    port = make_port("vspc-set")
    port.set(proxy="telnet://192.0.2.1:13370", backing="any words # at all")
    equal((port.proxy, port.backing), ("telnet://192.0.2.1:13370", "any words # at all"),
          "what was set")
    for wrong in "tcp://192.0.2.1:1", "nonsense", "telnet:192.0.2.1:1":
        try:
            port.set(proxy=wrong)
            expect(False, f"{wrong} was taken")
        except Refused as e:
            equal(e.errno, errno.EINVAL, "the errno")
            expect("neither telnet://HOST:PORT nor telnets://HOST:PORT" in str(e), str(e))
    equal(port.proxy, "telnet://192.0.2.1:13370", "the proxy behind what was refused")
    # Without it the backing would be none.
    with contextlib.suppress(Refused):
        port.set(proxy="none")
        expect(False, "the backing has no scheme")
    saved = ctl("save")
    expect("proxy telnet://192.0.2.1:13370" in saved, saved)
    equal(ctl_json("port", "show", port.name)["proxy"], "telnet://192.0.2.1:13370", "the JSON")
    port.set(proxy="none", backing="null")
    equal((port.proxy, port.backing), ("", "null"), "what was taken away")
    with open(f"{port.sysfs}/proxy", "w", encoding="ascii") as f:
        f.write("telnets://192.0.2.1:1\n")
    equal(read_file(f"{port.sysfs}/proxy"), "telnets://192.0.2.1:1\n", "the file")


run()
