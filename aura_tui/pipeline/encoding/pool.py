"""The engine's side of the lanes: processes that encode segments, and who takes which.

Each lane starts with a run of neighbouring segments, since neighbours share pictures; one that has
no more takes the last of whoever has most. Each lane is one process group, so a pause, a cancel
or a failure reaches its FFmpeg with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

import aura_tui
from aura_tui.errors import Code, StageError
from aura_tui.model.sanitize import clean_line
from aura_tui.pipeline.encoding.protocol import Done, Order
from aura_tui.providers.ffmpeg.failure import failure, out_of_memory, tail
from aura_tui.providers.ffmpeg.log import Run, append
from aura_tui.providers.ffmpeg.progress import ProgressParser
from aura_tui.system.tasks import Supervisor

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator, Callable, Sequence

    from aura_tui.pipeline.context import StageContext
    from aura_tui.providers.ffmpeg import FFmpeg
    from aura_tui.providers.ffmpeg.progress import Progress

LISTENER = "encoder message reader"
_LINE_LIMIT = 1 << 18


class Sized(Protocol):
    """Work whose cost is its frames."""

    @property
    def frames(self) -> int: ...


class BrokenPicture(Exception):
    """A lane can't read ``picture``."""

    def __init__(self, picture: str, why: str) -> None:
        super().__init__(why)
        self.picture = picture


class Lane:
    """One lane's process. Use :func:`open_lane`."""

    def __init__(self, ctx: StageContext, ffmpeg: FFmpeg, process: Process) -> None:
        self._ctx = ctx
        self._ffmpeg = ffmpeg
        self._process = process
        self._said = bytearray()

    async def encode(
        self, order: Order, what: str, on_progress: Callable[[Progress], None]
    ) -> None:
        """Have ``order`` carried out. Raises StageError when its FFmpeg or the lane
        fails, :class:`BrokenPicture` for a picture that can't be read."""
        assert self._process.stdin
        assert self._process.stdout
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._process.stdin.write(msgspec.json.encode(order) + b"\n")
            await self._process.stdin.drain()
        parser = ProgressParser()
        encoded: int | None = None
        while line := await self._process.stdout.readline():
            if line.startswith(b"{"):
                self._finish(order, msgspec.json.decode(line, type=Done), what)
                # In want of memory FFmpeg may drop frames, say nothing, and end with 0.
                if encoded is not None and encoded != order.segment.frames:
                    raise out_of_memory(what)
                return
            for progress in parser.feed(line):
                encoded = progress.frame if progress.frame is not None else encoded
                on_progress(progress)
        code = await self._process.wait()
        if code < 0:
            raise out_of_memory(what)
        raise StageError(
            Code.RENDER_FAILED,
            f"An encoder stopped while {what}: {self.last_words or f'exit code {code}'}",
            "Retry the job; finished work is reused.",
        )

    @property
    def last_words(self) -> str:
        """The last line on the lane's own stderr."""
        lines = tail(bytes(self._said)).strip().splitlines()
        return clean_line(lines[-1], 300) if lines else ""

    def _finish(self, order: Order, done: Done, what: str) -> None:
        with contextlib.suppress(OSError):  # a full disk: the encode's own error tells it better
            append(
                self._ctx,
                Run(
                    what=what,
                    resolution=f"{order.width}x{order.height}",
                    ffmpeg=self._ffmpeg.path,
                    version=self._ffmpeg.version,
                    command=order.argv,
                    stderr=done.stderr,
                    start=datetime.fromtimestamp(done.start, UTC),
                    duration_s=done.duration_s,
                    exit_code=None if done.problem else done.exit_code,
                ),
            )
        if done.memory:
            raise out_of_memory(what)
        if done.picture:
            raise BrokenPicture(done.picture, done.problem)
        if done.problem:
            raise StageError(
                Code.RENDER_FAILED,
                f"Can't draw frames while {what}: {clean_line(done.problem, 300)}",
                "Retry the job; finished work is reused.",
            )
        if done.exit_code:
            raise failure(what, done.exit_code, tail(done.stderr))

    async def listen(self) -> None:
        """Keep the end of what the lane itself says on stderr."""
        assert self._process.stderr
        while part := await self._process.stderr.read(1 << 14):
            self._said += part
            del self._said[: -(1 << 15)]


@contextlib.asynccontextmanager
async def open_lane(ctx: StageContext, ffmpeg: FFmpeg) -> AsyncIterator[Lane]:
    """A lane, ready for orders; its group is gone afterwards, however this ends."""
    # -P: nothing in the current folder can stand in for a module of ours.
    command = [sys.executable, "-P", "-m", "aura_tui.pipeline.encoding.worker"]
    home = str(Path(aura_tui.__file__).parent.parent)
    path = os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))
    process = await ctx.children.spawn(
        command,
        stdin=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
        limit=_LINE_LIMIT,
    )
    async with ctx.children.owned(process):
        lane = Lane(ctx, ffmpeg, process)
        listening = Supervisor()  # a lane whose stderr nobody reads would stand still
        listening.keep(LISTENER, lane.listen, may_end=True)
        try:
            yield lane
        finally:
            await listening.aclose()


def share(work: Sequence[Sized], lanes: int) -> list[deque[int]]:
    """Indexes of ``work`` in runs of neighbours, one run a lane, of about as many frames each."""
    total = sum(item.frames for item in work)
    queues: list[deque[int]] = [deque() for _ in range(lanes)]
    before = 0
    for i, item in enumerate(work):
        middle = before + item.frames / 2
        queues[min(lanes - 1, int(middle * lanes / total))].append(i)
        before += item.frames
    return queues


def ahead(queues: list[deque[int]], own: int) -> int | None:
    """What lane ``own`` will most likely take next."""
    return queues[own][0] if queues[own] else None


def take(queues: list[deque[int]], own: int, work: Sequence[Sized]) -> int | None:
    """The next index for lane ``own``; from another lane's end when its own run is over."""
    if queues[own]:
        return queues[own].popleft()
    richest = max(queues, key=lambda queue: sum(work[i].frames for i in queue))
    return richest.pop() if richest else None
