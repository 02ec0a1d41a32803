"""``POST /api/jobs``: JSON -> JobRequest, field by field, every wrong one named."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from aura_tui.errors import Code, InputError
from aura_tui.model.request import JobRequest, Origin, check
from aura_tui.model.takes import takes
from aura_tui.model.text import clean_line
from aura_tui.wire.problem import FieldProblem

_MAX_PROBLEMS = 50
_WHOLE = (int, int | None)


class RequestRefused(InputError):
    """The first wrong field as the error itself; ``problems`` has all of them."""

    def __init__(self, first: InputError, problems: tuple[FieldProblem, ...]) -> None:
        super().__init__(first.code, first.message, first.remediation, field=first.field)
        self.problems = problems


def read_request(data: bytes, origin: Origin) -> JobRequest:
    """The request in a body, as made by ``origin``. Raises :class:`RequestRefused` for others.

    ``null`` is as good as left out. A field that we don't know is refused: one that is misspelt
    and does nothing is worse than one that stops.
    """
    try:
        tree = msgspec.json.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        tree = None
    if not isinstance(tree, dict):
        error = _refuse("", "The body is not a JSON object")
        raise RequestRefused(error, (_problem(error),))
    wrong: list[InputError] = []
    values: dict[str, Any] = {}
    for name, field, value in _fields(JobRequest, tree, "", wrong):
        if field.type is Origin:
            wrong.append(_unknown(name, JobRequest, ""))
        elif isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            parts = {
                part.name: got
                for part_name, part, item in _fields(field.type, value, name, wrong)
                if (got := _value(f"{name}.{part_name}", part, item, wrong)) is not None
            }
            values[field.name] = field.type(**parts)
        elif (got := _value(name, field, value, wrong)) is not None:
            values[field.name] = got
    request = JobRequest(**values, origin=origin)
    _check(request, wrong)
    if wrong:
        raise RequestRefused(wrong[0], tuple(_problem(error) for error in wrong[:_MAX_PROBLEMS]))
    return request


def _fields(
    kind: type[msgspec.Struct], tree: object, where: str, wrong: list[InputError]
) -> list[tuple[str, msgspec.structs.FieldInfo, object]]:
    """``(name, field, value)`` of what an object gives; what it can't give goes to ``wrong``."""
    if not isinstance(tree, dict):
        wrong.append(_refuse(where, f"{where} is not a JSON object"))
        return []
    known = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    found = []
    for name, value in tree.items():
        if name not in known:
            if len(wrong) < _MAX_PROBLEMS:  # a body can hold a million of them
                wrong.append(_unknown(clean_line(name, 80), kind, where))
        elif value is not None:
            found.append((name, known[name], value))
    return found


def _value(
    where: str, field: msgspec.structs.FieldInfo, value: object, wrong: list[InputError]
) -> object:
    if isinstance(value, float) and value.is_integer() and field.type in _WHOLE:
        value = int(value)  # JSON has one kind of number
    try:
        return msgspec.convert(value, field.type)
    except msgspec.ValidationError:
        wrong.append(_refuse(where, f"{where} takes {takes(field.type)}"))
        return None


def _check(request: JobRequest, wrong: list[InputError]) -> None:
    """All that :func:`check` refuses: what it names is put right for the next look."""
    told = {error.field or "" for error in wrong}
    put_right: set[str] = set()
    while True:
        try:
            return check(request)
        except InputError as e:
            field = e.field or ""
            if field in put_right:
                return None
            put_right.add(field)
            # A brief whose text was refused is empty for that reason alone.
            if field not in told and not any(name.startswith(f"{field}.") for name in told):
                wrong.append(e)
            request = _without(request, field)


def _without(request: JobRequest, field: str) -> JobRequest:
    """``request`` with a field at its default; one about the whole brief gets a topic."""
    if field == "brief":
        return replace(request, brief=replace(request.brief, topic="x", text=""))
    section, _, name = field.partition(".")
    for outer in msgspec.structs.fields(JobRequest):
        if outer.encode_name != section:
            continue
        if not name:
            return replace(request, **{outer.name: outer.default})
        inner = getattr(request, outer.name)
        for part in msgspec.structs.fields(type(inner)):
            if part.encode_name == name:
                return replace(request, **{outer.name: replace(inner, **{part.name: part.default})})
    return request


def _refuse(field: str, message: str) -> InputError:
    return InputError(
        Code.REQUEST_INVALID, message, "See GET /api/openapi.json for its form.", field=field
    )


def _unknown(name: str, kind: type[msgspec.Struct], where: str) -> InputError:
    known = [field.encode_name for field in msgspec.structs.fields(kind) if field.type != Origin]
    at = f"{where}.{name}" if where else name
    return InputError(
        Code.REQUEST_INVALID,
        f"There is no field {at}",
        f"{where or 'A request'} takes {', '.join(known)}.",
        field=at,
    )


def _problem(error: InputError) -> FieldProblem:
    return FieldProblem(
        field=error.field or "",
        detail=error.message,
        guidance=error.remediation,
        code=error.code.value,
    )
