"""The llm script provider, against a real server on loopback; the choice between providers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura_tui.errors import Code, InputError, StageError, Transient
from aura_tui.model.request import Brief, JobRequest, PlanSpec
from aura_tui.model.script import (
    BulletsCard,
    ChartCard,
    CodeCard,
    NumberCard,
    QuoteCard,
    StatementCard,
    TitleCard,
)
from aura_tui.providers.script import choose
from aura_tui.providers.script.llm import prompt, reply
from aura_tui.providers.script.llm.provider import LlmProvider
from aura_tui.providers.script.outline.provider import OutlineProvider
from aura_tui.settings import ScriptSettings, Secret, Settings
from tests.providers.loopback import Loopback, Reply, json_reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

GOOD = {
    "title": "Cycling in 2024",
    "scenes": [
        {"kind": "title", "title": "Cycling in 2024", "narration": "The year in bicycles."},
        {
            "kind": "bullets",
            "title": "What helped",
            "narration": "Two things helped.",
            "items": ["The **river** path", "Free parking"],
        },
        {"kind": "number", "value": "18%", "text": "fewer accidents", "narration": "It is safer."},
        {"kind": "quote", "text": "At last!", "author": "A parent", "narration": "One is glad."},
        {"kind": "code", "code": "print(1)\n", "language": "Python", "narration": "So it is."},
        {"kind": "chart", "items": ["2023: 3.6", "2024: 4.1"], "narration": "It grew."},
        {"kind": "statement", "text": "Build the link", "narration": "A link comes next."},
    ],
}
BRIEF = JobRequest(
    brief=Brief(text="# Cycling\n\nAccidents fell by 18%.", audience="the council"),
    plan_spec=PlanSpec(target_duration=60),
)


class Bench:
    """A workbench that remembers what it is told."""

    def __init__(self) -> None:
        self.logs: list[str] = []
        self.warnings: list[str] = []

    def log(self, message: str, severity: str = "info") -> None:
        self.logs.append(message)

    def warn(self, message: str) -> None:
        self.warnings.append(message)


@pytest.fixture
async def server() -> AsyncIterator[Loopback]:
    async with Loopback() as loopback:
        yield loopback


def chat(content: object) -> Reply:
    """A chat completion whose message is ``content``."""
    return json_reply({"choices": [{"message": {"role": "assistant", "content": content}}]})


def text(document: object) -> str:
    return msgspec.json.encode(document).decode()


def provider(server: Loopback) -> LlmProvider:
    return LlmProvider(
        ScriptSettings(
            base_url=server.url + "/v1", api_key=Secret("sk-1"), model="tiny", timeout_s=5
        )
    )


async def write(server: Loopback, ctx: Any = None) -> Any:
    used: Any = Bench() if ctx is None else ctx
    return await provider(server).write(BRIEF, used)


async def test_a_good_reply_becomes_a_script_with_its_cards(server: Loopback) -> None:
    server.will(chat(text(GOOD)))
    script = await write(server)
    assert [s.narration for s in script.scenes] == [s["narration"] for s in GOOD["scenes"]]  # type: ignore[index]  # a literal above
    assert [type(s.card) for s in script.scenes] == [
        TitleCard,
        BulletsCard,
        NumberCard,
        QuoteCard,
        CodeCard,
        ChartCard,
        StatementCard,
    ]
    assert script.scenes[1].card.bullets == ("The river path", "Free parking")
    assert script.scenes[5].card.values == (3.6, 4.1)
    assert script.scenes[4].card.language == "python"
    assert [s.number for s in script.scenes] == list(range(1, 8))


async def test_pictures_that_a_models_script_leaves_out_are_named(
    server: Loopback, tmp_path: Path
) -> None:
    (tmp_path / "rack.png").write_bytes(b"x")
    brief = Brief(text=f"# T\n\nWords.\n\n![r](<{tmp_path}/rack.png>) ![g](gone.png)\n")
    server.will(chat(text(GOOD)))
    ctx: Any = Bench()
    await provider(server).write(JobRequest(brief=brief), ctx)
    assert ctx.warnings == [
        "Pictures not shown: rack.png (a model's script has none) in line 5, "
        "gone.png (not found) in line 5"
    ]


async def test_the_brief_and_a_schema_are_sent(server: Loopback) -> None:
    server.will(chat(text(GOOD)))
    await write(server)
    body = server.requests[0].json()
    assert server.requests[0].path == "/v1/chat/completions"
    assert body["model"] == "tiny"
    assert body["response_format"]["json_schema"]["schema"] == prompt.SCHEMA
    assert "Accidents fell by 18%." in body["messages"][1]["content"]
    assert "Audience: the council" in body["messages"][1]["content"]
    assert "about 144 words" in body["messages"][1]["content"]


async def test_a_script_is_asked_for_in_the_briefs_language_and_has_the_one_it_is_written_in(
    server: Loopback,
) -> None:
    german = JobRequest(brief=Brief(text="Der Wald ist alt, und es gibt dort nicht nur Eichen."))
    written = "La forêt est vieille, et il y a des chênes qui sont là depuis des siècles."
    replies = (GOOD, {"scenes": [{"kind": "title", "narration": written}]})
    for content, language in zip(replies, ("de", "fr"), strict=True):
        server.will(chat(text(content)))
        ctx: Any = Bench()
        assert (await provider(server).write(german, ctx)).language == language
        assert "cards (BCP 47): de\n" in server.requests[-1].json()["messages"][1]["content"]
    named = msgspec.structs.replace(german, brief=Brief(topic="Wald", language="nl"))
    server.will(chat(text(replies[1])))
    assert (await provider(server).write(named, ctx)).language == "nl"


@pytest.mark.parametrize("status", [400, 404, 422, 501])
async def test_a_server_without_schemas_is_asked_more_simply(server: Loopback, status: int) -> None:
    refusal = json_reply({"error": {"message": "response_format is not supported"}}, status)
    server.will(refusal, refusal, chat(text(GOOD)))
    script = await write(server)
    assert len(script.scenes) == 7
    forms = [r.json().get("response_format", {}).get("type") for r in server.requests]
    assert forms == ["json_schema", "json_object", None]


async def test_a_refusal_of_the_plainest_form_is_the_error(server: Loopback) -> None:
    server.otherwise = lambda _: json_reply({"error": "no such model"}, 404)
    with pytest.raises(StageError, match="no such model") as caught:
        await write(server)
    assert caught.value.code is Code.SCRIPT_PROVIDER_REFUSED
    assert len(server.requests) == 3


async def test_a_wrong_key_is_not_asked_again(server: Loopback) -> None:
    server.otherwise = lambda _: json_reply({"error": {"message": "bad key"}}, 401)
    with pytest.raises(StageError) as caught:
        await write(server)
    assert "Check the api_key" in caught.value.remediation
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "wrap",
    [
        '<think>Let me see {"a": 1}</think>\n{}',
        "```json\n{}\n```",
        "Sure! Here it is:\n{}\nI hope you like it {{smile}}.",
        "I think so</think>```\n{}\n```",
    ],
)
async def test_thoughts_and_fences_around_the_json_are_tolerated(
    server: Loopback, wrap: str
) -> None:
    server.will(chat(wrap.replace("{}", text(GOOD))))
    assert len((await write(server)).scenes) == 7
    assert len(server.requests) == 1


async def test_a_message_in_parts_is_read(server: Loopback) -> None:
    half = text(GOOD)
    server.will(chat([{"type": "text", "text": half[:50]}, {"type": "text", "text": half[50:]}]))
    assert len((await write(server)).scenes) == 7


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("no json at all", "no JSON object"),
        ('{"title": "x"', "not valid JSON"),
        ('{"title": "x"}', "scenes"),
        ('{"scenes": []}', "scenes is empty"),
        ('{"scenes": [{"kind": "film", "narration": "a"}]}', "kind"),
        ('{"scenes": [{"kind": "title", "narration": " ** "}]}', "narration is empty"),
        ('{"scenes": [{"kind": "title", "narration": 5}]}', "str"),
        ("<think>and on and on", "before the JSON"),
        ('{"a":' * 5000, "not valid JSON"),
    ],
)
async def test_a_bad_reply_gets_one_repair_that_names_the_error(
    server: Loopback, bad: str, why: str
) -> None:
    server.will(chat(bad), chat(text(GOOD)))
    ctx = Bench()
    assert len((await write(server, ctx)).scenes) == 7
    talk = server.requests[1].json()["messages"]
    assert talk[-2]["content"] == bad[:20_000]
    assert why in talk[-1]["content"]
    replied, asks, again = ctx.logs
    assert why in asks
    assert replied.startswith("tiny at 127.0.0.1:")
    assert "KB in" in again


async def test_a_second_bad_reply_is_the_end(server: Loopback) -> None:
    server.otherwise = lambda _: chat("still no json")
    with pytest.raises(StageError, match="no usable script") as caught:
        await write(server)
    assert caught.value.code is Code.SCRIPT_REPLY_INVALID
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"error": {"message": "overloaded \x1b[31mnow"}}, "overloaded now"),
        ({"choices": []}, "without a message"),
        ({"choices": [{"message": {"content": None, "refusal": "I can't"}}]}, "declined: I can't"),
        ([], "without a message"),
    ],
)
async def test_an_answer_without_a_message_is_invalid(
    server: Loopback, answer: object, said: str
) -> None:
    server.will(json_reply(answer))
    with pytest.raises(StageError, match=said) as caught:
        await write(server)
    assert caught.value.code is Code.SCRIPT_REPLY_INVALID


async def test_a_busy_server_is_transient(server: Loopback) -> None:
    server.will(Reply(429, headers=(("Retry-After", "3"),)))
    with pytest.raises(Transient) as caught:
        await write(server)
    assert caught.value.retry_after_s == 3


async def test_a_text_too_long_for_models_is_cut_and_said_so(server: Loopback) -> None:
    server.will(chat(text(GOOD)))
    ctx = Bench()
    long = JobRequest(brief=Brief(text="A sentence. " * 20_000))
    await provider(server).write(long, ctx)  # type: ignore[arg-type]  # needs no more of it
    assert len(ctx.warnings) == 1
    assert len(server.requests[0].body) < 80_000


def test_the_identity_names_endpoint_and_model_and_no_secret() -> None:
    settings = ScriptSettings(
        base_url="http://a.b/v1?user=hidden", api_key=Secret("sk-1"), model="m"
    )
    identity = " ".join(LlmProvider(settings).identity())
    assert "a.b" in identity
    assert "hidden" not in identity
    assert "sk-1" not in identity
    assert not LlmProvider.deterministic


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["scenes", "title", "kind", "narration", "items", "text", "value", "code"]
            ),
            inner | st.sampled_from(["title", "chart", "number", "bullets", "code", "x: 1"]),
            max_size=6,
        )
    ),
)


@given(st.one_of(st.text(), JSON.map(lambda value: str(msgspec.json.encode(value), "utf-8"))))
def test_any_reply_is_a_script_or_a_reply_error(said: str) -> None:
    try:
        script = reply.read(said, "en", "Title")
    except reply.ReplyError:
        return
    assert all(scene.narration for scene in script.scenes)


# -- the choice -----------------------------------------------------------------------------------


def settings(home: Path, **script: Any) -> Settings:
    return Settings(home=home, script=ScriptSettings(**script))


CONFIGURED: dict[str, Any] = {"base_url": "http://127.0.0.1:1/v1", "model": "m"}


def test_auto_is_the_outline_until_an_endpoint_is_set_up(tmp_path: Path) -> None:
    for name in ("", "auto", "AUTO", "outline"):
        chosen, fallback = choose(name, settings(tmp_path))
        assert isinstance(chosen, OutlineProvider)
        assert fallback is None
    chosen, fallback = choose("", settings(tmp_path, **CONFIGURED))
    assert isinstance(chosen, LlmProvider)
    assert isinstance(fallback, OutlineProvider)


def test_a_provider_that_was_named_has_no_fallback(tmp_path: Path) -> None:
    chosen, fallback = choose("llm", settings(tmp_path, **CONFIGURED))
    assert isinstance(chosen, LlmProvider)
    assert fallback is None
    assert isinstance(choose("outline", settings(tmp_path, **CONFIGURED))[0], OutlineProvider)
    assert isinstance(
        choose("", settings(tmp_path, provider="outline", **CONFIGURED))[0], OutlineProvider
    )


def test_an_unknown_provider_is_bad_input_that_lists_the_known(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        choose("gpt", settings(tmp_path))
    assert caught.value.code is Code.OPTION_INVALID
    assert "auto, outline, llm" in caught.value.remediation


def test_llm_without_settings_names_them(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        choose("llm", settings(tmp_path, model="m"))
    assert "AURA_SCRIPT_BASE_URL" in caught.value.remediation
