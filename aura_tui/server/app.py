"""The ASGI app over a JobService: the routes and their handlers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route, Router

from aura_tui.server.context import answer, context_of
from aura_tui.server.health import Health, public_payload
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
    """The routes and streams of one service, for any number of listeners, each with its own access
    rules."""

    def __init__(
        self,
        service: JobService,
        settings: Settings,
        *,
        limits: Limits | None = None,
        bounds: Bounds | None = None,
        heartbeat_s: float = 10.0,
        on_work: Callable[[str], None] = lambda job_id: None,
        access_log: Callable[[str], None] | None = None,
    ) -> None:
        """``on_work`` is called with the id of each job that a request submits, retries or
        resumes; ``access_log`` with the lines of ``access_log.py``."""
        bounds = bounds or Bounds()
        self._service = service
        self._access_log = access_log
        self._accesses: list[Access] = []
        self.listeners: list[Listener] = []  # those that pass requests to this app
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
                Route(routes.HEALTH, self._get_health),
                Route(routes.LIVE, self._get_live),
                Route(routes.PROBE_LIVE, self._get_live),
                Route(routes.READY, self._get_health),
                Route(routes.PROBE_READY, self._get_health),
                Route(routes.OPENAPI, self._get_openapi),
            ],
            redirect_slashes=False,
        )

    def with_access(self, access: Access | None) -> ASGIApp:
        """The app with the access rules of one listener; None for a listener that only the
        engine's own user can reach."""
        if access is not None:
            self._accesses.append(access)
        return RequestGate(self._router, access, self._access_log)

    def _still_allowed(self, caller: Caller) -> bool:
        return not caller.outside or any(access.still_allows(caller) for access in self._accesses)

    def troubles(self) -> tuple[str, ...]:
        """The current failures in the engine and in the server, one line each."""
        engine = self._service.troubles() if isinstance(self._service, Supervised) else ()
        return (
            *engine,
            *(failure.reason for failure in self.broadcaster.supervisor.failures),
            *(each.trouble for each in self.listeners if each.trouble),
        )

    async def _get_health(self, request: Request) -> Response:
        health = await self._health.check()
        if context_of(request).caller.unauthenticated:
            health = public_payload(health)
        return answer(health, 503 if health.status == "failing" else 200)

    async def _get_live(self, _: Request) -> Response:
        """Liveness: answers without checking anything."""
        return answer(HealthPayload(service=routes.SERVICE, status="ok"))

    async def _get_openapi(self, _: Request) -> Response:
        if self._openapi is None:
            from aura_tui.server.openapi.document import document

            self._openapi = document()
        return Response(self._openapi, media_type=routes.JSON)
