"""The commands that show jobs or change one, and then exit; and ``doctor``."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path  # noqa: TC003 - typer reads annotations at run time
from typing import TYPE_CHECKING, Annotated

import typer

from aura_tui.cli.connection import engine_locator
from aura_tui.cli.options import (
    JobArgument,
    JsonOption,
    ServerOption,
    TokenFileOption,
    TokenOption,
    output_path,
)
from aura_tui.cli.session.once import run_once
from aura_tui.connect.job_ref import resolve
from aura_tui.errors import Code, InputError
from aura_tui.model.text.near import did_you_mean
from aura_tui.model.text.sanitize import clean

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aura_tui.connect.locator import EngineLocator
    from aura_tui.model.job import Job
    from aura_tui.model.status import JobStatus
    from aura_tui.service import JobService

_TEARDOWN_S = 60.0  # for a cancelled job to end, which includes joining a partial video
_LOOK_S = 0.05


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (jobs, show, logs, artifacts, cancel, pause, doctor):
        app.command()(command)


def _read(server: str, token: str, act: Callable[[JobService], Awaitable[int]]) -> int:
    return run_once(engine_locator(server, token).read_only, act)


def jobs(
    status: Annotated[
        str,
        typer.Option(
            metavar="S",
            help="Only jobs that are: queued, running, paused, succeeded, failed or cancelled.",
        ),
    ] = "",
    limit: Annotated[int, typer.Option(help="Maximum number of jobs.", min=1, max=500)] = 20,
    json: JsonOption = False,
    server: ServerOption = "",
    token: TokenOption = "",
    token_file: TokenFileOption = None,
) -> int:
    """List jobs, newest first."""
    wanted = _status(status)
    locator = engine_locator(server, token_file or token)

    async def act(service: JobService) -> int:
        page = await service.list(status=wanted, limit=limit)
        if json:
            for job in page.jobs:
                _print_json(job)
        else:
            from aura_tui.views.tables import print_jobs

            print_jobs(page.jobs, engine=locator.remote or locator.runs_here())
        return 0

    return run_once(locator.read_only, act)


def _status(text: str) -> JobStatus | None:
    from aura_tui.format.words import JOB_WORDS
    from aura_tui.model.status import parse_status

    if not text:
        return None
    found = parse_status(text)
    if found is None:
        raise InputError(
            Code.OPTION_INVALID,
            f"Unknown status {text[:40]!r}",
            f"{did_you_mean(text, JOB_WORDS.values())}Use one of: {', '.join(JOB_WORDS.values())}.",
        )
    return found


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
    """Show a job's stages, errors and files."""
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


def logs(
    job: JobArgument = "@latest",
    server: ServerOption = "",
    token: TokenOption = "",
    token_file: TokenFileOption = None,
) -> int:
    """Print a job's log."""

    async def act(service: JobService) -> int:
        text = await service.logs(await resolve(service, job))
        typer.echo(clean(text, len(text) + 1), nl=False)
        return 0

    return _read(server, token_file or token, act)


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


def _change(job: str, verb: str, done: str, server: str, token: str) -> int:
    from aura_tui.format.words import JOB_WORDS
    from aura_tui.model.status import JobStatus

    wanted = JobStatus.CANCELED if verb == "cancel" else JobStatus.PAUSED
    locator = engine_locator(server, token)

    async def act(service: JobService) -> int:
        job_id = await resolve(service, job)
        changed: Job = await getattr(service, verb)(job_id)
        if verb == "cancel" and not changed.status.ended:
            changed = await _wait_until_ended(locator, job_id)
        if changed.status is wanted:
            typer.echo(f"{done} {changed.id}")
        else:
            word = JOB_WORDS[changed.status]
            typer.echo(f"Requested to {verb} job {changed.id}; its status is {word}")
        return 0

    return run_once(locator.one_shot, act)


async def _wait_until_ended(locator: EngineLocator, job_id: str) -> Job:
    """The job once it has ended, or its state after a timeout. An engine in another process
    acknowledges a cancel before it is done, and may itself end with the job."""
    until = time.monotonic() + _TEARDOWN_S
    async with locator.read_only() as reader:
        while True:
            job = await reader.get(job_id)
            if job.status.ended or time.monotonic() > until:
                return job
            await asyncio.sleep(_LOOK_S)


def cancel(
    job: JobArgument,
    server: ServerOption = "",
    token: TokenOption = "",
    token_file: TokenFileOption = None,
) -> int:
    """Cancel a job. Finished work is kept."""
    return _change(job, "cancel", "Cancelled", server, token_file or token)


def pause(
    job: JobArgument,
    server: ServerOption = "",
    token: TokenOption = "",
    token_file: TokenFileOption = None,
) -> int:
    """Pause a running job."""
    return _change(job, "pause", "Paused", server, token_file or token)


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
