"""Of ended jobs those that ended last are kept whole, and a list has an end."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from aura_tui.model.events import Artifact
from aura_tui.model.status import JobStatus
from aura_tui.ui.state import detail_cache
from aura_tui.ui.state.jobs import JobsState
from tests.ui.state.test_jobs import ids, job, listing

if TYPE_CHECKING:
    import pytest

FILES = (Artifact(name="video.mp4", path="/v/video.mp4", type="video/mp4", size_bytes=1),)


def whole(state: JobsState) -> set[str]:
    return {each.id for each in state.visible if each.artifacts}


def test_those_that_ended_last_are_whole_whatever_order_they_came_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(detail_cache, "MAX_WHOLE", 3)
    jobs = [job(f"J{n}", hours=n + 1, artifacts=FILES) for n in range(10)]
    random.Random(4).shuffle(jobs)
    state = JobsState()
    for each in jobs:
        state.load((each,))
    assert whole(state) == {"J0", "J1", "J2"}
    assert len(state) == 10
    assert all((each.id in state.whole) == bool(each.artifacts) for each in state.visible)


def test_a_line_tells_what_the_list_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    before = job("J", artifacts=FILES, attempt=3, percent=100.0)
    monkeypatch.setattr(detail_cache, "MAX_WHOLE", 0)
    (after,) = listing(before).visible
    told = ("id", "title", "status", "created_at", "started_at", "ended_at", "attempt", "percent")
    assert [getattr(after, name) for name in told] == [getattr(before, name) for name in told]
    assert not after.artifacts


def test_a_job_at_work_is_whole_and_so_is_the_pinned_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detail_cache, "MAX_WHOLE", 0)
    state = JobsState()
    state.whole.pinned = "MINE"
    state.load(
        [
            job("MINE", artifacts=FILES),
            job("OTHER", artifacts=FILES),
            job("RUN", JobStatus.RUNNING, artifacts=FILES),
        ]
    )
    assert whole(state) == {"MINE", "RUN"}


def test_a_job_that_is_removed_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detail_cache, "MAX_WHOLE", 1)
    state = listing(job("A", artifacts=FILES))
    state.remove("A")
    state.load((job("B", hours=9, artifacts=FILES),))
    assert whole(state) == {"B"}


def test_a_list_too_long_loses_what_ended_first_but_nothing_one_looks_at() -> None:
    jobs = [job(f"J{n}", hours=n + 1) for n in range(8)]
    state = listing(*jobs, job("RUN", JobStatus.RUNNING, hours=99))
    state.whole.pinned = "J7"
    state.place("J6")
    state.toggle_mark("J5")
    state.trim(5)
    assert set(ids(state)) == {"RUN", "J0", "J5", "J6", "J7"}
    assert state.cursor == "J6"
    assert state.counts[JobStatus.SUCCEEDED] == 4
    state.trim(5)
    assert len(state) == 5
