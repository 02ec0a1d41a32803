"""Visuals: pieces, their reuse, progress, warnings, errors."""

from __future__ import annotations

import asyncio
import base64
import io
from typing import TYPE_CHECKING

import msgspec
import pytest
from PIL import Image

from aura_tui.errors import Code, InputError, StageError
from aura_tui.model.request import Options
from aura_tui.model.script import PictureCard, TitleCard
from aura_tui.pipeline.stages.visuals import draw_scenes
from aura_tui.providers.visuals.card_layouts import coverage
from aura_tui.settings import VisualsSettings
from tests.pipeline.stage import desk
from tests.providers.loopback import Loopback, Reply, Request, json_reply
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from aura_tui.model.script import AnyCard, Script
    from tests.pipeline.stage import Desk


def script_of(*cards: AnyCard) -> Script:
    from tests.providers.picture_bench import script_of as made

    return made(cards)


def titles(*texts: str) -> Script:
    return script_of(*(TitleCard(title=text) for text in texts))


async def test_each_scene_gets_its_picture_in_order(tmp_path: Path) -> None:
    ctx = desk(tmp_path)
    pictures = await draw_scenes(ctx, titles("One", "Two", "Three"))
    assert [p.scene for p in pictures] == [1, 2, 3]
    for picture in pictures:
        with Image.open(picture.path) as image:
            assert image.size == (picture.width, picture.height) == (350, 196)
    heard = ctx.heard
    told = [*zip(heard.messages, heard.items, strict=True)]
    assert sorted(n for m, (n, _, _) in told if m == f"Scene {n} drawn" and n) == [1, 2, 3]
    assert sorted(n for m, (n, _, _) in told if m == f"Drawing scene {n}" and n) == [1, 2, 3]
    assert all(n in active for m, (n, _, active) in told if m.startswith("Drawing scene"))
    assert [done for m, (_, done, _) in told if m.endswith("drawn")] == [1, 2, 3]
    assert heard.items[-1][1:] == (3, ())
    assert heard.percents == sorted(heard.percents)
    assert heard.percents[-1] == 100
    assert (heard.metrics[-1].provider, heard.metrics[-1].made) == ("cards", 3)
    assert ctx.children.pids == ()


async def test_a_retry_draws_nothing_and_a_changed_scene_is_drawn_alone(tmp_path: Path) -> None:
    first = await draw_scenes(desk(tmp_path), titles("One", "Two", "Three"))
    again = desk(tmp_path)
    assert await draw_scenes(again, titles("One", "Two", "Three")) == first
    assert (again.reused, again.made) == (3, 0)
    changed = desk(tmp_path)
    await draw_scenes(changed, titles("One", "Two and a half", "Three"))
    assert (changed.reused, changed.made) == (2, 1)


async def test_another_theme_or_size_is_another_picture(tmp_path: Path) -> None:
    first = await draw_scenes(desk(tmp_path), titles("One"))
    paper = await draw_scenes(desk(tmp_path, options=Options(theme="paper")), titles("One"))
    small = await draw_scenes(desk(tmp_path, res="160x160"), titles("One"))
    assert len({p[0].path for p in (first, paper, small)}) == 3


async def test_a_warning_is_said_once_and_again_when_the_pictures_are_reused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coverage, "system_fonts", lambda: ())
    for reused in (0, 2):
        ctx = desk(tmp_path)
        await draw_scenes(ctx, titles("太陽 one", "太陽 two"))
        assert len(ctx.heard.warnings) == 1
        assert "Han" in ctx.heard.warnings[0]
        assert ctx.reused == reused


async def test_a_broken_picture_is_warned_of_by_name_each_time_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    (tmp_path / "bad.png").write_bytes(b"no picture")
    bad = PictureCard(path=str(tmp_path / "bad.png"))
    for _ in range(2):  # the second time it is reused
        ctx = desk(tmp_path)
        await draw_scenes(ctx, script_of(TitleCard(title="One"), bad))
        (warning,) = ctx.heard.warnings
        assert warning.startswith("The picture bad.png is damaged or not a supported image")
        assert ctx.children.pids == ()
    assert not [p for p in (tmp_path / "pieces").rglob("*.part*")]


async def test_an_unknown_theme_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        await draw_scenes(desk(tmp_path, options=Options(theme="neon")), titles("One"))
    assert refused.value.code is Code.THEME_UNKNOWN


async def test_the_user_s_pictures_are_shown_by_the_folder_provider(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    Image.new("RGB", (320, 180), (10, 200, 10)).save(tmp_path / "mine" / "a.jpg")
    ctx = desk(tmp_path, options=Options(visuals="folder"))
    ctx.settings = msgspec.structs.replace(
        ctx.settings, visuals=VisualsSettings(folder=str(tmp_path / "mine"))
    )
    pictures = await draw_scenes(ctx, titles("One", "Two"))
    assert pictures[0].path == pictures[1].path  # one picture is one piece
    with Image.open(pictures[0].path) as image:
        pixel = image.getpixel((100, 100))
    assert isinstance(pixel, tuple)
    assert pixel[1] > 150


def painting(broken: str) -> Callable[[Request], Reply]:
    """An images endpoint that fails at the scene that says ``broken``."""
    data = io.BytesIO()
    Image.new("RGB", (64, 36), (30, 160, 90)).save(data, "PNG")
    picture = base64.b64encode(data.getvalue()).decode()

    def answer(request: Request) -> Reply:
        if broken in request.json()["prompt"]:
            return Reply(401)
        return json_reply({"data": [{"b64_json": picture}]})

    return answer


def endpoint(home: Path, server: Loopback, provider: str = "auto") -> Desk:
    ctx = desk(home)
    visuals = VisualsSettings(base_url=server.url, model="m", provider=provider)
    ctx.settings = msgspec.structs.replace(ctx.settings, visuals=visuals)
    return ctx


async def test_an_endpoint_that_fails_at_one_scene_is_replaced_at_all(tmp_path: Path) -> None:
    script = titles("One", "Two", "Three")
    cards = await draw_scenes(desk(tmp_path), script)
    async with Loopback() as server:
        server.otherwise = painting("scene 3")
        ctx = endpoint(tmp_path, server)
        assert await draw_scenes(ctx, script) == cards
        (warning,) = ctx.heard.warnings
        assert "All scenes are drawn as cards instead." in warning
        assert ctx.heard.metrics[-1].provider == "cards"
        server.otherwise = painting("no such scene")
        retry = endpoint(tmp_path, server)
        retry.job_id = "job-2"
        painted = await draw_scenes(retry, script)
    assert retry.heard.warnings == []
    assert retry.keys == ctx.keys
    assert not {p.path for p in painted} & {p.path for p in cards}


async def test_an_endpoint_that_was_named_fails_with_its_error(tmp_path: Path) -> None:
    async with Loopback() as server:
        server.otherwise = painting("scene")
        with pytest.raises(StageError) as failed:
            await draw_scenes(endpoint(tmp_path, server, "openai"), titles("One"))
    assert failed.value.code is Code.VISUALS_PROVIDER_REFUSED


async def test_each_picture_is_shown_as_it_gets_its_turn(tmp_path: Path) -> None:
    ctx = desk(tmp_path)
    pictures = await draw_scenes(ctx, titles("One", "Two", "Three"))
    assert [str(path) for path in ctx.heard.pictures] == [p.path for p in pictures]
    assert len(set(ctx.keys)) == 3


async def test_a_cancel_ends_the_stage_and_its_processes(tmp_path: Path) -> None:
    ctx = desk(tmp_path)
    task = asyncio.create_task(draw_scenes(ctx, titles(*(f"Scene {i}" for i in range(40)))))
    await until(lambda: ctx.made >= 1)
    assert ctx.children.pids
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ctx.children.pids == ()
    assert not [p for p in (tmp_path / "pieces").rglob("*.part*")]


async def test_a_paused_job_draws_nothing(tmp_path: Path) -> None:
    ctx: Desk = desk(tmp_path)
    ctx.children.pause()
    task = asyncio.create_task(draw_scenes(ctx, titles("One")))
    done, _ = await asyncio.wait({task}, timeout=0.3)
    assert not done
    assert ctx.made == 0
    ctx.children.resume()
    await task
    assert ctx.made == 1
