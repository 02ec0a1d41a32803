"""Media that the timeline file names outlive the pieces they came from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import opentimelineio as otio

from aura_tui.pipeline.compose import compose
from tests.pipeline.stage import desk, picture, script, speech

if TYPE_CHECKING:
    import pytest

    from aura_tui.pipeline.context import StageContext


async def composed(ctx: StageContext, tmp_path: Path) -> list[Path]:
    """The files that the written timeline names."""
    spoken = tuple(speech(tmp_path / "in", n, "two words", float(n)) for n in (1, 2))
    drawn = tuple(picture(tmp_path / "in", n, (9, 9, 9)) for n in (1, 2))
    await compose(ctx, script(["two words", "two words"]), spoken, drawn)
    (path,) = ctx.artifacts.glob("*.otio")
    timeline = otio.adapters.read_from_file(str(path))
    return [
        Path(otio.url_utils.filepath_from_url(clip.media_reference.target_url))
        for clip in timeline.find_clips()
    ]


async def test_the_timeline_opens_after_every_piece_is_swept(tmp_path: Path) -> None:
    ctx = desk(tmp_path)
    media = await composed(ctx, tmp_path)
    ctx.pieces.sweep(0, now=2**40)
    for file in tmp_path.glob("in/*"):
        file.unlink()
    assert len(media) == 4
    assert all(file.stat().st_size > 0 for file in media)
    assert all(file.parent == ctx.artifacts.parent / "media" for file in media)


async def test_composing_again_keeps_the_same_media(tmp_path: Path) -> None:
    ctx = desk(tmp_path)
    first = await composed(ctx, tmp_path)
    inodes = [file.stat().st_ino for file in first]
    again = await composed(ctx, tmp_path)
    assert [file.stat().st_ino for file in again] == inodes


async def test_where_links_cannot_be_media_are_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    media = await composed(desk(tmp_path), tmp_path)
    assert all(file.stat().st_nlink == 1 for file in media)
