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
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from aura_tui.model import events as ev
from aura_tui.model.job import Eta, Job, since
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus
from aura_tui.ui.state import jobs as jobs_module
from aura_tui.ui.state.attempts import MAX_ATTEMPTS
from aura_tui.ui.state.job_order import Group, Sort
from aura_tui.ui.state.jobs import AGES_STAND_S, ATTENTION_LASTS, JobsState
from tests.ui.recordings import BEGIN, failure, success

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
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
    assert ids(state) == ["b", "c"]
    assert state.group("a") is Group.REST
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


def test_a_job_that_stops_matching_keeps_its_row_until_the_cursor_leaves_it() -> None:
    state = listing(*(job(name, JobStatus.RUNNING, h) for name, h in (("a", 3), ("b", 2))))
    state.load([job("c", JobStatus.RUNNING, 1), job("d")])
    state.place("b")
    state.set_filter("status:running")
    state.apply(failed(2, "b"))
    assert (ids(state), state.cursor) == (["b", "a", "c"], "b")
    state.apply(failed(3, "c"))
    assert (ids(state), state.cursor) == (["b", "a"], "b")
    state.move(1)
    assert (ids(state), state.cursor) == (["a"], "a")
    state.apply(failed(4, "a"))
    assert ids(state) == ["a"]
    state.set_filter("status:running ")
    assert not ids(state)
    state.set_filter("")
    assert state.cursor == "a"


def test_a_typed_filter_takes_the_cursor_to_the_nearest_job_and_back() -> None:
    state = listing(*(job(str(i), hours=i + 1) for i in range(5)))
    state.place("3")
    state.set_filter("-3")
    assert [job.id for job in state.targets] == ["4"]
    state.place("3")
    state.set_filter("xyz")
    assert not ids(state)
    assert state.cursor is None
    assert not state.targets
    state.set_filter("")
    assert state.cursor == "3"


def test_a_job_that_is_opened_shows_whatever_the_filter_says_until_the_cursor_leaves_it() -> None:
    state = listing(*(job(str(i), hours=i + 1) for i in range(3)))
    state.set_filter("xyz")
    assert state.place("1")
    assert (ids(state), state.cursor) == (["1"], "1")
    state.place("2")
    assert (ids(state), state.cursor) == (["2"], "2")
    state.set_filter("0")
    assert (ids(state), state.cursor) == (["0"], "0")
    assert not state.place("unknown")


def test_a_filter_by_age_follows_the_time() -> None:
    state = listing(job("a", hours=1), job("b", hours=1.2), job("c", hours=5))
    state.set_filter("age:<1h")
    assert ids(state) == ["a", "b"]
    assert state.next_change_s(NOW) == AGES_STAND_S
    state.advance(NOW + HOUR)
    assert ids(state) == ["a"], "the cursor is on it"


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


# Sorting


def test_each_order_puts_first_what_it_says() -> None:
    eta = {"last_event_at": NOW}
    state = listing(
        job(
            "running", JobStatus.RUNNING, 1, title="b", eta=Eta(seconds=90, low=60, high=99), **eta
        ),
        job("nearly", JobStatus.RUNNING, 2, title="C", eta=Eta(seconds=9, low=6, high=12), **eta),
        job("unknown", JobStatus.RUNNING, 3, title="d"),
        job("queued", JobStatus.QUEUED, 4, title="e"),
        job("long", hours=5, title="A", elapsed_s=900.0),
        job("short", hours=7, title="f", elapsed_s=3.0),
    )
    expected = {
        Sort.STATUS: "unknown nearly running queued long short",
        Sort.NEWEST: "running nearly unknown queued long short",
        Sort.OLDEST: "short long queued unknown nearly running",
        Sort.LEFT: "nearly running unknown queued long short",
        Sort.TOOK: "long short running nearly unknown queued",
        Sort.TITLE: "long running nearly unknown queued short",
    }
    assert set(expected) == set(Sort)
    state.place("long")
    for _ in Sort:
        assert " ".join(ids(state)) == expected[state.sort], state.sort
        assert state.cursor == "long"
        assert state.urgent == (3 if state.sort is Sort.STATUS else 0)
        state.set_sort(state.sort.next)
    assert state.sort is Sort.STATUS


def test_equal_jobs_keep_their_places_in_every_order() -> None:
    jobs = [job(str(i), JobStatus.RUNNING, title="same") for i in range(9)]
    for sort in Sort:
        state = listing(*jobs)
        state.set_sort(sort)
        before = ids(state)
        state.load([replace(each, percent=9.0, last_event_id=2) for each in reversed(jobs)])
        assert ids(state) == before


def test_an_estimate_moves_a_row_only_when_another_job_is_expected_to_end_first() -> None:
    state = listing(
        *(job(n, JobStatus.RUNNING, eta=Eta(seconds=s, low=s, high=s), last_event_at=NOW)
          for n, s in (("a", 50), ("b", 60)))
    )  # fmt: skip
    state.set_sort(Sort.LEFT)
    later = NOW + timedelta(seconds=45)
    state.load([job("b", JobStatus.RUNNING, eta=Eta(seconds=15, low=9, high=20),
                    last_event_at=later, last_event_id=2)])  # fmt: skip
    assert ids(state) == ["a", "b"], "15 s from now is after 5 s from now"


def test_an_interrupted_job_stands_with_the_paused_ones_and_is_counted_alone() -> None:
    state = JobsState()
    waits = job("i", JobStatus.RUNNING, interrupted=True)
    state.load([waits, job("r", JobStatus.RUNNING), job("q", JobStatus.QUEUED)])
    assert ids(state) == ["r", "i", "q"]
    assert state.group("i") is Group.PAUSED
    assert (state.interrupted, state.counts[JobStatus.RUNNING]) == (1, 1)
    state.load([job("i", JobStatus.RUNNING, last_event_id=9)])
    assert state.group("i") is Group.RUNNING
    assert (state.interrupted, state.counts[JobStatus.RUNNING]) == (0, 2)
    state.load([job("i", JobStatus.QUEUED, interrupted=True, last_event_id=10)])
    state.set_filter("status:interrupted")
    assert ids(state) == ["i"]
    state.set_filter("status:queued")
    assert ids(state) == ["q"]


# Attempts


def tries(count: int = 3, status: JobStatus = JobStatus.FAILED) -> list[Job]:
    """The first attempt ``t1``, its retry ``t2`` and so on; the last one is in ``status``."""
    return [
        job(f"t{n}", JobStatus.FAILED if n < count else status, 10 - n, attempt=n,
            retry_of=f"t{n - 1}" if n > 1 else None)
        for n in range(1, count + 1)
    ]  # fmt: skip


def test_attempts_are_one_row_which_shows_the_newest() -> None:
    for some in (tries(), tries()[::-1], [tries()[i] for i in (1, 2, 0)]):
        state = JobsState()
        for each in (*some, job("x", hours=1)):
            state.load([each])
        assert set(ids(state)) == {"t3", "x"}
        assert state.rows == 2
        state.place("t3")
        assert state.toggle_fold()
        shown = ids(state)
        assert shown[shown.index("t3") :][:3] == ["t3", "t2", "t1"]
        assert [state.is_below(name) for name in ("t3", "t2", "t1")] == [False, True, True]
        assert (state.rows, state.cursor) == (4, "t3")
        state.move(1)
        state.toggle_fold()
        assert (set(ids(state)), state.cursor) == ({"t3", "x"}, "t3")
        state.place("x")
        assert not state.toggle_fold()


def test_a_retry_takes_row_and_cursor_of_the_job_that_it_retries() -> None:
    first, second = tries(2, JobStatus.QUEUED)
    state = listing(first, job("x"), job("y"))
    state.place("t1")
    state.load([second])
    assert (state.cursor, "t1" in ids(state)) == ("t2", False)
    state.place("x")
    state.load([replace(second, id="t3", attempt=3, retry_of="t2")])
    assert state.cursor == "x"


def test_an_older_attempt_that_is_opened_unfolds_the_others() -> None:
    state = listing(*tries(), job("x"))
    assert state.place("t1")
    assert (state.cursor, set(ids(state))) == ("t1", {"t1", "t2", "t3", "x"})


def test_under_a_filter_the_newest_attempt_that_matches_shows() -> None:
    state = listing(*tries(3, JobStatus.RUNNING), job("x"))
    state.set_filter("status:failed")
    assert ids(state) == ["t2"]
    state.set_filter("status:running")
    assert ids(state) == ["t3"]


def test_attempts_stay_together_when_one_between_them_is_deleted() -> None:
    state = listing(*tries(), job("x", hours=0.5))
    state.place("t3")
    state.remove("t2")
    assert set(ids(state)) == {"t3", "x"}
    state.remove("t3")
    assert (state.cursor, set(ids(state))) == ("t1", {"t1", "x"})
    assert state.family("t1") is None
    state.load(tries()[1:2])
    assert set(ids(state)) == {"t2", "x"}


def test_retries_in_a_circle_are_attempts_like_others() -> None:
    state = listing(job("a", retry_of="b"), job("b", retry_of="a"), job("c", retry_of="c"))
    assert set(ids(state)) == {"b", "c"}


def test_beyond_a_hundred_attempts_jobs_stand_alone() -> None:
    state = listing(job("a"), *(job(f"r{n}", attempt=2, retry_of="a") for n in range(300)))
    family = state.family("a")
    assert family is not None
    assert len(family) == MAX_ATTEMPTS
    assert len(ids(state)) == 301 - len(family) + 1


def test_links_of_jobs_that_left_are_forgotten() -> None:
    state = JobsState()
    state.load([*tries(), job("x")])
    state.place("t3")
    state.toggle_fold()
    for n in range(2000):
        state.load([job(f"r{n}", attempt=2, retry_of=f"gone{n}")])
        state.remove(f"r{n}")
    assert len(state._attempts._links) < 1500
    assert ids(state)[:3] == ["t3", "t2", "t1"]


# Following, and the failed ones


def test_following_goes_with_the_running_job_until_the_cursor_is_moved() -> None:
    state = listing(
        job("a", JobStatus.RUNNING),
        job("b", JobStatus.QUEUED),
        job("c", JobStatus.QUEUED),
        job("d"),
    )
    state.place("d")
    assert state.has_running
    state.follow(True)
    assert state.cursor == "a"
    state.apply(failed(2, "a"))
    assert state.cursor == "a", "no other is running"
    state.apply(started(3, "b"))
    assert state.cursor == "b"
    state.apply(started(4, "c"))
    assert state.cursor == "b"
    state.move(1)
    assert not state.following
    state.apply(failed(5, "b"))
    assert state.cursor == "c"


def test_the_next_failed_job_is_the_next_in_the_list() -> None:
    state = listing(*(job(f"f{h}", JobStatus.FAILED, 30 + h) for h in (1, 5)), job("x"), job("y"))
    state.first()
    assert ids(state) == ["x", "y", "f1", "f5"]
    for by, found in ((1, "f1"), (1, "f5"), (1, None), (-1, "f1"), (-1, None)):
        before = state.cursor
        assert state.to_failed(by) is (found is not None)
        assert state.cursor == (found or before)
    state.set_filter("xyz")
    assert not state.to_failed(1)


# Marks of many


def test_all_that_match_are_marked_a_range_and_the_others() -> None:
    state = listing(*(job(str(i), hours=i + 1, title="odd" if i % 2 else "even") for i in range(8)))
    state.set_filter("odd")
    state.mark_all()
    assert list(state.marked) == ["1", "3", "5", "7"]
    state.set_filter("")
    state.invert_marks()
    assert list(state.marked) == ["0", "2", "4", "6"]
    state.clear_marks()
    state.place("5")
    state.mark_range()
    assert list(state.marked) == ["5"], "without a mark the range is the job itself"
    state.place("2")
    state.mark_range()
    assert list(state.marked) == ["5", "4", "3", "2"]
    state.place("4")
    state.mark_range()
    assert set(state.marked) == {"5", "4", "3", "2"}


# Whatever happens

NAMES = st.sampled_from([f"job{i}" for i in range(6)])
FILTERS = st.sampled_from(
    ["", "job1", "status:failed,running", "-job2", "is:marked", "-is:marked", "age:<2h", "x"]
)
JOBS = st.builds(
    job,
    NAMES,
    st.sampled_from(list(JobStatus)),
    st.sampled_from([0.6, 1.0, 3.0, 23.0, 24.2, 40.0]),
    priority=st.integers(0, 1),
    attempt=st.integers(1, 3),
    retry_of=st.none() | NAMES,
    last_event_id=st.integers(0, 40),
    eta=st.none() | st.integers(1, 3).map(lambda s: Eta(seconds=s, low=s, high=s)),
)


class Anything(RuleBasedStateMachine):
    """The list under any sequence of events, keys and time: after each, the cursor, which is what
    the panel shows and the keys mean, is on one visible job, and on the same as before unless the
    person moved it or the job has no row any more."""

    @initialize(few=st.sampled_from([0, 32]), jobs=st.lists(JOBS, min_size=4, max_size=9))
    def begin(self, few: int, jobs: list[Job]) -> None:
        self.few = few  # changes one by one, or as a whole
        self.state = JobsState()
        self.state.advance(NOW)
        self.state.load(jobs)
        self.now = NOW
        self.number = 10

    def does(self, act: Callable[[JobsState], object], *, person: bool = False) -> None:
        """``person``: the act may move the cursor, or change the filter or the marks."""
        state, self.number = self.state, self.number + 1
        cursor, shown, version = state.cursor, ids(state), state.version
        marks, following, jobs = set(state.marked), state.following, {j.id: j for j in state}
        with patch.object(jobs_module, "_FEW", self.few):
            act(state)
        after = ids(state)
        if not person:
            assert set(state.marked) == marks & {j.id for j in state}
            if cursor in after and not following:
                assert state.cursor == cursor
            if cursor is not None and cursor not in after:  # never for the filter's sake
                family = state.family(cursor)
                assert state.get(cursor) is None or (family is not None and not family.unfolded)
        changed = any(
            j.status is not jobs[j.id].status for j in state.visible if j.id in jobs
        )  # fmt: skip
        if changed or (after, state.cursor, set(state.marked)) != (shown, cursor, marks):
            assert state.version != version, "it would not be drawn"

    # Events

    @rule(jobs=st.lists(JOBS, max_size=3))
    def load(self, jobs: list[Job]) -> None:
        self.does(lambda state: state.load(jobs))

    @rule(name=NAMES)
    def start(self, name: str) -> None:
        self.does(lambda state: state.apply(started(self.number, name)))

    @rule(name=NAMES)
    def fail(self, name: str) -> None:
        self.does(lambda state: state.apply(failed(self.number, name)))

    @rule(name=NAMES)
    def remove(self, name: str) -> None:
        self.does(lambda state: state.remove(name))

    @rule(most=st.integers(0, 6))
    def trim(self, most: int) -> None:
        self.does(lambda state: state.trim(most))

    @rule(name=NAMES)
    def see(self, name: str) -> None:
        self.does(lambda state: state.seen(name))

    @rule(hours=st.integers(0, 48))
    def wait(self, hours: int) -> None:
        self.now = NOW + hours * HOUR
        self.does(lambda state: state.advance(self.now))

    # The person

    @rule(sort=st.sampled_from(Sort))
    def sort(self, sort: Sort) -> None:
        before = set(ids(self.state))
        self.does(lambda state: state.set_sort(sort))
        assert set(ids(self.state)) == before

    @rule(text=FILTERS)
    def filter(self, text: str) -> None:
        self.does(lambda state: state.set_filter(text), person=True)

    @rule(by=st.integers(-3, 3))
    def move(self, by: int) -> None:
        self.does(lambda state: state.move(by), person=True)

    @rule(by=st.sampled_from([-1, 1]))
    def to_failed(self, by: int) -> None:
        found: list[bool] = []
        self.does(lambda state: found.append(state.to_failed(by)), person=True)
        if found[0]:
            assert self.state.targets
            cursor = self.state.get(self.state.cursor or "")
            assert cursor is not None
            assert cursor.status is JobStatus.FAILED

    @rule(name=NAMES)
    def place(self, name: str) -> None:
        placed: list[bool] = []
        self.does(lambda state: placed.append(state.place(name)), person=True)
        assert placed[0] is (self.state.get(name) is not None)
        assert not placed[0] or self.state.cursor == name

    @rule(following=st.booleans())
    def follow(self, following: bool) -> None:
        self.does(lambda state: state.follow(following), person=True)

    @rule()
    def fold(self) -> None:
        self.does(lambda state: state.toggle_fold(), person=True)

    @rule(name=st.none() | NAMES)
    def mark(self, name: str | None) -> None:
        self.does(lambda state: state.toggle_mark(name), person=True)

    @rule(what=st.sampled_from(["mark_all", "mark_range", "invert_marks", "clear_marks"]))
    def mark_many(self, what: str) -> None:
        self.does(lambda state: getattr(state, what)(), person=True)

    # What always holds

    @invariant()
    def rows_are_the_matching_jobs_each_once_in_order(self) -> None:
        state, shown = self.state, ids(self.state)
        every = {j.id: j for j in state}
        assert len(every) == len(state) == sum(state.counts.values()) + state.interrupted
        keys = [state._keys[i] for i in shown]
        assert all(a < b for a, b in pairwise(keys))
        assert [state.position(i) for i in shown] == list(range(len(shown)))
        urgent = [state.get(state._keys[i][3]) for i in shown]
        if state.sort is Sort.STATUS:
            groups = [state.group(j.id) for j in urgent if j is not None]
            assert groups == sorted(groups)
            assert state.urgent == sum(group < Group.QUEUED for group in groups)
        if state.filter.timed:
            return
        expected: set[str] = set()
        for name in every:
            family = state.family(name)
            tried = [name] if family is None else family.ids
            matching = [i for i in tried if state._lets_through(every[i])]
            expected |= set(matching if family is not None and family.unfolded else matching[-1:])
        assert set(shown) == expected

    @invariant()
    def the_cursor_is_on_a_job_that_shows_and_keys_mean_it(self) -> None:
        state, shown = self.state, ids(self.state)
        assert (state.cursor is None) == (not shown)
        assert state.cursor is None or state.cursor in shown
        assert all(state.get(i) is not None for i in state.marked)
        meant = [j.id for j in state.targets]
        assert set(meant) == (set(state.marked) or {state.cursor} - {None})
        if state.following and state.has_running:
            cursor = state.get(state.cursor or "")
            assert cursor is not None
            assert cursor.status is JobStatus.RUNNING

    @invariant()
    def only_a_fresh_failure_needs_attention(self) -> None:
        assert_attention(self.state, [*self.state], self.now)


Anything.TestCase.settings = settings(
    max_examples=200,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestAnything = Anything.TestCase


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
