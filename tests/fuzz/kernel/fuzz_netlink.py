# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests made from the YAML: most of them good, many spoiled, and answers that are not read.

A worker has a few sockets.  What an answer tells (numbers of sessions and backings, offsets,
states of ports) is asked for again later, so that requests get further than the parser.
"""
import errno
import os
import socket
import struct

import genl
from crew import Worker
from genl import N, attr, attributes, string
from grammar import Values, grammar

#: Names that the requests are about.
GUESTS = ("f-net-0", "f-net-1", "f-net-2")
SOCKETS = 4
NLM_F_ROOT_TO_APPEND = (0x100, 0x200, 0x400, 0x800)
NLA_F_NESTED, NLA_F_NET_BYTEORDER = 1 << 15, 1 << 14
#: Guests with other names are removed after so many steps: memory is no endless thing.
SWEEP = 300


class Messages:
    """Makes requests and takes answers, without a socket of its own."""

    def __init__(self, chance, guests, directory):
        self.chance = chance
        self.grammar = grammar()
        self.values = Values(chance, guests, directory)
        self.text = ""

    def _chosen(self, command, dump):
        """The attributes of a request: what names an object nearly always, others at times."""
        known = self.grammar.sets[command.set]
        names = (command.dump if dump else command.do) or []
        likely = {"guest", "name", "index", "id", "session", "rank", "service", "action",
                  "migration", "state", "force"}
        wide = self.chance.random() < 0.2
        return [known[name] for name in names
                if self.chance.random() < (0.96 if name in likely else 0.7 if wide else 0.15)]

    def _attribute(self, attribute):
        """ATTRIBUTE as bytes; the index, which nearly every request has, is mostly small."""
        if attribute.name == "index" and self.chance.random() < 0.9:
            payload = struct.pack("=I", self.chance.randrange(4))
        else:
            payload = self.values.payload(attribute)
        self.text += f" {attribute.name}={payload[:24]!r}{'…' if len(payload) > 24 else ''}"
        return attr(attribute.number, payload)

    def _spoiled(self, made, command):
        """The attributes MADE with something wrong."""
        c = self.chance
        known = list(self.grammar.sets[command.set].values())
        how = c.randrange(8)
        self.text += f" spoiled:{how}"
        if how == 0 and made:
            made.append(c.choice(made))
        elif how == 1:
            made.append(self._attribute(c.choice(known)))
        elif how == 2:
            made.append(attr(c.choice((0, len(known) + 1, 255, 16383)), c.randbytes(c.randrange(9))))
        elif how == 3:
            made.append(attr(c.choice(known).number, c.randbytes(c.choice((0, 1, 3, 5, 9, 5000)))))
        elif how == 4:
            made.append(attr(c.choice(known).number | c.choice((NLA_F_NESTED, NLA_F_NET_BYTEORDER)),
                             attr(1, b"x")))
        elif how == 5:
            made.append(attr(c.choice(known).number, b"abc", length=c.choice((0, 1, 3, 5, 4000, 65535))))
        elif how == 6 and made:
            at = c.randrange(len(made))
            made[at] = self.values.twisted(made[at])
        else:
            made.append(c.randbytes(c.choice((1, 2, 3, 4, 17))))
        return made

    def message(self, family, sequence, clean=False, only=None):
        """One request as bytes."""
        c = self.chance
        command = c.choice([k for k in self.grammar.commands if not only or k.name in only])
        dump = command.do is None or command.dump is not None and c.random() < 0.5
        self.text = f"{command.name}{' dump' if dump else ''}"
        made = [self._attribute(a) for a in self._chosen(command, dump)]
        flags = genl.NLM_F_REQUEST | genl.NLM_F_ACK | (genl.NLM_F_DUMP if dump else 0)
        number, version, kind, reserved, lie = command.number, 1, family, 0, 0
        if not clean and c.random() < 0.2:
            made = self._spoiled(made, command)
        if not clean and c.random() < 0.04:
            how = c.randrange(7)
            self.text += f" header:{how}"
            flags ^= c.choice((genl.NLM_F_ACK, genl.NLM_F_DUMP, *NLM_F_ROOT_TO_APPEND)) if how == 0 else 0
            number = c.randrange(256) if how == 1 else number
            version = c.randrange(256) if how == 2 else version
            reserved = c.getrandbits(16) if how == 3 else reserved
            kind = c.choice((genl.GENL_ID_CTRL, 2, 3, family + 1)) if how == 4 else kind
            lie = c.choice((-20, -8, -1, 1, 4, 4096)) if how == 5 else lie
            made = [] if how == 6 else made
        body = struct.pack("=BBH", number, version, reserved) + b"".join(made)
        return struct.pack("=IHHII", max(0, 16 + len(body) + lie), kind, flags, sequence,
                           0) + body + b"\0" * (-len(body) % 4)

    def learn(self, family, data):
        """Remembers what is in the messages of an answer."""
        while len(data) >= 20:
            length, kind = struct.unpack_from("=IH", data)
            if length < 20:
                return
            if kind == family:
                known = self.grammar.sets.get(self.grammar.answers.get(data[16]), {})
                by_number = {a.number: a for a in known.values()}
                for number, payload in attributes(data[20:length]):
                    if number in by_number:
                        self.values.learn(by_number[number], payload)
            data = data[(length + 3) & ~3:]


class Changer(Worker):
    """Has guests and ports come, change and go, under what others fuzz.

    It asks for one of CHANGES, or, with a chance of one less SHARE, for one of GROWTH:
    mostly there is to be something to work on."""

    def __init__(self, seed, name, guests, directory, changes, growth, share):
        super().__init__(seed, name)
        self._messages = Messages(self.chance, guests, directory)
        self._changes, self._growth, self._share = changes, growth, share
        self._client, self._sequence = None, 0

    def begin(self):
        self._client = genl.Client()

    def step(self):
        self._sequence += 1
        only = self._changes if self.chance.random() < self._share else self._growth
        message = self._messages.message(self._client.family, self._sequence & 0xffffffff,
                                         clean=True, only=only)
        self.note(self._messages.text)
        self._client.sock.send(message)
        self._messages.learn(self._client.family, self._client.sock.recv(1 << 17))


class NetlinkWorker(Worker):
    """Sends requests."""

    def __init__(self, seed, number, directory):
        super().__init__(seed, f"netlink-{number}")
        self._messages = Messages(self.chance, GUESTS, directory)
        self._sockets, self._family, self._groups = [], 0, {}
        self._client = None
        self._sequence = 0

    def begin(self):
        self._client = genl.Client()
        self._family, self._groups = self._client.family, self._client.groups

    def _open(self):
        """Another socket, the oldest being closed with what it holds."""
        if len(self._sockets) >= SOCKETS:
            self._sockets.pop(self.chance.randrange(len(self._sockets))).close()
        made = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
        made.setsockopt(genl.SOL_NETLINK, genl.NETLINK_EXT_ACK, self.chance.randrange(2))
        if self.chance.random() < 0.3:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                            self.chance.choice((1, 2048, 8192, 1 << 20)))
        if self.chance.random() < 0.3:
            made.setsockopt(genl.SOL_NETLINK, genl.NETLINK_ADD_MEMBERSHIP, self._groups["events"])
        made.bind((0, 0))
        self._sockets.append(made)

    def _sweep(self):
        """Removes guests that strange names have made, and now and then all."""
        for guest in self._client.dump("GUEST_GET"):
            name = guest["name"]
            if not name.startswith("f-") or name in GUESTS and self.chance.random() < 0.1:
                try:
                    self._client.call("GUEST_DEL", string(N.VSERIAL_A_GUEST_NAME, name) +
                                      attr(N.VSERIAL_A_GUEST_FORCE))
                except genl.Refused as refusal:
                    if refusal.errno not in (errno.ENOENT, errno.EBUSY):
                        raise

    def _receive(self, sock):
        try:
            data = sock.recv(1 << 17, socket.MSG_DONTWAIT)
        except OSError as e:
            if e.errno not in (errno.EAGAIN, errno.ENOBUFS):
                raise
            return False
        self._messages.learn(self._family, data)
        return True

    def _send(self, sock):
        datagram, texts = b"", []
        for _ in range(1 if self.chance.random() < 0.9 else self.chance.randrange(2, 6)):
            self._sequence += 1
            datagram += self._messages.message(self._family, self._sequence & 0xffffffff)
            texts.append(self._messages.text)
        self.note(" + ".join(texts))
        try:
            sock.send(datagram, socket.MSG_DONTWAIT)
        except OSError as e:
            if e.errno not in (errno.EAGAIN, errno.ENOBUFS, errno.ECONNREFUSED, errno.EINVAL):
                raise

    def step(self):
        c = self.chance
        if not self._sockets or c.random() < 0.02:
            self.note("socket")
            self._open()
        if c.random() < 1 / SWEEP:
            self.note("sweep")
            self._sweep()
        sock = c.choice(self._sockets)
        self._send(sock)
        if c.random() < 0.7:
            while self._receive(sock):
                pass


def crews(seed, directory):
    """Three workers, a process each."""
    os.makedirs(directory, exist_ok=True)
    return [[NetlinkWorker(seed, number, directory)] for number in range(3)]
