"""Options and arguments that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


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
    typer.Option(metavar="URL", envvar="AURA_SERVER", help="An engine elsewhere: http(s)://..."),
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
    typer.Option(metavar="FILE.jsonl", help="Write the run there; aura-tui replay shows it."),
]
ReadOnlyOption = Annotated[bool, typer.Option("--read-only", help="No key changes anything.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
