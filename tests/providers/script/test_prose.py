"""Sentences, spoken length, figures and short forms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura_tui.providers.script import prose


@pytest.mark.parametrize(
    ("language", "text", "count"),
    [
        ("en", "One. Two! Three? Four", 4),
        ("en", "Dr. Brandt met Mr. Lee, e.g. in No. 5 of the U.S. Embassy. They talked.", 2),
        ("en", "J. R. R. Tolkien wrote it. I read it.", 2),
        ("en", "It costs 3.50 dollars. Version 1.2 is out.", 2),
        ("en", 'She said "Stop." Then she left. (He stayed.) Well.', 4),
        ("en", "Use main.py or node.js here. It works.", 2),
        ("en", "The answer is no. Then we left.", 2),
        ("en", "Wait... what? yes", 1),
        ("en", "It ended in version 3. The next one came.", 2),
        ("de", "Es war am 3. Mai. Der Wald gehört z. B. zur Stadt. Ende.", 3),
        (
            "de",
            "Es kommen ca. 300 G\u00e4ste, u. a. aus K\u00f6ln, vgl. Abb. 3. Dann ist Schluss.",
            2,
        ),
        ("de", "Am 5. Dienstag, d. h. am 3. Juni, in Raum Nr. 5. Das war es.", 2),
        ("fr", "Le 1er mai, p. ex. chez M. Dupont, cf. p. 12. Il y en a. Ensuite, on part.", 3),
        ("fr", "Il ouvre \u00e0 8 h. Le soir, il ferme \u00e0 20 h. en semaine.", 2),
        ("es", "P. ej. en la p\u00e1g. 4 del Sr. Ruiz, EE. UU. y m\u00e1s. Luego sigue.", 2),
        ("ja", "緑茶です。「熱い\uff01」と言いました。終わり", 3),
        ("zh", "你好。再见\uff01真的吗\uff1f", 3),
        ("ar", "هل تعرف؟ نعم. القهوة هنا.", 3),
        ("hi", "यह पहला है। यह दूसरा है।", 2),
    ],
)
def test_sentences_end_where_a_reader_ends_them(language: str, text: str, count: int) -> None:
    assert len(prose.sentences(text, language)) == count


@given(st.text(), st.sampled_from(["en", "de", "ja", "ar"]))
def test_sentences_together_are_the_whole_text(text: str, language: str) -> None:
    def bare(value: str) -> str:
        return "".join(value.split())

    assert bare("".join(prose.sentences(text, language))) == bare(text)


def test_a_text_without_full_stops_parts_at_clauses_and_between_words() -> None:
    text = "and then, as it were, we went on to the next town " * 40
    pieces = prose.split_overlong(text)
    assert len(pieces) > 5
    assert " ".join(pieces).split() == text.split()
    assert all(len(piece) < 300 for piece in pieces)


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("see https://www.example.org/a/b?c=d. Bye", "see example.org. Bye"),
        ("(http://example.org/x)", "(example.org)"),
        ("done 🎉🎉 now ✅ :rocket: go", "done now go"),
        ("10:30:15 stays", "10:30:15 stays"),
        ("a  b\n c", "a b c"),
        ("味が変わり、\n甘みを出す。", "味が変わり、甘みを出す。"),
        ("as shown before[^note]", "as shown before"),
        ("half **bold", "half bold"),
    ],
)
def test_what_is_spoken_has_no_urls_emoji_or_marks(text: str, spoken: str) -> None:
    assert prose.spoken_form(text) == spoken


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A", "A."),
        ("A!", "A!"),
        ('He said "no."', 'He said "no."'),
        ("Install using pip:", "Install using pip."),
        ("手順", "手順。"),
        ("نعم؟", "نعم؟"),
        ("", ""),
    ],
)
def test_narration_ends_with_a_full_stop(text: str, expected: str) -> None:
    assert prose.with_stop(text) == expected


def test_speech_is_timed_by_words_digits_characters_and_rate() -> None:
    english = "The harbour wakes before the town does, and the boats come in with lamps lit."
    assert 4.5 < prose.seconds(english) < 7.5
    assert prose.seconds(english, 2.0) == pytest.approx(prose.seconds(english) / 2)
    assert prose.seconds("in 1984") > prose.seconds("in Rome")
    assert 2.5 < prose.seconds("緑茶はお湯の温度で味が変わる") < 4.5


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Sales grew by 29.5% in a year.", "29.5%"),
        ("It costs $1.2 million today.", "$1.2 million"),
        ("About 80,000 photos.", "80,000"),
        ("Starts in 40 ms.", "40 ms"),
        ("Der Anteil sank auf 34 %.", "34 %"),
        ("It is 3x faster.", "3x"),
        ("Founded in 1984 by 3 people.", None),
        ("Python 3.11 or newer.", None),
        ("See RFC-9110 and #1234.", None),
        ("Call 127.0.0.1:8080 now.", None),
    ],
)
def test_a_figure_has_a_unit_a_currency_or_thousands(text: str, value: str | None) -> None:
    found = prose.figure(text)
    assert (found[0].strip() if found else None) == value


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        ("Short enough.", 5, "Short enough"),
        (
            "Lanternfish finds duplicate photos on your own disk, without sending a single one.",
            10,
            "Lanternfish finds duplicate photos on your own disk",
        ),
        (
            "Everything is kept locally; nothing is ever sent to anybody.",
            6,
            "Everything is kept locally",
        ),
        ("However, the second run is quick.", 5, "The second run is quick"),
        (
            "When it rains, the whole of the roof leaks badly.",
            8,
            "The whole of the roof leaks badly",
        ),
        ("The core that is used by the pytest, tox, and devpi projects.", 9, None),
        ("It is a small, fast and pleasant library for everyone here.", 6, None),
    ],
)
def test_cards_are_cut_at_clauses_or_not_at_all(text: str, limit: int, short: str | None) -> None:
    assert prose.shorten(text, limit) == short


@given(st.text(max_size=400), st.integers(4, 20))
def test_a_headline_is_always_bounded(text: str, limit: int) -> None:
    assert prose.length_in_words(prose.headline(text, limit)) <= limit * 3 + 1


def test_a_spelling_of_its_own_keeps_its_small_letter() -> None:
    assert prose.capitalize("main.py runs") == "main.py runs"
    assert prose.capitalize("the roof") == "The roof"


def test_a_figure_is_a_whole_quantity_or_none() -> None:
    for text, value in (
        ("a wind of 5 m/s all day", "5 m/s"),
        ("it runs at 120 km/h there", "120 km/h"),
        ("a room of 40 m\u00b2 and more", "40 m\u00b2"),
        ("a loss of -$12,300 so far", "-$12,300"),
        ("about 1 000 000 euros in all", "1 000 000 euros"),
        ("a bridge of 2000 m there", "2000 m"),
        ("he lives in Apt. 3B of it", None),
        ("the music of the 1990s was", None),
        ("a loss of (1,200) in the year", None),
        ("from 5 to 10 % of it", None),
        ("between 5 and 10 kg of it", None),
        ("it takes 5\u201310 kg of it", None),
        ("it costs $5 to $10 a day", None),
        ("it grew from 3 million to 5 million", None),
        ("a plate of 3 x 4 m there", None),
        ("some 1 1/2 kg of flour", None),
        ("since 1984 times have changed", None),
        ("a sheet of 5 m/x there", None),
        ("born in 2019 and raised", None),
    ):
        found = prose.figure(text)
        assert (found and found[0]) == value, text
