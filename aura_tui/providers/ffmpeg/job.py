"""Runs FFmpeg once, with progress, a time limit and a log; turns a failure into a StageError."""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from aura_tui.providers.ffmpeg.failure import STDERR_TAIL, failure, tail
from aura_tui.providers.ffmpeg.log import LogOwner, Run, append
from aura_tui.providers.ffmpeg.progress import ProgressParser

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from aura_tui.providers.ffmpeg.locate import FFmpeg
    from aura_tui.providers.ffmpeg.progress import Progress
    from aura_tui.system.processes import ProcessGroup

# Options of every run: never prompt, and report progress ten times per second on stdout.
BASE = ("-nostdin", "-hide_banner", "-y", "-nostats", "-stats_period", "0.1", "-progress", "pipe:1")


class RunContext(LogOwner, Protocol):
    """The part of a stage's context that a run needs."""

    @property
    def children(self) -> ProcessGroup: ...


async def run(
    ctx: RunContext,
    ffmpeg: FFmpeg,
    arguments: Sequence[str | Path],
    *,
    what: str,
    resolution: str = "-",
    on_progress: Callable[[Progress], None] | None = None,
    timeout_s: float | None = None,
) -> str:
    """Run FFmpeg with :data:`BASE` and ``arguments``; return the tail of its stderr.

    Stdout carries the progress, so the output must go elsewhere. Raises StageError if FFmpeg fails,
    TimeoutError after ``timeout_s`` active seconds; the process has exited in any case.
    """
    argv = [ffmpeg.path, *BASE, *map(str, arguments)]
    start, began = datetime.now(UTC), time.monotonic()
    captured = bytearray()
    exit_code: int | None = None
    try:
        process = await ctx.children.spawn(argv)
        async with ctx.children.owned(process), ctx.children.timeout(timeout_s):
            async with asyncio.TaskGroup() as group:
                group.create_task(_keep_tail(process, captured))
                group.create_task(_watch(process, on_progress))
            exit_code = await process.wait()
    finally:
        stderr = tail(bytes(captured))
        with contextlib.suppress(OSError):  # a full disk: FFmpeg's own error is more useful
            append(
                ctx,
                Run(
                    what=what,
                    resolution=resolution,
                    ffmpeg=ffmpeg.path,
                    version=ffmpeg.version,
                    command=argv,
                    stderr=stderr,
                    start=start,
                    duration_s=time.monotonic() - began,
                    exit_code=exit_code,
                ),
            )
    if exit_code:
        raise failure(what, exit_code, stderr)
    return stderr


async def _keep_tail(process: Process, captured: bytearray) -> None:
    assert process.stderr
    while part := await process.stderr.read(1 << 16):
        captured += part
        del captured[: -4 * STDERR_TAIL]  # UTF-8: at most four bytes per character


async def _watch(process: Process, on_progress: Callable[[Progress], None] | None) -> None:
    assert process.stdout
    parser = ProgressParser()
    while part := await process.stdout.read(1 << 14):
        for progress in parser.feed(part):
            if on_progress is not None:
                on_progress(progress)
