#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Measures a thousand ports behind one concentrator; prints a line a figure.

usage: tests/bench/vspc.py [WORD…]     nothing, if no WORD is in "concentrator"

Runs where a nanosecond is an instruction, with
vseriald and vserial-vspc, which writes what it gets into files, on one processor.
A time to connect begins when the first port is opened, or when the concentrator
that was killed is there again.  What a byte costs is what the two programs took on
the processor, kernel included, from its write to its being in its file.
All figures go to $RESULTS/vspc-KERNEL.json.
"""
# vm: --icount
import glob
import os
import resource
import subprocess
import sys
import tempfile
import time

from common import (RESULTS, Results, batch, busy_of, chosen, device, need, state,
                    wait_connected, wait_for)

PORTS = 1000
GUEST_PORTS = 32
PORT = 13370
#: Name, bytes a write, writes a port.
LOADS = (('single lines', 64, 16), ('4 KiB writes', 4096, 4))


def read(path):
    with open(path, encoding='ascii') as handle:
        return handle.read()


class Concentrator:
    """A running vserial-vspc, with a file for each port."""

    def __init__(self, place):
        self.folder = f'{place}/logs'
        os.mkdir(self.folder)
        self._conf = f'{place}/conf'
        with open(self._conf, 'w', encoding='ascii') as handle:
            handle.write(f'listen = telnet://127.0.0.1:{PORT}\nlog-folder = {self.folder}\n')
        self.start()

    def start(self):
        # What it says of each connection is kept with the figures.
        with open(f'{RESULTS}/vserial-vspc.log', 'a', encoding='utf-8') as log:
            self._process = subprocess.Popen(
                ['vserial-vspc', f'--config={self._conf}', '--user='],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.pid = self._process.pid

    def kill(self):
        self._process.kill()
        self._process.wait()

    def has(self):
        """How many bytes it has."""
        return sum(os.path.getsize(path) for path in glob.glob(f'{self.folder}/*'))


def make_ports():
    """Their names."""
    names = [f'vspc{i // GUEST_PORTS}/{i % GUEST_PORTS}' for i in range(PORTS)]
    batch([f'guest add vspc{i} ports {GUEST_PORTS}' for i in range(-(-PORTS // GUEST_PORTS))] +
          [f'port set {name} proxy telnet://127.0.0.1:{PORT} backing service-{name} '
           'stall-limit 0' for name in names])
    return names


def measure(results, concentrator, daemon):
    def take(figure, who, unit, value):
        results.take(f'{PORTS:,} ports, one concentrator: {figure}', who, unit, value)

    def busy():
        return busy_of(daemon), busy_of(concentrator.pid)

    def take_busy(figure, unit, before, count):
        for who, now, then in zip(('vseriald', 'vserial-vspc'), busy(), before):
            take(figure, who, unit, (now - then) / count)

    ports = make_ports()
    before = busy()
    start = time.monotonic()
    fds = [os.open(device(port), os.O_RDWR | os.O_NOCTTY) for port in ports]
    for port in ports:
        wait_connected(port)
    take('all connected', 'vserial', 's', time.monotonic() - start)
    take_busy('connecting', 'port', before, PORTS)
    sent = 0
    for name, size, writes in LOADS:
        before = busy()
        for _ in range(writes):
            for fd in fds:
                os.write(fd, b'.' * size)
        total = PORTS * size * writes
        sent += total
        wait_for(lambda: concentrator.has() == sent, f'{sent} bytes arrive')
        take_busy(name, 'byte', before, total)
    concentrator.kill()
    wait_for(lambda: state(ports[-1]) != 'connected', f'{ports[-1]} has lost it')
    start = time.monotonic()
    concentrator.start()
    for port in ports:
        wait_connected(port)
    take('all connected again', 'vserial', 's', time.monotonic() - start)
    for fd in fds:
        os.close(fd)


def main():
    need(RESULTS)
    if not chosen('concentrator'):
        return 0
    resource.setrlimit(resource.RLIMIT_NOFILE, (4 * PORTS, 4 * PORTS))
    results = Results('vspc')
    with tempfile.TemporaryDirectory(dir='/root') as place:
        concentrator = Concentrator(place)
        measure(results, concentrator, int(read('/run/vseriald.pid')))
        concentrator.kill()
    results.keep()
    return 0


if __name__ == '__main__':
    sys.exit(main())
