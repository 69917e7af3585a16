#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Bad input: refused with one sentence and a fitting errno, nothing changed.

    vserialctl        exit status 1 (2: usage), one line on stderr
    raw netlink       errno, extack's sentence
    sysfs             errno, the sentence in the kernel log

Every refusal is followed by a comparison of all guests and ports with what
they were before.
"""
import ctypes
import errno
import functools
import os
import re
import stat

from genl import NLM_F_DUMP, attr, string, u8, u32
from lib import (N, SYSFS, KernelLog, Refused, ctl, ctl_raw, equal,
                 everything, expect, later, make_guest, make_port, nl, run,
                 scratch, test, wait_for, write_sysfs)

BAD_NAMES = ["", "a/b", "/a", "a/", ".", "..", ".hidden", "_a", "a b", " a", "a\tb",
             "a\nb", "a:b", "a,b", "a%sb", "ä", "a" * 64, "a" * 300, "a*", "a\x7f"]
SYSLOG_ACTION_READ_ALL = 3
RANGE = (errno.EINVAL, errno.ERANGE)
TOO_LONG = (*RANGE, errno.ENAMETOOLONG, errno.E2BIG)
#: what the sentence about a malformed attribute names
WHICH = r"attribute \d+"


def name(text):
    return string(N.VSERIAL_A_GUEST_NAME, text)


def port(guest="bad", index=0):
    return (string(N.VSERIAL_A_PORT_GUEST, guest) +
            u32(N.VSERIAL_A_PORT_INDEX, index))


def a(text):
    """An attribute's number by its name: a("PORT_INDEX")."""
    return getattr(N, "VSERIAL_A_" + text)


def snapshot():
    return nl().dump("GUEST_GET"), nl().dump("PORT_GET"), nl().dump("SERVICE_GET")


class Unchanged:
    """Whatever happens inside changes no guest and no port."""

    def __init__(self, what):
        self.what = what

    def __enter__(self):
        self.before = snapshot()

    def __exit__(self, kind, value, trace):
        if kind is None:
            equal(snapshot(), self.before, f"the configuration after {self.what}")


def one_sentence(text, what):
    expect(text and "\n" not in text.rstrip("\n"),
           f"{what}: not one sentence: {text!r}")
    expect(len(text.split()) >= 3, f"{what}: hardly a sentence: {text!r}")
    expect(len(text) < 600, f"{what}: {len(text)} characters: {text!r}")


def names(text, wants, what):
    for want in wants:
        expect(re.search(want, text, re.I), f"{what}: {text!r} lacks {want!r}")


_queued = []


def by_cli(words, *wants):
    """vserialctl must refuse; its sentence must match all of wants.

    The commands of a test are run by by_cli_now(), all in one batch: starting
    a program takes the longest of all in a VM.
    """
    _queued.append((words, wants))


def quoted(word):
    """As vserialctl reads words in batches."""
    text = "".join(c if 0x20 <= ord(c) < 0x7f and c not in '"\\' else
                   "".join(f"\\x{b:02x}" for b in c.encode()) for c in word)
    return f'"{text}"'


def by_cli_now():
    """Runs what by_cli() noted down: every single one must be refused."""
    cases = list(_queued)
    _queued.clear()
    batch = "".join(" ".join(map(quoted, words)) + "\n" for words, _ in cases)
    with Unchanged("a batch of refused commands"):
        r = ctl_raw("--force", "-b", "-", stdin=batch)
    equal(r.status, 1, "the exit status of the batch")
    equal(r.out, "", "the output of the batch")
    lines = r.err.splitlines()
    told = {}
    for line in lines:
        match = re.match(r"vserialctl: standard input:(\d+): (.*)", line)
        expect(match, f"the batch's stderr has a line {line!r}")
        expect(match[1] not in told, f"two sentences for one command: {line!r}")
        told[match[1]] = match[2]
    for number, (words, wants) in enumerate(cases, 1):
        what = "vserialctl " + " ".join(w[:80] for w in words)
        expect(str(number) in told, f"{what} was obeyed")
        one_sentence(told[str(number)], what)
        names(told[str(number)], wants, what)


def by_cli_alone(words, *wants, status=1):
    """Like by_cli(), as a command of its own with its exit status."""
    what = "vserialctl " + " ".join(w[:80] for w in words)
    with Unchanged(what):
        r = ctl_raw(*words)
    equal(r.status, status, f"the exit status of {what} ({r.err.strip()!r})")
    equal(r.out, "", f"the output of {what}")
    # a mistake of usage is followed by the usage
    first = r.err.splitlines()[0] if status == 2 and r.err else r.err
    one_sentence(first, what)
    names(first, wants, what)


def by_netlink(command, data, errnos, *wants, **kwargs):
    """The kernel must refuse; its sentence must match all of wants."""
    what = f"{command} {data[:48].hex()}"
    with Unchanged(what):
        try:
            number = command if isinstance(command, int) else \
                getattr(N, "VSERIAL_CMD_" + command)
            got = nl().raw(number, data, **kwargs)
        except Refused as e:
            expect(e.errno in errnos, f"{what}: errno {errno.errorcode[e.errno]}"
                   f" ({e.text!r})")
            one_sentence(e.text, what)
            names(e.text, wants, what)
            return
    raise AssertionError(f"{what} was obeyed: {got}")


def by_sysfs(path, text, errnos):
    """The write must fail."""
    what = f"writing {text[:80]!r} into {path}"
    with Unchanged(what):
        try:
            write_sysfs(f"{SYSFS}/{path}", text)
        except OSError as e:
            expect(e.errno in errnos, f"{what}: {errno.errorcode[e.errno]}")
            return
    raise AssertionError(f"{what} was obeyed")


def victim(**settings):
    """The guest "bad" with port 0."""
    return make_port("bad", **settings)


# names

def cli_test(function):
    """A test whose last act is by_cli_now()."""
    @functools.wraps(function)
    def whole():
        _queued.clear()
        function()
        by_cli_now()
    return test(whole)


@cli_test
def guest_names():
    """guest names: slashes, dots, blanks, 64 characters"""
    make_guest("bad")
    for text in BAD_NAMES:
        shown = re.escape(text[:50]) if text.isascii() and text.isprintable() else ""
        by_cli(["guest", "add", text], shown)
        by_netlink("GUEST_NEW", name(text), (errno.EINVAL, errno.ENAMETOOLONG,
                                             errno.ERANGE), shown)
        # blanks around a word are none of it
        if text.strip() == text != "":
            by_sysfs("new_guest", text, (errno.EINVAL, errno.ENAMETOOLONG))
    by_cli(["guest", "add", "-a"], "-a")
    by_cli(["guest", "add", "uevent"], "uevent", "taken")
    by_netlink("GUEST_NEW", name("-a"), (errno.EINVAL,), "-a")
    by_netlink("GUEST_NEW", attr(a("GUEST_NAME"), b"ab\0cd\0"), RANGE)
    by_netlink("GUEST_NEW", attr(a("GUEST_NAME"), b"\xff\xfe\0"), (errno.EINVAL,))
    by_sysfs("new_guest", "\n", (errno.EINVAL,))
    by_sysfs("new_guest", "ok then", (errno.EINVAL,))
    by_sysfs("new_guest", "a" * 4000, (errno.EINVAL, errno.ENAMETOOLONG))


@cli_test
def guest_twice():
    """a guest that is there, a guest that is not"""
    victim()
    by_cli_alone(["guest", "add", "bad"], "bad", "exist|already|is there")
    by_netlink("GUEST_NEW", name("bad"), (errno.EEXIST,), "bad")
    by_sysfs("new_guest", "bad", (errno.EEXIST,))
    for words in (["guest", "del", "none"], ["guest", "show", "none"],
                  ["guest", "set", "none", "owner", "root"],
                  ["port", "add", "none/0"], ["port", "show", "none/0"],
                  ["port", "del", "none/0"], ["port", "connect", "none/0"],
                  ["port", "disconnect", "none/0"],
                  ["port", "set", "none/0", "backing", "null"]):
        by_cli(words, "none")
    for command in ("GUEST_DEL", "GUEST_GET", "GUEST_SET"):
        by_netlink(command, name("none"), (errno.ENOENT,), "none")
    for command in ("PORT_NEW", "PORT_GET", "PORT_DEL", "PORT_CONNECT",
                    "PORT_DISCONNECT"):
        by_netlink(command, port("none"), (errno.ENOENT,), "none")
    by_sysfs("del_guest", "none", (errno.ENOENT,))
    by_sysfs("del_guest", "bad forcibly", (errno.EINVAL,))


@cli_test
def guest_attributes():
    """UUIDs, owners and numbers of ports that are none"""
    make_guest("bad")
    for word in ("uuid", "vc-uuid", "location-uuid"):
        for value in ("", "zzz", "6ba7b810-9dad-11d1-80b4-00c04fd430c",
                      "6ba7b810-9dad-11d1-80b4-00c04fd430c8f",
                      "6ba7b8109dad11d180b400c04fd430c8-"):
            by_cli(["guest", "add", "new", word, value], re.escape(value), "uuid")
            by_cli(["guest", "set", "bad", word, value], re.escape(value), "uuid")
            # an empty line takes the UUID away
            if value:
                by_sysfs(f"devices/bad/{word.replace('-', '_')}", value + "\n",
                         (errno.EINVAL,))
    for kind in ("GUEST_UUID", "GUEST_VC_UUID", "GUEST_LOCATION_UUID"):
        for length in (0, 15, 17, 300):
            by_netlink("GUEST_NEW", name("new") + attr(a(kind), b"u" * length), RANGE)
            by_netlink("GUEST_SET", name("bad") + attr(a(kind), b"u" * length), RANGE)
    for value in ("nosuchuser", "root:nosuchgroup", "-1", ":", "4294967295",
                  "99999999999", "1:2:3"):
        by_cli(["guest", "set", "bad", "owner", value], re.escape(value))
    for value in ("root", "x:y", "1:", ":1", "-1:-1", "4294967295:0",
                  "0:4294967295", "1:2:3", "1 2", "99999999999:1"):
        by_sysfs("devices/bad/owner", value, (errno.EINVAL, errno.ERANGE))
    for value in ("33", "-1", "x", "", "4294967296"):
        by_cli(["guest", "add", "new", "ports", value], re.escape(value))
    for value in (33, 0xffffffff):
        by_netlink("GUEST_NEW", name("new") + u32(a("GUEST_NR_PORTS"), value),
                   RANGE, "32|31")


# ports

@cli_test
def port_indices():
    """port 32, port -1, a second port 0, ports of guests that are not there"""
    victim()
    for text in ("bad/32", "bad/33", "bad/4294967295", "bad/4294967296", "bad/-1",
                 "bad/x", "bad/", "bad", "bad/0x1", "bad/ 1", "bad/1 ",
                 "bad//1", "../bad/1", "bad/1/"):
        by_cli(["port", "add", text], re.escape(text.split("/")[-1]))
    by_cli(["port", "add", "/0"], "name")
    for index in (32, 33, 0x7fffffff, 0xffffffff):
        for command in ("PORT_NEW", "PORT_SET", "PORT_GET", "PORT_DEL",
                        "PORT_CONNECT"):
            by_netlink(command, port("bad", index), (*RANGE, errno.ENOENT),
                       f"{index}|4294967295", "31")
    by_cli(["port", "add", "bad/0"], "bad.0", "exist|already|is there")
    by_netlink("PORT_NEW", port(), (errno.EEXIST,), "bad.0")
    for text in ("32", "-1", "x", "\n", "0x1", "4294967296", "1 null x",
                 "1 bogus:", "1null"):
        by_sysfs("devices/bad/new_port", text, (*RANGE, errno.ENOENT))
    by_sysfs("devices/bad/new_port", "0", (errno.EEXIST,))
    by_sysfs("devices/bad/del_port", "1", (errno.ENOENT,))
    by_sysfs("devices/bad/del_port", "32", (*RANGE, errno.ENOENT))
    by_sysfs("devices/bad/del_port", "0 now", (errno.EINVAL,))
    by_netlink("PORT_DEL", port(index=1), (errno.ENOENT,), "bad.1")
    by_cli(["port", "show", "bad/1"], "bad.1")


@cli_test
def port_attributes():
    """words and numbers that are none of a port's"""
    victim()
    for words, *wants in (
            (["overflow", "dropold"], "dropold", "drop-old"),
            (["overflow", "BLOCK"], "BLOCK", "block"),
            (["overflow", ""], "block"),
            (["stall-limit", "-1"], "-1"),
            (["stall-limit", "3600001"], "3600001", "3600000"),
            (["stall-limit", "1s"], "1s"),
            (["stall-limit", "99999999999999999999"], "99999999999999999999"),
            (["history", "-1"], "-1"),
            (["history", "17M"], "17M", "16M"),
            (["history", "1Q"], "1Q"),
            (["history", "4G"], "4G"),
            (["history", ""], "history"),
            (["connect-at-power-on", "maybe"], "maybe"),
            (["connect-at-power-on", "2"], "2"),
            (["carrier", "sometimes"], "sometimes", "always"),
            (["colour", "red"], "colour"),
            (["tx_bytes", "0"], "tx_bytes")):
        by_cli(["port", "set", "bad/0", *words], *wants)
        by_cli(["port", "add", "bad/1", *words], *wants)
    for kind, maker, value, *wants in (
            ("PORT_OVERFLOW", u32, 3, "3"), ("PORT_OVERFLOW", u32, 0xffffffff),
            ("PORT_STALL_LIMIT", u32, 3600001, "3600000"),
            ("PORT_STALL_LIMIT", u32, 0xffffffff, "3600000"),
            ("PORT_HISTORY", u32, (16 << 20) + 1, str(16 << 20)),
            ("PORT_HISTORY", u32, 0xffffffff, str(16 << 20)),
            ("PORT_CONNECT_AT_POWER_ON", u8, 2, "2"),
            ("PORT_CONNECT_AT_POWER_ON", u8, 255, "255"),
            ("PORT_CARRIER", u32, 3, "3")):
        for command, index in (("PORT_SET", 0), ("PORT_NEW", 1)):
            by_netlink(command, port(index=index) + maker(a(kind), value), RANGE,
                       *wants)
    for name_, text in (("overflow", "sometimes"), ("overflow", "3"),
                        ("overflow", ""), ("stall_limit", "-1"),
                        ("stall_limit", "3600001"), ("stall_limit", "x"),
                        ("stall_limit", "1 2"), ("history", "16777217"),
                        ("history", "-1"), ("connect_at_power_on", "maybe"),
                        ("connected", "perhaps"), ("connected", "nonsense"),
                        ("connect_at_power_on", "yesterday"),
                        ("connect_at_power_on", "2"), ("overflow", "block old"), ("carrier", "sometimes")):
        by_sysfs(f"devices/bad:0/{name_}", text + "\n", RANGE)
    for name_ in ("state", "reason", "peer", "power", "tx_bytes", "rx_bytes",
                  "dropped_bytes", "break", "guest", "index"):
        by_sysfs(f"devices/bad:0/{name_}", "1", (errno.EACCES, errno.EPERM,
                                                 errno.EIO))
        mode = os.stat(f"{SYSFS}/devices/bad:0/{name_}").st_mode
        equal(stat.S_IMODE(mode) & 0o222, 0, f"the write permissions of {name_}")


# service rules

def rule(guest="bad", **values):
    """A rule's attributes: rank, action and service if nothing else is said."""
    given = {"rank": 1, "action": 1, "service": N.VSERIAL_SERVICE_ANY, **values}
    return string(a("SERVICE_GUEST"), guest) + b"".join(
        string(a("SERVICE_" + key.upper()), value) if isinstance(value, str) else
        u32(a("SERVICE_" + key.upper()), value)
        for key, value in given.items() if value is not None)


@cli_test
def service_rules():
    """service rules that are none, or could never decide anything"""
    victim()
    allow = ["service", "add", "bad", "rank", "1", "allow"]
    for words, *wants in (
            (["file", "direction", "guest"], "file", "host only"),
            (["control", "direction", "host"], "control", "guest only"),
            (["uart", "port", "23"], "uart", "port"),
            (["net-client", "port", "24-23"], "24", "23", "lower"),
            (["vspc", "user", "root"], "vspc", "user"),
            (["module", "exe", "/bin/true"], "module", "executable"),
            (["console", "exe", "true"], "true", "absolute"),
            (["console", "exe", ""], "empty"),
            (["console", "exe", "/" + "x" * 255], "xxx", "256", "255"),
            (["console", "exe", "/a\nb"], "0x0a")):
        by_cli([*allow, *words], *wants)
    by_cli(["service", "add", "none", "rank", "1", "deny", "any"], "none")
    by_cli(["service", "del", "bad", "rank", "1"], "bad", "1")
    by_cli(["service", "del", "none", "rank", "1"], "none")
    by_cli(["service", "show", "none"], "none")
    by_cli(["service", "test", "none", "uart"], "none")
    for service in ("any", "module", "application"):
        by_cli(["service", "test", "bad", service], service, "several")
    by_cli(["service", "test", "bad", "net-client", "port", "1-2"], "attribute")
    for values, *wants in (
            ({"action": 2}, "2"), ({"service": 14}, "14", "control"),
            ({"service": 0xffffffff}, "4294967295"), ({"direction": 3}, "3"),
            ({"port": 2, "port_last": 1}, "2", "1"), ({"port_last": 1}, "first"),
            ({"uid": 0xffffffff, "service": N.VSERIAL_SERVICE_CONSOLE}, "4294967295"),
            ({"rank": None}, "rank"), ({"action": None}, "action"),
            ({"service": None}, "service"), ({"exe": ""}, "empty")):
        by_netlink("SERVICE_NEW", rule(**values), RANGE, *wants)
    by_netlink("SERVICE_NEW", rule("none"), (errno.ENOENT,), "none")
    by_netlink("SERVICE_NEW", u32(a("SERVICE_RANK"), 1), (errno.EINVAL,), "name")
    by_netlink("SERVICE_DEL", string(a("SERVICE_GUEST"), "bad"), (errno.EINVAL,), "rank")
    by_netlink("SERVICE_TEST", string(a("SERVICE_GUEST"), "bad"), (errno.EINVAL,), "service")
    # hits are only ever told
    by_netlink("SERVICE_NEW", rule() + attr(a("SERVICE_HITS"), bytes(8)), (errno.EINVAL,), WHICH)
    for size in (0, 1, 3, 5):
        by_netlink("SERVICE_NEW", rule(rank=None) + attr(a("SERVICE_RANK"), bytes(size)), RANGE,
                   WHICH)


@test
def too_many_rules():
    """the 257th rule of a guest is refused, and so is a second of one rank"""
    victim()
    for rank in range(256):
        nl().call("SERVICE_NEW", rule(rank=rank, action=0))
    by_netlink("SERVICE_NEW", rule(rank=256), (errno.ENOSPC,), "bad", "256")
    by_netlink("SERVICE_NEW", rule(rank=7), (errno.EEXIST,), "bad", "7")


# specifications

def bad_specs():
    """(specification, errnos, what the sentence must name…)"""
    d = scratch()
    os.mkdir(f"{d}/directory")
    with open(f"{d}/file", "wb"):
        pass
    os.symlink(f"{d}/file", f"{d}/link")
    os.symlink(f"{d}/nowhere", f"{d}/dangling")
    os.mkfifo(f"{d}/fifo")
    invalid = (errno.EINVAL,)
    notfile = (errno.EINVAL, errno.EISDIR, errno.ENXIO)
    f = f"file:{d}/file"
    return [
        ("", invalid),
        ("bogus", invalid, "bogus"),
        ("bogus:thing", invalid, "bogus"),
        ("null:x", invalid, "null"),
        ("null#append", invalid, "null|append"),
        ("loopback:x", invalid, "loopback"),
        ("file", invalid, "file"),
        ("file:", invalid, "file"),
        ("file:relative/log", invalid, "relative/log"),
        ("file:log", invalid, "log"),
        (f"file:{d}/missing/log", (errno.ENOENT,), "missing/log"),
        (f"file:{d}/file/log", (errno.ENOTDIR,), "file/log"),
        (f"file:{d}/directory", notfile, "directory"),
        (f"file:{d}/directory/", notfile, "directory"),
        ("file:/", notfile, "file|/"),
        (f"file:{d}/link", (errno.ELOOP, errno.EINVAL), "link"),
        (f"file:{d}/dangling", (errno.ELOOP, errno.EINVAL), "dangling"),
        (f"file:{d}/fifo", notfile, "fifo"),
        ("file:/dev/null", notfile, "/dev/null"),
        ("file:/" + "x" * 5000, TOO_LONG,
         "4095|255"),
        ("file:/" + "d/" * 2495, TOO_LONG),
        (f"file:{d}/" + "n" * 256, TOO_LONG, "nnn"),
        (f + "#max-size=-1", invalid, "-1", "max-size"),
        (f + "#max-size=", invalid, "max-size"),
        (f + "#max-size", invalid, "max-size"),
        (f + "#max-size=10", (errno.EINVAL, errno.ERANGE), "10", "4096|4K"),
        (f + "#max-size=1X", invalid, "1X"),
        (f + "#max-size=99999999999999999999", (errno.EINVAL, errno.ERANGE),
         "99999999999999999999"),
        (f + "#max-size=64K&max-size=64K", invalid, "max-size"),
        (f + "#keep=-1", (errno.EINVAL, errno.ERANGE), "-1", "keep"),
        (f + "#keep=100", (errno.EINVAL, errno.ERANGE), "100", "99"),
        (f + "#keep=x", invalid, "x", "keep"),
        (f + "#append&truncate", invalid, "append|truncate"),
        (f + "#bogus", invalid, "bogus"),
        (f + "#bogus=1", invalid, "bogus"),
        (f + "#timestamps=maybe", invalid, "maybe|timestamps"),
        (f + "#append&&truncate", invalid),
    ], d


@cli_test
def specs():
    """backing specifications that are none, or lead nowhere"""
    victim(backing="loopback")
    table, d = bad_specs()
    listing = sorted(os.listdir(d))
    for spec, errnos, *wants in table:
        for words in (["port", "set", "bad/0", "backing", spec],
                      ["port", "add", "bad/1", "backing", spec]):
            by_cli(words, *wants)
        data = string(a("PORT_BACKING"), spec)
        by_netlink("PORT_SET", port() + data, errnos, *wants)
        by_netlink("PORT_NEW", port(index=1) + data, errnos, *wants)
        if spec and len(spec) < 4096:
            by_sysfs("devices/bad:0/backing", spec + "\n", errnos)
            by_sysfs("devices/bad/new_port", f"1 {spec}\n", errnos)
    by_sysfs("devices/bad:0/backing", "\n", (errno.EINVAL,))
    equal(sorted(os.listdir(d)), listing, "the files afterwards")
    equal(os.path.getsize(f"{d}/file"), 0, "the file's size")


@cli_test
def whole_or_not():
    """one bad setting among good ones changes none"""
    victim()
    missing = "file:/nonexistent-directory/log"
    by_cli(["port", "set", "bad/0", "overflow", "drop-old", "history", "0",
            "backing", missing], "nonexistent-directory")
    by_cli(["port", "set", "bad/0", "overflow", "drop-old", "stall-limit", "-5"],
           "-5")
    by_netlink("PORT_SET", port() + u32(a("PORT_OVERFLOW"), 1) +
               string(a("PORT_BACKING"), missing) + u32(a("PORT_HISTORY"), 0),
               (errno.ENOENT,), "nonexistent-directory")
    by_netlink("PORT_SET", port() + string(a("PORT_BACKING"), "loopback") +
               u32(a("PORT_HISTORY"), 1 << 30), RANGE)
    by_netlink("GUEST_SET", name("bad") + attr(a("GUEST_UUID"), b"u" * 16) +
               attr(a("GUEST_VC_UUID"), b"u" * 3), RANGE)
    by_netlink("GUEST_NEW", name("new") + u32(a("GUEST_NR_PORTS"), 40), RANGE)


# messages

@test
def missing_attributes():
    """netlink: missing attributes"""
    victim()
    for command in ("GUEST_NEW", "GUEST_SET", "GUEST_DEL", "GUEST_GET"):
        by_netlink(command, b"", (errno.EINVAL,), "name")
    for command in ("PORT_NEW", "PORT_SET", "PORT_DEL", "PORT_GET",
                    "PORT_CONNECT", "PORT_DISCONNECT"):
        by_netlink(command, b"", (errno.EINVAL,), "guest|index")
        by_netlink(command, string(a("PORT_GUEST"), "bad"), (errno.EINVAL,), "index")
        by_netlink(command, u32(a("PORT_INDEX"), 0), (errno.EINVAL,), "guest")


@test
def short_and_long_attributes():
    """netlink: short and long attributes"""
    victim()
    guest = string(a("PORT_GUEST"), "bad")
    for size in (0, 1, 2, 3, 5, 8, 100):
        by_netlink("PORT_NEW", guest + attr(a("PORT_INDEX"), b"\x01" * size), RANGE,
                   WHICH)
        by_netlink("GUEST_SET", name("bad") + attr(a("GUEST_UID"), bytes(size)),
                   RANGE, WHICH)
    for size in (0, 2, 4, 100):
        by_netlink("PORT_SET", port() + attr(a("PORT_CONNECT_AT_POWER_ON"),
                                             bytes(size)), RANGE,
                       WHICH)
    for kind in ("PORT_OVERFLOW", "PORT_STALL_LIMIT", "PORT_HISTORY",
                 "PORT_CARRIER"):
        for size in (0, 1, 3, 5, 64):
            by_netlink("PORT_SET", port() + attr(a(kind), bytes(size)), RANGE,
                       WHICH)
    for size in (1, 4):
        by_netlink("PORT_DEL", port() + attr(a("PORT_FORCE"), bytes(size)), RANGE,
                       WHICH)
        by_netlink("GUEST_DEL", name("bad") + attr(a("GUEST_FORCE"), bytes(size)),
                   RANGE, WHICH)
    by_netlink("GUEST_NEW", attr(a("GUEST_NAME"), b""), RANGE)
    by_netlink("GUEST_NEW", attr(a("GUEST_NAME"), b"abc"), RANGE)  # no NUL
    by_netlink("PORT_SET", port() + attr(a("PORT_BACKING"), b""), RANGE)
    by_netlink("PORT_SET", port() + attr(a("PORT_BACKING"), b"null"), RANGE)
    by_netlink("PORT_SET", port() + attr(a("PORT_BACKING"), b"nu\0ll\0"), RANGE)
    by_netlink("PORT_SET", port() + string(a("PORT_BACKING"), "x" * 60000),
               TOO_LONG)


@test
def duplicate_attributes():
    """netlink: duplicate attributes"""
    victim()
    twice = r"twice|more than once|duplicate"
    force = attr(a("PORT_FORCE"))
    by_netlink("GUEST_NEW", name("new") + name("new2"), (errno.EINVAL,), twice)
    by_netlink("GUEST_NEW", name("new") + name("new"), (errno.EINVAL,), twice)
    by_netlink("GUEST_GET", name("bad") * 2, (errno.EINVAL,), twice)
    by_netlink("GUEST_DEL", name("bad") + attr(a("GUEST_FORCE")) * 2,
               (errno.EINVAL,), twice)
    by_netlink("PORT_DEL", port() + u32(a("PORT_INDEX"), 1), (errno.EINVAL,), twice)
    by_netlink("PORT_DEL", port() + force + force, (errno.EINVAL,), twice)
    by_netlink("PORT_SET", port() + string(a("PORT_BACKING"), "loopback") +
               string(a("PORT_BACKING"), "null"), (errno.EINVAL,), twice)
    by_netlink("PORT_CONNECT", port() + port(), (errno.EINVAL,), twice)
    by_netlink("PORT_GET", string(a("PORT_GUEST"), "bad") * 2, (errno.EINVAL,),
               twice, flags=NLM_F_DUMP | 4)
    by_cli_alone(["port", "set", "bad/0", "history", "0", "history", "1K"],
                 "history", twice, status=2)


@test
def unknown_attributes():
    """netlink: unknown attributes, read-only ones, ones of other commands"""
    victim()
    top = max(N.types["PORT"]), max(N.types["GUEST"])
    for kind in (0, top[0] + 1, top[0] + 2, 200, 0x3fff):
        for command in ("PORT_SET", "PORT_NEW", "PORT_DEL", "PORT_GET",
                        "PORT_CONNECT"):
            index = 1 if command == "PORT_NEW" else 0
            by_netlink(command, port(index=index) + attr(kind, b"1234"),
                       (errno.EINVAL, errno.EOPNOTSUPP), WHICH)
    for kind in (0, top[1] + 1, 200, 0x3fff):
        for command, text in (("GUEST_NEW", "new"), ("GUEST_SET", "bad"),
                              ("GUEST_DEL", "bad"), ("GUEST_GET", "bad")):
            by_netlink(command, name(text) + attr(kind, b"1234"),
                       (errno.EINVAL, errno.EOPNOTSUPP), WHICH)
    for kind, payload in (("PORT_TX_BYTES", bytes(8)), ("PORT_POWER", b"\1"),
                          ("PORT_STATE", b"\3\0\0\0"), ("PORT_REASON", b"x\0"),
                          ("PORT_MINOR", b"\7\0\0\0"), ("PORT_CONNECTED", b"\1"),
                          ("PORT_LINES", bytes(4))):
        for command, index in (("PORT_SET", 0), ("PORT_NEW", 1)):
            by_netlink(command, port(index=index) + attr(a(kind), payload),
                       (errno.EINVAL, errno.EOPNOTSUPP), WHICH)
    by_netlink("GUEST_NEW", name("new") + u8(a("GUEST_POWER"), 1),
               (errno.EINVAL, errno.EOPNOTSUPP), WHICH)
    by_netlink("GUEST_SET", name("bad") + u32(a("GUEST_NR_PORTS"), 3),
               (errno.EINVAL, errno.EOPNOTSUPP), WHICH)
    by_netlink("PORT_CONNECT", port() + string(a("PORT_BACKING"), "loopback"),
               (errno.EINVAL, errno.EOPNOTSUPP), WHICH)
    by_netlink("PORT_SET", port() + attr(a("PORT_FORCE")),
               (errno.EINVAL, errno.EOPNOTSUPP), WHICH)


@test
def malformed_messages():
    """netlink: attributes that end outside the message, leftovers, no commands"""
    victim()
    for length in (0, 1, 3, 12, 0xffff):
        data = name("bad") + attr(a("GUEST_FORCE"), b"", length=length)
        try:
            with Unchanged(f"an attribute of length {length}"):
                nl().raw(N.VSERIAL_CMD_GUEST_DEL, data)
            raise AssertionError(f"an attribute of length {length} was taken")
        except Refused as e:
            expect(e.errno in RANGE, f"length {length}: {e}")
    with Unchanged("three bytes too many"):
        try:
            nl().raw(N.VSERIAL_CMD_GUEST_DEL, name("bad") + b"\1\2\3")
            raise AssertionError("three bytes too many were taken")
        except Refused as e:
            equal(e.errno, errno.EINVAL, "the errno of three bytes too many")
    for command in (0, N.VSERIAL_CMD_GUEST_NTF, N.VSERIAL_CMD_PORT_DEL_NTF,
                    N.VSERIAL_CMD_MAX if hasattr(N, "VSERIAL_CMD_MAX") else 99,
                    99, 255):
        with Unchanged(f"command {command}"):
            try:
                nl().raw(command, name("bad"))
                raise AssertionError(f"command {command} was obeyed")
            except Refused as e:
                expect(e.errno in (errno.EOPNOTSUPP, errno.EINVAL), f"{command}: {e}")
    for command in ("GUEST_NEW", "GUEST_DEL", "PORT_SET"):
        with Unchanged(f"a dump by {command}"):
            try:
                nl().raw(getattr(N, "VSERIAL_CMD_" + command), name("bad"),
                         flags=NLM_F_DUMP | 4)
                raise AssertionError(f"a dump by {command} was obeyed")
            except Refused as e:
                expect(e.errno in (errno.EOPNOTSUPP, errno.EINVAL), f"{command}: {e}")


# the command line itself

@test
def usage():
    """vserialctl: objects, verbs, options and words that are not there"""
    victim()
    for words in (["gast", "add", "x"], ["guest", "make", "x"], ["guest", "add"],
                  ["guest", "del"], ["port", "add"], ["port", "set", "bad/0"],
                  ["port", "set", "bad/0", "backing"], ["guest", "del", "bad", "now"],
                  ["port", "connect", "bad/0", "fast"], ["--bogus", "guest", "show"],
                  ["guest", "set", "bad"], ["restore"]):
        what = " ".join(words)
        with Unchanged(what):
            r = ctl_raw(*words)
        equal(r.status, 2, f"the exit status of {what} ({r.err.strip()!r})")
        expect(r.err.strip(), f"{what} says nothing")
    by_cli_alone(["restore", "/nonexistent/file"], "/nonexistent/file")
    by_cli_alone(["-b", "/nonexistent/file"], "/nonexistent/file")


@test
def batches():
    """vserialctl: a batch stops at its first bad line and names it"""
    victim()
    path = f"{scratch()}/batch"
    with open(path, "w", encoding="ascii") as f:
        f.write("# a comment\n\nport set bad/0 overflow often\n"
                "port set bad/0 overflow drop-old\n")
    by_cli_alone(["-b", path], "often", re.escape(path), r"\b3\b")
    by_cli_alone(["restore", path], "often", re.escape(path), r"\b3\b")


@test
def kernel_log_tells():
    """a refused sysfs write says why in the kernel log"""
    victim()
    log = KernelLog()
    later(log.close)
    for path, text in (("new_guest", "white space"),
                       ("devices/bad/new_port", "77"),
                       ("devices/bad:0/overflow", "whenever"),
                       ("devices/bad:0/backing", "file:/nonexistent-dir/log")):
        found = []

        def told():
            by_sysfs(path, text, (errno.EINVAL, errno.ERANGE, errno.ENOENT))
            found.extend(line for line in log.lines()
                         if text in line and "vserial" in line)
            return found
        # the log is rate-limited: others may have used up its allowance
        wait_for(told, f"the kernel log names {text!r}")


def raw_log():
    """The kernel log's bytes as syslog(2) tells them: /dev/kmsg would escape them."""
    room = ctypes.create_string_buffer(1 << 22)
    length = ctypes.CDLL(None).klogctl(SYSLOG_ACTION_READ_ALL, room, len(room))
    expect(length >= 0, "there is no kernel log")
    return room.raw[:length]


@test
def kernel_log_is_clean():
    """what a refused sysfs write said is one line of the log that no terminal obeys"""
    victim()
    for path, text, told in (
            ("devices/bad:0/overflow", b"k1\x1b[2J\r\x9b\x7f", rb"'k1\e[2J\r\233\177'"),
            ("devices/bad/owner", b"k2\nforged", rb"k2\nforged"),
            ("new_guest", b"k3\x07\x1b]0;title\x07", rb"k3\a\e]0;title\a")):

        def lines():
            by_sysfs(path, text, (errno.EINVAL,))
            return [line for line in raw_log().split(b"\n") if text[:2] in line]
        # the log is rate-limited
        for line in wait_for(lines, f"the kernel log names {text!r}"):
            expect(told in line, f"{text!r} is logged as {line!r}")


@test
def shown_alike():
    """vserialctl, netlink and sysfs show the same after all that"""
    victim(backing="loopback", history=4096)
    guests, ports = everything()
    equal([(g["name"], g["ports"]) for g in guests], [("bad", 1)], "guests")
    equal((ports[0]["backing"], ports[0]["history"]), ("loopback", 4096), "port")
    equal(nl().port("bad", 0)["history"], 4096, "history by netlink")
    ctl("guest", "del", "bad")


run()
