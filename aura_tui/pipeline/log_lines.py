"""The texts of the job's log that stages share: ranges of scenes, FFmpeg's command. Pure.

The log has one line per scene and stage for new work, and one per stage for all reused work, so
that its length grows with what was done: at most about three lines per scene.
"""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from aura_tui.model.text.plural import plural
from aura_tui.model.text.sanitize import clean_line

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from aura_tui.providers.ffmpeg import FFmpeg

_MAX_RANGES = 8
_MAX_COMMAND = 400


def scenes_reused(numbers: Iterable[int]) -> str:
    """``Reused scenes 1-4, 7``; "" for none."""
    found = sorted(set(numbers))
    if not found:
        return ""
    ranges: list[list[int]] = []
    for number in found:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    texts = [str(a) if a == b else f"{a}-{b}" for a, b in ranges[:_MAX_RANGES]]
    more = sum(b - a + 1 for a, b in ranges[_MAX_RANGES:])
    also = f" and {more} more" if more else ""
    return f"Reused {plural(len(found), 'scene')} {', '.join(texts)}{also}"


# Options, each with a value, that say little about what a command does.
_DETAILS = frozenset(
    (
        *("-pix_fmt", "-color_range", "-colorspace", "-color_primaries", "-color_trc", "-safe"),
        *("-threads", "-filter_threads", "-x264-params", "-aac_coder", "-map", "-map_metadata"),
        *("-map_chapters", "-metadata:s:a:0", "-metadata:s:s:0", "-bsf:v", "-movie_timescale"),
        *("-video_track_timescale", "-movflags"),
    )
)


def command(ffmpeg: FFmpeg, arguments: Iterable[str | Path]) -> str:
    """FFmpeg's command on one line, without details, and with names instead of paths: the log may
    be read on another machine. The FFmpeg log has it all."""
    words: list[str] = []
    rest = iter(map(str, (ffmpeg.path, *arguments)))
    shortened = ""
    for word in rest:
        if word in _DETAILS:
            next(rest, None)
            shortened = " (shortened)"
        else:
            words.append(os.path.basename(word) if os.path.isabs(word) else word)
    return clean_line(shlex.join(words), _MAX_COMMAND) + shortened
