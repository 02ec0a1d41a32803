"""Downloads a job's files into a local folder, with progress bars on a terminal."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from msgspec.structs import replace

from aura_tui.engine import delivery
from aura_tui.model.text.sanitize import clean_line

if TYPE_CHECKING:
    from pathlib import Path

    from rich.progress import Progress, TaskID

    from aura_tui.model.events import Artifact
    from aura_tui.service import JobService


async def fetch(
    service: JobService, job_id: str, artifacts: tuple[Artifact, ...], folder: Path
) -> tuple[Artifact, ...]:
    """Copy ``artifacts`` into ``folder``: all or none, never over a file. Returns them with their
    new paths.

    Raises InputError if the folder can't be written, and the errors of fetching.
    """
    await asyncio.to_thread(delivery.check_folder, folder)
    fetched = []
    with _bars() as bars:
        for artifact in artifacts:
            path = await _fetch_one(service, job_id, artifact, bars)
            fetched.append(replace(artifact, path=str(path)))
    return await asyncio.to_thread(delivery.deliver, tuple(fetched), str(folder))


async def _fetch_one(service: JobService, job_id: str, artifact: Artifact, bars: Progress) -> Path:
    task: TaskID = bars.add_task(clean_line(artifact.name, 60), total=artifact.size_bytes or None)

    def update(done: int, total: int | None) -> None:
        bars.update(task, completed=done, total=total)

    return await service.artifact(job_id, artifact.name, on_progress=update)


def _bars() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        transient=True,
    )
