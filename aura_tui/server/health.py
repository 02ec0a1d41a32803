"""``GET /api/health``: checks the database, FFmpeg and the queue."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING

from msgspec.structs import replace

from aura_tui import __version__
from aura_tui.errors import AuraError, EngineError
from aura_tui.service import Archive, Described, EngineInfo
from aura_tui.wire import routes
from aura_tui.wire.encode import FFmpegPayload, HealthPayload, StorePayload

if TYPE_CHECKING:
    from collections.abc import Callable

    from aura_tui.server.streams.broadcast import Broadcaster
    from aura_tui.service import JobService, QueueState
    from aura_tui.settings import Settings

_FRESH_S = 1.0  # how long a result is reused: a check writes to the disk
_STORE_TIMEOUT_S = 5.0
_FFMPEG_TIMEOUT_S = 0.5  # clients check health before they submit, so don't wait for a hung FFmpeg


class Health:
    """Checks a service, at most once a second."""

    def __init__(
        self,
        service: JobService,
        broadcaster: Broadcaster,
        settings: Settings,
        troubles: Callable[[], tuple[str, ...]] = lambda: (),
    ) -> None:
        """``troubles`` returns the current failures, one line each."""
        self._troubles = troubles
        self._service = service
        self._broadcaster = broadcaster
        self._settings = settings
        self._one = asyncio.Lock()
        self._seen: tuple[float, HealthPayload] | None = None
        self._ffmpeg_seen = FFmpegPayload(found=False, reason="FFmpeg has not answered yet")

    async def check(self) -> HealthPayload:
        """The current health."""
        async with self._one:
            now = time.monotonic()
            if self._seen is None or now - self._seen[0] >= _FRESH_S:
                self._seen = (now, await self._check())
            seen = self._seen[1]
        reasons = (*seen.reasons, *self._troubles())  # these cost nothing
        return replace(seen, reasons=reasons, status="failing") if reasons else seen

    async def _check(self) -> HealthPayload:
        store, queue = await self._store()
        ffmpeg = await self._ffmpeg()
        service = self._service
        engine = await service.engine_info() if isinstance(service, Described) else EngineInfo()
        return HealthPayload(
            service=routes.SERVICE,
            status="ok" if ffmpeg.found else "degraded",
            version=__version__,
            store=store,
            ffmpeg=ffmpeg,
            queue_length=queue.queued if queue else None,
            running=queue.running if queue else None,
            streams=self._broadcaster.streams,
            reasons=() if store.writable else (store.reason,),
            pid=engine.pid,
            started_at=engine.since,
            free_bytes=engine.free_bytes,
        )

    async def _store(self) -> tuple[StorePayload, QueueState | None]:
        try:
            async with asyncio.timeout(_STORE_TIMEOUT_S):
                if isinstance(self._service, Archive):
                    await self._service.probe()
                return StorePayload(writable=True), await self._service.queue()
        except EngineError as e:
            return StorePayload(writable=False, reason=e.message), None
        except TimeoutError:
            reason = f"The database has not answered for {_STORE_TIMEOUT_S:g} s"
            return StorePayload(writable=False, reason=reason), None

    async def _ffmpeg(self) -> FFmpegPayload:
        """The last result if the check takes long; the check continues for the next caller."""
        from aura_tui.providers.ffmpeg import find_ffmpeg

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FFMPEG_TIMEOUT_S):
                try:
                    found = await find_ffmpeg(self._settings)
                    self._ffmpeg_seen = FFmpegPayload(found=True, version=found.version)
                except AuraError as e:
                    self._ffmpeg_seen = FFmpegPayload(found=False, reason=e.message)
        return self._ffmpeg_seen


def public_payload(health: HealthPayload) -> HealthPayload:
    """The part of the payload that needs no token."""
    return HealthPayload(service=health.service, status=health.status)
