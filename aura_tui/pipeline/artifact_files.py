"""A job's files: each is there whole, or not at all."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, BinaryIO

from aura_tui.pipeline.context import storage_error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """A file to write: beside ``path`` at first, and when the block has ended well, synced and in
    its place. Raises StageError where the system refuses, in the block as well. Blocks."""
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as e:
        raise storage_error(e) from e
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def save(path: Path, content: bytes) -> None:
    """Write ``content``, as :func:`writing` does. Raises StageError. Blocks."""
    with writing(path) as file:
        file.write(content)
