"""Fingerprints of the user's files, for cache keys."""

from __future__ import annotations

import functools
import hashlib
import os

from aura_tui.system.files import open_regular


def fingerprint(path: str) -> str:
    """The file's SHA-256 in hex; "absent" if it can't be read (drawing then reports why).

    Cached until the file's size or times change. Blocking.
    """
    try:
        stat = os.stat(path)
        return _sha256(path, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
    except OSError:
        return "absent"


@functools.lru_cache(maxsize=512)
def _sha256(path: str, size: int, mtime_ns: int, ctime_ns: int) -> str:
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
