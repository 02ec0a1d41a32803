"""The texts of views: times, sizes, ranges, states. Plain text: no colours, widths or glyphs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aura_tui.model import eta as eta_
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
from aura_tui.model.text.local_time import local
from aura_tui.model.text.plural import counted, plural
from aura_tui.model.text.sanitize import clean_line

if TYPE_CHECKING:
    from datetime import datetime

    from aura_tui.model.events import Artifact, Metrics, Output, StepProgressed
    from aura_tui.model.job import Eta, Job, Step

JOB_WORDS = {status: status.word for status in JobStatus}
_NAMED = 4  # items in progress
AGES = ((86_400, "d"), (3600, "h"), (60, "m"))  # seconds of a unit
STEP_WORDS = {
    StepStatus.PENDING: "waiting",
    StepStatus.STARTED: "running",
    StepStatus.COMPLETED: "done",
    StepStatus.FAILED: "failed",
    StepStatus.SKIPPED: "skipped",
    StepStatus.REUSED: "reused",
    StepStatus.CANCELLED: "cancelled",
}


def duration(seconds: float) -> str:
    """``0:07``, ``12:07``, ``1:02:03``; never rounded up."""
    return eta_.clock(seconds)


def length(output: Output) -> str:
    """Length of the video, with the target if it differs: ``1:23 (target 1:30)``. "" if the engine
    doesn't report it."""
    made_s = output.duration_seconds
    return duration(made_s) + target(output) if made_s and made_s > 0 else ""


def target(output: Output) -> str:
    """`` (target 1:30)`` if the target differs from the video's length by a second or more."""
    made_s, asked_s = output.duration_seconds, output.asked_seconds
    differs = made_s and asked_s and abs(made_s - asked_s) >= 1.0
    return f" (target {duration(asked_s)})" if differs and asked_s else ""


def took(seconds: float) -> str:
    """A measured time, with tenths if it is short: ``0.7 s``, ``12:07``."""
    return f"{max(0.0, seconds):.1f} s" if seconds < 9.95 else duration(seconds)


def usual(seconds: float) -> str:
    """A usual time in whole seconds: ``0:09``; ``<1 s`` below one second."""
    return duration(seconds) if seconds >= 1 else "<1 s"


def lasting(seconds: float) -> str:
    """How long something has lasted, in one unit, never rounded up: ``40 s``, ``2 min``, ``3 h``.

    Counts in seconds up to two minutes.
    """
    whole = int(max(0.0, seconds))
    for unit_s, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if whole >= 2 * unit_s:
            return f"{whole // unit_s} {unit}"
    return f"{whole} s"


def as_of(age_s: float | None) -> str:
    """The age of what is shown: ``as of 40 s ago``; "" below 2 s, or if it is up to date (None)."""
    return f"as of {lasting(age_s)} ago" if age_s is not None and age_s >= 2 else ""


def age(seconds: float) -> str:
    """How long ago, in one unit, never rounded up: ``<1 m``, ``3 m``, ``2 h``, ``5 d``, ``3 y``.

    Without seconds: a column of them would change all the time.
    """
    whole = int(max(0.0, seconds))
    if whole >= 1000 * 86_400:
        return f"{min(whole // 31_557_600, 999)} y"
    for size, unit in AGES:
        if whole >= size:
            return f"{whole // size} {unit}"
    return "<1 m"


def is_known(at: datetime) -> bool:
    """Whether the time is known: an unknown one is the epoch."""
    return at.year > 1970


def age_of(at: datetime, now: datetime) -> str:
    """As :func:`age`; "" for an unknown time."""
    return age((now - at).total_seconds()) if is_known(at) else ""


def local_time(at: datetime, *, milliseconds: bool = False) -> str:
    """A time in the local zone, with its offset: ``2026-01-31 18:26:57+01:00`` (RFC 3339)."""
    return local(at).isoformat(" ", "milliseconds" if milliseconds else "seconds")


def size(count: int) -> str:
    """``512 B``, ``1.2 KB``, ``14.2 MB``: decimal units (1 KB is 1000 B)."""
    value = float(count)
    for unit in ("B", "KB", "MB", "GB"):
        if value < (1000 if unit == "B" else 999.5):
            return f"{value:.0f} {unit}" if unit == "B" or value >= 99.95 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def time_left(eta: Eta | None) -> str:
    """The range, rounded to its precision: ``35-50 s``, ``4-6 min``, ``unknown``."""
    if eta is None:
        return "unknown"
    low, high = max(0.0, eta.low), max(0.0, eta.high)
    if high < 10:
        return "under 10 s"
    if high < 100:
        return _range(low / 5, high / 5, 5, "s")
    if high < 5700:
        return _range(low / 60, high / 60, 1, "min")
    if high < 360_000:
        halves_low, halves_high = round(low / 1800) / 2, round(high / 1800) / 2
        return _span(f"{halves_low:g}", f"{halves_high:g}", "h")
    return "days"


def _range(low: float, high: float, scale: int, unit: str) -> str:
    # Rounded outwards: a range must not be narrower than the estimate.
    floor, ceiling = int(low) * scale, -int(-high // 1) * scale
    return f"under {ceiling} {unit}" if not floor else _span(str(floor), str(ceiling), unit)


def _span(low: str, high: str, unit: str) -> str:
    return f"about {low} {unit}" if low == high else f"{low}-{high} {unit}"


def basis(eta: Eta) -> str:
    """What the range is based on."""
    if not eta.runs:
        return "based on current speed"
    return f"based on {counted(eta.runs, 'similar job')}"


def short_basis(eta: Eta) -> str:
    """As :func:`basis`, for narrow places."""
    return f"based on {counted(eta.runs, 'job')}" if eta.runs else "based on speed"


def percent(value: float | None) -> str:
    """``  7 %``, right-aligned in five cells; "" if unknown."""
    return "" if value is None else f"{int(value):3d} %"


def step_word(step: Step, job: Job) -> str:
    """The step's state in one word; a running step of a paused job is paused, of an interrupted
    one interrupted."""
    if step.status is StepStatus.STARTED and (job.status is JobStatus.PAUSED or job.interrupted):
        return job.word
    return STEP_WORDS[step.status]


def item(step: Step) -> str:
    """``3 of 8 scenes done``; without a count of these, ``scene 3 of 8``; "" if the stage has no
    items."""
    if step.done is not None and step.total:
        of = counted(step.total, _noun(step.stage))
        return f"{min(step.done, step.total)} of {of} done"
    return item_of(step.stage, step.item, step.total)


def short_item(step: Step) -> str:
    """As :func:`item`, for narrow places: ``139 of 300``."""
    if step.done is not None and step.total:
        return f"{min(step.done, step.total)} of {step.total}"
    return item(step)


def at_work(step: Step) -> str:
    """``scenes 3 and 8``: the items in progress, by their own numbers; "" if unknown."""
    names = [str(number) for number in step.active[:_NAMED]]
    if (more := len(step.active) - _NAMED) > 0:
        names.append(f"{more} more")
    if not names:
        return ""
    last = f" and {names[-1]}" if len(names) > 1 else names[-1]
    return f"{plural(len(names), _noun(step.stage))} {', '.join(names[:-1])}{last}"


def _noun(stage: Stage) -> str:
    return "part" if stage is Stage.COMPOSITION else "scene"


def item_of(stage: Stage, number: int | None, total: int | None) -> str:
    """As :func:`item`."""
    if number is None or not total:
        return ""
    return f"{_noun(stage)} {min(number, total)} of {total}"


def current(step: Step) -> str:
    """The step's activity on one line: its item, message and detail, without repetition."""
    now = f"now {numbers}" if (numbers := at_work(step)) else ""
    return _join(step, ["; ".join(part for part in (item(step), now) if part)])


def activity(step: Step) -> str:
    """As :func:`current`, without the item, which is shown elsewhere."""
    return _without_item(step, _join(step, [at_work(step)]))


def message(step: Step) -> str:
    """The step's own message alone, without the item."""
    return _without_item(step, clean_line(step.message, 500))


def _without_item(step: Step, said: str) -> str:
    at = item_of(step.stage, step.item, step.total).casefold()
    return said[len(at) :].lstrip() if at and said.casefold().startswith(at) else said


def describe_item(event: StepProgressed) -> str:
    """What a stage reports about its current item, without the number, which is shown beside it. If
    items are done in any order, only the detail is about this item, not the message."""
    message, detail = clean_line(event.message, 500), clean_line(event.substage_detail, 500)
    if event.done_items is not None and detail:
        return detail
    at = item_of(event.step, event.current_item, event.total_items).casefold()
    return "  ".join(text for text in (message, detail) if text and at not in text.casefold())


def _join(step: Step, parts: list[str]) -> str:
    for text in (clean_line(step.message, 500), clean_line(step.detail, 500)):
        if text and not any(text.casefold() in part.casefold() for part in parts):
            parts.append(text)
    return "  ".join(part for part in parts if part)


def metrics(found: Metrics | None, usual: str = "") -> list[str]:
    """A stage's metrics as phrases, including ``usual``; [] if there are none.

    The most important come first: the provider, then speed and size. After these the phrases that
    change most, since a terminal redraws a line up to its last change.
    """
    if found is None:
        return [usual] if usual else []
    phrases = _provider(found)
    if found.fps is not None:
        phrases.append(f"{found.fps:3.0f} fps")
    sizes = [size(found.size_bytes)] if found.size_bytes is not None else []
    if found.projected_bytes is not None:
        sizes.append(f"~{size(found.projected_bytes)}")
    if sizes:
        phrases.append(" of ".join(sizes))
    if found.speed is not None:
        phrases.append(f"{found.speed:4.1f}x speed")
    if usual:
        phrases.append(usual)
    return phrases + _pieces(found)


def totals(found: Metrics | None) -> list[str]:
    """The totals of a stage that has ended, as phrases: size, pieces, provider."""
    if found is None:
        return []
    sizes = [size(found.size_bytes)] if found.size_bytes else []
    return sizes + _pieces(found) + _provider(found)


def _pieces(found: Metrics) -> list[str]:
    phrases = []
    if found.made:
        phrases.append(f"{found.made} new")
    if found.reused:
        phrases.append(f"{found.reused} reused")
    return phrases


def _provider(found: Metrics) -> list[str]:
    return [clean_line(found.provider, 60)] if found.provider else []


def seconds(milliseconds: int | None) -> float | None:
    """Seconds; None stays None."""
    return None if milliseconds is None else milliseconds / 1000


def active_s(job: Job) -> float:
    """The seconds the job has been running, without pauses, according to its events.

    For an ended job without measurements: from its start to its end.
    """
    steps = sum(step.duration_ms or 0 for step in job.steps) / 1000
    measured_s = max(job.elapsed_s or 0.0, steps)
    if not measured_s and job.started_at is not None and job.ended_at is not None:
        return (job.ended_at - job.started_at).total_seconds()
    return measured_s


def headline(job: Job) -> str:
    """How an ended job ended, and after what time: ``Failed in Voice after 0:13``; for a video also
    its length, and how fast it was made."""
    made = job.status is JobStatus.SUCCEEDED
    where = f" in {job.stage.title}" if job.stage is not None and not made else ""
    worked_s = active_s(job)
    text = f"{JOB_WORDS[job.status].capitalize()}{where}"
    if worked_s or job.status is not JobStatus.CANCELED:
        text += f" after {took(worked_s)}"
    output = job.output
    if made and output is not None and (made_s := output.duration_seconds) and made_s > 0:
        pace = f", {made_s / worked_s:.1f}x real time" if worked_s >= 0.1 else ""
        text += f"; {duration(made_s)} of video{target(output)}{pace}"
    return text


def kept(job: Job) -> list[Artifact]:
    """The files of a cancelled ``job``, a partial video first."""
    return sorted(job.artifacts, key=lambda artifact: not is_video(artifact))


def is_video(artifact: Artifact) -> bool:
    """Whether it is a video, by its media type."""
    return artifact.type.startswith("video/")
