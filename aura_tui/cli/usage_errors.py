"""Usage errors that Typer finds, in plain words."""

from __future__ import annotations

import os
import re
import shlex
from typing import TYPE_CHECKING

from aura_tui.cli.completion import BRIEFS, RECORDINGS
from aura_tui.cli.session.messages import print_error
from aura_tui.model.text.near import near
from aura_tui.model.text.sanitize import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

_FILE_SUFFIXES = (*BRIEFS, *RECORDINGS)
# Typer 0.29 shows pydantic's messages about an option's value; these replace the technical ones.
_PLAIN_WORDS = (
    (r"^Value error, ", ""),
    (r"^Input should be a valid integer.*", "expected a whole number"),
    (r"^Input should be a valid number.*", "expected a number"),
    (r"^Input should be (less|greater) than or equal to.*", "expected a number"),
)


def show_usage_error(error: Exception, arguments: list[str]) -> bool:
    """Show a usage error as Typer would; returns whether ``error`` was one."""
    show = getattr(error, "show", None)
    if show is None:
        import typer

        return isinstance(error, typer.Abort)
    message = getattr(error, "message", "")
    for technical, plain in _PLAIN_WORDS:
        message = re.sub(technical, plain, message, flags=re.DOTALL)
    if message.endswith(" number"):
        message += _range(getattr(error, "param", None))
    if option := getattr(error, "option_name", ""):
        message += suggestion(option, getattr(error, "possibilities", None) or ())
        error.possibilities = ()  # type: ignore[attr-defined]  # only no_such_option has them
    error.message = clean(message)  # type: ignore[attr-defined]  # every usage error has one
    show()
    if hint := _hint(arguments):
        print_error(f"  {hint}")
    return True


def suggestion(name: str, known: Iterable[str]) -> str:
    """``. Did you mean X?`` to put after an error; "" if no known name is near."""
    found = near(name, known)
    return f". Did you mean {' or '.join(found)}?" if found else ""


def _range(parameter: object) -> str:
    """The bounds of the parameter, as the end of a message; "" if it has none."""
    low, high = getattr(parameter, "min", None), getattr(parameter, "max", None)
    if low is None:
        return ""
    return f", {low:,} or more" if high is None else f" from {low:,} to {high:,}"


def _hint(arguments: list[str]) -> str:
    """A hint if a file name or a topic was parsed as an option; "" for none."""
    if not {"run", "replay"} & set(arguments):
        return ""
    for word in arguments:
        if word == "--":
            break
        if not word.startswith("-") or word == "-":
            continue
        if word.lower().endswith(_FILE_SUFFIXES) or os.path.isfile(word):
            return f"If the file name starts with a dash, write: {shlex.quote(f'./{word}')}"
        if " " in word and not word.startswith("--"):
            return f"If the topic starts with a dash, put -- before it: -- {shlex.quote(word)}"
    return ""
