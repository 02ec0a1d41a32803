"""Prepares a text for the Markdown parser: splits front matter, converts reStructuredText and TeX's
brackets, and keeps the line of the text that each line comes from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from aura_tui.brief.front_matter import split_front_matter
from aura_tui.providers.script.markdown import tex

if TYPE_CHECKING:
    from collections.abc import Callable


class Prepared(NamedTuple):
    """``title`` is that of the front matter, or "". ``lines``: for each line of ``markdown`` the
    1-based line of the text that it comes from."""

    title: str
    markdown: str
    lines: list[int]


def prepare(text: str) -> Prepared:
    """Turn a clean text into Markdown."""
    title, rest = split_front_matter(text)
    lines = list(range(1 + text.count("\n") - rest.count("\n"), text.count("\n") + 2))
    made = rest, lines
    if _DIRECTIVE.search(rest) or (
        _TITLE_OVER_TILDES.search(rest) and len(_TILDES.findall(rest)) % 2
    ):
        for pattern, to in _REST:
            made = _substituted(pattern, to, *made)
    if "\\" in rest:
        made = _substituted(tex.FOUND, tex.written, *made)
    return Prepared(title, *made)


def _substituted(
    pattern: re.Pattern[str], to: str | Callable[[re.Match[str]], str], text: str, lines: list[int]
) -> tuple[str, list[int]]:
    """As ``pattern.sub(to, text)``; the lines of a replacement come from those that it replaces."""
    parts: list[str] = []
    kept = [lines[0]]
    at = line = 0
    for match in pattern.finditer(text):
        made = match.expand(to) if isinstance(to, str) else to(match)
        parts += [text[at : match.start()], made]
        before, spent = parts[-2].count("\n"), match[0].count("\n")
        kept += lines[line + 1 : line + 1 + before]
        line += before
        kept += [lines[line + min(i + 1, spent)] for i in range(made.count("\n"))]
        line += spent
        if match[0].endswith("\n") and (not made or made.endswith("\n")):
            kept[-1] = lines[line]  # what follows begins a line, as it did
        at = match.end()
    parts.append(text[at:])
    return "".join(parts), kept + lines[line + 1 :]


_DIRECTIVE = re.compile(r"^\.\. (?:[\w-]+::|\|[\w. -]+\| |_\w)", re.MULTILINE)
# In reStructuredText tildes may underline a title; in Markdown they would open code.
_TITLE_OVER_TILDES = re.compile(r"^(?![~ \t]).{2,80}\n~{4,}[ \t]*$", re.MULTILINE)
_TILDES = re.compile(r"^ {0,3}~{3,}", re.MULTILINE)
_REST: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(
            r"^\.\. code(?:-block)?::[ \t]*(\w*).*\n(?:[ \t]+:.*\n)*((?:[ \t]*\n|[ \t]+.*\n?)+)",
            re.MULTILINE,
        ),
        r"\n```\1\n\2\n```\n",
    ),
    (re.compile(r"^\.\. .*\n(?:[ \t]+\S.*\n)*", re.MULTILINE), "\n"),  # images, targets, comments
    (re.compile(r"^\|[ \t]+(?=[^|\s][^|\n]*$)", re.MULTILINE), ""),  # line blocks
    (re.compile(r"`([^`<>]{1,200}?)\s*<[^<>`\s]{1,500}>`_{1,2}"), r"\1"),  # links
    (re.compile(r"`([^`<>\n]{1,200})`_{1,2}(?!\w)"), r"\1"),
    (re.compile(r"(?<!\S)\|[\w. -]{1,60}\|(?!\S)"), ""),  # substitutions: badges, mostly
    (re.compile(r"^([=~^*#+\"-])\1{3,}[ \t]*\n(?=[^\n]{1,200}\n\1{4})", re.MULTILINE), ""),
    (re.compile(r":\w+:`([^`\n]{1,200})`"), r"\1"),  # roles
    (re.compile(r"(?<!`)``(?!`)"), "`"),
    (re.compile(r"(?<=\w)_(?=[\s.,;)])"), ""),
    (re.compile(r"^(?:\^{3,}|~{3,}|\*{3,}|\"{3,}|#{3,}|\+{3,})[ \t]*$", re.MULTILINE), "---"),
    (re.compile(r"::[ \t]*$", re.MULTILINE), ":"),
)
