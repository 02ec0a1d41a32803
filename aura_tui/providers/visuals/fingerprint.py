"""The content of a file from outside, as a short text for checkpoint keys."""

from __future__ import annotations

import functools
import hashlib
import os

from aura_tui.system.files import open_regular


def fingerprint(path: str) -> str:
    """SHA-256 of the file, hex; "absent" for one that can't be read (drawing will say why).

    Read again only when size or times change. Blocking.
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
