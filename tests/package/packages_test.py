#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The Debian packages and `make dkms-install`, in a fresh Debian root.

usage: tests/package/packages_test.py [WORD…]     tests whose names have a WORD

Builds the packages, and once more as a next version; installs, upgrades, removes and
purges them, and the headers of a second kernel.  Nothing is loaded.  Prints TAP, and
what begins, as "# [3/14] 65 s: …".
"""
import os
import re
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, HERE)
import root
from root import cache
from cache import REPO, Failed, run

TESTS = []
PACKAGES = 'vserial-dkms', 'vserial-tools', 'vserial-vspc'
CHANGELOG = 'packaging/debian/changelog'
NO_BUILD = '/etc/dkms/no-autoinstall'
SETTINGS = '/etc/vserial/vseriald.conf'
# What is started by itself, and by what.  The other units open ports to the network, or
# change a firewall, and wait for somebody who wants that.
ENABLED = {'multi-user.target.wants/vseriald.service',
           'sys-module-vserial.device.wants/vseriald.service',
           'sys-module-vserial.device.wants/vserial-restore.service'}


def test(steps):
    """A test, which begins so many STEPS."""
    def add(function):
        function.steps = steps
        TESTS.append(function)
        return function
    return add


class Progress:
    """Tells each step as it begins: most of them take minutes."""

    def __init__(self, total):
        self.begun = 0
        self._total = total
        self._start = time.monotonic()

    def __call__(self, what):
        self.begun += 1
        print(f'# [{self.begun}/{self._total}] {time.monotonic() - self._start:.0f} s: {what}',
              flush=True)


def expect(condition, why):
    if not condition:
        raise AssertionError(why)


def build(tree, out):
    """The packages of TREE, by name."""
    shutil.rmtree(out, ignore_errors=True)
    run([f'{tree}/packaging/deb', out], 'packaging/deb')
    return {name: next(f'{out}/{file}' for file in os.listdir(out)
                       if re.fullmatch(rf'{name}_[^_]*_[a-z0-9]*\.deb', file))
            for name in PACKAGES}


class Versions:
    """This tree's packages and those of a next version, whose settings are others."""

    steps = 2

    def __init__(self, begin):
        begin('building the packages')
        self.folder = cache.path('package', f'built-{cache.checkout()}')
        self.now = build(REPO, f'{self.folder}/now')
        tree = f'{self.folder}/tree'
        shutil.rmtree(tree, ignore_errors=True)
        shutil.copytree(REPO, tree, ignore=shutil.ignore_patterns('.git', 'build'))
        with open(f'{tree}/{CHANGELOG}', encoding='utf-8') as handle:
            text = handle.read()
        self.version = re.match(r'vserial \((.*)\)', text)[1]
        self.next_version = f'{self.version}+next'
        cache.write(f'{tree}/{CHANGELOG}',
                    text.replace(f'({self.version})', f'({self.next_version})', 1))
        with open(f'{tree}/helper/vseriald/vseriald.conf', 'a', encoding='utf-8') as handle:
            handle.write('# the next version has more to say\n')
        begin('building those of a next version')
        self.next = build(tree, f'{self.folder}/next')


def install(inside, packages):
    """Installs the files PACKAGES as apt does, without what is recommended."""
    os.makedirs(f'{inside.path}/srv/packages', exist_ok=True)
    names = [shutil.copy(package, f'{inside.path}/srv/packages')[len(inside.path):]
             for package in packages.values()]
    return inside.run('apt-get', 'install', '-q', '-y', '--no-install-recommends',
                      '-o', 'Dpkg::Options::=--force-confdef',
                      '-o', 'Dpkg::Options::=--force-confold', *names)


def second_kernel(inside, kernel):
    """Installs the headers of KERNEL, for which the module is built at once.

    Returns what came with them."""
    before = inside.files()
    # Nobody boots it, so that it needs no initramfs.
    inside.run('sh', '-c', 'INITRD=No apt-get install -q -y --no-install-recommends '
               '/srv/second/*.deb')
    expect(built_for(inside, kernel), f'no module for {kernel}')
    return {name for name in inside.files() - before
            if 'vserial' not in name and '/updates' not in name}


def enabled(inside):
    """The units of vserial's that something starts, each behind the folder that says what."""
    place = 'etc/systemd/system/'
    return {name.removeprefix(place) for name in inside.files()
            if name.startswith(place) and 'vserial' in os.path.basename(name)
            and name.endswith(('.service', '.socket'))}


def built_for(inside, kernel):
    """Is the module there, built for KERNEL?"""
    place = f'/lib/modules/{kernel}/updates/dkms'
    if not inside.exists(place):
        return False
    name = next((n for n in os.listdir(inside.path + place) if n.startswith('vserial.ko')), None)
    return bool(name) and inside.run('/sbin/modinfo', '-F', 'vermagic',
                                     f'{place}/{name}').startswith(f'{kernel} ')


@test(steps=1)
def lintian(versions, begin):
    """lintian has no error and no warning"""
    begin('lintian')
    changes = next(f for f in os.listdir(f'{versions.folder}/now') if f.endswith('.changes'))
    done = subprocess.run(['lintian', '--allow-root', '--fail-on', 'error,warning',
                           f'{versions.folder}/now/{changes}'], check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    expect(not done.returncode, done.stdout)


@test(steps=1)
def upgrades_stop_nothing(versions, begin):
    """an upgrade stops no unit that it does not start again"""
    begin('what the packages do in an upgrade')
    for name, package in versions.now.items():
        done = subprocess.run(['dpkg-deb', '--info', package, 'preinst'], check=False, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        expect('stop' not in done.stdout, f'{name}: {done.stdout}')


@test(steps=7)
def life_of_packages(versions, begin):
    """installed, a second kernel, upgraded, removed, purged: nothing is left behind"""
    begin('a fresh Debian root')
    with root.fresh() as (inside, first, second):
        begin('installing what the packages depend on')
        # What they depend on stays, so it is there before; no module is built for that.
        inside.run('touch', NO_BUILD)
        install(inside, versions.now)
        inside.run('apt-get', 'purge', '-q', '-y', *PACKAGES)
        inside.run('rm', NO_BUILD)
        before = inside.files()

        begin(f'installing the packages: DKMS builds for {first}')
        install(inside, versions.now)
        for program in 'vserialctl', 'vseriald', 'vserial-vspc', 'vserial-print':
            expect(inside.run(program, '--version').split() == [program, versions.version],
                   f'{program} has another version')
            inside.run('man', '-w', '8', program)
        inside.run('vseriald', '--check')
        inside.run('vserial-vspc', '--check')
        inside.run('man', '-w', '4', 'vserial')
        inside.run('bash', '-c', 'grep -q ^vserial: /etc/passwd && test -d /var/log/vserial')
        expect(enabled(inside) == ENABLED, f'enabled are {enabled(inside)}')
        expect(built_for(inside, first), f'no module for {first}')

        begin(f'installing headers: DKMS builds for {second}')
        before |= second_kernel(inside, second)

        begin('upgrading: DKMS builds again')
        inside.run('sh', '-c',
                   f'echo "accept-rate = 5" >>{SETTINGS}; echo mine >/etc/vserial/saved')
        install(inside, versions.next)
        expect(inside.read(SETTINGS).endswith('accept-rate = 5\n'), 'settings are lost')
        expect(inside.run('vserialctl', '--version').split()[1] == versions.next_version,
               'it is still the old version')
        status = inside.run('dkms', 'status', 'vserial')
        expect(f'vserial/{versions.next_version}' in status and
               f'vserial/{versions.version},' not in status, status)

        begin('removing')
        inside.run('apt-get', 'remove', '-q', '-y', *PACKAGES)
        expect(inside.read(SETTINGS).endswith('accept-rate = 5\n'), 'settings are lost')
        expect(inside.read('/etc/vserial/saved') == 'mine\n', 'what was saved is lost')
        for kernel in first, second:
            expect(not built_for(inside, kernel), f'the module for {kernel} is left')

        begin('purging')
        inside.run('apt-get', 'purge', '-q', '-y', *PACKAGES)
        left = inside.files() - before
        expect(not left, f'left behind: {" ".join(sorted(left))}')
        lost = before - inside.files()
        expect(not lost, f'taken along: {" ".join(sorted(lost))}')


@test(steps=5)
def dkms_from_the_tree(versions, begin):
    """make dkms-install, a second kernel, make dkms-uninstall"""
    begin('a fresh Debian root')
    with root.fresh() as (inside, first, second):
        before = inside.files()
        inside.see(REPO, '/mnt/vserial')
        make = ['make', '-C', '/mnt/vserial', f'KDIR=/lib/modules/{first}/build']
        # Twice, as after a change.
        for which in 'first', 'second':
            begin(f'make dkms-install for {first}, the {which} time')
            inside.run(*make, 'dkms-install')
            expect(built_for(inside, first), f'no module for {first}')
        begin(f'installing headers: DKMS builds for {second}')
        second_kernel(inside, second)
        begin('make dkms-uninstall')
        inside.run(*make, 'dkms-uninstall')
        inside.hide('/mnt/vserial')
        left = [name for name in inside.files() - before if 'vserial' in name]
        expect(not left, f'left behind: {" ".join(sorted(left))}')
        expect(versions.version, 'there is no version')


def main():
    if subprocess.run([f'{REPO}/tests/vm/deps', 'package'], check=False).returncode:
        raise Failed('what the tests of packages need is not installed')
    root.alone()
    words = sys.argv[1:]
    wanted = [t for t in TESTS if not words or any(w in t.__name__ for w in words)]
    print(f'1..{len(wanted)}', flush=True)
    begin = Progress(Versions.steps + sum(t.steps for t in wanted))
    versions = Versions(begin)
    failed = 0
    for number, function in enumerate(wanted, 1):
        so_far = begin.begun
        try:
            function(versions, begin)
            expect(begin.begun - so_far == function.steps,
                   f'{begin.begun - so_far} steps were told, {function.steps} announced')
            print(f'ok {number} - {function.__doc__}', flush=True)
        except (AssertionError, Failed) as why:
            failed += 1
            print(re.sub('^', '# ', str(why), flags=re.M))
            print(f'not ok {number} - {function.__doc__}', flush=True)
            begin.begun = so_far + function.steps
    return 1 if failed else 0


if __name__ == '__main__':
    cache.main(main)
