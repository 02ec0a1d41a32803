"""Parses the output of ``ffmpeg -progress``, without I/O.

The output consists of blocks of ``key=value`` lines, each ended by ``progress=continue`` or
``progress=end`` (FFmpeg documentation, "Main options": -progress). Values may be ``N/A``, and other
text may be mixed in. Unreadable lines are ignored, never an error.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_LINE_BYTES = 1024
_MAX_NUMBER = 1e15


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """One block. None: not reported."""

    frame: int | None = None
    fps: float | None = None
    speed: float | None = None  # seconds of output per second
    size_bytes: int | None = None
    out_time_s: float | None = None
    ended: bool = False


class ProgressParser:
    """An incremental parser from bytes to blocks. Buffers at most one line and one block."""

    def __init__(self) -> None:
        self._rest = b""
        self._skipping = False  # inside a line that is too long for a progress line
        self._block: dict[str, str] = {}

    def feed(self, data: bytes) -> Iterator[Progress]:
        """Parse ``data``; yield each block that it completes."""
        *lines, rest = (self._rest + data).split(b"\n")
        for line in lines:
            if not self._skipping and len(line) <= _MAX_LINE_BYTES:
                block = self.line(line.decode("ascii", "replace"))
                if block is not None:
                    yield block
            self._skipping = False
        if len(rest) > _MAX_LINE_BYTES:
            rest, self._skipping = b"", True
        self._rest = rest

    def line(self, line: str) -> Progress | None:
        """Parse one line; return the block that it completes, else None."""
        key, equals, value = line.strip().partition("=")
        if not equals:
            return None
        if key == "progress":
            block, self._block = self._block, {}
            return _read(block, ended=value.strip() == "end")
        if key in _KEYS:
            self._block[key] = value.strip()
        return None


_KEYS = frozenset({"frame", "fps", "speed", "total_size", "out_time_us"})


def _read(block: dict[str, str], *, ended: bool) -> Progress:
    micros = _number(block.get("out_time_us"))
    return Progress(
        frame=_whole(block.get("frame")),
        fps=_number(block.get("fps")),
        speed=_number(block.get("speed", "").removesuffix("x")),
        size_bytes=_whole(block.get("total_size")),
        out_time_s=None if micros is None else micros / 1e6,
        ended=ended,
    )


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and 0 <= value <= _MAX_NUMBER else None


def _whole(text: str | None) -> int | None:
    value = _number(text)
    return None if value is None else int(value)
