# SPDX-License-Identifier: GPL-2.0-or-later
"""Loads and unloads the module that $VSERIAL_KO names."""
import contextlib
import ctypes
import os

from lib import Skip, equal, forget_client, later


def loaded():
    return os.path.isdir("/sys/module/vserial")


def system_call(number, *args):
    """0 or an errno."""
    libc = ctypes.CDLL(None, use_errno=True)
    return ctypes.get_errno() if libc.syscall(number, *args) else 0


def rmmod():
    """What rmmod does; 0 or an errno.  176 is delete_module(2)."""
    return system_call(176, b"vserial", os.O_NONBLOCK)


def load(parameters=b"", during=contextlib.nullcontext()):
    """What insmod does; 0 or an errno.  313 is finit_module(2), the block DURING is
    around nothing else."""
    fd = os.open(os.environ["VSERIAL_KO"], os.O_RDONLY | os.O_CLOEXEC)
    try:
        with during:
            return system_call(313, fd, parameters, 0)
    finally:
        os.close(fd)


def insmod(parameters=b""):
    """Loads the module, if need be."""
    if not loaded():
        equal(load(parameters), 0, "the errno of insmod")


def may_unload():
    """The test unloads the module; it is there again in the end."""
    if not os.environ.get("VSERIAL_KO"):
        raise Skip("VSERIAL_KO does not name the module's file")
    later(insmod)
    forget_client()
