"""The entry point: runs a command and turns errors into a message and an exit status.

Heavy imports happen inside the commands: ``aura-tui --help`` and piped commands never import the
board, and the board never imports the options of other commands.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import NoReturn

from aura_tui.cli.session.exit_status import exit_of
from aura_tui.cli.session.messages import explain, print_error
from aura_tui.errors import AuraError, Code, InputError, OutputError, ReaderGone
from aura_tui.system import output, permissions
from aura_tui.system.crash_report import write_report
from aura_tui.system.processes import catch_fatal

# The shell's completion script sets it; the process then only completes a command line.
_COMPLETION = "_AURA_TUI_COMPLETE"
_BOARD_OPTIONS = {"--read-only"}
# A write that fails for these reasons is not a usage error: the disk is full or broken.
_FAILED_WRITE = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)


def main() -> NoReturn:
    """Run the program; exits with a status from ``session/exit_status.py``."""
    output.open_standard_streams()
    permissions.keep_private()
    catch_fatal()
    status = run_command(sys.argv[1:])
    try:
        output.ERRORS.settle()
        output.OUTPUT.settle(None)  # the requested output: wait for it; a signal still ends us
        sys.stdout.flush()
    except KeyboardInterrupt:
        status = 130
    except OutputError as e:
        status = _refused(e)
    sys.exit(status)


def run_command(arguments: list[str]) -> int:
    """Run one command and return its exit status. Only SystemExit and the like get out."""
    if _COMPLETION in os.environ:
        return _complete()
    try:
        if _wants_board(arguments):
            from aura_tui.cli.connection import board, engine_locator

            locator = engine_locator(
                os.environ.get("AURA_SERVER", ""), os.environ.get("AURA_TOKEN", "")
            )
            return board(locator, read_only=bool(arguments))
        from aura_tui.cli.commands import app

        status = app(arguments, prog_name="aura-tui", standalone_mode=False)
        return status if isinstance(status, int) else 0
    except AuraError as e:
        return _refused(e)
    except OSError as e:
        kind = OutputError if e.errno in _FAILED_WRITE else InputError
        return _refused(
            kind(
                Code.OUTPUT_UNWRITABLE,
                f"Can't use {e.filename or 'a file or folder'}: {e.strerror or e}",
                "Check the disk, the current folder and the output path.",
            )
        )
    except KeyboardInterrupt:
        return 130
    except Exception as e:
        from aura_tui.cli.usage_errors import show_usage_error

        if show_usage_error(e, arguments):
            return 2
        return _refused(write_report(e))


def _complete() -> int:
    """Complete a command line. Silent, whatever the shell sent: somebody types there."""
    try:
        from aura_tui.cli.commands import app

        app([], prog_name="aura-tui", standalone_mode=False)
    except Exception:
        return 1
    return 0


def _refused(error: AuraError) -> int:
    """Report ``error`` and return its exit status."""
    if not isinstance(error, ReaderGone):  # silent, like any program that SIGPIPE ends
        print_error(explain(error))
    return exit_of(error)


def _wants_board(arguments: list[str]) -> bool:
    """Whether the arguments ask for the board. This is the most frequent start and has almost no
    options, so it skips Typer, whose import and parsing take as long as Textual's."""
    return set(arguments) <= _BOARD_OPTIONS and sys.stdout.isatty() and sys.stdin.isatty()
