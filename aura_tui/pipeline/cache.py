"""The cache of finished pieces of work, each under the hash of everything it was made from.

Layout: ``root/<key[:2]>/<key>.json`` describes the piece (kind, document, the file's size and
SHA-256); ``<key>.<hash><suffix>`` is its file, with a hash of its bytes. The JSON is written last,
after the file is on disk, so a piece exists completely or not at all: kill -9 and power cuts lose
only the piece being made. If two jobs make the same piece at once, each gets a consistent file and
document, even if their results differ; the last one stays.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from aura_tui.system import files
from aura_tui.system.tasks import run_to_completion

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")

FORMAT = 1  # part of every key: increase it when a stage's result changes for the same inputs


def content_key(kind: str, *inputs: object) -> str:
    """SHA-256 (hex, 40 digits kept) over ``kind`` and the canonical JSON of ``inputs``."""
    data = msgspec.json.encode((FORMAT, kind, inputs), order="deterministic")
    return hashlib.sha256(data).hexdigest()[:40]


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _StoredEntry(msgspec.Struct, frozen=True):
    kind: str
    document: msgspec.Raw
    file: str | None
    size_bytes: int
    sha256: str


_entry_decoder = msgspec.json.Decoder(_StoredEntry)


class CacheEntry(msgspec.Struct, Generic[T], frozen=True):
    """A finished piece. ``path`` is its file (None for a pure document)."""

    key: str
    document: T
    path: Path | None
    reused: bool


class ArtifactCache:
    """The cache of pieces below one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def _folder(self, key: str) -> Path:
        return self.root / key[:2]

    def has(self, key: str) -> bool:
        """Whether the piece exists, judging by its file's size: cheap, and doesn't count as use."""
        try:
            entry = _entry_decoder.decode((self._folder(key) / f"{key}.json").read_bytes())
            size = (self._folder(key) / entry.file).stat().st_size if entry.file else 0
        except (OSError, ValueError, RecursionError):
            return False
        return size == entry.size_bytes

    def find(self, key: str, type_: type[T]) -> CacheEntry[T] | None:
        """The piece under ``key`` if it exists, undamaged and of the right type; else None.

        Removes a damaged piece, which is then made again. Reads the file once to check its hash.
        """
        entry_path = self._folder(key) / f"{key}.json"
        try:
            entry = _entry_decoder.decode(entry_path.read_bytes())
            document = msgspec.json.decode(entry.document, type=type_)
            path = self._folder(key) / entry.file if entry.file else None
            if path is not None and (
                path.stat().st_size != entry.size_bytes or file_sha256(path) != entry.sha256
            ):
                raise ValueError("damaged")
        except OSError:  # missing, or unreadable for now: don't remove it
            return None
        except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
            with contextlib.suppress(OSError):
                entry_path.unlink()
            return None
        with contextlib.suppress(OSError):
            os.utime(entry_path)  # the time of its last use, for the sweep
        return CacheEntry(key, document, path, True)

    async def make(
        self,
        key: str,
        kind: str,
        type_: type[T],
        build: Callable[[Path], Awaitable[T]],
        suffix: str = "",
    ) -> CacheEntry[T]:
        """Find the piece under ``key``, or build and store it.

        ``build(path)`` writes the piece's file to ``path`` (which has ``suffix``; "": the piece is
        only a document) and returns the document. If it raises or is cancelled, nothing is left
        behind.
        """
        found = await asyncio.to_thread(self.find, key, type_)
        if found is not None:
            return found
        folder = self._folder(key)
        folder.mkdir(parents=True, exist_ok=True)
        part = files.part_path(folder / key, suffix=suffix)
        try:
            document = await build(part)
            return await run_to_completion(self._keep, key, kind, document, part, suffix)
        finally:
            part.unlink(missing_ok=True)

    def _keep(self, key: str, kind: str, document: T, part: Path, suffix: str) -> CacheEntry[T]:
        folder = self._folder(key)
        target: Path | None = None
        size, sha = 0, ""
        if suffix:
            files.sync(part)
            size, sha = part.stat().st_size, file_sha256(part)
            target = folder / f"{key}.{sha[:12]}{suffix}"
            files.publish(part, target)
        entry = _StoredEntry(
            kind,
            msgspec.Raw(msgspec.json.encode(document)),
            target.name if target else None,
            size,
            sha,
        )
        files.atomic_write(folder / f"{key}.json", msgspec.json.encode(entry))
        files.sync(folder)
        return CacheEntry(key, document, target, False)

    def sweep(self, older_than_s: float, now: float | None = None) -> int:
        """Remove pieces not used for ``older_than_s`` seconds, and partial files of that age.

        Returns how many files were removed. ``older_than_s`` must be longer than any open job has
        existed: jobs keep the paths of pieces they have found.
        """
        now = time.time() if now is None else now
        gone = 0
        if not self.root.is_dir():
            return 0
        for folder in self.root.iterdir():
            if not folder.is_dir():
                continue
            used: dict[str, float] = {}
            found = [(_key_of(file.name), file) for file in folder.iterdir()]
            for key, file in found:
                with contextlib.suppress(OSError):
                    used[key] = max(used.get(key, 0.0), file.stat().st_mtime)
            for key, file in found:
                if now - used.get(key, now) > older_than_s:
                    with contextlib.suppress(OSError):
                        file.unlink()
                        gone += 1
        # Empty folders stay: a job may be about to write into one.
        return gone


def _key_of(name: str) -> str:
    """The key of the piece that a file belongs to; a partial file has a key of its own."""
    return name if files.is_part(name) else name.split(".", 1)[0]
