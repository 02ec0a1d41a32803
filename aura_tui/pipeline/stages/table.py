"""The five stages as one value, so that the runner doesn't import them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aura_tui.model.script import Picture, Script, Speech
    from aura_tui.model.timeline import Timeline
    from aura_tui.pipeline.context import StageContext
    from aura_tui.pipeline.stages.render import Rendered

    Speeches = tuple[Speech, ...]
    Pictures = tuple[Picture, ...]


class Stages(NamedTuple):
    """A function per stage; ``salvage`` joins the segments that a cancelled Rendering finished."""

    script: Callable[[StageContext], Awaitable[Script]]
    voice: Callable[[StageContext, Script], Awaitable[Speeches]]
    visuals: Callable[[StageContext, Script], Awaitable[Pictures]]
    compose: Callable[[StageContext, Script, Speeches, Pictures], Awaitable[Timeline]]
    render: Callable[[StageContext, Timeline], Awaitable[Rendered]]
    salvage: Callable[[StageContext, Timeline], Awaitable[Rendered | None]]


def real_stages() -> Stages:
    """The real stages. Imports them when called, so that commands without jobs start faster."""
    from aura_tui.pipeline.stages.compose import compose
    from aura_tui.pipeline.stages.render import render, salvage
    from aura_tui.pipeline.stages.script import write_script
    from aura_tui.pipeline.stages.visuals import draw_scenes
    from aura_tui.pipeline.stages.voice import speak_script

    return Stages(write_script, speak_script, draw_scenes, compose, render, salvage)
