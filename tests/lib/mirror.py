# SPDX-License-Identifier: GPL-2.0-or-later
"""Copies sources to where they are built, touching only what changed.

Kbuild puts object files beside the sources; a copy for each kernel keeps them
apart.  A file is written only if its contents differ, so that make's time
stamps mean what they should whichever checkout the copy was made from.
"""
import os


def _read(name):
    try:
        with open(name, 'rb') as handle:
            return handle.read()
    except FileNotFoundError:
        return None


def mirror(source, target, suffixes):
    """Makes TARGET hold the files of the directory SOURCE that end in SUFFIXES,
    with their directories, and no other file of that kind."""
    wanted = set()
    for directory, _, names in os.walk(source):
        below = os.path.relpath(directory, source)
        for name in names:
            if name.endswith(suffixes) and not name.endswith('.mod.c'):
                wanted.add(os.path.normpath(os.path.join(below, name)))
    for name in wanted:
        put(os.path.join(source, name), os.path.join(target, name))
    for directory, _, names in os.walk(target):
        below = os.path.relpath(directory, target)
        for name in names:
            if (name.endswith(suffixes) and not name.endswith('.mod.c') and
                    os.path.normpath(os.path.join(below, name)) not in wanted):
                os.unlink(os.path.join(directory, name))


def put(source, target):
    """Makes the file TARGET hold what SOURCE holds."""
    data = _read(source)
    if _read(target) != data:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, 'wb') as handle:
            handle.write(data)
