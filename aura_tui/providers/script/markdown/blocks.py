"""The blocks of a brief's text without its markup. All texts are plain and on one line."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str


@dataclass(frozen=True, slots=True)
class Bullets:
    items: tuple[str, ...]
    ordered: bool
    done: frozenset[int] = frozenset()  # indices of the checked items of a task list


@dataclass(frozen=True, slots=True)
class Quote:
    text: str
    author: str


@dataclass(frozen=True, slots=True)
class Code:
    code: str
    language: str


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula on a line of its own, in Unicode."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Image:
    path: str
    caption: str


Block = Paragraph | Bullets | Quote | Code | Formula | Table | Image


@dataclass(slots=True)
class Section:
    """``title`` is "" for the text before the first heading; ``parent`` is the title one level up.
    ``bold``: its heading is a bold line."""

    title: str
    level: int
    parent: str = ""
    bold: bool = False
    blocks: list[Block] = field(default_factory=list)


@dataclass(slots=True)
class Document:
    """``title`` is "" if the text has none. ``unseen``: one text for each picture that can't be
    shown, with its file and the reason."""

    title: str
    sections: list[Section]
    unseen: list[str] = field(default_factory=list)
