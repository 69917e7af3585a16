# SPDX-License-Identifier: GPL-2.0-or-later
"""The netlink interface as Documentation/netlink/specs/vserial.yaml describes it, and
values for its attributes: most of them good, many at a bound, some that nobody should send.

What may be said is the YAML's alone; a command or an attribute that is added there is
fuzzed without another word here.  Only texts that mean something have to be known: names,
specifications, paths.
"""
import collections
import functools
import os
import struct

import yaml

SPEC = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                    "../../../Documentation/netlink/specs/vserial.yaml")
WIDTHS = {"u8": "=B", "u32": "=I", "u64": "=Q"}
#: Numbers next to which things go wrong.
EDGES = (0, 1, 2, 3, 31, 32, 127, 128, 255, 256, 4095, 4096, 65535, 65536, (1 << 24) - 1,
         1 << 24, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, (1 << 63) - 1, (1 << 64) - 1)
#: Attributes of different sets that mean the same.
SAME = {"session id": "session", "data session": "session", "session backing": "backing",
        "backing id": "backing", "port guest": "guest", "guest name": "guest",
        "session guest": "guest", "service guest": "guest", "backing guest": "guest"}
#: How many values of a kind that the kernel told are remembered.
REMEMBERED = 24

Command = collections.namedtuple("Command", "name number set do dump")


class Attribute:
    """One attribute of a set."""

    def __init__(self, owner, number, entry, constant, enums):
        self.name, self.number, self.kind = entry["name"], number, entry["type"]
        self.key = SAME.get(f"{owner} {self.name}", f"{owner} {self.name}")
        checks = {k: constant(v) for k, v in entry.get("checks", {}).items()}
        self.max, self.min = checks.get("max"), checks.get("min", 0)
        self.longest = checks.get("max-len")
        self.exact = checks.get("exact-len")
        #: name -> value, or None
        self.enum = enums.get(entry.get("enum"))

    def number_value(self, chance):
        """An integer that fits the attribute, if not always its bounds."""
        top = (1 << 8 * struct.calcsize(WIDTHS[self.kind])) - 1
        if self.enum and chance.random() < 0.9:
            return chance.choice(list(self.enum.values()))
        if self.max is not None and chance.random() < 0.8:
            return chance.choice((self.min, self.max, chance.randint(self.min, self.max)))
        if self.max is not None and chance.random() < 0.5:
            return min(self.max + 1, top)
        if chance.random() < 0.6:
            return chance.randrange(8)
        return chance.choice((chance.choice(EDGES), chance.getrandbits(64))) & top


@functools.cache
def grammar():
    """The Grammar, which is read once."""
    return Grammar()


class Grammar:
    """All that may be said."""

    def __init__(self):
        with open(SPEC, encoding="utf-8") as f:
            # The safe loader in Python takes ten seconds in a VM.
            spec = yaml.load(f, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        constants = {d["name"]: d["value"] for d in spec["definitions"] if d["type"] == "const"}
        enums = {d["name"]: self._entries(d) for d in spec["definitions"] if d["type"] != "const"}
        #: set -> name -> Attribute
        self.sets = {}
        for entry in spec["attribute-sets"]:
            number, known = 0, {}
            for field in entry["attributes"]:
                number = field.get("value", number + 1)
                known[field["name"]] = Attribute(entry["name"], number, field,
                                                 lambda v: constants.get(v, v), enums)
            self.sets[entry["name"]] = known
        self.commands = []
        #: number of a command -> its set, for answers too
        self.answers = {}
        self._read_commands(spec["operations"]["list"])

    @staticmethod
    def _entries(definition):
        return {e["name"]: 1 << e["value"] if definition["type"] == "flags" else
                definition.get("value-start", 0) + i
                for i, e in enumerate(definition["entries"])}

    def _read_commands(self, operations):
        number, sets = 0, {}
        for entry in operations:
            number = entry.get("value", number + 1)
            sets[entry["name"]] = entry.get("attribute-set") or sets[entry["notify"]]
            self.answers[number] = sets[entry["name"]]
            asked = {how: (entry.get(how) or {}).get("request", {}).get("attributes", [])
                     for how in ("do", "dump") if how in entry}
            if asked:
                self.commands.append(Command(entry["name"], number, sets[entry["name"]],
                                             asked.get("do"), asked.get("dump")))


class Values:
    """Values for attributes, some of which the kernel told before.

    GUESTS are the names that are used most; DIRECTORY is where files may be made.
    """

    def __init__(self, chance, guests, directory):
        self.chance, self.guests, self.directory = chance, guests, directory
        #: attribute's key -> raw payloads
        self.told = collections.defaultdict(
            lambda: collections.deque(maxlen=REMEMBERED))

    def learn(self, attribute, payload):
        self.told[attribute.key].append(bytes(payload))

    def specification(self):
        """What a backing or a log may be."""
        c = self.chance
        path = f"{self.directory}/{c.choice('abc')}"
        guest = c.choice(self.guests)
        return c.choice((
            "null", "loopback", "loopback", f"file:{path}", f"file:{path}",
            f"file:{path}#max-size={c.choice(('4K', '8K', '1M', '0', '99999999T'))}"
            f"&keep={c.choice((0, 1, 3, 100))}",
            f"file:{path}#append&timestamps", "file:relative", "file:/proc/self/mem",
            "file:/dev/full", f"file:{self.directory}", f"pipe:{c.choice('xyz')}",
            f"pipe:{c.choice('xyz')}#near=client", f"pipe:{c.choice('xyz')}#delay=1",
            f"uart:/dev/ttyS{c.randrange(1, 9)}", "uart:/dev/tty1", f"uart:/dev/ttyVS{c.randrange(4)}",
            f"tcp://:{c.randrange(1, 65536)}", "tcp://[::1]:9#peerName=a", "telnet://:1",
            f"unix://{path}", "vsock://2:7", "ipp://a.example/ipp", f"tcp://{guest}:{c.choice(EDGES)}",
            "", "none", "null:", "#", "=&", "tcp://[::1", "what:ever"))

    def text(self, name):
        """A text as the attribute NAME of any set wants it."""
        c = self.chance
        if name in ("guest", "name"):
            made = c.choice(self.guests) if c.random() < 0.95 else c.choice(
                ("", ".", "..", "-a", "a/b", "f-sys-9", "a" * 63, "a" * 64, "a:0"))
        elif name in ("backing", "log", "spec"):
            made = self.specification()
        elif name == "proxy":
            made = c.choice(("telnet://127.0.0.1:13370", "telnets://[::1]:1", "", "none", "null"))
        elif name == "exe":
            made = c.choice(("/bin/sh", "/usr/bin/python3", "/", "relative", "/none", "/bin",
                             "/" + "x" * 254, "/" + "x" * 255))
        else:
            made = c.choice(("", "a peer", "[::1]:4711", "é\u2028", "x" * 127, "x" * 128, "x" * 4000))
        return self.twisted(os.fsencode(made)) if c.random() < 0.05 else os.fsencode(made)

    def twisted(self, data):
        """DATA with something wrong in it."""
        c = self.chance
        data = bytearray(data)
        for _ in range(c.choice((1, 1, 1, 2, 8))):
            at = c.randrange(len(data) + 1)
            how = c.randrange(5)
            if how == 0 and at < len(data):
                data[at] ^= 1 << c.randrange(8)
            elif how == 1:
                data[at:at] = c.choice((b"\0", b"%s", b"\n", b" ", b"'", b"\xff", b"&", b"0"))
            elif how == 2:
                del data[at:at + c.choice((1, 4, 64))]
            elif how == 3:
                data[at:at] = data[:c.choice((1, 8, 4096))]
            elif at < len(data):
                data[at] = c.getrandbits(8)
        return bytes(data)

    def binary(self, attribute):
        c = self.chance
        length = attribute.exact or c.choice((0, 1, 16, 100, 255, 4096, attribute.longest or 256,
                                              (attribute.longest or 8191) + 1))
        return bytes(length) if c.random() < 0.2 else c.randbytes(length)

    def payload(self, attribute):
        """A payload for ATTRIBUTE, as bytes."""
        c = self.chance
        told = self.told[attribute.key]
        if told and c.random() < 0.6:
            known = c.choice(told)
            return known if c.random() < 0.8 else self.twisted(known)
        if attribute.kind == "string":
            return self.text(attribute.name) + (b"" if c.random() < 0.01 else b"\0")
        if attribute.kind == "binary":
            return self.binary(attribute)
        if attribute.kind in WIDTHS:
            return struct.pack(WIDTHS[attribute.kind], attribute.number_value(c))
        return b""
