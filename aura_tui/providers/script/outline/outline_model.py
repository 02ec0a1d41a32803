"""The outline of a document: its sentences that may be narrated, grouped by what they show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aura_tui.providers.script.markdown.blocks import NOWHERE

if TYPE_CHECKING:
    from aura_tui.model.script import LeftOut
    from aura_tui.providers.script.markdown.blocks import Block, Lines, Section

MAX_LINES = 6000  # enough for an hour; bounds the work for any text


@dataclass(slots=True)
class Line:
    """A sentence that may be narrated, together with the lines in ``needs`` (by index).
    ``source`` is where the text has it."""

    text: str
    seconds: float
    draft: int
    score: float = 0.0
    needs: list[int] = field(default_factory=list)
    item: int | None = None  # index of its list item
    source: Lines = NOWHERE


@dataclass(slots=True)
class Draft:
    """Consecutive lines for one kind of scene: ``block`` is shown meanwhile, None: plain text.
    ``covers``: lines of the text that count as told with it, such as "For example:"."""

    section: int
    block: Block | None
    lines: list[int] = field(default_factory=list)
    covers: list[Lines] = field(default_factory=list)


@dataclass(slots=True)
class Outline:
    """All drafts of a document and their lines, both in the order of the text. ``left_out``: what
    can't be drafted."""

    sections: list[Section]
    drafts: list[Draft]
    lines: list[Line]
    pause_s: float  # silence around a scene's speech
    language: str = "en"  # BCP 47
    left_out: list[LeftOut] = field(default_factory=list)
