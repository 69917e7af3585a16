# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs fuzzers: processes of a few threads each, whose steps are random and repeatable.

A worker's choices follow from the seed and its name alone.  What each did last is kept
in memory that all share, and told when the kernel reports a bug or a worker hangs.

    run() ── process ── thread: Worker.step() again and again
          │          └─ thread …
          └─ process …        one that waits in the kernel is woken by a signal
"""
import ctypes
import mmap
import os
import random
import signal
import threading
import time
import traceback

import klog
from lib import PATIENCE, KernelLog, diag, expect, later

#: Steps that are remembered of each worker, and bytes of each, a multiple of 8.
DEPTH, WIDTH = 24, 240
#: A step that takes so many seconds is interrupted by a signal.
STUCK = 0.1
#: Seconds between two lines of progress.
PROGRESS = 30
#: What a fuzzer must outlive: its terminals are hung up, and stopped.
IGNORED = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGTTIN,
           signal.SIGTTOU, signal.SIGIO, signal.SIGPIPE, signal.SIGWINCH, signal.SIGURG,
           signal.SIGCONT)
PR_SET_PDEATHSIG = 1


class Worker:
    """Takes random steps; NAME makes its choices its own."""

    def __init__(self, seed, name):
        self.name = name
        self.chance = random.Random(f"{seed} {name}")
        self._journal = self._number = None

    def enlist(self, journal, number):
        self._journal, self._number = journal, number

    def note(self, text):
        """Tells what it is about to do."""
        self._journal.note(self._number, text)

    def begin(self):
        """Called once in the worker's process, before the first step."""

    def step(self):
        raise NotImplementedError


class Journal:
    """What workers did last, in memory that their processes share."""

    #: Numbers in front of a worker's lines: how many steps, and when the last began, in ns.
    COUNT, WHEN, HEAD = range(3)

    def __init__(self, workers):
        self._each = self.HEAD * 8 + DEPTH * WIDTH
        self._memory = mmap.mmap(-1, 8 + workers * self._each)
        # Written as a whole; struct would clear the place first, and a reader would see that.
        self._numbers = memoryview(self._memory).cast("Q")

    def stop(self):
        self._numbers[0] = 1

    @property
    def stopped(self):
        return self._numbers[0] != 0

    def _head(self, number):
        """Where a worker's numbers are among all."""
        return 1 + number * self._each // 8

    def note(self, number, text):
        head = self._head(number)
        count = self._numbers[head + self.COUNT]
        line = (head + self.HEAD) * 8 + count % DEPTH * WIDTH
        self._memory[line:line + WIDTH] = os.fsencode(text)[:WIDTH].ljust(WIDTH, b"\0")
        # The count is last: a reader never sees half a line as the newest.
        self._numbers[head + self.WHEN] = time.monotonic_ns()
        self._numbers[head + self.COUNT] = count + 1

    def count(self, number):
        return self._numbers[self._head(number) + self.COUNT]

    def idle(self, number):
        """For how many seconds nothing was noted."""
        when = self._numbers[self._head(number) + self.WHEN]
        return (time.monotonic_ns() - when) / 1e9 if when else 0

    def last(self, number):
        """The last steps, the newest at the end."""
        count = self.count(number)
        start = (self._head(number) + self.HEAD) * 8
        for i in range(max(0, count - DEPTH), count):
            line = self._memory[start + i % DEPTH * WIDTH:][:WIDTH]
            yield line.rstrip(b"\0").decode(errors="backslashreplace")


def _work(worker, journal, number):
    """A thread's life."""
    worker.enlist(journal, number)
    try:
        while not journal.stopped:
            worker.step()
    except Exception:  # pylint: disable=broad-except
        worker.note(traceback.format_exc()[-WIDTH:])
        print(f"# {worker.name}: {traceback.format_exc()}", flush=True)
        # So that the others end with it, and the test sees it.
        os._exit(3)


def _watch(threads, journal):
    """Wakes threads that wait in the kernel, until all have ended."""
    while any(thread.is_alive() for thread, _ in threads):
        time.sleep(STUCK / 2)
        for thread, number in threads:
            if thread.is_alive() and (journal.stopped or journal.idle(number) > STUCK):
                signal.pthread_kill(thread.ident, signal.SIGUSR1)


def _process(crew, journal, first):
    """A process's life: its workers are threads of it."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    signal.alarm(0)
    os.setsid()
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGUSR1, lambda *_: None)
    signal.siginterrupt(signal.SIGUSR1, True)
    threads = []
    for number, worker in enumerate(crew, first):
        worker.enlist(journal, number)
        worker.begin()
        threads.append((threading.Thread(target=_work, args=(worker, journal, number)), number))
    for thread, _ in threads:
        thread.start()
    _watch(threads, journal)


def _spawn(crew, journal, first):
    pid = os.fork()
    if not pid:
        status = 2
        try:
            _process(crew, journal, first)
            status = 0
        except Exception:  # pylint: disable=broad-except
            print(f"# {crew[0].name}: {traceback.format_exc()}", flush=True)
        finally:
            os._exit(status)
    return pid


class Run:
    """Some crews at work: lists of workers that share a process."""

    def __init__(self, crews, seconds):
        self._workers = [worker for crew in crews for worker in crew]
        self._journal = Journal(len(self._workers))
        self._log = KernelLog()
        later(self._log.close)
        self._start = time.monotonic()
        self._seconds = seconds
        self._ended = {}
        self._pids = {}
        first = 0
        for crew in crews:
            self._pids[_spawn(crew, self._journal, first)] = crew[0].name
            first += len(crew)
        later(self._kill)

    def _kill(self):
        for pid in self._pids:
            if pid not in self._ended:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)

    def _reap(self):
        for pid in self._pids:
            if pid not in self._ended:
                got, status = os.waitpid(pid, os.WNOHANG)
                if got:
                    self._ended[pid] = status

    def _tell_last(self):
        for number, worker in enumerate(self._workers):
            diag(f"{worker.name}, {self._journal.count(number)} steps, the last of them:")
            for line in self._journal.last(number):
                diag(f"  {line}")

    def _judge(self):
        """Raises if something is wrong by now."""
        report = klog.bugs("\n".join(self._log.lines()))
        if report:
            self._tell_last()
        expect(not report, "the kernel reports:\n" + "\n".join(report))
        for number, worker in enumerate(self._workers):
            if self._journal.idle(number) > PATIENCE:
                self._tell_last()
                raise AssertionError(f"{worker.name} hangs")
        self._reap()
        failed = [self._pids[pid] for pid, status in self._ended.items() if status]
        expect(not failed, f"{', '.join(failed)} failed")

    def finish(self):
        """Waits for the end, saying now and then how it goes."""
        told = self._start
        while time.monotonic() - self._start < self._seconds:
            time.sleep(0.5)
            self._judge()
            if time.monotonic() - told >= PROGRESS:
                told = time.monotonic()
                diag(f"{told - self._start:.0f} of {self._seconds:.0f} s, {self.steps()} steps")
        self._journal.stop()
        end = time.monotonic() + PATIENCE
        while len(self._ended) < len(self._pids):
            expect(time.monotonic() < end, "the workers do not end")
            time.sleep(0.1)
            self._judge()
        self._judge()

    def steps(self):
        """How many steps there were, by worker."""
        return ", ".join(f"{worker.name} {self._journal.count(number)}"
                         for number, worker in enumerate(self._workers))
