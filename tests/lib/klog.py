# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds what a kernel's log has to say about bugs."""
import re

# The kernel's words for "this is a bug", with and without a taint.
BUG = re.compile(r'BUG: |WARNING: |\bOops\b|general protection fault|kernel BUG at|'
                 r'INFO: (task|rcu|possible|suspicious|trying)|rcu: INFO|Kernel panic|'
                 r'KASAN:|UBSAN:|ODEBUG: |kmemleak: [0-9]+ new|refcount_t:|'
                 r'list_(add|del) corruption|scheduling while atomic|'
                 r': [0-9a-f]{4} \[#[0-9]+\]')
# QEMU 7.2's TCG sometimes goes on executing a breakpoint that the kernel set to
# patch its own code and has taken away since; the kernel then dies of it.  It takes
# two processors at work at the same time: with tests/vm/run --turns there are none.
STALE_BREAKPOINT = re.compile(r'\bint3: 0000 \[#1\]')
# ... or leaves a processor halted for good, mostly where the VM has a guest of its own.
STANDSTILL = 'the emulator stands still'
# Lines shown from each such line on: a report is about that long.
FOLLOWING = 45


def bugs(log):
    """The lines of LOG that report bugs, each with what follows it."""
    shown = []
    until = -1
    for number, line in enumerate(log.splitlines()):
        if BUG.search(line):
            until = number + FOLLOWING
        if number < until:
            shown.append(line)
    return shown


def emulator_tripped(log):
    """Did the kernel die of one of QEMU's bugs rather than of its own?"""
    return bool(STALE_BREAKPOINT.search(log)) or STANDSTILL in log
