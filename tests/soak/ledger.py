# SPDX-License-Identifier: GPL-2.0-or-later
"""Bytes that say which they are, and the account of who has had which."""
import bisect

from lib import pattern

SIZE = 1 << 22
#: So many bytes of it are nowhere else.
KEY = 6
#: So much of what was settled may come again, to who has just come.
AGAIN = 1 << 17


class Numbered:
    """An endless stream, in which a few bytes tell where they are."""

    def __init__(self, seed):
        data = pattern(SIZE, seed)
        # Any piece is in one piece.
        self._data = data + data

    def at(self, offset, n):
        """Its bytes from an offset on; N is at most SIZE."""
        offset %= SIZE
        return self._data[offset:offset + n]

    def same(self, offset, data):
        """How many bytes of DATA are those from an offset on."""
        if self.at(offset, len(data)) == data:
            return len(data)
        low, high = 0, len(data)
        while low < high:
            middle = (low + high + 1) // 2
            if self.at(offset, middle) == data[:middle]:
                low = middle
            else:
                high = middle - 1
        return low

    def find(self, key, low, high):
        """The first offset of KEY that lies between two, or -1."""
        assert high - low < SIZE, "the bytes of so long a time cannot be told apart"
        begin = low % SIZE
        found = self._data.find(key, begin, begin + high - low)
        return low + found - begin if found >= 0 else -1


class Ledger:
    """Which bytes from BASE on have come, in disjoint intervals."""

    def __init__(self, base=0):
        self.base = base
        self._begins, self._ends = [], []

    def add(self, begin, end):
        """Enters an interval."""
        begin = max(begin, self.base)
        if begin >= end:
            return
        first = bisect.bisect_left(self._ends, begin)
        last = bisect.bisect_right(self._begins, end)
        if first < last:
            begin = min(begin, self._begins[first])
            end = max(end, self._ends[last - 1])
        self._begins[first:last] = [begin]
        self._ends[first:last] = [end]

    @property
    def end(self):
        """Behind the last byte that has come."""
        return self._ends[-1] if self._ends else self.base

    def holes(self, upto):
        """What is missing up to there: (begin, end) …"""
        at = self.base
        for begin, end in zip(self._begins, self._ends):
            if begin > at:
                yield at, begin
            at = end
        if upto > at:
            yield at, upto

    def missing(self, upto):
        return sum(end - begin for begin, end in self.holes(upto))

    def close(self, upto):
        """All up to there is settled: the next account begins there."""
        self.base = upto
        self._begins, self._ends = [], []


class Reader:
    """Reads a stream that may miss bytes, and enters what comes in a ledger.

    LIMIT() is behind the last byte that there can be.  AGAIN says that it may go back: it
    is what came over several connections, of which each may repeat what its predecessor
    may not have had.  Else only its beginning may have been elsewhere before."""

    def __init__(self, what, numbered, ledger, limit, again=False):
        self.what, self._numbered, self._ledger = what, numbered, ledger
        self._limit, self._again = limit, again
        #: behind the last byte
        self.at = ledger.end
        self._begun = False
        self._rest = b""

    def feed(self, data):
        data = self._rest + data
        while data:
            if self._begun:
                data = data[self._enter(data):]
            if len(data) < KEY or not data:
                break
            self._jump(data, KEY)
        self._rest = data

    def end(self):
        """No more comes."""
        while self._rest:
            self._jump(self._rest, len(self._rest))
            self._rest = self._rest[self._enter(self._rest):]

    def _enter(self, data):
        n = self._numbered.same(self.at, data)
        self._ledger.add(self.at, self.at + n)
        self.at += n
        return n

    def _jump(self, data, n):
        """Goes to where DATA begins."""
        back = self._again or not self._begun
        low = max(0, self._ledger.base - AGAIN) if back else self.at
        found = self._numbered.find(data[:n], low, self._limit())
        if found < 0:
            raise AssertionError(f"{self.what}: behind {self.at} come bytes that were not "
                                 f"written between {low} and {self._limit()}: {data[:64]}")
        self.at = found
        self._begun = True
