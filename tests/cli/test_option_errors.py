"""The words of the command line for a request's fields."""

from __future__ import annotations

import inspect
from typing import get_args

import msgspec
import pytest

from aura_tui.cli import run
from aura_tui.cli.option_errors import OPTION_OF_FIELD, as_options
from aura_tui.errors import Code, InputError
from aura_tui.model.request import JobRequest


def fields() -> set[str]:
    """Each field of a request, as the wire calls it."""
    found = set()
    for outer in msgspec.structs.fields(JobRequest):
        if isinstance(outer.type, type) and issubclass(outer.type, msgspec.Struct):
            inner = msgspec.structs.fields(outer.type)
            found |= {f"{outer.encode_name}.{field.encode_name}" for field in inner}
        else:
            found.add(outer.encode_name)
    return found


def options() -> set[str]:
    """Each option of ``run``."""
    found = set()
    for name, parameter in inspect.signature(run.run, eval_str=True).parameters.items():
        (info,) = get_args(parameter.annotation)[1:]
        found |= set(getattr(info, "param_decls", None) or [f"--{name.replace('_', '-')}"])
    return found


def test_each_name_is_a_field_s_and_an_option_s() -> None:
    assert set(OPTION_OF_FIELD) <= fields()
    assert set(OPTION_OF_FIELD.values()) <= options()


@pytest.mark.parametrize(
    ("field", "message", "said"),
    [
        ("renderSpec.fps", "renderSpec.fps is out of range", "--fps is out of range"),
        ("priority", "priority is out of range", "--priority is out of range"),
        ("renderSpec.res", "Unknown resolution '8k'", "Unknown resolution '8k'"),
        ("brief.goal", "brief.goal is too long", "brief.goal is too long"),
        (None, "priority is out of range", "priority is out of range"),
    ],
)
def test_only_the_field_s_own_name_is_replaced(field: str | None, message: str, said: str) -> None:
    with pytest.raises(InputError) as caught, as_options():
        raise InputError(Code.OPTION_INVALID, message, "x", field=field)
    assert caught.value.message == said
    assert str(caught.value) == f"{said} [E109]"
