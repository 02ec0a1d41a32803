"""Prepares a text for the Markdown parser: splits front matter, converts reStructuredText."""

from __future__ import annotations

import re

from aura_tui.brief.front_matter import split_front_matter


def unwrapped(text: str) -> tuple[str, str]:
    """(the title in the front matter, or ""; the text as Markdown)."""
    title, text = split_front_matter(text)
    return title, _from_rest(text) if _DIRECTIVE.search(text) else text


_DIRECTIVE = re.compile(r"^\.\. (?:[\w-]+::|\|[\w. -]+\| |_\w)", re.MULTILINE)
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


def _from_rest(text: str) -> str:
    """Convert reStructuredText, which many a README uses, roughly to Markdown: the words matter."""
    for pattern, to in _REST:
        text = pattern.sub(to, text)
    return text
