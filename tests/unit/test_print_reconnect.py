#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""vserial-print and a printer whose connection breaks: who is reached then may be another."""
import hashlib
import os
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading

here = os.path.dirname(os.path.abspath(__file__))
JOB = b"not for everybody"
# Of the library's tries to connect again.
PATIENCE = 60


def context(folder, name):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(f"{folder}/{name}.pem")
    return made


class Printer(threading.Thread):
    """Shows one certificate after the other; whom it has not hung up on it reads from."""

    def __init__(self, folder, names):
        super().__init__(daemon=True)
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.contexts = [context(folder, name) for name in names]
        self.calls = 0
        self.got = b""
        self.start()

    def run(self):
        for tls in self.contexts:
            sock, _ = self.listening.accept()
            sock.settimeout(PATIENCE)
            self.calls += 1
            with tls.wrap_socket(sock, server_side=True) as peer:
                if self.calls == len(self.contexts):
                    self.take(peer)
                else:
                    # A reset: what is written next fails at once.
                    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def take(self, peer):
        try:
            while b"\r\n\r\n" not in self.got:
                self.got += peer.recv(65536)
            peer.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            while JOB not in self.got:
                more = peer.recv(65536)
                if not more:
                    return
                self.got += more
        except OSError:
            pass


def thumbprint(folder, name):
    with open(f"{folder}/{name}.crt", encoding="ascii") as f:
        text = f.read()
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(text[text.index("-----BEGIN"):])).hexdigest()


def prints(folder, names, known):
    printer = Printer(folder, names)
    uri = f"ipps://localhost:{printer.port}/ipp/print#thumbprint={thumbprint(folder, known)}"
    done = subprocess.run([os.environ["VSERIAL_PRINT"], uri], input=JOB, stderr=subprocess.PIPE,
                          timeout=2 * PATIENCE, check=False)
    if printer.calls == len(names):
        printer.join(PATIENCE)
    return printer, done.stderr.decode()


def again(folder, names, known):
    """The same until the library has connected again: it may have written the request before."""
    for _ in range(50):
        printer, said = prints(folder, names, known)
        if printer.calls == len(names):
            break
    return printer, said


def main():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([f"{here}/certificates", folder], check=True)
        # The job goes to whom it is for, also where the connection has to be made again,
        same, said = again(folder, ["server", "server"], "server")
        ok = same.calls == 2 and JOB in same.got
        print(f"# {said}")
        print("ok 1 - again" if ok else "not ok 1 - again")
        # and to nobody who has come in between.
        other, said = again(folder, ["server", "stranger"], "server")
        print(f"# {said}")
        good = other.calls == 2 and other.got and JOB not in other.got and "thumbprint" in said
        print("ok 2 - another" if good else "not ok 2 - another")
        sys.exit(not (ok and good))


main()
