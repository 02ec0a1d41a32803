"""Joins segments, sound, captions, chapters and title into one MP4 without encoding video again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from aura_tui.model.script import SAMPLE_RATE
from aura_tui.model.text.sanitize import clean_line
from aura_tui.pipeline.encoding.codec_args import timescale
from aura_tui.pipeline.log_lines import command
from aura_tui.pipeline.timeline.iso_639 import iso_639_2
from aura_tui.providers.ffmpeg.job import run
from aura_tui.system import files

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aura_tui.model.timeline import Timeline
    from aura_tui.pipeline.context import StageContext
    from aura_tui.providers.ffmpeg import FFmpeg
    from aura_tui.providers.ffmpeg.progress import Progress


_REORDER = 2  # x264's maximum decoding delay in frames, with a pyramid of B-frames


class Part(msgspec.Struct, frozen=True):
    """An encoded segment."""

    path: Path
    frames: int


async def join(
    ctx: StageContext,
    ffmpeg: FFmpeg,
    timeline: Timeline,
    parts: Sequence[Part],
    sound: Path,
    captions: Path | None,
    out: Path,
    on_progress: Callable[[Progress], None] | None = None,
) -> None:
    """Write ``out`` atomically. ``parts`` may be only the start of the video: sound, captions and
    chapters are then cut to the same length."""
    frames = sum(part.frames for part in parts)
    whole = frames == timeline.frames
    folder = ctx.scratch / f"join-{out.name}"
    folder.mkdir(parents=True, exist_ok=True)
    for number, piece in enumerate(parts):
        link = folder / _link(number)
        link.unlink(missing_ok=True)
        link.symlink_to(piece.path.absolute())
    (folder / "list.txt").write_text(concat_list(parts, timeline.fps))
    (folder / "about.txt").write_text(metadata(timeline, frames), encoding="utf-8")
    language = iso_639_2(timeline.language)
    arguments: list[str | Path] = [
        *("-f", "concat", "-safe", "0", "-i", folder / "list.txt"),
        *(() if whole else ("-t", _seconds(frames, timeline.fps))),
        *("-i", sound, "-f", "ffmetadata", "-i", folder / "about.txt"),
    ]
    if captions is not None:
        arguments += [
            *(() if whole else ("-t", _seconds(frames, timeline.fps))),
            *("-f", "srt", "-i", captions),
        ]
    arguments += ["-map", "0:v", "-map", "1:a", "-map_metadata", "2", "-map_chapters", "2"]
    if captions is not None:
        arguments += ["-map", "3:s", "-c:s", "mov_text", "-metadata:s:s:0", f"language={language}"]
    copied = sound.suffix != ".wav"
    arguments += [
        # Set decode times by frame number: a segment of one or two frames lacks the reordering
        # delay of the others, which would cause a jump in the decode times.
        *("-c:v", "copy", "-bsf:v", f"setts=pts=PTS:dts=(N-{_REORDER})/({timeline.fps}*TB)"),
        *(("-c:a", "copy") if copied else ("-c:a", "aac", "-aac_coder", "fast")),
        *("-metadata:s:a:0", f"language={language}"),
        # By default FFmpeg times chapters in a common multiple of all timescales, in which a
        # chapter of a minute overflows and the chapter track is lost.
        *("-movie_timescale", str(SAMPLE_RATE)),
        *("-video_track_timescale", str(timescale(timeline.fps))),
        *("-movflags", "+faststart", "-f", "mp4"),
    ]
    shown = (f"sound{sound.suffix}" if word is sound else word for word in (*arguments, out))
    ctx.log(f"FFmpeg, to join the video: {command(ffmpeg, shown)}")
    with files.replacing(out, synced=False) as part:
        await run(
            ctx,
            ffmpeg,
            [*arguments, part],
            what="joining the video",
            resolution=f"{timeline.width}x{timeline.height}",
            on_progress=on_progress,
        )


def _link(number: int) -> str:
    return f"{number:05}.mp4"


def concat_list(parts: Sequence[Part], fps: int) -> str:
    """The script for the concat demuxer. It names our links, so no path needs quoting.

    The demuxer counts microseconds; durations are differences of rounded end times, so that the
    rounding error stays below half a microsecond at any length.
    """
    lines = ["ffconcat version 1.0"]
    at = 0
    for number, part in enumerate(parts):
        micros = _micros(at + part.frames, fps) - _micros(at, fps)
        lines.append(f"file {_link(number)}")
        lines.append(f"duration {micros // 1_000_000}.{micros % 1_000_000:06}")
        at += part.frames
    return "\n".join(lines) + "\n"


def _micros(frame: int, fps: int) -> int:
    return (2_000_000 * frame + fps) // (2 * fps)


def _seconds(frames: int, fps: int) -> str:
    return f"{frames / fps:.6f}"


def metadata(timeline: Timeline, frames: int) -> str:
    """FFmpeg's metadata file: the title, and the chapters that start before ``frames``."""
    lines = [";FFMETADATA1", f"title={_escape(timeline.title)}"]
    for chapter in timeline.chapters:
        if chapter.start < frames:
            lines += [
                "[CHAPTER]",
                f"TIMEBASE=1/{timeline.fps}",
                f"START={chapter.start}",
                f"END={min(chapter.end, frames)}",
                f"title={_escape(chapter.title)}",
            ]
    return "\n".join(lines) + "\n"


def _escape(text: str) -> str:
    line = clean_line(text, 250)
    return "".join(f"\\{c}" if c in "=;#\\" else c for c in line)
