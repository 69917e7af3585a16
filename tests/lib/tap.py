# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads test results: TAP, with KUnit's nesting (KTAP) or without.

Counted are the leaves: a result that sums up a subtest counts only if it
failed although nothing in it did.  A plan that was not kept, and no results
at all, count as failures: a program that died must not pass.
"""
import re

RESULT = re.compile(r'( *)(not )?ok ([0-9]+)(?: -)?(?: (.*))?$')
PLAN = re.compile(r'( *)1\.\.([0-9]+)(?: *# *(?:SKIP|skip)\b *(.*))?$')
SUBTEST = re.compile(r' *# Subtest: (.*)$')
DIRECTIVE = re.compile(r' # (SKIP|TODO)\b *(.*)$', re.IGNORECASE)


class Result:
    """One test: its name, outcome and log.

    The outcome is 'passed', 'failed', 'skipped', or 'unsteady': failed, and passed when
    it was run once more."""

    def __init__(self, name, outcome, log=()):
        self.name = name
        self.outcome = outcome
        self.log = list(log)

    def __repr__(self):
        return f'{self.outcome}: {self.name}'


class Reader:
    """Takes lines one by one; results() when there are no more."""

    def __init__(self, name):
        self._name = name
        self._results = []
        self._log = []
        self._subtest = []
        # By depth: results seen, results planned, whether one below failed.
        self._seen = {}
        self._plan = {}
        self._failed = {}

    def line(self, line):
        """Takes one line; returns the Result it completes, if it does."""
        line = line.rstrip()
        plan = PLAN.match(line)
        if plan:
            depth = len(plan[1])
            self._plan[depth] = int(plan[2])
            if plan[2] == '0':
                return self._add(Result(self._name, 'skipped', [plan[3] or 'no tests']))
            return None
        subtest = SUBTEST.match(line)
        if subtest:
            self._subtest.append(subtest[1])
            return None
        result = RESULT.match(line)
        if not result:
            self._log.append(line)
            if self._results and self._results[-1].outcome == 'failed':
                self._results[-1].log.append(line)
            return None
        return self._result(len(result[1]), not result[2], result[3], result[4] or '')

    def _result(self, depth, okay, number, name):
        below = [d for d in self._seen if d > depth]
        directive = DIRECTIVE.search(name)
        if directive:
            name = name[:directive.start()]
        full = ': '.join([self._name, *(self._subtest if not below else []),
                          name or f'test {number}'])
        failed_below = False
        if below:
            for d in below:
                self._close(d, full)
                failed_below |= self._failed.pop(d, False)
            if self._subtest:
                self._subtest.pop()
        self._seen[depth] = self._seen.get(depth, 0) + 1
        if not okay or failed_below:
            self._failed[depth] = True
        if below and (okay or failed_below):
            self._log = []
            return None
        outcome = 'passed' if okay else 'failed'
        if directive and (directive[1].upper() == 'SKIP' or not okay):
            outcome = 'skipped'
            self._log.append(directive[2])
        return self._add(Result(full, outcome, self._log))

    def _add(self, result):
        self._results.append(result)
        self._log = []
        return result

    def _close(self, depth, name):
        """The subtest at DEPTH is over: was its plan kept?"""
        seen = self._seen.pop(depth, 0)
        planned = self._plan.pop(depth, seen)
        if planned != seen:
            self._failed[depth] = True
            self._add(Result(name, 'failed',
                             [*self._log, f'{planned} tests were planned, {seen} came']))

    def results(self, problem=None):
        """All results.  PROBLEM says what went wrong with the program itself; it
        counts as a failure unless a failed test already explains it."""
        for depth in sorted(set(self._seen) | set(self._plan), reverse=True):
            self._close(depth, self._name)
        if problem and not any(r.outcome == 'failed' for r in self._results):
            self._add(Result(self._name, 'failed', [*self._log, problem]))
        if not self._results:
            self._add(Result(self._name, 'failed', [*self._log, 'there were no results']))
        return self._results


def parse(name, text, problem=None):
    """The results in TEXT, which the program NAME printed."""
    reader = Reader(name)
    for line in text.splitlines():
        reader.line(line)
    return reader.results(problem)


def tally(results, show_skipped=True):
    """Prints the logs of failed RESULTS and the sum as the last line; returns
    the exit status: 0 if something passed and nothing failed.  What is unsteady passed."""
    count = {'passed': 0, 'failed': 0, 'skipped': 0}
    troubled = [result for result in results if result.outcome in ('failed', 'unsteady')]
    for result in results:
        count['passed' if result.outcome == 'unsteady' else result.outcome] += 1
    for result in troubled:
        print(f'\n--- {result.outcome}: {result.name}')
        print('\n'.join(result.log))
    if troubled:
        print()
    for result in results:
        if result in troubled:
            print(f'{result.outcome}: {result.name}')
        elif result.outcome == 'skipped' and show_skipped:
            print(f'skipped: {result.name}: {" ".join(result.log[-1:])}')
    print(f'{count["passed"]} passed, {count["failed"]} failed', flush=True)
    return 0 if count['passed'] and not count['failed'] else 1
