#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a script of tests/module while memory runs out now and then.

usage: tests/debug/starve.py SCRIPT

Of the script's system calls that reach the module every EVERYth has one of its
allocations fail, by turns an early and a late one.  All others are spared, so
that it is the module that starves and not the interpreter.
"""
import fcntl
import functools
import itertools
import os
import runpy
import sys
import termios

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(1, os.path.join(HERE, "..", "module"))
# pylint: disable=wrong-import-position
import failslab
import genl

#: A request makes up to 200 allocations, a read(2) none or two.
EVERY, WHICH = 5, itertools.cycle((1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144))
PLACES = ("/dev/vserial/", "/dev/ttyVS", "/sys/bus/vserial/")

_calls = itertools.count(1)
#: The descriptors that are the module's.
_ours = set()


def starving(function):
    @functools.wraps(function)
    def call(*args, **kwargs):
        if next(_calls) % EVERY:
            return function(*args, **kwargs)
        with failslab.Nth(next(WHICH)):
            return function(*args, **kwargs)
    return call


def of_ours(function):
    """A function whose first argument is a file; starves if that is the module's."""
    starved = starving(function)

    @functools.wraps(function)
    def call(file, *args):
        fd = file if isinstance(file, int) else file.fileno()
        return (starved if fd in _ours else function)(file, *args)
    return call


def opener(function):
    starved = starving(function)

    @functools.wraps(function)
    def call(path, *args, **kwargs):
        if not str(path).startswith(PLACES):
            return function(path, *args, **kwargs)
        fd = starved(path, *args, **kwargs)
        _ours.add(fd)
        return fd
    return call


def closer(function):
    starved = of_ours(function)

    def call(fd):
        starved(fd)
        _ours.discard(fd)
    return call


os.open, os.close = opener(os.open), closer(os.close)
for module, names in ((os, ("read", "write")), (fcntl, ("ioctl",)),
                      (termios, ("tcsetattr", "tcdrain", "tcflush", "tcsendbreak"))):
    for name in names:
        setattr(module, name, of_ours(getattr(module, name)))
genl.Client.raw = starving(genl.Client.raw)
sys.argv = sys.argv[1:]
sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[0]))
runpy.run_path(sys.argv[0], run_name="__main__")
