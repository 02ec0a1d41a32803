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
from aura_tui.providers.script import document, fitting, layout, prose, topic

if TYPE_CHECKING:
    from aura_tui.model.request import JobRequest
    from aura_tui.providers.port import Workbench

VERSION = "1"  # part of the checkpoint's key: raise it when the same brief gives another script
DEFAULT_MAX_S = 180.0  # where the brief asks for no duration


class OutlineProvider:
    """Markdown or plain text -> script, by rule."""

    name = "outline"
    deterministic = True

    def identity(self) -> tuple[str, ...]:
        return (VERSION,)

    async def write(self, request: JobRequest, bench: Workbench) -> Script:
        """Off the event loop: a megabyte of text takes most of a second."""
        script, notes = await asyncio.to_thread(outline, request)
        for note in notes:
            bench.warn(note)
        return script


def outline(request: JobRequest) -> tuple[Script, list[str]]:
    """The script, and what the person should be told about it."""
    brief = request.brief
    language = brief.language or "en"
    rate = request.voice_spec.rate or 1.0
    target = parse_duration(request.plan_spec.target_duration)
    parsed = document.parse(brief.text)
    asked = prose.spoken_form(clean_line(brief.topic))
    out = fitting.outline(parsed, language, rate)
    title = prose.headline(asked or parsed.title or _first_words(out), 14)[:120] or "Untitled"
    if not out.lines:
        said = asked or parsed.title or _names(parsed)
        if not said:
            raise StageError(
                Code.SCRIPT_FAILED,
                "The brief has no sentence that could be told",
                "Give a text with some sentences, or a topic.",
            )
        return topic.script(said, request), [
            "The brief is only a topic, so the video is short: "
            "a text or a Markdown file would give it something to tell."
        ]
    budget = target or DEFAULT_MAX_S
    notes: list[str] = []
    if target and out.seconds < 0.7 * target:
        notes.append(
            f"The text gives about {out.seconds:.0f} s of the {target:.0f} s asked for: "
            "nothing is invented, so the video is shorter. A longer text would fill it."
        )
    spare = prose.seconds(title, rate) + fitting.BREATH_S if _opens_with_title(out) else 0.0
    chosen = fitting.choose(out, budget - spare)
    if not chosen and not spare:
        spare = prose.seconds(title, rate)
        if not (asked or parsed.title):  # without a name, its shortest early sentence is whole
            chosen = [min(range(min(3, len(out.lines))), key=lambda i: out.lines[i].seconds)]
    scenes = layout.scenes(out, chosen, title)
    return Script(title=title, language=language, scenes=scenes), notes


def _opens_with_title(out: fitting.Outline) -> bool:
    """Whether there is no introduction, so that the title itself is said."""
    first = out.drafts[0]
    return first.block is not None or bool(out.sections[first.section].title)


_SUBJECT = re.compile(
    r"(\S(?:.{0,38}\S)?) (?:is|are|ist|sind|est|sont|es|son) (?:an?|the|ein|une?|el|l)"
)


def _first_words(out: fitting.Outline) -> str:
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


def _names(parsed: document.Document) -> str:
    return next((s.title for s in parsed.sections if s.title), "")
