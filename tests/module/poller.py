# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest of KVM that does nothing but poll its UART, which is a port.

Its firmware is a dozen bytes; QEMU is as it comes.
"""
import glob
import os
import subprocess
import tempfile

from lib import Skip, expect, later, make_guest, read_file, run_program, wait_for

#: Echoes what comes, and polls meanwhile: in al,dx with dx = LSR until bit 0 is set ...
POLL_LSR = bytes.fromhex("bafd03 ec a801 74fb baf803 ec ee ebf1")
#: ... or with dx = MSR and LSR by turns
POLL_MSR = bytes.fromhex("bafe03 ec bafd03 ec a801 74f4 baf803 ec ee ebed")


def joined(name, **settings):
    """A port for a guest and the handle of its far end."""
    near, far = make_guest(name, 2)
    far.set(backing=f"pipe:{name}#near=client")
    near.set(backing=f"pipe:{name}", **settings)
    return near, far.open()


class PollingGuest:
    """QEMU with KVM and a firmware that polls COM1; ended with the test."""

    def __init__(self, port, code):
        if run_program("modprobe", "kvm_amd").status or not os.path.exists("/dev/kvm"):
            raise Skip("there is no KVM in this VM")
        firmware = bytearray(b"\xf4" * 65536)
        firmware[:len(code)] = code
        # where a processor starts: jmp to the beginning
        firmware[0xfff0:0xfff3] = b"\xe9\x0d\x00"
        with tempfile.NamedTemporaryFile(delete=False) as f:
            f.write(firmware)
        later(os.unlink, f.name)
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-name", "polls,debug-threads=on",
             "-M", "isapc", "-accel", "kvm", "-cpu", "qemu64",
             "-bios", f.name, "-nodefaults", "-no-user-config", "-display", "none", "-m", "16",
             "-chardev", f"serial,id=com1,path={port.wait_link()}", "-serial", "chardev:com1"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        later(self.kill)
        wait_for(lambda: port.power, "QEMU opens the port")
        wait_for(self._vcpu, "there is a virtual processor")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def _vcpu(self):
        expect(self.process.poll() is None, f"QEMU ended: {self.process.returncode}")
        for name in glob.glob(f"/proc/{self.process.pid}/task/*/comm"):
            if "KVM" in read_file(name):
                return os.path.dirname(name)
        return None

    def sleeps(self):
        """How often the virtual processor's thread gave its processor up."""
        for line in read_file(f"{self._vcpu()}/status").splitlines():
            if line.startswith("voluntary_ctxt_switches"):
                return int(line.split()[1])
        raise AssertionError("no voluntary_ctxt_switches")

    def seconds(self):
        """The processor time that QEMU, its guest with it, has had."""
        words = read_file(f"/proc/{self.process.pid}/stat").rsplit(")", 1)[1].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")
