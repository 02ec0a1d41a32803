"""What the board knows of a run, as its events and its connection tell it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from aura_tui.model.connection import Connection, ConnectionStatus
from aura_tui.model.reduce import reduce
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
from aura_tui.ui.state.items import MAX_KEPT
from aura_tui.ui.state.run import RunState
from tests.ui import recordings
from tests.ui.recordings import BEGIN, Tape


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def playing(tape: Tape, state: RunState | None = None) -> RunState:
    """The state after ``tape``, every event of which came at once."""
    state = RunState() if state is None else state
    state.job = job = state.job or tape.job
    for envelope in tape.envelopes:
        if envelope.id > job.last_event_id:
            job = reduce(job, envelope)
            state.apply(job, envelope, envelope.event.timestamp)
    return state


def voice(tape: Tape) -> Tape:
    recordings.start(tape)
    tape.step(Stage.VOICE, StepStatus.STARTED)
    return tape


# Items


def test_items_keep_what_was_first_told_of_them_and_when() -> None:
    tape = voice(Tape())
    for number, title in ((1, "Sails"), (2, "Light")):
        tape.wait(3)
        tape.progress(
            Stage.VOICE,
            number * 10,
            f"Scene {number} of 4",
            substage_detail=title,
            current_item=number,
            total_items=4,
        )
        tape.progress(Stage.VOICE, number * 10 + 5, "Later", current_item=number, total_items=4)
    items = playing(tape).items[Stage.VOICE]
    window = items.window(9, open_end=True)
    assert [*map(tuple, window.items)] == [
        (1, "Sails", 3),
        (2, "Light", 6),
        (3, "", None),
        (4, "", None),
    ]
    assert (window.earlier, window.later) == (0, 0)
    assert items.window(9, open_end=False).items == window.items[:2]


@pytest.mark.parametrize(
    ("current", "shown", "earlier", "later"),
    [(1, [1, 2, 3], 0, 7), (5, [4, 5, 6], 3, 4), (9, [8, 9, 10], 7, 0), (10, [8, 9, 10], 7, 0)],
)
def test_a_window_shows_the_current_item_between_its_neighbours(
    current: int, shown: list[int], earlier: int, later: int
) -> None:
    tape = voice(Tape())
    for number in range(1, current + 1):
        tape.progress(Stage.VOICE, number, "Speaking", current_item=number, total_items=10)
    window = playing(tape).items[Stage.VOICE].window(3, open_end=True)
    assert [item.number for item in window.items] == shown
    assert (window.earlier, window.later) == (earlier, later)


@pytest.mark.parametrize(
    ("room", "shown", "earlier"), [(9, [3, 4, 5, 6, 7, 8], 2), (3, [4, 5, 6], 3)]
)
def test_items_that_were_there_already_are_counted_with_the_earlier_ones(
    room: int, shown: list[int], earlier: int
) -> None:
    tape = voice(Tape())
    for number in (3, 5):  # and two ended at once
        tape.progress(Stage.VOICE, number, "Speaking", current_item=number, total_items=8)
    window = playing(tape).items[Stage.VOICE].window(room, open_end=True)
    assert window.earlier + window.later + len(window.items) == 8
    assert [item.number for item in window.items] == shown
    assert window.earlier == earlier


def test_items_are_bounded_whatever_an_engine_counts() -> None:
    tape = voice(Tape())
    huge = 1 << 53
    for number in range(1, MAX_KEPT + 51):
        tape.progress(Stage.VOICE, 1, "Speaking", current_item=number, total_items=huge)
    items = playing(tape).items[Stage.VOICE]
    assert items.kept == MAX_KEPT
    window = items.window(5, open_end=True)
    last = MAX_KEPT + 51
    assert [item.number for item in window.items] == [*range(last - 4, last + 1)]
    assert (window.earlier, window.later) == (last - 5, huge - last)


def test_a_stage_that_starts_again_has_new_items() -> None:
    tape = voice(Tape())
    tape.progress(Stage.VOICE, 10, "Speaking", current_item=3, total_items=10)
    state = playing(tape)
    tape.tell(
        type(tape.envelopes[-2].event), step=Stage.VOICE, status=StepStatus.STARTED, attempt=2
    )
    playing(tape, state)
    assert state.items[Stage.VOICE].window(5, open_end=True).items == ()


def test_pages_reach_every_item_and_keep_one_of_the_page_before() -> None:
    tape = voice(Tape())
    for n in range(1, 301):
        tape.progress(Stage.VOICE, 1, f"part {n}", current_item=n, total_items=300)
    items = playing(tape).items[Stage.VOICE]

    def page(by: int) -> list[int]:
        items.page(by)
        return [item.number for item in items.window(12, open_end=True).items]

    assert 300 in {item.number for item in items.window(12, open_end=True).items}
    items.show_from(1)
    assert items.window(12, open_end=True).later == 288
    seen = {*range(1, 13)}
    last = [12]
    while 300 not in seen:
        shown = page(1)
        assert shown[0] <= last[-1]
        assert len(shown) == 12
        seen |= {*shown}
        last = shown
    assert seen == {*range(1, 301)}
    assert page(1) == last  # no further than the last one,
    assert page(-1)[-1] == last[0]  # so that the first step back is one
    items.show_from(None)
    assert not items.paged


# The clocks


def test_only_what_moves_is_progress() -> None:
    tape = voice(Tape())
    tape.progress(Stage.VOICE, 10, current_item=1, total_items=8)
    state = playing(tape)
    moved = tape.now
    tape.wait(5)
    tape.progress(Stage.VOICE, 10, "The same again", current_item=1, total_items=8)
    tape.log("a line")
    playing(tape, state)
    assert (state.pulse.moved_at, state.pulse.event_at) == (moved, tape.now)
    for percent, item in ((11, 1), (11, 2)):
        tape.wait(1)
        tape.progress(Stage.VOICE, percent, current_item=item, total_items=8)
        assert playing(tape, state).pulse.moved_at == tape.now
    tape.wait(1)
    tape.status(JobStatus.PAUSED)
    assert playing(tape, state).pulse.moved_at == tape.now


def test_a_pause_is_no_silence_when_it_is_over() -> None:
    tape = voice(Tape())
    tape.status(JobStatus.PAUSED)
    tape.wait(1000)
    tape.status(JobStatus.RUNNING)
    assert playing(tape).liveness(tape.now + seconds(1)) is None


# The connection


def live(at: float, gap_s: float | None = None, recovered: int = 0) -> Connection:
    began = BEGIN + seconds(at)
    return Connection(
        status=ConnectionStatus.LIVE, since=began, heard_at=began, gap_s=gap_s, recovered=recovered
    )


def down(at: float) -> Connection:
    since = BEGIN + seconds(at)
    return Connection(status=ConnectionStatus.RETRYING, since=since, heard_at=since - seconds(2))


@pytest.mark.parametrize(
    ("recovered", "text"),
    [
        (318, "Restored after 42 s; 318 events recovered"),
        (1, "Restored after 42 s; 1 event recovered"),
        (0, "Restored after 42 s; 0 events recovered"),
    ],
)
def test_a_reconnect_is_told_once_in_the_log(recovered: int, text: str) -> None:
    state = RunState()
    now = BEGIN + seconds(60)
    for connection in (live(0), down(10), *[live(52, gap_s=42.4, recovered=recovered)] * 3):
        state.set_connection(connection, now)
    back = BEGIN + seconds(52)
    assert [(line.at, line.source, line.text) for line in state.log] == [(back, "Connection", text)]
    assert state.logged == 1


def test_a_reconnect_is_told_when_all_that_was_missed_has_come() -> None:
    state = RunState()
    coming = [replace(live(52, 42.4, recovered=n), recovering=True) for n in (0, 1, 30)]
    for connection in (live(0), down(10), *coming):
        state.set_connection(connection, BEGIN)
    assert not state.log
    state.set_connection(live(52, 42.4, recovered=70), BEGIN)
    assert [line.text for line in state.log] == ["Restored after 42 s; 70 events recovered"]


def test_a_reconnect_that_lost_events_is_a_warning() -> None:
    state = RunState()
    for connection in (
        live(0),
        down(10),
        replace(live(52, gap_s=7200), notice="what follows is new"),
    ):
        state.set_connection(connection, BEGIN)
    (line,) = state.log
    assert line.severity == "warning"
    assert line.text == "Restored after 2 h; what follows is new"


def test_without_a_connection_the_board_stands_still_and_knows_its_age() -> None:
    tape = voice(Tape())
    state = playing(tape)
    began = tape.now
    state.set_connection(live(0), began)
    assert (state.age_s(began), state.seen(began)) == (None, began)
    state.set_connection(down(10), began)
    later = BEGIN + seconds(300)
    assert state.age_s(later) == pytest.approx(292)
    assert state.seen(later) == BEGIN + seconds(10)
    assert state.clock.elapsed_s(state.seen(later)) == pytest.approx(9.8)
    state.set_connection(live(301, gap_s=293.0), later)
    assert (state.age_s(later), state.seen(later)) == (None, later)


def test_it_says_when_time_alone_changes_what_shows() -> None:
    tape = voice(Tape())
    state = playing(tape)
    now = tape.now + seconds(0.75)
    assert state.due_s(now) == pytest.approx(0.25)
    tape.status(JobStatus.PAUSED)
    playing(tape, state)
    assert state.due_s(now) is None  # a paused run costs nothing
    state.set_connection(live(0.2), now)
    assert state.due_s(now) == pytest.approx(14.25)  # but its connection may fall silent
    state.set_connection(down(0.2), now)
    assert state.due_s(now) == pytest.approx(0.25)
    tape.status(JobStatus.RUNNING)
    playing(tape, state)
    state.finish()
    assert state.due_s(now) == pytest.approx(0.25)  # the connection is shown for every job
    state.set_connection(None, now)
    assert state.due_s(now) is None


@pytest.mark.parametrize(
    ("room", "active", "shown", "hidden"),
    [
        (3, (3, 8), [2, 3, 8], (1, 4, 3)),
        (5, (3, 8), [1, 2, 3, 4, 8], (0, 3, 3)),
        (2, (3, 8), [3, 8], (2, 4, 3)),
        (1, (3, 8), [3], (2, 0, 8)),
        (3, (3, 5, 8, 9), [3, 5, 8], (2, 3, 3)),
        (3, (3, 4), [2, 3, 4], (1, 0, 7)),
        (20, (3, 8), [*range(1, 12)], (0, 0, 0)),
    ],
)
def test_a_window_holds_those_at_work_however_far_apart(
    room: int, active: tuple[int, ...], shown: list[int], hidden: tuple[int, int, int]
) -> None:
    tape = Tape()
    recordings.start(tape)
    tape.step(Stage.VOICE, StepStatus.STARTED)
    for number in (1, 3, 8):
        tape.progress(
            Stage.VOICE,
            number,
            current_item=number,
            total_items=11,
            done_items=1,
            active_items=active,
        )
    items = playing(tape).items[Stage.VOICE]
    window = items.window(room, open_end=True)
    assert [item.number for item in window.items] == shown
    assert (window.earlier, window.between, window.later) == hidden
    assert items.active == {*active}


def test_an_item_at_work_has_its_row_before_anything_is_told_of_it() -> None:
    tape = Tape()
    recordings.start(tape)
    tape.step(Stage.VOICE, StepStatus.STARTED)
    tape.wait(2)
    more: dict[str, Any] = {"total_items": 11, "done_items": 0, "active_items": (1, 5)}
    tape.progress(Stage.VOICE, 1, substage_detail="Fifth", current_item=5, **more)
    tape.wait(2)
    first = playing(tape).items[Stage.VOICE].window(20, open_end=True).items[0]
    assert tuple(first) == (1, "", 2.0)
    tape.progress(Stage.VOICE, 1, substage_detail="First", current_item=1, **more)
    first = playing(tape).items[Stage.VOICE].window(20, open_end=True).items[0]
    assert tuple(first) == (1, "First", 2.0)
