# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest's service rules, for tests."""
import os

import genl
from genl import N, Refused, string, u32
from lib import nl

SERVICES = ("any", "hypervisor", "module", "application", "uart", "file", "pipe", "printer",
            "net-server", "net-client", "vspc", "vsock", "console", "control")
ACTIONS = ("allow", "deny")
TOWARDS = ("any", "guest", "host")


def _terms(guest, service, towards=None, port=None, uid=None, exe=None):
    data = string(N.VSERIAL_A_SERVICE_GUEST, guest)
    data += u32(N.VSERIAL_A_SERVICE_SERVICE, SERVICES.index(service))
    if towards:
        data += u32(N.VSERIAL_A_SERVICE_DIRECTION, TOWARDS.index(towards))
    if port is not None:
        data += u32(N.VSERIAL_A_SERVICE_PORT, port)
    if uid is not None:
        data += u32(N.VSERIAL_A_SERVICE_UID, uid)
    if exe:
        data += string(N.VSERIAL_A_SERVICE_EXE, exe)
    return data


def add(guest, rank, action, service, **terms):
    """Adds a rule; terms are towards, port, uid and exe."""
    nl().call("SERVICE_NEW", _terms(guest, service, **terms) +
              u32(N.VSERIAL_A_SERVICE_RANK, rank) +
              u32(N.VSERIAL_A_SERVICE_ACTION, ACTIONS.index(action)))


def remove(guest, rank):
    nl().call("SERVICE_DEL", string(N.VSERIAL_A_SERVICE_GUEST, guest) +
              u32(N.VSERIAL_A_SERVICE_RANK, rank))


def rules(guest):
    return nl().dump("SERVICE_GET", string(N.VSERIAL_A_SERVICE_GUEST, guest))


def hits(guest, rank):
    """How often a rule decided."""
    (rule,) = [r for r in rules(guest) if r["rank"] == rank]
    return rule["hits"]


def decided(guest, service, **terms):
    """What a dry run says: direction -> (action, rank or None)."""
    return {TOWARDS[answer["direction"]]: (ACTIONS[answer["action"]], answer.get("rank"))
            for answer in nl().call("SERVICE_TEST", _terms(guest, service, **terms))}


def opening(path):
    """Opens a device and closes it; 0 or errno."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY))
        return 0
    except OSError as e:
        return e.errno


def attaching(guest, number=0):
    """Attaches a socket of its own and closes it; 0 or errno."""
    client = genl.Client()
    try:
        client.call("SESSION_NEW", string(N.VSERIAL_A_SESSION_GUEST, guest) +
                    u32(N.VSERIAL_A_SESSION_INDEX, number))
        return 0
    except Refused as e:
        return e.errno
    finally:
        client.close()
