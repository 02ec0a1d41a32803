"""The commands that are an engine for others: serve, token, and the background engine."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from aura_tui.cli.foreground import doors
from aura_tui.session import print_error

_TOKENS = "tokens.json"  # in AURA_HOME, unless --token-file says otherwise

TokenFileOption = Annotated[
    Path | None,
    typer.Option("--token-file", metavar="FILE", help="Default: tokens.json in AURA_HOME."),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(serve)
    tokens = typer.Typer(help="Who may use a served engine.", no_args_is_help=True)
    for command in (add, renew, remove):
        tokens.command()(command)
    tokens.command(name="list")(list_)
    app.add_typer(tokens, name="token")
    app.command(hidden=True)(engine)


def serve(
    host: Annotated[str, typer.Option(help="A name or address of this machine.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0: a free one.", min=0, max=65535)] = 5005,
    token_file: TokenFileOption = None,
    certificate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="TLS: the certificate chain, PEM.")
    ] = None,
    key: Annotated[Path | None, typer.Option(metavar="FILE", help="TLS: its key, PEM.")] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="A web page that may use it; may be repeated."),
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option(metavar="HOST", help="A further name it is reached by; may be repeated."),
    ] = None,
    streams: Annotated[int, typer.Option(help="Event streams a token may hold.", min=0)] = 10,
    jobs_a_minute: Annotated[int, typer.Option(help="New jobs a token may make.", min=0)] = 5,
    cancels_a_minute: Annotated[
        int, typer.Option(help="Cancels, pauses and resumes a token may ask for.", min=0)
    ] = 10,
) -> int:
    """Serve the engine over HTTP and server-sent events."""
    from aura_tui.server.options import Limits, ServeOptions
    from aura_tui.server.run import serve as serve_

    ways = doors("", "")
    home = ways.settings.home
    options = ServeOptions(
        tokens=token_file or home / _TOKENS,
        host=host,
        port=port,
        origins=tuple(origin or ()),
        hosts=tuple(name or ()),
        certificate=certificate,
        key=key,
        limits=Limits(
            streams=streams, jobs_a_minute=jobs_a_minute, cancels_a_minute=cancels_a_minute
        ),
    )
    asyncio.run(
        serve_(
            lambda: ways.embedded(listens=False),
            ways.settings,
            options,
            socket_path=ways.socket,
            say=print_error,
        )
    )
    return 0


def _file(given: Path | None) -> Path:
    return given or doors("", "").settings.home / _TOKENS


def add(
    name: Annotated[str, typer.Argument(help="Whom it is for.")], token_file: TokenFileOption = None
) -> int:
    """Make a token, and say it this once: only its hash is kept."""
    from aura_tui.server import tokens

    return _say(tokens.add(_file(token_file), name))


def renew(
    name: Annotated[str, typer.Argument(help="Whom it is for.")], token_file: TokenFileOption = None
) -> int:
    """A new token for the same one, whose jobs it keeps; the old token is refused from now on."""
    from aura_tui.server import tokens

    return _say(tokens.renew(_file(token_file), name))


def _say(token: str) -> int:
    sys.stdout.write(f"{token}\n")
    print_error("This is said once. Give it as AURA_TOKEN, or --token.")
    return 0


def remove(
    name: Annotated[str, typer.Argument(help="Whom it was for.")],
    token_file: TokenFileOption = None,
) -> int:
    """Let nobody in with that token any more."""
    from aura_tui.server import tokens

    tokens.remove(_file(token_file), name)
    return 0


def list_(token_file: TokenFileOption = None) -> int:
    """List whom tokens were made for."""
    from aura_tui.server import tokens

    for token in tokens.listed(_file(token_file)):
        sys.stdout.write(f"{token.created_at:%Y-%m-%d}  {token.name}\n")
    return 0


def engine() -> int:
    """Be the background engine: work until nothing is left to do. Started by the program itself."""
    from aura_tui.background import keep

    ways = doors("", "")
    return asyncio.run(keep(lambda: ways.embedded(listen_after_s=0.0)))
