"""Keys of the deployment and encryption of protected fields.

Keys live in ``instance/keys.json`` (mode 0600), outside the database and its backup. A stored value is
``version | cipher | key id | nonce | ciphertext``; the purpose and the record it belongs to are authenticated with it, so
that a value copied to another row does not decrypt. Equality look-ups go through a keyed blind index.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CIPHERS = {"aes-256-gcm": 1, "sm4-gcm": 2}
FORMAT = 1
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
    """The encryption keys of a deployment: one current key, older ones for reading, one for blind indexes."""

    def __init__(self, current: int, keys: dict[int, bytes], index_key: bytes, cipher: str) -> None:
        self.current = current
        self._keys = keys
        self._index_key = index_key
        self._cipher = cipher

    @classmethod
    def open(cls, instance: Path, cipher: str) -> Keyring:
        """Read the key file of the instance; the first start makes it."""
        path = instance / "keys.json"
        fresh = {
            "current": 1,
            "keys": {"1": secrets.token_hex(KEY_BYTES)},
            "index": secrets.token_hex(KEY_BYTES),
        }
        with contextlib.suppress(FileExistsError):
            write_private(path, json.dumps(fresh))
        data = json.loads(path.read_text(encoding="utf-8"))
        keys = {int(number): bytes.fromhex(key) for number, key in data["keys"].items()}
        if data["current"] not in keys or any(len(key) != KEY_BYTES or len(set(key)) < 8 for key in keys.values()):
            raise KeyMissing(f"{path.name}: the current key is missing or too weak")
        return cls(data["current"], keys, bytes.fromhex(data["index"]), cipher)

    def _key(self, number: int) -> bytes:
        try:
            return self._keys[number]
        except KeyError:
            raise KeyMissing(f"encryption key {number} is not in keys.json of this instance") from None

    def encrypt(self, purpose: str, plaintext: str, bound_to: str) -> bytes:
        """Encrypt ``plaintext`` for the record ``bound_to``."""
        cipher = CIPHERS[self._cipher]
        head = bytes((FORMAT, cipher)) + self.current.to_bytes(2, "big")
        nonce = os.urandom(NONCE_BYTES)
        associated = head + f"{purpose}\0{bound_to}".encode()
        key = self._key(self.current)
        if cipher == CIPHERS["aes-256-gcm"]:
            body = AESGCM(key).encrypt(nonce, plaintext.encode(), associated)
        else:
            encryptor = Cipher(algorithms.SM4(key[:16]), modes.GCM(nonce)).encryptor()
            encryptor.authenticate_additional_data(associated)
            body = encryptor.update(plaintext.encode()) + encryptor.finalize() + encryptor.tag
        return head + nonce + body

    def decrypt(self, purpose: str, data: bytes, bound_to: str) -> str:
        """The plain text of ``data``; raises KeyMissing or Unreadable."""
        head, nonce, body = data[:4], data[4 : 4 + NONCE_BYTES], data[4 + NONCE_BYTES :]
        if len(body) < TAG_BYTES or head[0] != FORMAT:
            raise Unreadable(purpose)
        key = self._key(int.from_bytes(head[2:4], "big"))
        associated = head + f"{purpose}\0{bound_to}".encode()
        try:
            if head[1] == CIPHERS["aes-256-gcm"]:
                return AESGCM(key).decrypt(nonce, body, associated).decode()
            mode = modes.GCM(nonce, body[-TAG_BYTES:])
            decryptor = Cipher(algorithms.SM4(key[:16]), mode).decryptor()
            decryptor.authenticate_additional_data(associated)
            return (decryptor.update(body[:-TAG_BYTES]) + decryptor.finalize()).decode()
        except InvalidTag:
            raise Unreadable(purpose) from None

    def blind_index(self, purpose: str, value: str) -> bytes:
        """A keyed fingerprint (32 bytes) for finding equal values without decrypting."""
        return hmac.new(self._index_key, f"{purpose}\0{value}".encode(), hashlib.sha256).digest()


def keyring() -> Keyring:
    """The keyring of the running application."""
    from flask import current_app

    ring: Keyring = current_app.extensions["portal"].keyring
    return ring
