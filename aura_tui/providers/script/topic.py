"""A bare topic -> a short piece out of what the topic itself says. It invents no facts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aura_tui.model.script import BulletsCard, Scene, Script, StatementCard, TitleCard
from aura_tui.model.text import clean_line
from aura_tui.providers.script import prose

if TYPE_CHECKING:
    from aura_tui.model.request import JobRequest
    from aura_tui.model.script import AnyCard

# (about, for whom, why, the end): what can be said of any topic without knowing anything of it.
_PHRASES = {
    "en": (
        "This short video introduces its topic: {topic}.",
        "It is made for {audience}.",
        "Its goal: {goal}.",
        "Thank you for watching.",
    ),
    "de": (
        "Dieses kurze Video stellt sein Thema vor: {topic}.",
        "Es ist gemacht f\u00fcr: {audience}.",
        "Das Ziel: {goal}.",
        "Vielen Dank f\u00fcrs Zuschauen.",
    ),
    "fr": (
        "Cette courte vid\u00e9o pr\u00e9sente son sujet : {topic}.",
        "Elle s'adresse \u00e0 : {audience}.",
        "Son but : {goal}.",
        "Merci de votre attention.",
    ),
    "es": (
        "Este breve v\u00eddeo presenta su tema: {topic}.",
        "Est\u00e1 hecho para: {audience}.",
        "Su objetivo: {goal}.",
        "Gracias por su atenci\u00f3n.",
    ),
}
_PARTS = re.compile(
    r"\s*[:;\u2014\uff1a\uff1b\u3001]\s*|\s+[\u2013-]\s+|,\s+(?:and\s+|und\s+)?|\s+(?:and|und)\s+"
)


def script(said: str, request: JobRequest, language: str) -> Script:
    """Two or three scenes from ``said`` and from the brief's audience and goal, as written.

    ``language`` (BCP 47) is that of the phrases around them; one without phrases gets none.
    """
    brief = request.brief
    title = prose.headline(said, 14)
    details = {
        "topic": said.rstrip(" .!?:"),
        "audience": prose.spoken_form(clean_line(brief.audience, 200)).rstrip(" ."),
        "goal": prose.spoken_form(clean_line(brief.goal, 200)).rstrip(" ."),
    }
    phrases = _PHRASES.get(language.split("-")[0].lower())
    made: list[tuple[str, AnyCard]] = [(prose.finished(said), TitleCard(title=title))]
    parts = [p for p in _PARTS.split(said) if any(c.isalnum() for c in p)]
    shown: AnyCard = StatementCard(text=prose.headline(details["goal"] or details["topic"], 16))
    if len(parts) >= 3:  # "Solar power: cost, storage and the grid"
        points = tuple(prose.capital(prose.headline(p, 10)) for p in parts[1:7])
        shown = BulletsCard(title=prose.headline(parts[0], 10), bullets=points)
    if phrases:
        about, audience, goal, end = phrases
        lines = [about] + [audience] * bool(details["audience"]) + [goal] * bool(details["goal"])
        made.append((" ".join(line.format(**details) for line in lines), shown))
        made.append((end, TitleCard(title=end.rstrip("."), subtitle=title)))
    elif len(parts) >= 3:
        made.append((" ".join(prose.finished(p) for p in parts[1:7]), shown))
    scenes = tuple(
        Scene(number=i, title=title, narration=told, card=card, chapter=i == 1)
        for i, (told, card) in enumerate(made, 1)
    )
    return Script(title=title, language=language, scenes=scenes)
