"""What a service asks of its server, request by request; and what kind of server that is.

Methods that say so raise Broken for what passes; the others have tried again for as long as there
is patience, and raise ``AuraError`` alone.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final, TypeVar

from aura_tui.client.http_client import ANSWER_S, Answer, TransportFailure, damage
from aura_tui.client.http_errors import failure, stranger
from aura_tui.client.outage import Outage
from aura_tui.client.stream.snapshot_events import empty_job
from aura_tui.errors import AuraError, Code, Conflict, EngineError, NotFound
from aura_tui.net.headers import media_type
from aura_tui.wire import decode, routes

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from aura_tui.client.connection_state import ConnectionState
    from aura_tui.client.http_client import Http
    from aura_tui.client.stream.reconnecting_stream import Clock
    from aura_tui.model.job import Job

T = TypeVar("T")

_RECENT: Final = 100  # jobs of a snapshot of all
# By what other kinds of servers say of our health route: nothing, or something of theirs.
_NO_HEALTH: Final = frozenset({404, 405, 501})


class _AbsentError(Exception):
    """Another kind of server doesn't offer this."""


class ApiClient:
    """Requests to one server; each that the engine answers is news of the connection.

    ``patience_s``: how long a request is tried again. ``wake`` gives the event that cuts a wait
    short.
    """

    def __init__(
        self,
        http: Http,
        connection: ConnectionState,
        clock: Clock,
        patience_s: float,
        wake: Callable[[], asyncio.Event],
    ) -> None:
        self._http = http
        self._peer = http.peer
        self._connection = connection
        self._clock = clock
        self._patience_s = patience_s
        self._wake = wake

    # -- one try: these raise Broken

    async def identify(self, within_s: float | None = None) -> bool:
        """Whether it is our own kind of server; it is asked once."""
        if self._peer.ours is None:
            answer = await self._http.ask("GET", routes.HEALTH, within_s=within_s)
            if answer.damaged:
                raise damage()
            name = decode.read_service_name(answer.body)
            if name == routes.SERVICE:
                self._met()
                self._peer.ours = True
            elif (
                name
                or answer.status in _NO_HEALTH
                or (answer.status < 300 and media_type(answer.headers).endswith("json"))
            ):
                self._peer.ours = False
                self._connection.answered()
            else:
                # Some servers answer a path that they don't know with a page. Their jobs tell as
                # well that they are an engine.
                problem = (failure if answer.status >= 300 else stranger)(self._http, answer)
                try:
                    jobs = await self.recent(within_s or ANSWER_S)
                except (TransportFailure, AuraError):
                    raise problem from None
                self._peer.ours = any(job.last_event_id for job in jobs)
        return self._peer.ours is True

    async def get_job(self, job_id: str, within_s: float | None = None) -> Job:
        """The job."""
        path = routes.path(routes.JOB, job_id)
        unsaid = "" if self._peer.ours else job_id  # another kind of server may not say whose it is
        job = await self.read(
            path, lambda body: decode.read_job(body, unsaid), "a job", within_s=within_s
        )
        self._recognize(job)
        return job

    async def recent(self, within_s: float) -> Sequence[Job]:
        """The newest jobs, oldest first."""
        query = {routes.LIMIT: str(_RECENT)}
        page = await self.read(
            routes.JOBS, decode.read_page, "a list of jobs", query=query, within_s=within_s
        )
        return tuple(reversed(page.jobs))

    async def read(
        self,
        path: str,
        read: Callable[[bytes], T | None],
        what: str,
        *,
        query: Mapping[str, str] | None = None,
        within_s: float | None = None,
    ) -> T:
        """What ``read`` makes of the answer; ``what`` it has to be, for people."""
        answer = await self.fetch(path, query, within_s)
        found = read(answer.body)
        if found is None:
            if answer.damaged:
                raise damage()
            if self._peer.met or not media_type(answer.headers).endswith("json"):
                raise stranger(self._http, answer)
            raise self._http.not_an_engine(f"its response is not {what}")
        self._met()
        return found

    async def fetch(
        self, path: str, query: Mapping[str, str] | None = None, within_s: float | None = None
    ) -> Answer:
        """An answer that is no error."""
        answer = await self._http.ask("GET", path, query=query, within_s=within_s)
        return self._accepted(answer)

    async def text(self, path: str) -> bytes:
        """An answer that is plain text."""
        answer = await self.fetch(path)
        kind = media_type(answer.headers)
        if self._peer.ours and kind != "text/plain":
            raise stranger(self._http, answer)
        if kind == "text/html":  # the page of a path that it hasn't
            raise self._http.not_an_engine("its response is not a log")
        self._met()
        return answer.body

    # -- patient ones

    async def with_retry(self, ask: Callable[[], Awaitable[T]]) -> T:
        """A request that changes nothing: asked again as long as there is patience."""
        outage = self._outage(free=True)
        answered = False
        try:
            while True:
                try:
                    found = await ask()
                    answered = True
                    return found
                except TransportFailure as problem:
                    if not await outage.wait(problem):
                        raise problem.error or self._http.unreachable(problem) from None
        finally:
            outage.over(answered=answered)

    def _outage(self, *, free: bool) -> Outage:
        return Outage(
            self._http, self._connection, self._clock, self._wake, self._patience_s, free=free
        )

    async def fallback(
        self, ask: Callable[[], Awaitable[T]], instead: Callable[[], Awaitable[T]]
    ) -> T:
        """As :meth:`patiently`; what another kind of server doesn't offer is made ``instead``
        from what it does."""

        async def offered() -> T:
            try:
                return await ask()
            except TransportFailure as problem:
                if problem.no_route and not await self.identify():
                    raise _AbsentError from None
                raise
            except (NotFound, EngineError) as e:
                absent = isinstance(e, NotFound) or e.code is Code.NOT_AN_ENGINE
                if absent and not await self.identify():
                    raise _AbsentError from None
                raise

        try:
            return await self.with_retry(offered)
        except _AbsentError:
            return await instead()

    # -- changes

    async def submit(self, body: bytes, headers: Mapping[str, str], made_by: str) -> Job:
        """POST a new job. ``made_by``: a correlation id that no other job has, "" for none.

        Where the answer is lost it is sent again with the same ``Idempotency-Key``. An older server
        doesn't know such keys, so its jobs are looked through for ``made_by`` before; where that
        can't be, another kind of server is sent nothing again.
        """

        async def found() -> Job | None:
            jobs = await self.recent(ANSWER_S)
            return next((job for job in jobs if job.correlation_id == made_by), None)

        return await self._post(routes.JOBS, body, headers, found if made_by else None, new=True)

    async def retry(
        self, job_id: str, headers: Mapping[str, str], heard: Callable[[bytes], object]
    ) -> Job:
        """POST a retry, which is a new job (older servers name the old one); sent again as
        :meth:`submit` is. ``heard`` gets the body of the answer."""

        async def retries() -> dict[str, Job]:
            jobs = await self.recent(ANSWER_S)
            return {job.id: job for job in jobs if job.retry_of == job_id}

        async def found() -> Job | None:
            new = (job for id_, job in (await retries()).items() if id_ not in earlier)
            return next(new, None)

        path = routes.path(routes.JOB_RETRY, job_id)
        try:
            earlier = frozenset(await self.with_retry(retries))
        except AuraError:  # then a lost one can't be found; the key tells
            return await self._post(path, b"", headers, None, job_id, new=True, heard=heard)
        return await self._post(path, b"", headers, found, job_id, new=True, heard=heard)

    async def change(self, template: str, job_id: str, done: Callable[[Job], bool]) -> Job:
        """POST what becomes of a job. Where the answer is lost it is sent again, unless the job is
        ``done`` so already."""
        again = False

        async def found() -> Job | None:
            nonlocal again
            job = await self.get_job(job_id)
            again = True
            return job if done(job) else None

        try:
            return await self._post(routes.path(template, job_id), b"", {}, found, job_id)
        except Conflict:
            if again:  # the first one, whose answer was lost, may have come late
                job = await self.get(job_id)
                if done(job):
                    return job
            raise

    async def delete(self, path: str) -> None:
        """DELETE. Where the answer is lost it is sent again, and what isn't there then is gone."""
        tries = 0

        async def ask() -> None:
            nonlocal tries
            tries += 1
            try:
                answer = self._accepted(await self._http.ask("DELETE", path))
                if answer.status != 204 and (self._peer.ours or answer.body):
                    raise stranger(self._http, answer)
            except TransportFailure as problem:
                if problem.no_route and self._peer.ours is False:
                    raise self._http.not_an_engine(problem.reason) from None
                raise
            except NotFound:
                if tries == 1:
                    raise

        await self.with_retry(ask)

    async def get(self, job_id: str) -> Job:
        """The job, patiently."""
        return await self.with_retry(lambda: self.get_job(job_id))

    async def _post(
        self,
        path: str,
        body: bytes,
        headers: Mapping[str, str],
        found: Callable[[], Awaitable[Job | None]] | None,
        job_id: str = "",
        *,
        new: bool = False,
        heard: Callable[[bytes], object] | None = None,
    ) -> Job:
        """The job of the answer, ``job_id`` where that names none; ``new``: it makes one.

        Where the answer is lost nobody knows whether it was done: what is ``found`` then is the
        answer, and where nothing is, the request is sent again. Without ``found`` (of a new job
        alone) it is sent again to our own kind of server, which knows the key.
        """
        if new:
            headers = {routes.IDEMPOTENCY_KEY: secrets.token_hex(16), **headers}
        outage = self._outage(free=False)
        unknown = answered = False
        lost: TransportFailure | None = None
        try:
            while True:
                sending = False
                try:
                    job = None
                    if unknown and found is not None:
                        job = await found()
                    elif lost is not None and not await self.identify():
                        raise lost
                    if job is None:
                        sending = True
                        answer = await self._http.ask("POST", path, body=body, headers=headers)
                        job = await self._job_in(answer, job_id, new=new)
                        if heard is not None:
                            heard(answer.body)
                    answered = True
                    return job
                except TransportFailure as problem:
                    if problem.error is not None and sending:
                        raise problem.error from None
                    if problem.no_route and self._peer.ours is False:
                        raise self._http.not_an_engine(problem.reason) from None
                    if sending and not problem.unsent:
                        unknown, lost = True, problem
                    can_repeat = not problem.too_large and (
                        not unknown
                        or self._peer.ours is not False
                        or (found is not None and bool(job_id))
                    )
                    if not can_repeat or not await outage.wait(problem):
                        raise self._http.unreachable(problem, unknown=unknown) from None
        finally:
            outage.over(answered=answered)

    async def _job_in(self, answer: Answer, job_id: str, *, new: bool) -> Job:
        """The job of an answer: itself where it is whole, else as the server has it now. Older
        servers say what they did, and of the job no more than its id. Once a new one was accepted
        that is what counts, whatever becomes of the connection."""
        self._accepted(answer)
        job = decode.read_job(answer.body, "" if self._peer.ours else job_id)
        named = decode.read_job_id(answer.body) or job_id
        is_json = media_type(answer.headers).endswith("json")
        if not named or (job is None and (self._peer.ours or (answer.body and not is_json))):
            raise stranger(self._http, answer)
        if job is not None:
            self._met()
            self._recognize(job)
            if job.last_event_id:
                return job
        try:
            return await self.get_job(named)
        except (TransportFailure, EngineError):
            if not new:
                raise
            return job or empty_job(named)

    def _accepted(self, answer: Answer) -> Answer:
        """The answer, if it is no error."""
        if answer.status >= 300:
            error = failure(self._http, answer)
            if isinstance(error, EngineError):
                self._connection.refused(error)
            raise error
        return answer

    def _met(self) -> None:
        """An engine has answered."""
        self._peer.met = True
        self._connection.answered()

    def _recognize(self, job: Job) -> None:
        """Jobs of our own kind of server say which event they are at."""
        if job.last_event_id:
            self._peer.ours = True
