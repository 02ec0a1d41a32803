"""The requests of a remote service to its server, and the detection of the server's kind.

The methods under "one try" raise TransportFailure for temporary failures. The others retry these
for ``patience_s`` and raise only ``AuraError``.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final, TypeVar

from aura_tui.client.http_client import ANSWER_S, Answer, TransportFailure, damaged_response
from aura_tui.client.http_errors import failure, unexpected_answer
from aura_tui.client.outage import Outage
from aura_tui.client.stream.snapshot_events import empty_job
from aura_tui.errors import AuraError, Code, Conflict, EngineError, NotFound
from aura_tui.net.headers import media_type
from aura_tui.wire import decode, routes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from aura_tui.client.connection_state import ConnectionState
    from aura_tui.client.http_client import Http
    from aura_tui.client.stream.reconnecting_stream import Clock
    from aura_tui.client.stream.retry_waits import RetryWaits
    from aura_tui.model.job import Job
    from aura_tui.service import EngineInfo

T = TypeVar("T")

_RECENT: Final = 100  # jobs of a snapshot of all
# How other kinds of servers answer our health route, if not with a body of their own.
_NO_HEALTH: Final = frozenset({404, 405, 501})


class _AbsentError(Exception):
    """The server is of another kind and doesn't offer this."""


class ApiClient:
    """Requests to one server; each answer of the engine updates the connection's state.

    A request is retried for ``patience_s``.
    """

    def __init__(
        self,
        http: Http,
        connection: ConnectionState,
        clock: Clock,
        patience_s: float,
        waits: RetryWaits,
    ) -> None:
        self._http = http
        self._peer = http.peer
        self._connection = connection
        self._clock = clock
        self._patience_s = patience_s
        self._waits = waits

    # -- one try: these raise TransportFailure

    async def identify(self, within_s: float | None = None) -> bool:
        """Whether it is our own kind of server. Asks the server once and remembers the answer."""
        if self._peer.ours is None:
            answer = await self._http.request("GET", routes.HEALTH, within_s=within_s)
            if answer.damaged:
                raise damaged_response()
            name = decode.read_service_name(answer.body)
            if name == routes.SERVICE:
                self._mark_met()
                self._peer.ours = True
            elif (
                name
                or answer.status in _NO_HEALTH
                or (answer.status < 300 and media_type(answer.headers).endswith("json"))
            ):
                self._peer.ours = False
                self._connection.answered()
            else:
                # Some servers answer an unknown path with a page. A list of jobs identifies an
                # engine as well.
                problem = (failure if answer.status >= 300 else unexpected_answer)(
                    self._http, answer
                )
                try:
                    jobs = await self.recent(within_s or ANSWER_S)
                except (TransportFailure, AuraError):
                    raise problem from None
                self._peer.ours = any(job.last_event_id for job in jobs)
        return self._peer.ours is True

    async def engine_info(self) -> EngineInfo:
        """What the engine reports of itself, even if it is failing (HTTP 503)."""
        answer = await self._http.request("GET", routes.HEALTH)
        found = decode.read_engine_info(answer.body)
        if found is None or decode.read_service_name(answer.body) != routes.SERVICE:
            raise damaged_response()
        self._mark_met()
        return found

    async def get_job(self, job_id: str, within_s: float | None = None) -> Job:
        """The job."""
        path = routes.path(routes.JOB, job_id)
        default_id = "" if self._peer.ours else job_id  # another kind of server may omit the id
        job = await self.read(
            path, lambda body: decode.read_job(body, default_id), "a job", within_s=within_s
        )
        self._recognize(job)
        return job

    async def recent(self, within_s: float) -> Sequence[Job]:
        """The newest 100 jobs, oldest first."""
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
        """GET ``path`` and decode the body with ``read`` (None: it can't be decoded). ``what``
        names the expected content in messages."""
        answer = await self.fetch(path, query, within_s)
        found = read(answer.body)
        if found is None:
            if answer.damaged:
                raise damaged_response()
            if self._peer.met or not media_type(answer.headers).endswith("json"):
                raise unexpected_answer(self._http, answer)
            raise self._http.not_an_engine(f"its response is not {what}")
        self._mark_met()
        return found

    async def fetch(
        self, path: str, query: Mapping[str, str] | None = None, within_s: float | None = None
    ) -> Answer:
        """GET ``path``; raises for an answer that is an error."""
        answer = await self._http.request("GET", path, query=query, within_s=within_s)
        return self._accepted(answer)

    async def text(self, path: str) -> bytes:
        """GET ``path``, which is plain text."""
        answer = await self.fetch(path)
        kind = media_type(answer.headers)
        if self._peer.ours and kind != "text/plain":
            raise unexpected_answer(self._http, answer)
        if kind == "text/html":  # the error page of an unknown path
            raise self._http.not_an_engine("its response is not a log")
        self._mark_met()
        return answer.body

    # -- with retries

    async def with_retry(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Run a request that changes nothing, and retry it for ``patience_s``."""
        outage = self._outage(free=True)
        answered = False
        try:
            while True:
                try:
                    found = await ask()
                    answered = True
                    self._connection.reached()
                    return found
                except TransportFailure as problem:
                    if not await outage.wait(problem):
                        raise problem.error or self._http.unreachable(problem) from None
        finally:
            outage.end(answered=answered)

    def _outage(self, *, free: bool) -> Outage:
        return Outage(
            self._http, self._connection, self._clock, self._waits, self._patience_s, free=free
        )

    async def fallback(
        self, ask: Callable[[], Awaitable[T]], instead: Callable[[], Awaitable[T]]
    ) -> T:
        """As :meth:`with_retry`, but run ``instead`` if the server is of another kind and doesn't
        offer what ``ask`` requests."""

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
        """POST a new job. ``made_by`` is a correlation id that no other job has, "" for none.

        If the answer is lost, sends the request again with the same ``Idempotency-Key``. An older
        server ignores such keys, so its jobs are first searched for ``made_by``; without
        ``made_by`` the request is not repeated to another kind of server.
        """

        async def found() -> Job | None:
            jobs = await self.recent(ANSWER_S)
            return next((job for job in jobs if job.correlation_id == made_by), None)

        return await self._post(routes.JOBS, body, headers, found if made_by else None, new=True)

    async def retry(
        self, job_id: str, headers: Mapping[str, str], on_answer: Callable[[bytes], object]
    ) -> Job:
        """POST a retry, which is a new job (older servers return the old one); repeated like
        :meth:`submit`. ``on_answer`` gets the body of the answer."""

        async def retries() -> dict[str, Job]:
            jobs = await self.recent(ANSWER_S)
            return {job.id: job for job in jobs if job.retry_of == job_id}

        async def found() -> Job | None:
            new = (job for id_, job in (await retries()).items() if id_ not in earlier)
            return next(new, None)

        path = routes.path(routes.JOB_RETRY, job_id)
        try:
            earlier = frozenset(await self.with_retry(retries))
        except AuraError:  # a lost retry can't be found then; only the key prevents a second one
            return await self._post(path, b"", headers, None, job_id, new=True, on_answer=on_answer)
        return await self._post(path, b"", headers, found, job_id, new=True, on_answer=on_answer)

    async def change(self, template: str, job_id: str, done: Callable[[Job], bool]) -> Job:
        """POST a change of a job. If the answer is lost, sends it again unless the job is
        ``done`` already."""
        again = False

        async def found() -> Job | None:
            nonlocal again
            job = await self.get_job(job_id)
            again = True
            return job if done(job) else None

        try:
            return await self._post(routes.path(template, job_id), b"", {}, found, job_id)
        except Conflict:
            if again:  # the first request, whose answer was lost, may have arrived late
                job = await self.get(job_id)
                if done(job):
                    return job
            raise

    async def delete(self, path: str) -> None:
        """DELETE. If the answer is lost, sends it again; "not found" then means success."""
        tries = 0

        async def ask() -> None:
            nonlocal tries
            tries += 1
            try:
                answer = self._accepted(await self._http.request("DELETE", path))
                if answer.status != 204 and (self._peer.ours or answer.body):
                    raise unexpected_answer(self._http, answer)
            except TransportFailure as problem:
                if problem.no_route and self._peer.ours is False:
                    raise self._http.not_an_engine(problem.reason) from None
                raise
            except NotFound:
                if tries == 1:
                    raise

        await self.with_retry(ask)

    async def get(self, job_id: str) -> Job:
        """The job, with retries."""
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
        on_answer: Callable[[bytes], object] | None = None,
    ) -> Job:
        """POST and return the job of the answer (``job_id`` if that names none). ``new``: the
        request creates a job.

        If the answer is lost, the request may or may not have been done: the job that ``found``
        returns is the result; if it returns None, the request is sent again. Without ``found``
        (only for a new job) it is sent again only to our own kind of server, which honours the key.
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
                        answer = await self._http.request("POST", path, body=body, headers=headers)
                        job = await self._job_in(answer, job_id, new=new)
                        if on_answer is not None:
                            on_answer(answer.body)
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
            outage.end(answered=answered)

    async def _job_in(self, answer: Answer, job_id: str, *, new: bool) -> Job:
        """The job in an answer if it is complete, else fetched from the server: older servers
        answer with only the job's id. Once the server has accepted a ``new`` job, a failed fetch
        is not an error."""
        self._accepted(answer)
        job = decode.read_job(answer.body, "" if self._peer.ours else job_id)
        named = decode.read_job_id(answer.body) or job_id
        is_json = media_type(answer.headers).endswith("json")
        if not named or (job is None and (self._peer.ours or (answer.body and not is_json))):
            raise unexpected_answer(self._http, answer)
        if job is not None:
            self._mark_met()
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
        """Return the answer; raise if it is an error."""
        if answer.status >= 300:
            error = failure(self._http, answer)
            if isinstance(error, EngineError):
                self._connection.refused(error)
            elif isinstance(error, AuraError):
                self._connection.reached()
            raise error
        self._connection.reached()
        return answer

    def _mark_met(self) -> None:
        """Note that an engine has answered."""
        self._peer.met = True
        self._connection.answered()

    def _recognize(self, job: Job) -> None:
        """Detect our own kind of server: its jobs have the id of their last event."""
        if job.last_event_id:
            self._peer.ours = True
