"""The pool of a stage's drawing processes: started on demand, reused, ended with the stage."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from aura_tui.errors import Code, StageError
from aura_tui.providers.visuals.drawing.protocol import Answer, Failed
from aura_tui.system.processes import ending

if TYPE_CHECKING:
    from aura_tui.providers.protocols import ProviderContext
    from aura_tui.providers.visuals.drawing.protocol import Drawn, Request
    from aura_tui.system.processes import ProcessGroup

_ROOT = Path(__file__).parents[4]
# -P: the current folder can't shadow our modules.
_COMMAND = (
    sys.executable,
    "-P",
    "-c",
    f"import sys; sys.path.insert(0, {str(_ROOT)!r});"
    "from aura_tui.providers.visuals.drawing.worker import main; main()",
)
TIMEOUT_S = 60.0  # active seconds per picture; the largest allowed one takes about five


class DrawPool:
    """A pool of drawing processes, one per concurrent call of :meth:`draw`."""

    def __init__(self) -> None:
        self._idle: list[tuple[ProcessGroup, asyncio.subprocess.Process]] = []

    async def draw(self, request: Request, ctx: ProviderContext) -> Drawn:
        """Draw ``request`` in a process. Raises StageError; a cancel kills the process at once."""
        children = ctx.children
        await children.gate()
        process = self._take_idle(children) or await children.spawn(
            _COMMAND, stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        done = False
        try:
            async with children.timeout(TIMEOUT_S):
                line = await _exchange(process, msgspec.json.encode(request) + b"\n")
            done = bool(line)
        except TimeoutError:
            raise StageError(
                Code.VISUALS_FAILED,
                f"Drawing a picture took more than {TIMEOUT_S:g} s",
                "Use a lower resolution or simpler pictures, then retry.",
            ) from None
        finally:
            if done:
                self._idle.append((children, process))
            else:
                await _end(children, process)
        if not line:
            raise _died(process.returncode)
        answer: Answer = msgspec.json.decode(line, type=Answer)
        if isinstance(answer, Failed):
            raise StageError(answer.code, answer.message, answer.remediation)
        return answer

    async def close(self) -> None:
        """End the idle processes."""
        while self._idle:
            await _end(*self._idle.pop())

    def _take_idle(self, children: ProcessGroup) -> asyncio.subprocess.Process | None:
        for i, (owner, process) in enumerate(self._idle):
            if owner is children and process.returncode is None:
                del self._idle[i]
                return process
        return None


async def _exchange(process: asyncio.subprocess.Process, line: bytes) -> bytes:
    """Send ``line``; return the process's answer, b"" if it exited instead."""
    assert process.stdin
    assert process.stdout
    try:
        process.stdin.write(line)
        await process.stdin.drain()
        return await process.stdout.readline()
    except (BrokenPipeError, ConnectionResetError):
        return b""


async def _end(children: ProcessGroup, process: asyncio.subprocess.Process) -> None:
    async with children.owned(process):
        pass


def _died(returncode: int | None) -> StageError:
    if returncode is not None and -returncode == signal.SIGKILL:
        return StageError(
            Code.OUT_OF_MEMORY,
            "The drawing process was killed; it probably ran out of memory",
            "Free some memory, or use a lower resolution or smaller pictures, then retry.",
        )
    return StageError(
        Code.VISUALS_FAILED,
        f"The drawing process {'ended' if returncode is None else ending(returncode)} unexpectedly",
        "Retry; if a picture of yours is shown, try another one.",
    )
