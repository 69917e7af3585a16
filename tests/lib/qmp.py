# SPDX-License-Identifier: GPL-2.0-or-later
"""A conversation with QEMU by its machine protocol."""
import json


class Refused(Exception):
    """QEMU says no."""


class Qmp:
    """The protocol on a connected socket, which stays the caller's."""

    def __init__(self, connection):
        self._stream = connection.makefile('rw', encoding='utf-8', newline='\n')
        self._read()
        self.tell('qmp_capabilities')

    def _read(self):
        line = self._stream.readline()
        if not line:
            raise ConnectionError('QEMU has closed its QMP socket')
        return json.loads(line)

    def tell(self, command, **arguments):
        """Has a command executed; what it returns."""
        self._stream.write(json.dumps({'execute': command, 'arguments': arguments}) + '\n')
        self._stream.flush()
        while True:
            answer = self._read()
            if 'error' in answer:
                raise Refused(f'{command}: {answer["error"]["desc"]}')
            if 'return' in answer:
                return answer['return']

    def close(self):
        self._stream.close()
