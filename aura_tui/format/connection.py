"""The texts about the connection to an engine, shared by the board, plain lines and dialogs.

``forms`` gives shorter and shorter texts for narrow places; :data:`WORDS` has one short word per
state. All facts come from ``model/connection.py``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from aura_tui.errors import Code
from aura_tui.format import words
from aura_tui.model.connection import ConnectionStatus
from aura_tui.model.text.plural import counted
from aura_tui.model.text.sanitize import clean_line

if TYPE_CHECKING:
    from datetime import datetime

    from aura_tui.model.connection import Connection

WORDS: Final = {
    ConnectionStatus.CONNECTING: "connecting",
    ConnectionStatus.LIVE: "live",
    ConnectionStatus.RETRYING: "reconnecting",
    ConnectionStatus.SUSPENDED: "engine suspended",
    ConnectionStatus.NO_ENGINE: "no engine",
    ConnectionStatus.LOST: "disconnected",
}


def forms(
    connection: Connection,
    now: datetime,
    since: datetime | None = None,
    *,
    reconnect_key: str = "R",
) -> tuple[str, ...]:
    """What is wrong, since when, and what happens next, from the longest text to the shortest; ()
    while it is live.

    ``since``: when the last data arrived, if the caller knows better than the connection (for an
    engine that it never met: the last event which that engine stored). ``reconnect_key``: the key
    that starts an engine on the board.
    """
    lasted = words.lasting((now - (since or connection.since)).total_seconds())
    reason = clean_line(connection.reason, 200)
    match connection.status:
        case ConnectionStatus.LIVE:
            return ()
        case ConnectionStatus.CONNECTING:
            return ("connecting",)
        case ConnectionStatus.RETRYING:
            return _retrying(connection, now, lasted, reason)
        case ConnectionStatus.SUSPENDED:
            first = "engine suspended (Ctrl-Z)"
            remedy = "run fg in its terminal"
            return (
                reason or f"{first} for {lasted}; {remedy}",
                f"{first} for {lasted}; {remedy}",
                f"{first}: {remedy}",
                f"engine suspended: {remedy}",
                "engine suspended: run fg",
                "suspended: fg",
            )
        case ConnectionStatus.NO_ENGINE:
            return _no_engine(lasted, reconnect_key if connection.can_start else "")
        case ConnectionStatus.LOST:
            if connection.code is Code.TOKEN_REFUSED:
                return (
                    "Not signed in: this server needs a valid token (AURA_TOKEN)",
                    "Not signed in: check AURA_TOKEN",
                    "not signed in",
                )
            return (f"disconnected: {reason}", "disconnected") if reason else ("disconnected",)


def _retrying(connection: Connection, now: datetime, lasted: str, reason: str) -> tuple[str, ...]:
    number = max(1, connection.attempt)
    when = "retrying now"
    if connection.retry_at is not None and connection.retry_at > now:
        # Rounded up: at 0 s the attempt has started.
        left_s = math.ceil((connection.retry_at - now).total_seconds())
        when = f"retrying in {words.lasting(left_s)}"
    if connection.partial:
        what, first = "updates interrupted", f"updates interrupted {lasted} ago"
    elif connection.heard_at is None:
        what, first = "not connected", f"not connected for {lasted}"
    else:
        what, first = "connection lost", f"connection lost {lasted} ago"
    full = f"{first}, {when} (attempt {number})"
    short = f"{first.removeprefix('connection ')}, {when}"
    shorter = (full, f"{first}, {when}", f"{what}, {when}", short, first, what)
    if not reason:
        return shorter
    # What answers instead of the engine is worth more than how often and how long.
    told = (f"{full}: {reason}", f"{what}, {when}: {reason}")
    return (*told, f"{what}, {when}: {reason.partition(' (')[0]}", *shorter)


def _no_engine(lasted: str, start_key: str) -> tuple[str, ...]:
    if start_key:
        return (
            f"no engine running ({lasted}); press {start_key} to start one",
            f"no engine running; {start_key} starts one",
            f"no engine; {start_key} starts one",
            f"no engine: {start_key}",
        )
    return (
        f"no engine running ({lasted}); aura-tui watch resumes the job",
        "no engine running; aura-tui watch resumes the job",
        "no engine running; aura-tui watch",
        "no engine running",
        "no engine",
    )


def line(connection: Connection) -> str:
    """A line of plain output for a lost connection; "" if nothing has changed (during an attempt),
    and for an error that ends the command, which is reported elsewhere."""
    match connection.status:
        case ConnectionStatus.RETRYING if connection.retry_at is not None:
            return f"Connection lost: {clean_line(connection.reason, 300)}. Reconnecting..."
        case ConnectionStatus.SUSPENDED | ConnectionStatus.NO_ENGINE:
            return clean_line(connection.reason, 300)  # it says what happens to the job
        case _:
            return ""


def restored(connection: Connection) -> str:
    """A line of plain output for a connection that is live again."""
    if connection.gap_s is None:  # it never broke: the engine was suspended
        return "The engine is running again"
    return f"Connection restored after {words.lasting(connection.gap_s)}"


def gap(connection: Connection) -> str:
    """A log line (from "Connection") about a break that has ended, and the events it cost."""
    missed = connection.notice or f"{counted(connection.recovered, 'event')} recovered"
    return f"Restored after {words.lasting(connection.gap_s or 0.0)}; {missed}"
