"""Which cancels can be undone, and until when."""

from __future__ import annotations

from msgspec.structs import replace

from aura_tui.model.status import JobStatus
from aura_tui.ui.state.undo import UNDO_S, UndoState
from tests.ui import recordings
from tests.ui.dialogs import job_of


def take(state: UndoState, job_id: str, status: JobStatus = JobStatus.CANCELED) -> None:
    state.take(replace(job_of(recordings.cancelled()), id=job_id, status=status))


def test_the_time_to_undo_starts_when_the_last_job_has_ended() -> None:
    state = UndoState()
    cancel = state.begin(["A", "B"])
    take(state, "A")
    assert state.settled(100.0) == []
    assert state.newest(10_000.0) is cancel
    take(state, "B")
    assert state.settled(200.0) == [cancel]
    assert state.settled(201.0) == []
    assert state.newest(200.0 + UNDO_S - 0.1) is cancel
    assert not state.expired
    assert state.newest(200.0 + UNDO_S) is None
    assert state.expired


def test_only_what_was_cancelled_is_undone() -> None:
    state = UndoState()
    cancel = state.begin(["A", "B", "C"])
    take(state, "A", JobStatus.SUCCEEDED)
    cancel.keep(["A", "C"])  # the engine refused B
    take(state, "C")
    assert state.settled(0.0) == [cancel]
    assert cancel.ids == ["C"]
    none = state.begin(["D"])
    none.keep([])
    assert state.settled(0.0) == []
    assert state.undo(1.0) is cancel
    assert state.undo(1.0) is None
    assert not state.expired


def test_cancels_are_undone_the_newest_first_each_once() -> None:
    state = UndoState()
    first, second = state.begin(["A"]), state.begin(["B"])
    assert state.undo(0.0) is second
    assert second.wanted, "it is undone when it has taken effect"
    assert state.undo(0.0) is first
    assert state.undo(0.0) is None
    take(state, "A")
    take(state, "B")
    assert state.settled(0.0) == [first, second]
    assert state.undo(0.0) is None
