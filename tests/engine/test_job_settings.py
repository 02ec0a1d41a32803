"""The settings of a job, from its request and the engine's settings."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec.structs import replace

from aura_tui.brief.source import read_brief
from aura_tui.engine.job_settings import settings_of
from aura_tui.model.request import JobRequest, Options, PlanSpec, RenderSpec, VoiceSpec
from aura_tui.pipeline.stages.script import _inputs
from aura_tui.settings import (
    ScriptSettings,
    Secret,
    Settings,
    SpeechSettings,
    VisualsSettings,
)
from tests.engine.conftest import request

SECRET = "sk-0123456789abcdef"
NETWORK = Settings(
    home=Path("/home"),
    script=ScriptSettings(base_url="https://me:pw@a.example/v1", model="m", api_key=Secret(SECRET)),
    speech=SpeechSettings(voice="anna", rate=1.25),
    visuals=VisualsSettings(theme="paper", base_url="https://b.example/v1?key=k", model="i"),
)


def test_the_request_comes_first_then_the_engines_settings() -> None:
    found = settings_of(request("two words"), NETWORK, None)
    assert (found.voice, found.rate, found.theme) == ("anna", 1.25, "paper")
    assert (found.script, found.speech, found.visuals) == ("llm", "espeak", "openai")
    asked = JobRequest(
        brief=request("\u00e4 b").brief,
        plan_spec=PlanSpec(target_duration="1m30s"),
        voice_spec=VoiceSpec(voice_name="de", rate=0.9),
        render_spec=RenderSpec(res="640x480"),
        options=Options(theme="mono", script="outline", visuals="cards"),
    )
    found = settings_of(asked, NETWORK, Path("/out"))
    assert (found.voice, found.rate, found.theme) == ("de", 0.9, "mono")
    assert (found.script, found.visuals) == ("outline", "cards")
    assert (found.target_seconds, found.resolution, found.aspect) == (90.0, "640x480", "")
    assert (found.brief_bytes, found.brief_words, found.output_folder) == (4, 2, "/out")


def test_no_key_and_no_address_is_in_it() -> None:
    told = msgspec.json.encode(settings_of(request(), NETWORK, None)).decode()
    for hidden in (SECRET, "pw", "example", "key="):
        assert hidden not in told


def test_a_briefs_file_gives_its_name_alone_and_makes_no_other_script(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("# Rivers\n\nWater runs.\n")
    brief = read_brief(str(tmp_path / "notes.md"))
    assert brief.name == "notes.md"
    named, same = (replace(request(), brief=replace(brief, name=n)) for n in ("a.md", "b.md"))
    assert _inputs(named) == _inputs(same)
