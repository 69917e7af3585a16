#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Documentation/security.md says what is so: what it names exists, and units have its scores."""
import os
import re
import subprocess
import sys
import tempfile

TOP = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
PAGE = os.path.join(TOP, "Documentation/security.md")
UNIT = ".service"
FILE = r"[a-z0-9_/-]+\.(?:c|h|py|rules|socket)"
NAME = rf"`(?!{FILE}`)[^`]+`"


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def sources():
    """The files of the tree."""
    return [os.path.join(where, name) for folder in ("kmod", "helper", "tests")
            for where, _, names in os.walk(os.path.join(TOP, folder)) for name in names]


def rows(text):
    """The cells of each line of a table."""
    for line in text.splitlines():
        if line.startswith("| "):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def references(text):
    """(file, name or None) for all that is named: `FILE`: `NAME` `NAME`."""
    for chain in re.finditer(rf"`({FILE})`((?:: {NAME}(?: {NAME})*)?)", text):
        yield chain[1], None
        for name in re.findall(r"`([^`]+)`", chain[2]):
            yield chain[1], name


def pattern(file, name):
    """What tells that there is NAME in FILE: of tests, that it is one."""
    name = re.escape(name)
    if file.endswith("_test.py"):
        return rf"^@\w*test\ndef {name}\("
    if file.startswith("test_") or file.endswith("_test.c"):
        return rf"^(static void|def) {name}\("
    return rf"\b{name}\b"


def names_exist():
    """every file, function and test that it names exists"""
    found, wrong, tests = sources(), [], 0
    for file, name in references(read(PAGE)):
        tests += name is not None and "test" in file
        places = [path for path in found if path.endswith(f"/{file}")]
        if len(places) != 1:
            wrong.append(f"{file} is found {len(places)} times")
        elif name and not re.search(pattern(file, name), read(places[0]), re.M):
            wrong.append(f"{file} has no {name}")
    assert tests > 50, f"only {tests} tests are named"
    assert not wrong, "\n".join(wrong)


def lines_are_shown():
    """each line of a threat names a file that enforces it, and one that shows it"""
    threats = [cells for cells in rows(read(PAGE)) if len(cells) == 3 and "keeps" not in cells[1]
               and not set(cells[0]) <= set("-|")]
    assert len(threats) > 30, f"there are {len(threats)} threats"
    for threat, kept, shown in threats:
        assert list(references(kept)), f"nothing keeps them from it: {threat}"
        assert list(references(shown)), f"nothing shows: {threat}"


def score(path):
    """What systemd-analyze says of a unit as it is shipped."""
    with tempfile.TemporaryDirectory() as folder:
        unit = os.path.join(folder, os.path.basename(path).removesuffix(".in"))
        with open(unit, "w", encoding="ascii") as f:
            f.write(read(path).replace("@SBINDIR@", "/usr/sbin"))
        done = subprocess.run(["systemd-analyze", "--no-pager", "--offline=yes", "security", unit],
                              capture_output=True, text=True, check=False)
    said = re.search(r"exposure level for .*: ([0-9.]+)", done.stdout)
    assert said, f"{path}: {done.stdout}{done.stderr}"
    return float(said[1])


def scores():
    """no unit's score is above the one it has there"""
    stated = {cells[0].strip("`"): float(cells[1]) for cells in rows(read(PAGE))
              if cells[0].strip("`").endswith(UNIT)}
    units = {os.path.basename(path).removesuffix(".in"): path for path in sources()
             if path.endswith(f"{UNIT}.in")}
    assert units.keys() == stated.keys(), (units.keys(), stated.keys())
    for unit, path in sorted(units.items()):
        is_now = score(path)
        print(f"# {unit}: {is_now}")
        assert is_now <= stated[unit], f"{unit} has {is_now}, not {stated[unit]} or less"


def main():
    failed = 0
    tests = names_exist, lines_are_shown, scores
    for number, test in enumerate(tests, 1):
        try:
            test()
            print(f"ok {number} - {test.__doc__}")
        except AssertionError as e:
            failed += 1
            print("".join(f"# {line}\n" for line in str(e).splitlines()), end="")
            print(f"not ok {number} - {test.__doc__}")
    print(f"1..{len(tests)}")
    sys.exit(1 if failed else 0)


main()
