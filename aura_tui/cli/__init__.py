"""The command line: commands, options, and a command's session with a job.

Only this package imports Typer, and nothing imports this package.
"""

from aura_tui.cli.app import main

__all__ = ["main"]
