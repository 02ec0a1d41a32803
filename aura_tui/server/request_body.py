"""``POST /api/jobs``: decodes JSON into a JobRequest, field by field, and reports every fault."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from aura_tui.errors import Code, InputError, InvalidRequest
from aura_tui.model.expects import describe_type, without_bounds
from aura_tui.model.request import JobRequest, Origin
from aura_tui.model.request_check import check
from aura_tui.model.text.near import near
from aura_tui.model.text.sanitize import clean_line
from aura_tui.server import compat_values
from aura_tui.wire.problem import MAX_FIELD_PROBLEMS

_SEE_FORM = "See GET /api/openapi.json for the schema."
_FOREIGN_FIELDS = frozenset({"preset", "inputs", "options.quality"})  # see `_with_preset`
_WHOLE = (int, int | None)


class ParsedRequest(NamedTuple):
    """A request, and one line for each field of the body that was ignored."""

    request: JobRequest
    ignored: tuple[str, ...]


def read_request(data: bytes, origin: Origin) -> ParsedRequest:
    """Decode a body into the request of ``origin``. Raises :class:`InvalidRequest`.

    ``null`` counts as omitted. Unknown fields, and values that only another system knows, are
    ignored and reported. Field names match in any case.
    """
    wrong: list[InputError] = []
    tree = _parse(data, wrong)
    unknown = _Unknown()
    values: dict[str, Any] = {}
    for name, field, value in _fields(JobRequest, tree, "", wrong, unknown):
        if field.type is Origin:
            wrong.append(_refuse(name, f"A request can't set {name}"))
        elif isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            parts = {
                part.name: got
                for part_name, part, item in _fields(field.type, value, name, wrong, unknown)
                if (got := _value(f"{name}.{part_name}", part, item, wrong, unknown)) is not None
            }
            values[field.name] = field.type(**parts)
        elif (got := _value(name, field, value, wrong, unknown)) is not None:
            values[field.name] = got
    request = _with_preset(JobRequest(**values, origin=origin), wrong, unknown)
    _check(request, wrong)
    if wrong:
        # Report unknown fields, too: one may be a misspelt required field.
        raise InvalidRequest([*wrong, *unknown.errors][:MAX_FIELD_PROBLEMS])
    return ParsedRequest(request, unknown.lines())


class _Unknown:
    """Collects ignored fields. ``values``: those of other systems' fields, by lower-case name."""

    def __init__(self) -> None:
        self.values: dict[str, object] = {}
        self.errors: list[InputError] = []
        self._more = 0

    @property
    def is_full(self) -> bool:
        """Whether further ones are only counted: a body can contain a million of them."""
        return len(self.errors) >= MAX_FIELD_PROBLEMS

    def add(self, field: str, why: str) -> None:
        """Report that ``field`` is ignored."""
        if self.is_full:
            self._more += 1
            return
        self.errors.append(
            InputError(Code.REQUEST_INVALID, f"{field} was ignored: {why}", _SEE_FORM, field=field)
        )

    def take(self, name: str) -> object:
        """Use a field of other systems after all: returns its value; None if it is missing."""
        self.errors = [error for error in self.errors if (error.field or "").lower() != name]
        return self.values.pop(name, None)

    def lines(self) -> tuple[str, ...]:
        more = (f"{self._more} more unknown fields were ignored",) if self._more else ()
        return tuple(error.message for error in self.errors) + more


class _Object(dict[str, Any]):
    """A JSON object with the keys that it repeats."""

    repeated: tuple[str, ...] = ()


def _parse(data: bytes, wrong: list[InputError]) -> _Object:
    """Parse a body; repeated keys are added to ``wrong``. Raises InvalidRequest."""
    repeated: list[str] = []

    def collect(pairs: list[tuple[str, Any]]) -> _Object:
        made = _Object(pairs)
        if len(made) < len(pairs):
            counts = Counter(key for key, _ in pairs)
            made.repeated = tuple(key for key, count in counts.items() if count > 1)
            repeated.extend(made.repeated)
        return made

    try:
        tree = json.loads(
            data.decode("utf-8-sig"), object_pairs_hook=collect, parse_constant=_no_constant
        )
    except json.JSONDecodeError as e:
        raise _not_json(f"{e.msg} at line {e.lineno}, column {e.colno}") from None
    except UnicodeDecodeError as e:
        head = data[: e.start].decode("utf-8", "replace")
        line, column = head.count("\n") + 1, len(head) - head.rfind("\n")
        raise _not_json(f"not UTF-8 at line {line}, column {column}") from None
    except RecursionError:
        raise _not_json("nested too deeply") from None
    except _NoConstantError as e:
        raise _not_json(str(e)) from None
    except ValueError:  # its own words name a setting of Python
        raise _not_json("a number has too many digits") from None
    if not isinstance(tree, _Object):
        error = _refuse("", "The body is not a JSON object")
        raise InvalidRequest([error])
    if repeated:
        found = [*tree.repeated]
        for name, part in tree.items():
            if isinstance(part, _Object):
                found += [f"{name}.{key}" for key in part.repeated]
        for key in (found or repeated)[:MAX_FIELD_PROBLEMS]:
            at = clean_line(key, 80)
            wrong.append(_refuse(at, f"{at} appears more than once in the body"))
    return tree


class _NoConstantError(ValueError):
    """NaN or Infinity."""


def _no_constant(name: str) -> None:
    raise _NoConstantError(f"{name} is not a JSON value")


def _not_json(why: str) -> InvalidRequest:
    error = _refuse("", f"The body is not a JSON object: {clean_line(why, 200)}")
    return InvalidRequest([error])


def _with_preset(request: JobRequest, wrong: list[InputError], unknown: _Unknown) -> JobRequest:
    """Apply the fields ``preset``, ``inputs`` and ``options.quality`` of other systems."""
    quality, preset = unknown.take("options.quality"), unknown.take("preset")
    if unknown.values.get("inputs") == {}:
        unknown.take("inputs")
    if quality is not None:
        if not isinstance(quality, str) or quality.strip().lower() not in compat_values.QUALITY:
            words = ", ".join(compat_values.QUALITY)
            wrong.append(_refuse("options.quality", f"options.quality expects {words}"))
        elif request.render_spec.quality_level is None:
            level = compat_values.QUALITY[quality.strip().lower()]
            spec = replace(request.render_spec, quality_level=level)
            request = replace(request, render_spec=spec)
    if preset is None or preset == compat_values.DEFAULT_PRESET:
        return request
    if not isinstance(preset, str):
        wrong.append(_refuse("preset", "preset expects a text"))
    elif preset != compat_values.SAMPLE_PRESET:
        unknown.add("preset", f"unknown preset {clean_line(preset, 40)!r}")
    elif request.brief.topic.strip() or request.brief.text.strip():
        unknown.add("preset", "the request has its own brief")
    else:
        brief = replace(
            request.brief, topic=compat_values.SAMPLE.topic, text=compat_values.SAMPLE.text
        )
        plan = request.plan_spec
        if plan.target_duration is None:
            plan = replace(plan, target_duration=compat_values.SAMPLE_DURATION_S)
        request = replace(request, brief=brief, plan_spec=plan)
    return request


def _fields(
    kind: type[msgspec.Struct],
    tree: object,
    where: str,
    wrong: list[InputError],
    unknown: _Unknown,
) -> list[tuple[str, msgspec.structs.FieldInfo, object]]:
    """``(name, field, value)`` for each known field of an object; faults are added to ``wrong``."""
    if not isinstance(tree, dict):
        wrong.append(_refuse(where, f"{where} is not a JSON object"))
        return []
    known = {field.encode_name.lower(): field for field in msgspec.structs.fields(kind)}
    found: dict[str, tuple[str, msgspec.structs.FieldInfo, object]] = {}
    for key, value in tree.items():
        field = known.get(key.lower())
        if field is None and value is None:
            continue
        if field is None:
            shown = clean_line(key, 80) or repr(key[:20])
            at = f"{where}.{shown}" if where else shown
            unknown.add(at, f"unknown field{_near(key, kind) if not unknown.is_full else ''}")
            if at.lower() in _FOREIGN_FIELDS:
                unknown.values[at.lower()] = value
        elif field.encode_name in found:
            at = f"{where}.{field.encode_name}" if where else field.encode_name
            wrong.append(_refuse(at, f"{at} appears more than once in the body"))
        elif value is not None:
            found[field.encode_name] = (field.encode_name, field, value)
    return [*found.values()]


def _value(
    where: str,
    field: msgspec.structs.FieldInfo,
    value: object,
    wrong: list[InputError],
    unknown: _Unknown,
) -> object:
    if compat_values.has_other_voice(where, value):
        unknown.add(where, f"{value} is a voice of another system")
        return None
    value = compat_values.value(where, value)
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer() and without_bounds(field.type) in _WHOLE:
        value = int(value)  # JSON has one kind of number
    try:
        return msgspec.convert(value, without_bounds(field.type))
    except msgspec.ValidationError:
        wrong.append(_refuse(where, f"{where} expects {describe_type(field.type)}"))
        return None


def _check(request: JobRequest, wrong: list[InputError]) -> None:
    reported = {error.field or "" for error in wrong}
    try:
        check(request)
    except InvalidRequest as e:
        for fault in e.faults:
            field = fault.field or ""
            # A brief is empty just because its text was rejected: don't report that as well.
            if field not in reported and not any(name.startswith(f"{field}.") for name in reported):
                wrong.append(fault)


def _refuse(field: str, message: str) -> InputError:
    return InputError(Code.REQUEST_INVALID, message, _SEE_FORM, field=field)


def _near(key: str, kind: type[msgspec.Struct]) -> str:
    """A suggestion of the known field that ``key`` may be meant for; "" for none."""
    names = {f.encode_name.lower(): f.encode_name for f in msgspec.structs.fields(kind)}
    found = near(key, names, 1)
    return f" (did you mean {names[found[0]]}?)" if found and found[0] != "origin" else ""
