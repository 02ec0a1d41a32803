"""Mixes the narration: puts every scene's sound into one WAV exactly as long as the video.

Streams block by block, because an hour is 345 MB.
"""

from __future__ import annotations

import asyncio
import os
import struct
import wave
from typing import TYPE_CHECKING

from aura_tui.errors import Code, StageError
from aura_tui.model.script import SAMPLE_RATE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from aura_tui.system.processes import ProcessGroup

_BLOCK = 1 << 18  # bytes at a time
_HEADER = 44

Placed = tuple[str, int, int]  # WAV's path, first sample in the video, samples


def header(samples: int) -> bytes:
    """A RIFF/WAVE header for ``samples`` mono 16-bit samples at 48 kHz."""
    size = samples * 2
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", _HEADER - 8 + size, b"WAVE", b"fmt ", 16),
        *(1, 1, SAMPLE_RATE, SAMPLE_RATE * 2, 2, 16),
        *(b"data", size),
    )


async def mix(
    sounds: Sequence[Placed],
    samples: int,
    out: Path,
    children: ProcessGroup,
    on_sound: Callable[[int], None],
) -> None:
    """Write ``samples`` samples to ``out``: ``sounds``, in order and without overlap, and silence.

    Calls ``on_sound`` with the count after each sound. Raises StageError for a sound that isn't a
    mono 16-bit 48 kHz WAV of its stated length.
    """
    await asyncio.to_thread(out.write_bytes, header(samples))
    at = 0
    for count, (path, start, length) in enumerate(sounds, 1):
        await children.gate()
        if start < at or start + length > samples:
            raise _bad(path, "it is longer than its slot")
        # Each step reopens the file without creating it: after a cancel, a thread may still run
        # and must not recreate the removed file.
        await asyncio.to_thread(_add, out, path, start - at, length)
        at = start + length
        on_sound(count)
    await asyncio.to_thread(_silence, out, samples - at)


def _add(out: Path, path: str, silence: int, length: int) -> None:
    _silence(out, silence)
    try:
        with wave.open(path, "rb") as sound, out.open("r+b") as file:
            file.seek(0, os.SEEK_END)
            shape = (sound.getnchannels(), sound.getsampwidth(), sound.getframerate())
            if shape != (1, 2, SAMPLE_RATE):
                raise _bad(path, "it is not mono 16-bit 48 kHz")
            if sound.getnframes() != length:
                raise _bad(path, f"it has {sound.getnframes()} samples, not {length}")
            while block := sound.readframes(_BLOCK // 2):
                file.write(block)
                length -= len(block) // 2
            if length:
                raise _bad(path, "it ends early")
    except (wave.Error, EOFError, FileNotFoundError) as e:
        raise _bad(path, str(e) or "it ends early") from None


def _silence(out: Path, samples: int) -> None:
    with out.open("r+b") as file:
        file.seek(0, os.SEEK_END)
        left = samples * 2
        while left > 0:
            file.write(bytes(min(left, _BLOCK)))
            left -= _BLOCK


def _bad(path: str, why: str) -> StageError:
    return StageError(
        Code.COMPOSITION_FAILED,
        f"Can't use the sound of a scene: {why} ({path})",
        "Retry with --fresh to make the sound again.",
    )
