"""Backups: one encrypted file with database, attachments and heads of the trail; the keys apart; and the way back.

``archive`` seals and opens the file, ``making`` and ``restoring`` fill and empty it, ``postgres`` copies the tables of a
PostgreSQL, ``keys`` packs the keys under a passphrase, ``nightly`` is the job.
"""

from portal.errors import DomainError


class BackupError(DomainError):
    """A backup could not be made, or a file is damaged, or its key is another; the words say which."""


__all__ = ["BackupError"]
