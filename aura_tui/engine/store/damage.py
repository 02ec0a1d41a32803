"""Classifies SQLite errors: a damaged file, a problem around it (disk, permissions), or a lock."""

from __future__ import annotations

import sqlite3

# UnicodeDecodeError: a damaged file can put invalid text into SQLite's own messages.
DAMAGE = (sqlite3.DatabaseError, UnicodeDecodeError)

_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
# Errors about a file's surroundings; all others are about the file itself.
_SURROUNDINGS = _BUSY | {
    sqlite3.SQLITE_AUTH,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
}


def is_damage(error: Exception) -> bool:
    """Whether the file itself is damaged."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)  # Python's own have none
    return code == sqlite3.SQLITE_IOERR_SHORT_READ or code & 0xFF not in _SURROUNDINGS


def is_busy(error: Exception) -> bool:
    """Whether another process holds a lock, which is temporary."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _BUSY
