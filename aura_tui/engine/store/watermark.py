"""How far the store had come, said beside it: the id of the newest event that was committed.

SQLite takes what it can still read of a write-ahead log for all there ever was: a log that is
cut, changed or gone makes the store shorter without a word. This file is the second witness. It
is one line, written over in place after each commit, so it never says more than the store held.

After a kill all that was committed must be there. After a power cut (another boot of the machine)
only what was synced must, and the mark keeps both.
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
_UNKNOWN = "-" * 36  # where a system doesn't tell its boot, only what was synced is counted on


@cache
def _boot() -> str:
    with contextlib.suppress(OSError, ValueError):
        told = _BOOT.read_text(encoding="ascii").strip()
        if re.fullmatch(r"[0-9a-f-]{36}", told):
            return told
    return _UNKNOWN


class Watermark:
    """The mark of the store at ``store``. One that isn't there, or is damaged, tells nothing."""

    def __init__(self, store: Path) -> None:
        self._path = store.with_name(f"{store.name}-mark")
        self._fd = -1
        self.last = self.synced = 0
        boot = _UNKNOWN
        with contextlib.suppress(OSError):
            found = _LINE.fullmatch(self._path.read_bytes())
            if found and crc32(found[1]) == int(found[5], 16):
                self.last, self.synced, boot = int(found[2]), int(found[3]), found[4].decode()
        #: The id that the store must have come to.
        self.least = self.last if boot == _boot() != _UNKNOWN else self.synced

    def begin(self, last: int) -> None:
        """Go on from a store whose newest id is ``last``."""
        self.last, self.synced = last, min(last, self.synced)

    def move(self, last: int, *, synced: bool) -> None:
        """Events up to ``last`` are committed, and on the disk if ``synced``."""
        self.last = max(last, self.last)
        if synced:
            self.synced = self.last
        line = f"{self.last:019} {self.synced:019} {_boot()}"
        # A disk that takes no more leaves an older mark, which is true as well.
        with contextlib.suppress(OSError):
            if self._fd < 0:
                self._fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            os.pwrite(self._fd, f"{line} {crc32(line.encode()):08x}\n".encode(), 0)

    def close(self) -> None:
        """Let the file go."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
