#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Documentation/netlink/specs/vserial.yaml agrees with linux/vserial.h.

Numbers are taken from the compiler, names from the header's enums, and both
ways: nothing may be in one and not in the other.  The schema is the kernel
tree's genetlink.yaml, taken from $NETLINK_SCHEMA or from Debian's package
linux-source-6.12; without either that one test is skipped.
"""
import os
import re
import subprocess
import sys
import tarfile
import tempfile

import jsonschema
import yaml

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
sys.path.insert(0, os.path.join(TOP, "tests/lib"))
import script

HEADER = os.path.join(TOP, "uapi/linux/vserial.h")
SPEC = os.path.join(TOP, "Documentation/netlink/specs/vserial.yaml")
SOURCE = "/usr/src/linux-source-6.12.tar.xz"
SCHEMA = "linux-source-6.12/Documentation/netlink/genetlink.yaml"


def c_name(*words):
    return "_".join(words).upper().replace("-", "_")


def numbered(entries, first):
    """Names of YAML entries with their numbers, counted as C counts."""
    number = first - 1
    for entry in entries:
        entry = {"name": entry} if isinstance(entry, str) else entry
        number = entry.get("value", number + 1)
        yield entry["name"], number


def c_values(names, include):
    """What the compiler takes for each name."""
    lines = [f'#include <{file}>' for file in include]
    lines += ["#include <stdio.h>", "int main(void) {"]
    lines += [f'printf("%lld\\n", (long long)({name}));' for name in names]
    lines += ["return 0; }"]
    with tempfile.TemporaryDirectory() as folder:
        program = os.path.join(folder, "values")
        subprocess.run([os.environ.get("CC", "cc"), "-xc", "-", "-o", program,
                        "-I", os.path.join(TOP, "uapi")],
                       input="\n".join(lines), text=True, check=True)
        output = subprocess.run([program], stdout=subprocess.PIPE, text=True,
                                check=True).stdout
    return dict(zip(names, map(int, output.split())))


def header_names(prefix):
    """The names of the header's enum constants that begin with prefix."""
    with open(HEADER, encoding="utf-8") as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
    names = re.findall(rf"^\t({prefix}\w+)[,\s]", text, flags=re.M)
    return {name for name in names if not name.endswith("_UNSPEC")}


def same(spec, prefix):
    """spec: names and numbers of the YAML; all of the header's are there."""
    expected = c_values(sorted(spec), ["linux/vserial.h"])
    assert spec == expected, f"{spec} is not {expected}"
    names = header_names(prefix)
    assert names, f"the header has no {prefix}"
    assert set(spec) == names, f"only in one of both: {set(spec) ^ names}"


def definition(spec, name):
    return next(d for d in spec["definitions"] if d["name"] == name)


def test_commands(spec):
    operations = spec["operations"]
    same({c_name(operations["name-prefix"], name).replace("__", "_"): number
          for name, number in numbered(operations["list"], 1)}, "VSERIAL_CMD_")


def test_attributes(spec):
    for space in spec["attribute-sets"]:
        attributes(spec, space["name"])
    with open(HEADER, encoding="utf-8") as file:
        sets = re.findall(r"VSERIAL_A_([A-Z]+)_UNSPEC", file.read())
    names = {space["name"].upper() for space in spec["attribute-sets"]}
    assert names == set(sets), names ^ set(sets)


def attributes(spec, name):
    space = next(s for s in spec["attribute-sets"] if s["name"] == name)
    prefix = c_name(space["name-prefix"])
    same({prefix + c_name(attr): number
          for attr, number in numbered(space["attributes"], 1)}, prefix)


def test_enums(spec):
    for entry in spec["definitions"]:
        if entry["type"] == "enum":
            enum(spec, entry["name"])
    with open(HEADER, encoding="utf-8") as file:
        enums = re.findall(r"^enum vserial_(\w+) {", file.read(), re.M)
    names = {d["name"].replace("-", "_") for d in spec["definitions"]
             if d["type"] == "enum"}
    assert names == set(enums), names ^ set(enums)


def enum(spec, name):
    entries = definition(spec, name)
    prefix = c_name("vserial", name, "")
    same({prefix + c_name(entry): number for entry, number
          in numbered(entries["entries"], entries["value-start"])}, prefix)


def test_lines(spec):
    bits = {c_name("tiocm", name): 1 << number for name, number
            in numbered(definition(spec, "lines")["entries"], 0)}
    assert bits == c_values(sorted(bits), ["asm/termios.h"]), bits


def test_limits(spec):
    limits = {c_name("vserial", d["name"]): d["value"]
              for d in spec["definitions"] if d["type"] == "const"}
    assert limits == c_values(sorted(limits), ["linux/vserial.h"]), limits
    with open(HEADER, encoding="utf-8") as file:
        names = re.findall(r"^#define (VSERIAL_\w+)\s+[(\d]", file.read(), re.M)
    names = {n for n in names if not re.search("VERSION$|CMD_MAX$|_A_", n)}
    assert set(limits) == names, set(limits) ^ names


def test_family(spec):
    with open(HEADER, encoding="utf-8") as file:
        text = file.read()
    assert f'VSERIAL_FAMILY_NAME\t"{spec["name"]}"' in text
    groups = re.findall(r'VSERIAL_MCGRP_\w+\s+"(\w+)"', text)
    assert [g["name"] for g in spec["mcast-groups"]["list"]] == groups, groups


def test_schema(spec):
    path = os.environ.get("NETLINK_SCHEMA")
    if path:
        with open(path, encoding="utf-8") as file:
            schema = yaml.safe_load(file)
    elif os.path.exists(SOURCE):
        # Read as a stream up to the file, which stands early in the archive.
        with tarfile.open(SOURCE, "r|xz") as tar:
            schema = next(yaml.safe_load(tar.extractfile(member))
                          for member in tar if member.name == SCHEMA)
    else:
        return "SKIP needs $NETLINK_SCHEMA or the package linux-source-6.12"
    jsonschema.validate(spec, schema)
    return None


def main():
    with open(SPEC, encoding="utf-8") as file:
        script.run(globals(), yaml.safe_load(file))


main()
