"""``aura-tui logs``: a job's log, as text or JSON lines, to its end or live."""

from __future__ import annotations

import sys
from contextlib import aclosing
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, cast

import typer

from aura_tui.cli import completion
from aura_tui.cli.connection import engine_locator
from aura_tui.cli.options import (
    JobArgument,
    JsonOption,
    ServerOption,
    TokenFileOption,
    TokenOption,
)
from aura_tui.cli.session.once import run_once
from aura_tui.connect.job_ref import resolve
from aura_tui.errors import Code, InputError
from aura_tui.model.stages import Stage, parse_stage
from aura_tui.model.text.near import did_you_mean
from aura_tui.model.text.sanitize import clean_line
from aura_tui.service import waiting_out_outages

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from aura_tui.model.events import Envelope
    from aura_tui.service import JobService


class Level(StrEnum):
    """The least severity of the lines to print."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def logs(
    job: JobArgument = "@latest",
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Print new lines until the job ends.")
    ] = False,
    stage: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Only lines of one stage: script, voice, visuals, composition or rendering.",
            autocompletion=completion.stages,
        ),
    ] = "",
    level: Annotated[
        Level, typer.Option(help="Only lines of this severity or a higher one.")
    ] = Level.INFO,
    json: JsonOption = False,
    server: ServerOption = "",
    token: TokenOption = "",
    token_file: TokenFileOption = None,
) -> int:
    """Print a job's log, with local times."""
    from aura_tui.views.log import LogPrinter
    from aura_tui.wire.log_text import log_line

    printer = LogPrinter(
        sys.stdout, stage=_stage(stage), severity=level.value, json=json, live=follow
    )
    locator = engine_locator(server, token_file or token)

    async def act(service: JobService) -> int:
        job_id = await resolve(service, job)
        if not follow:
            await printer.write(await service.logs(job_id))
            return 0
        # Every service's `events` is an async generator; the port promises the iterator alone.
        events = cast("AsyncGenerator[Envelope]", service.events(job_id))
        async with aclosing(events):
            async for envelope in events:
                if line := log_line(envelope.event):
                    await printer.write(line + "\n")
        return 0

    with waiting_out_outages(follow):
        return run_once(locator.read_only, act)


def _stage(text: str) -> Stage | None:
    if not text:
        return None
    found = parse_stage(text)
    if found is None:
        names = [stage.title.lower() for stage in Stage]
        raise InputError(
            Code.OPTION_INVALID,
            f"Unknown stage {clean_line(text, 40)!r}",
            f"{did_you_mean(text, names)}Use one of: {', '.join(names)}.",
            field="stage",
        )
    return found
