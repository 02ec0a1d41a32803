"""The tables of the plain commands: jobs, one job, artifacts, findings, voices."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from aura_tui.format import words
from aura_tui.format.job_settings import settings_pairs
from aura_tui.model.job import since
from aura_tui.model.status import JobStatus, StepStatus
from aura_tui.model.text.sanitize import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aura_tui.doctor import Finding
    from aura_tui.model.events import Artifact
    from aura_tui.model.job import Job
    from aura_tui.providers.protocols import Voice

_STYLE = {
    JobStatus.SUCCEEDED: "green",
    JobStatus.FAILED: "red",
    JobStatus.CANCELED: "yellow",
    JobStatus.RUNNING: "cyan",
    JobStatus.PAUSED: "magenta",
}
_STEP_STYLE = {
    StepStatus.COMPLETED: "green",
    StepStatus.REUSED: "green",
    StepStatus.FAILED: "red",
    StepStatus.STARTED: "cyan",
    StepStatus.CANCELLED: "yellow",
}
_NO_JOBS = "No jobs yet. Create one with: aura-tui run FILE.md"
_GAP = 3  # cells between two columns
_MIN_TITLE = 10  # cells
_VERDICT_STYLE = {"ok": "green", "note": "yellow", "missing": "red"}


def _text(value: str, style: str = "") -> Text:
    """Text from any source, without control characters and markup."""
    return Text(one_line(value), style)


def console() -> Console:
    """The console for tables. Without a terminal: plain text, 500 columns wide."""
    out = Console(highlight=False, markup=False, emoji=False)
    return (
        out
        if sys.stdout.isatty()
        else Console(highlight=False, markup=False, emoji=False, width=500, no_color=True)
    )


def _table(*columns: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for name in columns:
        right = name in ("%", "Size", "Took")
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    return table


def _moment(at: datetime) -> str:
    return words.local_time(at) if words.is_known(at) else ""


def _status(job: Job, engine: bool) -> Text:
    """The status, followed by ``no engine`` if the job needs one and none is running."""
    idle = not engine and job.active
    warns = idle or job.interrupted
    return Text(
        job.word + (", no engine" if idle else ""),
        "yellow" if warns else _STYLE.get(job.status, ""),
    )


def print_jobs(jobs: Sequence[Job], *, engine: bool, none: str = "") -> None:
    """Print one line per job, newest first. ``engine``: whether one is running on this home.
    ``none``: the text if there are no jobs; "" if there are none at all."""
    out = console()
    out.print(_jobs(jobs, engine, out) if jobs else none or _NO_JOBS)


def jobs_text(jobs: Sequence[Job], *, engine: bool, none: str = "") -> str:
    """What :func:`print_jobs` prints, to draw in place."""
    out = console()
    with out.capture() as captured:
        out.print(_jobs(jobs, engine, out) if jobs else none or _NO_JOBS)
    return captured.get()


def job_line(job: Job, *, engine: bool) -> str:
    """One line about a job, for a list of changes."""
    stage = f"  {job.stage.title}" if job.stage else ""
    return f"{job.id}  {_status(job, engine)}  {int(job.percent)} %{stage}  {one_line(job.title)}"


def _jobs(jobs: Sequence[Job], engine: bool, out: Console) -> Table:
    """The table. On a terminal a title that doesn't fit its line is cut."""
    now = datetime.now(UTC)
    names = ("Job", "Status", "%", "Stage", "Age")
    rows = [
        (
            Text(job.id),
            _status(job, engine),
            Text(f"{int(job.percent)}"),
            Text(job.stage.title if job.stage else "-"),
            Text(words.age_of(since(job), now) or "-"),
        )
        for job in jobs
    ]
    widths = (
        max(len(name), *(row[column].cell_len for row in rows)) for column, name in enumerate(names)
    )
    left = max(_MIN_TITLE, out.width - sum(widths) - _GAP * len(names))
    table = _table(*names, "Title")
    for job, row in zip(jobs, rows, strict=True):
        title = _text(job.title)
        if out.is_terminal:
            title.truncate(left, overflow="ellipsis")
        table.add_row(*row, title)
    return table


def print_job(job: Job, *, engine: bool) -> None:
    """Print everything about one job. ``engine``: whether one is running on this home."""
    out = console()
    out.print(_text(job.title, "bold"))
    facts = [
        ("Job", job.id + (f"  (retry of {job.retry_of})" if job.retry_of else "")),
        ("Status", f"{_status(job, engine)}, {int(job.percent)} %"),
        ("Attempt", str(job.attempt)),
        ("Created", _moment(job.created_at)),
        ("Elapsed", words.duration(active_s) if (active_s := words.active_s(job)) else ""),
        ("Correlation", job.correlation_id),
        ("Video", words.length(job.output) if job.output is not None else ""),
        ("Message", job.message),
        ("Log", job.log_path),
    ]
    for name, value in facts:
        if value:
            out.print(Text.assemble((f"{name:12}", "dim"), _text(value)))
    if job.interrupted or (not engine and not job.status.ended):
        verb = "watch" if job.active else "resume"
        out.print(Text.assemble((f"{'Resume':12}", "dim"), f"aura-tui {verb} {job.id}"))
    if settings := settings_pairs(job):
        out.print(Text("Settings", "bold"))
        for name, value in settings:
            out.print(Text.assemble((f"  {name:14}", "dim"), _text(value)))
    table = _table("Stage", "State", "%", "Took", "")
    for step in job.steps:
        took = words.duration(step.duration_ms / 1000) if step.duration_ms is not None else ""
        table.add_row(
            step.stage.title,
            Text(words.step_word(step, job), _STEP_STYLE.get(step.status, "dim")),
            "-" if step.percent is None else f"{int(step.percent)}",
            took,
            _text(step.message),
        )
    out.print(table)
    for warning in job.warnings:
        out.print(Text.assemble(("warning  ", "yellow"), _text(warning)))
    for problem in job.errors:
        code = f" [{problem.code}]" if problem.code else ""
        out.print(Text.assemble(("error    ", "red"), _text(f"{problem.message}{code}")))
        if problem.remediation:
            out.print(Text("         ") + _text(problem.remediation))
    if job.artifacts:
        print_artifacts(job.artifacts)


def print_artifacts(artifacts: Iterable[Artifact]) -> None:
    """Print names, sizes, types and paths."""
    table = _table("Artifact", "Size", "Type", "Path")
    for artifact in artifacts:
        table.add_row(
            _text(artifact.name),
            words.size(artifact.size_bytes),
            _text(artifact.type),
            _text(artifact.path),
        )
    console().print(table)


def print_findings(findings: Sequence[Finding]) -> None:
    """Print the doctor's findings."""
    out = console()
    for finding in findings:
        style = _VERDICT_STYLE[finding.verdict]
        out.print(
            Text.assemble(
                (f"{finding.verdict:8}", style), f"{finding.name:15}", _text(finding.detail)
            )
        )
        if finding.advice:
            out.print(Text(" " * 23) + _text(finding.advice, "dim"))


def print_voices(voices: Sequence[Voice]) -> None:
    """Print one line per voice."""
    table = _table("Voice", "Language", "Provider", "")
    for voice in voices:
        table.add_row(*map(_text, (voice.name, voice.language, voice.provider, voice.description)))
    console().print(table)
