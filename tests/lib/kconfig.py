# SPDX-License-Identifier: GPL-2.0-or-later
"""Kernel configurations."""
from cache import Failed


def verify(wanted, got):
    """Every line of the file WANTED must have come true in the .config GOT:
    Kconfig silently drops what it does not know or what lacks a dependency."""
    with open(got, encoding='utf-8') as handle:
        lines = set(handle.read().splitlines())
    with open(wanted, encoding='utf-8') as handle:
        for line in handle.read().splitlines():
            name, _, value = line.partition('=')
            if not name.startswith('CONFIG_'):
                continue
            if value == 'n' and any(g.startswith(f'{name}=') for g in lines):
                raise Failed(f'{wanted} turns {name} off, but the kernel insists on it')
            if value != 'n' and line not in lines:
                raise Failed(f'{wanted} wants {line}, but the kernel does not take it')
