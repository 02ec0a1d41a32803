"""Options before a command (``aura-tui --server URL jobs``): passed on to a command that has them,
refused for any other, never ignored."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from aura_tui.errors import Code, InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import typer

# By parameter name: the option, and the parameter that a command has if it can use it. The
# --token-file of serve is another one: its file has many tokens.
_OPTIONS: Final = {
    "server": ("--server", "server"),
    "token": ("--token", "server"),
    "token_file": ("--token-file", "server"),
    "read_only": ("--read-only", "read_only"),
}


def pass_on(context: typer.Context, *, server: str, token: str, read_only: bool) -> None:
    """Give the options to the command that ``context`` is about to invoke. Raises InputError if it
    can't use one of them."""
    name = context.invoked_subcommand or ""
    usable = dict(_parameters(context))
    for parameter, (option, needed) in _OPTIONS.items():
        if not _typed(context, parameter) or needed in usable.get(name, ()):
            continue
        able = [command for command, names in usable.items() if needed in names]
        own = (
            f" Or put it after the command: aura-tui {name} ... {option}."
            if (parameter in usable.get(name, ()))
            else ""
        )
        raise InputError(
            Code.OPTION_INVALID,
            f"{option} can't be used with {name}",
            f"Omit it. It is for the board and these commands: {', '.join(able)}.{own}",
        )
    if server:
        os.environ["AURA_SERVER"] = server
    if token:
        os.environ["AURA_TOKEN"] = token
    if read_only:
        context.default_map = {name: {"read_only": True}}


def _typed(context: typer.Context, parameter: str) -> bool:
    """Whether the option is on the command line, not in the environment."""
    source = context.get_parameter_source(parameter)
    return source is not None and source.name == "COMMANDLINE"


def _parameters(context: typer.Context) -> Iterator[tuple[str, set[str]]]:
    """Each command's name, with the names of its parameters; of a group, those of its commands."""
    import typer

    group = context.command
    assert isinstance(group, typer.core.TyperGroup)
    for name, command in group.commands.items():
        commands = [command]
        if isinstance(command, typer.core.TyperGroup):
            commands += command.commands.values()
        yield name, {each.name or "" for one in commands for each in one.params}
