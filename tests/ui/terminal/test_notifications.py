"""What is told, when, and how often."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from aura_tui.model.job import Job
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
from aura_tui.settings import BoardSettings
from aura_tui.ui.terminal import osc
from aura_tui.ui.terminal.capabilities import detect
from aura_tui.ui.terminal.notifications import Notifications
from tests.ui.recordings import BEGIN

GHOSTTY = {"TERM": "xterm-ghostty"}
PLAIN = {"TERM": "xterm-256color"}
OSC9 = "\x1b]9;Succeeded: How a solar sail works, 2:31\x1b\\"


def job(status: JobStatus = JobStatus.RUNNING, event: int = 5, **fields: Any) -> Job:
    defaults: dict[str, Any] = {"id": "01A", "title": "How a solar sail works", "elapsed_s": 151.0}
    return Job(
        **{
            **defaults,
            "correlation_id": "c",
            "created_at": BEGIN,
            "queued_at": BEGIN,
            "status": status,
            "last_event_id": event,
            **fields,
        }
    )


def ended(before: Job, status: JobStatus = JobStatus.SUCCEEDED, **fields: Any) -> Job:
    return msgspec.structs.replace(
        before, status=status, last_event_id=before.last_event_id + 1, **fields
    )


def quiet(**settings: Any) -> BoardSettings:
    """Without title and progress, so that only notices show."""
    return BoardSettings(title=False, taskbar=False, **settings)


def popup(text: str) -> str:
    return f"\x1b]777;notify;aura-tui;{text}\x1b\\"


def test_the_end_of_a_job_rings_and_pops_up_once() -> None:
    notices = Notifications(quiet(), detect(GHOSTTY))
    running = job()
    notices.changed(running, ended(running))
    assert notices.take(10.0) == ["\x07", popup("Succeeded: How a solar sail works, 2:31")]
    notices.changed(ended(running), ended(running))
    assert notices.take(20.0) == []
    assert notices.due_s(20.0) is None


def test_a_failure_says_its_stage() -> None:
    notices = Notifications(quiet(bell=False), detect(GHOSTTY))
    running = job()
    notices.changed(running, ended(running, JobStatus.FAILED, stage=Stage.VOICE))
    assert notices.take(0.0) == [popup("Failed in Voice: How a solar sail works, 2:31")]


def test_history_that_is_played_again_is_no_news() -> None:
    notices = Notifications(quiet(), detect(GHOSTTY))
    running = job(event=5)
    notices.known([ended(running)])
    notices.changed(running, ended(running))
    assert notices.take(0.0) == []


def test_a_job_that_was_never_seen_running_is_no_news() -> None:
    notices = Notifications(quiet(), detect(GHOSTTY))
    notices.changed(None, ended(job()))
    assert notices.take(0.0) == []


def test_what_happens_after_the_first_look_is_news() -> None:
    notices = Notifications(quiet(bell=True, desktop="off"), detect(GHOSTTY))
    running = job(event=5)
    notices.known([running])
    notices.changed(running, ended(running))
    assert notices.take(0.0) == ["\x07"]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (quiet(notify="off"), []),
        (quiet(bell=False, desktop="off"), []),
        (quiet(desktop="off"), ["\x07"]),
        (
            quiet(bell=False, desktop="osc9"),
            [OSC9],
        ),
        # "auto" in a terminal of which nothing is known: the bell alone.
        (quiet(), ["\x07"]),
    ],
)
def test_each_kind_can_be_set(settings: BoardSettings, expected: list[str]) -> None:
    notices = Notifications(settings, detect(PLAIN))
    notices.changed(job(), ended(job()))
    assert notices.take(0.0) == expected


def with_step(before: Job, stage: Stage, status: StepStatus, **fields: Any) -> Job:
    steps = tuple(
        msgspec.structs.replace(step, status=status, duration_ms=12_400)
        if step.stage is stage
        else step
        for step in before.steps
    )
    return msgspec.structs.replace(
        before, steps=steps, last_event_id=before.last_event_id + 1, **fields
    )


def test_the_end_of_a_stage_is_told_only_where_asked_for() -> None:
    for notify, expected in (
        ("stage", [popup("Voice done: How a solar sail works, 0:12")]),
        ("job", []),
    ):
        notices = Notifications(quiet(bell=False, notify=notify), detect(GHOSTTY))
        running = job()
        notices.changed(running, with_step(running, Stage.VOICE, StepStatus.COMPLETED))
        assert notices.take(0.0) == expected


@pytest.mark.parametrize("status", [StepStatus.REUSED, StepStatus.SKIPPED, StepStatus.STARTED])
def test_a_stage_that_did_no_work_is_not_told(status: StepStatus) -> None:
    notices = Notifications(quiet(notify="stage"), detect(GHOSTTY))
    notices.changed(job(), with_step(job(), Stage.VOICE, status))
    assert notices.take(0.0) == []


def test_the_last_stage_and_the_end_are_one_notice() -> None:
    notices = Notifications(quiet(bell=False, notify="stage"), detect(GHOSTTY))
    running = job()
    rendered = with_step(running, Stage.RENDERING, StepStatus.COMPLETED)
    notices.changed(running, rendered)
    notices.changed(rendered, ended(rendered))
    assert notices.take(0.0) == [popup("Succeeded: How a solar sail works, 2:31")]
    assert notices.due_s(0.0) is None


def test_many_ends_at_once_are_one_notice() -> None:
    notices = Notifications(quiet(), detect(GHOSTTY))
    first = job(id="0")
    notices.changed(first, ended(first))
    assert len(notices.take(0.0)) == 2
    for n in range(50):
        running = job(id=str(n))
        status = JobStatus.FAILED if n < 3 else JobStatus.CANCELED
        notices.changed(running, ended(running, status))
        assert notices.take(0.5) == []
    assert notices.due_s(0.5) == pytest.approx(0.5)
    assert notices.take(1.0) == ["\x07", popup("50 jobs ended: 47 cancelled, 3 failed")]


def test_title_and_progress_follow_the_whole_percent_at_most_once_a_second() -> None:
    notices = Notifications(BoardSettings(), detect(GHOSTTY))
    notices.foreground(job(percent=42.9))
    assert notices.take(0.0) == [
        osc.SAVE_TITLE,
        "\x1b]2;aura-tui 42 % How a solar sail works\x1b\\",
        "\x1b]9;4;1;42\x1b\\",
    ]
    notices.foreground(job(percent=42.99))
    assert notices.take(5.0) == []
    assert notices.due_s(5.0) is None
    notices.foreground(job(percent=43.0))
    assert len(notices.take(5.0)) == 2
    notices.foreground(job(percent=44.0))
    assert notices.take(5.9) == []
    assert notices.due_s(5.9) == pytest.approx(0.1)
    assert "\x1b]9;4;1;44\x1b\\" in notices.take(6.0)


@pytest.mark.parametrize(
    ("shown", "title", "progress"),
    [
        (
            job(JobStatus.PAUSED, percent=30.0),
            "aura-tui paused 30 % How a solar sail works",
            "4;30",
        ),
        (job(JobStatus.FAILED, percent=30.0), "aura-tui failed How a solar sail works", "2;30"),
        (job(JobStatus.SUCCEEDED), "aura-tui succeeded How a solar sail works", "0;0"),
        (job(JobStatus.QUEUED), "aura-tui queued How a solar sail works", "0;0"),
        (None, "aura-tui", "0;0"),
    ],
)
def test_every_state_has_its_title_and_its_progress(
    shown: Job | None, title: str, progress: str
) -> None:
    notices = Notifications(BoardSettings(), detect(GHOSTTY))
    notices.foreground(job(percent=10.0))
    notices.take(0.0)
    notices.foreground(shown)
    assert notices.take(1.0) == [f"\x1b]2;{title}\x1b\\", f"\x1b]9;4;{progress}\x1b\\"]


def test_at_the_end_the_terminal_is_as_it_was() -> None:
    notices = Notifications(BoardSettings(), detect(GHOSTTY))
    notices.foreground(job(percent=42.0))
    notices.take(0.0)
    assert notices.close() == ["\x1b]9;4;0;0\x1b\\", osc.RESTORE_TITLE]
    assert notices.close() == []


def test_what_was_never_set_is_not_restored() -> None:
    notices = Notifications(BoardSettings(title=False, taskbar=False), detect(GHOSTTY))
    notices.foreground(job(percent=42.0))
    assert notices.take(0.0) == []
    assert notices.close() == []


def test_a_terminal_without_a_window_is_sent_the_bell_alone() -> None:
    notices = Notifications(BoardSettings(), detect({"TERM": "linux", "KITTY_WINDOW_ID": "1"}))
    notices.foreground(job(percent=42.0))
    notices.changed(job(), ended(job()))
    assert notices.take(0.0) == ["\x07"]
    assert notices.close() == []


def test_in_tmux_the_bell_and_the_title_are_tmuxs_own_and_the_rest_is_wrapped() -> None:
    notices = Notifications(BoardSettings(), detect({**GHOSTTY, "TMUX": "/tmp/x,1,0"}))
    notices.foreground(job(percent=42.0))
    notices.changed(job(), ended(job()))
    _, title, progress, bell, popped = notices.take(0.0)
    assert title.startswith("\x1b]2;")
    assert bell == "\x07"
    assert progress.startswith("\x1bPtmux;\x1b\x1b]9;4;")
    assert popped.startswith("\x1bPtmux;\x1b\x1b]777;")
