"""The handlers of the job routes: each calls the service and encodes the result."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote

from msgspec.structs import replace
from starlette.responses import PlainTextResponse, Response

from aura_tui.errors import AuraError, Code, Conflict, InputError, NotFound
from aura_tui.model.ids import parse_id
from aura_tui.model.request import Origin
from aura_tui.model.status import JobStatus, parse_status
from aura_tui.model.text.sanitize import clean_line, is_clean
from aura_tui.server.context import answer, check_json, context_of, read_body, refuse
from aura_tui.server.files import OCTETS, Digests, artifact_response, picture_response
from aura_tui.server.request_body import read_request
from aura_tui.server.streams.broadcast import Stream
from aura_tui.server.streams.response import EventStream, wants_gzip
from aura_tui.service import JobPage, QueueState
from aura_tui.wire import encode, routes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from aura_tui.model.job import Job
    from aura_tui.server.auth import Caller
    from aura_tui.server.limits import Limiter
    from aura_tui.server.options import Bounds
    from aura_tui.server.streams.broadcast import Broadcaster
    from aura_tui.service import JobService

T = TypeVar("T")

MAX_PAGE = 500
MAX_KEY_CHARS = 255  # of an idempotency key
_MAX_PAGES = 20  # of the service, read for one page of a caller's own jobs


class JobHandlers:
    """One method per route. A job that the caller may not see is "not found"."""

    def __init__(
        self,
        service: JobService,
        broadcaster: Broadcaster,
        limiter: Limiter,
        bounds: Bounds,
        on_work: Callable[[str], None],
    ) -> None:
        self._service = service
        self._broadcaster = broadcaster
        self._limiter = limiter
        self._bounds = bounds
        self._on_work = on_work  # called with each job that a request submits, retries or resumes
        self._digests = Digests()

    async def _job(self, request: Request) -> Job:
        job_id: str = request.path_params["id"]
        unknown = _unknown(job_id)
        try:
            job = await self._service.get(job_id)
        except NotFound:
            raise unknown from None
        caller = context_of(request).caller
        if not caller.sees(job.owner):
            raise unknown
        return _shown(job, caller)

    # -- new and changed jobs

    async def jobs(self, request: Request) -> Response:
        """GET and POST /api/jobs: one route, so that its Allow header names both."""
        return await (self._submit if request.method == "POST" else self._list)(request)

    async def _submit(self, request: Request) -> Response:
        context = context_of(request)
        caller = context.caller
        bounds = self._bounds
        check_json(request)
        key = _idempotency_key(request)
        body = await read_body(
            request, bounds.body_bytes, bounds.body_s, bounds.body_bytes_a_second
        )
        origin = Origin(
            owner=caller.owner,
            outside=caller.outside,
            folder=_own_folder(request, routes.BRIEF_FOLDER),
        )
        job_request, ignored = read_request(body, origin)
        self._limiter.job(caller)
        job = await self._service.submit(
            job_request,
            correlation_id=context.correlation_id,
            deliver_to=_deliver_to(request),
            idempotency_key=key,
        )
        self._on_work(job.id)
        return _created(_shown(job, caller), ignored)

    async def retry(self, request: Request) -> Response:
        """POST /api/jobs/{id}/retry: a new job with the owner of the old one."""

        key = _idempotency_key(request)

        async def retry(job_id: str) -> Job:
            self._limiter.job(context_of(request).caller)
            job = await self._service.retry(
                job_id, deliver_to=_deliver_to(request), idempotency_key=key
            )
            self._on_work(job.id)
            return _shown(job, context_of(request).caller)

        return await self._change(request, retry, _created)

    async def cancel(self, request: Request) -> Response:
        """POST /api/jobs/{id}/cancel: only requests it; ``job-cancelled`` follows."""
        return await self._limited(request, self._service.cancel, _current(request, 202))

    async def pause(self, request: Request) -> Response:
        """POST /api/jobs/{id}/pause."""
        return await self._limited(request, self._service.pause, _current(request, 200))

    async def resume(self, request: Request) -> Response:
        """POST /api/jobs/{id}/resume."""

        async def resume(job_id: str) -> Job:
            job = await self._service.resume(job_id)
            self._on_work(job.id)
            return job

        return await self._limited(request, resume, _current(request, 200))

    async def _limited(
        self, request: Request, act: Callable[[str], Awaitable[T]], respond: Callable[[T], Response]
    ) -> Response:
        async def limited(job_id: str) -> T:
            self._limiter.change(context_of(request).caller)
            return await act(job_id)

        return await self._change(request, limited, respond)

    async def _change(
        self, request: Request, act: Callable[[str], Awaitable[T]], respond: Callable[[T], Response]
    ) -> Response:
        job = await self._job(request)
        try:
            return respond(await act(job.id))
        except NotFound:
            raise _unknown(job.id) from None  # deleted meanwhile
        except Conflict as e:
            now = await self._service.get(job.id)
            return refuse(
                e,
                context_of(request).correlation_id,
                current_status=now.status,
                suggested_actions=now.suggested_actions,
            )

    # -- reading

    async def _list(self, request: Request) -> Response:
        status = _status(request.query_params.get(routes.STATUS))
        limit = _limit(request.query_params.get(routes.LIMIT))
        cursor = request.query_params.get(routes.CURSOR)
        caller = context_of(request).caller
        found: list[Job] = []
        for _ in range(_MAX_PAGES):
            # Ask for no more than are needed, so that the cursor is right behind the last of them.
            page = await self._service.list(status=status, limit=limit - len(found), cursor=cursor)
            found += [_shown(job, caller) for job in page.jobs if caller.sees(job.owner)]
            cursor = page.cursor
            if cursor is None or len(found) >= limit:
                break
        return answer(encode.page_payload(JobPage(tuple(found), cursor)))

    async def job(self, request: Request) -> Response:
        """GET and DELETE /api/jobs/{id}: one route, so that its Allow header names both."""
        if request.method == "DELETE":
            return await self._limited(request, self._service.delete, _deleted)
        return answer(encode.job_payload(await self._job(request)))

    async def progress(self, request: Request) -> Response:
        """GET /api/jobs/{id}/progress."""
        return answer(encode.progress_payload(await self._job(request)))

    async def failure(self, request: Request) -> Response:
        """GET /api/jobs/{id}/failure-details: 409 for a job that has not failed."""
        job = await self._job(request)
        if job.status is not JobStatus.FAILED:
            error = Conflict(
                Code.JOB_STATE,
                f"Job {job.id} is {job.status.word}; only failed jobs have failure details",
                "Request the job itself.",
            )
            cid = context_of(request).correlation_id
            return refuse(error, cid, current_status=job.status)
        return answer(encode.failure_payload(job))

    async def logs(self, request: Request) -> Response:
        """GET /api/jobs/{id}/logs."""
        return PlainTextResponse(await self._service.logs((await self._job(request)).id))

    async def typical(self, request: Request) -> Response:
        """GET /api/jobs/{id}/typical."""
        job = await self._job(request)
        return answer(encode.typical_payload(await self._service.typical(job.id)))

    async def retry_plan(self, request: Request) -> Response:
        """GET /api/jobs/{id}/retry-plan."""
        job = await self._job(request)
        try:
            plan = await self._service.retry_plan(job.id)
        except Conflict as e:
            return refuse(e, context_of(request).correlation_id, current_status=job.status)
        return answer(encode.retry_plan_payload(plan))

    async def queue(self, request: Request) -> Response:
        """GET /api/queue: the counts of all jobs, and the ids of the caller's waiting jobs."""
        caller = context_of(request).caller
        queue = await self._service.queue()
        waiting = [
            job for job in queue.waiting if caller.sees(await self._broadcaster.owner_of(job))
        ]
        return answer(
            encode.queue_payload(
                QueueState(
                    queued=queue.queued,
                    running=queue.running,
                    paused=queue.paused,
                    waiting=tuple(waiting),
                )
            )
        )

    # -- files

    async def artifacts(self, request: Request) -> Response:
        """GET /api/jobs/{id}/artifacts."""
        job = await self._job(request)
        found = await self._service.artifacts(job.id)
        return answer(encode.ArtifactsPayload(artifacts=found))

    async def artifact(self, request: Request) -> Response:
        """GET /api/jobs/{id}/artifacts/{name}: the name is looked up, never joined to a path."""
        job = await self._job(request)
        name: str = request.path_params["name"]
        path = await self._service.artifact(job.id, name)
        types = {a.name: a.type for a in await self._service.artifacts(job.id)}
        return await artifact_response(
            request,
            job.id,
            path,
            name,
            types.get(name, OCTETS),
            self._digests,
            self._bounds.stall_s,
        )

    async def download(self, request: Request) -> Response:
        """GET /api/jobs/{id}/download: the video."""
        job = await self._job(request)
        videos = [artifact for artifact in job.artifacts if artifact.type.startswith("video/")]
        named = job.output.video_path if job.output else ""
        videos.sort(key=lambda artifact: artifact.path != named)
        if not videos:
            raise NotFound(
                Code.ARTIFACT_UNKNOWN,
                f"Job {job.id} has no video (it is {job.status.word})",
                "Wait until the job succeeds." if not job.status.ended else "Retry the job.",
            )
        path = await self._service.artifact(job.id, videos[0].name)
        return await artifact_response(
            request,
            job.id,
            path,
            videos[0].name,
            videos[0].type,
            self._digests,
            self._bounds.stall_s,
        )

    async def preview(self, request: Request) -> Response:
        """GET /api/jobs/{id}/preview: 204 if there is none yet."""
        job = await self._job(request)
        path = await self._service.preview(job.id)
        if path is None:
            return Response(status_code=204)
        return await picture_response(request, job.id, path)

    # -- streams

    async def job_events(self, request: Request) -> Response:
        """GET /api/jobs/{id}/events."""
        job = await self._job(request)
        after = _after(request)
        ended = job.status.ended
        if ended and after is not None and after >= job.last_event_id:
            return Response(status_code=204)  # makes an EventSource stop reconnecting
        until = job.last_event_id if ended else None
        return self._stream(request, job.id, after or 0, until)

    async def events(self, request: Request) -> Response:
        """GET /api/events."""
        return self._stream(request, None, _after(request) or 0, None)

    def _stream(
        self, request: Request, job_id: str | None, after: int, until: int | None
    ) -> Response:
        caller = context_of(request).caller
        self._limiter.stream(caller, self._broadcaster.count(caller.owner))
        gzip = wants_gzip(request.headers.get("accept-encoding", ""))
        return EventStream(self._broadcaster, Stream(caller, job_id, after, until), gzip=gzip)


def _unknown(job_id: str) -> NotFound:
    return NotFound(
        Code.JOB_UNKNOWN, f"Job {job_id[:80]!r} not found", "List them with: aura-tui jobs"
    )


def _shown(job: Job, caller: Caller) -> Job:
    """The job as ``caller`` may see it: the folder that a local user chose is not for others."""
    if not caller.outside or job.settings is None or not job.settings.output_folder:
        return job
    return replace(job, settings=replace(job.settings, output_folder=""))


def _created(job: Job, ignored: tuple[str, ...] = ()) -> Response:
    where = routes.path(routes.JOB, job.id)
    payload = encode.job_payload(replace(job, warnings=(*ignored, *job.warnings)))
    return answer(payload, 202, {"Location": where})


def _current(request: Request, status: int) -> Callable[[Job], Response]:
    caller = context_of(request).caller
    return lambda job: answer(encode.job_payload(_shown(job, caller)), status)


def _deleted(_: None) -> Response:
    return Response(status_code=204)


def _deliver_to(request: Request) -> Path | None:
    """The folder for a new job's files."""
    folder = _own_folder(request, routes.DELIVER_TO)
    return Path(folder) if folder else None


def _own_folder(request: Request, header: str) -> str:
    """The folder that ``header`` names. Never a path from the network; the user's own terminals may
    choose one, since they could read and write there themselves."""
    folder = unquote(request.headers.get(header, ""))
    return folder if is_clean(folder) and not context_of(request).caller.outside else ""


def _idempotency_key(request: Request) -> str | None:
    """The request's idempotency key (draft-ietf-httpapi-idempotency-key-header): any printable
    ASCII text."""
    key = request.headers.get(routes.IDEMPOTENCY_KEY)
    if key is None or (0 < len(key) <= MAX_KEY_CHARS and key.isascii() and key.isprintable()):
        return key
    raise _refuse_query(
        routes.IDEMPOTENCY_KEY,
        f"The {routes.IDEMPOTENCY_KEY} is empty, too long, or not ASCII",
        f"1 to {MAX_KEY_CHARS} characters of ASCII, for example a UUID",
    )


def _after(request: Request) -> int | None:
    """The id after which to resume a stream. An invalid id counts as none: all events are sent."""
    given = request.headers.get(routes.LAST_EVENT_ID)
    if given is None:
        given = request.query_params.get(routes.LAST_EVENT_ID_QUERY)
    return parse_id(given) if given else None


def _status(given: str | None) -> JobStatus | None:
    if given is None:
        return None
    status = parse_status(given)
    if status is None:
        names = ", ".join(each.value for each in JobStatus)
        raise _refuse_query(routes.STATUS, f"{clean_line(given, 40)!r} is not a status", names)
    return status


def _limit(given: str | None) -> int:
    if given is None:
        return 50
    if not (given.isascii() and given.isdecimal() and len(given) < 5):
        raise _refuse_query(routes.LIMIT, "limit is not a number", f"1 to {MAX_PAGE}")
    if not 1 <= int(given) <= MAX_PAGE:
        raise _refuse_query(routes.LIMIT, "limit is out of range", f"1 to {MAX_PAGE}")
    return int(given)


def _refuse_query(field: str, message: str, expected: str) -> AuraError:
    return InputError(Code.REQUEST_INVALID, message, f"Use {expected}.", field=field)
