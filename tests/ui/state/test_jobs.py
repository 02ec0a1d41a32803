"""The list of jobs: its order, its cursor, its marks, whatever happens to the jobs."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from time import process_time
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from aura_tui.model import events as ev
from aura_tui.model.job import Job, since
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus
from aura_tui.ui.state import jobs as jobs_module
from aura_tui.ui.state.jobs import AGES_STAND_S, ATTENTION_LASTS, Group, JobsState
from tests.ui.recordings import BEGIN, failure, success

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

HOUR = timedelta(hours=1)
NOW = BEGIN + 100 * HOUR


def job(job_id: str, status: JobStatus = JobStatus.SUCCEEDED, hours: float = 2, **more: Any) -> Job:
    """A job made ``hours`` before NOW; an ended one took half an hour."""
    made = NOW - hours * HOUR
    fields: dict[str, Any] = {
        "id": job_id,
        "correlation_id": f"c-{job_id}",
        "title": f"How {job_id} came to be",
        "created_at": made,
        "queued_at": made,
        "status": status,
        "last_event_id": 1,
    }
    if status is not JobStatus.QUEUED:
        fields["started_at"] = made
    if status.ended:
        fields["ended_at"] = made + HOUR / 2
    return Job(**fields | more)


def listing(*jobs: Job) -> JobsState:
    state = JobsState()
    state.load(jobs)
    state.advance(NOW)
    return state


def ids(state: JobsState) -> list[str]:
    return [job.id for job in state.visible]


def envelope(
    number: int, job_id: str, kind: type[ev.AnyJobEvent] = ev.JobStatusChanged, **fields: Any
) -> ev.Envelope:
    at = NOW + timedelta(seconds=number)
    return ev.Envelope(number, kind(job_id=job_id, correlation_id="c", timestamp=at, **fields))


def failed(number: int, job_id: str) -> ev.Envelope:
    return envelope(number, job_id, ev.JobFailed, stage=Stage.VOICE, error_message="no voice")


def started(number: int, job_id: str) -> ev.Envelope:
    return envelope(number, job_id, status=JobStatus.RUNNING)


# Order


def test_what_needs_attention_comes_first() -> None:
    state = listing(
        job("old", hours=9),
        job("new", hours=1),
        job("cancelled", JobStatus.CANCELED, 4),
        job("waits", JobStatus.QUEUED, 3),
        job("urgent", JobStatus.QUEUED, 1, priority=5),
        job("waits longer", JobStatus.QUEUED, 4),
        job("paused", JobStatus.PAUSED),
        job("began later", JobStatus.RUNNING, 1),
        job("began first", JobStatus.RUNNING, 3),
        job("failed", JobStatus.FAILED, 20),
        job("failed lately", JobStatus.FAILED, 5),
        job("failed long ago", JobStatus.FAILED, 30),
    )
    assert ids(state) == [
        *("failed lately", "failed"),
        *("began first", "began later", "paused"),
        *("urgent", "waits longer", "waits"),
        *("new", "cancelled", "old", "failed long ago"),
    ]
    assert state.urgent == 5


def test_a_failure_that_is_retried_needs_no_attention() -> None:
    state = listing(job("a", JobStatus.FAILED), job("b", JobStatus.RUNNING))
    assert state.group("a") is Group.ATTENTION
    state.load([job("c", JobStatus.QUEUED, retry_of="a")])
    assert ids(state) == ["b", "c", "a"]
    state.remove("c")
    assert ids(state) == ["a", "b"]


def test_a_retry_that_fails_needs_attention_itself() -> None:
    state = listing(job("b", JobStatus.FAILED, 1, retry_of="a"), job("a", JobStatus.FAILED))
    assert state.group("a") is Group.REST
    assert state.group("b") is Group.ATTENTION


def test_a_retry_is_counted_once_however_often_it_is_loaded() -> None:
    retry = job("c", JobStatus.QUEUED, retry_of="a")
    state = listing(job("a", JobStatus.FAILED), retry, retry)
    state.load([retry])
    state.remove("c")
    assert state.group("a") is Group.ATTENTION


def test_a_failure_calms_down_after_a_day() -> None:
    state = listing(job("a", JobStatus.FAILED, 23.5), job("b", JobStatus.FAILED, 2))
    state.load([job("c", hours=1)])
    assert ids(state) == ["b", "a", "c"]
    assert state.next_change_s(NOW) == 3600
    state.advance(NOW + HOUR - timedelta(seconds=1))
    assert ids(state) == ["b", "a", "c"]
    state.advance(NOW + HOUR)
    assert ids(state) == ["b", "c", "a"]
    assert state.next_change_s(NOW + HOUR) == 21.5 * 3600
    state.advance(NOW + 24 * HOUR)
    assert ids(state) == ["c", "b", "a"]
    assert state.next_change_s(NOW + 24 * HOUR) is None


def test_a_failure_that_comes_later_calms_down_in_its_turn() -> None:
    state = listing(job("a", JobStatus.RUNNING))
    state.apply(failed(10, "a"))
    state.advance(NOW + timedelta(seconds=20))
    assert state.group("a") is Group.ATTENTION
    state.advance(NOW + 24 * HOUR + timedelta(seconds=10))
    assert state.group("a") is Group.REST


def test_a_failure_that_was_looked_at_keeps_its_place_until_the_cursor_leaves() -> None:
    state = listing(job("a", JobStatus.FAILED, 1), job("b", JobStatus.RUNNING), job("c"))
    state.place("a")
    state.seen("a")
    assert ids(state) == ["a", "b", "c"]
    state.move(1)
    assert state.cursor == "b"
    assert ids(state) == ["b", "a", "c"]


def test_a_failure_looked_at_elsewhere_moves_at_once() -> None:
    state = listing(job("a", JobStatus.FAILED, 1), job("b", JobStatus.RUNNING))
    state.place("b")
    state.seen("a")
    assert ids(state) == ["b", "a"]


def test_a_run_that_starts_and_ends_moves_alone() -> None:
    state = listing(job("r", JobStatus.RUNNING), job("q", JobStatus.QUEUED), job("d"))
    state.apply(started(2, "q"))
    assert ids(state) == ["r", "q", "d"]
    state.apply(failed(3, "r"))
    assert ids(state) == ["r", "q", "d"]
    assert state.group("r") is Group.ATTENTION
    state.apply(envelope(4, "q", ev.JobCancelled, stage=None, message=""))
    assert ids(state) == ["r", "q", "d"]


# Jobs come and go


def test_events_are_folded_as_the_model_folds_them() -> None:
    for tape in (success(), failure()):
        state = JobsState()
        state.load([tape.job])
        assert all(state.apply(e) for e in tape.envelopes)
        shown = state.get(tape.job.id)
        assert shown is not None
        assert shown.status.ended
        assert state.counts[shown.status] == 1
        assert sum(state.counts.values()) == 1


def test_an_event_of_an_unknown_job_is_told() -> None:
    state = listing()
    before = state.version
    assert state.apply(started(2, "a")) is False
    assert state.version == before


def test_an_older_snapshot_does_not_replace_a_newer_one() -> None:
    state = listing(job("a", JobStatus.QUEUED))
    state.apply(started(5, "a"))
    for event_id, status in ((4, JobStatus.QUEUED), (6, JobStatus.SUCCEEDED)):
        state.load([job("a", status, last_event_id=event_id)])
        expected = JobStatus.RUNNING if event_id < 5 else status
        assert [job.status for job in state.visible] == [expected]
        assert {s: n for s, n in state.counts.items() if n} == {expected: 1}


def test_loading_ends_with_the_last_page() -> None:
    state = JobsState()
    assert state.loading
    state.load([job("a")], more=True)
    assert state.loading
    state.load([])
    assert not state.loading


def test_a_removed_job_is_gone_everywhere() -> None:
    state = listing(job("a", hours=1), job("b", hours=2), job("c", hours=3))
    state.place("b")
    state.toggle_mark()
    state.remove("b")
    state.remove("b")
    assert ids(state) == ["a", "c"]
    assert state.cursor == "c"
    assert state.marked == ()
    assert state.get("b") is None
    assert len(state) == 2


# Cursor, filter, marks


def test_the_cursor_begins_at_the_first_and_stops_at_both_ends() -> None:
    state = listing(*(job(str(i), hours=i + 1) for i in range(5)))
    assert state.cursor == "0"
    state.move(-1)
    assert state.cursor == "0"
    state.move(3)
    assert state.cursor == "3"
    state.move(9)
    assert state.cursor == "4"
    state.first()
    assert state.cursor == "0"
    state.last()
    assert state.cursor == "4"


def test_an_empty_list_has_no_cursor() -> None:
    state = listing()
    state.move(1)
    state.first()
    state.toggle_mark()
    assert state.cursor is None
    assert state.targets == ()
    assert not state.place("a")


def test_the_cursor_stays_on_its_job_when_the_order_changes() -> None:
    state = listing(job("a", JobStatus.RUNNING, 3), job("b", JobStatus.RUNNING, 2), job("c"))
    state.place("b")
    state.apply(failed(2, "b"))
    assert ids(state)[0] == "b"
    assert state.cursor == "b"


def test_the_cursor_goes_to_the_neighbour_of_a_job_that_is_filtered_away() -> None:
    state = listing(*(job(name, JobStatus.RUNNING, h) for name, h in (("a", 3), ("b", 2))))
    state.load([job("c", JobStatus.RUNNING, 1), job("d")])
    state.place("b")
    state.set_filter("status:running")
    state.apply(failed(2, "b"))
    assert state.cursor == "c"
    state.apply(failed(3, "c"))
    assert state.cursor == "a"
    state.apply(failed(4, "a"))
    assert ids(state) == []
    state.set_filter("")
    assert state.cursor == "a"


def test_the_cursor_comes_back_when_a_filter_that_nothing_matched_goes() -> None:
    state = listing(*(job(str(i), hours=i + 1) for i in range(5)))
    state.place("3")
    state.set_filter("xyz")
    assert not state.place("3")
    state.set_filter("")
    assert state.cursor == "3"


def test_a_filter_by_age_follows_the_time() -> None:
    state = listing(job("a", hours=1), job("b", hours=5))
    state.set_filter("age:<1h")
    assert ids(state) == ["a"]
    assert state.next_change_s(NOW) == AGES_STAND_S
    state.advance(NOW + HOUR)
    assert ids(state) == []


def test_a_filter_before_the_time_is_known_is_made_good() -> None:
    state = JobsState()
    state.load([job("a", hours=5)])
    state.set_filter("age:<1h")
    state.advance(NOW)
    assert ids(state) == []


def test_commands_act_on_the_marked_or_on_the_one_under_the_cursor() -> None:
    state = listing(*(job(str(i), hours=i + 1) for i in range(4)))
    assert [job.id for job in state.targets] == ["0"]
    state.toggle_mark("2")
    state.toggle_mark("1")
    state.place("3")
    assert [job.id for job in state.targets] == ["1", "2"]
    assert list(state.marked) == ["2", "1"]
    state.toggle_mark("2")
    assert list(state.marked) == ["1"]
    state.clear_marks()
    assert [job.id for job in state.targets] == ["3"]


def test_a_marked_job_that_is_filtered_away_stays_marked() -> None:
    state = listing(*(job(name) for name in ("aa", "ab", "bb")))
    for name in ("aa", "bb"):
        state.toggle_mark(name)
    state.set_filter("ab")
    assert state.marked_hidden == 2
    assert len(state.targets) == 2
    state.set_filter("is:marked")
    assert set(ids(state)) == {"aa", "bb"}
    state.set_filter("-is:marked")
    assert ids(state) == ["ab"]


def test_under_a_filter_for_marks_an_unmarked_job_goes() -> None:
    state = listing(*(job(str(i), hours=i + 1) for i in range(3)))
    for name in ("0", "1", "2"):
        state.toggle_mark(name)
    state.set_filter("is:marked")
    state.place("1")
    state.toggle_mark()
    assert ids(state) == ["0", "2"]
    assert state.cursor == "2"
    state.clear_marks()
    assert ids(state) == []


# Whatever happens

NAMES = st.sampled_from([f"job{i}" for i in range(6)])
STATUSES = st.sampled_from(list(JobStatus))
FILTERS = st.sampled_from(
    ["", "job1", "status:failed,running", "-job2", "is:marked", "age:<2h", "x"]
)
JOBS = st.builds(
    job,
    NAMES,
    STATUSES,
    st.sampled_from([0.6, 1.0, 3.0, 23.0, 24.2, 40.0]),
    priority=st.integers(0, 1),
    retry_of=st.none() | NAMES,
    last_event_id=st.integers(0, 40),
)
ACTS = st.one_of(
    st.tuples(st.just("load"), st.lists(JOBS, max_size=3)),
    st.tuples(st.just("start"), NAMES),
    st.tuples(st.just("fail"), NAMES),
    st.tuples(st.just("remove"), NAMES),
    st.tuples(st.just("seen"), NAMES),
    st.tuples(st.just("mark"), st.none() | NAMES),
    st.tuples(st.just("unmark"), st.none()),
    st.tuples(st.just("filter"), FILTERS),
    st.tuples(st.just("move"), st.integers(-3, 3)),
    st.tuples(st.just("place"), NAMES),
    st.tuples(st.just("advance"), st.integers(0, 48)),
)


def act(state: JobsState, kind: str, what: Any, number: int) -> None:
    match kind:
        case "load":
            state.load(what)
        case "start":
            state.apply(started(number, what))
        case "fail":
            state.apply(failed(number, what))
        case "remove":
            state.remove(what)
        case "seen":
            state.seen(what)
        case "mark":
            state.toggle_mark(what)
        case "unmark":
            state.clear_marks()
        case "filter":
            state.set_filter(what)
        case "move":
            state.move(what)
        case "place":
            state.place(what)
        case "advance":
            state.advance(NOW + what * HOUR)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ACTS, max_size=15), st.sampled_from([0, 32]))
def test_order_cursor_and_marks_hold_under_any_events(
    acts: list[tuple[str, Any]], few: int
) -> None:
    with patch.object(jobs_module, "_FEW", few):  # changes one by one, and as a whole
        check(acts)


def check(acts: list[tuple[str, Any]]) -> None:
    state = JobsState()
    state.advance(NOW)
    latest = NOW
    for number, (kind, what) in enumerate(acts, 10):
        cursor, shown, version = state.cursor, ids(state), state.version
        marks = set(state.marked)
        jobs_before = {i: state.get(i) for i in shown}
        act(state, kind, what, number)
        if kind == "advance":
            latest = NOW + what * HOUR
        after = ids(state)
        # The list is what the filter lets through, each once, in the order of the table.
        every = [j for i in range(6) if (j := state.get(f"job{i}")) is not None]
        assert len(set(after)) == len(after)
        assert len(state) == len(every) == sum(state.counts.values())
        keys = [state._keys[i] for i in after]
        assert all(a < b for a, b in pairwise(keys))
        assert [state.position(i) for i in after] == list(range(len(after)))
        assert state.urgent == sum(state.group(i) < Group.QUEUED for i in after)
        if not state.filter.timed:
            assert set(after) == {j.id for j in every if state._lets_through(j)}
        # The cursor is on a job that shows, and on the same one unless it was moved or hidden.
        assert (state.cursor is None) == (not after)
        assert state.cursor is None or state.cursor in after
        if kind not in ("move", "place") and cursor is not None and cursor in after:
            assert state.cursor == cursor
        # Marks stay until taken away.
        if kind not in ("mark", "unmark", "remove"):
            assert set(state.marked) == marks
        assert all(state.get(i) is not None for i in state.marked)
        assert bool(state.targets) == bool(after or state.marked)
        # Whatever shows differently has another version.
        same = after == shown and state.cursor == cursor and set(state.marked) == marks
        if not same or any(
            (b := state.get(i)) is not None and a is not None and a.status is not b.status
            for i, a in jobs_before.items()
        ):
            assert state.version != version
        assert_attention(state, every, latest)


def assert_attention(state: JobsState, jobs: Sequence[Job], now: datetime) -> None:
    retried = {j.retry_of for j in jobs}
    for j in jobs:
        if state.group(j.id) is Group.ATTENTION:
            assert j.status is JobStatus.FAILED
            assert j.id not in retried
            assert j.id not in state._seen or j.id == state.cursor
            assert now - since(j) < ATTENTION_LASTS


@given(st.permutations([job(f"j{i}", s, 2) for i, s in enumerate([*JobStatus] * 3)]))
def test_the_order_does_not_depend_on_how_the_jobs_came(jobs: list[Job]) -> None:
    singly = JobsState()
    for one in jobs:
        singly.load([one])
    assert ids(singly) == ids(listing(*jobs)) == ids(listing(*reversed(jobs)))


@pytest.mark.parametrize("text", ["", "came to be", "status:running"])
def test_an_event_among_ten_thousand_jobs_takes_well_under_a_millisecond(text: str) -> None:
    states = [JobStatus.SUCCEEDED] * 97 + [JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.FAILED]
    state = listing(*(job(f"{i:05}", states[i % 100], 1 + i / 50) for i in range(10_000)))
    state.set_filter(text)
    running = [f"{i:05}" for i in range(98, 10_000, 100)]
    took = []
    for number, job_id in enumerate(running * 2, 10):
        change = started(number, job_id) if number % 2 else failed(number, job_id)
        begin = process_time()
        state.apply(change)
        _ = state.visible[:60]
        took.append(process_time() - begin)
    assert sorted(took)[len(took) // 2] < 0.001
    assert replace(state.visible[0]) == state.visible[0]
