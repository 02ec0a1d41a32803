"""The body of a new job: what is read, and what each wrong field is told."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from aura_tui.errors import Code, InvalidRequest
from aura_tui.model.request import (
    Brief,
    JobRequest,
    Origin,
    PlanSpec,
    RenderSpec,
    VoiceSpec,
    parse_duration,
)
from aura_tui.server.request_body import read_request

HERE = Origin()


def refused(tree: object) -> list[str]:
    """The fields that are named, in order."""
    with pytest.raises(InvalidRequest) as caught:
        read_request(json.dumps(tree).encode(), HERE)
    assert caught.value.field == caught.value.faults[0].field
    for fault in caught.value.faults:
        assert fault.message
        assert fault.remediation
    return [fault.field or "" for fault in caught.value.faults]


def test_every_field_of_the_design_is_read() -> None:
    tree = {
        "brief": {"topic": "Rivers", "text": "Water runs.", "language": "en", "aspect": "16:9"},
        "planSpec": {"targetDuration": "00:00:30", "pacing": "calm"},
        "voiceSpec": {"voiceName": "en", "rate": 1, "pitch": 1.1, "pause": 0.5},
        "renderSpec": {"res": "720p", "fps": 25.0, "videoBitrateK": 2000, "qualityLevel": 60},
        "options": {"theme": "aurora", "burnCaptions": True},
        "priority": 3,
    }
    request, ignored = read_request(json.dumps(tree).encode(), Origin(owner="t", outside=True))
    assert ignored == ()
    assert request.brief == Brief(topic="Rivers", text="Water runs.", language="en", aspect="16:9")
    assert request.plan_spec == PlanSpec(target_duration="00:00:30", pacing="calm")
    assert request.render_spec == RenderSpec(
        res="720p", fps=25, video_bitrate_k=2000, quality_level=60
    )
    assert request.voice_spec.pause == 0.5
    assert request.options.burn_captions
    assert request.priority == 3
    assert request.origin == Origin(owner="t", outside=True)


def test_null_is_as_good_as_left_out() -> None:
    body = (
        b'{"brief": {"topic": "Rivers", "tone": null}, "planSpec": null, "priority": null, '
        b'"inputs": null}'
    )
    assert read_request(body, HERE) == (JobRequest(brief=Brief(topic="Rivers")), ())


def test_a_request_does_not_say_where_it_came_from() -> None:
    tree = {"brief": {"topic": "x"}, "origin": {"owner": "me", "outside": False}}
    assert refused(tree) == ["origin"]


@pytest.mark.parametrize(
    ("tree", "fields"),
    [
        ({}, ["brief"]),
        ([], [""]),
        ({"brief": "Rivers"}, ["brief"]),
        ({"brief": {"topic": 7}}, ["brief.topic"]),
        ({"breif": {"topic": "x"}}, ["brief", "breif"]),
        ({"brief": {"topic": "x"}, "preset": 7}, ["preset"]),
        ({"brief": {"topic": "x"}, "options": {"quality": "odd"}}, ["options.quality"]),
        ({"brief": {"topic": "x"}, "voiceSpec": {"pause": "odd"}}, ["voiceSpec.pause"]),
        ({"brief": {"topic": "x", "aspect": "Imax"}}, ["brief.aspect"]),
        ({"brief": {"topic": "x"}, "planSpec": {"targetDuration": "-PT1M"}}, None),
        ({"brief": {"topic": "x"}, "planSpec": {"targetDuration": "PT"}}, None),
        ({"brief": {"topic": "x"}, "planSpec": {"targetDuration": -60}}, None),
        ({"brief": {"topic": "x"}, "planSpec": {"pacing": 2}}, ["planSpec.pacing"]),
        ({"brief": {"topic": "x"}, "priority": 1000}, ["priority"]),
        ({"brief": {"topic": "x"}, "priority": True}, ["priority"]),
        ({"brief": {"topic": "x"}, "renderSpec": {"fps": 30.5}}, ["renderSpec.fps"]),
        ({"brief": {"topic": "x"}, "planSpec": {"targetDuration": "soon"}}, None),
        (
            {
                "brief": {"topic": "x", "aspect": "4:3"},
                "renderSpec": {"fps": 3, "container": "mkv", "videoBitrateK": "high"},
                "voiceSpec": {"rate": 9},
            },
            [
                "renderSpec.videoBitrateK",
                "brief.aspect",
                "voiceSpec.rate",
                "renderSpec.container",
                "renderSpec.fps",
            ],
        ),
    ],
)
def test_every_wrong_field_is_named(tree: Any, fields: list[str] | None) -> None:
    assert refused(tree) == (fields or ["planSpec.targetDuration"])


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 50_000, b"[]"])
def test_what_is_no_json_is_refused_as_any_other_body(body: bytes) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_request(body, HERE)
    assert caught.value.code is Code.REQUEST_INVALID
    assert "JSON object" in caught.value.message


def test_a_fault_of_json_says_its_line_and_column() -> None:
    for body, where in (
        (b'{\n  "brief": {"topic": "x",}\n}', "line 2, column 26"),
        (b'{"brief":\n "\xc3\xa4", "\xff"}', "line 2, column 8"),
        (b'{"brief": {"topic": "a\nb"}}', "line 1, column 23"),
        (b'{"a": 1} x', "line 1, column 10"),
        (b'{"a": NaN}', "NaN"),
    ):
        with pytest.raises(InvalidRequest) as caught:
            read_request(body, HERE)
        assert where in caught.value.message, body


def test_a_key_that_is_there_twice_is_refused_by_its_name() -> None:
    for body, fields in (
        (b'{"brief": {"topic": "a", "topic": "b"}}', ["brief.topic"]),
        (
            b'{"brief": {"topic": "a"}, "brief": {"topic": "b"}, "priority": 999}',
            ["brief", "priority"],
        ),
        (b'{"brief": {"topic": "a", "Topic": "b"}}', ["brief.topic"]),
        (b'{"brief": {"topic": "a"}, "x": {"y": {"z": 1, "z": 2}}}', ["z", "x"]),
    ):
        with pytest.raises(InvalidRequest) as caught:
            read_request(body, HERE)
        assert [fault.field for fault in caught.value.faults] == fields, body
        assert "more than once" in caught.value.message


# As its documentation has them: the body of curl, that of its own web client, and a preset.
DOCUMENTED = {
    "brief": {
        "topic": "Introduction to TypeScript",
        "audience": "Web Developers",
        "goal": "Educate",
        "tone": "Professional",
        "language": "en-US",
        "aspect": "Widescreen16x9",
    },
    "planSpec": {
        "targetDuration": "PT1M30S",
        "pacing": "Conversational",
        "density": "Balanced",
        "style": "Modern",
    },
    "voiceSpec": {"voiceName": "en-US-JennyNeural", "rate": 1.0, "pitch": 0.0, "pause": "Natural"},
    "renderSpec": {
        "res": {"width": 1920, "height": 1080},
        "container": "mp4",
        "videoBitrateK": 5000,
        "audioBitrateK": 192,
        "fps": 30,
        "codec": "H264",
        "qualityLevel": "High",
        "enableSceneCut": True,
    },
}


def test_the_documented_body_of_the_wires_origin_is_taken() -> None:
    request, ignored = read_request(json.dumps(DOCUMENTED).encode(), HERE)
    assert request.brief.aspect == "16:9"
    assert request.plan_spec.target_duration == "PT1M30S"
    assert parse_duration("PT1M30S") == 90
    assert request.voice_spec == VoiceSpec()
    assert request.render_spec == RenderSpec(
        res="1920x1080", fps=30, video_bitrate_k=5000, audio_bitrate_k=192, quality_level=80
    )
    assert [line.partition(" was ignored: ")[::2] for line in ignored] == [
        ("voiceSpec.voiceName", "en-US-JennyNeural is a voice of another system"),
        ("renderSpec.enableSceneCut", "unknown field"),
    ]


def test_words_of_other_systems_match_whatever_their_case() -> None:
    def read(section: str, name: str, value: object) -> object:
        given = {"topic": "x", name: value} if section == "brief" else {name: value}
        tree: dict[str, object] = {"Brief": {"Topic": "x"}, section: given}
        if section == "brief":
            del tree["Brief"]
        request, ignored = read_request(json.dumps(tree).encode(), HERE)
        assert ignored == ()
        made = json.loads(msgspec.json.encode(request))
        return made.get(section, {}).get(name)

    for section, name, value, meant in (
        ("brief", "aspect", "vertical9X16", "9:16"),
        ("brief", "aspect", "Square1x1", "1:1"),
        ("brief", "aspect", "9:16", "9:16"),
        ("brief", "aspect", " 1:1 ", "1:1"),
        ("renderSpec", "res", {"Width": 1280.0, "height": 720}, "1280x720"),
        ("voiceSpec", "pause", "Short", 0.25),
        ("voiceSpec", "pause", "LONG", 0.9),
        ("voiceSpec", "pause", "dramatic", 1.2),
        ("voiceSpec", "pause", 1, 1.0),
        ("renderSpec", "qualityLevel", "draft", 20),
        ("renderSpec", "qualityLevel", 75, 75),
        ("options", "Theme", "x", None),
        ("options", "quality", "Fast", None),
    ):
        assert read(section, name, value) == meant, (section, name, value)


def test_a_preset_is_taken_or_named() -> None:
    sample = {
        "preset": "sample-hello-youtube",
        "inputs": {},
        "options": {"allowSkipUnavailable": True, "quality": "high"},
    }
    request, ignored = read_request(json.dumps(sample).encode(), HERE)
    assert request.brief.text
    assert request.plan_spec.target_duration == 25
    assert request.render_spec.quality_level == 80
    assert ignored == ("options.allowSkipUnavailable was ignored: unknown field",)
    for preset, line in (
        ("default", ()),
        ("sample-hello-youtube", ("preset was ignored: the request has its own brief",)),
        ("Podcast", ("preset was ignored: unknown preset 'Podcast'",)),
    ):
        body = json.dumps({"preset": preset, "brief": {"topic": "x"}}).encode()
        assert read_request(body, HERE) == (JobRequest(brief=Brief(topic="x")), line)


def test_no_message_of_a_body_is_empty_or_about_python() -> None:
    body = b'{"brief": {"topic": "x"}, "": 1, "\\u202e": 2}'
    assert read_request(body, HERE).ignored == (
        "'' was ignored: unknown field",
        "'\\u202e' was ignored: unknown field",
    )
    with pytest.raises(InvalidRequest, match="a number has too many digits"):
        read_request(b'{"priority": ' + b"9" * 5000 + b"}", HERE)


def test_what_is_ignored_is_named_with_what_it_may_mean() -> None:
    body = b'{"brief": {"topic": "x", "langauge": "de"}, "colour": "red", "origins": 1}'
    assert read_request(body, HERE).ignored == (
        "colour was ignored: unknown field",
        "origins was ignored: unknown field",
        "brief.langauge was ignored: unknown field (did you mean language?)",
    )
