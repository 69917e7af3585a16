# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs test scripts in VMs, some of which may run side by side.

Scripts that ask for options of tests/vm/run (lines "# vm: OPTIONS") have a VM of
their own; the others share as few as it takes.
"""
import concurrent.futures
import itertools
import os
import shlex
import subprocess
import sys
import tempfile
import threading
import time

import klog
import tap
from cache import REPO
from marks import mark
from program import load

# Boot and shutdown of a VM, on a busy machine.
VM_PATIENCE = 300
# How often the emulator may spoil one script, with which the run is taken up again: that
# of the nested guest it may spoil every other time.
TRIPS = 8
# What tests/vm/scripts allows a script that names no limit.
SCRIPT_LIMIT = 600
# Scripts of one boot where VMs run side by side: a boot takes a minute, and so do
# the last scripts, while the other VMs have nothing left to do.
BATCH = 4
# So many scripts that failed are run once more: a wait that was too short for a busy
# machine says nothing of the tree, more than that of them do.
REPEATS = 3


def say(text):
    # In one piece: others say something, too.
    sys.stdout.write(f'{text}\n')
    sys.stdout.flush()


def limit(script):
    return int(mark(script, 'time limit') or SCRIPT_LIMIT)


def options_of(script):
    """What tests/vm/run is to be told for SCRIPT: its lines "# vm: OPTIONS"."""
    with open(script, encoding='utf-8') as handle:
        return [word for line in handle if line.startswith('# vm:')
                for word in shlex.split(line.removeprefix('# vm:'))]


def boots_of(script):
    """How often SCRIPT runs: once in each boot that it asks for."""
    words = options_of(script)
    return int(words[words.index('--boots') + 1]) if '--boots' in words else 1


class Fleet:
    """The VMs that run scripts.

    GROUPS are (name, basic, todo): what the results' names begin with, options of
    tests/vm/run, and the scripts to run with them.  SLOWNESS is how many times longer
    than usual all may take; LANES how many VMs run at a time."""

    def __init__(self, groups, slowness=1, lanes=1):
        self.slowness = slowness
        self._lanes = lanes
        self._total = sum(boots_of(script) for _, _, todo in groups for script in todo)
        self._ended = 0
        self._start = time.monotonic()
        self._lock = threading.Lock()
        self._processes = set()
        self._stopped = False
        # A bug that a debug kernel reports now and then is a bug.
        self._repeats = 0 if slowness > 1 else REPEATS
        # A lane with nothing left to do takes what is another's.
        batch = BATCH if lanes > len(groups) else self._total
        self._jobs = []
        # The long ones first, lest one lane be left with them.
        for name, basic, todo in groups:
            own = sorted((s for s in todo if options_of(s)), key=limit, reverse=True)
            plain = [s for s in todo if not options_of(s)]
            self._jobs.append([(name, [*basic, *options_of(s)], [s]) for s in own] +
                              [(name, basic, plain[i:i + batch])
                               for i in range(0, len(plain), batch)])
        # By turns, so that the groups go on side by side.
        self._jobs = [job for turn in itertools.zip_longest(*self._jobs) for job in turn if job]

    def results(self):
        """Runs all; the results as they come."""
        with concurrent.futures.ThreadPoolExecutor(self._lanes) as pool:
            try:
                jobs = [pool.submit(self._boots, *job) for job in self._jobs]
                for job in concurrent.futures.as_completed(jobs):
                    yield from job.result()
            except BaseException:
                self._stop()
                raise

    def begins(self, text):
        """A script begins; said where the next one is minutes away."""
        if self.slowness > 1:
            say(f'    {text} …')

    def ended(self, text):
        """A script ended, as TEXT says."""
        with self._lock:
            self._ended += 1
            ended = self._ended
        minutes = (time.monotonic() - self._start) / 60
        say(f'    {text}, {ended} of {self._total} in {minutes:.0f} min')

    def watched(self, process):
        """A VM runs; it is ended with all others."""
        with self._lock:
            self._processes.add(process)
            if self._stopped:
                process.terminate()

    def over(self, process):
        with self._lock:
            self._processes.discard(process)

    def _stop(self):
        with self._lock:
            self._stopped = True
            for process in self._processes:
                process.terminate()

    def _boots(self, name, options, todo):
        """Runs the scripts TODO in VMs with the same options; the results."""
        results = []
        trips = 0
        while todo and not self._stopped:
            machine = Machine(self, name, options, todo)
            results += self._reviewed(name, options, machine)
            ended = list(machine.done)
            trips = trips + 1 if machine.tripped and not machine.done else machine.tripped
            if trips > TRIPS:
                results.append(tap.Result(f'{name}: the emulator works', 'failed', machine.errors))
                break
            if not machine.tripped:
                ended.append(machine.running)
                if ended == [None]:
                    break
            # A script that took the VM with it must not take the others, too.
            todo = [script for script in todo if script not in ended]
        return results

    def _may_repeat(self, script):
        with self._lock:
            self._repeats -= 1
            if self._repeats >= 0:
                self._total += boots_of(script)
            return self._repeats >= 0

    def _reviewed(self, name, options, machine):
        """The results of MACHINE, after each of its scripts that failed, but ended, has
        had a VM of its own.  What passes there is unsteady: named, but no failure."""
        results = list(machine.results)
        for script, found in machine.failed.items():
            if self._stopped or not self._may_repeat(script):
                break
            say(f'    {name} {os.path.basename(script)}: once more, in a VM of its own')
            second = Machine(self, name, options, [script])
            known = {result.name for result in found}
            results += [result for result in second.results
                        if result.outcome == 'failed' and result.name not in known]
            if set(second.done) == {script} and not second.failed:
                for result in found:
                    result.outcome = 'unsteady'
        return results


class Machine:
    """One boot of the VM, with OPTIONS of tests/vm/run, with some scripts to run."""

    def __init__(self, fleet, name, options, todo):
        self._fleet = fleet
        self._name = name
        self._reader = None
        self._explains = False
        self._started = 0
        self.results = []
        # What tests/vm/run said.
        self.errors = []
        # Scripts that ended, and the one that was running at last.
        self.done = []
        self.running = None
        # What failed of the scripts that ended.
        self.failed = {}
        patience = (VM_PATIENCE + sum(map(limit, todo))) * fleet.slowness
        kernels = load('tests/vm/kernel')
        inner = kernels.places('6.1')['KERNEL']
        ynl = kernels.places('6.12', 'YNL')['YNL']
        with tempfile.TemporaryFile() as errors:
            with subprocess.Popen(
                    [f'{REPO}/tests/vm/run', *options, '--mem', '2G', '--timeout',
                     str(patience), '--env', f'GUEST_KERNEL={inner}',
                     '--env', f'YNL={ynl}', '--', 'tests/vm/scripts', *(os.path.relpath(s, REPO) for s in todo)],
                    cwd=REPO, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                    stderr=errors) as vm:
                fleet.watched(vm)
                try:
                    for line in vm.stdout:
                        self._line(line.decode(errors='replace').rstrip('\r\n'))
                except BaseException:
                    vm.terminate()
                    raise
            fleet.over(vm)
            errors.seek(0)
            self._end(vm.returncode, errors.read().decode(errors='replace').splitlines())

    def _script(self):
        return os.path.basename(self.running)

    def _line(self, line):
        word, _, rest = line.partition(' ')
        if word == '@begin':
            self.running = os.path.join(REPO, rest)
            self._started = time.monotonic()
            self._reader = tap.Reader(f'{self._name} {self._script()}')
            self._fleet.begins(f'{self._name} {self._script()}')
        elif word == '@end':
            self._close(int(rest.split()[-1]))
        elif self._reader:
            result = self._reader.line(line)
            if result:
                self._explains = result.outcome == 'failed'
                if self._explains:
                    say(f'      not ok: {result.name}')
            elif self._explains and line.startswith('#'):
                say(f'        {self._script()}: {line[1:].strip()}')

    def _close(self, status):
        problem = {0: None, 124: 'it did not end in time'}.get(status, f'exit status {status}')
        found = self._reader.results(problem)
        self._reader = None
        self.results += found
        count = {o: sum(r.outcome == o for r in found) for o in ('passed', 'failed', 'skipped')}
        self.done.append(self.running)
        failed = [r for r in found if r.outcome == 'failed']
        if failed:
            self.failed[self.running] = failed
        text = ', '.join(f'{n} {o}' for o, n in count.items() if n or o == 'passed')
        self._fleet.ended(f'{self._name} {self._script()}: {text} ({time.monotonic() - self._started:.0f} s)')
        self.running = None

    def _end(self, status, errors):
        self.errors = errors
        self.tripped = status == 123 and klog.emulator_tripped('\n'.join(errors))
        if self.tripped:
            during = self._script() if self.running else 'its boot'
            say(f'    {self._name}: the emulator tripped in {during} (see tests/lib/klog.py)')
        elif self.running:
            name = f'{self._name} {self._script()}'
            self.results += [r for r in self._reader.results('the VM ended')
                             if r.outcome != 'failed']
            self.results.append(tap.Result(f'{name}: the VM lives on', 'failed', errors))
            self._fleet.ended(f'{name}: the VM died')
        elif status:
            self.results.append(tap.Result(f'{self._name}: the VM starts, and its kernel '
                                           'reports no bug', 'failed', errors))
            say(f'    {self._name}: the VM ended with status {status}')
