# SPDX-License-Identifier: GPL-2.0-or-later
"""What test scripts say of themselves, in lines "# NAME: TEXT"."""


def mark(script, name):
    """The text of SCRIPT's line NAME, or None."""
    with open(script, encoding='utf-8') as handle:
        for line in handle:
            if line.startswith(f'# {name}:'):
                return line.partition(':')[2].strip()
    return None
