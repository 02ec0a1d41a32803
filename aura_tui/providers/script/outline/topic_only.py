"""Writes a short script from a topic alone, using only its own words: it invents no facts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aura_tui.model.script import BulletsCard, Scene, Script, StatementCard, TitleCard
from aura_tui.model.text.sanitize import clean_line
from aura_tui.providers.script import prose

if TYPE_CHECKING:
    from aura_tui.model.request import JobRequest
    from aura_tui.model.script import AnyCard

# (audience, goal): sentences around the brief's own words, by language.
_PHRASES = {
    "en": ("It is made for {audience}.", "Its goal: {goal}."),
    "de": ("Es ist gemacht f\u00fcr: {audience}.", "Das Ziel: {goal}."),
    "fr": ("Elle s'adresse \u00e0 : {audience}.", "Son but : {goal}."),
    "es": ("Est\u00e1 hecho para: {audience}.", "Su objetivo: {goal}."),
}
_PLAIN = ("{audience}.", "{goal}.")
_PARTS = re.compile(
    r"\s*[:;\u2014\uff1a\uff1b\u3001]\s*|\s+[\u2013-]\s+|,\s+(?:and\s+|und\s+)?|\s+(?:and|und)\s+"
)


def script(topic: str, request: JobRequest, language: str) -> Script:
    """Write one to three scenes: the topic, its parts if it names some, and the brief's audience
    and goal as written. ``language`` (BCP 47) is that of the sentences around them."""
    brief = request.brief
    title = prose.headline(topic, 14)
    parts = [p for p in _PARTS.split(topic) if any(c.isalnum() for c in p)]
    made: list[tuple[str, AnyCard]] = []
    if len(parts) >= 3:  # "Solar power: cost, storage and the grid"
        points = [prose.capitalize(p) for p in parts[1:7]]
        shown = tuple(prose.headline(p, 10) for p in points)
        head = prose.headline(parts[0], 10)
        made.append((prose.with_stop(parts[0]), TitleCard(title=title)))
        narration = " ".join(map(prose.with_stop, points))
        made.append((narration, BulletsCard(title=head, bullets=shown)))
    else:
        made.append((prose.with_stop(topic), TitleCard(title=title)))
    details = {
        "audience": prose.spoken_form(clean_line(brief.audience, 200)).rstrip(" ."),
        "goal": prose.spoken_form(clean_line(brief.goal, 200)).rstrip(" ."),
    }
    phrases = _PHRASES.get(language.split("-")[0].lower(), _PLAIN)
    lines = [
        line.format(**details)
        for line, detail in zip(phrases, details.values(), strict=True)
        if detail
    ]
    if lines:
        text = prose.headline(details["goal"] or details["audience"], 16)
        made.append((" ".join(lines), StatementCard(text=text, kicker=_kicker(title))))
    scenes = tuple(
        Scene(number=i, title=title, narration=narration, card=card, chapter=i == 1)
        for i, (narration, card) in enumerate(made, 1)
    )
    return Script(title=title, language=language, scenes=scenes)


def _kicker(title: str) -> str:
    return title if len(title) <= 48 else ""
