"""Reads the access token from a file or from a prompt, besides AURA_TOKEN.

Unlike a command line, neither shows it to other users of the machine.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from aura_tui.errors import Code, InputError
from aura_tui.model.text.sanitize import clean_line
from aura_tui.system.files import open_regular

if TYPE_CHECKING:
    from aura_tui.connect.locator import EngineLocator

_MAX_BYTES = 4096


def read_token(file: str) -> str:
    """The token in ``file``, which must contain nothing else. Raises InputError."""
    try:
        with open_regular(os.path.expanduser(file)) as opened:
            data = opened.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as e:  # ValueError: a NUL in the name
        raise _unusable(file, getattr(e, "strerror", "") or str(e)) from None
    token = data.decode("ascii", "replace").strip()
    if not token:
        raise _unusable(file, "it is empty")
    if len(data) > _MAX_BYTES or len(token.split()) > 1:
        raise _unusable(file, "it contains more than a token")
    return token


def _unusable(file: str, why: str) -> InputError:
    return InputError(
        Code.OPTION_INVALID,
        f"Can't use the token file {clean_line(file, 1000)!r}: {why}",
        "The file must contain only the token: the line that aura-tui token add printed.",
        field="token-file",
    )


def prompt_if_needed(locator: EngineLocator) -> None:
    """Prompt for a token, without echo, if the engine requires one and none was given. Does nothing
    unless stdin and stderr are terminals."""
    if not locator.remote or locator.has_token:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return
    import asyncio
    import getpass

    if asyncio.run(locator.needs_token()):
        try:
            locator.set_token(getpass.getpass("Access token: ", sys.stderr))
        except EOFError:  # Ctrl-D: continue without a token
            sys.stderr.write("\n")
