# SPDX-License-Identifier: GPL-2.0-or-later
"""What stands at the far ends of ports' cables, and what it has of their output.

tend() is called again and again; leave() when the port has another backing;
done() says whether everything that it was given has been accounted for.
"""
import contextlib
import os
import re
import socket
import time

from lib import wait_for
from sinks import Plain, Sink, Tls

#: What the daemon's settings have it do before it dials again, in seconds.
AGAIN = 0.05


class FarEnd:
    """One of them.  LINE is whose, SPEC the port's backing, SETTINGS what belongs to it."""

    def __init__(self, line, spec, **settings):
        self.line, self.settings = line, {"backing": spec, **settings}
        self.left = False

    def __str__(self):
        return self.settings["backing"]

    def reader(self, **kwargs):
        return self.line.reader(f"{self.line.name} at {self}", **kwargs)

    def tend(self):
        pass

    def leave(self):
        self.left = True

    def done(self):
        return True

    def fast(self):
        """Whoever is slow is so no more."""

    def begin_account(self):
        """All that has come is settled."""

    def cut_off(self):
        """The daemon is dead; whether all that has come is entered now."""
        return self.left

    def twin(self):
        """What the settings are where its guest moves to."""
        return self.settings

    def moved(self, settings):
        """Its guest is there now, and so are the SETTINGS."""
        self.settings = settings


class Null(FarEnd):
    """Discards all."""

    def __init__(self, line):
        super().__init__(line, "null")


class File(FarEnd):
    """A file, rotated by size or by whoever renames it."""

    _number = 0

    def __init__(self, line, folder, rotated):
        File._number += 1
        self._path = f"{folder}/{File._number}"
        self._rotated = rotated
        keys = "#max-size=64K&keep=99" if rotated else ""
        super().__init__(line, f"file:{self._path}{keys}")
        self._reader = self.reader()
        self._renamed = 0

    def rename(self):
        """As logrotate does it; what is written goes on in a new one."""
        if self._rotated or self.left:
            return False
        with contextlib.suppress(FileNotFoundError):
            os.rename(self._path, f"{self._path}.old{self._renamed}")
            self._renamed += 1
            return True
        return False

    def twin(self):
        File._number += 1
        path = f"{os.path.dirname(self._path)}/{File._number}"
        return {"backing": self.settings["backing"].replace(self._path, path)}

    def moved(self, settings):
        self._read(False)
        super().moved(settings)
        self._path = re.match("file:([^#]*)", settings["backing"])[1]
        self._renamed = 0

    def _files(self):
        """The oldest first."""
        folder, name = os.path.split(self._path)
        there = set(os.listdir(folder))
        old = [f"{name}.old{k}" for k in range(self._renamed)]
        numbers = sorted((int(n[len(name) + 1:]) for n in there
                          if re.fullmatch(rf"{name}\.\d+", n)), reverse=True)
        return [f"{folder}/{n}" for n in (*old, *(f"{name}.{k}" for k in numbers), name)
                if n in there]

    def _read(self, forget):
        """Reads all, which nobody writes to; FORGET says that none of it is needed again."""
        for path in self._files():
            with open(path, "rb") as f:
                self._reader.feed(f.read())
            os.unlink(path)
        if forget:
            self._reader.end()

    def leave(self):
        super().leave()
        self._read(True)

    def done(self):
        """Called only while nothing is written."""
        self._read(self.left)
        return True


class Sockets(FarEnd):
    """Whoever is connected."""

    def __init__(self, line, spec, wrap=Plain, **settings):
        super().__init__(line, spec, **settings)
        self._wrap = wrap
        self.sinks = []
        #: whether a new one reads slowly
        self.slow = False
        self._quiet = 0

    def _add(self, sock):
        if sock.family == socket.AF_INET:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        sink = Sink(self._wrap(sock), self.reader())
        sink.slow = self.slow
        self.sinks.append(sink)
        if self._wrap is Plain:
            self.line.typist_comes(self, sink)

    def tend(self):
        for sink in self.sinks:
            sink.pump()
        for sink in [sink for sink in self.sinks if sink.ended]:
            self._gone(sink)

    def _gone(self, sink):
        self.sinks.remove(sink)
        self.line.lost(sink.got)
        self.line.typist_goes(sink)
        self._quiet = time.monotonic() + AGAIN

    def may_come(self):
        return not self.left and not self.sinks and time.monotonic() > self._quiet

    def kill(self):
        """Ends one of them; whether there was one."""
        if not self.sinks:
            return False
        self.sinks[0].kill()
        self._gone(self.sinks[0])
        return True

    def make_slow(self):
        self.slow = True
        for sink in self.sinks:
            sink.slow = True

    def fast(self):
        self.slow = False
        for sink in self.sinks:
            sink.slow = False

    def begin_account(self):
        for sink in self.sinks:
            sink.got = 0

    def cut_off(self):
        for sink in list(self.sinks):
            sink.slow = False
            wait_for(lambda s=sink: s.pump() or s.ended, f"{self}: the end of a connection")
            self._gone(sink)
        return True

    def done(self):
        """One that was left lets its peers go."""
        return not (self.left and self.sinks)


class Server(Sockets):
    """The port listens at an ADDRESS, where somebody calls."""

    def __init__(self, line, spec, address, family=socket.AF_INET, **kwargs):
        super().__init__(line, spec, **kwargs)
        self._address, self._family = address, family

    def tend(self):
        super().tend()
        if not self.may_come():
            return
        sock = socket.socket(self._family)
        # It is of this host: there is nothing to wait for.
        sock.settimeout(1)
        try:
            sock.connect(self._address)
            self._add(sock)
        except OSError:
            # Nobody listens now.
            sock.close()
            self._quiet = time.monotonic() + AGAIN


class Client(Sockets):
    """The port dials; somebody listens."""

    def __init__(self, line, spec, address, family=socket.AF_INET, **kwargs):
        super().__init__(line, spec, **kwargs)
        self._listening = socket.socket(family)
        self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listening.bind(address)
        if family == socket.AF_UNIX:
            os.chmod(address, 0o666)
        self._listening.listen(5)
        self._listening.setblocking(False)

    def tend(self):
        super().tend()
        if not self.left:
            self._accept()

    def _accept(self):
        with contextlib.suppress(BlockingIOError):
            while True:
                self._add(self._listening.accept()[0])

    def leave(self):
        # Who has called has been given bytes, too.
        self._accept()
        self._listening.close()
        super().leave()

    def cut_off(self):
        if not self.left:
            self._accept()
        return super().cut_off()


class Concentrator(FarEnd):
    """A vserial-vspc, which keeps what it is given in a file."""

    def __init__(self, line, concentrator, folder):
        super().__init__(line, "service", proxy=f"telnet://127.0.0.1:{concentrator.port}")
        self._folder = folder
        self._at = {}
        # A port that comes again goes on in the same file.
        for path in self._paths():
            self._at[path] = os.path.getsize(path)
        self._reader = self.reader(again=True)
        self._log = open(concentrator.log, encoding="utf-8")  # pylint: disable=consider-using-with
        self._log.seek(0, os.SEEK_END)
        self._half = ""
        #: connections that are there; bytes since the last account
        self._links = set()
        self._got = 0

    def _paths(self):
        """Its files: it has the name that its guest came with first."""
        return [f"{self._folder}/{name}" for name in os.listdir(self._folder)
                if name.startswith(f"{self.line.name}-")]

    def _read(self):
        for path in self._paths():
            with open(path, "rb") as f:
                f.seek(self._at.setdefault(path, 0))
                data = f.read()
            self._at[path] += len(data)
            self._got += len(data)
            self._reader.feed(data)

    def tend(self):
        # What came over a connection is in the file before its end is told.
        *said, self._half = (self._half + self._log.read()).split("\n")
        self._read()
        for text in said:
            if link := re.search(f" {self.line.name}-.*: connected from (.*)", text):
                self._links.add(link[1])
            elif link := re.search(f" {self.line.name}-.*: (.*) is gone: ", text):
                self._links.discard(link[1])
                self.line.lost(self._got)

    def cut_off(self):
        wait_for(lambda: self.tend() or not self._links, f"{self}: the end of a connection")
        return True

    def done(self):
        far = self.line.far
        # One that was left may have seen the connections of its successor.
        stay = far._links if isinstance(far, Concentrator) else set()
        return not self.left or self._links <= stay

    def begin_account(self):
        self._got = 0


class Cable(FarEnd):
    """Another port, over a null modem; what the one writes the other's guest reads."""

    def __init__(self, line, name, near):
        super().__init__(line, f"pipe:{name}{near}")

    def cut_off(self):
        # The other guest has yet to read it.
        return False


def with_tls(context, server_side):
    """A socket with TLS, as that context has it."""
    return lambda sock: Tls(sock, context, server_side)
