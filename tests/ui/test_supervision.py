"""What dies on the board is told there, and the board goes on: events, keys, and the screen."""

from __future__ import annotations

import asyncio
import subprocess
import threading
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from aura_tui.model import events as ev
from aura_tui.model.connection import ConnectionStatus
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
from aura_tui.system import crash_report, fd_writer, output
from aura_tui.system.tasks import THREAD
from aura_tui.ui.actions import open_and_save
from aura_tui.ui.actions.commands import JobCommands
from aura_tui.ui.state.jobs import JobsState
from aura_tui.ui.sync.lazy_service import HOLDER, LazyService
from aura_tui.ui.sync.lifecycle import FINDING, WATCHING
from aura_tui.ui.sync.preview_updates import PreviewUpdates
from aura_tui.ui.sync.subscriptions import CONNECTION, FOLLOWER, HEALTH, JOBS
from aura_tui.ui.terminal.driver import INPUT, BoardDriver, Output
from aura_tui.ui.widgets.inputs import TextField
from aura_tui.views import fold as fold_
from tests.killing import HOW, kill, named, quick, told
from tests.ui.actions.test_open_and_save import opener
from tests.ui.boards import showing
from tests.ui.recordings import Tape
from tests.ui.scenes import running_tape
from tests.ui.scripted import ConnectedService, ScriptedService
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from aura_tui.errors import AuraError
    from aura_tui.service import JobService, Typical
    from tests.ui.boards import Board


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    quick(monkeypatch, tmp_path)
    monkeypatch.setattr(fold_, "TROUBLES_S", 0.01)


class Ailing(ConnectedService):
    """An engine at the other end of a connection, which says what fails in it."""

    reasons: tuple[str, ...] = ()

    def troubles(self) -> tuple[str, ...]:
        return self.reasons


@pytest.mark.parametrize("how", HOW)
async def test_the_board_goes_on_over_the_death_of_each_of_its_tasks(how: str) -> None:
    service = Ailing(running_tape())
    async with showing(service, (150, 50), mishaps=True) as board:
        await board.shows("20 %", "25 %")
        for number, name in enumerate((JOBS, FOLLOWER, CONNECTION, HEALTH, WATCHING)):
            await kill(name, how)
            cause = "it was cancelled" if how == "cancel" else "KeyError: 'killed'"
            words = f"{name} stopped unexpectedly ({cause})"
            await until(partial(_told, board, words))
            await board.shows(f"Internal error: {name}")
            await until(lambda: all(named(each) for each in (JOBS, FOLLOWER, CONNECTION, HEALTH)))
            await _goes_on(board, service, number)


async def _goes_on(board: Board, service: Ailing, number: int) -> None:
    """Events of the run shown and of others come, and so does what connection and engine say;
    a key still works."""
    board.app.clear_notifications()
    paused = JobStatus.RUNNING if number % 2 else JobStatus.PAUSED
    await service.tell_status(paused)
    await until(lambda: _status(board) is paused)
    other = Tape(f"OTHER{number}", title=f"Another one {number}", begin=service.tape.now)
    other.wait(1)
    other.status(JobStatus.RUNNING)
    service.tape.now = other.now  # what it tells next comes later
    await service.add(other)
    await until(lambda: board.jobs.get(other.job.id) is not None)
    await service.change(status=ConnectionStatus.RETRYING, reason="reset by peer")
    await board.shows("connection lost")
    await service.change(status=ConnectionStatus.LIVE)
    service.reasons = (f"dispatcher stopped, {number}",)
    await board.shows(f"engine failing: dispatcher stopped, {number}")
    service.reasons = ()
    await board.lacks(f"engine failing: dispatcher stopped, {number}")
    await board.press("question_mark")
    await until(lambda: board.dialogs == 1)
    await board.press("escape")
    await until(lambda: board.dialogs == 0)


def _told(board: Board, words: str) -> bool:
    return any(words in notice for notice in board.app.outcome.notices)


def _status(board: Board) -> JobStatus | None:
    job = board.run.job
    return job.status if job is not None else None


async def test_a_worker_that_breaks_is_told_and_the_board_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def breaks(*_: object, **__: object) -> None:
        raise KeyError("killed")

    monkeypatch.setattr(JobCommands, "change", breaks)
    service = ScriptedService(running_tape())
    async with showing(service, (120, 40), mishaps=True) as board:
        await board.shows("25 %")
        await board.press("p")
        await board.shows("Internal error: KeyError")
        await service.tell_status(JobStatus.PAUSED)
        await board.shows("paused")
        monkeypatch.setattr(PreviewUpdates, "_show", breaks)
        assert board.app.outcome.notices


async def test_a_look_up_that_breaks_is_told_and_the_next_stage_has_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = ScriptedService(running_tape())
    typical = service.typical

    async def waits(job_id: str) -> Typical:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(service, "typical", waits)
    async with showing(service, (120, 40), mishaps=True) as board:
        await board.shows("25 %")
        await kill("look-up", "raise")
        await board.shows("look-up stopped unexpectedly (KeyError:")
        asked: list[str] = []

        async def again(job_id: str) -> Typical:
            asked.append(job_id)
            return await typical(job_id)

        monkeypatch.setattr(service, "typical", again)
        service.tape.step(Stage.VISUALS, StepStatus.STARTED)
        await service.told()
        await until(lambda: asked)


async def test_a_job_is_found_once_though_the_board_s_feed_dies_meanwhile() -> None:
    from aura_tui.ui.app import BoardApp
    from tests.ui.boards import look

    service = ScriptedService(running_tape())
    found: list[str] = []
    go = asyncio.Event()

    async def open_service() -> JobService:
        return service

    async def find_job(_: JobService) -> str:
        found.append("a job is submitted")
        await go.wait()
        return service.tape.job.id

    app = BoardApp(open_service, find_job, look(), environ={})
    with crash_report.telling(app.reporter.mishap):
        async with app.run_test():
            await until(lambda: found)
            named(WATCHING)[0].cancel()
            await until(lambda: app.outcome.notices)
            go.set()
            await until(lambda: app.outcome.job is not None)
    assert len(found) == 1


async def test_a_search_for_the_job_that_dies_ends_the_board_with_its_reason() -> None:
    from aura_tui.ui.app import BoardApp
    from tests.ui.boards import look

    service = ScriptedService(running_tape())

    async def open_service() -> JobService:
        return service

    async def find_job(_: JobService) -> str:
        await asyncio.Event().wait()
        return ""

    for how, reason in (("cancel", "was cancelled"), ("raise", "killed")):
        app = BoardApp(open_service, find_job, look(), environ={})
        async with app.run_test():
            await kill(FINDING, how)
            await until(lambda app=app: app.failure is not None)  # type: ignore[misc]
        assert reason in str(app.failure)


@pytest.mark.parametrize("how", HOW)
async def test_a_thread_of_saving_or_opening_that_dies_is_told_and_the_next_one_works(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: str
) -> None:
    video = tmp_path / "sail.mp4"
    video.write_bytes(b"video")
    artifact = ev.Artifact(name=video.name, path=str(video), type="video/mp4", size_bytes=5)
    environ = opener(tmp_path, 'echo "$1" >> "$OUT"')
    service = ScriptedService(running_tape())
    may_end = threading.Event()

    def copy(*_: object) -> None:
        if how == "raise":
            raise KeyError("killed")
        may_end.wait(10)

    reap = subprocess.Popen.wait

    def wait(process: subprocess.Popen[bytes]) -> int:
        reap(process)
        raise KeyError("killed")

    waits = asyncio.wait

    async def cancelled(futures: Any, **how: Any) -> Any:
        if how.get("timeout") == open_and_save._OPENER_ANSWERS_S:
            futures[0].cancel()
        return await waits(futures, **how)

    cause = "RuntimeError" if how == "cancel" else "KeyError"
    async with showing(service, (120, 40), mishaps=True, environ=environ) as board:
        await board.shows("25 %")
        with monkeypatch.context() as patch:
            patch.setattr(open_and_save, "_copy", copy)
            board.ask(lambda ask: ask.save("01KCD3WNE0", artifact))
            await board.shows("Save sail.mp4 as")
            board.app.screen.query_one(TextField).value = str(tmp_path / "copy.mp4")
            await board.press("enter")
            if how == "cancel":
                await kill(THREAD, how)
            await board.shows(f"Internal error: {cause}")
            await board.shows("Not saved")
            may_end.set()
        await board.press("enter")
        await board.shows("Saved as")
        assert (tmp_path / "copy.mp4").read_bytes() == b"video"
        board.app.clear_notifications()
        number = len(board.app.outcome.notices)
        with monkeypatch.context() as patch:
            if how == "raise":
                patch.setattr(subprocess.Popen, "wait", wait)
            else:
                patch.setattr(asyncio, "wait", cancelled)
            board.ask(lambda ask: ask.open("01KCD3WNE0", artifact))
            await until(lambda: len(board.app.outcome.notices) > number)
        assert f"Internal error: {cause}" in board.app.outcome.notices[-1]
        (tmp_path / "out").unlink(missing_ok=True)
        board.ask(lambda ask: ask.open("01KCD3WNE0", artifact))
        await until(lambda: (tmp_path / "out").exists())


async def test_a_stray_cancel_doesn_t_close_the_engine_under_the_board() -> None:
    mishaps: list[AuraError] = []
    service = ScriptedService(Tape())
    open_ = [0]

    @asynccontextmanager
    async def make() -> AsyncIterator[JobService]:
        open_[0] += 1
        yield service
        open_[0] -= 1

    with crash_report.telling(mishaps.append):
        async with LazyService(make) as opening:
            await opening.service()
            (holder,) = named(HOLDER)
            for how in HOW:
                if how == "cancel":
                    holder.cancel()
                else:
                    holder._fut_waiter.set_exception(KeyError("killed"))  # type: ignore[attr-defined]
                await until(lambda how=how: told(mishaps, HOLDER, how))  # type: ignore[misc]
                assert open_ == [1]
                assert not holder.done()
    assert open_ == [0]


async def test_an_engine_whose_opening_is_cancelled_is_told_not_waited_for() -> None:
    @asynccontextmanager
    async def make() -> AsyncIterator[JobService]:
        await asyncio.Event().wait()
        yield ScriptedService(Tape())

    async with LazyService(make) as opening:
        commands = asyncio.create_task(opening.service())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        (holder,) = named(HOLDER)
        holder.cancel()
        with pytest.raises(RuntimeError, match="was cancelled"):
            await asyncio.wait_for(commands, 5)


# -- threads: whoever waits for one is released


async def test_keys_are_read_on_after_reading_them_failed() -> None:
    mishaps: list[AuraError] = []
    driver = object.__new__(BoardDriver)  # no terminal is taken
    driver.exit_event, driver._loop = threading.Event(), asyncio.get_running_loop()
    errors = [KeyError("killed")]

    def read() -> None:
        if errors:
            raise errors.pop()
        driver.exit_event.set()

    driver.run_input_thread = read  # type: ignore[method-assign]
    with crash_report.telling(mishaps.append):
        async with asyncio.timeout(5):
            await asyncio.to_thread(driver._run_input_thread)
        await until(lambda: told(mishaps, INPUT, "raise"))


def breaking(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """From here on the first write raises ``error``, and none is done at once."""
    write_all, errors = fd_writer.write_all, [error]

    def write(fd: int, data: bytes) -> None:
        if errors:
            raise errors.pop()
        write_all(fd, data)

    monkeypatch.setattr(fd_writer, "write_all", write)
    monkeypatch.setattr(fd_writer, "can_write", lambda fd, size: False)


def test_a_write_that_breaks_costs_the_terminal_that_text_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    breaking(monkeypatch, KeyError("x"))
    failed: list[BaseException] = []
    drained: list[int] = []
    with (tmp_path / "out").open("wb") as file:
        writer = Output(file.fileno(), "utf-8", partial(drained.append, 1), failed.append)
        writer.write("one ")
        writer.write("two")
        writer.stop()
    assert len(failed) == len(drained) == 1  # the screen is drawn anew
    assert (tmp_path / "out").read_text() == "two"


async def test_a_writing_thread_that_breaks_lets_go_of_the_view_that_waits(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    breaking(monkeypatch, MemoryError())
    with (tmp_path / "out").open("wb") as out, pytest.raises(MemoryError):
        async with asyncio.timeout(5):
            await output.StreamWriter(out).write(b"text")


def test_lines_that_break_let_go_of_who_said_them(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    breaking(monkeypatch, MemoryError())
    lines = output.LineWriter(2)

    def say() -> None:
        lines.say("lost")
        lines.say("written")

    saying = threading.Thread(target=say, daemon=True)
    saying.start()
    saying.join(5)
    assert not saying.is_alive()
    assert capfd.readouterr().err == "written\n"


async def test_an_event_that_breaks_the_list_isn_t_met_again_and_the_next_ones_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    apply = JobsState.apply

    def breaks(self: JobsState, envelope: ev.Envelope) -> bool:
        if isinstance(envelope.event, ev.Warned):
            raise KeyError("killed")
        return apply(self, envelope)

    monkeypatch.setattr(JobsState, "apply", breaks)
    other = Tape("OTHER", title="Another one")
    other.status(JobStatus.RUNNING)
    service = ScriptedService(running_tape(), other)
    async with showing(service, (120, 40), mishaps=True) as board:
        await board.shows("2 running")
        other.wait(60)
        other.tell(ev.Warned, message="poison")
        other.status(JobStatus.PAUSED)
        await service.told()
        await board.shows("1 paused")
        assert len(board.app.outcome.notices) == 1
