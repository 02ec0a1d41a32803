"""The store's high-water mark: a file with the id of the newest committed event.

SQLite accepts the readable part of a write-ahead log as the whole log: if the log is cut, changed
or missing, the store gets shorter silently. This file detects that. It is one line, overwritten in
place after each commit, so it never claims more than the store held.

After a kill everything committed must be there; after a power cut (another boot of the machine)
only what was synced. The mark holds both ids.
"""

from __future__ import annotations

import contextlib
import os
import re
from functools import cache
from pathlib import Path
from zlib import crc32

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_LINE = re.compile(rb"(([0-9]{19}) ([0-9]{19}) ([0-9a-f-]{36})) ([0-9a-f]{8})\n")
_UNKNOWN = "-" * 36  # a system without boot ids: only synced events are required


@cache
def _boot() -> str:
    with contextlib.suppress(OSError, ValueError):
        boot = _BOOT.read_text(encoding="ascii").strip()
        if re.fullmatch(r"[0-9a-f-]{36}", boot):
            return boot
    return _UNKNOWN


class Watermark:
    """The mark of the store at ``store``. A missing or damaged mark requires nothing."""

    def __init__(self, store: Path) -> None:
        self._path = store.with_name(f"{store.name}-mark")
        self._fd = -1
        self.last = self.synced = 0
        boot = _UNKNOWN
        with contextlib.suppress(OSError):
            found = _LINE.fullmatch(self._path.read_bytes())
            if found and crc32(found[1]) == int(found[5], 16):
                self.last, self.synced, boot = int(found[2]), int(found[3]), found[4].decode()
        #: The id that the store must have reached.
        self.least = self.last if boot == _boot() != _UNKNOWN else self.synced

    def begin(self, last: int) -> None:
        """Continue from a store whose newest id is ``last``."""
        self.last, self.synced = last, min(last, self.synced)

    def move(self, last: int, *, synced: bool) -> None:
        """Events up to ``last`` are committed, and on disk if ``synced``."""
        self.last = max(last, self.last)
        if synced:
            self.synced = self.last
        line = f"{self.last:019} {self.synced:019} {_boot()}"
        # On a full disk the older mark stays, which is still correct.
        with contextlib.suppress(OSError):
            if self._fd < 0:
                self._fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            os.pwrite(self._fd, f"{line} {crc32(line.encode()):08x}\n".encode(), 0)

    def close(self) -> None:
        """Close the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
