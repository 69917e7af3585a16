#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Measures ports behind QEMU against the sockets that QEMU has itself.

usage: tests/bench/qemu.py [WORD…]     only figures whose names have a WORD

Runs where a nanosecond is an instruction.  The same guest, a few instructions of
firmware at a 16550, has its UART on a port that vseriald serves, or on QEMU's own
chardev; the client is the same as well.  What is counted is all that the processor
did, the guest's emulation included, until the last byte had arrived.  All figures go
to $RESULTS/qemu-KERNEL.json.
"""
# vm: --icount --no-daemon
import contextlib
import os
import socket
import ssl
import statistics
import sys

from common import (PEM, RESULTS, Results, busy, chosen, listens, need, prepare_network,
                    running, wait_connected, wait_for)
from network import ANSWERS, HOST, call, number, vserial, vseriald

ROUNDS = 2
BULK = 16384
ECHOES = 100
ROM = '/run/firmware'
CREDENTIALS = '/run/qemu-tls'
# WILL ECHO, SUPPRESS-GO-AHEAD and BINARY, DO BINARY: what QEMU's telnet begins with.
OFFERS = bytes.fromhex('fffb01fffb03fffb00fffd00')
#: For each byte that comes, so many like it go out; it sleeps in between.
FIRMWARE = (
    # DS = SS = 0, a stack; interrupt 12 is at F000:003F
    '31c0 8ed8 8ed0 bc007c c70630003f00 c706320000f0'
    # the interrupt controller: requests are interrupts from 8 on, only the UART's pass
    'b011e620 b008e621 b004e621 b001e621 b0efe621'
    # FIFO, DTR, RTS, OUT2, an interrupt for what is received
    'bafa03b001ee bafc03b00bee baf903b001ee'
    # sti; hlt, for ever
    'fb f4 ebfd'
    # interrupt: while LSR has DR: BL = RBR, CX = COUNT
    'bafd03ec a801 741b baf803ec 88c3 b9COUNT'
    # CX times: while LSR lacks THRE; THR = BL
    'bafd03ec a820 74fb baf803 88d8 ee e2f0'
    # there may be more; the interrupt's end
    'ebdd b020e620 cf')


def firmware(count):
    """A ROM of 64 KiB, whose last 16 bytes are where a processor begins."""
    code = bytes.fromhex(FIRMWARE.replace('COUNT', count.to_bytes(2, 'little').hex()))
    begin = bytes.fromhex('ea000000f0')
    with open(ROM, 'wb') as rom:
        rom.write(code.ljust(0xfff0, b'\xf4') + begin.ljust(16, b'\xf4'))


def qemu(chardev):
    """A guest whose first UART has CHARDEV."""
    return running('qemu-system-x86_64', '-M', 'isapc', '-accel', 'tcg', '-bios', ROM, '-m', '16',
                   '-nodefaults', '-no-user-config', '-display', 'none',
                   '-object', f'tls-creds-x509,id=tls,endpoint=server,dir={CREDENTIALS},'
                   'verify-peer=off',
                   '-chardev', f'{chardev},id=com1', '-serial', 'chardev:com1')


@contextlib.contextmanager
def client(scheme, to):
    """The same for everybody; with TLS it is Python's, and is measured as well."""
    if scheme not in ('ssl', 'telnets'):
        with call(scheme, to) as sock:
            yield sock
        return
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    # In 1.3 what comes first on the wire after the handshake need not be what was said.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with context.wrap_socket(socket.create_connection((HOST, to))) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if scheme == 'telnets':
            sock.sendall(ANSWERS)
        yield sock


def skip_plain(sock):
    """Takes QEMU's offers off the wire, which it writes past TLS: they are not encrypted.

    tcp_chr_telnet_init_io() is called with the channel below that of TLS and writes to
    that.  Any client of TLS ends there with a record of a wrong version; this one is to
    measure what comes after.
    """
    plain = b''
    while len(plain) < len(OFFERS):
        # SSLSocket's own would decrypt.
        plain += socket.socket.recv(sock, len(OFFERS) - len(plain))
    if plain != OFFERS:
        raise SystemExit(f'QEMU sent {plain.hex()} after the handshake where it would send '
                         f'{OFFERS.hex()} unencrypted: is that mended?')


@contextlib.contextmanager
def on_port(scheme):
    """Where to call a guest on a port."""
    with vserial(scheme) as (path, to, _), qemu(f'serial,path={path}'):
        with client(scheme, to) as sock:
            wait_connected('net/0')
            yield sock


@contextlib.contextmanager
def on_socket(scheme):
    """The same without vserial."""
    to = number()
    options = ',telnet=on' * scheme.startswith('telnet')
    options += ',tls-creds=tls' * (scheme in ('ssl', 'telnets'))
    with qemu(f'socket,host={HOST},port={to},server=on,wait=off{options}'):
        wait_for(lambda: listens(to), 'QEMU listens')
        with client(scheme, to) as sock:
            if scheme == 'telnets':
                skip_plain(sock)
            yield sock


def ask(sock, byte, count):
    """Sends a byte and has it come back COUNT times, and nothing else."""
    sock.sendall(byte)
    while count:
        came = sock.recv(65536)
        if came.strip(byte):
            raise SystemExit(f'{came[:40]!r} came where {byte!r} was due')
        if not came:
            raise SystemExit('the guest has left')
        count -= len(came)


def rouse(sock, count):
    """Waits for the guest, which loses what comes before it has set its UART.

    In the end there is nothing on its way.
    """
    sock.settimeout(5)
    came = b''
    while b'U' not in came:
        sock.sendall(b'U')
        with contextlib.suppress(TimeoutError):
            came = sock.recv(65536)
    sock.settimeout(None)
    # Whatever else was to come comes before these.
    sock.sendall(b'V')
    last = 0
    while last < count:
        came = sock.recv(65536)
        if not came:
            raise SystemExit('the guest has left')
        last += came.count(b'V')


def measure(who, scheme, count, times):
    firmware(count)
    with who(scheme) as sock:
        # What comes before the first byte, a handshake for one, is not a byte's.
        rouse(sock, count)
        before = busy()
        for i in range(times):
            # One that comes late would be another one's.
            ask(sock, b'%c' % (0x61 + i % 26), count)
        return (busy() - before) / times / count


def main():
    need(RESULTS)
    prepare_network()
    os.mkdir(CREDENTIALS)
    for name in 'server-cert', 'server-key':
        os.symlink(PEM, f'{CREDENTIALS}/{name}.pem')
    os.symlink(f'{os.path.dirname(PEM)}/ca.pem', f'{CREDENTIALS}/ca-cert.pem')
    results = Results('qemu')
    with vseriald():
        for scheme in 'tcp', 'ssl', 'telnet', 'telnets':
            for name, unit, count, times in (('out of the guest', 'byte', BULK, 1),
                                             ('echo of 1 byte', 'echo', 1, ECHOES)):
                name = f'QEMU: {scheme}, {name}'
                if not chosen(name):
                    continue
                ours = None
                for label, who in (('vserial', on_port), ("QEMU's chardev", on_socket)):
                    value = statistics.median(measure(who, scheme, count, times)
                                              for _ in range(ROUNDS))
                    results.take(name, label, unit, value, ours)
                    ours = ours or value
    results.keep()
    return 0


if __name__ == '__main__':
    sys.exit(main())
