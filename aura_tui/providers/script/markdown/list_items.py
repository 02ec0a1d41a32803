"""The items of a list; short nested items are merged into their parent's line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aura_tui.providers.script.prose import spoken_form

if TYPE_CHECKING:
    from aura_tui.providers.script.markdown.blocks import Code


@dataclass(slots=True)
class Item:
    """An item of a list, with its raw texts and code; ``linked`` counts the characters in links.
    ``done``: it is a checked task."""

    depth: int
    parts: list[str] = field(default_factory=list)
    linked: int = 0
    done: bool = False
    code: list[Code] = field(default_factory=list)


def fold_children(items: list[Item]) -> list[tuple[str, bool]]:
    """One (text, whether it is a checked task) per item. Merges short children into their parent's
    line: "Formats: MP4, SRT"."""
    texts: list[tuple[str, bool]] = []
    i = 0
    while i < len(items):
        own = " ".join(filter(None, map(spoken_form, items[i].parts)))
        j = i + 1
        done = items[i].done
        children: list[tuple[str, bool]] = []
        while j < len(items) and items[j].depth > items[i].depth:
            children += [(spoken_form(part), items[j].done) for part in items[j].parts]
            j += 1
        children = [child for child in children if _says(child[0])]
        joined = f"{own.rstrip(':.')}: {', '.join(text for text, _ in children)}"
        folds = own.endswith(":") or len(own.split()) <= 3
        simple = not any("," in text or ticked for text, ticked in children)
        if folds and children and len(joined) <= 90 and simple:
            texts.append((joined, done))
        else:
            texts += [(own, done), *children]
        i = j
    return [(text, done) for text, done in texts if _says(text)]


def _says(text: str) -> bool:
    return any(c.isalnum() for c in text)
