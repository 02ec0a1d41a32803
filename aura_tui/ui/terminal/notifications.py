"""Notifications for ended jobs and stages, and progress in title and taskbar.

Gets jobs before and after a change, and returns the sequences to write; it writes nothing itself.
At most one notice and one change of title and progress per second: pending notices are merged, and
of progress the newest counts.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from aura_tui.format import words
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
from aura_tui.model.text.sanitize import clean_line
from aura_tui.ui.terminal import osc
from aura_tui.ui.terminal.capabilities import Popup

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aura_tui.model.job import Job
    from aura_tui.settings import BoardSettings
    from aura_tui.ui.terminal.capabilities import Capabilities

INTERVAL_S = 1.0
APP = "aura-tui"


class _Notice(NamedTuple):
    text: str
    outcome: str  # "succeeded", "failed", "cancelled", or "" for a stage


class Notifications:
    """Collects notifications for the terminal. ``now_s`` is a monotonic clock."""

    _has_title = False

    def __init__(self, settings: BoardSettings, capabilities: Capabilities) -> None:
        self._settings = settings
        self._history: dict[str, int] = {}
        self._waiting: list[_Notice] = []
        self._noticed_at = float("-inf")
        self._wanted = (APP, osc.progress(osc.Progress.NONE))
        self._shown = ("", osc.progress(osc.Progress.NONE))
        self._shown_at = float("-inf")
        self.capable(capabilities)

    def capable(self, capabilities: Capabilities) -> None:
        """Set what the terminal supports; a title that it can restore shows from now on."""
        settings = self._settings
        self._shown = ("", self._shown[1]) if not self._has_title else self._shown
        self._through = capabilities.through
        self._popup = capabilities.popup if settings.desktop == "auto" else Popup(settings.desktop)
        self._has_title = settings.title and capabilities.title
        self._has_progress = settings.taskbar and capabilities.progress

    def known(self, jobs: Iterable[Job]) -> None:
        """Set the jobs as of the first look: their events up to now aren't news, even if they are
        replayed."""
        for job in jobs:
            self._history[job.id] = max(job.last_event_id, self._history.get(job.id, 0))

    def changed(self, before: Job | None, after: Job) -> None:
        """Note that a job changed to ``after``. ``before`` None: an unknown job, no news."""
        if (
            self._settings.notify == "off"
            or before is None
            or after.last_event_id <= self._history.get(after.id, 0)
        ):
            return
        if after.status.ended:
            if not before.status.ended:
                outcome = words.JOB_WORDS[after.status]
                self._waiting.append(_Notice(_ending(after), outcome))
        elif self._settings.notify == "stage":
            self._waiting += [
                _Notice(f"{step.stage.title} done: {_about(after, step.duration_ms)}", "")
                for was, step in zip(before.steps, after.steps, strict=True)
                # The last stage ends the job, which has its own notice.
                if step.stage is not Stage.RENDERING
                and step.status is StepStatus.COMPLETED
                and was.status is not StepStatus.COMPLETED
            ]

    @property
    def waiting(self) -> bool:
        """Whether there are unsent notifications."""
        return bool(self._waiting)

    def foreground(self, job: Job | None) -> None:
        """Set the job whose progress title and taskbar show; None: none."""
        self._wanted = (_title(job), _progress(job))

    def take(self, now_s: float) -> list[str]:
        """The sequences to write now."""
        sequences: list[str] = []
        if self._wanted != self._shown and now_s >= self._shown_at + INTERVAL_S:
            sequences += self._show()
            self._shown_at = now_s
        if self._waiting and now_s >= self._noticed_at + INTERVAL_S:
            sequences += self._notice()
            self._noticed_at = now_s
        return sequences

    def due_s(self, now_s: float) -> float | None:
        """Seconds until :meth:`take` has something; None: not before a new change."""
        due = [self._noticed_at] if self._waiting else []
        if self._wanted != self._shown:
            due.append(self._shown_at)
        return max(0.0, min(due) + INTERVAL_S - now_s) if due else None

    def close(self) -> list[str]:
        """Send pending notifications, and restore title and taskbar."""
        sequences = self._notice() if self._waiting else []
        title, progress = self._shown
        nothing = osc.progress(osc.Progress.NONE)
        if self._has_progress and progress != nothing:
            sequences.append(osc.wrapped(nothing, self._through))
        if self._has_title and title:
            sequences.append(osc.RESTORE_TITLE)
        self._wanted = self._shown = ("", nothing)
        return sequences

    def _show(self) -> list[str]:
        (old_title, old_progress), (title, progress) = self._shown, self._wanted
        self._shown = self._wanted
        sequences: list[str] = []
        if self._has_title and title != old_title:
            sequences += [osc.SAVE_TITLE] if not old_title else []
            sequences.append(osc.title(title))
        if self._has_progress and progress != old_progress:
            sequences.append(osc.wrapped(progress, self._through))
        return sequences

    def _notice(self) -> list[str]:
        waiting, self._waiting = self._waiting, []
        # The end of a job outranks a stage of another one.
        notices = [notice for notice in waiting if notice.outcome] or waiting[-1:]
        text = notices[0].text
        if len(notices) > 1:
            counts = Counter(notice.outcome for notice in notices)
            parts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
            text = f"{len(notices)} jobs ended: {parts}"
        sequences = [osc.BELL] if self._settings.bell else []
        if self._popup is not Popup.NONE:
            sequences.append(osc.wrapped(osc.popup(self._popup, APP, text), self._through))
        return sequences


def _ending(job: Job) -> str:
    word = words.JOB_WORDS[job.status].capitalize()
    if job.status is not JobStatus.SUCCEEDED and job.stage is not None:
        word += f" in {job.stage.title}"
    return f"{word}: {_about(job, int(words.active_s(job) * 1000))}"


def _about(job: Job, duration_ms: int | None) -> str:
    name = clean_line(job.title, 120)
    return name if duration_ms is None else f"{name}, {words.duration(duration_ms / 1000)}"


def _title(job: Job | None) -> str:
    if job is None:
        return APP
    state = {JobStatus.RUNNING: "", JobStatus.PAUSED: f"{job.word} "}.get(job.view_status)
    if state is None:
        return f"{APP} {words.JOB_WORDS[job.status]} {clean_line(job.title, 120)}"
    return f"{APP} {state}{int(job.percent)} % {clean_line(job.title, 120)}"


def _progress(job: Job | None) -> str:
    states = {
        JobStatus.RUNNING: osc.Progress.NORMAL,
        JobStatus.PAUSED: osc.Progress.PAUSED,
        JobStatus.FAILED: osc.Progress.ERROR,
    }
    state = states.get(job.view_status, osc.Progress.NONE) if job is not None else osc.Progress.NONE
    percent = int(job.percent) if job is not None and state is not osc.Progress.NONE else 0
    return osc.progress(state, percent)
