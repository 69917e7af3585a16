#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Measures ports on the network against ptys with relays; prints a line for each figure.

usage: tests/bench/network.py [WORD…]

Runs where a nanosecond is an instruction; WORDs choose the figures whose names have one
of them.  What is counted is all that the processor did until the last byte had arrived,
in whichever process and in the kernel; or the time until then, by the clock.  The relays
are given the slave of a pty whose master the meter holds, as a VMM does: socat, ser2net,
and ptyrelay, which is the least that can do it.  All figures go to
$RESULTS/network-KERNEL.json.
"""
# vm: --icount --no-daemon
# by the clock: as well
import contextlib
import os
import pty
import socket
import statistics
import sys
import tty

from common import (METER, PEM, RESULTS, TAKEN, Results, chosen, ctl, device, listens, meter,
                    need, prepare_network, running, wait_connected, wait_for)

HERE = os.path.dirname(os.path.realpath(__file__))
RELAY = os.path.join(os.path.dirname(METER), 'ptyrelay')
HOST = '127.0.0.1'
ROUNDS = 2
BULK = 64 * 4096
SINGLE = 4096
ECHOES = 200
# WONT AUTHENTICATION, WILL and DO BINARY: what a telnet client says that has no TLS
# and wants bytes as they are.
ANSWERS = bytes.fromhex('fffc25fffb00fffd00')
MARK = b'<mark>'

_last = 30000


def number():
    """A TCP port that nobody has."""
    global _last
    _last += 1
    return _last


def vseriald():
    """The daemon as it is run, that is without --debug, and with no limit in the way.

    Time leaps while a page is read from a file, which a handshake may need.
    """
    with open('/run/vseriald.conf', 'w', encoding='ascii') as handle:
        handle.write('user =\naccept-rate = 0\nhandshake-timeout = 600\n'
                     f'certificate = {PEM}\nkey = {PEM}\n')
    return running('vseriald', '--config=/run/vseriald.conf')


# What is measured: ends for the meter.

@contextlib.contextmanager
def call(scheme, to):
    """A connection to a console; what it begins with may still be on its way."""
    with contextlib.ExitStack() as stack:
        if scheme in ('ssl', 'telnets'):
            # The same client of TLS for everybody; it is measured as well.
            front = number()
            stack.enter_context(running(
                'socat', '-b', '65536', f'TCP-LISTEN:{front},bind={HOST},nodelay',
                # In 1.3 socat reads tickets where it waits for data, and stands still.
                f'OPENSSL:{HOST}:{to},verify=0,nodelay,openssl-max-proto-version=TLS1.2'))
            wait_for(lambda: listens(front), 'socat listens')
            to = front
        sock = stack.enter_context(socket.create_connection((HOST, to)))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if scheme.startswith('telnet'):
            sock.sendall(ANSWERS)
        yield sock


def swallow(read):
    """Reads until MARK has come, which ends it."""
    came = b''
    while not came.endswith(MARK):
        piece = read(4096)
        if not piece:
            raise SystemExit(f'the other end has left after {came!r}')
        came += piece


def settle(near, sock):
    """Sends MARK into the guest, and out: all that either end says first is over then.

    No time could tell that, and what is left of it would be counted as bytes.
    """
    ours = not near.startswith('fd:')
    fd = os.open(near, os.O_RDWR | os.O_NOCTTY) if ours else int(near[3:])
    tty.setraw(fd)
    sock.sendall(MARK)
    swallow(lambda size: os.read(fd, size))
    os.write(fd, MARK)
    swallow(sock.recv)
    if ours:
        os.close(fd)


@contextlib.contextmanager
def vserial(scheme):
    """A port that listens: its device, and the number where it does."""
    to = number()
    ctl('guest', 'add', 'net', 'ports', 1)
    ctl('port', 'set', 'net/0', 'backing', f'{scheme}://:{to}', 'history', 0, 'stall-limit', 0)
    ctl('port', 'connect', 'net/0')
    wait_for(lambda: listens(to), 'vseriald listens')
    try:
        yield device('net/0'), to, ()
    finally:
        ctl('guest', 'del', 'net', 'force')


def relay(*command):
    """The same for a relay on a pty; SLAVE and PORT stand for what they are."""
    @contextlib.contextmanager
    def run(scheme):
        to = number()
        master, slave = pty.openpty()
        tty.setraw(slave)
        tls = f'ssl(key={PEM},cert={PEM}),'
        accepter = {'tcp': '', 'telnet': 'telnet,', 'ssl': tls, 'telnets': f'telnet,{tls}'}
        with open('/run/ser2net.yaml', 'w', encoding='ascii') as conf:
            conf.write(f'connection: &c\n  accepter: "{accepter[scheme]}tcp,{HOST},{to}"\n'
                       f'  options:\n    banner: ""\n'
                       f'  connector: serialdev,{os.ttyname(slave)},local\n')
        words = [w.replace('SLAVE', os.ttyname(slave)).replace('PORT', str(to)) for w in command]
        try:
            with running(*words):
                wait_for(lambda: listens(to), f'{words[0]} listens')
                yield f'fd:{master}', to, (master,)
        finally:
            os.close(master)
            os.close(slave)
    return run


def socat(listen):
    return relay('socat', '-b', '65536', listen, 'FILE:SLAVE,raw,echo=0')


SER2NET = relay('ser2net', '-n', '-c', '/run/ser2net.yaml')
WHO = {
    'tcp': {'vserial': vserial,
            'pty, ptyrelay': relay(RELAY, 'SLAVE', 'PORT'),
            'pty, socat': socat(f'TCP-LISTEN:PORT,bind={HOST},reuseaddr,nodelay'),
            'pty, ser2net': SER2NET},
    'ssl': {'vserial': vserial,
            'pty, socat': socat(f'OPENSSL-LISTEN:PORT,bind={HOST},reuseaddr,nodelay,'
                                f'cert={PEM},key={PEM},verify=0'),
            'pty, ser2net': SER2NET},
    # socat has no telnet.
    'telnet': {'vserial': vserial, 'pty, ser2net': SER2NET},
    'telnets': {'vserial': vserial, 'pty, ser2net': SER2NET},
}


def figures(bulk=BULK, single=SINGLE, echoes=ECHOES):
    """Name, unit, how many of it, what the meter does; @near and @far stand for the ends."""
    yield 'out of the guest, 4 KiB writes', 'byte', bulk, ('stream', 4096, bulk // 4096,
                                                           '@near', '@far')
    yield 'out of the guest, single bytes', 'byte', single, ('stream', 1, single, '@near', '@far')
    yield 'into the guest, 4 KiB writes', 'byte', bulk, ('stream', 4096, bulk // 4096,
                                                         '@far', '@near')
    yield 'echo of 1 byte', 'echo', echoes, ('echo', 1, echoes, '@far', '@near')


def measure(scheme, who, words):
    with WHO[scheme][who](scheme) as (near, to, fds), call(scheme, to) as sock:
        if who == 'vserial':
            # Without a peer a guest does not wait.
            wait_connected('net/0')
        settle(near, sock)
        ends = {'@near': near, '@far': f'fd:{sock.fileno()}'}
        return meter(*(ends.get(w, w) for w in words), fds=(*fds, sock.fileno()))


def move(results):
    """Bytes: one port, all who can do it."""
    for scheme, peers in WHO.items():
        for name, unit, per, words in figures():
            name = f'network: {scheme}, {name}'
            if not chosen(name):
                continue
            ours = None
            for who in peers:
                rounds = [measure(scheme, who, words) for _ in range(ROUNDS)]
                values = {key: statistics.median(took[key] / per for took in rounds)
                          for key in ('busy', 'wall')}
                results.take(name, who, unit, values[TAKEN], ours and ours[TAKEN])
                if unit == 'echo':
                    results.take(f'{name}, how long', who, 'ns', values['wall'],
                                 ours and ours['wall'])
                ours = ours or values


def main():
    need(METER, RESULTS)
    prepare_network()
    results = Results('network')
    with vseriald():
        move(results)
    results.keep()
    return 0


if __name__ == '__main__':
    sys.exit(main())
