"""What a user types: commands, options, and a command's session with a job.

Typer stays in here, and nothing outside imports this room.
"""

from aura_tui.cli.app import main

__all__ = ["main"]
