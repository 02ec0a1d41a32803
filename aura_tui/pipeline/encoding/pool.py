"""The pool of worker processes that encode segments, and the distribution of segments.

Each worker starts with a run of adjacent segments, since those share pictures; an idle worker takes
the last segment of the longest queue. Each worker is one process group, so a pause, a cancel or a
failure reaches its FFmpeg, too.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

import aura_tui
from aura_tui.errors import Code, StageError
from aura_tui.model.text.sanitize import clean_line
from aura_tui.pipeline.encoding.protocol import EncodeResult, EncodeTask
from aura_tui.providers.ffmpeg.failure import failure, out_of_memory, tail
from aura_tui.providers.ffmpeg.log import Run, append
from aura_tui.providers.ffmpeg.progress import ProgressParser
from aura_tui.system.processes import ending
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
    """Work whose cost is its number of frames."""

    @property
    def frames(self) -> int: ...


class BrokenPicture(Exception):
    """A worker can't read ``picture``."""

    def __init__(self, picture: str, why: str) -> None:
        super().__init__(why)
        self.picture = picture


class Worker:
    """A worker process. Use :func:`open_worker`."""

    def __init__(self, ctx: StageContext, ffmpeg: FFmpeg, process: Process) -> None:
        self._ctx = ctx
        self._ffmpeg = ffmpeg
        self._process = process
        self._stderr = bytearray()

    async def encode(
        self, task: EncodeTask, what: str, on_progress: Callable[[Progress], None]
    ) -> None:
        """Encode ``task``. Raises StageError if FFmpeg or the worker fails, :class:`BrokenPicture`
        if a picture can't be read."""
        assert self._process.stdin
        assert self._process.stdout
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._process.stdin.write(msgspec.json.encode(task) + b"\n")
            await self._process.stdin.drain()
        parser = ProgressParser()
        encoded: int | None = None
        while line := await self._process.stdout.readline():
            if line.startswith(b"{"):
                self._finish(task, msgspec.json.decode(line, type=EncodeResult), what)
                # Out of memory, FFmpeg may drop frames silently and exit with 0.
                if encoded is not None and encoded != task.segment.frames:
                    raise out_of_memory(what)
                return
            for progress in parser.feed(line):
                encoded = progress.frame if progress.frame is not None else encoded
                on_progress(progress)
        code = await self._process.wait()
        if code == -signal.SIGKILL:  # from the kernel, if not from a person
            raise out_of_memory(what)
        raise StageError(
            Code.RENDER_FAILED,
            f"An encoder stopped while {what}: {self.last_stderr_line or f'it {ending(code)}'}",
            "Retry the job; finished work is reused.",
        )

    @property
    def last_stderr_line(self) -> str:
        """The last line that the worker itself wrote to stderr; "" if none."""
        lines = tail(bytes(self._stderr)).strip().splitlines()
        return clean_line(lines[-1], 300) if lines else ""

    def _finish(self, task: EncodeTask, result: EncodeResult, what: str) -> None:
        """Log FFmpeg's run; raise if it failed."""
        with contextlib.suppress(OSError):  # a full disk: the encoding error is more useful
            append(
                self._ctx,
                Run(
                    what=what,
                    resolution=f"{task.width}x{task.height}",
                    ffmpeg=self._ffmpeg.path,
                    version=self._ffmpeg.version,
                    command=task.argv,
                    stderr=result.stderr,
                    start=datetime.fromtimestamp(result.start, UTC),
                    duration_s=result.duration_s,
                    exit_code=None if result.problem else result.exit_code,
                ),
            )
        if result.memory:
            raise out_of_memory(what)
        if result.picture:
            raise BrokenPicture(result.picture, result.problem)
        if result.problem:
            raise StageError(
                Code.RENDER_FAILED,
                f"Can't draw frames while {what}: {clean_line(result.problem, 300)}",
                "Retry the job; finished work is reused.",
            )
        if result.exit_code:
            raise failure(what, result.exit_code, tail(result.stderr))

    async def listen(self) -> None:
        """Keep the end of the worker's own stderr."""
        assert self._process.stderr
        while part := await self._process.stderr.read(1 << 14):
            self._stderr += part
            del self._stderr[: -(1 << 15)]


@contextlib.asynccontextmanager
async def open_worker(ctx: StageContext, ffmpeg: FFmpeg) -> AsyncIterator[Worker]:
    """Start a worker; its process group is killed when the block ends for any reason."""
    # -P: the current folder can't shadow our modules.
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
        worker = Worker(ctx, ffmpeg, process)
        listening = Supervisor()  # a worker blocks if nobody reads its stderr
        listening.keep(LISTENER, worker.listen, may_end=True)
        try:
            yield worker
        finally:
            await listening.aclose()


def partition(work: Sequence[Sized], workers: int) -> list[deque[int]]:
    """Split the indexes of ``work`` into runs, one per worker, with about equally many frames."""
    total = sum(item.frames for item in work)
    queues: list[deque[int]] = [deque() for _ in range(workers)]
    before = 0
    for i, item in enumerate(work):
        middle = before + item.frames / 2
        queues[min(workers - 1, int(middle * workers / total))].append(i)
        before += item.frames
    return queues


def peek_next(queues: list[deque[int]], own: int) -> int | None:
    """The index that worker ``own`` will probably take next; None if its queue is empty."""
    return queues[own][0] if queues[own] else None


def take_next(queues: list[deque[int]], own: int, work: Sequence[Sized]) -> int | None:
    """Take the next index for worker ``own``, from the end of the longest queue if its own is
    empty; None if all are."""
    if queues[own]:
        return queues[own].popleft()
    longest = max(queues, key=lambda queue: sum(work[i].frames for i in queue))
    return longest.pop() if longest else None
