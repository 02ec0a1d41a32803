"""The board shows every state of a run, at every size, and text from outside as text."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from aura_tui.errors import AuraError, Code, EngineError
from aura_tui.model import events as ev
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
from aura_tui.ui.app import BoardApp
from tests.ui import recordings
from tests.ui.boards import SIZES, Board, look, showing
from tests.ui.recordings import Tape
from tests.ui.scenes import running_tape
from tests.ui.scripted import ScriptedService
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from aura_tui.service import JobService


def running() -> ScriptedService:
    """A run in the middle of Voice."""
    return ScriptedService(running_tape())


def fits(board: Board, size: tuple[int, int]) -> None:
    """Every row of the screen is exactly as wide as the terminal, and none is missing."""
    assert [len(line) <= size[0] for line in board.lines] == [True] * size[1]
    assert len(board.lines) == size[1]


@pytest.mark.parametrize("size", SIZES)
async def test_queued(size: tuple[int, int]) -> None:
    tape = Tape()
    tape.status(JobStatus.QUEUED)
    async with showing(ScriptedService(tape), size) as board:
        await board.shows("How a solar sail works", "queued", "waiting in the queue")
        fits(board, size)


@pytest.mark.parametrize("size", SIZES)
async def test_running(size: tuple[int, int]) -> None:
    async with showing(running(), size) as board:
        await board.shows("running", " 20 %", "4-6 min left", "25 %", "espeak", "scene 3 of 8")
        if size[0] >= 80:
            await board.shows("based on 14 similar jobs", "job 01KCD3WNE0")
            await board.shows("Job accepted: 60 s, 1280x720 at 30 fps")
        fits(board, size)


@pytest.mark.parametrize("size", SIZES)
async def test_paused(size: tuple[int, int]) -> None:
    service = running()
    service.tape.status(JobStatus.PAUSED)
    async with showing(service, size) as board:
        await board.shows("\u2016 paused", "press p to resume")
        assert "min left" not in board.text
        fits(board, size)


@pytest.mark.parametrize("size", SIZES)
async def test_succeeded(size: tuple[int, int]) -> None:
    async with showing(recordings.success(), size) as board:
        await board.shows("Succeeded after", "100 %", "6.1 MB")
        whole = board.text.replace("\n", "").replace(" ", "").replace("\u258c", "")
        assert recordings.VIDEO in whole  # wrapped at most; never cut
        fits(board, size)


@pytest.mark.parametrize("size", SIZES)
async def test_failed(size: tuple[int, int]) -> None:
    async with showing(recordings.failure(), size) as board:
        await board.shows("Failed in Rendering", "E602")
        if size[0] >= 80:
            await board.shows(
                "Lower the resolution", "ffmpeg.log", "Press r to retry", "aura-tui logs"
            )
        fits(board, size)


@pytest.mark.parametrize(
    ("ran", "remote", "head", "last"),
    [
        (True, False, "FFmpeg's log ends:", "x264 failed"),
        (False, False, "The job's log ends:", "Voice failed"),
        (True, True, "The job's log ends:", "Voice failed"),  # FFmpeg's is on the server
    ],
)
async def test_a_log_is_headed_by_whose_it_is(
    ran: bool, remote: bool, head: str, last: str, tmp_path: Path
) -> None:
    log = tmp_path / "ffmpeg.log"
    if ran:
        log.write_text("x264 failed\n")
    tape = Tape()
    recordings.start(tape)
    tape.tell(ev.JobFailed, logs=("Voice failed",), log_path=str(log) if ran else "")
    async with showing(ScriptedService(tape), (120, 40), remote=remote) as board:
        await board.shows(head, last)


@pytest.mark.parametrize("size", SIZES)
async def test_cancelled(size: tuple[int, int]) -> None:
    async with showing(recordings.cancelled(), size) as board:
        await board.shows("Cancelled in Visuals", "finished pieces")
        if size[0] >= 80:
            await board.shows("4.8 MB  narration.wav")
        fits(board, size)


@pytest.mark.parametrize("size", SIZES)
async def test_reused(size: tuple[int, int]) -> None:
    async with showing(recordings.retried(), size) as board:
        await board.shows("Succeeded")
        if size[0] >= 80:
            await board.shows("\u21ba Script", "reused", "attempt 2")
        fits(board, size)


@pytest.mark.parametrize("size", SIZES)
async def test_texts_from_outside_are_drawn_not_obeyed(size: tuple[int, int]) -> None:
    async with showing(ScriptedService(recordings.hostile()), size) as board:
        await board.shows("[red]not red", "[blink]warning[/blink]")
        if size[0] >= 80:
            await board.shows("[link=file:///etc/passwd]message", "[b]provider[/b]")
            await board.shows("[@click=app.bell]do this[/]", "E[200] [red]failed[/red]")
        for forbidden in ("\x1b", "\x07", "\x9b", "\u202e", "\t"):
            assert forbidden not in board.text
        fits(board, size)


async def test_the_stage_at_work_is_open_and_closes_when_it_is_done() -> None:
    service = running()
    async with showing(service) as board:
        await board.shows("espeak \u00b7 2 new")
        service.tape.step(Stage.VOICE, StepStatus.COMPLETED, 4.0)
        service.tape.step(Stage.VISUALS, StepStatus.STARTED)
        service.tape.progress(Stage.VISUALS, 10, metrics=ev.Metrics(provider="cards"))
        await service.told()
        await board.shows("cards")
        await board.lacks("espeak \u00b7 2 new")


async def test_a_failed_stage_shows_why_at_once() -> None:
    service = running()
    service.tape.tell(
        ev.StepErred, step=Stage.VOICE, code="E301", message="No voice", remediation="Install one"
    )
    service.tape.step(Stage.VOICE, StepStatus.FAILED, 1.0)
    async with showing(service) as board:
        await board.shows("\u2717 E301 No voice", "\u2192 Install one")


async def test_columns_keep_their_places_while_numbers_change() -> None:
    service = running()
    async with showing(service) as board:
        await board.shows("25 %")
        before = next(line for line in board.lines if "Voice" in line)
        service.tape.wait(40)
        service.tape.progress(Stage.VOICE, 100, "Speaking", current_item=8, total_items=8)
        await service.told()
        await board.shows("scene 8 of 8")
        after = next(line for line in board.lines if "Voice" in line)
        for word in ("%", "running", "scene"):
            assert before.index(word) == after.index(word)


async def test_an_unknown_time_left_says_so() -> None:
    tape = Tape()
    recordings.start(tape)
    async with showing(ScriptedService(tape)) as board:
        await board.shows("no estimate yet")


async def test_a_range_from_this_run_alone_says_so() -> None:
    service = running()
    service.tape.progress(Stage.VOICE, 30, **recordings.eta(60, runs=0))
    async with showing(service) as board:
        await board.shows("45-75 s left, based on current speed", "job 01KCD3WNE0")


async def test_a_recording_that_was_cut_short_says_so_and_its_clock_stands() -> None:
    tape = running().tape
    async with showing(tape, read_only=True) as board:
        await board.shows("no more events")
        assert not board.run.clock.ticking
        await board.press("q")
        await board.ends()


@pytest.mark.parametrize("environ", [{"AURA_ASCII": "1"}, {"AURA_ASCII": "1", "NO_COLOR": "1"}])
@pytest.mark.parametrize("tape", [recordings.failure(), recordings.hostile(), running().tape])
async def test_ascii_mode_draws_ascii_alone(environ: dict[str, str], tape: Tape) -> None:
    async with showing(ScriptedService(tape), environ=environ) as board:
        await board.shows("Rendering")
        await board.pilot.pause()
        assert board.text.isascii(), [c for c in board.text if not c.isascii()]
        await board.press("question_mark")
        await board.shows("Moving")
        assert board.text.isascii()


async def test_the_first_frame_does_not_wait_for_the_engine() -> None:
    never = asyncio.Event()

    async def open_service() -> JobService:
        await never.wait()
        raise AssertionError

    async def find_job(_: JobService) -> str:
        raise AssertionError

    app = BoardApp(open_service, find_job, look(), environ={})
    async with app.run_test() as pilot:
        board = Board(app, pilot, ScriptedService(Tape()))
        await board.shows("aura-tui", "\u25cb starting", "q Quit")
        assert "Rendering" not in board.text  # there is no job yet
        await pilot.press("q")
        await board.ends()
    assert (app.outcome.job, app.outcome.interrupted) == (None, True)


async def test_an_engine_that_will_not_open_ends_the_board_with_its_error() -> None:
    error = EngineError(Code.ENGINE_BUSY, "Held by process 7", "Wait for it.")

    async def open_service() -> JobService:
        raise error

    async def find_job(_: JobService) -> str:
        raise AssertionError

    app = BoardApp(open_service, find_job, look(), environ={})
    async with app.run_test() as pilot:
        await Board(app, pilot, ScriptedService(Tape())).ends()
    assert isinstance(app.failure, AuraError)
    assert app.failure is error


class Flood(ScriptedService):
    """Tells log lines without a pause until it is stopped, to whoever asks; then the end.

    ``count``: those it told of the one job.
    """

    stopped = False
    count = 0

    async def events(
        self, job_id: str | None = None, *, after: int | None = None
    ) -> AsyncIterator[ev.Envelope]:
        for envelope in self.tape.envelopes:
            yield envelope
        tape = Tape()
        tape.envelopes = self.tape.envelopes[-1:]
        count = 0
        while not self.stopped:
            tape.log(f"line {count}", Stage.VOICE)
            count += 1
            if job_id is not None:
                self.count = count
            yield tape.envelopes[-1]
            del tape.envelopes[:-1]
        tape.progress(Stage.VOICE, 74)
        yield tape.envelopes[-1]


async def test_a_flood_of_events_leaves_keys_answered_and_the_state_exact() -> None:
    service = Flood(running().tape)
    async with showing(service) as board:
        await board.shows("line ")
        # Not the pilot's press: it waits for an idle processor, which there is none.
        board.app.simulate_key("question_mark")
        await board.shows("Moving")
        board.app.simulate_key("escape")
        await board.lacks("Moving")
        await until(lambda: service.count > 1000)  # more than the log keeps
        service.stopped = True
        await board.shows(f"line {service.count - 1}", "74 %")
        assert board.run.logged == service.count + 2
        assert len(board.run.log) == 1000


async def test_resizing_at_any_moment_keeps_the_screen_whole() -> None:
    async with showing(running()) as board:
        await board.shows("25 %")
        for size in ((200, 60), (40, 12), (41, 13), (110, 40), (109, 40), (80, 24)):
            await board.pilot.resize_terminal(*size)
            await board.shows("running", "Voice")
            await board.pilot.pause()
            fits(board, size)
