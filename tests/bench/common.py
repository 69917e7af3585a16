# SPDX-License-Identifier: GPL-2.0-or-later
"""What the measurements share.

They run where time is instructions (tests/vm/run --icount), but for those that say
otherwise, and some of them once more by the clock, where they are told so; the words
they are given choose the figures whose names have one of them.
"""
import contextlib
import json
import os
import subprocess
import sys
import time

KERNEL = '.'.join(os.uname().release.split('.')[:2])
WORDS = sys.argv[1:]
RESULTS = os.environ.get('RESULTS', '')
METER = os.environ.get('BYTEMETER', '')
PATIENCE = 600
# By the clock all counts: nobody can tell what a processor did for whom.
CLOCK = bool(os.environ.get('BY_THE_CLOCK'))
TAKEN = 'wall' if CLOCK else 'busy'
# Where perf keeps one sample of each 10,007 instructions, if that is wanted: the least.
SAMPLES = '/run/perf.data' if os.environ.get('SAMPLES') else ''
HERE = os.path.dirname(os.path.realpath(__file__))
# A certificate and its key, once the network is prepared.
PEM = '/run/certificates/server.pem'


def need(*what):
    """Ends the script with its usage unless it has all that, of METER and RESULTS."""
    if not all(what):
        print(sys.modules['__main__'].__doc__.strip(), file=sys.stderr)
        sys.exit(2)


def results_of(name):
    """The file where a script keeps its figures."""
    return f'{RESULTS}/{name}-{KERNEL}{"-clock" if CLOCK else ""}.json'


def chosen(name):
    return not WORDS or any(word in name for word in WORDS)


def ctl(*words):
    subprocess.run(['vserialctl', *map(str, words)], check=True)


def batch(lines):
    subprocess.run(['vserialctl', '-b', '-'], input='\n'.join(lines), encoding='ascii',
                   check=True)


def show_samples():
    """Prints who had the processor, and in which function: of all that was sampled."""
    for by in ('comm', 'comm,dso', 'comm,sym'):
        done = subprocess.run(['perf', 'report', '-i', SAMPLES, '--stdio', '-q', '-g', 'none',
                               '--no-children', '--percent-limit', '0.5', '--sort', by],
                              check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        print(done.stdout.decode(), flush=True)


def meter(*words, fds=()):
    """Runs bytemeter; its figures by name, which samples make a little larger."""
    command = [METER, *map(str, words)]
    if SAMPLES:
        set_sysctl('kernel/perf_event_max_sample_rate', 10**6)
        command = ['perf', 'record', '-q', '-a', '-g', '-e', 'cpu-clock:I', '-c', '10007',
                   '-o', SAMPLES, '--', *command]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, pass_fds=fds)
    if SAMPLES:
        show_samples()
    return {key: int(value) for key, _, value in
            (word.partition('=') for word in done.stdout.decode().split())}


def wait_for(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f'{what}: not within {PATIENCE} s')
        time.sleep(0.01)


def folder(port):
    """Where the attributes of a port are."""
    return f'/sys/bus/vserial/devices/{port.replace("/", ":")}'


def device(port):
    """The device of a port; udev need not be there to make links."""
    return f'/dev/{os.listdir(f"{folder(port)}/tty")[0]}'


def state(port):
    with open(f'{folder(port)}/state', encoding='ascii') as handle:
        return handle.read().strip()


def wait_connected(port, wanted='connected'):
    wait_for(lambda: state(port) == wanted, f'{port} is {wanted}')


def busy_of(pid):
    """What a process took on the processor, the kernel for it included, in ns."""
    with open(f'/proc/{pid}/schedstat', encoding='ascii') as handle:
        return int(handle.read().split()[0])


def busy():
    """Nanoseconds that the processor was not idle, since some moment; as bytemeter counts."""
    with open('/proc/timer_list', encoding='ascii') as handle:
        slept = sum(int(line.split()[2]) for line in handle if '.idle_sleeptime' in line)
    return time.monotonic_ns() - slept


def kernel_memory():
    """KiB that the kernel holds, but for caches and processes' own pages.

    That is slab, vmalloc, page tables and pages that nothing accounts for.
    """
    set_sysctl('vm/drop_caches', 3)
    with open('/proc/meminfo', encoding='ascii') as handle:
        info = {line.split(':')[0]: int(line.split()[1]) for line in handle}
    return (info['MemTotal'] - info['MemFree'] - info['Buffers'] - info['Cached'] -
            info['AnonPages'])


def keep_free_pages():
    """Has free pages be that: on a processor's list, which is kept short, they count as used."""
    set_sysctl('vm/percpu_pagelist_high_fraction', 2**31 - 1)


def set_sysctl(name, value):
    with open(f'/proc/sys/{name}', 'w', encoding='ascii') as handle:
        handle.write(str(value))


def memory_of(pid):
    """What a process has for itself, in KiB."""
    with open(f'/proc/{pid}/status', encoding='ascii') as handle:
        return next(int(line.split()[1]) for line in handle if line.startswith('RssAnon'))


def prepare_network():
    """The VM as measurements with peers on the network want it."""
    # It would work on each port that comes and goes.
    subprocess.run(['udevadm', 'control', '--exit'], check=True)
    # ser2net resolves no address where there is none but the host's own.
    subprocess.run(['busybox', 'ifconfig', 'lo:1', '192.0.2.1'], check=True)
    os.mkdir(os.path.dirname(PEM))
    subprocess.run([f'{HERE}/../unit/certificates', os.path.dirname(PEM), 'server'],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def listening():
    """The TCP ports that somebody listens at."""
    ports = set()
    for family in 'tcp', 'tcp6':
        with open(f'/proc/net/{family}', encoding='ascii') as handle:
            rows = (line.split() for line in handle)
            ports.update(int(row[1].rpartition(':')[2], 16) for row in rows if row[3] == '0A')
    return ports


def listens(port):
    """Whether somebody does, without calling."""
    return port in listening()


@contextlib.contextmanager
def running(*command):
    """A program, until the end of the with; it would say something of each client."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


class Results:
    """What was measured: printed as it comes, and kept in a script's file."""

    def __init__(self, name):
        self._path = results_of(name)
        self.rows = []

    def take(self, figure, who, unit, value, ours=None):
        """A figure; OURS is vserial's, which WHO's is compared with."""
        self.rows.append({'figure': figure, 'who': who, 'per': unit, 'value': value})
        ratio = f'  {ours / value:.2f}' if ours and value else ''
        text = f'{value:,.1f}' if value < 100 else f'{value:,.0f}'
        print(f'{figure:<48} {unit:<10} {who:<14} {text:>10}{ratio}', flush=True)

    def keep(self):
        with open(self._path, 'w', encoding='utf-8') as handle:
            json.dump({'kernel': os.uname().release, 'table': self.rows}, handle, indent=1)
