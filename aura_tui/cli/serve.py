"""The commands that serve the engine to others: serve, token."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aura_tui.cli.connection import engine_locator
from aura_tui.cli.examples import add_command
from aura_tui.cli.group import CommandGroup
from aura_tui.cli.options import input_path
from aura_tui.cli.session.messages import explain, print_error
from aura_tui.errors import OutputError
from aura_tui.system import crash_report

if TYPE_CHECKING:
    from aura_tui.settings import Settings

_MAX_COUNT = 1_000_000  # the same limit as in the settings
_TOKENS = "tokens.json"  # in AURA_HOME, unless --token-file or a setting names another file

TokenFileOption = Annotated[
    Path | None,
    typer.Option(
        "--token-file",
        metavar="FILE",
        parser=input_path,
        help="Token file. Default: tokens.json in AURA_HOME.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    add_command(app, serve)
    tokens = typer.Typer(
        help="Manage access tokens.", no_args_is_help=True, cls=CommandGroup, suggest_commands=False
    )
    for command in (add, renew, remove):
        add_command(tokens, command, group="token")
    add_command(tokens, list_, "list", group="token")
    app.add_typer(tokens, name="token")


def serve(
    host: Annotated[
        str | None, typer.Option(help="Host name or address to listen on. Default: 127.0.0.1.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            help="Port to listen on; 0 picks a free port. Default: 5005.", min=0, max=65535
        ),
    ] = None,
    token_file: TokenFileOption = None,
    certificate: Annotated[
        Path | None,
        typer.Option(metavar="FILE", parser=input_path, help="TLS certificate chain (PEM)."),
    ] = None,
    key: Annotated[
        Path | None, typer.Option(metavar="FILE", parser=input_path, help="TLS private key (PEM).")
    ] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="Allowed CORS origin; can be repeated."),
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST", help="Additional host name to accept; can be repeated."),
    ] = None,
    streams: Annotated[
        int | None,
        typer.Option(help="Maximum event streams per token. Default: 10.", min=0, max=_MAX_COUNT),
    ] = None,
    jobs_a_minute: Annotated[
        int | None,
        typer.Option(
            help="Maximum new jobs per token and minute. Default: 5.", min=0, max=_MAX_COUNT
        ),
    ] = None,
    cancels_a_minute: Annotated[
        int | None,
        typer.Option(
            help="Maximum cancels, pauses and resumes per token and minute. Default: 10.",
            min=0,
            max=_MAX_COUNT,
        ),
    ] = None,
    access_log: Annotated[
        bool | None,
        typer.Option(
            "--access-log/--no-access-log",
            help="Print a line per request on stderr. Default: off.",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Serve the engine over HTTP and server-sent events. Options override [serve] in the
    config file."""
    from aura_tui.server.options import Limits, ServeOptions
    from aura_tui.server.serve import serve as serve_
    from aura_tui.system import output

    locator = engine_locator("", "")
    set_ = locator.settings.serve
    if certificate is None and set_.certificate:
        certificate, key = _path(set_.certificate), key or _path(set_.key)
    options = ServeOptions(
        tokens=_token_file(token_file, locator.settings),
        host=set_.host if host is None else host,
        port=set_.port if port is None else port,
        origins=tuple(origin or set_.origins),
        hosts=tuple(name or set_.names),
        certificate=certificate,
        key=key,
        limits=Limits(
            streams=set_.streams if streams is None else streams,
            jobs_a_minute=set_.jobs_a_minute if jobs_a_minute is None else jobs_a_minute,
            cancels_a_minute=(
                set_.cancels_a_minute if cancels_a_minute is None else cancels_a_minute
            ),
        ),
    )
    crash_report.run_reporting(
        serve_(
            lambda: locator.embedded(listens=False, kind="serve"),
            locator.settings,
            options,
            socket_path=locator.socket,
            say=print_error,
            on_listening=locator.publish_urls,
            access_log=output.ERRORS.log
            if (set_.access_log if access_log is None else access_log)
            else None,
        ),
        lambda error: print_error(explain(error)),
    )
    return 0


def _token_file(given: Path | None, settings: Settings) -> Path:
    return given or _path(settings.serve.token_file) or settings.home / _TOKENS


def _path(setting: str) -> Path | None:
    return Path(os.path.expanduser(setting)) if setting else None


def _file(given: Path | None) -> Path:
    return _token_file(given, engine_locator("", "").settings)


def add(
    name: Annotated[str, typer.Argument(help="Token name.")], token_file: TokenFileOption = None
) -> int:
    """Create a token and print it once; only its hash is stored."""
    from aura_tui.server import token_edits

    return _print_token(token_edits.add(_file(token_file), name), name)


def renew(
    name: Annotated[str, typer.Argument(help="Token name.")], token_file: TokenFileOption = None
) -> int:
    """Replace a token. Its jobs stay with the name; the old token stops working."""
    from aura_tui.server import token_edits

    return _print_token(token_edits.renew(_file(token_file), name), name)


def _print_token(token: str, name: str) -> int:
    try:
        sys.stdout.write(f"{token}\n")
        sys.stdout.flush()
    except OutputError as e:
        e.remediation = (
            f"The token was created but not shown. Replace it with: aura-tui token renew {name}"
        )
        raise
    print_error("Shown only once. Set it as AURA_TOKEN, or keep it in a file for --token-file.")
    return 0


def remove(
    name: Annotated[str, typer.Argument(help="Token name.")],
    token_file: TokenFileOption = None,
) -> int:
    """Revoke a token."""
    from aura_tui.server import token_edits

    token_edits.remove(_file(token_file), name)
    return 0


def list_(token_file: TokenFileOption = None) -> int:
    """List tokens."""
    from aura_tui.server import tokens

    file = _file(token_file)
    found = tokens.read_tokens(file)
    for token in found:
        sys.stdout.write(f"{token.created_at.astimezone():%Y-%m-%d}  {token.name}\n")
    if not found:
        print_error(f"No tokens in {file}. Create one with: aura-tui token add NAME")
    return 0
