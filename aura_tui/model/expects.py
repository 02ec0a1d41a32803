"""Describes in words what a field expects, from its type; for messages about a wrong value."""

from __future__ import annotations

import functools
import operator
import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

_SIMPLE: dict[object, str] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    dict: 'names and texts, as in {"a" = "b"}',
    tuple: 'a list of texts, as in ["a", "b"]',
}


def describe_bounds(kind: object) -> str:
    """The bounds of a type in words: ``between 5 and 60``, ``at most 500 characters``,
    ``h264 or libx264``; "" for a type without bounds. In a union, the first bounds count."""
    form, parts = get_origin(kind), get_args(kind)
    if form is Literal:
        return " or ".join(map(str, parts))
    if form in (Union, types.UnionType):
        return next(filter(None, map(describe_bounds, parts)), "")
    for meta in parts[1:] if form is Annotated else ():
        if isinstance(meta, msgspec.Meta):
            if meta.max_length is not None:
                return f"at most {meta.max_length} characters"
            if meta.ge is not None and meta.le is not None:
                return f"between {_number(meta.ge)} and {_number(meta.le)}"
    return ""


def without_bounds(kind: Any) -> Any:
    """The type without its bounds: ``int`` for ``Fps``."""
    form, parts = get_origin(kind), get_args(kind)
    if form is Annotated:
        return without_bounds(parts[0])
    if form is Literal:
        return type(parts[0])
    if form in (Union, types.UnionType):
        return functools.reduce(operator.or_, map(without_bounds, parts))
    return kind


def describe_type(kind: object) -> str:
    """``a whole number from 0 to 51``, ``one of auto, on, off``, ``a number or a text``."""
    form, parts = get_origin(kind), get_args(kind)
    if form is Annotated:
        bounds = [bound for part in parts[1:] if (bound := _bounds(part))]
        return " ".join([describe_type(parts[0]), *bounds])
    if form is Literal:
        return f"one of {', '.join(map(str, parts))}"
    if form in (Union, types.UnionType):
        return " or ".join(describe_type(part) for part in parts if part is not type(None))
    return _SIMPLE.get(form or kind, "a text")


def _bounds(meta: object) -> str:
    if not isinstance(meta, msgspec.Meta):
        return ""
    if meta.ge is not None and meta.le is not None:
        return f"from {_number(meta.ge)} to {_number(meta.le)}"
    if meta.ge is not None:
        return f"of at least {_number(meta.ge)}"
    if meta.gt is not None:
        return f"above {_number(meta.gt)}"
    return f"of at most {_number(meta.le)}" if meta.le is not None else ""


def _number(value: float) -> str:
    """As people type it: 1000000, not 1e+06."""
    return f"{value:.12g}"
