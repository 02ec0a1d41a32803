"""Whatever comes over the wire: events, answers, streams, requests and recordings never raise.

Built from what is nearly right (a run's own JSON, changed here and there) as well as from any
bytes: the first gets past the door, the second knocks at it.
"""

from __future__ import annotations

import asyncio
import copy
import itertools
import json
import time
from typing import TYPE_CHECKING, Any

import httpx
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura_tui.client.http_client import TransportFailure
from aura_tui.client.stream.sse_frames import Frame, frames
from aura_tui.errors import InputError
from aura_tui.model import events as ev
from aura_tui.model.ids import MAX_ID
from aura_tui.model.reduce import reduce
from aura_tui.model.request import JobRequest, Origin
from aura_tui.replay import recording as recording_
from aura_tui.replay.recording import parse as parse_recording
from aura_tui.replay.service import ReplayService
from aura_tui.server.request_body import read_request
from aura_tui.wire import decode as reading
from aura_tui.wire.event_json import decode, decode_line, encode, encode_line
from aura_tui.wire.lenient_values import MAX_EVENT_BYTES
from tests.chaos import corpus
from tests.chaos.input_run import FORBIDDEN, values_clean
from tests.model.strategies import NASTY_TEXTS, fresh_job, in_order, plausible_run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

seeded = settings(max_examples=120, deadline=None, derandomize=True)

_RUN = [json.loads(encode_line(envelope)) for envelope in in_order(plausible_run(), 1 << 20)]
_HOSTILE = st.sampled_from(
    [*NASTY_TEXTS, *(text for _, text in corpus.sections()), *corpus.NOT_TEXT.values()]
)
_ODD: st.SearchStrategy[Any] = st.sampled_from(
    (
        None,
        True,
        -1,
        2**53,
        2**63,
        2**64,
        -(2**70),
        10**400,
        1e308,
        float("nan"),
        float("inf"),
        -0.0,
        "NaN",
        "1e999",
        "9" * 5000,
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2026-13-45T99:99:99Z",
        1e18,
        [],
        {},
        [[]],
        [None] * 300,
        {"": ""},
        "Canceled",
        "done",
        "TTS",
    )
)
_VALUES = st.recursive(
    _ODD | _HOSTILE | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


@st.composite
def changed(draw: st.DrawFn, trees: list[Any]) -> Any:
    """One of ``trees`` with some values in place of others, fields that go, come or are renamed."""
    tree = json.loads(json.dumps(draw(st.sampled_from(trees))))
    for _ in range(draw(st.integers(0, 4))):
        inner = tree
        while isinstance(inner, dict) and inner and draw(st.booleans()):
            following = [value for value in inner.values() if isinstance(value, dict)]
            if not following:
                break
            inner = draw(st.sampled_from(following))
        names = list(inner)
        value = copy.deepcopy(draw(_VALUES))  # it may be changed in its turn
        match draw(st.integers(0, 3)):
            case 0 if names:
                inner[draw(st.sampled_from(names))] = value
            case 1 if names:
                del inner[draw(st.sampled_from(names))]
            case 2 if names:
                name = draw(st.sampled_from(names))
                inner[draw(st.sampled_from((name.upper(), f"_{name}", name.lower())))] = value
            case _:
                inner[draw(st.text(max_size=8) | st.sampled_from(_FIELDS))] = value
    return tree


_FIELDS = sorted({field for told in _RUN for field in told["data"]} | {"error", "progress", "id"})


@st.composite
def damaged(draw: st.DrawFn, trees: list[Any]) -> bytes:
    """The JSON of a changed tree, maybe with bytes changed, too."""
    tree = draw(changed(trees))
    data = bytearray(json.dumps(tree, ensure_ascii=draw(st.booleans())).encode("utf-8", "replace"))
    for _ in range(draw(st.sampled_from((0, 0, 0, 1, 3)))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(0, len(data)))] if draw(st.integers(0, 9)) == 0 else data)


def event_is_sound(event: ev.AnyEvent | None) -> None:
    """Clean and bounded, and what is written of it reads back."""
    if event is None:
        return
    data = encode(event)
    assert len(data) <= MAX_EVENT_BYTES
    assert b"\n" not in data
    values_clean(msgspec.to_builtins(event), ev.EVENT_NAMES[type(event)])
    assert decode(ev.EVENT_NAMES[type(event)], data) == event


@seeded
@given(data=damaged(_RUN) | st.binary(max_size=200))
def test_any_line_is_an_event_or_none(data: bytes) -> None:
    envelope = decode_line(data)
    if envelope is not None:
        assert 0 <= envelope.id <= MAX_ID
        event_is_sound(envelope.event)


@seeded
@given(
    name=st.sampled_from([*ev.EVENT_TYPES, "job-canceled", "JOB-LOG ", "message", ""]),
    data=damaged([told["data"] for told in _RUN]) | st.binary(max_size=200),
    job_id=_HOSTILE | st.just(""),
)
def test_any_data_of_any_event_is_read_or_none(name: str, data: bytes, job_id: str) -> None:
    event_is_sound(decode(name, data, job_id=job_id))


_ANSWERS: list[Any] = [
    {"jobId": "a", "status": "Running", "stage": "TTS", "percent": 20, "createdAt": 1,
     "steps": [{"name": "TTS", "status": "started", "progressPct": 3, "errors": ["m"]}],
     "artifacts": [{"name": "a.mp4", "path": "/a.mp4", "type": "video/mp4", "sizeBytes": 1}],
     "warnings": ["w"], "logs": ["l"], "output": {"videoPath": "/a"}, "etaSeconds": 3},
    {"jobs": [{"id": "a", "state": "done"}, 3], "cursor": "x"},
    {"queued": 1, "running": 0, "paused": 0, "waiting": ["a", {"jobId": "b"}]},
    {"runs": 3, "seconds": {"TTS": 1.0, "Script": 2}},
    {"steps": [{"name": "TTS", "reused": 1, "total": 3}], "eta": {"seconds": 3, "low": 1}},
    {"type": "x", "title": "t", "detail": "d", "errors": {"f": ["m"]}, "retryAfter": 3},
    {"error": {"message": "m", "code": "E1"}, "errors": [{"field": "f", "detail": "d"}]},
    {"artifacts": [{"filename": "../../x", "url": "http://a/b"}], "service": "aura"},
]  # fmt: skip
_READERS: list[Callable[[bytes], object]] = [
    reading.read_job,
    reading.read_page,
    reading.read_artifacts,
    reading.read_queue,
    reading.read_typical,
    reading.read_retry_plan,
    reading.read_service_name,
    lambda data: reading.read_problem(data, 500),
]


@seeded
@given(data=damaged(_ANSWERS) | st.binary(max_size=200))
def test_any_answer_reads_as_something_clean_or_as_nothing(data: bytes) -> None:
    for read in _READERS:
        values_clean(msgspec.to_builtins(read(data), str_keys=True), repr(read))


_REQUESTS = [
    {"brief": {"topic": "t", "text": "a b", "aspect": "16:9"}, "priority": 3},
    {
        "brief": {"text": "a b"},
        "planSpec": {"targetDuration": "00:01:30", "pacing": "p"},
        "voiceSpec": {"voiceName": "v", "rate": 1.5, "pause": None},
        "renderSpec": {"res": "720p", "fps": 30, "qualityLevel": 50},
        "options": {"theme": "x", "motion": True},
    },
]


@seeded
@given(data=damaged(_REQUESTS) | st.binary(max_size=200))
def test_any_body_is_a_request_or_refused_in_clean_words(data: bytes) -> None:
    try:
        request = read_request(data, Origin(outside=True)).request
    except InputError as e:
        assert FORBIDDEN.search(f"{e.message}{e.remediation}{e.field}") is None  # noqa: PT017  # one of two ends
    else:
        assert request.origin == Origin(outside=True)
        again = msgspec.json.decode(msgspec.json.encode(request), type=JobRequest)
        assert again == request


# -- streams


class _Pieces(httpx.AsyncByteStream):
    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


async def read(pieces: list[bytes]) -> list[Frame]:
    """The blocks of a stream; those before it broke."""
    response = httpx.Response(
        200, stream=_Pieces(pieces), headers={"Content-Type": "text/event-stream"}
    )
    found: list[Frame] = []
    try:
        async for frame in frames(response, lambda: None, strict=False):
            found.append(frame)  # noqa: PERF401  # what came before it broke is kept
    except TransportFailure:
        pass
    return found


_PARTS = st.sampled_from(
    (
        b"data: a\n",
        b"data\n",
        b"data:\xff\xfe\n",
        b"id: 1-0\n",
        b"id: \0\n",
        b"event: job-log\n",
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b": c\n",
        b"retry: 5\n",
        b"retry: " + b"9" * 4000 + b"\n",
        b"retry: -1\n",
        b"\xef\xbb\xbf",
        b"data: \xe2\x80\xa8x\n",
        b"unknown: x\n",
        b"\x1b]0;x\x07\n",
        b"data: " + b"x" * 5000 + b"\n",
        b"\x00",
        b":",
        b"event: \n",
    )
)


@seeded
@given(
    stream=st.lists(_PARTS | st.binary(max_size=6), max_size=30).map(b"".join),
    cuts=st.lists(st.integers(0, 400), max_size=8),
)
def test_a_stream_reads_the_same_however_it_is_cut(stream: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    pieces = [stream[a:b] for a, b in itertools.pairwise(edges)]
    whole = asyncio.run(read([stream]))
    assert asyncio.run(read(pieces)) == whole
    assert asyncio.run(read([stream[i : i + 1] for i in range(len(stream))])) == whole
    for frame in whole:
        assert frame.retry_ms is None or frame.retry_ms / 1000 <= 86_400


async def test_blank_lines_that_come_in_pieces_end_an_event_all_the_same() -> None:
    """3 MB of events, line by line: none is taken for one without an end."""
    block = [b"data: " + b"x" * 60_000 + b"\n", b"\n"]
    assert len(await read(block * 50)) == 50


async def test_an_event_without_an_end_is_broken_off_and_costs_little() -> None:
    began = time.process_time()
    assert await read([b"data: " + b"x" * 4000] * 5000) == []
    assert time.process_time() - began < 2.0


# -- recordings


@seeded
@given(
    lines=st.lists(
        damaged(
            [
                *_RUN,
                {
                    "recording": 1,
                    "job": {"id": "job", "title": "t", "createdAt": "2026-01-01T00:00:00Z"},
                    "typical": {"runs": 3, "seconds": {"Script": 1.0}},
                },
            ]
        )
        | st.binary(max_size=60),
        max_size=12,
    )
)
def test_any_recording_plays_to_its_end(lines: list[bytes]) -> None:
    recording = parse_recording(lines)
    assert len(recording.jobs) + len(recording.envelopes) + recording.skipped <= 2 * len(lines)
    for job in recording.jobs:
        assert job.id
        values_clean(msgspec.to_builtins(job), "a job of a recording")
    asyncio.run(_plays(ReplayService(recording, speed=0)))


async def _plays(service: ReplayService) -> None:
    for job_id in service.job_ids:
        async with asyncio.timeout(5):
            told = [envelope async for envelope in service.events(job_id)]
        assert [e.id for e in told] == sorted({e.id for e in told})
        job = fresh_job(job_id)
        for envelope in told:
            job = reduce(job, envelope)
        assert (await service.get(job_id)).status is job.status
        assert FORBIDDEN.search(await service.logs(job_id)) is None
        await service.typical(job_id)
    await service.list()
    await service.queue()


@pytest.mark.parametrize("when", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_recorded_time_past_the_calendar_is_bent_into_it(when: str) -> None:
    line = json.dumps({"recording": 1, "job": {"id": "a", "createdAt": when}}).encode()
    (job,) = parse_recording([line]).jobs
    assert job.created_at.utcoffset() is not None


async def test_a_recording_that_is_too_large_is_left_at_a_bound(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(recording_, "MAX_RECORDING_BYTES", 16 << 20)
    path = tmp_path / "zeros.jsonl"
    with path.open("wb") as file:
        file.truncate(64 << 20)  # a hole: of the disk it takes nothing
    with pytest.raises(InputError, match="no job events"):
        await ReplayService.open(path)
