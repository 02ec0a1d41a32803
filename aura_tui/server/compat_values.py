"""Translates the values of other video generators into ours.

The names are those of Aura Video Studio's API, which this protocol comes from: enums by name
("Widescreen16x9", "Natural"), a resolution as an object, presets. Words match in any case.
"""

from __future__ import annotations

import re
from typing import Any, Final

from aura_tui.model.request import Brief

# Quality in percent, as in ``renderSpec.qualityLevel``; None: the default.
QUALITY: Final[dict[str, int | None]] = {
    "draft": 20,
    "low": 40,
    "fast": 40,
    "medium": None,
    "normal": None,
    "standard": None,
    "balanced": None,
    "high": 80,
    "best": 95,
    "ultra": 95,
}
# Seconds of silence after a scene; None: the default.
PAUSES: Final[dict[str, float | None]] = {
    "none": 0.0,
    "short": 0.25,
    "natural": None,
    "medium": None,
    "long": 0.9,
    "dramatic": 1.2,
}
ASPECTS: Final[dict[str, str]] = {
    "widescreen16x9": "16:9",
    "widescreen": "16:9",
    "landscape": "16:9",
    "16x9": "16:9",
    "vertical9x16": "9:16",
    "vertical": "9:16",
    "portrait": "9:16",
    "9x16": "9:16",
    "square1x1": "1:1",
    "square": "1:1",
    "1x1": "1:1",
}
_WORDS: Final[dict[str, dict[str, Any]]] = {
    "brief.aspect": dict(ASPECTS),
    "voiceSpec.pause": dict(PAUSES),
    "renderSpec.qualityLevel": dict(QUALITY),
    "renderSpec.container": {"mp4": "mp4"},
    "renderSpec.codec": {"h264": "h264", "h.264": "h264", "x264": "h264", "avc": "h264"},
}
# Voices of Azure, Google and Windows: none of our providers has them.
_OTHER_VOICE = re.compile(
    r"[a-z]{2,3}-[A-Z]{2}-(?:\w+Neural|(?:Standard|Wavenet|Neural2|Studio|News)-\w+)"
    r"|(?:Microsoft )?(?:David|Zira|Mark|Hazel)(?: Desktop)?"
)

DEFAULT_PRESET: Final = "default"
SAMPLE_PRESET: Final = "sample-hello-youtube"
SAMPLE_DURATION_S: Final = 25
SAMPLE: Final = Brief(
    topic="Hello, YouTube",
    text=(
        "# Hello, YouTube\n\n"
        "This is a sample video. It was made on this machine, without a network and without "
        "a key.\n\n"
        "## From words to a video\n\n"
        "- A script, cut into scenes\n"
        "- A voice that reads them\n"
        "- A picture for each scene\n"
        "- Captions, in time with the voice\n\n"
        "## Your turn\n\n"
        "Send a text of your own, and watch it become the next video.\n"
    ),
)


def value(name: str, given: object) -> object:
    """``given``, translated for the field if it is another system's value. None: the field's
    default."""
    if isinstance(given, str):
        words = _WORDS.get(name)
        return given if words is None else words.get(given.strip().lower(), given.strip())
    if name == "renderSpec.res" and isinstance(given, dict):
        sides = {str(key).lower(): side for key, side in given.items()}
        numbers = [sides.get("width"), sides.get("height")]
        if len(sides) == 2 and all(
            type(side) is int or (type(side) is float and side.is_integer()) for side in numbers
        ):
            return f"{numbers[0]:.0f}x{numbers[1]:.0f}"
    if name == "voiceSpec.pitch" and given == 0 and type(given) in (int, float):
        return None  # there it is in semitones, 0 being the default; ours is a factor
    return given


def has_other_voice(name: str, given: object) -> bool:
    """Whether the value is a voice of another system."""
    return (
        name == "voiceSpec.voiceName"
        and isinstance(given, str)
        and _OTHER_VOICE.fullmatch(given.strip()) is not None
    )
