"""The commands that are an engine for others: serve, token, and the background engine."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aura_tui.cli.options import doors

if TYPE_CHECKING:
    import typer


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(hidden=True)(engine)


def engine() -> int:
    """Be the background engine: work until nothing is left to do. Started by the program itself."""
    from aura_tui.background import keep

    ways = doors("", "")
    return asyncio.run(keep(lambda: ways.embedded(listen_after_s=0.0)))
