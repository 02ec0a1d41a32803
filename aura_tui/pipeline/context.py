"""The context that the runner gives a stage. Stages report to it; the runner makes the events."""

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
    """Receives a stage's progress, messages and results. All calls are cheap and return at once."""

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
        """Report ``percent`` (0-100) of the stage. ``item`` is the number, from 1, of the reported
        item out of ``total``; ``done`` counts finished items, ``active`` lists those in progress.
        """
        ...

    def log(self, message: str, severity: Severity = "info") -> None: ...
    def warn(self, message: str) -> None: ...
    def artifact(self, name: str, path: Path, type_: str) -> None:
        """Report a finished file for the user, such as captions or the video, at ``path``."""
        ...

    def picture(self, path: Path) -> None:
        """Report a finished picture as a preview of the job."""
        ...


class StageContext:
    """The context of one stage of one job. Implements
    :class:`aura_tui.providers.protocols.ProviderContext`."""

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
        self.scratch = scratch  # this stage's temporary folder, emptied when the stage ends
        self.artifacts = artifacts  # a folder for finished files, kept with the job
        self.ffmpeg_log = ffmpeg_log
        self.report = report
        self.reused = 0
        self.made = 0
        self._new: set[str] = set()  # keys of the pieces that this stage made
        self.keys: list[str] = []  # keys of the stage's pieces, as far as they are known

    def log(self, message: str, severity: Severity = "info") -> None:
        """Add a line to the job's log."""
        self.report.log(message, severity)

    def warn(self, message: str) -> None:
        """Add a warning; the summary at the end shows it, too."""
        self.report.warn(message)

    def key(
        self, kind: str, *inputs: object, deterministic: bool = True, is_fallback: bool = False
    ) -> str:
        """Compute a piece's cache key. Only the retries of one job share non-deterministic pieces
        (a model's reply), and any piece if the request asks for fresh work.

        A stage computes the keys of all its pieces before it makes the first, so that a retry plan
        can look them up. ``is_fallback``: a fallback provider makes the piece, which the plan then
        doesn't count.
        """
        own = () if deterministic and not self.request.options.fresh else (self.lineage,)
        key = content_key(kind, inputs, own)
        if not is_fallback:
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
        """Call :meth:`ArtifactCache.make`, count its pieces, wait while the job is paused, and turn
        OS errors into StageError.

        Retries a :class:`Transient` failure of ``build``, as often as the settings allow, with
        exponential backoff and jitter, or after the wait that the server asked for.
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
                    part.unlink(missing_ok=True)  # the next try starts from scratch
                    await asyncio.sleep(wait)
                    await self.children.gate()

        try:
            piece = await self.pieces.make(key, kind, type_, persist, suffix)
        except AuraError:
            raise
        except TimeoutError as e:  # a subclass of OSError, but not a storage error
            raise StageError(
                Code.STAGE_TIMEOUT,
                f"{kind} took too long",
                "Retry the job; finished work is reused.",
            ) from e
        except OSError as e:
            raise storage_error(e) from e
        # A piece that this stage made itself (a repeated sentence) doesn't count as reused.
        if piece.reused and key not in self._new:
            self.reused += 1
        else:
            self.made += 1
            self._new.add(key)
        return piece


def backoff_s(tries: int, base_s: float, cap_s: float, error: Transient) -> float:
    """Seconds to wait before try ``tries + 1``: jitter over the upper half of base * 2^n.

    Honours the server's Retry-After up to ten times the cap: a longer wait would look like a hang,
    and the error is more useful.
    """
    ceiling = min(cap_s, base_s * 2.0 ** min(tries - 1, 60))  # 60: above any cap, no overflow
    wait = ceiling * random.uniform(0.5, 1.0)
    return max(wait, min(error.retry_after_s or 0.0, cap_s * 10))


def storage_error(error: OSError) -> StageError:
    """The StageError for an OSError: disk full, out of memory, a system limit, an unusable file."""
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
