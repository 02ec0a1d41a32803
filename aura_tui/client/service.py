"""RemoteService: the JobService of an engine in another process.

    async with RemoteService("https://render.example.com", token) as service:
        job = await service.submit(request)
        async for envelope in service.events(job.id): ...

Requests are retried for ``patience_s``, or until the engine is back for a caller that follows a
job (``service.waiting_out_outages``). Streams always reconnect by themselves
(``reconnecting_stream.py``). Entering the service identifies the server; that raises EngineError
if there is none.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
from contextlib import aclosing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import quote

import msgspec

from aura_tui.client import address as address_
from aura_tui.client.api import ApiClient
from aura_tui.client.artifacts import RemoteArtifacts
from aura_tui.client.connection_state import ConnectionState
from aura_tui.client.http_client import ANSWER_S, Http, TransportFailure
from aura_tui.client.stream.legacy_reader import LegacyReader
from aura_tui.client.stream.polling import PolledList, has_stream
from aura_tui.client.stream.reader import NoStream, Sources
from aura_tui.client.stream.reconnecting_stream import Clock, ReconnectingStream, opening_s
from aura_tui.client.stream.resuming_reader import ResumingReader
from aura_tui.client.stream.retry_waits import RetryWaits
from aura_tui.client.stream.snapshot_events import completed
from aura_tui.errors import AuraError, Code, Conflict, EngineError, NotFound
from aura_tui.model.request import JobRequest
from aura_tui.model.request_check import check
from aura_tui.model.status import JobStatus
from aura_tui.model.text.sanitize import clean, clean_line
from aura_tui.service import EngineInfo, JobPage, QueueState, RetryPlan, Typical
from aura_tui.settings import Secret
from aura_tui.wire import decode, routes
from aura_tui.wire.sse import HEARTBEAT_S

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
    from pathlib import Path
    from typing import Self

    from aura_tui.client.connection_state import StreamState
    from aura_tui.client.delivery import Delivery
    from aura_tui.client.downloads import OnProgress
    from aura_tui.client.peer import Peer
    from aura_tui.client.stream.reader import Reader
    from aura_tui.model import events as ev
    from aura_tui.model.connection import Connection
    from aura_tui.model.job import Job

T = TypeVar("T")

_MAX_LINE: Final = 4000
_MAX_LISTED: Final = 500


def _system_clock() -> Clock:
    return Clock(now=lambda: datetime.now(UTC), sleep=asyncio.sleep, chance=random.random)


class RemoteService:
    """A :class:`~aura_tui.service.JobService`, ``Connected`` and ``Supervised``.

    Give ``url`` or ``uds`` (a Unix socket). ``cache`` is the folder for downloads (None: the
    platform's cache folder), ``ca`` a file with additional certificates to trust. ``heartbeat_s``
    is the longest time between the server's heartbeats. ``patience_s`` is how long to retry a
    request to a server that is unavailable. ``peer`` comes from an earlier service to the same
    address and knows whether an engine was met there. ``delivery`` copies files into the folder
    given to :meth:`submit`.
    """

    def __init__(
        self,
        url: str = "",
        token: Secret | str = "",
        *,
        uds: Path | str | None = None,
        ca: Path | None = None,
        cache: Path | None = None,
        heartbeat_s: float = HEARTBEAT_S,
        patience_s: float = 0.0,
        delivery: Delivery | None = None,
        clock: Clock | None = None,
        peer: Peer | None = None,
    ) -> None:
        where = address_.of_socket(uds) if uds is not None else address_.of_url(url)
        token = token if isinstance(token, Secret) else Secret(token)
        self._http = Http(where, token, ca=ca, peer=peer)
        self.peer = self._http.peer
        self._clock = clock or _system_clock()
        self._waits = RetryWaits(self._clock.sleep)
        self._connection = ConnectionState(self._clock.now, self._waits.reached)
        self._heartbeat_s = heartbeat_s
        self._reconnect_requested = False  # since the last call of reconnect_requested()
        self._api = ApiClient(self._http, self._connection, self._clock, patience_s, self._waits)
        self._listed: dict[str, Job] = {}  # by id, of servers that are not ours
        self._artifacts = RemoteArtifacts(
            self._http, self._api, self._clock, cache=cache, delivery=delivery, job=self.get
        )
        self.notices: list[str] = []  # see JobService
        if token and not where.secure:
            self.notices.append(
                f"The token is sent to {where.shown} unencrypted. Use https, or an SSH tunnel."
            )

    async def __aenter__(self) -> Self:
        try:
            if self.peer.met:  # by an earlier service
                self._connection.answered()
            else:
                await self._identify()
        except BaseException:
            await self.aclose()
            raise
        return self

    async def _identify(self) -> None:
        """Find out the server's kind."""
        try:
            await self._api.with_retry(self._api.identify)
        except EngineError as e:
            if e.code is Code.ENGINE_UNREACHABLE and await self._http.speaks_tls():
                raise self._http.wants_tls() from None
            raise

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """See :class:`~aura_tui.service.JobService`. Ends all streams, even while they wait."""
        await self._http.aclose()
        self._waits.wake()
        self._connection.close()

    # -- the connection

    @property
    def connection(self) -> Connection:
        """See :class:`~aura_tui.service.Connected`."""
        return self._connection.connection

    def connection_changes(self) -> AsyncGenerator[Connection]:
        """See :class:`~aura_tui.service.Connected`."""
        return self._connection.changes()

    def troubles(self) -> tuple[str, ...]:
        """See :class:`~aura_tui.service.Supervised`. The engine reports changes on each open
        stream; without one, this is empty or out of date."""
        return self._connection.troubles

    def reconnect(self) -> None:
        """See :class:`~aura_tui.service.Connected`."""
        self._reconnect_requested = True
        self._waits.wake()

    def engine_gone(self, reason: str) -> None:
        """The engine has stopped; ``connect/engine_monitor.py`` reports it, and may start one."""
        self._connection.engine_gone(reason)

    def engine_back(self) -> None:
        """An engine is running again; reported likewise."""
        self._connection.engine_back()
        self._waits.wake()

    def engine_suspended(self, reason: str) -> None:
        """The engine's process is suspended; reported likewise."""
        self._connection.engine_suspended(reason)

    def engine_resumed(self) -> None:
        """The engine's process continues; reported likewise."""
        self._connection.engine_resumed()

    async def reconnect_requested(self, within_s: float) -> bool:
        """Whether :meth:`reconnect` is called within ``within_s``, or was since the last call of
        this method."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while not self._reconnect_requested:
                    await self._waits.woken()
        requested, self._reconnect_requested = self._reconnect_requested, False
        return requested

    # -- JobService: changes

    async def submit(
        self,
        request: JobRequest,
        *,
        correlation_id: str | None = None,
        deliver_to: Path | None = None,
        idempotency_key: str | None = None,
    ) -> Job:
        """See :class:`~aura_tui.service.JobService`. The files are delivered when :meth:`events`
        of this same service reaches the job's end; over a Unix socket the engine itself delivers
        them."""
        check(request)
        named = "".join(c for c in correlation_id or "" if c.isascii() and c.isprintable())[:100]
        key = "" if named else secrets.token_hex(8)
        headers = {routes.CORRELATION_ID: named or key}
        if idempotency_key is not None:
            headers[routes.IDEMPOTENCY_KEY] = idempotency_key
        if header := await self._artifacts.delivery_header(deliver_to):
            headers[routes.DELIVER_TO], deliver_to = header, None
        if request.origin.folder and self._http.address.uds is not None:  # of this machine only
            headers[routes.BRIEF_FOLDER] = quote(request.origin.folder, safe="/")
        # The receiver sets the origin; the default object itself isn't encoded.
        sent = msgspec.structs.replace(request, origin=JobRequest().origin)
        body = msgspec.json.encode(sent)
        job = await self._api.submit(body, headers, key)
        if deliver_to is not None:
            self._artifacts.deliver_to(job.id, deliver_to)
        return await self._with_listed(job)

    async def cancel(self, job_id: str) -> Job:
        """See :class:`~aura_tui.service.JobService`."""
        return await self._change(
            "cancel", routes.JOB_CANCEL, job_id, lambda job: job.status is JobStatus.CANCELED
        )

    async def pause(self, job_id: str) -> Job:
        """See :class:`~aura_tui.service.JobService`."""
        return await self._change(
            "pause", routes.JOB_PAUSE, job_id, lambda job: job.status is JobStatus.PAUSED
        )

    async def resume(self, job_id: str) -> Job:
        """See :class:`~aura_tui.service.JobService`."""
        return await self._change("resume", routes.JOB_RESUME, job_id, lambda job: job.active)

    async def retry(
        self,
        job_id: str,
        *,
        deliver_to: Path | None = None,
        idempotency_key: str | None = None,
    ) -> Job:
        """See :class:`~aura_tui.service.JobService`."""
        headers = {} if idempotency_key is None else {routes.IDEMPOTENCY_KEY: idempotency_key}
        if header := await self._artifacts.delivery_header(deliver_to):
            headers[routes.DELIVER_TO], deliver_to = header, None
        messages: list[str] = []
        job = await self._api.retry(
            job_id, headers, lambda body: messages.append(decode.read_message(body))
        )
        if job.id == job_id and job.status.ended:
            job = await self._retry_of(job, "".join(messages))
        if deliver_to is not None:
            self._artifacts.deliver_to(job.id, deliver_to)
        else:
            self._artifacts.deliver_as(job.id, job_id)
        return await self._with_listed(job)

    async def delete(self, job_id: str) -> None:
        """See :class:`~aura_tui.service.JobService`."""
        ask = self._api.delete(routes.path(routes.JOB, job_id))
        await self._if_offered("delete", job_id, ask)

    async def _retry_of(self, job: Job, messages: str) -> Job:
        """Find the new job if a server answers a retry with the old one, as older servers do.

        Old and new job share a correlation id, which such a server gives in its list, but not
        always in its answer for one job. Some servers start no job and say so in a successful
        answer (``messages``): raises Conflict then.
        """
        jobs = (await self.list(limit=500)).jobs
        key = next((each.correlation_id for each in jobs if each.id == job.id), job.correlation_id)
        for each in jobs:
            mine = each.retry_of == job.id or (key and each.correlation_id == key)
            if mine and each.id != job.id and each.created_at >= (job.ended_at or job.created_at):
                return each
        raise Conflict(
            Code.JOB_STATE,
            f"The server did not retry job {clean_line(job.id, 80)}"
            + (f": {messages}" if messages else ""),
            "Submit it again with: aura-tui run",
        )

    async def _change(
        self, verb: str, template: str, job_id: str, done: Callable[[Job], bool]
    ) -> Job:
        async def ask() -> Job:
            return await self._with_listed(await self._api.change(template, job_id, done))

        return await self._if_offered(verb, job_id, ask())

    async def _if_offered(self, verb: str, job_id: str, ask: Awaitable[T]) -> T:
        """Await ``ask``. Raises Conflict if the server has jobs, but doesn't offer this change."""
        try:
            return await ask
        except EngineError as e:
            if e.code is not Code.NOT_AN_ENGINE or await self._api.with_retry(self._api.identify):
                raise
            await self.get(job_id)
            raise Conflict(
                Code.JOB_STATE,
                f"The server can't {verb} jobs",
                f"Watch the job with: aura-tui watch {clean_line(job_id, 80)}",
            ) from None

    # -- JobService: reading

    async def get(self, job_id: str) -> Job:
        """See :class:`~aura_tui.service.JobService`."""
        return await self._api.with_retry(lambda: self._get_once(job_id))

    async def _get_once(self, job_id: str, within_s: float | None = None) -> Job:
        """The job, in one try."""
        return await self._with_listed(await self._api.get_job(job_id, within_s), within_s)

    async def _with_listed(self, job: Job, within_s: float | None = None) -> Job:
        """The job, with fields that some servers give only in their list of jobs."""
        if job.last_event_id or job.title != decode.untitled(job.id):
            return job
        listed = self._listed.get(job.id)
        if listed is None or listed.status is not job.status:
            with contextlib.suppress(AuraError, TransportFailure):
                self._remember(await self._api.recent(within_s or ANSWER_S))
            listed = self._listed.get(job.id)
        return job if listed is None else completed(job, listed)

    def _remember(self, jobs: Iterable[Job]) -> None:
        for job in jobs:
            if not job.last_event_id:
                self._listed.pop(job.id, None)
                self._listed[job.id] = job
        while len(self._listed) > _MAX_LISTED:
            del self._listed[next(iter(self._listed))]

    async def list(
        self, *, status: JobStatus | None = None, limit: int = 50, cursor: str | None = None
    ) -> JobPage:
        """See :class:`~aura_tui.service.JobService`."""
        query = {routes.LIMIT: str(max(1, min(500, limit)))}
        if status is not None:
            query[routes.STATUS] = status.value
        if cursor is not None:
            query[routes.CURSOR] = cursor
        page = await self._page(query)
        if any(job.last_event_id for job in page.jobs) or not page.jobs:
            return page
        if await self._api.with_retry(self._api.identify):
            return page
        # Older servers ignore the status filter and list in their own order.
        page = await self._page({**query, routes.LIMIT: "500"})
        wanted = [job for job in page.jobs if status in (None, job.status)]
        return JobPage(tuple(wanted[: int(query[routes.LIMIT])]), page.cursor)

    async def _page(self, query: Mapping[str, str]) -> JobPage:
        try:
            return await self._api.with_retry(
                lambda: self._api.read(routes.JOBS, decode.read_page, "a list of jobs", query=query)
            )
        except NotFound:  # the words of some other API
            raise self._http.not_an_engine("it has no list of jobs (HTTP 404)") from None

    async def logs(self, job_id: str) -> str:
        """See :class:`~aura_tui.service.JobService`."""

        async def tail() -> str:
            return "".join(f"{line}\n" for line in (await self.get(job_id)).log)

        async def whole() -> str:
            body = await self._api.text(routes.path(routes.JOB_LOGS, job_id))
            return await asyncio.to_thread(_clean_log, body)

        return await self._api.fallback(whole, tail)

    async def artifacts(self, job_id: str) -> tuple[ev.Artifact, ...]:
        """See :class:`~aura_tui.service.JobService`."""
        return await self._artifacts.list(job_id)

    async def artifact(
        self, job_id: str, name: str, *, on_progress: OnProgress | None = None
    ) -> Path:
        """See :class:`~aura_tui.service.JobService`. ``on_progress`` is called with the bytes
        downloaded and the total (None if unknown)."""
        return await self._artifacts.path(job_id, name, on_progress)

    async def preview(self, job_id: str) -> Path | None:
        """See :class:`~aura_tui.service.JobService`."""
        return await self._artifacts.preview(job_id)

    def has_delivered(self, job_id: str) -> bool:
        """See :class:`~aura_tui.service.Delivering`."""
        return self._artifacts.has_delivered(job_id)

    async def queue(self) -> QueueState:
        """See :class:`~aura_tui.service.JobService`."""

        async def counted() -> QueueState:
            jobs = (await self.list(limit=500)).jobs
            statuses = [job.status for job in jobs]
            waiting = [job.id for job in reversed(jobs) if job.status is JobStatus.QUEUED]
            return QueueState(
                queued=len(waiting),
                running=statuses.count(JobStatus.RUNNING),
                paused=statuses.count(JobStatus.PAUSED),
                waiting=tuple(waiting),
            )

        return await self._api.fallback(
            lambda: self._api.read(routes.QUEUE, decode.read_queue, "a queue"), counted
        )

    async def engine_info(self) -> EngineInfo:
        """See :class:`~aura_tui.service.Described`. Empty for another kind of server."""
        if not await self._api.with_retry(self._api.identify):
            return EngineInfo()
        return await self._api.with_retry(self._api.engine_info)

    async def typical(self, job_id: str) -> Typical:
        """See :class:`~aura_tui.service.JobService`."""
        path = routes.path(routes.JOB_TYPICAL, job_id)

        async def unknown() -> Typical:
            await self.get(job_id)
            return Typical(0, {})

        return await self._api.fallback(
            lambda: self._api.read(path, decode.read_typical, "usual durations"), unknown
        )

    async def retry_plan(self, job_id: str) -> RetryPlan:
        """See :class:`~aura_tui.service.JobService`."""
        path = routes.path(routes.JOB_RETRY_PLAN, job_id)

        async def unknown() -> RetryPlan:
            await self.get(job_id)
            return RetryPlan((), None)

        return await self._api.fallback(
            lambda: self._api.read(path, decode.read_retry_plan, "a retry plan"), unknown
        )

    # -- JobService: events

    async def events(
        self, job_id: str | None = None, *, after: int | None = None
    ) -> AsyncGenerator[ev.Envelope]:
        """See :class:`~aura_tui.service.JobService`. Reconnects for ever; raises only permanent
        failures."""
        try:
            async with aclosing(self._stream(job_id, after or 0)) as envelopes:
                async for envelope in envelopes:
                    yield envelope
        except NoStream:
            async with aclosing(self._polled(after or 0)) as envelopes:
                async for envelope in envelopes:
                    yield envelope

    async def _stream(self, job_id: str | None, after: int) -> AsyncGenerator[ev.Envelope]:
        path = routes.EVENTS if job_id is None else routes.path(routes.JOB_EVENTS, job_id)
        state = self._connection.stream()
        within_s = opening_s(self._heartbeat_s)
        stream = ReconnectingStream(
            self._http,
            path,
            state,
            lambda: self._reader(job_id, after, state),
            None if job_id is None else lambda: self._get_once(job_id, within_s),
            clock=self._clock,
            heartbeat_s=self._heartbeat_s,
            waits=self._waits,
        )
        async with (
            aclosing(stream.envelopes()) as envelopes,
            aclosing(self._artifacts.with_deliveries(envelopes)) as delivering,
        ):
            async for envelope in delivering:
                yield envelope

    def _polled(self, after: int) -> AsyncGenerator[ev.Envelope]:
        """The events of all jobs of a server that has no stream of them."""
        state = self._connection.stream()
        polled = PolledList(
            self._http,
            state,
            LegacyReader(None, after, self._sources(state)),
            clock=self._clock,
            waits=self._waits,
        )
        return polled.envelopes()

    async def _reader(self, job_id: str | None, after: int, state: StreamState) -> Reader:
        """The reader for the server's kind. Raises NoStream if the server has no such stream."""
        within_s = opening_s(self._heartbeat_s)
        if await self._api.identify(within_s):
            return ResumingReader(job_id, after, self._sources(state))
        if job_id is None and not await has_stream(self._http, within_s=within_s):
            raise NoStream
        return LegacyReader(job_id, after, self._sources(state))

    def _sources(self, state: StreamState) -> Sources:
        within_s = opening_s(self._heartbeat_s)
        return Sources(
            get_job=lambda job_id: self._get_once(job_id, within_s),
            recent_jobs=lambda: self._api.recent(within_s),
            state=state,
            now=self._clock.now,
        )


def _clean_log(body: bytes) -> str:
    lines = body.decode("utf-8", "replace").splitlines()
    return "".join(f"{clean(line, _MAX_LINE)}\n" for line in lines)
