"""What the job filter understands, and what it says where it doesn't."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus
from aura_tui.ui.state.job_filter import parse
from tests.ui.recordings import BEGIN, Tape

if TYPE_CHECKING:
    from datetime import datetime

    from aura_tui.model.job import Job

NOW = BEGIN + timedelta(hours=3)
SOLAR = Tape("01KCD3WNE0").job
FAILED = replace(SOLAR, status=JobStatus.FAILED, stage=Stage.VOICE)
RUNNING = replace(SOLAR, status=JobStatus.RUNNING, stage=Stage.RENDERING)


def matches(text: str, job: Job = SOLAR, now: datetime = NOW) -> bool:
    found = parse(text)
    assert found.problem == ""
    return found.matches(job, now)


@pytest.mark.parametrize(
    "text",
    ["", "  ", "SAIL", "solar works", "01kcd3", "7f3C9", '"solar sail"', '"solar sai', "-moon"],
)
def test_words_are_looked_for_in_the_title_and_at_the_start_of_ids(text: str) -> None:
    assert matches(text)


@pytest.mark.parametrize("text", ["kcd3wne", "01k", "7f3", "e84b06"])
def test_a_few_digits_match_no_id_by_chance(text: str) -> None:
    assert not matches(text)
    assert matches(f"-{text}")


@pytest.mark.parametrize("text", ["moon", "solar moon", "-sail", '"sail solar"', '-"solar sail"'])
def test_all_words_must_hold(text: str) -> None:
    assert not matches(text)


@pytest.mark.parametrize(
    "text",
    ["status:failed", "Status:FAILED", "status:error", "status:running,failed", "status:f"],
)
def test_a_status_is_found_by_its_names_and_their_beginnings(text: str) -> None:
    assert matches(text, FAILED)
    assert not matches(text, replace(SOLAR, status=JobStatus.CANCELED))
    assert not matches(f"-{text}", FAILED)


def test_cancelled_is_found_in_both_spellings() -> None:
    job = replace(SOLAR, status=JobStatus.CANCELED)
    assert matches("status:cancelled", job)
    assert matches("status:canceled", job)


@pytest.mark.parametrize("text", ["stage:voice", "stage:tts", "stage:Audio", "stage:vo"])
def test_a_stage_is_found_by_its_names_and_their_beginnings(text: str) -> None:
    assert matches(text, FAILED)
    assert not matches(text, RUNNING)
    assert not matches(text, SOLAR)


def test_age_counts_from_the_end_or_the_making() -> None:
    assert matches("age:>2h")
    assert not matches("age:<2h")
    ended = replace(FAILED, ended_at=NOW - timedelta(minutes=5))
    assert matches("age:<10m", ended)
    assert matches("age:>299s age:<0.1h -age:>1d", ended)
    assert parse("age:<1w").timed
    assert not parse("sail").timed


def test_marked_is_left_to_who_knows_the_marks() -> None:
    assert parse("is:marked").marked is True
    assert parse("-is:marked").marked is False
    assert parse("x").marked is None
    assert not parse("is:marked").empty


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("colour:red", 'Unknown filter "colour:"'),
        ("status:frozen", 'No status "frozen"'),
        ("status:", "status: expects queued running"),
        ("stage:mixing", 'Bad stage "mixing"'),
        ("age:2h", "age: expects < or >"),
        ("age:<2y", "age: expects < or >"),
        ("is:red", "is: expects marked"),
    ],
)
def test_what_is_not_understood_is_said_and_has_no_effect(text: str, says: str) -> None:
    found = parse(f"sail {text}")
    assert found.problem.startswith(says)
    assert found.matches(SOLAR, NOW)
    assert not parse(f"moon {text}").matches(SOLAR, NOW)


@pytest.mark.parametrize("key", ["status:", "stage:", "age:", "is:", "colourful-and-more:"])
@pytest.mark.parametrize("value", ["", "x", "somewhat-too-long-a-word" * 9])
def test_what_is_said_of_it_fits_80_columns(key: str, value: str) -> None:
    assert len(parse(f"{key}{value}").problem) <= 80 - 3 - 2  # less padding and sign


def test_a_lone_minus_is_a_filter_that_is_still_typed() -> None:
    assert parse("-").empty
    assert parse("- -status:").empty


def test_quotes_make_a_colon_part_of_a_word() -> None:
    assert matches('"rust: a tour"', replace(SOLAR, title="Rust: a tour"))


def test_what_is_shown_is_what_is_searched() -> None:
    job = replace(SOLAR, title="a\x1b[31mred\x1b[0m\tsail\u202e")
    assert matches("ared", job)
    assert matches('"red sail"', job)
    assert not matches("31m", job)


@given(st.text(max_size=60))
def test_no_text_raises_and_no_problem_takes_two_lines(text: str) -> None:
    found = parse(text)
    found.matches(FAILED, NOW)
    assert "\n" not in found.problem
    assert found.problem.isprintable()


@given(st.text(alphabet='-:ab <>"isagetu12h', max_size=40))
def test_nearly_right_filters_never_raise(text: str) -> None:
    assert parse(text).matches(SOLAR, NOW) in (True, False)


def test_an_endless_filter_is_cut() -> None:
    assert len(parse("a " * 100_000).words) <= 250
