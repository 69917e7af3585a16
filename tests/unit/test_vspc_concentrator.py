#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""vserial-vspc with virtual machines and viewers that are written apart from it."""
import contextlib
import os
import socket
import ssl
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import script
from vspc import (ABORT, AUTH, BEGIN, COMPLETE, DO, GOAHEAD, IAC, KNOWN_2, NAME, NOTNOW, OPTION,
                  PATIENCE, PEER, PEER_OK, SB, SE, UNKNOWN_2, VC_UUID, WILL, WILL_PROXY, WONT_PROXY,
                  Concentrator, Machine, Telnet, Viewer, certificates, client_context, deviations,
                  free_port, listed, wait)

EVERY_BYTE = bytes(range(256))
BREAK, ARE_YOU_THERE = bytes([IAC, 243]), bytes([IAC, 246])


def test_names_and_bytes():
    """Bytes pass both ways, all of them; one writes, the others read."""
    with Concentrator() as c:
        m = Machine(c.port, "web01").up()
        assert m.got(KNOWN_2) and m.got(NAME + 1) and m.got(VC_UUID + 1), m.subs
        m.type(b"login: " + EVERY_BYTE + b"<end>")
        first = Viewer(c.view_port).see("web01")
        first.until(lambda: EVERY_BYTE + b"<end>" in first.data, "what came before is seen")
        second = Viewer(c.view_port).see("web01")
        second.until(lambda: EVERY_BYTE + b"<end>" in second.data, "by all")
        second.type(b"I only read")
        first.type(EVERY_BYTE)
        m.until(lambda: len(m.data) == 256, "keys arrive")
        assert bytes(m.data) == EVERY_BYTE, bytes(m.data)
        m.type(b"both")
        first.wants(b"both")
        second.wants(b"both")
        first.send(BREAK)
        m.until(lambda: m.breaks, "a break arrives")
        m.type(b"before")
        m.send(BREAK)
        m.type(b"behind")
        second.until(lambda: b"behind" in second.data and second.breaks, "a break is seen")
        # The writer leaves, the next one writes.
        first.close()
        wait(lambda: "viewer" in c.said() and c.said().count("is gone") == 1, "the writer is gone")
        del m.data[:]
        second.type(b"now I write")
        m.wants(b"now I write")


def test_serial_viewer():
    """A viewer that drives a serial port (RFC 2217) is one as any other."""
    with Concentrator() as c:
        m = Machine(c.port, "web01").up()
        viewer = Viewer(c.view_port)
        viewer.send(bytes([IAC, WILL, 44]))
        viewer.see("web01")
        viewer.send(bytes([IAC, SB, 44, 5, 9, IAC, SE]) + b"typed")
        m.wants(b"typed")
        # An answer, and a break that it asks for.
        viewer.until(lambda: bytes([44, 105, 9]) in viewer.subs, "it is answered")
        viewer.send(bytes([IAC, SB, 44, 5, 5, IAC, SE]))
        m.until(lambda: len(m.breaks) == 1, "the break comes")


def test_force():
    """Somebody takes over."""
    with Concentrator() as c:
        m = Machine(c.port, "web01").up()
        first = Viewer(c.view_port).see("web01")
        first.type(b"one")
        m.wants(b"one")
        second = Viewer(c.view_port)
        second.wants(b"): ")
        second.type(b"web01 force\r")
        wait(lambda: c.said().count(" writes") == 2, "it has been taken over")
        first.send(b"lost" + ARE_YOU_THERE)
        first.wants(b"[vserial: yes]")
        second.type(b"two")
        m.until(lambda: b"two" in m.data, "what is typed now arrives")
        assert bytes(m.data) == b"two", bytes(m.data)


def test_list():
    """Who names nobody is told whom there is; a mistyped name can be corrected."""
    with Concentrator() as c:
        viewer = Viewer(c.view_port)
        viewer.wants(b"): ")
        viewer.type(b"\r")
        viewer.wants(b"there is no virtual machine\r\n")
        machines = [Machine(c.port, "web01", 1, "a").up(), Machine(c.port, "web01", 1, "a").up(),
                    Machine(c.port, "db\x1b[2J", 7, "b").up()]
        viewer.type(b"nobody\r\n")
        viewer.wants(b"there is no virtual machine of this name\r\n")
        viewer.until(lambda: viewer.data.endswith(b"): "), "the prompt comes again")
        text = viewer.data.decode()
        assert listed(text, "web01").startswith("connected"), text
        # Two that differ in nothing are two.
        assert listed(text, "web01#2").startswith("connected"), text
        assert listed(text, "db\\x1b[2J").startswith("connected"), text
        viewer.type(b"web02\x7f1\r")
        machines[0].type(b"first")
        machines[1].type(b"second")
        viewer.wants(b"first")
        machines[0].close()
        wait(lambda: "is gone" in c.said(), "its end is seen")
        again = Machine(c.port, "web01", 1, "a").up()
        again.type(b"again")
        viewer.until(lambda: b"again" in viewer.data, "its successor is seen")
        assert b"second" not in viewer.data, bytes(viewer.data)


def test_long_list():
    """All are listed, however many they are."""
    with Concentrator() as c:
        machines = [Machine(c.port, f"{'a-long-name-' * 10}{i}", i).up() for i in range(100)]
        viewer = Viewer(c.view_port)
        viewer.wants(b"): ")
        viewer.type(b"\r")
        viewer.wants(b"): ")
        assert len(machines) == 100
        viewer.type(b"\r")
        viewer.until(lambda: viewer.data.endswith(b"): "), "the prompt comes")
        for m in machines:
            assert listed(viewer.data.decode(), m.name), m.name


def test_unread_answers():
    """One who asks and does not read is waited for, and keeps nothing busy."""
    looks = []

    def sleeps(pid):
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            looks.append(f.read().rsplit(")", 1)[1].split()[0] == "S")
        return all(looks[-30:]) and len(looks) > 30

    with Concentrator(name_timeout=600) as c, socket.socket() as caller:
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        caller.connect(("127.0.0.1", c.view_port))
        caller.settimeout(1)
        # Are you there?
        with contextlib.suppress(TimeoutError):
            while True:
                caller.send(bytes([IAC, 246]) * 32768)
        wait(lambda: sleeps(c.process.pid), "it rests", patience=20)
        # When it reads it is read on.
        caller.settimeout(PATIENCE)
        threading.Thread(target=caller.sendall, args=(b"\x04",), daemon=True).start()
        while caller.recv(65536):
            pass


def test_own_port():
    """A virtual machine may have an address of its own, also before it comes."""
    port = free_port()
    with Concentrator(f"--viewers=web01 telnet://127.0.0.1:{port}") as c:
        viewer = Viewer(port)
        wait(lambda: "writes" in c.said(), "the viewer is there")
        m = Machine(c.port, "web01").up()
        m.type(b"hello")
        viewer.wants(b"hello")
        viewer.type(b"you")
        m.wants(b"you")


def test_files():
    """What a port puts out is kept, wherever its name points; and files can be moved away."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        with Concentrator(log_folder=folder) as c:
            m = Machine(c.port, "../web 01", 1).up()
            m.type(b"one\n" + EVERY_BYTE)
            path = f"{folder}/%2E.%2Fweb%2001.log"
            size = 4 + 256
            wait(lambda: os.path.exists(path) and os.path.getsize(path) == size, "it is written")
            with open(path, "rb") as f:
                assert f.read() == b"one\n" + EVERY_BYTE
            os.rename(path, path + ".1")
            c.process.send_signal(1)
            wait(lambda: "read again" in c.said(), "the settings are read again")
            m.type(b"two")
            wait(lambda: os.path.exists(path) and os.path.getsize(path) == 3, "a new one begins")
            # Or all of them go elsewhere, or nowhere.
            os.mkdir(f"{folder}/b")
            os.chmod(f"{folder}/b", 0o777)
            c.reload(log_folder=f"{folder}/b")
            m.type(b"three")
            there = f"{folder}/b/%2E.%2Fweb%2001.log"
            wait(lambda: os.path.exists(there) and os.path.getsize(there) == 5, "it goes elsewhere")
            c.reload(log_folder="")
            m.type(b"four")
            Viewer(c.view_port).see("../web 01").wants(b"four")
            assert (os.path.getsize(path), os.path.getsize(there)) == (3, 5)


def begin(m, sequence):
    before = len(m.got(GOAHEAD))
    m.say(BEGIN, sequence)
    m.until(lambda: len(m.got(GOAHEAD)) > before, "it goes ahead")
    blob = m.got(GOAHEAD)[-1]
    assert blob.startswith(sequence) and len(blob) == len(sequence) + 8, blob
    assert 255 not in blob
    return blob


def test_hand_over():
    """A machine moves twice; nothing is lost, doubled or out of order."""
    with Concentrator() as c:
        here = Machine(c.port, "web01").up()
        viewer = Viewer(c.view_port).see("web01")
        here.type(b"1")
        for sequence in b"\x01\x02\x03\x04", b"abcdefgh":
            blob = begin(here, sequence)
            viewer.wants(b"1")
            viewer.type(b"typed between" + EVERY_BYTE)
            there = Machine(c.port, "web01", blob=blob).up()
            assert there.answer(PEER_OK) == sequence, there.subs
            # Bytes that come too early are kept until it has moved.
            there.type(b"2")
            here.type(b"1b")
            viewer.wants(b"1b")
            there.say(COMPLETE, sequence)
            viewer.wants(b"2")
            there.until(lambda: len(there.data) == 13 + 256, "what was held arrives")
            assert bytes(there.data) == b"typed between" + EVERY_BYTE
            assert not here.data, here.data
            here.close()
            here = there
            here.type(b"1")
            viewer.type(b"<typed behind>")
            here.wants(b"<typed behind>")


def test_prefix():
    """COMPLETE may have more behind the sequence."""
    with Concentrator() as c:
        here = Machine(c.port).up()
        there = Machine(c.port, blob=begin(here, b"1234")).up()
        there.say(COMPLETE, b"1234" + b"more")
        wait(lambda: "has moved" in c.said(), "it has moved")


def test_moved_away():
    """A machine that has moved away cannot stay, nor move again, on its old connection."""
    with Concentrator() as c:
        here = Machine(c.port).up()
        there = Machine(c.port, blob=begin(here, b"1234")).up()
        there.say(COMPLETE, b"1234")
        wait(lambda: "has moved" in c.said(), "it has moved")
        here.say(ABORT)
        here.say(BEGIN, b"5678")
        here.send(BREAK)
        here.say(99)
        here.answer(UNKNOWN_2)
        there.type(b"goes on")
        Viewer(c.view_port).see("web01").wants(b"goes on")
        assert len(here.got(GOAHEAD)) == 1, here.subs


def test_aborts():
    """A hand-over that comes to nothing leaves all as it was; a stranger cannot join one."""
    with Concentrator() as c:
        here = Machine(c.port).up()
        viewer = Viewer(c.view_port).see("web01")
        blob = begin(here, b"\x01\x02\x03\x04")
        viewer.type(b"held")
        for wrong in blob[:4], blob[:-1], blob + b"x", blob[:-1] + bytes([blob[-1] ^ 1]):
            stranger = Machine(c.port, blob=wrong)
            assert stranger.answer(UNKNOWN_2) == bytes([PEER])
            stranger.ends()
        there = Machine(c.port, blob=blob).up()
        here.say(ABORT)
        here.wants(b"held")
        there.ends()
        here.type(b"goes on")
        viewer.wants(b"goes on")
        # The blob has had its time.
        late = Machine(c.port, blob=blob)
        assert late.answer(UNKNOWN_2) == bytes([PEER])
        # A target that is lost can come again; then it is complete.
        blob = begin(here, b"\x05\x06\x07\x08")
        lost = Machine(c.port, blob=blob).up()
        lost.close()
        there = Machine(c.port, blob=blob).up()
        there.say(COMPLETE, b"\x05\x06\x07\x08")
        there.type(b"here now")
        viewer.wants(b"here now")


def test_lost_source():
    """The source is gone before the hand-over ends: it ends all the same."""
    with Concentrator() as c:
        here = Machine(c.port).up()
        viewer = Viewer(c.view_port).see("web01")
        blob = begin(here, b"1234")
        here.close()
        wait(lambda: "is gone" in c.said(), "its end is seen")
        viewer.type(b"held")
        there = Machine(c.port, blob=blob).up()
        there.say(COMPLETE, b"1234")
        there.wants(b"held")


def test_source_returns():
    """The source was lost, and calls again as if nothing were: the hand-over is void."""
    with Concentrator() as c:
        here = Machine(c.port).up()
        viewer = Viewer(c.view_port).see("web01")
        blob = begin(here, b"1234")
        there = Machine(c.port, blob=blob).up()
        here.close()
        wait(lambda: "is gone" in c.said(), "its end is seen")
        viewer.type(b"held")
        again = Machine(c.port).up()
        again.wants(b"held")
        there.ends()
        again.type(b"goes on")
        viewer.wants(b"goes on")
        begin(again, b"5678")


def test_time_limit():
    """A hand-over that takes too long ends; its source goes on."""
    with Concentrator(vmotion_limit=1) as c:
        here = Machine(c.port).up()
        viewer = Viewer(c.view_port).see("web01")
        begin(here, b"1234")
        viewer.type(b"held")
        here.wants(b"held")
        begin(here, b"5678")


def test_no_moves():
    """With a time limit of nothing each is refused for now, until the settings are others."""
    with Concentrator(vmotion_limit=0) as c:
        here = Machine(c.port).up()
        here.say(BEGIN, b"1234")
        here.answer(NOTNOW)
        c.reload(vmotion_limit=30)
        begin(here, b"1234")


def test_strangers():
    """What is no virtual machine is not listened to for ever."""
    with Concentrator(identify_timeout=1) as c:
        Telnet(c.port).ends()
        plain = Telnet(c.port)
        plain.send(bytes([IAC, 252, OPTION]))
        plain.ends()
        flood = Telnet(c.port)
        try:
            for _ in range(100):
                flood.send(b"x" * 4096)
        except OSError:
            pass
        flood.ends()
        # Odd messages harm nobody.
        c.reload(identify_timeout=PATIENCE)
        m = Machine(c.port).up()
        for code in range(256):
            if code not in (BEGIN, 255):
                m.say(code, b"\xff\x00x")
        m.send(bytes([IAC, SB, OPTION, IAC, SE, IAC, SB, IAC, SE, IAC, SB]) + b"y" * 9000
               + bytes([IAC, SE]))
        m.type(b"still here")
        Viewer(c.view_port).see("web01").wants(b"still here")


def test_limits():
    """Those who say nothing make room for others."""
    with Concentrator(handshakes_per_address=4) as c:
        quiet = [Telnet(c.port) for _ in range(5)]
        quiet[0].ends()
        Machine(c.port).up()
        assert c.process.poll() is None


def test_tls():
    """telnets, and certificates of those who connect."""
    with tempfile.TemporaryDirectory() as folder:
        certificates(folder)
        settings = {"certificate": f"{folder}/server.pem", "client_ca": f"{folder}/ca.pem"}
        with Concentrator(scheme="telnets", keys="#peerName=alice.example", **settings) as c:
            context = client_context(folder, "client")
            m = Machine(c.port, context=context).up()
            m.type(b"secret " * 20000)
            m.type(b"<end>")
            viewer = Viewer(c.view_port, context).see("web01")
            viewer.wants(b"<end>")
            viewer.type(b"typed")
            m.wants(b"typed")
            nobody = Telnet(c.port, client_context(folder))
            nobody.ends()
            assert not nobody.options
            Telnet(c.port).ends()


def test_auth():
    """A viewer of telnet goes on in TLS by the option AUTHENTICATION, or is refused."""
    will, start = bytes.fromhex("fffb25"), bytes.fromhex("fffa2500070001fff0")
    asked = bytes.fromhex("fffd25 fffa25010700fff0 fffa2502070002fff0")
    with tempfile.TemporaryDirectory() as folder:
        certificates(folder)
        settings = {"certificate": f"{folder}/server.pem", "client_ca": f"{folder}/ca.pem"}
        port = free_port()
        with Concentrator(f"--viewers=web01 telnet://127.0.0.1:{port}#verify", **settings) as c:
            m = Machine(c.port, "web01").up()
            m.type(b"secret")
            with socket.create_connection(("127.0.0.1", port), PATIENCE) as plain:
                # That it does not have the option.
                plain.sendall(bytes.fromhex("fffc25"))
                said = plain.makefile("rb").read()
            assert b"this port speaks TLS only" in said and b"secret" not in said, said
            sock = socket.create_connection(("127.0.0.1", port), PATIENCE)
            sock.sendall(b"evil" + will + start)
            said = b""
            while len(said) < len(asked):
                said += sock.recv(len(asked) - len(said))
            assert said == asked, said
            with client_context(folder).wrap_socket(sock, server_hostname="localhost") as tls:
                said = b""
                while b"secret" not in said:
                    said += tls.recv(1000)
                tls.sendall(b"good")
                m.until(lambda: b"good" in m.data, "what is typed arrives")
            assert bytes(m.data) == b"good", bytes(m.data)


def test_machine_auth():
    """A machine goes on in TLS by the option AUTHENTICATION; one that does not stays plain."""
    with tempfile.TemporaryDirectory() as folder:
        certificates(folder)
        settings = {"certificate": f"{folder}/server.pem", "client_ca": f"{folder}/ca.pem"}
        forced = free_port()
        with Concentrator(f"--listen=telnet://127.0.0.1:{forced}#peerName=alice.example",
                          **settings) as c:
            m = Machine(c.port, "by-auth", upgrade=client_context(folder)).up()
            assert isinstance(m.socket, ssl.SSLSocket)
            # Before TLS nothing is said but of this option.
            assert m.options[0] == (DO, AUTH) and m.subs[:2] == [
                bytes([AUTH, 1, 7, 0]), bytes([AUTH, 2, 7, 0, 2])], (m.options, m.subs)
            m.type(b"secret")
            viewer = Viewer(c.view_port).see("by-auth")
            viewer.wants(b"secret")
            viewer.type(b"typed\xff")
            m.wants(b"typed\xff")
            plain = Machine(c.port, "plain", 2).up()
            assert not isinstance(plain.socket, ssl.SSLSocket)
            plain.type(b"open")
            Viewer(c.view_port).see("plain").wants(b"open")
            # What a machine says first of other options still counts.
            eager = Machine(c.port, "eager", 3, upgrade=client_context(folder))
            eager.send(bytes([IAC, WILL, OPTION]))
            eager.introduced = True
            eager.until(lambda: isinstance(eager.socket, ssl.SSLSocket), "it has TLS")
            eager.introduced = False
            eager.introduce()
            eager.up()
            # Where a certificate is asked for there is no plain text.
            Machine(forced, "nobody", 4).ends()
            wait(lambda: "no TLS in telnet's option AUTHENTICATION" in c.said(), "it is told")
            Machine(forced, "known", 5, upgrade=client_context(folder, "client")).up()


def test_restart():
    """It is killed under load; virtual machines come again, and so do viewers."""
    with Concentrator() as c:
        machines = [Machine(c.port, f"vm{i}", i * 16).up() for i in range(20)]
        for m in machines:
            m.type(b"x" * 5000)
        c.kill()
        for m in machines:
            m.ends()
        c.start()
        machines = [Machine(c.port, f"vm{i}", i * 16).up() for i in range(20)]
        viewer = Viewer(c.view_port).see("vm7")
        machines[7].type(b"back")
        viewer.wants(b"back")


def test_deviations():
    """Each deviation is one: what a virtual machine sees of it."""
    def run(name, check, **options):
        with Concentrator(f"--deviate={name}") as c:
            check(Machine(c.port, **options), c)

    def silent(m, _):
        m.until(lambda: (254, 37) in m.options, "AUTHENTICATION is refused")
        assert (DO, OPTION) not in m.options
        m.send(bytes([IAC, WILL, OPTION]))
        m.introduce()
        m.up()

    def mute(m, _):
        m.send(bytes([IAC, WILL, OPTION]))
        m.introduce()
        m.up()
        assert not [o for o in m.options if o[1] == 37], m.options

    def no_binary(m, _):
        m.up()
        assert {number for _, number in m.options} == {37, OPTION}, m.options

    def ack_loop(m, _):
        m.up()
        m.until(lambda: len(m.options) > 200, "answers are answered")

    def no_doubling(m, _):
        m.up()
        m.say(BEGIN, b"\xff\x01")
        m.until(lambda: m.got(GOAHEAD), "it goes ahead")
        assert m.got(GOAHEAD)[0][:2] == b"\xff\x01" and m.undoubled == 1

    def no_known(m, _):
        m.up()
        assert not m.got(KNOWN_2)

    def no_vmotion(m, _):
        m.up()
        assert m.got(KNOWN_2) and BEGIN not in m.got(KNOWN_2)[0]

    def no_get(m, _):
        m.up()
        assert not m.got(NAME + 1)

    def late_get(m, c):
        m.until(lambda: m.got(NAME + 1), "it asks")
        assert m.subs.index(bytes([OPTION, WILL_PROXY])) < m.subs.index(bytes([OPTION, NAME + 1]))
        m.type(b"hello")
        wait(lambda: "connected from" in c.said(), "it is known")
        Viewer(c.view_port).see("web01").wants(b"hello")

    def close_unknown(m, _):
        m.up()
        m.say(99)
        m.ends()

    def wont_keep(m, _):
        m.answer(WONT_PROXY)
        m.say(99)
        m.answer(UNKNOWN_2)
        assert not m.closed

    def wont_close(m, _):
        m.answer(WONT_PROXY)
        m.ends()

    def padded(m, c):
        m.up()
        there = Machine(c.port, blob=begin(m, b"1234"))
        assert len(there.answer(PEER_OK)) == 12

    def drop_early(m, c):
        m.type(b"early")
        m.up()
        m.type(b"late")
        viewer = Viewer(c.view_port).see("web01")
        viewer.until(lambda: b"late" in viewer.data, "what comes later is seen")
        assert b"early" not in viewer.data

    def close_early(m, _):
        m.type(b"early")
        m.ends()

    def not_now(m, _):
        m.up()
        m.say(BEGIN, b"1234")
        assert m.answer(NOTNOW) == b"1234"

    def mute_begin(m, _):
        m.up()
        m.say(BEGIN, b"1234")
        m.say(99)
        m.answer(UNKNOWN_2)
        assert not m.got(GOAHEAD)

    def unknown_begin(m, _):
        m.up()
        m.say(BEGIN, b"1234")
        m.answer(UNKNOWN_2)

    def refuse_peer(m, c):
        m.up()
        there = Machine(c.port, blob=begin(m, b"1234"))
        there.answer(UNKNOWN_2)

    def mute_peer(m, c):
        m.up()
        there = Machine(c.port, blob=begin(m, b"1234"))
        there.until(lambda: "about to move" in c.said(), "it has come")
        there.say(99)
        there.answer(UNKNOWN_2)
        assert not there.got(PEER_OK)

    def com_port(m, c):
        m.up()
        m.send(bytes([IAC, WILL, 44]))
        m.until(lambda: (DO, 44) in m.options, "it has a port")
        notices = lambda: [sub[2] for sub in m.subs if sub[:2] == bytes([44, 107])]  # noqa: E731
        m.until(lambda: notices() == [0x10], "it tells that nobody is there")
        viewer = Viewer(c.view_port).see("web01")
        m.until(lambda: notices()[1:] == [0xba], "it tells that somebody is there")
        viewer.close()
        m.until(lambda: notices()[2:] == [0x1a], "it tells that nobody is")

    def no_buffer(m, c):
        m.up()
        begin(m, b"1234")
        Viewer(c.view_port).see("web01").type(b"at once")
        m.wants(b"at once")

    checks = {name.replace("_", "-"): check for name, check in locals().items() if name != "run"}
    assert deviations() == set(checks), deviations() ^ set(checks)
    for name, check in checks.items():
        run(name, check)


script.run(globals())
