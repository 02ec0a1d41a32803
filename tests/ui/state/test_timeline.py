"""The timeline is drawn to scale, beside what stages usually take, and holds still."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from textual.app import App

from aura_tui.model import events as ev
from aura_tui.model.connection import Connection, ConnectionStatus
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
from aura_tui.service import Typical
from aura_tui.ui.state.timeline import axis_end_s, is_slow, lanes, tick_step_s
from aura_tui.ui.theme.glyphs import ASCII, UNICODE
from aura_tui.ui.widgets.timeline import HEIGHT, TimelineView, lines
from tests.ui import recordings
from tests.ui.recordings import Tape
from tests.ui.state.test_run import playing

if TYPE_CHECKING:
    from aura_tui.ui.state.run import RunState

if TYPE_CHECKING:
    from textual.app import ComposeResult

USUAL = Typical(
    14,
    {
        Stage.SCRIPT: 1.0,
        Stage.VOICE: 4.0,
        Stage.VISUALS: 2.0,
        Stage.COMPOSITION: 1.0,
        Stage.RENDERING: 10.0,
    },
)


def working(voice_s: float = 4.0) -> Tape:
    """In Visuals since a second; Script took one, Voice ``voice_s``."""
    tape = Tape()
    recordings.start(tape)
    tape.step(Stage.SCRIPT, StepStatus.STARTED)
    tape.wait(1)
    tape.step(Stage.SCRIPT, StepStatus.COMPLETED, 1.0)
    tape.step(Stage.VOICE, StepStatus.STARTED)
    tape.wait(voice_s)
    tape.step(Stage.VOICE, StepStatus.COMPLETED, voice_s)
    tape.step(Stage.VISUALS, StepStatus.STARTED)
    tape.wait(1)
    tape.progress(Stage.VISUALS, 10)
    return tape


def shown(tape: Tape, typical: Typical | None = USUAL, state: RunState | None = None) -> RunState:
    state = playing(tape, state)
    state.typical = typical
    return state


def drawn(state: RunState, tape: Tape, width: int = 80, *, ascii_only: bool = True) -> list[str]:
    found = lanes(state, tape.now)
    glyphs = ASCII if ascii_only else UNICODE
    return [line.plain for line in lines(state, found, axis_end_s(found), width, glyphs)]


def test_stages_lie_where_they_were_and_those_to_come_where_they_usually_would() -> None:
    tape = working()
    found = lanes(shown(tape), tape.now)
    assert [(lane.began_s, lane.ended_s) for lane in found] == [
        (0, 1),
        (1, 5),
        (5, 6),  # and goes on
        (7, None),  # when Visuals has had its usual time
        (8, None),
    ]
    assert [lane.took_s for lane in found] == [1, 4, 1, None, None]


def test_a_stage_past_its_usual_time_pushes_those_to_come() -> None:
    tape = working()
    tape.wait(9)
    found = lanes(shown(tape), tape.now)
    assert (found[2].ended_s, found[2].slow) == (15, True)
    assert [lane.began_s for lane in found[3:]] == [15, 16]


def test_what_nobody_has_measured_has_no_place() -> None:
    tape = working()
    some = Typical(1, {Stage.VISUALS: 2.0, Stage.RENDERING: 10.0})
    assert [lane.began_s for lane in lanes(shown(tape, some), tape.now)] == [0, 1, 5, None, None]
    assert [lane.began_s for lane in lanes(shown(tape, None), tape.now)] == [0, 1, 5, None, None]


def test_nothing_is_to_come_when_the_run_is_over() -> None:
    tape = recordings.cancelled()
    found = lanes(shown(tape), tape.now)
    assert [lane.began_s is None for lane in found] == [False] * 3 + [True] * 2


def test_a_pause_takes_no_room_but_is_marked() -> None:
    tape = working()
    tape.status(JobStatus.PAUSED)
    tape.wait(3600)
    state = shown(tape)
    found = lanes(state, tape.now)
    assert (found[2].ended_s, found[2].pauses_s) == (6, (6,))
    assert "=" in drawn(state, tape)[2]  # the sign of a pause


def test_a_broken_link_lets_no_stage_grow() -> None:
    tape = working()
    state = shown(tape)
    state.set_connection(
        Connection(status=ConnectionStatus.RETRYING, since=tape.now, heard_at=tape.now), tape.now
    )
    assert lanes(state, tape.now + timedelta(seconds=60))[2].ended_s == 6


@pytest.mark.parametrize(
    ("took_s", "usual_s", "slow"),
    [
        (None, 1, False),
        (9, None, False),
        (0.9, 0.1, False),  # nine times as long, and nobody waited
        (14, 12, False),  # two seconds more, and nobody cares
        (14, 9.4, False),
        (14.2, 9.4, True),
        (3.1, 1, True),
    ],
)
def test_slow_is_half_as_long_again_and_not_by_a_blink(
    took_s: float | None, usual_s: float | None, slow: bool
) -> None:
    assert is_slow(took_s, usual_s) is slow


def test_an_axis_ends_at_a_round_time_and_grows_in_steps() -> None:
    tape = working()
    state = shown(tape, None)
    ends = []
    for _ in range(400):
        tape.wait(1)
        ends.append(axis_end_s(lanes(state, tape.now)))
    assert sorted(set(ends)) == [10, 15, 20, 30, 40, 60, 90, 120, 180, 240, 360, 480]
    assert ends == sorted(ends)


@pytest.mark.parametrize(
    ("end_s", "most", "step_s"),
    [(10, 10, 1), (10, 9, 2), (20, 4, 5), (60, 7, 10), (480, 3, 480), (86_400, 4, 21_600)],
)
def test_ticks_are_round_and_none_too_many(end_s: int, most: int, step_s: int) -> None:
    assert tick_step_s(end_s, most) == step_s


def test_an_axis_holds_a_run_of_days() -> None:
    tape = working()
    state = shown(tape, None)
    tape.wait(200_000)
    assert axis_end_s(lanes(state, tape.now)) == 3 * 86_400


def test_lanes_are_drawn_to_scale_with_a_tick_where_they_usually_end() -> None:
    tape = working(voice_s=9)
    # Script 0-1, Voice 1-10 (usually 4), Visuals 10-11 (usually 2), then 1 and 10: to 23 of 30 s.
    found = drawn(shown(tape), tape, 16 + 60 + 19)
    lanes_ = [line[16:76] for line in found[:5]]
    assert lanes_[0].rstrip() == "##|"
    assert lanes_[1].rstrip() == "  " + "#" * 8 + "|" + "#" * 9
    assert lanes_[2].rstrip() == " " * 20 + "##--|"
    assert lanes_[3].rstrip() == " " * 24 + "--|"
    assert lanes_[4].rstrip() == " " * 26 + "-" * 20 + "|"
    assert [m.start() for m in re.finditer(r"\S+", found[5][16:76])] == [0, 10, 20, 30, 40, 50]
    assert found[5].split()[:6] == ["0:00", "0:05", "0:10", "0:15", "0:20", "0:25"]
    assert found[1].split()[-1] == "0:04"  # what it took is in the stage's row
    assert found[5].rstrip().endswith("| usual of 14 runs")


def test_reused_stages_have_a_sign_instead_of_a_length() -> None:
    tape = recordings.retried()
    found = drawn(shown(tape), tape)
    assert found[0].startswith("  ~ Script      ~ ")


@pytest.mark.parametrize("width", [1, 20, 40, 59, 60, 82, 120, 200])
@pytest.mark.parametrize("typical", [None, USUAL])
def test_every_line_fits_at_every_width(width: int, typical: Typical | None) -> None:
    for tape in (Tape(), working(), recordings.success(), recordings.failure()):
        state = shown(tape, typical)
        found = drawn(state, tape, width, ascii_only=False)
        assert len(found) == HEIGHT
        if width >= 40:
            assert max(map(len, found)) <= width


class Showing(App[None]):
    """A timeline of its own."""

    def compose(self) -> ComposeResult:
        yield TimelineView()


async def test_the_scale_stands_until_the_run_is_over() -> None:
    tape = working()
    slow = Typical(3, {**USUAL.seconds, Stage.VISUALS: 30.0})
    async with Showing().run_test(size=(95, 8)) as pilot:
        view = pilot.app.query_one(TimelineView)

        def axis(typical: Typical, state: RunState) -> str:
            state.typical = typical
            view.show(state, tape.now, ASCII)
            return view.lines[-1].plain.split()[-5 if typical.seconds else -1]

        state = playing(tape)
        view.show(shown(tape, slow, state), tape.now, ASCII)
        wide = view.lines[-1].plain[:76]
        view.show(shown(tape, USUAL, state), tape.now, ASCII)
        assert view.lines[-1].plain[:76] == wide  # what is needed got less: it stays
        tape.tell(ev.JobCancelled)
        view.show(shown(tape, USUAL, state), tape.now, ASCII)
        assert view.lines[-1].plain[:76] != wide
        other = Tape("01KCD4OTHER")
        recordings.start(other)
        fresh = shown(other)
        view.show(fresh, other.now, ASCII)
        assert view.lines[-1].plain.split() == drawn(fresh, other, 95)[-1].split()
