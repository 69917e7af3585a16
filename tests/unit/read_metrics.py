#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""read_metrics.py openmetrics|prometheus: reads metrics as others do, and
prints the type, unit and samples of each."""
import sys

import prometheus_client.openmetrics.parser
import prometheus_client.parser

PARSERS = {"openmetrics": prometheus_client.openmetrics.parser,
           "prometheus": prometheus_client.parser}

for family in PARSERS[sys.argv[1]].text_string_to_metric_families(sys.stdin.read()):
    assert family.documentation, f"{family.name} does not say what it is"
    print(family.name, family.type, family.unit or "-")
    for sample in family.samples:
        print(" ", sample.name, *(f"{k}={v!r}" for k, v in sample.labels.items()),
              f"{sample.value:.17g}")
