"""Options and arguments that several commands share."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from aura_tui.cli import completion
from aura_tui.cli.access_token import read_token
from aura_tui.errors import Code, InputError
from aura_tui.model.job import JOB_WORDS
from aura_tui.model.status import parse_status
from aura_tui.model.text.near import did_you_mean
from aura_tui.model.text.sanitize import clean_line


def output_path(text: str) -> Path:
    """Parse the path of an output; ~ is the home folder, as in settings and on the board, since no
    shell expands it in quotes or after =. Raises InputError for an unknown user, and for an empty
    name (from an unset shell variable, for example), which pathlib would take for the current
    folder."""
    return _path(text, Code.OUTPUT_UNWRITABLE)


def input_path(text: str) -> Path:
    """Parse the path of an input, as :func:`output_path`."""
    return _path(text, Code.OPTION_INVALID)


def _path(text: str, code: Code) -> Path:
    if not text.strip():
        raise InputError(
            code,
            f"A file or folder has an empty name: {text!r}",
            "Give a name (. is the current folder), or omit the option.",
        )
    expanded = os.path.expanduser(text)  # not of a Path, which drops the ./ of ./~
    if text.startswith("~") and expanded == text:
        raise InputError(
            code,
            f"{clean_line(text, 300)!r}: unknown user in ~name",
            "Give an absolute path; or ./~name for a file of that name here.",
        )
    return Path(expanded)


def _not_empty(ctx: typer.Context, param: typer.CallbackParam, value: str) -> str:
    """Raise InputError for an option that is given but empty (from an unset shell variable): the
    command would go to another engine than the one that was meant."""
    source = ctx.get_parameter_source(param.name or "")
    if not value.strip() and source is not None and source.name == "COMMANDLINE":
        raise InputError(
            Code.OPTION_INVALID,
            f"--{param.name} is empty",
            "Give a value, or omit the option.",
            field=param.name,
        )
    return value


def statuses(texts: list[str] | None) -> tuple[str, ...]:
    """Parse the statuses of ``--status``; each as ``Job.word``. Raises InputError for an unknown
    one."""
    found = []
    for text in texts or ():
        status = parse_status(text)
        word = status.word if status is not None else text.strip().lower()
        if word not in JOB_WORDS:
            raise InputError(
                Code.OPTION_INVALID,
                f"Unknown status {clean_line(text, 40)!r}",
                f"{did_you_mean(text, JOB_WORDS)}Use one of: {', '.join(JOB_WORDS)}.",
                field="status",
            )
        found.append(word)
    return tuple(found)


class Progress(StrEnum):
    """How to show a job."""

    AUTO = "auto"
    TUI = "tui"
    PLAIN = "plain"
    JSON = "json"


JobArgument = Annotated[
    str,
    typer.Argument(
        metavar="JOB",
        help="Job id, a unique prefix of it, or @latest.",
        autocompletion=completion.job_ids,
    ),
]
JobsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="JOB",
        help="Job ids, unique prefixes of them, or @latest.",
        autocompletion=completion.job_ids,
    ),
]
StatusesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--status",
        metavar="S",
        help="Only jobs that are: queued, running, paused, interrupted, succeeded, failed or "
        "cancelled; can be repeated.",
        autocompletion=completion.statuses,
    ),
]
AllOption = Annotated[bool, typer.Option("--all", help="All jobs that this can change.")]
YesOption = Annotated[
    bool, typer.Option("--yes", "-y", help="Don't ask before changing many jobs.")
]
OutputOption = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="DIR",
        parser=output_path,
        help="Folder for the finished files. Default: the folder of the old job.",
    ),
]
DetachOption = Annotated[bool, typer.Option("--detach", help="Run in the background and return.")]
ProgressOption = Annotated[
    Progress,
    typer.Option(help="Output format. auto: the board on a terminal, otherwise plain lines."),
]
ServerOption = Annotated[
    str,
    typer.Option(
        metavar="URL",
        envvar="AURA_SERVER",
        callback=_not_empty,
        help="URL of a remote engine: http(s)://... Honours HTTP_PROXY, HTTPS_PROXY, ALL_PROXY "
        "and NO_PROXY, except for loopback addresses.",
    ),
]
TokenOption = Annotated[
    str,
    typer.Option(
        metavar="T",
        envvar="AURA_TOKEN",
        callback=_not_empty,
        help="Access token. Prefer AURA_TOKEN: command lines are visible to other users and kept "
        "in shell history.",
        show_envvar=True,
    ),
]
TokenFileOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        parser=read_token,
        help="File that contains only the access token.",
    ),
]
RecordOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.jsonl",
        parser=output_path,
        help="Record the job in this file; play it with: aura-tui replay FILE.jsonl",
    ),
]
ReadOnlyOption = Annotated[bool, typer.Option("--read-only", help="Disable keys that change jobs.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object per line.")]
