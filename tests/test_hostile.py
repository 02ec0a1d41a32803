"""Hostile texts (tests/chaos/corpus.py) through the program: nothing breaks out, none is fatal.

The long form, each text in a video of its own, is tests/chaos/input.py.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING

import msgspec
import pytest

from aura_tui.brief.source import read_brief
from aura_tui.brief.title import title_of
from aura_tui.errors import AuraError, Code, InputError, StageError
from aura_tui.model.request import Brief, JobRequest, Origin
from aura_tui.model.request_check import check
from aura_tui.model.script import BulletsCard
from aura_tui.model.text.slug import slug
from aura_tui.pipeline.stages.script import sanitize_script
from aura_tui.providers.script.llm import reply
from aura_tui.providers.script.outline.provider import outline
from aura_tui.server.request_body import read_request
from tests.chaos import corpus, input_run
from tests.e2e.program import Program
from tests.e2e.test_serve import address
from tests.model.invariants import is_file_stem
from tests.providers.loopback import Loopback, json_reply

if TYPE_CHECKING:
    from pathlib import Path

    from aura_tui.model.script import Script

SECTIONS = list(corpus.sections())
KEY = "sk-hostile-0123456789"


def written(text: str = "", topic: str = "") -> Script:
    """The script by rule, as the stage hands it on."""
    return sanitize_script(outline(JobRequest(brief=Brief(topic=topic, text=text)))[0])


def script_is_sound(script: Script) -> None:
    input_run.values_clean(msgspec.to_builtins(script), script.title[:40])
    for scene in script.scenes:
        assert 0 < len(scene.narration) <= 2000
        assert len(scene.title) <= 200


def told_or_refused(text: str = "", topic: str = "") -> None:
    """A text may say nothing at all; nothing else may go wrong."""
    try:
        script = written(text, topic)
    except StageError as e:
        if e.code is not Code.SCRIPT_FAILED:
            raise
    else:
        script_is_sound(script)


@pytest.mark.parametrize(("name", "text"), list(corpus.briefs()))
def test_a_hostile_text_gives_a_clean_script(name: str, text: str) -> None:
    script = written(text)
    script_is_sound(script)
    assert corpus.MARK in script.title


@pytest.mark.parametrize(("name", "text"), SECTIONS)
def test_a_hostile_topic_gives_a_clean_script_and_a_plain_file_name(name: str, text: str) -> None:
    request = JobRequest(brief=Brief(topic=text[:500].replace("\0", "")))
    input_run.clean(title_of(request.brief), name)
    assert len(title_of(request.brief)) <= 120
    assert "\n" not in title_of(request.brief)
    stem = slug(title_of(request.brief))
    is_file_stem(stem)
    told_or_refused(topic=text[:500])


@pytest.mark.parametrize(("name", "text"), corpus.EMPTY_ISH.items())
def test_a_text_that_says_nothing_is_refused_or_told_never_a_crash(name: str, text: str) -> None:
    told_or_refused(text)


@pytest.mark.parametrize(("name", "text"), corpus.NOT_TEXT.items())
def test_what_is_no_text_is_refused_at_each_door(name: str, text: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        check(JobRequest(brief=Brief(text=text)))
    assert caught.value.code is Code.BRIEF_NOT_TEXT
    file = tmp_path / "brief.md"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(InputError) as caught:
        read_brief(str(file))
    assert caught.value.code is Code.BRIEF_NOT_TEXT
    if name != "surrogate-pair":  # in JSON two halves are one character
        with pytest.raises(InputError):
            read_request(json.dumps({"brief": {"text": text}}).encode(), Origin(outside=True))


@pytest.mark.parametrize(("name", "text"), corpus.FLOODS.items())
def test_a_flood_takes_time_in_proportion(name: str, text: str) -> None:
    began = time.process_time()
    told_or_refused(text[:20_000])
    assert time.process_time() - began < 2.0


@pytest.mark.parametrize(
    "argument",
    ["~nobody-of-this-name/x.md", "x" * 400 + ".md", "\x1b[31m\u202e.md", "\udcff.md", "/dev/zero"],
)
def test_a_brief_that_cannot_be_opened_is_said_so_in_clean_words(argument: str) -> None:
    with pytest.raises(InputError) as caught:
        read_brief(argument)
    input_run.clean(f"{caught.value.message} {caught.value.remediation}", argument)


def test_a_picture_whose_name_no_file_can_have_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "brief.md"
    text = f"# T\n\n![x]({'y' * 400}.png) ![x]({'../' * 100}z.png) Hello.\n"
    file.write_text(text)
    assert read_brief(str(file)).text == text


def test_a_million_fields_that_are_unknown_or_there_twice_cost_little() -> None:
    fields = ",".join(f'"a{i}":1' for i in range(300_000))
    began = time.process_time()
    asked = read_request(f'{{"brief":{{"topic":"x",{fields}}}}}'.encode(), Origin(outside=True))
    assert len(asked.ignored) == 51
    assert "299950 more" in asked.ignored[-1]
    with pytest.raises(AuraError) as caught:
        read_request(f'{{"brief":{{{fields},{fields}}}}}'.encode(), Origin(outside=True))
    assert len(getattr(caught.value, "problems", ())) <= 50
    assert time.process_time() - began < 4.0


def test_a_model_that_gives_a_million_points_costs_little() -> None:
    scene = {
        "kind": "bullets",
        "narration": "It has points.",
        "items": ["\u200b", *["x"] * 900_000],
    }
    began = time.process_time()
    script = reply.read(json.dumps({"scenes": [scene, scene]}), "en", "T")
    assert time.process_time() - began < 1.5
    card = script.scenes[1].card
    assert isinstance(card, BulletsCard)
    assert len(card.bullets) == 8


@pytest.mark.slow
async def test_hostile_texts_of_a_model_become_a_video_and_nothing_breaks_out(
    tmp_path: Path,
) -> None:
    """All texts at once, in every field that a model gives: five stages, the board, plain and
    JSON output, files, the server's answers."""
    # Several a scene; cut so that each has a part in what is said and shown.
    some = [
        ("+".join(n for n, _ in part), "".join(t[:40] for _, t in part))
        for part in (SECTIONS[i : i + 4] for i in range(0, len(SECTIONS), 4))
    ]
    program = Program(tmp_path)
    try:
        async with Loopback() as model:
            said = json.dumps(corpus.reply(some))
            model.otherwise = lambda _: json_reply({"choices": [{"message": {"content": said}}]})
            program.environ |= {
                "AURA_SCRIPT_BASE_URL": f"{model.url}/v1",
                "AURA_SCRIPT_MODEL": "hostile",
                "AURA_SCRIPT_API_KEY": KEY,
            }
            tape = await asyncio.to_thread(
                input_run.render, program,
                "--script", "llm", "--rate", "2", text=corpus.SAYS,
            )  # fmt: skip
            assert len(model.requests) == 1
        await asyncio.to_thread(input_run.looked_at, program)
        await input_run.boarded(tape)
        server = program.start("serve", "--port", "0")
        url = await asyncio.to_thread(address, server)
        await input_run.served(url)
    finally:
        program.close()
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path
