"""What the board asks before it does what a key wants, and what comes of the answer."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace
from textual.widgets._toast import Toast

from aura_tui.errors import Code, Conflict, EngineError, InputError
from aura_tui.model import events as ev
from aura_tui.model.connection import ConnectionStatus
from aura_tui.model.job import Eta
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
from aura_tui.service import PlannedStep, RetryPlan
from aura_tui.settings import BoardSettings
from aura_tui.ui.app import BoardApp
from aura_tui.ui.screens.board import Pane
from aura_tui.ui.screens.confirm import ConfirmCancel
from aura_tui.ui.screens.new_job import NewJobScreen
from aura_tui.ui.screens.palette import Palette
from aura_tui.ui.state.quit import Leave
from aura_tui.ui.widgets.stages import StageRow
from tests.ui import recordings, scenes
from tests.ui.boards import showing
from tests.ui.scripted import ConnectedService, ScriptedService
from tests.ui.test_board import running
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from aura_tui.model.job import Job
    from tests.ui.boards import Board
    from tests.ui.recordings import Tape

# -- cancelling


async def test_c_asks_first_and_enter_keeps_running() -> None:
    async with showing(running()) as board:
        await board.shows("c Cancel")
        await board.press("c")
        await board.shows("Cancel this job?", "\u276f No, keep it", "1 of 5 stages done")
        await board.press("enter")
        await board.shows("running")
        assert board.scripted.asked == []


async def test_cancel_is_said_until_it_has_happened_and_the_board_stays() -> None:
    async with showing(running()) as board:
        await board.shows("c Cancel")
        await board.press("c")
        await board.shows("Cancel this job?")
        await board.press("right", "enter")
        await board.shows("cancelling\u2026", "finished work is kept")
        assert board.scripted.asked == ["cancel"]
        await board.lacks("c Cancel")
        await board.scripted.tell_cancelled()
        await board.shows("\u25cc cancelled", "Cancelled by the user")
        assert "cancelling" not in board.text
        await board.press("q")
        await board.ends()
        assert not board.app.outcome.interrupted
        assert board.app.outcome.job is not None
        assert board.app.outcome.job.status is JobStatus.CANCELED


async def test_the_answers_can_be_clicked() -> None:
    async with showing(running()) as board:
        await board.shows("c Cancel")
        await board.press("c")
        await board.shows("Cancel this job?")
        await board.pilot.click("#cancel")
        await until(lambda: board.scripted.asked == ["cancel"])


async def test_the_question_goes_on_with_its_run() -> None:
    service = running()
    async with showing(service) as board:
        await board.shows("c Cancel")
        await board.press("c")
        await board.shows("1 of 5 stages done")
        service.tape.step(Stage.VOICE, StepStatus.COMPLETED, 4.0)
        await service.told()
        await board.shows("2 of 5 stages done")


async def test_the_question_does_not_go_on_while_the_link_is_down() -> None:
    scene = scenes.reconnecting()
    clock = [scene.heard]
    async with showing(scene.service, now=lambda: clock[0]) as board:
        await until(lambda: board.settled)
        clock[0] = scene.now
        await board.shows("c Cancel")
        await board.press("c")
        await board.shows("4 of 5 stages done, 0:15 of work, as of 42 s ago")
        clock[0] += timedelta(seconds=60)
        board.redraw()
        await board.shows("4 of 5 stages done, 0:15 of work, as of 102 s ago")


async def test_the_question_says_that_its_run_has_ended_and_cancels_nothing_then() -> None:
    for key in ("y", "enter"):
        async with showing(running()) as board:
            await board.shows("c Cancel")
            await board.press("c")
            await board.shows("Cancel this job?")
            await board.scripted.tell_cancelled()
            await board.shows("This job has already ended (cancelled)", "\u276f Close")
            await board.press(key)
            await board.shows("\u25cc cancelled")
            assert (board.dialogs, board.scripted.asked, board.toasts) == (0, [], [])


async def test_a_cancel_that_came_too_late_for_some_says_so_once() -> None:
    tapes = [scenes.running_tape(f"RUN{n}") for n in range(5)]
    service = ScriptedService(*tapes)
    # One ends while the question is open; another one as the engine gets the cancel.
    service.refusals["RUN4"] = Conflict(Code.JOB_STATE, "Job RUN4 has already ended", "See it.")
    async with showing(service, (120, 40), at_run=False) as board:
        await until(lambda: len(board.jobs) == 5)
        await board.press("*", "c")
        await board.shows("Cancel 5 jobs?", "5 running")
        tapes[3].tell(ev.JobCancelled, message="Cancelled")
        await service.told()
        await board.shows("Cancel 4 jobs?", "4 running, 1 of 5 already ended")
        await board.press("y")
        await until(lambda: len(service.asked) == 4)
        await until(lambda: bool(board.toasts))
        assert board.toasts == ["2 of 5 had already ended"]
        assert "cancel RUN3" not in service.asked


async def test_the_same_refusal_of_several_is_said_once() -> None:
    service = ScriptedService(*(scenes.running_tape(f"RUN{n}") for n in range(3)))
    service.refusal = EngineError(Code.ENGINE_GONE, "No engine", "Start one.")
    async with showing(service, (120, 40), at_run=False) as board:
        await until(lambda: len(board.jobs) == 3)
        await board.press("*", "p")
        await board.shows("No engine")
        assert board.toasts == ["No engine [E806]. Start one."]


async def test_what_was_asked_of_a_run_is_still_said_when_one_comes_back_to_it() -> None:
    first, second = (scenes.running_tape(name) for name in ("RUN1", "RUN2"))
    async with showing(ScriptedService(first, second), (120, 30)) as board:
        await board.shows("c Cancel", "job RUN1")
        await board.press("c")
        await board.shows("Cancel this job?")
        await board.press("y")
        await board.shows("cancelling\u2026")
        await board.press("escape", "down")
        await board.shows("job RUN2")
        await board.lacks("cancelling\u2026")
        await board.press("up")
        await board.shows("job RUN1", "cancelling\u2026")
        await board.lacks("c Cancel")


# -- undoing a cancel


async def cancelled(board: Board, *tapes: Tape) -> None:
    """Cancel the jobs that the keys mean now, and have them end."""
    await board.press("c")
    await board.shows("Yes, cancel")
    await board.press("y")
    await until(lambda: len(board.scripted.asked) == len(tapes))
    for tape in tapes:
        tape.tell(ev.JobCancelled, message="Cancelled")
    await board.scripted.told()


async def test_u_undoes_a_cancel_by_a_retry_that_reuses_all_work_and_says_so() -> None:
    for service in (running(), ConnectedService(scenes.running_tape())):
        async with showing(service, (120, 30)) as board:
            await board.shows("c Cancel")
            assert "Undo" not in board.text
            await cancelled(board, service.tape)
            undoes = "u undoes: a retry that reuses all finished work"
            await board.shows("Cancelled How a solar sail works.", "u Undo cancel")
            assert board.toasts[-1] == f"Cancelled How a solar sail works. {undoes}"
            board.pass_s(5.0)
            await board.press("u")
            await board.shows("attempt 2")
            assert service.asked == ["cancel", "retry"]
            await until(lambda: "reuses all finished work" in "".join(board.toasts))
            await board.lacks("u Undo cancel")
            await board.press("u")
            assert service.asked == ["cancel", "retry"]


async def test_the_retry_of_the_own_job_takes_its_place() -> None:
    async with showing(running(), (120, 30)) as board:
        await board.shows("c Cancel")
        await cancelled(board, board.scripted.tape)
        await board.shows("u Undo cancel")
        await board.press("u")
        await board.shows("attempt 2")
        assert board.app.outcome.job is not None
        assert board.app.outcome.job.retry_of == board.scripted.tape.job.id
        await board.press("ctrl+c")
        await board.shows("ctrl+c again: cancel How")
        await board.press("ctrl+c")
        await until(lambda: board.scripted.asked[2:] == [f"cancel {board.scripted.tape.job.id}R"])


async def test_after_ten_seconds_u_says_why_it_does_nothing_and_before_a_cancel_too() -> None:
    async with showing(running(), (120, 30), board=BoardSettings(keys={"run.retry": "x"})) as board:
        await board.shows("c Cancel")
        await board.press("u")
        await until(lambda: board.toasts == ["Nothing was cancelled here"])
        await cancelled(board, board.scripted.tape)
        await board.shows("Cancelled How", "u Undo cancel")
        board.pass_s(10.1)
        await board.press("u")
        why = (
            "A cancel can be undone for 10 s; x retries the job, and reuses all finished work, too"
        )
        await until(lambda: why in board.toasts)
        assert board.scripted.asked == ["cancel"]
        board.screen.refresh_bindings()  # as its timer does
        await board.lacks("u Undo cancel")


async def test_a_cancel_of_several_is_undone_as_one_without_those_that_had_ended() -> None:
    tapes = [scenes.running_tape(f"RUN{n}") for n in range(3)]
    service = ScriptedService(*tapes)
    async with showing(service, (120, 40), at_run=False) as board:
        await until(lambda: len(board.jobs) == 3)
        await board.press("*", "c")
        await board.shows("Cancel 3 jobs?")
        await board.press("y")
        await until(lambda: len(service.asked) == 3)
        tapes[0].tell(ev.JobFailed, stage=Stage.VOICE, error_message="Failed")
        for tape in tapes[1:]:
            tape.tell(ev.JobCancelled, message="Cancelled")
        await service.told()
        await until(lambda: "Cancelled 2 jobs. u undoes: retries" in "".join(board.toasts))
        await board.press("u")
        await until(lambda: len(service.asked) == 5)
        assert {*service.asked[3:]} == {"retry RUN1", "retry RUN2"}


async def test_u_before_a_cancel_has_taken_effect_undoes_it_then() -> None:
    async with showing(running(), (120, 30)) as board:
        await board.shows("c Cancel")
        await board.press("c", "y")
        await board.shows("cancelling\u2026", "u Undo cancel")
        await board.press("u")
        assert board.scripted.asked == ["cancel"]
        await board.scripted.tell_cancelled()
        await board.shows("attempt 2")
        assert board.scripted.asked == ["cancel", "retry"]


async def test_an_undo_that_is_refused_shows_the_reason() -> None:
    async with showing(running(), (120, 30)) as board:
        await board.shows("c Cancel")
        await cancelled(board, board.scripted.tape)
        await board.shows("u Undo cancel")
        board.scripted.refusal = EngineError(Code.ENGINE_GONE, "No engine", "Start one.")
        await board.press("u")
        await until(lambda: "No engine [E806]. Start one." in board.toasts)


async def test_a_refused_cancel_cannot_be_undone() -> None:
    service = running()
    service.refusal = EngineError(Code.ENGINE_GONE, "No engine", "Start one.")
    async with showing(service, (120, 30)) as board:
        await board.shows("c Cancel")
        await board.press("c", "y")
        await board.shows("No engine")
        await board.press("u")
        await until(lambda: "Nothing was cancelled here" in board.toasts)


# -- retrying


async def test_a_retry_while_another_attempt_is_on_goes_to_that_one() -> None:
    first = scenes.running_tape("RUN1")
    first.tell(ev.JobCancelled, message="Cancelled")
    service = ScriptedService(first)
    async with showing(service, (120, 40)) as board:
        await until(lambda: board.settled)
        await board.press("r")
        await board.shows("Retry this job?")
        # Another terminal retries it meanwhile.
        await service.add(attempt := scenes.running_tape("RUN2", attempt=2, retry_of="RUN1"))
        await service.told()
        await board.shows("Another attempt at this job is running", "\u276f Go to it")
        await board.press("enter")
        await board.shows("job RUN2")
        board.app.commands.open("RUN1")
        await board.shows("job RUN1")
        await board.press("r")  # the question begins with it
        await board.shows("Another attempt at this job is running")
        assert service.asked == []
        attempt.tell(ev.JobCancelled, message="Cancelled")
        await service.told()
        await board.shows("Retry this job?")


async def test_a_retry_that_comes_too_late_shows_the_other_attempt() -> None:
    first = scenes.running_tape("RUN1")
    first.tell(ev.JobCancelled, message="Cancelled")
    service = ScriptedService(first)
    async with showing(service, (120, 40)) as board:
        await until(lambda: board.settled)
        await board.press("r")
        await board.shows("Retry this job?")
        other = scenes.running_tape("RUN2", attempt=2, retry_of="RUN1")

        async def retry(job_id: str, **_: object) -> Job:
            await service.add(other)
            await until(lambda: board.jobs.get("RUN2") is not None)
            raise Conflict(Code.JOB_STATE, "It is already being retried", "Watch that job.")

        service.retry = retry  # type: ignore[method-assign]
        await board.press("enter")
        await board.shows("job RUN2")
        assert board.toasts == ["Another attempt at this job is running; here it is"]


async def test_of_several_attempts_only_the_newest_is_retried() -> None:
    first = scenes.running_tape("RUN1")
    second = scenes.running_tape("RUN2", attempt=2, retry_of="RUN1")
    other = scenes.running_tape("RUN3")
    for tape in (first, second, other):
        tape.tell(ev.JobCancelled, message="Cancelled")
    service = ScriptedService(first, second, other)
    async with showing(service, (120, 40), at_run=False) as board:
        await until(lambda: len(board.jobs) == 3)
        for job_id in ("RUN1", "RUN2", "RUN3"):
            board.jobs.toggle_mark(job_id)
        await board.press("r")
        await board.shows("Retry 2 jobs?", "skipped: 1 marked job is an earlier attempt")
        await board.press("enter")
        await until(lambda: len(service.asked) == 2)
        assert {*service.asked} == {"retry RUN2", "retry RUN3"}


async def test_a_retry_can_deliver_into_another_folder(tmp_path: Path) -> None:
    tape = scenes.running_tape()
    tape.tell(ev.JobCancelled, message="Cancelled")
    service = ScriptedService(tape)
    async with showing(service, (120, 40)) as board:
        await until(lambda: board.settled)
        await board.press("r")
        await board.shows("Retry this job?", "Other folder")
        await board.press("right", "enter")
        await board.shows("Retry into another folder")
        await board.press("ctrl+u", *"/proc/x", "enter")
        await board.shows("Can't use the output folder", "/proc/x")
        assert service.asked == []
        await board.press("ctrl+u", *f"{tmp_path}/new", "enter")
        await board.shows("attempt 2")
        assert (service.asked, service.folders) == (["retry"], [tmp_path / "new"])


# -- leaving


async def test_q_asks_while_a_run_is_on_and_closes_when_none_is() -> None:
    async with showing(running()) as board:
        await board.shows("c Cancel")
        await board.press("q")
        await board.shows("Quit while a job is running?", "How a solar sail works")
        await board.press("enter")
        await board.shows("running")
        assert board.app.is_running
        await board.scripted.tell_cancelled()
        await board.shows("\u25cc cancelled")
        await board.press("q")
        await board.ends()


async def test_leaving_to_the_background_says_so_and_cancels_nothing() -> None:
    async with showing(running(), background=True) as board:
        await board.shows("c Cancel")
        await board.press("q")
        await board.shows("Keep it running in the background")
        await board.press("enter")
        await board.ends()
        assert board.app.outcome.leave is Leave.BACKGROUND
        assert board.scripted.asked == []


async def test_a_question_on_leaving_follows_its_runs() -> None:
    other = scenes.running_tape("01KCD3WNE1")
    service = ScriptedService(scenes.running_tape(), other)
    async with showing(service, background=True) as board:
        await board.shows("c Cancel")
        await board.press("q")
        await board.shows("2 jobs are running?", "Keep running in the background", "Cancel them")
        await board.scripted.tell_cancelled()
        await board.shows("Quit while a job is running?", "\u276f Keep it running", "Cancel it")
        ended = next(line for line in _dialog(board) if service.tape.job.id in line)
        assert "cancelled" in ended
        third = await service.add(scenes.running_tape("01KCD3WNE2"))
        third.status(JobStatus.RUNNING)
        await service.told()
        await board.shows("2 jobs are running?", "01KCD3WNE2")
        await board.press("enter")
        await board.ends()
        assert board.app.outcome.leave is Leave.BACKGROUND, "the others are under way"


async def test_where_no_run_is_left_to_leave_the_question_says_so_and_hands_nothing_over() -> None:
    for key, stays in (("enter", True), ("down", False)):
        async with showing(running(), background=True) as board:
            await board.shows("c Cancel")
            await board.press("q")
            await board.shows("Quit while a job is running?")
            await board.scripted.tell_cancelled()
            await board.shows("The job has ended. Quit?", "\u276f Stay", "Quit")
            await board.press(key)
            if not stays:
                board.app.simulate_key("enter")
                await board.ends()
                assert board.app.outcome.leave is Leave.STAY
                continue
            await board.lacks("Quit?")
            assert board.app.is_running
            board.quit_state.leave = Leave.BACKGROUND  # it was answered as the run ended
            assert board.app.outcome.leave is Leave.STAY


def _dialog(board: Board) -> list[str]:
    """The lines of the question over the board."""
    region = board.app.screen.query_one("#dialog").region
    return [line[region.x : region.right] for line in board.lines[region.y : region.bottom]]


async def test_leaving_by_cancelling_waits_until_it_is_done() -> None:
    async with showing(running()) as board:
        await board.shows("c Cancel")
        await board.press("q")
        await board.shows("Quit while")
        await board.press("down", "down", "enter")
        await board.shows("cancelling\u2026")
        assert board.app.is_running
        await board.scripted.tell_cancelled()
        await board.ends()
        assert board.app.outcome.leave is Leave.CANCEL
        assert board.app.outcome.job is not None
        assert board.app.outcome.job.status is JobStatus.CANCELED


async def test_q_leaves_an_engine_elsewhere_without_asking() -> None:
    async with showing(ConnectedService(scenes.running_tape())) as board:
        await board.shows("c Cancel")
        await board.press("q")
        await board.ends()


async def test_ctrl_c_asks_first_and_nothing_is_cancelled_unless_it_is_chosen() -> None:
    for background, first in ((False, "\u276f Stay"), (True, "\u276f Keep it running")):
        async with showing(running(), background=background) as board:
            await board.shows("c Cancel")
            await board.press("ctrl+c")
            await board.shows("Quit while a job is running?", first, "ctrl+c again: cancel How")
            await board.press("escape")
            await board.lacks("Quit while")
            await board.press("ctrl+c")  # not the second in a row: the question was answered
            await board.shows("Quit while a job is running?")
            assert board.scripted.asked == []
            await board.press("up", "enter")  # the last one: cancel it
            await board.shows("cancelling\u2026")
            assert board.scripted.asked == ["cancel"]
            await board.scripted.tell_cancelled()
            await board.ends()
            assert not board.app.outcome.interrupted


async def test_a_second_ctrl_c_cancels_and_waits_and_a_third_leaves_at_once() -> None:
    for third in (False, True):
        for ahead in (False, True):  # typed before the question is there
            async with showing(running()) as board:
                await board.shows("c Cancel")
                if ahead:
                    await board.type_ahead("ctrl+c", "ctrl+c")
                else:
                    await board.press("ctrl+c")
                    await board.shows("ctrl+c again")
                    await board.press("ctrl+c")
                await board.shows("cancelling\u2026")
                assert (board.dialogs, board.scripted.asked) == (0, ["cancel"])
                assert board.app.is_running
                if third:
                    board.app.simulate_key("ctrl+c")
                else:
                    await board.scripted.tell_cancelled()
                await board.ends()
                assert board.app.outcome.interrupted
                assert board.app.outcome.job is not None
                assert board.app.outcome.job.status.ended is not third


async def test_a_ctrl_c_after_two_seconds_closes_the_question() -> None:
    async with showing(running()) as board:
        await board.shows("c Cancel")
        await board.press("ctrl+c")
        await board.shows("ctrl+c again")
        board.pass_s(2.1)
        await board.press("ctrl+c")
        await board.lacks("Quit while")
        assert board.scripted.asked == []
        assert board.app.is_running


async def test_the_own_job_ends_the_board_after_two_ctrl_c_though_another_one_shows() -> None:
    service = ScriptedService(scenes.running_tape("RUN1"), scenes.running_tape("RUN2"))
    async with showing(service, (120, 30)) as board:
        await board.shows("c Cancel", "job RUN1")
        await board.press("escape", "down")
        await board.shows("job RUN2")
        await board.press("ctrl+c", "ctrl+c")
        await until(lambda: service.asked == ["cancel"])
        await service.tell_cancelled()
        await board.ends()
        assert board.app.outcome.interrupted


async def test_a_refused_cancel_keeps_the_board_and_ctrl_c_asks_again() -> None:
    service = running()
    service.refusal = EngineError(Code.ENGINE_GONE, "No engine", "Start one.")
    async with showing(service) as board:
        await board.shows("c Cancel")
        await board.press("ctrl+c", "ctrl+c")
        await board.shows("No engine")
        await board.press("ctrl+c")
        await board.shows("Quit while a job is running?")
        assert board.app.is_running


async def test_ctrl_c_in_a_question_closes_it_and_never_cancels() -> None:
    for key, shown in (("c", "Cancel this job?"), ("q", "Quit while"), ("question_mark", "Keys")):
        async with showing(running()) as board:
            await board.shows("c Cancel")
            await board.press(key)
            await board.shows(shown)
            await board.press("ctrl+c")
            await until(lambda: board.dialogs == 0)
            await board.press("ctrl+c")
            await board.shows("Quit while a job is running?")
            assert board.scripted.asked == []


async def test_ctrl_c_cancels_the_own_job_of_an_engine_elsewhere_and_quitting_leaves_it() -> None:
    for keys, cancelled in ((("enter",), False), (("ctrl+c",), True), (("up", "enter"), True)):
        async with showing(ConnectedService(scenes.running_tape())) as board:
            await board.shows("c Cancel")
            await board.press("ctrl+c")
            await board.shows("\u276f Keep it running in the background", "again: cancel How")
            assert "Stop now" not in board.text
            for key in keys:
                board.app.simulate_key(key)
            if cancelled:
                await until(lambda: board.scripted.asked == ["cancel"])
                assert board.app.is_running
                await board.scripted.tell_cancelled()
            await board.ends()
            assert board.scripted.asked == ["cancel"] * cancelled
            assert board.app.outcome.leave is (Leave.CANCEL if cancelled else Leave.STAY)


async def test_ctrl_c_asks_whether_to_quit_where_nothing_of_ours_runs() -> None:
    sources: dict[str, tuple[Callable[[], Tape | ScriptedService], dict[str, bool]]] = {
        "elsewhere": (lambda: ConnectedService(scenes.running_tape()), {"owns": False}),
        "recorded": (recordings.success, {}),
        "read only": (running, {"read_only": True}),
        "list": (recordings.success, {"at_run": False}),
    }
    for name, (source, how) in sources.items():
        for keys, ends in ((("enter",), True), (("ctrl+c",), True), (("escape",), False)):
            async with showing(source(), **how) as board:  # type: ignore[arg-type]
                await until(lambda: board.settled)
                await board.press("ctrl+c")
                await board.shows("Quit aura-tui?", "\u276f Quit", "Stay", "ctrl+c again: quit")
                assert ("unaffected by quitting" in board.text) is (name == "elsewhere")
                for key in keys:
                    board.app.simulate_key(key)
                if ends:
                    await board.ends()
                else:
                    await board.lacks("Quit aura-tui?")
                    assert board.app.is_running
                if name in ("elsewhere", "recorded"):
                    over = name == "recorded"
                    assert board.app.outcome.interrupted is (keys == ("ctrl+c",) and not over)
                if name != "recorded" and isinstance(board.service, ScriptedService):
                    assert board.scripted.asked == []


async def test_ctrl_c_copies_where_text_is_selected_and_cancels_nothing() -> None:
    async with showing(recordings.success()) as board:
        await board.shows("Succeeded", recordings.VIDEO)
        row = next(y for y, line in enumerate(board.lines) if recordings.VIDEO in line)
        column = board.lines[row].index(recordings.VIDEO)
        await board.pilot.mouse_down(offset=(column, row))
        await board.pilot.hover(offset=(column + len(recordings.VIDEO), row))
        await board.pilot.mouse_up(offset=(column + len(recordings.VIDEO), row))
        await board.press("ctrl+c")
        await board.shows("Selection sent to the terminal")
        assert board.app.clipboard.strip() == recordings.VIDEO
        assert board.app.is_running


async def test_a_copy_says_where_it_was_sent_not_that_it_arrived(tmp_path: Path) -> None:
    for name in ("tmux", "xclip"):
        fake = tmp_path / name
        fake.write_text("#!/bin/sh\ncat >/dev/null\n")
        fake.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    locator: list[tuple[dict[str, str], str]] = [
        ({}, "Path sent to the terminal"),
        # What tmux and a desktop take, they have.
        ({"TMUX": "x", "PATH": path}, "copied to the tmux buffer"),
        ({"DISPLAY": ":7", "PATH": path}, "copied to the clipboard"),
    ]
    for environ, said in locator:
        async with showing(recordings.success(), environ=environ) as board:
            await board.shows("Succeeded")
            await board.press("y")
            await board.shows(said)
            await board.lacks("Copied")


# -- what may be done, and to what


async def test_keys_that_may_not_do_nothing() -> None:
    async with showing(recordings.success()) as board:
        await board.shows("Succeeded")
        await board.press("c", "p", "r", "R")
        assert board.dialogs == 0
        for hint in ("c Cancel", "p Pause", "r Retry", "R Reconnect"):
            assert hint not in board.text


async def test_read_only_takes_the_changing_keys_away_and_leaves_without_asking() -> None:
    async with showing(running(), read_only=True) as board:
        await board.shows("25 %", "read only")
        for hint in ("Cancel", "Pause", "n New"):
            assert hint not in board.text
        await board.press("c", "p", "n")
        assert board.scripted.asked == []
        commands = {c.title for c in board.app.get_system_commands(board.app.screen)}
        assert not commands & {"Cancel", "Pause", "Resume", "New"}
        await board.press("q")
        await board.ends()


async def test_a_refusal_is_told_as_text_and_the_keys_come_back() -> None:
    service = running()
    service.refusal = Conflict(Code.JOB_STATE, "[red]Not now[/red]", "Later.")
    async with showing(service) as board:
        await board.shows("p Pause")
        await board.press("p")
        await board.shows("[red]Not now[/red] [E902]. Later.", "p Pause")


async def test_a_refusal_does_not_lie_over_the_next_question() -> None:
    for size in ((80, 24), (40, 12)):
        service = running()
        service.refusal = Conflict(Code.JOB_STATE, "Not now, " * 12, "Try " * 12)
        async with showing(service, size) as board:
            await board.shows("p Pause")
            await board.press("p")
            await board.shows("Not now, Not")
            toast = board.app.screen.query_one(Toast)
            assert toast.region.bottom < size[1]
            assert toast.size.height <= size[1] // 2
            await board.press("c")
            await board.shows("Cancel this job?", "No, keep it")
            assert "Not now" not in board.text
            board.app.reporter.say("Meanwhile")  # above the question, not over its answers
            await board.shows("Meanwhile", "No, keep it")
            assert "Meanwhile" in "".join(board.lines[:4])


async def test_a_refusal_in_ascii_is_ascii() -> None:
    service = running()
    service.refusal = Conflict(Code.JOB_STATE, "Not now", "Later.")
    async with showing(service, environ={"AURA_ASCII": "1"}) as board:
        await board.shows("p Pause")
        await board.press("p")
        await board.shows("Not now [E902]. Later.")
        assert board.text.isascii()


async def test_cancel_and_pause_act_on_all_that_are_marked() -> None:
    tapes = [scenes.running_tape(f"RUN{n}") for n in range(3)]
    async with showing(ScriptedService(*tapes), at_run=False) as board:
        await until(lambda: len(board.jobs) == 3)
        await board.press("space", "space")
        await board.shows("2 marked")
        first, second = board.jobs.targets
        await board.press("p")
        wanted = {f"pause {job.id}".replace("pause RUN0", "pause") for job in (first, second)}
        await until(lambda: set(board.scripted.asked) == wanted)
        await board.press("c")
        await board.shows("Cancel 2 jobs?")
        await board.press("y")
        await until(lambda: len(board.scripted.asked) == 4)
        await board.lacks("marked")


async def test_retry_acts_on_all_that_are_marked_and_opens_the_last() -> None:
    tapes = []
    for n in range(2):
        tape = scenes.running_tape(f"RUN{n}")
        tape.tell(ev.JobCancelled, message="Cancelled")
        tapes.append(tape)
    service = ScriptedService(*tapes)
    voice = PlannedStep(stage=Stage.VOICE, reused=6, total=8)
    service.plan = RetryPlan((voice,), Eta(seconds=90, low=80, high=100, runs=14))
    async with showing(service, at_run=False) as board:
        await until(lambda: len(board.jobs) == 2)
        await board.press("space", "space", "r")
        await board.shows(
            "Retry 2 jobs?", "12 of 16 pieces reused", "2-4 min, based on 14 similar jobs"
        )
        await board.press("enter")
        await board.shows("attempt 2")
        assert len(board.scripted.asked) == 2


async def test_keys_act_on_the_job_under_the_cursor_even_before_it_is_shown() -> None:
    tapes = [scenes.running_tape(f"RUN{n}") for n in range(3)]
    async with showing(ScriptedService(*tapes), (120, 30), at_run=False) as board:
        await until(lambda: len(board.jobs) == 3)
        await board.press("end", "p")
        cursor = board.jobs.cursor
        assert cursor is not None
        await until(
            lambda: [a.partition(" ")[2] or "RUN0" for a in board.scripted.asked] == [cursor]
        )


async def test_the_palette_offers_what_may_be_done() -> None:
    async with showing(running()) as board:
        await board.shows("p Pause")
        await board.press("ctrl+p")
        palette = board.app.screen
        assert isinstance(palette, Palette)
        ready = {each.title for each in palette.items if not each.idle}
        assert {"Cancel", "Pause", "New", "Log", "Timeline", "Preview", "Theme", "Mark"} <= ready
        idle = {each.title: each.idle for each in palette.items if each.idle}
        assert idle["Retry"] == "Only failed or cancelled jobs can be retried"
        assert {"Reconnect", "Open"} <= set(idle)
        titles = {each.title for each in palette.items}
        assert not titles & {"Cancel now", "Maximize", "Minimize", "Keys", "Screenshot"}
        await board.press(*"retry")
        await board.shows("Only failed or cancelled jobs can be retried")
        await board.press("enter")  # it has no effect, and the palette stays
        assert board.app.screen is palette


async def test_the_palette_names_moved_keys_and_works_in_ascii() -> None:
    settings = BoardSettings(keys={"board.timeline": "f9", "app.palette": "f8"}, ascii=True)
    for size in ((80, 24), (120, 40), (200, 60)):
        async with showing(running(), size, board=settings) as board:
            await board.shows("Pause")
            await board.press("f8")
            await board.shows("Commands")
            await board.press(*"timel")
            await board.shows("Timeline", "f9", "Toggle the timeline")
            assert board.text.isascii()
            before = board.screen.has_class("-timeline") or board.screen.has_class("-no-timeline")
            assert not before
            await board.press("enter")
            await until(
                lambda board=board: (
                    board.screen.has_class("-timeline")  # type: ignore[misc]
                    or board.screen.has_class("-no-timeline")
                )
            )


async def test_a_theme_is_chosen_from_the_palette() -> None:
    async with showing(running(), board=BoardSettings(ascii=True)) as board:
        await board.shows("p Pause")
        await board.press("ctrl+p", *"theme", "enter")
        await board.shows("Themes", "in use")
        assert board.text.isascii()
        await board.press(*"nord", "enter")
        await until(lambda: board.app.theme == "nord")


async def test_the_palette_runs_a_command_of_another_pane() -> None:
    async with showing(running(), (120, 40)) as board:
        await board.shows("p Pause")
        await board.press("ctrl+p")
        await board.press(*"search log", "enter")
        await until(lambda: board.dialogs == 0 and board.screen.is_typing)
        await board.press(*"x ")
        assert board.screen.pane is Pane.LOG


async def test_a_new_job_from_the_palette() -> None:
    async with showing(running(), remote=True) as board:
        await board.shows("n New")
        await board.press("ctrl+p")
        await until(lambda: board.dialogs == 1)
        await board.press(*"New")
        await board.shows("Create a job")
        await board.press("enter")
        await until(lambda: isinstance(board.app.screen, NewJobScreen))


async def test_a_new_job_that_the_engine_refuses_is_not_typed_again() -> None:
    service = running()
    service.refusal = InputError(
        Code.DURATION_INVALID,
        "planSpec.targetDuration is more than this engine takes",
        "Give less than a minute",
        field="planSpec.targetDuration",
    )
    async with showing(service, (80, 40), remote=True) as board:
        await board.shows("n New")
        await board.press("n")
        await board.shows("New job")
        await board.press(*"Tides", "tab", "tab", *"90", "ctrl+s")
        await board.shows("\u2717 Duration is more than this engine takes. Give less")
        await board.shows("\u276f Duration")  # where it is to be mended
        await board.press("backspace", "backspace", *"50")
        await board.lacks("more than this engine takes")
        service.refusal = None
        await board.press("ctrl+s")
        await until(lambda: len(service.requests) == 1)
    request = service.requests[0]
    assert (request.brief.topic, request.plan_spec.target_duration) == ("Tides", "50")
    assert board.draft.brief == ""  # it was taken: the next one is another job


async def test_a_refusal_of_no_field_stands_above_the_form() -> None:
    service = running()
    service.refusal = EngineError(Code.TOO_MANY_REQUESTS, "Too many new jobs", "Wait a minute")
    async with showing(service, (80, 40), remote=True) as board:
        await board.shows("n New")
        await board.press("n")
        await board.shows("New job")
        await board.press(*"Tides", "ctrl+s")
        await board.shows("\u2717 Too many new jobs. Wait a minute", "Tides")
        await board.press("escape")
        await board.lacks("New job")
        await board.press("n")
        await board.shows("Tides")
        assert "Too many new jobs" not in board.text


# -- stages and help


async def test_a_click_opens_a_stage() -> None:
    async with showing(running()) as board:
        await board.shows("25 %")
        await board.pilot.click("#stage-plan")
        await board.shows("Choosing sentences")


async def test_what_the_person_closed_stays_closed() -> None:
    service = running()
    async with showing(service) as board:
        await board.shows("espeak")
        await board.press("down", "enter")
        await board.lacks("espeak")
        service.tape.progress(Stage.VOICE, 50, current_item=5, total_items=8)
        await service.told()
        await board.shows("scene 5 of 8")
        assert "espeak" not in board.text


async def test_help_tells_moved_keys_and_only_what_may_be_done() -> None:
    keys = scenes.moved(**{"run.cancel": "x"})
    async with showing(running(), (120, 50), board=keys) as board:
        await board.shows("x Cancel")
        await board.press("question_mark")
        await board.shows("Finished job", "Forms")
        assert any("x " in line and "Cancel" in line for line in board.lines)
        await board.press("escape", "x")
        await until(lambda: isinstance(board.app.screen, ConfirmCancel))
    async with showing(running(), (120, 50), read_only=True) as board:
        await board.press("question_mark")
        await board.shows("Moving")
        await board.lacks("Cancel")


async def test_marks_that_are_out_of_sight_take_no_key_from_the_run_that_shows() -> None:
    tapes = [scenes.running_tape(f"RUN{n}") for n in range(3)]
    async with showing(ScriptedService(*tapes), at_run=False) as board:  # 80 columns: one at a time
        await until(lambda: len(board.jobs) == 3)
        await board.press("space", "space")
        await board.shows("2 marked")
        await board.press("enter")
        await board.shows("Script")
        shown = board.run.job
        assert shown is not None
        await board.press("c")
        await board.shows("Cancel this job?")
        await board.press("y")
        await until(lambda: len(board.scripted.asked) == 1)
        assert board.scripted.asked[0].split() in (["cancel"], ["cancel", shown.id])


async def test_a_new_job_made_from_an_ended_one_has_the_keys_of_its_stages() -> None:
    service = ScriptedService(recordings.success())
    async with showing(service, remote=True, at_run=False) as board:
        await until(lambda: board.settled)
        await board.press("n")
        await board.shows("New job")
        await board.press(*"Tides", "ctrl+s")
        await board.shows("Tides", "queued")
        await board.lacks("Copy path")
        await until(lambda: isinstance(board.app.screen.focused, StageRow))


# -- the focus, and keys without a use


async def test_a_question_over_the_picture_alone_leaves_no_hidden_field_with_the_keys() -> None:
    async with showing(running()) as board:
        await board.shows("c Cancel")
        await board.press("v", "n")
        await until(lambda: isinstance(board.app.screen, NewJobScreen))
        await board.press("escape")
        await until(lambda: not isinstance(board.app.screen, NewJobScreen))
        await board.press("j", "x")
        assert board.jobs.filter.text == ""
        assert board.app.focused is None
        await board.press("v")
        await board.shows("\u23ce Open")


async def test_the_timeline_instead_of_the_picture_gives_the_keys_to_the_stages() -> None:
    async with showing(running()) as board:
        await board.shows("c Cancel")
        await board.press("v", "t")
        await board.shows("\u23ce Open", "0:02")
        assert isinstance(board.app.focused, StageRow)


async def test_an_empty_board_says_the_key_that_makes_a_job() -> None:
    service = ScriptedService(recordings.success())
    service.tapes.clear()
    async with showing(service, at_run=False) as board:
        await board.shows("No jobs yet", "n New")


async def test_r_is_not_offered_where_it_starts_no_engine() -> None:
    service = ConnectedService(scenes.running_tape())
    async with showing(service) as board:
        await board.shows("c Cancel")
        away = {"status": ConnectionStatus.NO_ENGINE, "since": recordings.BEGIN}
        await service.change(**away, can_start=True)
        await board.shows("R Reconnect")
        await service.change(**away, can_start=False)
        await board.lacks("R Reconnect")


async def test_r_goes_though_the_key_bar_took_it_up_between_two_paints() -> None:
    service = ConnectedService(recordings.success())  # no clock runs: nothing else is painted
    async with showing(service) as board:
        await board.shows("o Open")
        live = service.connection
        service.connection = replace(live, status=ConnectionStatus.NO_ENGINE, can_start=True)
        board.app.refresh_bindings()  # as a focus that moves does
        await board.shows("R Reconnect")
        service.connection = live
        await service.change(status=ConnectionStatus.NO_ENGINE)
        await board.lacks("R Reconnect")


@pytest.mark.parametrize("keys", [("enter",), ("right", "enter"), ("right", "space")])
@pytest.mark.parametrize("asks", ["c", "q"])
async def test_an_answer_that_is_given_twice_is_given_once(
    asks: str, keys: tuple[str, ...]
) -> None:
    async with showing(running(), background=True) as board:
        await board.shows("c Cancel")
        await board.press(asks)
        await board.shows("this job?" if asks == "c" else "Quit while")
        await board.press(*keys[:-1])
        await board.type_ahead(*keys[-1:] * 4)
        if (asks, keys[0]) == ("q", "enter"):
            await board.ends()
            assert board.app.outcome.leave is Leave.BACKGROUND
        else:
            await board.shows("running" if asks == "q" or keys[0] == "enter" else "cancelling")
        assert board.scripted.asked in ([], ["cancel"])


async def test_a_form_that_is_closed_twice_is_closed_once() -> None:
    async with showing(running()) as board:
        await board.shows("n New")
        await board.press("n")
        await board.shows("New job")
        await board.type_ahead("escape", "escape", "escape")
        await board.lacks("New job")
        await board.shows("c Cancel")


async def test_a_pause_that_happens_at_once_is_not_said_to_have_been_impossible() -> None:
    class Prompt(ScriptedService):
        async def pause(self, job_id: str) -> Job:
            job = await super().pause(job_id)
            await self.tell_status(JobStatus.PAUSED)
            return job

    async with showing(Prompt(scenes.running_tape())) as board:
        await board.shows("p Pause")
        await board.press("p")
        await board.shows("p Resume")
        assert not board.toasts
        await board.press("p")
        await until(lambda: board.scripted.asked == ["pause", "resume"])
        assert not board.toasts


async def test_a_mistake_of_ours_ends_the_board_and_no_traceback_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_: BoardApp) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(BoardApp, "action_show_log", broken)

    async def shown() -> None:
        async with showing(running()) as board:
            await board.shows("L Log")
            await board.press("L")
            await board.ends()

    with pytest.raises(ZeroDivisionError):  # what whoever opened the board tells
        await shown()
    said = capsys.readouterr()
    assert "secret" not in said.out + said.err


async def test_a_key_that_has_nothing_to_change_says_so() -> None:
    async with showing(ScriptedService(recordings.success())) as board:
        await board.shows("Succeeded after")
        await board.press("c")
        await board.shows("Only queued, running or paused jobs can be cancelled")
        await board.press("r")
        await board.shows("Only failed or cancelled jobs can be retried")
        await board.press("x", "j")
        assert len(board.toasts) == 2


async def test_a_moved_key_says_so_where_it_is_now() -> None:
    how = BoardSettings(keys={"run.cancel": "x"})
    async with showing(ScriptedService(recordings.success()), board=how) as board:
        await board.shows("Succeeded after")
        await board.press("c", "x")
        await board.shows("Only queued, running or paused jobs can be cancelled")
        assert len(board.toasts) == 1


async def test_a_board_that_only_looks_on_says_so() -> None:
    async with showing(running(), read_only=True) as board:
        await board.shows("L Log")
        await until(lambda: board.settled)
        await board.press("c")
        await board.shows("Read-only: this board was started with --read-only")


async def test_what_a_person_should_know_of_how_the_engine_was_opened_is_said() -> None:
    service = running()
    service.notices = ["The engine at work here makes runs by its own settings"]
    async with showing(service, (120, 40)) as board:
        await board.shows("makes runs by its own settings")
        assert len(board.toasts) == 1


class BringingService(ConnectedService):
    """One whose engine is elsewhere, and that may have brought the files here."""

    brought = True

    def has_delivered(self, job_id: str) -> bool:
        return self.brought


@pytest.mark.parametrize("brought", [True, False])
async def test_a_file_that_was_brought_here_is_opened_here_and_said_to_be_here(
    brought: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []

    async def open_file(path: Path, environ: object) -> None:
        opened.append(path)

    monkeypatch.setattr("aura_tui.ui.actions.open_and_save.open_file", open_file)
    here = tmp_path / "how-a-solar-sail-works.mp4"
    here.write_bytes(b"a video")
    monkeypatch.setattr(recordings, "VIDEO", str(here))
    service = BringingService(recordings.success())
    service.brought = brought
    service.files["video.mp4"] = tmp_path / "fetched.mp4"
    async with showing(service, (120, 40), remote=True) as board:
        await board.shows("Succeeded after")
        await board.shows(here.name if brought else "This path is on the server")
        assert ("This path is on the server" in board.text) is not brought
        await board.press("o")
        await until(lambda: bool(opened))
    assert opened == [here if brought else tmp_path / "fetched.mp4"]


async def test_ctrl_c_in_a_form_closes_it_and_keeps_the_board_and_what_was_typed() -> None:
    async with showing(recordings.success(), at_run=False) as board:
        await until(lambda: board.settled)
        await board.press("n")
        await board.shows("New job")
        await board.press(*"Tides", "ctrl+c")
        await board.lacks("New job")
        assert board.app.is_running
        await board.press("n")
        await board.shows("New job", "Tides")
        await board.press("ctrl+c", "ctrl+c")
        await board.shows("Quit aura-tui?")
        board.app.simulate_key("ctrl+c")
        await board.ends()


async def test_a_toast_shows_once_under_another_screen_and_again_after_it() -> None:
    async with showing(recordings.success(), size=(170, 40)) as board:
        await board.shows("Succeeded")
        for key, shown in (("question_mark", "Moving"), ("ctrl+p", "Search for commands")):
            board.app.reporter.refuse("a toast")
            await board.shows("a toast")
            await board.press(key)
            await board.shows(shown, "a toast")
            await until(lambda: any("a toast" in line for line in board.lines[:5]))
            assert board.text.count("a toast") == 1
            await board.press("escape")
            await board.lacks(shown)
            await board.shows("a toast")
            assert board.text.count("a toast") == 1
            board.app.clear_notifications()
            await board.lacks("a toast")
