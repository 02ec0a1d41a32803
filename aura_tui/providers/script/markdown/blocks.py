"""The blocks of a brief's text without its markup. All texts are plain and on one line.

Every block knows the lines of the text that it comes from, so that what a video leaves out can be
named. Lines don't count when blocks are compared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from aura_tui.model.script import LeftOut


class Lines(NamedTuple):
    """A range of lines of the text, 1-based; ``last`` is included."""

    first: int
    last: int


NOWHERE = Lines(0, 0)


@dataclass(frozen=True, slots=True)
class _Block:
    lines: Lines = field(default=NOWHERE, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Paragraph(_Block):
    text: str


@dataclass(frozen=True, slots=True)
class Bullets(_Block):
    """A list. An item that begins with a tick or a cross (``tables.YES``, ``NO``) has that mark."""

    items: tuple[str, ...]
    ordered: bool
    done: frozenset[int] = frozenset()  # indices of the checked items of a task list
    start: int = 1  # the first number of an ordered list
    inner: frozenset[int] = frozenset()  # indices of nested items, which have no number
    item_lines: tuple[Lines, ...] = field(default=(), compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Quote(_Block):
    text: str
    author: str


@dataclass(frozen=True, slots=True)
class Code(_Block):
    code: str
    language: str


@dataclass(frozen=True, slots=True)
class Formula(_Block):
    """A formula on a line of its own, in Unicode."""

    text: str


@dataclass(frozen=True, slots=True)
class Table(_Block):
    """``align`` has "left", "center", "right" or "" (not given) for each column; () if none is
    given."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    align: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Image(_Block):
    path: str
    caption: str


@dataclass(frozen=True, slots=True)
class Heading(_Block):
    """The title of a section that has nothing else: it is shown as a card of its own."""

    text: str


@dataclass(frozen=True, slots=True)
class Missing(_Block):
    """A block that can't be shown: ``what`` it is ("a mermaid diagram"), and ``why`` not."""

    what: str
    why: str


Block = Paragraph | Bullets | Quote | Code | Formula | Table | Image | Heading | Missing


@dataclass(slots=True)
class Section:
    """``title`` is "" for the text before the first heading; ``parent`` is the title one level up.
    ``bold``: its heading is a bold line. ``lines`` are those of the heading."""

    title: str
    level: int
    parent: str = ""
    bold: bool = False
    blocks: list[Block] = field(default_factory=list)
    lines: Lines = NOWHERE


class Unseen(NamedTuple):
    """A picture that can't be shown: its name with the reason, and its line."""

    text: str
    line: int


@dataclass(slots=True)
class Document:
    """``title`` is "" if the text has none. ``unseen``: the pictures that can't be shown.
    ``dropped``: what is no content, such as lists of links. ``title_lines``: where the title
    stands."""

    title: str
    sections: list[Section]
    unseen: list[Unseen] = field(default_factory=list)
    dropped: list[LeftOut] = field(default_factory=list)
    title_lines: Lines = NOWHERE
