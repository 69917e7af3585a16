# SPDX-License-Identifier: GPL-2.0-or-later
"""A fresh Debian root to install in: made once, in the cache; each user of it writes
into a layer of its own, which is gone with the mount namespace it lies in.

It has what a host has that builds modules: systemd, dkms and the headers of one
kernel; packages with those of a second one lie in /srv/second.
"""
import contextlib
import glob
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), '..', 'lib'))
import cache
from cache import Failed, run, say
from program import load

INSTALLED = 'systemd,udev,init-system-helpers,dkms,make,pkg-config,man-db,bash-completion'


def sources():
    """This machine's own lists of where packages come from."""
    found = glob.glob('/etc/apt/sources.list') + glob.glob('/etc/apt/sources.list.d/*.list') + \
        glob.glob('/etc/apt/sources.list.d/*.sources')
    if not found:
        raise Failed('this machine has no /etc/apt/sources.list, so nothing can be installed')
    return found


def base(first, second):
    """The root, with headers of the kernel FIRST and packages of SECOND."""
    place = cache.path('package', f'{first}-{second}')
    with cache.lock('package', f'{first}-{second}'):
        if not os.path.exists(place):
            building = f'{place}.new'
            shutil.rmtree(building, ignore_errors=True)
            say('root: making a fresh Debian root')
            run(['mmdebstrap', '--quiet', '--mode=root', '--variant=apt',
                 '--skip=cleanup/apt/lists', f'--include={INSTALLED},linux-headers-{first}',
                 '--customize-hook=chroot "$1" apt-get clean; '
                 'chroot "$1" apt-get -q -y -d --no-install-recommends install '
                 f'linux-headers-{second}',
                 '--customize-hook=mkdir "$1/srv/second"; '
                 'mv "$1"/var/cache/apt/archives/*.deb "$1/srv/second/"',
                 'bookworm', building, *sources()], 'mmdebstrap')
            os.rename(building, place)
    return place


def alone():
    """Goes on in mount and PID namespaces of its own, which take all along at the end."""
    if os.environ.get('VSERIAL_ALONE'):
        return
    os.environ['VSERIAL_ALONE'] = 'yes'
    os.execvp('unshare', ['unshare', '--mount', '--propagation=private', '--pid', '--fork',
                          '--kill-child', '--mount-proc', sys.executable, *sys.argv])


class Root:
    """A layer above the base."""

    def __init__(self, below):
        self.work = cache.path('package', f'layer-{cache.checkout()}')
        shutil.rmtree(self.work, ignore_errors=True)
        self.path = f'{self.work}/root'
        for name in 'upper', 'work', 'root':
            os.makedirs(f'{self.work}/{name}')
        self._mount('-t', 'overlay', '-o', f'lowerdir={below},upperdir={self.work}/upper,'
                    f'workdir={self.work}/work', 'overlay', self.path)
        self._mount('-t', 'proc', 'proc', f'{self.path}/proc')
        self._mount('--rbind', '/dev', f'{self.path}/dev')
        shutil.copy('/etc/resolv.conf', f'{self.path}/etc/resolv.conf')

    @staticmethod
    def _mount(*words):
        run(['mount', *words], f'mount {" ".join(words)}')

    def end(self):
        for place in 'dev', 'proc', '':
            subprocess.run(['umount', '-R', f'{self.path}/{place}'], check=False)
        shutil.rmtree(self.work, ignore_errors=True)

    def see(self, outside, inside):
        """Shows a folder of this machine inside."""
        os.makedirs(f'{self.path}{inside}', exist_ok=True)
        self._mount('--bind', outside, f'{self.path}{inside}')

    def hide(self, inside):
        run(['umount', f'{self.path}{inside}'], 'umount')
        os.rmdir(f'{self.path}{inside}')

    def run(self, *words):
        """Runs a program inside; what it said, on failure as an AssertionError."""
        done = subprocess.run(['chroot', self.path, *words], text=True, check=False,
                              env={'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL': 'C.UTF-8',
                                   'DEBIAN_FRONTEND': 'noninteractive'},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        if done.returncode:
            raise AssertionError(f'{" ".join(words)}: exit status {done.returncode}\n{done.stdout}')
        return done.stdout

    def exists(self, path):
        return os.path.lexists(f'{self.path}{path}')

    def read(self, path):
        with open(f'{self.path}{path}', encoding='utf-8') as handle:
            return handle.read()

    def files(self):
        """Everything that there is but what apt, dpkg and their like keep of their own."""
        found = set()
        own = ('dev', 'proc', 'tmp', 'run', 'srv', 'var/cache', 'var/lib/apt', 'var/lib/dpkg',
               'var/log', 'var/lib/systemd', 'root')
        for folder, folders, names in os.walk(self.path):
            inside = os.path.relpath(folder, self.path)
            folders[:] = [f for f in folders
                          if os.path.normpath(os.path.join(inside, f)) not in own]
            found.update(os.path.normpath(os.path.join(inside, name)) for name in folders + names)
        # Users stay (deb-systemd and adduser keep them, too), with copies of these files;
        # and what depmod writes whenever a module comes or goes.
        return {name for name in found if name.rstrip('-') not in
                ('etc/passwd', 'etc/group', 'etc/shadow', 'etc/gshadow') and
                not re.search('lib/modules/[^/]*/modules\\.', name)}


@contextlib.contextmanager
def fresh():
    """A root that has nothing of vserial: (root, first kernel, second kernel)."""
    kernels = load('tests/vm/kernel')
    first, second = (kernels.places(series)['KVER'] for series in ('6.1', '6.12'))
    root = Root(base(first, second))
    try:
        yield root, first, second
    finally:
        root.end()
