#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""TLS from the first byte, with openssl and socat at the other end.

    guest  <->  port  <== netlink ==>  vseriald  <== TLS ==>  openssl s_client, s_server, socat
"""
import contextlib
import os
import re
import shutil
import signal
import socket
import ssl

from genl import N
from lib import (HERE, PATIENCE, Port, ctl_raw, equal, expect, forget_guest, later, make_port, run,
                 run_program, scratch, test, wait_for)
from secured import (ALL, DO_AUTH, HOST, IS_START, SECRET, WILL_AUTH, Console, Program, Wire,
                     certificate, exactly, rest, server, thumbprint)
from peer import tcp_port
from terminal import Terminal
from vseriald import Daemon

# time limit: 900

LISTENS = (N.VSERIAL_STATE_LISTENING, N.VSERIAL_STATE_CONNECTED)
UNRECOVERABLE = N.VSERIAL_STATE_UNRECOVERABLE_ERROR
TOO_MANY = "too many TLS handshakes from its address were not ended"


def s_client(number, *options):
    """openssl s_client that checks chain and name; what it shows begins behind the handshake."""
    return Program("openssl", "s_client", "-connect", f"{HOST}:{number}", "-brief",
                   "-CAfile", certificate("ca"), "-verify_return_error",
                   "-verify_hostname", "localhost", *options)


def s_server(name, *options):
    """openssl s_server with a certificate; shows what it receives."""
    return server("openssl", "s_server", "-accept", f"{HOST}:PORT", "-cert", certificate(name),
                  "-key", certificate(name), "-quiet", *options)


def context():
    made = ssl.create_default_context(cafile=certificate("ca"))
    made.check_hostname = False
    return made


def dial(console, made=None):
    """A client of Python's; raises what the handshake does."""
    tls = (made or context()).wrap_socket(console.connect())
    later(tls.close)
    tls.settimeout(PATIENCE)
    return tls


def ends(tls):
    """What comes up to the end, which may be an alert."""
    try:
        return rest(tls)
    except ssl.SSLError:
        return b""


@test
def openssl_client():
    """openssl s_client: TLS 1.3 and 1.2, chain and name hold, nothing older"""
    console = Console("t-client", "ssl://:PORT").listens()
    for option, version in (("-tls1_3", "TLSv1.3"), ("-tls1_2", "TLSv1.2")):
        client = s_client(console.number, option)
        client.shows(b"Verification: OK")
        console.has_peer(f"({version} ")
        console.write(b"login: ")
        client.shows(b"login: ")
        client.send(b"root\n")
        console.reads(b"root\n")
        client.end()
        console.listens()
    client = s_client(console.number, "-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
    expect(b"CONNECTION ESTABLISHED" not in client.ends(), "it has connected")
    console.said("it speaks no version of TLS that is allowed")


@test
def no_tickets():
    """no session can be taken up again: every one proves what it has to"""
    console = Console("t-ticket", "ssl://:PORT").listens()
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        made = context()
        made.maximum_version = version
        tls = dial(console, made)
        console.has_peer()
        console.write(b"x")
        equal(exactly(tls, 1), b"x", "what comes")
        expect(not tls.session.has_ticket, f"a ticket in {tls.version()}")
        session = tls.session
        tls.close()
        console.listens()
        again = made.wrap_socket(console.connect(), session=session)
        later(again.close)
        expect(not again.session_reused, f"the session is reused in {tls.version()}")
        again.close()
        console.listens()


@test
def socat_client():
    """socat: all 256 values both ways, and nothing of it on the wire"""
    console = Console("t-socat", "tcp+ssl://:PORT").listens()
    wire = Wire(console.number)
    console.write(SECRET)
    client = Program("socat", "-", f"OPENSSL:{HOST}:{wire.number},cafile={certificate('ca')},"
                     "verify=1,commonname=localhost")
    client.shows(SECRET)
    client.send(ALL)
    console.reads(ALL)
    console.write(ALL)
    client.shows(ALL)
    equal((bytes(wire.up[:2]), bytes(wire.down[:2])), (b"\x16\x03", b"\x16\x03"), "the first bytes")
    wire.shows_no(SECRET, ALL)


@test
def client_certificates():
    """a listener's keys: which clients get in, and why the others do not"""
    none, good = None, "client"
    cases = (
        # verify: a certificate is asked for, and verified if there is one
        ("#verify", none, None),
        ("#verify", good, None),
        ("#verify", "stranger", "was issued by CN=stranger, who is not among the authorities of"),
        ("#verify", "purpose", "(CN=alice) is not meant for TLS clients"),
        ("#verify", "expired", "(CN=localhost) has expired: it was valid until"),
        # a name and a thumbprint have to be there
        ("#peerName=alice.example", good, None),
        ("#peerName=alice.example", none, "it sent no certificate"),
        ("#peerName=bob.example", good, "is for alice.example, not for bob.example"),
        (f"#thumbprint={thumbprint('stranger')}", "stranger", None),
        (f"#thumbprint={thumbprint('stranger', 'sha1')}", "stranger", None),
        (f"#thumbprint={thumbprint('stranger')}", none, "it sent no certificate"),
        (f"#thumbprint={thumbprint('stranger')}", good, "has the thumbprint "),
        # with verify both have to hold
        (f"#thumbprint={thumbprint('stranger')}&verify", "stranger", "who is not among"),
        (f"#thumbprint={thumbprint('client')}&verify", good, None),
    )
    console = Console("t-clients", "telnets://:PORT")
    for keys, name, why in cases:
        console.becomes(f"ssl://:{console.number}{keys}")
        console.listens()
        made = context()
        if name:
            made.load_cert_chain(certificate(name))
        try:
            tls = dial(console, made)
        except (ssl.SSLError, ConnectionError):
            tls = None
        if why:
            # A client of TLS 1.3 is told late; the console's output would come first.
            equal(ends(tls) if tls else b"", b"", f"what {name} gets with {keys}")
            console.said(why)
            console.listens()
        else:
            console.has_peer("TLSv1.3", *(["CN=alice,O=test"] if name == good else []))
            tls.sendall(b"k")
            console.reads(b"k")
            console.write(b"o")
            equal(exactly(tls, 1), b"o", "output")


@test
def dialled_certificates():
    """a dialled server's certificate: who is accepted, and why the others are not"""
    cases = (
        ("server", "#verify", None),
        ("stranger", "", None),
        ("expired", "#verify", ("has expired: it was valid until",)),
        ("stranger", "#verify", ("was issued by CN=stranger, who is not among the authorities of",
                                 certificate("ca"))),
        ("purpose", "#verify", ("is not meant for TLS servers",)),
        ("server", "#peerName=elsewhere.example",
         ("is for localhost, console.example, 127.0.0.1, not for elsewhere.example",)),
        ("server", "#peerName=console.example", None),
        ("stranger", f"#thumbprint={thumbprint('stranger')}", None),
        ("server", f"#thumbprint={thumbprint('stranger')}",
         (f"not {thumbprint('stranger').replace(':', '').lower()}",)),
        ("stranger", f"#thumbprint={thumbprint('stranger')}&verify", ("who is not among",)),
        ("server", f"#thumbprint={thumbprint('server')}&peerName=elsewhere.example",
         (", not for elsewhere.example",)),
    )
    console = Console("t-dial", "null")
    for name, keys, why in cases:
        there, number = s_server(name)
        console.becomes(f"telnets://{HOST}:{number}{keys}")
        console.write(SECRET)
        if why:
            console.fails(*why)
        else:
            console.has_peer("TLSv1.3")
            there.shows(SECRET)
            there.send(b"root\n")
            console.reads(b"root\n")
        console.port.set(backing="null")
        there.end()
        expect(SECRET not in there.shown, f"{name} got the console's output with {keys}")


@test
def client_certificate_is_shown():
    """a dialled server that asks for a certificate gets ours; socat there"""
    there, number = server("socat", "-", f"OPENSSL-LISTEN:PORT,bind={HOST},"
                           f"cert={certificate('server')},cafile={certificate('ca')},verify=1")
    console = Console("t-shown", f"tcp4+ssl://{HOST}:PORT#verify", number=number,
                      client_certificate=certificate("client"))
    console.has_peer("TLSv1.3", "CN=localhost")
    console.write(ALL)
    there.shows(ALL)
    there.send(ALL)
    console.reads(ALL)


@test
def ciphers():
    """cipherList: the list of the documentation of ESXi, as written; TLS 1.2 alone where it says so"""
    console = Console("t-cipher", "null", certificate=certificate("rsa"))
    for names, want in (
            ("DHE-RSA-AES256-SHA256:DHE-RSA-AES256-SHA", "TLSv1.2 DHE-RSA-AES256-SHA256"),
            ("ECDHE-RSA-AES128-GCM-SHA256, AES128-SHA", "TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256"),
            ("TLS_CHACHA20_POLY1305_SHA256", "TLSv1.3 TLS_CHACHA20_POLY1305_SHA256")):
        console.becomes(f"ssl://:{console.number}#cipherList={names}")
        console.listens()
        client = s_client(console.number)
        console.has_peer(want)
        client.end()
        # A client that has none of them is not served.
        client = s_client(console.number, "-ciphersuites", "TLS_AES_128_CCM_SHA256",
                          "-cipher", "AES256-GCM-SHA384")
        expect(b"CONNECTION ESTABLISHED" not in client.ends(), f"it has connected with {names}")
        console.said("it knows none of the ciphers that are allowed")
    # Dialled, with the name that goes with it there.
    there, number = s_server("rsa")
    console.becomes(f"telnets://{HOST}:{number}#cipherList=DHE-RSA-AES256-SHA256:"
                  "DHE-RSA-AES256-SHA&peerName=console.example")
    console.has_peer("TLSv1.2 DHE-RSA-AES256-SHA256", "CN=localhost")
    there.end()


@test
def ciphers_refused():
    """ciphers that are unknown, anonymous or none are refused by name, whoever stores them"""
    port = make_port("t-bad", backing="null")
    for names, why in (("HIGH", "'HIGH' is not the name of a cipher"),
                       ("AES128-SHA:NULL-SHA256", "'NULL-SHA256' does not encrypt"),
                       ("ADH-AES256-SHA256", "'ADH-AES256-SHA256' authenticates nobody")):
        spec = f"telnet://:{tcp_port()}#cipherList={names}"
        said = ctl_raw("port", "set", "t-bad/0", "backing", spec)
        equal(said.status, 1, "the exit status")
        expect(f"cipherList: {why}" in said.err, said.err)
    console = Console("t-bad2", "null")
    console.port.set(backing=spec)
    wait_for(lambda: console.port.state == UNRECOVERABLE, "the daemon refuses it")
    console.fails(f"cipherList: {why}")
    equal(port.backing, "null", "the backing")


@test
def reload():
    """SIGHUP: new certificates for those to come, and nobody is dropped"""
    folder = scratch()
    os.chmod(folder, 0o755)
    mine = f"{folder}/mine.pem"
    shutil.copy(certificate("server"), mine)
    console = Console("t-reload", "ssl://:PORT", certificate=mine).listens()
    first = dial(console)
    console.has_peer()

    def shown():
        made = context()
        made.verify_mode = ssl.CERT_NONE
        with dial(console, made) as tls:
            return tls.getpeercert(binary_form=True)

    old = shown()
    shutil.copy(certificate("rsa"), mine)
    equal(shown(), old, "what it shows until it is told")
    console.daemon.signal(signal.SIGHUP)
    wait_for(lambda: shown() != old, "it shows the new one")
    with open(mine, "w", encoding="ascii") as f:
        f.write("rubbish\n")
    console.daemon.signal(signal.SIGHUP)
    console.said("what was read before stays")
    expect(shown() != old, "it shows the one that it could read")
    first.sendall(b"still here")
    console.reads(b"still here")


@test
def as_documented():
    """what Documentation/tls.md has for shells runs as written"""
    conf, folder = "/etc/vserial/vseriald.conf", scratch()
    with open(f"{HERE}/../../Documentation/tls.md", encoding="utf-8") as f:
        blocks = re.findall(r"^```sh\n(.*?)^```$", f.read(), re.M | re.S)
    expect(len(blocks) > 4, f"there are {len(blocks)} blocks")
    # The daemon's settings are where they belong, and a signal stands for the service manager.
    daemon = Daemon()
    os.makedirs(os.path.dirname(conf), exist_ok=True)
    os.symlink(daemon.conf, conf)
    later(os.unlink, conf)
    with open(f"{folder}/systemctl", "w", encoding="ascii") as f:
        f.write(f"#!/bin/sh\nexec kill -HUP {daemon.process.pid}\n")
    os.chmod(f"{folder}/systemctl", 0o755)
    socket.sethostname("console-host")
    forget_guest("demo")
    for block in blocks:
        done = run_program("sh", "-e", "-c", block,
                           env={**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"})
        equal(done.status, 0, f"the exit status of\n{block}{done.out}{done.err}")
        for port in (Port("demo", 0), Port("demo", 1)) if "port set" in block else ():
            wait_for(lambda p=port: p.backing in ("null", "") or p.state in LISTENS, port.name)
    client = Terminal("telnet-ssl", "-z", "secure,cacert=/etc/vserial/tls/ca.pem", HOST, "7001")
    client.shows(b"SSL - OK")


@test
def half_open():
    """200 that begin and do not go on, of each kind, leave the console usable"""
    console = Console("t-flood", "telnet://:PORT", handshake_timeout=600, auth_timeout=600)
    console.listens()
    there = make_port("t-flood2", backing=f"telnets://:{tcp_port()}")
    there.connect()
    wait_for(lambda: there.state == N.VSERIAL_STATE_LISTENING, "it listens")
    tls_number = int(there.backing.rpartition(":")[2])

    def telnet():
        """A client that goes on in TLS."""
        sock = console.connect()
        sock.sendall(WILL_AUTH + IS_START)
        exactly(sock, 20)
        tls = context().wrap_socket(sock)
        later(tls.close)
        tls.settimeout(PATIENCE)
        return tls

    def works(tls, key):
        tls.sendall(key)
        console.reads(key)
        console.write(b"<" + key + b">")
        got = b""
        while b"<" + key + b">" not in got:
            got += tls.recv(4096)

    seated = telnet()
    console.has_peer("TLSv1.3")
    works(seated, b"0")
    memory = int(console.daemon.status("VmRSS").split()[0])
    # A ClientHello of somebody who never says more.
    hello, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    made = context().wrap_bio(hello, out)
    try:
        made.do_handshake()
    except ssl.SSLWantReadError:
        pass
    begin = out.read()
    kinds = (("only TCP", tls_number, b""), ("a ClientHello", tls_number, begin),
             ("telnet that knows the option", console.number, WILL_AUTH),
             ("telnet in front of its TLS", console.number, WILL_AUTH + IS_START),
             ("telnet that says nothing", console.number, b""))
    for kind, number, first in kinds:
        refused = console.daemon.said().count(TOO_MANY)
        socks = []
        for _ in range(200):
            sock = socket.create_connection((HOST, number), PATIENCE)
            sock.sendall(first)
            socks.append(sock)
        works(seated, b"1")
        # Somebody who means well gets in while they are all there.
        another = telnet()
        wait_for(lambda: "and 1 more" in console.port.peer, f"another one behind {kind}")
        another.close()
        wait_for(lambda: "more" not in console.port.peer, "it has left")
        works(seated, b"2")
        wait_for(lambda n=refused: console.daemon.said().count(TOO_MANY) > n,
                 f"those of {kind} make room")
        for sock in socks:
            sock.close()
    grown = int(console.daemon.status("VmRSS").split()[0]) - memory
    expect(grown < 16384, f"{grown} KiB more for strangers")


@test
def own_limits():
    """handshakes and their time are limited by the settings"""
    console = Console("t-limit", "telnets://:PORT", handshake_timeout=1,
                      handshakes=3, handshakes_per_address=2).listens()
    socks = [console.connect() for _ in range(3)]
    equal(rest(socks[0]), b"", "what the first one got")
    console.said(TOO_MANY)
    # Time ends the others.
    equal(rest(socks[1]), b"", "what the second one got")
    console.said("it did not end the TLS handshake within 1 s")
    # And one that does not speak TLS at all.
    sock = console.connect()
    sock.sendall(DO_AUTH + b"root\r\n\r\n")
    rest(sock)
    console.said("it does not speak TLS")
    console.read_nothing()


@test
def endless_handshake():
    """a handshake that comes to no end is cut off by its bytes, long before its time"""
    console = Console("t-endless", "telnets://:PORT").listens()
    sock = console.connect()
    # A message of 128 KiB, in records of 16 KiB; OpenSSL would take all of it.
    head, message = b"\x16\x03\x01\x40\x00", b"\x01\x01\xff\xff\x03\x03" + bytes(5 * 16384 - 6)
    with contextlib.suppress(ConnectionError):
        for at in range(0, len(message), 16384):
            sock.sendall(head + message[at:at + 16384])
    rest(sock)
    console.said("it sent more than 64 KiB without ending the TLS handshake")


if __name__ == "__main__":
    run()
