"""``aura-tui help``: the pages in ``cli/help/``, and the help of commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aura_tui.cli import completion
from aura_tui.cli.examples import add_command
from aura_tui.errors import Code, InputError
from aura_tui.model.text.near import did_you_mean
from aura_tui.model.text.sanitize import clean_line
from aura_tui.views.page import print_page

_PAGES = Path(__file__).with_name("help")


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, show, "help")


def topics() -> dict[str, str]:
    """The title of each page, by topic, in alphabetical order."""
    pages = sorted(_PAGES.glob("*.md"))
    return {page.stem: page.read_text("utf-8").partition("\n")[0].lstrip("# ") for page in pages}


def show(
    context: typer.Context,
    topic: Annotated[
        str,
        typer.Argument(
            metavar="[TOPIC]",
            help="Topic or command.",
            autocompletion=completion.names(lambda: topics().items()),
        ),
    ] = "",
) -> None:
    """Show a help topic, or the help of a command."""
    program = context.find_root()
    commands = program.command
    assert isinstance(commands, typer.core.TyperGroup)
    known = topics()
    if not topic:
        width = max(map(len, known)) + 2
        lines = [f"  {name:<{width}}{title}" for name, title in known.items()]
        typer.echo("\n".join([program.get_help(), "", "Topics (aura-tui help TOPIC):", *lines]))
    elif topic in known:
        print_page((_PAGES / f"{topic}.md").read_text("utf-8"))
    elif command := commands.get_command(program, topic):
        with typer.Context(command, info_name=topic, parent=program) as its:
            typer.echo(command.get_help(its))
    else:
        raise InputError(
            Code.OPTION_INVALID,
            f"Unknown help topic: {clean_line(topic, 60)!r}",
            f"{did_you_mean(topic, (*known, *commands.commands))}"
            f"Choose a command or one of: {', '.join(known)}.",
        )
