"""The keys of an instance, which a backup never holds: packed into one file under a passphrase, to be kept elsewhere."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from portal.backup import BackupError
from portal.crypto import write_private

FORMAT = "portal-keys-1"
KEY_FILE = "backup.key"
FILES = ("secret.key", "keys.json", KEY_FILE)
SHORTEST = 12
COST = 1 << 15


def backup_key(instance: Path) -> bytes:
    """The key that seals backups of this instance, made when it is first needed."""
    path = instance / KEY_FILE
    with contextlib.suppress(FileExistsError):
        write_private(path, secrets.token_hex(32) + "\n")
    return read_key(path)


def read_key(path: Path) -> bytes:
    """A key that seals backups. Raises BackupError when the file is not there or holds none."""
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        raise BackupError(f"{path.name}: no key that seals backups") from None
    if len(key) != 32 or len(set(key)) < 8:
        raise BackupError(f"{path.name}: the key is too weak")
    return key


def _cipher(passphrase: str, salt: bytes) -> AESGCM:
    return AESGCM(Scrypt(salt, 32, COST, 8, 1).derive(passphrase.encode()))


def pack(instance: Path, file: Path, passphrase: str) -> list[str]:
    """Write the keys of an instance to ``file``; returns their names. Raises BackupError."""
    if len(passphrase) < SHORTEST:
        raise BackupError(f"the passphrase needs at least {SHORTEST} characters")
    backup_key(instance)
    held = {name: (instance / name).read_text(encoding="utf-8") for name in FILES if (instance / name).is_file()}
    salt, nonce = os.urandom(16), os.urandom(12)
    sealed = _cipher(passphrase, salt).encrypt(nonce, json.dumps(held).encode(), FORMAT.encode())
    content = {"format": FORMAT, "salt": salt.hex(), "nonce": nonce.hex(), "sealed": sealed.hex()}
    try:
        write_private(file, json.dumps(content))
    except FileExistsError:
        raise BackupError(f"{file.name} is there already") from None
    return sorted(held)


def opened(file: Path, passphrase: str) -> dict[str, str]:
    """Packed keys by their names. Raises BackupError."""
    try:
        content = json.loads(file.read_text(encoding="ascii"))
        salt, nonce, sealed = (bytes.fromhex(content[name]) for name in ("salt", "nonce", "sealed"))
        if content["format"] != FORMAT:
            raise ValueError
    except (OSError, ValueError, KeyError, TypeError):
        raise BackupError(f"{file.name} holds no packed keys") from None
    try:
        held: dict[str, str] = json.loads(_cipher(passphrase, salt).decrypt(nonce, sealed, FORMAT.encode()))
    except InvalidTag:
        raise BackupError("the passphrase is not the one with which the keys were packed") from None
    return held


def put(held: Mapping[str, str], instance: Path) -> None:
    """Write keys into an instance folder that has none."""
    for name in FILES:
        if name in held:
            write_private(instance / name, held[name])


def held_by(instance: Path) -> dict[str, str]:
    """The keys of an instance, for a drill on the same machine."""
    return {name: (instance / name).read_text(encoding="utf-8") for name in FILES if (instance / name).is_file()}
