"""Delivers finished files from a server into the user's folder."""

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
    """How to copy files into a folder. ``check`` raises InputError for a folder that can't take
    them; ``put`` copies them and returns the artifacts with their new paths."""

    check: Callable[[Path], None]
    put: Callable[[tuple[ev.Artifact, ...], str], tuple[ev.Artifact, ...]]


async def deliver(
    event: ev.JobCompleted,
    folder: Path,
    fetch: Callable[[ev.Artifact], Awaitable[Path]],
    delivery: Delivery,
) -> ev.JobCompleted:
    """Copy a completed job's files into ``folder``; returns its event with their new paths.

    Raises EngineError if a file can't be fetched or copied.
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
    """The last part of an artifact's name: a server must not choose folders here."""
    return Path(name.replace("\\", "/")).name or "file"
