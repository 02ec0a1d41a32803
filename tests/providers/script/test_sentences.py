"""The table of sentences: every paragraph is split where its author ends a sentence."""

from __future__ import annotations

from pathlib import Path

from aura_tui.providers.script import prose

_TABLE = Path(__file__).with_name("sentences.txt")


def _paragraphs() -> list[tuple[str, list[str]]]:
    found: list[tuple[str, list[str]]] = []
    language = ""
    for line in _TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            language = line.strip("[]")
        elif line and not line.startswith("#"):
            found.append((language, line.split(" | ")))
    return found


def test_a_table_of_sentences_in_14_languages_is_split_as_it_stands() -> None:
    # sentencex 1.0.32 finds 196 of the 302 sentences, pysbd 0.3.4 171. (Our words were fitted to
    # this table.)
    paragraphs = _paragraphs()
    assert len({language for language, _ in paragraphs}) >= 12
    assert sum(len(sentences) for _, sentences in paragraphs) >= 300
    wrong = {}
    for language, sentences in paragraphs:
        text = ("" if language in ("ja", "zh") else " ").join(sentences)
        if (found := prose.sentences(text, language)) != sentences:
            wrong[text] = found
    assert wrong == {}
