"""The group of commands, which suggests only commands that are near a misspelt one."""

from __future__ import annotations

import typer

from aura_tui.cli.usage_errors import suggestion


class CommandGroup(typer.core.TyperGroup):
    """Typer's own suggestions are less strict: ``retry`` for ``reset``."""

    def resolve_command(self, ctx: typer.Context, args: list[str]):  # type: ignore[no-untyped-def,override]  # Typer's own types are private
        """See Typer. Raises its usage error for an unknown command."""
        try:
            return super().resolve_command(ctx, args)
        except Exception as e:
            if message := getattr(e, "message", ""):
                known = (name for name, each in self.commands.items() if not each.hidden)
                e.message = message.rstrip(".") + (suggestion(args[0], known) or ".")  # type: ignore[attr-defined]
            raise
