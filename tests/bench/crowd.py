#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Measures many ports at once: what a byte costs, what they do idle, what they keep.

usage: tests/bench/crowd.py [WORD…]

Runs where a nanosecond is an instruction.  1, 100 and 1,000 ports are each open, as a
VMM has them, and have a TCP client: served by one vseriald, or ptys with one ser2net.
A byte's cost is all that the processor does for writes by turns at all ports, until
the last one has arrived.  Idle is ten minutes in which nobody writes anything, of a
thousand ports, beside which "no ports" is the VM alone.  Memory is what the program
has for itself, and what the kernel holds but for caches, both ends of a connection
included.  All figures go to $RESULTS/crowd-KERNEL.json.
"""
# vm: --icount --no-daemon
import contextlib
import os
import pty
import resource
import socket
import statistics
import sys
import time
import tty

from common import (METER, RESULTS, Results, batch, busy, chosen, device, keep_free_pages,
                    kernel_memory, listening, memory_of, meter, need, prepare_network, running,
                    set_sysctl, wait_connected, wait_for)
from network import HOST, number, settle, vseriald

MANY = (1, 100, 1000)
ROUNDS = 2
GUEST_PORTS = 32
# Bytes a write and writes a port.
SIZE, WRITES = 64, 16
# Idle, in seconds.
SPAN = 600


def settled(pid):
    """What a process, if any, and the kernel have when that no longer changes, in KiB."""
    last = None
    while True:
        time.sleep(5)
        now = memory_of(pid) if pid else 0, kernel_memory()
        if last and all(abs(a - b) < 64 for a, b in zip(now, last)):
            return now
        last = now


# Who serves ports: the program's process, what it and the kernel had before, and each
# port's end and number.

@contextlib.contextmanager
def vserial(count):
    ports = [(f'many{i // GUEST_PORTS}/{i % GUEST_PORTS}', number()) for i in range(count)]
    guests = sorted({port.split('/')[0] for port, _ in ports})
    with vseriald() as daemon:
        # It is up when the first port listens, which is none of those that count.
        batch(['guest add first ports 1', f'port set first/0 backing tcp4://:{number()}',
               'port connect first/0'])
        wait_connected('first/0', 'listening')
        before = settled(daemon.pid)
        batch([f'guest add {guest} ports {GUEST_PORTS}' for guest in guests] +
              [f'port set {port} backing tcp4://:{to} stall-limit 0' for port, to in ports])
        fds = [os.open(device(port), os.O_RDWR | os.O_NOCTTY) for port, _ in ports]
        for port, _ in ports:
            wait_connected(port, 'listening')
        try:
            yield daemon.pid, before, list(zip(fds, (to for _, to in ports)))
        finally:
            for fd in fds:
                os.close(fd)
            batch(f'guest del {guest} force' for guest in [*guests, 'first'])


@contextlib.contextmanager
def ser2net(count):
    before = settled(None)
    ports = [(*pty.openpty(), number()) for _ in range(count)]
    with open('/run/ser2net.yaml', 'w', encoding='ascii') as conf:
        for i, (_, slave, to) in enumerate(ports):
            tty.setraw(slave)
            conf.write(f'connection: &c{i}\n  accepter: "tcp,{HOST},{to}"\n'
                       f'  options:\n    banner: ""\n'
                       f'  connector: serialdev,{os.ttyname(slave)},local\n')
    try:
        with running('ser2net', '-n', '-c', '/run/ser2net.yaml') as relay:
            wanted = {to for _, _, to in ports}
            wait_for(lambda: wanted <= listening(), 'ser2net listens')
            yield relay.pid, before, [(master, to) for master, _, to in ports]
    finally:
        for master, slave, _ in ports:
            os.close(master)
            os.close(slave)


WHO = {'vserial': vserial, 'pty, ser2net': ser2net}


# Idle.

def switches(pid):
    """How often the threads of a process have been given a processor, or none if 0."""
    count = 0
    for task in os.listdir(f'/proc/{pid}/task') if pid else ():
        with open(f'/proc/{pid}/task/{task}/status', encoding='ascii') as status:
            count += sum(int(line.split()[1]) for line in status
                         if 'voluntary_ctxt_switches' in line)
    return count


def interrupts():
    """How often the processor's timer has gone off."""
    with open('/proc/interrupts', encoding='ascii') as handle:
        return next(int(line.split()[1]) for line in handle if line.split()[0] == 'LOC:')


def idle(results, what, who, pid, ours):
    """Takes what happens while nothing does; returns that, for others to compare with."""
    def now():
        return switches(pid), interrupts(), busy()

    before = now()
    time.sleep(SPAN)
    values = [(b - a) * 60 / SPAN for a, b in zip(before, now())]
    for figure, value, our in zip(('wake-ups of the program', "the processor's timer",
                                   'instructions'), values, ours or (None,) * 3):
        if pid or not figure.startswith('wake-ups'):
            results.take(f'crowd: {what}, idle, {figure}', who, 'minute', value, our)
    return values


class Figures:
    """Those of one who serves ports; OURS are vserial's, or None."""

    def __init__(self, results, who, ours):
        self._results = results
        self._who = who
        self._ours = ours
        self.values = {}

    def memory(self, what, before, now, count):
        for where, a, b in zip(('program', 'kernel'), before, now):
            self.take(f'{what}, memory of the {where}', 'KiB', (b - a) / count)

    def idle(self, what, pid):
        self.values[what] = idle(self._results, what, self._who, pid,
                                 self._ours and self._ours.values[what])

    def take(self, name, unit, value):
        self.values[name] = value
        self._results.take(f'crowd: {name}', self._who, unit, value,
                           self._ours and self._ours.values[name])


def measure(figures, who, count):
    with who(count) as (pid, before, pairs):
        most = count == MANY[-1]
        if most:
            made = settled(pid)
            figures.memory('a port that listens', before, made, count)
            figures.idle(f'{count:,} ports that listen', pid)
        socks = [socket.create_connection((HOST, to)) for _, to in pairs]
        for (fd, _), sock in zip(pairs, socks):
            settle(f'fd:{fd}', sock)
        if most:
            figures.memory('a connection', made, settled(pid), count)
            figures.idle(f'{count:,} connections', pid)
        fds = [fd for (near, _), sock in zip(pairs, socks) for fd in (near, sock.fileno())]
        ends = [f'fd:{fd}' for fd in fds]
        figures.take(f'{count:,} busy port{"s" * (count > 1)}, {SIZE}-byte writes', 'byte',
                     statistics.median(meter('spread', SIZE, WRITES, *ends, fds=fds)['busy'] /
                                       (count * SIZE * WRITES) for _ in range(ROUNDS)))
        for sock in socks:
            sock.close()


def main():
    need(METER, RESULTS)
    if not chosen('crowd'):
        return 0
    prepare_network()
    resource.setrlimit(resource.RLIMIT_NOFILE, (65536, 65536))
    set_sysctl('kernel/pty/max', 2 * MANY[-1])
    keep_free_pages()
    results = Results('crowd')
    idle(results, 'no ports', 'the VM alone', 0, None)
    for count in MANY:
        ours = None
        for name, who in WHO.items():
            figures = Figures(results, name, ours)
            measure(figures, who, count)
            ours = ours or figures
    results.keep()
    return 0


if __name__ == '__main__':
    sys.exit(main())
