#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A running guest moves between two hypervisors, and its console follows it.

usage: tests/hosts/moving_test.py [--kernels "6.1 6.12"] [--full] [--moves N]

QEMU migrates the guest, which prints numbered lines and answers what is typed.
Its console is on a concentrator, and a viewer stays there.  Two hand-overs and an
abort; with --full ten hand-overs (or N), between them one that the concentrator refuses
for now and one whose destination is lost, and at last a concentrator that is killed.
"""
import argparse
import concurrent.futures
import contextlib
import os
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import cache
from hypervisor import Hypervisor, prepare
from program import load
from transcript import judge, line, lines_of
from vspc import PATIENCE, Concentrator, Viewer, free_port, wait

# Milliseconds: nothing here is to take that long, but on a busy machine.
LIMIT = 60000
# That of the hold which ends because a host is lost.
SHORT = 30000
# Seconds between two looks at what is a VM inside a VM: a question costs it something.
PAUSE = 0.3
# Lines of a burst, as tests/hosts/init.sh has it: more than a ring's 64 KiB.
BURST = 2000


class Stop(Exception):
    """A step has failed; the others build on it."""


class Moving:
    """The guest, who looks at it, and where it is."""

    def __init__(self, kernels, folder):
        self.folder = folder
        self.kernels = kernels
        self.hosts = [None, None]
        self.here = 0
        self.typed = []
        self.viewer = None
        self._number = 0
        self._begin = time.monotonic()
        own = free_port()
        self.concentrator = Concentrator(viewers=f'web telnet://127.0.0.1:{own}',
                                         vmotion_limit=2 * LIMIT // 1000)
        self._own = own

    @contextlib.contextmanager
    def step(self, what):
        """One test; what it needs is what those before it did."""
        self._number += 1
        self._begin = time.monotonic()
        try:
            yield
        except Exception:
            print(f'not ok {self._number} - {what}')
            text = traceback.format_exc() + self.concentrator.said()
            for host in filter(None, self.hosts):
                text += f'{host.name}: {host.said()}{host.state()}\n'
            print('# ' + text.replace('\n', '\n# '), flush=True)
            raise Stop from None
        self.tell('in all')
        print(f'ok {self._number} - {what}', flush=True)

    def tell(self, what):
        """Progress within a step."""
        print(f'# {time.monotonic() - self._begin:5.1f} s: {what}', flush=True)

    @property
    def source(self):
        return self.hosts[self.here]

    @property
    def target(self):
        return self.hosts[1 - self.here]

    def view(self):
        self.viewer = Viewer(self._own)

    def settle_in(self, host):
        """What an administrator does once on each host."""
        host.run('vserialctl guest add web uuid 564d0000-0000-0000-0000-0000000000aa && '
                 f'vserialctl port add web/0 proxy telnet://10.0.2.2:{self.concentrator.port} '
                 'backing console overflow drop-old')

    def hosts_boot(self):
        for number, series in enumerate(self.kernels):
            # Known before it boots: it is ended, whatever becomes of that.
            self.hosts[number] = Hypervisor(number + 1, series, self.folder)
            self.hosts[number].boot()
        for host in self.hosts:
            host.await_ready()
            self.settle_in(host)

    def type(self, word):
        self.typed.append(word)
        self.viewer.type(word.encode() + b'\r')

    def answers(self):
        """Waits for the answer to what was typed last, and some more lines."""
        last = b'heard ' + self.typed[-1].encode()
        lines = self.viewer.until(lambda: self._behind(last), f'{last} is seen')
        judge(self.viewer.data, self.typed)
        return lines

    def _behind(self, text):
        lines = lines_of(self.viewer.data)
        return text in lines and len(lines) > lines.index(text) + 2

    def both(self, command):
        """Runs it on both hosts side by side."""
        for host, process in [(host, host.start(command)) for host in self.hosts]:
            host.done(process)

    def where(self, host):
        return host.run("vserialctl -j guest show web | grep -o '\"migration\": *\"[a-z]*\"'"
                        ).split('"')[-2]

    def expect(self):
        """The target waits for the guest."""
        if not self.target.qmp:
            self.target.boot_guest('incoming')
            self.tell(f'{self.target.name} expects the guest')

    def await_status(self, status):
        wait(lambda: self.source.status() in (status, 'failed'), f'the migration is {status}',
             PAUSE)
        assert self.source.status() == status, self.source.qmp.tell('query-migrate')

    def migrate(self):
        self.source.qmp.tell('migrate', uri=f'tcp:{self.target.name}:4445')

    def follow(self, word):
        """The hand-over, as QEMU says when; something is typed while it is on its way.
        The exit status and words of vserialctl."""
        follower = self.source.start(
            f'vserialctl migrate qemu web --qmp /run/web.qmp --to {self.target.name} '
            f'timeout {LIMIT}')
        # Both take their time, and a processor each.
        self.expect()
        capability = {'capability': 'pause-before-switchover', 'state': True}
        wait(lambda: capability in self.source.qmp.tell('query-migrate-capabilities')
             or follower.poll() is not None, 'it follows the migration', PAUSE)
        self.tell('vserialctl follows the migration')
        self.migrate()
        self.type(word)
        said = follower.communicate(timeout=4 * PATIENCE)[0].decode(errors='replace')
        return follower.returncode, said

    def hand_over(self, word):
        """There, and what is typed meanwhile as well."""
        done = self.follow(word)
        assert done == (0, ''), done
        self.tell('the guest and its ports are there')
        self.source.forget_guest()
        self.here = 1 - self.here
        self.answers()

    def pause(self, state):
        """Whether QEMU waits before it switches over."""
        self.source.qmp.tell('migrate-set-capabilities', capabilities=[
            {'capability': 'pause-before-switchover', 'state': state}])

    def begin(self, limit):
        """All but the end of a hand-over, by hand: the guest is paused, its ports are held."""
        self.expect()
        self.pause(True)
        self.migrate()
        self.await_status('pre-switchover')
        said = self.source.run(
            f'bash -o pipefail -c "vserialctl migrate begin web timeout {limit} | '
            f'ssh {self.target.name} vserialctl migrate receive timeout {LIMIT}"')
        assert not said, said
        self.tell('its ports are held here and there')

    def cancel(self):
        self.source.qmp.tell('migrate_cancel')
        self.await_status('cancelled')
        self.tell('the migration is cancelled')
        self.pause(False)

    def abort(self, word):
        self.begin(LIMIT)
        self.type(word)
        self.both('vserialctl migrate abort web')
        self.target.forget_guest()
        self.cancel()
        self.answers()

    def refused(self, word):
        self.concentrator.reload(vmotion_limit=0)
        status, said = self.follow(word)
        assert status == 1 and 'that it cannot be now' in said, (status, said)
        self.target.run('vserialctl migrate abort web')
        self.target.forget_guest()
        self.concentrator.reload(vmotion_limit=2 * LIMIT // 1000)
        self.answers()

    def lost(self, word):
        self.begin(SHORT)
        self.type(word)
        self.target.lose()
        wait(lambda: self.where(self.source) == 'aborted', 'the source goes on by itself',
             PAUSE)
        self.cancel()
        self.answers()
        self.target.boot()
        self.target.await_ready()
        self.settle_in(self.target)

    def counted(self, name):
        """A counter of the port where the guest is."""
        return int(self.source.run(f'cat /sys/bus/vserial/devices/web:0/{name}'))

    def gap(self):
        """The concentrator is killed, and more is said than the port can keep."""
        self.type('burst')
        self.viewer.until(lambda: {b'quiet now', b'heard burst'} <= set(
            lines_of(self.viewer.data)), 'the guest is quiet')
        seen = judge(self.viewer.data, self.typed)
        self.concentrator.kill()
        self.viewer.close()
        said, dropped = self.counted('tx_bytes'), self.counted('dropped_bytes')
        burst = b''.join(line(number) for number in range(seen + 1, seen + BURST + 1))
        wait(lambda: self.counted('tx_bytes') >= said + len(burst), 'the burst is over', PAUSE,
             4 * PATIENCE)
        self.tell('all is said')
        self.concentrator.start()
        self.view()
        end = burst[-len(line(0)):]
        self.viewer.until(lambda: end in self.viewer.data, 'the end of the burst is seen')
        got = bytes(self.viewer.data)[:self.viewer.data.index(end) + len(end)]
        dropped = self.counted('dropped_bytes') - dropped
        print(f'# {len(burst)} bytes were said, {len(got)} are seen, {dropped} counted as dropped')
        assert dropped > 0, 'a port keeps less than that'
        assert len(got) + dropped == len(burst), 'what is not seen is what is counted'
        before = len(os.path.commonprefix((got, burst)))
        assert got[before:] == burst[before + dropped:], 'around the gap all is as it was said'

    def end(self):
        with concurrent.futures.ThreadPoolExecutor() as pool:
            statuses = list(pool.map(Hypervisor.end, self.hosts))
        assert statuses == [0, 0], statuses


def scenario(moving, full, moves):
    with moving.step('two hypervisors are there'):
        moving.hosts_boot()
    with moving.step('a guest boots, its console on a concentrator'):
        moving.view()
        moving.tell(f'QEMU runs, with {moving.source.boot_guest()}')
        moving.expect()
        moving.viewer.until(lambda: line(1) in moving.viewer.data, 'the guest speaks')
        moving.type('hello')
        moving.answers()
    between = {1: ('is aborted', moving.abort)}
    if full:
        # Host 2 is lost, for host 1 has the wire's listening end.
        between.update({2: ('loses its destination', moving.lost),
                        3: ('is refused for now', moving.refused)})
    for number in range(1, moves + 1):
        with moving.step(f'hand-over {number} to {moving.target.name}'):
            moving.hand_over(f'move{number}')
        if number in between:
            what, function = between[number]
            with moving.step(f'a hand-over {what}, and the guest goes on'):
                function(f'stay{number}')
    with moving.step('every line has been seen once, in order'):
        lines = judge(moving.viewer.data, moving.typed)
        print(f'# {lines} lines and {len(moving.typed)} answers')
    if full:
        with moving.step('a concentrator is killed, and the gap is counted to the byte'):
            moving.gap()
    with moving.step('neither kernel has reported a bug'):
        moving.end()


def main():
    parser = argparse.ArgumentParser(usage='tests/hosts/moving_test.py [OPTION]…',
                                     description=__doc__.splitlines()[0])
    parser.add_argument('--kernels', default='6.1 6.12', metavar='"SERIES [SERIES]"',
                        help='of both hosts, or of either (default: 6.1 6.12)')
    parser.add_argument('--full', action='store_true', help='all that may happen to it')
    parser.add_argument('--moves', type=int, metavar='N', help='how many hand-overs')
    options = parser.parse_args()
    moves = options.moves or (10 if options.full else 2)
    os.environ['VSERIAL_VSPC'] = load('tests/vm/run').program('helper', 'helper') + \
        'vspc/vserial-vspc'
    between = min(moves, 3) if options.full else 1
    print(f'1..{moves + between + (5 if options.full else 4)}', flush=True)
    with tempfile.TemporaryDirectory(prefix='vserial-hosts-') as folder:
        prepare(folder)
        moving = Moving((options.kernels.split() * 2)[:2], folder)
        try:
            scenario(moving, options.full, moves)
            return 0
        except Stop:
            return 1
        finally:
            for host in filter(None, moving.hosts):
                host.lose()
            moving.concentrator.kill()


if __name__ == '__main__':
    cache.main(main)
