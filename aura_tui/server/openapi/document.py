"""``GET /api/openapi.json``."""

from __future__ import annotations

from typing import Any

import msgspec

from aura_tui import __version__
from aura_tui.model.stages import Stage
from aura_tui.server.openapi.paths import paths
from aura_tui.server.openapi.request_schema import request_schema
from aura_tui.wire import encode
from aura_tui.wire.problem import ProblemDocument

_ANSWERS = (
    encode.JobPayload,
    encode.PagePayload,
    encode.QueuePayload,
    encode.TypicalPayload,
    encode.RetryPlanPayload,
    encode.ProgressPayload,
    encode.FailurePayload,
    encode.ArtifactsPayload,
    encode.HealthPayload,
    ProblemDocument,
)


def document() -> bytes:
    """The document, encoded."""
    return msgspec.json.format(msgspec.json.encode(_document()), indent=1)


# For clients with one scale for all jobs: `start + (end - start) * progressPct / 100`.
_STAGES = {
    "description": "A job's percent is proportional to time, so the stages' ranges in it differ "
    "from job to job; x-percent-ranges are the nominal ones.",
    "x-percent-ranges": {stage.value: [stage.start_percent, stage.end_percent] for stage in Stage},
}


def _document() -> dict[str, Any]:
    _, schemas = msgspec.json.schema_components(
        _ANSWERS, ref_template="#/components/schemas/{name}"
    )
    schemas["JobRequest"] = request_schema()
    schemas["StepPayload"]["properties"]["name"] |= _STAGES
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "aura-tui",
            "version": __version__,
            "description": "Turns briefs into narrated videos: jobs, and a live event stream.",
        },
        "security": [{}, {"token": []}],
        "paths": paths(),
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
