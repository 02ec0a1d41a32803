"""The default script provider: turns a text into scenes by rule, offline, without inventing.

The narration consists of whole sentences of the brief, in their order; cards show parts of them.
"""

from __future__ import annotations

import asyncio
import math
import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from aura_tui.errors import Code, StageError
from aura_tui.model.request import LONGEST_FITTED_S, parse_duration
from aura_tui.model.script import Script
from aura_tui.model.text.sanitize import clean_line
from aura_tui.providers.script import prose
from aura_tui.providers.script.language import detect
from aura_tui.providers.script.markdown import document
from aura_tui.providers.script.markdown.blocks import NOWHERE, Heading, Lines
from aura_tui.providers.script.markdown.picture_files import unseen
from aura_tui.providers.script.outline import left_out as report
from aura_tui.providers.script.outline import scenes as layout
from aura_tui.providers.script.outline import selection, topic_only

if TYPE_CHECKING:
    from aura_tui.model.request import JobRequest
    from aura_tui.model.script import Scene
    from aura_tui.providers.protocols import ProviderContext
    from aura_tui.providers.script.markdown.blocks import Document
    from aura_tui.providers.script.outline.outline_model import Outline

VERSION = "10"  # part of the cache key: increment it when the same brief gives another script
_TRIES = 6  # to approach the target duration
_NEAR = 0.01
_CLOSE = 0.05  # so near to the target, too long is no worse than too short
_OVER = 1.5  # weight of a longer video than that
MIN_SCENE_S = 6.0  # on average, in a long video


class OutlineProvider:
    """Writes a script from Markdown or plain text by rule."""

    name = "outline"
    deterministic = True

    def __init__(self, rate: float = 1.0) -> None:
        """``rate``: the voice's rate if the request doesn't give one."""
        self._rate = rate

    def identity(self) -> tuple[str, ...]:
        paced = () if self._rate == 1.0 else (f"{self._rate:g}",)
        return (VERSION, detect.VERSION, *paced)

    async def write(self, request: JobRequest, ctx: ProviderContext) -> Script:
        """Write the script in a thread: a megabyte of text takes most of a second."""
        script, notes = await asyncio.to_thread(outline, request, self._rate)
        for note in notes:
            ctx.warn(note)
        return script


def outline(request: JobRequest, default_rate: float = 1.0) -> tuple[Script, list[str]]:
    """Write the script; also return warnings. ``default_rate``: the voice's rate if the request
    doesn't give one."""
    brief = request.brief
    language = detect.of_brief(brief)
    rate = request.voice_spec.rate if request.voice_spec.rate not in (None, 1.0) else default_rate
    target = parse_duration(request.plan_spec.target_duration)
    origin = request.origin
    parsed = document.parse(brief.text, folder=origin.folder, local_pictures=not origin.outside)
    topic = prose.spoken_form(clean_line(brief.topic))
    if not any(c.isalnum() for c in topic):
        topic = ""
    out = selection.outline(parsed, language.lower(), rate, request.voice_spec.pause)
    title = prose.headline(topic or parsed.title or _default_title(out), 14)
    title = prose.cut(title, 120) or "Untitled"
    if not out.lines:
        subject = topic or parsed.title or _first_heading(parsed)
        if not subject:
            raise StageError(
                Code.SCRIPT_FAILED,
                "The brief has no sentence to narrate",
                "Use a text with full sentences, or a topic.",
            )
        script = topic_only.script(subject, request, language)
        at = layout.ranges([NOWHERE if topic else _first_heading_lines(parsed)])
        scenes = (replace(script.scenes[0], lines=at), *script.scenes[1:])
        left = report.left_out(brief.text, parsed, out, (), scenes)
        notes = [
            "Only a topic was given, so the video is short. "
            "Use a text or a Markdown file for a longer one.",
            *unseen(parsed.unseen),
            *report.warnings(left, 0.0, 0.0, None),
        ]
        return replace(script, scenes=scenes, left_out=left), notes
    first = out.sections[out.drafts[0].section]
    named = bool(topic or parsed.title or first.title)
    title_lines = parsed.title_lines
    if not topic and not parsed.title and not isinstance(out.drafts[0].block, Heading):
        title_lines = first.lines
        for section in out.sections:  # a heading that is the title is no chapter, too
            section.parent = "" if section.parent == first.title else section.parent
        first.title = ""
    narrated, scenes = _fit(out, target, title, named, rate, title_lines)
    left = report.left_out(brief.text, parsed, out, narrated.lines, scenes)
    told_s = narrated.seconds
    notes = [
        *unseen(parsed.unseen),
        *report.warnings(left, target or LONGEST_FITTED_S, told_s, target),
    ]
    return Script(title=title, language=language, scenes=scenes, left_out=left), notes


def _fit(
    out: Outline, target: float | None, title: str, named: bool, rate: float, title_lines: Lines
) -> tuple[_Narrated, tuple[Scene, ...]]:
    """Try several time budgets; return the selection closest to the target, with its scenes. The
    duration depends on the number of scenes and on their reading times, which are known only
    afterwards."""
    goal = target or LONGEST_FITTED_S
    budget = goal
    best: tuple[float, _Narrated, tuple[Scene, ...]] | None = None
    tries = _TRIES
    short, long = 0.0, math.inf  # budgets that gave too short and too long a video
    while True:
        narrated = _Narrated(out, budget, title if named else "", rate)
        scenes = layout.scenes(out, narrated.lines, title, narrated.title, title_lines)
        if len(scenes) > max(60, goal / MIN_SCENE_S):
            budget *= 0.85  # too many short scenes: select fewer
            continue
        off = goal - selection.length_s(scenes, rate, out.pause_s)
        miss = abs(off) * (_OVER if -off > _CLOSE * goal else 1.0)
        if best is None or miss < best[0]:
            best = (miss, narrated, scenes)
        tries -= 1
        if off > 0:
            short = max(short, budget)
        else:
            long = min(long, budget)
        # Whole sentences make jumps: between two known budgets only halving comes closer.
        budget = (short + long) / 2 if short and long < math.inf else budget + off
        enough = not target or abs(off) <= _NEAR * goal or len(narrated.lines) == len(out.lines)
        if enough or not tries or budget <= 0:
            return best[1], best[2]


class _Narrated:
    """The narration for ``budget`` seconds: ``lines`` by index, and the ``title`` to speak over the
    title card ("" if an introduction is narrated there).

    Without an introduction, the title itself is spoken; in a text without a title (``name`` is
    ""), its whole first sentence.
    """

    def __init__(self, out: Outline, budget: float, name: str, rate: float) -> None:
        first = out.drafts[0]
        intro = first.block is None and not out.sections[first.section].title
        lines = selection.choose(out, budget) if intro else []
        self.title = ""
        if lines and out.lines[lines[0]].draft == 0:
            title_s = 0.0
        elif intro and not name:
            # Nothing fits: use the shortest of the first sentences, whole.
            near = [i for i in first.lines[:3] if not out.lines[i].needs] or first.lines[:1]
            lines, title_s = [min(near, key=lambda i: out.lines[i].seconds)], 0.0
        else:
            self.title = prose.with_stop(name or out.lines[0].text)
            title_s = prose.seconds(self.title, rate) + out.pause_s
            told = self.title == prose.with_stop(out.lines[0].text)
            if told and isinstance(first.block, Heading | None):  # don't narrate it twice
                lines = [i for i in selection.choose(out, budget) if i > 0]
            else:
                lines = selection.choose(out, budget - title_s)
        self.lines = lines
        self.seconds = selection.duration_s(out, lines) + title_s


_SUBJECT = re.compile(
    r"(\S(?:.{0,38}\S)?) (?:is|are|ist|sind|est|sont|es|son) (?:an?|the|ein|une?|el|l)"
)


def _default_title(out: Outline) -> str:
    """A title for a text without one: the first heading if the text starts with one, else the
    subject of the first sentence, else that sentence, shortened."""
    if not out.lines:
        return ""
    heading = out.sections[out.drafts[0].section].title
    if heading:
        return heading
    first = out.lines[0].text
    subject = _SUBJECT.match(first)
    if subject and len(subject[1].split()) <= 5 and not prose.refers_back(first):
        return subject[1]
    return prose.shorten(first, 12) or prose.headline(first, 8)


def _first_heading(parsed: Document) -> str:
    return next((s.title for s in parsed.sections if s.title), "")


def _first_heading_lines(parsed: Document) -> Lines:
    if parsed.title:
        return parsed.title_lines
    return next((s.lines for s in parsed.sections if s.title), NOWHERE)
