#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Telnet that goes on in TLS by its option AUTHENTICATION, with those who have it.

    guest  <->  port  <== netlink ==>  vseriald  <== wire that remembers ==>  telnet-ssl
"""
import ssl

from lib import PATIENCE, ctl, equal, expect, later, read_file, run, test, wait_for
from secured import (ACCEPT, ALL, DO_AUTH, HOST, IS_START, SECRET, SEND_SSL, WILL_AUTH,
                     Console, Wire, certificate, exactly, login, rest, server)
from terminal import Terminal

# time limit: 900

#: A record of TLS with a handshake in it.
RECORD = b"\x16\x03"
TLS_ONLY = b"vserial: this port speaks TLS only"


def talk(console, client):
    """All bytes pass, both ways, and none of them without TLS."""
    console.write(SECRET + b"login: ")
    client.shows(b"login: ")
    client.keys(b"r")
    console.reads(b"r")
    # Nothing comes from the guest meanwhile: a client that waits for it would show.
    client.keys(ALL)
    console.reads(ALL)
    console.write(b"<" + ALL + b">")
    client.shows(b"<" + ALL + b">")


@test
def telnet_ssl():
    """telnet-ssl goes on in TLS: to the byte on the wire, all 256 values, no secret before"""
    console = Console("a-ssl", "telnet://:PORT#verify").listens()
    console.write(SECRET)
    wire = Wire(console.number)
    client = Terminal("telnet-ssl", "-E", "-z", f"secure,cacert={certificate('ca')}", HOST,
                      str(wire.number), rows=33, columns=101)
    console.has_peer("127.0.0.1:", "TLSv1.3 TLS_AES_256_GCM_SHA384")
    talk(console, client)
    expect("TLSv1.3 TLS_AES_256_GCM_SHA384" in ctl("port", "show", "a-ssl/0"),
           "port show tells version and cipher")
    # Nothing but the exchange, and then records of TLS.
    plain = DO_AUTH + SEND_SSL + ACCEPT
    equal(bytes(wire.down[:len(plain) + 2]), plain + RECORD, "what the server said first")
    plain = WILL_AUTH + IS_START
    equal(bytes(wire.up[:len(plain) + 2]), plain + RECORD, "what the client said first")
    wire.shows_no(SECRET, b"login: ")


@test
def client_speaks_first():
    """telnet-ssl with -PORT offers everything first; its options count within TLS"""
    console = Console("a-first", "telnet://:PORT").listens()
    wire = Wire(console.number)
    client = Terminal("telnet-ssl", "-E", "--", HOST, f"-{wire.number}", rows=33, columns=101)
    console.has_peer("TLSv1.3")
    talk(console, client)
    wait_for(lambda: console.size() == (33, 101), "the window's size")
    expect(bytes(wire.up).startswith(bytes.fromhex("fffb27") + WILL_AUTH), "it spoke first")
    wire.shows_no(SECRET, b"login: ")


@test
def plain_where_it_cannot():
    """without keys, who has no TLS is served in plain text: says no, offers no SSL, says nothing"""
    console = Console("a-plain", "telnet://:PORT", auth_timeout=1).listens()
    for command in (["inetutils-telnet", "-E", HOST], ["telnet-ssl", "-E", "-z", "nossl", HOST],
                    ["busybox", "telnet", HOST]):
        client = Terminal(*command, str(console.number))
        console.has_peer("127.0.0.1:")
        expect("TLS" not in console.port.peer, console.port.peer)
        console.write(b"\r\nlogin: ")
        client.shows(b"login: ")
        client.keys(b"root")
        console.reads(b"root")
        client.end()
        console.listens()
    # One that knows no telnet; what it sent early is the first that the guest reads.
    sock = console.connect()
    sock.sendall(b"early")
    console.reads(b"early")
    equal(exactly(sock, 3), DO_AUTH, "what it is told first")


@test
def refused_on_the_wire():
    """with keys, who has no TLS is told so, gets nothing of the console and gives nothing"""
    console = Console("a-refuse", "telnet://:PORT#verify", auth_timeout=30).listens()
    console.write(SECRET)
    for command in (["inetutils-telnet", "-E", HOST], ["telnet-ssl", "-z", "nossl", HOST]):
        wire = Wire(console.number)
        client = Terminal(*command, str(wire.number))
        client.keys(b"too early\r")
        client.shows(TLS_ONLY)
        console.said("it has no TLS in telnet's option AUTHENTICATION")
        wire.shows_no(SECRET)
        expect(wire.down.startswith(DO_AUTH), bytes(wire.down))
        client.end()
    # One that takes SSL back, and one that never begins it.
    sock = console.connect()
    sock.sendall(WILL_AUTH + bytes.fromhex("fffa25000000fff0") + b"ls\r")
    got = rest(sock)
    expect(got.startswith(DO_AUTH + SEND_SSL + TLS_ONLY), got)
    sock = console.connect()
    sock.sendall(WILL_AUTH + IS_START + b"ls\r" * 6000)
    got = rest(sock)
    equal(got, (DO_AUTH + SEND_SSL + ACCEPT)[:len(got)], "what it was told")
    console.read_nothing()


@test
def says_nothing():
    """with keys, who says nothing is refused when its time is over"""
    console = Console("a-mute", "telnet://:PORT#cipherList=AES256-GCM-SHA384",
                      auth_timeout=1, certificate=certificate("rsa")).listens()
    sock = console.connect()
    sock.sendall(b"root\r")
    got = rest(sock)
    expect(got.startswith(DO_AUTH + TLS_ONLY), got)
    console.read_nothing()


@test
def typed_before_tls():
    """keys, breaks and options in front of TLS: only the options count"""
    console = Console("a-early", "telnet://:PORT").listens()
    sock = console.connect()
    sock.sendall(b"evil\r" + bytes.fromhex("fff3fff4fffd06") + WILL_AUTH + b"a")
    equal(exactly(sock, 11), DO_AUTH + SEND_SSL, "what it is told")
    sock.sendall(IS_START + b"b")
    equal(exactly(sock, 9), ACCEPT, "what it is told")
    # The first byte of a record can be typed, too.
    sock.sendall(b"c\x16")
    context = ssl.create_default_context(cafile=certificate("ca"))
    tls = context.wrap_socket(sock, server_hostname="localhost")
    tls.settimeout(PATIENCE)
    later(tls.close)
    tls.sendall(b"good")
    console.reads(b"good")
    equal(console.port.get()["break"], 0, "breaks")
    said = b""
    while bytes.fromhex("fffb06") not in said:
        said += tls.recv(1000)


@test
def telnets():
    """telnet-ssl -z ssl: TLS from the first byte"""
    console = Console("a-telnets", "telnets://:PORT").listens()
    wire = Wire(console.number)
    client = Terminal("telnet-ssl", "-E", "-z", f"ssl,secure,cacert={certificate('ca')}", HOST,
                      str(wire.number))
    console.has_peer("TLSv1.3")
    talk(console, client)
    equal(bytes(wire.up[:2]), RECORD, "what the client said first")
    equal(bytes(wire.down[:2]), RECORD, "what the server said first")
    wire.shows_no(SECRET)


def telnetd(*options):
    """in.telnetd-ssl, and its number."""
    words = f"-z cert={certificate('rsa')} " + " ".join(options)
    return server("socat", f"TCP-LISTEN:PORT,bind={HOST},reuseaddr,fork",
                  f"EXEC:/usr/sbin/in.telnetd {words} -L {login()},nofork")[1]


@test
def dialled():
    """in.telnetd-ssl, dialled with verify: TLS on the wire, all 256 values there and back"""
    console = Console("a-dial", "null")
    for options, keys in (([], "#verify"), (["-z secure"], ""),
                          ([], "#peerName=console.example")):
        wire = Wire(telnetd(*options))
        console.becomes(f"telnet://{HOST}:{wire.number}{keys}")
        console.has_peer("TLSv1.", "CN=localhost")
        got = b""
        while not got.endswith(b"login: "):
            got += console.tty.read_exactly(1)
        console.write(ALL)
        console.reads(ALL)
        expect(IS_START + RECORD in wire.up, "TLS begins behind IS START")
        expect(ACCEPT + RECORD in wire.down, "TLS begins behind ACCEPT")
        wire.shows_no(b"login: ", ALL[65:91])


@test
def dialled_refused():
    """in.telnetd-ssl is not who it has to be, or has no TLS: the reason says so, nothing passes"""
    console = Console("a-no", "null")
    for options, keys, words in (
            (["-z nossl"], "#verify", ("it has no TLS in telnet's option",)),
            ([], "#peerName=elsewhere.example",
             ("is for localhost, console.example, 127.0.0.1, not for elsewhere.example",)),
            ([], "#thumbprint=" + "00" * 32, ("has the thumbprint ", "not 0000"))):
        wire = Wire(telnetd(*options))
        console.becomes(f"telnet://{HOST}:{wire.number}{keys}")
        console.write(SECRET)
        console.fails(*words)
        wire.shows_no(SECRET)
        console.read_nothing()


@test
def reconnects():
    """the connection is lost and made again: TLS once more, from where it was"""
    wire = Wire(telnetd())
    console = Console("a-again", f"telnet://{HOST}:PORT#verify", number=wire.number)
    console.has_peer("TLSv1.")
    before = wire.down.count(ACCEPT)
    console.daemon.kill()
    console.daemon.start()
    wait_for(lambda: wire.down.count(ACCEPT) > before, "TLS begins again")
    console.has_peer("TLSv1.")
    equal(read_file("/sys/bus/vserial/devices/a-again:0/state").strip(), "connected", "its state")


if __name__ == "__main__":
    run()
