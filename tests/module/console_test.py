#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# time limit: 900
"""vserialctl console, session, port break and port history.

    terminal or pipe  <->  vserialctl console  <->  port  <->  guest
                                                     |
                                                  backing
"""
import os
import signal
import socket
import subprocess
import sys
import termios
import threading

from console import (Pipe, Terminal, as_user, cont, everybodys_vserialctl, get_size,
                     sessions, stop)
from genl import Refused
from lib import (PATIENCE, Loopguest, N, ctl, ctl_json, ctl_raw, equal, expect, later, make_port,
                 nl, pattern_runs, remove_guest, run, run_program, scratch, test,
                 wait_for)
from peer import tcp_port
from vseriald import Daemon

EVERY = bytes(range(256))
OWNER, STRANGER = "nobody", "daemon"


def nothing_comes(guest):
    equal(guest.read(), None, "what lies ready at the guest")


def writer(port):
    """The session that writes, or None."""
    return next((s["id"] for s in sessions(port) if s["writer"]), None)


def mark_breaks(guest):
    """Has the guest read a break as ff 00 00."""
    attrs = termios.tcgetattr(guest.fileno())
    attrs[0] |= termios.PARMRK
    attrs[0] &= ~(termios.IGNBRK | termios.BRKINT)
    termios.tcsetattr(guest.fileno(), termios.TCSANOW, attrs)


@test
def output_and_history():
    """what was written before comes first, then what comes, byte for byte"""
    port = make_port("con-out")
    guest = port.open()
    # The console begins a line of its own behind it, if that comes first.
    guest.write_all(b"before\r\n> ")
    console = Terminal(port)
    equal(console.role, "you write", "what the console says")
    console.shows(b"before\r\n> ")
    guest.write_all(b"\x1b[1mafter\xff\x00")
    console.shows(b"\x1b[1mafter\xff\x00")
    equal(console.guest(), b"before\r\n> \x1b[1mafter\xff\x00", "what came from the guest")
    guest.write_all(b"prompt> ")
    console.shows(b"prompt> ")
    console.leave()
    # Its own lines begin in the first column.
    expect(b"prompt> \r\n[vserial: left con-out/0]\r\n" in console.out,
           f"the end of the output is {console.out[-200:]!r}")
    wait_for(lambda: not sessions(port), "the session ends with the console")


@test
def input_and_escapes():
    """what is typed arrives; ~ opens a command at the beginning of a line alone"""
    port = make_port("con-in")
    guest = port.open()
    console = Terminal(port)
    console.type(b"hello\x03\x1a\x11\x13\x7f\xff")
    equal(guest.read_exactly(11), b"hello\x03\x1a\x11\x13\x7f\xff", "what the guest read")
    console.type(b"~.\r~~.\r~x\r")
    equal(guest.read_exactly(9), b"~.\r~.\r~x\r", "what the guest read")
    console.type(b"~s")
    expect("con-in/0" in console.said("session"), "~s names the port")
    console.said(" of input")
    console.type(b"~?")
    console.said("~.   leave")
    console.said("~B   send a break")
    nothing_comes(guest)
    console.leave()
    equal(guest.read_exactly(1), b"\r", "the end of the line before ~.")
    nothing_comes(guest)


@test
def other_escapes():
    """--escape sets the character, and none leaves none"""
    port = make_port("con-esc")
    guest = port.open()
    console = Terminal(port, options=("--escape", "^]"))
    console.type(b"~.\r\x1d.")
    console.finish()
    equal(guest.read_exactly(3), b"~.\r", "what the guest read")
    console = Terminal(port, options=("-e", "none"))
    console.type(b"\r~.\r\x1d.")
    equal(guest.read_exactly(6), b"\r~.\r\x1d.", "what the guest read")
    console.signal(signal.SIGTERM)
    console.finish(-signal.SIGTERM)


@test
def terminal_is_put_back():
    """the terminal is as it was, however the console ends"""
    port = make_port("con-tty")
    port.open()
    ends = [(lambda c: c.type(b"~."), 0)]
    ends += [(lambda c, n=number: c.signal(n), -number) for number in
             (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGSEGV)]
    ends += [(lambda c: ctl("session", "kick", sessions(port)[0]["id"]), 1)]
    for end, status in ends:
        console = Terminal(port)
        wait_for(console.is_raw, "the terminal is raw")
        end(console)
        console.finish(status)
        expect(console.restored(), f"an end with status {status} leaves the terminal raw")


@test
def hung_terminal():
    """a terminal that nobody reads keeps a console neither from commands nor from signals"""
    port = make_port("con-hung")
    guest = port.open()
    console = Terminal(port)
    for _ in range(64):
        guest.write_all(bytes(8192))
    # Nobody pumps, so the terminal is full and output waits.
    console.type(b"in")
    equal(guest.read_exactly(2), b"in", "what the guest read")
    console.signal(signal.SIGTERM)
    wait_for(lambda: console.process.poll() is not None, "the signal ends it")
    equal(console.process.returncode, -signal.SIGTERM, "its exit status")
    expect(console.restored(), "the terminal stays raw")


@test
def stops_and_goes_on():
    """~^Z stops it with the terminal put back; the shell's fg goes on"""
    port = make_port("con-stop")
    guest = port.open()
    shell = Terminal(port, wait=False, command=["/bin/sh", "-i"])
    shell.type(f"vserialctl console {port.name}; echo ended $((6 * 7))\n".encode())
    shell.said("you write")
    wait_for(shell.is_raw, "the terminal is raw")
    shell.type(b"\r~\x1a")
    equal(guest.read_exactly(1), b"\r", "what the guest read")
    shell.said("stopped")
    shell.until(lambda: b"Stopped" in shell.out, "the shell notices")
    wait_for(lambda: not shell.is_raw(), "the terminal is put back")
    shell.type(b"fg\n")
    wait_for(shell.is_raw, "the terminal is raw again")
    shell.type(b"on")
    equal(guest.read_exactly(2), b"on", "what the guest read")
    guest.write_all(b"seen")
    shell.until(lambda: b"seen" in shell.out, "output goes on")
    shell.type(b"\r~.")
    shell.said("left")
    wait_for(lambda: not shell.is_raw(), "the terminal is put back")
    shell.type(b"exit\n")
    shell.finish()


@test
def pipe_is_clean():
    """in a pipe all 256 byte values cross both ways, ~. among them"""
    port = make_port("con-pipe")
    guest = port.open()
    console = Pipe(port)
    there, back = EVERY * 3 + b"\r~.\n~.", b"~.\n" + EVERY[::-1] * 3
    console.write(there)
    equal(guest.read_exactly(len(there)), there, "what the guest read")
    guest.write_all(back)
    console.until(lambda: len(console.out) >= len(back), "the output arrives")
    console.eof()
    console.finish()
    equal(console.out, back, "standard output")
    equal(console.err, b"[vserial: you write]\n", "standard error")


@test
def pipe_waits_for_the_guest():
    """behind the end of standard input it stays until the guest took all of it"""
    port = make_port("con-eof")
    guest = port.open()
    data = os.urandom(300000)
    console = Pipe(port)
    feeder = threading.Thread(target=lambda: (console.write(data), console.eof()))
    feeder.start()
    # The guest reads nothing, so the ring fills and the rest waits outside.
    wait_for(lambda: port.rx_unread >= 65536, "the ring is full")
    equal(console.process.poll(), None, "the console's exit status")
    got = guest.read_exactly(len(data), timeout=2 * PATIENCE)
    feeder.join()
    expect(got == data, "the guest read other bytes than were sent")
    console.finish()
    equal(port.dropped_bytes, 0, "dropped_bytes")


@test
def answers_come_out():
    """printf | console prints what the guest answers"""
    port = make_port("con-ask")
    later(Loopguest(port, "echo", options=("-c", 64)).kill)
    done = subprocess.run(["vserialctl", "console", port.name], input=b"uptime\r",
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          timeout=PATIENCE, check=False)
    equal((done.returncode, done.stdout), (0, b"uptime\r"), "status and output")


@test
def echo_of_megabytes():
    """2 MB through an echoing guest come back unchanged"""
    port = make_port("con-echo", stall_limit=0)
    Loopguest(port, "echo", options=("-c", 4096))
    console = Pipe(port)
    data = os.urandom(2 << 20)
    sent = 0
    # No more under way than the port keeps: a console may lose what it keeps not.
    while sent < len(data):
        console.until(lambda: sent - len(console.out) <= 16384, "the echo")
        console.write(data[sent:sent + 16384])
        sent += 16384
    console.until(lambda: len(console.out) == len(data), "all of the echo")
    console.eof()
    console.finish()
    expect(console.out == data, "what came back is not what was sent")
    equal(console.lost(), 0, "bytes lost")


@test
def one_writes_and_others_read():
    """the first writes, all read, and who types in vain is told who writes"""
    port = make_port("con-many")
    guest = port.open()
    first, second, third = Terminal(port), Terminal(port), Terminal(port, "read-only")
    equal(first.role, "you write", "what the first is told")
    for reader in second, third:
        expect(f"root (vserialctl[{first.process.pid}]) writes" in reader.role,
               f"a reader is told: {reader.role}")
    expect("~f takes over" in second.role and "~f" not in third.role, "who may take over")
    guest.write_all(b"to all")
    for console in first, second, third:
        console.shows(b"to all")
    second.type(b"in vain")
    second.said("reading only: root")
    third.type(b"x\r~B~f")
    third.said("reading only: root")
    third.said("read-only")
    first.type(b"typed")
    equal(guest.read_exactly(5), b"typed", "what the guest read")
    nothing_comes(guest)
    roles = [(s["writer"], s.get("read_only", False)) for s in sessions(port)]
    equal(roles, [(1, False), (0, False), (0, True)], "writer and read-only by SESSION_GET")


@test
def take_over_and_promotion():
    """force takes over, ~f takes it back; when the writer leaves the next is told"""
    port = make_port("con-force")
    guest = port.open()
    first = Terminal(port)
    second = Terminal(port, "force")
    equal(second.role, "you write", "what the second is told")
    first.said(f"root (vserialctl[{second.process.pid}]) took over: reading only; "
               "~f takes it back")
    second.type(b"2")
    equal(guest.read_exactly(1), b"2", "what the guest read")
    first.type(b"\r~f")
    first.said("you write now")
    second.said(f"root (vserialctl[{first.process.pid}]) took over")
    first.type(b"1")
    equal(guest.read_exactly(1), b"1", "what the guest read")

    third = Terminal(port)
    first.leave()
    equal(guest.read_exactly(1), b"\r", "the end of the line before ~.")
    second.said("you write now")
    third.said(f"root (vserialctl[{second.process.pid}]) writes")
    second.type(b"+")
    equal(guest.read_exactly(1), b"+", "what the guest read")
    equal([s["id"] for s in sessions(port)].index(writer(port)), 0, "the writer's place")


@test
def piped_input_waits_for_its_turn():
    """input of a pipe waits until its console writes, and none is lost"""
    port = make_port("con-turn")
    guest = port.open()
    first, second = Pipe(port), Pipe(port)
    second.write(b"second")
    first.write(b"first")
    equal(guest.read_exactly(5), b"first", "what the guest read")
    nothing_comes(guest)
    third = Pipe(port)
    third.eof()
    third.finish()
    second.eof()
    first.eof()
    first.finish()
    equal(guest.read_exactly(6), b"second", "what the guest read then")
    second.finish()


# A guest's terminal program: says the size when it starts and when it changes.
VIEWER = """
import os, signal, sys, termios
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGWINCH})
fd = os.open(sys.argv[1], os.O_RDWR | os.O_NONBLOCK)
size = None
while True:
    size, before = termios.tcgetwinsize(fd), size
    if size != before:
        print(*size, flush=True)
    signal.sigwait({signal.SIGWINCH})
"""


@test
def window_size():
    """the writer's terminal size becomes the guest's, now and when it changes"""
    port = make_port("con-size")
    viewer = subprocess.Popen([sys.executable, "-c", VIEWER, port.wait_link()],
                              stdout=subprocess.PIPE, start_new_session=True, text=True)
    later(viewer.wait)
    later(viewer.kill)
    later(viewer.stdout.close)
    equal(viewer.stdout.readline(), "0 0\n", "the size at first")
    first = Terminal(port, size=(30, 100))
    equal(viewer.stdout.readline(), "30 100\n", "the size the guest is told by SIGWINCH")
    first.resize(31, 101)
    equal(viewer.stdout.readline(), "31 101\n", "the size after a change")
    # One who reads has no say, until it writes.
    second = Terminal(port, size=(40, 120))
    second.resize(41, 121)
    guest = port.open()
    equal(get_size(guest.fileno()), (31, 101), "the size with a reader")
    second.type(b"~f")
    second.said("you write now")
    equal(viewer.stdout.readline(), "41 121\n", "the size of the one who took over")


@test
def breaks():
    """~B and port break arrive between the bytes where they were sent"""
    port = make_port("con-break")
    guest = port.open()
    mark_breaks(guest)
    console = Terminal(port)
    console.type(b"before\r~Bafter")
    equal(guest.read_exactly(15), b"before\r\xff\0\0after", "what the guest read")
    ctl("port", "break", port.name)
    ctl("port", "break", port.name, "250")
    equal(guest.read_exactly(6), b"\xff\0\0" * 2, "what the guest read")
    equal(getattr(port, "break"), 3, "breaks counted")


@test
def history():
    """port history prints what the port keeps and takes nothing"""
    port = make_port("con-hist", history=65536)
    guest = port.open()
    guest.write_all(EVERY * 2)
    for _ in range(2):
        done = subprocess.run(["vserialctl", "port", "history", port.name],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        equal((done.returncode, done.stdout, done.stderr), (0, EVERY * 2, b""),
              "status, output and errors")
    empty = make_port("con-hist2", history=0)
    equal(ctl("port", "history", empty.name), "", "the history of a port without")
    equal(ctl_raw("port", "history", "con-hist/7").status, 1, "the status for no port")


@test
def stopped_console_holds_nobody_up():
    """a stopped console delays neither guest, backing nor another console, and
    says what it lost when it goes on"""
    path = f"{scratch()}/log"
    port = make_port("con-sleep", backing=f"file:{path}", stall_limit=0)
    guest = port.open()
    sleeper, reader = Pipe(port, "read-only"), Pipe(port, "read-only")
    stop(sleeper)
    total, piece = 4 << 20, bytes(4096)
    sent = 0
    while sent < total:
        guest.write_all(piece)
        sent += len(piece)
        # The reader keeps up; it is the sleeper that must not matter.
        reader.until(lambda: sent - len(reader.out) - reader.lost() <= 32768,
                     "the other console reads on")
    reader.until(lambda: len(reader.out) == total, "the other console reads all")
    equal(reader.lost(), 0, "bytes the other console lost")
    wait_for(lambda: os.path.getsize(path) == total, "the file holds all")
    equal(port.dropped_bytes, 0, "dropped_bytes")
    cont(sleeper)
    guest.write_all(b"end")
    sleeper.until(lambda: sleeper.out.endswith(b"end"), "the stopped console goes on")
    # It has said before what it lost, but by another pipe.
    while sleeper.pump():
        pass
    equal(len(sleeper.out) + sleeper.lost(), total + 3, "bytes it printed and reported lost")
    expect(sleeper.lost() > total // 2, f"it lost only {sleeper.lost()} bytes")
    # It heard of no change meanwhile, and is still what it was.
    equal(len(sessions(port)), 2, "sessions")


@test
def megabytes():
    """8 MB from a guest that waits for nobody: each byte is printed or reported lost"""
    port = make_port("con-bulk")
    console = Pipe(port, "read-only", wait=False)
    wait_for(lambda: sessions(port), "the console is attached")
    total = 8 << 20
    guest = Loopguest(port, f"send={total}", options=("-c", 4096, "-w", "poll"))
    console.until(lambda: len(console.out) + console.lost() == total,
                  "the console accounts for every byte", timeout=4 * PATIENCE)
    guest.finish()
    runs = pattern_runs(console.out)
    equal(sum(n for _, n in runs), len(console.out), "bytes that are the guest's")
    expect(all(a + n <= b for (a, n), (b, _) in zip(runs, runs[1:])),
           "the pieces are not in order")
    gaps = runs[0][0] + sum(b - a - n for (a, n), (b, _) in zip(runs, runs[1:]))
    equal(gaps, console.lost(), "bytes missing and bytes reported lost")
    equal(sum(runs[-1]), total, "the end of the last piece")


@test
def beside_a_file():
    """a console takes nothing away from a file, nor a file from it"""
    path = f"{scratch()}/log"
    port = make_port("con-file", backing=f"file:{path}", stall_limit=0)
    guest = port.open()
    console = Terminal(port)
    guest.write_all(b"for both\r\n")
    console.shows(b"for both\r\n")
    wait_for(lambda: os.path.getsize(path) == 10, "the file holds it")
    console.type(b"typed")
    equal(guest.read_exactly(5), b"typed", "what the guest read")


@test
def beside_a_null_modem():
    """a console at one end of a null modem sees and types beside the other end"""
    a = make_port("con-cable-a", backing="pipe:con-cable", stall_limit=0)
    b = make_port("con-cable-b", backing="pipe:con-cable#near=client", stall_limit=0)
    ha, hb = a.open(), b.open()
    wait_for(lambda: a.state == b.state == N.VSERIAL_STATE_CONNECTED, "both are connected")
    console = Terminal(a)
    ha.write_all(b"out")
    equal(hb.read_exactly(3), b"out", "what B read")
    console.shows(b"out")
    console.type(b"typed")
    equal(ha.read_exactly(5), b"typed", "what A read from the console")
    hb.write_all(b"peer")
    equal(ha.read_exactly(4), b"peer", "what A read from B")


@test
def beside_a_network():
    """a console and a TCP client share a port: one writes, the other takes over, kick
    ends either"""
    Daemon()
    number = tcp_port()
    port = make_port("con-tcp", backing=f"tcp://:{number}")
    guest = port.open()
    wait_for(lambda: port.state == N.VSERIAL_STATE_LISTENING, "vseriald listens")
    client = socket.create_connection(("127.0.0.1", number), PATIENCE)
    later(client.close)
    wait_for(lambda: writer(port), "the client writes")
    name = "{}:{}".format(*client.getsockname())
    console = Terminal(port)
    equal(console.role, f"reading only: {name} writes; ~f takes over", "what it is told")
    guest.write_all(b"to both")
    console.shows(b"to both")
    equal(client.recv(7, socket.MSG_WAITALL), b"to both", "what the client read")
    client.sendall(b"client")
    equal(guest.read_exactly(6), b"client", "what the guest read")
    console.type(b"~f")
    console.said("you write now")
    console.type(b"console")
    equal(guest.read_exactly(7), b"console", "what the guest read")
    peer = next(s for s in ctl_json("session", "show", port.name) if s["peer"] == name)
    equal(peer["writer"], False, "the client writes")
    ctl("session", "kick", peer["id"])
    # It may be told so before it is hung up on.
    while client.recv(4096):
        pass
    console.leave()


@test
def power():
    """the console says when the guest is powered off and on"""
    port = make_port("con-power")
    console = Terminal(port)
    console.said("the guest is powered off")
    guest = port.open()
    console.said("the guest is powered on")
    guest.close()
    console.said("the guest is powered off")
    console.leave()


@test
def port_goes_away():
    """a port or guest removed under a console ends it with the reason"""
    port = make_port("con-gone")
    console, piped = Terminal(port), Pipe(port)
    port.remove()
    console.finish(1)
    expect(b"vserialctl: con-gone/0: the session ended: " in console.out,
           f"the terminal shows {console.out!r}")
    expect(console.restored(), "the terminal stays raw")
    piped.finish(1)

    port = make_port("con-gone2")
    guest = port.open()
    guest.write_all(b"last words")
    piped = Pipe(port)
    remove_guest("con-gone2", force=True)
    piped.finish(1)
    equal(piped.out, b"last words", "standard output")


@test
def kick_and_show():
    """session show lists who is attached, session kick ends them with the reason"""
    port, other = make_port("con-kick"), make_port("con-kick2")
    mine, theirs = Pipe(port), Pipe(other)
    shown = ctl_json("session", "show", port.name)
    equal(len(shown), 1, "sessions of the port")
    equal({k: shown[0][k] for k in ("port", "writer", "read-only", "pid", "user")},
          {"port": "con-kick/0", "writer": True, "read-only": False,
           "pid": mine.process.pid, "user": "root"}, "the session")
    equal(ctl_json("session", "show", "con-kick"), shown, "the sessions of the guest")
    expect({s["port"] for s in ctl_json("session", "show")} >= {port.name, other.name},
           "all sessions are listed")
    expect(f"{shown[0]['id']}  " in ctl("session"), "the table has the number")
    expect(str(shown[0]["id"]) in ctl("complete", "session", "kick", "").split(),
           "completion offers it")
    equal(ctl_raw("session", "show", "con-none").status, 1, "the status for no guest")

    ctl("session", "kick", *[s["id"] for p in (port, other) for s in sessions(p)])
    for console in mine, theirs:
        console.finish(1)
        expect(b"the session ended: " in console.err, f"it says {console.err!r}")
    gone = ctl_raw("session", "kick", shown[0]["id"])
    equal(gone.status, 1, "the status of kicking nobody")
    expect(f"there is no session {shown[0]['id']}" in gone.err, f"it says {gone.err!r}")


@test
def events():
    """monitor tells of sessions that begin, change and end"""
    port = make_port("con-event")
    monitor = subprocess.Popen(["vserialctl", "monitor"], stdout=subprocess.PIPE, text=True)
    later(monitor.stdout.close)
    later(monitor.wait)
    later(monitor.kill)
    lines = []

    def collect():
        for line in monitor.stdout:
            lines.append(line.rstrip())

    thread = threading.Thread(target=collect, daemon=True)
    thread.start()

    def probe():
        port.set(history=4096)
        return lines

    wait_for(probe, "monitor listens")
    console = Pipe(port)
    number = sessions(port)[0]["id"]
    wait_for(lambda: any(line.startswith(f"session {number} port con-event/0 writes")
                         for line in lines), "the beginning is told of")
    second = Pipe(port, "force")
    wait_for(lambda: any(line.startswith(f"session {number} port con-event/0 reads")
                         and "took over" in line for line in lines), "the change is told of")
    console.eof()
    console.finish()
    wait_for(lambda: any(line.startswith(f"deleted session {number} port con-event/0")
                         for line in lines), "the end is told of")
    second.kill()


@test
def who_may():
    """root and the guest's owner may sit at a port, a stranger may not"""
    port = make_port("con-who")
    guest = port.open()
    ctl("guest", "set", "con-who", "owner", OWNER)
    console = Terminal(port, user=OWNER)
    equal(console.role, "you write", "what the owner is told")
    console.type(b"mine")
    equal(guest.read_exactly(4), b"mine", "what the guest read")
    equal(ctl_json("session", "show", port.name)[0]["user"], OWNER, "the session's user")
    strangers = everybodys_vserialctl()
    for words in (("console", port.name), ("port", "break", port.name),
                  ("port", "history", port.name),
                  ("session", "kick", sessions(port)[0]["id"])):
        done = run_program(strangers, *words, **as_user(STRANGER))
        equal(done.status, 1, f"a stranger's status for {words[0]} {words[1]}")
        equal(len(done.err.splitlines()), 1, f"lines on stderr ({done.err!r})")
    root = Terminal(port, "force")
    console.said("root (vserialctl[")
    root.leave()
    console.said("you write now")
    # With the guest goes the right to sit at it.
    ctl("guest", "set", "con-who", "owner", STRANGER)
    console.finish(1)


@test
def refusals():
    """what cannot be had is refused with status 1 and one line"""
    done = ctl_raw("console", "con-nowhere/0")
    equal((done.status, len(done.err.splitlines())), (1, 1), f"status and lines: {done.err!r}")
    make_port("con-refuse")
    done = ctl_raw("console", "con-refuse/9")
    equal((done.status, len(done.err.splitlines())), (1, 1), f"status and lines: {done.err!r}")
    expect("con-refuse/9" in done.err, f"it says {done.err!r}")
    try:
        nl().call("SESSION_DEL", b"")
        raise AssertionError("a session without a number was ended")
    except Refused as e:
        expect(e.text, "the refusal says nothing")


@test
def lost_standard_output():
    """a reader that goes away ends the console with status 1"""
    port = make_port("con-epipe")
    guest = port.open()
    console = Pipe(port)
    console.close_output()
    guest.write_all(b"x")
    console.finish(1)
    expect(b"cannot write the output: Broken pipe" in console.err, f"it says {console.err!r}")


run()
