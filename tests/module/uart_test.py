#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The backing uart: UARTs of the motherboard.

ttyS1 and ttyS2 are joined by a cable; what ttyS4 sends comes out of ttyS3, and
0xff 0xf3 as a break, because ttyS3's socket speaks telnet.  Cables of sockets
carry no lines: the UARTs' registers show what they drive, and CTS, DSR and DCD
are asserted.
"""
# time limit: 900
# vm: --append 8250.nr_uarts=8
# vm: --qemu "-chardev socket,id=u1,path={vm}/u1,server=on,wait=off -serial chardev:u1"
# vm: --qemu "-chardev socket,id=u2,path={vm}/u1 -serial chardev:u2"
# vm: --qemu "-chardev socket,id=u3,path={vm}/u3,server=on,wait=off,telnet=on -serial chardev:u3"
# vm: --qemu "-chardev socket,id=u4,path={vm}/u3 -device pci-serial,chardev=u4"
# vm: --qemu "-device qemu-xhci -chardev null,id=u5 -device usb-serial,chardev=u5,always-plugged=on"
import contextlib
import errno
import fcntl
import hashlib
import os
import random
import select
import struct
import subprocess
import termios
import threading
import time
import tty

import qemu
from genl import N, Refused
from lib import (SLOWNESS, Descriptor, Skip, ctl, ctl_json, equal, expect, later,
                 make_port, nl, run, run_program, scratch, test, wait_for)

#: I/O ports of ttyS1 … 3
IO = {1: 0x2f8, 2: 0x3e8, 3: 0x2e8}
LCR, MCR = 3, 4
BREAK, DTR, RTS = 0x40, 1, 2
#: how long races last, in seconds: longer on the kernel that looks for bugs
RACE = float(os.environ.get("RACE") or (60 if SLOWNESS > 1 else 20))


def register(line, number, value=None):
    """A register of a UART, read or written behind the kernel's back."""
    with open("/dev/port", "r+b", buffering=0) as f:
        f.seek(IO[line] + number)
        if value is None:
            return f.read(1)[0]
        f.write(bytes([value]))
        return value


def framing(line):
    """Size, stop bits and parity, which is even or odd only if there is one."""
    lcr = register(line, LCR) & 0x3f
    return lcr if lcr & 8 else lcr & 7


def divisor(line):
    """What the speed 115200 is divided by; nobody else may use the UART."""
    lcr = register(line, LCR)
    register(line, LCR, lcr | 0x80)
    low, high = register(line, 0), register(line, 1)
    register(line, LCR, lcr)
    return low | high << 8


def device(line):
    return f"/dev/ttyS{line}"


def far_end(line, speed=termios.B115200, iflag=0):
    """Opens a UART as a far end: raw, waiting for no carrier."""
    handle = Descriptor(os.open(device(line), os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY |
                                os.O_CLOEXEC))
    later(handle.close)
    tty.setraw(handle.fd, termios.TCSANOW)
    settings = termios.tcgetattr(handle.fd)
    settings[0] |= iflag
    settings[2] |= termios.CLOCAL
    settings[4] = settings[5] = speed
    termios.tcsetattr(handle.fd, termios.TCSANOW, settings)
    termios.tcflush(handle.fd, termios.TCIOFLUSH)
    return handle


def set_line(handle, cflag=None, speed=None, iflag=0):
    """Sets a guest's end of the line."""
    settings = termios.tcgetattr(handle.fd)
    settings[0] = settings[0] & ~(termios.IXON | termios.IXOFF) | iflag
    if cflag is not None:
        settings[2] = settings[2] & ~(termios.CSIZE | termios.PARENB | termios.PARODD |
                                      termios.CSTOPB) | cflag
    if speed is not None:
        settings[4] = settings[5] = speed
    termios.tcsetattr(handle.fd, termios.TCSANOW, settings)


def uart_port(name, line=1, **settings):
    # the UART is given back a moment after its port is gone
    later(wait_free, line)
    return make_port(name, backing=f"uart:{device(line)}", **settings)


def uarts():
    return {u["path"]: u for u in nl().dump("UART_GET")}


def is_free(line):
    return "holder" not in uarts()[device(line)]


def wait_free(line):
    if device(line) in uarts():
        wait_for(lambda: is_free(line), f"{device(line)} is free")


def refused(port, backing, number, *words):
    before = port.backing
    try:
        port.set(backing=backing)
    except Refused as e:
        equal(e.errno, number, f"the errno for {backing}")
        for word in words:
            expect(word in e.text, f"the refusal of {backing} lacks {word!r}: {e.text}")
        equal(port.backing, before, "the backing after the refusal")
        return
    raise AssertionError(f"{backing} was not refused")


def pattern(n, seed=1):
    """So many bytes, of all values but XON and XOFF."""
    data = random.Random(seed).randbytes(n)
    return data.replace(b"\x11", b"q").replace(b"\x13", b"s")


def digest(data):
    return f"{len(data)} bytes, {hashlib.sha256(data).hexdigest()[:16]}"


class Sender(threading.Thread):
    """Writes in the background."""

    def __init__(self, handle, data):
        super().__init__(daemon=True)
        self._handle, self._data = handle, data
        self.error = None
        self.start()

    def run(self):
        try:
            self._handle.write_all(self._data, 240 * SLOWNESS)
        except (AssertionError, OSError) as e:
            self.error = e

    def done(self):
        self.join()
        if self.error:
            raise self.error


@test
def refusals():
    """what is no UART of the motherboard is refused, with the reason"""
    port = make_port("refuse", backing="null")
    port.wait_link()
    folder = scratch()
    refused(port, "uart:/dev/none", errno.ENOENT, "/dev/none", "cannot be found")
    refused(port, f"uart:{folder}", errno.ENOTTY, folder, "character device")
    refused(port, "uart:/dev/null", errno.ENOTTY, "/dev/null", "not driven by 8250")
    refused(port, "uart:/dev/tty1", errno.ENOTTY, "virtual console")
    refused(port, f"uart:{port.link}", errno.ENOTTY, port.link, "port of vserial")
    main, other = os.openpty()
    later(os.close, main)
    later(os.close, other)
    refused(port, f"uart:{os.ttyname(other)}", errno.ENOTTY, "pseudo-terminal")
    refused(port, "uart:/dev/ttyS0", errno.EBUSY, "/dev/ttyS0", "console")
    refused(port, "uart:ttyS1", errno.EINVAL, "absolute")
    holder = far_end(1)
    refused(port, "uart:/dev/ttyS1", errno.EBUSY, "/dev/ttyS1", "open already")
    holder.close()
    os.mknod(f"{folder}/ttyS99", 0o600 | 0o020000, os.makedev(4, 64 + 31))
    refused(port, f"uart:{folder}/ttyS99", errno.ENODEV, "no hardware")


@test
def refuses_usb():
    """a USB adapter is refused"""
    for module in "xhci_pci", "ftdi_sio":
        if run_program("modprobe", module).status:
            raise Skip(f"there is no module {module}")
    wait_for(lambda: os.path.exists("/dev/ttyUSB0"), "ttyUSB0")
    port = make_port("usb", backing="null")
    refused(port, "uart:/dev/ttyUSB0", errno.ENOTTY, "/dev/ttyUSB0", "USB adapter")


@test
def listed():
    """list-uarts tells what there is, who has it, and what cannot be had"""
    found = uarts()
    expect("console" in found["/dev/ttyS0"]["reason"], f"ttyS0 is told as {found['/dev/ttyS0']}")
    expect("reason" not in found["/dev/ttyS1"], f"ttyS1 is told as {found['/dev/ttyS1']}")
    expect("16550A" in found["/dev/ttyS1"]["hardware"] and
           "0x2f8" in found["/dev/ttyS1"]["hardware"], f"ttyS1 is told as {found['/dev/ttyS1']}")
    uart_port("listed")
    equal(uarts()["/dev/ttyS1"]["holder"], "port listed/0", "who has ttyS1")
    shown = {u["path"]: u for u in ctl_json("port", "list-uarts")}
    equal(shown["/dev/ttyS1"]["holder"], "port listed/0", "who has ttyS1, as JSON")
    equal(shown["/dev/ttyS2"]["holder"], None, "who has ttyS2, as JSON")
    text = ctl("port", "list-uarts")
    expect(any("/dev/ttyS1" in line and "listed/0" in line for line in text.splitlines()),
           f"list-uarts says {text}")
    holder = far_end(2)
    expect("holder" in uarts()["/dev/ttyS2"], "nobody has ttyS2, though it is open")
    holder.close()


@test
def echo():
    """bytes go both ways; the port says that it is connected"""
    port = uart_port("echo")
    handle, far = port.open(), far_end(2)
    wait_for(lambda: port.state == N.VSERIAL_STATE_CONNECTED, "the port is connected")
    for text in b"x", b"hello\r\n", bytes(range(256)):
        handle.write_all(text)
        equal(far.read_exactly(len(text)), text, "what came out of the guest")
        far.write_all(text)
        equal(handle.read_exactly(len(text)), text, "what came into the guest")


@test
def bulk():
    """64 KiB each way at a time arrive complete"""
    port = uart_port("bulk")
    handle, far = port.open(), far_end(2)
    out, into = pattern(65536, 2), pattern(65536, 3)
    senders = Sender(handle, out), Sender(far, into)
    results = {}
    reader = threading.Thread(target=lambda: results.update(out=far.read_exactly(
        len(out), 240 * SLOWNESS)))
    reader.start()
    equal(digest(handle.read_exactly(len(into), 240 * SLOWNESS)), digest(into), "input")
    reader.join()
    for sender in senders:
        sender.done()
    equal(digest(results.get("out", b"")), digest(out), "output")
    wait_for(lambda: not port.tx_unread, "all is acknowledged")
    equal((port.dropped_bytes, port.overrun), (0, 0), "what was lost")


@test
def follows_settings():
    """speed, size, parity and stop bits follow the guest"""
    port = uart_port("line")
    handle = port.open()
    for cflag, lcr in ((termios.CS8, 3), (termios.CS7 | termios.PARENB, 0x1a),
                       (termios.CS8 | termios.PARENB | termios.PARODD, 0x0b),
                       (termios.CS8 | termios.CSTOPB, 7), (termios.CS8, 3)):
        set_line(handle, cflag)
        wait_for(lambda: framing(1) == lcr, f"LCR is {lcr:#x}")
    for speed, wanted in ((termios.B9600, 12), (termios.B38400, 3), (termios.B115200, 1)):
        set_line(handle, speed=speed)
        # Its driver is at rest: only the divisor is waited for.
        wait_for(lambda: divisor(1) == wanted, f"the divisor is {wanted}")


@test
def drives_lines():
    """DTR and RTS are the guest's; CTS, DSR and DCD are the far end's"""
    port = uart_port("lines")
    wait_for(lambda: not register(1, MCR) & (DTR | RTS), "the lines are down while it is off")
    handle = port.open()
    wait_for(lambda: register(1, MCR) & 3 == DTR | RTS, "the lines are up")
    for bit, value in (termios.TIOCM_DTR, RTS), (termios.TIOCM_RTS, DTR):
        fcntl.ioctl(handle.fd, termios.TIOCMBIC, struct.pack("i", bit))
        wait_for(lambda: register(1, MCR) & 3 == value, f"the lines are {value}")
        fcntl.ioctl(handle.fd, termios.TIOCMBIS, struct.pack("i", bit))
    up = termios.TIOCM_CTS | termios.TIOCM_DSR | termios.TIOCM_CAR
    wait_for(lambda: handle.lines() & up == up, "the far end's lines are seen")
    port.disconnect()
    wait_for(lambda: not register(1, MCR) & 3, "the lines are down, disconnected")
    port.connect()
    wait_for(lambda: register(1, MCR) & 3 == 3, "the lines are up again")
    handle.close()
    wait_for(lambda: not register(1, MCR) & 3, "the lines are down, powered off")


@test
def break_out():
    """a break of the guest is one on the line, behind what it wrote before"""
    port = uart_port("break")
    handle, far = port.open(), far_end(2)
    handle.write_all(b"before")
    # Longer than it takes to look.
    fcntl.ioctl(handle.fd, 0x5425, 30)
    wait_for(lambda: register(1, LCR) & BREAK, "the line is held")
    equal(far.read_exactly(6), b"before", "what came before the break")
    wait_for(lambda: not register(1, LCR) & BREAK, "the line is let go")
    handle.write_all(b"after")
    equal(far.read_exactly(5), b"after", "what came after it")


@test
def break_in():
    """a break on the line is counted, and one for the guest"""
    if not os.path.exists(device(4)) or device(4) not in uarts():
        raise Skip("this kernel has no fifth UART")
    port = uart_port("brk", 3)
    handle, far = port.open(), far_end(4)
    wait_for(lambda: port.state == N.VSERIAL_STATE_CONNECTED, "the port is connected")
    # What telnet asked for first, the far end's line may have echoed before it
    # was raw: half a command swallows what comes behind it.
    got = b""
    for n in range(10):
        mark = b"begin %d" % n
        far.write_all(mark)
        while not got.endswith(mark) and handle.poll(select.POLLIN, 5):
            got += handle.read() or b""
        if got.endswith(mark):
            break
    else:
        raise AssertionError(f"{got} came of what the far end sent")
    before = handle.icount()["brk"]
    # One at a time: the emulator has a break overtake bytes.
    for sent, seen in (b"a", b"a"), (b"\xff\xf3", b"\0"), (b"b", b"b"):
        far.write_all(sent)
        equal(handle.read_exactly(1), seen, "what the guest reads, raw")
    equal(handle.icount()["brk"] - before, 1, "breaks counted")
    equal(port.get()["break"], before + 1, "breaks told")


@test
def pci():
    """a UART of a PCI card can be had, too"""
    if device(4) not in uarts():
        raise Skip("this kernel has no fifth UART")
    port = uart_port("pci", 4)
    far = far_end(3)
    handle = port.open()
    handle.write_all(b"hello")
    expect(far.read_exactly(5).endswith(b"hello"), "what came")


@test
def xoff_of_far_end():
    """XOFF stops what the guest writes at once, XON lets it go on, nothing is lost"""
    port = uart_port("xoff", stall_limit=0)
    handle, far = port.open(), far_end(2)
    set_line(handle, iflag=termios.IXON)
    # Once something arrives, settings before it count.
    handle.write_all(b"go")
    equal(far.read_exactly(2), b"go", "what arrives first")
    data = pattern(40000, 5)
    sender = Sender(handle, data)
    got = far.read_exactly(1000, 120 * SLOWNESS)
    far.write_all(b"\x13")

    def quiet():
        """Nothing came for a while."""
        nonlocal got
        more = far.poll(select.POLLIN, 0.5 * SLOWNESS)
        if more:
            got += far.read() or b""
        return not more
    wait_for(quiet, "the line is quiet")
    expect(len(got) < len(data), "all came although XOFF was sent")
    expect(port.tx_unread, "nothing waits in the port")
    far.write_all(b"\x11")
    got += far.read_exactly(len(data) - len(got), 240 * SLOWNESS)
    sender.done()
    equal(digest(got), digest(data), "what came")
    equal((handle.read(), port.dropped_bytes), (None, 0), "what the guest was given, what was lost")


@test
def xoff_for_far_end():
    """a guest that reads nothing has XOFF sent, later it gets every byte"""
    port = uart_port("slow")
    handle, far = port.open(), far_end(2, iflag=termios.IXON)
    set_line(handle, iflag=termios.IXOFF)
    handle.write_all(b"go")
    equal(far.read_exactly(2), b"go", "what arrives first")
    data = pattern(400000, 6)
    sender = Sender(far, data)
    seen = -1

    def held():
        """The far end is held up: what is unsent there no longer changes."""
        nonlocal seen
        was, seen = seen, port.rx_bytes + port.rx_unread + far.unsent()
        time.sleep(0.3 * SLOWNESS)
        return was == seen and port.rx_unread
    wait_for(held, "the far end is held up", 240 * SLOWNESS)
    expect(sender.is_alive(), "all was sent although nobody reads")
    equal(digest(handle.read_exactly(len(data), 240 * SLOWNESS)), digest(data), "what came")
    sender.done()
    equal((port.dropped_bytes, port.overrun), (0, 0), "what was lost")


@test
def left_as_it_was():
    """when it is let go the UART is as it was before"""
    far_end(1, termios.B19200).close()
    before = ctl_settings(1)
    port = uart_port("as-it-was")
    handle = port.open()
    set_line(handle, termios.CS7 | termios.PARENB, termios.B4800, termios.IXON)
    wait_for(lambda: register(1, LCR) & 0x3f == 0x1a, "the line is set")
    port.set(backing="null")
    # And nobody needs to wait for it.
    equal(ctl_settings(1), before, "the settings")
    equal(register(1, MCR) & 3, 0, "DTR and RTS")


def ctl_settings(line):
    done = run_program("stty", "-a", "-F", device(line))
    equal(done.status, 0, f"stty: {done.err}")
    return done.out


@test
def set_again():
    """the same UART can be set again, and goes at once to another port"""
    port = uart_port("again", stall_limit=0)
    handle, far = port.open(), far_end(2)
    data = pattern(30000, 7)
    sender = Sender(handle, data)
    results = {}
    reader = threading.Thread(target=lambda: results.update(got=far.read_exactly(
        len(data), 240 * SLOWNESS)))
    reader.start()
    for _ in range(20):
        port.set(backing="uart:/dev/ttyS1")
    equal(register(1, MCR) & 3, 3, "the lines, handed on")
    sender.done()
    reader.join()
    equal(digest(results.get("got", b"")), digest(data), "what came")
    other = make_port("other", backing="null")
    refused(other, "uart:/dev/ttyS1", errno.EBUSY, "port again/0")
    port.set(backing="null")
    other.set(backing="uart:/dev/ttyS1")
    guest = other.open()
    guest.write_all(b"moved")
    equal(far.read_exactly(5), b"moved", "what the other port writes")


def driver_of(line):
    """The driver's folder in sysfs and the device's name, to unbind it."""
    found = os.path.realpath(f"/sys/class/tty/ttyS{line}/device")
    while not os.path.exists(f"{found}/driver/unbind"):
        found = os.path.dirname(found)
        expect(found != "/", f"ttyS{line} has no driver that can be unbound")
    return os.path.realpath(f"{found}/driver"), os.path.basename(found)


def write(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


@test
def unplugged():
    """a UART that is unplugged is an error without an oops; it can be set again"""
    if "pnp" not in uarts()["/dev/ttyS1"]["hardware"]:
        raise Skip("this kernel finds its UARTs without a bus")
    port = uart_port("unplug")
    handle = port.open()
    driver, name = driver_of(1)
    wait_for(lambda: port.state == N.VSERIAL_STATE_CONNECTED, "the port is connected")
    write(f"{driver}/unbind", name)
    wait_for(lambda: port.state == N.VSERIAL_STATE_UNRECOVERABLE_ERROR, "the error")
    expect("ttyS1" in port.reason and "unplugged" in port.reason, f"the reason is {port.reason}")
    # It drops, and does not wait.
    handle.write_all(bytes(200000))
    equal(handle.lines() & termios.TIOCM_CAR, 0, "the carrier")
    write(f"{driver}/bind", name)
    wait_for(lambda: "/dev/ttyS1" in uarts(), "the UART is back")
    port.set(backing="uart:/dev/ttyS1")
    wait_for(lambda: port.state == N.VSERIAL_STATE_CONNECTED, "the port is connected again")
    far = far_end(2)
    wait_for(lambda: not port.tx_unread, "what was written meanwhile is sent", 240 * SLOWNESS)
    # Of what is still on its way nothing is left to the next test.
    handle.write_all(b"the end")
    came = bytearray()

    def ended():
        came.extend(far.read() or b"")
        return came.endswith(b"the end")
    wait_for(ended, "the last of it comes", 240 * SLOWNESS)


@test
def guest_of_qemu():
    """a guest of QEMU drives the UART behind its port as if it were its own"""
    port = uart_port("vm")
    guest = qemu.Qemu(port)
    wait_for(lambda: port.state == N.VSERIAL_STATE_CONNECTED, "the port is connected")
    guest.outb(qemu.LCR, 0x83)
    guest.outb(qemu.DLL, 115200 // 9600)
    guest.outb(qemu.DLM, 0)
    guest.outb(qemu.LCR, 0x03)
    wait_for(lambda: divisor(1) == 12, "the UART runs at the guest's 9600 baud")
    far = far_end(2, termios.B9600)
    data = pattern(400)
    guest.send(data)
    equal(far.read_exactly(len(data)), data, "what the guest sent")
    far.write_all(data)
    equal(guest.receive(len(data)), data, "what the guest received")
    guest.quit()
    wait_for(lambda: not port.power, "the guest is off")
    equal(port.dropped_bytes, 0, "what was lost")


@test
def races():
    """opening, setting, switching and unplugging at a time do no harm"""
    can_unplug = "pnp" in uarts()["/dev/ttyS1"]["hardware"]
    later(wait_free, 1)
    port = make_port("race", backing="null")
    port.wait_link()
    end = time.monotonic() + RACE
    faults = []

    def repeat(function):
        def body():
            while time.monotonic() < end and not faults:
                try:
                    function()
                except (Refused, OSError, termios.error):
                    pass
                except BaseException as e:  # pylint: disable=broad-except
                    faults.append(e)
        return threading.Thread(target=body)

    def use():
        fd = os.open(port.link, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)
        try:
            settings = termios.tcgetattr(fd)
            settings[4] = settings[5] = random.choice((termios.B9600, termios.B115200))
            termios.tcsetattr(fd, termios.TCSANOW, settings)
            with contextlib.suppress(BlockingIOError):
                os.write(fd, bytes(1000))
        finally:
            os.close(fd)

    def unplug():
        driver, name = driver_of(1)
        write(f"{driver}/unbind", name)
        write(f"{driver}/bind", name)

    def command(*words):
        return lambda: subprocess.run(["vserialctl", *words], check=False,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def steal():
        os.close(os.open("/dev/ttyS1", os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY))

    jobs = [repeat(use), repeat(steal),
            repeat(command("port", "set", "race/0", "backing", "uart:/dev/ttyS1")),
            repeat(command("port", "set", "race/0", "backing", "null")),
            repeat(command("port", "disconnect", "race/0")),
            repeat(command("port", "connect", "race/0")),
            repeat(command("port", "list-uarts")),
            # Who has it open is hung up.
            repeat(command("port", "del", "race/0", "force")),
            repeat(command("port", "add", "race/0"))]
    if can_unplug:
        driver, name = driver_of(1)
        jobs.append(repeat(unplug))
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    if can_unplug:
        with contextlib.suppress(OSError):
            write(f"{driver}/bind", name)
    expect(not faults, f"{faults}")
    # It works as ever.
    run_program("vserialctl", "port", "add", "race/0")
    port.set(backing="uart:/dev/ttyS1")
    port.connect()
    handle, far = port.open(), far_end(2)
    far.write_all(b"alive?")
    wait_for(lambda: b"alive?" in (handle.read() or b""), "the line works")


@test
def removed_while_busy():
    """a port that is removed by force while its line is busy lets go of it"""
    gone = uart_port("gone")
    gone.open().write(b".")
    gone.remove(force=True)
    far_end(1, termios.B9600).close()
    port = uart_port("busy", stall_limit=0)
    handle = port.open()
    handle.write(bytes(100000))
    port.remove(force=True)
    wait_free(1)


run()
