# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs vseriald, as a service manager does or without one."""
import contextlib
import fcntl
import os
import signal
import socket
import subprocess

from lib import PATIENCE, equal, expect, later, read_file, scratch, wait_for


class Daemon:
    """A running vseriald; ends when the test does."""

    def __init__(self, managed=False, prefix=(), **settings):
        self.directory = scratch()
        os.chmod(self.directory, 0o755)
        self.prefix = prefix
        self.conf = f"{self.directory}/conf"
        self.log = f"{self.directory}/log"
        with open(self.conf, "w", encoding="ascii") as f:
            f.writelines(f"{name.replace('_', '-')} = {value}\n"
                         for name, value in settings.items())
        self.process = None
        self.manager = Manager(self) if managed else None
        self.start()
        later(self.stop)

    def start(self):
        command = [*self.prefix, "vseriald", "--debug", f"--config={self.conf}"]
        options = {"stdin": subprocess.DEVNULL}
        if self.manager:
            # The shell is the daemon's process, whose number it has to be told.
            command = ["sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", *command]
            options.update(env=self.manager.environment(), close_fds=False,
                           preexec_fn=self.manager.hand_out)
        with open(self.log, "ab") as log:
            log.truncate(0)
            self.process = subprocess.Popen(command, stdout=log, stderr=log, **options)
        wait_for(lambda: "serving" in self.said() or self.process.poll() is not None,
                 "the daemon serves")
        expect(self.process.poll() is None, f"the daemon ended: {self.said()}")
        if self.manager:
            self.manager.started()

    def restart(self):
        """As `systemctl restart` does it."""
        self.process.terminate()
        # A queue of datagrams is short.
        wait_for(lambda: self.manager.drain() or self.process.poll() is not None,
                 "the daemon ends")
        self.manager.drain()
        equal(self.process.returncode, 0, "the daemon's exit status")
        expect(self.manager.kept, "it has kept nothing")
        self.start()

    def said(self):
        return read_file(self.log)

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.manager:
            # Nobody is to be asked to keep anything.
            self.manager.sock.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        status = self.process.wait(PATIENCE)
        expect(not status, f"the daemon's exit status is {status}: {self.said()}")

    def status(self, name):
        """A field of /proc/PID/status."""
        for line in read_file(f"/proc/{self.process.pid}/status").splitlines():
            key, _, value = line.partition(":")
            if key == name:
                return value.strip()
        raise AssertionError(f"there is no {name}")


class Manager:
    """Plays the service manager: keeps descriptors from one daemon to the next."""

    def __init__(self, daemon):
        self.path = f"{daemon.directory}/notify"
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(self.path)
        os.chmod(self.path, 0o777)
        self.sock.settimeout(PATIENCE)
        later(self.sock.close)
        #: descriptors and their names
        self.kept = []

    def pump(self, until):
        """Takes messages until one has a field."""
        while True:
            data, fds, _, _ = socket.recv_fds(self.sock, 4096, 8)
            fields = data.decode().split("\n")
            name = [f.partition("=")[2] for f in fields if f.startswith("FDNAME=")]
            if "FDSTORE=1" in fields:
                os.set_inheritable(fds[0], False)
                self.kept.append((fds[0], name[0]))
            if "FDSTOREREMOVE=1" in fields:
                for fd in [fd for fd, kept in self.kept if kept == name[0]]:
                    os.close(fd)
                self.kept = [k for k in self.kept if k[1] != name[0]]
            if until(fields):
                return

    def drain(self):
        """Takes the messages that are there."""
        self.sock.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            self.pump(lambda fields: False)
        self.sock.settimeout(PATIENCE)

    def hand_out(self):
        """What the daemon's child does before it becomes the daemon."""
        # Out of the way of where they are to be.
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 1000) for fd, _ in self.kept]
        for i, fd in enumerate(high):
            os.dup2(fd, 3 + i, inheritable=True)

    def environment(self):
        environment = dict(os.environ, NOTIFY_SOCKET=self.path)
        if self.kept:
            environment.update(LISTEN_FDS=str(len(self.kept)),
                               LISTEN_FDNAMES=":".join(name for _, name in self.kept))
        return environment

    def started(self):
        """Waits until the daemon is ready and wants nothing kept any more."""
        self.pump(lambda fields: "READY=1" in fields)
        while self.kept:
            self.pump(lambda fields: "FDSTOREREMOVE=1" in fields)
