#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of tap.py and klog.py: were they wrong, failures would go unseen."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import klog
import tap

KTAP = '''KTAP version 1
1..2
    KTAP version 1
    # Subtest: ring
    1..2
    ok 1 wraps
    # drops: EXPECTATION FAILED at ring_test.c:9
    not ok 2 drops
# ring: pass:1 fail:1 skip:0 total:2
not ok 1 - ring
    # Subtest: line
    1..1
        # Subtest: breaks
        ok 1 short
        ok 2 long # SKIP too long
    ok 1 breaks
ok 2 - line
'''

# What a program printed, what went wrong with it, passed, failed, skipped.
CASES = {
    'plain results': ('ok 1 - a\nnot ok 2 - b\n1..2', None, 1, 1, 0),
    'a plan behind the results': ('ok 1 - a\nok 2 - b\n1..2', None, 2, 0, 0),
    'a program that stops early': ('1..3\nok 1 - a\n', None, 1, 1, 0),
    'a program with more results than planned': ('1..1\nok 1 a\nok 2 b\n', None, 2, 1, 0),
    'no output': ('', None, 0, 1, 0),
    'output without results': ('Segmentation fault\n', None, 0, 1, 0),
    'a skipped test': ('ok 1 - a # SKIP no KVM\nok 2 - b\n', None, 1, 0, 1),
    'a failing test that is to do': ('not ok 1 - a # TODO later\nok 2 b', None, 1, 0, 1),
    'all skipped': ('1..0 # SKIP no KVM\n', None, 0, 0, 1),
    'an exit status without a failed test': ('ok 1 - a\n1..1\n', 'exit status 1', 1, 1, 0),
    'an exit status that a failed test explains': ('not ok 1 a\n1..1', 'exit status 1', 0, 1, 0),
    'nested results': (KTAP, None, 2, 1, 1),
    'a subtest that ends early': ('1..2\n    # Subtest: s\n    1..2\n    ok 1 a\n', None, 1, 2, 0),
    'a suite that fails though its tests pass': ('1..1\n    1..1\n    ok 1 a\nnot ok 1 s', None,
                                                 1, 1, 0),
}
BUGS = {
    'BUG: KASAN: slab-out-of-bounds in vserial_x': True,
    'WARNING: CPU: 1 PID: 7 at kmod/port.c:9 vserial_x+0x1/0x2 [vserial]': True,
    'INFO: task loopguest:12 blocked for more than 120 seconds.': True,
    'WARNING: possible circular locking dependency detected': True,
    'WARNING: suspicious RCU usage': True,
    'INFO: trying to register non-static key.': True,
    'BUG: sleeping function called from invalid context at mm/slab.h:420': True,
    'UBSAN: shift-out-of-bounds in kmod/line.c:20:3': True,
    'ODEBUG: free active (active state 0) object type: work_struct': True,
    'list_del corruption, ffff888000000000->next is LIST_POISON1': True,
    'Oops: int3: 0000 [#1] PREEMPT SMP NOPTI': True,
    'general protection fault, probably for non-canonical address': True,
    'vserial: loading out-of-tree module taints kernel.': False,
    'vserial: demo/0: no space left on /var/log': False,
}

# What tests/vm/run says, or a kernel; is it the emulator's fault?
TRIPS = {
    f'run: {klog.STANDSTILL}, it has not run for 60 s, killed': True,
    'int3: 0000 [#1] PREEMPT SMP NOPTI': True,
    'run: not done after 600 s, killed': False,
    'Oops: 0000 [#1] PREEMPT SMP NOPTI': False,
}

number = 0


def check(name, okay, text):
    global number
    number += 1
    if not okay:
        print(f'# {text}')
    print(f'{"" if okay else "not "}ok {number} - {name}')
    return okay


good = True
for name, (text, problem, *want) in CASES.items():
    results = tap.parse('program', text, problem)
    have = [sum(r.outcome == o for r in results) for o in ('passed', 'failed', 'skipped')]
    good &= check(f'tap: {name}', have == want, f'wanted {want}, have {have}: {results}')
names = [r.name for r in tap.parse('kunit', KTAP)]
good &= check('tap: names tell suite and case', names == [
    'kunit: ring: wraps', 'kunit: ring: drops', 'kunit: line: breaks: short',
    'kunit: line: breaks: long'], names)
log = next(r.log for r in tap.parse('kunit', KTAP) if r.outcome == 'failed')
good &= check('tap: a failed case has its log', any('EXPECTATION FAILED' in line for line in log), log)
log = tap.parse('program', '# before\nnot ok 1 a\n# behind\nok 2 b\n1..2')[0].log
good &= check('tap: a log has what stands before and behind', log == ['# before', '# behind'], log)
for line, tripped in TRIPS.items():
    good &= check(f'klog: {"the emulator tripped" if tripped else "the kernel did it"}: {line[:40]}',
                  klog.emulator_tripped(line) == tripped, line)
for line, bug in BUGS.items():
    good &= check(f'klog: {"a bug" if bug else "no bug"}: {line[:40]}',
                  bool(klog.bugs(line)) == bug, klog.bugs(line))
print(f'1..{number}')
sys.exit(0 if good else 1)
