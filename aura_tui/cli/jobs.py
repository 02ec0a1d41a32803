"""The commands that show jobs or change one, and then exit; and ``doctor``."""

from __future__ import annotations

import os
from pathlib import Path  # noqa: TC003 - typer reads annotations at run time
from typing import TYPE_CHECKING, Annotated

import typer

from aura_tui.cli import list_jobs, logs
from aura_tui.cli.connection import engine_locator
from aura_tui.cli.examples import add_command
from aura_tui.cli.options import (
    AllOption,
    JobArgument,
    JobsArgument,
    JsonOption,
    ServerOption,
    StatusesOption,
    TokenFileOption,
    TokenOption,
    YesOption,
    output_path,
    statuses,
)
from aura_tui.cli.session.once import run_once
from aura_tui.connect.job_ref import resolve

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aura_tui.service import JobService


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (list_jobs.jobs, show, logs.logs, artifacts, cancel, pause, doctor):
        add_command(app, command)


def _read(server: str, token: str, act: Callable[[JobService], Awaitable[int]]) -> int:
    return run_once(engine_locator(server, token).read_only, act)


def _print_json(thing: object) -> None:
    import msgspec

    from aura_tui.model.job import Job
    from aura_tui.wire.encode import job_payload

    data = job_payload(thing) if isinstance(thing, Job) else thing
    typer.echo(msgspec.json.encode(data))


def show(
    job: JobArgument = "@latest",
    json: Annotated[bool, typer.Option("--json", help="Print a JSON object.")] = False,
    server: ServerOption = "",
    token: TokenOption = "",
    token_file: TokenFileOption = None,
) -> int:
    """Show a job's settings, stages, errors and files."""
    locator = engine_locator(server, token_file or token)

    async def act(service: JobService) -> int:
        found = await service.get(await resolve(service, job))
        if json:
            _print_json(found)
        else:
            from aura_tui.views.tables import print_job

            print_job(found, engine=locator.remote or locator.runs_here())
        return 0

    return run_once(locator.read_only, act)


def artifacts(
    job: JobArgument = "@latest",
    save: Annotated[
        Path | None,
        typer.Option(metavar="DIR", parser=output_path, help="Download the files to DIR."),
    ] = None,
    name: Annotated[
        list[str] | None, typer.Option(metavar="FILE", help="Only this file; can be repeated.")
    ] = None,
    json: JsonOption = False,
    server: ServerOption = "",
    token: TokenOption = "",
    token_file: TokenFileOption = None,
) -> int:
    """List a job's files, or download them."""

    async def act(service: JobService) -> int:
        job_id = await resolve(service, job)
        found = await service.artifacts(job_id)
        if name:
            found = tuple(artifact for artifact in found if artifact.name in name)
            missing = set(name) - {artifact.name for artifact in found}
            if missing:
                await service.artifact(job_id, min(missing))  # raises NotFound
        if save is not None:
            from aura_tui.views.download import fetch

            found = await fetch(service, job_id, found, save.absolute())
        if json:
            for artifact in found:
                _print_json(artifact)
        else:
            from aura_tui.views.tables import print_artifacts

            print_artifacts(found)
        return 0

    return _read(server, token_file or token, act)


def cancel(
    job: JobsArgument = None,
    status: StatusesOption = None,
    every: AllOption = False,
    yes: YesOption = False,
    server: ServerOption = "",
    token: TokenOption = "",
    token_file: TokenFileOption = None,
) -> int:
    """Cancel jobs. Finished work is kept."""
    from aura_tui.cli import bulk

    selection = bulk.Selection(tuple(job or ()), statuses(status), every, yes)
    locator = engine_locator(server, token_file or token)
    return bulk.change(locator, bulk.CANCEL, selection, lambda service, id_: service.cancel(id_))


def pause(
    job: JobsArgument = None,
    status: StatusesOption = None,
    every: AllOption = False,
    yes: YesOption = False,
    server: ServerOption = "",
    token: TokenOption = "",
    token_file: TokenFileOption = None,
) -> int:
    """Pause running jobs."""
    from aura_tui.cli import bulk

    selection = bulk.Selection(tuple(job or ()), statuses(status), every, yes)
    locator = engine_locator(server, token_file or token)
    return bulk.change(locator, bulk.PAUSE, selection, lambda service, id_: service.pause(id_))


def doctor(
    voices: Annotated[bool, typer.Option("--voices", help="List all voices.")] = False,
) -> int:
    """Check FFmpeg, voices, fonts, disk and terminal."""
    import asyncio

    from aura_tui.connect.locator import load_settings

    settings = load_settings()
    if voices:
        from aura_tui.providers.speech import all_voices
        from aura_tui.views.tables import print_voices

        print_voices(asyncio.run(all_voices(settings)))
        return 0
    from aura_tui.doctor import examine
    from aura_tui.views.tables import print_findings

    findings = asyncio.run(examine(settings, os.environ))
    print_findings(findings)
    return 1 if any(finding.verdict == "missing" for finding in findings) else 0
