"""Looking into a finished video with FFmpeg alone: its frames, its sound, what its file says."""

from __future__ import annotations

import itertools
import re
import struct
import subprocess
from array import array
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from pathlib import Path


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What a video holds."""

    frames: int
    pts: tuple[float, ...]  # of every video packet, sorted, in frames
    steps: tuple[float, ...]  # between the decode times of packets, in frames
    warnings: str  # of a full decode
    about: str  # what `ffmpeg -i` prints


def look(ffmpeg: str, video: Path, fps: int) -> Look:
    """Decode all of ``video`` once."""
    decoded = _run(ffmpeg, "-v", "warning", "-i", video, "-map", "0:v", "-map", "0:a", "-f", "null")
    crc = _run(ffmpeg, "-v", "error", "-i", video, "-map", "0:v", "-c", "copy", "-f", "framecrc")
    base = re.search(r"#tb 0: (\d+)/(\d+)", crc.stdout.decode())
    assert base
    tick = int(base[1]) / int(base[2])
    rows = [r.split(",") for r in crc.stdout.decode().splitlines() if not r.startswith("#")]
    dts = [int(row[1]) * tick * fps for row in rows]
    about = subprocess.run([ffmpeg, "-hide_banner", "-i", video], capture_output=True, check=False)
    frames = _run(ffmpeg, "-v", "error", "-i", video, "-map", "0:v", "-f", "framecrc")
    return Look(
        frames=sum(1 for r in frames.stdout.decode().splitlines() if not r.startswith("#")),
        pts=tuple(sorted(int(row[2]) * tick * fps for row in rows)),
        steps=tuple(b - a for a, b in itertools.pairwise(dts)),
        warnings=decoded.stderr.decode(),
        about=about.stderr.decode(),
    )


def luma(ffmpeg: str, video: Path) -> list[float]:
    """The mean brightness (0-255) of each frame."""
    raw = _run(
        *(ffmpeg, "-v", "error", "-i", video, "-map", "0:v", "-vf", "scale=8:8:flags=area"),
        *("-pix_fmt", "gray", "-f", "rawvideo"),
    ).stdout
    return [sum(raw[i : i + 64]) / 64 for i in range(0, len(raw), 64)]


def rgb(ffmpeg: str, video: Path, frame: int, x: int, y: int) -> tuple[int, int, int]:
    """One pixel of one frame."""
    raw = _run(
        *(ffmpeg, "-v", "error", "-i", video, "-map", "0:v"),
        *("-vf", f"select=eq(n\\,{frame}),crop=2:2:{x}:{y}", "-frames:v", "1"),
        *("-pix_fmt", "rgb24", "-f", "rawvideo"),
    ).stdout
    return raw[0], raw[1], raw[2]


def sound(ffmpeg: str, video: Path) -> array[int]:
    """The sound as 16-bit mono samples at 48 kHz, as a player hears it."""
    raw = _run(
        *(ffmpeg, "-v", "error", "-i", video, "-map", "0:a"),
        *("-ac", "1", "-ar", "48000", "-f", "s16le"),
    ).stdout
    return array("h", raw)


def subtitles(ffmpeg: str, video: Path) -> str:
    """The soft captions, as SRT."""
    return _run(ffmpeg, "-v", "error", "-i", video, "-map", "0:s:0", "-f", "srt").stdout.decode()


def metadata(ffmpeg: str, video: Path) -> str:
    """Title and chapters, as FFmpeg's metadata file."""
    return _run(ffmpeg, "-v", "error", "-i", video, "-f", "ffmetadata").stdout.decode()


def boxes(video: Path) -> list[str]:
    """The MP4's top-level boxes, in order."""
    data = video.read_bytes()
    at, names = 0, []
    while at + 8 <= len(data):
        size, name = struct.unpack(">I4s", data[at : at + 8])
        if size == 1:
            (size,) = struct.unpack(">Q", data[at + 8 : at + 16])
        names.append(name.decode("latin-1"))
        at += max(8, size)
    return names


def _run(*argv: str | Path) -> subprocess.CompletedProcess[bytes]:
    command = [str(a) for a in argv]
    return subprocess.run([*command, "-"], capture_output=True, check=True)
