"""The timeline: what Composition decides and Rendering carries out, in whole frames.

Frames are the unit, so that sums are exact at any length: the picture's end and the sound's end
come from the same integer. Clips tile the video; a crossfade is centred on the cut between two.
"""

from __future__ import annotations

import msgspec


class Motion(msgspec.Struct, frozen=True, kw_only=True):
    """Slow zoom and pan of one picture, as crop windows at its first and last visible frame.

    Each window is (x0, y0, x1, y1) in fractions of the picture, 0-1.
    """

    start: tuple[float, float, float, float]
    end: tuple[float, float, float, float]


class Clip(msgspec.Struct, frozen=True, kw_only=True):
    """One scene on screen: frames ``[start, start + frames)``, plus the half crossfades around."""

    scene: int
    title: str
    picture: str  # path of the PNG
    start: int  # frame
    frames: int
    motion: Motion
    sound: str  # path of the scene's WAV
    sound_start: int  # sample, from the video's start, where the WAV begins
    sound_samples: int


class Cue(msgspec.Struct, frozen=True, kw_only=True):
    """A caption: one or two lines, with its words' times. Seconds from the video's start."""

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
    crossfade: int  # frames of each crossfade, even; 0 for hard cuts
    clips: tuple[Clip, ...]
    cues: tuple[Cue, ...]
    chapters: tuple[Chapter, ...]
    narration: str  # path of the whole mixed WAV: 48 kHz mono, as long as the video
    narration_samples: int

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.frames / self.fps
