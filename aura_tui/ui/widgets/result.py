"""How the run ended: what was made and where it lies, or why it failed and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from aura_tui.model.status import JobStatus
from aura_tui.model.text import clean_line
from aura_tui.ui import bindings, phrases
from aura_tui.ui.theme import MUTED
from aura_tui.ui.widgets.header import STATUS_STYLE
from aura_tui.ui.widgets.painted import drawable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from aura_tui.model.job import Job
    from aura_tui.ui.glyphs import Glyphs

_LABEL = 10


class ResultPanel(VerticalScroll, can_focus=True):
    """Its text can be selected with the mouse; paths are never cut."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings.RESULT]

    def __init__(self) -> None:
        super().__init__()
        self._text = Static(markup=False)

    def compose(self) -> ComposeResult:
        yield self._text

    def show(self, job: Job, glyphs: Glyphs) -> None:
        """Draw how ``job``, which has ended, ended."""
        self._text.update(drawable(Content("\n").join(lines(job, glyphs)), glyphs))


def lines(job: Job, glyphs: Glyphs) -> Iterator[Content]:
    """What the panel says, a fact a line."""
    after = phrases.took(phrases.active_s(job))
    where = f" in {job.stage.title}" if job.stage is not None else ""
    head = {
        JobStatus.SUCCEEDED: f"Succeeded after {after}",
        JobStatus.FAILED: f"Failed{where} after {after}",
        JobStatus.CANCELED: f"Cancelled{where} after {after}",
    }.get(job.status, phrases.JOB_WORDS[job.status])
    yield Content.styled(f"{glyphs.job(job.status)} {head}", f"bold {STATUS_STYLE[job.status]}")
    if job.status is JobStatus.SUCCEEDED:
        yield from _made(job)
    elif job.status is JobStatus.FAILED:
        yield from _why(job, glyphs)
    else:
        if job.message:
            yield Content(clean_line(job.message, 4000))
        yield from _kept(job)
    if job.warnings and job.status is JobStatus.SUCCEEDED:
        count = len(job.warnings)
        text = f"{glyphs.warning} {count} warning{'s' if count > 1 else ''}; see the stages"
        yield Content.styled(text, "$warning")


def _made(job: Job) -> Iterator[Content]:
    output = job.output
    told: set[str] = set()
    if output is not None and output.video_path:
        yield _fact("video", output.video_path, output.size_bytes)
        told.add(output.video_path)
    if output is not None and output.subtitle_path:
        known = {artifact.path: artifact.size_bytes for artifact in job.artifacts}
        yield _fact("captions", output.subtitle_path, known.get(output.subtitle_path, 0))
        told.add(output.subtitle_path)
    beside = _folder(output.video_path) if output is not None else ""
    for artifact in job.artifacts:
        if artifact.path not in told:
            same = beside and _folder(artifact.path) == beside
            name = artifact.path[len(beside) :] if same else artifact.path
            yield _fact("also", name, artifact.size_bytes)


def _why(job: Job, glyphs: Glyphs) -> Iterator[Content]:
    said = {problem.message for problem in job.errors}
    if job.message and job.message not in said:
        yield Content.styled(clean_line(job.message, 4000), "$error")
    for problem in job.errors:
        code = clean_line(problem.code, 40)
        yield Content.styled(f"{code} {clean_line(problem.message, 4000)}".strip(), "$error")
        if problem.remediation:
            yield Content(f"{glyphs.arrow} {clean_line(problem.remediation, 4000)}")
    if job.log_path:
        yield _fact("log", job.log_path)
    for action in job.suggested_actions:
        yield _fact("next", action)


def _kept(job: Job) -> Iterator[Content]:
    if not job.artifacts:
        yield Content.styled("No finished file was there to keep.", MUTED)
    folder = ""
    for artifact in job.artifacts:
        if _folder(artifact.path) != folder:
            folder = _folder(artifact.path)
            yield _fact("kept in", folder)
        yield _fact("", artifact.path[len(folder) :], artifact.size_bytes)


def _folder(path: str) -> str:
    """With its closing slash; "" where there is none."""
    return path[: path.rfind("/") + 1]


def _fact(label: str, text: str, size_bytes: int | None = None) -> Content:
    """The path comes last: so it is whole on its lines, to be selected. Unknown sizes are 0."""
    size = "" if size_bytes is None else phrases.size(size_bytes) if size_bytes else "?"
    column = f"{size:>8}  " if size else ""
    return Content.assemble((f"{label:<{_LABEL}}{column}", MUTED), clean_line(text, 4000))
