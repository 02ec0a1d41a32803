"""Where a command gets its access token besides AURA_TOKEN: a file, or the person at the terminal.

Neither shows it to other users of the machine, which a command line does.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from aura_tui.errors import Code, InputError
from aura_tui.model.sanitize import clean_line
from aura_tui.system.files import open_regular

if TYPE_CHECKING:
    from aura_tui.connect.locator import EngineLocator

_MOST_BYTES = 4096


def read_token(file: str) -> str:
    """The token that ``file`` holds, alone. Raises InputError."""
    try:
        with open_regular(file) as opened:
            data = opened.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as e:  # ValueError: a NUL in the name
        raise _unusable(file, getattr(e, "strerror", "") or str(e)) from None
    token = data.decode("ascii", "replace").strip()
    if not token:
        raise _unusable(file, "it is empty")
    if len(data) > _MOST_BYTES or len(token.split()) > 1:
        raise _unusable(file, "it holds more than a token")
    return token


def _unusable(file: str, why: str) -> InputError:
    return InputError(
        Code.OPTION_INVALID,
        f"Can't use the token file {clean_line(file, 1000)!r}: {why}",
        "Put the token there, alone: the line that aura-tui token add printed.",
        field="token-file",
    )


def ask_if_needed(locator: EngineLocator) -> None:
    """Ask for a token, without echo, where the engine wants one and none was given. Only of a
    person: where stdin or stderr is no terminal nothing is asked, and nothing is sent."""
    if not locator.remote or locator.has_token:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return
    import asyncio
    import getpass

    if asyncio.run(locator.needs_token()):
        try:
            locator.set_token(getpass.getpass("Access token: ", sys.stderr))
        except EOFError:  # Ctrl-D: as without
            sys.stderr.write("\n")
