"""Every question over the board: what it shows, its default, its keys; small, ASCII, hostile."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from textual.events import Paste
from textual.screen import Screen

from aura_tui.errors import Code, EngineError, InputError
from aura_tui.format.impact import summed
from aura_tui.model.job import Eta
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus
from aura_tui.service import PlannedStep, RetryPlan
from aura_tui.settings import RenderSettings, Settings, VisualsSettings
from aura_tui.ui.actions.job_form import JobForm
from aura_tui.ui.actions.open_and_save import save_copy
from aura_tui.ui.screens.confirm import ConfirmCancel, ConfirmCancelAll
from aura_tui.ui.screens.leave import LeaveScreen
from aura_tui.ui.screens.new_job import NewJobScreen
from aura_tui.ui.screens.retry import ConfirmRetry, ConfirmRetryAll, RetryAnswer, RetryFolder
from aura_tui.ui.screens.save_as import SaveAs
from aura_tui.ui.state.job_draft import Draft, Field, Submission, build
from aura_tui.ui.state.quit import Leave
from aura_tui.ui.state.voices import VoiceChoice
from aura_tui.ui.theme.glyphs import ASCII, UNICODE, Glyphs
from aura_tui.ui.widgets.inputs import TextBox, TextField
from aura_tui.ui.widgets.picker import Picker
from tests.format.test_impact import in_visuals
from tests.ui import recordings
from tests.ui.boards import SIZES
from tests.ui.dialogs import NOT_YET, Asked, asked, job_of
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.geometry import Region
    from textual.screen import ModalScreen

    from aura_tui.model.job import Job

PLAN = RetryPlan(
    tuple(
        PlannedStep(stage=stage, reused=reused, total=total)
        for stage, reused, total in zip(Stage, (1, 8, 6, 0, 0), (1, 8, 8, None, None), strict=True)
    ),
    Eta(seconds=280, low=240, high=330, runs=14),
)
JOBS = [job_of(tape) for tape in (recordings.failure(), recordings.cancelled())] * 6


def cancel(glyphs: Glyphs = UNICODE) -> ConfirmCancel:
    return ConfirmCancel(job_of(in_visuals(made=2, reused=1)), 252.0, glyphs)


async def settled(draft: Draft) -> Submission:
    """The check of an engine that can do everything."""
    return await asyncio.to_thread(build, draft, lambda _: None)


def form(draft: Draft | None = None, glyphs: Glyphs = UNICODE) -> NewJobScreen:
    return NewJobScreen(
        draft or Draft(),
        glyphs,
        settled,
        voices=[VoiceChoice("de", "de"), VoiceChoice("en-gb", "en"), VoiceChoice("en-us", "en")],
        themes=("aurora", "paper"),
    )


def under_way(title: str, count: int = 1) -> list[Job]:
    tape = recordings.Tape(title=title)
    recordings.start(tape)
    return [job_of(tape)] * count


async def copied(target: str) -> Path:
    """A copy that is made at once, wherever it is wanted."""
    return Path(target)


def save_as(name: str, folder: str, glyphs: Glyphs = UNICODE) -> SaveAs:
    return SaveAs(name, folder, glyphs, copied)


# What makes it (screens of several answers), and what of it must always show.
DIALOGS: dict[str, tuple[Callable[[Glyphs], ModalScreen[Any]], tuple[str, ...]]] = {
    "cancel": (cancel, ("Cancel this job?", "No, keep it", "Yes, cancel it")),
    "cancel all": (
        lambda glyphs: ConfirmCancelAll(under_way("Tides", 12), glyphs),
        ("Cancel 12 jobs?", "No, keep them", "Yes, cancel them"),
    ),
    "retry": (
        lambda glyphs: ConfirmRetry(JOBS[0], PLAN, glyphs),
        ("Retry this job?", "Rendering", "time", "Close"),
    ),
    "retry all": (
        lambda glyphs: ConfirmRetryAll(JOBS, summed([PLAN] * 12), glyphs),
        ("Retry 12 jobs?", "Close"),
    ),
    "leave": (
        lambda glyphs: LeaveScreen(under_way("Tides", 3), True, glyphs),
        ("Quit while 3 jobs are", "background", "Stay", "Stop now, resume later", "Cancel them"),
    ),
    "new": (lambda glyphs: form(None, glyphs), ("New job", "Brief", "Start", "Close")),
    "save": (lambda glyphs: save_as("a.mp4", "/v", glyphs), ("Save a.mp4 as", "/v/a.mp4", "Close")),
}


@pytest.mark.parametrize("ascii", [False, True])
@pytest.mark.parametrize("name", DIALOGS)
async def test_question_and_answers_show_at_every_size(name: str, ascii: bool) -> None:
    make, texts = DIALOGS[name]
    async with asked(make(ASCII if ascii else UNICODE), (40, 12), ascii=ascii) as dialog:
        for size in ((40, 12), (41, 13), (200, 60), (120, 40), (80, 24)):
            await dialog.pilot.resize_terminal(*size)
            await until(lambda rows=size[1]: len(dialog.lines) == rows)  # type: ignore[misc]
            await dialog.shows(*texts)
            assert not ascii or dialog.text.isascii(), [c for c in dialog.text if not c.isascii()]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", DIALOGS)
async def test_the_first_frame_has_the_layout_of_the_last(
    name: str, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = DIALOGS[name][0](UNICODE)
    laid_out: list[dict[str, Region]] = []
    # No public way leads to each frame.
    drawn = Screen._compositor_refresh

    def draw(drawn_screen: Screen[object]) -> None:
        if drawn_screen is screen:
            answers = screen.query("Choice, .noted .note, #facts")
            laid_out.append({f"{i} {each.id}": each.region for i, each in enumerate(answers)})
        drawn(drawn_screen)

    monkeypatch.setattr(Screen, "_compositor_refresh", draw)
    async with asked(screen, size) as dialog:
        await dialog.shows(DIALOGS[name][1][0])
        await until(lambda: dialog.app.focused is not None)
        seen = [each for each in laid_out if any(each.values())]
        assert seen
        assert all(each == seen[-1] for each in seen), seen


@pytest.mark.parametrize("name", DIALOGS)
async def test_escape_changes_nothing(name: str) -> None:
    async with asked(DIALOGS[name][0](UNICODE)) as dialog:
        await dialog.press("escape")
        assert await dialog.answers() in (False, None, Leave.STAY, RetryAnswer.CLOSE)


# -- cancel


@pytest.mark.parametrize("key", ["enter", "space", "escape", "q", "n"])
async def test_a_cancel_keeps_running_unless_it_is_chosen(key: str) -> None:
    async with asked(cancel()) as dialog:
        await dialog.shows("\u276f No, keep it")
        await dialog.press(key)
        assert await dialog.answers() is False
        assert dialog.app.leaked == 0


@pytest.mark.parametrize("keys", [("right", "enter"), ("l", "space"), ("j", "enter"), ("y",)])
async def test_a_cancel_can_be_chosen_by_key(keys: tuple[str, ...]) -> None:
    async with asked(cancel()) as dialog:
        await dialog.press(*keys)
        assert await dialog.answers() is True


async def test_a_cancel_can_be_clicked() -> None:
    async with asked(cancel()) as dialog:
        await dialog.pilot.click("#cancel")
        assert await dialog.answers() is True


async def test_a_cancel_tells_what_is_lost_and_kept_and_follows_the_job() -> None:
    tape = in_visuals(made=2, reused=1)
    async with asked(cancel()) as dialog:
        await dialog.shows("How a solar sail works", "2 of 5 stages done, 4:12 of work")
        await dialog.shows("lost   the scene in progress", "2 stages and 3 of 8 pieces of Visuals")
        recordings.compose(tape)
        assert isinstance(dialog.screen, ConfirmCancel)
        dialog.screen.show(job_of(tape), 253.0)
        await dialog.shows("4:13 of work", "files  captions.srt")


async def test_a_cancel_whose_job_has_ended_says_so_and_y_answers_no() -> None:
    for key in ("y", "enter", "n", "escape"):
        screen = cancel()
        async with asked(screen) as dialog:
            await dialog.press("right")
            await dialog.shows("\u276f Yes, cancel it")
            screen.show(job_of(recordings.success()), 99.0)
            await dialog.shows("This job has already ended (succeeded)", "\u276f Close")
            await dialog.shows("There is nothing left to cancel.")
            for gone in ("Yes", "lost", "kept"):
                await dialog.lacks(gone)
            assert struck(dialog) == [job_of(recordings.success()).id]
            await dialog.press(key)
            assert await dialog.answers() is False


async def test_a_cancel_of_many_strikes_out_those_that_end_and_counts_what_is_left() -> None:
    first, second, third = (
        replace(job, id=f"J{n}", status=status)
        for n, (job, status) in enumerate(
            zip(
                under_way("Tides", 3),
                (JobStatus.RUNNING, JobStatus.PAUSED, JobStatus.QUEUED),
                strict=True,
            )
        )
    )
    third = replace(third, started_at=None)
    screen = ConfirmCancelAll([first, second, third], UNICODE)
    async with asked(screen) as dialog:
        await dialog.shows("Cancel 3 jobs?", "1 running, 1 queued, 1 paused", "lost")
        first = replace(first, status=JobStatus.SUCCEEDED)
        screen.show([first, second, third])
        await dialog.shows("Cancel 2 jobs?", "1 queued, 1 paused, 1 of 3 already ended")
        assert struck(dialog) == ["J0"]
        second = replace(second, status=JobStatus.CANCELED)
        screen.show([first, second, third])
        await dialog.shows("Cancel 1 job?", "It hasn't started; nothing is lost.", "Yes, cancel it")
        await dialog.lacks("lost  ")
        screen.show([first, second, replace(third, status=JobStatus.CANCELED)])
        await dialog.shows("All of these jobs have already ended", "\u276f Close")
        assert struck(dialog) == ["J0", "J1", "J2"]
        await dialog.press("y")
        assert await dialog.answers() is False


async def test_a_cancel_of_many_lists_some_and_counts_the_rest() -> None:
    async with asked(ConfirmCancelAll(under_way("Tides", 12), UNICODE)) as dialog:
        await dialog.shows("Cancel 12 jobs?", "and 6 more", "\u276f No, keep them")
        assert dialog.text.count("Tides") == 6
        await dialog.press("enter")
        assert await dialog.answers() is False


async def test_what_does_not_fit_scrolls_under_the_question() -> None:
    async with asked(ConfirmCancelAll(under_way("Tides", 12), UNICODE), (40, 12)) as dialog:
        await dialog.shows("Cancel 12 jobs?", "12 running")
        assert "and 6 more" not in dialog.text
        await dialog.press("pagedown")
        await dialog.shows("Cancel 12 jobs?", "and 6 more", "Yes, cancel them")
        await dialog.press("pageup")
        await dialog.shows("12 running")


async def test_moved_keys_work_in_a_dialog() -> None:
    async with asked(cancel(), keymap={"confirm.yes": "z"}) as dialog:
        await dialog.press("y")
        assert dialog.answer == NOT_YET
        await dialog.press("z")
        assert await dialog.answers() is True


# -- retry


async def test_a_retry_shows_its_plan_and_enter_retries() -> None:
    async with asked(ConfirmRetry(JOBS[0], PLAN, UNICODE)) as dialog:
        await dialog.shows(
            "\u21ba Script       reused",
            "\u25cb Visuals      6 of 8 pieces reused",
            "\u25cb Rendering    will be redone",
            "time   4-6 min, based on 14 similar jobs",
            "\u276f Retry",
        )
        await dialog.press("enter")
        assert await dialog.answers() is RetryAnswer.RETRY


async def test_a_retry_offers_the_attempt_that_is_on_as_long_as_it_is() -> None:
    (attempt,) = under_way("Tides, again")
    screen = ConfirmRetry(JOBS[0], PLAN, UNICODE)
    async with asked(screen) as dialog:
        await dialog.shows("Retry this job?", "Other folder", "Rendering")
        screen.show(attempt)
        await dialog.shows("Another attempt at this job is running", "attempt 1  Tides, again")
        await dialog.shows("\u276f Go to it", "Close")
        for gone in ("Rendering", "Retry", "Other folder"):
            await dialog.lacks(gone)
        screen.show(replace(attempt, status=JobStatus.QUEUED))
        await dialog.shows("Another attempt at this job is queued", "\u276f Go to it")
        screen.show(None)
        await dialog.shows("Retry this job?", "\u276f Retry", "Rendering")
        screen.show(attempt)
        await dialog.shows("\u276f Go to it")
        await dialog.press("y")
        assert await dialog.answers() is RetryAnswer.GO
    for size in SIZES:
        started = ConfirmRetry(JOBS[0], RetryPlan((), None), UNICODE, attempt=attempt)
        async with asked(started, size) as dialog:
            await dialog.shows("Another attempt", "\u276f Go to it")
            assert "Finished work" not in dialog.text
            await dialog.press("right", "right", "right", "enter")
            assert await dialog.answers() is RetryAnswer.CLOSE


async def test_a_retry_into_another_folder_asks_for_it() -> None:
    async with asked(ConfirmRetry(JOBS[0], PLAN, UNICODE)) as dialog:
        await dialog.press("right", "enter")
        assert await dialog.answers() is RetryAnswer.FOLDER

    async def full(typed: str) -> Job:
        if typed == "/full":
            raise InputError(
                Code.OUTPUT_UNWRITABLE, "The disk of /full is full", "Free some space."
            )
        return JOBS[0]

    async with asked(RetryFolder(JOBS[0], "/full", UNICODE, full)) as form_:
        await form_.shows("Retry into another folder: How a solar sail works", "/full")
        await form_.press("enter")
        await form_.shows("The disk of /full is full", "Free some space.", "/full")
        await form_.press("x", "enter")
        assert await form_.answers() is JOBS[0]


async def test_a_retry_of_many_strikes_out_those_that_are_being_retried() -> None:
    first, second = JOBS[0], replace(JOBS[1], id="OTHER")
    screen = ConfirmRetryAll([first, second], summed([PLAN] * 2), UNICODE, earlier=1)
    async with asked(screen) as dialog:
        await dialog.shows("Retry 2 jobs?", "skipped: 1 marked job is an earlier attempt")
        screen.show([first, second], {first.id})
        await dialog.shows("Retry 1 job?", "1 of 2 are being retried already")
        assert struck(dialog) == [first.id]
        screen.show([first, second], {first.id, second.id})
        await dialog.shows("All of these jobs are being retried already", "\u276f Close")
        assert struck(dialog) == [first.id, second.id]
        await dialog.press("y")
        assert await dialog.answers() is False


def struck(dialog: Asked[Any]) -> list[str]:
    """The ids that are struck out on the screen."""
    strips = dialog.app.screen._compositor.render_strips()
    texts = [part.text for strip in strips for part in strip if part.style and part.style.strike]
    return [text.split()[-1] for text in texts if text.strip()]


async def test_a_retry_of_unknown_length_says_so() -> None:
    async with asked(ConfirmRetry(JOBS[0], RetryPlan(PLAN.steps, None), UNICODE)) as dialog:
        await dialog.shows("time   unknown")
        await dialog.press("n")
        assert await dialog.answers() is RetryAnswer.CLOSE


async def test_a_retry_without_a_plan_can_be_asked_for() -> None:
    async with asked(ConfirmRetry(JOBS[0], RetryPlan((), None), UNICODE)) as dialog:
        await dialog.shows("Finished work is reused.", "time   unknown")


async def test_a_retry_of_many_counts_them() -> None:
    async with asked(ConfirmRetryAll(JOBS[:1], summed([PLAN]), UNICODE)) as dialog:
        title = "\u2717  90 %  How a solar sail works"
        await dialog.shows("Retry 1 job?", f"{title}  {JOBS[0].id}")
        await dialog.press("y")
        assert await dialog.answers() is True


async def test_of_marked_jobs_those_that_are_left_out_are_counted() -> None:
    async with asked(ConfirmRetryAll(JOBS[:1], summed([PLAN]), UNICODE, others=2)) as dialog:
        await dialog.shows("skipped: 2 marked jobs are running or succeeded")
    async with asked(ConfirmCancelAll(under_way("Tides"), UNICODE, others=1)) as dialog:
        await dialog.shows("Cancel 1 job?", "skipped: 1 marked job is already finished")


# -- leave


@pytest.mark.parametrize(
    ("can_background", "downs", "answer"),
    [
        (True, 0, Leave.BACKGROUND),
        (True, 1, Leave.STAY),
        (True, 2, Leave.STOP),
        (True, 3, Leave.CANCEL),
        (False, 0, Leave.STAY),
        (False, 1, Leave.STOP),
        (False, 2, Leave.CANCEL),
    ],
)
async def test_leaving_destroys_nothing_unless_it_is_chosen(
    can_background: bool, downs: int, answer: Leave
) -> None:
    async with asked(LeaveScreen(under_way("Tides", 2), can_background, UNICODE)) as dialog:
        await dialog.press(*["down"] * downs, "enter")
        assert await dialog.answers() is answer


async def test_leaving_names_some_of_the_runs() -> None:
    jobs = [under_way(f"run {n}")[0] for n in range(9)]
    async with asked(LeaveScreen(jobs, True, UNICODE)) as dialog:
        await dialog.shows("Quit while 9 jobs are running?", "run 3", "and 5 more")
        assert "run 4" not in dialog.text
    async with asked(LeaveScreen(jobs[:1], False, UNICODE)) as dialog:
        await dialog.shows("Quit while a job is running?", "Cancel it")
        assert "background" not in dialog.text


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
async def test_leaving_tells_the_runs_at_work_from_those_that_wait(glyphs: Glyphs) -> None:
    (job,) = under_way("Tides")
    states = (JobStatus.RUNNING, JobStatus.PAUSED, JobStatus.QUEUED)
    jobs = [replace(job, status=status) for status in states]
    async with asked(LeaveScreen(jobs, True, glyphs)) as dialog:
        await dialog.shows(*(f"{glyphs.job(status)}   0 %  Tides" for status in states))
        await dialog.shows("Quit? 1 running, 1 queued, 1 paused")
    for status in states:
        async with asked(LeaveScreen(jobs[:1] * 2, True, glyphs)) as dialog:
            await dialog.shows("Quit while 2 jobs are running?")
        of_one = [job for job in jobs if job.status is status]
        async with asked(LeaveScreen(of_one, True, glyphs)) as dialog:
            await dialog.shows(f"Quit while a job is {status.word}?")


async def test_on_leaving_jobs_that_end_are_struck_out_and_nothing_is_left_to_stop() -> None:
    one, other = (replace(job, id=f"J{n}") for n, job in enumerate(under_way("Tides", 2)))
    for theirs in (False, True):
        screen = LeaveScreen([one, other], True, UNICODE, theirs=theirs, again="again: quit")
        async with asked(screen) as dialog:
            await dialog.shows("2 jobs are running?", "Keep running in the background")
            await dialog.shows("Cancel them", "again: quit")
            assert ("Stop now" in dialog.text) is not theirs
            ended = replace(one, status=JobStatus.SUCCEEDED)
            screen.show([ended, other])
            await dialog.shows("Quit while a job is running?", "Keep it running", "Cancel it")
            assert struck(dialog) == ["J0"]
            screen.show([ended, replace(other, status=JobStatus.FAILED)])
            await dialog.shows("All jobs have ended. Quit?", "Stay", "Quit")
            for gone in ("Cancel", "background", "Stop now", "again: quit", "with aura-tui"):
                await dialog.lacks(gone)
            assert struck(dialog) == ["J0", "J1"]
            await dialog.press("n")
            assert await dialog.answers() is Leave.STAY


async def test_q_twice_stays() -> None:
    async with asked(LeaveScreen(under_way("Tides"), True, UNICODE)) as dialog:
        await dialog.press("q")
        assert await dialog.answers() is Leave.STAY


# -- text from outside


@pytest.mark.parametrize("size", SIZES)
async def test_titles_are_drawn_not_obeyed(size: tuple[int, int]) -> None:
    job = job_of(recordings.hostile())
    screens: list[ModalScreen[Any]] = [
        ConfirmCancel(job, 1.0, UNICODE),
        ConfirmCancelAll([job], UNICODE),
        ConfirmRetry(job, PLAN, UNICODE),
        ConfirmRetryAll([job], summed([PLAN]), UNICODE),
    ]
    for screen in screens:
        async with asked(screen, size) as dialog:
            await dialog.shows("[red]not red[/red]"[: size[0] - 24])
            assert "\x1b" not in dialog.text
    async with asked(LeaveScreen([job], True, UNICODE), size) as leave:
        await leave.shows("[red]not red[/red]")
    async with asked(save_as("../../etc/[red]\x1b[2Jx.mp4", "/v"), size) as save:
        await save.shows("Save [red]x.mp4 as", "/v/[red]x.mp4")


async def test_a_wide_title_stays_within_its_line() -> None:
    job = recordings.Tape(title="\u5b57\u5e55 " * 60).job
    async with asked(ConfirmRetryAll([job], summed([PLAN]), UNICODE), (40, 12)) as dialog:
        await dialog.shows("\u5b57\u5e55", "Close")


# -- the new job


async def typed(dialog: Asked[Submission | None], field: Field, text: str) -> None:
    """Go to ``field`` and type."""
    dialog.screen.query_one(f"#{field.name.lower()}").focus()
    await dialog.press(*text)


def order_of(answer: object) -> Submission:
    assert isinstance(answer, Submission)
    return answer


async def test_a_topic_and_ctrl_s_make_a_job() -> None:
    async with asked(form()) as dialog:
        await dialog.press(*"Tides", "ctrl+s")
        order = order_of(await dialog.answers())
    assert order.request.brief.topic == "Tides"
    assert order.request.render_spec.res == "720p"
    assert order.folder == Path("tides").absolute()


async def test_every_field_by_keyboard_alone() -> None:
    async with asked(form(), (40, 12)) as dialog:
        await dialog.press(*"One", "enter", *"two", "tab", "tab")
        await dialog.press(*"90", "enter", "right", "down", "l", "tab")
        await dialog.press(*"en-g", "right", "enter", "space", "down")
        await dialog.press(*"/tmp/x", "enter")
        await dialog.press(*"en", "right", "enter", *"1.5", "enter", *"24", "enter", *"80", "enter")
        await dialog.press("right", "enter", "right", "enter", *"-5", "enter")
        await dialog.shows("\u276f Start")
        await dialog.press("enter")
        order = order_of(await dialog.answers())
    request = order.request
    assert request.brief.text == "One\ntwo"
    assert request.plan_spec.target_duration == "90"
    assert (request.render_spec.res, request.brief.aspect) == ("1080p", "9:16")
    assert (request.voice_spec.voice_name, request.options.theme) == ("en-gb", "aurora")
    assert order.folder == Path("/tmp/x")
    assert (request.brief.language, request.voice_spec.rate, request.priority) == ("en", 1.5, -5)
    assert (request.render_spec.fps, request.render_spec.quality_level) == (24, 80)
    assert (request.options.burn_captions, request.options.fresh) == (True, True)


async def test_by_mouse() -> None:
    async with asked(form(Draft(brief="Tides"))) as dialog:
        picker = dialog.screen.query_one("#resolution", Picker)
        at = str(picker.render()).index("1440p")
        await dialog.pilot.click("#resolution", offset=(at, 0))
        await dialog.shows("[1440p]", "2560x1440 pixels")
        await dialog.pilot.click("#submit")
        assert order_of(await dialog.answers()).request.render_spec.res == "1440p"


async def test_nothing_is_wrong_before_one_has_typed() -> None:
    async with asked(form()) as dialog:
        await dialog.shows("Topic, or paste the text")
        assert "\u2717" not in dialog.text


async def test_what_is_wrong_is_said_as_one_types_and_goes_when_it_is_mended() -> None:
    async with asked(form()) as dialog:
        await typed(dialog, Field.DURATION, "2")
        await dialog.shows("\u2717 Give between 5 seconds and 60 minutes.")
        await dialog.press("0")
        await until(lambda: "\u2717" not in dialog.text)


async def test_start_goes_to_what_is_wrong() -> None:
    async with asked(form()) as dialog:
        await typed(dialog, Field.VOICE, "x")
        await dialog.press("ctrl+s")
        await dialog.shows("\u2717 Enter a topic or a text here")
        assert isinstance(dialog.screen.focused, TextBox)
        assert dialog.answer == NOT_YET


async def test_what_a_provider_refuses_is_said_at_its_field() -> None:
    async def check(draft: Draft) -> Submission:
        if draft.voice:
            raise InputError(
                Code.VOICE_UNKNOWN,
                "There is no voice [red]x",
                "Take y.",
                field="voiceSpec.voiceName",
            )
        return await settled(draft)

    async with asked(NewJobScreen(Draft(brief="Tides"), UNICODE, check)) as dialog:
        await typed(dialog, Field.VOICE, "x")
        await dialog.shows("\u2717 There is no voice [red]x. Take y.")
        await dialog.press("ctrl+s")
        await dialog.pilot.pause()
        assert dialog.answer == NOT_YET
        assert dialog.screen.focused is dialog.screen.query_one("#voice")
        await dialog.press("backspace")
        await until(lambda: "\u2717" not in dialog.text)
        await dialog.press("ctrl+s")
        assert order_of(await dialog.answers()).request.voice_spec.voice_name == ""


@pytest.mark.parametrize("size", SIZES)
async def test_a_failure_of_no_field_is_told_above_them(size: tuple[int, int]) -> None:
    async def check(draft: Draft) -> Submission:
        if draft.folder:
            await asyncio.Event().wait()  # what it refused goes with the key, not with an answer
        raise EngineError(Code.ENGINE_GONE, "The engine is gone", "Start it again with aura-tui.")

    async with asked(NewJobScreen(Draft(brief="Tides"), UNICODE, check), size) as dialog:
        await dialog.press(*["tab"] * 7, "ctrl+s")
        await dialog.shows("\u2717 The engine is gone.", "Start", "ctrl+s starts")
        assert dialog.answer == NOT_YET
        dialog.screen.query_one("#folder").focus()
        await dialog.press("x")
        await until(lambda: "\u2717" not in dialog.text)


async def test_a_refusal_stands_while_another_field_is_typed_in() -> None:
    checks = 0

    async def check(draft: Draft) -> Submission:
        nonlocal checks
        checks += 1
        if checks > 1:
            await asyncio.Event().wait()
        raise InputError(Code.VOICE_UNKNOWN, "No voice", "Take y.", field="voiceSpec.voiceName")

    async with asked(NewJobScreen(Draft(brief="Tides"), UNICODE, check)) as dialog:
        await typed(dialog, Field.VOICE, "x")
        await dialog.shows("\u2717 No voice. Take y.")
        await typed(dialog, Field.FOLDER, "a")
        await until(lambda: checks == 2)
        await typed(dialog, Field.FOLDER, "b")
        assert "\u2717 No voice. Take y." in dialog.text


async def test_a_check_that_typing_overtook_says_nothing() -> None:
    begun, seen = asyncio.Event(), list[str]()

    async def check(draft: Draft) -> Submission:
        seen.append(draft.brief)
        if draft.brief == "T":
            begun.set()
            await asyncio.Event().wait()
        return await settled(draft)

    async with asked(NewJobScreen(Draft(), UNICODE, check)) as dialog:
        await dialog.press("T", "ctrl+s")
        await dialog.shows("checking...")
        await asyncio.wait_for(begun.wait(), 5.0)
        await dialog.press("i")
        await dialog.shows("ctrl+s starts")
        await dialog.press("ctrl+s")
        assert order_of(await dialog.answers()).request.brief.topic == "Ti"


async def test_a_file_that_is_not_there_is_said_at_its_field(tmp_path: Path) -> None:
    async with asked(form()) as dialog:
        await typed(dialog, Field.FILE, "none.md")
        await dialog.shows("\u2717 File not found. Choose a Markdown or text file.")


async def test_a_folder_that_cannot_be_used_is_said_as_it_is_typed(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for remote in (False, True):  # the folder is here, wherever the engine is
        job_form = JobForm(Settings(home=tmp_path), remote=remote)
        async with asked(NewJobScreen(Draft(), UNICODE, job_form.check), (120, 40)) as dialog:
            dialog.screen.query_one("#folder", TextField).value = f"{tmp_path}/file"
            await typed(dialog, Field.FOLDER, "/x")
            await dialog.shows("\u2717 Can't use the output folder: ")
            await dialog.press(*["backspace"] * 6)
            await dialog.lacks("Can't use the output folder")
            dialog.screen.query_one("#folder", TextField).value += "n" * 300
            await dialog.shows("\u2717 Can't use the output folder: File name too long")


async def test_a_broken_ffmpeg_is_told_in_the_form_and_no_job_is_made(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, render=RenderSettings(ffmpeg=str(tmp_path)))
    job_form = JobForm(settings, remote=False)
    async with asked(NewJobScreen(Draft(), UNICODE, job_form.check), (120, 40)) as dialog:
        await dialog.press("T", "ctrl+s")
        await dialog.shows("The configured FFmpeg doesn't work: ")
    far = JobForm(settings, remote=True)  # another machine's is that machine's business
    assert (await far.check(Draft(brief="Tides"))).request.brief.topic == "Tides"


@pytest.mark.parametrize(
    ("own", "first", "count"), [("Paper", "paper", 6), ("pink", "aurora", 6), ("", "aurora", 6)]
)
def test_only_themes_that_there_are_can_be_chosen(
    tmp_path: Path, own: str, first: str, count: int
) -> None:
    settings = Settings(home=tmp_path, visuals=VisualsSettings(theme=own))
    themes = JobForm(settings, remote=False).themes()
    assert (themes[0], len(themes)) == (first, count)


async def test_the_folder_that_a_file_will_get_is_the_one_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("# The tides of Fundy\n\nTwice a day the sea comes in.\n")
    async with asked(form(), (120, 40)) as dialog:
        dialog.screen.query_one("#file", TextField).value = f"{tmp_path}/notes.m"
        await typed(dialog, Field.FILE, "d")
        await dialog.shows("Default: ./the-tides-of-fundy")
        await dialog.press("ctrl+s")
        assert order_of(await dialog.answers()).folder == Path("the-tides-of-fundy").absolute()


async def test_voices_are_suggested_also_when_they_come_later() -> None:
    async with asked(NewJobScreen(Draft(), UNICODE, settled)) as dialog:
        assert isinstance(dialog.screen, NewJobScreen)
        await typed(dialog, Field.VOICE, "e")
        dialog.screen.set_voices([VoiceChoice(name) for name in ("de", "en-gb", "\x1b[2Jen-us")])
        await dialog.shows("en-gb, en-us, de")


async def test_what_was_typed_outlives_a_closed_form() -> None:
    screen = form()
    async with asked(screen) as dialog:
        await dialog.press(*"Tides", "escape")
        assert await dialog.answers() is None
    assert screen.draft.brief == "Tides"
    async with asked(form(screen.draft)) as dialog:
        await dialog.shows("Tides")
        await dialog.press("ctrl+s")
        assert order_of(await dialog.answers()).request.brief.topic == "Tides"


async def burst(dialog: Asked[Any], *keys: str) -> None:
    """Keys that come in one packet: none waits for the one before it."""
    for key in keys:
        dialog.app.simulate_key(key)
    await dialog.pilot.pause()


async def test_keys_that_come_at_once_are_taken_in_their_order() -> None:
    async with asked(form()) as dialog:
        keys = ("T", "i", "tab", "tab", "9", "0", "enter", "right", "down", "down", "e", "n")
        await burst(dialog, *keys, "ctrl+s")
        request = order_of(await dialog.answers()).request
    assert request.brief.topic == "Ti"
    assert request.plan_spec.target_duration == "90"
    assert (request.render_spec.res, request.voice_spec.voice_name) == ("1080p", "en")
    async with asked(LeaveScreen(under_way("Tides"), True, UNICODE)) as leave:
        await burst(leave, "down", "down", "enter")
        assert await leave.answers() is Leave.STOP
    async with asked(save_as("a", "/v")) as save:
        await burst(save, "b", "c", "enter")
        assert await save.answers() == Path("/v/abc")


async def test_letters_are_typed_not_taken_for_keys() -> None:
    async with asked(form()) as dialog:
        await dialog.press(*"qnhjkl?")
        await typed(dialog, Field.VOICE, "qnhjkl")
        assert isinstance(dialog.screen, NewJobScreen)
        assert (dialog.screen.draft.brief, dialog.screen.draft.voice) == ("qnhjkl?", "qnhjkl")
        assert dialog.app.leaked == 0


async def test_what_is_pasted_is_cleaned() -> None:
    async with asked(form()) as dialog:
        assert isinstance(dialog.screen, NewJobScreen)
        area, entry = dialog.screen.query_one(TextBox), dialog.screen.query_one("#voice", TextField)
        dialog.app.post_message(Paste("a\x1b[2J\x1b]0;x\x07b\r\nc\u202e"))
        await until(lambda: area.text == "ab\nc")
        entry.focus()
        dialog.app.post_message(Paste("en\x1b[31m-gb\n"))
        await until(lambda: entry.value == "en-gb")


async def test_a_form_at_rest_writes_nothing() -> None:
    async with asked(form()) as dialog:
        for entry in dialog.screen.query(TextField):
            assert not entry.cursor_blink
        assert not dialog.screen.query_one(TextBox).cursor_blink


@pytest.mark.parametrize(("ascii", "line"), [(False, "\u2502"), (True, "|")])
async def test_fields_and_cursor_show_without_colours(ascii: bool, line: str) -> None:
    screen = form(None, ASCII if ascii else UNICODE)
    async with asked(screen, ascii=ascii, colours=False) as dialog:
        await dialog.shows(f"File       {line}", f"Brief      {line}Topic, or paste")
        await dialog.press("tab")
        cursor = next(iter(dialog.screen.query_one("#file", TextField).render_line(0)))
        assert cursor.style is not None
        assert cursor.style.reverse


# -- save as


async def test_the_end_of_a_long_path_shows() -> None:
    async with asked(save_as("tides.mp4", "/home/ada/" + "far/" * 20), (40, 12)) as dialog:
        await dialog.shows("far/far/tides.mp4")


async def test_save_as_suggests_a_path_and_gives_what_is_typed() -> None:
    async with asked(save_as("tides.mp4", "/home/ada/Videos")) as dialog:
        await dialog.shows("Save tides.mp4 as", "/home/ada/Videos/tides.mp4")
        await dialog.press(*["backspace"] * 4, *".mov", "enter")
        assert await dialog.answers() == Path("/home/ada/Videos/tides.mov")


async def test_save_as_wants_a_path() -> None:
    async with asked(save_as("tides.mp4", "/v")) as dialog:
        await dialog.press("ctrl+u", "enter")
        assert dialog.answer == NOT_YET
        await dialog.press(*"x")
        await dialog.pilot.click("#submit")
        assert await dialog.answers() == Path("x")


async def test_a_save_that_fails_says_why_and_keeps_what_was_typed(tmp_path: Path) -> None:
    source = tmp_path / "tides.mp4"
    source.write_bytes(b"a video")
    screen = SaveAs("tides.mp4", "/", UNICODE, partial(save_copy, source))
    async with asked(screen) as dialog:
        await dialog.press("ctrl+u", *"/nofolder/x.mp4", "enter")
        await dialog.shows("Folder /nofolder not found", "/nofolder/x.mp4", "Save tides.mp4 as")
        await dialog.press(*"y")
        await dialog.shows("/nofolder/x.mp4y")
        assert (dialog.answer, dialog.app.leaked) == (NOT_YET, 0)
        (tmp_path / "new").mkdir()
        screen.query_one(TextField).value = f"{tmp_path}/new/"
        await dialog.press("enter")
        assert await dialog.answers() == tmp_path / "new" / "tides.mp4"
    assert (tmp_path / "new" / "tides.mp4").read_bytes() == b"a video"
