"""Text normalization: one spoken form for each token, whatever the text."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura_tui.providers.speech.normalize.tokens import MAX_TOKEN, spoken_forms


def said(text: str, language: str = "en") -> str:
    return " ".join(form for form in spoken_forms(text, language) if form)


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("a rise of 29.5% over", "a rise of 29.5 percent over"),
        ("10\u201320% of 2 km/h", "10 to 20 percent of 2 kilometers per hour"),
        ("1 km, 5km, 10 GB", "1 kilometer, 5 kilometers, 10 gigabytes"),
        ("1.5GHz at 60fps", "1.5 gigahertz at 60 frames per second"),
        ("20\u00b0C", "20 degrees Celsius"),
        ("1280x720 in 16:9", "1280 by 720 in 16 by 9"),
        ("3x in 5 GB", "3 times in 5 gigabytes"),
        ("100k of 2.5M", "100 thousand of 2.5 million"),
        ("~3 to <5", "about 3 to less than 5"),
        ("costs $0.30", "costs 30 cents"),
        ("costs $5.", "costs 5 dollars."),
        ("costs $1.00 or -$3.50", "costs 1 dollar or minus 3 dollars 50"),
        ("$5 million, $1.2M", "5 million dollars, 1.2 million dollars"),
        ("20\u20ac, \u20ac20, $5-10", "20 euros, 20 euros, 5 to 10 dollars"),
        ("in 1984", "in 19 84"),
        ("E = mc\u00b2, r\u00b3", "E equals m c squared, r cubed"),
        ("(a + b) / 2", "a plus b, over 2"),
        ("read / write", "read write"),
        ("f(x) = 3x + 1", "f of x equals 3 x plus 1"),
        ("d\u2080 \u00b7 e\u1d4f\u1d57", "d 0 times e to the k t"),
        (
            "\u221a(b\u00b2 \u2212 4ac) \u2264 2\u03c0",
            "the root of b squared minus 4 a c, at most 2 pi",
        ),
        ("10\u207b\u00b3", "10 to the minus 3"),
        ("9.8 m/s\u00b2, 5 km\u00b2", "9.8 meters per second squared, 5 square kilometers"),
        ("in 1905, 1900, and 2005", "in 19 oh 5, 1900, and 2005"),
        ("2019-2024 (1999)", "20 19 to 20 24 19 99,"),
        ("the 1990s and '80s", "the nineteen nineties and eighties"),
        ("on 2024-05-02", "on May 2nd, 20 24"),
        ("May 1, 2024", "May 1, 20 24"),
        ("at 9:05, 9:00, 12:30", "at 9 oh 5, 9 o'clock, 12 30"),
        ("Dr. Smith vs. Mr. Ray", "doctor Smith versus mister Ray"),
        ("e.g. this, i.e. that, etc. And", "for example, this, that is, that, et cetera. And"),
        ("sizes (e.g., 3) and 1234 rows", "sizes for example, 3, and 1234 rows"),
        ('href="https://a.example/b?c"', "href equals a.example"),
        ("[#12](https://a.example/b)", "number 12"),
        ("in the U.S. The plan B. The", "in the U S. The plan B. The"),
        ("\U0001d401\U0001d428\U0001d425\U0001d41d \uff12\uff14 \ufb01t", "Bold 24 fit"),
        ("fig. 3 and No. 5. No. Never", "figure 3 and number 5. No. Never"),
        ("St. John on Main St. now", "saint John on Main street now"),
        ("the U.S. law at 5 a.m.", "the U S law at 5 ay M."),
        ("A.I. in H.264 and J. Doe", "ay I in H 2 64 and J Doe"),
        ("v1.2.3 and 3.11.7", "version 1 point 2 point 3 and 3 point 11 point 7"),
        ("version v3, >=3.11", "version 3, at least 3.11"),
        ("1.0rc1", "1 point 0 rc 1"),
        ("https://www.example.com/a?b=1.", "example dot com."),
        ("see www.python.org.", "see python dot org."),
        ("a.b@example.org", "a dot b at example dot org"),
        ("snake_case, camelCase()", "snake case, camel Case"),
        ("getHTTPResponse", "get HTTP Response"),
        ("a->b and x \u2192 y", "a to b and x to y"),
        ("std::vector foo.bar(x)", "std vector foo dot bar"),
        ("/usr/local/bin ~/notes", "usr slash local slash bin notes"),
        ("README.md in C++ or C#", "README dot md in C plus plus or C sharp"),
        ("and/or TCP/IP 24/7 1/2", "and or TCP IP twenty four seven one half"),
        ("--dry-run #1 #tag @ada R&D", "dry-run number 1 hashtag tag at ada R and D"),
        ("x == 1 && a != b", "x equals 1 and a is not b"),
        ("**bold** `code` _em_ (so)", "bold code em so,"),
        ("idea\u2014and wait\u2026 \u201cso\u201d", "idea, and wait, so"),
        ("one \u2014 two - three", "one, two, three"),
        ("great \U0001f600 work \U0001f389\u2764\ufe0f", "great work"),
        ("10^6 1e-9", "10 to the power of 6 1 times 10 to the power of minus 9"),
        ("1,234,567 1st 22nd it's", "1,234,567 1st 22nd it's"),
    ],
)
def test_english_is_said_as_a_person_would(written: str, spoken: str) -> None:
    assert said(written) == spoken


def test_a_table_of_spoken_forms_is_said_as_it_stands() -> None:
    lines = Path(__file__).with_name("spoken.txt").read_text(encoding="utf-8").splitlines()[1:]
    assert len(lines) >= 300
    pairs = [line.split(" => ") for line in lines]
    wrong = {written: said(written) for written, spoken in pairs if said(written) != spoken}
    assert wrong == {}


def test_other_languages_keep_their_numbers_and_lose_only_what_no_voice_says() -> None:
    text = (
        "Es \u2014 kostet **1.299,50 \u20ac** \U0001f600 am 3. Oktober: https://www.beispiel.de/x"
    )
    assert said(text, "de") == "Es, kostet 1.299,50 \u20ac am 3. Oktober: beispiel.de"
    assert (
        said("\u4f60\u597d\uff0c\u4e16\u754c\u3002", "zh-CN")
        == "\u4f60\u597d\uff0c\u4e16\u754c\u3002"
    )


def test_markup_for_a_voice_is_never_passed_on() -> None:
    form = said('<speak rate="9">hi</speak> [[h@l@U]] <break time="9s"/>')
    assert not set(form) & set("<>[]")


def test_a_hash_of_a_hundred_thousand_letters_is_cut() -> None:
    assert all(len(f) < 100 for f in spoken_forms("x" * 100_000 + " " + "-" * 100_000, "en"))


@pytest.mark.parametrize(
    "unit", ["aB", "B", "a.", "(", "1,", "1.", "a_", "/", "-", "a@", "$1", "#"]
)
def test_no_pattern_runs_away(unit: str) -> None:
    start = time.process_time()
    spoken_forms(f"a{unit * 140}! a{unit * 100_000}!", "en")
    assert time.process_time() - start < 2


@settings(deadline=None)
@given(st.text(max_size=200), st.sampled_from(["en", "en-GB", "de", "ja", ""]))
def test_every_token_has_one_bounded_form(text: str, language: str) -> None:
    forms = spoken_forms(text, language)
    assert len(forms) == len(text.split())
    assert all(len(f) <= MAX_TOKEN + 1 and f == f.strip() and f.isprintable() for f in forms)


PIECES = ("$5", "%", "->", "12:30", "e.g.", "v1.2", "(", ")", "1/2", ".", "U.S.", "1990s", "a_b")


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES)))
def test_any_mix_of_rules_keeps_the_count(tokens: list[str]) -> None:
    assert len(spoken_forms(" ".join(tokens), "en")) == len(tokens)
