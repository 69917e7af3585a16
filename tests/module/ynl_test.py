#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel tree's own netlink client works with our specification as it stands."""
import json
import os

from lib import (HERE, PATIENCE, Skip, equal, expect, forget_guest, later, make_guest, make_port,
                 run, run_program, test)

SPEC = os.path.join(HERE, "../../Documentation/netlink/specs/vserial.yaml")


def ynl(*words, status=0):
    """Runs it; what it prints."""
    if "YNL" not in os.environ:
        raise Skip("needs $YNL, the folder tools/net/ynl of the kernel tree")
    done = run_program("/usr/bin/python3", f"{os.environ['YNL']}/cli.py", "--spec", SPEC,
                       "--no-schema", "--output-json", *words, timeout=4 * PATIENCE)
    equal(done.status, status, f"the exit status of {words} ({done.out}{done.err})")
    return done.out


def requests(*pairs):
    """Arguments that send requests, each an operation and its attributes."""
    return [word for operation, attributes in pairs
            for word in ("--multi", operation, json.dumps(attributes))]


@test
def changes():
    """a guest made, a port changed, both shown; counters of 64 bits"""
    make_port("ynl-count", backing="null").open().write_all(b"x" * 1000)
    forget_guest("ynl")
    later(forget_guest, "ynl")
    # Changes are carried out when the sender returns from the call that sent them.
    ynl(*requests(("guest-new", {"name": "ynl", "nr-ports": 2}),
                  ("port-set", {"guest": "ynl", "index": 1, "backing": "loopback",
                                "overflow": "drop-old"})))
    port, counted = json.loads(ynl(*requests(
        ("port-get", {"guest": "ynl", "index": 1}),
        ("port-get", {"guest": "ynl-count", "index": 0}))))
    equal((port["backing"], port["overflow"]), ("loopback", "drop-old"), "the port")
    equal(counted["tx-bytes"], 1000, "what was written")
    guests = json.loads(ynl("--dump", "guest-get"))
    equal([g["nr-ports"] for g in guests if g["name"] == "ynl"], [2], "the numbers of ports")


@test
def refusals():
    """what is refused is refused with its sentence"""
    make_guest("ynl", 1)
    said = ynl("--do", "port-get", "--json", json.dumps({"guest": "ynl", "index": 7}), status=1)
    expect("'ynl/7'" in said, said)


run()
