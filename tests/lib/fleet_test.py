#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of fleet.py: a failure that it forgave would go unseen."""
import collections
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import fleet
import tap

SCRIPTS = [f'/nowhere/{letter}_test.py' for letter in 'abcde']


class Machine:
    """A VM whose scripts have one test each, which fails as often as FAILURES says; a
    kernel that is a BUG complains whenever it runs one of those scripts alone."""
    failures = {}
    bug = ()
    runs = collections.Counter()

    def __init__(self, _fleet, name, _options, todo):
        self.results = []
        self.errors = []
        self.done = list(todo)
        self.running = None
        self.tripped = False
        self.failed = {}
        for script in todo:
            Machine.runs[script] += 1
            fails = Machine.runs[script] <= Machine.failures.get(script, 0)
            result = tap.Result(f'{name} {script}: works', 'failed' if fails else 'passed')
            self.results.append(result)
            if fails:
                self.failed[script] = [result]
        if todo[0] in Machine.bug and Machine.runs[todo[0]] > 1:
            self.results.append(tap.Result('the kernel reports no bug', 'failed'))


def outcomes(failures, bug=(), slowness=1):
    """What a fleet makes of scripts: the outcomes, by how many there are."""
    Machine.failures = dict(zip(SCRIPTS, failures))
    Machine.bug = bug
    Machine.runs.clear()
    found = fleet.Fleet([('vm', [], SCRIPTS[:len(failures)])], slowness).results()
    return dict(collections.Counter(result.outcome for result in found))


# What it is about, how often each script fails, what more, and the outcomes.
CASES = [
    ('what passes is not run again', [0, 0], {}, {'passed': 2}),
    ('what fails once is unsteady', [0, 1], {}, {'passed': 1, 'unsteady': 1}),
    ('what fails twice failed', [2, 0], {}, {'passed': 1, 'failed': 1}),
    ('more than a few are not run again', [1, 1, 1, 1], {}, {'unsteady': 3, 'failed': 1}),
    ('what a debug kernel finds is not run again', [1], {'slowness': 6}, {'failed': 1}),
    ("a kernel's bug is never forgiven", [1], {'bug': SCRIPTS[:1]},
     {'unsteady': 1, 'failed': 1}),
]


def main():
    fleet.Machine = Machine
    fleet.options_of = lambda script: []
    fleet.limit = lambda script: 1
    fleet.say = lambda text: None
    bad = 0
    print(f'1..{len(CASES)}')
    for number, (what, failures, more, wanted) in enumerate(CASES, 1):
        got = outcomes(failures, **more)
        bad += got != wanted
        print(f'{"ok" if got == wanted else "not ok"} {number} - {what}')
        if got != wanted:
            print(f'# {got}, not {wanted}')
    return bad > 0


if __name__ == '__main__':
    sys.exit(main())
