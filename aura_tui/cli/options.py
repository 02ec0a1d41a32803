"""Options and arguments that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from aura_tui.errors import Code, InputError


def output_path(text: str) -> Path:
    """Where something is to be written, as it was typed. Raises InputError for an empty name, as an
    unset variable of a shell gives it: pathlib would take it for the current folder."""
    return _path(text, Code.OUTPUT_UNWRITABLE)


def input_path(text: str) -> Path:
    """The same of a file to be read."""
    return _path(text, Code.OPTION_INVALID)


def _path(text: str, code: Code) -> Path:
    if not text.strip():
        raise InputError(
            code,
            f"A file or folder was given an empty name: {text!r}",
            "Name one (. is the current folder), or leave the option out.",
        )
    return Path(text)


class Progress(StrEnum):
    """How a run is shown."""

    AUTO = "auto"
    TUI = "tui"
    PLAIN = "plain"
    JSON = "json"


JobArgument = Annotated[
    str, typer.Argument(metavar="JOB", help="A job's id, the beginning of one, or @latest.")
]
ProgressOption = Annotated[
    Progress,
    typer.Option(help="auto: the board on a terminal, plain lines elsewhere."),
]
ServerOption = Annotated[
    str,
    typer.Option(
        metavar="URL",
        envvar="AURA_SERVER",
        help="URL of a remote engine: http(s)://... HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and "
        "NO_PROXY apply, except to loopback addresses.",
    ),
]
TokenOption = Annotated[
    str,
    typer.Option(
        metavar="T",
        envvar="AURA_TOKEN",
        help="The token that engine knows us by. Better as AURA_TOKEN: all on this machine can "
        "read a command line (on Linux, until the program has begun), and a shell keeps it.",
        show_envvar=True,
    ),
]
RecordOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.jsonl",
        parser=output_path,
        help="Write the run there; aura-tui replay shows it.",
    ),
]
ReadOnlyOption = Annotated[bool, typer.Option("--read-only", help="No key changes anything.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
