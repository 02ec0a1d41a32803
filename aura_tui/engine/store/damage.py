"""What an error of SQLite's says: of the file, of its surroundings, or only of this moment."""

from __future__ import annotations

import sqlite3

# Python trips over what a damaged file makes SQLite say of it.
DAMAGE = (sqlite3.DatabaseError, UnicodeDecodeError)

_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
# What SQLite says of a file's surroundings; all else it says of the file itself.
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
    """Whether the file itself is at fault."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)  # Python's own have none
    return code == sqlite3.SQLITE_IOERR_SHORT_READ or code & 0xFF not in _SURROUNDINGS


def is_busy(error: Exception) -> bool:
    """Whether another process holds a lock: that passes."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _BUSY
