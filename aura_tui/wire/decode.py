"""Decodes a server's answers: jobs, pages, queue, durations, plans, problems. The counterpart of
``encode.py`` and ``problem.py``; as lenient as ``event_json.py``.

What our own server encodes decodes to the same values. Other servers omit fields and use other
forms (numbers for states, ``startedUtc``, a TimeSpan for a time left); missing values are inferred
from others (the stages before the current one are done). The functions here return None for
anything that can't be decoded and never raise. Servers are not trusted: texts are cleaned, numbers
and lists bounded.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from aura_tui.model import events as ev
from aura_tui.model.ids import parse_id
from aura_tui.model.job import LOG_TAIL, MAX_WARNINGS, Eta, Job
from aura_tui.model.job_settings import JobSettings
from aura_tui.model.status import JobStatus
from aura_tui.model.text.sanitize import clean, clean_line
from aura_tui.service import EngineInfo, JobPage, PlannedStep, QueueState, RetryPlan, Typical
from aura_tui.wire.decode_steps import by_stages, read_steps, text_lines
from aura_tui.wire.fields import Fields, as_array, as_fields, as_seconds
from aura_tui.wire.lenient_values import (
    as_bool,
    as_job_status,
    as_list,
    as_problem,
    as_stage,
    as_struct,
    as_text,
    as_whole,
    parse,
)
from aura_tui.wire.problem import FieldProblem, ProblemDocument

if TYPE_CHECKING:
    from aura_tui.model.stages import Stage

MAX_ANSWER_BYTES: Final = 32 << 20  # for a page of 500 jobs; one job has some KB
MAX_JOBS: Final = 1000  # per page
_UNKNOWN_TIME: Final = datetime.fromtimestamp(0, UTC)


def _object(data: bytes) -> Fields | None:
    tree = parse(data, MAX_ANSWER_BYTES)
    return Fields(tree) if isinstance(tree, dict) else None


# --- jobs


def read_job(data: bytes, job_id: str = "") -> Job | None:
    """``GET /api/jobs/{id}``, and other answers that are a job. ``job_id`` is the default if the
    answer has no id."""
    fields = _object(data)
    if fields is None:
        return None
    inner = fields.get(as_fields, "job")  # some servers wrap it
    return _job(inner or fields, job_id)


def read_job_id(data: bytes) -> str:
    """The id of the job in an answer, even if nothing else can be decoded; "" if it has none."""
    fields = _object(data)
    if fields is None:
        return ""
    inner = fields.get(as_fields, "job") or fields
    return inner.text("jobid", "id", limit=200)


def read_message(data: bytes) -> str:
    """The message for people in an answer; "" if it has none."""
    fields = _object(data)
    return fields.text("message", "detail", limit=1000) if fields is not None else ""


def read_page(data: bytes) -> JobPage | None:
    """``GET /api/jobs``; a bare list of jobs counts as a page. The jobs of older servers, which
    list them in another order, are sorted by their creation time."""
    tree = parse(data, MAX_ANSWER_BYTES)
    if isinstance(tree, list):
        return JobPage(_jobs(tree), None)
    if not isinstance(tree, dict):
        return None
    fields = Fields(tree)
    listed = fields.get(as_array, "jobs", "items", "data")
    if listed is None:
        return None
    return JobPage(_jobs(listed), fields.text("cursor", "nextcursor", "next", limit=200) or None)


def _jobs(listed: list[Any]) -> tuple[Job, ...]:
    found = (_job(Fields(item), "") for item in listed[:MAX_JOBS] if isinstance(item, dict))
    jobs = [job for job in found if job is not None]
    if not any(job.last_event_id for job in jobs):
        jobs.sort(key=lambda job: job.created_at, reverse=True)
    return tuple(jobs)


def _job(fields: Fields, job_id: str) -> Job | None:
    job_id = fields.text("jobid", "id", limit=200) or job_id
    status = fields.get(as_job_status, "status", "state")
    if not job_id or status is None:
        return None
    # If a server sends `startedUtc`, its `startedAt` is the creation time.
    started = fields.time("startedutc" if fields.has("startedutc") else "startedat")
    started = None if status is JobStatus.QUEUED else started
    created = fields.time("createdat", "createdutc", "queuedat", "queuedutc")
    created = created or fields.time("startedat") or started or _UNKNOWN_TIME
    stage = fields.get(as_stage, "stage", "currentstage", "step", "currentstep")
    percent = fields.percent("percent", "progress", "progresspct", "overallpercent")
    never_ran = status is JobStatus.CANCELED and started is None and not percent
    at = None if never_ran else stage
    steps = read_steps(fields.get(as_array, "steps", "stages") or [], status, at)
    if percent is None:
        percent = 100.0 if status is JobStatus.SUCCEEDED else by_stages(steps)
    message = clean(fields.get(as_text, "message", "errormessage", "error") or "", 4000)
    failure = fields.get(as_fields, "failuredetails") or fields
    errors = fields.get(as_list(as_problem), "errors") or ()
    last_event_id = parse_id(fields.text("lasteventid", limit=100)) or 0
    if not errors and not last_event_id and status is JobStatus.FAILED and message:
        errors = (ev.Problem(code=failure.text("errorcode", limit=100), message=message),)
    return Job(
        id=job_id,
        correlation_id=fields.text("correlationid", limit=200),
        title=_title(fields) or untitled(job_id),
        created_at=created,
        queued_at=fields.time("queuedat", "queuedutc") or created,
        started_at=started,
        ended_at=fields.time(*_ENDED_NAMES) if status.ended else None,
        status=status,
        interrupted=bool(fields.get(as_bool, "interrupted")) and status in _INTERRUPTIBLE,
        stage=stage,
        percent=percent,
        priority=_signed(fields, "priority"),
        attempt=max(1, fields.count("attempt") or 1),
        retry_of=fields.text("retryof", limit=200) or None,
        settings=fields.get(read_settings, "settings"),
        steps=steps,
        elapsed_s=fields.seconds("elapsedseconds"),
        eta=_eta_of_job(fields) if status is JobStatus.RUNNING else None,
        artifacts=fields.get(_artifacts, "artifacts") or (),
        warnings=text_lines(fields, "warnings", MAX_WARNINGS),
        errors=errors,  # type: ignore[arg-type]  # what as_problem makes
        log=text_lines(fields, "logs", LOG_TAIL),
        log_path=failure.path("logpath"),
        message="" if status is JobStatus.SUCCEEDED else message,
        suggested_actions=text_lines(failure, "suggestedactions", ev.MAX_ITEMS),
        output=_output(fields),
        last_event_id=last_event_id,
        last_event_at=fields.time("lasteventat"),
        ignored=fields.count("ignored") or 0,
    )


def read_settings(value: object) -> JobSettings | None:
    """A job's settings; wrong values get their defaults. None if it is not an object."""
    found = as_struct(JobSettings)(value)
    return found if isinstance(found, JobSettings) else None


_INTERRUPTIBLE: Final = (JobStatus.QUEUED, JobStatus.RUNNING)
_ENDED_NAMES: Final = (
    "endedat",
    "endedutc",
    "completedat",
    "completedutc",
    "finishedat",
    "finishedutc",
    "failedat",
    "failedutc",
    "canceledat",
    "canceledutc",
    "cancelledat",
    "cancelledutc",
)


def untitled(job_id: str) -> str:
    """The title of a job without one."""
    return f"Job {job_id}"


def _title(fields: Fields) -> str:
    brief = fields.get(as_fields, "brief")
    own = fields.text("title", "name", "topic", limit=500)
    return own or (brief.text("title", "topic", limit=500) if brief is not None else "")


def _signed(fields: Fields, name: str) -> int:
    value = fields.get(as_whole, name) or 0
    return value if -1000 <= value <= 1000 else 0


def _eta_of_job(fields: Fields) -> Eta | None:
    return _eta(
        fields.seconds(*_ETA_NAMES),
        fields.seconds("etalowseconds"),
        fields.seconds("etahighseconds"),
        fields.count("etaruns"),
    )


_ETA_NAMES: Final = (
    "etaseconds",
    "estimatedsecondsremaining",
    "estimatedremainingseconds",
    "eta",
    "estimatedtimeremaining",
)


def _eta(
    likely: float | None, low: float | None, high: float | None, runs: int | None
) -> Eta | None:
    if likely is None:
        return None
    low = likely if low is None else min(low, likely)
    high = likely if high is None else max(high, likely)
    return Eta(seconds=likely, low=low, high=high, runs=runs or 0)


def _output(fields: Fields) -> ev.Output | None:
    output = fields.get(as_struct(ev.Output), "output")
    if isinstance(output, ev.Output):
        return output
    path = fields.path("outputpath", "outputfile", "videopath")
    return ev.Output(video_path=path) if path else None


# --- artifacts, queue, durations, plans


def read_artifacts(data: bytes) -> tuple[ev.Artifact, ...] | None:
    """``GET /api/jobs/{id}/artifacts``; a bare list is accepted, too."""
    tree = parse(data, MAX_ANSWER_BYTES)
    if isinstance(tree, dict):
        tree = Fields(tree).get(as_array, "artifacts", "items", "files")
    return _artifacts(tree)


def _artifacts(value: object) -> tuple[ev.Artifact, ...] | None:
    if not isinstance(value, list):
        return None
    found = as_list(as_struct(ev.Artifact))(value) or ()
    return tuple(artifact for artifact in found if isinstance(artifact, ev.Artifact))


def read_queue(data: bytes) -> QueueState | None:
    """``GET /api/queue``."""
    fields = _object(data)
    if fields is None:
        return None
    counts = [fields.count(name) for name in ("queued", "running", "paused")]
    if all(count is None for count in counts):
        return None
    waiting = fields.get(as_array, "waiting") or []
    ids = [item if isinstance(item, str) else _id_in(item) for item in waiting[:10_000]]
    return QueueState(
        queued=counts[0] or 0,
        running=counts[1] or 0,
        paused=counts[2] or 0,
        waiting=tuple(clean_line(each, 200) for each in ids if each),
    )


def _id_in(value: object) -> str:
    return Fields(value).text("jobid", "id", limit=200) if isinstance(value, dict) else ""


def read_typical(data: bytes) -> Typical | None:
    """``GET /api/jobs/{id}/typical``."""
    fields = _object(data)
    given = fields.get(_mapping, "seconds") if fields is not None else None
    if fields is None or given is None:
        return None
    seconds: dict[Stage, float] = {}
    for name, value in given.items():
        stage, length = as_stage(name), as_seconds(value)
        if stage is not None and length is not None:
            seconds[stage] = length
    return Typical(runs=fields.count("runs") or 0, seconds=seconds)


def _mapping(value: object) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


def read_retry_plan(data: bytes) -> RetryPlan | None:
    """``GET /api/jobs/{id}/retry-plan``."""
    fields = _object(data)
    listed = fields.get(as_array, "steps") if fields is not None else None
    if fields is None or listed is None:
        return None
    found = (_planned(Fields(item)) for item in listed[:50] if isinstance(item, dict))
    eta = fields.get(as_fields, "eta")
    return RetryPlan(
        steps=tuple(step for step in found if step is not None),
        eta=None
        if eta is None
        else _eta(
            eta.seconds("seconds"), eta.seconds("low"), eta.seconds("high"), eta.count("runs")
        ),
    )


def _planned(fields: Fields) -> PlannedStep | None:
    stage = fields.get(as_stage, "name", "step", "stage")
    if stage is None:
        return None
    return PlannedStep(stage=stage, reused=fields.count("reused") or 0, total=fields.count("total"))


# --- problems, health


def read_problem(data: bytes, status: int) -> ProblemDocument | None:
    """The body of an error (RFC 9457, or an older form); None if it is not a JSON object, and so
    not from an engine."""
    fields = _object(data)
    if fields is None:
        return None
    inner = fields.get(as_fields, "error") or fields
    return ProblemDocument(
        type=fields.text("type", limit=300),
        title=fields.text("title", limit=300),
        status=status,
        detail=inner.text("detail", "message", "error", "errormessage", "title", limit=1000),
        correlation_id=fields.text("correlationid", "traceid", limit=200),
        code=inner.text("code", "errorcode", limit=50),
        guidance=inner.text("guidance", "remediation", limit=1000),
        field=fields.text("field", limit=200),
        errors=fields.get(_field_problems, "errors") or (),
        current_status=fields.get(as_job_status, "currentstatus"),
        suggested_actions=text_lines(fields, "suggestedactions", 20),
        retry_after=fields.count("retryafter"),
    )


def _field_problems(value: object) -> tuple[FieldProblem, ...] | None:
    if isinstance(value, dict):  # field -> messages
        return tuple(
            FieldProblem(field=clean_line(str(name), 200), detail=_first_text(messages))
            for name, messages in list(value.items())[:50]
        )
    if not isinstance(value, list):
        return None
    found = [Fields(item) for item in value[:50] if isinstance(item, dict)]
    return tuple(
        FieldProblem(
            field=each.text("field", "name", limit=200),
            detail=each.text("detail", "message", limit=1000),
            guidance=each.text("guidance", limit=1000),
            code=each.text("code", limit=50),
        )
        for each in found
    )


def _first_text(value: object) -> str:
    if isinstance(value, list):
        value = value[0] if value else ""
    return clean_line(as_text(value) or "", 1000)


def read_engine_info(data: bytes) -> EngineInfo | None:
    """The engine in ``GET /api/health``; older servers report less."""
    fields = _object(data)
    if fields is None:
        return None
    return EngineInfo(
        version=fields.text("version", limit=40),
        pid=fields.count("pid") or None,
        since=fields.time("startedat"),
        free_bytes=fields.count("freebytes"),
    )


def read_service_name(data: bytes) -> str:
    """The service's name in ``GET /api/health``; "" if it has none."""
    fields = _object(data)
    return fields.text("service", limit=100) if fields is not None else ""
