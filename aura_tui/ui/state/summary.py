"""The summary of an ended job: its files and where they are, or why it failed and what to do next.

Facts in order, without colour or width. All texts are printable and bounded.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from aura_tui.format import words
from aura_tui.format.impact import pieces
from aura_tui.model.events import Artifact
from aura_tui.model.job import MAX_WARNINGS
from aura_tui.model.status import JobStatus
from aura_tui.model.text.plural import counted, plural
from aura_tui.model.text.sanitize import clean_line
from aura_tui.ui.state.cells import printable, printable_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from aura_tui.model.job import Job
    from aura_tui.service import PlannedStep, RetryPlan

FFMPEG_S_LOG = "FFmpeg's log"
JOB_S_LOG = "The job's log"
TAIL_LINES = 20
_TAIL_CHARS = 400
_SENTENCE_CHARS = 2000
# The engine's message on a cancel ends with its files, which are listed here anyway.
_KEPT = re.compile(r"; (kept: .*|\d+ files? (is|are) kept|no file was finished)\.?$", re.DOTALL)


class Tone(Enum):
    """How a fact is drawn."""

    PLAIN = "plain"
    MUTED = "muted"
    WARNING = "warning"
    ERROR = "error"
    ADVICE = "advice"
    QUOTE = "quote"  # quoted output


class Fact(NamedTuple):
    """One line of the summary. ``file`` is the file it names, if keys can act on it; ``size`` that
    file's size in words."""

    text: str
    tone: Tone = Tone.PLAIN
    label: str = ""
    size: str = ""
    file: Artifact | None = None


def facts(
    job: Job,
    *,
    plan: RetryPlan | None = None,
    log_tail: tuple[str, ...] = (),
    log_of: str = JOB_S_LOG,
    remote: bool = False,
    retry_key: str = "",
) -> tuple[Fact, ...]:
    """The summary of ``job``, which has ended.

    ``plan``: what a retry would do. ``log_tail``: the last lines of the log that ``log_of`` names.
    ``remote``: its paths are on another machine. ``retry_key``: the key that retries, if any.

    How it ended and after what time is in the header, which is always there.
    """
    said: Iterable[Fact]
    if job.status is JobStatus.SUCCEEDED:
        said = _succeeded(job, remote)
    elif job.status is JobStatus.FAILED:
        said = _failed(job, plan, _tail(log_tail, log_of), remote, retry_key)
    else:
        said = _cancelled(job, plan, remote, retry_key)
    return tuple(said)


# -- success


def _succeeded(job: Job, remote: bool) -> Iterator[Fact]:
    files = list(_made(job))
    yield from _listed(files, remote)
    if not files:
        yield Fact("The engine reported no file.", Tone.MUTED)
    yield from _warned(job)


def main_file(job: Job) -> Artifact | None:
    """The file to open of a job that succeeded: the video; None if the engine reported none."""
    return next((artifact for _, artifact in _made(job)), None)


def _made(job: Job) -> Iterator[tuple[str, Artifact]]:
    """The files with their kinds, the video first."""
    output = job.output
    known = {artifact.path: artifact for artifact in job.artifacts}
    told: set[str] = set()
    if output is not None and output.video_path:
        video = known.get(output.video_path) or Artifact(
            name=_name(output.video_path),
            path=output.video_path,
            type="video/mp4",
            size_bytes=output.size_bytes,
        )
        told.add(video.path)
        yield "video", video
    if output is not None and output.subtitle_path and output.subtitle_path not in told:
        captions = known.get(output.subtitle_path) or Artifact(
            name=_name(output.subtitle_path), path=output.subtitle_path, type="application/x-subrip"
        )
        told.add(captions.path)
        yield "captions", captions
    for artifact in job.artifacts:
        if artifact.path not in told:
            told.add(artifact.path)
            yield _kind(artifact), artifact


_KINDS = {
    "application/x-subrip": "captions",
    "text/vtt": "captions",
    "application/vnd.opentimelineio+zip": "timeline",
    "video": "video",
    "audio": "sound",
    "image": "picture",
}


def _kind(artifact: Artifact) -> str:
    media = artifact.type.partition("/")[0]
    return _KINDS.get(artifact.type) or _KINDS.get(media, "file")


# -- failure


def _failed(
    job: Job, plan: RetryPlan | None, tail: Iterable[Fact], remote: bool, retry_key: str
) -> Iterator[Fact]:
    said: set[str] = set()
    for problem in job.errors:
        said |= {_key(problem.message), _key(problem.remediation)}
    if job.message and _new(job.message, said):
        yield Fact(_sentence(job.message), Tone.ERROR)
    said.clear()
    for problem in job.errors:
        text = f"{clean_line(problem.code, 40)} {problem.message}"
        if _new(text, said):
            yield Fact(_sentence(text), Tone.ERROR)
        if _new(problem.remediation, said):
            yield Fact(_sentence(problem.remediation), Tone.ADVICE)
    if plan is not None:
        yield Fact(_planned(plan, retry_key))
    for action in job.suggested_actions:
        if not _new(action, said):
            continue
        if not (retry_key and action.startswith("aura-tui retry ")):
            yield Fact(_sentence(action), label="next")
        elif plan is None:  # no command where a key does it
            yield Fact(f"Press {retry_key} to retry.", label="next")
    if job.log_path:
        log = Artifact(name=_name(job.log_path), path=job.log_path, type="text/plain")
        yield Fact(printable_path(job.log_path), label="log", file=log)
        if remote:
            yield Fact("This path is on the server.", Tone.MUTED)
    yield from tail
    if job.artifacts:
        yield Fact(f"{counted(len(job.artifacts), 'file')} kept", Tone.PLAIN)
        yield from _listed([("", artifact) for artifact in job.artifacts], remote)
    yield from _warned(job)


def _tail(lines: tuple[str, ...], log_of: str) -> Iterator[Fact]:
    rows = [row for line in lines[-TAIL_LINES:] for row in _quoted(line)]
    if rows:
        yield Fact(f"{log_of} ends:", Tone.MUTED)
    for row in rows[-TAIL_LINES:]:
        yield Fact(row, Tone.QUOTE)


def _quoted(line: str) -> list[str]:
    return [row.rstrip() for row in printable(line, _TAIL_CHARS).split("\n") if row.strip()]


def _key(text: str) -> str:
    """A key that is equal for two spellings of a sentence."""
    return clean_line(text, _SENTENCE_CHARS).casefold().rstrip(". ")


def _new(text: str, said: set[str]) -> bool:
    """Whether ``text`` isn't in ``said`` yet; adds it."""
    key = _key(text)
    if not key or key in said:
        return False
    said.add(key)
    return True


# -- cancelled


def _cancelled(job: Job, plan: RetryPlan | None, remote: bool, retry_key: str) -> Iterator[Fact]:
    where = f" in {job.stage.title}" if job.stage is not None else ""
    files = words.kept(job)
    reason = _KEPT.sub("", job.message[:_SENTENCE_CHARS])
    if _key(reason) not in (_key(f"Cancelled{where}"), ""):
        yield Fact(_sentence(reason))
    if plan is not None:
        yield Fact(_planned(plan, retry_key))
    if not files:
        yield Fact("No file was finished.", Tone.MUTED)
    yield from _listed([("video" if words.is_video(each) else "", each) for each in files], remote)


# -- for every job


def plan_line(plan: RetryPlan) -> str:
    """What a retry reuses and about how long it takes, without a full stop."""
    if not plan.steps:  # unknown
        return "A retry may start from the beginning"
    reused = [text for step in plan.steps if (text := _reused(step))]
    what = f"A retry reuses {', '.join(reused)}" if reused else "A retry starts from the beginning"
    if plan.eta is None:
        return what
    left = words.time_left(plan.eta)
    return f"{what}; {'about ' if left[0].isdigit() else ''}{left}"


def _planned(plan: RetryPlan, key: str) -> str:
    text = plan_line(plan)
    return f"Press {key} to retry ({text.removeprefix('A retry ')})" if key else f"{text}."


def _reused(step: PlannedStep) -> str:
    title = step.stage.title
    if step.reused <= 0:
        return ""
    if step.total is not None and step.reused >= step.total:
        return title
    of_all = "" if step.total is None else f" of {step.total}"
    return f"{step.reused}{of_all} {pieces(step)} of {title}"


def _warned(job: Job) -> Iterator[Fact]:
    if job.warnings:
        count = len(job.warnings)
        more = " or more" if count >= MAX_WARNINGS else ""
        yield Fact(
            f"{count}{more} {plural(count, 'warning')}; see the log or the stages", Tone.WARNING
        )


def _listed(files: list[tuple[str, Artifact]], remote: bool) -> Iterator[Fact]:
    """A line for each file. A folder is named once, before its files; the video's folder is part
    of its path, which can be copied whole."""
    there = " on the server" if remote else ""
    lead = files[0][1] if files and files[0][0] == "video" else None
    folder = ""
    if lead is not None:
        folder = _folder(lead.path)
        yield _file(*files[0], lead.path)
        if remote:
            yield Fact("This path is on the server; Save as downloads it.", Tone.MUTED)
    rest = files if lead is None else files[1:]
    order = {_folder(artifact.path): None for _, artifact in rest}
    folders = sorted(order, key=lambda name: name != folder)  # stable: its folder first
    for name in folders:
        if name != folder or (lead is None and name):
            yield Fact(f"{printable_path(name) or 'no folder'}{there}", label="in")
        for kind, artifact in rest:
            if _folder(artifact.path) == name:
                yield _file(kind, artifact, artifact.path[len(name) :])


def _file(kind: str, artifact: Artifact, path: str) -> Fact:
    size = words.size(artifact.size_bytes) if artifact.size_bytes else "?"
    return Fact(printable_path(path or artifact.name), label=kind, size=size, file=artifact)


def _sentence(text: str) -> str:
    return printable(clean_line(text, _SENTENCE_CHARS))


def _folder(path: str) -> str:
    """The folder with its closing slash; "" if there is none."""
    return path[: path.rfind("/") + 1]


def _name(path: str) -> str:
    return path[path.rfind("/") + 1 :]


class SummaryDetails(NamedTuple):
    """Details looked up for one job. ``plan`` None: no retry, or unknown. ``log_tail`` are the last
    lines of FFmpeg's log if it ran and can be read, else of the job's own; ``log_of`` says
    which."""

    plan: RetryPlan | None = None
    log_tail: tuple[str, ...] = ()
    log_of: str = JOB_S_LOG
