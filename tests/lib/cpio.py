# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes cpio archives as the kernel reads its initramfs ("newc")."""
import io
import stat


class Archive:
    """An archive in memory."""

    def __init__(self):
        self._out = io.BytesIO()
        self._inode = 0

    def _add(self, name, mode, data=b'', device=(0, 0)):
        self._inode += 1
        encoded = name.encode() + b'\0'
        fields = (self._inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(encoded), 0)
        self._out.write(b'070701' + b''.join(b'%08x' % field for field in fields) + encoded)
        self._out.write(b'\0' * (-(110 + len(encoded)) % 4))
        self._out.write(data + b'\0' * (-len(data) % 4))

    def directory(self, name):
        self._add(name, stat.S_IFDIR | 0o755)

    def file(self, name, data, mode=0o755):
        self._add(name, stat.S_IFREG | mode, data)

    def node(self, name, major, minor):
        """A character device."""
        self._add(name, stat.S_IFCHR | 0o600, device=(major, minor))

    def close(self):
        """The archive's bytes."""
        self._add('TRAILER!!!', 0)
        return self._out.getvalue()
