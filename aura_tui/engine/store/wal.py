"""A store's write-ahead log read by ourselves, where a disk has changed it.

SQLite stops at the first frame that isn't as written. But the checksum of a frame goes on from
that of the frame before, and both are in the file: so each frame that lies after a damaged one can
still be told to be whole, and most pages are written again a few frames later. What comes of it is
not taken for whole because of that: the rows' own checksums say what is.

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
    """Write to ``into`` the store with every whole frame of ``log`` in its place."""
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
            file.write(b"\1\1")  # it has no log of its own


def _pages(log: bytes, size: int) -> tuple[dict[int, bytes], int]:
    """The newest whole copy of each page up to the last commit, and how many pages the store had
    then; 0 where no commit is whole."""
    if len(log) < _HEADER.size:
        return {}, 0
    told = _HEADER.unpack_from(log)
    before = told[6:]
    # An older log goes on behind this one, in the same file, with other salts.
    salts = told[4:6]
    if before not in _sums(log[:24], b"", (0, 0)):
        salts = _FRAME.unpack_from(log.ljust(56, b"\0"), _HEADER.size)[2:4]
    found: dict[int, bytes] = {}
    waiting: dict[int, bytes] = {}
    count = 0
    for at in range(_HEADER.size, len(log) - _FRAME.size - size + 1, _FRAME.size + size):
        number, commit, *rest = _FRAME.unpack_from(log, at)
        told = (*rest[2:],)
        page = log[at + _FRAME.size : at + _FRAME.size + size]
        whole = number > 0 and told in _sums(log[at : at + 8], page, before)
        before = told
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
    """The checksums that a frame may have, by the order of bytes it was summed in."""
    sums = set[tuple[int, ...]]()
    for order in "<>":
        a, b = before
        words = struct.unpack(f"{order}{(len(head) + len(page)) // 4}I", head + page)
        for even, odd in zip(words[::2], words[1::2], strict=True):
            a = (a + even + b) & _MASK
            b = (b + odd + a) & _MASK
        sums.add((a, b))
    return sums
