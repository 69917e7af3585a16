#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of transcript.py."""
import sys

import transcript
from transcript import line

WHOLE = b'some firmware\r\n' + line(1) + line(2) + b'heard a\r\n' + line(3) + b'quiet n'
WRONG = {
    'a line is missing': WHOLE.replace(line(2), b''),
    'a line comes twice': WHOLE.replace(line(2), 2 * line(2)),
    'lines change places': WHOLE.replace(line(1) + line(2), line(2) + line(1)),
    'a byte is missing': WHOLE.replace(b'000002', b'00002'),
    'an answer is missing': WHOLE.replace(b'heard a\r\n', b''),
    'an answer comes twice': WHOLE.replace(b'heard a', b'heard a\r\nheard a'),
}


def judged(data):
    try:
        return transcript.judge(data, ['a'])
    except AssertionError:
        return None


def main():
    print(f'1..{1 + len(WRONG)}')
    good = judged(WHOLE) == 3
    print(f'{"ok" if good else "not ok"} 1 - three lines and an answer are right')
    for number, (name, data) in enumerate(WRONG.items(), 2):
        noticed = judged(data) is None
        good &= noticed
        print(f'{"ok" if noticed else "not ok"} {number} - it is noticed that {name}')
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
