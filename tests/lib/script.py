# SPDX-License-Identifier: GPL-2.0-or-later
"""Scripts whose tests are functions test_*()."""
import sys


def run(names, *args):
    """Runs the tests among NAMES, a script's globals(), with ARGS; those alone whose names
    have the word that the command line names.  Prints TAP and ends the program.

    A test fails by an exception, and may return a note: "SKIP reason"."""
    wanted = sys.argv[1] if sys.argv[1:] else ""
    tests = [(name, test) for name, test in names.items() if name.startswith("test_")]
    failed = 0
    for number, (name, test) in enumerate(tests, 1):
        if wanted not in name:
            continue
        try:
            note = test(*args)
            print(f"ok {number} - {name}" + (f" # {note}" if note else ""), flush=True)
        except Exception as error:  # every failure is one line
            failed += 1
            print(f"# {type(error).__name__}: {error}".replace("\n", "\n# "))
            print(f"not ok {number} - {name}", flush=True)
    sys.exit(failed > 0)
