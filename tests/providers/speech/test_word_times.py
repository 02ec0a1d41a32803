"""Word times: one word a token, in order, inside the sound, whatever the voice reported."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura_tui.providers.speech.word_times import estimated, from_events, utterance

if TYPE_CHECKING:
    from aura_tui.model.script import Word


def times(words: tuple[Word, ...]) -> list[tuple[float, float]]:
    return [(round(w.start_s, 2), round(w.end_s, 2)) for w in words]


def test_an_event_is_the_token_it_lies_in() -> None:
    words = from_events(["Hi", "you"], ["Hi", "you"], [(0, 0.0, 0.5), (3, 0.6, 1.0)], 1.2)
    assert times(words) == [(0.0, 0.5), (0.6, 1.0)]
    assert [w.text for w in words] == ["Hi", "you"]


def test_several_events_of_a_token_are_one_word() -> None:
    events = [(0, 0.0, 0.3), (3, 0.3, 0.5), (5, 0.5, 0.9), (13, 1.0, 1.4)]
    words = from_events(["29.5%", "up"], ["29.5 percent", "up"], events, 1.5)
    assert times(words) == [(0.0, 0.9), (1.0, 1.4)]


def test_a_merged_token_shares_the_span_by_length() -> None:
    words = from_events(["of", "the", "day"], ["of", "the", "day"], [(0, 0, 0.7), (7, 0.7, 1)], 1)
    assert times(words) == [(0.0, 0.3), (0.3, 0.7), (0.7, 1.0)]


def test_a_token_that_is_not_said_takes_no_time() -> None:
    words = from_events(["a", "\u2014", "b"], ["a,", "", "b"], [(0, 0.1, 0.4), (3, 0.8, 1.0)], 1.0)
    assert times(words) == [(0.1, 0.4), (0.4, 0.4), (0.8, 1.0)]


def test_without_any_event_the_words_share_the_sound() -> None:
    assert times(from_events(["ab", "cd"], ["ab", "cd"], [], 2.0)) == [(0.0, 1.0), (1.0, 2.0)]
    assert times(from_events(["*", "*"], ["", ""], [], 2.0)) == [(0.0, 1.0), (1.0, 2.0)]
    assert from_events([], [], [], 2.0) == ()


def test_a_pause_falls_on_the_comma_nearest_to_it() -> None:
    tokens = ["One", "two,", "three", "four."]
    words = estimated(tokens, tokens, [(0.0, 1.4), (2.0, 3.0)])
    assert words[1].end_s == pytest.approx(1.4)
    assert words[2].start_s == pytest.approx(2.0)


def test_a_pause_without_a_comma_and_a_comma_without_a_pause_shift_nothing_else() -> None:
    tokens = ["aaaa", "bbbb", "cccc,", "dddd.", "eeee", "ffff"]
    words = estimated(tokens, tokens, [(0.0, 0.9), (1.0, 4.1), (5.0, 7.0)])
    assert words[3].end_s == pytest.approx(4.1)
    assert words[4].start_s == pytest.approx(5.0)


_TOKENS = st.lists(st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=9))


@settings(deadline=None)
@given(_TOKENS, st.data())
def test_times_never_fall_and_stay_inside(tokens: list[str], data: st.DataObject) -> None:
    said = st.sampled_from
    forms = [data.draw(said([t, "", t + " " + t, t + ","])) for t in tokens]
    length = len(utterance(forms))
    starts = data.draw(
        st.lists(st.tuples(st.integers(-3, length + 9), st.floats(0, 9), st.floats(0, 9)))
    )
    parts = sorted(data.draw(st.sets(st.floats(0, 9), max_size=12)))
    voiced = list(zip(parts[::2], parts[1::2], strict=False))
    for words, end in (
        (from_events(tokens, forms, starts, 9.0), 9.0),
        (estimated(tokens, forms, voiced), voiced[-1][1] if voiced else 0.0),
    ):
        assert [w.text for w in words] == tokens
        assert all(0 <= w.start_s <= w.end_s <= end + 1e-3 for w in words)
        for a, b in itertools.pairwise(words):
            assert a.start_s <= b.start_s
            assert a.end_s <= b.end_s
