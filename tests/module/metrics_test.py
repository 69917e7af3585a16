#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Metrics of real ports; what parsers make of them is tested in tests/unit."""
from lib import ctl, equal, expect, make_port, run, test, wait_for


def sample(text, name, guest):
    """The value of a sample of port 0 of GUEST."""
    begin = f'vserial_port_{name}{{guest="{guest}",port="0"}} '
    values = [line[len(begin):] for line in text.splitlines() if line.startswith(begin)]
    equal(len(values), 1, f"the number of samples {begin}")
    return int(values[0])


@test
def counters():
    """what a guest wrote is counted, in both forms"""
    port = make_port("m-count", backing="null")
    port.open().write_all(b"x" * 1000)
    wait_for(lambda: port.tx_bytes == 1000, "1000 bytes written")
    text = ctl("metrics")
    expect(text.endswith("\n# EOF\n"), "the text has no end")
    for text in (text, ctl("metrics", "prometheus")):
        equal(sample(text, "tx_bytes_total", "m-count"), 1000, "tx_bytes")
        equal(sample(text, "power", "m-count"), 1, "power")
        expect('vserial_port_state{guest="m-count",port="0",vserial_port_state="connected"} 1\n'
               in text, text)


run()
