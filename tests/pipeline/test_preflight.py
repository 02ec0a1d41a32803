"""What a request is refused for before its job is queued: all of it at once."""

from __future__ import annotations

import pytest

from aura_tui.errors import Code, InvalidRequest
from aura_tui.model.request import Brief, JobRequest, Options, RenderSpec, VoiceSpec
from aura_tui.pipeline.preflight import check_request
from aura_tui.settings import load
from aura_tui.wire.problem import problem_of


def test_bounds_and_what_only_providers_know_are_reported_together() -> None:
    request = JobRequest(
        brief=Brief(topic="Rivers"),
        render_spec=RenderSpec(fps=3),
        voice_spec=VoiceSpec(voice_name="nobody"),
        options=Options(theme="aurorra", script="no", visuals="\0"),
    )
    with pytest.raises(InvalidRequest) as caught:
        check_request(request, load({"AURA_CONFIG": "/dev/null"}))
    told = [(fault.field, fault.code) for fault in caught.value.faults]
    assert told == [
        ("renderSpec.fps", Code.OPTION_INVALID),
        ("options.visuals", Code.OPTION_INVALID),
        ("options.script", Code.OPTION_INVALID),
        ("voiceSpec.voiceName", Code.VOICE_UNKNOWN),
        ("options.theme", Code.THEME_UNKNOWN),
    ]
    problem = problem_of(caught.value, "c-1")
    assert [(each.field, each.code) for each in problem.errors] == told
    assert problem.detail == problem.errors[0].detail == "renderSpec.fps must be between 5 and 60"
