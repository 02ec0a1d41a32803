"""Selects the sentences to narrate: the best lines of an outline that fit into the time.

A line is one whole sentence. Lines keep their order, and each comes with all lines that it needs.
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

LEAD_S, BREATH_S = 0.2, 0.45  # silence before and after a scene's speech, as in Composition
ENDS_S = 0.8  # extra silence at the start and end of the video
SCENE_S = 8.5  # target length of a scene's narration
_MAX_TOGETHER = 30  # lines that need each other


def outline(
    document: Document, language: str, rate: float = 1.0, breath_s: float | None = None
) -> Outline:
    """The outline of ``document``, with scores. ``breath_s``: the silence after a scene's speech;
    None: the default."""
    pause_s = LEAD_S + (BREATH_S if breath_s is None else breath_s)
    found = candidates.draft(document, language, rate, pause_s)
    ranking.rank(found)
    return found.out


def choose(out: Outline, budget_s: float) -> list[int]:
    """Choose lines for about ``budget_s`` seconds, pauses included; return their indices in order.

    Takes the best lines first, each with all lines that it needs, then whatever still fits.
    Boilerplate such as a licence is chosen only if there is nothing else. Empty if no line fits.
    """
    has_useful = any(line.score > 0 for line in out.lines)
    chosen: set[int] = set()
    open_drafts: set[int] = set()
    used = 0.0
    order = sorted(range(len(out.lines)), key=lambda i: (-out.lines[i].score, i))
    # Twice: the last items of a long list need too many others until the first ones are chosen.
    for i in (*order, *sorted(order)):
        if used + 0.8 > budget_s:
            break
        if has_useful and out.lines[i].score <= 0:
            continue
        group = _closure(out, i, chosen) if i not in chosen else set()
        if not group:
            continue
        new = {out.lines[j].draft for j in group} - open_drafts
        speech_s = sum(out.lines[j].seconds for j in group)
        cost = speech_s * (1 + out.pause_s / SCENE_S) + out.pause_s * len(new) * 0.5
        if used + cost <= budget_s:
            chosen |= group
            open_drafts |= new
            used += cost
    return sorted(chosen)


def duration_s(out: Outline, chosen: list[int]) -> float:
    """About how many seconds it takes to narrate ``chosen``, pauses included."""
    speech_s = sum(out.lines[i].seconds for i in chosen)
    drafts = len({out.lines[i].draft for i in chosen})
    return speech_s * (1 + out.pause_s / SCENE_S) + out.pause_s * 0.5 * drafts


def length_s(scenes: Sequence[Scene], rate: float, pause_s: float) -> float:
    """About how many seconds a video of ``scenes`` lasts, with Composition's pauses."""
    return ENDS_S + sum(
        max(prose.seconds(scene.narration, rate) + pause_s, reading_s(scene.card))
        for scene in scenes
    )


def _closure(out: Outline, start: int, chosen: set[int]) -> set[int]:
    """``start`` and all lines that it needs, directly or not; empty if they are too many."""
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
