"""Provider cards: what it draws, in a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING

import msgspec
import pytest
from PIL import Image

from aura_tui.errors import Code, InputError, StageError
from aura_tui.model.script import (
    ChartCard,
    CodeCard,
    PictureCard,
    StatementCard,
    TableCard,
    TitleCard,
)
from aura_tui.providers.protocols import FrameSpec
from aura_tui.providers.visuals import THEMES, choose
from aura_tui.providers.visuals.cards import Cards
from aura_tui.providers.visuals.drawing.protocol import card_size
from aura_tui.settings import Settings, VisualsSettings
from tests.providers.card_samples import ORDINARY
from tests.providers.picture_bench import FRAME, Bench, script_of, titles
from tests.waiting import alive, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from aura_tui.model.script import AnyCard


@pytest.fixture
async def cards() -> AsyncIterator[Cards]:
    provider = Cards()
    yield provider
    await provider.close()


async def test_every_kind_is_drawn_in_every_theme(cards: Cards, tmp_path: Path) -> None:
    Image.new("RGB", (160, 90), (200, 120, 40)).save(tmp_path / "roof.png")
    kinds: dict[str, AnyCard] = dict(ORDINARY)
    kinds["picture"] = PictureCard(path=str(tmp_path / "roof.png"), caption="A roof")
    script = script_of(list(kinds.values()))
    ctx = Bench(tmp_path)
    seen: set[bytes] = set()
    for theme in THEMES:
        frame = FrameSpec(width=320, height=180, theme=theme)
        for scene in script.scenes:
            out = tmp_path / f"{theme}-{scene.number}.png"
            picture = await cards.draw(scene, script, frame, out, ctx)
            with Image.open(out) as image:
                assert (image.format, image.mode) == ("PNG", "RGB")
                assert image.size == (picture.width, picture.height) == (350, 196)
                seen.add(image.tobytes())
    assert len(seen) == len(THEMES) * len(kinds)
    assert ctx.warned == []


async def test_the_same_card_gives_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    script = script_of(list(ORDINARY.values())[:-1])
    drawn: list[list[bytes]] = []
    for turn in range(2):
        provider = Cards()
        files = []
        for scene in script.scenes:
            out = tmp_path / f"{turn}-{scene.number}.png"
            await provider.draw(scene, script, FRAME, out, Bench(tmp_path))
            files.append(out.read_bytes())
        await provider.close()
        drawn.append(files)
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (720, 720), (128, 512), (3840, 960)])
def test_a_picture_is_a_little_larger_than_the_frame_and_even(size: tuple[int, int]) -> None:
    width, height = card_size(*size)
    assert width % 2 == height % 2 == 0
    assert 1.05 < width / size[0] < 1.13
    assert 1.05 < height / size[1] < 1.13


@pytest.mark.parametrize(
    "card",
    [
        TitleCard(title=""),
        TitleCard(title="🎉"),
        TableCard(title="No rows", header=("A",), rows=()),
        TableCard(title="Ragged", header=("A", "B"), rows=(("1",), ("1", "2", "3"))),
        ChartCard(title="No bars", labels=(), values=(), texts=()),
        ChartCard(title="Uneven", labels=("a", "b"), values=(1.0,), texts=("1", "2", "3")),
        CodeCard(title="", code="", language="python"),
        CodeCard(title="x", code="\x1b[31mred\x00\r\n\ttab", language="no such language"),
    ],
)
async def test_a_card_with_little_or_odd_content_is_drawn_all_the_same(
    card: AnyCard, cards: Cards, tmp_path: Path
) -> None:
    script = script_of([card])
    out = tmp_path / "card.png"
    await cards.draw(script.scenes[0], script, FRAME, out, Bench(tmp_path))
    assert out.stat().st_size > 1000


async def test_a_picture_that_cant_be_read_is_warned_of_and_its_caption_drawn(
    cards: Cards, tmp_path: Path
) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    drawn = []
    shown: list[AnyCard] = [
        PictureCard(path=str(tmp_path / "gone.png"), caption="A roof"),
        PictureCard(path=str(tmp_path / "broken.png"), caption="A roof"),
        StatementCard(text="A roof"),
    ]
    for i, card in enumerate(shown):
        script, ctx = script_of([card]), Bench(tmp_path)
        out = tmp_path / f"{i}.png"
        await cards.draw(script.scenes[0], script, FRAME, out, ctx)
        drawn.append(out.read_bytes())
        assert [w.split(";")[1] for w in ctx.warned] == [" its caption is shown instead"][: 2 - i]
        assert str(tmp_path) not in str(ctx.warned)
    assert drawn[0] == drawn[1] == drawn[2]


def test_the_inputs_are_what_the_picture_shows_and_no_more() -> None:
    script = titles("One", "Two")
    first = script.scenes[0]
    inputs = Cards().inputs(first, script, FRAME)
    renarrated = msgspec.structs.replace(first, narration="Other words.", title="Other")
    assert Cards().inputs(renarrated, script, FRAME) == inputs
    for other in (
        (first, titles("One", "Two", "Three"), FRAME),
        (script.scenes[1], script, FRAME),
        (first, script, FrameSpec(width=320, height=180, theme="paper")),
        (first, script, FrameSpec(width=180, height=320, theme="aurora")),
    ):
        assert Cards().inputs(*other) != inputs


def test_a_changed_picture_file_changes_the_inputs(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    script = script_of([PictureCard(path=str(path))])
    seen = {Cards().inputs(script.scenes[0], script, FRAME)}
    for colour in ("red", "blue"):
        Image.new("RGB", (9, 9), colour).save(path)
        seen.add(Cards().inputs(script.scenes[0], script, FRAME))
    assert len(seen) == 3


async def test_a_cancel_ends_the_drawing_process_at_once(cards: Cards, tmp_path: Path) -> None:
    ctx = Bench(tmp_path)
    script = titles("One")
    await cards.draw(script.scenes[0], script, FRAME, tmp_path / "one.png", ctx)
    (pid,) = ctx.children.pids
    os.kill(pid, signal.SIGSTOP)  # as if it were at work for ever
    task = asyncio.create_task(
        cards.draw(script.scenes[0], script, FRAME, tmp_path / "two.png", ctx)
    )
    await asyncio.sleep(0)
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):  # at once, or never: it is stopped
        await task
    assert not alive(pid)
    assert ctx.children.pids == ()


async def test_a_drawing_process_that_dies_is_an_error_and_the_next_picture_has_another(
    cards: Cards, tmp_path: Path
) -> None:
    ctx = Bench(tmp_path)
    script = titles("One")

    async def draw() -> None:
        await cards.draw(script.scenes[0], script, FRAME, tmp_path / "one.png", ctx)

    await draw()
    (pid,) = ctx.children.pids
    os.kill(pid, signal.SIGSTOP)
    task = asyncio.create_task(draw())
    await asyncio.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(StageError) as failed:
        await task
    assert failed.value.code in (Code.OUT_OF_MEMORY, Code.VISUALS_FAILED)
    await draw()
    assert pid not in ctx.children.pids


async def test_processes_are_kept_for_the_next_picture_and_gone_after_close(
    tmp_path: Path,
) -> None:
    cards, ctx, script = Cards(), Bench(tmp_path), titles("One", "Two")
    pids = set()
    for scene in script.scenes:
        await cards.draw(scene, script, FRAME, tmp_path / "one.png", ctx)
        pids |= set(ctx.children.pids)
    assert len(pids) == 1
    await cards.close()
    await until(lambda: not any(alive(pid) for pid in pids))


def test_auto_and_nothing_mean_cards(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert choose("", settings).name == choose("auto", settings).name == "cards"


@pytest.mark.parametrize(
    ("name", "field"),
    [("paint", "options.visuals"), ("folder", "visuals.folder"), ("openai", "visuals.base_url")],
)
def test_a_provider_that_is_unknown_or_not_set_up_is_refused(
    name: str, field: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as refused:
        choose(name, Settings(home=tmp_path, visuals=VisualsSettings(provider="cards")))
    assert refused.value.code is Code.OPTION_INVALID
    assert refused.value.field == field
