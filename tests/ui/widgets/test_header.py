"""The head says where the run stands, how old that is, and what is the matter, in three lines."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aura_tui.model.connection import Connection, ConnectionStatus
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
from aura_tui.ui.state.run import Asked, RunState
from aura_tui.ui.theme.glyphs import ASCII, UNICODE
from aura_tui.ui.widgets.header import lines
from tests.ui import recordings
from tests.ui.recordings import BEGIN, Tape
from tests.ui.state.test_run import playing

WIDTHS = (20, 38, 59, 60, 76, 78, 140, 196)


def running() -> Tape:
    tape = Tape()
    recordings.start(tape)
    tape.step(Stage.VOICE, StepStatus.STARTED)
    tape.wait(42)
    tape.progress(Stage.VOICE, 25, "Speaking", **recordings.eta(300))
    return tape


def head(
    state: RunState, tape: Tape, width: int = 76, *, later_s: float = 0.0, ascii_only: bool = False
) -> list[str]:
    now = tape.now + timedelta(seconds=later_s)
    return [line.plain for line in lines(state, now, width, ASCII if ascii_only else UNICODE)]


def connected(
    state: RunState, tape: Tape, status: ConnectionStatus, reason: str = "refused"
) -> RunState:
    """The connection broke 2 s after the last event, or is live."""
    live = status is ConnectionStatus.LIVE
    broke = tape.now + timedelta(seconds=2)
    connection = Connection(
        status=status,
        since=BEGIN if live else broke,
        attempt=0 if live else 2,
        reason="" if live else reason,
        retry_at=broke + timedelta(seconds=16) if status is ConnectionStatus.RETRYING else None,
        heard_at=tape.now,
    )
    state.set_connection(connection, tape.now)
    return state


def test_a_run_that_goes_well() -> None:
    tape = running()
    first, second, third = head(playing(tape), tape)
    assert first.split("  ")[0] == "How a solar sail works"
    assert first.endswith("  \u25cf running")
    assert "7f3c" not in first + third  # show tells the correlation id
    assert second.endswith("  20 %")
    assert third.startswith("0:42 \u00b7 4-6 min left, based on 14 similar jobs  ")
    assert third.endswith("similar jobs                 job 01KCD3WNE0")  # the first attempt


def test_a_connection_shows_only_where_it_is_news() -> None:
    tape = running()
    state = playing(tape)
    here = head(state, tape)
    assert head(connected(state, tape, ConnectionStatus.LIVE), tape) == here


def test_a_broken_connection_leaves_what_was_known_with_its_age() -> None:
    tape = running()
    state = connected(playing(tape), tape, ConnectionStatus.RETRYING)
    first, _, third = head(state, tape, later_s=14)
    assert "\u25b2 reconnecting  \u25cf running" in first
    # 2 s more than at the last event, when the connection was thought to be there; not 14.
    assert third.startswith("0:44 \u00b7 4-6 min left, as of 14 s ago")
    assert third.endswith("\u25b2 connection lost, retrying in 4 s")
    wide = head(state, tape, 140, later_s=14)[2]
    assert wide.endswith("\u25b2 connection lost 12 s ago, retrying in 4 s (attempt 2): refused")
    narrow = head(state, tape, 38, later_s=14)[2]
    assert narrow == "0:44  \u25b2 lost 12 s ago, retrying in 4 s"


def test_a_lost_connection_says_why() -> None:
    tape = running()
    state = connected(playing(tape), tape, ConnectionStatus.LOST, "\x1b[2Jtoken refused")
    first, _, third = head(state, tape, later_s=14)
    assert "\u2717 disconnected" in first
    assert third.endswith("\u2717 disconnected: token refused")


def test_before_there_is_a_job_the_connection_alone_is_told() -> None:
    tape = Tape()
    state = connected(RunState(), tape, ConnectionStatus.CONNECTING)
    assert head(state, tape)[2] == "\u25cb connecting"
    assert head(RunState(), tape)[0].endswith("starting\u2026")


def test_a_silent_job_is_told_beside_its_time_left() -> None:
    tape = running()
    state = connected(playing(tape), tape, ConnectionStatus.LIVE)
    connection = state.connection
    assert connection is not None
    heard = Connection(
        status=connection.status, since=connection.since, heard_at=tape.now + timedelta(seconds=38)
    )
    state.set_connection(heard, tape.now)
    third = head(state, tape, later_s=40)[2]
    assert third.startswith("1:22 \u00b7 4-6 min left, based on 14 jobs")
    assert third.endswith("\u25cb engine alive, job silent for 40 s")
    assert head(state, tape, 38, later_s=40)[2].endswith("\u25cb job silent for 40 s")


def test_a_paused_or_queued_job_is_told_once() -> None:
    tape = Tape()
    tape.status(JobStatus.QUEUED)
    state = playing(tape)
    assert head(state, tape)[2].startswith("0:00 \u00b7 waiting in the queue  ")
    state.queue_ahead = 2
    assert head(state, tape)[2].startswith("0:00 \u00b7 queued behind 2  ")
    tape = running()
    tape.status(JobStatus.PAUSED)
    third = head(playing(tape), tape, later_s=300)[2]
    assert third.startswith("0:42 \u00b7 paused, press p to resume  ")
    assert third.count("paused") == 1
    only_read = RunState(mode="read only")
    assert head(playing(tape, only_read), tape)[2].startswith("0:42 \u00b7 paused  ")


def test_marks_of_the_board_are_told() -> None:
    tape = running()
    for mode in ("read only", "recorded"):
        state = playing(tape, RunState(mode=mode))
        assert f"  {mode}  " in head(state, tape)[0]
        assert head(state, tape, 38)[2] == f"0:42 \u00b7 4-6 min left{mode:>19}"


def test_a_retry_says_of_what() -> None:
    tape = recordings.retried()
    wide = head(playing(tape), tape, 100)[2]
    assert "attempt 2, retry of 01KCD41Q7M \u00b7 job 01KCD4C9XE" in wide
    assert "attempt 2 \u00b7 job 01KCD4C9XE" in head(playing(tape), tape)[2]


@pytest.mark.parametrize("width", [76, 84, 100])
def test_who_a_run_is_stays_while_the_time_left_is_said_otherwise(width: int) -> None:
    for tape in (recordings.retried(), running()):
        step = Stage.VOICE if tape.job.status is JobStatus.RUNNING else None
        places = set()
        for seconds in (5, 60, 300, 5000, 40_000):
            if step is not None:
                tape.progress(step, 25, **recordings.eta(seconds))
            third = head(playing(tape), tape, width)[2]
            places.add(third[third.index("attempt" if tape.job.attempt > 1 else "job") :])
        assert len(places) == 1


def test_what_was_asked_for_is_told_until_it_happens() -> None:
    tape = running()
    state = playing(tape)
    state.asked = Asked.CANCEL
    first, _, third = head(state, tape)
    assert first.endswith("\u25cf cancelling\u2026")
    assert "cancelling; finished work is kept" in third


@pytest.mark.parametrize("ascii_only", [False, True])
def test_three_lines_that_fit_whatever_is_told(ascii_only: bool) -> None:
    for tape in (running(), recordings.success(), recordings.hostile(), recordings.retried()):
        for status in (None, *ConnectionStatus):
            state = playing(tape, RunState(mode="read only"))
            if status is not None:
                connected(state, tape, status, "why " * 100)
            for width in WIDTHS:
                found = head(state, tape, width, later_s=40, ascii_only=ascii_only)
                assert len(found) == 3, (status, width)
                assert max(map(len, found)) <= width, (status, width)


def test_the_status_of_a_run_moves_nothing_beside_it() -> None:
    tape = running()
    state = playing(tape)
    before = head(state, tape, 84)
    tape.progress(Stage.VOICE, 99, **recordings.eta(5))
    after = head(playing(tape, state), tape, 84)
    assert before[0] == after[0]
    assert before[2].index("job 0") == after[2].index("job 0")
