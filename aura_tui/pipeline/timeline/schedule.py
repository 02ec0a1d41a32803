"""When each scene is seen and heard, in whole frames; how its picture moves. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from aura_tui.model.script import SAMPLE_RATE
from aura_tui.model.timeline import Chapter, Motion, sample_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aura_tui.model.script import Scene

LEAD_S = 0.2  # before a scene's speech: the picture arrives first
OPENING_S = 0.4  # the same, before the first word of all
BREATH_S = 0.45  # after a scene's speech, unless the request gives its own pause
CLOSING_S = 0.6  # more, after the last word of all
CROSSFADE_S = 0.5
MIN_CHAPTER_S = 1.0

_ZOOM = 0.06
_ZOOM_PER_S = 0.012  # so that a short scene doesn't rush


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """One scene's place: see :class:`aura_tui.model.timeline.Clip`."""

    start: int
    frames: int
    fade_in: int
    sound_start: int


def lay_out(
    samples: Sequence[int], fps: int, pause_s: float | None, least_s: Sequence[float] = ()
) -> tuple[Slot, ...]:
    """Place scenes whose speech lasts ``samples`` (one entry each) one after another.

    A scene lasts a lead-in, its speech and a breath (``pause_s``; None takes the default), each
    rounded up to whole frames, so speech never reaches into the next scene; and at least its
    ``least_s`` (one entry each; none: no such bound).
    """
    breath = BREATH_S if pause_s is None else pause_s
    last = len(samples) - 1
    slots: list[Slot] = []
    start = 0
    for i, count in enumerate(samples):
        lead = max(1, round((OPENING_S if i == 0 else LEAD_S) * fps))
        speech = -(-count * fps // SAMPLE_RATE)
        after = round((breath + (CLOSING_S if i == last else 0)) * fps)
        frames = max(lead + speech + after, round(least_s[i] * fps) if least_s else 0)
        # A quarter of the shorter neighbour at most: every scene keeps a body of its own.
        longest = min(frames, slots[-1].frames) // 2 if slots else 0
        slots.append(
            Slot(
                start=start,
                frames=frames,
                fade_in=min(round(CROSSFADE_S * fps), longest) // 2 * 2,
                sound_start=sample_at(start + lead, fps),
            )
        )
        start += frames
    return tuple(slots)


def motion(
    number: int, picture: tuple[int, int], frame: tuple[int, int], seconds: float, *, moving: bool
) -> Motion:
    """The windows of scene ``number`` into a picture of ``picture`` pixels for that ``frame``.

    Both windows have the frame's shape, so nothing is stretched. Odd scenes move in, even ones
    out; the pan's direction changes every second scene.
    """
    shape = (frame[0] / frame[1]) / (picture[0] / picture[1])
    width, height = min(1.0, shape), min(1.0, 1 / shape)

    def window(zoom: float, along: float) -> tuple[float, float, float, float]:
        w, h = width / zoom, height / zoom
        # Pan inside what the zoom set free; a picture of another shape stays centred on the rest.
        x = (1 - width) / 2 + (width - w) * along
        y = (1 - h) / 2
        return (round(x, 6), round(y, 6), round(x + w, 6), round(y + h, 6))

    if not moving:
        still = window(1.0, 0.5)
        return Motion(start=still, end=still)
    zoom = 1 + min(_ZOOM, _ZOOM_PER_S * seconds)
    wide, close = window(1.0, 0.5), window(zoom, 0.3 if number // 2 % 2 else 0.7)
    return Motion(start=wide, end=close) if number % 2 else Motion(start=close, end=wide)


def chapters(scenes: Sequence[Scene], slots: Sequence[Slot], fps: int) -> tuple[Chapter, ...]:
    """The chapters: the first begins at 0, and none is shorter than a second.

    A chapter that would be goes to the one before it (the first one to the one after). No scene
    marked as a chapter: no chapters.
    """
    starts = [
        (slot.start, scene.title)
        for scene, slot in zip(scenes, slots, strict=True)
        if scene.chapter
    ]
    if not starts:
        return ()
    end = slots[-1].start + slots[-1].frames
    if starts[0][0] > 0:
        starts.insert(0, (0, scenes[0].title))
    kept: list[tuple[int, str]] = []
    for begin, title in starts:
        if kept and (begin - kept[-1][0]) < MIN_CHAPTER_S * fps:
            kept[-1] = (kept[-1][0], title) if len(kept) == 1 else kept[-1]
            continue
        kept.append((begin, title))
    if len(kept) > 1 and end - kept[-1][0] < MIN_CHAPTER_S * fps:
        kept.pop()
    ends = [begin for begin, _ in kept[1:]] + [end]
    return tuple(
        Chapter(title=title, start=begin, end=stop)
        for (begin, title), stop in zip(kept, ends, strict=True)
    )
