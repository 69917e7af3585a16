#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may do what: every command, every attribute file, the device nodes.

    configuring    CAP_SYS_ADMIN in the initial user namespace
    connecting     that, or to be the guest's owner

Each is tried as everybody of PEOPLE.  A new netlink command needs a row in
COMMANDS, a new write-only attribute file a value in VALUES.
"""
import errno
import itertools
import os
import socket
import stat
import tempfile

import genl
from genl import NLM_F_ACK, NLM_F_DUMP, attr, string, u8, u32
from lib import (N, SYSFS, Port, Refused, equal, expect, forget_guest, later, make_guest, nl,
                 read_file, remove_guest, run, test, wait_for, write_sysfs)
from person import CAP_SYS_ADMIN, Person

OWNER, STRANGER, GROUP, OTHERS = 61001, 61002, 61003, 61004
CONFIGURING = "configuring needs CAP_SYS_ADMIN"
CONNECTING = "connecting ports of guest '{guest}' needs CAP_SYS_ADMIN or to be its owner"
OLD = "01234567-89ab-cdef-0123-456789abcdef"

#: who tries: words -> Person's arguments
PEOPLE = {
    "root": {},
    "a user with CAP_SYS_ADMIN": {"uid": STRANGER, "gid": OTHERS, "caps": 1 << CAP_SYS_ADMIN},
    "root without CAP_SYS_ADMIN": {"without": 1 << CAP_SYS_ADMIN},
    "root without capabilities": {"caps": 0},
    "root in a namespace": {"namespace": True},
    "the owner": {"uid": OWNER, "gid": GROUP},
    "the owner in a namespace": {"uid": OWNER, "gid": GROUP, "namespace": True},
    "a member of the owner's group": {"uid": STRANGER, "gid": GROUP},
    "a stranger": {"uid": STRANGER, "gid": OTHERS},
    "a stranger in a namespace": {"uid": STRANGER, "gid": OTHERS, "namespace": True},
    "a stranger in namespaces with a network": {
        "uid": STRANGER, "gid": OTHERS, "namespace": True, "network": True},
    "the owner in namespaces with a network": {
        "uid": OWNER, "gid": GROUP, "namespace": True, "network": True},
}
MAY_CONFIGURE = ("root", "a user with CAP_SYS_ADMIN")
MAY_CONNECT = (*MAY_CONFIGURE, "the owner", "the owner in a namespace")
#: those whose uid 0 opens root's files
MAY_OPEN_ROOTS = ("root", "root without CAP_SYS_ADMIN", "root without capabilities",
                  "root in a namespace")
MAY_OPEN_NODE = ("root", "root without CAP_SYS_ADMIN", "the owner", "the owner in a namespace",
                 "a member of the owner's group", "the owner in namespaces with a network")


def everybody():
    """(who, the process) one after the other."""
    for who, arguments in PEOPLE.items():
        with Person(**arguments) as person:
            yield who, person


def elsewhere(who):
    return PEOPLE[who].get("network", False)


# what is tried, and how

def guest(name):
    return string(N.VSERIAL_A_GUEST_NAME, name)


def port(name, index=0):
    return string(N.VSERIAL_A_PORT_GUEST, name) + u32(N.VSERIAL_A_PORT_INDEX, index)


class Row:
    """A command.

    role     "configure", "connect", "anybody"; "none": who asks here is never obeyed;
             or "nobody": the kernel takes no such command, it only tells
    ask      guest's name -> the request's attributes
    change   whether it changes guests and ports, so that a refusal can be told
             from obedience by that, too
    dump     whether it is asked for by a dump
    refusal  errno and sentence, if not the role's usual words
    """

    def __init__(self, role, ask, change=True, dump=False, refusal=None):
        self.role, self.ask, self.change = role, ask, change
        self.flags = NLM_F_ACK | (NLM_F_DUMP if dump else 0)
        self.refusal = refusal or ("EPERM", CONFIGURING if role == "configure" else CONNECTING)

    def may(self, who):
        return {"configure": who in MAY_CONFIGURE, "connect": who in MAY_CONNECT,
                "anybody": True, "none": False}[self.role]


COMMANDS = {
    "GUEST_NEW": Row("configure", lambda g: guest(g + "-new")),
    "GUEST_SET": Row("configure", lambda g: guest(g) + u32(N.VSERIAL_A_GUEST_UID, STRANGER) +
                     u32(N.VSERIAL_A_GUEST_GID, OTHERS)),
    "GUEST_DEL": Row("configure", guest),
    "GUEST_GET": Row("anybody", guest, change=False),
    "GUEST_NTF": Row("nobody", guest),
    "GUEST_DEL_NTF": Row("nobody", guest),
    "PORT_NEW": Row("configure", lambda g: port(g, 7)),
    "PORT_SET": Row("configure", lambda g: port(g) + u8(N.VSERIAL_A_PORT_CONNECT_AT_POWER_ON, 0)),
    "PORT_DEL": Row("configure", port),
    "PORT_GET": Row("anybody", port, change=False),
    "PORT_CONNECT": Row("connect", port),
    "PORT_DISCONNECT": Row("connect", lambda g: port(g, 1)),
    "PORT_NTF": Row("nobody", port),
    "PORT_DEL_NTF": Row("nobody", port),
    "PORT_BREAK": Row("connect", port, change=False),
    "PORT_HISTORY": Row("connect", port, change=False, dump=True),
    "SESSION_NEW": Row("connect", lambda g: attach(g, 0), change=False),
    "SESSION_DEL": Row("connect", lambda g: session(attached(g)), change=False),
    "SESSION_GET": Row("anybody", lambda g: session(attached(g)), change=False),
    "SESSION_NTF": Row("nobody", lambda g: b""),
    "SESSION_DEL_NTF": Row("nobody", lambda g: b""),
    # a session's data are its own socket's, which here nobody has
    "DATA": Row("none", lambda g: data(attached(g)), change=False, refusal=("ENOENT", None)),
    "DATA_ACK": Row("none", lambda g: settled(attached(g)), change=False,
                    refusal=("ENOENT", None)),
    "DATA_NTF": Row("nobody", lambda g: b""),
    "DATA_ROOM_NTF": Row("nobody", lambda g: b""),
    "DAEMON_NEW": Row("configure", lambda g: b"", change=False),
    "BACKING_GET": Row("configure", lambda g: b"", change=False, dump=True),
    "BACKING_NTF": Row("nobody", lambda g: b""),
    "BACKING_DEL_NTF": Row("nobody", lambda g: b""),
    "BACKING_REPORT": Row("none", lambda g: u32(N.VSERIAL_A_BACKING_ID, 1) +
                          u32(N.VSERIAL_A_BACKING_STATE, N.VSERIAL_STATE_CONNECTED),
                          change=False, refusal=("EPERM", None)),
    "UART_GET": Row("anybody", lambda g: b"", change=False, dump=True),
    "SERVICE_NEW": Row("configure", lambda g: rule(g, next(RANKS)), change=False),
    "SERVICE_DEL": Row("configure", lambda g: ranked(g, ruled(g)), change=False),
    "SERVICE_GET": Row("anybody", lambda g: string(N.VSERIAL_A_SERVICE_GUEST, g), change=False,
                       dump=True),
    "SERVICE_TEST": Row("anybody", lambda g: string(N.VSERIAL_A_SERVICE_GUEST, g) +
                        u32(N.VSERIAL_A_SERVICE_SERVICE, N.VSERIAL_SERVICE_UART), change=False),
    "SERVICE_NTF": Row("nobody", lambda g: b""),
    "SERVICE_DEL_NTF": Row("nobody", lambda g: b""),
    "GUEST_MIGRATE": Row("configure", lambda g: guest(g) +
                         u32(N.VSERIAL_A_GUEST_MIGRATION, N.VSERIAL_MIGRATION_ABORTED),
                         change=False),
    "PORT_RETURN": Row("configure", lambda g: port(leaving()), change=False),
    "PORT_STATE_GET": Row("configure", lambda g: port(leaving()), change=False, dump=True,
                          refusal=("EPERM", "a port's state needs CAP_SYS_ADMIN")),
    "PORT_STATE_SET": Row("configure", lambda g: port(coming()) +
                          u32(N.VSERIAL_A_PORT_STATE_SIZE, 9) +
                          u32(N.VSERIAL_A_PORT_STATE_OFFSET, 0) +
                          attr(N.VSERIAL_A_PORT_STATE_BYTES, b"x"), change=False),
}
#: of rules; each is another's
RANKS = itertools.count()


def ranked(name, rank):
    return string(N.VSERIAL_A_SERVICE_GUEST, name) + u32(N.VSERIAL_A_SERVICE_RANK, rank)


def rule(name, rank):
    """A rule that allows what is allowed anyhow."""
    return (ranked(name, rank) + u32(N.VSERIAL_A_SERVICE_ACTION, N.VSERIAL_ACTION_ALLOW) +
            u32(N.VSERIAL_A_SERVICE_SERVICE, N.VSERIAL_SERVICE_UART))


def ruled(name):
    """Has root add a rule to a guest; the rule's rank."""
    rank = next(RANKS)
    if commands()["SERVICE_NEW"] in nl().offered:
        nl().call("SERVICE_NEW", rule(name, rank))
    return rank


def moving(name, to):
    """A guest that is between two hosts until the test ends, made for that."""
    if not any(g["name"] == name for g in nl().dump("GUEST_GET")):
        make_guest(name, 1)
    nl().call("GUEST_MIGRATE", guest(name) + u32(N.VSERIAL_A_GUEST_MIGRATION, to) +
              u32(N.VSERIAL_A_GUEST_MIGRATION_LIMIT, 600000))
    return name


def leaving():
    """One that is about to leave, and has been given back what its tty held."""
    name = moving("r-out", N.VSERIAL_MIGRATION_OUTGOING)
    nl().call("PORT_RETURN", port(name))
    return name


def coming():
    """One that is expected."""
    return moving("r-in", N.VSERIAL_MIGRATION_INCOMING)


def attach(name, index):
    return string(N.VSERIAL_A_SESSION_GUEST, name) + u32(N.VSERIAL_A_SESSION_INDEX, index)


def attached(name):
    """Attaches root to port 1 of a guest until the test ends; the session's number."""
    if commands()["SESSION_NEW"] not in nl().offered:
        return 1
    client = genl.Client()
    later(client.close)
    (_, answer), *_ = client.raw(commands()["SESSION_NEW"], attach(name, 1))
    return int.from_bytes(dict(genl.attributes(answer))[N.VSERIAL_A_SESSION_ID], "little")


def session(number):
    return u32(N.VSERIAL_A_SESSION_ID, number)


def data(number):
    """One byte of input for a session."""
    return (u32(N.VSERIAL_A_DATA_SESSION, number) +
            attr(N.VSERIAL_A_DATA_OFFSET, bytes(8)) + attr(N.VSERIAL_A_DATA_BYTES, b"x"))


def settled(number):
    """A session's output up to the first byte."""
    return u32(N.VSERIAL_A_DATA_SESSION, number) + attr(N.VSERIAL_A_DATA_OFFSET, bytes(8))


def commands():
    """The header's commands: name -> number."""
    prefix = "VSERIAL_CMD_"
    return {name[len(prefix):]: number for name, number in vars(N).items()
            if name.startswith(prefix) and name not in (prefix + "UNSPEC", prefix + "MAX")}


class Client(genl.Client):
    """A client that knows the family's number, even where it is not to be seen."""
    known = None

    def _resolve(self):
        return Client.known or super()._resolve()


_kept = []


def open_socket():
    """Opens a netlink socket and keeps it; returns its descriptor."""
    _kept.append(genl.Client())
    return _kept[-1].sock.fileno()


def request_over(fd, family, number, attributes):
    """Like request(), over a socket that somebody opened."""
    client = object.__new__(genl.Client)
    client.sock = socket.socket(fileno=os.dup(fd))
    client.family, client.sequence = family, 1000
    return request(number, attributes, client=client)


def request(number, attributes, flags=NLM_F_ACK, client=None):
    """Sends a request; (0, "") if it was obeyed, else errno and sentence."""
    client = client or Client()
    try:
        client.raw(number, attributes, flags)
        return 0, ""
    except Refused as e:
        return e.errno, e.text
    finally:
        client.close()


def write(path, text):
    """Writes an attribute; 0 or errno."""
    try:
        write_sysfs(path, text)
        return 0
    except OSError as e:
        return e.errno


def write_open(fd, text):
    """write(2); 0 or errno."""
    try:
        os.write(fd, text.encode())
        return 0
    except OSError as e:
        return e.errno


def open_node(path):
    """Opens and closes a device; 0 or errno."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY))
        return 0
    except OSError as e:
        return e.errno


def see_family():
    """Looks the family up by its name; 0 or errno."""
    try:
        genl.Client().close()
        return 0
    except Refused as e:
        return e.errno


def code(number):
    return errno.errorcode.get(number, number)


def snapshot():
    return nl().dump("GUEST_GET"), nl().dump("PORT_GET")


def owned(name, uid=OWNER, gid=GROUP):
    """A guest of the owner's, or of uid's, with two ports; 1 is connected."""
    ports = make_guest(name, 2)
    if uid is not None:
        nl().call("GUEST_SET", guest(name) + u32(N.VSERIAL_A_GUEST_UID, uid) +
                  u32(N.VSERIAL_A_GUEST_GID, gid))
    ports[1].connect()
    return ports


def again(name, **whose):
    """As before a command was obeyed."""
    for each in (name, name + "-new"):
        try:
            remove_guest(each)
        except Refused:
            pass
    owned(name, **whose)


# netlink

@test
def every_command_has_a_row():
    """each command of the header has its row here, and each row its command"""
    equal(sorted(set(commands()) - set(COMMANDS)), [],
          "the commands without a row (role, request) in COMMANDS of tests/module/roles_test.py")
    equal(sorted(set(COMMANDS) - set(commands())), [], "the rows without a command")
    missing = {name for name, row in COMMANDS.items()
               if (commands()[name] in nl().offered) == (row.role == "nobody")}
    equal(sorted(missing), [], "what the kernel does not take, or takes though it is told")


def judge(who, name, row, got, target, what=None):
    """Whether errno and sentence are what they have to be; returns whether it was obeyed."""
    what = f"{what or name} by {who}"
    number, text = got
    if elsewhere(who):
        equal(code(number), "ENOENT", what)
    elif commands()[name] not in nl().offered:
        equal(code(number), "ENOTSUP", what)       # EOPNOTSUPP's other name
    elif row.may(who):
        equal((code(number), text), (0, ""), what)
    else:
        want, sentence = row.refusal
        equal(code(number), want, what)
        expect(text, f"{what} was refused without a word")
        if sentence:
            equal(text, sentence.format(guest=target), what)
    return number == 0


@test
def by_netlink():
    """every command as everybody: obeyed, or refused with the rule and no change"""
    forget_guest("r-nl-new")
    owned("r-nl")
    leaving()
    coming()
    Client.known = nl().family
    later(setattr, Client, "known", None)
    for who, person in everybody():
        before = snapshot()
        for name, row in COMMANDS.items():
            got = person.call(request, commands()[name], row.ask("r-nl"), row.flags)
            if judge(who, name, row, got, "r-nl"):
                changed = snapshot() != before
                equal(changed, row.change, f"{name} by {who} changed something: that")
                if changed:
                    again("r-nl")
                    before = snapshot()
        equal(snapshot(), before, f"the configuration after what {who} was refused")


@test
def other_guests():
    """nobody's guest and another's are not the owner's to connect"""
    owned("r-nobody", uid=None)
    owned("r-other", uid=STRANGER, gid=OTHERS)
    before = snapshot()
    for who in ("the owner", "the owner in a namespace", "root in a namespace",
                "root without CAP_SYS_ADMIN", "root without capabilities"):
        with Person(**PEOPLE[who]) as person:
            for target in ("r-nobody", "r-other"):
                for name, row in COMMANDS.items():
                    if row.role == "connect":
                        got = person.call(request, commands()[name], row.ask(target), row.flags)
                        judge("a stranger", name, row, got, target, f"{name} of {target} as {who},")
            equal(snapshot(), before, f"the configuration after {who}")
    with Person(**PEOPLE["a stranger"]) as person:
        equal(person.call(request, commands()["PORT_CONNECT"], port("r-other")), (0, ""),
              "PORT_CONNECT by that guest's owner")


@test
def owner_changes():
    """who was the owner may no longer connect, who became it may"""
    owned("r-change")
    with Person(**PEOPLE["the owner"]) as first, Person(**PEOPLE["a stranger"]) as second:
        connect = commands()["PORT_CONNECT"], port("r-change")
        path = f"{SYSFS}/devices/r-change:0/connected"
        equal(first.call(request, *connect), (0, ""), "the owner's PORT_CONNECT")
        kept = first.call(os.open, path, os.O_WRONLY)
        nl().call("GUEST_SET", COMMANDS["GUEST_SET"].ask("r-change"))
        for name, row in COMMANDS.items():
            if row.role != "connect":
                continue
            got = first.call(request, commands()[name], row.ask("r-change"), row.flags)
            judge("a stranger", name, row, got, "r-change", f"{name} by the former owner,")
        equal(code(first.call(write, path, "off")), "EACCES", "the former owner's open")
        equal(code(first.call(write_open, kept, "off")), "EPERM",
              "a write to what the former owner had open")
        equal(Port("r-change").connected, 1, "connected")
        equal(second.call(write, path, "off"), 0, "the new owner's write")
        equal(second.call(request, *connect), (0, ""), "the new owner's PORT_CONNECT")
        node = Port("r-change").wait_link()
        wait_for(lambda: os.stat(node).st_uid == STRANGER, "the node is the new owner's")
        equal(code(first.call(open_node, node)), "EACCES", "the former owner's open of the node")


@test
def sockets_handed_on():
    """a socket serves whoever opened it and whoever uses it: both have to be allowed"""
    owned("r-hand")
    row = COMMANDS["PORT_NEW"]
    before = snapshot()
    with Person(**PEOPLE["a stranger"]) as stranger:
        client = genl.Client()
        later(client.close)
        fd = stranger.hand(client.sock.fileno())
        got = stranger.call(request_over, fd, client.family, commands()["PORT_NEW"],
                            row.ask("r-hand"))
        judge("a stranger", "PORT_NEW", row, got, "r-hand")
        fd = stranger.fetch(stranger.call(open_socket))
        later(os.close, fd)
        got = request_over(fd, client.family, commands()["PORT_NEW"], row.ask("r-hand"))
        judge("a stranger", "PORT_NEW", row, got, "r-hand", "PORT_NEW by root over a socket")
    equal(snapshot(), before, "the configuration")


# sysfs

#: what is written into the files that tell nothing, and what changes the others
VALUES = {
    "new_guest": "r-fs-new", "del_guest": "r-fs", "new_port": "7", "del_port": "0",
    "uuid": OLD, "vc_uuid": OLD, "location_uuid": OLD, "owner": f"{STRANGER}:{OTHERS}",
    "vmotion_limit": "9000",
    "backing": "loopback", "connect_at_power_on": "off", "connected": "on",
    "overflow": "drop-old", "stall_limit": "5", "history": "4096", "carrier": "always",
    "log": f"file:{tempfile.gettempdir()}/r-fs.log", "endpoint": "client", "max_clients": "3",
    "idle_timeout": "9",
    "yield_on_poll": "on",
    "proxy": "telnet://127.0.0.1:1",
}
#: the driver core's, not ours
CORE = {"uevent", "drivers_autoprobe", "drivers_probe"}


def attribute_files(name):
    """Our files about a guest and its port 0: (path, mode)."""
    for directory in (SYSFS, f"{SYSFS}/devices/{name}", f"{SYSFS}/devices/{name}:0"):
        for entry in sorted(os.scandir(directory), key=lambda e: e.name):
            if entry.is_file(follow_symlinks=False) and entry.name not in CORE:
                yield entry.path, stat.S_IMODE(entry.stat().st_mode)


def value_for(path):
    """What to write: something new where we know it, else what it holds."""
    name = os.path.basename(path)
    if name in VALUES:
        return VALUES[name]
    try:
        # an empty write does not get as far as the attribute
        return read_file(path).strip() or "\n"
    except PermissionError as e:
        raise AssertionError(f"{name} needs a value in VALUES of tests/module/roles_test.py") from e


def right_answer(who, path, mode):
    """What a write has to end with."""
    if os.path.basename(path) == "connected":
        if who in ("root", "the owner", "the owner in a namespace",
                   "the owner in namespaces with a network"):
            return 0
        # who may write everybody's files gets as far as the module
        return "EPERM" if who == "root without CAP_SYS_ADMIN" else "EACCES"
    if who not in MAY_OPEN_ROOTS:
        return "EACCES"
    if not mode & 0o222:
        # sysfs heeds the mode even where a capability ignores it
        return "EACCES"
    return 0 if who == "root" else "EPERM"


@test
def modes():
    """below a guest and its port only `connected` is not root's, and none is all's to write"""
    owned("r-mode")
    found = 0
    for top in ("r-mode", "r-mode:0"):
        for directory, _, files in os.walk(f"{SYSFS}/devices/{top}/"):
            for name in files:
                path = f"{directory}/{name}"
                s = os.lstat(path)
                if stat.S_ISLNK(s.st_mode):
                    continue
                found += 1
                equal(s.st_mode & 0o022, 0, f"what others may write of {path}")
                want = (OWNER, GROUP) if name == "connected" else (0, 0)
                equal((s.st_uid, s.st_gid), want, f"who owns {path}")
    expect(found > 20, f"only {found} files were found")


@test
def by_sysfs():
    """every attribute file as everybody: written, or refused with no change"""
    forget_guest("r-fs-new")
    owned("r-fs")
    for who, person in everybody():
        before = snapshot()
        for path, mode in list(attribute_files("r-fs")):
            text = value_for(path)
            there = path.replace("/sys", person.sysfs, 1)
            got = person.call(write, there, text)
            equal(code(got), right_answer(who, path, mode),
                  f"writing {text!r} into {path} as {who}")
            if got:
                continue
            changed = snapshot() != before
            if os.path.basename(path) in VALUES:
                expect(changed, f"{path}, written by {who}, changed nothing")
            if changed:
                again("r-fs")
                before = snapshot()
        equal(snapshot(), before, f"the configuration after what {who} was refused")


@test
def files_handed_on():
    """an attribute that root opened serves nobody who may not configure or connect"""
    owned("r-fd")
    before = snapshot()
    for who in ("a stranger", "a stranger in a namespace", "root without capabilities"):
        with Person(**PEOPLE[who]) as person:
            for path, mode in attribute_files("r-fd"):
                if not mode & 0o222:
                    continue
                text = value_for(path)
                fd = os.open(path, os.O_WRONLY)
                later(os.close, fd)
                got = person.call(write_open, person.hand(fd), text)
                equal(code(got), "EPERM", f"writing {text!r} into {path} as {who}")
    equal(snapshot(), before, "the configuration")


# devices

@test
def by_device():
    """the node is the owner's and its group's to open, and nobody else's"""
    node = owned("r-dev")[0].wait_link()
    wait_for(lambda: os.stat(node).st_uid == OWNER, "the node is the owner's")
    equal(stat.S_IMODE(os.stat(node).st_mode), 0o660, "the node's mode")
    for who, person in everybody():
        got = person.call(open_node, node)
        equal(code(got), 0 if who in MAY_OPEN_NODE else "EACCES", f"the open by {who}")
    plain = owned("r-dev2", uid=None)[0].wait_link()
    wait_for(lambda: stat.S_IMODE(os.stat(plain).st_mode) == 0o660, "udev is done")
    for who in ("the owner", "a stranger", "a stranger in a namespace", "the owner in a namespace"):
        with Person(**PEOPLE[who]) as person:
            got = person.call(open_node, plain)
            equal(code(got), "EACCES", f"the open of nobody's port by {who}")


@test
def invisible_elsewhere():
    """the family is not there in another network namespace"""
    for who, person in everybody():
        got = person.call(see_family)
        equal(code(got), "ENOENT" if elsewhere(who) else 0, f"the family looked up by {who}")


run()
