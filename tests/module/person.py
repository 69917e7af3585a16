# SPDX-License-Identifier: GPL-2.0-or-later
"""Somebody else: a process with credentials of its own that does what it is told.

    with Person(uid=1000, namespace=True) as p:
        p.call(os.open, "/dev/vserial/web01/0", os.O_RDWR)

The process is forked once and becomes who it is to be; then it carries out
functions and answers what they return or raise.
"""
import ctypes
import os
import pickle
import signal
import socket
import struct

from lib import expect, later, scratch

CAP_SYS_ADMIN = 21
CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x20000, 0x10000000, 0x40000000
SYS_PIDFD_GETFD = 438
PR_SET_DUMPABLE, PR_SET_KEEPCAPS = 4, 8
CAPABILITY_VERSION = 0x20080522
MS_NOSUID, MS_NOEXEC, MS_NODEV = 2, 8, 4

_libc = ctypes.CDLL(None, use_errno=True)


def _system(name, *args):
    """Calls libc; raises OSError."""
    if getattr(_libc, name)(*args):
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def _write(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


def _have_capabilities(mask):
    """Has the capabilities of @mask, effective and permitted, and no others."""
    header = struct.pack("=Ii", CAPABILITY_VERSION, 0)
    low, high = mask & 0xffffffff, mask >> 32
    _system("capset", header, struct.pack("=6I", low, low, 0, high, high, 0))


def _all_capabilities():
    with open("/proc/self/status", encoding="ascii") as f:
        return next(int(line.split()[1], 16) for line in f if line.startswith("CapEff:"))


class Person:
    """Somebody.

    uid, gid     who; 0 keeps root
    caps         a mask of capabilities; None: those that go with uid
    without      a mask of capabilities that are taken away from those
    namespace    is root of a user namespace of its own that knows only uid
    network      has a network namespace of its own as well, and a fresh sysfs
    """

    def __init__(self, uid=0, gid=0, caps=None, without=0, namespace=False, network=False):
        # mounting is done where the person cannot make directories
        self.sysfs = scratch() if network else "/sys"
        if network:
            os.chmod(self.sysfs, 0o755)
        self._mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.pid = os.fork()
        if not self.pid:
            self._live(theirs, lambda: self._become(uid, gid, caps, without, namespace, network))
        theirs.close()
        later(self.end)
        self._answer()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        if self.pid:
            self._mine.close()
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = 0

    def call(self, function, *args):
        """Has a function of a module called there; returns or raises what it does."""
        self._mine.send(pickle.dumps((function, args)))
        return self._answer()

    def hand(self, fd):
        """Gives a copy of an open file; returns its number there."""
        socket.send_fds(self._mine, [pickle.dumps(None)], [fd])
        return self._answer()

    def fetch(self, fd):
        """The other way: a copy of a file that is open there; the caller closes it."""
        pidfd = os.pidfd_open(self.pid)
        try:
            here = _libc.syscall(SYS_PIDFD_GETFD, pidfd, fd, 0)
        finally:
            os.close(pidfd)
        if here < 0:
            raise OSError(ctypes.get_errno(), f"pidfd_getfd {fd}")
        return here

    def _answer(self):
        data = self._mine.recv(1 << 18)
        expect(data, f"process {self.pid} ended")
        good, value = pickle.loads(data)
        if not good:
            raise value
        return value

    def _become(self, uid, gid, caps, without, namespace, network):
        if uid:
            if caps:
                _system("prctl", PR_SET_KEEPCAPS, 1, 0, 0, 0)
            os.setgroups([])
            os.setresgid(gid, gid, gid)
            os.setresuid(uid, uid, uid)
            # else its /proc/self belongs to root
            _system("prctl", PR_SET_DUMPABLE, 1, 0, 0, 0)
        if caps is not None or without:
            _have_capabilities((_all_capabilities() if caps is None else caps) & ~without)
            _system("prctl", PR_SET_DUMPABLE, 1, 0, 0, 0)
        if not namespace:
            return
        _system("unshare", CLONE_NEWUSER | ((CLONE_NEWNET | CLONE_NEWNS) if network else 0))
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"0 {uid} 1\n")
        _write("/proc/self/gid_map", f"0 {gid} 1\n")
        expect(os.getuid() == 0 and _all_capabilities() & 1 << CAP_SYS_ADMIN,
               "root of the user namespace is none")
        if network:
            _system("mount", b"sysfs", self.sysfs.encode(), b"sysfs",
                    MS_NOSUID | MS_NOEXEC | MS_NODEV, None)

    @staticmethod
    def _live(conversation, become):
        """The other process; never returns."""
        try:
            _reply(conversation, become)
            while True:
                data, fds, _, _ = socket.recv_fds(conversation, 1 << 18, 1)
                if not data:
                    break
                if fds:
                    _reply(conversation, lambda fds=fds: fds[0])
                    continue
                function, args = pickle.loads(data)
                _reply(conversation, lambda f=function, a=args: f(*a))
        finally:
            # not the way of the tests, which undoes what they registered
            os._exit(0)


def _reply(conversation, function):
    try:
        answer = True, function()
    except BaseException as e:      # pylint: disable=broad-except
        answer = False, e
    try:
        data = pickle.dumps(answer)
    except Exception:               # pylint: disable=broad-except
        data = pickle.dumps((False, AssertionError(repr(answer))))
    conversation.send(data)
