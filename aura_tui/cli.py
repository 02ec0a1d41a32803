"""What a user types. Options become a request, errors become one clear line and an exit status.

Imports of weight happen inside the commands: ``aura-tui --help`` and a pipe never pay for the
board.
"""

from __future__ import annotations

import os
import sys
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from aura_tui import __version__, bootstrap
from aura_tui.errors import AuraError, Code, Conflict, EngineError, InputError
from aura_tui.model.slug import slug
from aura_tui.model.status import JobStatus
from aura_tui.session import (
    Foreground,
    exit_of,
    explain,
    once,
    print_error,
    show_board,
    show_lines,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from aura_tui.engine.reading import StoreReading
    from aura_tui.model.request import JobRequest
    from aura_tui.service import JobService
    from aura_tui.settings import Settings

app = typer.Typer(
    name="aura-tui",
    help="A brief becomes a narrated video, live in your terminal. Offline by default.",
    no_args_is_help=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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


def main() -> NoReturn:
    """The program. Exits with the statuses of ``session.py``."""
    sys.exit(run_command(sys.argv[1:]))


def run_command(arguments: list[str]) -> int:
    """Run one command; its exit status. No exception but SystemExit's own kind gets out."""
    try:
        status = app(arguments, prog_name="aura-tui", standalone_mode=False)
        return status if isinstance(status, int) else 0
    except AuraError as e:
        print_error(explain(e))
        return exit_of(e)
    except BrokenPipeError:
        # Whoever read us has gone; what Python would flush at exit has nobody to go to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except OSError as e:
        failure = InputError(
            Code.OUTPUT_UNWRITABLE,
            f"A file or folder can't be used: {e.strerror or e}"
            + (f" ({e.filename})" if e.filename else ""),
            "Check the disk, the current folder, and where the output goes.",
        )
        print_error(explain(failure))
        return exit_of(failure)
    except KeyboardInterrupt:
        return 130
    except Exception as e:
        if _usage(e):
            return 2
        return _crash(e)


def _usage(error: Exception) -> bool:
    """Show a usage error as Typer would; whether it was one."""
    show = getattr(error, "show", None)
    if show is None:
        return isinstance(error, (typer.Abort,))
    show()
    return True


def _crash(error: Exception) -> int:
    """What nobody foresaw: the traceback goes to a file, the user gets its name."""
    import tempfile
    import traceback

    fd, path = tempfile.mkstemp(prefix="aura-tui-", suffix=".log")
    with os.fdopen(fd, "w") as file:
        file.write("".join(traceback.format_exception(error)))
    failure = EngineError(
        Code.INTERNAL,
        f"aura-tui made a mistake: {type(error).__name__}",
        f"Please report it with {path}.",
    )
    print_error(explain(failure))
    return 3


def _version(value: bool) -> None:
    if value:
        typer.echo(f"aura-tui {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> int | None:
    """Without a command: the board on the newest run, or how to begin."""
    if context.invoked_subcommand is not None:
        return None
    settings = bootstrap.load_settings()
    if not sys.stdout.isatty() or not _reader_has_jobs(settings):
        typer.echo(context.get_help())
        return 0
    return watch("@latest")


def _reader_has_jobs(settings: Settings) -> bool:
    async def act(service: StoreReading) -> int:
        return len((await service.list(limit=1)).jobs)

    return bool(once(lambda: bootstrap.reader(settings), act))


@app.command()
def run(
    brief: Annotated[
        str, typer.Argument(metavar="BRIEF|FILE.md|-", help="A topic, a text file, or - (stdin).")
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Folder for the finished files. Default: one named after the video, here.",
        ),
    ] = None,
    duration: Annotated[
        str | None, typer.Option(metavar="S", help="Target length: 90, 1m30s or 00:01:30.")
    ] = None,
    resolution: Annotated[
        str, typer.Option(metavar="RES", help="720p, 1080p, ... or WIDTHxHEIGHT.")
    ] = "720p",
    fps: Annotated[int, typer.Option(help="Frames a second.")] = 30,
    aspect: Annotated[str, typer.Option(metavar="A", help="16:9, 9:16 or 1:1.")] = "",
    voice: Annotated[str, typer.Option(metavar="NAME", help="See: aura-tui doctor --voices.")] = "",
    rate: Annotated[float, typer.Option(help="Speed of speech, 1 is the voice's own.")] = 1.0,
    language: Annotated[str, typer.Option(metavar="TAG", help="en, de, fr, ...")] = "",
    theme: Annotated[str, typer.Option(metavar="NAME", help="See: aura-tui doctor.")] = "",
    quality: Annotated[int | None, typer.Option(help="0 to 100; default: CRF 23.")] = None,
    burn_captions: Annotated[
        bool, typer.Option("--burn-captions", help="Draw the captions into the picture.")
    ] = False,
    still: Annotated[bool, typer.Option("--still", help="No motion in the pictures.")] = False,
    script: Annotated[str, typer.Option(metavar="NAME", help="auto, outline or llm.")] = "",
    speech: Annotated[
        str, typer.Option(metavar="NAME", help="auto, espeak, piper or openai.")
    ] = "",
    visuals: Annotated[
        str, typer.Option(metavar="NAME", help="auto, cards, folder or openai.")
    ] = "",
    priority: Annotated[int, typer.Option(help="Higher goes first, -100 to 100.")] = 0,
    fresh: Annotated[bool, typer.Option("--fresh", help="Reuse nothing of earlier runs.")] = False,
    progress: ProgressOption = Progress.AUTO,
) -> int:
    """Turn a brief into a video and follow it to the end."""
    from aura_tui.brief import read_brief
    from aura_tui.model import request as rq

    settings = bootstrap.load_settings()
    read = read_brief(brief)
    request = rq.JobRequest(
        brief=rq.Brief(topic=read.topic, text=read.text, language=language, aspect=aspect),
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
    )
    _check_now(request, settings)
    folder = output if output is not None else Path(slug(request.title))

    async def begin(service: JobService) -> str:
        return (await service.submit(request, deliver_to=folder)).id

    return _show(Foreground(lambda: bootstrap.engine(settings), begin, owns=True), progress)


def _check_now(request: JobRequest, settings: Settings) -> None:
    """What is wrong with the request is said on the plain terminal, before any board opens."""
    from aura_tui.model.request import check
    from aura_tui.pipeline.check import check_choices

    check(request)
    check_choices(request, settings)


def _show(what: Foreground, progress: Progress) -> int:
    terminal = sys.stdout.isatty() and sys.stdin.isatty()
    if progress is Progress.AUTO:
        dumb = os.environ.get("TERM", "dumb") == "dumb"
        progress = Progress.TUI if terminal and not dumb else Progress.PLAIN
    if progress is Progress.TUI:
        if not terminal:
            raise InputError(
                Code.OPTION_INVALID,
                "The board needs a terminal for its input and its output",
                "Use --progress plain or json here.",
                field="progress",
            )
        return show_board(what)
    return show_lines(what, json=progress is Progress.JSON)


@app.command()
def watch(job: JobArgument = "@latest", progress: ProgressOption = Progress.AUTO) -> int:
    """Follow a job. An unfinished one that no engine is at work on goes on here."""
    settings = bootstrap.load_settings()

    ended = paused = False

    async def look(service: StoreReading) -> int:
        nonlocal job, ended, paused
        job = await service.resolve(job)
        status = (await service.get(job)).status
        ended, paused = status.ended, status is JobStatus.PAUSED
        return 0

    once(lambda: bootstrap.reader(settings), look)

    async def begin(service: JobService) -> str:
        return job

    if ended or bootstrap.engine_runs(settings):
        return _show(Foreground(lambda: bootstrap.reader(settings), begin, owns=False), progress)
    if paused:
        raise Conflict(
            Code.JOB_STATE,
            f"Job {job} is paused, and no engine is at work on it",
            f"Go on with it: aura-tui resume {job}",
        )
    return _show(Foreground(lambda: bootstrap.engine(settings), begin, owns=True), progress)


@app.command()
def jobs(
    status: Annotated[
        str, typer.Option(metavar="S", help="queued, running, paused, succeeded, failed, canceled")
    ] = "",
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=500)] = 20,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> int:
    """List jobs, newest first."""
    wanted = _status(status)

    async def act(service: StoreReading) -> int:
        page = await service.list(status=wanted, limit=limit)
        if json:
            for job in page.jobs:
                _print_json(job)
        else:
            from aura_tui.ui.tables import print_jobs

            print_jobs(page.jobs, engine=bootstrap.engine_runs(bootstrap.load_settings()))
        return 0

    return _read(act)


def _status(text: str) -> JobStatus | None:
    from aura_tui.model.status import parse_status

    if not text:
        return None
    found = parse_status(text)
    if found is None:
        raise InputError(
            Code.OPTION_INVALID,
            f"There is no status {text[:40]!r}",
            f"Give one of: {', '.join(s.value.lower() for s in JobStatus)}.",
        )
    return found


def _print_json(thing: object) -> None:
    import msgspec

    from aura_tui.model.job import Job
    from aura_tui.wire.payload import job_payload

    data = job_payload(thing) if isinstance(thing, Job) else thing
    typer.echo(msgspec.json.encode(data))


def _read(act: Callable[[StoreReading], Awaitable[int]]) -> int:
    settings = bootstrap.load_settings()
    return once(lambda: bootstrap.reader(settings), act)


@app.command()
def show(
    job: JobArgument = "@latest",
    json: Annotated[bool, typer.Option("--json", help="As a JSON object.")] = False,
) -> int:
    """Show one job: its stages, errors, and files."""

    async def act(service: StoreReading) -> int:
        found = await service.get(await service.resolve(job))
        if json:
            _print_json(found)
        else:
            from aura_tui.ui.tables import print_job

            print_job(found, engine=bootstrap.engine_runs(bootstrap.load_settings()))
        return 0

    return _read(act)


@app.command()
def logs(job: JobArgument = "@latest") -> int:
    """Print a job's log."""

    async def act(service: StoreReading) -> int:
        typer.echo(await service.logs(await service.resolve(job)), nl=False)
        return 0

    return _read(act)


@app.command()
def artifacts(
    job: JobArgument = "@latest",
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> int:
    """List the files that a job has made."""

    async def act(service: StoreReading) -> int:
        found = await service.artifacts(await service.resolve(job))
        if json:
            for artifact in found:
                _print_json(artifact)
        else:
            from aura_tui.ui.tables import print_artifacts

            print_artifacts(found)
        return 0

    return _read(act)


@asynccontextmanager
async def _holder(settings: Settings) -> AsyncIterator[StoreReading]:
    """An engine that takes no job up, for a command that changes one and leaves."""
    async with bootstrap.engine(settings, work=False) as service:
        yield service


def _change(job: str, verb: str, said: str) -> int:
    settings = bootstrap.load_settings()

    async def act(service: StoreReading) -> int:
        job_id = await service.resolve(job)
        changed = await getattr(service, verb)(job_id)
        typer.echo(f"{said} {changed.id}: {changed.status.value}")
        return 0

    return once(lambda: _holder(settings), act)


@app.command()
def cancel(job: JobArgument) -> int:
    """End a job. What it has finished is kept."""
    return _change(job, "cancel", "Cancelled")


@app.command()
def pause(job: JobArgument) -> int:
    """Keep a job from going on until it is resumed."""
    return _change(job, "pause", "Paused")


def _go_on(job: str, verb: str, progress: Progress) -> int:
    settings = bootstrap.load_settings()

    async def act(service: StoreReading) -> int:
        nonlocal job
        job = await service.resolve(job)
        return 0

    once(lambda: bootstrap.reader(settings), act)

    async def begin(service: JobService) -> str:
        return str((await getattr(service, verb)(job)).id)

    return _show(Foreground(lambda: bootstrap.engine(settings), begin, owns=True), progress)


@app.command()
def resume(job: JobArgument, progress: ProgressOption = Progress.AUTO) -> int:
    """Go on with a paused job, and follow it."""
    return _go_on(job, "resume", progress)


@app.command()
def retry(job: JobArgument, progress: ProgressOption = Progress.AUTO) -> int:
    """A new try at a failed or cancelled job: every finished piece is reused."""
    return _go_on(job, "retry", progress)


@app.command()
def doctor(
    voices: Annotated[bool, typer.Option("--voices", help="List all voices.")] = False,
) -> int:
    """Look at what is there and what is missing."""
    import asyncio

    settings = bootstrap.load_settings()
    if voices:
        from aura_tui.providers.speech import all_voices
        from aura_tui.ui.tables import print_voices

        print_voices(asyncio.run(all_voices(settings)))
        return 0
    from aura_tui.doctor import examine
    from aura_tui.ui.tables import print_findings

    findings = asyncio.run(examine(settings, os.environ))
    print_findings(findings)
    return 1 if any(finding.verdict == "missing" for finding in findings) else 0
