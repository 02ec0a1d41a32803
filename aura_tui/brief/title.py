"""The name of a job, from its brief."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from aura_tui.brief.front_matter import split_front_matter
from aura_tui.model.text.sanitize import clean_line

if TYPE_CHECKING:
    from aura_tui.model.request import Brief

_MAX_CHARS: Final = 120
_MAX_SEARCHED: Final = 20_000  # characters of the text that are searched for a title


def title_of(brief: Brief) -> str:
    """A clean line of at most 120 characters for lists and file names: the topic, else the text's
    title, else its first words."""
    if topic := clean_line(brief.topic):
        return _shortened(topic)
    text = brief.text.lstrip("\ufeff\n\r ")[:_MAX_SEARCHED]
    named, text = split_front_matter("\n".join(text.splitlines()))
    if title := clean_line(named):
        return _shortened(title)
    for line in text.splitlines():
        shown = line[:2000]
        for _ in range(2):  # a badge is a picture within a link
            shown = _MARKS.sub(_link_text, shown)
        if words := clean_line(shown.strip("#>*-+_` \t")):
            return _shortened(words)
    return "Untitled"


def _shortened(text: str) -> str:
    """Cut a long text at a word, with an ellipsis."""
    if len(text) <= _MAX_CHARS:
        return text
    head = text[:_MAX_CHARS].rpartition(" ")[0]
    if len(head) < _MAX_CHARS // 2:  # a script without spaces
        head = text[: _MAX_CHARS - 1]
    return head.strip().rstrip(",;:.!?-\u2013\u2014 ") + "\u2026"


# The invisible parts of a line of Markdown: tags and comments, pictures (badges), link targets.
_MARKS = re.compile(
    r"<[^<>]{0,300}>|!\[[^\]]{0,300}\]\([^()]{0,500}\)|\[([^\[\]]{0,300})\]\([^()]{0,500}\)"
)


def _link_text(match: re.Match[str]) -> str:
    return match[1] or ""
