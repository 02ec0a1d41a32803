"""What a service asks of its server, request by request; and what kind of server that is.

Methods that say so raise Broken for what passes; the others have tried once more, and raise
``AuraError`` alone.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, TypeVar

from aura_tui.client.http import ANSWER_S, Answer, Broken, damage
from aura_tui.client.refusal import broken, passes, refusal
from aura_tui.errors import Code, EngineError, NotFound
from aura_tui.wire import reading, routes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from aura_tui.client.healing import Clock
    from aura_tui.client.http import Http
    from aura_tui.client.link import Switchboard
    from aura_tui.model.job import Job

T = TypeVar("T")

_RECENT: Final = 100  # jobs of a snapshot of all
_AGAIN_S: Final = 0.1  # between two tries of a patient request


class Asking:
    """Requests to one server; each that is answered is news of the link.

    ``patience_s``: how long one that no server got is tried again, and one that changes nothing.
    """

    def __init__(
        self, http: Http, switchboard: Switchboard, clock: Clock, patience_s: float
    ) -> None:
        self._http = http
        self._switchboard = switchboard
        self._clock = clock
        self._patience_s = patience_s
        self._is_ours: bool | None = None

    # -- one try: these raise Broken

    async def meet(self, within_s: float | None = None) -> bool:
        """Whether it is our own kind of server; it is asked once."""
        if self._is_ours is None:
            answer = await self._http.ask("GET", routes.HEALTH, within_s=within_s)
            if answer.damaged:
                raise damage()
            name = reading.read_service_name(answer.body)
            if passes(answer.status) and not name:
                raise broken(answer, refusal(self._http, answer))
            self._is_ours = name == routes.SERVICE
            self._switchboard.answered()
        return self._is_ours

    async def look(self, job_id: str, within_s: float | None = None) -> Job:
        """The job."""
        path = routes.path(routes.JOB, job_id)
        job = await self.read(
            path, lambda body: reading.read_job(body, job_id), "a job", within_s=within_s
        )
        if self._is_ours is None and job.last_event_id:
            self._is_ours = True
        return job

    async def recent(self, within_s: float) -> Sequence[Job]:
        """The newest jobs, oldest first."""
        query = {routes.LIMIT: str(_RECENT)}
        page = await self.read(
            routes.JOBS, reading.read_page, "a list of jobs", query=query, within_s=within_s
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
            raise self._http.not_an_engine(f"its answer is not {what}")
        return found

    async def fetch(
        self, path: str, query: Mapping[str, str] | None = None, within_s: float | None = None
    ) -> Answer:
        """An answer that is no error."""
        answer = await self._http.ask("GET", path, query=query, within_s=within_s)
        if answer.status >= 300 and passes(answer.status):
            raise broken(answer, refusal(self._http, answer))
        return self._accepted(answer)

    # -- patient ones

    async def patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        """A request that changes nothing: asked once more where the link broke, since it may only
        be an idle connection that the server has just closed; then as long as there is patience."""
        patience = self._patience()
        try:
            return await ask()
        except Broken as problem:
            if problem.error is not None:  # it answered
                raise problem.error from None
        while True:
            try:
                return await ask()
            except Broken as problem:
                if problem.error is not None or not await patience():
                    raise problem.error or self._http.unreachable(problem) from None

    def _patience(self) -> Callable[[], Awaitable[bool]]:
        """Waits a little before the next try, or says that there is none: its time is over."""
        time = asyncio.get_running_loop().time
        until = time() + self._patience_s

        async def more() -> bool:
            if time() >= until or self._http.closed:
                return False
            await self._clock.sleep(_AGAIN_S)
            return True

        return more

    async def or_else(
        self, ask: Callable[[], Awaitable[T]], instead: Callable[[], Awaitable[T]]
    ) -> T:
        """As :meth:`patiently`; what another kind of server doesn't offer is made ``instead``
        from what it does."""
        try:
            return await self.patiently(ask)
        except (NotFound, EngineError) as e:
            absent = isinstance(e, NotFound) or e.code is Code.NOT_AN_ENGINE
            if not absent or await self.patiently(self.meet):
                raise
        return await instead()

    async def tell(
        self,
        path: str,
        job_id: str = "",
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        key: str = "",
        heard: Callable[[bytes], object] | None = None,
    ) -> Job:
        """POST; the job of the answer. Sent once: where the answer is lost, nobody knows whether it
        was done. Within our patience that shows by the ``key``, the correlation id of a new job."""
        patience = self._patience()
        while True:
            try:
                answer = await self._http.ask("POST", path, body=body or b"", headers=headers)
                if heard is not None:
                    heard(answer.body)
                return await self._job_in(self._accepted(answer), job_id)
            except Broken as problem:
                known = problem.unsent or (problem.cut and key)
                if not known or not await patience():
                    raise self._http.unreachable(problem) from None
                if problem.cut and (job := await self._made(key)) is not None:
                    return job

    async def delete(self, path: str) -> None:
        """DELETE, sent once."""
        try:
            self._accepted(await self._http.ask("DELETE", path))
        except Broken as problem:
            raise self._http.unreachable(problem) from None

    async def _made(self, key: str) -> Job | None:
        """The job with that correlation id. One that the engine which left us got is in the store
        before the next engine answers."""
        jobs = await self.patiently(lambda: self.recent(ANSWER_S))
        return next((job for job in jobs if job.correlation_id == key), None)

    async def _job_in(self, answer: Answer, job_id: str) -> Job:
        """The job of an answer: itself where it is whole, else as the server has it now. Older
        servers say what they did, and of the job no more than its id."""
        job = reading.read_job(answer.body, job_id)
        if job is not None and job.last_event_id:
            self._is_ours = True
            return job
        job_id = reading.read_job_id(answer.body) or job_id
        if not job_id:
            raise self._http.not_an_engine("its answer names no job")
        return await self.patiently(lambda: self.look(job_id))

    def _accepted(self, answer: Answer) -> Answer:
        if answer.status >= 300:
            error = refusal(self._http, answer)
            if isinstance(error, EngineError) and not passes(answer.status):
                self._switchboard.refused(error.message)
            raise error
        self._switchboard.answered()
        return answer
