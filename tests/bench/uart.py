#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Measures a UART behind a port against what else brings it to a program.

usage: tests/bench/uart.py [WORD…]

    meter -- port, or relay -- ttyS1 -- 8250 -- cable -- 8250 -- ttyS2 -- meter

Runs where an instruction is a nanosecond, as network.py does; WORDs choose the
figures whose names have one of them.  What is counted is all that the processor
did, for both UARTs, too: "no relay" is a program that has ttyS1 open itself, "at once"
is ser2net without the wait in which it gathers what a UART receives.  All figures go to
$RESULTS/uart-KERNEL.json.
"""
# vm: --icount --no-daemon --append 8250.nr_uarts=4
# vm: --qemu "-chardev socket,id=u1,path={vm}/u1,server=on,wait=off -serial chardev:u1"
# vm: --qemu "-chardev socket,id=u2,path={vm}/u1 -serial chardev:u2"
import contextlib
import os
import pty
import statistics
import sys
import termios
import tty

from common import (METER, RESULTS, Results, chosen, ctl, device, listens, meter, need,
                    prepare_network, running, wait_connected, wait_for)
from network import HOST, call, figures, number

NEAR, FAR = '/dev/ttyS1', '/dev/ttyS2'
ROUNDS = 3
# At 115,200 baud these take three seconds and one.
BULK = 8 * 4096
SINGLE = 1024
ECHOES = 100


def uart(path):
    """Opens a UART as it is wanted: raw, at 115,200 baud, waiting for no carrier."""
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    tty.setraw(fd)
    settings = termios.tcgetattr(fd)
    settings[2] |= termios.CLOCAL
    settings[4] = settings[5] = termios.B115200
    termios.tcsetattr(fd, termios.TCSANOW, settings)
    os.set_blocking(fd, True)
    return fd


# Who has ttyS1: what the meter is given instead.

@contextlib.contextmanager
def alone():
    fd = uart(NEAR)
    try:
        yield fd
    finally:
        os.close(fd)


@contextlib.contextmanager
def vserial():
    ctl('guest', 'add', 'bench', 'ports', 1)
    try:
        ctl('port', 'set', 'bench/0', 'backing', f'uart:{NEAR}', 'history', 0, 'stall-limit', 0)
        fd = uart(device('bench/0'))
        try:
            wait_connected('bench/0')
            yield fd
        finally:
            os.close(fd)
    finally:
        ctl('guest', 'del', 'bench', 'force')


def opened(path):
    """Has any process this device open?"""
    number_of = os.stat(path).st_rdev
    for pid in filter(str.isdigit, os.listdir('/proc')):
        with contextlib.suppress(OSError):
            if any(os.stat(f'/proc/{pid}/fd/{fd}').st_rdev == number_of
                   for fd in os.listdir(f'/proc/{pid}/fd')):
                return True
    return False


@contextlib.contextmanager
def socat():
    near, far = pty.openpty()
    tty.setraw(far)
    try:
        with running('socat', '-b', '65536', f'FILE:{os.ttyname(far)},raw,echo=0',
                     f'FILE:{NEAR},b115200,raw,echo=0,clocal=1'):
            wait_for(lambda: opened(NEAR), f'socat has {NEAR}')
            yield near
    finally:
        os.close(near)
        os.close(far)


def ser2net(waits):
    """WAITS, as it does by default, for two characters' time and a millisecond at least."""
    @contextlib.contextmanager
    def run():
        to = number()
        with open('/run/ser2net.yaml', 'w', encoding='ascii') as conf:
            conf.write(f'connection: &c\n  accepter: "tcp,{HOST},{to}"\n  options:\n'
                       f'    banner: ""\n    chardelay: {str(waits).lower()}\n'
                       f'  connector: serialdev,{NEAR},115200n81,local\n')
        with running('ser2net', '-n', '-c', '/run/ser2net.yaml'):
            wait_for(lambda: listens(to), 'ser2net listens')
            with call('tcp', to) as sock:
                wait_for(lambda: opened(NEAR), f'ser2net has {NEAR}')
                yield sock.fileno()
    return run


WHO = {'vserial': vserial, 'no relay': alone, 'pty, socat': socat,
       'TCP, ser2net': ser2net(True), 'TCP, ser2net at once': ser2net(False)}


def measure(who, far, words):
    with WHO[who]() as near:
        ends = {'@near': f'fd:{near}', '@far': f'fd:{far}'}
        return meter(*(ends.get(w, w) for w in words), fds=(near, far))['busy']


def main():
    need(METER, RESULTS)
    prepare_network()
    results = Results('uart')
    far = uart(FAR)
    for name, unit, per, words in figures(BULK, SINGLE, ECHOES):
        name = f'uart: {name}'
        if not chosen(name):
            continue
        ours = None
        for who in WHO:
            value = statistics.median(measure(who, far, words) / per for _ in range(ROUNDS))
            results.take(name, who, unit, value, ours)
            ours = ours or value
    results.keep()
    return 0


if __name__ == '__main__':
    sys.exit(main())
