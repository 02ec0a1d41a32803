"""The default script provider: a text becomes scenes by rule. No network, nothing invented.

What is narrated are whole sentences of the brief, in their order; what is shown is cut from them.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from aura_tui.errors import Code, StageError
from aura_tui.model.request import parse_duration
from aura_tui.model.sanitize import clean_line
from aura_tui.model.script import Script
from aura_tui.providers.script import prose
from aura_tui.providers.script.language import detect
from aura_tui.providers.script.markdown import document
from aura_tui.providers.script.markdown.picture_files import unseen
from aura_tui.providers.script.outline import scenes as layout
from aura_tui.providers.script.outline import selection, topic_only

if TYPE_CHECKING:
    from aura_tui.model.request import JobRequest
    from aura_tui.model.script import Scene
    from aura_tui.providers.protocols import ProviderContext
    from aura_tui.providers.script.markdown.blocks import Document
    from aura_tui.providers.script.outline.outline_model import Outline

VERSION = "7"  # part of the checkpoint's key: raise it when the same brief gives another script
DEFAULT_MAX_S = 180.0  # where the brief asks for no duration
_TRIES = 4  # to come near to the target
_NEAR = 0.01
_OVER = 1.5  # too long is worse than too short
MIN_SCENE_S = 6.0  # on average, in a long video


class OutlineProvider:
    """Markdown or plain text -> script, by rule."""

    name = "outline"
    deterministic = True

    def __init__(self, rate: float = 1.0) -> None:
        """``rate``: of the voice, where the request leaves it alone."""
        self._rate = rate

    def identity(self) -> tuple[str, ...]:
        paced = () if self._rate == 1.0 else (f"{self._rate:g}",)
        return (VERSION, detect.VERSION, *paced)

    async def write(self, request: JobRequest, ctx: ProviderContext) -> Script:
        """Off the event loop: a megabyte of text takes most of a second."""
        script, notes = await asyncio.to_thread(outline, request, self._rate)
        for note in notes:
            ctx.warn(note)
        return script


def outline(request: JobRequest, spoken_at: float = 1.0) -> tuple[Script, list[str]]:
    """The script, and what the person should be told about it. ``spoken_at``: the voice's rate
    where the request leaves it alone."""
    brief = request.brief
    tongue = detect.of_brief(brief)
    rate = request.voice_spec.rate if request.voice_spec.rate not in (None, 1.0) else spoken_at
    target = parse_duration(request.plan_spec.target_duration)
    parsed = document.parse(brief.text, local_pictures=not request.origin.outside)
    asked = prose.spoken_form(clean_line(brief.topic))
    if not any(c.isalnum() for c in asked):
        asked = ""
    out = selection.outline(parsed, tongue.lower(), rate, request.voice_spec.pause)
    title = prose.headline(asked or parsed.title or _first_words(out), 14)[:120] or "Untitled"
    if not out.lines:
        said = asked or parsed.title or _names(parsed)
        if not said:
            raise StageError(
                Code.SCRIPT_FAILED,
                "The brief has no sentence to narrate",
                "Use a text with full sentences, or a topic.",
            )
        return topic_only.script(said, request, tongue), [
            "Only a topic was given, so the video is short. "
            "Use a text or a Markdown file for a longer one.",
            *unseen(parsed.unseen),
        ]
    named = bool(asked or parsed.title or out.sections[out.drafts[0].section].title)
    told, scenes = _fitted(out, target, title, named, rate)
    notes = unseen(parsed.unseen)
    worth = sum(line.score > 0 for line in out.lines)
    if target and told.seconds < 0.7 * target and len(told.lines) > 0.8 * worth:
        notes.append(
            f"The text is enough for about {told.seconds:.0f} s; the target is {target:.0f} s. "
            "Nothing is invented, so the video is shorter. Use a longer text to fill it."
        )
    return Script(title=title, language=tongue, scenes=scenes), notes


def _fitted(
    out: Outline, target: float | None, title: str, named: bool, rate: float
) -> tuple[_Told, tuple[Scene, ...]]:
    """What is told, and its scenes: of what the budgets looked at give, what comes nearest to the
    target. How many scenes it makes, and what is to be read in them, shows only afterwards."""
    goal = target or DEFAULT_MAX_S
    budget = goal
    best: tuple[float, _Told, tuple[Scene, ...]] | None = None
    tries = _TRIES
    while True:
        told = _Told(out, budget, title if named else "", rate)
        scenes = layout.scenes(out, told.lines, title, told.title)
        if len(scenes) > max(60, goal / MIN_SCENE_S):
            budget *= 0.85  # a text of snippets: fewer of them
            continue
        off = goal - selection.length_s(scenes, rate, out.pause_s)
        miss = off if off > 0 else -_OVER * off
        if best is None or miss < best[0]:
            best = (miss, told, scenes)
        tries -= 1
        budget += off
        enough = not target or abs(off) <= _NEAR * goal or len(told.lines) == len(out.lines)
        if enough or not tries or budget <= 0:
            return best[1], best[2]


class _Told:
    """What is told in ``budget`` seconds: lines (by index), and what is said over the title.

    An introduction is told over the title. Without one the title itself is said; a text without
    a title (``name`` is "") has its first sentence said there, whole.
    """

    def __init__(self, out: Outline, budget: float, name: str, rate: float) -> None:
        first = out.drafts[0]
        intro = first.block is None and not out.sections[first.section].title
        lines = selection.choose(out, budget) if intro else []
        self.title = ""
        if lines and out.lines[lines[0]].draft == 0:
            spare = 0.0
        elif intro and not name:
            # Nothing fits: the shortest of its first sentences, whole.
            near = [i for i in first.lines[:3] if not out.lines[i].needs] or first.lines[:1]
            lines, spare = [min(near, key=lambda i: out.lines[i].seconds)], 0.0
        else:
            self.title = prose.finished(name or out.lines[0].text)
            spare = prose.seconds(self.title, rate) + out.pause_s
            if self.title == prose.finished(out.lines[0].text):  # it is told once, in either place
                lines = [i for i in selection.choose(out, budget) if i > 0]
            else:
                lines = selection.choose(out, budget - spare)
        self.lines = lines
        self.seconds = selection.told_s(out, lines) + spare


_SUBJECT = re.compile(
    r"(\S(?:.{0,38}\S)?) (?:is|are|ist|sind|est|sont|es|son) (?:an?|the|ein|une?|el|l)"
)


def _first_words(out: Outline) -> str:
    """A title for a text without one: what its first sentence is about, or that sentence, short;
    the first heading where a heading comes first."""
    if not out.lines:
        return ""
    heading = out.sections[out.drafts[0].section].title
    if heading:
        return heading
    first = out.lines[0].text
    subject = _SUBJECT.match(first)
    if subject and len(subject[1].split()) <= 5 and not prose.leans_back(first):
        return subject[1]
    return prose.shorten(first, 12) or prose.headline(first, 8)


def _names(parsed: Document) -> str:
    return next((s.title for s in parsed.sections if s.title), "")
