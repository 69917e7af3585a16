#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The firewall's rule sets follow the ports.

The administrator's firewall rejects what no chain accepts; connections are made over the
loopback interface, which it does not exempt.
"""
import errno
import pwd
import signal
import socket
import subprocess

from genl import N
from lib import (PATIENCE, ctl, ctl_raw, equal, expect, later, make_port, run, run_program, test,
                 wait_for)
from peer import tcp_port
from person import Person
from systemd import Systemd
from vseriald import Daemon

# time limit: 300
# not on the debug kernel: what is tested is netfilter's, and that has none

HOST = "127.0.0.1"
CAP_NET_ADMIN = 12
RULES = """
flush ruleset
table inet filter {
	chain vserial_in { }
	chain vserial_out { }
	chain input {
		type filter hook input priority 0; policy accept;
		ct state established,related accept
		jump vserial_in
		reject with tcp reset
	}
}
table ip other {
	chain c { tcp dport 1 counter drop; }
}
"""
#: the same for what leaves the host, and nothing for what comes in
RULES_OUT = """
flush chain inet filter input
table inet filter {
	chain output {
		type filter hook output priority 0; policy accept;
		ct state established,related accept
		jump vserial_out
		meta l4proto tcp reject with tcp reset
	}
}
"""


def nft(*words, text=None):
    done = subprocess.run(["nft", *words], input=text, capture_output=True, text=True, check=False)
    expect(done.returncode == 0, f"nft: {done.stderr}")
    return done.stdout


def firewall(rules=RULES):
    nft("-f", "-", text=rules)
    later(nft, "flush", "ruleset")
    later(ctl_raw, "firewall", "disable", "vspc")
    later(ctl_raw, "firewall", "disable", "network")


def opened(chain="vserial_in"):
    """How many openings a chain has."""
    return nft("list", "chain", "inet", "filter", chain).count("dport")


def connects(number):
    with socket.socket() as sock:
        return sock.connect_ex((HOST, number))


class Follower:
    """`vserialctl firewall follow`, as the unit runs it."""

    def __init__(self):
        self.process = subprocess.Popen(["vserialctl", "firewall", "follow"])
        later(self.stop)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


@test
def follows():
    """off by default; open while a port listens; closed again when it goes; others untouched"""
    firewall()
    Daemon()
    Follower()
    number = tcp_port()
    port = make_port("f-in", backing=f"tcp://:{number}")
    port.connect()
    wait_for(lambda: port.state == N.VSERIAL_STATE_LISTENING, "it listens")
    equal(connects(number), errno.ECONNREFUSED, "off by default")
    other = nft("list", "table", "ip", "other")
    ctl("firewall", "enable", "network")
    equal(connects(number), 0, "a connection")
    another = tcp_port()
    port.set(backing=f"tcp://:{another}")
    wait_for(lambda: connects(another) == 0, "it follows")
    wait_for(lambda: str(number) not in nft("list", "chain", "inet", "filter", "vserial_in"),
             "the former is closed")
    port.disconnect()
    wait_for(lambda: not opened(), "closed")
    port.connect()
    wait_for(lambda: connects(another) == 0, "open again")
    ctl("firewall", "enable", "network", "allow", "192.0.2.0/24")
    equal(connects(another), errno.ECONNREFUSED, "a host that it is not for")
    ctl("firewall", "disable", "network")
    equal(opened(), 0, "openings when it is off")
    equal(nft("list", "table", "ip", "other"), other, "somebody else's table")


@test
def goes_out():
    """only the daemon's user gets out, to the concentrator alone, as long as a port has it"""
    firewall(RULES + RULES_OUT)
    Daemon(retry_min=50, retry_max=1)
    Follower()
    number, elsewhere = tcp_port(), tcp_port()
    concentrator, other = [socket.create_server((HOST, n)) for n in (number, elsewhere)]
    later(concentrator.close)
    later(other.close)
    concentrator.settimeout(PATIENCE)
    port = make_port("f-out", proxy=f"telnet://{HOST}:{number}", backing="the service")
    port.open()
    wait_for(lambda: "refused" in port.reason, "it is off by default")
    expect(f"f-out/0: connections to {HOST} port {number} are dropped by inet filter output; "
           "what mends it: vserialctl firewall enable vspc" in ctl_raw("firewall", "check").out,
           "what check says")
    ctl("firewall", "enable", "network")
    equal(opened("vserial_out"), 0, "what the other rule set opens for it")
    ctl("firewall", "enable", "vspc")
    connection, _ = concentrator.accept()
    later(connection.close)
    with Person(uid=pwd.getpwnam("vserial").pw_uid) as daemon:
        equal(daemon.call(connects, number), 0, "the daemon's user")
        equal(daemon.call(connects, elsewhere), errno.ECONNREFUSED, "elsewhere")
        equal(connects(number), errno.ECONNREFUSED, "root")
        port.disconnect()
        # Sooner than it is all done anew.
        wait_for(lambda: not opened("vserial_out"), "closed again", PATIENCE / 3)
        equal(daemon.call(connects, number), errno.ECONNREFUSED, "the daemon's user, then")
        port.connect()
        wait_for(lambda: opened("vserial_out"), "open again")
        equal(daemon.call(connects, number), 0, "the daemon's user")
        ctl("firewall", "enable", "vspc", "allow", "192.0.2.0/24")
        equal(daemon.call(connects, number), errno.ECONNREFUSED, "a host that it is not for")


@test
def stops():
    """who stops it shuts everything"""
    firewall()
    Daemon()
    number = tcp_port()
    port = make_port("f-stop", backing=f"tcp://:{number}")
    port.connect()
    ctl("firewall", "enable", "network", "allow", "any")
    wait_for(lambda: port.state == N.VSERIAL_STATE_LISTENING, "it listens")
    nft("flush", "chain", "inet", "filter", "vserial_in")
    # Nobody keeps it open: that is told, and mended.
    expect("what mends it: systemctl enable --now vserial-firewall" in
           ctl_raw("firewall", "check").out, "what check says")
    follower = Follower()
    wait_for(lambda: connects(number) == 0, "open")
    equal(ctl_raw("firewall", "check").status, 0, "when it is mended")
    equal(follower.stop(), 0, "its exit status")
    equal(connects(number), errno.ECONNREFUSED, "after it has ended")


@test
def as_a_service():
    """the unit's restrictions are in force; it opens, follows, and shuts when it is stopped"""
    firewall()
    Daemon()
    number = tcp_port()
    port = make_port("f-unit", backing=f"tcp://:{number}")
    port.connect()
    wait_for(lambda: port.state == N.VSERIAL_STATE_LISTENING, "it listens")
    ctl("firewall", "enable", "network", "allow", "any")
    nft("flush", "chain", "inet", "filter", "vserial_in")
    systemd = Systemd(program="vserial-firewall")
    systemd.ctl("start", "vserial-firewall")
    equal(connects(number), 0, "when it is ready")
    equal(systemd.status("Seccomp"), "2", "Seccomp")
    equal(systemd.status("NoNewPrivs"), "1", "NoNewPrivs")
    equal(int(systemd.status("CapEff"), 16), 1 << CAP_NET_ADMIN, "CapEff")
    port.disconnect()
    wait_for(lambda: not opened(), "closed")
    port.connect()
    wait_for(lambda: connects(number) == 0, "open again")
    systemd.ctl("stop", "vserial-firewall")
    equal(systemd.show("Result"), "success", "its result")
    equal(connects(number), errno.ECONNREFUSED, "after it was stopped")


@test
def warns():
    """check and port show name the chain, and the line that mends it"""
    firewall()
    Daemon()
    number = tcp_port()
    port = make_port("f-warn", backing=f"tcp://:{number}")
    done = ctl_raw("firewall", "check")
    equal(done.status, 1, "the exit status")
    expect(f"f-warn/0: connections from other hosts to port {number} are dropped by "
           "inet filter input" in done.out, done.out)
    expect("what mends it: vserialctl firewall enable network" in done.out, done.out)
    shown = ctl_raw("port", "show", port.name)
    expect("vserialctl firewall enable network" in shown.err, shown.err)
    ctl("firewall", "enable", "network", "allow", "any")
    equal(ctl_raw("firewall", "check").status, 0, "when it is mended")
    equal(ctl_raw("port", "show", port.name).err, "", "when it is mended")
    expect("network: VM serial port connected over network: on" in
           run_program("vserialctl", "firewall", "show").out, "what show says")


run()
