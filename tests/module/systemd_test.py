#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon as the shipped unit runs it, under a real systemd."""
import os
import signal
import socket
import ssl
import subprocess

from lib import (PATIENCE, Loopguest, Port, ctl, equal, expect, forget_guest, later, make_port,
                 pattern, read_file, run, run_program, scratch, test, wait_for)
from peer import LISTENING, Peer, connected, dial, server, tcp_port
from round_trip import RoundTrip
from systemd import HERE, Systemd

# time limit: 900
# not on the debug kernel: the sandbox is systemd's; restart_test.py restarts the daemon there

#: a user that nobody else is
OWNER = 61001


@test
def restarted():
    """`systemctl restart` with bytes going both ways: none is lost or repeated"""
    systemd = Systemd()
    systemd.ctl("start", "vseriald")
    equal(systemd.show("ActiveState"), "active", "its state")
    port, number = server("n-sd", stall_limit=0)
    peers = [dial(number) for _ in range(2)]
    wait_for(lambda: port.peer.endswith("and 1 more"), "all are there")
    guest = Loopguest(port, "echo", options=("-w", "poll", "-t", "0"))
    trip = RoundTrip(peers)
    for _ in range(4):
        before = min(trip.got)
        wait_for(lambda n=before: trip.fault or min(trip.got) > n + 10000, "bytes flow")
        pid = systemd.show("MainPID")
        systemd.ctl("restart", "vseriald")
        expect(systemd.show("MainPID") not in (pid, "0"), "it is the same process")
        trip.drain()
    trip.end()
    expect(not trip.fault, f"{trip.fault}\n{systemd.said()}")
    guest.terminate().finish()
    equal(port.dropped_bytes, 0, "what was dropped")
    equal(systemd.show("NRestarts"), "0", "restarts that nobody asked for")
    # It is told when nothing is to be kept any more.
    wait_for(lambda: systemd.show("NFileDescriptorStore") == "0", "nothing is kept")
    systemd.ctl("stop", "vseriald")
    equal(systemd.show("Result"), "success", "its result")
    for peer in peers:
        equal(peer.rest(), b"", "what is left")


@test
def sandboxed():
    """all the unit's restrictions are in force, and whatever it serves works"""
    certs = scratch()
    os.chmod(certs, 0o755)
    subprocess.run([f"{HERE}/../unit/certificates", certs], check=True)
    os.makedirs("/etc/vserial", exist_ok=True)
    with open("/etc/vserial/vseriald.conf", "w", encoding="ascii") as f:
        f.write(f"certificate = {certs}/server.pem\nkey = {certs}/server.pem\n")
    later(os.unlink, "/etc/vserial/vseriald.conf")
    os.chmod(f"{certs}/server.pem", 0o644)
    systemd = Systemd("BindReadOnlyPaths=" + certs)
    systemd.ctl("start", "vseriald")
    equal(systemd.status("Seccomp"), "2", "Seccomp")
    equal(systemd.status("NoNewPrivs"), "1", "NoNewPrivs")
    equal(int(systemd.status("CapEff"), 16), 1 << 10 | 1 << 0 | 1 << 6 | 1 << 7, "CapEff")

    names = (f"n-box{k}" for k in range(10))

    def serves(spec, dialled, **settings):
        port = make_port(next(names), backing=spec, stall_limit=0, **settings)
        guest = port.open()
        wait_for(lambda: port.state == LISTENING, f"{spec} is listened at: {port.reason}")
        peer = dialled()
        connected(port)
        guest.write_all(b"out")
        equal(peer.read(3), b"out", f"the output of {spec}")
        peer.send(b"in")
        equal(guest.read_exactly(2), b"in", f"the input of {spec}")
        peer.close()

    serves("tcp://:81", lambda: dial(81))
    serves("tcp4://localhost:82", lambda: dial(82), endpoint="server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    number = tcp_port()
    serves(f"ssl://:{number}", lambda: Peer(None, sock=context.wrap_socket(
        socket.create_connection(("127.0.0.1", number)))))
    path = f"/proc/{systemd.pid}/root/run/vserial/pipe/n-box"
    serves("pipe:n-box#far=application", lambda: Peer(path, family=socket.AF_UNIX))
    if os.path.exists("/dev/vsock") or not run_program("modprobe", "vsock_loopback").status:
        number = tcp_port()
        serves(f"vsock://:{number}", lambda: Peer((1, number), family=socket.AF_VSOCK))
    number = tcp_port()
    with socket.create_server(("127.0.0.1", number)) as printer:
        printer.settimeout(PATIENCE)
        port = make_port(next(names), backing=f"socket://127.0.0.1:{number}", stall_limit=0)
        port.open().write_all(b"job\x1bE")
        job = Peer(None, sock=printer.accept()[0])
        equal(job.read(5), b"job\x1bE", "what is printed")
        job.close()
    systemd.ctl("reload", "vseriald")
    equal(systemd.show("ActiveState"), "active", "its state")
    equal(systemd.show("NRestarts"), "0", "restarts that nobody asked for")


@test
def watched():
    """a daemon that hangs or dies is replaced"""
    systemd = Systemd("WatchdogSec=5")
    systemd.ctl("start", "vseriald")
    port, number = server("n-dog")
    for how in signal.SIGSTOP, signal.SIGKILL:
        pid = systemd.show("MainPID")
        systemd.inside("kill", f"-{how.name[3:]}", pid)
        wait_for(lambda p=pid: systemd.show("MainPID") not in (p, "0") and
                 systemd.show("ActiveState") == "active", f"another comes after {how.name}")
        wait_for(lambda: port.state == LISTENING, "it listens again")
        dial(number)
        connected(port)


@test
def restored():
    """a capture in a folder that is somebody else's is restored and rotated, by the unit's rights"""
    folder = scratch()
    os.chown(folder, OWNER, OWNER)
    os.makedirs("/etc/vserial", exist_ok=True)
    with open("/etc/vserial/saved", "w", encoding="ascii") as f:
        f.write(f"guest add n-saved owner {OWNER}:{OWNER}\n"
                f"port add n-saved/0 backing 'file:{folder}/log#max-size=4K&keep=3'\n")
    later(os.unlink, "/etc/vserial/saved")
    systemd = Systemd(program="vserial-restore")
    forget_guest("n-saved")
    systemd.ctl("start", "vserial-restore")
    port = Port("n-saved")
    port.open().write_all(pattern(10000))
    wait_for(lambda: not port.tx_unread, f"all is written: {port.reason}")
    names = ["log.2", "log.1", "log"]
    equal(sorted(os.listdir(folder)), sorted(names), "the files")
    data = b""
    for name in names:
        with open(f"{folder}/{name}", "rb") as f:
            data += f.read()
        equal(os.stat(f"{folder}/{name}").st_uid, OWNER, f"the owner of {name}")
    equal(data, pattern(10000), "what the files have")
    systemd.ctl("stop", "vserial-restore")
    equal(systemd.show("Result"), "success", "its result")
    equal(read_file("/etc/vserial/saved"), ctl("save"), "what it saved")


run()
