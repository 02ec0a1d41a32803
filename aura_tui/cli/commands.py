"""The Typer app: all commands, and the board if there is no command."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from aura_tui import __version__
from aura_tui.cli import engine, help_topics, jobs, run, serve
from aura_tui.cli.connection import board, engine_locator
from aura_tui.cli.global_options import pass_on
from aura_tui.cli.group import CommandGroup
from aura_tui.cli.options import ReadOnlyOption, ServerOption, TokenFileOption, TokenOption

app = typer.Typer(
    name="aura-tui",
    cls=CommandGroup,
    suggest_commands=False,  # see CommandGroup
    help="Turn a brief into a narrated video, live in your terminal. Works offline by default.",
    no_args_is_help=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
run.register(app)
jobs.register(app)
serve.register(app)
engine.register(app)
help_topics.register(app)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"aura-tui {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
    server: ServerOption = "",
    token: TokenOption = "",
    token_file: TokenFileOption = None,
    read_only: ReadOnlyOption = False,
) -> int | None:
    """Show the board with all jobs."""
    token = token_file or token
    if context.invoked_subcommand is not None:
        pass_on(context, server=server, token=token, read_only=read_only)
        return None
    if not (sys.stdout.isatty() and sys.stdin.isatty()):
        typer.echo(context.get_help())
        return 0
    return board(engine_locator(server, token), read_only=read_only)
