"""Detection of a text's language from its words; English in doubt."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura_tui.model.request import Brief
from aura_tui.providers.script.language.detect import MAX_CHARS, guess, of_brief, of_text
from aura_tui.providers.speech.espeak.provider import Espeak

BRIEFS = Path(__file__).parents[1] / "briefs"
OTHERS = {"deutsch": "de", "japanese": "ja", "arabic": "ar"}
_TABLE = Path(__file__).with_name("languages.txt")
# A language, a short text and a longer one.
TABLE = [line.split("\t") for line in _TABLE.read_text(encoding="utf-8").splitlines()]
TEXTS = {language: f"{short} {long}" for language, short, long in TABLE}
# Read as a near language, or as English, and told as a guess.
UNCLEAR = {"ms": "id", "sw": "en"}


def test_a_paragraph_tells_its_language() -> None:
    found = {text: guess(text) for text in TEXTS.values()}
    wrong = {
        language: found[text]
        for language, text in TEXTS.items()
        if found[text].language != UNCLEAR.get(language, language)
    }
    assert wrong == {}
    assert len(TEXTS) >= 55
    assert all(found[TEXTS[language]].is_weak for language in UNCLEAR)


def test_a_sentence_tells_its_language_or_is_a_guess() -> None:
    near = {("be", "uk"), ("af", "nl")}
    wrong = []
    for language, short, _ in TABLE:
        found = guess(short)
        if found.language != language and (language, found.language) not in near:
            assert found.is_weak, (short, found)
            wrong.append(language)
    assert len(wrong) <= 10, wrong  # of 61


def test_every_language_of_the_table_has_a_voice() -> None:
    for tag in TEXTS:
        assert Espeak().resolve("", tag)


@pytest.mark.parametrize("file", sorted(BRIEFS.iterdir()), ids=lambda file: file.stem)
def test_the_briefs_are_in_the_language_they_are_in(file: Path) -> None:
    assert of_text(file.read_text()) == OTHERS.get(file.stem, "en")


@pytest.mark.parametrize(
    ("topic", "language"),
    [
        ("Wie funktioniert eine Wärmepumpe?", "de"),
        ("Die Rolle der Frau in der Antike", "de"),
        ("Pourquoi le ciel est bleu", "fr"),
        ("Hvordan virker en varmepumpe, og hvad koster den?", "da"),
        ("How solar panels work", "en"),
        ("Kaffee", "en"),
        ("Sturm und Drang", "en"),
        ("La vie en rose", "en"),
        ("Rio de la Plata: a history", "en"),
        ("El Camino de Santiago de Compostela", "en"),
        ("Ursula von der Leyen", "en"),
        ("Vincent van Gogh in Auvers", "en"),
        ("Die Hard and Die Another Day", "en"),
        ("", "en"),
    ],
)
def test_a_topic_is_english_unless_its_words_are_clear(topic: str, language: str) -> None:
    assert of_brief(Brief(topic=topic)) == language


@pytest.mark.parametrize(
    "text",
    [
        "Install `de la que el en y los` with:\n\n```sh\nder die das und ist nicht mit sich\n```\n",
        "my ($s, $k) = @_; s/a/b/; for my $i (0 .. $n) { $i, $u, $k, $o, $z, $v, $s, $a, $w }",
        "SELECT a, o, e FROM se WHERE na = do AND os IS NOT NULL ORDER BY no, em, um DESC",
        "https://example.com/de/la/que/el " * 20,
        "lorem ipsum redis kafka postgres nginx docker podman helm istio envoy " * 20,
    ],
    ids=["fences", "perl", "sql", "addresses", "names"],
)
def test_code_and_names_are_no_foreign_language(text: str) -> None:
    assert of_text(text) == "en"


def test_code_and_english_words_in_a_text_leave_it_its_language() -> None:
    code = "\n\n```python\nfor the_one in this and that or not those:\n    return of_it\n```\n"
    assert of_text(TEXTS["de"] + code * 30 + "Das Release ist im Build, nicht im Branch.") == "de"


def test_a_quotation_leaves_an_english_text_english() -> None:
    assert of_text(f"{TEXTS['en']}\n\n> {TEXTS['fr'][:60]}\n\n{TEXTS['en']}") == "en"


def test_the_language_that_a_brief_names_is_its_language() -> None:
    assert of_brief(Brief(text=TEXTS["de"], language="fr-CA")) == "fr-CA"
    assert of_brief(Brief(topic="Trams", text=TEXTS["de"])) == "de"


@pytest.mark.parametrize("unit", ["`", "<", "```\n", "a", "a.", "://", "\u4e00", "' ", "~~~ \n <"])
def test_a_megabyte_of_anything_is_judged_at_once(unit: str) -> None:
    start = time.process_time()
    of_text(unit * (1_000_000 // len(unit)))
    assert time.process_time() - start < 0.5


@settings(deadline=None)
@given(st.text())
def test_any_text_has_a_language(text: str) -> None:
    assert of_text(text)


def test_only_the_beginning_counts() -> None:
    assert of_text("x " * MAX_CHARS + TEXTS["de"] * 50) == "en"
