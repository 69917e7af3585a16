#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Measures a thousand ports behind one concentrator; prints a line a figure.

usage: tests/bench/vspc.py [WORD…]     nothing, if no WORD is in "concentrator"

Runs inside tests/vm/run --icount, where a nanosecond is an instruction, with
vseriald and vserial-vspc, which writes what it gets into files, on one processor.
A time to connect begins when the first port is opened, or when the concentrator
that was killed is there again.  What a byte costs is what the two programs took on
the processor, kernel included, from its write to its being in its file.
All figures go to $RESULTS/vspc-KERNEL.json.
"""
import glob
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

PORTS = 1000
GUEST_PORTS = 32
PORT = 13370
WORDS = sys.argv[1:]
#: Name, bytes a write, writes a port.
LOADS = (('single lines', 64, 16), ('4 KiB writes', 4096, 4))
PATIENCE = 600


def ctl(*words):
    subprocess.run(['vserialctl', *map(str, words)], check=True)


def wait_for(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f'{what}: not within {PATIENCE} s')
        time.sleep(0.01)


def read(path):
    with open(path, encoding='ascii') as handle:
        return handle.read()


def busy(pid):
    """What a process took on the processor, in ns."""
    return int(read(f'/proc/{pid}/schedstat').split()[0])


class Concentrator:
    """A running vserial-vspc, with a file for each port."""

    def __init__(self, folder):
        self.folder = f'{folder}/logs'
        os.mkdir(self.folder)
        self._conf = f'{folder}/conf'
        with open(self._conf, 'w', encoding='ascii') as handle:
            handle.write(f'listen = telnet://127.0.0.1:{PORT}\nlog-folder = {self.folder}\n')
        self.start()

    def start(self):
        self._process = subprocess.Popen(['vserial-vspc', f'--config={self._conf}', '--user='],
                                         stdin=subprocess.DEVNULL)
        self.pid = self._process.pid

    def kill(self):
        self._process.kill()
        self._process.wait()

    def has(self):
        """How many bytes it has."""
        return sum(os.path.getsize(path) for path in glob.glob(f'{self.folder}/*'))


def make_ports():
    """The folders of their attributes."""
    names = [f'vspc{i // GUEST_PORTS}/{i % GUEST_PORTS}' for i in range(PORTS)]
    with open('/root/batch', 'w', encoding='ascii') as handle:
        for i in range(-(-PORTS // GUEST_PORTS)):
            handle.write(f'guest add vspc{i} ports {GUEST_PORTS}\n')
        for name in names:
            handle.write(f'port set {name} proxy telnet://127.0.0.1:{PORT} '
                         f'backing service-{name}\nport set {name} stall-limit 0\n')
    ctl('-b', '/root/batch')
    return [f'/sys/bus/vserial/devices/{name.replace("/", ":")}' for name in names]


def wait_connected(folders):
    for folder in folders:
        wait_for(lambda folder=folder: read(f'{folder}/state').strip() == 'connected',
                 f'{folder} is connected')


class Figures:
    """What was measured."""

    def __init__(self):
        self.rows = []

    def add(self, name, value, unit):
        self.rows.append({'figure': name, 'value': value, 'unit': unit})
        print(f'{PORTS} ports, one concentrator, {name}: {value:,.1f} {unit}', flush=True)


def measure(figures, concentrator, daemon):
    folders = make_ports()
    before = busy(daemon), busy(concentrator.pid)
    start = time.monotonic()
    fds = [os.open(f'/dev/{os.listdir(f"{folder}/tty")[0]}', os.O_RDWR | os.O_NOCTTY)
           for folder in folders]
    wait_connected(folders)
    figures.add('all connected', time.monotonic() - start, 's')
    figures.add('a connection, vseriald', (busy(daemon) - before[0]) / PORTS, 'instructions')
    figures.add('a connection, vserial-vspc', (busy(concentrator.pid) - before[1]) / PORTS,
                'instructions')
    sent = 0
    for name, size, writes in LOADS:
        before = busy(daemon), busy(concentrator.pid)
        for _ in range(writes):
            for fd in fds:
                os.write(fd, b'.' * size)
        sent += PORTS * size * writes
        wait_for(lambda: concentrator.has() == sent, f'{sent} bytes arrive')
        total = PORTS * size * writes
        figures.add(f'{name}, vseriald', (busy(daemon) - before[0]) / total, 'a byte')
        figures.add(f'{name}, vserial-vspc', (busy(concentrator.pid) - before[1]) / total,
                    'a byte')
    concentrator.kill()
    wait_for(lambda: read(f'{folders[-1]}/state').strip() != 'connected', 'it is missed')
    start = time.monotonic()
    concentrator.start()
    wait_connected(folders)
    figures.add('all connected again', time.monotonic() - start, 's')
    for fd in fds:
        os.close(fd)


def main():
    if not os.environ.get('RESULTS'):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    if WORDS and not any(word in 'concentrator' for word in WORDS):
        return 0
    resource.setrlimit(resource.RLIMIT_NOFILE, (4 * PORTS, 4 * PORTS))
    figures = Figures()
    with tempfile.TemporaryDirectory(dir='/root') as folder:
        concentrator = Concentrator(folder)
        measure(figures, concentrator, int(read('/run/vseriald.pid')))
        concentrator.kill()
    kernel = '.'.join(os.uname().release.split('.')[:2])
    with open(f'{os.environ["RESULTS"]}/vspc-{kernel}.json', 'w', encoding='utf-8') as handle:
        json.dump(figures.rows, handle, indent=1)
    return 0


if __name__ == '__main__':
    sys.exit(main())
