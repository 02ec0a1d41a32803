"""Validates a job request: the constraints of each field's type, and what types can't express.
Reports all faults together."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
from msgspec.structs import replace

from aura_tui.errors import Code, Faults, InputError
from aura_tui.model.expects import describe_bounds
from aura_tui.model.request import JobRequest, Origin, frame_size, parse_duration

if TYPE_CHECKING:
    from collections.abc import Iterable

_WHOLE_BRIEF: Final = ("brief.topic", "brief.text")


class _Field(NamedTuple):
    """A field of a request. ``wire``: its name in JSON, such as ``renderSpec.fps``; ``section`` is
    "" at the top level."""

    wire: str
    section: str
    name: str
    type: Any
    default: object

    def of(self, request: JobRequest) -> object:
        return getattr(getattr(request, self.section) if self.section else request, self.name)


@cache
def _fields() -> dict[str, _Field]:
    found: list[_Field] = []
    for outer in msgspec.structs.fields(JobRequest):
        if outer.type is Origin:
            continue
        if isinstance(outer.type, type) and issubclass(outer.type, msgspec.Struct):
            for each in msgspec.structs.fields(outer.type):
                wire = f"{outer.encode_name}.{each.encode_name}"
                found.append(_Field(wire, outer.name, each.name, each.type, each.default))
        else:
            found.append(_Field(outer.encode_name, "", outer.name, outer.type, outer.default))
    return {each.wire: each for each in found}


def bounds_of(field: str) -> str:
    """The bounds of a field, by its name in JSON, in words: ``between 5 and 60``."""
    return describe_bounds(_fields()[field].type)


def check(request: JobRequest) -> None:
    """Raise :class:`InvalidRequest` with all faults of a request, if it has any."""
    faults = Faults()
    if not request.brief.topic.strip() and not request.brief.text.strip():
        faults.add(
            InputError(
                Code.BRIEF_EMPTY,
                "The brief is empty",
                "Give a topic, a text, or a Markdown file.",
                field="brief",
            )
        )
    fits = _fits(msgspec.to_builtins(request), JobRequest)
    for field in _fields().values():
        try:
            if field.wire == "planSpec.targetDuration":
                parse_duration(request.plan_spec.target_duration)
            elif field.wire == "brief.aspect":
                frame_size(request.render_spec.res, request.brief.aspect)
            elif field.wire == "renderSpec.res":
                frame_size(request.render_spec.res, "")  # checked even if the aspect is wrong
            else:
                value = field.of(request)
                if not fits and not _fits(value, field.type):
                    raise _out_of_bounds(field, value)
                if isinstance(value, str) and not _is_text(value):
                    raise _not_text(field)
        except InputError as e:
            faults.add(e)
    faults.check()


def _fits(value: object, kind: Any) -> bool:
    """Whether ``value`` meets the constraints of a type. msgspec caches a struct's type, but not a
    field's: so check the whole request first, and its fields only if that fails."""
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def _not_text(field: _Field) -> InputError:
    if field.wire in _WHOLE_BRIEF:
        return InputError(
            Code.BRIEF_NOT_TEXT,
            "The brief is not text",
            "Give Markdown or plain text in UTF-8.",
            field="brief",
        )
    return InputError(
        Code.OPTION_INVALID,
        f"{field.wire} must be plain text",
        "Remove control characters and broken emoji.",
        field=field.wire,
    )


def _out_of_bounds(field: _Field, value: object) -> InputError:
    if field.wire in _WHOLE_BRIEF and isinstance(value, str):
        most = describe_bounds(field.type).removeprefix("at most ").removesuffix(" characters")
        return InputError(
            Code.BRIEF_TOO_LARGE,
            f"The {field.name} has {len(value)} characters; {most} are allowed",
            "Shorten it to the part that the video is about."
            if field.name == "text"
            else "Put the long text into a file, or into brief.text.",
            field=field.wire,
        )
    default = f" (default: {field.default})" if field.default not in (None, "") else ""
    return InputError(
        Code.OPTION_INVALID,
        f"{field.wire} must be {describe_bounds(field.type)}",
        f"Change it, or omit it{default}.",
        field=field.wire,
    )


def _is_text(value: str) -> bool:
    """Whether it has no NUL and can be encoded as UTF-8 (half an emoji can't)."""
    try:
        return b"\0" not in value.encode()
    except UnicodeEncodeError:
        return False


def with_defaults(request: JobRequest, faults: Iterable[InputError]) -> JobRequest:
    """``request`` with each wrong field at its default, so that the others can be checked."""
    for fault in faults:
        field = _fields().get(fault.field or "")
        if field is None:
            continue
        changed: Any = {field.name: field.default}
        if field.section:
            changed = {field.section: replace(getattr(request, field.section), **changed)}
        request = replace(request, **changed)
    return request
