"""Abbreviations and sentence starters by language, from ``sentence_words.toml``."""

from __future__ import annotations

import functools
import tomllib
from importlib import resources

import msgspec

# Languages that write "third" as "3.".
ORDINALS = frozenset(
    {"de", "da", "nb", "nn", "no", "is", "fi", "et", "lv", "cs", "sk", "sl", "hr", "sr", "hu", "tr"}
)


class Words(msgspec.Struct, frozen=True):
    """One language's words, lower case, without the final stop; the file says what each set is."""

    before_words: frozenset[str]
    before_numbers: frozenset[str]
    may_end: frozenset[str]
    starters: frozenset[str]


@functools.cache
def of_language(tag: str) -> Words:
    """The words of a language (BCP 47 primary tag), with those of all languages.

    An unknown language has the words of all languages, and English starters.
    """
    tables = _tables()
    sets = {
        name: frozenset(table.get("any", "").split()) | frozenset(table.get(tag, "").split())
        for name, table in tables.items()
    }
    sets["starters"] = sets["starters"] or frozenset(tables["starters"]["en"].split())
    return Words(**sets)


@functools.cache
def _tables() -> dict[str, dict[str, str]]:
    file = resources.files("aura_tui.model.text").joinpath("sentence_words.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))
