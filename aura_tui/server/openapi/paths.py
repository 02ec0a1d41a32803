"""The paths of the OpenAPI document: the parameters and responses of each route."""

from __future__ import annotations

from typing import Any

from aura_tui.model.events import EVENT_NAMES
from aura_tui.model.status import JobStatus
from aura_tui.server.files import OCTETS, PICTURES
from aura_tui.server.jobs import MAX_KEY_CHARS, MAX_PAGE
from aura_tui.wire import routes


def paths() -> dict[str, Any]:
    job, name = _path_parameter("id"), _path_parameter("name")
    last_event = [
        {**_text_parameter(routes.LAST_EVENT_ID, "header"), "description": _RESUME},
        {**_text_parameter(routes.LAST_EVENT_ID_QUERY, "query"), "description": _RESUME},
    ]
    stream = {"200": _events(), "429": _problem("Too many streams")}
    job_response = _json("The job", "JobPayload")
    no_more = {"204": {"description": "The job has ended; no event follows that id"}}
    return {
        routes.JOBS: {
            "get": _operation(
                "listJobs",
                "Jobs, newest first",
                {"200": _json("One page", "PagePayload"), "422": _problem("Invalid query")},
                [_status(), _limit(), _cursor()],
            ),
            "post": {
                **_operation(
                    "submitJob",
                    "Queue a job",
                    {
                        "202": _created(),
                        "408": _problem("The body did not arrive in time"),
                        "413": _problem("The body is too large"),
                        "415": _problem("Unsupported content type or encoding"),
                        "422": _problem(
                            "Not a JSON object, invalid fields (errors lists them all), "
                            "or the idempotency key belongs to another request"
                        ),
                        "429": _problem("Too many new jobs"),
                        "507": _problem("The disk is full"),
                    },
                    [_idempotency_key()],
                ),
                "requestBody": {
                    "required": True,
                    "content": {
                        routes.JSON: {"schema": {"$ref": "#/components/schemas/JobRequest"}}
                    },
                },
            },
        },
        routes.JOB: {
            "get": _of_job("getJob", "A job", {"200": job_response}, [job]),
            "delete": _of_job(
                "deleteJob",
                "Delete a finished job, with its events and its files in the engine's home",
                {
                    "204": {"description": "Deleted"},
                    "409": _problem("The job has not finished"),
                    "429": _problem("Too many changes"),
                },
                [job],
            ),
        },
        routes.JOB_EVENTS: {
            "get": _of_job(
                "jobEvents",
                "A job's events: past events, then live ones",
                stream | no_more,
                [job, *last_event],
            )
        },
        routes.JOB_CANCEL: {"post": _change("cancelJob", "Cancel a job", "202", job)},
        routes.JOB_PAUSE: {"post": _change("pauseJob", "Pause a running job", "200", job)},
        routes.JOB_RESUME: {"post": _change("resumeJob", "Resume a paused job", "200", job)},
        routes.JOB_RETRY: {
            "post": _of_job(
                "retryJob",
                "Retry a failed or cancelled job as a new job that reuses finished work",
                {
                    "202": _created(),
                    "409": _problem("Conflicts with the job's state"),
                    "422": _problem(
                        "A required input no longer exists, or the idempotency key "
                        "belongs to another request"
                    ),
                    "429": _problem("Too many new jobs"),
                },
                [job, _idempotency_key()],
            )
        },
        routes.JOB_RETRY_PLAN: {
            "get": _of_job(
                "retryPlan",
                "Preview a retry",
                {
                    "200": _json("The plan", "RetryPlanPayload"),
                    "409": _problem("The job can't be retried"),
                },
                [job],
            )
        },
        routes.JOB_TYPICAL: {
            "get": _of_job(
                "typical",
                "Usual duration of each stage",
                {"200": _json("Seconds by stage", "TypicalPayload")},
                [job],
            )
        },
        routes.JOB_PREVIEW: {
            "get": _of_job(
                "preview",
                "Latest preview picture",
                {
                    "200": _bytes("The picture", *PICTURES, OCTETS),
                    "204": {"description": "No preview yet"},
                    "304": {"description": "Not modified: matches If-None-Match"},
                    "412": _problem("Precondition failed: does not match If-Match"),
                },
                [job],
            )
        },
        routes.JOB_DOWNLOAD: {
            "get": _of_job(
                "download",
                "The job's video, or a range of it, as an attachment",
                _file("video/*"),
                [job],
            )
        },
        routes.JOB_LOGS: {"get": _of_job("logs", "The job's log", {"200": _text("Lines")}, [job])},
        routes.JOB_FAILURE: {
            "get": _of_job(
                "failureDetails",
                "Failure details",
                {
                    "200": _json("Failure details", "FailurePayload"),
                    "409": _problem("The job has not failed"),
                },
                [job],
            )
        },
        routes.JOB_PROGRESS: {
            "get": _of_job(
                "progress",
                "Progress figures",
                {"200": _json("Progress figures", "ProgressPayload")},
                [job],
            )
        },
        routes.JOB_ARTIFACTS: {
            "get": _of_job(
                "artifacts",
                "The job's artifacts",
                {"200": _json("Artifacts", "ArtifactsPayload")},
                [job],
            )
        },
        routes.JOB_ARTIFACT: {
            "get": _of_job(
                "artifact",
                "A file, or a range of it; ETag and Repr-Digest are its SHA-256",
                _file("*/*"),
                [job, name],
            )
        },
        routes.EVENTS: {
            "get": _operation("events", "Events of all the caller's jobs", stream, last_event)
        },
        routes.QUEUE: {
            "get": _operation("queue", "The queue", {"200": _json("Counts", "QueuePayload")})
        },
        routes.HEALTH: {"get": _health("health", "Health (details need a token)")},
        routes.LIVE: {"get": _live("live")},
        routes.READY: {
            "get": _health("ready", "Readiness: whether the engine accepts jobs, as in /api/health")
        },
        routes.PROBE_LIVE: {"get": _live("probeLive")},
        routes.PROBE_READY: {
            "get": _health(
                "probeReady", "Readiness: whether the engine accepts jobs, as in /api/health"
            )
        },
        routes.OPENAPI: {
            "get": _operation(
                "openapi",
                "This document",
                {"200": {"description": "OpenAPI", "content": {routes.JSON: {}}}},
            )
        },
    }


_RESUME = "The id of the last event received: the stream resumes right after it."


def _operation(
    name: str, summary: str, responses: dict[str, Any], parameters: list[Any] | None = None
) -> dict[str, Any]:
    always = {
        "401": _problem("Authentication required, or invalid token"),
        "403": _problem("Host or Origin not allowed"),
        "503": _problem("The engine has stopped, or can't write"),
    }
    operation: dict[str, Any] = {
        "operationId": name,
        "summary": summary,
        "responses": always | responses,
    }
    if parameters:
        operation["parameters"] = parameters
    return operation


def _of_job(
    name: str, summary: str, responses: dict[str, Any], parameters: list[Any]
) -> dict[str, Any]:
    unknown = {"404": _problem("Not found, or not visible to the caller")}
    return _operation(name, summary, unknown | responses, parameters)


def _change(name: str, summary: str, status: str, job: dict[str, Any]) -> dict[str, Any]:
    return _of_job(
        name,
        summary,
        {
            status: _json("The job's current state", "JobPayload"),
            "409": _problem("Conflicts with the job's state"),
            "429": _problem("Too many changes"),
        },
        [job],
    )


def _health(name: str, summary: str) -> dict[str, Any]:
    works = {"200": _json("Healthy", "HealthPayload")}
    return _operation(name, summary, works | {"503": _json("Unhealthy", "HealthPayload")})


def _live(name: str) -> dict[str, Any]:
    return _operation(
        name, "Liveness: the process answers", {"200": _json("Alive", "HealthPayload")}
    )


def _file(type_: str) -> dict[str, Any]:
    return {
        "200": _bytes("The whole file", type_),
        "206": _bytes("The requested range", type_),
        "304": {"description": "Not modified: If-None-Match or If-Modified-Since still holds"},
        "412": _problem("Precondition failed: If-Match or If-Unmodified-Since"),
        "416": _problem("The range is outside the file"),
    }


def _json(description: str, schema: str) -> dict[str, Any]:
    content = {routes.JSON: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": description, "content": content}


def _problem(description: str) -> dict[str, Any]:
    content = {routes.PROBLEM: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}
    return {"description": description, "content": content}


def _created() -> dict[str, Any]:
    location = {"schema": {"type": "string"}, "description": "The job's path"}
    return {**_json("The new job", "JobPayload"), "headers": {"Location": location}}


def _text(description: str) -> dict[str, Any]:
    return {"description": description, "content": {"text/plain": {"schema": {"type": "string"}}}}


def _bytes(description: str, *types: str) -> dict[str, Any]:
    return {"description": description, "content": {type_: {} for type_ in types}}


def _events() -> dict[str, Any]:
    event = {
        "type": "object",
        "description": "One event of the stream",
        "properties": {
            "id": {"type": "string", "description": "Only job events have an id"},
            "event": {"enum": list(EVENT_NAMES.values())},
            "data": {"type": "string", "description": "JSON on one line"},
            "retry": {"type": "integer"},
        },
        "required": ["event", "data"],
    }
    return {
        "description": "Server-sent events; at least one every 10 s, and a comment every 2 s",
        "headers": {
            routes.KEEP_ALIVE: {
                "description": "The longest silence of a healthy server, in seconds",
                "schema": {"type": "number"},
            }
        },
        "content": {routes.EVENT_STREAM: {"schema": event}},
    }


def _path_parameter(name: str) -> dict[str, Any]:
    return {**_text_parameter(name, "path"), "required": True}


def _text_parameter(name: str, where: str) -> dict[str, Any]:
    return {"name": name, "in": where, "schema": {"type": "string"}}


def _status() -> dict[str, Any]:
    values = [status.value for status in JobStatus]
    schema = {"type": "string", "enum": values}
    return {"name": routes.STATUS, "in": "query", "schema": schema}


def _idempotency_key() -> dict[str, Any]:
    return {
        "name": routes.IDEMPOTENCY_KEY,
        "in": "header",
        "description": "For 24 hours, the same request with the same key returns the same job.",
        "schema": {
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_KEY_CHARS,
            "pattern": "^[!-~]([ -~]*[!-~])?$",
        },
    }


def _limit() -> dict[str, Any]:
    schema = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": 50}
    return {"name": routes.LIMIT, "in": "query", "schema": schema}


def _cursor() -> dict[str, Any]:
    schema = {"type": "string", "pattern": "^[0-9]{1,18}$"}
    return {"name": routes.CURSOR, "in": "query", "schema": schema}
