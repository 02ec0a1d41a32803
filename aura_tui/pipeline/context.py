"""What a stage works with: the runner's context. Stages report here; the runner makes events."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Protocol

from aura_tui.errors import AuraError, Code, StageError, Transient
from aura_tui.pipeline.cache import ArtifactCache, CacheEntry, content_key

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path
    from typing import TypeVar

    from aura_tui.model.events import Metrics
    from aura_tui.model.request import JobRequest
    from aura_tui.providers.protocols import Severity
    from aura_tui.settings import Settings
    from aura_tui.system.processes import ProcessGroup

    T = TypeVar("T")


class Reporter(Protocol):
    """Where a stage's news goes. All calls are cheap and return at once."""

    def progress(
        self,
        percent: float,
        message: str,
        *,
        detail: str = "",
        item: int | None = None,
        total: int | None = None,
        done: int | None = None,
        active: tuple[int, ...] = (),
        metrics: Metrics | None = None,
    ) -> None:
        """``percent`` 0-100 within the stage; ``item`` is the own number, from 1 on, of the one of
        ``total`` that this is about; ``done`` counts those that are, ``active`` are at work."""
        ...

    def log(self, message: str, severity: Severity = "info") -> None: ...
    def warn(self, message: str) -> None: ...
    def artifact(self, name: str, path: Path, type_: str) -> None:
        """A file that is finished and worth having: captions, the video. Whole at ``path``."""
        ...

    def picture(self, path: Path) -> None:
        """What the job looks like by now: a finished picture."""
        ...


class StageContext:
    """One stage of one job. Satisfies :class:`aura_tui.providers.protocols.ProviderContext`."""

    def __init__(
        self,
        *,
        job_id: str,
        correlation_id: str,
        lineage: str,
        request: JobRequest,
        settings: Settings,
        children: ProcessGroup,
        pieces: ArtifactCache,
        scratch: Path,
        artifacts: Path,
        ffmpeg_log: Path,
        report: Reporter,
    ) -> None:
        self.job_id = job_id
        self.correlation_id = correlation_id
        self.lineage = lineage  # the first job of a chain of retries
        self.request = request
        self.settings = settings
        self.children = children
        self.pieces = pieces
        self.scratch = scratch  # a folder of this stage's own, emptied when it ends
        self.artifacts = artifacts  # a folder for finished files, kept with the job
        self.ffmpeg_log = ffmpeg_log
        self.report = report
        self.reused = 0
        self.made = 0
        self._new: set[str] = set()  # keys of those made
        self.keys: list[str] = []  # of the pieces that the stage is made of, as they get known

    def log(self, message: str, severity: Severity = "info") -> None:
        """A line in the job's log."""
        self.report.log(message, severity)

    def warn(self, message: str) -> None:
        """A warning the person should see at the end, too."""
        self.report.warn(message)

    def key(
        self, kind: str, *inputs: object, deterministic: bool = True, spare: bool = False
    ) -> str:
        """A piece's key. What no rule determines (a model's answer) is shared only by the retries
        of one job; so is everything when the request asks for fresh work.

        A stage asks for the keys of all its pieces before it makes the first: so one can tell
        what a retry would find. ``spare``: the piece stands in for one that couldn't be made.
        """
        own = () if deterministic and not self.request.options.fresh else (self.lineage,)
        key = content_key(kind, inputs, own)
        if not spare:
            self.keys.append(key)
        return key

    async def piece(
        self,
        key: str,
        kind: str,
        type_: type[T],
        build: Callable[[Path], Awaitable[T]],
        suffix: str = "",
    ) -> CacheEntry[T]:
        """As :meth:`ArtifactCache.make`, counted, held while the job is paused, errors made clear.

        A :class:`Transient` failure of ``build`` is tried again, as often as the settings say,
        after a wait that doubles, with jitter, or that the other side asked for.
        """
        await self.children.gate()
        limits = self.settings.engine
        tries = 0

        async def persist(part: Path) -> T:
            nonlocal tries
            while True:
                try:
                    return await build(part)
                except Transient as e:
                    tries += 1
                    if tries > limits.retries:
                        raise
                    wait = backoff_s(tries, limits.retry_base_s, limits.retry_cap_s, e)
                    self.log(
                        f"{e.message}; try {tries + 1} of {limits.retries + 1} in {wait:.1f} s",
                        "warning",
                    )
                    part.unlink(missing_ok=True)  # the next try begins with nothing
                    await asyncio.sleep(wait)
                    await self.children.gate()

        try:
            piece = await self.pieces.make(key, kind, type_, persist, suffix)
        except AuraError:
            raise
        except TimeoutError as e:  # an OSError by descent, but no file's fault
            raise StageError(
                Code.STAGE_TIMEOUT,
                f"{kind} took too long",
                "Retry the job; finished work is reused.",
            ) from e
        except OSError as e:
            raise storage_error(e) from e
        # One that this very stage made before, a sentence said twice, is no work from before.
        if piece.reused and key not in self._new:
            self.reused += 1
        else:
            self.made += 1
            self._new.add(key)
        return piece


def backoff_s(tries: int, base_s: float, cap_s: float, error: Transient) -> float:
    """Seconds to wait before try ``tries + 1``: full jitter in the upper half of base * 2^n.

    What the other side asked for is honoured up to ten times the cap: past that it would be a
    hang, and the error is the better answer.
    """
    ceiling = min(cap_s, base_s * 2.0 ** min(tries - 1, 60))  # past any cap, and no overflow
    wait = ceiling * random.uniform(0.5, 1.0)
    return max(wait, min(error.retry_after_s or 0.0, cap_s * 10))


def storage_error(error: OSError) -> StageError:
    """The job's error for what the system refused: room, files, processes, a write."""
    import errno

    why = error.strerror or str(error)
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            code, message = Code.DISK_FULL, "The disk is full"
            remediation = "Free some space"
        case errno.ENOMEM:
            code, message = Code.OUT_OF_MEMORY, "Out of memory"
            remediation = "Close other programs, set render.lanes to 1 or use a lower resolution"
        case errno.EMFILE | errno.ENFILE | errno.EAGAIN:
            code, message = Code.SYSTEM_LIMIT, f"A system limit was reached: {why}"
            remediation = (
                "Raise the limits on open files and processes (ulimit -n, ulimit -u), or set "
                "render.lanes to 1"
            )
        case _:
            code, message = Code.FILE_UNUSABLE, f"Can't use a file: {why}"
            message += f" ({error.filename})" if error.filename else ""
            remediation = "Check the folder's permissions and the disk"
    return StageError(code, message, f"{remediation}, then retry; finished work is reused.")
