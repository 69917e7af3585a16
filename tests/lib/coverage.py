# SPDX-License-Identifier: GPL-2.0-or-later
"""Which lines were executed, by what gcc's instrumented programs counted.

Several builds and many runs count: a line is covered if one of them executed it.
"""
import collections
import json
import os
import subprocess

from cache import Failed

#: Files of counts that gcov is given at a time.
AT_ONCE = 100


class Lines:
    """The lines of source files that have code, and those of them that were executed."""

    def __init__(self):
        #: file -> line -> how often
        self.counts = collections.defaultdict(collections.Counter)

    def add(self, name, line, count):
        self.counts[name][line] += count

    def files(self):
        return sorted(self.counts)

    def total(self, name):
        return len(self.counts[name])

    def covered(self, name):
        return sum(1 for count in self.counts[name].values() if count)

    def missed(self, name):
        """The lines of a file that nothing executed, neighbours as one: "7 12-15".

        Neighbours are so among the lines that have code: a comment parts nothing."""
        runs, open_run = [], None
        for line in sorted(self.counts[name]):
            if self.counts[name][line]:
                open_run = None
            elif open_run:
                open_run[1] = line
            else:
                open_run = [line, line]
                runs.append(open_run)
        return ' '.join(str(a) if a == b else f'{a}-{b}' for a, b in runs)


def table(lines, areas):
    """Lines of text: a file each, and the sum of each of AREAS, which are folders."""
    for area in areas:
        names = [n for n in lines.files() if n.startswith(f'{area}/')]
        if not names:
            yield f'nothing was counted of {area}'
            continue
        for name in names:
            yield row(lines.covered(name), lines.total(name), name)
        yield row(sum(map(lines.covered, names)), sum(map(lines.total, names)), f'{area} in all')


def row(covered, total, name):
    return f'{100 * covered / total if total else 0:5.1f} % {covered:6} of {total:6}  {name}'


def link_notes(root):
    """Puts gcc's notes beside the counts below ROOT, where each has the name that it would
    have below /; returns the names of the counts."""
    found = []
    for directory, _, names in os.walk(root):
        for name in names:
            counts = os.path.join(directory, name)
            notes = f'/{os.path.relpath(counts, root)}'.removesuffix('.gcda') + '.gcno'
            # An empty one is of a program that never ran.
            if not name.endswith('.gcda') or not os.path.getsize(counts):
                continue
            if not os.path.exists(notes):
                raise Failed(f'{counts} belongs to {notes}, which is not there')
            link = counts.removesuffix('.gcda') + '.gcno'
            if not os.path.lexists(link):
                os.symlink(notes, link)
            found.append(counts)
    return sorted(found)


def read(lines, root, name_of):
    """Adds to LINES what was counted below ROOT.

    NAME_OF tells of a source's path which file of the repository it is, or None."""
    counts = link_notes(root)
    for i in range(0, len(counts), AT_ONCE):
        done = subprocess.run(['gcov', '--json-format', '--stdout', *counts[i:i + AT_ONCE]],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if done.returncode:
            raise Failed(f'gcov: {done.stderr.decode(errors="replace")}')
        for text in done.stdout.decode().splitlines():
            _add(lines, json.loads(text), name_of)


def _add(lines, told, name_of):
    for file in told['files']:
        name = name_of(os.path.normpath(os.path.join(told['current_working_directory'],
                                                     file['file'])))
        if name:
            for line in file['lines']:
                lines.add(name, line['line_number'], line['count'])
