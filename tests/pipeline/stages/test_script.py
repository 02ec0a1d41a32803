"""The Script stage: one checkpointed piece, checked, written whole; the fallback under auto."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from aura_tui.brief.source import folder_of, read_brief
from aura_tui.errors import Code, StageError
from aura_tui.model.request import Brief, JobRequest, Options, Origin, PlanSpec
from aura_tui.model.script import (
    AnyCard,
    BulletsCard,
    ChartCard,
    CodeCard,
    PictureCard,
    Scene,
    Script,
    StatementCard,
    TableCard,
    TitleCard,
    reading_s,
)
from aura_tui.model.text.slug import slug
from aura_tui.pipeline.stages.script import (
    MAX_NARRATION_CHARS,
    MAX_SCENES,
    sanitize_script,
    write_script,
)
from aura_tui.pipeline.stages.voice import speak_script
from aura_tui.pipeline.timeline.schedule import lay_out
from aura_tui.settings import EngineSettings, ScriptSettings, Settings
from tests.pipeline.stage import Desk, desk
from tests.providers.loopback import Loopback, Reply, json_reply

BRIEFS = Path(__file__).parents[2] / "providers" / "briefs"
TEXT = "# Tea\n\nTea is a leaf in hot water. It wakes you gently.\n\n## Kinds\n\n- Green\n- Black\n"


def stage(home: Path, text: str = TEXT, **script: Any) -> Desk:
    made = desk(home)
    options = Options(script=script.pop("option", ""), fresh=script.pop("fresh", False))
    made.request = JobRequest(brief=Brief(text=text), plan_spec=PlanSpec(), options=options)
    made.settings = Settings(
        home=home,
        script=ScriptSettings(**script),
        engine=EngineSettings(retries=1, retry_base_s=0.0, retry_cap_s=0.0),
    )
    return made


def chat(content: str) -> Reply:
    return json_reply({"choices": [{"message": {"content": content}}]})


REPLY = '{"title": "Tea", "scenes": [{"kind": "title", "title": "Tea", "narration": "On tea."}]}'


LONG = "\n".join(
    (BRIEFS / name).read_text() for name in ("product.md", "report.md", "tutorial.md", "essay.txt")
)


@pytest.mark.parametrize("target", [60.0, 90.0, 150.0])
async def test_where_text_is_left_the_spoken_video_has_the_length_asked_for(
    tmp_path: Path, target: float
) -> None:
    """Within 5 %, by the voice's own time and the timeline's own frames."""
    ctx = desk(tmp_path)
    ctx.request = msgspec.structs.replace(
        ctx.request, brief=Brief(text=LONG), plan_spec=PlanSpec(target_duration=target)
    )
    script = await write_script(ctx)
    spoken = await speak_script(ctx, script)
    min_s = [reading_s(scene.card) for scene in script.scenes]
    last = lay_out([speech.samples for speech in spoken], 30, None, min_s)[-1]
    assert (last.start + last.frames) / 30 == pytest.approx(target, rel=0.05)


async def test_the_script_is_written_whole_beside_the_other_artifacts(tmp_path: Path) -> None:
    ctx = stage(tmp_path)
    script = await write_script(ctx)
    name = f"{slug(script.title)}.script.json"
    path, type_ = ctx.heard.artifacts[name]
    assert type_ == "application/json"
    assert msgspec.json.decode(path.read_bytes(), type=Script) == script
    assert path.read_bytes().startswith(b'{\n  "title"')
    assert [p.name for p in ctx.artifacts.iterdir()] == [name]
    assert ctx.heard.percents[0] == 0
    assert ctx.heard.percents[-1] == 100
    assert ctx.heard.metrics[-1].provider == "outline"


async def test_a_second_job_of_the_same_brief_reuses_the_script(tmp_path: Path) -> None:
    first = stage(tmp_path)
    script = await write_script(first)
    again = stage(tmp_path)
    again.lineage = "job-2"
    assert await write_script(again) == script
    assert (again.reused, again.made) == (1, 0)
    fresh = stage(tmp_path, fresh=True)
    fresh.lineage = "job-3"
    await write_script(fresh)
    assert fresh.made == 1


async def test_what_a_script_depends_on_makes_a_new_one(tmp_path: Path) -> None:
    await write_script(stage(tmp_path))
    other = stage(tmp_path, TEXT + "\nMore of it.\n")
    await write_script(other)
    assert other.made == 1
    longer = stage(tmp_path)
    longer.request = msgspec.structs.replace(
        longer.request, plan_spec=PlanSpec(target_duration="00:00:10")
    )
    await write_script(longer)
    assert longer.made == 1


async def test_a_picture_that_appears_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "leaf.png"
    text = f"# Tea\n\nTea is a leaf.\n\n![A leaf]({file})\n"
    before = await write_script(stage(tmp_path / "home", text))
    file.write_bytes(b"x")
    after = await write_script(stage(tmp_path / "home", text))
    assert len(after.scenes) == len(before.scenes) + 1


async def test_no_path_of_this_machine_reaches_the_script_or_the_text(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    (docs / "img").mkdir(parents=True)
    for name in ("leaf.png", "img/my cup.png"):
        (docs / name).write_bytes(b"x")
    (tmp_path / "pot.png").write_bytes(b"x")
    text = (
        "# Tea\n\nTea is a leaf.\n\n![A leaf](leaf.png)\n\n![A cup](img/my%20cup.png)\n\n"
        "![A pot](../pot.png)\n\nWrite this for a picture:\n\n```md\n![A leaf](leaf.png)\n```\n"
    )
    (docs / "tea.md").write_text(text)
    ctx = stage(tmp_path / "home", text)
    brief = read_brief(str(docs / "tea.md"))
    assert brief.text == text
    origin = Origin(folder=folder_of(str(docs / "tea.md")))
    ctx.request = msgspec.structs.replace(ctx.request, brief=brief, origin=origin)
    script = await write_script(ctx)
    shown = [s.card.path for s in script.scenes if isinstance(s.card, PictureCard)]
    assert shown == [
        str(docs / "leaf.png"),
        str(docs / "img/my cup.png"),
        str(tmp_path / "pot.png"),
    ]
    (file,) = ctx.artifacts.glob("*.script.json")
    written = msgspec.json.decode(file.read_bytes(), type=Script)
    assert [s.card.path for s in written.scenes if isinstance(s.card, PictureCard)] == [
        "leaf.png",
        "img/my cup.png",
        "pot.png",
    ]
    assert str(tmp_path) not in file.read_text()


async def test_a_script_of_an_earlier_release_is_still_valid() -> None:
    earlier = (
        b'{"title":"T","language":"en","scenes":[{"number":1,"title":"T","narration":"N.",'
        b'"card":{"kind":"table","title":"T","header":["a"],"rows":[["1"]]}},{"number":2,'
        b'"title":"T","narration":"N.","card":{"kind":"bullets","title":"T","bullets":["a"]}}]}'
    )
    script = msgspec.json.decode(earlier, type=Script)
    assert (script.left_out, script.scenes[0].lines) == ((), ())


@pytest.mark.parametrize("named", ["{path}", "<{path}>", "{folder}/../{name}/p.png"])
async def test_a_text_from_outside_shows_no_file_of_this_machine(
    tmp_path: Path, named: str
) -> None:
    picture = tmp_path / "p.png"
    picture.write_bytes(b"x")
    at = named.format(path=picture, folder=tmp_path, name=tmp_path.name)
    ctx = stage(tmp_path / "home", f"{TEXT}\n![what it is]({at})\n\nAnd a closing sentence.\n")
    inside = await write_script(ctx)
    assert any(isinstance(scene.card, PictureCard) for scene in inside.scenes)
    ctx.request = msgspec.structs.replace(ctx.request, origin=Origin(outside=True))
    outside = await write_script(ctx)
    assert str(tmp_path) not in repr(outside)


async def test_a_warning_is_said_again_when_its_script_is_reused(tmp_path: Path) -> None:
    for _ in range(2):
        ctx = stage(tmp_path)
        ctx.request = JobRequest(brief=Brief(topic="Tea"))
        await write_script(ctx)
        assert len(ctx.heard.warnings) == 1


async def test_a_language_that_nobody_named_is_judged_and_said_each_time(tmp_path: Path) -> None:
    text = (BRIEFS / "deutsch.md").read_text()
    for reused in (0, 1):
        ctx = stage(tmp_path, text)
        assert (await write_script(ctx)).language == "de"
        assert "Language: de (detected from the text)" in ctx.heard.logs
        assert ctx.reused == reused
    named = stage(tmp_path, text)
    named.request = JobRequest(brief=Brief(text=text, language="de"))
    english = stage(tmp_path)
    for ctx, language in ((named, "de"), (english, "en")):
        assert (await write_script(ctx)).language == language
        assert not any("detected" in line for line in ctx.heard.logs)


async def test_text_that_is_no_utf8_still_gets_a_script(tmp_path: Path) -> None:
    script = await write_script(stage(tmp_path, "Tea \ud800 is a leaf. It is \x1b[31mgreen."))
    assert "Tea is a leaf." in script.scenes[0].narration


async def test_a_model_that_fails_is_replaced_under_auto_with_a_warning(tmp_path: Path) -> None:
    async with Loopback() as server:
        server.otherwise = lambda _: Reply(503)
        ctx = stage(tmp_path, base_url=server.url, model="m")
        script = await write_script(ctx)
        assert script.title == "Tea"
        assert len(script.scenes) > 1
        assert "HTTP 503" in ctx.heard.warnings[0]
        assert ctx.heard.metrics[-1].provider == "outline"
        assert len(server.requests) == 2  # tried again as the settings say


async def test_a_model_that_fails_is_the_error_when_it_was_named(tmp_path: Path) -> None:
    async with Loopback() as server:
        server.otherwise = lambda _: Reply(401)
        ctx = stage(tmp_path, option="llm", base_url=server.url, model="m")
        with pytest.raises(StageError) as caught:
            await write_script(ctx)
        assert caught.value.code is Code.SCRIPT_PROVIDER_REFUSED
        assert ctx.heard.artifacts == {}


async def test_a_models_script_is_kept_for_retries_of_its_job_alone(tmp_path: Path) -> None:
    async with Loopback() as server:
        server.otherwise = lambda _: chat(REPLY)
        for lineage, asked in (("job-1", 1), ("job-1", 1), ("job-2", 2)):
            ctx = stage(tmp_path, base_url=server.url, model="m")
            ctx.lineage = lineage
            await write_script(ctx)
            assert len(server.requests) == asked


# -- sound ----------------------------------------------------------------------------------------


def scene(narration: str = "Words.", card: AnyCard | None = None, number: int = 7) -> Scene:
    return Scene(number=number, title="", narration=narration, card=card or TitleCard(title="T"))


def made_sound(*scenes: Scene) -> Script:
    return sanitize_script(Script(title="T\x07", language="", scenes=scenes))


def test_scenes_are_numbered_cleaned_and_bounded() -> None:
    script = made_sound(
        scene("One\x1b[31m two\nthree."), scene(" ... "), scene("x" * 10_000), *[scene()] * 1000
    )
    assert script.title == "T"
    assert script.language == "en"
    assert script.scenes[0].narration == "One two three."
    assert script.scenes[0].chapter
    assert len(script.scenes[1].narration) == MAX_NARRATION_CHARS
    assert len(script.scenes) <= MAX_SCENES
    assert [s.number for s in script.scenes] == list(range(1, len(script.scenes) + 1))
    assert all(s.title == "T" for s in script.scenes)


def test_a_script_without_words_is_an_error() -> None:
    with pytest.raises(StageError) as caught:
        made_sound(scene("..."))
    assert caught.value.code is Code.SCRIPT_REPLY_INVALID


@pytest.mark.parametrize(
    "card",
    [
        TitleCard(title=""),
        StatementCard(text=" "),
        BulletsCard(title="T", bullets=()),
        BulletsCard(title="T", bullets=("", "")),
        ChartCard(title="T", labels=("a",), values=(1.0, 2.0), texts=("1",)),
        ChartCard(title="T", labels=("a",), values=(math.nan,), texts=("1",)),
        ChartCard(title="T", labels=(), values=(), texts=()),
        TableCard(title="T", header=("a", "b"), rows=(("1",),)),
        TableCard(title="T", header=(), rows=()),
    ],
)
def test_a_card_that_cannot_be_drawn_becomes_a_statement(card: AnyCard) -> None:
    shown = made_sound(scene(card=card)).scenes[0].card
    assert isinstance(shown, StatementCard)
    assert shown.text


def test_code_keeps_its_lines_and_other_texts_are_one() -> None:
    code = made_sound(scene(card=CodeCard(title="a\nb", code="x\n  y\x1b[0m"))).scenes[0].card
    assert code == CodeCard(title="a b", code="x\n  y")


def test_the_stage_costs_no_heavy_import() -> None:
    code = (
        "import sys, aura_tui.pipeline.stages.script, aura_tui.providers.script.outline.provider, "
        "aura_tui.providers.openai_client\n"
        "print([m for m in ('httpx', 'markdown_it', 'PIL') if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
