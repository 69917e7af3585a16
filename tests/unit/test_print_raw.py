#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""vserial-print as a program of its own: printers that are sent the bytes of a job as they are."""
import os
import random
import socket
import struct
import subprocess
import sys
import threading

PRINT = os.environ["VSERIAL_PRINT"]
DONE, USAGE, AGAIN = 0, 2, 75
# More than sockets hold, so that a printer that does not read stops it.
JOB = random.Random(1).randbytes(8 << 20)
PATIENCE = 60
failed = 0
count = 0


def check(what, good, said=""):
    global count, failed
    count += 1
    failed += not good
    print(f"{'ok' if good else 'not ok'} {count} - {what}")
    if said and not good:
        print(f"# {said}")


def run(*words, job=b"", stdin=None):
    """The exit status, and what it said."""
    given = {"stdin": stdin} if stdin is not None else {"input": job}
    done = subprocess.run([PRINT, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=PATIENCE, check=False, **given)
    return done.returncode, done.stdout.decode()


class Printer(threading.Thread):
    """Takes one call, and does what HOW(socket, printer) does with it."""

    def __init__(self, how):
        super().__init__(daemon=True)
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.uri = f"socket://127.0.0.1:{self.listening.getsockname()[1]}"
        self.how, self.got, self.error = how, b"", None
        self.start()

    def run(self):
        sock, _ = self.listening.accept()
        self.listening.close()
        sock.settimeout(PATIENCE)
        with sock:
            try:
                self.how(sock, self)
            except OSError as e:
                self.error = e

    def take(self, sock):
        """Reads to the end of the job."""
        pieces = []
        while data := sock.recv(1 << 16):
            pieces.append(data)
        self.got = b"".join(pieces)


def prints(what, how, status, sentence, whole):
    printer = Printer(how)
    got = run(printer.uri, job=JOB)
    printer.join(PATIENCE)
    check(what, got[0] == status and sentence in got[1] and (printer.got == JOB) == whole and
          not printer.error, f"{got}, {len(printer.got)} bytes arrived, {printer.error}")


def reads(sock, printer):
    printer.take(sock)


def says_its_last(sock, printer):
    """Has nothing to say any more, which is no end of the job."""
    sock.shutdown(socket.SHUT_WR)
    printer.take(sock)


def talks(sock, printer):
    """Reads nothing before it has said all that it has to say."""
    sock.sendall(JOB)
    printer.take(sock)
    sock.sendall(b"@PJL USTATUS JOB\r\n")


def resets(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def goes_at_once(sock, printer):
    printer.got = sock.recv(1000)
    resets(sock)


def goes_at_the_end(sock, printer):
    printer.take(sock)
    resets(sock)


def no_printer():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    status, said = run(f"socket://127.0.0.1:{port}")
    check("nobody listens", status == AGAIN and
          said == f"cannot connect to 127.0.0.1 port {port}: Connection refused\n", said)
    # No name server is asked for a name that long.
    host = "x" * 64 + ".invalid"
    status, said = run(f"socket://{host}")
    check("there is no such host", status == AGAIN and
          said.startswith(f"cannot find the printer {host}: "), said)


def no_job():
    printer = Printer(reads)
    folder = os.open("/", os.O_RDONLY)
    status, said = run(printer.uri, stdin=folder)
    os.close(folder)
    check("a job that cannot be read", status == AGAIN and
          said == "cannot read the job: Is a directory\n", said)
    printer.join(PATIENCE)
    printer = Printer(reads)
    status, said = run(printer.uri)
    printer.join(PATIENCE)
    check("a job without a byte", (status, said, printer.got) == (DONE, "", b""), said)


def usage():
    for words, sentence in ((["http://127.0.0.1"], "'http://127.0.0.1' is no printer: it is neither"),
                            (["socket://"], "socket://"),
                            (["-u", "me", "socket://127.0.0.1"], "the UID 'me' is not a number"),
                            ([], "Usage:"),
                            (["socket://127.0.0.1", "socket://127.0.0.2"], "Usage:")):
        status, said = run(*words)
        check(f"called with {' '.join(words) or 'nothing'}", status == USAGE and sentence in said,
              said)


prints("a job arrives", reads, DONE, "", True)
prints("a printer that has said its last goes on reading", says_its_last, DONE, "", True)
prints("a printer that talks is listened to", talks, DONE, "", True)
prints("a printer that goes in the middle", goes_at_once, AGAIN, "in the middle of a job", False)
prints("a printer that goes at the end", goes_at_the_end, AGAIN, "at the end of a job", True)
no_printer()
no_job()
usage()
print(f"1..{count}")
sys.exit(bool(failed))
