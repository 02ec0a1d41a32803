"""The default script provider: a text becomes scenes by rule. No network, nothing invented.

What is narrated are whole sentences of the brief, in their order; what is shown is cut from them.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from aura_tui.errors import Code, StageError
from aura_tui.model.request import parse_duration
from aura_tui.model.script import Script
from aura_tui.model.text import clean_line
from aura_tui.providers.script import document, fitting, language, layout, prose, topic
from aura_tui.providers.script.picture_files import unseen

if TYPE_CHECKING:
    from aura_tui.model.request import JobRequest
    from aura_tui.providers.port import Workbench
    from aura_tui.providers.script.blocks import Document
    from aura_tui.providers.script.lines import Outline

VERSION = "6"  # part of the checkpoint's key: raise it when the same brief gives another script
DEFAULT_MAX_S = 180.0  # where the brief asks for no duration
MIN_SCENE_S = 6.0  # on average, in a long video


class OutlineProvider:
    """Markdown or plain text -> script, by rule."""

    name = "outline"
    deterministic = True

    def identity(self) -> tuple[str, ...]:
        return (VERSION, language.VERSION)

    async def write(self, request: JobRequest, bench: Workbench) -> Script:
        """Off the event loop: a megabyte of text takes most of a second."""
        script, notes = await asyncio.to_thread(outline, request)
        for note in notes:
            bench.warn(note)
        return script


def outline(request: JobRequest) -> tuple[Script, list[str]]:
    """The script, and what the person should be told about it."""
    brief = request.brief
    tongue = language.of_brief(brief)
    rate = request.voice_spec.rate or 1.0
    target = parse_duration(request.plan_spec.target_duration)
    parsed = document.parse(brief.text, local_pictures=not request.origin.outside)
    asked = prose.spoken_form(clean_line(brief.topic))
    if not any(c.isalnum() for c in asked):
        asked = ""
    out = fitting.outline(parsed, tongue.lower(), rate, request.voice_spec.pause)
    title = prose.headline(asked or parsed.title or _first_words(out), 14)[:120] or "Untitled"
    if not out.lines:
        said = asked or parsed.title or _names(parsed)
        if not said:
            raise StageError(
                Code.SCRIPT_FAILED,
                "The brief has no sentence that could be told",
                "Give a text with some sentences, or a topic.",
            )
        return topic.script(said, request, tongue), [
            "The brief is only a topic, so the video is short: "
            "a text or a Markdown file would give it something to tell.",
            *unseen(parsed.unseen),
        ]
    named = bool(asked or parsed.title or out.sections[out.drafts[0].section].title)
    budget = target or DEFAULT_MAX_S
    while True:
        told = _Told(out, budget, title if named else "", rate)
        scenes = layout.scenes(out, told.lines, title, told.title)
        if len(scenes) <= max(60, (target or DEFAULT_MAX_S) / MIN_SCENE_S):
            break
        budget *= 0.85  # a text of snippets: fewer of them
    notes = unseen(parsed.unseen)
    worth = sum(line.score > 0 for line in out.lines)
    if target and told.seconds < 0.7 * target and len(told.lines) > 0.8 * worth:
        notes.append(
            f"The text gives about {told.seconds:.0f} s of the {target:.0f} s asked for; nothing "
            "is invented, so the video is shorter. A longer text would fill it."
        )
    return Script(title=title, language=tongue, scenes=scenes), notes


class _Told:
    """What is told in ``budget`` seconds: lines (by index), and what is said over the title.

    An introduction is told over the title. Without one the title itself is said; a text without
    a title (``name`` is "") has its first sentence said there, whole.
    """

    def __init__(self, out: Outline, budget: float, name: str, rate: float) -> None:
        first = out.drafts[0]
        intro = first.block is None and not out.sections[first.section].title
        lines = fitting.choose(out, budget) if intro else []
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
                lines = [i for i in fitting.choose(out, budget) if i > 0]
            else:
                lines = fitting.choose(out, budget - spare)
        self.lines = lines
        self.seconds = fitting.told_s(out, lines) + spare


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
