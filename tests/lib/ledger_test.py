#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of ledger.py."""
import random
import sys
import traceback

from ledger import SIZE, Ledger, Numbered, Reader

STREAM = Numbered(random.Random(1).randbytes(SIZE))
WRITTEN = 100000


def read(*pieces):
    """What a reader enters that is given these bytes; all are written already."""
    ledger = Ledger()
    reader = Reader("a reader", STREAM, ledger, lambda: WRITTEN)
    for piece in pieces:
        reader.feed(piece)
    reader.end()
    return WRITTEN - ledger.missing(WRITTEN)


def noticed(*pieces):
    try:
        read(*pieces)
    except AssertionError:
        return True
    return False


def whole():
    """all that comes is entered, however it is cut"""
    return all(read(*(STREAM.at(at, n) for at in range(0, WRITTEN, n))) == WRITTEN
               for n in (500, 4000, WRITTEN))


def gaps():
    """what is missing is not entered"""
    return read(STREAM.at(0, 1000) + STREAM.at(5000, 20), STREAM.at(9000, 6)) == 1026


def short():
    """pieces that are too short to be found alone are counted"""
    # Never more than two of them follow each other.
    for seed in range(300):
        chance = random.Random(seed)
        sizes = [chance.choice((1, 2, 3, 5, 20, 500)) for _ in range(40)]
        sizes = [50 if k % 3 == 0 else n for k, n in enumerate(sizes)]
        at, pieces = 0, []
        for n in sizes:
            pieces.append(STREAM.at(at, n))
            at += n + chance.choice((0, 300, 2000))
        if read(*pieces) != sum(sizes):
            return False
    return True


def again():
    """who comes anew may begin in front of what has come, and that counts once"""
    ledger = Ledger()
    for begin, end in (0, 3000), (2000, 5000):
        reader = Reader("a reader", STREAM, ledger, lambda: WRITTEN)
        reader.feed(STREAM.at(begin, end - begin))
    return list(ledger.holes(WRITTEN)) == [(5000, WRITTEN)]


def long_after():
    """who had nothing while much was settled goes on behind that"""
    ledger, written = Ledger(), [1000]
    reader = Reader("a reader", STREAM, ledger, lambda: written[-1])
    reader.feed(STREAM.at(0, 1000))
    written.append(2 * SIZE + 5000)
    ledger.close(2 * SIZE)
    reader.feed(STREAM.at(2 * SIZE + 2000, 3000))
    return ledger.missing(written[-1]) == 2000


def chances():
    """a gap in front of which two readers have found the same bytes is known to be longer"""
    begin = 1000
    for n in 0, 1, 2:
        end = begin + 1
        while STREAM.chance(begin + n, end := end + 1) != n or STREAM.same(
                begin, STREAM.at(end, n + 1)) != n:
            pass
        ledger = Ledger()
        for pieces in (STREAM.at(0, begin), STREAM.at(end, 100)), (STREAM.at(end, 100),):
            reader = Reader("a reader", STREAM, ledger, lambda: WRITTEN * 10)
            for piece in pieces:
                reader.feed(piece)
            reader.end()
        gap, *_ = ledger.holes(ledger.end)
        if gap != (begin + n, end) or STREAM.chance(*gap) != n:
            return False
    return True


def lies(change):
    """Whether CHANGE(bytes, place) is noticed wherever it is done."""
    for place in range(100, 2900, 7):
        data = bytearray(STREAM.at(0, 3000))
        change(data, place)
        if not noticed(bytes(data)):
            return False
    return True


def twice(data, place):
    data[place:place] = data[place:place + 1]


def altered(data, place):
    data[place] ^= 1


def swapped(data, place):
    data[place - 50:place + 50] = data[place:place + 50] + data[place - 50:place]


TESTS = [(test.__doc__, test) for test in (whole, gaps, short, again, long_after,
                                                chances)] + [
    ("a byte that comes twice is noticed", lambda: lies(twice)),
    ("a byte that is another is noticed", lambda: lies(altered)),
    ("bytes in another order are noticed", lambda: lies(swapped)),
    ("bytes that were not written yet are noticed",
     lambda: noticed(STREAM.at(WRITTEN + 100, 200)))]


def main():
    good = True
    print(f"1..{len(TESTS)}")
    for number, (name, test) in enumerate(TESTS, 1):
        try:
            passed = test()
        except AssertionError:
            print("# " + traceback.format_exc().replace("\n", "\n# "))
            passed = False
        good &= passed
        print(f'{"ok" if passed else "not ok"} {number} - {name}')
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
