"""Each bound of a request by its value: the least and the most are taken, one beyond each is not,
nor is what is no number of its kind; by the model, over HTTP, and as the OpenAPI document says."""

from __future__ import annotations

import json
import math
from typing import Any, Final

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from aura_tui.errors import Code, InputError, InvalidRequest
from aura_tui.model.request import Brief, JobRequest, Origin
from aura_tui.model.request_check import check
from aura_tui.server.openapi.document import document
from aura_tui.server.request_body import read_request

# By the wire's name: least, most, the step to what is beyond. The values of the release before.
RANGES: Final[dict[str, tuple[float, float, float]]] = {
    "planSpec.targetDuration": (5, 3600, 0.001),
    "voiceSpec.rate": (0.5, 2.0, 0.001),
    "voiceSpec.pitch": (0.5, 2.0, 0.001),
    "voiceSpec.pause": (0.0, 10.0, 0.001),
    "renderSpec.fps": (5, 60, 1),
    "renderSpec.qualityLevel": (0, 100, 1),
    "renderSpec.videoBitrateK": (100, 100_000, 1),
    "renderSpec.audioBitrateK": (32, 512, 1),
    "priority": (-100, 100, 1),
}
LENGTHS: Final[dict[str, tuple[int, Code]]] = {
    "brief.topic": (500, Code.BRIEF_TOO_LARGE),
    "brief.text": (1_000_000, Code.BRIEF_TOO_LARGE),
    **dict.fromkeys(
        (
            *("brief.audience", "brief.goal", "brief.tone", "brief.language"),
            *("planSpec.pacing", "planSpec.density", "planSpec.style"),
            *("voiceSpec.voiceName",),
            *("options.script", "options.speech", "options.visuals", "options.theme"),
        ),
        (500, Code.OPTION_INVALID),
    ),
}
WORDS: Final[dict[str, tuple[str, ...]]] = {
    "renderSpec.container": ("mp4",),
    "renderSpec.codec": ("h264", "libx264"),
}


def with_value(field: str, value: object) -> JobRequest:
    """A request that is sound but for ``value`` in ``field`` (the wire's name)."""
    section, _, name = field.partition(".")
    outer = next(f for f in msgspec.structs.fields(JobRequest) if f.encode_name == section)
    request = JobRequest(brief=Brief(topic="Rivers"))
    if not name:
        return msgspec.structs.replace(request, **{outer.name: value})
    spec = getattr(request, outer.name)
    inner = next(f for f in msgspec.structs.fields(type(spec)) if f.encode_name == name)
    return msgspec.structs.replace(
        request, **{outer.name: msgspec.structs.replace(spec, **{inner.name: value})}
    )


def body(field: str, value: object) -> bytes:
    section, _, name = field.partition(".")
    tree: dict[str, Any] = {"brief": {"topic": "Rivers"}}
    if name:
        tree.setdefault(section, {})[name] = value
    else:
        tree[section] = value
    return json.dumps(tree).encode()


def by_model(field: str, value: object) -> tuple[Code, str | None] | None:
    try:
        check(with_value(field, value))
    except InputError as e:
        return e.code, e.field
    return None


def by_http(field: str, value: object) -> list[tuple[Code, str | None]]:
    try:
        read_request(body(field, value), Origin())
    except InvalidRequest as e:
        return [(fault.code, fault.field) for fault in e.faults]
    return []


def test_the_least_and_the_most_are_taken_and_one_beyond_each_is_not() -> None:
    for field, (least, most, step) in RANGES.items():
        code = Code.DURATION_INVALID if field.startswith("planSpec") else Code.OPTION_INVALID
        for value in (least, most, (least + most) // 2 or 1):
            assert by_model(field, value) is None, (field, value)
            assert by_http(field, value) == [], (field, value)
        for value in (least - step, most + step, 10**17, -(10**17)):
            assert by_model(field, value) == (code, field), (field, value)
            assert by_http(field, value) == [(code, field)], (field, value)


def test_what_is_no_number_is_refused_and_so_is_one_past_any_float() -> None:
    for field in RANGES:
        kind = Code.DURATION_INVALID if field.startswith("planSpec") else Code.OPTION_INVALID
        whole = field.startswith(("renderSpec", "priority"))
        for value in (math.nan, math.inf, -math.inf):
            if not whole:
                assert by_model(field, value) == (kind, field), (field, value)
        for value in (10**400, -(10**400)):
            assert by_model(field, value) == (kind, field), field
            ((code, at),) = by_http(field, value)
            assert (code, at) in ((kind, field), (Code.REQUEST_INVALID, field)), field
        for wrong in (True, [1], {"a": 1}, *(() if field.startswith("plan") else ("1",))):
            assert by_http(field, wrong) == [(Code.REQUEST_INVALID, field)], (field, wrong)
        assert by_http(field, None) == [], field  # as good as left out
        half = [] if not whole else [(Code.REQUEST_INVALID, field)]
        if field not in ("voiceSpec.rate", "voiceSpec.pitch"):
            assert by_http(field, 7.5) == half, field
        if whole:
            assert by_http(field, 50.0 if field != "renderSpec.videoBitrateK" else 500.0) == []


def test_a_text_has_a_longest_length_and_no_nul() -> None:
    for field, (most, code) in LENGTHS.items():
        for letter in ("x", "\u00e9", "\U0001f30a"):
            assert by_model(field, letter * most) is None, field
            assert by_model(field, letter * (most + 1)) == (code, field), field
        assert by_http(field, "x" * most) == [], field
        assert by_http(field, "x" * (most + 1)) == [(code, field)], field
        no_text = (
            (Code.BRIEF_NOT_TEXT, "brief")
            if code is Code.BRIEF_TOO_LARGE
            else (Code.OPTION_INVALID, field)
        )
        for bad in ("a\0b", "half \ud83d"):
            assert by_model(field, bad) == no_text, field
            assert by_http(field, bad) == [no_text], field
        assert by_http(field, 7) == [(Code.REQUEST_INVALID, field)], field


def test_a_word_is_one_of_those_that_can_be_made() -> None:
    for field, words in WORDS.items():
        for word in words:
            assert by_model(field, word) is None, word
        for word in ("", "vp9", "avi", "x" * 501, "MP4 ", "a\0"):
            assert by_model(field, word) == (Code.OPTION_INVALID, field), word


@given(st.sampled_from(sorted(RANGES)), st.integers() | st.floats(), st.integers(-2, 2))
def test_a_number_is_taken_exactly_within_its_bounds(field: str, value: float, near: int) -> None:
    least, most, step = RANGES[field]
    whole = field.startswith(("renderSpec", "priority"))
    for number in (value, least + near * step, most + near * step):
        if whole and isinstance(number, float):
            continue
        assert (by_model(field, number) is None) == (least <= number <= most), number


def test_the_openapi_document_has_these_bounds() -> None:
    schema = json.loads(document())["components"]["schemas"]["JobRequest"]

    def of(field: str) -> dict[str, Any]:
        found: dict[str, Any] = schema
        for name in field.split("."):
            found = found["properties"][name]
        return found

    for field, (least, most, _) in RANGES.items():
        told = of(field)
        number = next((part for part in told.get("anyOf", []) if "minimum" in part), told)
        assert (number["minimum"], number["maximum"]) == (least, most), field
        whole = field.startswith(("renderSpec", "priority"))
        assert ("integer" if whole else "number") in number["type"], field
    for field, (most, _) in LENGTHS.items():
        assert of(field)["maxLength"] == most, field
        assert of(field)["pattern"] == "^[^\\u0000]*$", field
    for field, words in WORDS.items():
        assert set(words) <= set(of(field)["enum"]), field
