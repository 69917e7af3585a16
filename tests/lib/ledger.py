# SPDX-License-Identifier: GPL-2.0-or-later
"""Bytes that say which they are, and the account of who has had which."""
import bisect

#: So many bytes a stream is made of, again and again.
SIZE = 1 << 22
#: So many bytes of it are nowhere else.
KEY = 6
#: Of bytes that tell nothing alone, what a rate lets pass between two losses, so many
#: pieces may follow each other.
SHORT = 2
#: So much of what was settled may come again, to who has just come.
AGAIN = 1 << 17


class Numbered:
    """An endless stream of DATA, in which a few bytes tell where they are."""

    def __init__(self, data):
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

    def find_last(self, key, low, high):
        """The last one."""
        begin = low % SIZE
        found = self._data.rfind(key, begin, begin + high - low)
        return low + found - begin if found >= 0 else -1

    def chance(self, begin, end):
        """How many bytes in front of a gap are by chance those behind it.

        Who reads on takes those behind it for them; has them another reader as well, the
        gap is so much shorter than what was lost."""
        return max(n for n in range(KEY) if self.at(begin - n, n) == self.at(end, n))


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
            if len(data) < KEY:
                break
            short = self._jump(data, False)
            if short is None:
                break
            data = data[short:]
        self._rest = data

    def end(self):
        """No more comes."""
        while self._rest:
            data = self._rest[self._jump(self._rest, True):]
            self._rest = data[self._enter(data):]

    def _enter(self, data):
        n = self._numbered.same(self.at, data)
        self._ledger.add(self.at, self.at + n)
        self.at += n
        return n

    def _jump(self, data, last):
        """Goes to where DATA begins, which is all that comes if LAST.

        Returns how many bytes in front of that were entered; None if more has to come."""
        low = max(0, self._ledger.base - AGAIN)
        if self._begun and not self._again:
            # It may have had nothing for long: what was settled since does not come.
            low = max(low, self.at)
        pieces = self._pieces(data, low, last)
        if not pieces and not last and len(data) < (SHORT + 2) * KEY:
            return None
        if not pieces:
            raise AssertionError(f"{self.what}: behind {self.at} come bytes that were not "
                                 f"written between {low} and {self._limit()}: {data[:64]}")
        for at, n in pieces[:-1]:
            self._ledger.add(at, at + n)
        self.at = pieces[-1][0]
        self._begun = True
        return sum(n for _, n in pieces[:-1])

    def _pieces(self, data, low, last, short=SHORT):
        """Where DATA begins, [(offset, length) …]: short pieces, and one that is not."""
        if last or len(data) >= KEY:
            at = self._numbered.find(data[:KEY], low, self._limit())
            if at >= 0:
                return [(at, KEY)]
        for n in range(1, min(KEY, len(data)) if short else 1):
            pieces = self._pieces(data[n:], low, last, short - 1)
            if pieces:
                # Anywhere in the gap: only how many there are counts.
                at = self._numbered.find_last(data[:n], low, pieces[0][0])
                if at >= 0:
                    return [(at, n), *pieces]
        return []
