"""Which sentences are told: the best of an outline's lines, chosen until the time is full.

A line is one sentence, whole. Lines keep their order, and each comes with all it needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aura_tui.model.script import reading_s
from aura_tui.providers.script import prose
from aura_tui.providers.script.outline import candidates, ranking

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aura_tui.model.script import Scene
    from aura_tui.providers.script.markdown.blocks import Document
    from aura_tui.providers.script.outline.outline_model import Outline

LEAD_S, BREATH_S = 0.2, 0.45  # silence before and after a scene's speech, as Composition has it
ENDS_S = 0.8  # more, before the first word of all and after the last one
SCENE_S = 8.5  # what a scene's narration aims at
_MAX_TOGETHER = 30  # lines that lean on each other


def outline(
    document: Document, language: str, rate: float = 1.0, breath_s: float | None = None
) -> Outline:
    """All that could be told of ``document``, with scores. ``breath_s``: the silence after a
    scene's speech; None is the default."""
    pause_s = LEAD_S + (BREATH_S if breath_s is None else breath_s)
    drafted = candidates.draft(document, language, rate, pause_s)
    ranking.rank(drafted)
    return drafted.out


def choose(out: Outline, budget_s: float) -> list[int]:
    """Indices of the lines to tell, in order: about ``budget_s`` seconds with the breaths.

    Best first, each with all it needs, as long as they fit; whatever still fits then fills the
    rest. A licence and its like is told only if there is nothing else. Empty if not even one line
    fits.
    """
    worth = any(line.score > 0 for line in out.lines)
    chosen: set[int] = set()
    open_drafts: set[int] = set()
    used = 0.0
    order = sorted(range(len(out.lines)), key=lambda i: (-out.lines[i].score, i))
    for i in order:
        if used + 0.8 > budget_s:
            break
        if worth and out.lines[i].score <= 0:
            break
        group = _closure(out, i, chosen) if i not in chosen else set()
        if not group:
            continue
        new = {out.lines[j].draft for j in group} - open_drafts
        told = sum(out.lines[j].seconds for j in group)
        cost = told * (1 + out.pause_s / SCENE_S) + out.pause_s * len(new) * 0.5
        if used + cost <= budget_s:
            chosen |= group
            open_drafts |= new
            used += cost
    return sorted(chosen)


def told_s(out: Outline, chosen: list[int]) -> float:
    """About how long ``chosen`` takes to tell, breaths and all."""
    told = sum(out.lines[i].seconds for i in chosen)
    drafts = len({out.lines[i].draft for i in chosen})
    return told * (1 + out.pause_s / SCENE_S) + out.pause_s * 0.5 * drafts


def length_s(scenes: Sequence[Scene], rate: float, pause_s: float) -> float:
    """About how long a video of ``scenes`` is: as Composition lays them out, once spoken."""
    return ENDS_S + sum(
        max(prose.seconds(scene.narration, rate) + pause_s, reading_s(scene.card))
        for scene in scenes
    )


def _closure(out: Outline, start: int, chosen: set[int]) -> set[int]:
    """The lines that come along with ``start``; empty if they are too many to be told."""
    group: set[int] = set()
    todo = [start]
    while todo:
        if len(group) > _MAX_TOGETHER:
            return set()
        i = todo.pop()
        if i not in group and i not in chosen:
            group.add(i)
            todo += out.lines[i].needs
    return group
