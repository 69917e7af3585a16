#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Measures clients with TLS: what a server takes for each that comes, and keeps of it.

usage: tests/bench/handshakes.py [WORD…]

Runs where a nanosecond is an instruction.  The same client of TLS 1.3 comes again and
again, with nothing remembered of the time before, to vserial and to relays that share
the slave of a pty: socat, a process for each client, and ser2net.  What comes first is
not counted: what is allocated once is not a client's.  Counted is what the server and
its children take on the processor, the kernel for them included, the clients apart;
memory is what they have for themselves.  All figures go to
$RESULTS/handshakes-KERNEL.json.
"""
# vm: --icount --no-daemon
import contextlib
import os
import pty
import socket
import ssl
import sys
import time
import tty

from common import (PEM, RESULTS, Results, busy_of, chosen, ctl, listens, memory_of, need,
                    prepare_network, running, wait_connected, wait_for)

HOST = '127.0.0.1'
PORT = 26000
CLIENTS = 28
FIRST = 4
# A time limit is no figure of this: where time leaps, it may pass while a page is read
# from a file.
CONFIG = f"""
user =
accept-rate = 0
handshake-timeout = 600
certificate = {PEM}
key = {PEM}
"""
SER2NET = f"""
connection: &c
  accepter: "ssl(key={PEM},cert={PEM}),tcp,{HOST},{PORT}"
  options:
    banner: ""
    max-connections: {CLIENTS + FIRST}
  connector: serialdev,SLAVE,local
"""


def write(path, text):
    with open(path, 'w', encoding='ascii') as handle:
        handle.write(text)


def family(pid):
    with open(f'/proc/{pid}/task/{pid}/children', encoding='ascii') as handle:
        return [pid, *map(int, handle.read().split())]


def taken(pid):
    """What a process and its children have taken when they are at rest: ns and KiB."""
    busy = before = None
    while busy is None or busy != before:
        before = busy
        time.sleep(0.2)
        busy = sum(map(busy_of, family(pid)))
    return busy, sum(map(memory_of, family(pid)))


@contextlib.contextmanager
def vserial():
    write('/run/vseriald.conf', CONFIG)
    with running('vseriald', '--config=/run/vseriald.conf') as daemon:
        ctl('guest', 'add', 'tls', 'ports', 1)
        ctl('port', 'set', 'tls/0', 'backing', f'ssl://:{PORT}',
            'max-clients', CLIENTS + FIRST)
        ctl('port', 'connect', 'tls/0')
        wait_connected('tls/0', 'listening')
        yield daemon.pid
        ctl('guest', 'del', 'tls', 'force')


@contextlib.contextmanager
def slave():
    """The path of a terminal whose master nobody reads."""
    fds = pty.openpty()
    tty.setraw(fds[1])
    try:
        yield os.ttyname(fds[1])
    finally:
        for fd in fds:
            os.close(fd)


@contextlib.contextmanager
def socat():
    with slave() as path, running(
            'socat', f'OPENSSL-LISTEN:{PORT},bind={HOST},reuseaddr,fork,cert={PEM},key={PEM},'
            'verify=0', f'FILE:{path},raw,echo=0') as relay:
        yield relay.pid


@contextlib.contextmanager
def ser2net():
    with slave() as path:
        write('/run/ser2net.yaml', SER2NET.replace('SLAVE', path))
        with running('ser2net', '-n', '-c', '/run/ser2net.yaml') as relay:
            yield relay.pid


def come(context, count):
    """So many clients, one after the other; they stay."""
    return [context.wrap_socket(socket.create_connection((HOST, PORT))) for _ in range(count)]


def measure(server):
    """Nanoseconds and KiB that a client takes."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    with server() as pid:
        wait_for(lambda: listens(PORT), f'{server.__name__} listens')
        socks = come(context, FIRST)
        before = taken(pid)
        socks += come(context, CLIENTS)
        after = taken(pid)
        for sock in socks:
            sock.close()
    return [(b - a) / CLIENTS for a, b in zip(before, after)]


def main():
    need(RESULTS)
    prepare_network()
    results = Results('handshakes')
    ours = None
    for who, server in (('vserial', vserial), ('pty, socat', socat), ('pty, ser2net', ser2net)):
        if not chosen(f'handshakes: {who}'):
            continue
        took, kept = measure(server)
        results.take('TLS handshake, the server', who, 'client', took, ours and ours[0])
        results.take('memory of an idle client with TLS', who, 'KiB', kept, ours and ours[1])
        ours = ours or (took, kept)
    results.keep()
    return 0


if __name__ == '__main__':
    sys.exit(main())
