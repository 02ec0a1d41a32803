"""Reads the write-ahead log of a damaged store beyond the damage.

SQLite stops at the first damaged frame. But the checksum of a frame continues that of the frame
before, and both are in the file: so later frames can still be verified, and most pages are written
again a few frames later. The result may still mix pages of different times: the rows' own
checksums decide which jobs are whole.

Format: https://www.sqlite.org/fileformat2.html#walformat
"""

from __future__ import annotations

import os
import shutil
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_HEADER = struct.Struct(">8I")  # magic, version, page size, checkpoint, two salts, checksum
_FRAME = struct.Struct(">6I")  # page, pages of the store if it ends a commit, salts, checksum
_PAGE = 4096  # SQLite's own choice since 2016, and ours
_MASK = 0xFFFFFFFF


def rebuild(store: Path, log: Path, into: Path) -> None:
    """Write the store to ``into``, with the pages of every whole frame of ``log``."""
    if store.exists():
        shutil.copyfile(store, into)
    else:
        into.touch()
    with into.open("r+b") as file:
        pages, count = _pages(log.read_bytes(), _PAGE)
        for number, page in pages.items():
            if number <= count:
                file.seek((number - 1) * _PAGE)
                file.write(page)
        if count:
            file.truncate(count * _PAGE)
        if file.seek(0, os.SEEK_END) >= _PAGE:
            file.seek(18)
            file.write(b"\1\1")  # the journal mode in the header: not WAL


def _pages(log: bytes, size: int) -> tuple[dict[int, bytes], int]:
    """The newest whole copy of each page up to the last commit, and the store's number of pages
    then; 0 if no commit is whole."""
    if len(log) < _HEADER.size:
        return {}, 0
    fields = _HEADER.unpack_from(log)
    before = fields[6:]
    # The rest of an older log follows this one in the same file, with other salts.
    salts = fields[4:6]
    if before not in _sums(log[:24], b"", (0, 0)):
        salts = _FRAME.unpack_from(log.ljust(56, b"\0"), _HEADER.size)[2:4]
    found: dict[int, bytes] = {}
    waiting: dict[int, bytes] = {}
    count = 0
    for at in range(_HEADER.size, len(log) - _FRAME.size - size + 1, _FRAME.size + size):
        number, commit, *rest = _FRAME.unpack_from(log, at)
        checksum = (*rest[2:],)
        page = log[at + _FRAME.size : at + _FRAME.size + size]
        whole = number > 0 and checksum in _sums(log[at : at + 8], page, before)
        before = checksum
        if not whole:
            continue
        if (*rest[:2],) != salts:
            break
        waiting[number] = page
        if commit:
            found |= waiting
            waiting = {}
            count = commit
    return found, count


def _sums(head: bytes, page: bytes, before: tuple[int, ...]) -> set[tuple[int, ...]]:
    """The checksums that a frame may have, one for each byte order."""
    sums = set[tuple[int, ...]]()
    for order in "<>":
        a, b = before
        words = struct.unpack(f"{order}{(len(head) + len(page)) // 4}I", head + page)
        for even, odd in zip(words[::2], words[1::2], strict=True):
            a = (a + even + b) & _MASK
            b = (b + odd + a) & _MASK
        sums.add((a, b))
    return sums
