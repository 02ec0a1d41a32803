"""``jobs --fields``: chosen fields of a job, separated by tabs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aura_tui.errors import Code, InputError
from aura_tui.format import words
from aura_tui.model.job import since
from aura_tui.model.text.near import did_you_mean
from aura_tui.model.text.sanitize import clean_line, one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from aura_tui.model.job import Job


def _time(at: datetime | None) -> str:
    return words.local_time(at) if at is not None and words.is_known(at) else ""


_FIELDS: Final[dict[str, Callable[[Job, datetime], str]]] = {
    "id": lambda job, _: job.id,
    "title": lambda job, _: job.title,
    "status": lambda job, _: job.word,
    "percent": lambda job, _: f"{int(job.percent)}",
    "stage": lambda job, _: job.stage.title if job.stage else "",
    "age": lambda job, now: words.age_of(since(job), now),
    "created": lambda job, _: _time(job.created_at),
    "started": lambda job, _: _time(job.started_at),
    "ended": lambda job, _: _time(job.ended_at),
    "elapsed": lambda job, _: f"{words.active_s(job):.0f}",
    "priority": lambda job, _: f"{job.priority}",
    "attempt": lambda job, _: f"{job.attempt}",
    "retry-of": lambda job, _: job.retry_of or "",
    "correlation": lambda job, _: job.correlation_id,
    "error": lambda job, _: job.errors[0].code if job.errors else "",
    "message": lambda job, _: job.message,
    "video": lambda job, _: job.output.video_path if job.output else "",
}
FIELDS: Final = tuple(_FIELDS)


def parse_fields(text: str) -> tuple[str, ...]:
    """The names in a comma-separated list. Raises InputError for an unknown one."""
    names = tuple(name.strip().lower() for name in text.split(","))
    for name in names:
        if name not in _FIELDS:
            raise InputError(
                Code.OPTION_INVALID,
                f"Unknown field {clean_line(name, 40)!r}",
                f"{did_you_mean(name, FIELDS)}Use: {','.join(FIELDS)}.",
                field="fields",
            )
    return names


def field_line(job: Job, fields: Sequence[str], now: datetime) -> str:
    """The values, separated by tabs; an unknown one is empty. ``elapsed`` is in seconds."""
    values = (one_line(_FIELDS[name](job, now)).replace("\t", " ") for name in fields)
    return "\t".join(values)
