"""The files of a server's jobs: lists, downloads and delivers them on this machine.

Over a Unix socket the engine's files are this user's own and are used in place. Others are
downloaded into a cache folder, one per server.
"""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from aura_tui.client.delivery import deliver
from aura_tui.client.downloads import MAX_PREVIEW_BYTES, Downloads
from aura_tui.errors import AuraError, Code, EngineError, InputError, NotFound
from aura_tui.model import events as ev
from aura_tui.model.text.sanitize import clean_line
from aura_tui.wire import decode, routes

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from aura_tui.client.api import ApiClient
    from aura_tui.client.delivery import Delivery
    from aura_tui.client.downloads import OnProgress
    from aura_tui.client.http_client import Http
    from aura_tui.client.stream.reconnecting_stream import Clock
    from aura_tui.model.job import Job


class RemoteArtifacts:
    """The artifacts of one server. ``cache`` is the folder for downloads (None: the platform's
    cache folder). ``delivery`` copies files into a folder (None: not possible). ``job`` fetches a
    job; it raises NotFound if there is none."""

    def __init__(
        self,
        http: Http,
        api: ApiClient,
        clock: Clock,
        *,
        cache: Path | None,
        delivery: Delivery | None,
        job: Callable[[str], Awaitable[Job]],
    ) -> None:
        self._http = http
        self._api = api
        self._clock = clock
        self._cache = cache
        self._delivery = delivery
        self._job = job
        self._opened: Downloads | None = None
        self._folders: dict[str, Path] = {}  # by job: the folder for its files
        self._delivered: set[str] = set()
        self._delivering = asyncio.Lock()

    # -- reading

    async def list(self, job_id: str) -> tuple[ev.Artifact, ...]:
        """The job's artifacts so far."""
        path = routes.path(routes.JOB_ARTIFACTS, job_id)

        async def of_job() -> tuple[ev.Artifact, ...]:
            return (await self._job(job_id)).artifacts

        return await self._api.fallback(
            lambda: self._api.read(path, decode.read_artifacts, "a list of artifacts"), of_job
        )

    async def path(self, job_id: str, name: str, on_progress: OnProgress | None) -> Path:
        """The artifact's path on this machine; downloads it first if necessary."""
        for artifact in await self.list(job_id):
            if artifact.name == name:
                return await self._path(job_id, artifact, on_progress)
        raise NotFound(
            Code.ARTIFACT_UNKNOWN,
            f"Job {clean_line(job_id, 80)} has no artifact {clean_line(name, 80)!r}",
            f"List them with: aura-tui artifacts {clean_line(job_id, 80)}",
        )

    async def _path(
        self, job_id: str, artifact: ev.Artifact, on_progress: OnProgress | None
    ) -> Path:
        if self._http.address.uds is not None:  # the engine's files are this user's own
            path = Path(artifact.path)
            if path.is_absolute() and path.is_file():
                return path
        try:
            fetched = await self._downloads().fetch(
                routes.path(routes.JOB_ARTIFACT, job_id, artifact.name),
                job_id,
                artifact.name,
                size=artifact.size_bytes,
                on_progress=on_progress,
            )
        except (NotFound, EngineError) as e:
            absent = isinstance(e, NotFound) or e.code is Code.NOT_AN_ENGINE
            if not absent or await self._api.with_retry(self._api.identify):
                raise
            name = clean_line(artifact.name, 80)
            raise NotFound(
                Code.ARTIFACT_UNKNOWN,
                f"The server doesn't offer {name} for download",
                f"Copy it from the server: {clean_line(artifact.path, 300)}",
            ) from None
        if fetched is None:
            raise self._http.not_an_engine("it lists an artifact that it can't send")
        return fetched

    async def preview(self, job_id: str) -> Path | None:
        """The newest picture of the job; None before there is one."""
        path = routes.path(routes.JOB_PREVIEW, job_id)

        async def none() -> None:
            await self._job(job_id)

        try:
            return await self._api.fallback(
                lambda: self._downloads().fetch(
                    path, job_id, "preview", limit=MAX_PREVIEW_BYTES, optional=True
                ),
                none,
            )
        except NotFound as e:
            if e.code is Code.ARTIFACT_UNKNOWN:
                return None  # a newer one replaced it during the download
            raise

    # -- delivering

    async def delivery_header(self, folder: Path | None) -> str | None:
        """The value of the header that asks the engine to deliver a new job's files into
        ``folder``, if it runs on this machine. None: this side delivers them, or ``folder`` is
        None. Raises InputError if neither side can."""
        if folder is None:
            return None
        if self._http.address.uds is not None:
            return quote(str(folder.absolute()), safe="/")
        if self._delivery is None:
            raise InputError(
                Code.OPTION_INVALID,
                "A remote engine can't write to a folder on this machine",
                "Submit without an output folder, then download the files with: aura-tui artifacts",
                field="output",
            )
        await asyncio.to_thread(self._delivery.check, folder)
        return None

    def deliver_to(self, job_id: str, folder: Path) -> None:
        """Deliver the job's files into ``folder`` when it completes (:meth:`with_deliveries`)."""
        self._folders[job_id] = folder

    def deliver_as(self, job_id: str, earlier_id: str) -> None:
        """Deliver the job into the folder of the earlier one, if that has one."""
        if earlier_id in self._folders:
            self._folders[job_id] = self._folders[earlier_id]

    def has_delivered(self, job_id: str) -> bool:
        """Whether the job's files were delivered into its folder."""
        return job_id in self._delivered

    async def with_deliveries(
        self, envelopes: AsyncGenerator[ev.Envelope]
    ) -> AsyncGenerator[ev.Envelope]:
        """Pass events through. Delivers the files of a job that completes; its last event then
        has their new paths. Raises after that event if they can't be delivered."""
        async for envelope in envelopes:
            folder = self._folders.get(envelope.event.job_id)
            if folder is None or not isinstance(envelope.event, ev.JobCompleted):
                yield envelope
                continue
            try:
                end = await self._deliver(envelope.event, folder)
            except AuraError:
                yield envelope  # the job itself succeeded
                raise
            yield ev.Envelope(envelope.id, end)

    async def _deliver(self, event: ev.JobCompleted, folder: Path) -> ev.JobCompleted:
        assert self._delivery is not None
        async with self._delivering:  # several streams may follow the job
            end = await deliver(
                event,
                folder,
                lambda artifact: self._path(event.job_id, artifact, None),
                self._delivery,
            )
            self._delivered.add(event.job_id)
            return end

    # -- the cache

    def _downloads(self) -> Downloads:
        if self._opened is None:
            self._opened = Downloads(self._http, self._cache_folder(), self._clock)
        return self._opened

    def _cache_folder(self) -> Path:
        """One folder per server: two servers may use the same job id."""
        root = self._cache
        if root is None:
            import platformdirs

            root = Path(platformdirs.user_cache_dir("aura-tui", appauthor=False))
        where = self._http.address
        key = hashlib.sha256(f"{where.base} {where.uds}".encode()).hexdigest()[:16]
        return root / "remote" / key
