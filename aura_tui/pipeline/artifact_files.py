"""Writes a job's finished files atomically."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, BinaryIO

from aura_tui.pipeline.context import storage_error
from aura_tui.system import files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """Yield an open file, which is synced and renamed to ``path`` when the block ends without an
    error. Raises StageError for errors of the system, also in the block. Blocks."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with files.atomic_writer(path) as file:
            yield file
    except OSError as e:
        raise storage_error(e) from e


def save(path: Path, content: bytes) -> None:
    """Write ``content`` as with :func:`writing`. Raises StageError. Blocks."""
    with writing(path) as file:
        file.write(content)
