# SPDX-License-Identifier: GPL-2.0-or-later
"""The cache: where kernels, sources and object files are kept between runs.

It lies outside the repository, everything in it is keyed by version, and it
may be deleted at any time: what is missing is made again.
"""
import contextlib
import fcntl
import hashlib
import os
import signal
import subprocess
import sys

REPO = os.path.realpath(os.path.join(os.path.dirname(__file__), '..', '..'))


def root():
    """The cache's directory, made if need be."""
    base = os.environ.get('VSERIAL_CACHE')
    if not base:
        base = os.path.join(os.environ.get('XDG_CACHE_HOME') or
                            os.path.expanduser('~/.cache'), 'vserial')
    os.makedirs(base, exist_ok=True)
    return os.path.realpath(base)


def path(*parts):
    """A path in the cache; the directory it lies in exists afterwards."""
    result = os.path.join(root(), *parts)
    os.makedirs(os.path.dirname(result), exist_ok=True)
    return result


def checkout():
    """A name for this checkout of the repository."""
    return hashlib.sha256(REPO.encode()).hexdigest()[:8]


@contextlib.contextmanager
def lock(*parts):
    """Holds PARTS.lock while the block runs, across processes."""
    with open(path(*parts) + '.lock', 'w') as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def say(text):
    """A line of progress."""
    print(text, file=sys.stderr, flush=True)


class Failed(Exception):
    """Something the user must be told, in one sentence and maybe a log."""


def run(command, what, **options):
    """Runs COMMAND silently; its output is shown if it fails, which raises Failed."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, **options)
    text = done.stdout.decode(errors='replace')
    if done.returncode:
        raise Failed(f'{text}{what} failed with exit status {done.returncode}')
    return text


def write(name, text):
    """Writes TEXT to the file NAME in one step, so that no reader sees half of it."""
    with open(f'{name}.new', 'w', encoding='utf-8') as handle:
        handle.write(text)
    os.replace(f'{name}.new', name)


def main(function):
    """Runs FUNCTION as a program: its result is the exit status, Failed is told."""
    name = os.path.basename(sys.argv[0])
    # So that what cleans up is run, and children do not outlive us.
    for number in signal.SIGTERM, signal.SIGHUP:
        signal.signal(number, lambda caught, _: sys.exit(128 + caught))
    try:
        sys.exit(function())
    except Failed as failure:
        say(f'{name}: {failure}')
        sys.exit(125)
    except KeyboardInterrupt:
        sys.exit(130)
