"""The commands that follow a job: run, watch, resume, retry, replay."""

from __future__ import annotations

import asyncio
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec.structs import replace

from aura_tui.cli import completion
from aura_tui.cli.connection import engine_locator, foreground, is_dumb, refuse_dumb
from aura_tui.cli.examples import add_command
from aura_tui.cli.option_errors import as_options
from aura_tui.cli.options import (
    AllOption,
    DetachOption,
    JobArgument,
    JobsArgument,
    OutputOption,
    Progress,
    ProgressOption,
    ReadOnlyOption,
    RecordOption,
    ServerOption,
    StatusesOption,
    TokenFileOption,
    TokenOption,
    YesOption,
    input_path,
    output_path,
    statuses,
)
from aura_tui.cli.session.board import show_board
from aura_tui.cli.session.lines import show_lines
from aura_tui.cli.session.messages import print_error
from aura_tui.cli.session.once import run_once
from aura_tui.connect.job_ref import resolve
from aura_tui.errors import Code, Conflict, EngineError, Faults, InputError
from aura_tui.model.expects import describe_bounds
from aura_tui.model.request import DurationS, Fps, Percent, Priority, VoiceFactor
from aura_tui.model.status import JobStatus
from aura_tui.model.text.slug import slug

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from aura_tui.cli.session.foreground import ForegroundJob
    from aura_tui.connect.locator import EngineLocator
    from aura_tui.model.job import Job
    from aura_tui.model.request import JobRequest
    from aura_tui.service import JobService


def _must_be(kind: object) -> str:
    bounds = describe_bounds(kind)
    return bounds[:1].upper() + bounds[1:]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (run, watch, resume, retry, replay):
        add_command(app, command)


def run(
    brief: Annotated[
        str,
        typer.Argument(
            metavar="BRIEF|FILE.md|-",
            help="A topic, a text file, or - (stdin).",
            autocompletion=completion.files(*completion.BRIEFS),
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            parser=output_path,
            help="Folder for the finished files. Default: a folder named after the video.",
        ),
    ] = None,
    duration: Annotated[
        str | None,
        typer.Option(
            metavar="S",
            help=f"Target length: 90, 1m30s or 00:01:30. {_must_be(DurationS)} seconds.",
            autocompletion=completion.durations,
        ),
    ] = None,
    resolution: Annotated[
        str,
        typer.Option(
            metavar="RES",
            help="720p, 1080p, ... or WIDTHxHEIGHT.",
            autocompletion=completion.resolutions,
        ),
    ] = "720p",
    fps: Annotated[int, typer.Option(help=f"Frames per second. {_must_be(Fps)}.")] = 30,
    aspect: Annotated[
        str, typer.Option(metavar="A", help="16:9, 9:16 or 1:1.", autocompletion=completion.aspects)
    ] = "",
    voice: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="See: aura-tui doctor --voices.", autocompletion=completion.voices
        ),
    ] = "",
    rate: Annotated[
        float,
        typer.Option(help=f"Speed of speech; 1 is the voice's own. {_must_be(VoiceFactor)}."),
    ] = 1.0,
    language: Annotated[
        str,
        typer.Option(
            metavar="TAG", help="Language: en, de, fr, ...", autocompletion=completion.languages
        ),
    ] = "",
    theme: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="Theme; see: aura-tui doctor.", autocompletion=completion.themes
        ),
    ] = "",
    quality: Annotated[
        int | None,
        typer.Option(
            help=f"{_must_be(Percent)}. Default: CRF 23.", autocompletion=completion.qualities
        ),
    ] = None,
    burn_captions: Annotated[
        bool, typer.Option("--burn-captions", help="Burn the captions into the video.")
    ] = False,
    still: Annotated[bool, typer.Option("--still", help="Disable camera motion.")] = False,
    script: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="auto, outline or llm.", autocompletion=completion.scripts
        ),
    ] = "",
    speech: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="auto, espeak, piper or openai.",
            autocompletion=completion.speeches,
        ),
    ] = "",
    visuals: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="auto, cards, folder or openai.",
            autocompletion=completion.visuals,
        ),
    ] = "",
    priority: Annotated[int, typer.Option(help=f"Higher runs first. {_must_be(Priority)}.")] = 0,
    fresh: Annotated[bool, typer.Option("--fresh", help="Ignore cached work.")] = False,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain",
            help="At the end, print which lines of the brief each scene tells, and what is left "
            "out and why.",
        ),
    ] = False,
    detach: DetachOption = False,
    progress: ProgressOption = Progress.AUTO,
    record: RecordOption = None,
    server: ServerOption = "",
    token: TokenOption = "",
    token_file: TokenFileOption = None,
) -> int:
    """Turn a brief into a video and follow the job until it ends."""
    from aura_tui.brief.source import folder_of, read_brief
    from aura_tui.brief.title import title_of
    from aura_tui.model import request as rq

    locator = engine_locator(server, token_file or token)
    read, faults = rq.Brief(), Faults()
    with faults.collect():
        read = read_brief(brief)
    request = rq.JobRequest(
        brief=replace(read, language=language, aspect=aspect),
        plan_spec=rq.PlanSpec(target_duration=duration),
        voice_spec=rq.VoiceSpec(voice_name=voice, rate=rate),
        render_spec=rq.RenderSpec(res=resolution, fps=fps, quality_level=quality),
        options=rq.Options(
            script=script,
            speech=speech,
            visuals=visuals,
            theme=theme,
            burn_captions=burn_captions,
            motion=not still,
            fresh=fresh,
        ),
        priority=priority,
        origin=rq.Origin(folder=folder_of(brief)),
    )
    folder = (output if output is not None else Path(slug(title_of(request.brief)))).absolute()
    with as_options():
        _check_now(request, locator, folder, faults)

    async def submit(service: JobService) -> Job:
        with as_options():
            return await service.submit(request, deliver_to=folder)

    begun: list[str] = []

    async def begin(service: JobService) -> str:
        begun.append((await submit(service)).id)
        return begun[-1]

    if detach:
        from aura_tui.cli.bulk import detached

        _refuse_following(record is not None, "record")
        _refuse_following(explain, "explain")
        return detached(locator, submit)
    job = foreground(locator, locator.resumable, begin, owns=True, record=record)
    status = _show(job, progress)
    if explain and begun:
        explained = _explain(locator, begun[-1], to_stderr=progress is Progress.JSON)
        return status or explained
    return status


def _explain(locator: EngineLocator, job_id: str, *, to_stderr: bool) -> int:
    """Print the job's script with the lines of the brief that it comes from."""

    async def act(service: JobService) -> int:
        import msgspec

        from aura_tui.model.script import Script
        from aura_tui.views.explanation import explained

        names = [file.name for file in await service.artifacts(job_id)]
        name = next((name for name in names if name.endswith(".script.json")), "")
        if not name:
            print_error("The job wrote no script. See: aura-tui show @latest")
            return 0
        path = await service.artifact(job_id, name)
        try:
            script = msgspec.json.decode(path.read_bytes(), type=Script)
        except (OSError, msgspec.DecodeError):
            print_error(f"Can't read the script {name}. Use an engine of the same version.")
            return 0
        typer.echo(explained(script), nl=False, err=to_stderr)
        return 0

    return run_once(locator.read_only, act)


def _check_now(request: JobRequest, locator: EngineLocator, folder: Path, faults: Faults) -> None:
    """Check the request before any board opens, so that errors go to the plain terminal; raise
    them together with ``faults``."""
    from aura_tui.connect.preflight import Preflight
    from aura_tui.engine.delivery import check_folder

    preflight = Preflight(locator.settings, remote=locator.remote)
    with faults.collect():
        preflight.check_request(request)
    with faults.collect():
        check_folder(folder)  # on this machine, also for a remote engine
    faults.check()
    if locator.embeds:  # a running engine has checked them with its own settings
        asyncio.run(preflight.check_tools())


def _on_terminal() -> bool:
    return sys.stdout.isatty() and sys.stdin.isatty()


def _chosen(progress: Progress) -> Progress:
    """The output format; resolves ``auto``."""
    if progress is not Progress.AUTO:
        return progress
    return Progress.TUI if _on_terminal() and not is_dumb() else Progress.PLAIN


def _show(what: ForegroundJob, progress: Progress) -> int:
    progress = _chosen(progress)
    if progress is Progress.TUI:
        if not _on_terminal():
            raise InputError(
                Code.OPTION_INVALID,
                "The board needs a terminal for input and output",
                "Use --progress plain or --progress json.",
                field="progress",
            )
        refuse_dumb()
        return show_board(what)
    return show_lines(what, json=progress is Progress.JSON)


def _find(locator: EngineLocator, name: str, *, read_only: bool = False) -> tuple[str, JobStatus]:
    """The id and status of the job that ``name`` refers to. If the database is damaged, an engine
    in this process recovers it first, unless ``read_only``."""
    found: list[tuple[str, JobStatus]] = []

    async def look(service: JobService) -> int:
        job_id = await resolve(service, name)
        found.append((job_id, (await service.get(job_id)).status))
        return 0

    try:
        run_once(locator.read_only, look)
    except EngineError as e:
        if e.code is not Code.STORE_CORRUPT or read_only or not locator.embeds:
            raise
        run_once(locator.one_shot, look)
    return found[0]


def watch(
    job: JobArgument = "@latest",
    progress: ProgressOption = Progress.AUTO,
    record: RecordOption = None,
    read_only: ReadOnlyOption = False,
    server: ServerOption = "",
    token: TokenOption = "",
    token_file: TokenFileOption = None,
) -> int:
    """Follow a job. Resumes it if it is interrupted: stopped by a person, or without an engine."""
    locator = engine_locator(server, token_file or token)
    job_id, status = _find(locator, job, read_only=read_only)

    async def begin(service: JobService) -> str:
        if not read_only and (await service.get(job_id)).interrupted:
            await service.resume(job_id)
            if _chosen(progress) is not Progress.TUI:
                print_error(f"Resuming job {job_id}")
        return job_id

    locator.submits_jobs = False
    embeds = locator.embeds
    if status is JobStatus.PAUSED and embeds and not read_only:
        raise Conflict(
            Code.JOB_STATE,
            f"Job {job_id} is paused, and no engine is running",
            f"Resume it with: aura-tui resume {job_id}",
        )
    reads_only = read_only or (status.ended and embeds)
    # If the engine stops, the board has a key to start another one; plain lines have no keys.
    engine = locator.shared if _chosen(progress) is Progress.TUI else locator.resumable
    what = foreground(
        locator,
        locator.read_only if reads_only else engine,
        begin,
        owns=embeds and not reads_only,
        read_only=read_only,
        record=record,
    )
    return _show(what, progress)


def _follow(
    locator: EngineLocator,
    job: str,
    act: Callable[[JobService, str], Awaitable[Job]],
    progress: Progress,
    record: Path | None,
) -> int:
    """Change the job, and follow it or the new one to its end."""
    job_id, _ = _find(locator, job)

    async def begin(service: JobService) -> str:
        return (await act(service, job_id)).id

    return _show(foreground(locator, locator.resumable, begin, owns=True, record=record), progress)


def _refuse_following(given: bool, option: str) -> None:
    """Raise InputError for an ``option`` that is given to a command that follows no job."""
    if given:
        raise InputError(
            Code.OPTION_INVALID,
            f"--{option} works only if this command follows a job",
            "Omit it; or name one job, and omit --detach.",
            field=option,
        )


def resume(
    job: JobsArgument = None,
    status: StatusesOption = None,
    every: AllOption = False,
    yes: YesOption = False,
    detach: DetachOption = False,
    progress: ProgressOption = Progress.AUTO,
    record: RecordOption = None,
    server: ServerOption = "",
    token: TokenOption = "",
    token_file: TokenFileOption = None,
) -> int:
    """Resume paused and interrupted jobs. A single one is followed; several continue in the
    background."""
    from aura_tui.cli import bulk

    async def act(service: JobService, job_id: str) -> Job:
        try:
            return await service.resume(job_id)
        except Conflict:
            # Interrupted by a crash: the engine that we have just started resumes it.
            if was_idle and (job := await service.get(job_id)).active:
                return job
            raise

    selection = bulk.Selection(tuple(job or ()), statuses(status), every, yes)
    bulk.check(bulk.RESUME, selection)
    locator = engine_locator(server, token_file or token)
    was_idle = locator.embeds
    if selection.one is not None and not detach:
        return _follow(locator, selection.one, act, progress, record)
    _refuse_following(record is not None, "record")
    return bulk.change(locator, bulk.RESUME, selection, act)


def retry(
    job: JobsArgument = None,
    output: OutputOption = None,
    status: StatusesOption = None,
    every: AllOption = False,
    yes: YesOption = False,
    detach: DetachOption = False,
    progress: ProgressOption = Progress.AUTO,
    record: RecordOption = None,
    server: ServerOption = "",
    token: TokenOption = "",
    token_file: TokenFileOption = None,
) -> int:
    """Retry failed or cancelled jobs. Reuses finished work. A single one is followed; several run
    in the background."""
    from aura_tui.cli import bulk
    from aura_tui.engine.delivery import check_folder

    folder = output.absolute() if output is not None else None

    async def act(service: JobService, job_id: str) -> Job:
        return await service.retry(job_id, deliver_to=folder)

    selection = bulk.Selection(tuple(job or ()), statuses(status), every, yes)
    bulk.check(bulk.RETRY, selection)
    if folder is not None:
        check_folder(folder)
    locator = engine_locator(server, token_file or token)
    if (one := selection.one) is None:
        _refuse_following(record is not None, "record")
        return bulk.change(locator, bulk.RETRY, selection, act)
    if not detach:
        return _follow(locator, one, act, progress, record)
    _refuse_following(record is not None, "record")

    async def start(service: JobService) -> Job:
        return await act(service, await resolve(service, one))

    return bulk.detached(locator, start)


def replay(
    recording: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.jsonl",
            parser=input_path,
            help="File written by --record or --progress json.",
            autocompletion=completion.files(*completion.RECORDINGS),
        ),
    ],
    speed: Annotated[
        float,
        typer.Option(help="Playback speed, 0 or more: 1 is real time, 0 shows everything at once."),
    ] = 1.0,
    progress: ProgressOption = Progress.AUTO,
) -> int:
    """Play a recording."""
    from aura_tui.replay.service import ReplayService

    @asynccontextmanager
    async def open_() -> AsyncIterator[JobService]:
        service = await ReplayService.open(recording, speed)
        try:
            yield service
        finally:
            await service.aclose()

    async def begin(service: JobService) -> str:
        assert isinstance(service, ReplayService)
        return service.job_ids[0]

    locator = engine_locator("", "")
    what = foreground(locator, open_, begin, owns=False, read_only=True, mode="recorded")
    return _show(what, progress)
