"""A job request (DESIGN 4): typed; all fields are optional, except that it needs a topic or a text.

The bounds of each field are defined here once, as constraints on its type. ``request_check.py``
enforces them; the OpenAPI document, the options' help and the form's hints are generated from them.
``pipeline/preflight.py`` checks what only providers know (does the voice exist?).
"""

from __future__ import annotations

import contextlib
import math
import re
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from aura_tui.errors import Code, InputError

MAX_TEXT_CHARS: Final = 1_000_000
MAX_TOPIC_CHARS: Final = 500
MAX_DURATION_S: Final = 3600
MIN_DURATION_S: Final = 5
LONGEST_FITTED_S: Final = 180.0  # a video without a target duration is no longer
_WORDS_A_SECOND = 2.6
MIN_SIDE_PX, MAX_SIDE_PX = 128, 3840
NO_NUL: Final = "^[^\\u0000]*$"  # the pattern of every text in a schema


def _text(max_chars: int) -> Meta:
    # Only for schemas: matching a pattern at each decoding would cost more than everything else.
    return Meta(max_length=max_chars, extra_json_schema={"pattern": NO_NUL})


Text = Annotated[str, _text(500)]  # a tone, a name, a choice
Topic = Annotated[str, _text(MAX_TOPIC_CHARS)]
BriefText = Annotated[str, _text(MAX_TEXT_CHARS)]
DurationS = Annotated[float, Meta(ge=MIN_DURATION_S, le=MAX_DURATION_S)]
VoiceFactor = Annotated[float, Meta(ge=0.5, le=2.0)]
PauseS = Annotated[float, Meta(ge=0.0, le=10.0)]
Fps = Annotated[int, Meta(ge=5, le=60)]
Percent = Annotated[int, Meta(ge=0, le=100)]
VideoBitrateK = Annotated[int, Meta(ge=100, le=100_000)]
AudioBitrateK = Annotated[int, Meta(ge=32, le=512)]
Priority = Annotated[int, Meta(ge=-100, le=100)]
Container = Literal["mp4"]
Codec = Literal["h264", "libx264"]


class _Camel(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """camelCase in JSON; fields with their default value are omitted."""


class Brief(_Camel, frozen=True, kw_only=True):
    """What the video is about. ``text`` is Markdown or plain text; ``topic`` alone is a title.

    ``name`` is the name of the text's file, for people only: nothing is made from it.
    """

    topic: Topic = ""
    text: BriefText = ""
    audience: Text = ""
    goal: Text = ""
    tone: Text = ""
    language: Text = ""  # BCP 47; "": detected from the text
    aspect: Text = ""
    name: Text = ""


class PlanSpec(_Camel, frozen=True, kw_only=True):
    """``target_duration``: see :func:`parse_duration`; None fits the video to the text (up to
    3 minutes)."""

    target_duration: DurationS | str | None = None
    pacing: Text = ""
    density: Text = ""
    style: Text = ""


class VoiceSpec(_Camel, frozen=True, kw_only=True):
    """``rate`` and ``pitch`` are factors, 1.0 is the voice's own; ``pause``: seconds after each
    scene."""

    voice_name: Text = ""
    rate: VoiceFactor = 1.0
    pitch: VoiceFactor = 1.0
    pause: PauseS | None = None


class RenderSpec(_Camel, frozen=True, kw_only=True):
    """``res``: 720p, 1080p, ... or WxH. ``quality_level``: percent; None: CRF 23."""

    res: Text = ""
    container: Container = "mp4"
    video_bitrate_k: VideoBitrateK | None = None
    audio_bitrate_k: AudioBitrateK | None = None
    fps: Fps = 30
    codec: Codec = "h264"
    quality_level: Percent | None = None


class Options(_Camel, frozen=True, kw_only=True):
    """Our own options: providers, theme, burned captions; "" uses the settings."""

    script: Text = ""
    speech: Text = ""
    visuals: Text = ""
    theme: Text = ""
    burn_captions: bool = False
    motion: bool = True
    fresh: bool = False  # reuse no work of earlier jobs


class Origin(_Camel, frozen=True, kw_only=True):
    """Where a request came from; set by the receiver, never by the request itself.

    ``owner``: the id of its token, "" for the engine's own user. ``outside``: it came over a
    network, so paths in its text must not be used. ``folder``: that of the brief's file, where the
    relative paths of its pictures start; "" if it has none, or is outside.
    """

    owner: str = ""
    outside: bool = False
    folder: str = ""


class JobRequest(_Camel, frozen=True, kw_only=True):
    """The body of ``POST /api/jobs``, plus ``origin``. ``priority``: higher runs first."""

    brief: Brief = Brief()
    plan_spec: PlanSpec = PlanSpec()
    voice_spec: VoiceSpec = VoiceSpec()
    render_spec: RenderSpec = RenderSpec()
    options: Options = Options()
    priority: Priority = 0
    origin: Origin = Origin()


_LENGTH = re.compile(
    r"(?:(?P<h>\d{1,20})h)?(?:(?P<m>\d{1,20})m)?(?:(?P<s>\d{1,20}(?:\.\d{1,20})?)s?)?"
)
# Days, too: some serializers write every part ("P0DT0H1M30S"). Years and months have no length.
_ISO_8601 = re.compile(
    r"p(?:(?P<d>\d{1,20})d)?"
    r"(?:t(?:(?P<h>\d{1,20})h)?(?:(?P<m>\d{1,20})m)?(?:(?P<s>\d{1,20}(?:[.,]\d{1,20})?)s)?)?"
)


def parse_duration(value: float | str | None) -> float | None:
    """Parse seconds from a number, "90", "90s", "1m30s", "MM:SS", "HH:MM:SS" or ISO 8601
    ("PT1M30S"); None stays None. Raises InputError, also if out of bounds."""
    if value is None:
        return None
    seconds: float | None = None
    if isinstance(value, str):
        text = value.strip().lower()
        if match := re.fullmatch(r"(?:(\d{1,20}):)?(\d{1,20}):(\d{2}(?:\.\d{1,20})?)", text):
            hours, minutes, rest = match.groups()
            seconds = int(hours or 0) * 3600 + int(minutes) * 60 + float(rest)
        elif (match := _LENGTH.fullmatch(text) or _ISO_8601.fullmatch(text)) and any(
            match.groups()
        ):
            days, hours, minutes = (
                int(match.groupdict().get(part) or 0) for part in ("d", "h", "m")
            )
            rest = float((match["s"] or "0").replace(",", "."))
            seconds = (days * 24 + hours) * 3600 + minutes * 60 + rest
    else:
        with contextlib.suppress(OverflowError):  # an integer beyond the range of floats
            seconds = float(value)
    if seconds is None or not math.isfinite(seconds):
        raise InputError(
            Code.DURATION_INVALID,
            "The duration is not a length of time",
            "Give seconds (90), minutes and seconds (1m30s), HH:MM:SS (00:01:30) or ISO 8601 "
            "(PT1M30S).",
            field="planSpec.targetDuration",
        )
    if not MIN_DURATION_S <= seconds <= MAX_DURATION_S:
        raise InputError(
            Code.DURATION_INVALID,
            f"A duration of {seconds:.12g} s is outside {MIN_DURATION_S} s to {MAX_DURATION_S} s",
            f"Give between {MIN_DURATION_S} seconds and {MAX_DURATION_S // 60} minutes.",
            field="planSpec.targetDuration",
        )
    return seconds


NAMED_HEIGHT = {"360p": 360, "480p": 480, "540p": 540, "720p": 720, "1080p": 1080, "1440p": 1440}
RATIOS = {"16:9": (16, 9), "9:16": (9, 16), "1:1": (1, 1)}


def frame_size(res: str, aspect: str) -> tuple[int, int]:
    """(width, height) in pixels, both even, from "720p" and an aspect, or from "WxH".

    "720p" means a short side of 720 px: 1280x720, 720x1280 or 720x720. Raises InputError, also if
    WxH contradicts the aspect.
    """

    def refuse(message: str, field: str = "renderSpec.res") -> InputError:
        return InputError(
            Code.RESOLUTION_INVALID,
            message,
            "Give 360p, 480p, 540p, 720p, 1080p, 1440p or WIDTHxHEIGHT with even numbers from "
            f"{MIN_SIDE_PX} to {MAX_SIDE_PX}; aspect 16:9, 9:16 or 1:1.",
            field=field,
        )

    if aspect and aspect not in RATIOS:
        raise refuse(f"Unknown aspect {aspect[:20]!r}", "brief.aspect")
    name = (res or "720p").strip().lower()
    if name in NAMED_HEIGHT:
        short = NAMED_HEIGHT[name]
        a, b = RATIOS[aspect or "16:9"]
        long = round(short * max(a, b) / min(a, b) / 2) * 2
        return (long, short) if a >= b else (short, long)
    match = re.fullmatch(r"(\d{1,5})\s*[x\u00d7]\s*(\d{1,5})", name)
    if not match:
        raise refuse(f"Unknown resolution {res[:20]!r}")
    width, height = int(match[1]), int(match[2])
    if width % 2 or height % 2:
        raise refuse(f"The resolution {width}x{height} has an odd side; H.264 needs even ones")
    if not all(MIN_SIDE_PX <= side <= MAX_SIDE_PX for side in (width, height)):
        raise refuse(f"The resolution {width}x{height} is out of range")
    if max(width, height) > 4 * min(width, height):
        raise refuse(f"The resolution {width}x{height} is too narrow to lay out")
    if aspect:
        a, b = RATIOS[aspect]
        if abs(width / height - a / b) > 0.02:
            raise refuse(f"The resolution {width}x{height} is not {aspect}", "brief.aspect")
    return width, height


def reading_length_s(words: int, rate: float = 1.0) -> float:
    """How long it likely takes to speak that many words at ``rate`` times the usual speed."""
    return words / _WORDS_A_SECOND / rate
