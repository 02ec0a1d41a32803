"""Schedules scenes in whole frames: the times of picture and sound, and the motion. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from aura_tui.model.script import SAMPLE_RATE
from aura_tui.model.timeline import Chapter, Motion, sample_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aura_tui.model.script import Scene

LEAD_S = 0.2  # from the start of a scene to its speech
OPENING_S = 0.4  # the same for the first scene
BREATH_S = 0.45  # pause after a scene's speech, unless the request gives one
CLOSING_S = 0.6  # extra pause after the last scene's speech
CROSSFADE_S = 0.5
MIN_CHAPTER_S = 1.0

_ZOOM = 0.06
_ZOOM_PER_S = 0.012  # limits the speed in a short scene


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """A scene's place in the video; for the fields see :class:`aura_tui.model.timeline.Clip`."""

    start: int
    frames: int
    fade_in: int
    sound_start: int


def lay_out(
    samples: Sequence[int], fps: int, pause_s: float | None, min_s: Sequence[float] = ()
) -> tuple[Slot, ...]:
    """Place scenes, whose speech lasts ``samples`` (one entry each), one after another.

    A scene consists of a lead-in, its speech and a pause (``pause_s``; None: the default). Speech
    is rounded up to whole frames, so it never reaches into the next scene. ``min_s`` gives each
    scene's minimum seconds (one entry each; empty: no minimum).
    """
    breath = BREATH_S if pause_s is None else pause_s
    last = len(samples) - 1
    slots: list[Slot] = []
    start = 0
    for i, count in enumerate(samples):
        lead = max(1, round((OPENING_S if i == 0 else LEAD_S) * fps))
        speech = -(-count * fps // SAMPLE_RATE)
        after = round((breath + (CLOSING_S if i == last else 0)) * fps)
        frames = max(lead + speech + after, round(min_s[i] * fps) if min_s else 0)
        # A fade covers at most a quarter of either neighbour, so that every scene keeps a body.
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
    """The crop windows of scene ``number``; ``picture`` and ``frame`` are sizes in pixels.

    Both windows have the frame's aspect ratio, so nothing is stretched. Odd scenes zoom in, even
    ones out; the pan direction changes every second scene.
    """
    shape = (frame[0] / frame[1]) / (picture[0] / picture[1])
    width, height = min(1.0, shape), min(1.0, 1 / shape)

    def window(zoom: float, along: float) -> tuple[float, float, float, float]:
        w, h = width / zoom, height / zoom
        # Pan only within the margin of the zoom; a picture of another shape stays centred.
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
    """The chapters of the video; the first starts at 0, and none is shorter than MIN_CHAPTER_S.

    A shorter one is merged into the previous chapter (the first one into the next). Empty if no
    scene is marked as a chapter.
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
