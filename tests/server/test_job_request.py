"""The body of a new job: what is read, and what each wrong field is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aura_tui.errors import Code
from aura_tui.model.request import Brief, JobRequest, Origin, PlanSpec, RenderSpec
from aura_tui.server.job_request import RequestRefused, read_request

HERE = Origin()


def refused(tree: object) -> list[str]:
    """The fields that are named, in order."""
    with pytest.raises(RequestRefused) as caught:
        read_request(json.dumps(tree).encode(), HERE)
    assert caught.value.field == caught.value.problems[0].field
    for problem in caught.value.problems:
        assert problem.detail
        assert problem.guidance
        assert problem.code
    return [problem.field for problem in caught.value.problems]


def test_every_field_of_the_design_is_read() -> None:
    tree = {
        "brief": {"topic": "Rivers", "text": "Water runs.", "language": "en", "aspect": "16:9"},
        "planSpec": {"targetDuration": "00:00:30", "pacing": "calm"},
        "voiceSpec": {"voiceName": "en", "rate": 1, "pitch": 1.1, "pause": 0.5},
        "renderSpec": {"res": "720p", "fps": 25.0, "videoBitrateK": 2000, "qualityLevel": 60},
        "options": {"theme": "aurora", "burnCaptions": True},
        "priority": 3,
    }
    request = read_request(json.dumps(tree).encode(), Origin(owner="t", outside=True))
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
    body = b'{"brief": {"topic": "Rivers", "tone": null}, "planSpec": null, "priority": null}'
    assert read_request(body, HERE) == JobRequest(brief=Brief(topic="Rivers"))


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
        ({"brief": {"topic": "x"}, "breif": {}}, ["breif"]),
        ({"brief": {"topic": "x", "colour": "red"}}, ["brief.colour"]),
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
                "renderSpec.fps",
                "renderSpec.container",
                "voiceSpec.rate",
            ],
        ),
    ],
)
def test_every_wrong_field_is_named(tree: Any, fields: list[str] | None) -> None:
    assert refused(tree) == (fields or ["planSpec.targetDuration"])


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 50_000])
def test_what_is_no_json_is_refused_as_any_other_body(body: bytes) -> None:
    with pytest.raises(RequestRefused) as caught:
        read_request(body, HERE)
    assert caught.value.code is Code.REQUEST_INVALID
    assert "JSON object" in caught.value.message
