"""The words of the command line for a request's fields."""

from __future__ import annotations

import inspect
from typing import get_args

import msgspec
import pytest

from aura_tui.cli import run
from aura_tui.cli.option_errors import OPTION_OF_FIELD, as_options
from aura_tui.cli.session.messages import explain
from aura_tui.errors import Code, InputError, InvalidRequest
from aura_tui.model.request import JobRequest, RenderSpec
from aura_tui.model.request_check import bounds_of, check


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
        ("renderSpec.fps", "renderSpec.fps must be 5", "--fps must be 5"),
        ("priority", "priority must be 0", "--priority must be 0"),
        ("renderSpec.res", "Unknown resolution '8k'", "Unknown resolution '8k'"),
        ("brief.goal", "brief.goal is too long", "brief.goal is too long"),
        (None, "priority must be 0", "priority must be 0"),
    ],
)
def test_only_the_field_s_own_name_is_replaced(field: str | None, message: str, said: str) -> None:
    with pytest.raises(InputError) as caught, as_options():
        raise InputError(Code.OPTION_INVALID, message, "x", field=field)
    assert caught.value.message == said
    assert str(caught.value) == f"{said} [E109]"


def test_of_several_faults_each_names_its_option() -> None:
    with pytest.raises(InvalidRequest) as caught, as_options():
        check(JobRequest(render_spec=RenderSpec(fps=3), priority=101))
    assert [fault.message for fault in caught.value.faults] == [
        "The brief is empty",
        "--fps must be between 5 and 60",
        "--priority must be between -100 and 100",
    ]
    assert explain(caught.value).splitlines() == [
        "Error: The brief is empty [E101]",
        "  Give a topic, a text, or a Markdown file.",
        "Error: --fps must be between 5 and 60 [E109]",
        "  Change it, or omit it (default: 30).",
        "Error: --priority must be between -100 and 100 [E109]",
        "  Change it, or omit it (default: 0).",
    ]


def test_the_help_of_an_option_says_the_bounds_of_its_field() -> None:
    helps = {
        name: get_args(parameter.annotation)[1].help
        for name, parameter in inspect.signature(run.run, eval_str=True).parameters.items()
    }
    for name, field in (
        ("fps", "renderSpec.fps"),
        ("rate", "voiceSpec.rate"),
        ("quality", "renderSpec.qualityLevel"),
        ("priority", "priority"),
        ("duration", "planSpec.targetDuration"),
    ):
        assert bounds_of(field) in helps[name].lower(), name
