#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Measures vserial and its peers in the VM it runs in; prints a table.

usage: tests/bench/measure.py [WORD…]

Runs where a nanosecond is an instruction; WORDs choose the figures whose names
have one of them.  Each figure is the median of five rounds, in which vserial and its
peers take turns.  A ratio that is worse than its bar is a finding;
Documentation/performance.md says where the bars come from.  All rounds go to
$RESULTS/bench-KERNEL.json.  By the clock there are no bars, and nothing is measured but
streams and echoes.

Exit status: 0 all bars held, 1 some did not.
"""
# vm: --icount --no-daemon
# by the clock: as well
import glob
import json
import os
import resource
import statistics
import subprocess
import sys
import time

from common import (CLOCK, KERNEL, METER, RESULTS, TAKEN, batch, chosen, ctl, device,
                    keep_free_pages, kernel_memory, meter, need, results_of, set_sysctl)

ROUNDS = 5
PORTS = 4096
GUEST_PORTS = 32

# What holds the calls of write(2) that are timed.  Enough for a median.
CALLS = 200
SINGLE = 8192
BULK = 256 * 4096
FILE = 1024 * 4096
ECHOES = 500

# The most service rules a guest may have.
RULES = 256


class Round:
    """One measurement: what to run, which of its figures counts, per how many."""

    def __init__(self, words, figure=TAKEN, per=1):
        self._words = words
        self._figure = figure
        self._per = per

    def __call__(self):
        words = self._words() if callable(self._words) else self._words
        return meter(*words)[self._figure] / self._per


def writes(size, near, *far, rest='write'):
    return Round(lambda: (rest, size, CALLS, near(), *(f() for f in far)), 'call')


def stream(size, total, near, *far):
    return Round(lambda: ('stream', size, total // size, near(), *(f() for f in far)), TAKEN,
                 total)


def echo(near, *far):
    return Round(lambda: ('echo', 1, ECHOES, near(), *(f() for f in far)), TAKEN, ECHOES)


def dd(total):
    """The command that appends so much to a file."""
    return ('dd', 'if=/dev/stdin', 'iflag=fullblock', 'bs=4096', f'count={total // 4096}',
            'of=/root/dd', 'oflag=append', 'conv=notrunc', 'status=none')


def null():
    return device('bench/0')


def near():
    return device('bench/1')


def far():
    return device('bench/2')


def captured():
    return device('bench/3')


def at(port):
    return lambda: device(port)


def named(name):
    return lambda: name


PTY, TCP, DEV_NULL = map(named, ('pty', 'tcp', '/dev/null'))
DD_ALONE = Round(('run', 'dd', 'if=/dev/zero', *dd(FILE)[2:]), TAKEN, FILE)


class Figure:
    """A line or more of the table: vserial, and the peers it is measured against.

    Peers are (name, what to run, bar), a bar being a ratio, or None; one for
    each kernel if they differ.
    """

    def __init__(self, name, unit, vserial, *peers):
        self.name = name
        self.unit = unit
        self.vserial = vserial
        self.peers = peers


def write_figures():
    for size in 1, 16, 4096:
        to_pty = 0.75 if size == 4096 else 1.0
        to_tcp = {'6.1': 0.4, '6.12': 0.6} if size == 1 else None
        what = f'write(2) of {size:,} byte{"s" if size > 1 else ""}'
        pty, tcp = writes(size, PTY), writes(size, TCP)
        yield Figure(f'{what}, null', 'call', writes(size, null),
                     ('pty, nobody reads', writes(size, PTY, rest='quiet'), to_pty),
                     ('TCP, nobody reads', writes(size, TCP, rest='quiet'), to_tcp),
                     ('/dev/null', writes(size, DEV_NULL), None))
        yield Figure(f'{what}, pipe', 'call', writes(size, near, far),
                     ('pty', pty, to_pty), ('TCP', tcp, to_tcp))


def rule_figures():
    """Bytes of a guest with as many rules as it may have, of which the last one decides.

    Measured against one that has none and is as new: a full history costs, too.
    """
    yield Figure(f'write(2) of 1 byte, null, {RULES} rules', 'call', writes(1, at('ruled/0')),
                 ('no rules', writes(1, at('free/0')), 1.01))
    yield Figure(f'4 KiB writes, pipe, {RULES} rules', 'byte',
                 stream(4096, BULK, at('ruled/1'), at('ruled/2')),
                 ('no rules', stream(4096, BULK, at('free/1'), at('free/2')), 1.01))


def figures():
    yield from write_figures()
    yield from rule_figures()
    yield Figure('single bytes, null', 'byte', stream(1, SINGLE, null),
                 ('pty', stream(1, SINGLE, PTY), 0.6), ('TCP', stream(1, SINGLE, TCP), None))
    yield Figure('single bytes, pipe', 'byte', stream(1, SINGLE, near, far),
                 ('pty', stream(1, SINGLE, PTY), 0.6), ('TCP', stream(1, SINGLE, TCP), None))
    yield Figure('4 KiB writes, pipe', 'byte', stream(4096, BULK, near, far),
                 ('pty', stream(4096, BULK, PTY), 0.9), ('TCP', stream(4096, BULK, TCP), None))
    yield Figure('echo of 1 byte, pipe', 'echo', echo(near, far),
                 ('pty', echo(PTY), 1.0), ('TCP', echo(TCP), None))
    yield Figure('4 KiB writes, file', 'byte', stream(4096, FILE, captured),
                 ('pty and dd', Round(('feed', 4096, FILE // 4096, 'pty', '--', *dd(FILE)),
                                      TAKEN, FILE), 1.0),
                 ('dd alone', DD_ALONE, None))
    yield Figure('single bytes, file', 'byte', stream(1, SINGLE, captured),
                 ('pty and dd', Round(('feed', 1, SINGLE, 'pty', '--', *dd(SINGLE)), TAKEN,
                                      SINGLE), 1.0))


class Results:
    """What was measured, and the table of it."""

    def __init__(self):
        self.rounds = {}
        self.table = []

    def take(self, name, who, values):
        self.rounds.setdefault(name, {})[who] = values
        print(f'{KERNEL} {name}, {who}: ' + ' '.join(f'{v:,.4g}' if v < 1000 else f'{v:,.0f}'
                                                   for v in values), flush=True)

    def row(self, name, unit, vserial, peer, theirs, bar, limit=None):
        """Adds a line; BAR is of the ratio, LIMIT of the figure itself."""
        if isinstance(bar, dict):
            bar = bar.get(KERNEL)
        ratio = vserial / theirs if theirs else None
        held = None
        # They are of instructions.
        if CLOCK:
            bar = None
        if bar is not None:
            held = ratio <= bar
        if limit is not None:
            held = vserial <= limit
        self.table.append({'figure': name, 'unit': unit, 'vserial': vserial, 'peer': peer,
                           'theirs': theirs, 'ratio': ratio, 'bar': bar, 'limit': limit,
                           'held': held})

    def show(self):
        def number(value):
            return '' if value is None else f'{value:,.1f}' if value < 100 else f'{value:,.0f}'

        lines = [('figure', 'per', 'vserial', 'peer', '', 'ratio', 'bar', 'ok')]
        for r in self.table:
            bar = (f'≤ {r["limit"]:g} {r["unit"]}' if r['limit'] is not None
                   else '' if r['bar'] is None else f'≤ {r["bar"]:g}')
            lines.append((r['figure'], r['unit'], number(r['vserial']), r['peer'],
                          number(r['theirs']), '' if r['ratio'] is None else f'{r["ratio"]:.2f}',
                          bar, {None: '', True: 'yes', False: 'NO'}[r['held']]))
        width = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
        for line in lines:
            print('  '.join(text.rjust(w) if i in (2, 4, 5) else text.ljust(w)
                            for i, (text, w) in enumerate(zip(line, width))).rstrip())
        bars = [r['held'] for r in self.table if r['held'] is not None]
        print(f'{KERNEL}: {sum(bars)} of {len(bars)} bars held', flush=True)
        return all(bars)


def move(results):
    """Bytes: everything that bytemeter measures."""
    ctl('guest', 'add', 'bench', 'ports', '4')
    ctl('port', 'set', 'bench/1', 'backing', 'pipe:bench')
    ctl('port', 'set', 'bench/2', 'backing', 'pipe:bench#near=client')
    ctl('port', 'set', 'bench/3', 'backing', 'file:/root/capture')
    for guest in 'ruled', 'free':
        batch([f'guest add {guest} ports 3', f'port set {guest}/1 backing pipe:{guest}',
               f'port set {guest}/2 backing pipe:{guest}#near=client'])
    batch([*(f'service add ruled rank {rank} deny net-client port {rank}'
             for rank in range(1, RULES)),
           f'service add ruled rank {RULES} allow any'])
    for figure in figures():
        # How long a call takes by the clock is how long the emulator wakes a processor.
        if not chosen(figure.name) or (CLOCK and figure.unit == 'call'):
            continue
        runs = {'vserial': figure.vserial, **{name: run for name, run, _ in figure.peers}}
        values = {who: [] for who in runs}
        for _ in range(ROUNDS):
            for who, run in runs.items():
                values[who].append(run())
            for name in '/root/capture', '/root/dd':
                if os.path.exists(name):
                    os.truncate(name, 0)
        for who in runs:
            results.take(figure.name, who, values[who])
        median = {who: statistics.median(v) for who, v in values.items()}
        for name, _, bar in figure.peers:
            results.row(figure.name, figure.unit, median['vserial'], name, median[name], bar)
    for guest in 'bench', 'ruled', 'free':
        ctl('guest', 'del', guest)


# What is held, and made.


def settled():
    """The same, when what can be freed is, and it no longer changes."""
    last = None
    while True:
        time.sleep(1)       # RCU's, and what is freed by workers
        now = kernel_memory()
        if last is not None and abs(now - last) < 64:
            return now
        last = now


def busy(action):
    start = time.monotonic_ns()
    action()
    return time.monotonic_ns() - start


def create():
    guests = PORTS // GUEST_PORTS
    with open('/root/batch', 'w', encoding='ascii') as handle:
        for number in range(guests):
            handle.write(f'guest add bench{number} ports {GUEST_PORTS}\n')
    return meter('run', 'vserialctl', '-b', '/root/batch')['busy']


def delete():
    with open('/root/batch', 'w', encoding='ascii') as handle:
        for number in range(PORTS // GUEST_PORTS):
            handle.write(f'guest del bench{number} force\n')
    ctl('-b', '/root/batch')


def open_ports():
    return [os.open(device, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            for device in glob.glob('/dev/ttyVS*')]


def open_ptys():
    return [fd for _ in range(PORTS) for fd in os.openpty()]


def close(fds):
    for fd in fds:
        os.close(fd)


def possess(results):
    """Ports: what one takes to make, and to have."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (4 * PORTS, 4 * PORTS))
    set_sysctl('kernel/pty/max', 2 * PORTS)
    keep_free_pages()
    time_of = {'vserial': [], 'pty': []}
    idle, opened, pty = [], [], []
    for _ in range(ROUNDS):
        base = settled()
        time_of['vserial'].append(create() / PORTS)
        made = settled()
        idle.append((made - base) / PORTS)
        fds = open_ports()
        opened.append((settled() - base) / PORTS)
        close(fds)
        delete()

        base = settled()
        fds = []
        time_of['pty'].append(busy(lambda: fds.extend(open_ptys())) / PORTS)
        pty.append((settled() - base) / PORTS)
        close(fds)
    for who, values in time_of.items():
        results.take(f'making {PORTS:,}', who, values)
    results.take('memory of an idle port', 'vserial', idle)
    results.take('memory of an open port', 'vserial', opened)
    results.take('memory of an open port', 'pty', pty)
    median = statistics.median
    results.row(f'making {PORTS:,} ports', 'port', median(time_of['vserial']),
                'open pty pairs', median(time_of['pty']), None)
    results.row('memory, idle port', 'KiB', median(idle), '', None, None, 6)
    results.row('memory, open port', 'KiB', median(opened), 'pty pair', median(pty), None, 20)


def main():
    need(METER, RESULTS)
    # It would work on each port that comes and goes.
    subprocess.run(['udevadm', 'control', '--exit'], check=True)
    results = Results()
    move(results)
    if not CLOCK and (chosen('memory') or chosen('making')):
        possess(results)
    # Words that are the network's alone.
    if not results.table:
        return 0
    print()
    good = results.show()
    with open(results_of('bench'), 'w', encoding='utf-8') as handle:
        json.dump({'kernel': os.uname().release, 'rounds': results.rounds,
                   'table': results.table}, handle, indent=1, ensure_ascii=False)
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
