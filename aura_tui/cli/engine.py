"""``aura-tui engine``: the engine of this home as a process."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from aura_tui.cli.examples import add_command
from aura_tui.cli.group import CommandGroup
from aura_tui.cli.options import JsonOption
from aura_tui.cli.session.exit_status import EXIT_LEFT
from aura_tui.cli.session.messages import print_error
from aura_tui.errors import Code, InputError
from aura_tui.model.text.plural import counted, plural

if TYPE_CHECKING:
    from aura_tui.connect.engine_control import EngineControl, EngineStatus

_PLACES = {
    "background": "in the background",
    "serve": "in aura-tui serve",
    "foreground": "in a board, run or watch",
    None: "in another command",
}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    engine = typer.Typer(
        help="Show, stop or restart the engine of this AURA_HOME.",
        cls=CommandGroup,
        suggest_commands=False,
        invoke_without_command=True,
        callback=_default,
    )
    for command in (status, stop, restart):
        add_command(engine, command, group="engine")
    engine.command(name="run", hidden=True)(run)
    app.add_typer(engine, name="engine")


def _default(context: typer.Context) -> int:
    """Show, stop or restart the engine of this AURA_HOME. Without a command: status."""
    return status() if context.invoked_subcommand is None else 0


def _control() -> EngineControl:
    from aura_tui.connect.engine_control import EngineControl
    from aura_tui.connect.locator import load_settings

    return EngineControl(load_settings())


def status(json: JsonOption = False) -> int:
    """Show whether an engine is running, its process and its jobs. Exits with 0 if one is, else
    with 3."""
    found = _control().status()
    if json:
        import msgspec

        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
    else:
        for name, value in _facts(found):
            sys.stdout.write(f"{name:10}{value}\n")
    return 0 if found.running else EXIT_LEFT


def _facts(found: EngineStatus) -> list[tuple[str, str]]:
    from aura_tui.format.words import local_time

    state = "not running; started on demand"
    if found.running:
        state = f"running {_PLACES[found.kind]}, process {found.pid or 'unknown'}"
        if found.suspended:
            state += ", suspended (Ctrl-Z)"
        elif not found.answers:
            state += ", not answering on its socket"
    jobs = ", ".join(f"{count:,} {word}" for word, count in found.jobs.items())
    facts = [
        ("Engine", state),
        ("Since", local_time(found.since) if found.since is not None else ""),
        ("Version", found.version),
        ("Home", found.home),
        ("Socket", found.socket if found.running else ""),
        ("Serving", ", ".join(found.urls)),
        ("Jobs", jobs),
        ("Settings", found.drift),
    ]
    return [(name, value) for name, value in facts if value]


def stop(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
) -> int:
    """Stop the engine, and wait until it is gone. Its jobs are interrupted: finished work is kept,
    and aura-tui resume continues them."""
    control = _control()
    found = control.status()
    if not found.running:
        print_error("No engine is running")
        return 0
    active = found.jobs["running"] + found.jobs["queued"]
    asks = bool(active) or found.kind != "background"
    if asks and not yes and not found.suspended:
        question = f"The engine runs {_PLACES[found.kind]} (process {found.pid})"
        if found.kind != "background":
            question += ", which ends with it"
        if active:
            question += f"; {counted(active, 'job is', 'jobs are')} interrupted"
        if not _confirmed(question):
            print_error("Nothing changed")
            return 2
    if not control.stop(interrupt=True):
        print_error("No engine is running")
        return 0
    left = control.status().jobs["interrupted"]
    text = "The engine stopped"
    if left:
        them = plural(left, "it", "them")
        text += f". {counted(left, 'job is', 'jobs are')} interrupted; resume {them} with: "
        text += "aura-tui resume --status interrupted"
    print_error(text)
    return 0


def _confirmed(question: str) -> bool:
    """Ask on the terminal; only y or yes confirms. Raises InputError without one."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise InputError(
            Code.OPTION_INVALID,
            f"Can't ask whether to stop the engine: no terminal. {question}",
            "Add --yes.",
            field="yes",
        )
    sys.stderr.write(f"{question}. Stop it? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def restart() -> int:
    """Start a background engine with the current settings, in place of the running one. Its jobs
    continue."""
    control = _control()
    control.restart()
    found = control.status()
    print_error(f"The engine runs in the background, process {found.pid}")
    return 0


def run() -> int:
    """Run the background engine until no work is left. aura-tui starts it automatically."""
    from aura_tui.cli.connection import engine_locator
    from aura_tui.connect import background

    locator = engine_locator("", "")
    return asyncio.run(
        background.run(lambda: locator.embedded(listen_after_s=0.0, kind="background"))
    )
