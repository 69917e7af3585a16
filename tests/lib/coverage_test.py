#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of coverage.py: counts of a real program, run twice, make up a table."""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import coverage

PROGRAM = '''#include <stdlib.h>
int main(int n, char **v)
{
	(void)v;
	if (n > 2)
		abort();
	if (n > 1)
		return 3;
	return 0;
}
'''


def counted(directory, runs):
    """The Lines of PROGRAM after RUNS, each of which is its arguments."""
    source = os.path.join(directory, 'part', 'main.c')
    os.makedirs(os.path.dirname(source))
    with open(source, 'w', encoding='ascii') as handle:
        handle.write(PROGRAM)
    built = os.path.join(directory, 'program')
    subprocess.run(['gcc', '--coverage', '-o', built, source], check=True, cwd=directory)
    lines = coverage.Lines()
    for number, words in enumerate(runs):
        root = os.path.join(directory, f'counts{number}')
        subprocess.run([built, *words], check=False, env={'GCOV_PREFIX': root})
        coverage.read(lines, root, lambda path: os.path.relpath(path, directory)
                      if path.startswith(directory) else None)
    return lines


def main():
    got = {}
    for name, runs in (('one run', [[]]), ('two runs', [[], ['a']])):
        with tempfile.TemporaryDirectory() as directory:
            lines = counted(os.path.realpath(directory), runs)
            got[name] = (lines.missed('part/main.c'), list(coverage.table(lines, ['part', 'other'])))
    wanted = {
        'one run': ('6 8', [' 66.7 %      4 of      6  part/main.c',
                            ' 66.7 %      4 of      6  part in all',
                            'nothing was counted of other']),
        'two runs': ('6', [' 83.3 %      5 of      6  part/main.c',
                           ' 83.3 %      5 of      6  part in all',
                           'nothing was counted of other']),
    }
    print(f'1..{len(wanted)}')
    for number, (name, want) in enumerate(wanted.items(), 1):
        print(f'{"ok" if got[name] == want else "not ok"} {number} - the table of {name}')
        if got[name] != want:
            print(f'# {got[name]}')
    sys.exit(got != wanted)


main()
