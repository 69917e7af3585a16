# SPDX-License-Identifier: GPL-2.0-or-later
"""What is in files that ports write."""
import os


def contents(path):
    with open(path, "rb") as f:
        return f.read()


def size(path):
    """How many bytes a file has; one that is not there has none."""
    try:
        return os.path.getsize(path)
    except FileNotFoundError:
        return 0


def same(got, want, what):
    """Compares bytes; says where they differ and not what they are."""
    if got == want:
        return
    at = next((i for i, (a, b) in enumerate(zip(got, want)) if a != b),
              min(len(got), len(want)))
    raise AssertionError(f"{what}: {len(got)} bytes, not {len(want)}, "
                         f"and different at {at}")
