"""Hypothesis strategies: every event with hostile values, in any order; and one plausible run.

``job_events()`` and ``envelopes()`` are what a test of a log, a codec or a view takes. Half of all
values are sensible, so that streams get past the first transition; the others are the worst that a
constructor's types let through.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import strategies as st

from aura_tui.model import events as ev
from aura_tui.model.job import Job
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus

JOB_ID = "job-1"
T0 = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

NASTY_TEXTS = (
    "",
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07after",
    "\x1b]8;;http://x\x1b\\link",
    "\x1bPsixel",
    "\x9b2Jgone\x9d0;t\x9c",
    "null\0byte",
    "half \ud83d an emoji, \udc00 too",
    "\u202eesrever\u2066x\u2069",
    "[bold red]markup[/] {x} %s <b>&amp;",
    "two\nlines\ttab\r\nthree\rfour\u2028five\u2029six",
    "\ufeffBOM \U0010ffff \ufffe é 漢 🎬",
    "x" * 5000,
    "🎬" * 4001,
    '"quoted" \\ back',
)

texts = st.one_of(
    st.text(max_size=20),
    st.sampled_from(NASTY_TEXTS),
    st.text(
        st.sampled_from("\x1b[]P\\\x07\x9b\x9c\x9d;0m \ud800\udfff\0\n\r\u202e\u2028a"), max_size=20
    ),
)
floats = st.one_of(st.floats(), st.floats(0, 100), st.sampled_from((-1.0, 1e308, -1e308, 100.5)))
wholes = st.one_of(st.integers(0, 12), st.integers(-(2**70), 2**70))
_offsets = st.integers(-1439, 1439).map(lambda m: timezone(timedelta(minutes=m)))
times = st.one_of(
    st.integers(-50, 5000).map(lambda s: T0 + timedelta(seconds=s)),
    st.datetimes(timezones=st.none() | st.just(UTC) | _offsets),
)
stages = st.sampled_from(Stage)
_maybe_stage = st.none() | stages


def _maybe(values: st.SearchStrategy[float]) -> st.SearchStrategy[float | None]:
    return st.none() | values


_maybe_whole = st.none() | wholes
problems = st.builds(ev.Problem, code=texts, message=texts, remediation=texts)
artifacts = st.builds(ev.Artifact, name=texts, path=texts, type=texts, size_bytes=wholes)
outputs = st.builds(
    ev.Output,
    video_path=texts,
    subtitle_path=texts,
    size_bytes=wholes,
    duration_seconds=_maybe(floats),
    asked_seconds=_maybe(floats),
)
metrics = st.builds(
    ev.Metrics,
    fps=_maybe(floats),
    speed=_maybe(floats),
    size_bytes=_maybe_whole,
    projected_bytes=_maybe_whole,
    provider=st.none() | texts,
    reused=_maybe_whole,
    made=_maybe_whole,
    playable_seconds=_maybe(floats),
)


def _few(values: st.SearchStrategy[ev.Artifact]) -> st.SearchStrategy[tuple[ev.Artifact, ...]]:
    return st.lists(values, max_size=3).map(tuple)


_few_problems = st.lists(problems, max_size=3).map(tuple)
_few_texts = st.lists(texts, max_size=12).map(tuple)


def job_events(job_id: str = JOB_ID) -> st.SearchStrategy[ev.AnyJobEvent]:
    """Any event of a job, mostly of ``job_id``, sometimes of another one."""
    ids = st.sampled_from((job_id,) * 9 + ("another", ""))

    def of(kind: type[ev.AnyJobEvent], **fields: st.SearchStrategy[object]) -> _Events:
        return st.builds(kind, job_id=ids, correlation_id=texts, timestamp=times, **fields)

    return st.one_of(
        of(
            ev.JobStatusChanged,
            status=st.sampled_from(JobStatus),
            stage=_maybe_stage,
            percent=floats,
            interrupted=st.booleans(),
        ),
        of(
            ev.StepStatusChanged,
            step=stages,
            status=st.sampled_from(StepStatus),
            phase=texts,
            attempt=wholes,
            duration_ms=_maybe_whole,
        ),
        of(
            ev.StepProgressed,
            step=stages,
            phase=texts,
            progress_pct=floats,
            percent=floats,
            message=texts,
            substage_detail=texts,
            current_item=_maybe_whole,
            total_items=_maybe_whole,
            done_items=_maybe_whole,
            active_items=st.lists(wholes, max_size=4).map(tuple),
            elapsed_time=texts,
            estimated_time_remaining=texts,
            elapsed_seconds=_maybe(floats),
            eta_seconds=_maybe(floats),
            eta_low_seconds=_maybe(floats),
            eta_high_seconds=_maybe(floats),
            eta_runs=_maybe_whole,
            metrics=st.none() | metrics,
        ),
        of(ev.StepErred, step=stages, code=texts, message=texts, remediation=texts),
        of(
            ev.JobLogged,
            message=texts,
            stage=_maybe_stage,
            severity=st.sampled_from(("info", "warning", "error")),
        ),
        of(ev.Warned, message=texts, step=_maybe_stage),
        of(ev.ArtifactMade, name=texts, path=texts, type=texts, size_bytes=wholes),
        of(
            ev.JobCompleted,
            status=st.sampled_from(JobStatus),
            output_path=texts,
            artifacts=_few(artifacts),
            output=outputs,
        ),
        of(
            ev.JobFailed,
            status=st.sampled_from(JobStatus),
            stage=_maybe_stage,
            error_message=texts,
            errors=_few_problems,
            logs=_few_texts,
            log_path=texts,
            suggested_actions=_few_texts,
        ),
        of(
            ev.JobCancelled,
            status=st.sampled_from(JobStatus),
            stage=_maybe_stage,
            message=texts,
            artifacts=_few(artifacts),
        ),
    )


_Events = st.SearchStrategy[ev.AnyJobEvent]


def connection_events() -> st.SearchStrategy[ev.ConnectionEvent]:
    """Any event of a connection."""
    return st.one_of(
        st.builds(ev.Heartbeat, timestamp=times),
        st.builds(ev.Shutdown, timestamp=times, reason=texts),
        st.builds(ev.StreamFailed, timestamp=times, message=texts, code=texts),
    )


def fresh_job(job_id: str = JOB_ID) -> Job:
    """A job as it is queued."""
    return Job(id=job_id, correlation_id="c", title="A title", created_at=T0, queued_at=T0)


def plausible_run(job_id: str = JOB_ID) -> list[ev.AnyJobEvent]:
    """What an engine says of a job that pauses once, has one stage started anew, and succeeds."""
    events: list[ev.AnyJobEvent] = []

    def at() -> datetime:
        return T0 + timedelta(seconds=len(events) + 1)

    def status(value: JobStatus) -> None:
        events.append(ev.JobStatusChanged(job_id=job_id, timestamp=at(), status=value))

    def step(stage: Stage, value: StepStatus, attempt: int = 1) -> None:
        events.append(
            ev.StepStatusChanged(
                job_id=job_id, timestamp=at(), step=stage, status=value, attempt=attempt
            )
        )

    def progress(stage: Stage, percent: float) -> None:
        events.append(
            ev.StepProgressed(
                job_id=job_id,
                timestamp=at(),
                step=stage,
                progress_pct=percent,
                percent=stage.overall_percent(percent),
                elapsed_seconds=float(len(events)),
                eta_seconds=50.0,
                eta_low_seconds=40.0,
                eta_high_seconds=70.0,
            )
        )

    status(JobStatus.RUNNING)
    for stage in Stage:
        step(stage, StepStatus.STARTED)
        progress(stage, 40)
        if stage is Stage.VOICE:
            status(JobStatus.PAUSED)
            status(JobStatus.RUNNING)
        if stage is Stage.VISUALS:
            step(stage, StepStatus.STARTED, attempt=2)
        progress(stage, 90)
        events.append(
            ev.JobLogged(job_id=job_id, timestamp=at(), message=f"{stage.title} works", stage=stage)
        )
        step(stage, StepStatus.COMPLETED, 2 if stage is Stage.VISUALS else 1)
    events.append(
        ev.ArtifactMade(job_id=job_id, timestamp=at(), name="video.mp4", path="/a/video.mp4")
    )
    events.append(ev.JobCompleted(job_id=job_id, timestamp=at(), output_path="/a/video.mp4"))
    return events


def in_order(events: list[ev.AnyJobEvent], first_id: int = 1) -> list[ev.Envelope]:
    """Events as a log numbers them."""
    return [ev.Envelope(first_id + i, event) for i, event in enumerate(events)]


@st.composite
def envelopes(
    draw: st.DrawFn, job_id: str = JOB_ID, max_size: int = 30, *, ordered: bool = False
) -> list[ev.Envelope]:
    """Any stream: a stretch of a plausible run with any events thrown in.

    ``ordered``: ids strictly increase, as a log's do; else they come in any order, repeatedly.
    """
    run = plausible_run(job_id)
    stretch = run[draw(st.integers(0, 3)) : draw(st.integers(0, len(run)))]
    events = [*stretch]
    for event in draw(st.lists(job_events(job_id), max_size=8)):
        events.insert(draw(st.integers(0, len(events))), event)
    stream = in_order(events[:max_size])
    if ordered or not stream:
        return stream
    mixing = draw(st.sampled_from(("as it is", "repeated", "shuffled", "any ids")))
    if mixing == "repeated":
        return [e for e in stream for _ in range(draw(st.integers(1, 2)))]
    if mixing == "shuffled":
        return draw(st.permutations(stream))
    if mixing == "any ids":
        return [ev.Envelope(draw(st.integers(-5, 2**63)), e.event) for e in stream]
    return stream
