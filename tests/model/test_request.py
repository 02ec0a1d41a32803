"""A job request: what each bound refuses, by which code and field; and the body of DESIGN 4."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura_tui.brief.title import title_of
from aura_tui.errors import Code, InputError
from aura_tui.model.request import (
    MAX_TEXT_CHARS,
    MAX_TOPIC_CHARS,
    Brief,
    JobRequest,
    Options,
    PlanSpec,
    RenderSpec,
    VoiceSpec,
    frame_size,
    parse_duration,
)
from aura_tui.model.request_check import check
from tests.model.strategies import texts

if TYPE_CHECKING:
    from collections.abc import Callable

TOPIC = Brief(topic="Rivers")


def refusal(call: Callable[[], object]) -> tuple[Code, str | None]:
    """The code and field of the InputError that ``call`` raises; its texts are one line each."""
    with pytest.raises(InputError) as caught:
        call()
    error = caught.value
    for text in (error.message, error.remediation):
        assert text
        assert text.isprintable()
    return error.code, error.field


def test_a_topic_or_a_text_is_all_it_takes() -> None:
    check(JobRequest(brief=TOPIC))
    check(JobRequest(brief=Brief(text="# Rivers\n\nThey flow.")))


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [
        (None, None),
        (90, 90),
        (5, 5),
        (3600, 3600),
        (12.5, 12.5),
        ("90", 90),
        ("90s", 90),
        ("1m30s", 90),
        ("2m", 120),
        ("1h", 3600),
        ("1:30", 90),
        ("00:01:30", 90),
        ("00:01:30.500", 90.5),
        (" 00:01:30 ", 90),
        ("1M30S", 90),
        ("PT1M30S", 90),
        ("P0DT0H1M30S", 90),
        ("pt90,5s", 90.5),
    ],
)
def test_a_duration_is_seconds_or_a_time(duration: float | str | None, seconds: float) -> None:
    assert parse_duration(duration) == seconds


@pytest.mark.parametrize("duration", [99_999_999, "99999999", "99999999s", "27777h46m39s"])
def test_a_length_that_is_too_long_is_told_as_one(duration: float | str) -> None:
    with pytest.raises(InputError, match=r"A duration of 99999999 s is outside 5 s to 3600 s"):
        parse_duration(duration)


def test_what_a_duration_may_look_like_is_said() -> None:
    with pytest.raises(InputError) as caught:
        parse_duration("soon")
    assert all(form in caught.value.remediation for form in ("90", "1m30s", "00:01:30"))


@pytest.mark.parametrize(
    "duration",
    [
        *(0, -1, 4.99, 3600.1, 360_000, math.nan, math.inf, -math.inf, 10**400),
        *("", " ", "soon", "0", "-90", "1e2", "nan", "inf", "100:00:00", "1:2:3:4", "90 90"),
        *("P", "PT", "P1M", "P0D", "P1DT", "-PT90S", "PT90"),
        *("1:5", "0x5a", "9" * 100_000, "\x1b[31m90", "90\n90", "\ud800"),
    ],
)
def test_what_is_no_duration_is_refused(duration: float | str) -> None:
    expected = (Code.DURATION_INVALID, "planSpec.targetDuration")
    assert refusal(lambda: parse_duration(duration)) == expected
    request = JobRequest(brief=TOPIC, plan_spec=PlanSpec(target_duration=duration))
    assert refusal(lambda: check(request)) == expected


@pytest.mark.parametrize(
    ("res", "aspect", "size"),
    [
        ("", "", (1280, 720)),
        ("720p", "9:16", (720, 1280)),
        ("720p", "1:1", (720, 720)),
        ("1080p", "16:9", (1920, 1080)),
        ("1440P", "", (2560, 1440)),
        ("480p", "", (854, 480)),
        ("360p", "", (640, 360)),
        ("540p", "9:16", (540, 960)),
        ("640x480", "", (640, 480)),
        ("1280\u00d7720", "16:9", (1280, 720)),
        ("128x128", "1:1", (128, 128)),
        ("3840x2160", "", (3840, 2160)),
    ],
)
def test_a_frame_is_a_name_with_an_aspect_or_two_sides(
    res: str, aspect: str, size: tuple[int, int]
) -> None:
    assert frame_size(res, aspect) == size


@pytest.mark.parametrize(
    ("res", "aspect", "field"),
    [
        ("731p", "", "renderSpec.res"),
        ("big", "", "renderSpec.res"),
        ("1280", "", "renderSpec.res"),
        ("1281x720", "", "renderSpec.res"),
        ("126x126", "", "renderSpec.res"),
        ("3842x2160", "", "renderSpec.res"),
        ("99999999999x2", "", "renderSpec.res"),
        ("0x0", "", "renderSpec.res"),
        ("-2x-2", "", "renderSpec.res"),
        ("2000x200", "", "renderSpec.res"),
        ("\x1b[31m\ud800", "", "renderSpec.res"),
        ("1280x720", "1:1", "brief.aspect"),
        ("720p", "4:3", "brief.aspect"),
        ("720p", "x" * 400, "brief.aspect"),
    ],
)
def test_what_is_no_frame_is_refused(res: str, aspect: str, field: str) -> None:
    assert refusal(lambda: frame_size(res, aspect)) == (Code.RESOLUTION_INVALID, field)


@settings(deadline=None)
@given(st.sampled_from(("16:9", "9:16", "1:1", "")), st.integers(0, 5000), st.integers(0, 5000))
def test_every_frame_that_passes_can_be_encoded(aspect: str, width: int, height: int) -> None:
    try:
        size = frame_size(f"{width}x{height}", aspect)
    except InputError:
        return
    assert size == (width, height)
    assert width % 2 == height % 2 == 0
    assert 128 <= min(size) <= max(size) <= 3840


OUT = Code.OPTION_INVALID


@pytest.mark.parametrize(
    ("request_", "code", "field"),
    [
        (JobRequest(), Code.BRIEF_EMPTY, "brief"),
        (JobRequest(brief=Brief(topic=" ", text="\n\t")), Code.BRIEF_EMPTY, "brief"),
        (
            JobRequest(brief=Brief(topic="t" * (MAX_TOPIC_CHARS + 1))),
            Code.BRIEF_TOO_LARGE,
            "brief.topic",
        ),
        (
            JobRequest(brief=Brief(text="t" * (MAX_TEXT_CHARS + 1))),
            Code.BRIEF_TOO_LARGE,
            "brief.text",
        ),
        (JobRequest(brief=Brief(text="a\0b")), Code.BRIEF_NOT_TEXT, "brief"),
        (JobRequest(brief=Brief(topic="half \ud83d")), Code.BRIEF_NOT_TEXT, "brief"),
        (JobRequest(brief=Brief(topic="t", tone="x" * (500 + 1))), OUT, "brief.tone"),
        (JobRequest(brief=Brief(topic="t", goal="\ud83d")), OUT, "brief.goal"),
        (
            JobRequest(brief=TOPIC, voice_spec=VoiceSpec(voice_name="\0")),
            OUT,
            "voiceSpec.voiceName",
        ),
        (JobRequest(brief=TOPIC, options=Options(theme="x" * 10**6)), OUT, "options.theme"),
        (JobRequest(brief=TOPIC, plan_spec=PlanSpec(style="\0")), OUT, "planSpec.style"),
        *(
            (JobRequest(brief=TOPIC, render_spec=spec), OUT, f"renderSpec.{field}")
            for field, spec in (
                ("fps", RenderSpec(fps=4)),
                ("fps", RenderSpec(fps=61)),
                ("container", RenderSpec(container="avi")),  # type: ignore[arg-type]
                ("codec", RenderSpec(codec="vp9")),  # type: ignore[arg-type]
                ("qualityLevel", RenderSpec(quality_level=-1)),
                ("qualityLevel", RenderSpec(quality_level=101)),
                ("videoBitrateK", RenderSpec(video_bitrate_k=99)),
                ("videoBitrateK", RenderSpec(video_bitrate_k=100_001)),
                ("audioBitrateK", RenderSpec(audio_bitrate_k=31)),
                ("audioBitrateK", RenderSpec(audio_bitrate_k=513)),
            )
        ),
        *(
            (JobRequest(brief=TOPIC, voice_spec=spec), OUT, f"voiceSpec.{field}")
            for field, spec in (
                ("rate", VoiceSpec(rate=0.49)),
                ("rate", VoiceSpec(rate=2.01)),
                ("rate", VoiceSpec(rate=math.nan)),
                ("pitch", VoiceSpec(pitch=0.49)),
                ("pitch", VoiceSpec(pitch=math.inf)),
                ("pause", VoiceSpec(pause=-0.1)),
                ("pause", VoiceSpec(pause=10.1)),
                ("pause", VoiceSpec(pause=math.nan)),
            )
        ),
        (JobRequest(brief=TOPIC, priority=101), OUT, "priority"),
        (JobRequest(brief=TOPIC, priority=-101), OUT, "priority"),
        (
            JobRequest(brief=TOPIC, render_spec=RenderSpec(res="1x1")),
            Code.RESOLUTION_INVALID,
            "renderSpec.res",
        ),
    ],
)
def test_each_bound_has_its_code_and_field(request_: JobRequest, code: Code, field: str) -> None:
    assert refusal(lambda: check(request_)) == (code, field)


def test_the_bounds_themselves_are_allowed() -> None:
    check(
        JobRequest(
            brief=Brief(topic="t" * MAX_TOPIC_CHARS, text="t" * MAX_TEXT_CHARS, tone="x" * 500),
            voice_spec=VoiceSpec(rate=0.5, pitch=2.0, pause=0),
            render_spec=RenderSpec(
                fps=60, quality_level=100, video_bitrate_k=100, audio_bitrate_k=512
            ),
            priority=-100,
        )
    )


def decode(body: object) -> JobRequest:
    return msgspec.json.decode(json.dumps(body).encode(), type=JobRequest)


def test_the_contracts_body_reads() -> None:
    request = decode(
        {
            "brief": {
                "topic": "Rivers",
                "text": "They flow.",
                "audience": "children",
                "goal": "learn",
                "tone": "warm",
                "language": "en",
                "aspect": "9:16",
            },
            "planSpec": {
                "targetDuration": "00:01:30",
                "pacing": "calm",
                "density": "low",
                "style": "plain",
            },
            "voiceSpec": {"voiceName": "en", "rate": 1, "pitch": 1.1, "pause": 0.5},
            "renderSpec": {
                "res": "1080p",
                "container": "mp4",
                "videoBitrateK": 4000,
                "audioBitrateK": 128,
                "fps": 30,
                "codec": "h264",
                "qualityLevel": 60,
            },
            "options": {"burnCaptions": True, "fresh": True, "theme": "aurora"},
            "priority": 5,
            "unknown": {"to": "us"},
        }
    )
    check(request)
    assert parse_duration(request.plan_spec.target_duration) == 90
    assert (request.voice_spec.voice_name, request.render_spec.video_bitrate_k) == ("en", 4000)
    assert frame_size(request.render_spec.res, request.brief.aspect) == (1080, 1920)
    assert request.options.burn_captions
    assert msgspec.json.decode(msgspec.json.encode(request), type=JobRequest) == request


@pytest.mark.parametrize("duration", [90, 90.0, "90", "00:01:30"])
def test_a_target_duration_is_a_number_or_a_text(duration: float | str) -> None:
    request = decode({"brief": {"topic": "t"}, "planSpec": {"targetDuration": duration}})
    assert parse_duration(request.plan_spec.target_duration) == 90


@pytest.mark.parametrize(
    "body",
    [
        {"brief": "Rivers"},
        {"brief": {"topic": 5}},
        {"planSpec": {"targetDuration": True}},
        {"planSpec": {"targetDuration": [90]}},
        {"renderSpec": {"fps": "30"}},
        {"renderSpec": {"fps": 29.97}},
        {"priority": "high"},
        [],
        None,
    ],
)
def test_a_body_of_wrong_types_does_not_decode(body: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        decode(body)


def test_only_what_differs_from_the_default_is_written() -> None:
    request = JobRequest(brief=TOPIC, priority=3)
    assert json.loads(msgspec.json.encode(request)) == {"brief": {"topic": "Rivers"}, "priority": 3}


@settings(deadline=None)
@given(texts, texts, texts, st.floats() | texts, st.floats(), st.integers())
def test_any_request_is_sound_or_refused(
    topic: str, text: str, res: str, duration: float | str, rate: float, number: int
) -> None:
    request = JobRequest(
        brief=Brief(topic=topic, text=text, tone=res),
        plan_spec=PlanSpec(target_duration=duration),
        voice_spec=VoiceSpec(rate=rate, voice_name=text),
        render_spec=RenderSpec(res=res, fps=number),
        priority=number,
    )
    title = title_of(request.brief)
    assert len(title) <= 120
    assert title.isprintable() or not title.isascii()
    try:
        check(request)
    except InputError:
        return
    assert msgspec.json.decode(msgspec.json.encode(request), type=JobRequest) == request
