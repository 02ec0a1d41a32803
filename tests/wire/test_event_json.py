"""The writer is strict; the reader is tolerant and never raises."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura_tui.model import events as ev
from aura_tui.model.reduce import reduce
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
from aura_tui.wire.event_json import decode, decode_line, encode, encode_line
from aura_tui.wire.lenient_values import MAX_EVENT_BYTES
from tests.model.invariants import assert_follows, assert_sound
from tests.model.strategies import (
    JOB_ID,
    NASTY_TEXTS,
    T0,
    connection_events,
    fresh_job,
    in_order,
    job_events,
    plausible_run,
)

ENVELOPE = {"jobId": JOB_ID, "timestamp": "2026-01-02T03:04:05Z"}


def read(name: str, /, **data: object) -> Any:
    """The event of an envelope and ``data``; Any, since each test looks at its own type."""
    return decode(name, json.dumps({**ENVELOPE, **data}).encode())


def named(event: ev.AnyEvent) -> str:
    return ev.EVENT_NAMES[type(event)]


# --- the writer


@settings(deadline=None, max_examples=150)
@given(job_events() | connection_events())
def test_what_was_written_reads_back_equal(event: ev.AnyEvent) -> None:
    data = encode(event)
    assert decode(named(event), data) == event
    assert b"\n" not in data
    json.loads(data, parse_constant=pytest.fail)  # JSON has no NaN


@settings(deadline=None, max_examples=150)
@given(st.integers(0, 2**63 - 1), job_events())
def test_a_line_reads_back_equal(event_id: int, event: ev.AnyJobEvent) -> None:
    line = encode_line(ev.Envelope(event_id, event))
    assert line.endswith(b"}\n")
    assert len(line.splitlines()) == len(line.decode().splitlines()) == 1
    if b'"timestamp":"0001-' not in line:  # year 1 is read as unset
        assert decode_line(line) == ev.Envelope(event_id, event)


def test_the_largest_event_still_reads_back() -> None:
    most = "\U0001f3ac" * 5000
    event = ev.JobFailed(
        job_id=most,
        correlation_id=most,
        timestamp=T0,
        error_message=most,
        errors=tuple(ev.Problem(code=most, message=most, remediation=most) for _ in range(300)),
        logs=(most,) * 300,
        log_path=most,
        suggested_actions=(most,) * 300,
    )
    data = encode(event)
    assert len(data) < MAX_EVENT_BYTES
    assert decode("job-failed", data) == event
    full = ev.JobCompleted(
        job_id=JOB_ID,
        timestamp=T0,
        artifacts=tuple(ev.Artifact(name=most, path=most, type=most) for _ in range(300)),
    )
    assert decode("job-completed", encode(full)) == full


COMMON = {"jobId", "correlationId", "timestamp"}
FULL: list[tuple[ev.AnyEvent, set[str]]] = [
    (
        ev.JobStatusChanged(
            job_id="j",
            correlation_id="c",
            timestamp=T0,
            status=JobStatus.RUNNING,
            stage=Stage.VOICE,
            percent=20.0,
        ),
        COMMON | {"status", "stage", "percent"},
    ),
    (
        ev.StepStatusChanged(
            job_id="j",
            correlation_id="c",
            timestamp=T0,
            step=Stage.VOICE,
            status=StepStatus.COMPLETED,
            duration_ms=5,
        ),
        COMMON | {"step", "phase", "status", "attempt", "durationMs"},
    ),
    (
        ev.StepProgressed(
            job_id="j",
            correlation_id="c",
            timestamp=T0,
            step=Stage.RENDERING,
            progress_pct=10.0,
            percent=86.5,
            message="m",
            substage_detail="d",
            current_item=1,
            total_items=2,
            elapsed_time="00:00:01",
            estimated_time_remaining="00:00:09",
            elapsed_seconds=1.0,
            eta_seconds=9.0,
            eta_low_seconds=8.0,
            eta_high_seconds=10.0,
            eta_runs=2,
            metrics=ev.Metrics(fps=1.0),
        ),
        COMMON
        | {"step", "phase", "progressPct", "percent", "message", "substageDetail", "currentItem"}
        | {"totalItems", "elapsedTime", "estimatedTimeRemaining", "elapsedSeconds", "etaSeconds"}
        | {"etaLowSeconds", "etaHighSeconds", "etaRuns", "metrics"},
    ),
    (
        ev.StepErred(
            job_id="j",
            correlation_id="c",
            timestamp=T0,
            step=Stage.VOICE,
            code="E300",
            message="m",
            remediation="r",
        ),
        COMMON | {"step", "code", "message", "remediation"},
    ),
    (
        ev.JobLogged(job_id="j", correlation_id="c", timestamp=T0, message="m", stage=Stage.VOICE),
        COMMON | {"message", "stage", "severity"},
    ),
    (
        ev.Warned(job_id="j", correlation_id="c", timestamp=T0, message="m", step=Stage.VOICE),
        COMMON | {"message", "step"},
    ),
    (
        ev.ArtifactMade(job_id="j", correlation_id="c", timestamp=T0, name="n", path="p"),
        COMMON | {"name", "path", "type", "sizeBytes"},
    ),
    (
        ev.JobCompleted(
            job_id="j",
            correlation_id="c",
            timestamp=T0,
            output_path="o",
            artifacts=(ev.Artifact(name="n", path="p"),),
            output=ev.Output(video_path="v", subtitle_path="s", size_bytes=1),
        ),
        COMMON | {"status", "outputPath", "artifacts", "output"},
    ),
    (
        ev.JobFailed(
            job_id="j",
            correlation_id="c",
            timestamp=T0,
            stage=Stage.VOICE,
            error_message="m",
            errors=(ev.Problem(code="E", message="m"),),
            logs=("l",),
            log_path="p",
            suggested_actions=("a",),
        ),
        COMMON
        | {"status", "stage", "errorMessage", "errors", "logs", "logPath", "suggestedActions"},
    ),
    (
        ev.JobCancelled(
            job_id="j",
            correlation_id="c",
            timestamp=T0,
            stage=Stage.VOICE,
            message="m",
            artifacts=(ev.Artifact(name="n", path="p"),),
        ),
        COMMON | {"status", "stage", "message", "artifacts"},
    ),
    (ev.Heartbeat(timestamp=T0), {"timestamp"}),
    (ev.Shutdown(timestamp=T0, reason="r"), {"timestamp", "reason"}),
    (ev.StreamFailed(timestamp=T0, message="m", code="E"), {"timestamp", "message", "code"}),
]
NAMES = [
    *("job-status", "step-status", "step-progress", "step-error", "job-log", "warning"),
    *("artifact", "job-completed", "job-failed", "job-cancelled", "heartbeat", "shutdown", "error"),
]


def test_every_event_has_its_wire_name() -> None:
    assert [named(event) for event, _ in FULL] == NAMES
    assert list(ev.EVENT_TYPES) == NAMES


@pytest.mark.parametrize(("event", "names"), FULL, ids=NAMES)
def test_a_full_event_has_exactly_the_contracts_fields(event: ev.AnyEvent, names: set[str]) -> None:
    assert set(json.loads(encode(event))) == names


@pytest.mark.parametrize(
    ("event", "written"),
    [
        (
            ev.JobStatusChanged(job_id="j", timestamp=T0, status=JobStatus.QUEUED),
            {"status": "Queued", "percent": 0.0},
        ),
        (
            ev.StepStatusChanged(
                job_id="j", timestamp=T0, step=Stage.VOICE, status=StepStatus.STARTED
            ),
            {"step": "TTS", "phase": "tts", "status": "started", "attempt": 1},
        ),
        (
            ev.StepProgressed(job_id="j", timestamp=T0, step=Stage.SCRIPT),
            {"step": "Script", "phase": "plan", "progressPct": 0.0, "percent": 0.0},
        ),
        (
            ev.JobLogged(job_id="j", timestamp=T0, message="m"),
            {"message": "m", "severity": "info"},
        ),
        (ev.JobCompleted(job_id="j", timestamp=T0), {"status": "Succeeded"}),
        (ev.JobFailed(job_id="j", timestamp=T0), {"status": "Failed"}),
        (ev.JobCancelled(job_id="j", timestamp=T0), {"status": "Canceled"}),
    ],
)
def test_what_readers_count_on_is_written_though_it_is_the_default(
    event: ev.AnyEvent, written: dict[str, object]
) -> None:
    common = {"jobId": "j", "timestamp": "2026-01-02T03:04:05Z"}
    assert json.loads(encode(event)) == {**common, **written}


# --- the reader: other dialects


@pytest.mark.parametrize(
    "name", ["progressPct", "ProgressPct", "progress_pct", "PROGRESS_PCT", "progress-pct"]
)
def test_field_names_are_matched_whatever_their_case(name: str) -> None:
    event = read("step-progress", step="Visuals", percent=50, **{name: 40})
    assert (event.progress_pct, event.percent) == (40, 50)


def test_a_whole_event_in_another_case_reads_as_ours() -> None:
    for event, _ in FULL:
        for other in (str.upper, lambda key: key[0].upper() + key[1:]):
            data = {other(key): value for key, value in json.loads(encode(event)).items()}
            assert decode(named(event).upper(), json.dumps(data).encode()) == event


@pytest.mark.parametrize(
    "extra", [{"Percent": 50}, {"overallProgress": 50}, {"x": 1, "percent": 50}]
)
def test_one_strange_field_beside_ours_hides_nothing(extra: dict[str, object]) -> None:
    assert read("job-status", status="Running", **extra).percent == 50


def test_a_nested_field_in_another_case_reads_as_ours() -> None:
    event = read("step-progress", step="TTS", progressPct=1, metrics={"Fps": 25, "SizeBytes": 7})
    assert event.metrics == ev.Metrics(fps=25.0, size_bytes=7)
    event = read("job-completed", Artifacts=[{"Name": "a", "Path": "p", "SIZE": 3, "x": {}}])
    assert event.artifacts == (ev.Artifact(name="a", path="p", size_bytes=3),)


def test_percent_is_the_jobs_and_then_nobody_knows_how_far_the_step_is() -> None:
    for data in ({"step": "Visuals", "percent": 42}, {"Stage": "Images", "Percent": 42}):
        event = read("step-progress", **data)
        assert (event.progress_pct, event.percent) == (None, 42)
        assert decode("step-progress", encode(event)) == event
    event = read("step-progress", Stage="Images", Percent=42, ProgressPct=10)
    assert (event.progress_pct, event.percent) == (10, 42)


def test_times_left_and_errors_of_the_older_wire_are_read() -> None:
    event = read(
        "step-progress",
        Stage="TTS",
        Percent=42,
        EtaSeconds=None,
        EstimatedRemainingSeconds=62.5,
        ElapsedTime="00:00:10.5",
        Timestamp="2026-01-02T03:04:05.0000001Z",
        Warnings=[],
    )
    assert (event.eta_seconds, event.elapsed_seconds, event.timestamp) == (62.5, 10.5, T0)
    event = read("step-progress", Stage="TTS", Percent=42, Eta="00:01:00")
    assert event.eta_seconds == 60
    event = read("step-error", Step="TTS", Code=None, Message="why", Guidance="do")
    assert (event.code, event.message, event.remediation) == ("", "why", "do")
    event = read(
        "job-failed",
        Errors=[
            {"Code": "X", "Message": "why", "Remediation": None, "Details": {}},
            {"error": "e"},
        ],
        Artifacts=None,
    )
    assert event.errors == (ev.Problem(code="X", message="why"), ev.Problem(code="", message="e"))
    event = read("job-completed", artifacts=[{"filePath": "/o/v.mp4", "sizeBytes": 3}])
    assert event.artifacts == (ev.Artifact(name="v.mp4", path="/o/v.mp4", size_bytes=3),)


def test_a_step_progress_alone_tells_the_jobs_percent() -> None:
    assert read("step-progress", stage="Images", progress="50").percent == 50


@pytest.mark.parametrize(
    ("name", "data", "field", "value"),
    [
        ("step-status", {"stage": "Audio", "status": "running"}, "step", Stage.VOICE),
        ("step-status", {"stepName": "Encode", "status": "cached"}, "status", StepStatus.REUSED),
        ("step-error", {"stageName": "Plan", "code": "E", "message": "m"}, "step", Stage.SCRIPT),
        ("step-progress", {"step": "Render", "stageProgress": 5}, "progress_pct", 5),
        ("step-progress", {"step": "Render", "stepProgress": 5}, "progress_pct", 5),
        ("step-progress", {"step": "Render", "progress": 5}, "progress_pct", 5),
        ("step-progress", {"step": "Render", "detail": "d"}, "substage_detail", "d"),
        ("job-status", {"status": "Done"}, "status", JobStatus.SUCCEEDED),
        ("job-status", {"status": "Running", "overallPercent": 3}, "percent", 3),
        ("job-status", {"status": "Running", "step": "Compose"}, "stage", Stage.COMPOSITION),
        ("job-failed", {"error": "why"}, "error_message", "why"),
        ("job-failed", {"errors": ["why"]}, "errors", (ev.Problem(code="", message="why"),)),
        ("job-cancelled", {"reason": "why"}, "message", "why"),
        ("shutdown", {"reason": "why"}, "reason", "why"),
        ("job-completed", {"outputFile": "/v"}, "output_path", "/v"),
        ("job-log", {"message": "m", "level": "WARN"}, "severity", "warning"),
        ("artifact", {"name": "n", "path": "p", "mimeType": "video/mp4"}, "type", "video/mp4"),
        ("artifact", {"name": "n", "path": "p", "contentType": "video/mp4"}, "type", "video/mp4"),
        ("artifact", {"name": "n", "path": "p", "size": 9}, "size_bytes", 9),
        ("artifact", {"name": "n", "path": "p", "bytes": "9"}, "size_bytes", 9),
    ],
)
def test_synonyms_are_folded(name: str, data: dict[str, object], field: str, value: object) -> None:
    assert getattr(read(name, **data), field) == value


def test_a_fields_own_name_wins_over_its_synonyms() -> None:
    for keys in (("progress", "progressPct"), ("progressPct", "progress")):
        data = {key: 70 if key == "progressPct" else 10 for key in keys}
        assert read("step-progress", step="TTS", percent=1, **data).progress_pct == 70


@pytest.mark.parametrize(
    ("given_", "meant"),
    [
        ("2026-01-02T05:04:05+02:00", T0),
        ("2026-01-02T03:04:05", T0),
        (1767323045, T0),
        (1767323045000, T0),
        ("yesterday", datetime(1970, 1, 1, tzinfo=UTC)),
        (None, datetime(1970, 1, 1, tzinfo=UTC)),
        (10**400, datetime(1970, 1, 1, tzinfo=UTC)),
        (True, datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_times_of_other_senders(given_: object, meant: datetime) -> None:
    assert read("warning", message="m", timestamp=given_).timestamp == meant


@pytest.mark.parametrize("edge", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_at_the_calendars_end_is_no_error(edge: str) -> None:
    assert read("warning", message="m", timestamp=edge).timestamp.tzinfo is UTC


def test_a_field_of_the_wrong_type_is_as_if_absent() -> None:
    for wrong in ({}, [], [1], True, None, "x", {"a": [1]}):
        event = read("step-progress", step="TTS", progressPct=wrong, currentItem=wrong)
        assert (event.progress_pct or 0, event.current_item) == (0, None)
        assert read("step-progress", step=wrong, progressPct=5) is None
        assert read("job-status", status=wrong) is None
        assert read("job-completed", artifacts=wrong, output=wrong).output == ev.Output()


@pytest.mark.parametrize("name", ["", "unknown", "message", "job-status\0", "x" * 10**6])
def test_an_unknown_event_is_none(name: str) -> None:
    assert read(name, status="Running", message="m") is None


def test_an_event_that_names_no_job_is_the_streams_own() -> None:
    said: Any = decode("warning", b'{"message":"m"}', job_id="job-9")
    assert said.job_id == "job-9"
    said = decode("warning", b'{"JobId":"job-1","message":"m"}', job_id="job-9")
    assert said.job_id == "job-1"


@pytest.mark.parametrize("missing", ["jobId", "status"])
def test_an_event_without_what_it_needs_is_none(missing: str) -> None:
    data = {**ENVELOPE, "status": "Running"}
    del data[missing]
    assert decode("job-status", json.dumps(data).encode()) is None


# --- the reader: damage


OPEN = '{"jobId":"job-1","timestamp":"2026-01-02T03:04:05Z","status":"Running"'


@pytest.mark.parametrize(
    ("data", "percent"),
    [
        (OPEN + ',"percent":NaN}', 0),
        (OPEN + ',"percent":Infinity}', 100),
        (OPEN + ',"percent":-Infinity}', 0),
        (OPEN + ',"percent":1e999}', 100),
        (OPEN + ',"percent":' + "9" * 400 + "}", 0),
        (OPEN + ',"percent":"40.5"}', 40.5),
        (OPEN + ',"percent":1,"percent":2}', 2),
        (OPEN + ',"percent":3,"x":"\\ud83d"}', 3),
        ("\ufeff" + OPEN + ',"percent":4}', 4),
    ],
)
def test_damaged_numbers_and_texts_still_read(data: str, percent: float) -> None:
    event: Any = decode("job-status", data.encode())
    assert event.status is JobStatus.RUNNING
    assert event.percent == percent


def test_a_byte_that_is_no_utf8_costs_one_character() -> None:
    event: Any = decode("warning", b'{"jobId":"j","message":"a\xffb"}')
    assert event.message == "a\ufffdb"


HOSTILE = [
    b"",
    b" ",
    b"null",
    b"[]",
    b'"text"',
    b"1",
    b"{",
    b"{}",
    b"\x00",
    b"\xff\xfe{\x00}\x00",
    b'{"jobId":"job-1"',
    b"[" * 100_000,
    b'{"a":' * 100_000,
    *(
        OPEN.encode() + b',"x":' + b"[" * n + b"]" * n + b"}"
        for n in (500, 900, 990, 5000, 100_000)
    ),
    *(
        b'{"jobId":"job-1","percent":1,"step":' + b"[" * n + b"]" * n + b"}"
        for n in (500, 900, 980)
    ),
    OPEN.encode() + b',"percent":' + b"9" * 5000 + b"}",
    b'{"jobId":' + b"9" * 4000 + b',"status":"Running","message":1,"code":1,"step":"TTS"}',
    OPEN.encode() + b',"x":"' + b"y" * (2 << 20) + b'"}',
    OPEN.encode() + b"," + b",".join(b'"k%d":1' % i for i in range(50_000)) + b"}",
    OPEN.encode() + b',"artifacts":[' + b",".join([b"{}"] * 100_000) + b"]}",
]


@pytest.mark.parametrize("name", NAMES)
def test_hostile_data_never_raises_nor_breaks_a_job(name: str) -> None:
    job = fresh_job()
    begin = time.process_time()
    for event_id, data in enumerate(HOSTILE, 1):
        event = decode(name, data)
        line = b'{"id":"%d-0","event":"%s","data":%s}' % (event_id, name.encode(), data)
        envelope = decode_line(line)
        if envelope is not None and not isinstance(event, ev.ConnectionEvent):
            after = reduce(job, envelope)
            assert_follows(job, envelope, after)
            assert_sound(after)
            job = after
    assert time.process_time() - begin < 5


def test_data_past_the_bound_is_not_read() -> None:
    data = b'{"jobId":"j","message":"' + b"m" * MAX_EVENT_BYTES + b'"}'
    assert decode("warning", data) is None
    assert decode_line(b'{"id":"1-0","event":"warning","data":' + data + b"}") is None


_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from((*NASTY_TEXTS, "Running", "TTS", "started", "Failed", JOB_ID, "1e999")),
)
_values = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(("Name", "path", "code", "message", "fps", "video_path", "?")),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=6,
)
_WIRE_NAMES = sorted({name for _, names in FULL for name in names} | {"Progress", "level", "size"})
_keys = st.sampled_from([*_WIRE_NAMES, *(n.upper() for n in _WIRE_NAMES)]) | st.text(max_size=5)


@settings(deadline=None, max_examples=120)
@given(st.lists(st.tuples(st.sampled_from(NAMES), st.dictionaries(_keys, _values)), max_size=6))
def test_any_json_keeps_every_invariant(messages: list[tuple[str, dict[str, object]]]) -> None:
    job = fresh_job()
    for event_id, (name, data) in enumerate(messages, 1):
        event = decode(name, json.dumps({"jobId": JOB_ID, **data}).encode())
        if event is None or isinstance(event, ev.ConnectionEvent):
            continue
        assert decode(name, encode(event)) == event
        envelope = ev.Envelope(event_id, event)
        after = reduce(job, envelope)
        assert_follows(job, envelope, after)
        assert_sound(after)
        job = after


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(in_order(plausible_run())), st.data())
def test_a_line_damaged_anywhere_is_an_event_or_none(
    envelope: ev.Envelope, data: st.DataObject
) -> None:
    line = bytearray(encode_line(envelope))
    for _ in range(data.draw(st.integers(1, 4))):
        line[data.draw(st.integers(0, len(line) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(line)))
    for damaged in (bytes(line), bytes(line[:cut]), bytes(line[cut:])):
        found = decode_line(damaged)
        if found is not None:
            assert_sound(reduce(fresh_job(), found))


@given(st.binary(max_size=60), st.sampled_from(NAMES))
def test_any_bytes_are_an_event_or_none(data: bytes, name: str) -> None:
    decode(name, data)
    decode_line(data)


@pytest.mark.parametrize(
    "line",
    [
        b'{"event":"warning","data":{"jobId":"j","message":"m"}}',
        b'{"id":"x","event":"warning","data":{"jobId":"j","message":"m"}}',
        b'{"id":1,"event":"warning","data":{"jobId":"j","message":"m"}}',
        b'{"id":"1-0","data":{"jobId":"j","message":"m"}}',
        b'{"id":"1-0","event":"warning","data":"m"}',
        b'{"id":"1-0","event":"warning"}',
        b'{"id":"1-0","event":"heartbeat","data":{"timestamp":"2026-01-02T03:04:05Z"}}',
    ],
)
def test_a_line_that_is_no_jobs_event_is_none(line: bytes) -> None:
    assert decode_line(line) is None


def test_a_line_of_another_writer_reads_as_ours() -> None:
    line = b'\xef\xbb\xbf{"Id":"7-0","Event":"Warning","Data":{"JobId":"j","Message":"m"}}\r\n'
    found = decode_line(line)
    assert found is not None
    assert found.id == 7 << 20
    assert isinstance(found.event, ev.Warned)
