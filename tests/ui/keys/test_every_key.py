"""Every key of ``ui/keys/bindings.py`` is pressed on a board, and does what it says there.

A binding that no test here covers is a failure, and so is one of its keys that goes unpressed.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING

from textual.containers import VerticalScroll

from aura_tui.errors import Code, Conflict
from aura_tui.model import events as ev
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus
from aura_tui.replay.service import ReplayService
from aura_tui.ui.app import BoardApp
from aura_tui.ui.keys import bindings
from aura_tui.ui.screens.board import Pane
from aura_tui.ui.screens.confirm import ConfirmCancel
from aura_tui.ui.screens.dialog import Choice
from aura_tui.ui.screens.help import HelpScreen
from aura_tui.ui.screens.leave import LeaveScreen
from aura_tui.ui.screens.new_job import NewJobScreen
from aura_tui.ui.screens.save_as import SaveAs
from aura_tui.ui.state.run import RECORDED
from aura_tui.ui.state.voices import VoiceChoice
from aura_tui.ui.widgets.picker import Picker
from aura_tui.ui.widgets.stages import StageRow
from tests.ui import recordings, scenes
from tests.ui.boards import showing
from tests.ui.scripted import ConnectedService, ScriptedService
from tests.ui.test_board import running
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    import pytest
    from textual.binding import Binding

    from aura_tui.model.events import Artifact
    from aura_tui.ui.screens.board import BoardScreen
    from tests.ui.boards import Board

BINDINGS: dict[str, list[Binding]] = {}
for _name, _group in vars(bindings).items():
    if _name.isupper() and _name not in ("GROUPS", "CHANGING"):
        for _binding in _group:
            BINDINGS.setdefault(str(_binding.id), []).append(_binding)

covered: set[str] = set()
pressed: set[tuple[str, str]] = set()


def keys(name: str) -> list[str]:
    """The keys of a binding."""
    return [key for binding in BINDINGS[name] for key in binding.key.split(",")]


def covers(*names: str) -> Callable[[Callable[..., Awaitable[None]]], Callable[..., object]]:
    """The test presses every key of these bindings, by :func:`press`."""

    def decorate(test: Callable[..., Awaitable[None]]) -> Callable[..., object]:
        covered.update(names)

        @wraps(test)
        async def run(*args: object, **fixtures: object) -> None:
            pressed.clear()
            await test(*args, **fixtures)
            wanted = {(name, key) for name in names for key in keys(name)}
            assert wanted <= pressed, f"never pressed: {wanted - pressed}"

        return run

    return decorate


async def press(board: Board, name: str, key: str = "") -> None:
    """Press a key of the binding, or its only one."""
    if not key:
        (key,) = set(keys(name))
    assert key in keys(name)
    pressed.add((name, key))
    await board.press(key)


def test_every_binding_is_covered() -> None:
    assert set(BINDINGS) == covered


# -- the run


@covers("run.cancel", "app.help", "help.close", "dialog.close")
async def test_cancel_asks_and_help_tells_and_both_close() -> None:
    async with showing(running()) as board:
        await board.shows("c Cancel")
        for key in keys("dialog.close"):
            await press(board, "run.cancel")
            await until(lambda: isinstance(board.app.screen, ConfirmCancel))
            await press(board, "dialog.close", key)
            await until(lambda: not isinstance(board.app.screen, ConfirmCancel))
        assert board.scripted.asked == []
        for key in keys("help.close"):
            await press(board, "app.help")
            await board.shows("Job ")
            await press(board, "help.close", key)
            await until(lambda: not isinstance(board.app.screen, HelpScreen))


@covers("run.retry")
async def test_retry_shows_its_plan_and_opens_the_new_job() -> None:
    async with showing(scenes.failed().service) as board:
        await board.shows("r Retry")
        await press(board, "run.retry")
        await board.shows("Retry this job?", "3 of 8")
        await board.press("enter")
        await board.shows("attempt 2")
        assert board.scripted.asked == ["retry"]


@covers("run.pause")
async def test_p_pauses_and_p_lets_it_go_on() -> None:
    async with showing(running()) as board:
        await board.shows("p Pause")
        await press(board, "run.pause")
        await board.shows("pausing\u2026")
        await board.scripted.tell_status(JobStatus.PAUSED)
        await board.shows("\u2016 paused", "p Resume")
        await press(board, "run.pause")
        await board.shows("resuming\u2026")
        await board.scripted.tell_status(JobStatus.RUNNING)
        await board.shows("\u25cf running", "p Pause")
        assert board.scripted.asked == ["pause", "resume"]


@covers("job.new", "form.submit")
async def test_a_new_job_from_the_form_is_shown() -> None:
    async with showing(running(), remote=True) as board:
        await board.shows("n New")
        await press(board, "job.new")
        await until(lambda: isinstance(board.app.screen, NewJobScreen))
        await board.press(*"Tides")
        await press(board, "form.submit")
        await until(lambda: len(board.scripted.requests) == 1)
        assert board.scripted.requests[0].brief.topic == "Tides"
        await board.shows("Tides", "queued")


@covers("board.log", "board.timeline", "board.preview", "board.back")
async def test_what_shows_is_toggled() -> None:
    async with showing(running(), (120, 40)) as board:
        await board.shows("25 %")
        screen = board.screen
        await press(board, "board.log")
        await until(lambda: screen.log_view.display and not screen.stages.size.height)
        await press(board, "board.log")
        await until(lambda: screen.stages.size.height)
        shown = screen.timeline.display
        for wanted in (not shown, shown):
            await press(board, "board.timeline")
            await until(lambda w=wanted: screen.timeline.display is w)  # type: ignore[misc]
        await press(board, "board.preview")
        await board.shows("No picture yet")
        await press(board, "board.preview")
        await board.lacks("No picture yet")
        await press(board, "board.back")
        await until(lambda: screen.in_jobs)


@covers("link.reconnect")
async def test_reconnect_cuts_the_wait_short() -> None:
    scene = scenes.reconnecting()
    async with showing(scene.service, now=lambda: scene.now) as board:
        await board.shows("R Reconnect")
        await press(board, "link.reconnect")
        assert isinstance(scene.service, ConnectedService)
        assert scene.service.reconnects == 1


@covers("app.redraw")
async def test_the_screen_is_drawn_anew() -> None:
    async with showing(running()) as board:
        await board.shows("c Cancel")
        forgot: list[int] = []
        board.app.shown.forget = lambda: forgot.append(1)  # type: ignore[method-assign]
        await press(board, "app.redraw")
        await until(lambda: bool(forgot))


@covers("app.quit", "app.quit-always", "dialog.next", "dialog.previous", "choice.take")
async def test_leaving_asks_and_the_answers_are_gone_through() -> None:
    async with showing(running(), background=True) as board:
        await board.shows("c Cancel")
        await press(board, "app.quit-always")
        await until(lambda: isinstance(board.app.screen, LeaveScreen))

        def at() -> int:
            choices = list(board.app.screen.query(Choice))
            return choices.index(board.app.focused)  # type: ignore[arg-type]  # one of them

        for down, up in zip(keys("dialog.next"), keys("dialog.previous"), strict=True):
            await press(board, "dialog.next", down)
            assert at() == 1
            await press(board, "dialog.previous", up)
            assert at() == 0
        for key in keys("choice.take"):
            if not isinstance(board.app.screen, LeaveScreen):
                await press(board, "app.quit")
                await until(lambda: isinstance(board.app.screen, LeaveScreen))
            await board.press("down")  # Stay
            await press(board, "choice.take", key)
            await until(lambda: not isinstance(board.app.screen, LeaveScreen))
        assert board.app.is_running


@covers("app.interrupt", "run.undo")
async def test_ctrl_c_asks_and_u_undoes_a_cancel() -> None:
    async with showing(running(), (120, 30)) as board:
        await board.shows("c Cancel")
        await press(board, "app.interrupt")
        await board.shows("Quit while a job is running?")
        await board.press("escape", "c", "y")
        await until(lambda: board.scripted.asked == ["cancel"])
        await board.scripted.tell_cancelled()
        await board.shows("u Undo cancel")
        await press(board, "run.undo")
        await until(lambda: board.scripted.asked == ["cancel", "retry"])


@covers("app.suspend")
async def test_ctrl_z_stops_here(monkeypatch: pytest.MonkeyPatch) -> None:
    # What that does takes a shell to see: tests/e2e/test_board_terminal.py.
    asked: list[str] = []
    monkeypatch.setattr(BoardApp, "action_suspend_process", lambda app: asked.append("stop"))
    async with showing(running()) as board:
        await board.shows("c Cancel")
        await press(board, "app.suspend")
        await until(lambda: asked == ["stop"])


@covers("confirm.yes", "confirm.no")
async def test_yes_and_no_answer_at_once() -> None:
    async with showing(running()) as board:
        await board.shows("c Cancel")
        for name in ("confirm.no", "confirm.yes"):
            assert board.scripted.asked == []
            await board.press("c")
            await until(lambda: isinstance(board.app.screen, ConfirmCancel))
            await press(board, name)
        await until(lambda: board.scripted.asked == ["cancel"])


@covers("dialog.page-down", "dialog.page-up")
async def test_what_a_question_tells_scrolls() -> None:
    tapes = [scenes.running_tape(f"RUN{n}") for n in range(9)]
    async with showing(ScriptedService(*tapes), (40, 12), at_run=False) as board:
        await until(lambda: len(board.jobs) == len(tapes))
        await board.press(*["space"] * len(tapes), "c")
        await board.shows("Cancel 9 jobs?")
        facts = board.app.screen.query_one("#facts")
        await until(lambda: facts.max_scroll_y)
        await press(board, "dialog.page-down")
        await until(lambda: facts.scroll_offset.y > 0)
        await press(board, "dialog.page-up")
        await until(lambda: facts.scroll_offset.y == 0)


@covers("help.down", "help.up")
async def test_the_help_scrolls() -> None:
    async with showing(running(), (40, 12)) as board:
        await board.press("question_mark")
        await board.shows("Job ")
        told = board.app.screen.query_one(VerticalScroll)
        await press(board, "help.down")
        await until(lambda: told.scroll_offset.y == 1)
        await press(board, "help.up")
        await until(lambda: told.scroll_offset.y == 0)


# -- the jobs


@covers(
    *("jobs.next", "jobs.previous", "jobs.page-down", "jobs.page-up", "jobs.first", "jobs.last"),
    *("jobs.open", "jobs.mark", "jobs.clear", "jobs.filter"),
    *("filter.clear", "filter.next", "filter.previous"),
)
async def test_the_list_is_gone_through_marked_filtered_and_a_job_opened() -> None:
    scene = scenes.jobs()
    async with showing(scene.service, (80, 16), at_run=False, now=lambda: scene.now) as board:
        await board.shows("The far side")
        jobs = board.jobs
        last = len(jobs) - 1

        def at() -> int | None:
            return jobs.position(jobs.cursor or "")

        for down, up in zip(keys("jobs.next"), keys("jobs.previous"), strict=True):
            await press(board, "jobs.next", down)
            assert at() == 1
            await press(board, "jobs.previous", up)
            assert at() == 0
        await press(board, "jobs.page-down")
        assert 5 < (at() or 0) < last
        await press(board, "jobs.page-up")
        assert at() == 0
        for end, home in zip(keys("jobs.last"), keys("jobs.first"), strict=True):
            await press(board, "jobs.last", end)
            assert at() == last
            await press(board, "jobs.first", home)
            assert at() == 0
        await press(board, "jobs.mark")
        assert len(jobs.marked) == 1
        await press(board, "jobs.clear")
        assert not jobs.marked
        await press(board, "jobs.filter")
        await board.press(*"the ")
        await until(lambda: 2 < len(jobs.visible) < last)
        await board.press("home")
        before = at()
        await press(board, "filter.next")
        await until(lambda: at() != before)
        await press(board, "filter.previous")
        await until(lambda: at() == before)
        await press(board, "filter.clear")
        await until(lambda: len(jobs.visible) == last + 1)
        assert jobs.place("01KCD4MOON")
        await press(board, "jobs.open")
        await board.shows("The far side", "c Cancel", "esc Back")


@covers(
    *("jobs.mark-all", "jobs.mark-range", "jobs.invert", "jobs.sort", "jobs.fold"),
    *("jobs.next-failed", "jobs.previous-failed", "board.follow"),
)
async def test_the_list_is_sorted_unfolded_followed_and_marked_at_large() -> None:
    scene = scenes.jobs()
    retry = recordings.Tape("RETRY", title="Again", attempt=2, retry_of="01KCD41Q7M")
    recordings.start(retry)
    retry.tell(ev.JobFailed, error_message="no voice")
    await scene.service.add(retry)
    async with showing(scene.service, at_run=False, now=lambda: scene.now) as board:
        await board.shows("The far side", "attempt 2")
        jobs = board.jobs
        await press(board, "jobs.sort")
        await board.shows("Age \u25b4")
        await board.press(*["S"] * 5)
        await board.shows("Status \u25be")
        await press(board, "jobs.next-failed")
        assert jobs.cursor == "RETRY", "it is the only one"
        await press(board, "jobs.fold")
        await board.shows("attempt 1")
        await press(board, "jobs.next-failed")
        assert jobs.cursor == "01KCD41Q7M"
        await press(board, "jobs.previous-failed")
        assert jobs.cursor == "RETRY"
        await press(board, "jobs.previous-failed")
        await board.shows("No failed job above")
        await press(board, "jobs.fold")
        await board.lacks("attempt 1")
        await press(board, "board.follow")
        await board.shows("following", "f Following")
        await press(board, "board.follow")
        assert not jobs.following
        await press(board, "jobs.mark-all")
        assert len(jobs.marked) == len(jobs.visible)
        await press(board, "jobs.invert")
        assert not jobs.marked
        await board.press("home", "space", "end")
        await press(board, "jobs.mark-range")
        assert len(jobs.marked) == len(jobs.visible)


@covers("pane.jobs", "pane.job", "pane.log", "pane.next", "pane.previous")
async def test_the_panes_are_gone_to_in_every_layout() -> None:
    for service, size in (
        (running(), (120, 40)),
        (running(), (80, 24)),
        (scenes.failed().service, (80, 24)),
        (scenes.failed().service, (40, 12)),
    ):
        async with showing(service, size) as board:
            await until(lambda b=board: b.settled)  # type: ignore[misc]
            screen = board.screen

            async def at(pane: Pane, screen: BoardScreen = screen) -> None:
                await until(lambda: screen.pane is pane and screen.focused is not None)
                if pane is Pane.LOG:
                    await until(lambda: screen.visible_log_rows >= 3)

            for name, pane in (("log", Pane.LOG), ("jobs", Pane.JOBS), ("job", Pane.JOB)):
                await press(board, f"pane.{name}")
                await at(pane)
            for name, pane in (("next", Pane.LOG), ("previous", Pane.JOB)):
                await press(board, f"pane.{name}")
                await at(pane)
            await press(board, "pane.previous")
            await at(Pane.JOBS)
            await press(board, "pane.previous")
            await at(Pane.JOBS)


# -- stages, log, result


@covers("stages.next", "stages.previous", "stages.toggle")
async def test_stages_are_gone_through_and_opened() -> None:
    async with showing(running()) as board:
        await board.shows("\u276f \u2713 Script")

        def at() -> Stage:
            assert isinstance(board.app.focused, StageRow)
            return board.app.focused.stage

        for down, up in zip(keys("stages.next"), keys("stages.previous"), strict=True):
            await press(board, "stages.next", down)
            assert at() is Stage.VOICE
            await press(board, "stages.previous", up)
            assert at() is Stage.SCRIPT
        enter, space = keys("stages.toggle")
        await press(board, "stages.toggle", enter)
        await board.shows("Choosing sentences")
        await press(board, "stages.toggle", space)
        await board.lacks("Choosing sentences")


@covers("stages.page-down", "stages.page-up", "stages.first", "stages.follow")
async def test_an_open_stage_is_paged_through() -> None:
    async with showing(running(), (80, 24)) as board:
        await board.shows("\u276f \u2713 Script")
        await press(board, "stages.next", keys("stages.next")[0])
        items = board.run.items[Stage.VOICE]
        for action in ("first", "page-down", "page-up"):
            for key in keys(f"stages.{action}"):
                await press(board, f"stages.{action}", key)
                await until(lambda: items.paged)
                await press(board, "stages.follow", keys("stages.follow")[-1])
                await until(lambda: not items.paged)
        await press(board, "stages.first", keys("stages.first")[0])
        await press(board, "stages.follow", keys("stages.follow")[0])
        await until(lambda: not items.paged)


@covers("job.ffmpeg-log", "board.settings")
async def test_a_job_s_settings_and_ffmpeg_s_log_are_a_key_away() -> None:
    async with showing(running()) as board:
        await board.shows("25 %")
        await press(board, "job.ffmpeg-log")
        await until(lambda: any("FFmpeg" in toast for toast in board.toasts))
        for showing_it in (True, False):
            await press(board, "board.settings")
            if showing_it:
                await board.shows("Settings: not reported")
            else:
                await board.lacks("Settings: not reported")


@covers(
    *("log.down", "log.up", "log.page-down", "log.page-up", "log.first", "log.follow"),
    *("log.left", "log.right", "log.wrap", "log.search", "log.next-match", "log.previous-match"),
    *("log.clear", "log.first-error", "log.severity", "log.copy"),
    *("search.keep", "search.clear", "search.next", "search.previous"),
)
async def test_the_log_is_scrolled_searched_filtered_and_copied() -> None:
    service = running()
    for n in range(60):
        service.tape.log(f"line {n:03d}", severity="error" if n == 30 else "info")
    service.tape.log("wide " + "x" * 200)
    async with showing(service) as board:
        await board.shows("line 059")
        await board.press("L")
        screen = board.screen
        rows, page = screen.log_view.rows, screen.log_view.page

        def end() -> bool:
            return rows.bottom >= rows.row_count

        await until(lambda: screen.log_view.has_focus_within and rows.size.height > 10)
        for down, up in zip(keys("log.down"), keys("log.up"), strict=True):
            await press(board, "log.up", up)
            await until(lambda: not end())
            await press(board, "log.down", down)
            await until(end)
        await press(board, "log.page-up")
        await until(lambda: rows.row_count - rows.bottom > 5)
        await press(board, "log.page-down")
        await until(end)
        for first, last in zip(keys("log.first"), keys("log.follow"), strict=True):
            await press(board, "log.first", first)
            await until(lambda: rows.top == 0)
            await press(board, "log.follow", last)
            await until(end)
        await press(board, "log.wrap")
        await until(lambda: not page.wraps)
        await press(board, "log.right")
        await until(lambda: rows.left > 0)
        await press(board, "log.left")
        await until(lambda: rows.left == 0)
        await press(board, "log.first-error")
        await board.shows("line 030")
        await press(board, "log.severity")
        await board.lacks("line 031")
        await board.press("s", "s", "end")
        await board.shows("line 059")

        await press(board, "log.search")
        await board.press(*"line 01")
        await board.shows("line 010", "of 10")
        where = page.found()
        await press(board, "search.next")
        await until(lambda: page.found() != where)
        await press(board, "search.previous")
        await until(lambda: page.found() == where)
        await press(board, "search.keep")
        await press(board, "log.next-match")
        await until(lambda: page.found() != where)
        await press(board, "log.previous-match")
        await until(lambda: page.found() == where)
        await press(board, "log.copy")
        await until(lambda: board.app.clipboard.count("\n") in (9, 10))
        await press(board, "log.clear")
        await until(lambda: not page.needle)
        await board.press("slash", "x")
        await press(board, "search.clear")
        await until(lambda: not page.needle and screen.log_view.has_focus_within)


@covers(
    *("result.open", "result.copy", "result.save", "result.next", "result.previous"),
    *("result.page-down", "result.page-up", "result.first", "result.last", "form.close"),
)
async def test_files_are_gone_through_opened_copied_and_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []

    async def open_file(path: Path, environ: object) -> None:
        opened.append(path)

    monkeypatch.setattr("aura_tui.ui.actions.open_and_save.open_file", open_file)
    service = scenes.succeeded().service
    video = tmp_path / "video.mp4"
    service.files["video.mp4"] = video
    async with showing(service, (40, 12)) as board:
        await board.shows("Succeeded after")
        screen = board.screen
        panel = screen.result

        def file() -> Artifact:
            assert panel.file is not None
            return panel.file

        await until(lambda: panel.has_focus)
        await press(board, "result.copy")
        await until(lambda: board.app.clipboard == recordings.VIDEO)
        await press(board, "result.open")
        await until(lambda: opened == [video])
        await press(board, "result.save")
        await until(lambda: isinstance(board.app.screen, SaveAs))
        await press(board, "form.close")
        await until(lambda: not isinstance(board.app.screen, SaveAs))
        first = file()
        for down, up in zip(keys("result.next"), keys("result.previous"), strict=True):
            await press(board, "result.next", down)
            await until(lambda: file() != first)
            await press(board, "result.previous", up)
            await until(lambda: file() == first)
        await press(board, "result.page-down")
        await until(lambda: panel.scroll_offset.y > 0)
        await press(board, "result.page-up")
        await until(lambda: panel.scroll_offset.y == 0)
        for last, home in zip(keys("result.last"), keys("result.first"), strict=True):
            await press(board, "result.last", last)
            await until(lambda: file() != first)
            await press(board, "result.first", home)
            await until(lambda: file() == first)


# -- forms


@covers("form.next", "form.previous", "form.down", "form.up", "picker.next", "picker.previous")
async def test_fields_and_their_values_are_gone_through() -> None:
    async with showing(running(), (80, 40), remote=True) as board:
        await board.shows("n New")
        await board.press("n")
        await until(lambda: isinstance(board.app.screen, NewJobScreen))
        focused = board.app.focused
        await press(board, "form.next")
        assert board.app.focused is not focused
        await press(board, "form.previous")
        assert board.app.focused is focused
        while not isinstance(board.app.focused, Picker):
            await board.press("tab")
        picker = board.app.focused
        for key in keys("form.down"):
            await press(board, "form.down", key)
            assert board.app.focused is not picker
            await press(board, "form.up")
            assert board.app.focused is picker
        value = picker.value
        for key in keys("picker.next"):
            await press(board, "picker.next", key)
            assert picker.value != value
        while picker.value != value:
            for key in keys("picker.previous"):
                if picker.value != value:
                    await press(board, "picker.previous", key)


@covers("app.palette")
async def test_all_commands_are_listed() -> None:
    async with showing(running()) as board:
        await board.shows("p Pause")
        await press(board, "app.palette")
        await board.shows("Search for commands")


@covers(
    "replay.toggle",
    "replay.back",
    "replay.on",
    "replay.far-back",
    "replay.far-on",
    "replay.faster",
    "replay.slower",
)
async def test_a_replay_is_paused_sought_and_sped_up() -> None:
    service = ReplayService(recordings.success().recording(), clock=lambda: 0.0)
    async with showing(service, mode=RECORDED, read_only=True) as board:
        await board.shows("replay 1x, 0:00 of 0:23")
        await press(board, "replay.toggle")
        await board.shows("0:00 of 0:23, paused")
        for name, shown in (
            ("replay.on", "0:05 of 0:23"),
            ("replay.far-on", "0:23 of 0:23, ended"),
            ("replay.back", "0:18 of 0:23, paused"),
            ("replay.far-back", "0:00 of 0:23, paused"),
            ("replay.faster", "replay 2x"),
            ("replay.slower", "replay 1x"),
        ):
            await press(board, name)
            await board.shows(shown)


@covers("form.clear")
async def test_a_form_is_cleared_and_restored() -> None:
    async with showing(running(), (80, 40), remote=True) as board:
        await board.shows("n New")
        await board.press("n")
        await until(lambda: isinstance(board.app.screen, NewJobScreen))
        form = board.app.screen
        assert isinstance(form, NewJobScreen)
        await board.press(*"Tides")
        await press(board, "form.clear")
        await until(lambda: not form.draft.brief)
        await press(board, "form.clear")
        await until(lambda: form.draft.brief == "Tides")


@covers(
    "form.voices",
    "list.choose",
    "voices.sample",
    "list.next",
    "list.previous",
    "list.page-down",
    "list.page-up",
    "list.close",
)
async def test_a_voice_is_chosen_from_the_list() -> None:
    async with showing(running(), (80, 40), remote=True) as board:
        await board.shows("n New")
        await board.press("n")
        await until(lambda: isinstance(board.app.screen, NewJobScreen))
        form = board.app.screen
        assert isinstance(form, NewJobScreen)
        form.set_voices([VoiceChoice(name) for name in ("de", "en", "fr")])
        form.query_one("#voice").focus()
        await press(board, "form.voices")
        await board.shows("3 voices")
        await press(board, "list.close")
        await until(lambda: board.app.screen is form)
        await press(board, "form.voices")
        await board.shows("3 voices")
        for name in ("list.next", "list.page-up", "list.page-down", "list.previous"):
            await press(board, name)
        await press(board, "voices.sample")
        await board.shows("on the engine's machine")
        await press(board, "list.choose")
        await until(lambda: form.draft.voice == "en")


async def test_a_moved_key_does_both_that_it_did() -> None:
    """Pause and resume are one binding to the person."""
    settings = scenes.moved(**{"run.pause": "f9"})
    async with showing(running(), board=settings) as board:
        await board.shows("f9 Pause")
        await board.press("p")
        assert board.scripted.asked == []
        await board.press("f9")
        await until(lambda: board.scripted.asked == ["pause"])
        await board.scripted.tell_status(JobStatus.PAUSED)
        await board.shows("f9 Resume")
        await board.press("f9")
        await until(lambda: board.scripted.asked == ["pause", "resume"])


async def test_a_refusal_gives_the_key_back() -> None:
    service = running()
    service.refusal = Conflict(Code.JOB_STATE, "[red]Not now[/red]", "Try again later.")
    async with showing(service) as board:
        await board.shows("p Pause")
        await board.press("p")
        await board.shows("[red]Not now[/red]", "p Pause")
