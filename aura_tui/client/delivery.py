"""Finished files, from a server into a person's folder."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from aura_tui.errors import AuraError, EngineError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aura_tui.model import events as ev


class Delivery(NamedTuple):
    """How files get into a folder. ``check`` raises InputError for one that can't take them;
    ``put`` copies, and gives the artifacts as they are there."""

    check: Callable[[Path], None]
    put: Callable[[tuple[ev.Artifact, ...], str], tuple[ev.Artifact, ...]]


async def delivered(
    event: ev.JobCompleted,
    folder: Path,
    fetch: Callable[[ev.Artifact], Awaitable[Path]],
    delivery: Delivery,
) -> ev.JobCompleted:
    """Put what the job made into ``folder``; the end of the job, with its names there.

    Raises EngineError where a file can't be had or put there.
    """
    fetched = []
    for artifact in event.artifacts:
        path = await fetch(artifact)
        fetched.append(replace(artifact, path=str(path), name=_file_name(artifact.name)))
    try:
        there = await asyncio.to_thread(delivery.put, tuple(fetched), str(folder))
    except AuraError as e:
        raise EngineError(e.code, e.message, e.remediation) from None
    paths = {old.path: new.path for old, new in zip(event.artifacts, there, strict=True)}
    output = event.output
    return replace(
        event,
        output_path=paths.get(event.output_path, event.output_path),
        artifacts=there,
        output=replace(
            output,
            video_path=paths.get(output.video_path, output.video_path),
            subtitle_path=paths.get(output.subtitle_path, output.subtitle_path),
        ),
    )


def _file_name(name: str) -> str:
    """The last part of an artifact's name: a server doesn't choose folders here."""
    return Path(name.replace("\\", "/")).name or "file"
