#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Measures ports on the network against ptys with relays; prints a line for each figure.

usage: tests/bench/network.py [WORD…]

Runs where a nanosecond is an instruction; WORDs choose the figures whose names have one of them.  What is
counted is all that the processor did until the last byte had arrived, in whichever
process and in the kernel.  The relays are given the slave of a pty whose master the
meter holds, as a VMM does: socat, ser2net, and ptyrelay, which is the least that can
do it.  All figures go to $RESULTS/network-KERNEL.json.
"""
# vm: --icount --no-daemon
import contextlib
import os
import pty
import resource
import socket
import statistics
import subprocess
import sys
import tty

from common import (METER, RESULTS, Results, batch, chosen, ctl, device, meter, need,
                    wait_connected, wait_for)

HERE = os.path.dirname(os.path.realpath(__file__))
RELAY = os.path.join(os.path.dirname(METER), 'ptyrelay')
HOST = '127.0.0.1'
ROUNDS = 2
BULK = 64 * 4096
SINGLE = 4096
ECHOES = 200
MANY = (1, 100, 1000)
GUEST_PORTS = 32
# Bytes a write and writes a port, where there are many.
SPREAD = (64, 16)
# WONT AUTHENTICATION, WILL and DO BINARY: what a telnet client says that has no TLS
# and wants bytes as they are.
ANSWERS = bytes.fromhex('fffc25fffb00fffd00')
CERTIFICATES = '/run/certificates'
PEM = KEY = f'{CERTIFICATES}/server.pem'

_last = 30000


def number():
    """A TCP port that nobody has."""
    global _last
    _last += 1
    return _last


def listens(port):
    """Whether somebody does, without calling."""
    rows = []
    for family in 'tcp', 'tcp6':
        with open(f'/proc/net/{family}', encoding='ascii') as handle:
            rows += [line.split() for line in handle]
    return any(row[1].endswith(f':{port:04X}') and row[3] == '0A' for row in rows)


class Daemon:
    """vseriald as it is run, that is without --debug, and with no limits in the way."""

    def __init__(self):
        os.mkdir(CERTIFICATES)
        subprocess.run([f'{HERE}/../unit/certificates', CERTIFICATES, 'server'], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open('/run/vseriald.conf', 'w', encoding='ascii') as handle:
            handle.write(f'user =\naccept-rate = 0\n'
                         f'certificate = {PEM}\nkey = {KEY}\n')
        self.process = subprocess.Popen(['vseriald', '--config=/run/vseriald.conf'],
                                        stderr=subprocess.DEVNULL)

    def memory(self):
        """Its own, in KiB."""
        with open(f'/proc/{self.process.pid}/status', encoding='ascii') as handle:
            return next(int(line.split()[1]) for line in handle if line.startswith('RssAnon'))


# What is measured: ends for the meter.

@contextlib.contextmanager
def running(*command):
    # ser2net says that there is no mDNS.
    errors = subprocess.DEVNULL if command[0] == 'ser2net' else None
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=errors)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def call(scheme, to):
    """A connection to a console: a socket on which bytes are bytes."""
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
            # Time leaps: what it has to say is said, and a handshake is over.
            sock.settimeout(30)
            with contextlib.suppress(TimeoutError):
                while sock.recv(4096):
                    pass
            sock.settimeout(None)
        yield sock


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
        tls = f'ssl(key={KEY},cert={PEM}),'
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
                                f'cert={PEM},key={KEY},verify=0'),
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
        def counted(*words):
            ends = {'@near': near, '@far': f'fd:{sock.fileno()}'}
            return meter(*(ends.get(w, w) for w in words), fds=(*fds, sock.fileno()))['busy']
        # What comes before the first byte, a handshake for one, is not a byte's.
        counted('echo', 1, 1, '@far', '@near')
        return counted(*words)


def move(results):
    """Bytes: one port, all who can do it."""
    for scheme, peers in WHO.items():
        for name, unit, per, words in figures():
            name = f'network: {scheme}, {name}'
            if not chosen(name):
                continue
            ours = None
            for who in peers:
                value = statistics.median(measure(scheme, who, words) / per
                                          for _ in range(ROUNDS))
                results.take(name, who, unit, value, ours)
                ours = ours or value


def listening(count, scheme, prefix):
    """Makes so many ports that listen; their names and numbers."""
    ports = [(f'{prefix}{i // GUEST_PORTS}/{i % GUEST_PORTS}', number()) for i in range(count)]
    lines = [f'guest add {prefix}{i} ports {GUEST_PORTS}'
             for i in range((count - 1) // GUEST_PORTS + 1)]
    for port, to in ports:
        lines += [f'port set {port} backing {scheme}://:{to} stall-limit 0',
                  f'port connect {port}']
    batch(lines)
    for port, _ in ports:
        wait_connected(port, 'listening')
    return ports


def forget(ports):
    batch(f'guest del {guest} force' for guest in {port.split('/')[0] for port, _ in ports})


def many(results, daemon):
    """What a byte costs where so many ports are busy, and what a connection takes."""
    for n in MANY:
        name = f'network: tcp, {n:,} busy port{"s" * (n > 1)}, {SPREAD[0]}-byte writes'
        ports = listening(n, 'tcp4', 'many')
        before = daemon.memory()
        socks = [socket.create_connection((HOST, to)) for _, to in ports]
        for port, _ in ports:
            wait_connected(port)
        if n == MANY[-1]:
            results.take(f'network: memory, {n:,} idle connections', 'vserial', 'KiB each',
                         (daemon.memory() - before) / n)
        ends = [word for (port, _), sock in zip(ports, socks)
                for word in (device(port), f'fd:{sock.fileno()}')]
        fds = [sock.fileno() for sock in socks]
        results.take(name, 'vserial', 'byte', statistics.median(
            meter('spread', *SPREAD, *ends, fds=fds)['busy'] / (n * SPREAD[0] * SPREAD[1])
            for _ in range(ROUNDS)))
        for sock in socks:
            sock.close()
        forget(ports)


def prepare():
    """The VM as the measurements want it."""
    # It would work on each port that comes and goes.
    subprocess.run(['udevadm', 'control', '--exit'], check=True)
    # ser2net resolves no address where there is none but the host's own.
    subprocess.run(['busybox', 'ifconfig', 'lo:1', '192.0.2.1'], check=True)


def main():
    need(METER, RESULTS)
    prepare()
    resource.setrlimit(resource.RLIMIT_NOFILE, (65536, 65536))
    results = Results('network')
    daemon = Daemon()
    move(results)
    if chosen('network: tcp, busy ports'):
        many(results, daemon)
    results.keep()
    return 0


if __name__ == '__main__':
    sys.exit(main())
