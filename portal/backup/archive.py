"""The encrypted file: a stream in chunks, each sealed with AES-256-GCM under a key of this file alone.

Layout: ``MAGIC | salt | (length | ciphertext)*``. The nonce of a chunk is its number and whether it is the last, so that
a chunk changed, left out, moved, or a file cut short does not open. Constant memory, however large the content.
"""

from __future__ import annotations

import io
import os
from typing import IO, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from portal.backup import BackupError

MAGIC = b"portal-backup-1\n"
SALT_BYTES = 16
CHUNK = 1 << 20
TAG_BYTES = 16


def _cipher(key: bytes, salt: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt, MAGIC).derive(key))


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes((last,))


class Sealer(io.RawIOBase):
    """Write plain bytes into it; sealed chunks go to ``target``. Closing it writes the last one."""

    def __init__(self, target: IO[bytes], key: bytes) -> None:
        salt = os.urandom(SALT_BYTES)
        self._target, self._cipher, self._number = target, _cipher(key, salt), 0
        self._waiting = bytearray()
        target.write(MAGIC + salt)

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._waiting += data
        while len(self._waiting) > CHUNK:
            self._seal(bytes(self._waiting[:CHUNK]), False)
            del self._waiting[:CHUNK]
        return len(data)

    def _seal(self, chunk: bytes, last: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(self._number, last), chunk, MAGIC)
        self._target.write(len(sealed).to_bytes(4, "big") + sealed)
        self._number += 1

    def finish(self) -> None:
        """Write the last chunk; without it the file does not open."""
        self._seal(bytes(self._waiting), True)
        self._waiting.clear()


class Opener(io.RawIOBase):
    """Read plain bytes from a sealed file. Raises BackupError where it is damaged, cut, or sealed with another key."""

    def __init__(self, source: IO[bytes], key: bytes) -> None:
        if source.read(len(MAGIC)) != MAGIC:
            raise BackupError("this is no backup of the portal")
        self._source, self._cipher, self._number = source, _cipher(key, source.read(SALT_BYTES)), 0
        self._open = b""
        self._next: bytes | None = self._sealed()
        if self._next is None:
            raise BackupError("the backup is cut short")

    def readable(self) -> bool:
        return True

    def _sealed(self) -> bytes | None:
        length = self._source.read(4)
        if not length:
            return None
        size = int.from_bytes(length, "big")
        if len(length) < 4 or not TAG_BYTES <= size <= CHUNK + TAG_BYTES:
            raise BackupError("the backup is damaged")
        sealed = self._source.read(size)
        if len(sealed) != size:
            raise BackupError("the backup is cut short")
        return sealed

    def read(self, size: int = -1) -> bytes:
        wanted = size if size >= 0 else 1 << 62
        while len(self._open) < wanted and self._next is not None:
            sealed, self._next = self._next, self._sealed()
            try:
                self._open += self._cipher.decrypt(_nonce(self._number, self._next is None), sealed, MAGIC)
            except InvalidTag:
                raise BackupError("the backup is damaged or cut short, or it was sealed with another key") from None
            self._number += 1
        found, self._open = self._open[:wanted], self._open[wanted:]
        return found
