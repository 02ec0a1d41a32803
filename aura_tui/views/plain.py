"""``--progress plain``: lines for pipes and CI logs. Prints changes only, one fact per line.

The first column names the subject (a stage, the job's state, ``warning``, ``error``,
``artifact``); the text always starts at the same column. Nothing moves the cursor.
"""

from __future__ import annotations

import os
from contextlib import aclosing
from datetime import timedelta
from typing import TYPE_CHECKING

from aura_tui.format import words
from aura_tui.model import events as ev
from aura_tui.model.job import INTERRUPTED
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
from aura_tui.model.text.sanitize import clean_line, one_line
from aura_tui.system.output import StreamWriter
from aura_tui.views.fold import follow

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping
    from datetime import datetime
    from typing import TextIO

    from aura_tui.model.job import Job
    from aura_tui.service import JobService

_COLUMN = 13
_WAITED = (JobStatus.PAUSED.word, INTERRUPTED)
_EVERY_PERCENT = 10
_EVERY = timedelta(seconds=5)

# SGR codes by the first column: only on a terminal, and only in addition to the word.
_SGR = {"warning": "33", "error": "31", "failed": "31", "succeeded": "32", "cancelled": "33"}


async def follow_plain(
    service: JobService,
    job_id: str,
    out: TextIO,
    *,
    after: int | None = None,
    environ: Mapping[str, str] | None = None,
) -> Job:
    """Print the changes of events with an id above ``after``, until the job ends.

    Returns the job after the last event. Raises OutputError if ``out`` can't be written.
    """
    environ = os.environ if environ is None else environ
    colour = out.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
    lines, writer = PlainLines(), StreamWriter(out)
    job = await service.get(job_id)
    async with aclosing(follow(service, job_id)) as followed:
        async for job, envelope in followed:
            texts = [*lines.lines(job, envelope)]
            if texts and envelope.id > (after or 0):
                text = "".join(_coloured(line, colour) for line in texts)
                await writer.write(text.encode(out.encoding or "utf-8", "backslashreplace"))
    return job


class PlainLines:
    """Makes the lines for each event. Uses only the events' times: the same run prints the same."""

    def __init__(self) -> None:
        self._word = ""  # of its state, "" before the first event
        self._reported: dict[Stage, tuple[int | None, int, datetime]] = {}
        self._problems: set[tuple[str, str]] = set()

    def lines(self, job: Job, envelope: ev.Envelope) -> Iterator[str]:
        """The lines for ``envelope``, given the job after it; without newlines."""
        if job.last_event_id != envelope.id:
            return  # an old or invalid event, which changed nothing
        event = envelope.event
        if not self._word:
            yield from _begin(job)
        if isinstance(event, ev.StepStatusChanged):
            yield from self._step_status(event)
        elif isinstance(event, ev.StepProgressed):
            yield from self._step_progress(job, event)
        elif isinstance(event, ev.StepErred):
            text = f"{event.step.title}: {_problem(event.code, event.message, event.remediation)}"
            self._problems.add((event.code, event.message))
            yield _line("error", text)
        elif isinstance(event, ev.Warned):
            where = f"{event.step.title}: " if event.step is not None else ""
            yield _line("warning", where + event.message)
        elif isinstance(event, ev.JobLogged) and event.severity != "info":
            yield _line(event.severity, event.message)
        elif isinstance(event, ev.ArtifactMade):
            yield _artifact(event.name, event.path, event.size_bytes)
        if job.word != self._word:
            resumed = self._word in _WAITED and job.word == JobStatus.RUNNING.word
            self._word = job.word
            if job.status.ended:
                yield from end_lines(job, shown=self._problems)
            else:
                yield "resumed" if resumed else job.word

    def _step_status(self, event: ev.StepStatusChanged) -> Iterator[str]:
        text = "started" if event.status is StepStatus.STARTED else words.STEP_WORDS[event.status]
        if event.status is StepStatus.STARTED and event.attempt > 1:
            text += f" again, attempt {event.attempt}"
        length_s = words.seconds(event.duration_ms)
        if length_s is not None and event.status in (StepStatus.COMPLETED, StepStatus.FAILED):
            text += f" in {words.took(length_s)}"
        self._reported.pop(event.step, None)
        yield _line(event.step.title, text)

    def _step_progress(self, job: Job, event: ev.StepProgressed) -> Iterator[str]:
        step = job.step(event.step)
        # An engine that reports only the job's percent: show that.
        known = step.percent is not None
        at_percent = step.percent if step.percent is not None else job.percent
        tenth = int(at_percent // _EVERY_PERCENT)
        now = event.timestamp
        # If items are done in any order, print when one is done, not when it starts.
        at = step.item if step.done is None else step.done
        item, last_tenth, last_at = self._reported.get(event.step, (None, -1, now))
        if at == item and tenth == last_tenth and now - last_at < _EVERY:
            return
        self._reported[event.step] = (at, tenth, now)
        percent = words.percent(at_percent) + ("" if known else " of the job")
        parts = [percent, words.current(step)]
        if step.metrics is not None and step.metrics.fps is not None:
            parts.append(f"{step.metrics.fps:.0f} fps")
        over = step.stage is Stage.RENDERING and at_percent >= 100
        if job.eta is not None and not over:
            parts.append(f"{words.time_left(job.eta)} left, {words.basis(job.eta)}")
        yield _line(event.step.title, "  ".join(part for part in parts if part))


def _begin(job: Job) -> Iterator[str]:
    yield _line("job", f"{job.id}  {clean_line(job.title)}")
    if job.correlation_id:
        yield _line("correlation", job.correlation_id)
    if job.retry_of or job.attempt > 1:
        yield _line(
            "attempt", f"{job.attempt}" + (f", retry of {job.retry_of}" if job.retry_of else "")
        )


def end_lines(job: Job, shown: Container[tuple[str, str]] = ()) -> Iterator[str]:
    """The lines about an ended job, at the end of plain output and after the board.

    ``shown``: code and message of the errors to leave out.
    """
    word = words.JOB_WORDS[job.status]
    length = f"after {words.took(words.active_s(job))}"
    if job.status is JobStatus.SUCCEEDED:
        yield _line(word, length)
        if job.output is not None and job.output.subtitle_path:
            yield _line("captions", job.output.subtitle_path)
        if job.output is not None and job.output.video_path:
            output = job.output
            parts = (output.video_path, words.size(output.size_bytes), words.length(output))
            yield _line("video", "  ".join(part for part in parts if part))
        return
    where = f" in {job.stage.title}" if job.stage is not None else ""
    yield _line(word, f"{length}{where}" + (f": {clean_line(job.message)}" if job.message else ""))
    for problem in job.errors:
        if (problem.code, problem.message) not in shown:
            yield _line("error", _problem(problem.code, problem.message, problem.remediation))
    if job.status is JobStatus.CANCELED:
        for file in words.kept(job):
            yield _artifact(file.name, file.path, file.size_bytes, "kept")
        yield _line("next", f"aura-tui retry {job.id}  (reuses finished work)")
    if job.log_path:
        yield _line("log", job.log_path)
    for action in job.suggested_actions:
        yield _line("next", action)


def _artifact(name: str, path: str, size_bytes: int, word: str = "artifact") -> str:
    return _line(word, f"{clean_line(name)}  {words.size(size_bytes)}  {path}")


def _problem(code: str, message: str, remediation: str) -> str:
    text = " ".join(part for part in (code, message) if part)
    return f"{text} -> {remediation}" if remediation else text


def _line(subject: str, text: str) -> str:
    """One line, without the text's newlines; never cut."""
    return f"{subject:<{_COLUMN}}{one_line(text)}"


def _coloured(line: str, colour: bool) -> str:
    sgr = _SGR.get(line.split(" ", 1)[0]) if colour else None
    return f"\x1b[{sgr}m{line}\x1b[0m\n" if sgr else f"{line}\n"
