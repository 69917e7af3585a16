# SPDX-License-Identifier: GPL-2.0-or-later
"""Two hypervisors, each a VM of tests/vm/run, with a wire between them.

    this machine                    host1                    host2
    concentrator, viewer  <--TCP--  vseriald                 vseriald
    ssh, QMP              --TCP-->  dropbear, guest's QEMU   dropbear, guest's QEMU
                                        |        wire            |
                                        +------------------------+

Each has two network cards: QEMU's user network leads to this machine, which is
10.0.2.2 there; the wire is a socket between the two QEMUs that run the VMs.
"""
import os
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
from cache import REPO
from program import load
from qmp import Qmp
from vspc import PATIENCE, free_port

# A VM, with all that is tried in it.
LIFETIME = 3600


def prepare(folder):
    """Makes in FOLDER what both hypervisors share: keys, and the guest's initramfs."""
    for line in (['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', f'{folder}/key'],
                 ['dropbearkey', '-t', 'ed25519', '-f', f'{folder}/host_key'],
                 [f'{REPO}/tests/demo/initrd', f'{folder}/initrd', f'{HERE}/init.sh']):
        subprocess.run(line, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)


class Hypervisor:
    """The hypervisor host NUMBER, which is to boot; FOLDER is that of prepare()."""

    def __init__(self, number, series, folder):
        self.number, self.name = number, f'host{number}'
        self._series, self._folder = series, folder
        self._ssh_port, self._qmp_port = free_port(), free_port()
        self._socket = self.qmp = self._vm = None
        with open(f'{folder}/{self.name}', 'w', encoding='ascii') as handle:
            handle.write(f'Host {self.name}\nHostName 127.0.0.1\nPort {self._ssh_port}\n'
                         f'User root\nIdentityFile {folder}/key\nBatchMode yes\n'
                         'StrictHostKeyChecking no\nUserKnownHostsFile /dev/null\n'
                         'LogLevel ERROR\nConnectTimeout 10\n'
                         'ControlMaster auto\nControlPersist yes\n'
                         f'ControlPath {folder}/{self.name}.ssh\n')

    def boot(self):
        """Starts the VM.  Host 1 has to be there before its neighbour: it listens."""
        listens = self.number == 1
        wire = f'{self._folder}/wire'
        cards = [f'-netdev user,id=control,hostfwd=tcp:127.0.0.1:{self._ssh_port}-:22,'
                 f'hostfwd=tcp:127.0.0.1:{self._qmp_port}-:4444',
                 f'-netdev stream,id=wire,server={"on" if listens else "off"},'
                 f'addr.type=unix,addr.path={wire}']
        cards += [f'-device virtio-net-pci,netdev={net},romfile=,mac=52:54:00:00:{self.number:02}:'
                  f'{end:02}' for end, net in enumerate(('control', 'wire'), 1)]
        if listens and os.path.exists(wire):
            os.unlink(wire)
        self._log = open(f'{self._folder}/{self.name}.log', 'ab')
        self._vm = subprocess.Popen(
            [f'{REPO}/tests/vm/run', '--kernel', self._series, '--smp', '1', '--timeout',
             str(LIFETIME), '--results', self._folder, *(f'--qemu={card}' for card in cards), '--',
             'tests/hosts/hypervisor', str(self.number)],
            cwd=REPO, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._log)
        # Building what runs in it may take minutes.
        while listens and not os.path.exists(wire) and self._vm.poll() is None:
            time.sleep(0.05)

    def await_ready(self):
        line = self._vm.stdout.readline()
        assert line == b'ready\n', f'{self.name} does not boot: {line} {self.said()}'

    def said(self):
        with open(f'{self._folder}/{self.name}.log', encoding='utf-8', errors='replace') as handle:
            return handle.read()

    def state(self):
        """Its ports, and what its daemon said last, for who looks for a mistake."""
        done = subprocess.run(
            self._command('vserialctl guest show; vserialctl port show; '
                          'tail -n 30 /run/vseriald.log'),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            check=False, timeout=PATIENCE)
        return done.stdout.decode(errors='replace')

    def _command(self, *words):
        return ['ssh', '-F', f'{self._folder}/{self.name}', self.name, *words]

    def start(self, command):
        """Runs a shell's command line there; the process that waits for it."""
        return subprocess.Popen(self._command(command), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def run(self, command):
        """Runs a shell's command line there, which has to succeed; what it said."""
        return self.done(self.start(command))

    def done(self, process):
        """Waits for what was started, which has to succeed; what it said."""
        said = process.communicate(timeout=4 * PATIENCE)[0].decode(errors='replace')
        assert process.returncode == 0, (f'{self.name}: {process.args[-1]}: exit status '
                                         f'{process.returncode}: {said}')
        return said

    def boot_guest(self, *words):
        """Starts the guest, or with the word incoming expects it; how it is run."""
        kernel = load('tests/vm/kernel').places('6.1')['KERNEL']
        accelerator = self.run(f'cd {REPO} && GUEST_KERNEL={kernel} tests/hosts/guest '
                               f'{self._folder}/initrd {" ".join(words)}')
        self._socket = socket.create_connection(('127.0.0.1', self._qmp_port), PATIENCE)
        self._socket.settimeout(4 * PATIENCE)
        self.qmp = Qmp(self._socket)
        # Milliseconds.  A guest inside a VM inside an emulator is copied slowly.
        self.qmp.tell('migrate-set-parameters', **{'downtime-limit': 3000})
        return accelerator.strip()

    def forget_guest(self):
        """What is left of the guest here is talked to no more."""
        if self.qmp:
            self.qmp.close()
            self._socket.close()
            self.qmp = None

    def status(self):
        """What the guest's QEMU says of the migration."""
        return self.qmp.tell('query-migrate').get('status')

    def lose(self):
        """The VM, if there is one, is no more, from one moment to the next."""
        if not self._vm or self._vm.stdout.closed:
            return
        self._vm.terminate()
        self._vm.wait()
        self._close()

    def end(self):
        """Ends the VM; the exit status of tests/vm/run, which knows of its kernel."""
        self.start('echo >/run/end').communicate()
        status = self._vm.wait(PATIENCE * 4)
        self._close()
        return status

    def _close(self):
        self.forget_guest()
        subprocess.run([*self._command()[:-1], '-O', 'exit', self.name], check=False,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        self._vm.stdout.close()
        self._log.close()
