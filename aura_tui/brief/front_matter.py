"""Front matter: the YAML or TOML on top of a page, as site generators have it."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_MAX_CHARS: Final = 20_000
# A rule (---) on top of a text begins no front matter: that has a key on its first line.
_BEGINS = re.compile(r"\s*(---|\+\+\+)[ \t]*\n(?=(?:[ \t]*\n)*[\w-]+\s*[:=])")
_TOML_FENCE = re.compile(r"^\+\+\+(?=[ \t]*$)", re.MULTILINE)
_TITLE = re.compile(r"^title\s*[:=]\s*(.+)$", re.MULTILINE | re.IGNORECASE)


class FrontMatter(NamedTuple):
    """``title`` as it is written, "" for none; ``text`` follows the front matter."""

    title: str
    text: str


def split_front_matter(text: str) -> FrontMatter:
    """``text``, whose lines end with a line feed, without the front matter that it may have."""
    begins = _BEGINS.match(text)
    if begins is None:
        return FrontMatter("", text)
    from markdown_it import MarkdownIt
    from mdit_py_plugins.front_matter import front_matter_plugin

    page = text[begins.start(1) :]
    head = page[:_MAX_CHARS]
    if begins[1] == "+++":  # the plugin knows YAML's fence
        head = _TOML_FENCE.sub("---", head)
    # Indented lines are the values' own: the plugin knows them by the rule for code.
    md = MarkdownIt("zero").enable("code").use(front_matter_plugin)
    token = md.parse(head)[0]
    if token.type != "front_matter" or token.map is None:
        return FrontMatter("", text)
    title = _TITLE.search(token.content)
    rest = page.split("\n", token.map[1])[token.map[1] :]
    return FrontMatter(title[1].strip().strip("\"'") if title else "", "".join(rest))
