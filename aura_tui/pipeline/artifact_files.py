"""A job's files: each is there whole, or not at all."""

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
    """A file to write: beside ``path`` at first, and when the block has ended well, synced and in
    its place. Raises StageError where the system refuses, in the block as well. Blocks."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with files.atomic_writer(path) as file:
            yield file
    except OSError as e:
        raise storage_error(e) from e


def save(path: Path, content: bytes) -> None:
    """Write ``content``, as :func:`writing` does. Raises StageError. Blocks."""
    with writing(path) as file:
        file.write(content)
