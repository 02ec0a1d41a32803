"""Finds a job by its id, a unique prefix of it, or ``@latest``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aura_tui.errors import Code, InputError, NotFound
from aura_tui.model.text.sanitize import clean_line

if TYPE_CHECKING:
    from aura_tui.service import JobService

_MAX_SEARCHED = 5_000  # jobs, newest first, to search for a prefix


async def resolve(service: JobService, name: str) -> str:
    """The id of the job that ``name`` refers to on ``service``. Raises NotFound, or InputError if
    several jobs match."""
    if not name.strip():
        raise InputError(
            Code.JOB_UNKNOWN,
            f"A job's id is empty: {name!r}",
            "Give an id, a prefix of one, or @latest. List jobs with: aura-tui jobs",
        )
    if name == "@latest":
        page = await service.list(limit=1)
        if not page.jobs:
            raise NotFound(Code.JOB_UNKNOWN, "No jobs yet", "Create one with: aura-tui run FILE.md")
        return page.jobs[0].id
    try:
        return (await service.get(name)).id
    except NotFound as unknown:
        found = await _with_prefix(service, name)
        if not found:
            raise unknown from None
    if len(found) > 1:
        several = ", ".join(clean_line(job_id, 80) for job_id in found[:3])
        more = ", ..." if len(found) > 3 else ""
        raise InputError(
            Code.JOB_UNKNOWN,
            f"Several job ids start with {clean_line(name, 80)!r}: {several}{more}",
            "Use a longer prefix of the id.",
        )
    return found[0]


async def _with_prefix(service: JobService, name: str) -> list[str]:
    found: list[str] = []
    cursor: str | None = None
    for _ in range(_MAX_SEARCHED // 500):
        page = await service.list(limit=500, cursor=cursor)
        found += [job.id for job in page.jobs if job.id.startswith(name)]
        cursor = page.cursor
        if cursor is None:
            break
    return found
