"""Each key does what the help says, in the states where it may."""

from __future__ import annotations

from aura_tui.errors import Code, Conflict
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus
from aura_tui.ui import bindings
from aura_tui.ui.widgets.log import LogView
from aura_tui.ui.widgets.stages import StageRow
from tests.ui import recordings
from tests.ui.boards import showing
from tests.ui.test_board import running
from tests.waiting import until


async def test_c_asks_first_and_enter_keeps_running() -> None:
    async with showing(running()) as board:
        await board.shows("c Cancel")
        await board.press("c")
        await board.shows("Cancel this run?", "\u276f Keep running", "1 of 5 stages done")
        await board.press("enter")
        await board.shows("running")
        assert board.scripted.asked == []


async def test_cancel_is_said_until_it_has_happened() -> None:
    async with showing(running()) as board:
        await board.shows("c Cancel")
        await board.press("c", "right", "enter")
        await board.shows("cancelling\u2026", "what is finished is kept")
        assert board.scripted.asked == ["cancel"]
        await board.lacks("c Cancel")
        await board.scripted.tell_cancelled()
        await board.shows("\u25cc cancelled", "Cancelled by the user")
        assert "cancelling" not in board.text
        await board.press("enter")
        await board.ends()
        assert not board.app.outcome.interrupted
        assert board.app.outcome.job is not None
        assert board.app.outcome.job.status is JobStatus.CANCELED


async def test_y_cancels_and_n_and_escape_keep_running() -> None:
    async with showing(running()) as board:
        for key in ("n", "escape", "q"):
            await board.shows("c Cancel")
            await board.press("c", key)
            assert board.scripted.asked == []
        await board.shows("c Cancel")
        await board.press("c", "y")
        await until(lambda: board.scripted.asked == ["cancel"])


async def test_the_answers_can_be_clicked() -> None:
    async with showing(running()) as board:
        await board.shows("c Cancel")
        await board.press("c")
        await board.shows("Cancel this run?")
        await board.pilot.click("#cancel")
        await until(lambda: board.scripted.asked == ["cancel"])


async def test_the_question_goes_away_with_the_run() -> None:
    async with showing(running()) as board:
        await board.shows("c Cancel")
        await board.press("c")
        await board.shows("Cancel this run?")
        await board.scripted.tell_cancelled()
        await board.shows("\u25cc cancelled")
        assert board.scripted.asked == []


async def test_q_asks_while_the_run_is_on_and_closes_when_it_has_ended() -> None:
    async with showing(running()) as board:
        await board.shows("c Cancel")
        await board.press("q")
        await board.shows("Cancel this run?")
        await board.press("enter")
        await board.shows("running")
        assert board.app.is_running
        await board.scripted.tell_cancelled()
        await board.shows("\u25cc cancelled")
        await board.press("q")
        await board.ends()


async def test_ctrl_q_is_q() -> None:
    async with showing(running()) as board:
        await board.shows("c Cancel")
        await board.press("ctrl+q")
        await board.shows("Cancel this run?")


async def test_ctrl_c_cancels_at_once_and_closes_when_it_is_done() -> None:
    async with showing(running()) as board:
        await board.shows("c Cancel")
        await board.press("ctrl+c")
        await board.shows("cancelling\u2026")
        assert board.scripted.asked == ["cancel"]
        assert board.app.is_running
        await board.scripted.tell_cancelled()
        await board.ends()
        assert board.app.outcome.interrupted
        assert board.app.outcome.job is not None
        assert board.app.outcome.job.status is JobStatus.CANCELED


async def test_a_second_ctrl_c_leaves_at_once() -> None:
    async with showing(running()) as board:
        await board.shows("c Cancel")
        await board.press("ctrl+c", "ctrl+c")
        await board.ends()
        assert board.app.outcome.interrupted
        assert board.app.outcome.job is not None
        assert not board.app.outcome.job.status.ended


async def test_ctrl_c_works_within_the_question() -> None:
    async with showing(running()) as board:
        await board.shows("c Cancel")
        await board.press("c")
        await board.shows("Cancel this run?")
        await board.press("ctrl+c")
        await until(lambda: board.scripted.asked == ["cancel"])


async def test_ctrl_c_copies_where_text_is_selected_and_cancels_nothing() -> None:
    async with showing(recordings.success()) as board:
        await board.shows("Succeeded")
        row = next(y for y, line in enumerate(board.lines) if recordings.VIDEO in line)
        column = board.lines[row].index(recordings.VIDEO)
        await board.pilot.mouse_down(offset=(column, row))
        await board.pilot.hover(offset=(column + len(recordings.VIDEO), row))
        await board.pilot.mouse_up(offset=(column + len(recordings.VIDEO), row))
        await board.press("ctrl+c")
        await board.shows("Copied")
        assert board.app.clipboard.strip() == recordings.VIDEO
        assert board.app.is_running


async def test_p_pauses_and_p_resumes() -> None:
    async with showing(running()) as board:
        await board.shows("p Pause")
        await board.press("p")
        await board.shows("pausing\u2026")
        await board.scripted.tell_status(JobStatus.PAUSED)
        await board.shows("\u2016 paused", "p Resume")
        await board.press("p")
        await board.shows("resuming\u2026")
        await board.scripted.tell_status(JobStatus.RUNNING)
        await board.shows("\u25cf running", "p Pause")
        assert board.scripted.asked == ["pause", "resume"]


async def test_a_refusal_is_told_as_text_and_the_keys_come_back() -> None:
    service = running()
    service.refusal = Conflict(Code.JOB_STATE, "[red]Not now[/red]", "Try again later.")
    async with showing(service) as board:
        await board.shows("p Pause")
        await board.press("p")
        await board.shows("[red]Not now[/red]. Try again later.", "p Pause")


async def test_a_refusal_in_ascii_is_ascii() -> None:
    service = running()
    service.refusal = Conflict(Code.JOB_STATE, "Not now", "Try again later.")
    async with showing(service, environ={"AURA_ASCII": "1"}) as board:
        await board.shows("p Pause")
        await board.press("p")
        await board.shows("Not now. Try again later.")
        assert board.text.isascii()


async def test_keys_that_may_not_do_nothing() -> None:
    async with showing(recordings.success()) as board:
        await board.shows("Succeeded")
        await board.press("c", "p")
        assert "Cancel this run?" not in board.text
        assert "c Cancel" not in board.text
        assert "p Pause" not in board.text


async def test_read_only_takes_the_changing_keys_away_and_leaves_without_asking() -> None:
    async with showing(running(), read_only=True) as board:
        await board.shows("25 %")
        assert "Cancel" not in board.text
        await board.press("c", "p")
        assert board.scripted.asked == []
        await board.press("q")
        await board.ends()


async def test_enter_and_space_open_and_close_a_stage() -> None:
    async with showing(running()) as board:
        await board.shows("\u276f \u2713 Script")
        assert "Choosing sentences" not in board.text
        await board.press("enter")
        await board.shows("Choosing sentences")
        await board.press("space")
        await board.lacks("Choosing sentences")


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


async def test_arrows_and_j_k_move_between_stages() -> None:
    async with showing(running()) as board:
        await board.shows("\u276f \u2713 Script")
        for key, stage in (
            ("j", Stage.VOICE),
            ("down", Stage.VISUALS),
            ("k", Stage.VOICE),
            ("up", Stage.SCRIPT),
            ("up", Stage.SCRIPT),
        ):
            await board.press(key)
            row = board.app.focused
            assert isinstance(row, StageRow)
            assert row.stage is stage
        await board.shows("\u276f \u2713 Script")


async def test_the_log_follows_until_it_is_scrolled_and_again_after_end() -> None:
    service = running()
    for n in range(100):
        service.tape.log(f"line {n}")
    async with showing(service) as board:
        await board.shows("line 99")
        board.app.screen.query_one(LogView).focus()
        await board.press("k")
        await board.lacks("line 99")
        await board.shows("Log, scrolled")
        service.tape.log("the newest")
        await service.told()
        await until(lambda: board.app._state.logged == 103)
        await board.pilot.pause()
        assert "the newest" not in board.text
        await board.press("end")
        await board.shows("the newest")
        service.tape.log("and newer")
        await service.told()
        await board.shows("and newer")


async def test_question_mark_shows_every_key_and_closes_again() -> None:
    async with showing(running(), (80, 50)) as board:
        await board.shows("? Help")
        await board.press("question_mark")
        said = [binding.tooltip or binding.description for _, g in bindings.GROUPS for binding in g]
        await board.shows(*said)
        await board.press("question_mark")
        await board.shows("running")


async def test_every_binding_has_an_id_of_its_own() -> None:
    groups = [g for _, g in bindings.GROUPS] + [bindings.CONFIRM, bindings.HELP]
    ids = [binding.id for group in groups for binding in group]
    assert all(ids)
    assert len(set(ids)) == len(ids)


async def test_the_palette_offers_what_may_be_done() -> None:
    async with showing(running()) as board:
        await board.shows("p Pause")
        commands = {c.title for c in board.app.get_system_commands(board.app.screen)}
        assert {"Cancel", "Pause", "Theme"} <= commands
        assert "Resume" not in commands
