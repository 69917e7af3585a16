# SPDX-License-Identifier: GPL-2.0-or-later
"""A systemd of one's own: in a PID, mount and cgroup namespace, with the shipped units.

Its /run is its own, too, but for what udev knows; devices, network and the rest of the
files are the VM's.
"""
import os
import shutil
import subprocess

from lib import Skip, later, read_file, run_program, scratch, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
# Unit files, and the programs that they run.
UNITS = {name: (programs, os.path.join(HERE, "../../helper", folder, f"{name}.service.in"))
         for name, programs, folder in (
             ("vseriald", ("vseriald", "vserial-print"), "vseriald"),
             ("vserial-restore", ("vserialctl",), "vserialctl"),
             ("vserial-vspc", ("vserial-vspc",), "vspc"),
             ("vserial-firewall", ("vserialctl",), "firewall"))}
# Where the daemon's unit wants to stand; empty ones of these will do.
TARGETS = ("base", "sysinit", "basic", "shutdown", "network", "nss-lookup", "multi-user")
CGROUP = "/sys/fs/cgroup/vserial-systemd"
START = """
umount -l /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount --bind /run/udev /mnt
mount -t tmpfs -o mode=755 run /run
mkdir /run/udev
mount --move /mnt /run/udev
export container=test SYSTEMD_UNIT_PATH={units}
exec /lib/systemd/systemd --system --unit=base.target --log-target=console --show-status=no
"""


class Systemd:
    """Runs until the test ends, with the unit PROGRAM, and those that the module's
    device WANTS.

    DROP_IN has further lines of the units' [Service]."""

    def __init__(self, drop_in="", program="vseriald", wants=()):
        if not os.path.exists(f"/proc/self/task/{os.getpid()}/children"):
            raise Skip("this kernel is not made for systemd")
        self.program = program
        self.units = scratch()
        self.log = f"{self.units}/log"
        for name in TARGETS:
            self._write(f"{name}.target", "[Unit]\nDefaultDependencies=no\n")
        shutil.copy("/lib/systemd/system/modprobe@.service", self.units)
        # Where it was built others than root need not get to.
        os.chmod(self.units, 0o755)
        os.mkdir(f"{self.units}/sys-module-vserial.device.wants")
        for name in {program, *wants}:
            self._install(name, drop_in)
        for name in wants:
            os.symlink(f"../{name}.service",
                       f"{self.units}/sys-module-vserial.device.wants/{name}.service")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                ["unshare", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc",
                 "--cgroup", "sh", "-c", START.format(units=self.units)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=self._enter)
        later(self.end)
        self.pid = wait_for(self._child, "systemd starts")
        wait_for(lambda: self.ctl("is-system-running", check=False).out.strip() in
                 ("running", "degraded"), "systemd runs")

    def copy(self, program):
        """Has a program where its units look for it."""
        shutil.copy(shutil.which(program), self.units)

    def _write(self, name, text):
        with open(f"{self.units}/{name}", "w", encoding="ascii") as f:
            f.write(text)

    def _install(self, name, drop_in):
        programs, path = UNITS[name]
        for program in programs:
            shutil.copy(shutil.which(program), self.units)
        self._write(f"{name}.service", read_file(path).replace("@SBINDIR@", self.units))
        os.mkdir(f"{self.units}/{name}.service.d")
        self._write(f"{name}.service.d/test.conf",
                    f"[Service]\nStandardError=append:{self.log}\n"
                    f"BindReadOnlyPaths={self.units}\n{drop_in}\n")

    @staticmethod
    def _enter():
        """Into a cgroup of its own: systemd ends what it finds in its root."""
        os.makedirs(CGROUP, exist_ok=True)
        with open(f"{CGROUP}/cgroup.procs", "w", encoding="ascii") as f:
            f.write("0")

    def _child(self):
        children = read_file(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return int(children.split()[0]) if children else None

    def end(self):
        self.process.kill()
        self.process.wait()
        # No process of it is left.
        for folder, _, _ in os.walk(CGROUP, topdown=False):
            wait_for(lambda f=folder: self._removed(f), f"{folder} is empty")

    @staticmethod
    def _removed(folder):
        try:
            os.rmdir(folder)
        except OSError:
            return False
        return True

    def inside(self, *words, check=True):
        """Runs a program beside systemd."""
        done = run_program("nsenter", "-t", self.pid, "-p", "-m", "-C", *words)
        if check and done.status:
            status = self.inside("systemctl", "status", "--no-pager", self.program,
                                 check=False)
            raise AssertionError(f"{words}: {done.status} {done.out}{done.err}{status.out}"
                                 f"{self.said()}")
        return done

    def ctl(self, *words, check=True):
        return self.inside("systemctl", *words, check=check)

    def show(self, name):
        """A property of the unit."""
        return self.ctl("show", "--value", f"--property={name}", self.program).out.strip()

    def said(self):
        return read_file(self.log)

    def status(self, name):
        """A field of /proc/PID/status of the program."""
        text = self.inside("cat", f"/proc/{self.show('MainPID')}/status").out
        for line in text.splitlines():
            key, _, value = line.partition(":")
            if key == name:
                return value.strip()
        raise AssertionError(f"there is no {name}")
