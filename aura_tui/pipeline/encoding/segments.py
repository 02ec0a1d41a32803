"""Splits the video into segments: the content of each, frame by frame, and nothing else. Pure.

A scene's body is one segment (a long body several), each crossfade a short one. A segment's content
depends neither on its place in the video nor on its neighbours, so after a change to one scene only
its body and its two crossfades are encoded again; the rest is in the cache.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from aura_tui.model.timeline import Clip, Timeline

MAX_BODY_S = 5.0  # longer bodies are split: keeps all workers busy and loses less on a cancel

Window = tuple[float, float, float, float]


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """A moving picture: frame k of the segment is frame ``offset + k`` of its ``span`` frames."""

    picture: str
    start: Window
    end: Window
    offset: int
    span: int

    def window(self, frame: int) -> Window:
        """The window at a frame of the segment, in fractions of the picture."""
        if self.span < 2 or self.start == self.end:
            return self.start
        t = (self.offset + frame) / (self.span - 1)
        a, b = self.start, self.end
        return (
            a[0] + (b[0] - a[0]) * t,
            a[1] + (b[1] - a[1]) * t,
            a[2] + (b[2] - a[2]) * t,
            a[3] + (b[3] - a[3]) * t,
        )


class Burned(msgspec.Struct, frozen=True, kw_only=True):
    """A caption drawn into frames ``[first, stop)`` of the segment."""

    first: int
    stop: int
    lines: tuple[str, ...]


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """Frames ``[first, first + frames)`` of the video; two layers blend from one to the other."""

    scene: int
    first: int
    frames: int
    layers: tuple[Layer, ...]
    burned: tuple[Burned, ...] = ()

    @property
    def fades(self) -> bool:
        """Whether the segment is a crossfade."""
        return len(self.layers) == 2


def segments(timeline: Timeline, *, burn: bool) -> tuple[Segment, ...]:
    """Split ``timeline`` into segments, in order; they tile ``[0, timeline.frames)``."""
    result: list[Segment] = []
    clips = timeline.clips
    longest = max(1, round(MAX_BODY_S * timeline.fps))

    def add(clip: Clip, first: int, frames: int, *layers: Layer) -> None:
        burned = _burned(timeline, first, frames) if burn else ()
        result.append(
            Segment(scene=clip.scene, first=first, frames=frames, layers=layers, burned=burned)
        )

    for i, clip in enumerate(clips):
        after = clips[i + 1].fade_in if i + 1 < len(clips) else 0
        if clip.fade_in:
            first = clip.start - clip.fade_in // 2
            pair = (_layer(clips, i - 1, first), _layer(clips, i, first))
            add(clip, first, clip.fade_in, *pair)
        first = clip.start + clip.fade_in // 2
        stop = clip.start + clip.frames - after // 2
        parts = math.ceil((stop - first) / longest)
        borders = [first + (stop - first) * n // parts for n in range(parts + 1)]
        for begin, end in itertools.pairwise(borders):
            add(clip, begin, end - begin, _layer(clips, i, begin))
    return tuple(result)


def _layer(clips: tuple[Clip, ...], index: int, first: int) -> Layer:
    clip = clips[index]
    after = clips[index + 1].fade_in if index + 1 < len(clips) else 0
    visible_from = clip.start - clip.fade_in // 2
    still = clip.motion.start == clip.motion.end
    return Layer(
        picture=clip.picture,
        start=clip.motion.start,
        end=clip.motion.end,
        # A still picture is the same in every frame, so its segments should share their keys.
        offset=0 if still else first - visible_from,
        span=1 if still else clip.frames + clip.fade_in // 2 + after // 2,
    )


def _burned(timeline: Timeline, first: int, frames: int) -> tuple[Burned, ...]:
    found: list[Burned] = []
    for cue in timeline.cues:
        begin = max(0, round(cue.start_s * timeline.fps) - first)
        stop = min(frames, round(cue.end_s * timeline.fps) - first)
        if begin < stop:
            found.append(Burned(first=begin, stop=stop, lines=cue.lines))
    return tuple(found)
