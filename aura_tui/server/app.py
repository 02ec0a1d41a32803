"""The ASGI app over a JobService: routes and what serves them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route, Router

from aura_tui.server.context import answer, context_of
from aura_tui.server.health import Health, for_strangers
from aura_tui.server.jobs import JobHandlers
from aura_tui.server.limits import Limiter
from aura_tui.server.middleware import RequestGate
from aura_tui.server.options import Bounds, Limits
from aura_tui.server.streams.broadcast import Broadcaster
from aura_tui.service import Supervised
from aura_tui.wire import routes
from aura_tui.wire.encode import HealthPayload

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from aura_tui.server.auth import Access, Caller
    from aura_tui.server.listener import Listener
    from aura_tui.service import JobService
    from aura_tui.settings import Settings


class ServerApp:
    """One service's routes and streams, for any number of listeners with rules of their own."""

    def __init__(
        self,
        service: JobService,
        settings: Settings,
        *,
        limits: Limits | None = None,
        bounds: Bounds | None = None,
        heartbeat_s: float = 10.0,
        on_work: Callable[[str], None] = lambda job_id: None,
    ) -> None:
        """``on_work`` hears of each job that somebody has the service work on."""
        bounds = bounds or Bounds()
        self._service = service
        self._accesses: list[Access] = []
        self.listeners: list[Listener] = []  # those that bring requests here
        self.broadcaster = Broadcaster(
            service,
            heartbeat_s=heartbeat_s,
            stall_s=bounds.stall_s,
            still_allowed=self._still_allowed,
            troubles=self.troubles,
        )
        self._health = Health(service, self.broadcaster, settings, self.troubles)
        self._openapi: bytes | None = None
        jobs = JobHandlers(service, self.broadcaster, Limiter(limits or Limits()), bounds, on_work)
        self._router = Router(
            [
                Route(routes.JOBS, jobs.jobs, methods=["GET", "POST"]),
                Route(routes.JOB, jobs.job, methods=["GET", "DELETE"]),
                Route(routes.JOB_EVENTS, jobs.job_events),
                Route(routes.JOB_CANCEL, jobs.cancel, methods=["POST"]),
                Route(routes.JOB_PAUSE, jobs.pause, methods=["POST"]),
                Route(routes.JOB_RESUME, jobs.resume, methods=["POST"]),
                Route(routes.JOB_RETRY, jobs.retry, methods=["POST"]),
                Route(routes.JOB_RETRY_PLAN, jobs.retry_plan),
                Route(routes.JOB_TYPICAL, jobs.typical),
                Route(routes.JOB_PREVIEW, jobs.preview),
                Route(routes.JOB_DOWNLOAD, jobs.download),
                Route(routes.JOB_LOGS, jobs.logs),
                Route(routes.JOB_FAILURE, jobs.failure),
                Route(routes.JOB_PROGRESS, jobs.progress),
                Route(routes.JOB_ARTIFACTS, jobs.artifacts),
                Route(routes.JOB_ARTIFACT.replace("{name}", "{name:path}"), jobs.artifact),
                Route(routes.EVENTS, jobs.events),
                Route(routes.QUEUE, jobs.queue),
                Route(routes.HEALTH, self._say_health),
                Route(routes.LIVE, self._say_live),
                Route(routes.PROBE_LIVE, self._say_live),
                Route(routes.READY, self._say_health),
                Route(routes.PROBE_READY, self._say_health),
                Route(routes.OPENAPI, self._say_openapi),
            ],
            redirect_slashes=False,
        )

    def behind(self, access: Access | None) -> ASGIApp:
        """The app by the rules of a listener; None: the engine's own user alone gets there."""
        if access is not None:
            self._accesses.append(access)
        return RequestGate(self._router, access)

    def _still_allowed(self, caller: Caller) -> bool:
        return not caller.outside or any(access.still(caller) for access in self._accesses)

    def troubles(self) -> tuple[str, ...]:
        """What fails now in the engine and in the server, a line each."""
        engine = self._service.troubles() if isinstance(self._service, Supervised) else ()
        return (
            *engine,
            *(failure.reason for failure in self.broadcaster.supervisor.failures),
            *(each.trouble for each in self.listeners if each.trouble),
        )

    async def _say_health(self, request: Request) -> Response:
        health = await self._health.look()
        if context_of(request).caller.stranger:
            health = for_strangers(health)
        return answer(health, 503 if health.status == "failing" else 200)

    async def _say_live(self, _: Request) -> Response:
        """That it answers is the answer: nothing is looked at."""
        return answer(HealthPayload(service=routes.SERVICE, status="ok"))

    async def _say_openapi(self, _: Request) -> Response:
        if self._openapi is None:
            from aura_tui.server.openapi.document import document

            self._openapi = document()
        return Response(self._openapi, media_type=routes.JSON)
