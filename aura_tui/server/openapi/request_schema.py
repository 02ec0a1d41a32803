"""The schema of a job request, from the types of ``model/request.py`` and their constraints.

Only what a type can't express is written here: null counts as omitted, and ``compat_values.py``
accepts the words of other systems.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from aura_tui.model import request as rq
from aura_tui.server import compat_values

if TYPE_CHECKING:
    from collections.abc import Iterable

_NULL = {"type": "null"}


def request_schema() -> dict[str, Any]:
    """The body of ``POST /api/jobs``."""
    schema = _of_struct(rq.JobRequest)
    for name, extra in _MORE.items():
        section, _, field = name.rpartition(".")
        properties = schema["properties"]
        if section:
            properties = properties[section]["properties"]
        properties[field] = extra(properties.get(field, {}))
    words = {"type": "string", "pattern": r"\S"}
    has_words = {
        "type": "object",
        "anyOf": [
            {"required": ["topic"], "properties": {"topic": words}},
            {"required": ["text"], "properties": {"text": words}},
        ],
    }
    return {
        **schema,
        "type": "object",
        "description": "Unknown fields are ignored; warnings in the response list them.",
        "anyOf": [
            {"required": ["brief"], "properties": {"brief": has_words}},
            {
                "required": ["preset"],
                "properties": {"preset": {"const": compat_values.SAMPLE_PRESET}},
            },
        ],
    }


def _of_struct(kind: type[msgspec.Struct]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        if field.type is rq.Origin:
            continue  # the server sets it
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            properties[field.encode_name] = _of_struct(field.type)
        else:
            properties[field.encode_name] = _or_null(msgspec.json.schema(field.type))
    return {"type": ["object", "null"], "properties": properties}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    if "enum" in schema:
        return {"enum": [*schema["enum"], None]}
    if "anyOf" in schema:
        others = [part for part in schema["anyOf"] if part != _NULL]
        return {"anyOf": [*others, _NULL]} if len(others) > 1 else _or_null(others[0])
    return {**schema, "type": [schema["type"], "null"]}


# -- what the types don't express: for each field, a change of its type's schema


def _described(text: str) -> Any:
    return lambda schema: {**schema, "description": text}


def _in_capitals(schema: dict[str, Any]) -> dict[str, Any]:
    words = [word for word in schema["enum"] if word is not None]
    upper = [word.upper() for word in words if word.lower() in ("mp4", "h264")]
    return {"enum": [*words, *upper, None]}


def _or_word(words: Iterable[str], what: str) -> Any:
    return lambda number: {
        "description": f"{what}, or a case-insensitive word",
        "anyOf": [number, {"enum": [word.capitalize() for word in words]}],
    }


def _aspect(_: dict[str, Any]) -> dict[str, Any]:
    named = ("Widescreen16x9", "Vertical9x16", "Square1x1")
    return {
        "description": "Names are case-insensitive",
        "enum": ["", *rq.RATIOS, *named, None],
    }


def _duration(schema: dict[str, Any]) -> dict[str, Any]:
    seconds = next(part for part in schema["anyOf"] if "minimum" in part)
    clock = r"^00:(00:(0[5-9]|[1-5]\d)|(0[1-9]|[1-5]\d):[0-5]\d)$"
    iso = r"^PT([5-9]S|[1-5]\d(M[0-5]\d)?S|[1-5]?[1-9]M)$"
    return {
        "description": "Seconds, HH:MM:SS, or ISO 8601 (PT1M30S)",
        "anyOf": [
            {**seconds, "type": ["number", "null"]},
            {"type": "string", "pattern": clock},
            {"type": "string", "pattern": iso},
            _NULL,
        ],
    }


def _resolution(_: dict[str, Any]) -> dict[str, Any]:
    side = {"type": "integer", "minimum": rq.MIN_SIDE_PX, "maximum": rq.MAX_SIDE_PX}
    return {
        "description": "The short side, or WIDTHxHEIGHT in even numbers",
        "anyOf": [
            {"enum": ["", *rq.NAMED_HEIGHT, None]},
            {"type": "string", "pattern": r"^[1-9]\d{2,3}x[1-9]\d{2,3}$"},
            {
                "type": "object",
                "properties": {"width": side, "height": side},
                "required": ["width", "height"],
                "additionalProperties": False,
            },
        ],
    }


_MORE = {
    "brief.text": _described("Markdown or plain text"),
    "brief.aspect": _aspect,
    "planSpec.targetDuration": _duration,
    "voiceSpec.pause": _or_word(compat_values.PAUSES, "Pause after each scene, in seconds"),
    "renderSpec.res": _resolution,
    "renderSpec.container": _in_capitals,
    "renderSpec.codec": _in_capitals,
    "renderSpec.qualityLevel": _or_word(compat_values.QUALITY, "Percent"),
    "options.quality": lambda _: {
        "description": "Used when renderSpec has no qualityLevel",
        "enum": [*compat_values.QUALITY, None],
    },
    "preset": lambda _: {
        "description": f"{compat_values.SAMPLE_PRESET} supplies a brief if there is none; "
        "others have no effect",
        "type": ["string", "null"],
    },
}
