"""The board keeps up with its service: other jobs, jobs that go away, connections that break."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from aura_tui.errors import Code, EngineError
from aura_tui.model.connection import Connection, ConnectionStatus
from aura_tui.model.events import JobCompleted
from aura_tui.model.stages import Stage
from aura_tui.service import EngineInfo, Typical
from aura_tui.ui.state import detail_cache
from aura_tui.ui.sync import subscriptions
from tests.ui import recordings, scenes
from tests.ui.boards import showing
from tests.ui.recordings import BEGIN, Tape
from tests.ui.scripted import ConnectedService, ScriptedService
from tests.waiting import until

if TYPE_CHECKING:
    import pytest

    from tests.ui.boards import Board


def _other(name: str = "OTHER") -> Tape:
    tape = Tape(name, title="Another one")
    recordings.start(tape)
    return tape


def _shown(board: Board) -> str | None:
    job = board.run.job
    return job.id if job is not None else None


async def test_a_job_that_comes_later_is_in_the_list_and_what_shows_stays() -> None:
    service = ScriptedService(scenes.running_tape())
    async with showing(service, (120, 30)) as board:
        await board.shows("job 01KCD3WNE0", "1 running")
        await service.add(_other())
        await board.shows("2 running", "Another one")
        assert _shown(board) == service.tape.job.id


async def test_the_first_job_of_an_empty_list_is_shown() -> None:
    service = ScriptedService(scenes.running_tape())
    service.tapes.clear()
    async with showing(service, (120, 30), at_run=False) as board:
        await board.shows("No jobs yet")
        await board.lacks("starting")
        await service.add(_other())
        await board.shows("job OTHER")


async def test_from_an_ended_job_to_a_running_one_and_back() -> None:
    service = ScriptedService(recordings.success(), scenes.running_tape("RUN1"))
    async with showing(service, (120, 40)) as board:
        await board.shows("Succeeded after")
        await board.press("escape", "up")
        await board.shows("job RUN1", "25 %")
        await board.lacks("Succeeded after")
        await board.press("down")
        await board.shows("Succeeded after")


async def test_usual_times_are_asked_for_anew_as_a_stage_begins() -> None:
    tape = scenes.running_tape()
    service = ScriptedService(tape)
    async with showing(service, (140, 40)) as board:
        await board.shows("25 %")
        await until(lambda: board.settled)
        assert board.run.typical == Typical(0, {})
        service.usual = Typical(3, {Stage.RENDERING: 25.0})
        recordings.compose(tape)
        await service.told()
        await board.shows("0:25", "usual of 3 runs")


async def test_running_through_the_list_shows_where_it_stops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tapes = [scenes.running_tape(f"RUN{n}") for n in range(20)]
    service = ScriptedService(*tapes)
    followed: list[str | None] = []
    events = service.events

    def noted(job_id: str | None = None, *, after: int | None = None) -> object:
        followed.append(job_id)
        return events(job_id, after=after)

    service.events = noted  # type: ignore[method-assign,assignment]  # it hands the same on
    async with showing(service, (120, 30), at_run=False) as board:
        await until(lambda: len(board.jobs) == 20 and board.settled)
        first = _shown(board)
        monkeypatch.setattr(subscriptions, "_RESTS_S", 60.0)  # longer than the keys take
        await board.press(*["down"] * 12)
        assert _shown(board) == first
        board.app.commands.show_cursor()  # as a key on that job does
        await until(lambda: _shown(board) == board.jobs.cursor and board.settled)
        assert [job_id for job_id in followed if job_id] == [first, board.jobs.cursor]


async def test_a_job_that_retention_took_is_told_and_the_next_is_shown() -> None:
    first, second = scenes.running_tape("RUN1"), recordings.success()
    service = ScriptedService(first, second)
    async with showing(service, (120, 30), at_run=False) as board:
        await until(lambda: len(board.jobs) == 2 and board.settled)
        del service.tapes[second.job.id]
        await board.press("end")
        await board.shows("was deleted by retention", "job RUN1")
        assert len(board.jobs) == 1


async def test_a_broken_connection_is_shown_and_the_board_continues_when_it_is_back() -> None:
    service = ConnectedService(scenes.running_tape())
    clock = [service.tape.now]
    async with showing(service, now=lambda: clock[0]) as board:
        await board.shows("25 %")
        clock[0] += timedelta(seconds=20)
        await service.change(
            status=ConnectionStatus.RETRYING,
            since=clock[0],
            attempt=2,
            retry_at=clock[0] + timedelta(seconds=9),
        )
        await board.shows("connection lost", "retrying in 9 s", "R Reconnect", "25 %")
        clock[0] += timedelta(seconds=2)
        await service.change(
            status=ConnectionStatus.LIVE, since=clock[0], attempt=0, gap_s=20.0, recovered=3
        )
        await board.shows("Restored after 20 s; 3 events recovered")
        await board.lacks("R Reconnect")
        await board.lacks("connection")
        service.tape.progress(Stage.VOICE, 50)
        await service.told()
        await board.shows("50 %")


class DescribedService(ConnectedService):
    """The same, of an engine that describes itself."""

    info = EngineInfo(version="9.9.9", pid=4711, free_bytes=5_000_000_000)

    async def engine_info(self) -> EngineInfo:
        return self.info


async def test_the_engine_is_described_again_when_another_one_answers() -> None:
    service = DescribedService(scenes.running_tape())
    async with showing(service, (120, 40)) as board:
        await board.shows("5.0 GB free", "engine 9.9.9, process 4711")
        service.info = EngineInfo(version="9.9.9", pid=4712, free_bytes=4_000_000_000)
        away = service.tape.now + timedelta(days=400)
        await service.change(status=ConnectionStatus.RETRYING, since=away, attempt=2)
        await board.shows("connection lost")
        await service.change(status=ConnectionStatus.LIVE, since=away, attempt=0)
        await board.shows("4.0 GB free", "process 4712")


async def test_a_job_whose_engine_has_gone_does_not_look_alive_in_the_list() -> None:
    service = ConnectedService(scenes.running_tape())
    service.connection = Connection(status=ConnectionStatus.NO_ENGINE, since=service.tape.now)
    died = service.tape.now
    async with showing(
        service, (120, 40), at_run=False, now=lambda: died + timedelta(seconds=25)
    ) as board:
        await board.shows(" 20 %  no engine", "as of 25 s ago")
        await board.shows("no engine running")
        await service.change(status=ConnectionStatus.LIVE, since=died)
        await board.shows(" 20 %  4-6 min")
        await board.lacks("no engine")


async def test_a_break_of_the_connection_is_still_in_the_log_of_a_run_shown_again() -> None:
    service = ConnectedService(scenes.running_tape("RUN1"), scenes.running_tape("RUN2"))
    clock = [service.tape.now]
    gone = "Restored after 20 s; 3 events recovered"
    async with showing(service, (140, 40), at_run=False, now=lambda: clock[0]) as board:
        await until(lambda: board.settled)
        clock[0] += timedelta(seconds=20)
        await service.change(status=ConnectionStatus.RETRYING, since=clock[0], attempt=2)
        await board.shows("connection lost")
        clock[0] += timedelta(seconds=2)
        since = clock[0]
        await service.change(
            status=ConnectionStatus.LIVE, since=since, attempt=0, gap_s=20.0, recovered=3
        )
        await board.shows(gone)
        first = _shown(board)
        service.tape.now = clock[0] + timedelta(seconds=1)
        service.tape.log("After it")
        await service.told()
        for key in ("j", "k", "j"):
            await board.press(key)
            await until(lambda: board.settled and _shown(board) == board.jobs.cursor)
            assert [line.text for line in board.run.log].count(gone) == 1
        assert _shown(board) != first
        told = [line.text for line in board.run.log]
        assert "After it" not in told or told.index(gone) < told.index("After it")


async def test_a_connection_that_is_lost_is_said_and_the_board_stays() -> None:
    service = ConnectedService(scenes.running_tape())
    async with showing(service) as board:
        await board.shows("25 %")
        await service.change(status=ConnectionStatus.LOST, since=BEGIN, reason="the token is wrong")
        await board.shows("disconnected: the token is wrong", "25 %")
        assert board.app.is_running


async def test_a_job_that_is_chosen_while_the_link_is_down_shows_when_it_is_back() -> None:
    service = ConnectedService(scenes.running_tape("RUN1"), recordings.success())
    async with showing(service, (120, 30), at_run=False) as board:
        await until(lambda: len(board.jobs) == 2 and board.settled)
        service.refusal = EngineError(Code.ENGINE_GONE, "No answer", "Wait.")
        await board.press("end")
        await until(lambda: _shown(board) == board.jobs.cursor)
        assert board.run.typical is None
        service.refusal = None
        await until(lambda: board.settled)
        await board.shows("Job accepted")


async def test_an_old_job_is_kept_as_a_line_and_shown_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of thousands of ended jobs the list keeps what it tells of them."""
    monkeypatch.setattr(detail_cache, "MAX_WHOLE", 0)
    service = ScriptedService(recordings.success(), scenes.running_tape("RUN1"))
    async with showing(service, (120, 40), at_run=False) as board:
        await board.shows("job RUN1", "1 done")
        old = board.jobs.get(service.tape.job.id)
        assert old is not None
        assert not old.artifacts
        assert old.title == service.tape.job.title
        await board.press("end")
        await board.shows("Succeeded after", recordings.VIDEO[-20:])
        await until(lambda: board.settled)
        run = board.run.job
        assert run is not None
        assert all(step.status.done for step in run.steps)


async def test_an_old_job_that_is_kept_no_more_goes_from_the_list(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(detail_cache, "MAX_WHOLE", 0)
    service = ScriptedService(recordings.success(), scenes.running_tape("RUN1"))
    async with showing(service, (120, 40), at_run=False) as board:
        await board.shows("job RUN1", "1 done")
        del service.tapes[service.tape.job.id]
        await board.press("end")
        await board.shows("was deleted by retention", "job RUN1")
        assert len(board.jobs) == 1


async def test_no_news_are_made_of_what_had_happened_before() -> None:
    service = ScriptedService(recordings.success(), scenes.running_tape("RUN1"))
    async with showing(service, at_run=False) as board:
        await until(lambda: board.settled)
        assert not board.news_waiting
        tape = service.tapes["RUN1"]
        tape.tell(JobCompleted, output_path="/v/video.mp4")
        told = board.capture_codes()
        await service.told()
        await until(lambda: any("\x07" in code for code in told))
