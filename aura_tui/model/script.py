"""The script: scenes with a narration and a card. Script writes it; Voice and Visuals read it.

A card is the content of one picture; its kind selects the layout. Texts are plain (no Markdown, no
markup), without control characters, and bounded by the stage that writes them.
"""

from __future__ import annotations

import msgspec


class Card(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """Base of all cards. ``kicker`` is the small line on top ("" for none)."""

    kicker: str = ""


class TitleCard(Card, frozen=True, kw_only=True, tag="title"):
    """The opening, a chapter, or the end."""

    title: str
    subtitle: str = ""


class StatementCard(Card, frozen=True, kw_only=True, tag="statement"):
    """The key sentence of the scene; ``title`` may be empty."""

    text: str
    title: str = ""


class BulletsCard(Card, frozen=True, kw_only=True, tag="bullets"):
    """A heading and its points; ``ordered`` draws numbers, from ``start``."""

    title: str
    bullets: tuple[str, ...]
    ordered: bool = False
    start: int = 1


class NumberCard(Card, frozen=True, kw_only=True, tag="number"):
    """One figure, large: ``value`` as written ("29.5%"), what it counts, a note."""

    value: str
    label: str
    note: str = ""


class QuoteCard(Card, frozen=True, kw_only=True, tag="quote"):
    """A quotation; ``author`` may be empty."""

    text: str
    author: str = ""


class CodeCard(Card, frozen=True, kw_only=True, tag="code"):
    """Source code; ``language`` is a Pygments name or "" for plain text."""

    title: str
    code: str
    language: str = ""


class TableCard(Card, frozen=True, kw_only=True, tag="table"):
    """Rows of cells as written; every row has as many cells as ``header``.

    ``align`` has "left", "center", "right" or "" (by the content) for each column; (): all "".
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    align: tuple[str, ...] = ()


class ChartCard(Card, frozen=True, kw_only=True, tag="chart"):
    """A bar chart: labels, values (finite, any sign) and the values as written; equal lengths."""

    title: str
    labels: tuple[str, ...]
    values: tuple[float, ...]
    texts: tuple[str, ...]


class PictureCard(Card, frozen=True, kw_only=True, tag="picture"):
    """A picture from the user, by absolute path, with a caption ("" for none)."""

    path: str
    caption: str = ""


AnyCard = (
    TitleCard
    | StatementCard
    | BulletsCard
    | NumberCard
    | QuoteCard
    | CodeCard
    | TableCard
    | ChartCard
    | PictureCard
)


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """One scene: ``narration`` is the text as in the captions, never empty."""

    number: int  # 1-based
    title: str  # for chapters and progress lines
    narration: str
    card: AnyCard
    chapter: bool = False  # a chapter of the video starts here
    # The lines of the brief that it tells or shows: (first, last), 1-based. () if not known.
    lines: tuple[tuple[int, int], ...] = ()


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the brief that is neither told nor shown: its lines (1-based; ``last`` is
    included), ``what`` it is, and ``why`` it is left out."""

    first: int
    last: int
    what: str
    why: str


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """The whole script: at least one scene, numbered from 1 in order. ``left_out``: what the
    scenes don't have of the brief, in its order."""

    title: str
    language: str  # BCP 47, "en"
    scenes: tuple[Scene, ...]
    left_out: tuple[LeftOut, ...] = ()


class Word(msgspec.Struct, frozen=True, array_like=True):
    """A word of the narration as written, with its times in the sound, in seconds from the start
    of the scene."""

    text: str
    start_s: float
    end_s: float


class Speech(msgspec.Struct, frozen=True, kw_only=True):
    """The spoken narration of one scene.

    ``path`` is a mono 16-bit 48 kHz WAV of exactly ``samples`` samples. ``words`` are the
    narration's whitespace-separated tokens in order, with non-decreasing times.
    """

    scene: int
    path: str
    samples: int
    words: tuple[Word, ...]

    @property
    def duration_s(self) -> float:
        """Length of the sound in seconds."""
        return self.samples / SAMPLE_RATE


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """The picture of one scene: an RGB PNG, larger than the frame to leave room for motion."""

    scene: int
    path: str
    width: int
    height: int


SAMPLE_RATE = 48_000  # Hz; of all sound that stages exchange


def reading_s(card: AnyCard) -> float:
    """Minimum seconds to show a card, however short its narration: code and tables take time to
    read."""
    if isinstance(card, CodeCard):
        return min(9.0, 1.5 + 0.6 * len(card.code.splitlines()))
    if isinstance(card, TableCard):
        return min(9.0, 2.0 + 0.7 * len(card.rows))
    return 0.0
