"""The timeline: Composition writes it, Rendering renders it, in whole frames.

Frames are the unit, so that sums are exact at any length: the ends of picture and sound derive
from the same integer. Clips tile the video; a crossfade is centred on the cut between two clips,
half of it in each.
"""

from __future__ import annotations

import msgspec

from aura_tui.model.script import SAMPLE_RATE


class Motion(msgspec.Struct, frozen=True, kw_only=True):
    """Slow zoom and pan of one picture, as crop windows at its first and last visible frame.

    Each window is (x0, y0, x1, y1) in fractions of the picture, 0-1.
    """

    start: tuple[float, float, float, float]
    end: tuple[float, float, float, float]


class Clip(msgspec.Struct, frozen=True, kw_only=True):
    """One scene on screen: frames ``[start, start + frames)``.

    ``fade_in`` frames (even, 0 for a hard cut) blend from the previous clip, half of them before
    ``start``: a clip is visible from ``start - fade_in / 2`` until half the next clip's fade past
    its end.
    """

    scene: int
    title: str
    picture: str  # path of the PNG
    start: int  # frame
    frames: int
    fade_in: int
    motion: Motion
    sound: str  # path of the scene's WAV
    sound_start: int  # sample of the video at which the WAV starts
    sound_samples: int


class Cue(msgspec.Struct, frozen=True, kw_only=True):
    """A caption of one or two lines. Seconds from the video's start."""

    start_s: float
    end_s: float
    lines: tuple[str, ...]


class Chapter(msgspec.Struct, frozen=True, kw_only=True):
    """A chapter: frames ``[start, end)``."""

    title: str
    start: int
    end: int


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """The whole video. ``clips`` tile ``[0, frames)``; cues don't overlap and are in order."""

    title: str
    language: str
    width: int
    height: int
    fps: int
    frames: int
    clips: tuple[Clip, ...]
    cues: tuple[Cue, ...]
    chapters: tuple[Chapter, ...]
    captions: str  # path of the SRT
    narration: str  # path of the mixed WAV: 48 kHz mono, as long as the video
    narration_samples: int

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.frames / self.fps


def sample_at(frame: int, fps: int) -> int:
    """The sample at the start of ``frame``, rounded to the nearest, halves up.

    Computed from the frame number alone, so that errors never accumulate: it is always within half
    a sample of the true time.
    """
    return (2 * frame * SAMPLE_RATE + fps) // (2 * fps)
