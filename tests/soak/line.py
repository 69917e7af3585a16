# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest's port with what stands at its far end, and the account of its bytes."""
import random
import time

import ruled
from ledger import KEY, SIZE, Ledger, Numbered, Reader
from lib import ctl, equal, expect, make_port, pattern, wait_for
from moving import begin, received, renamed

#: What a guest writes, and what is typed to it, in bytes a second.
PACE = 20000
#: So much may have arrived of which the port is not told, when a connection is lost.
DOUBT = 65536
#: So much is typed ahead of what the guest has read, at most.
AHEAD = 30000
RULE = 10


class Line:
    """One of them; NUMBER tells its bytes from others'.

    Its guest and its far ends are tended by one thread, with a lock that who changes
    something takes."""

    def __init__(self, name, number, typed, **settings):
        self.name, self.number, self.settings = name, number, settings
        self.generation = 0
        self.port = make_port(f"{name}-0", **settings)
        self.identify(self.port)
        self.pace = random.Random(number)
        self.numbered = Numbered(pattern(SIZE, 2 * number + 1))
        self.ledger = Ledger()
        self.written = self.read = 0
        #: what the line discipline had for guests that were switched off, ever and at the
        #: last account; what was dropped, then
        self.unread_at_off = self.unread_before = self.dropped = 0
        #: bytes that may be counted as dropped although they have arrived; why so many
        self.doubt = 0
        self.told = []
        self.writing = False
        self.tty = None
        self.rule = None
        self.connected = True
        #: the last one is what the port is on
        self.far_ends = []
        #: whether the far end types
        self.types = typed
        self.typed = 0
        #: what was typed before whoever types now, and before the account
        self._typed_before = self._typed_at_account = 0
        self._typed_numbered = Numbered(pattern(SIZE, 2 * number + 2)) if typed else None
        self._typed_ledger = Ledger()
        self._typist = None
        self._input = None
        #: offsets that were on their way from a peer that went: they may have been lost
        self._loose = []
        self._since = time.monotonic()

    def identify(self, port):
        """A concentrator knows it by that."""
        ctl("guest", "set", port.guest, "uuid", f"564d0000-0000-0000-0000-{self.number:012x}",
            "vc-uuid", f"50290000-0000-0000-0000-{self.number:012x}")

    def reader(self, what, **kwargs):
        """Who reads what the guest writes."""
        return Reader(what, self.numbered, self.ledger, lambda: self.written, **kwargs)

    def input_is(self, reader=None):
        """What the guest reads: what is typed, unless READER is given."""
        self._input = reader or Reader(f"{self.name}'s guest", self._typed_numbered,
                                       self._typed_ledger, lambda: self.typed)

    @property
    def far(self):
        return self.far_ends[-1]

    # the guest

    def power_on(self):
        self.tty = self.port.open()

    def power_off(self, lock):
        with lock:
            self._read()
            tty, self.tty = self.tty, None
        tty.close()
        wait_for(lambda: not self.port.power, "the power goes off")
        # What the line discipline had for it went with it.
        self.unread_at_off = self.port.rx_bytes - self.read

    def _read(self):
        while self.tty and (data := self.tty.read()) is not None:
            expect(data, f"{self.name} was hung up")
            self.read += len(data)
            expect(self._input, f"{self.name}'s guest reads what nobody has typed: {data[:64]}")
            self._input.feed(data)

    def write(self, n):
        self.written += self.tty.write(self.numbered.at(self.written, n))

    def lost(self, got):
        """A connection has ended, over which so much had come."""
        self.doubt += min(got, DOUBT)
        self.told.append(f"lost at {self.ledger.end} of {self.written}, {got} had come")

    def cut_off(self):
        """The daemon is dead, and the guest writes nothing: what is in doubt can be counted."""
        if all([far.cut_off() for far in self.far_ends]):
            port = self.port.get()
            # Of what has come, it was dropped, or is still to be sent.
            known = self._lost(port) + port["tx_unread"] - self.ledger.missing(self.written)
            self.doubt = max(0, min(self.doubt, known))
            self.told.append(f"cut off, {known} known, {self._lost(port)} lost, "
                             f"{port['tx_unread']} unread of {port['tx_bytes']}")

    # whoever types

    def typist_comes(self, far, sink):
        """Who came last is heard: a slow one that went before may not have seen its end yet."""
        if self.types and (far is self.far or not self._typist):
            self.typist_goes(self._typist)
            self._typist = sink
            self._typed_before = self.typed

    def typist_goes(self, sink):
        if sink and self._typist is sink:
            self._typist = None
            self._loose.append((self._input.at, self.typed))

    def _type(self, n):
        # What was typed before may have been lost, all of it.
        n = min(n, max(self._input.at, self._typed_before) + AHEAD - self.typed)
        if n > 0:
            self.typed += self._typist.stream.send(self._typed_numbered.at(self.typed, n)) or 0

    def _heard(self):
        """Whether what is typed now comes to the guest."""
        if self._input.at > self._typed_at_account:
            return True
        if self._typist:
            self._type(64)
        return False

    def tend(self):
        """Writes, types, and reads what there is."""
        self._read()
        now = time.monotonic()
        n = self.pace.randrange(1, 2 * max(2, int((now - self._since) * PACE)))
        if self.writing:
            if self.tty:
                self.write(min(n, 4000))
            if self._typist:
                self._type(min(n, 4000))
        self._since = now
        for far in self.far_ends:
            far.tend()

    # rules

    def deny(self, service, towards):
        ruled.add(self.port.guest, RULE, "deny", service, towards=towards)
        self.rule = service

    def allow(self):
        if self.rule:
            ruled.remove(self.port.guest, RULE)
            self.rule = None

    # what stands there

    def attach(self, far, lock):
        """Has another far end while bytes pass."""
        usual = {"proxy": "none", "endpoint": "auto"}
        before = self.far.settings if self.far_ends else {}
        settings = {**{k: v for k, v in usual.items() if k in before}, **far.settings}
        with lock:
            self.far_ends.append(far)
        self.port.set(**settings)
        with lock:
            for old in self.far_ends[:-1]:
                if not old.left:
                    old.leave()

    def all_taken(self):
        """Whoever is at the far end has what was written so far."""
        return not self.port.tx_unread

    def discard(self, null, lock):
        """Is on null for a while; what it discards is accounted for as taken."""
        self.pause(lock)
        self.attach(null, lock)
        with lock:
            begin, self.writing = self.written, True
        return begin

    def discarded(self, begin, lock):
        self.pause(lock)
        with lock:
            self.ledger.add(begin, self.written)

    def pause(self, lock):
        """The guest writes nothing, and all it wrote is gone."""
        with lock:
            self.writing = False
            for far in self.far_ends:
                far.fast()
        wait_for(self.all_taken, f"{self.name} at {self.far} is drained")

    def set_up(self, **settings):
        self.settings.update(settings)
        self.port.set(**settings)

    # migration

    def move(self, lock):
        """The guest goes to another host: another guest of this one."""
        old, settings = self.port, self.far.twin()
        self.generation += 1
        new = make_port(f"{self.name}-{self.generation}", **{**self.settings, **settings})
        self.identify(new)
        ctl("migrate", "expect", new.guest)
        tty = new.open()
        # Its processors stand.
        with lock:
            self._read()
            gone, self.tty = self.tty, None
        received(renamed(begin(old.guest), old.guest, new.guest))
        before = old.dropped_bytes
        equal(new.dropped_bytes, before, f"what {new.name} says was dropped")
        ctl("migrate", "complete", old.guest)
        # Input that came there behind the state: a peer that was lost took it along.
        late = old.dropped_bytes - before
        expect(not late or self.types, f"{late} bytes of output were dropped at {old.name}")
        gone.close()
        ctl("guest", "del", old.guest)
        ctl("migrate", "complete", new.guest)
        with lock:
            self.port, self.tty = new, tty
            self.far.moved({**self.far.settings, **settings})

    # the account

    def ready(self):
        """For an account: everything is as usual."""
        self.allow()
        if not self.tty:
            self.power_on()
        if not self.connected:
            self.port.connect()
            self.connected = True
        self._typed_at_account = self.typed

    def settled(self, lock):
        """Whether all has arrived, but for what was dropped, and the guest hears who types."""
        if not self.all_taken():
            return False
        with lock:
            done = [far.done() for far in self.far_ends]
            if self.ledger.end < self.written:
                # What is lost last is seen by what comes behind it.
                self.write(64)
            heard = not self.types or self._heard()
            return all(done) and heard and self.ledger.end == self.written

    def unsettled(self):
        """What has not arrived."""
        typed = f", {self._input.at} of {self.typed} that were typed" if self.types else ""
        return (f"what {self.name} and {self.far} have for each other has not arrived: "
                f"{self.ledger.end} of {self.written}{typed}: {self.port.get()}")

    def account(self):
        """(missing, lost, doubt, read, given): see closes()."""
        port = self.port.get()
        equal(port["tx_bytes"], self.written, f"what {self.name} says that its guest wrote")
        holes = list(self._typed_ledger.holes(self._typed_ledger.end))
        for begin, end in holes:
            expect(self._may_be_lost(begin, end),
                   f"{self.name}: the input from {begin} to {end} is lost; what may be: "
                   f"{self._loose}")
        chance = sum(self.numbered.chance(*hole) for hole in self.ledger.holes(self.written))
        return (self.ledger.missing(self.written), self._lost(port), self.doubt + chance,
                self.read + self.unread_at_off, port["rx_bytes"])

    def _may_be_lost(self, begin, end):
        """Whether so much input was on its way from a peer that went.

        The bytes in front of the gap may by chance be those at its end."""
        at = self._typed_numbered.at
        same = [n for n in range(KEY) if at(begin - n, n) == at(end - n, n)]
        return any(b <= begin - n and end - n <= e for b, e in self._loose for n in same)

    def _lost(self, port):
        """What was dropped since the last account, or not read by a guest that was off."""
        return port["dropped_bytes"] - self.dropped + self.unread_at_off - self.unread_before

    def begin_account(self):
        """What was written so far is settled; how many bytes were dropped."""
        self.ledger.close(self.written)
        self._typed_ledger.close(self._typed_ledger.end)
        self._loose = [(begin, end) for begin, end in self._loose if end > self._typed_ledger.base]
        before, self.dropped = self.dropped, self.port.dropped_bytes
        self.unread_before = self.unread_at_off
        self.doubt = 0
        self.told = []
        del self.far_ends[:-1]
        self.far.begin_account()
        return self.dropped - before


def closes(lines):
    """Whether the account of lines, which may be each other's far ends, does; and it, told.

    Bytes that are missing were counted as dropped.  What was dropped is missing, but for
    what had arrived over connections that were lost before the port was told so."""
    missing, lost, doubt, read, given = [sum(numbers) for numbers in
                                         zip(*(line.account() for line in lines))]
    where = [(line.name, str(line.far), list(line.ledger.holes(line.written))[:20], line.told)
             for line in lines]
    return (missing <= lost <= missing + doubt and read == given,
            f"{missing} missing, {lost} dropped or not read, {doubt} in doubt, {read} read, "
            f"{given} given; holes: {where}")
