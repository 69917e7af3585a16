#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Printers: what a guest writes comes out as jobs.

    guest  <->  port  <== netlink ==>  vseriald  ->  spool  ->  vserial-print  ==>  printer
"""
import os
import pwd
import signal
import socket
import subprocess
import threading

from genl import N
from lib import (PATIENCE, ctl, equal, expect, later, make_port, read_file, run, run_program,
                 scratch, test, wait_for)
from peer import tcp_port
from vseriald import Daemon

# time limit: 300

HERE = os.path.dirname(os.path.abspath(__file__))
ADDRESS = "127.0.0.1"
ALL = bytes(c for c in range(256) if c != 0x1b) * 40


def spool():
    """A spool of the daemon's user."""
    path = scratch()
    user = pwd.getpwnam("vserial")
    os.chown(path, user.pw_uid, user.pw_gid)
    return path


class Raw:
    """A raw printer; its jobs are what each connection brought."""

    def __init__(self, number):
        self.sock = socket.create_server((ADDRESS, number))
        self.jobs = []
        threading.Thread(target=self.serve, daemon=True).start()
        later(self.sock.close)

    def serve(self):
        while True:
            try:
                connection, _ = self.sock.accept()
            except OSError:
                return
            data = b""
            with connection:
                while piece := connection.recv(65536):
                    data += piece
            self.jobs.append(data)


class IppEvePrinter:
    """CUPS' own printer, which keeps jobs as files and takes nothing but text/plain."""

    def __init__(self, number):
        self.number = number
        self.kept, self.keys, bus = scratch(), scratch(), f"{scratch()}/bus"
        # It looks for a key of its name, and would take its time to make one.
        subprocess.run([f"{HERE}/../unit/certificates", self.keys, "server"], check=True)
        for kind in "crt", "key":
            os.rename(f"{self.keys}/server.{kind}", f"{self.keys}/localhost.{kind}")
        self.environment = dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=f"unix:path={bus}")
        self._run("dbus-daemon", "--session", "--nofork", "--nopidfile",
                  f"--address=unix:path={bus}")
        wait_for(lambda: os.path.exists(bus), "a bus")
        self.start()

    def start(self):
        self.process = self._run("ippeveprinter", "-r", "off", "-p", str(self.number), "-n",
                                 "localhost", "-d", self.kept, "-K", self.keys, "-k", "-f",
                                 "text/plain", "vserial")
        wait_for(lambda: not socket.socket().connect_ex((ADDRESS, self.number)), "it listens")

    def _run(self, *command):
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, env=self.environment)
        later(process.wait, PATIENCE)
        later(process.kill)
        return process

    def jobs(self):
        found = []
        for name in os.listdir(self.kept):
            with open(f"{self.kept}/{name}", "rb") as f:
                found.append(f.read())
        return found


def unread(number):
    """How many bytes a server has been sent and has not read."""
    said = run_program("ss", "-Htn", "state", "established", "sport", f"= :{number}").out
    return sum(int(line.split()[0]) for line in said.splitlines())


def command(pid):
    """What a process runs; nothing when it has ended."""
    try:
        return read_file(f"/proc/{pid}/cmdline").partition("\0")[0]
    except OSError:
        return ""


def gush(tty):
    """Writes until there is no room."""
    while tty.write(b"x" * 4096):
        pass


@test
def raw():
    """jobs end at ESC E, behind a form feed, at power-off; all values; nothing is dropped"""
    number = tcp_port()
    printer = Raw(number)
    Daemon(spool=spool(), job_idle=200)
    port = make_port("p-raw", backing=f"socket://{ADDRESS}:{number}", stall_limit=0)
    tty = port.open()
    wait_for(lambda: port.state == N.VSERIAL_STATE_CONNECTED, "the spool takes it")
    tty.write_all(ALL + b"\x1bEsecond\f")
    wait_for(lambda: len(printer.jobs) == 2, "two jobs")
    tty.write_all(b"at the end")
    wait_for(lambda: not port.tx_unread, "all is in the spool")
    tty.close()
    wait_for(lambda: len(printer.jobs) == 3, "three jobs")
    equal(printer.jobs, [ALL + b"\x1bE", b"second\f", b"at the end"], "the jobs")
    equal(port.dropped_bytes, 0, "bytes lost")
    wait_for(lambda: "3 printed, 0 refused" in port.peer, "they are counted")


@test
def ipp():
    """ippeveprinter has the exact bytes; a format that it does not know it refuses"""
    number = tcp_port()
    printer = IppEvePrinter(number)
    Daemon(spool=spool(), retry_min=50, retry_max=1)
    port = make_port("p-ipp", backing=f"ipp://localhost:{number}#format=text/plain", stall_limit=0)
    tty = port.open()
    tty.write_all(ALL + b"\x1bE")
    wait_for(lambda: ALL + b"\x1bE" in printer.jobs(), "the job")
    wait_for(lambda: "1 printed, 0 refused" in port.peer, "it is counted")
    port.set(backing=f"ipp://localhost:{number}#format=application/postscript")
    tty.write_all(b"refused\x1bE")
    wait_for(lambda: "0 printed, 1 refused" in port.peer, "that is counted")
    shown = ctl("port", "show", port.name)
    expect("the printer has refused the last of 1 jobs: client-error-" in shown, shown)
    equal(len(printer.jobs()), 1, "the jobs that were printed")


@test
def killed():
    """a printer that dies in the middle of a job has all of it when it is back"""
    number, folder = tcp_port(), spool()
    printer = IppEvePrinter(number)
    Daemon(spool=folder, retry_min=50, retry_max=1)
    port = make_port("p-killed", backing=f"ipp://localhost:{number}#format=text/plain",
                     stall_limit=0)
    tty = port.open()
    # It takes the connection, and reads nothing.
    printer.process.send_signal(signal.SIGSTOP)
    job = bytes(ord("a") + i % 23 for i in range(1 << 20)) + b"\x1bE"
    tty.write_all(job)
    wait_for(lambda: unread(number) > 4096, "it is on its way")
    printer.process.kill()
    printer.process.wait()
    wait_for(lambda: "has gone in the middle of a job" in port.reason, "the reason")
    printer.start()
    wait_for(lambda: job in printer.jobs(), "the job")
    wait_for(lambda: not port.reason and "1 printed, 0 refused" in port.peer, "it is counted")
    equal(os.listdir(folder), [], "the spool")


@test
def ipps():
    """with TLS a printer is given nothing before it is known to be the one"""
    number = tcp_port()
    printer = IppEvePrinter(number)
    certificate = f"{printer.keys}/localhost.crt"
    # vserial-print is nobody's, and has to read it.
    os.chmod(printer.keys, 0o755)
    found = run_program("openssl", "x509", "-in", certificate, "-noout", "-fingerprint", "-sha256")
    thumbprint = found.out.strip().partition("=")[2].replace(":", "")
    wrong = thumbprint[:-1] + ("1" if thumbprint[-1] == "0" else "0")
    daemon = Daemon(spool=spool(), retry_min=50, retry_max=1)
    backing = f"ipps://localhost:{number}#format=text/plain"
    port = make_port("p-ipps", backing=f"{backing}&thumbprint={wrong}", stall_limit=0)
    tty = port.open()
    tty.write_all(b"one\x1bE")
    wait_for(lambda: "thumbprint" in port.reason, "another's")
    port.set(backing=f"{backing}&verify")
    tty.write_all(b"two\x1bE")
    wait_for(lambda: "was issued by" in port.reason, "nobody vouches for it")
    equal(printer.jobs(), [], "what it has been given")
    with open(daemon.conf, "a", encoding="ascii") as f:
        f.write(f"ca = {printer.keys}/ca.pem\n")
    daemon.signal(signal.SIGHUP)
    wait_for(lambda: printer.jobs() == [b"two\x1bE"], "somebody does")
    port.set(backing=f"{backing}&thumbprint={thumbprint}")
    tty.write_all(b"three\x1bE")
    wait_for(lambda: b"three\x1bE" in printer.jobs(), "this one")


@test
def away():
    """a printer that is away: the guest goes on, the port says why, and a new daemon sends it"""
    number, folder = tcp_port(), spool()
    daemon = Daemon(spool=folder, retry_min=50, retry_max=1)
    port = make_port("p-away", backing=f"socket://{ADDRESS}:{number}", stall_limit=0)
    tty = port.open()
    tty.write_all(b"one\x1bEhalf ")
    wait_for(lambda: "1 job waits for the printer" in port.reason, "the reason")
    equal(port.state, N.VSERIAL_STATE_CONNECTED, "the state")
    shown = ctl("port", "show", port.name)
    expect("1 job waits for the printer, which was tried" in shown, shown)
    wait_for(lambda: not port.tx_unread, "all is in the spool")
    daemon.kill()
    daemon.start()
    printer = Raw(number)
    tty.write_all(b"a job\x1bE")
    wait_for(lambda: len(printer.jobs) == 2, "both jobs")
    equal(printer.jobs, [b"one\x1bE", b"half a job\x1bE"], "the jobs")


@test
def full():
    """a spool that is full makes the guest wait, and loses nothing"""
    number, folder = tcp_port(), spool()
    Daemon(spool=folder, spool_owner="256K", job_size="64K", retry_min=50, retry_max=1)
    port = make_port("p-full", backing=f"socket://{ADDRESS}:{number}", stall_limit=0)
    tty = port.open()
    data = bytes(ord("a") + i % 25 for i in range(1 << 20))
    writer = threading.Thread(target=tty.write_all, args=(data,), daemon=True)
    writer.start()
    wait_for(lambda: "the guest waits" in port.reason, "the reason")
    used = sum(os.path.getsize(f"{folder}/{name}") for name in os.listdir(folder))
    expect(used <= 256 << 10, f"the spool has {used} bytes")
    printer = Raw(number)
    writer.join(PATIENCE)
    expect(not writer.is_alive(), "the guest still waits")
    wait_for(lambda: not port.tx_unread, "all is in the spool")
    port.disconnect()
    wait_for(lambda: sum(map(len, printer.jobs)) == len(data), "all of it")
    equal(b"".join(printer.jobs), data, "what was printed")
    equal(port.dropped_bytes, 0, "bytes lost")


@test
def shares():
    """an owner who has used up his share is in nobody's way; all together have a bound, too"""
    number, folder = tcp_port(), spool()
    Daemon(spool=folder, spool_owner="128K", spool_size="192K", job_size="64K", retry_min=50,
           retry_max=1)
    backing = f"socket://{ADDRESS}:{number}"
    greedy = make_port("p-greedy", backing=backing, stall_limit=0)
    ctl("guest", "set", "p-greedy", "owner", "daemon")
    tty = greedy.open()
    wait_for(lambda: gush(tty) or "the guest waits: print jobs take all of the 128K that an "
             "owner's may" in greedy.reason, "the share's end")
    modest = make_port("p-modest", backing=backing, stall_limit=0)
    tty = modest.open()
    tty.write_all(b"a job\x1bE")
    wait_for(lambda: not modest.tx_unread, "another's job has room")
    expect("the guest waits" not in modest.reason, modest.reason)
    wait_for(lambda: gush(tty) or "take all of the 192K that all together may" in modest.reason, "the bound")


@test
def owner():
    """files in the spool belong to the guest's owner, and vserial-print is nobody's"""
    number, folder = tcp_port(), spool()
    daemon = Daemon(spool=folder, retry_min=50, retry_max=1)
    port = make_port("p-owned", backing=f"socket://{ADDRESS}:{number}", stall_limit=0)
    ctl("guest", "set", "p-owned", "owner", "daemon")
    tty = port.open()
    tty.write_all(b"mine\x1bE")
    wait_for(lambda: "waits" in port.reason, "the job waits")
    owners = {os.stat(f"{folder}/{name}").st_uid for name in os.listdir(folder)}
    equal(owners, {pwd.getpwnam("daemon").pw_uid}, "the owners")
    listening = socket.create_server((ADDRESS, number))
    later(listening.close)
    connection, _ = listening.accept()
    later(connection.close)
    pid, = run_program("pgrep", "-P", daemon.process.pid).out.split()
    equal(command(pid), "vserial-print", "what it runs")
    status = dict(line.partition(":\t")[::2]
                  for line in read_file(f"/proc/{pid}/status").splitlines())
    user = str(pwd.getpwnam("vserial-print").pw_uid)
    equal(status["Uid"].split(), [user] * 4, "its user")
    equal([status[name] for name in ("CapEff", "CapPrm", "CapAmb")], ["0" * 16] * 3,
          "its capabilities")
    daemon.kill()
    wait_for(lambda: not command(pid), "it ends with the daemon")
    daemon.start()


run()
