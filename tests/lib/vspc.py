# SPDX-License-Identifier: GPL-2.0-or-later
"""vserial-vspc, and what connects to it: virtual machines and viewers."""
import contextlib
import os
import random
import re
import select
import signal
import socket
import ssl
import subprocess
import tempfile
import time

# Nothing here takes that long; a machine that is busy with other things may.
PATIENCE = 60

IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240
OPTION, AUTH = 232, 37
KNOWN_1, KNOWN_2, UNKNOWN_1, UNKNOWN_2 = 0, 1, 2, 3
BEGIN, GOAHEAD, NOTNOW, PEER, PEER_OK, COMPLETE, ABORT = 40, 41, 43, 44, 45, 46, 48
DO_PROXY, WILL_PROXY, WONT_PROXY = 70, 71, 73
VC_UUID, NAME, BIOS_UUID, LOCATION_UUID = 80, 82, 84, 86
KNOWN = bytes([0, 1, 2, 3, 40, 41, 43, 44, 45, 46, 48, 70, 71, 73, 80, 81, 84, 85, 86, 87, 82, 83])


def free_port():
    """A free one that nobody is given by chance, as those who connect are."""
    while True:
        with socket.socket() as s, contextlib.suppress(OSError):
            number = random.randrange(14000, 20000)
            s.bind(("127.0.0.1", number))
            return number


def wait(condition, what, pause=0.01, patience=PATIENCE):
    """Waits until CONDITION() is true, looking every PAUSE seconds; its value."""
    end = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"it did not happen that {what}"
        time.sleep(pause)


def deviations():
    """The names of all that vserial-vspc can do otherwise."""
    done = subprocess.run([os.environ["VSERIAL_VSPC"], "--deviate=list"], text=True, check=True,
                          stdout=subprocess.PIPE)
    return {line.split()[0] for line in done.stdout.splitlines()}


class Concentrator:
    """A running vserial-vspc."""

    def __init__(self, *arguments, scheme="telnet", keys="", **settings):
        self.folder = tempfile.TemporaryDirectory()
        os.chmod(self.folder.name, 0o755)
        self.port, self.view_port = free_port(), free_port()
        self.conf = f"{self.folder.name}/conf"
        with open(self.conf, "w", encoding="ascii") as f:
            f.write(f"listen = {scheme}://127.0.0.1:{self.port}{keys}\n")
            f.write(f"viewers = {scheme}://127.0.0.1:{self.view_port}{keys}\n")
            f.writelines(f"{name.replace('_', '-')} = {value}\n"
                         for name, value in settings.items())
        self.command = [os.environ["VSERIAL_VSPC"], "--debug", f"--config={self.conf}", "--user=",
                        *arguments]
        self.log = f"{self.folder.name}/log"
        self.start()

    def start(self):
        with open(self.log, "ab") as log:
            log.truncate(0)
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log)
        try:
            wait(lambda: "serving" in self.said() or self.process.poll() is not None,
                 "the concentrator serves")
            assert self.process.poll() is None, self.said()
        except BaseException:
            self.kill()
            raise

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def reload(self, **settings):
        """Has it read other settings, which are the last that count."""
        with open(self.conf, "a", encoding="ascii") as f:
            f.writelines(f"{name.replace('_', '-')} = {value}\n"
                         for name, value in settings.items())
        before = self.said().count("read again")
        self.process.send_signal(signal.SIGHUP)
        wait(lambda: self.said().count("read again") > before, "its settings are read again")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, kind, *rest):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(PATIENCE)
        finally:
            self.kill()
        said = self.said()
        self.folder.cleanup()
        if kind:
            print("# " + said.replace("\n", "\n# "))
        else:
            assert status in (0, -9), f"exit status {status}: {said}"


class Telnet:
    """A connection with telnet on it; what comes is kept in the order it came."""

    def __init__(self, port, context=None):
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        if context:
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        self.state = "data"
        self.data = bytearray()
        self.options = []
        self.subs = []
        self.sub = bytearray()
        self.undoubled = 0
        self.breaks = []
        self.closed = False

    def send(self, raw):
        self.socket.sendall(raw)

    def type(self, text):
        self.send(text.replace(b"\xff", b"\xff\xff"))

    def option(self, verb, number):
        """The peer has said something of an option."""
        self.options.append((verb, number))

    def suboption(self, sub):
        self.subs.append(sub)

    def take(self, byte):
        if self.state == "data":
            if byte == IAC:
                self.state = "iac"
            else:
                self.data.append(byte)
        elif self.state == "iac":
            self.state = "data"
            if byte == IAC:
                self.data.append(byte)
            elif byte == SB:
                self.state = "sub"
                self.sub = bytearray()
            elif byte in (WILL, WONT, DO, DONT):
                self.state = byte
            elif byte == 243:
                self.breaks.append(len(self.data))
        elif self.state == "sub":
            if byte == IAC:
                self.state = "sub iac"
            else:
                self.sub.append(byte)
        elif self.state == "sub iac":
            self.state = "sub"
            if byte == SE:
                self.state = "data"
                self.suboption(bytes(self.sub))
            elif byte == IAC:
                self.sub.append(byte)
            else:
                self.undoubled += 1
                self.sub += bytes([IAC, byte])
        else:
            verb, self.state = self.state, "data"
            self.option(verb, byte)

    def pump(self, timeout):
        pending = isinstance(self.socket, ssl.SSLSocket) and self.socket.pending()
        if not pending and not select.select([self.socket], [], [], timeout)[0]:
            return
        try:
            raw = self.socket.recv(65536)
        except (ConnectionError, ssl.SSLError):
            raw = b""
        if not raw:
            self.closed = True
            time.sleep(0.01)
        for byte in raw:
            self.take(byte)

    def until(self, condition, what):
        """Takes what comes until CONDITION() is true; its value."""
        end = time.monotonic() + PATIENCE
        while True:
            value = condition()
            if value:
                return value
            assert time.monotonic() < end, (
                f"it did not happen that {what}: data {bytes(self.data)[-200:]}, "
                f"options {self.options}, suboptions {self.subs}, closed {self.closed}")
            self.pump(0.1)

    def wants(self, text):
        """Waits until TEXT has come, and forgets all up to its end."""
        self.until(lambda: text in self.data, f"{text} comes")
        del self.data[:self.data.index(text) + len(text)]

    def ends(self):
        self.until(lambda: self.closed, "it is closed")

    def close(self):
        self.socket.close()


def uuid_text(number):
    text = f"{number:032x}"
    pairs = [text[i:i + 2] for i in range(0, 32, 2)]
    return (" ".join(pairs[:8]) + "-" + " ".join(pairs[8:])).encode()


class Machine(Telnet):
    """A virtual machine, as VMware's behave; written apart from helper/lib."""

    def __init__(self, port, name="web01", number=1, service="service", context=None,
                 blob=None, known=KNOWN, upgrade=None):
        super().__init__(port, context)
        # Of TLS in the option AUTHENTICATION, or None: it does not know of that.
        self.upgrade = upgrade
        self.name, self.number, self.service, self.blob = name, number, service, blob
        self.known = known
        self.introduced = False
        if not context:
            self.send(bytes([IAC, WILL, AUTH]))

    def say(self, code, params=b""):
        self.send(bytes([IAC, SB, OPTION, code]) + params.replace(b"\xff", b"\xff\xff")
                  + bytes([IAC, SE]))

    def option(self, verb, number):
        super().option(verb, number)
        if verb == DO and number in (0, 3):
            self.send(bytes([IAC, WILL, number]))
        elif verb == WILL and number in (0, 1, 3):
            self.send(bytes([IAC, DO, number]))
        elif verb == DO and number == OPTION:
            self.send(bytes([IAC, WILL, OPTION]))
            self.introduce()

    def introduce(self):
        if self.introduced:
            return
        self.introduced = True
        self.say(KNOWN_1, self.known)
        if self.blob:
            self.say(PEER, self.blob)
        else:
            self.say(DO_PROXY, b"S" + self.service.encode())

    def suboption(self, sub):
        super().suboption(sub)
        if sub[0] == AUTH:
            self.authenticate(sub[1:])
            return
        if sub[0] != OPTION:
            return
        answers = {
            NAME: self.name.encode(), VC_UUID: uuid_text(self.number),
            BIOS_UUID: uuid_text(self.number + 1), LOCATION_UUID: uuid_text(self.number + 2),
        }
        if sub[1] - 1 in answers:
            self.say(sub[1] - 1, answers[sub[1] - 1])

    def authenticate(self, said):
        if said == bytes([1, 7, 0]) and self.upgrade:
            self.send(bytes([IAC, SB, AUTH, 0, 7, 0, 1, IAC, SE]))
        elif said == bytes([2, 7, 0, 2]):
            self.socket = self.upgrade.wrap_socket(self.socket, server_hostname="localhost")
        else:
            self.send(bytes([IAC, SB, AUTH, 0, 0, 0, IAC, SE]))

    def got(self, code):
        """The parameters of the messages CODE that have come."""
        return [sub[2:] for sub in self.subs if sub[0] == OPTION and sub[1] == code]

    def answer(self, code):
        return self.until(lambda: self.got(code), f"message {code} comes")[-1]

    def up(self):
        """Waits until the concentrator has accepted it."""
        self.answer(PEER_OK if self.blob else WILL_PROXY)
        return self


class Viewer(Telnet):
    """Somebody at a terminal."""

    def option(self, verb, number):
        super().option(verb, number)
        if verb == WILL:
            self.send(bytes([IAC, DO, number]))
        elif verb == DO and number == 0:
            self.send(bytes([IAC, WILL, number]))

    def see(self, name):
        self.wants(b"): ")
        self.type(name.encode() + b"\r")
        self.wants(name.encode() + b"\r\n")
        return self


def certificates(folder):
    """Makes those of tests/unit/certificates, which everybody may read."""
    subprocess.run([os.path.join(os.path.dirname(os.path.abspath(__file__)), "../unit/certificates"),
                    folder], check=True)
    os.chmod(folder, 0o755)
    for name in os.listdir(folder):
        os.chmod(f"{folder}/{name}", 0o644)


def thumbprint(folder):
    """The server's, as openssl prints it."""
    done = subprocess.run(["openssl", "x509", "-in", f"{folder}/server.pem", "-noout",
                           "-fingerprint", "-sha256"], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip().split("=")[1]


def client_context(folder, name=None):
    context = ssl.create_default_context(cafile=f"{folder}/ca.pem")
    if name:
        context.load_cert_chain(f"{folder}/{name}.pem")
    return context


def listed(text, name):
    """How the port NAME stands in a listing."""
    found = re.search(rf"^  {re.escape(name)} +(.*?)\r$", text, flags=re.M)
    return found and found.group(1)
