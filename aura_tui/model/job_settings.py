"""What a job was asked to do: the settings that it runs with, for people and programs to read.

Made once, when the job is created, from its request and the engine's settings. Holds no secret, no
URL and no text of the brief.
"""

from __future__ import annotations

import math

import msgspec

from aura_tui.model.text.sanitize import clean, clean_line

_MAX_CHARS = 500
_MAX_PATH_CHARS = 4000
_force = msgspec.structs.force_setattr


class JobSettings(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel"):
    """``brief_name``: the name of the brief's file, "" if it has none; bytes are those of its text
    in UTF-8.

    ``target_seconds``: the requested length; None fits the video to the text. ``resolution`` is
    WIDTHxHEIGHT in pixels, "" if unknown. ``quality`` is in percent, bitrates in kbit/s; None: the
    engine's default. ``voice`` "": chosen by the language; ``language`` "": detected from the text.
    ``rate`` and ``pitch`` are factors, ``pause`` the seconds after each scene. ``script``,
    ``speech`` and ``visuals`` are the providers to try first, "" if unknown. ``output_folder``: an
    absolute path on the engine's machine, "" if the files stay in its home or the reader may not
    know it.
    """

    brief_name: str = ""
    brief_bytes: int = 0
    brief_words: int = 0
    target_seconds: float | None = None
    resolution: str = ""
    aspect: str = ""
    fps: int | None = None
    quality: int | None = None
    video_bitrate_k: int | None = None
    audio_bitrate_k: int | None = None
    burned_captions: bool = False
    motion: bool = True
    fresh: bool = False
    voice: str = ""
    rate: float = 1.0
    pitch: float = 1.0
    pause: float | None = None
    language: str = ""
    theme: str = ""
    script: str = ""
    speech: str = ""
    visuals: str = ""
    output_folder: str = ""

    def __post_init__(self) -> None:
        """Clean and bound everything: it may come from a server."""
        for name in _TEXTS:
            value = getattr(self, name)
            if value and not (len(value) <= _MAX_CHARS and value.isprintable()):
                _force(self, name, clean_line(value, _MAX_CHARS))
        if self.output_folder:
            _force(self, "output_folder", clean(self.output_folder, _MAX_PATH_CHARS))
        for name in ("brief_bytes", "brief_words"):
            if not 0 <= getattr(self, name) <= 1 << 53:
                _force(self, name, 0)
        for name in ("fps", "quality", "video_bitrate_k", "audio_bitrate_k"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1 << 53:
                _force(self, name, None)
            elif isinstance(value, float):  # JSON has one kind of number
                _force(self, name, int(value))
        for name, default in (
            ("target_seconds", None),
            ("pause", None),
            ("rate", 1.0),
            ("pitch", 1.0),
        ):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and 0 <= value <= 1e9):
                _force(self, name, default)


_TEXTS = (
    "brief_name",
    "resolution",
    "aspect",
    "voice",
    "language",
    "theme",
    "script",
    "speech",
    "visuals",
)
