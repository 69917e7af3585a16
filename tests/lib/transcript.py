# SPDX-License-Identifier: GPL-2.0-or-later
"""Judges what a guest of tests/hosts said, as a viewer has seen it."""
import re

LINE = re.compile(rb'line ([0-9]{6}) of what the guest says, wherever it is$')


def lines_of(data):
    """The lines that are complete in DATA."""
    return bytes(data).split(b'\r\n')[:-1]


def line(number):
    """What the guest says as line NUMBER."""
    return b'line %06d of what the guest says, wherever it is\r\n' % number


def judge(data, typed):
    """How many lines there are in DATA, which have to be there once and in order, as
    have answers to all that was TYPED; raises AssertionError if not."""
    count, answers = 0, []
    for number, text in enumerate(lines_of(data), 1):
        found = LINE.match(text)
        if found:
            count += 1
            assert int(found[1]) == count, (
                f'where line {count} should be there is line {int(found[1])}')
        elif text.startswith(b'heard '):
            answers.append(text[6:].decode(errors='replace'))
        else:
            assert text == b'quiet now' or not count, (
                f'what is seen as number {number} the guest never said: {text}')
    assert answers == list(typed), f'typed was {list(typed)}, answered {answers}'
    return count
