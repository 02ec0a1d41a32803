"""Any order, repetition and truncation of any events keeps every invariant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from aura_tui.model.job import Job
from aura_tui.model.reduce import fold, reduce
from aura_tui.model.status import JobStatus
from tests.model.invariants import assert_follows, assert_sound
from tests.model.strategies import envelopes, fresh_job, in_order, plausible_run

if TYPE_CHECKING:
    from aura_tui.model.events import Envelope


@settings(deadline=None, max_examples=150)
@given(envelopes())
def test_any_stream_keeps_every_invariant(stream: list[Envelope]) -> None:
    job = fresh_job()
    for envelope in stream:
        after = reduce(job, envelope)
        assert_follows(job, envelope, after)
        assert_sound(after)
        job = after


@settings(deadline=None, max_examples=100)
@given(envelopes(), st.data())
def test_fold_may_be_split_anywhere(stream: list[Envelope], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(stream)))
    whole = fold(fresh_job(), stream)
    assert fold(fold(fresh_job(), stream[:cut]), stream[cut:]) == whole


@settings(deadline=None, max_examples=100)
@given(envelopes(ordered=True), st.data())
def test_a_replay_from_any_point_changes_nothing(
    stream: list[Envelope], data: st.DataObject
) -> None:
    job = fold(fresh_job(), stream)
    start = data.draw(st.integers(0, len(stream)))
    again = fold(job, [e for e in stream[start:] if e.id <= job.last_event_id])
    assert replace(again, ignored=0) == replace(job, ignored=0)


@settings(deadline=None, max_examples=100)
@given(envelopes())
def test_any_job_is_stored_and_read_back_equal(stream: list[Envelope]) -> None:
    job = fold(fresh_job(), stream)
    assert msgspec.json.decode(msgspec.json.encode(job), type=Job) == job


def test_the_plausible_run_is_legal_throughout() -> None:
    job = fold(fresh_job(), in_order(plausible_run()))
    assert job.status is JobStatus.SUCCEEDED
    assert job.ignored == 0
    assert job.percent == 100.0
