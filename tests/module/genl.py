# SPDX-License-Identifier: GPL-2.0-or-later
"""A generic-netlink client for the family vserial in plain Python.

It builds messages byte by byte, so that tests can send malformed ones, and
takes all numbers and attribute types from uapi/linux/vserial.h.
"""
import errno
import os
import re
import socket
import struct
import uuid

HEADER = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                      "../../uapi/linux/vserial.h")

NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 1, 4, 0x300
NLM_F_CAPPED, NLM_F_ACK_TLVS = 0x100, 0x200
NLMSG_ERROR, NLMSG_DONE = 2, 3
NLA_TYPE_MASK = 0x3fff
GENL_ID_CTRL, CTRL_CMD_GETFAMILY = 16, 3
SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, NETLINK_EXT_ACK = 270, 1, 11


class Numbers:
    """The constants of the header, e.g. Numbers().VSERIAL_CMD_GUEST_NEW."""

    def __init__(self):
        with open(HEADER, encoding="ascii") as f:
            text = f.read()
        #: attribute set -> number -> (name, type)
        self.types = {name: {} for name in
                      re.findall(r"VSERIAL_A_([A-Z]+)_UNSPEC", text)}
        #: command number -> its attribute set
        self.sets = {}
        for body in re.findall(r"enum\b[^{;]*\{(.*?)\};", text, re.S):
            self._enum(body)

    def _enum(self, body):
        entry = re.compile(r"^\s*(_*VSERIAL_\w+)\s*,[ \t]*(?:/\*\s*"
                           r"(string|binary 16|binary|u8|u32|u64|flag)?)?", re.M)
        for value, (name, kind) in enumerate(entry.findall(body)):
            setattr(self, name, value)
            match = re.match(r"VSERIAL_A_([A-Z]+)_(\w+)$", name)
            if match and kind:
                self.types[match[1]][value] = (match[2].lower(), kind)
            match = re.match(r"VSERIAL_CMD_([A-Z]+)", name)
            if match and value:
                self.sets[value] = match[1].replace("DAEMON", "BACKING")


N = Numbers()


class Refused(Exception):
    """The kernel answered with an error."""

    def __init__(self, number, text):
        super().__init__(f"{errno.errorcode.get(number, number)}: {text}")
        self.errno = number
        self.text = text


def attr(kind, payload=b"", length=None):
    """An attribute; length overrides what its header says."""
    n = 4 + len(payload) if length is None else length
    return struct.pack("=HH", n, kind) + payload + b"\0" * (-len(payload) % 4)


def string(kind, text):
    return attr(kind, os.fsencode(text) + b"\0")


def u8(kind, value):
    return attr(kind, struct.pack("=B", value))


def u32(kind, value):
    return attr(kind, struct.pack("=I", value))


def attributes(data):
    """The (type, payload) pairs of a message."""
    at = 0
    while at + 4 <= len(data):
        n, kind = struct.unpack_from("=HH", data, at)
        if n < 4:
            break
        yield kind & NLA_TYPE_MASK, data[at + 4:at + n]
        at += (n + 3) & ~3


def u64(kind, value):
    return attr(kind, struct.pack("=Q", value))


def _value(kind, payload):
    if kind == "string":
        return payload.rstrip(b"\0").decode()
    if kind == "binary 16":
        return str(uuid.UUID(bytes=payload))
    if kind == "flag":
        return True
    if kind == "binary":
        return payload
    return int.from_bytes(payload, "little")


def decode(command, data):
    """The attributes of one of the family's messages, by lower-case name."""
    known = N.types[N.sets[command]]
    return {known[k][0] if k in known else k:
            _value(known[k][1], v) if k in known else v
            for k, v in attributes(data)}


class Client:
    """One netlink socket."""

    def __init__(self):
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
        self.sock.setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, 1)
        self.sock.bind((0, 0))
        self.sequence = 0
        self.groups = {}
        #: the numbers of the commands that the kernel takes
        self.offered = set()
        self.family = self._resolve()

    def close(self):
        self.sock.close()

    def _resolve(self):
        body = struct.pack("=BBH", CTRL_CMD_GETFAMILY, 1, 0)
        body += string(2, "vserial")
        for _, data in self._talk(GENL_ID_CTRL, body, NLM_F_ACK):
            for kind, payload in attributes(data):
                if kind == 1:
                    family = int.from_bytes(payload, "little")
                elif kind == 6:
                    self.offered = {int.from_bytes(dict(attributes(op))[1], "little")
                                    for _, op in attributes(payload)}
                elif kind == 7:
                    self._groups(payload)
        return family

    def _groups(self, payload):
        for _, group in attributes(payload):
            fields = dict(attributes(group))
            name = fields[1].rstrip(b"\0").decode()
            self.groups[name] = int.from_bytes(fields[2], "little")

    def unasked(self, message):
        """A message that answers nothing; nobody here wants those."""

    def _talk(self, kind, body, flags):
        """Sends a message; returns the answers up to ACK, DONE or error."""
        self.sequence += 1
        header = struct.pack("=IHHII", 16 + len(body), kind,
                             flags | NLM_F_REQUEST, self.sequence, 0)
        self.sock.send(header + body)
        answers = []
        while True:
            data = self.sock.recv(1 << 18)
            while data:
                length, kind, mflags, seq, _ = struct.unpack_from("=IHHII", data)
                message, data = data[16:length], data[(length + 3) & ~3:]
                if not seq:
                    self.unasked(message)
                if seq != self.sequence:
                    continue
                if kind in (NLMSG_ERROR, NLMSG_DONE):
                    self._judge(kind, message, mflags)
                    return answers
                answers.append((message[0], message[4:]))

    @staticmethod
    def _judge(kind, message, flags):
        code, = struct.unpack_from("=i", message)
        if code >= 0:
            return
        at = 4
        if kind == NLMSG_ERROR:
            at += 16
            if not flags & NLM_F_CAPPED:
                at += struct.unpack_from("=I", message, 4)[0] - 16
        text = ""
        if flags & NLM_F_ACK_TLVS:
            for k, payload in attributes(message[at:]):
                if k == 1:
                    text = payload.rstrip(b"\0").decode(errors="replace")
        raise Refused(-code, text)

    def raw(self, command, data=b"", flags=NLM_F_ACK, version=1):
        """Sends a command with attribute bytes as they are given.

        Returns [(command, attribute bytes)]; raises Refused.
        """
        body = struct.pack("=BBH", command, version, 0) + data
        return self._talk(self.family, body, flags)

    def batch(self, requests):
        """Sends [(name, data)] in one datagram; returns the errnos as they come."""
        datagram = b""
        for name, data in requests:
            self.sequence += 1
            body = struct.pack("=BBH", getattr(N, "VSERIAL_CMD_" + name), 1, 0) + data
            datagram += struct.pack("=IHHII", 16 + len(body), self.family,
                                    NLM_F_REQUEST | NLM_F_ACK, self.sequence, 0) + body
        self.sock.send(datagram)
        answers = []
        while len(answers) < len(requests):
            data = self.sock.recv(1 << 18)
            while data:
                length, kind, _, seq, _ = struct.unpack_from("=IHHII", data)
                if kind == NLMSG_ERROR:
                    code, = struct.unpack_from("=i", data, 16)
                    answers.append((seq - self.sequence + len(requests) - 1, -code))
                data = data[(length + 3) & ~3:]
        return answers

    def call(self, name, data=b"", flags=NLM_F_ACK):
        """Like raw(), by the command's name: call("GUEST_GET", …)."""
        command = getattr(N, "VSERIAL_CMD_" + name)
        return [decode(c, d) for c, d in self.raw(command, data, flags)]

    def dump(self, name, data=b""):
        return self.call(name, data, NLM_F_DUMP | NLM_F_ACK)

    def guest(self, name):
        return self.call("GUEST_GET", string(N.VSERIAL_A_GUEST_NAME, name))[0]

    def port(self, guest, index):
        return self.call("PORT_GET", string(N.VSERIAL_A_PORT_GUEST, guest) +
                         u32(N.VSERIAL_A_PORT_INDEX, index))[0]

    def subscribe(self):
        """Joins the group events."""
        self.sock.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
                             self.groups["events"])

    def event(self, timeout):
        """The next event as (command number, fields), or None."""
        self.sock.settimeout(timeout)
        try:
            data = self.sock.recv(1 << 18)
        except TimeoutError:
            return None
        finally:
            self.sock.settimeout(None)
        length, = struct.unpack_from("=I", data)
        message = data[16:length]
        return message[0], decode(message[0], message[4:])
