"""Keys of the deployment and encryption of protected fields.

Keys live in ``instance/keys.json`` (mode 0600), outside the database and its backup. A stored value is
``version | cipher | key id | nonce | ciphertext``; the purpose and the record it belongs to are authenticated with it, so
that a value copied to another row does not decrypt. Equality look-ups go through a keyed blind index. A column says by
:func:`sealed` and :func:`fingerprint` how its values are made, so that :mod:`portal.rotation` can encrypt them anew.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CIPHERS = {"aes-256-gcm": 1, "sm4-gcm": 2}
KEY_FILE = "keys.json"
FORMAT = 1
HEAD_BYTES = 4
KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16


class KeyMissing(Exception):
    """The key with which a value was encrypted is not in the key file."""


class Unreadable(Exception):
    """A protected value does not decrypt: damaged, or moved from another record."""


def write_private(path: Path, content: str) -> None:
    """Create ``path`` for its owner only; raises FileExistsError when it is there already."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def replace_private(path: Path, content: str) -> None:
    """Put a file of its owner alone in place of another, whole or not at all."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    write_private(fresh, content)
    fresh.replace(path)
    if hasattr(os, "O_DIRECTORY"):
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def sealed(purpose: str, bound: str = "{uid}") -> dict[str, Any]:
    """What is written at a column (``info``) that holds sealed values: for what, and to which columns of its row they are bound."""
    return {"secret": True, "encrypted": purpose, "bound": bound}


def fingerprint(of: str, purpose: str, normal: Callable[[str], str] = str) -> dict[str, Any]:
    """What is written at a column with the blind index of a sealed one: of which, for what, and how a value is made alike first."""
    return {"secret": True, "indexes": of, "purpose": purpose, "normal": normal}


def secret_key(instance: Path) -> str:
    """The key that signs cookies, made at the first start."""
    path = instance / "secret.key"
    with contextlib.suppress(FileExistsError):
        write_private(path, secrets.token_hex(32))
    key = path.read_text(encoding="utf-8").strip()
    if len(key) < 32 or len(set(key)) < 8:
        raise KeyMissing(f"{path.name} is too weak: expected at least 32 random characters")
    return key


class Keyring:
    """The keys of a deployment: the current one, older ones for reading, and with each a key for blind indexes.

    A running process notices within its next use that the key file was changed by another.
    """

    def __init__(self, path: Path, cipher: str) -> None:
        self._path, self._cipher = path, cipher
        self._stamp: tuple[int, int, int] = (0, 0, 0)
        self._read()

    @classmethod
    def open(cls, instance: Path, cipher: str) -> Keyring:
        """Read the key file of the instance; the first start makes it."""
        path = instance / KEY_FILE
        fresh = {"current": 1, "keys": {"1": secrets.token_hex(KEY_BYTES)}, "index": secrets.token_hex(KEY_BYTES)}
        with contextlib.suppress(FileExistsError):
            write_private(path, json.dumps(fresh))
        return cls(path, cipher)

    # -- the file -----------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        about = self._path.stat()
        data = json.loads(self._path.read_text(encoding="utf-8"))
        keys = {int(number): bytes.fromhex(key) for number, key in data["keys"].items()}
        if data["current"] not in keys or any(len(key) != KEY_BYTES or len(set(key)) < 8 for key in keys.values()):
            raise KeyMissing(f"{self._path.name}: the current key is missing or too weak")
        common, own = data["index"], data.get("indexes", {})
        self._index_keys = {number: bytes.fromhex(own.get(str(number), common)) for number in keys}
        self._keys, self.current, self._data = keys, int(data["current"]), data
        self._stamp = (about.st_mtime_ns, about.st_size, about.st_ino)

    def _look(self) -> None:
        """Read the file anew where it was replaced."""
        with contextlib.suppress(OSError):
            about = self._path.stat()
            if (about.st_mtime_ns, about.st_size, about.st_ino) != self._stamp:
                self._read()

    def _write(self, data: dict[str, Any]) -> None:
        replace_private(self._path, json.dumps(data))
        self._read()

    def numbers(self) -> list[int]:
        """The numbers of the keys that are there, oldest first."""
        self._look()
        return sorted(self._keys)

    def about(self, number: int) -> dict[str, str]:
        """When a key was made and retired, where that is known."""
        return {word: self._data.get(word, {}).get(str(number), "") for word in ("made", "retired")}

    def make_key(self, today: dt.date, beyond: int = 0) -> int:
        """A new key, current from now on, with a number above all that there are and above ``beyond``."""
        self._look()
        number = max(*self._keys, beyond) + 1
        key = str(number)
        self._write(
            {
                **self._data, "current": number, "keys": {**self._data["keys"], key: secrets.token_hex(KEY_BYTES)},
                "indexes": {**self._data.get("indexes", {}), key: secrets.token_hex(KEY_BYTES)}, "made": {**self._data.get("made", {}), key: today.isoformat()},
            }
        )  # fmt: skip
        return number

    def retire(self, number: int, today: dt.date) -> None:
        """Nothing in the database uses this key any more. It is kept for old backups until it is destroyed."""
        self._look()
        if number != self.current and str(number) not in self._data.get("retired", {}):
            self._write({**self._data, "retired": {**self._data.get("retired", {}), str(number): today.isoformat()}})

    def destroy(self, number: int) -> None:
        """Drop a key for good: what was encrypted with it, also in backups, cannot be read by anybody."""
        self._look()
        if number == self.current or number not in self._keys:
            raise KeyMissing(f"encryption key {number} is current or not in {KEY_FILE}")
        without = {word: {key: value for key, value in self._data.get(word, {}).items() if key != str(number)} for word in ("keys", "indexes", "made", "retired")}
        self._write({**self._data, **without})

    # -- sealing ------------------------------------------------------------------------------------------------------

    def _key(self, number: int) -> bytes:
        if number not in self._keys:
            self._look()
        try:
            return self._keys[number]
        except KeyError:
            raise KeyMissing(f"encryption key {number} is not in {KEY_FILE} of this instance") from None

    def head(self) -> bytes:
        """The first bytes of every value that is encrypted now: format, cipher, key. A value with others is to be encrypted anew."""
        self._look()
        return bytes((FORMAT, CIPHERS[self._cipher])) + self.current.to_bytes(2, "big")

    def encrypt(self, purpose: str, plaintext: str, bound_to: str) -> bytes:
        """Encrypt ``plaintext`` for the record ``bound_to``."""
        return self.seal(purpose, plaintext.encode(), bound_to)

    def decrypt(self, purpose: str, data: bytes, bound_to: str) -> str:
        """The plain text of ``data``; raises KeyMissing or Unreadable."""
        return self.unseal(purpose, data, bound_to).decode()

    def seal(self, purpose: str, content: bytes, bound_to: str) -> bytes:
        """Encrypt bytes for the record ``bound_to``."""
        head = self.head()
        nonce = os.urandom(NONCE_BYTES)
        associated = head + f"{purpose}\0{bound_to}".encode()
        key = self._key(int.from_bytes(head[2:], "big"))
        if head[1] == CIPHERS["aes-256-gcm"]:
            body = AESGCM(key).encrypt(nonce, content, associated)
        else:
            encryptor = Cipher(algorithms.SM4(key[:16]), modes.GCM(nonce)).encryptor()
            encryptor.authenticate_additional_data(associated)
            body = encryptor.update(content) + encryptor.finalize() + encryptor.tag
        return head + nonce + body

    def unseal(self, purpose: str, data: bytes, bound_to: str) -> bytes:
        """What was sealed; raises KeyMissing or Unreadable."""
        head, nonce, body = data[:HEAD_BYTES], data[HEAD_BYTES : HEAD_BYTES + NONCE_BYTES], data[HEAD_BYTES + NONCE_BYTES :]
        if len(body) < TAG_BYTES or head[0] != FORMAT:
            raise Unreadable(purpose)
        key = self._key(int.from_bytes(head[2:4], "big"))
        associated = head + f"{purpose}\0{bound_to}".encode()
        try:
            if head[1] == CIPHERS["aes-256-gcm"]:
                return AESGCM(key).decrypt(nonce, body, associated)
            mode = modes.GCM(nonce, body[-TAG_BYTES:])
            decryptor = Cipher(algorithms.SM4(key[:16]), mode).decryptor()
            decryptor.authenticate_additional_data(associated)
            return decryptor.update(body[:-TAG_BYTES]) + decryptor.finalize()
        except InvalidTag:
            raise Unreadable(purpose) from None

    # -- blind indexes --------------------------------------------------------------------------------------------------

    def blind_index(self, purpose: str, value: str) -> bytes:
        """A keyed fingerprint (32 bytes) for finding equal values without decrypting."""
        self._look()
        return self._index(self.current, purpose, value)

    def blind_indexes(self, purpose: str, value: str) -> list[bytes]:
        """The fingerprints under every key, the current one's first: look-ups take them all while keys are changed."""
        self._look()
        order = [self.current, *sorted((number for number in self._keys if number != self.current), reverse=True)]
        return list(dict.fromkeys(self._index(number, purpose, value) for number in order))

    def _index(self, number: int, purpose: str, value: str) -> bytes:
        return hmac.new(self._index_keys[number], f"{purpose}\0{value}".encode(), hashlib.sha256).digest()


def keyring() -> Keyring:
    """The keyring of the running application."""
    from flask import current_app

    ring: Keyring = current_app.extensions["portal"].keyring
    return ring
