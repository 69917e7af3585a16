#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs of others at the far end of a port: socat, nc, ser2net, QEMU, gdb.

    guest  <->  port  <== netlink ==>  vseriald  <== socket ==>  program
"""
import subprocess
import threading

from lib import (PATIENCE, Loopguest, equal, expect, later, make_port,
                 pattern, run, run_program, scratch, test, wait_for)
from peer import LISTENING, connected, have_address, server, tcp_port
from qemu import LCR, Qemu
from vseriald import Daemon

# time limit: 600


def start(*words, **options):
    """A program that ends with the test."""
    process = subprocess.Popen(words, **options)
    later(process.wait)
    later(process.kill)
    return process


def both_ways(guest, program, data):
    """DATA goes through the program's standard input and output."""
    writer = threading.Thread(target=lambda: (program.stdin.write(data), program.stdin.flush()))
    writer.start()
    expect(guest.read_exactly(len(data)) == data, "the guest read something else")
    writer.join()
    writer = threading.Thread(target=guest.write_all, args=(data,))
    writer.start()
    expect(program.stdout.read(len(data)) == data, "the program read something else")
    writer.join()


PIPES = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}


@test
def socat():
    """socat calls a port, and is called by one"""
    Daemon(retry_min=10, retry_max=1)
    port, number = server("p-socat", stall_limit=0)
    guest = port.open()
    program = start("socat", "-b", "65536", "-", f"TCP:127.0.0.1:{number}", **PIPES)
    connected(port)
    both_ways(guest, program, pattern(100000))
    number = tcp_port()
    program = start("socat", "-b", "65536", "-", f"TCP-LISTEN:{number},bind=127.0.0.1,reuseaddr",
                    **PIPES)
    port.set(backing=f"tcp://127.0.0.1:{number}")
    connected(port)
    both_ways(guest, program, pattern(100000))


@test
def nc():
    """nc, which ends when its input does: the guest still gets all of that"""
    Daemon()
    port, number = server("p-nc", stall_limit=0)
    guest = port.open()
    guest.write_all(b"login: ")
    data = pattern(100000)
    program = start("busybox", "nc", "127.0.0.1", str(number), **PIPES)
    connected(port)
    equal(program.stdout.read(7), b"login: ", "the history")
    sender = threading.Thread(target=lambda: (program.stdin.write(data), program.stdin.close()))
    sender.start()
    expect(guest.read_exactly(len(data)) == data, "the guest read something else")
    sender.join()
    program.kill()
    wait_for(lambda: port.state == LISTENING, "it has left")


@test
def ser2net():
    """ser2net, raw, which has another port for its serial line: there and back"""
    Daemon(retry_min=10, retry_max=1)
    have_address()
    number = tcp_port()
    line = make_port("p-line", backing="loopback")
    conf = f"{scratch()}/ser2net.yaml"
    with open(conf, "w", encoding="ascii") as f:
        f.write(f"connection: &line\n  accepter: tcp,127.0.0.1,{number}\n"
                f"  connector: serialdev,{line.wait_link()},115200n81,local\n")
    start("ser2net", "-n", "-c", conf)
    port = make_port("p-s2n", backing=f"tcp://127.0.0.1:{number}", stall_limit=0)
    guest = Loopguest(port, "duplex=60000", options=("-w", "poll", "-c", "512", "-t", "120"))
    guest.finish(timeout=120)
    equal(port.dropped_bytes, 0, "what was dropped")


@test
def qemu_chardev():
    """a machine of QEMU whose UART is a socket chardev: over TCP and over a pipe"""
    Daemon()
    port, number = server("p-qemu", stall_limit=0)
    pipe = make_port("p-qemu2", backing="pipe:p-qemu2#far=application", stall_limit=0)
    pipe.connect()
    wait_for(lambda: pipe.state == LISTENING, "it listens")
    for near, far in ((port, f"socket,host=127.0.0.1,port={number}"),
                      (pipe, "socket,path=/run/vserial/pipe/p-qemu2")):
        guest = near.open()
        machine = Qemu(far)
        connected(near)
        machine.outb(LCR, 0x03)
        data = bytes(range(256))
        machine.send(data)
        equal(guest.read_exactly(len(data)), data, "what the guest read")
        guest.write_all(data)
        equal(machine.receive(len(data)), data, "what the machine read")
        machine.quit()
        wait_for(lambda p=near: p.state == LISTENING, "it has left")


@test
def gdb():
    """gdb debugs a program behind the port over a pipe"""
    Daemon()
    port = make_port("p-gdb", backing="pipe:p-gdb#far=application", stall_limit=0)
    port.connect()
    start("gdbserver", "--once", port.wait_link(), "/bin/busybox", "true",
          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: port.power == 1, "gdbserver opens its line")
    wait_for(lambda: port.state == LISTENING, "it listens")
    done = run_program("gdb", "-nx", "-batch", "-ex", f"set remotetimeout {int(PATIENCE)}",
                       "-ex", "set sysroot /", "-ex", "target remote /run/vserial/pipe/p-gdb",
                       "-ex", "print/x $sp != 0", "-ex", "stepi", "-ex", "continue",
                       timeout=4 * PATIENCE)
    expect("= 0x1" in done.out and "exited normally" in done.out,
           f"{done.out}\n{done.err}\n{port.state} {port.reason}")


run()
