"""Event ids strictly increase, and read back as they were written."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura_tui.model.ids import COUNTER_BITS, MAX_CLOCK_MS, MAX_ID, IdClock, format_id, parse_id

NOW = 1_763_696_040_123


@given(st.lists(st.integers(-(2**45), 2**43 - 1), min_size=2, max_size=50))
def test_ids_strictly_increase_under_any_clock(readings: list[int]) -> None:
    times = iter(readings)
    clock = IdClock(lambda: next(times))
    ids = [clock.next() for _ in readings]
    assert all(a < b for a, b in pairwise(ids))
    assert all(0 < i <= MAX_ID for i in ids)


def test_ids_follow_the_clock_and_count_within_a_millisecond() -> None:
    readings = iter([NOW, NOW, NOW + 1, NOW - 5000])
    clock = IdClock(lambda: next(readings))
    assert [format_id(clock.next()) for _ in range(4)] == [
        f"{NOW}-0",
        f"{NOW}-1",
        f"{NOW + 1}-0",
        f"{NOW + 1}-1",
    ]


def test_ids_go_on_above_the_last_one_after_a_restart() -> None:
    last = IdClock(lambda: NOW).next()
    assert IdClock(lambda: NOW - 60_000, last).next() == last + 1


def test_a_clock_at_the_end_of_time_leaves_room_for_more_ids() -> None:
    clock = IdClock(lambda: 253_402_300_799_999)  # 9999-12-31
    first = clock.next()
    assert first >> COUNTER_BITS == MAX_CLOCK_MS
    assert IdClock(lambda: NOW, first).next() == first + 1  # and back
    assert MAX_ID - first > 10**9 << COUNTER_BITS  # ms for years of them


def test_a_full_counter_runs_over_into_the_next_millisecond() -> None:
    full = (NOW << COUNTER_BITS) | ((1 << COUNTER_BITS) - 1)
    clock = IdClock(lambda: NOW, full)
    assert format_id(clock.next()) == f"{NOW + 1}-0"


@given(st.integers(0, MAX_ID))
def test_an_id_reads_back_as_it_was_written(event_id: int) -> None:
    assert parse_id(format_id(event_id)) == event_id


@given(st.integers(0, MAX_ID), st.integers(0, MAX_ID))
def test_ids_are_ordered_as_their_two_numbers_are(a: int, b: int) -> None:
    def parts(event_id: int) -> list[int]:
        return [int(part) for part in format_id(event_id).split("-")]

    assert (a < b) == (parts(a) < parts(b))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "1",
        "1-",
        "-1",
        "1-2-3",
        "-1-2",
        "1--2",
        "+1-2",
        "1_0-2",
        "0x1-2",
        "1e3-0",
        "1.5-0",
        "1-1048576",  # the counter has 20 bits
        "9999999999999-0",  # past 63 bits
        "99999999999999-0",
        "\u0661-\u0662",  # digits, but not ours
        "1\x00-2",
        "$",
        "9" * 100_000,
    ],
)
def test_what_is_no_id_is_none(text: str) -> None:
    assert parse_id(text) is None


@given(st.text(st.characters()))
def test_any_text_parses_or_is_none(text: str) -> None:
    number = parse_id(text)
    assert number is None or 0 <= number <= MAX_ID
