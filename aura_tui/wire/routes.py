"""The paths, headers and query names of the HTTP API, defined only here for both ends."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

DEFAULT_PORT: Final = 5005
SERVICE: Final = "aura-tui"  # `service` in GET /api/health identifies this kind of server

# Path templates, as routers and OpenAPI documents use them.
JOBS: Final = "/api/jobs"
JOB: Final = "/api/jobs/{id}"
JOB_EVENTS: Final = "/api/jobs/{id}/events"
JOB_CANCEL: Final = "/api/jobs/{id}/cancel"
JOB_PAUSE: Final = "/api/jobs/{id}/pause"
JOB_RESUME: Final = "/api/jobs/{id}/resume"
JOB_RETRY: Final = "/api/jobs/{id}/retry"
JOB_RETRY_PLAN: Final = "/api/jobs/{id}/retry-plan"
JOB_TYPICAL: Final = "/api/jobs/{id}/typical"
JOB_PREVIEW: Final = "/api/jobs/{id}/preview"
JOB_DOWNLOAD: Final = "/api/jobs/{id}/download"
JOB_LOGS: Final = "/api/jobs/{id}/logs"
JOB_FAILURE: Final = "/api/jobs/{id}/failure-details"
JOB_PROGRESS: Final = "/api/jobs/{id}/progress"
JOB_ARTIFACTS: Final = "/api/jobs/{id}/artifacts"
JOB_ARTIFACT: Final = "/api/jobs/{id}/artifacts/{name}"
EVENTS: Final = "/api/events"
QUEUE: Final = "/api/queue"
HEALTH: Final = "/api/health"
LIVE: Final = "/api/health/live"  # the process answers
READY: Final = "/api/health/ready"  # it can take jobs
# Conventional paths of container probes.
PROBE_LIVE: Final = "/health/live"
PROBE_READY: Final = "/health/ready"
OPENAPI: Final = "/api/openapi.json"

# Query names.
STATUS: Final = "status"  # of GET /api/jobs
LIMIT: Final = "limit"  # 1-500
CURSOR: Final = "cursor"
LAST_EVENT_ID_QUERY: Final = "lastEventId"  # for clients that can't set the header

# Headers.
CORRELATION_ID: Final = "X-Correlation-ID"
LAST_EVENT_ID: Final = "Last-Event-ID"
ACCEL_BUFFERING: Final = "X-Accel-Buffering"  # "no" makes nginx pass a stream on unbuffered
IDEMPOTENCY_KEY: Final = "Idempotency-Key"  # of a POST that creates a job; 1-255 characters
DELIVER_TO: Final = "X-Aura-Deliver-To"  # a folder, percent-encoded; only on the user's own socket
BRIEF_FOLDER: Final = "X-Aura-Brief-Folder"  # where its pictures are; as DELIVER_TO
KEEP_ALIVE: Final = "X-Keep-Alive-Interval"  # of a stream: the longest silence, in seconds
REPR_DIGEST: Final = "Repr-Digest"  # RFC 9530, of a complete artifact: sha-256=:base64:

# Content types.
JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"  # RFC 9457
EVENT_STREAM: Final = "text/event-stream"


def path(template: str, job_id: str = "", name: str = "") -> str:
    """Fill ``template`` with a job id and an artifact name; both are escaped."""
    job_id, name = (quote(part, safe="", errors="replace") for part in (job_id, name))
    return template.replace("{id}", job_id).replace("{name}", name)
