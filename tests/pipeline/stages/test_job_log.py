"""The job's log: what was done for each scene, how, and what was reused; real stages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aura_tui.pipeline.stages.compose import compose
from aura_tui.pipeline.stages.render import render
from aura_tui.pipeline.stages.script import write_script
from aura_tui.pipeline.stages.visuals import draw_scenes
from aura_tui.pipeline.stages.voice import speak_script
from tests.pipeline.stage import desk, script

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = ("One opens.", "Two follows it.", "Three ends it.")


async def run(home: Path) -> list[str]:
    """The log of a job; a second one below the same ``home`` reuses the work of the first."""
    ctx = desk(home, res="128x128", fps=10)
    written = script(TEXTS)
    speeches = await speak_script(ctx, written)
    pictures = await draw_scenes(ctx, written)
    ctx.reused = 0
    await render(ctx, await compose(ctx, written, speeches, pictures))
    return [re.sub(r"\d+(\.\d+)?", "N", line) for line in ctx.heard.logs if line]


async def test_each_scene_is_a_line_of_each_stage_and_reused_work_one_line(tmp_path: Path) -> None:
    first = await run(tmp_path)
    # A segment of an instant has no rate.
    scene = [line.removesuffix(", N fps") for line in first if line.startswith("Scene N: ")]
    assert scene == (
        ["Scene N: N s of speech, voice en-us"] * 3
        + ["Scene N: title card, NxN"] * 3
        + ["Scene N: N frames in N s"] * 3
    )
    for told in (
        "N scenes, provider espeak",
        "N scenes, provider cards, theme aurora",
        "N frames of NxN at N fps in N segments; libxN veryfast, CRF N",
    ):
        assert told in first
    commands = [line for line in first if line.startswith("FFmpeg, ")]
    assert [line.split(":")[0] for line in commands] == [
        "FFmpeg, for the sound",
        "FFmpeg, for each segment",
        "FFmpeg, to join the video",
    ]
    assert any(line.startswith("Timeline of N:N: N scenes, ") for line in first)
    assert len(first) <= 3 * len(TEXTS) + 10

    again = await run(tmp_path)
    assert again.count("Reused scenes N-N") == 2
    assert not any(line.startswith("Scene N") for line in again)
    assert "N frames of NxN at N fps in N segments, N reused; libxN veryfast, CRF N" in again
    assert not any(str(tmp_path) in line for line in first + again)  # the reader may be elsewhere


async def test_the_script_tells_its_size_and_source(tmp_path: Path) -> None:
    ctx = desk(tmp_path)
    await write_script(ctx)
    (told,) = ctx.heard.logs
    assert re.fullmatch(
        r"\d+ scenes? \(\d+ words of narration\) from a topic, provider outline", told
    )
    ctx = desk(tmp_path)
    await write_script(ctx)
    assert ctx.heard.logs == [f"{told}, reused"]
