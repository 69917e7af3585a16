# SPDX-License-Identifier: GPL-2.0-or-later
"""What the measurements share.

They run where time is instructions (tests/vm/run --icount), but for those that say
otherwise; the words they are given choose the figures whose names have one of them.
"""
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


def need(*what):
    """Ends the script with its usage unless it has all that, of METER and RESULTS."""
    if not all(what):
        print(sys.modules['__main__'].__doc__.strip(), file=sys.stderr)
        sys.exit(2)


def chosen(name):
    return not WORDS or any(word in name for word in WORDS)


def ctl(*words):
    subprocess.run(['vserialctl', *map(str, words)], check=True)


def batch(lines):
    subprocess.run(['vserialctl', '-b', '-'], input='\n'.join(lines), encoding='ascii',
                   check=True)


def meter(*words, fds=()):
    """Runs bytemeter; its figures by name."""
    done = subprocess.run([METER, *map(str, words)], check=True, stdout=subprocess.PIPE,
                          pass_fds=fds)
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


class Results:
    """What was measured: printed as it comes, and kept in $RESULTS/NAME-KERNEL.json."""

    def __init__(self, name):
        self._path = f'{RESULTS}/{name}-{KERNEL}.json'
        self.rows = []

    def take(self, figure, who, unit, value, ours=None):
        """A figure; OURS is vserial's, which WHO's is compared with."""
        self.rows.append({'figure': figure, 'who': who, 'per': unit, 'value': value})
        ratio = f'  {ours / value:.2f}' if ours else ''
        text = f'{value:,.1f}' if value < 100 else f'{value:,.0f}'
        print(f'{figure:<48} {unit:<10} {who:<14} {text:>10}{ratio}', flush=True)

    def keep(self):
        with open(self._path, 'w', encoding='utf-8') as handle:
            json.dump({'kernel': os.uname().release, 'table': self.rows}, handle, indent=1)
