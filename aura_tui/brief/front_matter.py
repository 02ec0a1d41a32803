"""Front matter: the YAML or TOML at the top of a page, as site generators use it."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_MAX_CHARS: Final = 20_000
# Front matter has a key on its first line; a rule (---) at the top of a text does not start one.
_BEGINS = re.compile(r"\s*(---|\+\+\+)[ \t]*\n(?=(?:[ \t]*\n)*[\w-]+\s*[:=])")
_TOML_FENCE = re.compile(r"^\+\+\+(?=[ \t]*$)", re.MULTILINE)
_TITLE = re.compile(r"^title\s*[:=]\s*(.+)$", re.MULTILINE | re.IGNORECASE)


class FrontMatter(NamedTuple):
    """``title`` as written in it, "" for none; ``text`` is what follows the front matter."""

    title: str
    text: str


def split_front_matter(text: str) -> FrontMatter:
    """Split the front matter, if there is any, from ``text``, whose lines end with a line feed."""
    begins = _BEGINS.match(text)
    if begins is None:
        return FrontMatter("", text)
    from markdown_it import MarkdownIt
    from mdit_py_plugins.front_matter import front_matter_plugin

    page = text[begins.start(1) :]
    head = page[:_MAX_CHARS]
    if begins[1] == "+++":  # the plugin knows YAML's fence
        head = _TOML_FENCE.sub("---", head)
    # Indented lines belong to a value: the plugin needs the rule for code to recognize them.
    md = MarkdownIt("zero").enable("code").use(front_matter_plugin)
    token = md.parse(head)[0]
    if token.type != "front_matter" or token.map is None:
        return FrontMatter("", text)
    title = _TITLE.search(token.content)
    rest = page.split("\n", token.map[1])[token.map[1] :]
    return FrontMatter(title[1].strip().strip("\"'") if title else "", "".join(rest))
